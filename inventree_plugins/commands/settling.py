"""After packages changed: rows for the plugins they brought, what is to be enabled, and what there is now."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.enable import enableable
from inventree_plugins.commands.gates import action_steps, gate_steps
from inventree_plugins.commands.inventory import Entry, take_entries
from inventree_plugins.commands.rows import activate, create_rows
from inventree_plugins.commands.second_writer import second_writer
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.commands.switches import read_switches
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Declaration, NextStep, PluginConfig, Problem
from inventree_plugins.packages import normalize

__all__ = ["Settled", "foretell", "settle"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of plugins now; `entries` are those that were asked for, `created` slugs of new rows."""

    survey: Survey
    entries: tuple[Entry, ...] = ()
    created: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    error: InvplugError | None = None


def settle(
    context: Context, wanted: Iterable[Declaration], changed: Collection[str], *, enable: bool
) -> Settled:
    """Create the missing rows, enable what `wanted` brings where that is asked for, and look at it all.

    `changed` are normalised names of packages that were put in. A plugin that cannot be enabled is the
    result's error, and then none is. Raises DatabaseError and LockTimeoutError.
    """
    survey = take_survey(context)
    brought = _brought(survey, wanted, changed)
    rows, created = _create_missing_rows(context, survey)
    enabled: tuple[str, ...] = ()
    error = None
    if enable:
        try:
            rows, enabled = _enable(context, survey, brought, rows)
        except InvplugError as refusal:
            error = refusal
    entries = take_entries(context, survey, rows, brought)
    plugins = [
        entry.plugin
        for entry in entries
        if entry.plugin and entry.enabled and _is_touched(entry, changed, enabled)
    ]
    with context.open_store().reading() as reader:
        steps = (
            *gate_steps(context, plugins, read_switches(context, reader)),
            *action_steps(context, plugins),
        )
        other_writers = tuple(second_writer(context, reader)) if changed else ()
    problems = (
        *survey.problems,
        *survey.discovery.problems,
        *_blocking(entries, error),
        *_doubtful_target(context, survey),
        *other_writers,
    )
    return Settled(survey, entries, created, enabled, problems, steps, error)


def foretell(
    context: Context, wanted: Iterable[Declaration], changed: Collection[str], *, enable: bool
) -> Settled:
    """Tell what `settle` would do, as far as plugins are there to be seen: others are known later."""
    survey = take_survey(Context(context.instance, lock_timeout=context.lock_timeout, use_cache=False))
    with context.open_store().reading() as reader:
        rows = reader.rows()
    brought = _brought(survey, wanted, changed)
    enabled: tuple[str, ...] = ()
    if enable:
        entries = enableable(context, survey, brought, rows, force=False)
        enabled = tuple(entry.slug for entry in entries if not entry.enabled)
    return Settled(
        survey,
        take_entries(context, survey, rows, brought),
        _without_row(survey, rows),
        enabled,
        (*survey.problems, *survey.discovery.problems),
    )


def _blocking(entries: Iterable[Entry], error: InvplugError | None) -> Iterable[Problem]:
    """Report what keeps plugins from loading, unless the error says it."""
    said = error.message if error else None
    return (problem for entry in entries for problem in entry.blocking_problems if problem.message != said)


def _doubtful_target(context: Context, survey: Survey) -> Iterable[Problem]:
    """Warn where the target is invplug's own environment and no server can run in it."""
    is_own = survey.interpreter.prefix == Path(sys.prefix)
    has_django = any(distribution.key == "django" for distribution in survey.distributions)
    if is_own and not has_django and not context.instance.standalone:
        yield Problem(
            "doubtful-target",
            f"the packages belong to invplug's own environment `{survey.interpreter.prefix}`,"
            " in which no InvenTree server can run",
            hint="name the Python that runs the server with `--python PATH`",
            path=survey.interpreter.executable,
        )


def _is_touched(entry: Entry, changed: Collection[str], enabled: tuple[str, ...]) -> bool:
    package = entry.package_name
    return entry.slug in enabled or (package is not None and normalize(package) in changed)


def _brought(survey: Survey, wanted: Iterable[Declaration], changed: Collection[str]) -> tuple[str, ...]:
    """Return the slugs of the plugins that the command was asked for, whether new or there already."""
    # A bare URL or path tells its name only when it is installed.
    is_nameless = any(item.name is None for item in wanted)
    names = {item.name for item in wanted if item.name} | (set(changed) if is_nameless else set())
    return tuple(
        plugin.slug
        for plugin in survey.discovery.plugins
        if plugin.distribution is not None and plugin.distribution.key in names
    )


def _create_missing_rows(
    context: Context, survey: Survey
) -> tuple[tuple[PluginConfig, ...], tuple[str, ...]]:
    """Return all rows, and the slugs of those that were created."""
    store = context.open_store()
    with store.reading() as reader:
        rows = reader.rows()
    created: tuple[str, ...] = ()
    if _without_row(survey, rows):
        with store.writing() as writer:
            created = create_rows(writer, survey)
            rows = writer.rows()
    return rows, created


def _without_row(survey: Survey, rows: Iterable[PluginConfig]) -> tuple[str, ...]:
    known = {row.key for row in rows}
    return tuple(plugin.slug for plugin in survey.discovery.plugins if plugin.slug not in known)


def _enable(
    context: Context, survey: Survey, slugs: tuple[str, ...], rows: tuple[PluginConfig, ...]
) -> tuple[tuple[PluginConfig, ...], tuple[str, ...]]:
    """Enable all of `slugs` or, raising, none; return all rows, and the slugs that changed."""
    entries = enableable(context, survey, slugs, rows, force=False)
    wanted = tuple(entry.slug for entry in entries if not entry.enabled)
    if not wanted:
        return rows, ()
    with context.open_store().writing() as writer:
        enabled = activate(writer, survey, wanted)
        return writer.rows(), enabled
