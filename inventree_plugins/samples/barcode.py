"""A sample of BarcodeMixin: tell what a barcode stands for."""

from __future__ import annotations

from typing import Any

from inventree_plugins.sdk import BarcodeMixin, InvenTreePlugin

__all__ = ["SampleBarcode"]

PREFIX = "PART-"


class SampleBarcode(BarcodeMixin, InvenTreePlugin):
    """Knows barcodes such as `PART-42`."""

    NAME = "SampleBarcode"
    SLUG = "sample-barcode"
    TITLE = "Read part labels"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"

    def scan(self, barcode_data: str, user: Any = None, **options: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """Return the part, None for other barcodes."""
        number = barcode_data.removeprefix(PREFIX)
        if number == barcode_data or not number.isdecimal():
            return None
        return {"part": {"pk": int(number)}}
