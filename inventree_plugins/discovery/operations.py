"""The few operations on known values that are worked out: pure, bounded, none the plugin's code."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from inventree_plugins.discovery.values import REST, Value, is_plain

__all__ = [
    "BUILTINS",
    "TEXT_METHODS",
    "VIEWS",
    "NotWorkedOutError",
    "binary",
    "builtin",
    "compare",
    "formatted",
    "is_view",
    "item",
    "iterate",
    "merged",
    "method",
    "require_order",
    "set_of",
    "unary",
]

MAX_SIZE = 100_000

_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {"": lambda value: value, "s": str, "r": repr, "a": ascii}
_WIDE = re.compile(r"\d{5}")
# A field that takes a width from another one, or an attribute of its value: `{:{}}`, `{0.imag}`.
_NESTED = re.compile(r":[^{}]*\{")
_REACHING = re.compile(r"\{[^{}:!]*\.")

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
}
_UNARY: Mapping[str, Callable[[Any], Any]] = {"not": operator.not_, "-": operator.neg, "+": operator.pos}
TEXT_METHODS = frozenset(
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
# What a dict's `keys`, `values` and `items` return.
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
# Builtins that only go through what they are given, so that a dict's view is as good as a list.
_ITERATING = frozenset({"dict", "frozenset", "len", "list", "max", "min", "set", "sorted", "tuple"})
_MAPPING_METHODS = frozenset({"copy", "get", "items", "keys", "values"})

# What does not depend on the order of a set's items.
_UNORDERED = frozenset({"bool", "frozenset", "len", "max", "min", "set", "sorted"})
_SINGLETONS = (None, True, False)

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


def _written(value: Value) -> int:
    """Return about how long the value is when it is written out, without writing it."""
    total, waiting = 0, [value]
    while waiting and total <= MAX_SIZE:
        each = waiting.pop()
        total += len(each) if isinstance(each, str) else 1
        if isinstance(each, dict):
            waiting.extend(chain(each, each.values()))
        elif isinstance(each, (list, tuple, set, frozenset)):
            waiting.extend(each)
    return total


def require_order(*values: Value) -> None:
    """Raise NotWorkedOutError where the order of a set, another one in each process, would show."""
    waiting = list(values)
    while waiting:
        each = waiting.pop()
        if isinstance(each, (set, frozenset)) and len(each) > 1:
            raise NotWorkedOutError("the order of a set is not known")
        if isinstance(each, dict):
            waiting.extend(chain(each, each.values()))
        elif isinstance(each, (list, tuple, set, frozenset)):
            waiting.extend(each)


def _require_writable(*values: Value) -> None:
    """Raise NotWorkedOutError unless the values make a short text, the same in each process."""
    if sum(map(_written, values)) > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    require_order(*values)


def binary(symbol: str, left: Value, right: Value) -> Value:
    """Return `left symbol right`. Raises NotWorkedOutError for what is too large or not worked out."""
    if symbol not in _BINARY:
        raise NotWorkedOutError("the operator is not followed")
    if symbol == "*":
        count = right if isinstance(right, int) else left
        repeated = left if isinstance(right, int) else right
        if hasattr(repeated, "__len__") and isinstance(count, int) and count * _size(repeated) > MAX_SIZE:
            raise NotWorkedOutError("the result is too large")
    if symbol == "%" and isinstance(left, str):
        _check_template(left, right)
    return bounded(_BINARY[symbol](left, right))


def _check_template(template: str, values: Value) -> None:
    if not is_plain(values):
        raise NotWorkedOutError("not all that it is made of is known")
    if _WIDE.search(template) or "*" in template:
        raise NotWorkedOutError("the result is too large")
    if isinstance(values, dict) and len(template) * _written(values) > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    _require_writable(values)


def bounded(value: Value) -> Value:
    """Return the value. Raises NotWorkedOutError when it is too large to go on with."""
    if hasattr(value, "__len__") and len(value) > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    if isinstance(value, int) and value.bit_length() > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    return value


def compare(symbol: str, left: Value, right: Value) -> bool:
    """Return whether `left symbol right` holds."""
    if symbol in {"is", "is not"}:
        return _is_same(left, right) is (symbol == "is")
    return bool(_COMPARE[symbol](left, right))


def _is_same(left: Value, right: Value) -> bool:
    """Tell whether two values are one object; of others than these, the interpreter decides."""
    if any(left is each or right is each for each in _SINGLETONS):
        return left is right
    raise NotWorkedOutError("its condition is not known")


def unary(symbol: str, operand: Value) -> Value:
    """Return `symbol operand`."""
    return _UNARY[symbol](operand)


def formatted(value: Value, conversion: str, spec: str) -> str:
    """Return what an f-string's braces make of the value."""
    if _WIDE.search(spec):
        raise NotWorkedOutError("the result is too large")
    _require_writable(value)
    converted = _CONVERSIONS[conversion](value)
    return str(bounded(format(converted, spec)))


