"""Which packages `invplug upgrade` moves, which it leaves alone and why, and how plugins.txt reads then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from inventree_plugins.commands.applying import NOTHING_PREPARED, Prepared, prepare, take_installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.culprit import blamed, with_culprit
from inventree_plugins.commands.holds import Hold, age_hold, line_hold, place_hold, release_hold
from inventree_plugins.commands.indexes import NO_SOURCES, Sources, source_lines
from inventree_plugins.commands.markers import for_target
from inventree_plugins.commands.newest import Newest, Search, Wish, find_newest
from inventree_plugins.commands.staged_plugins import Refusal, knows_server, refused
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.commands.upgradable import (
    Upgradable,
    allows,
    bounds_of,
    find_upgradable,
    is_newer,
    named,
)
from inventree_plugins.errors import InstallError
from inventree_plugins.packages import InstallRequest, normalize
from inventree_plugins.packages.release_age import time_before
from inventree_plugins.requirements import PluginsFile, declarations, pin, read_plugins_file

__all__ = [
    "Kept",
    "UpgradeOptions",
    "UpgradePlan",
    "Work",
    "explain",
    "looked_again",
    "make_upgrade_plan",
    "prepare_upgrade",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeOptions:
    """What to upgrade, by slug or package, none for all; `cooldown` is in days."""

    names: tuple[str, ...] = ()
    unpin: bool = False
    prereleases: bool = False
    cooldown: int | None = None
    sources: Sources = NO_SOURCES
    keep_going: bool = False
    allow_host_changes: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A package that stays as it is, the newest release if that is known, and what holds it."""

    package: Upgradable
    newest: str | None
    hold: Hold


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """Who is to become newer, who stays from the start, and who could not be looked up."""

    search: Search
    survey: Survey
    every: tuple[Upgradable, ...]
    wishes: tuple[Wish, ...]
    newest: Newest
    kept: tuple[Kept, ...] = ()
    failures: tuple[InstallError, ...] = ()

    def others(self, wishes: Sequence[Wish]) -> tuple[Upgradable, ...]:
        """Return the packages that are not to move."""
        moving = {wish.package.key for wish in wishes}
        return tuple(each for each in self.every if each.key not in moving)


@dataclass(frozen=True, slots=True)
class Work:
    """What is prepared for a plan, the new text of plugins.txt, and what was given up on the way.

    `pins` are the lines that the text has in place of others; `failures` have the keys of their packages.
    """

    prepared: Prepared = NOTHING_PREPARED
    new_text: str = ""
    pins: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    failures: Mapping[str, InstallError] = field(default_factory=dict)


def make_upgrade_plan(context: Context, options: UpgradeOptions) -> UpgradePlan:
    """Find out what could be newer; nothing changes.

    Raises PluginsFileError, PluginNotFoundError, UsageError, and InstallError for a package that cannot be
    looked up, unless the options say to keep going.
    """
    before = time_before(options.cooldown) if options.cooldown is not None else None
    file = read_plugins_file(context.instance.plugins_file.value)
    survey = take_survey(context)
    search = Search(
        context,
        file,
        take_installed(context, declarations(file)),
        source_lines(options.sources),
        prereleases=options.prereleases,
        uploaded_before=before,
        allow_host_changes=options.allow_host_changes,
    )
    every = find_upgradable(context, file, survey, search.installed)
    asked = named(context, survey, every, options.names) if options.names else every
    kept = tuple(Kept(each, None, hold) for each in asked if (hold := _hold(search, options, each)))
    staying = [each.package for each in kept]
    free = [each for each in asked if each not in staying]
    for each in free:
        if each.is_pinned:
            # Any version will do: it raises where pins cannot be moved, and nothing has changed yet.
            pin(file, each.key, "0", applies=for_target(context))
    newest = find_newest(search, free)
    young = tuple(_too_young(search, [each for each in free if each.key in newest.failures]))
    missing = newest.failures.keys() - {each.package.key for each in young}
    failures = tuple(error for key, error in newest.failures.items() if key in missing)
    if failures and not options.keep_going:
        raise failures[0]
    wishes = tuple(Wish(each, bounds_of(each.declared)) for each in free if newest.may_move(each))
    return UpgradePlan(search, survey, every, wishes, newest, (*kept, *young), failures)


def _too_young(search: Search, packages: Sequence[Upgradable]) -> Iterator[Kept]:
    """Tell packages that have only young releases from those that cannot be found at all."""
    if search.uploaded_before is None:
        return
    found = find_newest(replace(search, uploaded_before=None), packages)
    for each in packages:
        if each.key in found.releases:
            version = found.version(each)
            yield Kept(each, version, age_hold(search, str(version)))


def looked_again(plan: UpgradePlan) -> UpgradePlan:
    """Return the plan with what is installed now."""
    context, file = plan.search.context, read_plugins_file(plan.search.file.path)
    installed = take_installed(context, declarations(file))
    every = find_upgradable(context, file, plan.survey, installed)
    return replace(plan, search=replace(plan.search, file=file, installed=installed), every=every)


