"""Which names may mean a list, dict or set that is changed under another name.

A value is worked out from what is written about its own name. `B = A` followed by `B.append(1)` changes `A`
too, which nothing that is written about `A` tells. Such names are found here, generously: what may be shared
is unknown rather than wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from inventree_plugins.discovery.facts import CHANGING_METHODS, Binding, Expression, ModuleFacts
from inventree_plugins.discovery.operations import BUILTINS, TEXT_METHODS, VIEWS
from inventree_plugins.discovery.values import Module, Unknown, Value

__all__ = ["Sharing", "is_bound_from", "shared_names"]

# A name in a class's or function's body (its index), in the module (None), or an attribute (`attr`).
Key: TypeAlias = tuple[Any, str]

_CONTAINERS: tuple[type, ...] = (list, tuple, dict, set, *VIEWS)
_IN_PLACE = frozenset({"call", "item", "aug"})
# What returns a new container, though its items may be shared, or none at all.
_FRESH = {
    "name": BUILTINS.keys() - {"max", "min"},
    "attr": TEXT_METHODS | {"copy"},
}


class Sharing:
    """Values of names, held back where they may be changed under another name."""

    def __init__(self) -> None:
        self._shared: dict[str, frozenset[Key]] = {}

    def settled(self, value: Value, module: Module, *, name: str, index: int | None) -> Value:
        """Return the value of a name; Unknown where a container may be changed under another name.

        `index` is that of the class or function whose body binds the name, None for the module.
        """
        if not isinstance(value, _CONTAINERS) or not _has_container(value):
            return value
        shared = self._shared.get(module.path)
        if shared is None:
            shared = self._shared[module.path] = shared_names(module.facts)
        if (index, name) not in shared:
            return value
        line = module.facts.names_in(index)[name][-1][2]
        reason = f"`{name}` may be changed under another name"
        return Unknown(reason, module.path, line)


def _has_container(value: Value) -> bool:
    """Tell whether anything of the value could be changed in place; a tuple of constants could not."""
    if not isinstance(value, tuple):
        return True
    return any(isinstance(each, _CONTAINERS) and _has_container(each) for each in value)


def is_bound_from(facts: ModuleFacts, index: int | None, name: str, line: int) -> bool:
    """Tell whether anything at or below the line binds or changes the name of the module or class."""
    return any(binding[2] >= line for binding in facts.names_in(index).get(name, ()))


def shared_names(facts: ModuleFacts) -> frozenset[Key]:
    """Return the names whose value may be changed in a way that their own bindings do not tell."""
    graph = _Graph()
    for index, name, binding in _bindings(facts):
        graph.add((index, name), binding)
    return frozenset(graph.shared())


def _bindings(facts: ModuleFacts) -> Iterator[tuple[int | None, str, Binding]]:
    for index in (None, *range(len(facts.classes))):
        for name, bindings in facts.names_in(index).items():
            for binding in bindings:
                yield index, name, binding


@dataclass(slots=True)
class _Graph:
    """Names, those that their value comes from as it is, and those that it or its items may come from.

    What comes from a name needs no edge back: it is worked out from that name, at its line.
    """

    same: dict[Key, set[Key]] = field(default_factory=dict)
    near: dict[Key, set[Key]] = field(default_factory=dict)
    # Names that may mean an item of another container.
    items: set[Key] = field(default_factory=set)
    # Names changed by a statement, which their bindings tell, and within an expression, which they do not.
    changed: set[Key] = field(default_factory=set)
    hidden: set[Key] = field(default_factory=set)

    def add(self, key: Key, binding: Binding) -> None:
        """Take in what a binding says about who shares what."""
        kind, payload = binding[0], binding[1]
        if kind in _IN_PLACE:
            self.changed.add(key)
            self._connect(self.near, key, _mentions(payload, key[0]))
        elif kind == "value":
            same = list(_aliases(payload, key[0]))
            self._connect(self.same, key, same)
            self._connect(self.near, key, _mentions(payload, key[0]))
            if _may_be_item(payload):
                self.items.add(key)
        if kind in _IN_PLACE or kind == "value":
            self.hidden.update(_changed_inside(payload, key[0]))
        attribute = key[1].rpartition(".")[2]
        if key[0] is not None or "." in key[1]:
            # `C.X` may be what any class calls `X`, so both lead to each other.
            self._connect(self.same, key, [("attr", attribute)])
            self._connect(self.same, ("attr", attribute), [key])

    def shared(self) -> Iterator[Key]:
        """Yield each name that another one's change may reach."""
        for key in self.changed | self.hidden:
            reached = self._reached(key, (self.same,))
            if not self.items.isdisjoint(reached):
                reached = self._reached(key, (self.same, self.near))
            yield from reached if key in self.hidden else reached - {key}

    def _connect(self, edges: dict[Key, set[Key]], key: Key, others: Iterable[Key]) -> None:
        edges.setdefault(key, set()).update(others)

    def _reached(self, key: Key, kinds: tuple[dict[Key, set[Key]], ...]) -> set[Key]:
        seen, waiting = {key}, [key]
        while waiting:
            each = waiting.pop()
            for edges in kinds:
                new = edges.get(each, set()) - seen
                seen |= new
                waiting.extend(new)
        return seen


