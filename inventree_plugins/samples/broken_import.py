"""A sample that cannot be imported: what it needs is not there."""

from __future__ import annotations

import a_module_that_nobody_has  # type: ignore[import-not-found]

from inventree_plugins.sdk import InvenTreePlugin

__all__ = ["SampleBrokenImport"]


class SampleBrokenImport(InvenTreePlugin):
    """Never comes into being."""

    NAME = "SampleBrokenImport"
    SLUG = "sample-broken-import"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"

    def text(self) -> str:
        """Return what nobody has."""
        return str(a_module_that_nobody_has.TEXT)
