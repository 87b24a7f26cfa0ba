"""Where a name of an expression is bound, and whether it still means there what it means in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from inventree_plugins.discovery import operations
from inventree_plugins.discovery.facts import Expression
from inventree_plugins.discovery.sharing import is_bound_from
from inventree_plugins.discovery.values import MISSING, Scope, Unknown, Value

__all__ = ["home_of", "inside", "is_patched_later", "is_rebound", "unpacked", "visible", "with_before"]


def _around(scope: Scope) -> Iterator[int]:
    """Yield the class or function of the scope, and those around it."""
    index = scope.class_index
    while index is not None:
        yield index
        index = scope.module.facts.classes[index].outer


def _is_function(scope: Scope, index: int) -> bool:
    return scope.module.facts.classes[index].is_function


def visible(scope: Scope) -> Iterator[int]:
    """Yield the bodies whose names the scope sees: its own, and those of the functions around it."""
    for index in _around(scope):
        if index == scope.class_index or _is_function(scope, index):
            yield index


def with_before(scope: Scope, name: str, before: Value) -> Scope:
    """Return the scope of a name's own binding, in which the name means what it did before."""
    return scope if before is MISSING else replace(scope, variables={**scope.variables, name: before})


def home_of(node: Expression, scope: Scope) -> int | None:
    """Return the class or function whose body binds the `name` node's name, None for the module."""
    facts = scope.module.facts
    for index in visible(scope):
        bindings = facts.classes[index].names.get(node[1])
        # In a class's `X = X` the right one is found further out.
        if bindings and not (len(bindings) == 1 and _holds(bindings[0][1], node)):
            return index
    return None


def is_rebound(node: Expression, scope: Scope) -> bool:
    """Tell whether the `name` node's name means another thing at the end of its body than where it stands."""
    home = home_of(node, scope)
    if home is None and any(_is_function(scope, index) for index in _around(scope)):
        return False  # the function runs when it is called: what it finds in the module is there for good
    return is_bound_from(scope.module.facts, home, node[1], node[2])


def _holds(payload: Expression, node: Expression) -> bool:
    return payload is node or (isinstance(payload, list) and any(_holds(each, node) for each in payload))


def is_patched_later(scope: Scope, node: Expression) -> bool:
    """Tell whether the class of an `attr` node, or its attribute, is set again at or below the line."""
    if node[1][0] == "name" and node[1][1] not in scope.variables and is_rebound(node[1], scope):
        return True
    suffix = f".{node[2]}"
    names = scope.module.facts.names
    return any(
        name.endswith(suffix) and is_bound_from(scope.module.facts, None, name, node[3]) for name in names
    )


def inside(scope: Scope, variables: Mapping[str, Value]) -> Scope:
    """Return the scope within a comprehension, which does not see the names of the class around it."""
    index = next((index for index in _around(scope) if _is_function(scope, index)), None)
    return replace(scope, class_index=index, variables={**scope.variables, **variables})


def unpacked(target: Expression, value: Value) -> Iterator[tuple[str, Value]]:
    """Yield the names of a loop's target, each with its part of the value."""
    if target[0] == "name":
        yield target[1], value
    elif target[0] in {"tuple", "list"} and isinstance(value, Unknown):
        for each in target[1]:
            yield from unpacked(each, value)
    elif target[0] in {"tuple", "list"}:
        for each, part in zip(target[1], operations.iterate(value), strict=True):
            yield from unpacked(each, part)
    else:
        raise operations.NotWorkedOutError("its loop is not followed")
