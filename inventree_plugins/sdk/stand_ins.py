"""Let `from plugin import InvenTreePlugin` reach the SDK where no server provides a module `plugin`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from inventree_plugins import sdk
from inventree_plugins.sdk import server
from inventree_plugins.vocabulary import MIXINS

__all__ = ["inert_mixin", "stand_ins"]

TOP = "plugin"
# What servers of any version have below it, and plugins import from.
BELOW = frozenset(
    {"action", "api", "base", "builtin", "events", "helpers", "installer", "integration", "loader"}
    | {"machine", "mixins", "models", "plugin", "registry", "serializers", "staticfiles", "template"}
    | {"urls", "views"}
)


class PluginMixinEnum(str, Enum):
    """The keys of the mixins, by the names that servers since 1.0 give them."""

    BASE = "base"
    ACTION = "action"
    API_CALL = "api_call"
    APP = "app"
    BARCODE = "barcode"
    CURRENCY_EXCHANGE = "currencyexchange"
    EVENTS = "events"
    EXPORTER = "exporter"
    ICON_PACK = "icon_pack"
    LABELS = "labels"
    LOCATE = "locate"
    MACHINE = "machine"
    MAIL = "mail"
    NAVIGATION = "navigation"
    NOTIFICATION = "notification"
    REPORT = "report"
    SCHEDULE = "schedule"
    SETTINGS = "settings"
    SETTINGS_CONTENT = "settingscontent"
    SUPPLIER = "supplier"
    STATE_TRANSITION = "statetransition"
    SUPPLIER_BARCODE = "supplier-barcode"
    URLS = "urls"
    USER_INTERFACE = "ui"
    VALIDATION = "validation"

    def __str__(self) -> str:
        """Return the key, as the server's own enumeration does."""
        return str(self.value)


OWN = {name: getattr(sdk, name) for name in sdk.__all__} | {
    "PluginMixinEnum": PluginMixinEnum,
    "registry": server.registry,
    "trigger_event": server.trigger_event,
}


@contextmanager
def stand_ins() -> Iterator[None]:
    """Answer for `plugin` and all below it in the block, after everybody else was asked.

    Blocks may be nested, and open in several threads at once: the last one out takes the stand-ins away.
    """
    _finder.enter()
    try:
        yield
    finally:
        _finder.leave()


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
                for name, module in self.modules.items():
                    if sys.modules.get(name) is module:
                        del sys.modules[name]
                self.modules = {}

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

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name.isupper():
            raise AttributeError(f"no server provides `{self.__name__}.{name}` here")
        value = OWN[name] if name in OWN else _inert(self.__name__, name)
        setattr(self, name, value)
        return value


def _inert(module: str, name: str) -> Any:
    """Return what can be imported in the place of something of a server, derived from, and no more."""
    if name.endswith("Mixin"):
        return inert_mixin(name)
    if name[0].isupper():
        bases = (Exception,) if name.endswith("Error") else ()
        note = f"Stands for InvenTree's `{module}.{name}`, which has no effect outside a real server."
        return type(name, bases, {"__doc__": note, "is_inert": True, "__module__": module})

    def missing(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        raise sdk.PluginError(f"`{module}.{name}` is there in a real InvenTree server only")

    missing.__doc__ = f"Raise PluginError: only a real server has `{module}.{name}`."
    return missing
