"""Which mixins a plugin has, and whether each has what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

__all__ = ["MixinBase"]

BASE = "base"


class MixinBase:
    """The mixins of a plugin: those of its class, and those that its constructor adds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    # Both are made when they are first asked for: a constructor that calls no other one loses no mixin.

    @cached_property
    def _mixins(self) -> dict[str, Any]:
        return {BASE: True} | {
            key: vars(each).get("MIXIN_ENABLED", True) for key, each in _mixins_of(type(self))
        }

    @cached_property
    def _mixinreg(self) -> dict[str, dict[str, Any]]:
        return {BASE: {"key": BASE, "human_name": BASE, "cls": None}} | {
            key: {"key": key, "human_name": _title(each), "cls": each} for key, each in _mixins_of(type(self))
        }

    def mixin(self, key: str) -> bool:
        """Tell whether the plugin has the mixin with this key."""
        return str(key).lower() in self._mixins

    def mixin_enabled(self, key: str) -> bool:
        """Tell whether the mixin is there and has what it needs; raise MixinNotImplementedError."""
        enabled = self._mixins.get(str(key).lower(), False)
        if isinstance(enabled, str):
            enabled = getattr(self, enabled, True)
        return bool(enabled() if callable(enabled) else enabled)

    def add_mixin(self, key: str, fnc_enabled: Any = True, cls: Any = None) -> None:  # noqa: FBT002 - the server's signature
        """Add a mixin; `fnc_enabled` names the member that tells whether it has what it needs."""
        key = str(key).lower()
        self._mixins[key] = fnc_enabled
        self.setup_mixin(key, cls=cls)

    def setup_mixin(self, key: str, cls: Any = None) -> None:
        """Describe a mixin by its class: `MixinMeta.MIXIN_NAME` is its name for people, else the key."""
        own = vars(cls).get("MIXIN_NAME") if isinstance(cls, type) else None
        title = own or getattr(getattr(cls, "MixinMeta", None), "MIXIN_NAME", key)
        self._mixinreg[key] = {"key": key, "human_name": title, "cls": cls}

    def get_registered_mixins(
        self,
        with_base: bool = False,  # noqa: FBT001, FBT002 - the server's signature
        with_cls: bool = True,  # noqa: FBT001, FBT002
    ) -> dict[str, dict[str, Any]]:
        """Return each mixin by key, with its key, a name for people, and its class."""
        return {
            key: {name: value for name, value in about.items() if with_cls or name != "cls"}
            for key, about in self._mixinreg.items()
            if with_base or key != BASE
        }

    @property
    def registered_mixins(self) -> dict[str, dict[str, Any]]:
        """Return each mixin by key."""
        return self.get_registered_mixins()


def _mixins_of(cls: type) -> Iterator[tuple[str, type]]:
    # The first class wins, so it comes last.
    return ((vars(each)["MIXIN_KEY"], each) for each in reversed(cls.__mro__) if "MIXIN_KEY" in vars(each))


def _title(mixin: type) -> str:
    return str(vars(mixin).get("MIXIN_NAME") or mixin.__name__.removesuffix("Mixin"))
