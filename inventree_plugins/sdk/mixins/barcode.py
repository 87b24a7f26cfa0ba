"""Barcodes: each active plugin is asked in turn, and the first that knows one answers (SPEC §5)."""

from __future__ import annotations

import hashlib
import string
from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base, lacking

__all__ = ["BarcodeMixin", "hash_barcode"]


class BarcodeMixin(Base):
    """Tell what a barcode stands for, and make one."""

    MIXIN_KEY: ClassVar[str] = "barcode"
    MIXIN_NAME: ClassVar[str] = "Barcode"

    @property
    def has_barcode(self) -> bool:
        """Tell that it knows barcodes."""
        return True

    def scan(self, barcode_data: str, user: Any = None, **options: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """Return what the barcode stands for, None where this plugin does not know it."""
        return None

    @property
    def has_barcode_generation(self) -> bool:
        """Tell whether the plugin makes barcodes: whether it gives `generate`."""
        return type(self).generate is not BarcodeMixin.generate

    def generate(self, model_instance: Any) -> str:  # noqa: ARG002 - for those who override it
        """Return the barcode of an object; raise MixinNotImplementedError as long as nobody says how."""
        raise lacking(self, "barcode", "`generate`")

    # What servers before 0.9 called in the place of `scan`.

    data: Any = None

    def init(self, barcode_data: Any) -> None:
        """Take note of the barcode, as `data`."""
        self.data = barcode_data

    def validate(self) -> bool:
        """Tell whether this plugin knows the barcode; it does not, unless somebody says otherwise."""
        return False

    def hash(self) -> str:
        """Return the hash of the barcode."""
        return hash_barcode(self.data)

    def getPart(self) -> Any:  # noqa: N802 - the server's name
        """Return the part that the barcode stands for, or None."""
        return None

    def getStockItem(self) -> Any:  # noqa: N802
        """Return the stock item that the barcode stands for, or None."""
        return None

    def getStockItemByHash(self) -> Any:  # noqa: N802
        """Return None: only a real server has stock items."""
        return None

    def getStockLocation(self) -> Any:  # noqa: N802
        """Return the stock location that the barcode stands for, or None."""
        return None

    def renderPart(self, part: Any) -> Any:  # noqa: ARG002, N802
        """Return a part for the client; raise MixinNotImplementedError as long as nobody says how."""
        raise lacking(self, "barcode", "`renderPart`")

    def renderStockItem(self, item: Any) -> Any:  # noqa: ARG002, N802
        """Return a stock item for the client; raise MixinNotImplementedError, as above."""
        raise lacking(self, "barcode", "`renderStockItem`")

    def renderStockLocation(self, loc: Any) -> Any:  # noqa: ARG002, N802
        """Return a stock location for the client; raise MixinNotImplementedError, as above."""
        raise lacking(self, "barcode", "`renderStockLocation`")


def hash_barcode(barcode_data: Any) -> str:
    """Return the MD5 hash of a barcode's printable characters, as servers know barcodes by."""
    printable = "".join(each for each in str(barcode_data).strip() if each in string.printable)
    return hashlib.md5(printable.encode(), usedforsecurity=False).hexdigest()
