"""A plugin's key, from its slug or its name."""

from __future__ import annotations

import re

__all__ = ["slugify"]

_DROPPED = re.compile(r"[^\w\s-]+")
_DASHES = re.compile(r"[-\s]+")


def slugify(text: str) -> str:
    """Return the key that Django's rule makes of `text`, empty when no ASCII remains (SPEC §2)."""
    if not text.isascii():
        import unicodedata  # noqa: PLC0415 - 1 MB of tables for the few names that need them

        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _DASHES.sub("-", _DROPPED.sub("", text.lower())).strip("-_")
