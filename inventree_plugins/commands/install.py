"""`invplug install`: packages first, then plugins.txt, then rows, then what is to be enabled."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.enable import enableable
from inventree_plugins.commands.gates import action_steps, gate_steps
from inventree_plugins.commands.install_plan import Plan, make_plan, unmet_now
from inventree_plugins.commands.inventory import Entry, take_entries
from inventree_plugins.commands.rows import activate, create_rows
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.commands.switches import read_switches
from inventree_plugins.errors import InvplugError
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.models import Declaration, NextStep, PluginConfig, Problem
from inventree_plugins.packages import (
    InstalledPackage,
    InstallReport,
    InstallRequest,
    PipInstaller,
    normalize,
)
from inventree_plugins.process import run
from inventree_plugins.requirements import (
    option_lines,
)

__all__ = ["InstallOptions", "InstallResult", "install"]


@dataclass(frozen=True, slots=True)
class InstallOptions:
    """What to install; no requirement means all of plugins.txt."""

    requirements: tuple[str, ...] = ()
    enable: bool = False
    upgrade: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What the command did, or with a dry run would do.

    `installed` are packages with what they needed, `recorded` requirements new in plugins.txt, `created`
    the slugs of new rows, `enabled` those switched on. `entries` are the plugins that were asked for.
    `error` is what went wrong after packages had changed already.
    """

    installed: tuple[InstalledPackage, ...] = ()
    satisfied: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    changed: bool = False
    error: InvplugError | None = None


def install(context: Context, options: InstallOptions) -> InstallResult:
    """Install plugin packages, record them in plugins.txt and create the rows of what they bring.

    Whatever can be refused is refused before the installer starts. Raises PluginsFileError,
    RequirementError, InstallError, DatabaseError, FileAccessError and LockTimeoutError.
    """
    with context.open_store().reading():
        # A database that cannot be used must be known before packages change.
        pass
    if options.dry_run:
        plan = make_plan(context, options.requirements)
        report = _run_installer(context, options, plan) if _is_needed(options, plan) else InstallReport()
        return _dry_result(context, options, plan, report)
    with context.environment_lock():
        plan = make_plan(context, options.requirements)
        if plan.recorded:
            ensure_writable(plan.file.path)
        report = InstallReport()
        if _is_needed(options, plan):
            context.require_writable_store()
            report = _run_installer(context, options, plan)
            context.forget_interpreter()
        done = replace(_base_result(plan, report), recorded=())
        try:
            if plan.recorded:
                replace_text(plan.file.path, plan.new_text)
                done = replace(done, recorded=plan.recorded)
            return _settle(context, options, plan, report)
        except InvplugError as error:
            if not (done.installed or done.recorded):
                raise
            # Packages cannot be put back: what was done is told together with what was not.
            return replace(done, changed=True, error=error)


def _is_needed(options: InstallOptions, plan: Plan) -> bool:
    return plan.needs_installer or (options.upgrade and bool(plan.wanted))


def _run_installer(context: Context, options: InstallOptions, plan: Plan) -> InstallReport:
    installer = PipInstaller(context.interpreter.executable, run)
    whole_file = not options.requirements
    request = InstallRequest(
        requirements_file=plan.file.path if whole_file else None,
        requirements=() if whole_file else tuple(map(_installer_line, plan.wanted)),
        options=() if whole_file else option_lines(plan.file),
        declarations=plan.wanted,
        upgrade=options.upgrade,
        dry_run=options.dry_run,
    )
    return installer.install(request, on_line=context.on_output)


def _installer_line(declaration: Declaration) -> str:
    if declaration.editable and not declaration.text.startswith("-e"):
        return f"-e {declaration.text}"
    return declaration.text


def _base_result(plan: Plan, report: InstallReport) -> InstallResult:
    """Say what the installer did, and what needed nothing."""
    return InstallResult(
        installed=report.installed,
        satisfied=tuple(
            item.text for item in plan.wanted if item not in plan.missing and item not in plan.excluded
        ),
        recorded=plan.recorded,
    )


