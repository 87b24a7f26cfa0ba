"""`invplug discover`: find plugins, create missing rows, and on request delete orphans."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.inventory import Entry, Inventory, take_inventory
from inventree_plugins.commands.rows import create_rows
from inventree_plugins.commands.survey import take_survey
from inventree_plugins.models import Problem

__all__ = ["DiscoverOptions", "DiscoverResult", "discover_plugins"]

# Problems of plugins.txt, which say nothing of plugin directories.
ABOUT_THE_FILE = frozenset({"declared-not-installed", "plugins-file"})


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
    created, deleted = _missing(inventory), _orphans(context, inventory) if options.prune else ()
    if (created or deleted) and not options.dry_run:
        with store.writing() as writer:
            created = create_rows(writer, survey)
            inventory = take_inventory(context, survey, writer.rows())
            deleted = _orphans(context, inventory) if options.prune else ()
            for slug in deleted:
                writer.delete(slug)
            inventory = take_inventory(context, survey, writer.rows())
    spared = tuple(_spared(context, inventory)) if options.prune else ()
    return DiscoverResult(created, deleted, inventory.entries, (*inventory.problems, *spared))


def _missing(inventory: Inventory) -> tuple[str, ...]:
    return tuple(entry.slug for entry in inventory.entries if entry.plugin and entry.row is None)


def _orphans(context: Context, inventory: Inventory) -> tuple[str, ...]:
    """Return the rows that may be deleted: inactive, and certainly provided by nothing."""
    doubt = _doubt(context, inventory)
    return tuple(
        entry.slug
        for entry in _provided_by_nothing(inventory)
        if not entry.enabled and (entry.package_name or not doubt)
    )


def _provided_by_nothing(inventory: Inventory) -> Iterator[Entry]:
    """Yield the entries without a plugin; one whose package plugins.txt declares may come back."""
    for entry in inventory.entries:
        if entry.source is None and entry.row is not None and entry.declared is None:
            yield entry


def _doubt(context: Context, inventory: Inventory) -> str | None:
    """Say why a plugin of a directory may only be out of sight, None when all could be read."""
    for directory in context.instance.plugin_dirs.value:
        errors: list[OSError] = []
        for _ in os.walk(directory, onerror=errors.append):
            pass
        if errors:
            return f"`{errors[0].filename}` cannot be read: {errors[0].strerror}"
    problems = inventory.problems
    unread = (problem for problem in problems if problem.path and problem.code not in ABOUT_THE_FILE)
    return next((problem.message for problem in unread), None)


def _spared(context: Context, inventory: Inventory) -> Iterator[Problem]:
    """Report rows that nothing provides and that were kept all the same."""
    doubt = _doubt(context, inventory)
    for entry in _provided_by_nothing(inventory):
        if entry.enabled:
            hint = f"`{command_line('disable', entry.slug)}` first, if it is not to come back"
            message = f"the row of `{entry.slug}` is kept: it is enabled"
            yield Problem("kept-row", message, hint=hint, slug=entry.slug)
        elif doubt and not entry.package_name:
            message = f"the row of `{entry.slug}` is kept: {doubt}"
            yield Problem("kept-row", message, slug=entry.slug)
