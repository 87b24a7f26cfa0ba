"""Plan a change of the target's packages: resolve, and unpack aside; nothing is changed yet."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.culprit import OF_THE_MACHINE
from inventree_plugins.commands.host import Host, find_host, pinned
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration, Distribution
from inventree_plugins.packages import (
    InstallRequest,
    ResolvedPackage,
    Staged,
    installed_distributions,
    normalize,
    read_direct_url,
    read_metadata,
    why_needed,
)

__all__ = [
    "NOTHING_PREPARED",
    "Installed",
    "PlannedPackage",
    "Prepared",
    "prepare",
    "take_installed",
]


@dataclass(frozen=True, slots=True)
class Installed:
    """What the target has, and which of it is the server's own."""

    distributions: tuple[Distribution, ...]
    host: Host

    def find(self, name: str) -> Distribution | None:
        """Return the distribution of that name."""
        key = normalize(name)
        return next((each for each in self.distributions if each.key == key), None)


@dataclass(frozen=True, slots=True)
class PlannedPackage:
    """What a plan does to one package: from version `old` to `new`, None where there is none.

    `why` says who wants it: a line of plugins.txt, the command line, or packages that need it. `requested` is
    one that was named; `host` one of the server's own.
    """

    name: str
    old: str | None
    new: str | None
    why: tuple[str, ...] = ()
    requested: bool = False
    host: bool = False

    @property
    def action(self) -> str:
        """Return `install`, `upgrade`, `downgrade`, `remove`, or `again` for the same version anew."""
        if self.new is None:
            return "remove"
        if self.old is None:
            return "install"
        if self.old == self.new:
            return "again"
        return "upgrade" if _is_newer(self.new, self.old) else "downgrade"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is about to happen to packages; `staged` is what is unpacked for it, None after a dry run.

    `keeps_host` tells whether the server's own packages have to stay as they are.
    """

    plan: tuple[PlannedPackage, ...] = ()
    staged: Staged | None = None
    packages: tuple[ResolvedPackage, ...] = ()
    keeps_host: bool = True


NOTHING_PREPARED = Prepared()


def _is_newer(new: str, old: str) -> bool:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - for installing only

    try:
        return Version(new) > Version(old)
    except InvalidVersion:
        return True


def take_installed(context: Context, declared: Iterable[Declaration]) -> Installed:
    """Look at the target's packages; `declared` are what plugins.txt asks for."""
    distributions = installed_distributions(context.interpreter.import_path)
    return Installed(distributions, find_host(context, distributions, declared))


def prepare(
    context: Context,
    request: InstallRequest,
    installed: Installed,
    folder: Path | None = None,
    *,
    resolved: tuple[ResolvedPackage, ...] | None = None,
) -> Prepared:
    """Find out what is to happen and, given a folder, unpack it there; nothing else changes.

    `resolved` are the packages where they are known already, as from a lock. Else, where nothing that is
    installed could be replaced, one run does both. Raises InstallError, also for a change of the server's own
    packages that `request.constraints` should have kept out.
    """
    installer = context.installer
    staged = None
    if folder is not None and resolved is None:
        staged = _staged_at_once(context, request, installed, folder)
    if staged is not None:
        packages = staged.packages
    elif resolved is not None:
        packages = resolved
    else:
        packages = installer.resolve(request, on_line=context.on_output)
    plan = _plan(context, request, packages, installed)
    if request.constraints:
        _refuse_host_changes(plan)
    if staged is None and folder is not None and packages:
        staged = installer.stage(request, packages, folder, on_line=context.on_output)
    keeps_host = request.host == installed.host.versions
    return Prepared(plan, staged, packages, keeps_host)


def _staged_at_once(
    context: Context, request: InstallRequest, installed: Installed, folder: Path
) -> Staged | None:
    """Resolve and unpack in one run where that is safe, else do nothing and return None.

    The installer takes away what it replaces, wherever it unpacks: so every distribution that is there is
    held in its version, which is as well only where these are the server's own.
    """
    free = {each.key for each in installed.distributions} - installed.host.versions.keys()
    if request.upgrade or request.host != installed.host.versions or free - installed.host.loose:
        return None
    if any(_is_from_place(each) for each in request.declarations):
        return None
    if any(_is_editable(each) for each in installed.distributions):
        return None
    loose = (each for each in installed.distributions if each.key in free)
    held = replace(request, constraints=(*request.constraints, *map(pinned, loose)))
    try:
        return context.installer.resolve_and_stage(held, folder, on_line=context.on_output)
    except InstallError as error:
        if not free or error.code in OF_THE_MACHINE:
            raise
        shutil.rmtree(folder, ignore_errors=True)
        return None  # without the environment's tools held, it may do


def _is_from_place(declared: Declaration) -> bool:
    """Tell whether a requirement is a path or URL: an installer may take it though its version is there."""
    return declared.pep508 is None or declared.url is not None


def _is_editable(distribution: Distribution) -> bool:
    found = read_direct_url(distribution)
    return found is not None and found.editable


def _plan(
    context: Context, request: InstallRequest, packages: tuple[ResolvedPackage, ...], installed: Installed
) -> tuple[PlannedPackage, ...]:
    needed = _why(context, request, packages, installed)
    plan = []
    for package in packages:
        old = installed.find(package.name)
        plan.append(
            PlannedPackage(
                package.name,
                old.version if old else None,
                package.version,
                _asked(request, package) or needed.get(normalize(package.name), ()),
                requested=package.requested,
                host=normalize(package.name) in installed.host.versions,
            )
        )
    return tuple(sorted(plan, key=lambda each: (not each.requested, normalize(each.name))))


def _asked(request: InstallRequest, package: ResolvedPackage) -> tuple[str, ...]:
    if not package.requested:
        return ()
    lines = [each for each in request.declarations if each.name == normalize(package.name)]
    return tuple(f"{each.path.name} line {each.line}" for each in lines if each.line) or ("command line",)


def _why(
    context: Context, request: InstallRequest, packages: tuple[ResolvedPackage, ...], installed: Installed
) -> Mapping[str, tuple[str, ...]]:
    if all(each.requested for each in packages):
        return {}
    required: dict[str, tuple[str, ...]] = {
        each.key: read_metadata(each).requires_dist for each in installed.distributions
    }
    required |= {normalize(each.name): each.requires for each in packages}
    asked = [each.pep508 for each in request.declarations if each.pep508]
    return why_needed(required, context.interpreter, asked=asked)


def _refuse_host_changes(plan: Iterable[PlannedPackage]) -> None:
    for each in plan:
        if each.host:
            who = f"`{each.why[0]}`" if each.why else "a requirement"
            what = f"from {each.old} to {each.new}" if each.old != each.new else f"{each.old} for another one"
            raise InstallError(
                f"{who} would change the server's own `{each.name}` {what}",
                code="install-host-conflict",
                hint="`--allow-host-changes` permits it, at the server's risk",
                names=(normalize(each.name),),
            )
