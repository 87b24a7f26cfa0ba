"""Integration switches in the use cases: which are on, which plugins need which (SPEC §2)."""

from collections.abc import Iterable, Mapping

from inventree_plugins.commands.context import Context
from inventree_plugins.errors import SwitchFixedError
from inventree_plugins.models import Plugin
from inventree_plugins.store import Reader
from inventree_plugins.switches import ALL_SWITCHES, Switch, switch_states
from inventree_plugins.vocabulary import MIXINS

__all__ = ["ON", "needed_switches", "read_switches", "switches_to_turn_on"]

# What the server stores for true.
ON = "True"


def read_switches(context: Context, reader: Reader) -> Mapping[str, Switch]:
    """Return every switch by name; `global_settings` of the configuration beats the store."""
    return switch_states(reader.global_values(ALL_SWITCHES), context.instance.global_settings)


def needed_switches(plugins: Iterable[Plugin]) -> Mapping[str, tuple[str, ...]]:
    """Return the switches that these plugins' mixins need, with the slugs that need each."""
    needed: dict[str, list[str]] = {}
    for plugin in plugins:
        for switch in {MIXINS[name].switch for name in plugin.mixins if name in MIXINS}:
            if switch:
                needed.setdefault(switch, []).append(plugin.slug)
    return {switch: tuple(slugs) for switch, slugs in sorted(needed.items())}


def switches_to_turn_on(plugins: Iterable[Plugin], switches: Mapping[str, Switch]) -> tuple[str, ...]:
    """Return the names of the switches that must be turned on for these plugins.

    Raises SwitchFixedError for one that the configuration keeps off.
    """
    off = tuple(name for name in needed_switches(plugins) if not switches[name].on)
    for name in off:
        if switches[name].fixed_by is not None:
            raise SwitchFixedError(
                f"the integration switch {name} is off, fixed by {switches[name].fixed_by}",
                hint="change it there; in the store it would have no effect",
            )
    return off
