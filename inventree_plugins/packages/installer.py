"""What any installer is asked and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from inventree_plugins.models import Declaration
from inventree_plugins.packages.provenance import DirectUrl

__all__ = ["InstallRequest", "Installer", "ResolvedPackage", "Staged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallRequest:
    """What to install: a whole requirements file, requirement lines, or both, in one resolution.

    `options` are lines of a requirements file (indexes, constraints) that the file has too, where one is
    named. `constraints` are further requirements that must hold of whatever is installed, `host` the versions
    of the server's own distributions by normalised name, as messages tell them. Relative paths count from
    `directory`. `declarations` tell the line that a failing package stands on. `uploaded_before` is a time in
    ISO 8601. `offline` forbids any connection. `secrets` are variables that the lines name, for the
    installer's environment only.
    """

    requirements_file: Path | None = None
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    host: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    declarations: tuple[Declaration, ...] = ()
    upgrade: bool = False
    prereleases: bool = False
    uploaded_before: str | None = None
    offline: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedPackage:
    """A package that the installer would put in; `requested` when it was named, not only needed.

    `line` is the requirement that means exactly this one. `requires` is its Requires-Dist; `hashes` are
    those of its archive, such as `sha256:…`; `url` is where that lies, without credentials; `python` is its
    Requires-Python; `source` is where it comes from when a requirement names a URL or path.
    """

    name: str
    version: str
    requested: bool
    line: str
    requires: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    url: str | None = None
    python: str | None = None
    source: DirectUrl | None = None


@dataclass(frozen=True, slots=True)
class Staged:
    """Packages that are unpacked and built below `tree`, which stands for the folder `place`."""

    packages: tuple[ResolvedPackage, ...]
    tree: Path
    place: Path


class Installer(Protocol):
    """Find and unpack packages for one target interpreter; its environment is read and never changed."""

    @property
    def name(self) -> str:
        """Return what the program is called."""

    def resolve(
        self, request: InstallRequest, *, on_line: Callable[[str], None] | None = None
    ) -> tuple[ResolvedPackage, ...]:
        """Find what would have to be installed; lines of output go to `on_line`. Raises InstallError."""

    def stage(
        self,
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        folder: Path,
        *,
        on_line: Callable[[str], None] | None = None,
    ) -> Staged:
        """Unpack and build exactly `packages` below `folder`. Raises InstallError."""

    def resolve_and_stage(
        self, request: InstallRequest, folder: Path, *, on_line: Callable[[str], None] | None = None
    ) -> Staged:
        """Do both in one run, for an environment of which nothing may be replaced. Raises InstallError."""
