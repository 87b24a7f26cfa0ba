"""What an expression comes to, where that can be known from text alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Protocol

from inventree_plugins.discovery import operations
from inventree_plugins.discovery.facts import Expression
from inventree_plugins.discovery.scopes import home_of, inside, is_patched_later, is_rebound, unpacked
from inventree_plugins.discovery.sharing import Sharing
from inventree_plugins.discovery.truth import may_be_dict, truth_of
from inventree_plugins.discovery.values import (
    MISSING,
    REST,
    SAME,
    ClassRef,
    External,
    Maker,
    Scope,
    Unknown,
    Value,
    is_plain,
)

__all__ = ["Evaluator", "World"]

MAX_ROUNDS = 2_000

# What a wrong operation on known values raises; the plugin would raise it too.
_RAISED = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)


_OPERANDS: tuple[type, ...] = (str, int, float, list, tuple, set, frozenset, dict, type(None))
# What a name may stand for besides classes, modules and functions.
_DATA: tuple[type, ...] = (str, int, float, frozenset, type(None), list, tuple, dict, set, *operations.VIEWS)


class World(Protocol):
    """What lies outside an expression: names, attributes, and what a known function returns."""

    def name(self, scope: Scope, name: str) -> Value:
        """Return what the name means in the scope, MISSING when nothing binds it."""

    def attribute(self, owner: Value, name: str) -> Value:
        """Return an attribute of a module, a class or an external name, MISSING when there is none."""

    def result(self, function: External, arguments: Sequence[Value]) -> Value:
        """Return what the external function returns, MISSING when that is not known."""


class Evaluator:
    """Evaluate expressions against a world; the answer is a value or an Unknown, never an error."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rounds = 0
        self.sharing = Sharing()

    def restart(self) -> None:
        """Grant the next plugin its own number of steps."""
        self._rounds = 0

    def evaluate(self, node: Expression, scope: Scope) -> Value:
        """Return the value of the expression in the scope."""
        if not isinstance(node, list):
            return node
        form = self._FORMS.get(node[0])
        if form is None:
            return scope.unknown("the expression is not followed", 0)
        try:
            return form(self, node, scope)
        except operations.NotWorkedOutError as error:
            return scope.unknown(str(error), _line(node))
        except _RAISED as error:
            return scope.unknown(f"its expression raises {type(error).__name__}", _line(node), failed=True)

    def each(self, nodes: Sequence[Expression], scope: Scope) -> list[Value] | Unknown:
        """Return the values of a display's items; Unknown when one raises, or their number is not known."""
        values: list[Value] = []
        for node in nodes:
            is_star = isinstance(node, list) and node[0] == "star"
            value = self.evaluate(node[1] if is_star else node, scope)
            if isinstance(value, Unknown) and (is_star or value.failed):
                return value
            values.extend(operations.iterate(value) if is_star else [value])
        return values

    def _unknown(self, node: Expression, scope: Scope) -> Value:
        return scope.unknown(node[1], node[2])

    def _name(self, node: Expression, scope: Scope) -> Value:
        _, name, line = node
        value = scope.variables.get(name, MISSING)
        if value is not MISSING:
            return value
        value = self._world.name(scope, name)
        if value is MISSING:
            return scope.unknown(f"`{name}` is not bound by anything that can be read", line)
        if not isinstance(value, _DATA):
            return value
        if is_rebound(node, scope):
            return scope.unknown(f"`{name}` is bound again further down", line)
        return self.sharing.settled(value, scope.module, name=name, index=home_of(node, scope))

    def _attribute(self, node: Expression, scope: Scope) -> Value:
        return self._attribute_of(self.evaluate(node[1], scope), node, scope)

    def _attribute_of(self, owner: Value, node: Expression, scope: Scope) -> Value:
        if isinstance(owner, Unknown):
            return owner
        value = self._world.attribute(owner, node[2])
        if value is MISSING:
            is_wrong = is_plain(owner) and not hasattr(owner, node[2])
            return scope.unknown(f"`.{node[2]}` is not known", node[3], failed=is_wrong)
        if isinstance(owner, ClassRef) and isinstance(value, _DATA) and is_patched_later(scope, node):
            return scope.unknown(f"`.{node[2]}` is set again further down", node[3])
        return value

    def _sum(self, node: Expression, scope: Scope) -> Value:
        values = [self.evaluate(item, scope) for item in node[1]]
        total = values[0]
        for value in values[1:]:
            total = self._combined("+", total, value, where=(scope, node[2]))
        return total

    def _binary(self, node: Expression, scope: Scope) -> Value:
        left, right = self.evaluate(node[2], scope), self.evaluate(node[3], scope)
        return self._combined(node[1], left, right, where=(scope, node[4]))

    def combined(self, symbol: str, left: Value, right: Value, *, where: tuple[Scope, int]) -> Value:
        """Return `left symbol right` as an augmented assignment means it."""
        try:
            if symbol == "+" and isinstance(left, list) and not isinstance(right, Unknown):
                return operations.bounded([*left, *operations.iterate(right)])
            return self._combined(symbol, left, right, where=where)
        except (operations.NotWorkedOutError, *_RAISED) as error:
            return where[0].unknown(f"its expression cannot be worked out ({error})", where[1])

    def _combined(self, symbol: str, left: Value, right: Value, *, where: tuple[Scope, int]) -> Value:
        if symbol == "|" and isinstance(left, dict) and may_be_dict(right):
            return operations.merged(left, right if isinstance(right, dict) else {REST: right})
        for value in (left, right):
            if isinstance(value, Unknown):
                return value
            if not isinstance(value, _OPERANDS):
                return where[0].unknown(f"`{symbol}` is not worked out here", where[1])
        return operations.binary(symbol, left, right)

    def _unary(self, node: Expression, scope: Scope) -> Value:
        operand = self.evaluate(node[2], scope)
        if node[1] == "not":
            truth = truth_of(operand)
            return scope.unknown("its condition is not known", node[3]) if truth is None else not truth
        return operand if isinstance(operand, Unknown) else operations.unary(node[1], operand)

    def _bool(self, node: Expression, scope: Scope) -> Value:
        value: Value = None
        for item in node[2]:
            value = self.evaluate(item, scope)
            truth = truth_of(value)
            if truth is None:
                return (
                    value
                    if isinstance(value, Unknown)
                    else scope.unknown("its condition is not known", node[3])
                )
            if truth is (node[1] == "or"):
                return value
        return value

    def _compare(self, node: Expression, scope: Scope) -> Value:
        left = self.evaluate(node[1], scope)
        for symbol, item in node[2]:
            right = self.evaluate(item, scope)
            if not is_plain(left) or not is_plain(right):
                return scope.unknown("its condition is not known", node[3])
            if not operations.compare(symbol, left, right):
                return False
            left = right
        return True

    def _choose(self, node: Expression, scope: Scope) -> Value:
        test = self.evaluate(node[1], scope)
        truth = truth_of(test)
        if truth is not None:
            return self.evaluate(node[2] if truth else node[3], scope)
        if isinstance(test, Unknown) and test.failed:
            return test
        return scope.unknown("it depends on a condition that is not known", node[4])

    def _text(self, node: Expression, scope: Scope) -> Value:
        parts: list[str] = []
        for part in node[1]:
            if isinstance(part, str):
                parts.append(part)
                continue
            value, spec = self.evaluate(part[0], scope), self.evaluate(part[2], scope)
            for each in (value, spec):
                if not is_plain(each):
                    return (
                        each if isinstance(each, Unknown) else scope.unknown("an f-string's part is", node[2])
                    )
            parts.append(operations.formatted(value, part[1], spec))
        return "".join(parts)

    def _dict(self, node: Expression, scope: Scope) -> Value:
        result: dict[Any, Value] = {}
        for key, item in node[1]:
            value = self.evaluate(item, scope)
            if isinstance(value, Unknown) and value.failed:
                return value
            if key == ["rest"]:
                rest = value if isinstance(value, dict) else {REST: self._rest(value, scope, node[2])}
                result = operations.merged(result, rest)
                continue
            name = self.evaluate(key, scope)
            if is_plain(name):
                result[name] = value
            elif isinstance(name, Unknown) and name.failed:
                return name
            else:
                result = operations.merged(result, {REST: self._rest(name, scope, node[2])})
        return result

    def _rest(self, value: Value, scope: Scope, line: int) -> Unknown:
        return value if isinstance(value, Unknown) else scope.unknown("some of its keys are not known", line)

    def _list(self, node: Expression, scope: Scope) -> Value:
        return self.each(node[1], scope)

    def _tuple(self, node: Expression, scope: Scope) -> Value:
        values = self.each(node[1], scope)
        return values if isinstance(values, Unknown) else tuple(values)

    def _set(self, node: Expression, scope: Scope) -> Value:
        values = self.each(node[1], scope)
        return values if isinstance(values, Unknown) else operations.set_of(values)

    def _item(self, node: Expression, scope: Scope) -> Value:
        owner = self.evaluate(node[1], scope)
        if isinstance(owner, (ClassRef, External)):
            return owner  # `Generic[T]`: a base class by another spelling
        index = self.evaluate(node[2], scope)
        for value in (owner, index):
            if isinstance(value, Unknown):
                return value
        if isinstance(owner, (str, list, tuple)):
            return owner[index]
        if isinstance(owner, dict) and is_plain(index):
            return operations.item(owner, index)
        return scope.unknown("its index is not worked out", node[3])

    def _slice(self, node: Expression, scope: Scope) -> Value:
        ends = [self.evaluate(end, scope) for end in node[1:4]]
        return next((end for end in ends if isinstance(end, Unknown)), slice(*ends))

    def _call(self, node: Expression, scope: Scope) -> Value:
        _, function, arguments, keywords, line = node
        values = self.each(arguments, scope)
        if isinstance(values, Unknown):
            return values
        named = {name: self.evaluate(value, scope) for name, value in keywords.items()}
        if isinstance(function, list) and function[0] == "attr":
            owner = self.evaluate(function[1], scope)
            if isinstance(owner, (str, dict)):
                return self._method(owner, function[2], values, named=named)
            # Worked out once: twice a call would be a thousand times in a chain of ten.
            target = self._attribute_of(owner, function, scope)
        else:
            target = self.evaluate(function, scope)
        if isinstance(target, (Unknown, Maker)):
            return target if isinstance(target, Unknown) else target.result
        return self._called(target, values, named, where=(scope, line))

    def _method(self, owner: Value, name: str, values: list[Value], *, named: Mapping[str, Value]) -> Value:
        for value in chain(values, named.values()):
            if isinstance(value, Unknown):
                return value
        return operations.method(owner, name, values, keywords=named)

    def _called(
        self, target: Value, values: list[Value], named: Mapping[str, Value], *, where: tuple[Scope, int]
    ) -> Value:
        scope, line = where
        if target is SAME and values:
            return values[0]
        if isinstance(target, External):
            if target.module == "builtins":
                return self._builtin(target.name, values, named)
            result = self._world.result(target, values)
            if isinstance(result, Unknown) and not result.path:
                return scope.unknown(result.reason, line, failed=result.failed)
            if result is not MISSING:
                return result
            name = f"{target.module}.{target.name}"
            return Unknown(f"it is what `{name}()` returns", scope.module.path, line, function=name)
        return scope.unknown("it is what a function of the plugin returns", line)

    def _builtin(self, name: str, values: list[Value], named: Mapping[str, Value]) -> Value:
        for value in chain(values, named.values()):
            if isinstance(value, Unknown) and (name != "dict" or value.failed):
                return value
        if name == "dict" and len(values) <= 1 and all(isinstance(value, dict) for value in values):
            return operations.merged(values[0] if values else {}, named)
        return operations.builtin(name, values, named)

    def _each(self, node: Expression, scope: Scope) -> Value:
        _, kind, key, value, loops, _ = node
        pairs: list[tuple[Value, Value]] = []
        for inner in self._loops(loops, scope):
            if isinstance(inner, Unknown):
                return {REST: inner} if kind == "dict" and not inner.failed else inner
            pairs.append((self.evaluate(key, inner), self.evaluate(value, inner)))
        failed = (each for pair in pairs for each in pair if isinstance(each, Unknown) and each.failed)
        unknown = next(failed, None)
        if unknown is not None:
            return unknown
        if kind == "dict":
            return self._mapping(pairs, scope, node[5])
        values = [each for _, each in pairs]
        unknown = next((each for each in values if isinstance(each, Unknown)), None)
        if unknown is not None:
            return unknown
        return operations.set_of(values) if kind == "set" else values

    def _mapping(self, pairs: list[tuple[Value, Value]], scope: Scope, line: int) -> Value:
        result: dict[Any, Value] = {}
        for name, each in pairs:
            pair = {name: each} if is_plain(name) else {REST: self._rest(name, scope, line)}
            result = operations.merged(result, pair) if REST in pair else {**result, **pair}
        return result

    def _loops(self, loops: Sequence[Expression], scope: Scope) -> Iterator[Scope | Unknown]:
        if not loops:
            yield scope
            return
        target, iterable, conditions = loops[0]
        values = self.evaluate(iterable, scope)
        if isinstance(values, Unknown) or (isinstance(values, dict) and REST in values):
            yield values if isinstance(values, Unknown) else values[REST]
            return
        for value in operations.iterate(values):
            self._rounds += 1
            if self._rounds > MAX_ROUNDS:
                yield scope.unknown("it takes too many steps", 0)
                return
            inner = inside(scope, dict(unpacked(target, value)))
            truth = self._all_hold(conditions, inner)
            if truth is None:
                yield scope.unknown("it depends on a condition that is not known", 0)
                return
            if truth:
                yield from self._loops(loops[1:], inner)

    def _all_hold(self, conditions: Sequence[Expression], scope: Scope) -> bool | None:
        for condition in conditions:
            truth = truth_of(self.evaluate(condition, scope))
            if not truth:
                return truth
        return True

    def _same(self, _node: Expression, _scope: Scope) -> Value:
        return SAME

    _FORMS: ClassVar[Mapping[str, Callable[[Evaluator, Expression, Scope], Value]]] = {
        "attr": _attribute,
        "binary": _binary,
        "bool": _bool,
        "call": _call,
        "choose": _choose,
        "compare": _compare,
        "dict": _dict,
        "each": _each,
        "item": _item,
        "list": _list,
        "name": _name,
        "same": _same,
        "set": _set,
        "slice": _slice,
        "sum": _sum,
        "text": _text,
        "tuple": _tuple,
        "unary": _unary,
        "unknown": _unknown,
    }


def _line(node: Expression) -> int:
    return node[-1] if isinstance(node[-1], int) else 0