def _dry_result(
    context: Context, options: InstallOptions, plan: Plan, report: InstallReport
) -> InstallResult:
    """Foretell the rows too, as far as plugins are there to be seen: others are known when installed."""
    survey = take_survey(Context(context.instance, lock_timeout=context.lock_timeout, use_cache=False))
    with context.open_store().reading() as reader:
        rows = reader.rows()
    brought = _brought(survey, plan, report)
    enabled: tuple[str, ...] = ()
    if options.enable:
        wanted = enableable(context, survey, brought, rows, force=False)
        enabled = tuple(entry.slug for entry in wanted if not entry.enabled)
    return replace(
        _base_result(plan, report),
        created=_without_row(survey, rows),
        enabled=enabled,
        entries=take_entries(context, survey, rows, brought),
        problems=(*survey.problems, *survey.discovery.problems, *_requirement_problems(survey, plan)),
    )


def _settle(context: Context, options: InstallOptions, plan: Plan, report: InstallReport) -> InstallResult:
    """Create the missing rows, enable what was asked for, and say what there is now."""
    survey = take_survey(context)
    brought = _brought(survey, plan, report)
    rows, created = _create_missing_rows(context, survey)
    enabled: tuple[str, ...] = ()
    error = None
    if options.enable:
        try:
            rows, enabled = _enable(context, survey, brought, rows)
        except InvplugError as refusal:
            if not (report.installed or plan.recorded or created):
                raise
            error = refusal
    entries = take_entries(context, survey, rows, brought)
    installed: set[str] = {normalize(package.name) for package in report.installed}
    changed_plugins = [
        entry.plugin
        for entry in entries
        if entry.plugin and entry.enabled and _is_touched(entry, installed, enabled)
    ]
    with context.open_store().reading() as reader:
        steps = (
            *gate_steps(context, changed_plugins, read_switches(context, reader)),
            *action_steps(context, changed_plugins),
        )
    broken = unmet_now(context, plan.file, plan.others) if report.installed else ()
    return replace(
        _base_result(plan, report),
        created=created,
        enabled=enabled,
        entries=entries,
        problems=(
            *survey.problems,
            *survey.discovery.problems,
            *_requirement_problems(survey, plan),
            *map(_broken, broken),
            *_blocking(entries, error),
            *_doubtful_target(context, survey),
        ),
        next_steps=steps,
        changed=bool(report.installed or plan.recorded or created or enabled),
        error=error,
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


def _is_touched(entry: Entry, installed: set[str], enabled: tuple[str, ...]) -> bool:
    package = entry.package_name
    return entry.slug in enabled or (package is not None and normalize(package) in installed)


def _brought(survey: Survey, plan: Plan, report: InstallReport) -> tuple[str, ...]:
    """Return the slugs of the plugins that the command was asked for, whether new or there already."""
    # A bare URL or path tells its name only when it is installed.
    names = {item.name for item in plan.wanted if item.name}
    names |= {normalize(package.name) for package in report.installed if package.requested}
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


def _requirement_problems(survey: Survey, plan: Plan) -> Iterable[Problem]:
    """Report requirements that a marker rules out though they were named, and those without a plugin."""
    if plan.asked_by_name:
        yield from map(_not_applicable, plan.excluded)
    installed = {distribution.key: distribution for distribution in survey.distributions}
    for item in plan.wanted:
        distribution = installed.get(item.name) if item.name else None
        if distribution is not None and not distribution.entry_points:
            yield _no_plugin(item)


def _no_plugin(item: Declaration) -> Problem:
    return Problem(
        "no-plugin",
        f"`{item.name}` has no `inventree_plugins` entry point, so it brings no plugin",
        hint=f"is it a plugin for InvenTree? `invplug uninstall {item.name}` takes it out again",
        **_place(item),
    )


def _not_applicable(item: Declaration) -> Problem:
    return Problem(
        "requirement-not-applicable",
        f"`{item.text}` was not installed: its marker rules out the target's Python",
        hint="change the marker, or remove it",
        **_place(item),
    )


def _broken(item: Declaration) -> Problem:
    return Problem(
        "requirement-broken",
        f"`{item.text}` was satisfied before and is not any more: what was installed now excludes it",
        hint="`invplug install` without arguments looks for versions that suit all of plugins.txt",
        **_place(item),
    )


def _place(item: Declaration) -> dict[str, Any]:
    """Return where a requirement stands; one of the command line stands in no file."""
    return {"path": item.path, "line": item.line} if item.line else {}
