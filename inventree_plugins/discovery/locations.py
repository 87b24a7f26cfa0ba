"""Where a module is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Editable", "Location", "joined"]


@dataclass(frozen=True, slots=True)
class Location:
    """Where a module is: its file, and for a package the directories of its submodules.

    A namespace package has no file; neither has an extension module, which has no directories either.
    """

    path: str | None
    directories: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Tell whether it is a namespace package, of which further directories may hold more."""
        return self.path is None and bool(self.directories)


@dataclass(frozen=True, slots=True)
class Editable:
    """What the finders of editable installs map: some before the import path is asked, some after it."""

    first: Mapping[str, Location] = field(default_factory=dict)
    last: Mapping[str, Location] = field(default_factory=dict)


def joined(*locations: Location | None) -> Location | None:
    """Return the first location; when it is a namespace package, with the directories of all."""
    known = [each for each in locations if each is not None]
    if not known or not known[0].is_open:
        return known[0] if known else None
    directories = dict.fromkeys(directory for each in known for directory in each.directories)
    return Location(None, tuple(directories))
