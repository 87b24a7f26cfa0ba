"""`invplug install`: packages first, then plugins.txt, then rows, then what is to be enabled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.enable import activate, create_rows, plan_enabling
from inventree_plugins.commands.gates import NextStep, action_steps, gate_steps
from inventree_plugins.commands.inventory import Entry, take_inventory
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.errors import PluginsFileError
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.models import Declaration, Problem
from inventree_plugins.packages import (
    InstalledPackage,
    InstallReport,
    InstallRequest,
    PipInstaller,
    installed_distributions,
    normalize,
    unmet,
)
from inventree_plugins.process import run
from inventree_plugins.requirements import (
    PluginsFile,
    add,
    declarations,
    find_declaration,
    option_lines,
    parse_requirement_argument,
    read_plugins_file,
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, what of it is missing, and how plugins.txt reads afterwards."""

    file: PluginsFile
    wanted: tuple[Declaration, ...]
    missing: tuple[Declaration, ...]
    new_text: str
    recorded: tuple[str, ...]


def install(context: Context, options: InstallOptions) -> InstallResult:
    """Install plugin packages, record them in plugins.txt and create the rows of what they bring.

    Whatever can be refused is refused before the installer starts. Raises PluginsFileError,
    RequirementError, InstallError, DatabaseError, FileAccessError and LockTimeoutError.
    """
    with context.open_store().reading():
        # A database that cannot be used must be known before packages change.
        pass
    if options.dry_run:
        plan = make_plan(context, options)
        report = _run_installer(context, options, plan) if _is_needed(options, plan) else InstallReport()
        return _dry_result(plan, report)
    with context.environment_lock():
        plan = make_plan(context, options)
        if plan.recorded:
            ensure_writable(plan.file.path)
        report = _run_installer(context, options, plan) if _is_needed(options, plan) else InstallReport()
        if plan.recorded:
            replace_text(plan.file.path, plan.new_text)
        return _settle(context, options, plan, report)


def _is_needed(options: InstallOptions, plan: Plan) -> bool:
    return bool(plan.missing) or (options.upgrade and bool(plan.wanted))


def make_plan(context: Context, options: InstallOptions) -> Plan:
    """Compare what is asked for with what is installed, before anything is started."""
    file = read_plugins_file(context.instance.plugins_file.value)
    declared = declarations(file)
    if options.requirements:
        wanted, recorded, new_text = _named(file, options.requirements)
    else:
        wanted, recorded, new_text = declared, (), file.text
        if not file.exists:
            raise PluginsFileError(
                f"there is no `{file.path}`",
                hint="`invplug install PACKAGE` creates it; `--plugins-file FILE` names another one",
                path=file.path,
            )
    interpreter = context.interpreter
    missing = unmet(wanted, installed_distributions(interpreter.import_path), interpreter)
    return Plan(file, wanted, missing, new_text, recorded)


def _named(file: PluginsFile, texts: Iterable[str]) -> tuple[tuple[Declaration, ...], tuple[str, ...], str]:
    """Return the requirements named on the command line, those to record, and the text that records them.

    A bare name stands for the line of plugins.txt that has it already, pin included.
    """
    wanted: dict[str, Declaration] = {}
    recorded = []
    current = file
    for text in texts:
        asked = parse_requirement_argument(text, cwd=Path.cwd())
        new_text = add(current, [asked.text])
        if new_text != current.text:
            recorded.append(asked.text)
            current = PluginsFile(file.path, new_text, exists=True)
        standing = find_declaration(current, asked.name) if asked.name else None
        chosen = standing or asked
        wanted[chosen.name or chosen.text] = chosen
    return tuple(wanted.values()), tuple(recorded), current.text


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


def _dry_result(plan: Plan, report: InstallReport) -> InstallResult:
    missing = {item.text for item in plan.missing}
    return InstallResult(
        installed=report.installed,
        satisfied=tuple(item.text for item in plan.wanted if item.text not in missing),
        recorded=plan.recorded,
    )


def _settle(context: Context, options: InstallOptions, plan: Plan, report: InstallReport) -> InstallResult:
    """Create the missing rows, enable what was asked for, and say what there is now."""
    survey = take_survey(context)
    brought = _brought(survey, plan, report)
    created, enabled, entries = _write_rows(context, options, survey, brought)
    installed: set[str] = {normalize(package.name) for package in report.installed}
    changed_plugins = [
        entry.plugin
        for entry in entries
        if entry.plugin and entry.enabled and _is_touched(entry, installed, enabled)
    ]
    with context.open_store().reading() as reader:
        on = (entry.plugin for entry in entries if entry.plugin and entry.enabled)
        steps = (*gate_steps(context, on, reader), *action_steps(context, changed_plugins))
    missing = {item.text for item in plan.missing}
    return InstallResult(
        installed=report.installed,
        satisfied=tuple(item.text for item in plan.wanted if item.text not in missing),
        recorded=plan.recorded,
        created=created,
        enabled=enabled,
        entries=entries,
        problems=(*survey.problems, *survey.discovery.problems, *_without_plugin(survey, plan)),
        next_steps=steps,
        changed=bool(report.installed or plan.recorded or created or enabled),
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


def _write_rows(
    context: Context, options: InstallOptions, survey: Survey, brought: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Entry, ...]]:
    """Return the slugs of created rows, of enabled plugins, and the entries of what was brought."""
    store = context.open_store()
    with store.reading() as reader:
        rows = reader.rows()
    known = {row.key for row in rows}
    created: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    if options.enable:
        enabled, _ = plan_enabling(context, survey, brought, rows, force=False)
    if enabled or any(plugin.slug not in known for plugin in survey.discovery.plugins):
        with store.writing() as writer:
            created = create_rows(writer, survey)
            enabled = activate(writer, survey, enabled)
            rows = writer.rows()
    inventory = take_inventory(context, survey, rows)
    return created, enabled, tuple(entry for slug in brought if (entry := inventory.find(slug)))


def _without_plugin(survey: Survey, plan: Plan) -> Iterable[Problem]:
    """Report requirements that are installed but bring no plugin."""
    installed = {distribution.key: distribution for distribution in survey.distributions}
    for item in plan.wanted:
        distribution = installed.get(item.name) if item.name else None
        if distribution is not None and not distribution.entry_points:
            yield Problem(
                "no-plugin",
                f"`{distribution.name}` has no `inventree_plugins` entry point, so it brings no plugin",
                hint="is it a plugin for InvenTree? `invplug uninstall` takes it out again",
                path=item.path,
                line=item.line,
            )
