"""Let `from plugin import InvenTreePlugin` reach the SDK where no server provides a module `plugin`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from inventree_plugins import sdk
from inventree_plugins.vocabulary import MIXINS

__all__ = ["inert_mixin", "stand_ins"]

TOP = "plugin"
# Below it, where the field's plugins find base class and mixins; not the server's own machinery.
BELOW = frozenset({"action", "base", "builtin", "helpers", "integration", "mixins", "plugin"})


@contextmanager
def stand_ins() -> Iterator[None]:
    """Answer for `plugin` and all below it in the block, after everybody else was asked."""
    finder = _Finder()
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        # Whoever imports a real `plugin` later shall find it; what was imported here is kept by its users.
        for name in [name for name, module in sys.modules.items() if isinstance(module, _StandIn)]:
            del sys.modules[name]


def inert_mixin(name: str) -> type:
    """Return a class for a mixin that only a real server has: it is there, has its key, and does nothing."""
    known = MIXINS.get(name)
    note = f"Stands for InvenTree's `{name}`, which has no effect outside a real server."
    members: dict[str, Any] = {"__doc__": note, "is_inert": True, "__module__": __name__}
    if known is not None:
        members["MIXIN_KEY"] = known.key
    return type(name, (), members)


class _Finder(MetaPathFinder):
    """Finds `plugin` and its submodules; asked last, it never hides a real one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a stand-in."""
        del path, target
        first, *rest = fullname.split(".")
        if first != TOP or (rest and rest[0] not in BELOW):
            return None
        if TOP in sys.modules and not isinstance(sys.modules[TOP], _StandIn):
            return None  # a real server's package, which has no such submodule
        return ModuleSpec(fullname, _Loader(), is_package=True)


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        del module


class _StandIn(ModuleType):
    """A module in which every name of the SDK is found, and every mixin of any server."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "Stands in for the module of an InvenTree server.")

    def __getattr__(self, name: str) -> Any:
        if name in sdk.__all__:
            value: Any = getattr(sdk, name)
        elif name.endswith("Mixin"):
            value = inert_mixin(name)
        else:
            raise AttributeError(f"no server provides `{self.__name__}.{name}` here")
        setattr(self, name, value)
        return value
