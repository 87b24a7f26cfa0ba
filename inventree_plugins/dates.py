"""A PUBLISH_DATE as plugin authors write it, to an ISO date."""

from __future__ import annotations

import re

__all__ = ["iso_date"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?![\d/.-])")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)")
# With dots the day comes first everywhere; with slashes it is a guess unless one number is no month.
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)")
_SLASHES = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)")
_WORDS = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th)?\.?\s+)?([a-z]{3,9})\.?\s+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?(\d{4})(?!\d)"
)


def iso_date(text: str) -> str | None:
    """Return the day as `YYYY-MM-DD`, None when the text does not say for certain which day is meant."""
    text = text.strip().lower()
    for pattern in (_YEAR_FIRST, _COMPACT):
        if match := pattern.match(text):
            return _checked(*map(int, match.groups()))
    if match := _DAY_FIRST.match(text):
        day, month, year = map(int, match.groups())
        return _checked(year, month, day)
    if match := _SLASHES.match(text):
        first, second, year = map(int, match.groups())
        return _unambiguous(year, first, second)
    match = _WORDS.match(text)
    if match is None or match[2][:3] not in _MONTHS or not (match[1] or match[3]):
        return None
    return _checked(int(match[4]), _MONTHS.index(match[2][:3]) + 1, int(match[1] or match[3]))


def _unambiguous(year: int, first: int, second: int) -> str | None:
    months = len(_MONTHS)
    if first > months or first == second:
        return _checked(year, second, first)
    return _checked(year, first, second) if second > months else None


def _checked(year: int, month: int, day: int) -> str | None:
    from datetime import date  # noqa: PLC0415 - few plugins have a date

    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
