"""Put unpacked packages in place, and take others away: in one step, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from inventree_plugins.commands.applying import Installed, Prepared
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.overwriting import refuse_overwriting
from inventree_plugins.models import Distribution, Interpreter
from inventree_plugins.packages import files_of, has_record, is_within
from inventree_plugins.packages.record import is_linked, kept_by
from inventree_plugins.packages.staging import is_requested, keep_requested
from inventree_plugins.process import run
from inventree_plugins.transaction import Transaction

__all__ = ["put_in_place"]


def put_in_place(
    context: Context,
    transaction: Transaction,
    prepared: Prepared,
    installed: Installed,
    *,
    removed: Iterable[Distribution] = (),
) -> None:
    """Replace and remove packages, and write the transaction's texts, in one step.

    Raises InstallError where a package cannot be taken away, and FileAccessError, with all as before: but for
    packages without a list of their files, which only pip can remove, and before anything else.
    """
    staged = prepared.staged
    replaced = [installed.find(each.name) for each in staged.packages] if staged else []
    doomed = [each for each in replaced if each is not None and _is_own(each, context.interpreter)]
    unlisted = [each.name for each in (*doomed, *removed) if not has_record(each)]
    going = _take_away(transaction, (*doomed, *removed), installed.distributions)
    if staged is not None and staged.packages:
        keep_requested(staged.tree, [each.key for each in replaced if each and is_requested(each)])
        if prepared.keeps_host:
            refuse_overwriting(
                staged,
                going,
                distributions=installed.distributions,
                host=installed.host,
                interpreter=context.interpreter,
            )
        transaction.put(staged.tree, staged.place)
    if unlisted:
        from inventree_plugins.packages import PipInstaller  # noqa: PLC0415 - what uv installs is listed

        # Only pip knows how older tools installed; it goes first, since it may refuse.
        PipInstaller(context.interpreter, run).uninstall(unlisted, on_line=context.on_output)
    transaction.commit(run)


def _is_own(distribution: Distribution, target: Interpreter) -> bool:
    """Tell whether a distribution is the environment's, though its files may lie in somebody's project."""
    return is_within(distribution, target) or (
        not has_record(distribution) and is_linked(distribution, target)
    )


def _take_away(
    transaction: Transaction, leaving: Sequence[Distribution], distributions: Iterable[Distribution]
) -> set[Path]:
    """Have the files of what leaves removed, and return them, but for those that others have too."""
    files = {each: files_of(each) for each in leaving if has_record(each)}
    going = {path for paths in files.values() for path in paths}
    if going:
        infos = {each.info for each in leaving}
        going -= kept_by((each for each in distributions if each.info not in infos), going)
    for distribution, paths in files.items():
        transaction.remove([path for path in paths if path in going], below=distribution.location)
    return going
