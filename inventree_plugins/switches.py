"""The integration switches: global settings without which a mixin has no effect (SPEC §2)."""

# No postponed annotations: a listing imports this.

from collections.abc import Mapping
from typing import Any, NamedTuple

from inventree_plugins.models import Setting
from inventree_plugins.vocabulary import MIXINS, TRUE_WORDS

__all__ = ["ALL_SWITCHES", "Switch", "is_true", "switch_states"]

ALL_SWITCHES = tuple(sorted({mixin.switch for mixin in MIXINS.values() if mixin.switch}))


class Switch(NamedTuple):
    """A switch as the server sees it; `fixed_by` is the part of the configuration that decides it, if any."""

    name: str
    on: bool
    fixed_by: str | None = None


def switch_states(stored: Mapping[str, str], fixed: Setting[Mapping[str, Any]]) -> Mapping[str, Switch]:
    """Return every switch by name, from stored texts; `global_settings` of the configuration beats them."""
    return {
        # What the configuration says is not converted: to the server even the text "False" is true.
        name: Switch(name, bool(fixed.value[name]), fixed.origin)
        if name in fixed.value
        else Switch(name, is_true(stored.get(name)))
        for name in ALL_SWITCHES
    }


def is_true(text: str | None) -> bool:
    """Tell whether the server reads a stored text as true."""
    return text is not None and text.lower() in TRUE_WORDS
