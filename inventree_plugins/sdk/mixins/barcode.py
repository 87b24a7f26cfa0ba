"""Barcodes: each active plugin is asked in turn, and the first that knows one answers (SPEC §5)."""

from __future__ import annotations

from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base

__all__ = ["BarcodeMixin"]


class BarcodeMixin(Base):
    """Tell what a barcode stands for."""

    MIXIN_KEY: ClassVar[str] = "barcode"

    @property
    def has_barcode(self) -> bool:
        """Tell that it knows barcodes."""
        return True

    def scan(self, barcode_data: str, user: Any = None, **options: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """Return what the barcode stands for, None where this plugin does not know it."""
        return None