def builtin(name: str, values: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """Return `name(…)`. Raises NotWorkedOutError for what is too large or not worked out."""
    function = BUILTINS.get(name)
    arguments = [_listed(value) for value in values] if name in _ITERATING else values
    if function is None or not all(map(is_plain, (*arguments, *keywords.values()))):
        raise NotWorkedOutError(f"`{name}()` is not worked out")
    if name in {"repr", "str"}:
        _require_writable(*arguments)
    elif name in _UNORDERED:
        for value in arguments:
            require_order(*(value if isinstance(value, (set, frozenset)) else [value]))
    else:
        require_order(*arguments)
    return bounded(function(*arguments, **keywords))


def is_view(value: Value) -> bool:
    """Tell whether the value is what a dict's `keys`, `values` or `items` returns."""
    return isinstance(value, VIEWS)


def _listed(value: Value) -> Value:
    return list(value) if is_view(value) else value


def method(owner: Value, name: str, arguments: Sequence[Value], *, keywords: Mapping[str, Value]) -> Value:
    """Return `owner.name(…)`. Raises NotWorkedOutError for what is too large or not worked out."""
    if isinstance(owner, dict) and name in _MAPPING_METHODS and not keywords:
        if not all(map(is_plain, arguments[:1])):
            raise NotWorkedOutError(f"the result of `.{name}()` is not worked out")
        return _mapping_method(owner, name, arguments)
    if name == "join":
        arguments = [_listed(each) for each in arguments]
    if not isinstance(owner, str) or name not in TEXT_METHODS:
        raise NotWorkedOutError(f"the result of `.{name}()` is not worked out")
    if not all(map(is_plain, (*arguments, *keywords.values()))):
        raise NotWorkedOutError("not all that it is made of is known")
    _require_writable(*arguments, *keywords.values())
    if name in {"replace", "join", "format"} and _largest(owner, arguments, keywords) > MAX_SIZE:
        raise NotWorkedOutError("the result is too large")
    if name == "format":
        _check_fields(owner, (*arguments, *keywords.values()))
    return bounded(getattr(owner, name)(*arguments, **keywords))


def _check_fields(template: str, values: Sequence[Value]) -> None:
    if _WIDE.search(template) or (_NESTED.search(template) and _WIDE.search(repr(values))):
        raise NotWorkedOutError("the result is too large")
    if _REACHING.search(template):
        raise NotWorkedOutError("an attribute within a format is not followed")


def _largest(owner: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> int:
    sizes = [_size(each) for each in (*arguments, *keywords.values())]
    return (len(owner) + 1) * max([1, *sizes])


def _mapping_method(owner: dict[Any, Value], name: str, arguments: Sequence[Value]) -> Value:
    if name == "get" and arguments and REST in owner:
        return item(owner, arguments[0])
    result = getattr(owner, name)(*arguments)
    if REST in owner and name != "copy":
        raise NotWorkedOutError("not all keys are known")
    # A view looks at its dict: its own one, for later changes make another dict.
    return result


def item(owner: dict[Any, Value], key: Value) -> Value:
    """Return `owner[key]`; further keys that are not known may replace those written before them."""
    if REST not in owner:
        return owner[key]
    keys = list(owner)
    is_later = key in owner and keys.index(key) > keys.index(REST)
    return owner[key] if is_later else owner[REST]


def merged(left: Mapping[Any, Value], right: Mapping[Any, Value]) -> dict[Any, Value]:
    """Return `{**left, **right}`; what is not known of `right` comes after all of `left`."""
    result = dict(left)
    if REST in right:
        result.pop(REST, None)
    result.update(right)
    return result


def iterate(value: Value) -> list[Value]:
    """Return the items of a container. Raises NotWorkedOutError when they, or their order, are not known."""
    if isinstance(value, (str, list, tuple, set, frozenset, dict)) or is_view(value):
        if isinstance(value, (set, frozenset)):
            require_order(value)
        return list(value)
    raise NotWorkedOutError("what it iterates over is not known")


def set_of(values: list[Value]) -> set[Value]:
    """Return the set of known values. Raises NotWorkedOutError when one is not."""
    if not is_plain(values):
        raise NotWorkedOutError("its items are not all known")
    return set(values)
