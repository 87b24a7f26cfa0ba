"""`invplug install`: packages and plugins.txt in one step, then rows, then what is to be enabled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inventree_plugins.commands.applying import (
    NOTHING_PREPARED,
    Installed,
    PlannedPackage,
    Prepared,
    prepare,
    put_in_place,
    take_installed,
)
from inventree_plugins.commands.changing import changing
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.culprit import blamed, with_culprit
from inventree_plugins.commands.indexes import NO_SOURCES, in_both
from inventree_plugins.commands.install_plan import Plan, lines_of, make_plan, request_for, unmet_now, without
from inventree_plugins.commands.install_refusals import (
    refuse_the_servers_own,
    refuse_unfit,
    require_plugins,
    require_staged_plugins,
)
from inventree_plugins.commands.inventory import Entry
from inventree_plugins.commands.package_problems import broken, host_changes
from inventree_plugins.commands.plugins_file_unchanged import require_unchanged
from inventree_plugins.commands.recording import kept_options, pinned_plan
from inventree_plugins.commands.settling import Settled, foretell, settle
from inventree_plugins.errors import InstallError, InvplugError
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.models import Declaration, NextStep, Problem
from inventree_plugins.packages import (
    normalize,
    require_changeable,
)
from inventree_plugins.requirements import (
    Sources,
    declarations,
)
from inventree_plugins.transaction import Transaction

__all__ = ["InstallOptions", "InstallResult", "install"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallOptions:
    """What to install; no requirement means all of plugins.txt."""

    requirements: tuple[str, ...] = ()
    enable: bool = False
    upgrade: bool = False
    dry_run: bool = False
    keep_going: bool = False
    require_plugin: bool = False
    pin: bool = False
    sources: Sources = NO_SOURCES
    allow_host_changes: bool = False
    locked: bool = False
    bundle: Path | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What the command did, or with a dry run would do.

    `plan` is what happened to packages, `recorded` requirements new in plugins.txt, `kept` options that are
    new there, `created` the slugs of new rows, `enabled` those switched on. `entries` are the plugins that
    were asked for. `errors` are requirements that could not be installed, and what went wrong after packages
    had changed already.
    """

    plan: tuple[PlannedPackage, ...] = ()
    satisfied: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    changed: bool = False
    errors: tuple[InvplugError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Work:
    """A plan that can be carried out, what is prepared for it, and the requirements it had to give up."""

    plan: Plan
    prepared: Prepared = NOTHING_PREPARED
    problems: tuple[Problem, ...] = ()
    failures: tuple[InstallError, ...] = ()


def install(context: Context, options: InstallOptions) -> InstallResult:
    """Install plugin packages, record them in plugins.txt and create the rows of what they bring.

    Whatever can be refused is refused before anything changes. Packages and plugins.txt change in one step,
    or not at all. Raises PluginsFileError, RequirementError, InstallError, DatabaseError, FileAccessError and
    LockTimeoutError.
    """
    with context.open_store().reading():
        # A database that cannot be used must be known before packages change.
        pass
    if options.dry_run:
        return _rehearse(context, options)
    with changing(context) as finished:
        plan = _plan(context, options)
        if not _is_needed(options, plan):
            done = _record(context, options, plan)
        else:
            done = _change(context, options, plan)
        return replace(done, problems=(*finished, *done.problems))


def _plan(context: Context, options: InstallOptions) -> Plan:
    """Compare what is asked for, or what a lock has for it, with what there is."""
    # A lock is installed from other places without becoming another one.
    kept = NO_SOURCES if options.locked else options.sources
    plan = replace(make_plan(context, options.requirements, kept), sources=options.sources)
    if plan.arguments and not options.allow_host_changes:
        refuse_the_servers_own(context, plan)
    if options.locked or options.bundle is not None:
        from inventree_plugins.commands.locked import bound_to_bundle, bound_to_lock  # noqa: PLC0415 - rare

        if options.bundle is not None:
            return bound_to_bundle(context, plan, options.bundle)
        plan = bound_to_lock(context, plan)
    if options.offline:
        from inventree_plugins.commands.offline import require_local  # noqa: PLC0415 - rare

        require_local(plan)
    return replace(plan, offline=options.offline)


def _is_needed(options: InstallOptions, plan: Plan) -> bool:
    return plan.needs_installer or (options.upgrade and bool(plan.wanted))


def _rehearse(context: Context, options: InstallOptions) -> InstallResult:
    plan = _plan(context, options)
    work = _Work(plan)
    if _is_needed(options, plan):
        installed = take_installed(context, declarations(plan.file))
        work = _prepare(context, options, plan, installed, transaction=None)
        if options.pin:
            work = replace(work, plan=pinned_plan(context, work.plan, installed, work.prepared))
    changed = {normalize(each.name) for each in work.prepared.plan}
    told = foretell(context, work.plan.wanted, changed, enable=options.enable)
    return _result(work, told, problems=_requirement_problems(told, work.plan))


def _record(context: Context, options: InstallOptions, plan: Plan) -> InstallResult:
    """Bring plugins.txt and rows up to date where no package is missing."""
    if options.require_plugin or options.pin:
        installed = take_installed(context, ())
        names = {item.name for item in plan.wanted}
        found = [each for each in installed.distributions if each.key in names]
        if options.require_plugin:
            require_plugins((each.name, bool(each.entry_points)) for each in found)
        if options.pin:
            plan = pinned_plan(context, plan, installed, NOTHING_PREPARED)
    if plan.changes_file:
        ensure_writable(plan.file.path)
        replace_text(plan.file.path, plan.new_text)
    return _settle(context, options, _Work(plan))


def _change(context: Context, options: InstallOptions, plan: Plan) -> InstallResult:
    if plan.changes_file:
        ensure_writable(plan.file.path)
    require_changeable(context.interpreter)
    context.require_writable_store()
    installed = take_installed(context, declarations(plan.file))
    with Transaction(context.transaction_area) as transaction:
        work = _prepare(context, options, plan, installed, transaction=transaction)
        problems = tuple(in_both(context, plan.file, options.sources, work.prepared.packages))
        work = replace(work, problems=problems)
        if options.pin:
            work = replace(work, plan=pinned_plan(context, work.plan, installed, work.prepared))
        context.on_plan(work.prepared.plan)
        if work.prepared.plan or work.plan.changes_file:
            if work.plan.changes_file:
                require_unchanged(work.plan.file)
                transaction.write(work.plan.file.path, work.plan.new_text)
            put_in_place(context, transaction, work.prepared, installed)
    # Packages may bring `.pth` files.
    context.forget_interpreter()
    return _settle(context, options, work)


def _prepare(
    context: Context,
    options: InstallOptions,
    plan: Plan,
    installed: Installed,
    *,
    transaction: Transaction | None,
) -> _Work:
    """Resolve and unpack what the plan needs; give up single requirements where that was asked for."""
    failures: list[InstallError] = []
    permission = options.allow_host_changes
    while True:
        folder = transaction.folder / f"stage-{len(failures)}" if transaction else None
        if plan.locked is not None:
            from inventree_plugins.commands.locked import prepare_locked  # noqa: PLC0415 - rare

            return _Work(
                plan, prepare_locked(context, plan, installed, folder, allow_host_changes=permission)
            )
        request = request_for(plan, installed, allow_host_changes=permission)
        request = replace(request, upgrade=options.upgrade)
        if plan.offline:
            from inventree_plugins.commands.offline import as_offline  # noqa: PLC0415 - rare

            request = as_offline(request, plan, installed)
        try:
            prepared = prepare(context, request, installed, folder)
            if options.require_plugin:
                require_staged_plugins(prepared)
            if options.upgrade:
                refuse_unfit(context, prepared, installed)
            return _Work(plan, prepared, failures=tuple(failures))
        except InstallError as error:
            failure = with_culprit(context, request, error, lines_of(plan))
            culprit = blamed(failure, plan.wanted)
            if culprit is not None and (failure.line is None or options.keep_going):
                failure = _at(failure, culprit)
            if not options.keep_going or culprit is None:
                raise failure from error
        failures.append(failure)
        plan = without(context, plan, culprit)
        if not _is_needed(options, plan):
            return _Work(plan, failures=tuple(failures))


def _at(failure: InstallError, culprit: Declaration) -> InstallError:
    """Return the failure with the place of the line that is given up for it."""
    if culprit.line:
        failure.path, failure.line = culprit.path, culprit.line
    return failure


def _settle(context: Context, options: InstallOptions, work: _Work) -> InstallResult:
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


def _result(work: _Work, settled: Settled | None, *, problems: Iterable[Problem] = ()) -> InstallResult:
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
