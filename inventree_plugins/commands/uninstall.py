"""`invplug uninstall`: rows off, packages and plugins.txt in one step, and with purge the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from inventree_plugins.commands.applying import NOTHING_PREPARED, PlannedPackage
from inventree_plugins.commands.changing import changing
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.gates import restart_step
from inventree_plugins.commands.placing import put_in_place
from inventree_plugins.commands.plugins_file_unchanged import require_unchanged
from inventree_plugins.commands.remains import Remainder
from inventree_plugins.commands.uninstall_plan import Removal, UninstallOptions, plan_removal
from inventree_plugins.errors import InvplugError
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.models import NextStep, Problem
from inventree_plugins.packages import require_changeable
from inventree_plugins.transaction import Transaction

__all__ = ["UninstallOptions", "UninstallResult", "uninstall"]


@dataclass(frozen=True, slots=True)
class UninstallResult:
    """What was removed, or with a dry run would be; `error` is what went wrong after something was.

    `packages` are those that were named, `dependencies` what only they needed, `plan` both with reasons.
    `remains` is what stays of the plugins.
    """

    packages: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    plan: tuple[PlannedPackage, ...] = ()
    unrecorded: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    remains: tuple[Remainder, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    error: InvplugError | None = None

    @property
    def changed(self) -> bool:
        """Tell whether anything was there to remove."""
        return bool(self.packages or self.unrecorded or self.disabled or self.deleted)


def uninstall(context: Context, options: UninstallOptions) -> UninstallResult:
    """Remove packages with their plugins.txt lines; their rows stay, inactive, unless `purge`.

    Packages, the dependencies that only they brought, and plugins.txt change in one step, or not at all.
    Raises PluginEnabledError, MandatoryPluginError, UsageError for a plugin that is no package,
    RowReferencedError, InstallError and FileAccessError, before anything changes where that can be known.
    """
    if options.dry_run:
        return _result(context, options, plan_removal(context, options))
    with changing(context) as finished:
        removal = plan_removal(context, options)
        if removal.departure.distributions:
            require_changeable(context.interpreter)
        if removal.unrecorded:
            ensure_writable(removal.file.path)
        if options.purge and removal.rows:
            context.require_writable_store()
        context.on_plan(removal.departure.plan)
        done = _apply(context, options, removal)
    return replace(done, problems=(*finished, *done.problems))


def _apply(context: Context, options: UninstallOptions, removal: Removal) -> UninstallResult:
    plan = _result(context, options, removal)
    done = UninstallResult(absent=plan.absent, problems=plan.problems)
    try:
        # Inactive first: whatever fails later, the server does not look for a plugin that is half gone.
        _disable(context, removal)
        done = replace(done, disabled=plan.disabled, next_steps=plan.next_steps if plan.disabled else ())
        _change_files(context, removal)
        done = replace(plan, deleted=())
        if options.purge:
            _purge(context, removal)
            done = plan
    except InvplugError as error:
        if not done.changed:
            raise
        return replace(done, error=error)
    return done


def _disable(context: Context, removal: Removal) -> None:
    if removal.active:
        with context.open_store().writing() as writer:
            writer.set_active(removal.active, active=False)


def _change_files(context: Context, removal: Removal) -> None:
    departure = removal.departure
    if not departure.distributions:
        if removal.unrecorded:
            replace_text(removal.file.path, removal.new_text)
        return
    with Transaction(context.transaction_area) as transaction:
        if removal.unrecorded:
            require_unchanged(removal.file)
            transaction.write(removal.file.path, removal.new_text)
        put_in_place(
            context, transaction, NOTHING_PREPARED, departure.installed, removed=departure.distributions
        )
    # Packages may have brought `.pth` files.
    context.forget_interpreter()


def _purge(context: Context, removal: Removal) -> None:
    if removal.rows:
        with context.open_store().writing() as writer:
            for slug in removal.rows:
                writer.delete(slug)


def _result(context: Context, options: UninstallOptions, removal: Removal) -> UninstallResult:
    departure, slugs = removal.departure, tuple(entry.slug for entry in removal.entries)
    packages = tuple(each.name for each in departure.named)
    return UninstallResult(
        packages=packages,
        dependencies=tuple(each.name for each in departure.dependencies),
        plan=departure.plan,
        unrecorded=removal.unrecorded,
        disabled=removal.active,
        deleted=removal.rows if options.purge else (),
        absent=tuple(name for name, _ in removal.absent),
        remains=removal.remains,
        problems=(*_absent(removal), *departure.problems),
        next_steps=(restart_step(context, slugs),) if slugs and (packages or removal.active) else (),
    )


def _absent(removal: Removal) -> Iterator[Problem]:
    for name, hint in removal.absent:
        yield Problem("not-installed", f"`{name}` is not installed and not in plugins.txt", hint=hint)
