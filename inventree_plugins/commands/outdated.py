"""`invplug outdated`: what could be newer, and what holds it back; nothing is changed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inventree_plugins.commands.applying import take_installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.fitting import Choice, Fitting
from inventree_plugins.commands.holds import Hold, line_hold, place_hold, release_hold
from inventree_plugins.commands.indexes import NO_SOURCES, Sources, source_lines
from inventree_plugins.commands.newest import Newest, Search, Wish, find_newest
from inventree_plugins.commands.survey import take_survey
from inventree_plugins.commands.upgradable import (
    Upgradable,
    allows,
    bounds_of,
    find_upgradable,
    is_newer,
    is_prerelease,
    named,
    pin_of,
)
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Problem
from inventree_plugins.packages.release_age import time_before
from inventree_plugins.requirements import declarations, read_plugins_file

__all__ = ["OutdatedOptions", "OutdatedResult", "Standing", "outdated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedOptions:
    """What to look at, by slug or package, none for all; `cooldown` is in days."""

    names: tuple[str, ...] = ()
    prereleases: bool = False
    cooldown: int | None = None
    sources: Sources = NO_SOURCES


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a package stands; versions are None where they are not known.

    `wanted` is the newest that its line of plugins.txt allows, `latest` the newest that fits the server
    without that line, `newest` the newest that there is.
    """

    package: Upgradable
    wanted: str | None = None
    latest: str | None = None
    newest: str | None = None
    held_by: tuple[Hold, ...] = ()

    @property
    def is_outdated(self) -> bool:
        """Tell whether a newer release fits the server, allowed by plugins.txt or not."""
        installed = self.package.installed
        return is_newer(self.wanted, installed) or is_newer(self.latest, installed)

    @property
    def is_held(self) -> bool:
        """Tell whether something keeps the package from a newer release that counts."""
        return any(each.code not in {"place", "pre-release"} for each in self.held_by)


@dataclass(frozen=True, slots=True)
class OutdatedResult:
    """Where each package stands, and what could not be found out."""

    packages: tuple[Standing, ...] = ()
    problems: tuple[Problem, ...] = ()


def outdated(context: Context, options: OutdatedOptions) -> OutdatedResult:
    """Compare what is installed with what plugins.txt allows, with what fits, and with what there is.

    Raises PluginsFileError, PluginNotFoundError, UsageError, and InstallError where no index answers.
    """
    before = time_before(options.cooldown) if options.cooldown is not None else None
    file = read_plugins_file(context.instance.plugins_file.value)
    survey = take_survey(context)
    installed = take_installed(context, declarations(file))
    every = find_upgradable(context, file, survey, installed)
    asked = named(context, survey, every, options.names) if options.names else every
    search = Search(
        context,
        file,
        installed,
        source_lines(options.sources),
        prereleases=options.prereleases,
        uploaded_before=before,
    )
    with tempfile.TemporaryDirectory(prefix="invplug-") as folder:
        fitting = Fitting(search, survey, every, Path(folder))
        return _look(fitting, asked)


def _look(fitting: Fitting, asked: Sequence[Upgradable]) -> OutdatedResult:
    """Find out where the packages stand."""
    indexed = [each for each in asked if not each.is_from_place]
    newest, counted = _newest(fitting.search, indexed)
    behind = [each for each in indexed if counted.may_move(each)]
    latest = fitting.choose([Wish(each) for each in behind])
    wanted = fitting.choose(_within_bounds(behind, latest))
    failures = {**newest.failures, **counted.failures, **latest.failures, **wanted.failures}
    standings = []
    for each in asked:
        standing = Standing(each, newest=newest.version(each))
        if each.is_from_place:
            standing = Standing(each, held_by=(place_hold(each),))
        elif each.key not in failures:
            chosen = latest.versions.get(each.key, each.installed)
            allowed = pin_of(each.declared) or wanted.versions.get(each.key, chosen)
            standing = Standing(each, allowed, chosen, newest.version(each))
            standing = replace(standing, held_by=tuple(_holds(fitting, standing, counted)))
        standings.append(standing)
    return OutdatedResult(tuple(standings), tuple(_problems(asked, failures)))


def _newest(search: Search, packages: Sequence[Upgradable]) -> tuple[Newest, Newest]:
    """Return the newest releases that there are, and the newest that count: pre-releases may not."""
    search = replace(search, uploaded_before=None)
    newest = find_newest(replace(search, prereleases=True), packages)
    if search.prereleases:
        return newest, newest
    unstable = [
        each for each in packages if is_prerelease(newest.version(each)) and not is_prerelease(each.installed)
    ]
    return newest, newest.joined(find_newest(search, unstable))


def _within_bounds(behind: Iterable[Upgradable], latest: Choice) -> list[Wish]:
    """Return the wishes within plugins.txt, none where the latest releases are: no need to ask again."""
    free = [each for each in behind if each.key in latest.versions and not each.is_pinned]
    wishes = [Wish(each, bounds_of(each.declared)) for each in free]
    if all(allows(wish.bounds, latest.versions[wish.package.key] or "") for wish in wishes):
        return []
    return wishes


def _holds(fitting: Fitting, standing: Standing, counted: Newest) -> Iterator[Hold]:
    """Say what keeps a package from what plugins.txt does not allow, does not fit, or does not count."""
    package = standing.package
    if is_newer(standing.latest, standing.wanted):
        yield line_hold(package)
    release = counted.releases[package.key]
    if is_newer(release.version, standing.latest):
        yield release_hold(
            fitting.search, package, release, refusals=fitting.refusals, others=fitting.others([package])
        )
    if is_newer(standing.newest, release.version):
        yield Hold("pre-release", f"{standing.newest} is a pre-release")


def _problems(packages: Iterable[Upgradable], failures: Mapping[str, InstallError]) -> Iterator[Problem]:
    for each in packages:
        error = failures.get(each.key)
        if error is not None:
            yield Problem(
                "newest-unknown",
                f"what is newest of `{each.name}` is not known: {error.message}",
                hint=error.hint,
                path=error.path,
                line=error.line,
            )
