"""What an expression turned out to be, as data that other rooms can read."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from inventree_plugins.anatomy import NotKnown
from inventree_plugins.discovery.values import REST, ClassRef, External, Unknown, Value

__all__ = ["as_data"]

# A list of lists of the same list is small in memory and endless when written out.
MAX_PARTS = 20_000
MAX_DEPTH = 30

_CONSTANTS = (str, int, float, bool, type(None))


def as_data(value: Value) -> object:
    """Return constants and containers as they are, `NotKnown` for everything else."""
    return _Conversion().convert(value, 0)


class _Conversion:
    def __init__(self) -> None:
        self._left = MAX_PARTS

    def convert(self, value: Value, depth: int) -> object:
        self._left -= 1
        if isinstance(value, _CONSTANTS):
            return value
        if self._left < 0 or depth > MAX_DEPTH:
            return NotKnown("it is too large to be followed")
        if isinstance(value, dict):
            return {self._key(key): self.convert(each, depth + 1) for key, each in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            parts = [self.convert(each, depth + 1) for each in value]
            return parts if isinstance(value, list) else tuple(parts)
        return not_known(value)

    def _key(self, key: Value) -> Hashable:
        if key is REST:
            return NotKnown("there may be further keys")
        return key if isinstance(key, Hashable) else NotKnown("the key is not followed")


def not_known(value: Value) -> NotKnown:
    """Return why a value that is no data is not known."""
    if isinstance(value, Unknown):
        path = Path(value.path) if value.path else None
        return NotKnown(value.reason, path, value.line or None, value.function or None)
    if isinstance(value, External):
        name = value.name if value.module == "builtins" else f"{value.module}.{value.name}".rstrip(".")
        return NotKnown(f"it is `{name}`", function=name)
    if isinstance(value, ClassRef):
        name = f"{value.module.name}.{value.facts.name}"
        return NotKnown(f"it is the class `{name}`", Path(value.module.path), value.facts.line, function=name)
    return NotKnown("only running it tells")
