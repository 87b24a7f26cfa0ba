"""A sample whose constructor raises: it can be imported, and not be loaded."""

from __future__ import annotations

from inventree_plugins.sdk import InvenTreePlugin

__all__ = ["SampleBrokenConstruction"]


class SampleBrokenConstruction(InvenTreePlugin):
    """Raises as soon as it is enabled."""

    NAME = "SampleBrokenConstruction"
    SLUG = "sample-broken-construction"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"

    def __init__(self) -> None:
        super().__init__()
        raise RuntimeError("this sample fails when it is constructed")
