"""Classes and functions in the place of those that only a real server has."""

from __future__ import annotations

import threading
from abc import ABCMeta
from typing import Any

from inventree_plugins.sdk.errors import OnlyOnServerError
from inventree_plugins.sdk.mixins import BarcodeMixin, SettingsMixin
from inventree_plugins.vocabulary import MIXINS

__all__ = ["inert_class", "inert_function", "inert_mixin"]

# What a mixin is besides, and stays here.
BASES: dict[str, tuple[type, ...]] = {
    "GlobalSettingsMixin": (SettingsMixin,),
    "SupplierBarcodeMixin": (BarcodeMixin,),
    "SupplierMixin": (SettingsMixin,),
}
BARCODE_FIELDS = (
    *("CUSTOMER_ORDER_NUMBER", "SUPPLIER_ORDER_NUMBER", "PACKING_LIST_NUMBER", "SHIP_DATE"),
    *("CUSTOMER_PART_NUMBER", "SUPPLIER_PART_NUMBER", "PURCHASE_ORDER_LINE", "QUANTITY", "DATE_CODE"),
    *("LOT_CODE", "COUNTRY_OF_ORIGIN", "MANUFACTURER", "MANUFACTURER_PART_NUMBER"),
)
# Classes from there are derived from along with Django's, which have metaclasses of their own.
OF_DJANGO = ("admin", "api", "models", "serializers", "views")

_mixins: dict[str, type] = {}
_making = threading.Lock()


class _Inert(ABCMeta):
    """Answers for the members of enumerations: each is its own name.

    An abstract base class may stand beside it.
    """

    def __getattr__(cls, name: str) -> str:
        # Not for the classes of plugins derived from it: what they lack, they lack.
        if name.isupper() and not name.startswith("_") and "is_inert" in vars(cls):
            return name
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")


def inert_mixin(name: str) -> type:
    """Return the class for a mixin that only a real server has: it is there, has its key, and does nothing.

    It is the same one wherever it is imported from.
    """
    with _making:
        if name not in _mixins:
            _mixins[name] = _made_mixin(name)
        return _mixins[name]


def _made_mixin(name: str) -> type:
    known = MIXINS.get(name)
    members = _members(f"InvenTree's `{name}`", __name__)
    if known is not None:
        members["MIXIN_KEY"] = known.key
    if name == "SupplierBarcodeMixin":
        members |= {field: field.lower() for field in BARCODE_FIELDS}
    return type(name, BASES.get(name, ()), members)


def inert_class(module: str, name: str) -> type:
    """Return a class to derive from, and no more; an exception where its name says so."""
    members = _members(f"InvenTree's `{module}.{name}`", module)
    if name.endswith("Error"):
        return type(name, (Exception,), members)
    if module.rpartition(".")[2] in OF_DJANGO or name.endswith("Mixin"):
        return type(name, (), members)
    return _Inert(name, (), members)


def inert_function(module: str, name: str) -> Any:
    """Return a function that raises OnlyOnServerError when it is called, and not before."""

    def missing(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        raise OnlyOnServerError(f"`{module}.{name}` is there in a real InvenTree server only")

    missing.__name__ = missing.__qualname__ = name
    missing.__doc__ = f"Raise OnlyOnServerError: only a real server has `{module}.{name}`."
    return missing


def _members(what: str, module: str) -> dict[str, Any]:
    return {
        "__doc__": f"Stands for {what}, which has no effect outside a real server.",
        "__module__": module,
        # For `SupplierMixin[Data]`.
        "__class_getitem__": classmethod(lambda cls, _: cls),
        "is_inert": True,
    }
