"""`invplug enable` and `invplug disable`: all of the named plugins, or on an error none."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.find import not_found
from inventree_plugins.commands.gates import action_steps, gate_steps, restart_step
from inventree_plugins.commands.inventory import Entry, take_entries
from inventree_plugins.commands.mandatory import is_mandatory_slug
from inventree_plugins.commands.rows import activate
from inventree_plugins.commands.survey import Survey, blind_survey, take_survey
from inventree_plugins.commands.switches import ON, read_switches, switches_to_turn_on
from inventree_plugins.errors import (
    InterpreterError,
    MandatoryPluginError,
    PluginNotFoundError,
    PluginsFileError,
    SlugCollisionError,
    UnloadablePluginError,
    UsageError,
)
from inventree_plugins.models import NextStep, Plugin, PluginConfig, Problem
from inventree_plugins.store import Reader
from inventree_plugins.switches import Switch

__all__ = [
    "ChangeResult",
    "DisableOptions",
    "EnableOptions",
    "disable",
    "enable",
    "enableable",
]

FORCE = "`--force` enables it all the same"


class EnableOptions(NamedTuple):
    """What to enable; `force` enables what the server would not load, and rows that nothing provides.

    `with_integration` also turns on the switches that the plugins' mixins need.
    """

    slugs: tuple[str, ...] = ()
    all_in_file: bool = False
    with_integration: bool = False
    force: bool = False
    dry_run: bool = False


class DisableOptions(NamedTuple):
    """What to disable; `every` is safe mode: all but mandatory plugins."""

    slugs: tuple[str, ...] = ()
    every: bool = False
    dry_run: bool = False


class ChangeResult(NamedTuple):
    """Which slugs changed, which were so already, and what remains to be done.

    `entries` describe the named plugins as they are afterwards; `switches` are the names of the integration
    switches that were turned on.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    switches: tuple[str, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def restore_command(self) -> str | None:
        """Return the command that enables again what was disabled, whatever became of it."""
        return command_line("enable --force", *self.changed) if self.changed else None


class Enabling(NamedTuple):
    """What enabling would change, as of one moment of the store: slugs and integration switches."""

    entries: tuple[Entry, ...]
    changed: tuple[str, ...]
    switches: Mapping[str, Switch]
    turned_on: tuple[str, ...] = ()
    has_rowless: bool = False

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Return the plugins of the entries, as far as they can be read."""
        return tuple(entry.plugin for entry in self.entries if entry.plugin)


def enable(context: Context, options: EnableOptions) -> ChangeResult:
    """Enable plugins, creating rows that are missing.

    Raises PluginNotFoundError, SlugCollisionError, UnloadablePluginError and SwitchFixedError before
    anything changes.
    """
    survey = _survey(context, options)
    slugs = _slugs_to_enable(survey, options)
    store = context.open_store()
    with store.reading() as reader:
        plan = _plan_enabling(context, survey, slugs, reader, options)
    entries = plan.entries
    if (plan.changed or plan.turned_on) and not options.dry_run:
        with store.writing() as writer:
            # Judged anew: another invplug or the server may have written in between.
            plan = _plan_enabling(context, survey, slugs, writer, options)
            activate(writer, survey, plan.changed)
            for name in plan.turned_on:
                writer.set_global_value(name, ON)
            entries = take_entries(context, survey, writer.rows(), slugs)
    changed = frozenset(plan.changed)
    unchanged = tuple(slug for slug in slugs if slug not in changed)
    steps = _enable_steps(context, plan)
    return ChangeResult(plan.changed, unchanged, entries, plan.turned_on, steps, survey.problems)


def _survey(context: Context, options: EnableOptions) -> Survey:
    """Look around; by force, rows are enabled also where nothing can be seen."""
    try:
        return take_survey(context)
    except InterpreterError as error:
        if not options.force or options.all_in_file:
            raise
        return blind_survey(error)


def _plan_enabling(
    context: Context, survey: Survey, slugs: tuple[str, ...], reader: Reader, options: EnableOptions
) -> Enabling:
    rows = reader.rows()
    entries = enableable(context, survey, slugs, rows, force=options.force)
    changed = tuple(entry.slug for entry in entries if not entry.enabled)
    with_row = {*(row.key for row in rows), *changed}
    has_rowless = any(plugin.slug not in with_row for plugin in survey.discovery.plugins)
    plan = Enabling(entries, changed, read_switches(context, reader), has_rowless=has_rowless)
    if options.with_integration:
        plan = plan._replace(turned_on=switches_to_turn_on(plan.plugins, plan.switches))
    return plan


def _slugs_to_enable(survey: Survey, options: EnableOptions) -> tuple[str, ...]:
    slugs = list(options.slugs)
    if options.all_in_file:
        for problem in survey.problems:
            raise PluginsFileError(problem.message, hint=problem.hint, path=problem.path, line=problem.line)
        declared = {item.name for item in survey.declared}
        slugs += [
            plugin.slug
            for plugin in survey.discovery.plugins
            if plugin.distribution is not None and plugin.distribution.key in declared
        ]
    elif not slugs:
        raise UsageError("name the plugins to enable, or pass `--all-in-file`")
    return tuple(dict.fromkeys(slugs))


def enableable(
    context: Context, survey: Survey, slugs: tuple[str, ...], rows: Iterable[PluginConfig], *, force: bool
) -> tuple[Entry, ...]:
    """Return the entries of `slugs`; raise where one cannot be enabled."""
    rows = tuple(rows)
    entries = {entry.slug: entry for entry in take_entries(context, survey, rows, slugs)}
    for slug in slugs:
        if slug not in entries:
            raise not_found(slug, take_entries(context, survey, rows))
        _refuse_unloadable(entries[slug], force=force)
    return tuple(entries[slug] for slug in slugs)


def _refuse_unloadable(entry: Entry, *, force: bool) -> None:
    slug = entry.slug
    if force and entry.row is not None:
        return
    if entry.source is None:
        problem = entry.problems[0]
        raise PluginNotFoundError(problem.message, hint=problem.hint, slug=slug)
    if entry.enabled or force:
        return
    for problem in entry.blocking_problems:
        kind = SlugCollisionError if problem.code == "slug-collision" else UnloadablePluginError
        raise kind(
            problem.message,
            hint=f"{problem.hint}; {FORCE}" if problem.hint else FORCE,
            slug=slug,
            path=problem.path,
            line=problem.line,
        )


def _enable_steps(context: Context, plan: Enabling) -> tuple[NextStep, ...]:
    """Name the gates that are shut for all, and what must be run for those that change."""
    now_on = {name: Switch(name, on=True) for name in plan.turned_on}
    changed = frozenset(plan.changed)
    new = (plugin for plugin in plan.plugins if plugin.slug in changed)
    actions = action_steps(context, new, has_rowless=plan.has_rowless)
    if (plan.changed or plan.turned_on) and not actions:
        actions = (restart_step(context, plan.changed),)
    return (*gate_steps(context, plan.plugins, {**plan.switches, **now_on}), *actions)


def disable(context: Context, options: DisableOptions) -> ChangeResult:
    """Disable plugins; the interpreter is asked only about slugs without a row.

    Raises MandatoryPluginError and PluginNotFoundError before anything changes.
    """
    if not options.slugs and not options.every:
        raise UsageError("name the plugins to disable, or pass `--all`")
    store = context.open_store()
    with store.reading() as reader:
        changed, unchanged = _plan_disabling(context, options, reader.rows())
    if changed and not options.dry_run:
        with store.writing() as writer:
            changed, unchanged = _plan_disabling(context, options, writer.rows())
            writer.set_active(changed, active=False)
    steps = (restart_step(context, changed),) if changed else ()
    return ChangeResult(changed, unchanged, next_steps=steps)


def _plan_disabling(
    context: Context, options: DisableOptions, rows: Iterable[PluginConfig]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    by_key = {row.key: row for row in rows}
    slugs = tuple(dict.fromkeys(options.slugs))
    if options.every:
        mandatory = {slug for slug in by_key if is_mandatory_slug(context, slug)}
        slugs = (*slugs, *(row.key for row in by_key.values() if row.active and row.key not in mandatory))
    for slug in options.slugs:
        _refuse_mandatory(context, slug)
    _require_known(context, tuple(slug for slug in slugs if slug not in by_key))
    changed = dict.fromkeys(slug for slug in slugs if slug in by_key and by_key[slug].active)
    return tuple(changed), tuple(slug for slug in slugs if slug not in changed)


def _refuse_mandatory(context: Context, slug: str) -> None:
    if not is_mandatory_slug(context, slug):
        return
    configured = slug in context.instance.plugins_mandatory.value
    assumed = context.instance.mandatory.unknown
    own = "as in InvenTree 1.5; the server's source is not known" if assumed else "the server's own list"
    origin = context.instance.plugins_mandatory.origin if configured else own
    raise MandatoryPluginError(
        f"`{slug}` is mandatory ({origin}): the server activates it, whatever its row says",
        hint="take it out of `plugins_mandatory`" if configured else "it cannot be disabled",
        slug=slug,
    )


def _require_known(context: Context, slugs: tuple[str, ...]) -> None:
    """Raise PluginNotFoundError unless each slug, none of which has a row, is at least discovered."""
    if not slugs:
        return
    survey = take_survey(context)
    discovered = take_entries(context, survey, ())
    for slug in slugs:
        if not any(entry.slug == slug for entry in discovered):
            raise not_found(slug, discovered)
