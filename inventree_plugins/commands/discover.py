"""`invplug discover`: find plugins, create missing rows, and on request delete orphans."""

from typing import NamedTuple

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.enable import create_rows
from inventree_plugins.commands.inventory import Entry, Inventory, take_inventory
from inventree_plugins.commands.survey import take_survey
from inventree_plugins.models import Problem

__all__ = ["DiscoverOptions", "DiscoverResult", "discover_plugins"]


class DiscoverOptions(NamedTuple):
    """Whether orphan rows are deleted, and whether anything is written at all."""

    prune: bool = False
    dry_run: bool = False


class DiscoverResult(NamedTuple):
    """Which rows were created and deleted, and all entries as they are afterwards."""

    created: tuple[str, ...]
    deleted: tuple[str, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def discover_plugins(context: Context, options: DiscoverOptions) -> DiscoverResult:
    """Create the rows that discovered plugins lack, inactive, in one transaction.

    With `prune`, rows that nothing provides are deleted with their settings (SPEC §3).
    """
    survey = take_survey(context)
    store = context.open_store()
    with store.reading() as reader:
        inventory = take_inventory(context, survey, reader.rows())
    created, deleted = _missing(inventory), _orphans(inventory) if options.prune else ()
    if (created or deleted) and not options.dry_run:
        with store.writing() as writer:
            created = create_rows(writer, survey)
            deleted = _orphans(take_inventory(context, survey, writer.rows())) if options.prune else ()
            for slug in deleted:
                writer.delete(slug)
            inventory = take_inventory(context, survey, writer.rows())
    return DiscoverResult(created, deleted, inventory.entries, inventory.problems)


def _missing(inventory: Inventory) -> tuple[str, ...]:
    return tuple(entry.slug for entry in inventory.entries if entry.plugin and entry.row is None)


def _orphans(inventory: Inventory) -> tuple[str, ...]:
    """Return the rows that nothing provides; one whose package plugins.txt declares may come back."""
    return tuple(
        entry.slug
        for entry in inventory.entries
        if entry.source is None and entry.row is not None and entry.declared is None
    )
