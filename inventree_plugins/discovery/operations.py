"""The few operations on known values that are worked out: pure, bounded, none the plugin's code."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inventree_plugins.discovery.values import REST, Value, is_plain

__all__ = ["BUILTINS", "NotWorkedOutError", "binary", "compare", "formatted", "method", "unary"]

MAX_SIZE = 100_000

_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {"": lambda value: value, "s": str, "r": repr, "a": ascii}
_WIDE = re.compile(r"\d{5}")

_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "|": operator.or_,
}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "is": operator.is_,
    "is not": operator.is_not,
}
_UNARY: Mapping[str, Callable[[Any], Any]] = {"not": operator.not_, "-": operator.neg, "+": operator.pos}
_TEXT_METHODS = frozenset(
    {"capitalize", "casefold", "endswith", "format", "join", "lower", "lstrip", "partition", "removeprefix"}
    | {
        "removesuffix",
        "replace",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
    }
    | {"swapcase", "title", "upper"}
)
_MAPPING_METHODS = frozenset({"copy", "get", "items", "keys", "values"})

# Callables by their builtin name.
BUILTINS: Mapping[str, Callable[..., Any]] = {
    "bool": bool,
    "dict": dict,
    "float": float,
    "frozenset": frozenset,
    "int": int,
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "repr": repr,
    "set": set,
    "sorted": sorted,
    "str": str,
    "tuple": tuple,
}


class NotWorkedOutError(Exception):
    """The operation is not followed, though Python may well do it."""


def _size(value: Value) -> int:
    return len(value) if hasattr(value, "__len__") else 1


def binary(symbol: str, left: Value, right: Value) -> Value:
    """Return `left symbol right`. Raises NotWorkedOutError for what is too large or not worked out."""
    if symbol not in _BINARY:
        raise NotWorkedOutError("the operator is not followed")
    if symbol == "*":
        count = right if isinstance(right, int) else left
        repeated = left if isinstance(right, int) else right
        if hasattr(repeated, "__len__") and isinstance(count, int) and count * _size(repeated) > MAX_SIZE:
            raise NotWorkedOutError("the result is too large")
    if symbol == "%" and isinstance(left, (str, bytes)) and (_WIDE.search(str(left)) or "*" in str(left)):
        raise NotWorkedOutError("the result is too large")
    return bounded(_BINARY[symbol](left, right))


def bounded(value: Value) -> Value:
    """Return the value. Raises NotWorkedOutError when it is too large to go on with."""
    if hasattr(value, "__len__") and len(value) > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    if isinstance(value, int) and value.bit_length() > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    return value


def compare(symbol: str, left: Value, right: Value) -> bool:
    """Return whether `left symbol right` holds."""
    return bool(_COMPARE[symbol](left, right))


def unary(symbol: str, operand: Value) -> Value:
    """Return `symbol operand`."""
    return _UNARY[symbol](operand)


def formatted(value: Value, conversion: str, spec: str) -> str:
    """Return what an f-string's braces make of the value."""
    if _WIDE.search(spec):
        raise NotWorkedOutError("the result is too large")
    converted = _CONVERSIONS[conversion](value)
    return str(bounded(format(converted, spec)))


def method(owner: Value, name: str, arguments: Sequence[Value], *, keywords: Mapping[str, Value]) -> Value:
    """Return `owner.name(…)`. Raises NotWorkedOutError for what is too large or not worked out."""
    if (
        isinstance(owner, dict)
        and name in _MAPPING_METHODS
        and not keywords
        and all(map(is_plain, arguments[:1]))
    ):
        return _mapping_method(owner, name, arguments)
    if not isinstance(owner, str) or name not in _TEXT_METHODS or not all(map(is_plain, arguments)):
        raise NotWorkedOutError(f"the result of `.{name}()` is not worked out")
    if name in {"replace", "join", "format"} and _largest(owner, arguments, keywords) > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    if name == "format" and (_WIDE.search(owner) or not all(map(is_plain, keywords.values()))):
        raise NotWorkedOutError("the result is too large or not known")
    return bounded(getattr(owner, name)(*arguments, **keywords))


def _largest(owner: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> int:
    sizes = [_size(each) for each in (*arguments, *keywords.values())]
    return (len(owner) + 1) * max([1, *sizes])


def _mapping_method(owner: dict[Any, Value], name: str, arguments: Sequence[Value]) -> Value:
    if name == "copy":
        return dict(owner)
    if name == "get" and arguments and arguments[0] in owner:
        return owner[arguments[0]]
    if REST in owner:
        raise NotWorkedOutError("not all keys are known")
    result = getattr(owner, name)(*arguments)
    return result if name == "get" else list(result)
