"""Join what was found with the store: one entry a slug, with the states that users confuse kept apart."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.gates import version_problem
from inventree_plugins.commands.survey import Survey
from inventree_plugins.instance import Instance
from inventree_plugins.models import Declaration, Distribution, Plugin, PluginConfig, Problem, Source
from inventree_plugins.packages import normalize
from inventree_plugins.vocabulary import BUILTIN_SLUGS, mixin_keys

__all__ = ["Entry", "Inventory", "RequirementState", "take_entries", "take_inventory"]


class Entry(NamedTuple):
    """Everything known of one slug.

    `source` is None for an orphan row; `declared` is the plugins.txt requirement that brings the plugin.
    """

    slug: str
    source: Source | None
    plugin: Plugin | None = None
    row: PluginConfig | None = None
    declared: Declaration | None = None
    mandatory: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def enabled(self) -> bool:
        """Tell whether the server activates it: its row says so, or it is mandatory (SPEC §3)."""
        return self.mandatory or (self.row is not None and self.row.active)

    @property
    def package_name(self) -> str | None:
        """Return the distribution's name, from the installed one or else from the row."""
        if self.plugin is not None and self.plugin.distribution is not None:
            return self.plugin.distribution.name
        return self.row.package_name if self.row else None

    @property
    def mixins(self) -> Mapping[str, str]:
        """Return the keys of its mixins, as the server reports them, and a name for each (SPEC §2)."""
        names = self.plugin.mixins if self.plugin else ()
        return {key: name.removesuffix("Mixin") for key, name in mixin_keys(names).items()}

    @property
    def blocking_problems(self) -> tuple[Problem, ...]:
        """Return the problems that keep the plugin from loading."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


class RequirementState(NamedTuple):
    """A plugins.txt requirement, the distribution installed for it, and the slugs that brings."""

    declaration: Declaration
    distribution: Distribution | None
    slugs: tuple[str, ...]


class Inventory(NamedTuple):
    """All entries, ordered by slug, the plugins.txt requirements, and what concerns no single plugin."""

    entries: tuple[Entry, ...]
    requirements: tuple[RequirementState, ...]
    problems: tuple[Problem, ...]

    @property
    def has_file(self) -> bool:
        """Tell whether plugins.txt could be read and declares anything."""
        return bool(self.requirements)

    def find(self, slug: str) -> Entry | None:
        """Return the entry of `slug`."""
        return next((entry for entry in self.entries if entry.slug == slug), None)


def take_inventory(context: Context, survey: Survey, rows: Iterable[PluginConfig]) -> Inventory:
    """Join the survey with the store's rows."""
    entries = take_entries(context, survey, rows)
    states = _requirement_states(survey, entries)
    problems = (
        *context.instance.problems,
        *survey.problems,
        *survey.discovery.problems,
        *_missing_packages(survey, states, entries),
        *_blind_spots(context.instance),
    )
    return Inventory(entries, states, problems)


def take_entries(
    context: Context, survey: Survey, rows: Iterable[PluginConfig], slugs: Iterable[str] | None = None
) -> tuple[Entry, ...]:
    """Return the entries of `slugs` that there is anything about, in that order; None means all, sorted."""
    plugins = {plugin.slug: plugin for plugin in survey.discovery.plugins}
    installed = {distribution.key for distribution in survey.distributions}
    by_key = {row.key: row for row in rows}
    declared: dict[str, Declaration] = {item.name: item for item in survey.declared if item.name}
    known = plugins.keys() | by_key.keys()
    return tuple(
        _entry(
            context.instance,
            Known(slug, plugins.get(slug), by_key.get(slug), installed),
            declared=declared,
        )
        for slug in (sorted(known) if slugs is None else slugs)
        if slug in known
    )


class Known(NamedTuple):
    """What two sides say of a slug, and which distributions are installed, by normalised name."""

    slug: str
    plugin: Plugin | None
    row: PluginConfig | None
    installed: AbstractSet[str]

    @property
    def is_unreadable(self) -> bool:
        """Tell whether the row's package is installed although no plugin could be read from it."""
        package = self.row.package_name if self.row and self.plugin is None else None
        return package is not None and normalize(package) in self.installed


