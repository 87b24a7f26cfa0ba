"""What can be said of a value that is not fully known."""

from __future__ import annotations

from inventree_plugins.discovery import server
from inventree_plugins.discovery.values import REST, ClassRef, Unknown, Value

__all__ = ["may_be_dict", "truth_of"]


def may_be_dict(value: Value) -> bool:
    """Tell whether the value is a dict, or may turn out to be one."""
    return isinstance(value, dict) or (isinstance(value, Unknown) and not value.failed)


def truth_of(value: Value) -> bool | None:
    """Return whether the value counts as true, None when that is not known."""
    if isinstance(value, dict) and REST in value:
        return True if len(value) > 1 else None
    if isinstance(value, (str, int, float, list, tuple, set, dict, type(None))):
        return bool(value)
    if isinstance(value, ClassRef) or server.is_base(value) or server.is_mixin(value):
        return True
    return None