def _keys(node: Expression, index: int | None) -> Iterator[Key]:
    """Yield what a `name` or `attr` node may be."""
    if node[0] == "attr":
        yield "attr", node[2]
    else:
        yield None, node[1]
        if index is not None:
            yield index, node[1]


def _aliases(node: Expression, index: int | None) -> Iterator[Key]:
    """Yield the names whose very object the expression may come to."""
    if not isinstance(node, list):
        return
    if node[0] in {"name", "attr"}:
        yield from _keys(node, index)
    elif node[0] == "choose":
        for each in node[2:4]:
            yield from _aliases(each, index)
    elif node[0] == "bool":
        for each in node[2]:
            yield from _aliases(each, index)
    elif node[0] == "call" and not _is_fresh(node[1]):
        yield from _mentions(node, index)


def _may_be_item(node: Expression) -> bool:
    """Tell whether the expression may come to an item of a container."""
    if not isinstance(node, list):
        return False
    if node[0] in {"choose", "bool"}:
        return any(map(_may_be_item, node[2:4] if node[0] == "choose" else node[2]))
    return node[0] == "item" or (node[0] == "call" and not _is_fresh(node[1]))


def _is_fresh(function: Expression) -> bool:
    if not isinstance(function, list):
        return False
    if function[0] == "attr":
        return function[2] in _FRESH["attr"]
    return function[0] == "name" and function[1] in _FRESH["name"]


def _mentions(node: Expression, index: int | None) -> Iterator[Key]:
    """Yield every name in the expression; a display of such texts yields more, which does no harm."""
    for each in _nodes(node):
        if _is_name(each) or _is_attribute(each):
            yield from _keys(each, index)


def _changed_inside(node: Expression, index: int | None) -> Iterator[Key]:
    """Yield the names that a method call within the expression may change."""
    for each in _nodes(node):
        if (
            each[:1] == ["call"]
            and len(each) > 1
            and _is_attribute(each[1])
            and each[1][2] in CHANGING_METHODS
        ):
            yield from _mentions(each[1][1], index)


def _is_name(node: list[Any]) -> bool:
    return len(node) == 3 and node[0] == "name" and isinstance(node[1], str)  # noqa: PLR2004 - see expressions.py


def _is_attribute(node: Expression) -> bool:
    return (
        isinstance(node, list)
        and len(node) == 4  # noqa: PLR2004 - see expressions.py
        and node[0] == "attr"
        and isinstance(node[2], str)
    )


def _nodes(node: Expression) -> Iterator[list[Any]]:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            yield each
            waiting.extend(part for part in each if isinstance(part, (list, dict)))
