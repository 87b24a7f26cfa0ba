"""Python's method resolution order (C3), over classes that are only read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from inventree_plugins.discovery.values import ClassRef, Value

__all__ = ["Orders", "linearize"]


Orders: TypeAlias = dict[ClassRef, tuple[list[Value], bool]]


def linearize(owner: ClassRef, known: Orders, *, bases: Callable[[ClassRef], list[Value]]) -> None:
    """Add the class's order to `known`, and whether Python accepts it; if not, the order is left to right."""
    parents: dict[ClassRef, list[Value]] = {}
    stack = [owner]
    while stack:  # by hand: a class tree may be deeper than Python's own recursion limit
        current = stack[-1]
        if current in known:
            stack.pop()
            continue
        if current not in parents:
            parents[current] = bases(current)
            missing = [
                each for each in parents[current] if isinstance(each, ClassRef) and each not in parents
            ]
            if missing:
                stack.extend(missing)
                continue
        stack.pop()
        known[current] = _merge(current, parents[current], known)


def _merge(owner: ClassRef, bases: list[Value], known: Orders) -> tuple[list[Value], bool]:
    # A base without an order yet derives from this class itself: it counts as a class without bases.
    orders = [
        known.get(base, ([base], False)) if isinstance(base, ClassRef) else ([base], True) for base in bases
    ]
    is_consistent = all(fine for _, fine in orders)
    if len(orders) == 1:
        return [owner, *orders[0][0]], is_consistent
    lists = [list(reversed(order)) for order, _ in orders] + [list(reversed(bases))]
    result: list[Value] = [owner]
    while lists := [each for each in lists if each]:
        head = _next_head(lists)
        if head is None:
            is_consistent, head = False, lists[0][-1]
        result.append(head)
        lists = [
            [each for each in rest if each != head] if not _ends(rest, head) else rest[:-1] for rest in lists
        ]
    return result, is_consistent


def _next_head(lists: list[list[Value]]) -> Value:
    for candidate in (each[-1] for each in lists):
        if not any(candidate in each[:-1] for each in lists):
            return candidate
    return None


def _ends(values: list[Value], head: Value) -> bool:
    return bool(values[-1] == head)
