"""`invplug install`: packages and plugins.txt in one step, then rows, then what is to be enabled.

What comes after the installer's work is `install_outcome`, which is imported while that goes on.
"""

from __future__ import annotations

from dataclasses import replace

from inventree_plugins.commands.ahead import importing_ahead
from inventree_plugins.commands.applying import Installed, Prepared, prepare, take_installed
from inventree_plugins.commands.changing import changing
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.indexes import NO_SOURCES
from inventree_plugins.commands.install_plan import Plan, lines_of, make_plan, request_for, without
from inventree_plugins.commands.install_terms import InstallOptions, InstallResult, Work
from inventree_plugins.errors import InstallError
from inventree_plugins.files import ensure_writable
from inventree_plugins.models import Declaration
from inventree_plugins.packages import require_changeable
from inventree_plugins.requirements import declarations
from inventree_plugins.transaction import Transaction

__all__ = ["InstallOptions", "InstallResult", "install"]


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
            from inventree_plugins.commands.install_outcome import record  # noqa: PLC0415 - later

            done = record(context, options, plan)
        else:
            done = _change(context, options, plan)
        return replace(done, problems=(*finished, *done.problems))


def _plan(context: Context, options: InstallOptions) -> Plan:
    """Compare what is asked for, or what a lock has for it, with what there is."""
    # A lock is installed from other places without becoming another one.
    kept = NO_SOURCES if options.locked else options.sources
    plan = replace(make_plan(context, options.requirements, kept), sources=options.sources)
    if plan.arguments and not options.allow_host_changes:
        from inventree_plugins.commands.install_arguments import refuse_the_servers_own  # noqa: PLC0415

        refuse_the_servers_own(context, plan.file, plan.wanted)
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
    installed, work = None, Work(plan)
    if _is_needed(options, plan):
        installed = take_installed(context, declarations(plan.file))
        with importing_ahead(context):
            work = _prepare(context, options, plan, installed, transaction=None)
    from inventree_plugins.commands.install_outcome import foresee  # noqa: PLC0415 - later

    return foresee(context, options, work, installed)


def _change(context: Context, options: InstallOptions, plan: Plan) -> InstallResult:
    if plan.changes_file:
        ensure_writable(plan.file.path)
    require_changeable(context.interpreter)
    context.require_writable_store()
    installed = take_installed(context, declarations(plan.file))
    with Transaction(context.transaction_area) as transaction:
        with importing_ahead(context):
            work = _prepare(context, options, plan, installed, transaction=transaction)
        from inventree_plugins.commands.install_outcome import carry_out, finish  # noqa: PLC0415 - later

        work = carry_out(context, options, work, installed, transaction)
    # Packages may bring `.pth` files.
    context.forget_interpreter()
    return finish(context, options, work)


def _prepare(
    context: Context,
    options: InstallOptions,
    plan: Plan,
    installed: Installed,
    *,
    transaction: Transaction | None,
) -> Work:
    """Resolve and unpack what the plan needs; give up single requirements where that was asked for."""
    failures: list[InstallError] = []
    permission = options.allow_host_changes
    while True:
        folder = transaction.folder / f"stage-{len(failures)}" if transaction else None
        if plan.locked is not None:
            from inventree_plugins.commands.locked import prepare_locked  # noqa: PLC0415 - rare

            return Work(plan, prepare_locked(context, plan, installed, folder, allow_host_changes=permission))
        request = request_for(plan, installed, allow_host_changes=permission)
        request = replace(request, upgrade=options.upgrade)
        if plan.offline:
            from inventree_plugins.commands.offline import as_offline  # noqa: PLC0415 - rare

            request = as_offline(request, plan, installed)
        try:
            prepared = prepare(context, request, installed, folder)
            _refuse(context, options, prepared, installed)
            return Work(plan, prepared, failures=tuple(failures))
        except InstallError as error:
            from inventree_plugins.commands.culprit import blamed, with_culprit  # noqa: PLC0415 - failures

            failure = with_culprit(context, request, error, lines_of(plan))
            culprit = blamed(failure, plan.wanted)
            if culprit is not None and (failure.line is None or options.keep_going):
                failure = _at(failure, culprit)
            if not options.keep_going or culprit is None:
                raise failure from error
        failures.append(failure)
        plan = without(context, plan, culprit)
        if not _is_needed(options, plan):
            return Work(plan, failures=tuple(failures))


def _refuse(context: Context, options: InstallOptions, prepared: Prepared, installed: Installed) -> None:
    """Raise InstallError for what only the unpacked files of a package tell against it."""
    if not (options.require_plugin or options.upgrade):
        return
    from inventree_plugins.commands import install_refusals  # noqa: PLC0415 - rare

    if options.require_plugin:
        install_refusals.require_staged_plugins(prepared)
    if options.upgrade:
        install_refusals.refuse_unfit(context, prepared, installed)


def _at(failure: InstallError, culprit: Declaration) -> InstallError:
    """Return the failure with the place of the line that is given up for it."""
    if culprit.line:
        failure.path, failure.line = culprit.path, culprit.line
    return failure
