"""What is known of a `try` block: whether one of its imports fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from inventree_plugins.discovery import server
from inventree_plugins.discovery.facts import Binding, Guard
from inventree_plugins.discovery.module_refs import Modules
from inventree_plugins.discovery.truth import truth_of
from inventree_plugins.discovery.values import External, Scope, Unknown, Value
from inventree_plugins.vocabulary import SERVER_LIBRARIES, SERVER_PACKAGES

__all__ = ["Attempts"]


class Attempts:
    """Judge `try` blocks by their imports: what else may raise there is not asked.

    `imported(scope, payload, line)` tells what an import gives, `has(module, name)` whether a module of the
    server has a name.
    """

    def __init__(
        self,
        modules: Modules,
        *,
        imported: Callable[[Scope, list[Any], int], Value],
        has: Callable[[str, str | None], bool],
        is_complete: bool,
    ) -> None:
        self._modules = modules
        self._imported = imported
        self._has = has
        self._is_complete = is_complete

    def failure(self, scope: Scope, number: int, line: int) -> Unknown | None:
        """Return what fails in a block down to a line, None when all of it succeeds.

        `failed` is set where it is certain; where it is not, another environment may have what is missing.
        """
        doubt: Unknown | None = None
        for payload, at in _imports_of(scope, number, line):
            found = self._judged(scope, payload, at)
            if found is not None and found.failed:
                return found
            doubt = doubt or found
        return doubt

    def runs(self, guards: list[Guard], scope: Scope, line: int, *, test: Callable[[int], Value]) -> bool:
        """Tell whether a statement runs, as far as the blocks around it tell."""
        for kind, number, *branch in guards:
            if kind == "if":
                truth = truth_of(test(number))
                if truth is not None and truth is not branch[0]:
                    return False
            elif kind in {"except", "else"}:
                failure = self.failure(scope, number, line)
                if (failure is not None and failure.failed) is not (kind == "except"):
                    return False
        return True

    def _judged(self, scope: Scope, payload: list[Any], line: int) -> Unknown | None:
        module, level, name = payload[:3]
        if level == 0 and server.is_server_module(module):
            if self._modules.find("plugin") is None or self._has(module, None if name == "*" else name):
                return None
            return scope.unknown(f"the server has no `{module}.{name or ''}`", line, failed=True)
        value = self._imported(scope, payload, line)
        if isinstance(value, Unknown):
            return value if value.failed else None
        top = module.partition(".")[0]
        is_lost = isinstance(value, External) and not value.is_found
        if not is_lost or not self._is_complete or top in SERVER_PACKAGES | SERVER_LIBRARIES:
            return None
        return scope.unknown(f"`{module}` is not installed", line)


def _imports_of(scope: Scope, number: int, line: int) -> Iterator[tuple[list[Any], int]]:
    facts = scope.module.facts
    bindings: list[Binding] = [
        each for every in facts.names_in(scope.class_index).values() for each in every if each[0] == "import"
    ]
    if scope.class_index is None:
        bindings += [[kind, [*payload[:2], None], at, guards] for kind, payload, at, guards in facts.stars]
    for _, payload, at, guards in bindings:
        if at <= line and ["try", number] in guards:
            yield payload, at
