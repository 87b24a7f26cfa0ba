"""Let `from plugin import InvenTreePlugin` reach the SDK where no server provides a module `plugin`."""

from __future__ import annotations

import difflib
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from inventree_plugins.sdk.aliases import OWN
from inventree_plugins.sdk.inert import inert_class, inert_function, inert_mixin
from inventree_plugins.sdk.server_names import (
    CORE_MODULES,
    FUNCTIONS,
    OTHER_MIXINS,
    TOP,
    is_module,
    starred,
)
from inventree_plugins.vocabulary import MIXINS

__all__ = ["stand_by", "stand_down", "stand_ins"]

# How like a known name one is that is meant to be it.
NEAR = 0.8


@contextmanager
def stand_ins() -> Iterator[None]:
    """Answer for `plugin` and all below it in the block, after everybody else was asked.

    Blocks may be nested, and open in several threads at once: the last one out takes the stand-ins away.
    """
    stand_by()
    try:
        yield
    finally:
        stand_down()


def stand_by() -> None:
    """Begin to answer; `stand_down` ends it."""
    _finder.enter()


def stand_down() -> None:
    """End what `stand_by` began."""
    _finder.leave()


class _Finder(MetaPathFinder):
    """Finds `plugin` and its submodules; asked last, it never hides a real one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self.modules: dict[str, ModuleType] = {}

    def enter(self) -> None:
        """Stand by, for one block more."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                sys.meta_path.append(self)

    def leave(self) -> None:
        """Go with the last block: whoever imports a real `plugin` later shall find it."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                sys.meta_path.remove(self)
                # They come back as they are: what was derived from them stays derived from them.
                for name, module in self.modules.items():
                    if sys.modules.get(name) is module:
                        del sys.modules[name]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a stand-in."""
        del path, target
        if not is_module(fullname):
            return None
        if TOP in sys.modules and not isinstance(sys.modules[TOP], _StandIn):
            return None  # a real server's package, which has no such submodule
        return ModuleSpec(fullname, _Loader(), is_package=True)


_finder = _Finder()


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _finder.modules.setdefault(spec.name, _StandIn(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        del module


class _StandIn(ModuleType):
    """A module in which every name of the SDK is found, and everything else of a server, without effect."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "Stands in for the module of an InvenTree server.")
        names = starred(name)
        if names is not None:
            self.__all__ = names

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, but leave `plugin.registry` the object: importing the module would hide it."""
        if not (self.__name__ == TOP and name in OWN and isinstance(value, _StandIn)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in OWN and (name.startswith("_") or name.isupper()):
            raise _missing(self.__name__, name)
        # Two threads that ask for one name at once shall get one class.
        return self.__dict__.setdefault(name, _stand_in_for(self.__name__, name))


def _stand_in_for(module: str, name: str) -> Any:
    """Return what can be imported in the place of something of a server; raise where no server has it."""
    if name in OWN:
        return OWN[name]
    if name == "supplier" and module.endswith(".mixins"):
        return import_module("plugin.base.supplier.helpers")  # servers have it there under this name
    if not name[0].isupper():
        if name not in FUNCTIONS:
            raise _missing(module, name)
        return inert_function(module, name)
    if name in OTHER_MIXINS:
        return inert_class(module, name)
    if name.endswith("Mixin"):
        _refuse_slip(module, name, MIXINS)
        return inert_mixin(name)
    if module in CORE_MODULES:
        _refuse_slip(module, name, OWN)
    return inert_class(module, name)


def _refuse_slip(module: str, name: str, known: Iterable[str]) -> None:
    """Raise ImportError for a name that is nearly a known one; any other may be a later server's."""
    known = tuple(known)
    near = () if name in known else difflib.get_close_matches(name, known, n=1, cutoff=NEAR)
    if near:
        # No AttributeError, in whose place the import system has words of its own.
        raise ImportError(f"no server provides `{module}.{name}`: is it `{near[0]}`?", name=module)


def _missing(module: str, name: str) -> AttributeError:
    return AttributeError(f"no server provides `{module}.{name}` here")
