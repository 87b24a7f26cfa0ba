"""What `install` is asked, what it found to do, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inventree_plugins.commands.applying import NOTHING_PREPARED, PlannedPackage, Prepared
from inventree_plugins.commands.indexes import NO_SOURCES
from inventree_plugins.commands.install_plan import Plan
from inventree_plugins.errors import InstallError, InvplugError
from inventree_plugins.models import NextStep, Problem
from inventree_plugins.requirements import Sources

if TYPE_CHECKING:
    from inventree_plugins.commands.inventory import Entry

__all__ = ["InstallOptions", "InstallResult", "Work"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallOptions:
    """What to install; no requirement means all of plugins.txt."""

    requirements: tuple[str, ...] = ()
    enable: bool = False
    upgrade: bool = False
    dry_run: bool = False
    keep_going: bool = False
    require_plugin: bool = False
    pin: bool = False
    sources: Sources = NO_SOURCES
    allow_host_changes: bool = False
    locked: bool = False
    bundle: Path | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What the command did, or with a dry run would do.

    `plan` is what happened to packages, `recorded` requirements new in plugins.txt, `kept` options that are
    new there, `created` the slugs of new rows, `enabled` those switched on. `entries` are the plugins that
    were asked for. `errors` are requirements that could not be installed, and what went wrong after packages
    had changed already.
    """

    plan: tuple[PlannedPackage, ...] = ()
    satisfied: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    changed: bool = False
    errors: tuple[InvplugError, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """A plan that can be carried out, what is prepared for it, and the requirements it had to give up."""

    plan: Plan
    prepared: Prepared = NOTHING_PREPARED
    problems: tuple[Problem, ...] = ()
    failures: tuple[InstallError, ...] = ()
