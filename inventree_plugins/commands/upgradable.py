"""Which packages may become newer: those that plugins.txt declares, and plugin packages installed besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventree_plugins.commands.applying import Installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.find import not_found
from inventree_plugins.commands.inventory import take_entries
from inventree_plugins.commands.survey import Survey
from inventree_plugins.errors import UsageError
from inventree_plugins.models import Declaration, Distribution, Plugin
from inventree_plugins.packages import applying, normalize, read_direct_url
from inventree_plugins.requirements import PluginsFile, declarations, is_pinned

if TYPE_CHECKING:
    from packaging.specifiers import Specifier

__all__ = [
    "Upgradable",
    "allows",
    "bounds_of",
    "find_upgradable",
    "is_newer",
    "is_prerelease",
    "named",
    "pin_of",
]


@dataclass(frozen=True, slots=True)
class Upgradable:
    """A package, what is installed of it, and the line of plugins.txt that it goes by.

    `declared` has no line number where plugins.txt has no line for it. `slugs` are its plugins.
    """

    name: str
    key: str
    declared: Declaration
    distribution: Distribution | None = None
    slugs: tuple[str, ...] = ()

    @property
    def installed(self) -> str | None:
        """Return the installed version."""
        return self.distribution.version if self.distribution else None

    @property
    def place(self) -> str:
        """Return where its line stands, for a message; empty where it has none."""
        return f"`{self.declared.path.name}` line {self.declared.line}" if self.declared.line else ""

    @property
    def is_pinned(self) -> bool:
        """Tell whether its line allows one version only."""
        return is_pinned(self.declared)

    @property
    def is_from_place(self) -> bool:
        """Tell whether it comes from a URL or a path, or from somebody's working copy: no index has that."""
        requirement = self.declared.requirement
        if requirement is None or requirement.url is not None:
            return True
        found = read_direct_url(self.distribution) if self.distribution else None
        return found is not None and (found.editable or found.vcs is not None)


def find_upgradable(
    context: Context, file: PluginsFile, survey: Survey, installed: Installed
) -> tuple[Upgradable, ...]:
    """List the packages in the order of plugins.txt, and then by name what it does not declare.

    The server's own packages are none, unless plugins.txt declares them; lines for other environments and
    lines without a name are left out. Raises PluginsFileError.
    """
    slugs: dict[str, list[str]] = {}
    for plugin in survey.discovery.plugins:
        if plugin.distribution is not None:
            slugs.setdefault(plugin.distribution.key, []).append(plugin.slug)
    declared: dict[str, Declaration] = {}
    for item in applying(declarations(file), context.interpreter):
        if item.name is not None:
            declared.setdefault(item.name, item)
    besides = sorted(
        each.key
        for each in installed.distributions
        if each.entry_points and each.key not in declared and each.key not in installed.host.versions
    )
    found = []
    for key in (*declared, *besides):
        distribution = installed.find(key)
        name = distribution.name if distribution else key
        line = declared.get(key) or Declaration(name, file.path, 0, normalize(name), name)
        found.append(Upgradable(name, key, line, distribution, tuple(slugs.get(key, ()))))
    return tuple(found)


def named(
    context: Context, survey: Survey, packages: Sequence[Upgradable], names: Iterable[str]
) -> tuple[Upgradable, ...]:
    """Return the packages that are meant by slugs and names of packages, each once.

    Raises PluginNotFoundError, and UsageError for what is not a plugin's package.
    """
    by_key = {each.key: each for each in packages}
    found: dict[str, Upgradable] = {}
    for name in names:
        plugin = next((each for each in survey.discovery.plugins if each.slug == name), None)
        key = _package_of(plugin) if plugin else normalize(name)
        if key in by_key:
            found[key] = by_key[key]
        elif any(each.key == key for each in survey.distributions):
            raise UsageError(
                f"`{name}` brings no plugin and is not in plugins.txt: it may be the server's own",
                hint="pip upgrades packages of any kind",
            )
        else:
            raise not_found(name, take_entries(context, survey, ()))
    return tuple(found.values())


def _package_of(plugin: Plugin) -> str:
    if plugin.distribution is None:
        raise UsageError(
            f"`{plugin.slug}` is not a package but part of `{plugin.path}`",
            hint="what it is part of decides its version",
            slug=plugin.slug,
        )
    return plugin.distribution.key


def is_newer(version: str | None, other: str | None) -> bool:
    """Tell whether the first version is newer; what is not known or not a version never is."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - for installing only

    try:
        return version is not None and other is not None and Version(version) > Version(other)
    except InvalidVersion:
        return False


def is_prerelease(version: str | None) -> bool:
    """Tell whether it is the version of a pre-release."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - for installing only

    try:
        return version is not None and Version(version).is_prerelease
    except InvalidVersion:
        return False


def allows(clauses: str, version: str) -> bool:
    """Tell whether a version is among those; what cannot be read allows all."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - for installing only
    from packaging.version import InvalidVersion  # noqa: PLC0415

    try:
        return SpecifierSet(clauses).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def bounds_of(declared: Declaration) -> str:
    """Return the versions that a line allows, but for its pin: `<2,==1.*` of `foo<2,==1.*,==1.5`."""
    return ",".join(sorted(str(each) for each in _clauses(declared) if not _is_exact(each)))


def pin_of(declared: Declaration) -> str | None:
    """Return the one version that a line allows, if it names one."""
    return next((each.version for each in _clauses(declared) if _is_exact(each)), None)


def _clauses(declared: Declaration) -> Iterator[Specifier]:
    if declared.requirement is not None:
        yield from declared.requirement.specifier


def _is_exact(clause: Specifier) -> bool:
    return clause.operator in {"==", "==="} and not clause.version.endswith(".*")
