"""`invplug upgrade`: newer packages, with the pins of plugins.txt, in one step; then rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from inventree_plugins.commands.applying import PlannedPackage
from inventree_plugins.commands.changing import changing
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.install_plan import unmet_now
from inventree_plugins.commands.inventory import Entry
from inventree_plugins.commands.package_problems import broken, host_changes
from inventree_plugins.commands.placing import put_in_place
from inventree_plugins.commands.plugins_file_unchanged import require_unchanged
from inventree_plugins.commands.settling import Settled, foretell, settle
from inventree_plugins.commands.staged_plugins import knows_server
from inventree_plugins.commands.upgrade_plan import (
    Kept,
    UpgradeOptions,
    UpgradePlan,
    Work,
    explain,
    looked_again,
    make_upgrade_plan,
    prepare_upgrade,
)
from inventree_plugins.errors import InvplugError
from inventree_plugins.files import ensure_writable
from inventree_plugins.models import Declaration, NextStep, Problem
from inventree_plugins.packages import normalize, require_changeable
from inventree_plugins.transaction import Transaction

__all__ = ["Kept", "UpgradeOptions", "UpgradeResult", "upgrade"]


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """What the command did, or with a dry run would do.

    `plan` is what happened to packages, `pins` the lines of plugins.txt that moved with them, `kept` the
    packages that stayed and could be newer, or were left alone. `created` are the slugs of new rows,
    `entries` the plugins of what was upgraded. `errors` are packages that could not be upgraded, and what
    went wrong after packages had changed already.
    """

    plan: tuple[PlannedPackage, ...] = ()
    pins: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    created: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    changed: bool = False
    errors: tuple[InvplugError, ...] = ()


def upgrade(context: Context, options: UpgradeOptions) -> UpgradeResult:
    """Bring plugin packages to the newest releases that fit the server and plugins.txt.

    Packages and plugins.txt change in one step, or not at all. Raises PluginsFileError, PluginNotFoundError,
    UsageError, InstallError, DatabaseError, FileAccessError and LockTimeoutError.
    """
    with context.open_store().reading():
        # A database that cannot be used must be known before packages change.
        pass
    if options.dry_run:
        return _rehearse(context, options)
    with changing(context) as finished:
        done = _change(context, options)
    return replace(done, problems=(*finished, *done.problems))


def _rehearse(context: Context, options: UpgradeOptions) -> UpgradeResult:
    plan = make_upgrade_plan(context, options)
    with ExitStack() as stack:
        folder = None
        if knows_server(context):
            # Only unpacked plugins tell whether the server would refuse them.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="invplug-")))
        work = prepare_upgrade(plan, options, folder)
    told = foretell(context, _moved(plan, work), _changed(work), enable=False)
    return _result(plan, work, told)


def _change(context: Context, options: UpgradeOptions) -> UpgradeResult:
    plan = make_upgrade_plan(context, options)
    if not plan.wishes:
        return _result(plan, Work(new_text=plan.search.file.text), None)
    require_changeable(context.interpreter)
    context.require_writable_store()
    file = plan.search.file
    if any(wish.package.is_pinned for wish in plan.wishes):
        ensure_writable(file.path)
    staying = tuple(each.declared for each, _ in plan.search.staying(plan.others(plan.wishes)))
    with Transaction(context.transaction_area) as transaction:
        work = prepare_upgrade(plan, options, transaction.folder)
        context.on_plan(work.prepared.plan)
        if not work.prepared.plan:
            return _result(plan, work, None)
        if work.new_text != file.text:
            require_unchanged(file)
            transaction.write(file.path, work.new_text)
        put_in_place(context, transaction, work.prepared, plan.search.installed)
    # Packages may bring `.pth` files.
    context.forget_interpreter()
    try:
        settled = settle(context, _moved(plan, work), _changed(work), enable=False)
    except InvplugError as error:
        done = _result(plan, work, None)
        return replace(done, changed=True, errors=(*done.errors, error))
    problems = broken(unmet_now(context, file, staying))
    return replace(_result(looked_again(plan), work, settled, problems=problems), changed=True)


def _moved(plan: UpgradePlan, work: Work) -> tuple[Declaration, ...]:
    changed = _changed(work)
    return tuple(wish.package.declared for wish in plan.wishes if wish.package.key in changed)


def _changed(work: Work) -> set[str]:
    return {normalize(each.name) for each in work.prepared.plan}


def _result(
    plan: UpgradePlan, work: Work, settled: Settled | None, *, problems: Iterable[Problem] = ()
) -> UpgradeResult:
    result = UpgradeResult(
        plan=work.prepared.plan,
        pins=work.pins,
        kept=(*plan.kept, *explain(plan, work)),
        problems=(*host_changes(work.prepared.plan), *problems),
        errors=(*plan.failures, *work.failures.values()),
    )
    if settled is None:
        return result
    return replace(
        result,
        created=settled.created,
        entries=settled.entries,
        problems=(*result.problems, *settled.problems),
        next_steps=settled.next_steps,
    )
