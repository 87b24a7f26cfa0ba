"""The newest releases: which an index has, and how an installer is asked for those that fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from inventree_plugins.commands.applying import Installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.culprit import OF_THE_MACHINE, blamed
from inventree_plugins.commands.host import pinned
from inventree_plugins.commands.indexes import SourceLines
from inventree_plugins.commands.staged_plugins import Refusal
from inventree_plugins.commands.upgradable import Upgradable, allows, bounds_of, is_newer, is_prerelease
from inventree_plugins.errors import InstallError
from inventree_plugins.packages import InstallRequest, PipInstaller, ResolvedPackage, normalize, unmet
from inventree_plugins.process import run
from inventree_plugins.requirements import PluginsFile, constraints, option_lines

__all__ = ["Newest", "Search", "Wish", "find_newest"]

NOWHERE_ELSE = SourceLines()


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest release of each package by its key, and why there is none of some."""

    releases: dict[str, ResolvedPackage] = field(default_factory=dict)
    failures: dict[str, InstallError] = field(default_factory=dict)

    def version(self, package: Upgradable) -> str | None:
        """Return the newest version of the package, None where it is not known."""
        release = self.releases.get(package.key)
        return release.version if release else None

    def may_move(self, package: Upgradable) -> bool:
        """Tell whether an installer has to be asked: for something newer, or for what plugins.txt allows."""
        newest, installed = self.version(package), package.installed
        if newest is None or installed is None:
            return newest is not None
        is_train = is_prerelease(installed)  # then newer pre-releases count, which are not looked for
        return is_train or is_newer(newest, installed) or not allows(bounds_of(package.declared), installed)

    def joined(self, other: Newest) -> Newest:
        """Return both answers; of what both know, the other's."""
        return Newest({**self.releases, **other.releases}, {**self.failures, **other.failures})


@dataclass(frozen=True, slots=True)
class Wish:
    """A package that is to become as new as it can, within `bounds`; never one of the versions `unfit`."""

    package: Upgradable
    bounds: str = ""
    unfit: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """Return the requirement for an installer: nothing older than what is installed."""
        clauses = [*filter(None, (self.bounds, self._floor)), *(f"!={each}" for each in self.unfit)]
        requirement = self.package.declared.requirement
        extras = ",".join(sorted(requirement.extras)) if requirement else ""
        return f"{self.package.name}{f'[{extras}]' if extras else ''}{','.join(clauses)}"

    def without(self, refusals: Iterable[Refusal]) -> Wish:
        """Return the same wish, but for the releases that the server would refuse."""
        unfit = (each.version for each in refusals if each.key == self.package.key)
        return replace(self, unfit=tuple(dict.fromkeys((*self.unfit, *unfit))))

    @property
    def _floor(self) -> str:
        from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - for installing only

        installed = self.package.installed or ""
        # What plugins.txt excludes has to go, also to something older.
        if not allows(self.bounds, installed):
            return ""
        try:
            return f">={Version(installed).public}"
        except InvalidVersion:
            return ""


@dataclass(frozen=True, slots=True)
class Search:
    """Where releases are looked for, and which of them count.

    `sources` are those of the command line; `uploaded_before` is a time in ISO 8601, None where their age
    does not matter.
    """

    context: Context
    file: PluginsFile
    installed: Installed
    sources: SourceLines = NOWHERE_ELSE
    prereleases: bool = False
    uploaded_before: str | None = None
    allow_host_changes: bool = False

    def request(self, wishes: Sequence[Wish], others: Iterable[Upgradable]) -> InstallRequest:
        """Ask for the newest that fits the server, while the others stay. Raises PluginsFileError."""
        host = self.installed.host
        staying = [*self.staying(others)]
        return replace(
            self.bare_request([wish.package for wish in wishes], [wish.line for wish in wishes]),
            requirements=(*(wish.line for wish in wishes), *(line for _, line in staying)),
            options=(*option_lines(self.file), *self.sources.lines),
            constraints=() if self.allow_host_changes else host.constraints,
            host={} if self.allow_host_changes else host.versions,
            declarations=(
                *(wish.package.declared for wish in wishes),
                *(each.declared for each, _ in staying),
            ),
            upgrade=True,
        )

    def bare_request(self, packages: Sequence[Upgradable], lines: Sequence[str]) -> InstallRequest:
        """Ask for some lines alone: no constraint holds. Raises PluginsFileError."""
        directory = self.file.path.absolute().parent
        options = (*option_lines(self.file), *self.sources.lines)
        return InstallRequest(
            requirements=tuple(lines),
            options=tuple(line for line in options if not line.startswith("--constraint ")),
            secrets=self.sources.secrets,
            directory=directory if directory.is_dir() else None,
            declarations=tuple(each.declared for each in packages),
            prereleases=self.prereleases,
            uploaded_before=self.uploaded_before,
        )

    def staying(self, others: Iterable[Upgradable]) -> Iterator[tuple[Upgradable, str]]:
        """Yield those that have all they need, each with the line that keeps it: others cannot be kept."""
        others = [each for each in others if each.distribution is not None]
        broken = unmet(
            [each.declared for each in others],
            self.installed.distributions,
            self.context.interpreter,
            constraints=constraints(self.file),
        )
        for each in others:
            if each.distribution is not None and each.declared not in broken:
                requirement = each.declared.requirement
                extras = ",".join(sorted(requirement.extras)) if requirement else ""
                yield each, pinned(each.distribution, extras=extras)


def find_newest(search: Search, packages: Sequence[Upgradable]) -> Newest:
    """Ask the indexes for the newest release of each package, whatever it needs and whatever holds it back.

    All are asked for in one run, and those in the way are left out. Raises InstallError where that would not
    help, as without a network.
    """
    found = Newest()
    installer = PipInstaller(search.context.interpreter, run)
    waiting = list(packages)
    while waiting:
        request = search.bare_request(waiting, [each.name for each in waiting])
        try:
            releases = installer.newest(request, on_line=search.context.on_output)
        except InstallError as error:
            if error.code in OF_THE_MACHINE:
                raise
            culprits = [each for each in waiting if each.declared == blamed(error, request.declarations)]
            if not culprits and len(waiting) > 1:
                return _one_by_one(search, waiting, found)
            failed = (culprits or waiting)[0]
            found.failures[failed.key] = error
            waiting.remove(failed)
        else:
            found.releases.update((normalize(each.name), each) for each in releases)
            break
    return found


def _one_by_one(search: Search, packages: Iterable[Upgradable], found: Newest) -> Newest:
    for package in packages:
        found = found.joined(find_newest(search, [package]))
    return found