def _hold(search: Search, options: UpgradeOptions, package: Upgradable) -> Hold | None:
    """Say why a package is left alone from the start, None for one that may move."""
    if package.distribution is None:
        return Hold("not-installed", "not installed: `invplug install` installs what plugins.txt declares")
    if package.is_from_place:
        return place_hold(package)
    if package.key in search.installed.host.versions and not options.allow_host_changes:
        return Hold("host", "one of the server's own packages")
    if package.is_pinned and not options.unpin:
        return line_hold(package)
    if package.is_pinned and package.declared.path.resolve() != search.file.path.resolve():
        return Hold("pin", f"pinned in {package.place}, which plugins.txt includes: edit that file")
    return None


def prepare_upgrade(plan: UpgradePlan, options: UpgradeOptions, folder: Path | None) -> Work:
    """Resolve and unpack; do without releases that the server would refuse.

    Without a folder nothing is unpacked, and no plugin is read. Raises InstallError; to keep going, packages
    are given up for it.
    """
    search, wishes = plan.search, list(plan.wishes)
    work = Work(new_text=search.file.text)
    while wishes:
        request = _request(plan, wishes, work.refusals)
        place = folder / f"stage-{len(work.refusals)}-{len(work.failures)}" if folder else None
        try:
            prepared = prepare(search.context, request, search.installed, place)
        except InstallError as error:
            lines = [(wish.package.declared, wish.line) for wish in wishes]
            failure = with_culprit(search.context, request, error, lines)
            culprit = blamed(failure, [item for item, _ in lines])
            if not options.keep_going or culprit is None:
                raise failure from error
            work = replace(work, failures={**work.failures, str(culprit.name): failure})
            wishes = [wish for wish in wishes if wish.package.declared != culprit]
            continue
        found = _refused(plan, prepared)
        if not found:
            return _with_pins(plan, replace(work, prepared=prepared))
        _require_news(found, work.refusals)
        work = replace(work, refusals=tuple(dict.fromkeys((*work.refusals, *found))))
        wishes = [wish.without(found) for wish in wishes]
    return work


def _request(plan: UpgradePlan, wishes: Sequence[Wish], refusals: Iterable[Refusal]) -> InstallRequest:
    """Ask for the wishes, and keep refused releases of other packages out, which wishes may need."""
    request = plan.search.request(wishes, plan.others(wishes))
    if plan.search.allow_host_changes:
        # A request with constraints is one that keeps the server's own packages.
        return request
    moving = {wish.package.key for wish in wishes}
    unfit = (f"{each.key}!={each.version}" for each in refusals if each.key not in moving)
    return replace(request, constraints=(*request.constraints, *unfit))


def _require_news(found: Sequence[Refusal], known: Sequence[Refusal]) -> None:
    """Raise InstallError where an installer chose nothing but what was refused before."""
    if all(each in known for each in found):
        raise InstallError(
            f"`{found[0].key}` {found[0].version} cannot be kept out: {found[0].reason}",
            names=tuple(each.key for each in found),
        )


def _refused(plan: UpgradePlan, prepared: Prepared) -> tuple[Refusal, ...]:
    """Return the releases that would take a plugin away, also those that come in only as a dependency."""
    context = plan.search.context
    if prepared.staged is None or not knows_server(context):
        return ()
    present = [each for each in plan.every if each.distribution is not None]
    return refused(context, plan.survey, prepared.staged.tree, present)


def _with_pins(plan: UpgradePlan, work: Work) -> Work:
    """Let pins follow their packages: a pin stays a pin, and its comment stays."""
    file, pins = plan.search.file, []
    versions: dict[str, str] = {normalize(each.name): each.version for each in work.prepared.packages}
    for wish in plan.wishes:
        package = wish.package
        if package.is_pinned and package.key in versions:
            version = versions[package.key]
            text = pin(file, package.key, version, applies=for_target(plan.search.context))
            file = PluginsFile(file.path, text, exists=True)
            pins.append(f"{package.key}=={version}")
    return replace(work, new_text=file.text, pins=tuple(pins))


def explain(plan: UpgradePlan, work: Work) -> Iterator[Kept]:
    """Say of each package that could have moved and did not what holds it."""
    moved = {normalize(each.name) for each in work.prepared.packages}
    for wish in plan.wishes:
        package = wish.package
        release = plan.newest.releases[package.key]
        if package.key in moved | work.failures.keys() or not is_newer(release.version, package.installed):
            continue
        if not allows(wish.bounds, release.version):
            hold = line_hold(package)
        else:
            others = plan.others([wish])
            hold = release_hold(plan.search, package, release, refusals=work.refusals, others=others)
        yield Kept(package, release.version, hold)
