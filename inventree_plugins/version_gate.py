"""MIN_VERSION and MAX_VERSION as the server compares them (SPEC §2)."""

# No postponed annotations: a listing imports this.

import re
from typing import NamedTuple

__all__ = ["Exclusion", "excluded_by", "is_misread", "numbers_read", "release_of"]

# The first server that looks at them.
_SINCE = (0, 9, 0)
# The server's own pattern, greedy start included: of `10.2.3` it reads 0.2.3, of `1.2.3.4` 2.3.4.
_READ = re.compile(r".*(\d+)\.(\d+)\.(\d+)", re.ASCII)
# No version has longer numbers; Python refuses to read very long ones.
_DIGITS = 9


class Exclusion(NamedTuple):
    """Which bound keeps a server away, and why; `is_unread` for one of which it reads no three numbers."""

    bound: str
    reason: str
    is_unread: bool = False


def excluded_by(minimum: str | None, maximum: str | None, server: str | None) -> Exclusion | None:
    """Return why a server refuses these bounds, None when it does not.

    It compares three numbers. A bound with fewer parts counts as none at all, below every version: such a
    MAX_VERSION always fails, such a MIN_VERSION always passes. Servers before 0.9 look at neither.
    """
    own = numbers_read(server)
    if own and own < _SINCE:
        return None
    high = numbers_read(maximum)
    if maximum is not None and not high:
        reason = f"its MAX_VERSION `{maximum}` has fewer than three parts"
        return Exclusion("MAX_VERSION", reason, is_unread=True)
    if own and minimum is not None and numbers_read(minimum) > own:
        return Exclusion("MIN_VERSION", f"it needs {minimum} or later")
    if own and maximum is not None and high < own:
        return Exclusion("MAX_VERSION", f"it works up to {maximum}")
    return None


def is_misread(bound: str) -> bool:
    """Tell whether the server reads other numbers than those that are written."""
    written = re.findall(r"\d+", bound, re.ASCII)[:3]
    return numbers_read(bound) != tuple(int(each[-_DIGITS:]) for each in written)


def numbers_read(version: str | None) -> tuple[int, ...]:
    """Return the three numbers that the server reads, none where it finds no three."""
    match = _READ.match(version or "")
    return tuple(int(each[-_DIGITS:]) for each in match.groups()) if match else ()


def release_of(version: str | None) -> tuple[int, int] | None:
    """Return a server's major and minor number, None where they cannot be read."""
    match = re.match(r"v?(\d{1,9})\.(\d{1,9})", version or "", re.ASCII)
    return (int(match[1]), int(match[2])) if match else None
