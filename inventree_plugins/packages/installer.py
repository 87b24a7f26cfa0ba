"""What any installer is asked and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inventree_plugins.models import Declaration

__all__ = ["InstallReport", "InstallRequest", "InstalledPackage", "Installer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallRequest:
    """What to install: a whole requirements file, requirement texts, or both, in one resolution.

    `options` are lines of a requirements file (indexes, constraints) that hold for `requirements`.
    `declarations` are only for messages: they tell the line that a failing package stands on.
    """

    requirements_file: Path | None = None
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    upgrade: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A package that the installer put in, or would; `requested` when it was named, not only needed."""

    name: str
    version: str
    requested: bool


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What an installation did, or with a dry run would do; nothing when all was there."""

    installed: tuple[InstalledPackage, ...] = ()


class Installer(Protocol):
    """Change the packages of one target interpreter."""

    def install(
        self, request: InstallRequest, *, on_line: Callable[[str], None] | None = None
    ) -> InstallReport:
        """Install what `request` names; each line of output goes to `on_line`. Raises InstallError."""

    def uninstall(
        self, names: Sequence[str], *, on_line: Callable[[str], None] | None = None
    ) -> tuple[str, ...]:
        """Remove packages and return those that were there, by normalised name. Raises InstallError."""
