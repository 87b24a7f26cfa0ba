"""What `install` does once packages are unpacked: they are put in place and recorded, and rows seen to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from inventree_plugins.commands.applying import NOTHING_PREPARED, Installed, take_installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.indexes import in_both
from inventree_plugins.commands.install_plan import Plan, unmet_now
from inventree_plugins.commands.install_terms import InstallOptions, InstallResult, Work
from inventree_plugins.commands.package_problems import broken, host_changes
from inventree_plugins.commands.placing import put_in_place
from inventree_plugins.commands.plugins_file_unchanged import require_unchanged
from inventree_plugins.commands.recording import kept_options, pinned_plan
from inventree_plugins.commands.settling import Settled, foretell, settle
from inventree_plugins.errors import InvplugError
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.models import Declaration, Problem
from inventree_plugins.packages import normalize
from inventree_plugins.transaction import Transaction

__all__ = ["carry_out", "finish", "foresee", "record"]


def foresee(
    context: Context, options: InstallOptions, work: Work, installed: Installed | None
) -> InstallResult:
    """Tell what would happen; without `installed`, no package would change."""
    if options.pin and installed is not None:
        work = replace(work, plan=pinned_plan(context, work.plan, installed, work.prepared))
    changed = {normalize(each.name) for each in work.prepared.plan}
    told = foretell(context, work.plan.wanted, changed, enable=options.enable)
    return _result(work, told, problems=_requirement_problems(told, work.plan))


def record(context: Context, options: InstallOptions, plan: Plan) -> InstallResult:
    """Bring plugins.txt and rows up to date where no package is missing."""
    if options.require_plugin or options.pin:
        installed = take_installed(context, ())
        names = {item.name for item in plan.wanted}
        found = [each for each in installed.distributions if each.key in names]
        if options.require_plugin:
            from inventree_plugins.commands.install_refusals import require_plugins  # noqa: PLC0415 - rare

            require_plugins((each.name, bool(each.entry_points)) for each in found)
        if options.pin:
            plan = pinned_plan(context, plan, installed, NOTHING_PREPARED)
    if plan.changes_file:
        ensure_writable(plan.file.path)
        replace_text(plan.file.path, plan.new_text)
    return finish(context, options, Work(plan))


def carry_out(
    context: Context, options: InstallOptions, work: Work, installed: Installed, transaction: Transaction
) -> Work:
    """Show the plan, then put packages and plugins.txt in place; return the work with what there is to say.

    Raises InstallError, PluginsFileError and FileAccessError, with all as before.
    """
    problems = tuple(in_both(context, work.plan.file, options.sources, work.prepared.packages))
    work = replace(work, problems=problems)
    if options.pin:
        work = replace(work, plan=pinned_plan(context, work.plan, installed, work.prepared))
    context.on_plan(work.prepared.plan)
    if work.prepared.plan or work.plan.changes_file:
        if work.plan.changes_file:
            require_unchanged(work.plan.file)
            transaction.write(work.plan.file.path, work.plan.new_text)
        put_in_place(context, transaction, work.prepared, installed)
    return work


def finish(context: Context, options: InstallOptions, work: Work) -> InstallResult:
    """See to rows once the packages are there; what goes wrong now is told together with what was done."""
    changed = {normalize(each.name) for each in work.prepared.plan}
    has_changed = bool(changed or work.plan.changes_file)
    try:
        settled = settle(context, work.plan.wanted, changed, enable=options.enable)
        if settled.error is not None and not (has_changed or settled.created):
            raise settled.error
    except InvplugError as error:
        if not has_changed:
            raise
        done = _result(work, None)
        return replace(done, changed=True, errors=(*done.errors, error))
    undone = unmet_now(context, work.plan.file, work.plan.others) if changed else ()
    problems = (*_requirement_problems(settled, work.plan), *broken(undone))
    return replace(
        _result(work, settled, problems=problems),
        changed=bool(has_changed or settled.created or settled.enabled),
    )


def _result(work: Work, settled: Settled | None, *, problems: Iterable[Problem] = ()) -> InstallResult:
    result = InstallResult(
        plan=work.prepared.plan,
        satisfied=work.plan.satisfied,
        recorded=work.plan.recorded,
        kept=kept_options(work.plan),
        problems=(*host_changes(work.prepared.plan), *work.plan.problems, *work.problems, *problems),
        errors=work.failures,
    )
    if settled is None:
        return result
    return replace(
        result,
        created=settled.created,
        enabled=settled.enabled,
        entries=settled.entries,
        problems=(*result.problems, *settled.problems),
        next_steps=settled.next_steps,
        errors=(*work.failures, *((settled.error,) if settled.error else ())),
    )


def _requirement_problems(settled: Settled, plan: Plan) -> Iterator[Problem]:
    """Report requirements that a marker rules out though they were named, and those without a plugin."""
    if plan.arguments:
        yield from map(_not_applicable, plan.excluded)
    installed = {distribution.key: distribution for distribution in settled.survey.distributions}
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


def _place(item: Declaration) -> dict[str, Any]:
    """Return where a requirement stands; one of the command line stands in no file."""
    return {"path": item.path, "line": item.line} if item.line else {}
