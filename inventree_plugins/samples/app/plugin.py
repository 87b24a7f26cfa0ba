"""The plugin of the sample; models are imported where they are used, when Django knows the app."""

from __future__ import annotations

from inventree_plugins.sdk import AppMixin, InvenTreePlugin

__all__ = ["SampleApp"]


class SampleApp(AppMixin, InvenTreePlugin):
    """Keeps notes in a table of its own."""

    NAME = "SampleApp"
    SLUG = "sample-app"
    TITLE = "Keep notes"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"

    def add(self, text: str) -> int:
        """Keep a note, and return how many there are."""
        from inventree_plugins.samples.app.models import Note  # noqa: PLC0415 - see above

        Note.objects.create(text=text)
        return int(Note.objects.count())
