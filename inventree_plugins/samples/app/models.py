"""The table of the sample."""

from __future__ import annotations

from django.db import models

__all__ = ["Note"]


class Note(models.Model):
    """A note that somebody made."""

    text = models.CharField(max_length=200)

    def __str__(self) -> str:
        """Return the note."""
        return str(self.text)
