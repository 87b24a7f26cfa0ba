"""What keeps a package from its newest release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inventree_plugins.commands.culprit import OF_THE_MACHINE
from inventree_plugins.commands.newest import Search, Wish
from inventree_plugins.commands.staged_plugins import Refusal
from inventree_plugins.commands.upgradable import Upgradable, allows
from inventree_plugins.errors import InstallError
from inventree_plugins.models import parse_requirement
from inventree_plugins.packages import PipInstaller, ResolvedPackage, normalize
from inventree_plugins.packages.satisfaction import marker_environment
from inventree_plugins.process import run
from inventree_plugins.requirements import constraints

__all__ = ["Hold", "age_hold", "line_hold", "place_hold", "release_hold"]


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a newer release is not taken: a code, and a sentence's end that a person can follow."""

    code: str
    message: str


def line_hold(package: Upgradable) -> Hold:
    """Say that its line of plugins.txt holds a package."""
    if package.is_pinned:
        return Hold("pin", f"pinned in {package.place}")
    return Hold("limit", f"{package.place} asks for `{package.declared.text}`")


def place_hold(package: Upgradable) -> Hold:
    """Say that a package comes from a place, so that there is no newer release of it."""
    where = f", as {package.place} says" if package.place else ""
    return Hold("place", f"it comes from a URL or a path{where}")


def age_hold(search: Search, version: str) -> Hold:
    """Say that a release is too young."""
    return Hold("cooldown", f"{version} was uploaded after {(search.uploaded_before or '')[:10]}")


def release_hold(
    search: Search,
    package: Upgradable,
    release: ResolvedPackage,
    *,
    refusals: Iterable[Refusal],
    others: Sequence[Upgradable],
) -> Hold:
    """Find out why a release was not chosen though an index has it.

    Where that cannot be read from the release, an installer is asked for it and says what is in the way.
    Raises InstallError where that would tell nothing, as without a network, or where age counts and no index
    tells it.
    """
    for refusal in refusals:
        if (refusal.key, refusal.version) == (package.key, release.version):
            return Hold("version-gate", refusal.reason)
    return (
        _of_python(search, release)
        or _of_constraint(search, package, release)
        or _of_server(search, package, release)
        or _of_age(search, package, release)
        or _of_others(search, package, release, others)
    )


def _of_python(search: Search, release: ResolvedPackage) -> Hold | None:
    ours = search.context.interpreter.version
    if release.python is None or allows(release.python, ours):
        return None
    return Hold("python", f"{release.version} needs Python {release.python}, and the server has {ours}")


def _of_constraint(search: Search, package: Upgradable, release: ResolvedPackage) -> Hold | None:
    for item in constraints(search.file):
        if item.name == package.key and item.requirement is not None:
            clauses = str(item.requirement.specifier)
            if not allows(clauses, release.version):
                return Hold("constraint", f"`{item.path.name}` line {item.line} allows `{item.text}`")
    return None


def _of_server(search: Search, package: Upgradable, release: ResolvedPackage) -> Hold | None:
    """Look for what the release needs directly and the server has in another version."""
    if search.allow_host_changes:
        return None
    host = search.installed.host.versions
    if package.key in host:
        return Hold("host", "it is one of the server's own packages")
    environment = {**marker_environment(search.context.interpreter), "extra": ""}
    for text in release.requires:
        try:
            needed = parse_requirement(text)
            applies = needed.marker is None or needed.marker.evaluate(environment)
        except ValueError:  # packaging's errors; an installer says what it thinks of it
            continue
        ours = host.get(normalize(needed.name))
        if applies and ours is not None and not allows(str(needed.specifier), ours):
            shown = f"{needed.name}{needed.specifier}"
            return Hold("host", f"{release.version} needs `{shown}`, and the server has {needed.name} {ours}")
    return None


def _of_age(search: Search, package: Upgradable, release: ResolvedPackage) -> Hold | None:
    if search.uploaded_before is None:
        return None
    request = search.bare_request([package], [f"{package.name}=={release.version}"])
    try:
        PipInstaller(search.context.interpreter, run).newest(request, on_line=search.context.on_output)
    except InstallError as error:
        if error.code in OF_THE_MACHINE:  # then no age is known
            raise
        return age_hold(search, release.version)
    return None


def _of_others(
    search: Search, package: Upgradable, release: ResolvedPackage, others: Iterable[Upgradable]
) -> Hold:
    wish = Wish(package, f"=={release.version}")
    request = search.request([wish], [each for each in others if each.key != package.key])
    try:
        search.context.installer.resolve(request, on_line=search.context.on_output)
    except InstallError as error:
        if error.code in OF_THE_MACHINE:
            raise
        return Hold("host" if error.code == "install-host-conflict" else "conflict", error.message)
    return Hold("conflict", f"{release.version} does not go together with the newest of other plugins")
