"""`invplug list` and `invplug show`: read everything, change nothing."""

from collections.abc import Iterable
from typing import NamedTuple

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.find import find_entry
from inventree_plugins.commands.gates import gate_steps
from inventree_plugins.commands.inventory import Entry, Inventory, take_inventory
from inventree_plugins.commands.survey import take_survey
from inventree_plugins.commands.switches import read_switches
from inventree_plugins.errors import UsageError
from inventree_plugins.models import NextStep, Problem, Source
from inventree_plugins.vocabulary import MIXINS

__all__ = ["ListOptions", "ListResult", "ShowResult", "list_plugins", "show_plugin"]


class ListOptions(NamedTuple):
    """Which plugins to list; None and empty mean no restriction."""

    enabled: bool | None = None
    mixin: str | None = None
    source: Source | None = None


class ListResult(NamedTuple):
    """The chosen entries, of an inventory that holds all, and what is off for those that are enabled."""

    entries: tuple[Entry, ...]
    inventory: Inventory
    next_steps: tuple[NextStep, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what concerns no single plugin."""
        return self.inventory.problems


class ShowResult(NamedTuple):
    """One plugin, and the switches that are off for it."""

    entry: Entry
    problems: tuple[Problem, ...]
    next_steps: tuple[NextStep, ...]


def list_plugins(context: Context, options: ListOptions) -> ListResult:
    """Return the plugins that were found or have a row, filtered by `options`.

    Raises UsageError for a mixin that no server has.
    """
    if options.mixin is not None:
        _require_mixin(options.mixin)
    with context.open_store().reading() as reader:
        rows, switches = reader.rows(), read_switches(context, reader)
    inventory = take_inventory(context, take_survey(context), rows)
    entries = tuple(_chosen(inventory.entries, options))
    enabled = (entry.plugin for entry in entries if entry.enabled and entry.plugin)
    return ListResult(entries, inventory, gate_steps(context, enabled, switches))


def _require_mixin(key: str) -> None:
    keys = sorted({mixin.key for mixin in MIXINS.values()})
    if key not in keys:
        raise UsageError(f"there is no mixin `{key}`", hint=f"choose one of {', '.join(keys)}")


def _chosen(entries: Iterable[Entry], options: ListOptions) -> Iterable[Entry]:
    for entry in entries:
        if options.enabled is not None and entry.enabled is not options.enabled:
            continue
        if options.source is not None and entry.source is not options.source:
            continue
        if options.mixin is not None and options.mixin not in entry.mixins:
            continue
        yield entry


def show_plugin(context: Context, slug: str) -> ShowResult:
    """Return everything known of `slug`; raise PluginNotFoundError."""
    with context.open_store().reading() as reader:
        rows, switches = reader.rows(), read_switches(context, reader)
    inventory = take_inventory(context, take_survey(context), rows)
    entry = find_entry(inventory, slug)
    plugins = (entry.plugin,) if entry.plugin else ()
    return ShowResult(entry, inventory.problems, gate_steps(context, plugins, switches))
