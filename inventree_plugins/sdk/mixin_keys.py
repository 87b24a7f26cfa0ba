"""The keys of the mixins, by the names that servers since 1.0 give them."""

from __future__ import annotations

from enum import Enum

from inventree_plugins.vocabulary import MIXINS

__all__ = ["PluginMixinEnum"]

# Those that are not simply the key in capitals.
NAMES = {
    "currencyexchange": "CURRENCY_EXCHANGE",
    "settingscontent": "SETTINGS_CONTENT",
    "statetransition": "STATE_TRANSITION",
    "ui": "USER_INTERFACE",
}


class _Key(str, Enum):
    """A mixin's key; as text, it is just that."""

    def __str__(self) -> str:
        return str(self.value)


_KEYS = ["base", *sorted({mixin.key for mixin in MIXINS.values()})]
PluginMixinEnum = _Key(  # type: ignore[call-overload]
    "PluginMixinEnum", {NAMES.get(key, key.upper().replace("-", "_")): key for key in _KEYS}
)
