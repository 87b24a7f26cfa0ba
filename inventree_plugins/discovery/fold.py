"""A name's bindings, in the order of the text, to what the name means in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inventree_plugins.discovery.facts import Binding, Guard
from inventree_plugins.discovery.truth import truth_of
from inventree_plugins.discovery.values import (
    MISSING,
    ClassRef,
    External,
    ModuleRef,
    Scope,
    Unknown,
    Value,
    is_plain,
)

__all__ = ["Fold"]

_NO, _MAYBE, _YES = False, None, True


class Fold:
    """Follow one name through its scope: `try` before `except`, known conditions decided, others kept apart.

    `apply(binding, before)` tells what a binding makes of the value before it, `test(index)` what a condition
    of the module comes to, `failure(number, line)` what fails in a `try` block down to a line, certainly or
    not. A block of which nothing is known to fail is taken to succeed.
    """

    def __init__(
        self,
        apply: Callable[[Binding, Value], Value],
        *,
        test: Callable[[int], Value],
        failure: Callable[[int, int], Unknown | None],
    ) -> None:
        self._apply = apply
        self._test = test
        self._failure = failure
        self._values: list[Value] = []
        self._failed: dict[int, Unknown] = {}
        self._branches: dict[int, tuple[bool, int]] = {}
        self._skipped: list[Binding] = []
        # Whether one of the values is certainly bound, whatever the conditions come to.
        self._is_certain = False

    def fold(self, bindings: list[Binding], *, scope: Scope) -> Value:
        """Return the name's value at the end of the scope, MISSING when nothing binds it."""
        for binding in bindings:
            self._step(binding)
        if not self._values:
            self._values = list(self._hints())
        if not self._values:
            return next(iter(self._failed.values()), MISSING)
        return self._agreed(scope, bindings[-1][2])

    def _hints(self) -> Iterator[Value]:
        """Yield what is imported only where it is not run, such as for a type checker."""
        for binding in self._skipped[:1]:
            value = self._apply(binding, MISSING)
            if binding[0] == "import" and isinstance(value, (ClassRef, External, ModuleRef)):
                self._is_certain = True
                yield value

    def _step(self, binding: Binding) -> None:
        guards: list[Guard] = binding[3]
        verdicts = [self._verdict(guard, binding[2]) for guard in guards] if guards else []
        if _NO in verdicts:
            self._skipped.append(binding)
            return
        value = self._apply(binding, self._values[-1] if self._values else MISSING)
        attempt = next((guard[1] for guard in guards if guard[0] == "try"), None)
        if attempt is not None and isinstance(value, Unknown) and value.failed:
            self._failed[attempt] = value
            return
        if _MAYBE in verdicts:
            self._values.append(value)
        else:
            self._values = [value] if value is not MISSING else []
            self._is_certain = True

    def _verdict(self, guard: Guard, line: int) -> bool | None:
        """Tell whether a binding at the line runs, by one of the blocks around it."""
        kind, number = guard[0], guard[1]
        if kind == "if":
            return self._branch(number, taken=guard[2])
        if kind == "loop":
            return _MAYBE
        failure = self._failed.get(number) or self._failure(number, line)
        if failure is None:
            return _NO if kind == "except" else _YES
        if not failure.failed:
            return _MAYBE
        self._failed[number] = failure
        return _YES if kind == "except" else _NO

    def _branch(self, number: int, *, taken: bool) -> bool | None:
        truth = truth_of(self._test(number))
        if truth is not None:
            return truth is taken
        first, count = self._branches.setdefault(number, (taken, len(self._values)))
        if first is not taken:
            # Both branches bind the name: what it was before the `if` is gone for certain.
            del self._values[:count]
            self._is_certain = True
            self._branches[number] = (taken, 0)
        return _MAYBE

    def _agreed(self, scope: Scope, line: int) -> Value:
        values = [value for value in self._values if value is not MISSING]
        first = values[0] if values else MISSING
        if len(values) <= 1 and (self._is_certain or not is_plain(first)):
            return first
        if self._is_certain and all(_is_same(value, first) for value in values):
            return first
        # Stand-ins for other versions: the first that is a class or an import is the one the author prefers.
        for value in values:
            if isinstance(value, (ClassRef, External)):
                return value
        return scope.unknown("it depends on a condition that is not known", line)


def _is_same(value: Value, other: Value) -> bool:
    """Tell whether two constants are one and the same; `1` equals `True`, and is another thing."""
    return is_plain(value) and is_plain(other) and repr(value) == repr(other)