def _entry(instance: Instance, known: Known, *, declared: Mapping[str, Declaration]) -> Entry:
    slug, plugin, row = known.slug, known.plugin, known.row
    source = plugin.source if plugin else None
    if known.is_unreadable:
        source = Source.PACKAGE
    if plugin is None and slug in BUILTIN_SLUGS and instance.source_root.value is None:
        # Without the server's source its built-ins cannot be seen; they are no orphans for that.
        source = Source.BUILTIN if not instance.standalone else None
    entry = Entry(
        slug=slug,
        source=source,
        plugin=plugin,
        row=row,
        mandatory=instance.is_mandatory(slug, builtin=source is Source.BUILTIN),
    )
    package = entry.package_name
    declaration = declared.get(normalize(package)) if package else None
    return Entry(
        slug=slug,
        source=source,
        plugin=plugin,
        row=row,
        declared=declaration,
        mandatory=entry.mandatory,
        problems=_problems(entry, declaration, instance.server_version.value),
    )


def _problems(
    entry: Entry, declaration: Declaration | None, server_version: str | None
) -> tuple[Problem, ...]:
    if entry.plugin is None:
        if entry.source is Source.PACKAGE:
            return (_unreadable_plugin(entry),)
        return () if entry.source else (_missing_plugin(entry, declaration),)
    problems = list(entry.plugin.problems)
    gate = version_problem(entry.plugin, server_version)
    if gate:
        problems.append(gate)
    if entry.row is None:
        problems.append(
            Problem(
                "no-row",
                f"the store has no row for `{entry.slug}`",
                hint="`invplug discover` creates it, inactive",
                slug=entry.slug,
            )
        )
    return tuple(problems)


def _unreadable_plugin(entry: Entry) -> Problem:
    return Problem(
        "not-loadable",
        f"`{entry.package_name}` is installed, but its plugin `{entry.slug}` cannot be read",
        "error",
        hint="`invplug list` warns of what is wrong with the package; another version may be better",
        slug=entry.slug,
    )


def _missing_plugin(entry: Entry, declaration: Declaration | None) -> Problem:
    if declaration is not None:
        return Problem(
            "not-installed",
            f"`{entry.package_name}` is in plugins.txt but not installed",
            "error",
            hint="`invplug install` installs what plugins.txt declares",
            slug=entry.slug,
        )
    package = entry.package_name
    way_out = "`invplug discover --prune` deletes such rows"
    if entry.enabled:
        way_out = f"`{command_line('disable', entry.slug)}` if it is not to come back"
    return Problem(
        "orphan-row",
        f"the store has a row for `{entry.slug}`, but nothing provides that plugin",
        # An inactive row is what `uninstall` leaves, with its settings.
        "error" if entry.enabled else "warning",
        hint=f"`invplug install {package}` brings it back" if package else way_out,
        slug=entry.slug,
    )


def _requirement_states(survey: Survey, entries: tuple[Entry, ...]) -> tuple[RequirementState, ...]:
    installed = {distribution.key: distribution for distribution in survey.distributions}
    slugs: dict[str, list[str]] = {}
    for entry in entries:
        if entry.plugin is not None and entry.plugin.distribution is not None:
            slugs.setdefault(entry.plugin.distribution.key, []).append(entry.slug)
    return tuple(
        RequirementState(
            item, installed.get(item.name) if item.name else None, tuple(slugs.get(item.name or "", ()))
        )
        for item in survey.declared
    )


def _missing_packages(
    survey: Survey, states: Iterable[RequirementState], entries: Iterable[Entry]
) -> Iterator[Problem]:
    """Report what plugins.txt declares for this Python and is not installed, unless an entry says so."""
    said = {entry.declared.name for entry in entries if entry.plugin is None and entry.declared}
    missing = [
        state.declaration
        for state in states
        if state.distribution is None and state.declaration.name and state.declaration.name not in said
    ]
    if not missing:
        return
    from inventree_plugins.packages import applying  # noqa: PLC0415 - imports packaging

    for declaration in applying(missing, survey.interpreter):
        yield Problem(
            "declared-not-installed",
            f"`{declaration.text}` is declared but not installed",
            hint="`invplug install` installs what plugins.txt declares",
            path=declaration.path,
            line=declaration.line,
        )


def _blind_spots(instance: Instance) -> tuple[Problem, ...]:
    """Say once what cannot be seen without the server's source."""
    if not instance.mandatory.unknown:
        return ()
    return (
        Problem(
            "no-server-source",
            "the server's source is not known: its built-in plugins cannot be read,"
            " and the mandatory ones of InvenTree 1.5 are assumed",
            hint="name it with `--server DIR`",
        ),
    )
