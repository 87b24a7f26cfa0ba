"""What names mean: imports followed to their files, attributes found along the base classes."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from inventree_plugins.discovery import server
from inventree_plugins.discovery.attempts import Attempts
from inventree_plugins.discovery.evaluate import Evaluator
from inventree_plugins.discovery.facts import Binding, Expression
from inventree_plugins.discovery.fold import Fold
from inventree_plugins.discovery.installed import InstalledVersions
from inventree_plugins.discovery.linearize import Orders, linearize
from inventree_plugins.discovery.module_refs import Modules
from inventree_plugins.discovery.scopes import visible, with_before
from inventree_plugins.discovery.values import (
    MISSING,
    REST,
    SAME,
    ClassRef,
    External,
    Maker,
    Module,
    ModuleRef,
    Scope,
    Unknown,
    Value,
)

__all__ = ["Resolver"]

# Names lead to names: past this the interpreter's own recursion limit would be near.
MAX_DEPTH = 40


class Resolver:
    """Tell what a name, an attribute or a base class is, from the files one group of plugins can import."""

    def __init__(self, modules: Modules, *, versions: InstalledVersions) -> None:
        self.modules = modules
        self._versions = versions
        self._evaluator = Evaluator(self)
        self._attempts = Attempts(
            modules, imported=self._imported, has=self._has, is_complete=versions.is_complete
        )
        self._names: dict[tuple[str, int | None, str], Value] = {}
        self._pending: set[tuple[str, int | None, str]] = set()
        self._orders: Orders = {}
        self._ordering: set[ClassRef] = set()
        self._depth = 0

    def restart(self) -> None:
        """Grant the next plugin its own number of steps."""
        self._evaluator.restart()

    def forget(self) -> None:
        """Let go of all that was read: the evaluator's way back to here is a cycle that would keep it."""
        self.modules.forget()
        self._names.clear()
        self._orders.clear()

    def name(self, scope: Scope, name: str) -> Value:
        """Return what a name means at the end of the scope's body, MISSING when nothing binds it."""
        for index in visible(scope):
            if self._is_being_bound(scope.module, index, name):
                continue
            value = self._bound(Scope(scope.module, index), name)
            if value is not MISSING:
                return value
        value = self._bound(Scope(scope.module), name)
        if value is MISSING and name == "__name__":
            return scope.module.name
        if value is MISSING and hasattr(builtins, name):
            return External("builtins", name)
        return value

    def attribute(self, owner: Value, name: str) -> Value:
        """Return an attribute of a module, a class or an external name, MISSING when there is none."""
        if isinstance(owner, ModuleRef):
            return self._module_attribute(owner, name)
        if isinstance(owner, ClassRef):
            return owner.facts.name if name == "__name__" else self.class_attribute(owner, name)
        if isinstance(owner, External):
            return External(f"{owner.module}.{owner.name}", name, owner.is_found)
        if isinstance(owner, dict) and name == "version":  # pkg_resources.get_distribution(…).version
            return owner.get("Version", MISSING)
        return MISSING

    def result(self, function: External, arguments: Sequence[Value]) -> Value:
        """Return what a known function of the environment returns, MISSING otherwise."""
        if not arguments:
            return MISSING
        if server.is_translation(function):
            return arguments[0]
        if function.module == "typing" and function.name == "cast":
            return arguments[-1]
        if function.module in {"importlib.metadata", "importlib_metadata", "pkg_resources"}:
            return self._installed(function.name, arguments[0])
        return MISSING

    def own_names(self, module: Module) -> list[str]:
        """Return the names a module binds.

        Neither `__all__` nor a leading underscore hides a plugin: the server looks at them, and then takes
        every class of the module all the same (seen on a 1.5 server).
        """
        return [name for name in module.facts.names if "." not in name]

    def class_attribute(self, owner: ClassRef, name: str) -> Value:
        """Return what a class or the nearest of its bases binds to the name, MISSING when none does."""
        for each in self.order(owner):
            if isinstance(each, ClassRef):
                value = self._own_attribute(each, name)
                if value is not MISSING:
                    return value
        return MISSING

    def literal_keys(self, owner: ClassRef, name: str) -> list[str] | None:
        """Return the keys of a dict that the class itself displays, all of them literal; else None.

        A shortcut for SETTINGS, whose many values need not be worked out to know its keys.
        """
        bindings = owner.facts.names.get(name, ())
        if len(bindings) != 1 or f"{owner.facts.name}.{name}" in owner.module.facts.names:
            return None
        kind, value, _, guards = bindings[0]
        if kind != "value" or guards or not isinstance(value, list) or value[0] != "dict":
            return None
        keys = [key for key, _ in value[1]]
        return keys if all(isinstance(key, str) for key in keys) else None

    def order(self, owner: ClassRef) -> list[Value]:
        """Return the method resolution order: classes, external names, and Unknowns for bases not known."""
        known = self._orders.get(owner)
        if known is not None:
            return known[0]
        if owner in self._ordering:  # a base is looked up on the class itself
            return [owner]
        self._ordering.add(owner)
        linearize(owner, self._orders, bases=self._bases)
        self._ordering.discard(owner)
        return self._orders[owner][0]

    def has_conflict(self, owner: ClassRef) -> bool:
        """Tell whether Python refuses the class because its bases cannot be put in order."""
        self.order(owner)
        return not self._orders[owner][1]

    def _bases(self, owner: ClassRef) -> list[Value]:
        scope = Scope(owner.module, owner.facts.outer)
        values: list[Value] = []
        for base in owner.facts.bases:
            value = self._evaluator.evaluate(base, scope)
            if value == owner:  # the class took the name of its own base, which is what the name meant before
                value = self._before(owner, base)
            values.append(value)
        return values

    def _before(self, owner: ClassRef, base: Expression) -> Value:
        facts, scope = owner.facts, Scope(owner.module, owner.facts.outer)
        name = base[1] if isinstance(base, list) and base[0] == "name" else facts.name
        bindings = owner.module.facts.names_in(facts.outer).get(name, ())
        earlier = [each for each in bindings if each[2] < facts.line]
        value = self._fold(earlier, scope, name) if earlier else MISSING
        return scope.unknown("it derives from itself", facts.line) if value is MISSING else value

    def _own_attribute(self, owner: ClassRef, name: str) -> Value:
        facts = owner.facts
        patched = f"{facts.name}.{name}"
        if facts.outer is None and patched in owner.module.facts.names:
            return self._bound(Scope(owner.module), patched)
        if name not in facts.names:
            return MISSING
        kind, value, _, guards = facts.names[name][-1]
        if kind == "value" and not guards and not isinstance(value, list):
            return value  # a constant: the usual case, without the machinery
        return self._bound(Scope(owner.module, owner.index), name)

    def _is_being_bound(self, module: Module, index: int, name: str) -> bool:
        """Tell whether this is the `X` to the right of a class's only `X = X`: the module's, then."""
        is_pending = (module.path, index, name) in self._pending
        return is_pending and len(module.facts.names_in(index)[name]) == 1

    def _bound(self, scope: Scope, name: str) -> Value:
        key = (scope.module.path, scope.class_index, name)
        if key in self._names:
            return self._names[key]
        if key in self._pending or self._depth > MAX_DEPTH:
            reason = "it is defined in terms of itself" if key in self._pending else "it takes too many steps"
            return scope.unknown(reason, 0)
        self._pending.add(key)
        self._depth += 1
        try:
            value = self._folded(scope, name)
        except RecursionError:
            value = scope.unknown("it nests too deeply", 0)
        finally:
            self._depth -= 1
            self._pending.discard(key)
        self._names[key] = value
        return value

    def _folded(self, scope: Scope, name: str) -> Value:
        bindings = scope.module.facts.names_in(scope.class_index).get(name)
        if bindings is not None:
            value = self._rebound_by_star(scope, name, bindings[-1][2])
            value = self._fold(bindings, scope, name) if value is MISSING else value
            if value is not MISSING:
                return self._evaluator.sharing.settled(
                    value, scope.module, name=name, index=scope.class_index
                )
        if scope.class_index is None:
            return self._starred(scope, name)
        return MISSING

    def _fold(self, bindings: list[Binding], scope: Scope, name: str) -> Value:
        if len(bindings) == 1 and not bindings[0][3]:
            return self._apply(bindings[0], MISSING, scope)
        conditions = scope.module.facts.conditions
        fold = Fold(
            lambda binding, before: self._apply(binding, before, with_before(scope, name, before)),
            test=lambda index: self._evaluator.evaluate(conditions[index], scope),
            failure=lambda number, line: self._attempts.failure(scope, number, line),
        )
        return fold.fold(bindings, scope=scope)

    def _rebound_by_star(self, scope: Scope, name: str, line: int) -> Value:
        """Return what a star import below the line makes of a name, MISSING when none does."""
        stars = scope.module.facts.stars
        if scope.class_index is not None or not stars or stars[-1][2] <= line:
            return MISSING
        return self._starred(scope, name, below=line)

    def _starred(self, scope: Scope, name: str, *, below: int = 0) -> Value:
        conditions = scope.module.facts.conditions
        for _, (module, level, _), line, guards in reversed(scope.module.facts.stars):
            if line <= below:
                break
            if not self._attempts.runs(
                guards, scope, line, test=lambda index: self._evaluator.evaluate(conditions[index], scope)
            ):
                continue
            value = self._from_star(scope, module, name, level=level, line=line)
            if value is not MISSING:
                return value
        return MISSING

    def _from_star(self, scope: Scope, module: str, name: str, *, level: int, line: int) -> Value:
        if level == 0 and server.is_external(module):
            value = External(module, name)
            return value if server.is_exported(value) else MISSING
        source = self._imported_module(scope, module, level, line=line)
        if not isinstance(source, ModuleRef) or source.module is None:
            return MISSING
        return self._exported(source.module, name)

    def _exported(self, module: Module, name: str) -> Value:
        exported = self._bound(Scope(module), "__all__")
        is_listed = isinstance(exported, (list, tuple))
        if name not in exported if is_listed else name.startswith("_"):
            return MISSING
        return self._bound(Scope(module), name)

    def has_name(self, source: ModuleRef, name: str) -> bool | None:
        """Tell whether a module has a name, None when only running it would tell."""
        value = self._module_attribute(source, name)
        if value is not MISSING:
            return None if isinstance(value, Unknown) and value.failed else True
        facts = source.module.facts if source.module else None
        is_open = facts is not None and (facts.problem is not None or "__getattr__" in facts.names)
        return None if is_open else False

    def _has(self, module: str, name: str | None) -> bool:
        """Tell whether the server's source has, or may have, a module and a name in it."""
        source = self.modules.find(module)
        if source is None or name is None:
            return source is not None
        return self.has_name(source, name) is not False

    def _apply(self, binding: Binding, before: Value, scope: Scope) -> Value:
        kind, payload, line = binding[0], binding[1], binding[2]
        if kind == "value":
            return self._evaluator.evaluate(payload, scope)
        if kind == "import":
            return self._imported(scope, payload, line)
        if kind == "class":
            return ClassRef(scope.module, payload)
        if kind in {"def", "make"}:
            return self._function(payload, scope, line)
        if kind == "del":
            return MISSING
        return self._changed(binding, before, scope)

    def _function(self, payload: Value, scope: Scope, line: int) -> Value:
        if isinstance(payload, list):
            return Maker(self._bound(Scope(scope.module, payload[0]), payload[1]))
        return SAME if payload else scope.unknown("it is a function", line)

    def _changed(self, binding: Binding, before: Value, scope: Scope) -> Value:
        kind, payload, line = binding[0], binding[1], binding[2]
        if kind == "aug":
            right = self._evaluator.evaluate(payload[1], scope)
            return self._evaluator.combined(payload[0], before, right, where=(scope, line))
        if kind == "item" and isinstance(before, dict):
            pair = [[payload[0], payload[1]]]
            return {**before, **self._evaluator.evaluate(["dict", pair, line], scope)}
        if kind == "call":
            return self._called(payload, before, scope, line)
        return scope.unknown("it is changed after it is set", line)

    def _called(self, payload: Binding, before: Value, scope: Scope, line: int) -> Value:
        method, arguments = payload
        values = [self._evaluator.evaluate(argument, scope) for argument in arguments]
        if method == "update" and isinstance(before, dict) and len(values) == 1:
            return self._evaluator.combined("|", before, values[0], where=(scope, line))
        if method in {"append", "extend"} and isinstance(before, list) and len(values) == 1:
            if method == "append":
                return [*before, values[0]]
            return self._evaluator.combined("+", before, values[0], where=(scope, line))
        if isinstance(before, dict) and method in {"update", "setdefault"}:
            return {**before, REST: scope.unknown(f"it is changed by `.{method}()`", line)}
        if isinstance(before, (dict, list, set)):
            return scope.unknown("it is changed after it is set", line)
        # A call on something that is no container changes nothing that matters here.
        return before

    def _imported(self, scope: Scope, payload: Sequence[Value], line: int) -> Value:
        module, level, name = payload[:3]
        if level == 0 and server.is_external(module):
            return ModuleRef(module) if name is None else server.known(module, name)
        source = self._imported_module(scope, module, level, line=line)
        if name is None or isinstance(source, Unknown):
            return source
        if isinstance(source, External):
            return External(module, name, is_found=False)
        if source.module is scope.module:  # a package that imports its own module by `from . import name`
            inner = self.modules.inside(source, name)
            if inner is not None:
                return inner
        value = self._module_attribute(source, name)
        if value is MISSING:
            return scope.unknown(f"`{source.name}` has no `{name}`", line, failed=True)
        return value

    def _imported_module(
        self, scope: Scope, module: str, level: int, *, line: int
    ) -> ModuleRef | External | Unknown:
        if level:
            found = self.modules.relative(scope.module, module, level)
            written = "." * level + module
            return found or scope.unknown(f"there is no module `{written}`", line, failed=True)
        found = self.modules.find(module)
        if found is not None:
            return found
        if module.partition(".")[0] == scope.module.name.partition(".")[0]:
            return scope.unknown(f"there is no module `{module}`", line, failed=True)
        return External(module, "", is_found=False)

    def _module_attribute(self, owner: ModuleRef, name: str) -> Value:
        if owner.module is not None:
            value = self._bound(Scope(owner.module), name)
            if value is not MISSING:
                return value
        inner = self.modules.inside(owner, name)
        if inner is not None:
            return inner
        if owner.module is None:
            return server.known(owner.name, name)
        problem = owner.module.facts.problem
        if problem is None:
            return MISSING
        return Unknown(problem.message, owner.module.path, problem.line or 0, failed=True)

    def _installed(self, function: str, distribution: Value) -> Value:
        if function not in {"version", "metadata", "distribution", "get_distribution"} or not isinstance(
            distribution, str
        ):
            return MISSING
        version = self._versions.get(distribution)
        if version is None:
            reason = f"the distribution `{distribution}` is not installed"
            return Unknown(reason, "", 0, failed=self._versions.is_complete)
        if not version:  # a checkout's own, see packages/checkout.py
            return Unknown(f"the version of `{distribution}` is made when it is built", "", 0)
        if function == "version":
            return version
        return {"Version": version, "Name": distribution, REST: Unknown("only its version is read", "", 0)}
