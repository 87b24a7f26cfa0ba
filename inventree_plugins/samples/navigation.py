"""A sample of NavigationMixin: add links to the server's pages."""

from __future__ import annotations

from inventree_plugins.sdk import InvenTreePlugin, NavigationMixin

__all__ = ["SampleNavigation"]


class SampleNavigation(NavigationMixin, InvenTreePlugin):
    """Links to the manual."""

    NAME = "SampleNavigation"
    SLUG = "sample-navigation"
    TITLE = "Links to the manual"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"
    NAVIGATION_TAB_NAME = "Manual"
    NAVIGATION_TAB_ICON = "fas fa-book"
    NAVIGATION = [  # noqa: RUF012 - as servers expect it
        {"name": "First steps", "link": "/manual/first-steps/", "icon": "fas fa-play"},
        {"name": "Barcodes", "link": "/manual/barcodes/"},
    ]
