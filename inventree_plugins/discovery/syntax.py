"""One file's text to its facts: a warm cache never gets here."""

from __future__ import annotations

import ast
import platform
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from inventree_plugins.discovery.expressions import returns_its_argument, translate
from inventree_plugins.discovery.facts import (
    CHANGING_METHODS,
    Binding,
    ClassFacts,
    Expression,
    FactsProblem,
    Guard,
    ModuleFacts,
)

__all__ = ["MAX_FILE_SIZE", "compile_problem", "read_facts"]

# Parsing takes about a gigabyte for each 10 MB of text; the largest plugin module seen has 0.2 MB.
MAX_FILE_SIZE = 2 * 1024 * 1024
# Of these many characters; the cache would keep them all.
MAX_DOCSTRING = 2000


def read_facts(text: bytes) -> ModuleFacts:
    """Return what `text` says; what cannot be parsed gives facts that carry only a problem."""
    if len(text) > MAX_FILE_SIZE:
        message = f"the file is too large to be read (over {MAX_FILE_SIZE // 1024 // 1024} MB)"
        return ModuleFacts(problem=FactsProblem("file-too-large", message))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is its author's business
            tree = ast.parse(text)
        return _Collector().collect(tree)
    except SyntaxError as error:
        python = ".".join(platform.python_version_tuple()[:2])
        message = f"not valid Python {python}, which invplug runs on: {error.msg}"
        return ModuleFacts(problem=FactsProblem("syntax-error", message, error.lineno))
    except ValueError as error:  # NUL bytes, in some Python versions
        return ModuleFacts(problem=FactsProblem("syntax-error", f"not valid Python: {error}"))
    except (RecursionError, MemoryError):
        return ModuleFacts(problem=FactsProblem("too-complex", "the file nests too deeply to be read"))


def compile_problem(text: bytes) -> FactsProblem | None:
    """Return what Python finds wrong only when it compiles, such as a late `from __future__ import`.

    Nothing is run; but it takes half as long again as parsing, so that a listing does without.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "plugin", "exec", dont_inherit=True)
    except SyntaxError as error:
        return FactsProblem("syntax-error", f"not valid Python: {error.msg}", error.lineno)
    except (ValueError, RecursionError, MemoryError):
        return None  # what parsing has said already
    return None


@dataclass(frozen=True, slots=True)
class _Block:
    """Where statements bind their names: a module's or a class's names, and the blocks around."""

    names: dict[str, list[Binding]]
    guards: list[Guard] = field(default_factory=list)
    # The class or function that the statements stand in, by its index.
    owner: int | None = None

    def inside(self, *guard: Any) -> _Block:
        return _Block(self.names, [*self.guards, list(guard)], self.owner)

    def bind(self, name: str, kind: str, payload: Any, *, line: int) -> None:
        self.names.setdefault(name, []).append([kind, payload, line, self.guards])


def _is_constructor(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def _constructor(node: Any) -> list[Any]:
    """Return what `ClassFacts.constructor` holds of an `__init__`."""
    arguments = node.args
    count = len(arguments.posonlyargs) + len(arguments.args) - 1 - len(arguments.defaults)
    count += sum(1 for default in arguments.kw_defaults if default is None)
    calls_base, attributes = False, []
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Attribute):
            continue
        calls_base = calls_base or inner.attr == "__init__"
        if isinstance(inner.ctx, ast.Store) and isinstance(inner.value, ast.Name) and inner.attr.isupper():
            attributes.append(inner.attr)
    return [node.lineno, calls_base, max(count, 0), attributes]


_BuiltClass: TypeAlias = tuple[str, list[ast.expr], dict[str, ast.expr]]


def _built_class(node: ast.expr) -> _BuiltClass | None:
    """Return name, bases and attributes of `type("Name", (bases,), {…})`, None for anything else."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "type":
        return None
    match node.args:
        case [ast.Constant(value=str(name)), ast.Tuple(elts=bases), ast.Dict(keys=keys, values=values)]:
            pairs = list(zip(keys, values, strict=True))
            attributes = {
                key.value: value
                for key, value in pairs
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            }
            return (name, bases, attributes) if len(attributes) == len(pairs) else None
    return None


class _Collector:
    """The walk over a module's statements; functions are entered only for the classes that they define."""

    def __init__(self) -> None:
        self._facts = ModuleFacts()
        self._number = 0

    def collect(self, tree: ast.Module) -> ModuleFacts:
        block = _Block(self._facts.names)
        self._docstring(tree, block)
        self.walk(tree.body, block)
        return self._facts

    def walk(self, statements: Sequence[ast.stmt], block: _Block) -> None:
        for statement in statements:
            handler = _STATEMENTS.get(type(statement))
            if handler is not None:
                handler(self, statement, block)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _docstring(self, node: ast.Module | ast.ClassDef, block: _Block) -> None:
        text = ast.get_docstring(node, clean=False)
        if text is not None:
            is_long = len(text) > MAX_DOCSTRING
            value = ["unknown", "the docstring is too long to follow", 1] if is_long else text
            block.bind("__doc__", "value", value, line=1)

    def imports(self, node: ast.Import, block: _Block) -> None:
        for alias in node.names:
            if alias.asname:
                block.bind(alias.asname, "import", [alias.name, 0, None], line=node.lineno)
            else:
                top = alias.name.partition(".")[0]
                block.bind(top, "import", [top, 0, None, alias.name], line=node.lineno)

    def imports_from(self, node: ast.ImportFrom, block: _Block) -> None:
        for alias in node.names:
            payload = [node.module or "", node.level, alias.name]
            if alias.name == "*":
                self._facts.stars.append(["import", payload, node.lineno, block.guards])
            else:
                block.bind(alias.asname or alias.name, "import", payload, line=node.lineno)

    def classes(self, node: ast.ClassDef, block: _Block) -> None:
        bases = [translate(base) for base in node.bases]
        constructor = next((each for each in node.body if _is_constructor(each)), None)
        told = None if constructor is None else _constructor(constructor)
        facts = ClassFacts(node.name, node.lineno, bases, {}, block.owner, constructor=told)
        body = self._open(facts)
        block.bind(node.name, "class", body.owner, line=node.lineno)
        self._docstring(node, body)
        self.walk(node.body, body)

    def _open(self, facts: ClassFacts) -> _Block:
        """Add a class, or a function that defines some, and return its body's block."""
        self._facts.classes.append(facts)
        return _Block(facts.names, owner=len(self._facts.classes) - 1)

    def functions(self, node: ast.FunctionDef | ast.AsyncFunctionDef, block: _Block) -> None:
        last = node.body[-1]
        result = last.value if isinstance(last, ast.Return) and isinstance(node, ast.FunctionDef) else None
        if node.decorator_list:
            result = None
        self._globals(node)
        statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
        is_only = len(statements) == 1  # what stands before may change the argument, or return something else
        if any(isinstance(each, ast.ClassDef) for each in node.body):
            body = self._function_body(node, block)
            if isinstance(result, ast.Name) and result.id in body.names:
                block.bind(node.name, "make", [body.owner, result.id], line=node.lineno)
                return
        block.bind(node.name, "def", is_only and returns_its_argument(node.args, result), line=node.lineno)

    def _globals(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Note the names of the module that a function may set whenever it is called."""
        for statement in node.body:
            for name in statement.names if isinstance(statement, ast.Global) else ():
                unknown = ["unknown", f"`{node.name}()` may set it", statement.lineno]
                _Block(self._facts.names).bind(name, "value", unknown, line=statement.lineno)

    def _function_body(self, node: ast.FunctionDef | ast.AsyncFunctionDef, block: _Block) -> _Block:
        body = self._open(ClassFacts(node.name, node.lineno, [], {}, block.owner, is_function=True))
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                reason = f"it is an argument of `{node.name}()`"
                body.bind(argument.arg, "value", ["unknown", reason, node.lineno], line=node.lineno)
        self.walk(node.body, body)
        return body

    def assignments(self, node: ast.Assign, block: _Block) -> None:
        built = _built_class(node.value)
        if built is not None:
            self._built(node, built, block)
            return
        value = translate(node.value)
        for target in node.targets:
            self._assign(target, value, block)

    def _built(self, node: ast.Assign, built: _BuiltClass, block: _Block) -> None:
        """Take a class that `type()` builds for one that a statement defines."""
        name, bases, attributes = built
        translated = [translate(base) for base in bases]
        body = self._open(ClassFacts(name, node.lineno, translated, {}, block.owner))
        for key, value in attributes.items():
            body.bind(key, "value", translate(value), line=value.lineno)
        for target in node.targets:
            if isinstance(target, ast.Name):
                block.bind(target.id, "class", body.owner, line=node.lineno)

    def annotated(self, node: ast.AnnAssign, block: _Block) -> None:
        if node.value is not None:
            self._assign(node.target, translate(node.value), block)

    def _assign(self, target: ast.expr, value: Expression, block: _Block) -> None:
        if isinstance(target, ast.Name):
            block.bind(target.id, "value", value, line=target.lineno)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            # `MyPlugin.VERSION = …` after the class: kept under the dotted name.
            block.bind(f"{target.value.id}.{target.attr}", "value", value, line=target.lineno)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            payload = [translate(target.slice), value]
            block.bind(target.value.id, "item", payload, line=target.lineno)
        elif isinstance(target, (ast.Subscript, ast.Attribute)):
            self._changes_within(target, block)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for index, element in enumerate(target.elts):
                if isinstance(element, ast.Starred):
                    unknown = ["unknown", "an unpacking with `*` is not followed", element.lineno]
                    self._assign(element.value, unknown, block)
                else:
                    self._assign(element, ["item", value, index, target.lineno], block)

    def augmented(self, node: ast.AugAssign, block: _Block) -> None:
        if isinstance(node.target, ast.Name):
            operators = {ast.Add: "+", ast.BitOr: "|", ast.Mod: "%", ast.Mult: "*"}
            payload = [operators.get(type(node.op), "?"), translate(node.value)]
            block.bind(node.target.id, "aug", payload, line=node.lineno)
        else:
            self._changes_within(node.target, block)

    def calls(self, node: ast.Expr, block: _Block) -> None:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return
        if call.func.attr not in CHANGING_METHODS:
            return
        if isinstance(call.func.value, ast.Name):
            payload = [call.func.attr, [translate(argument) for argument in call.args]]
            if call.keywords:
                payload[1] = [["unknown", "a call with keywords is not followed", node.lineno]]
            block.bind(call.func.value.id, "call", payload, line=node.lineno)
        else:
            self._changes_within(call.func.value, block)

    def _changes_within(self, target: ast.expr, block: _Block) -> None:
        """Note that something inside a name's value is changed, in a way that is not followed."""
        line = target.lineno
        path: list[str] = []
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            path.insert(0, target.attr if isinstance(target, ast.Attribute) else "")
            target = target.value
        if isinstance(target, ast.Name):
            dotted = f"{target.id}.{path[0]}" if path and path[0] else target.id
            block.bind(dotted, "call", ["?", []], line=line)

    def deletions(self, node: ast.Delete, block: _Block) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                block.bind(target.id, "del", None, line=node.lineno)
            else:
                self._changes_within(target, block)

    def conditions(self, node: ast.If, block: _Block) -> None:
        index = len(self._facts.conditions)
        self._facts.conditions.append(translate(node.test))
        self.walk(node.body, block.inside("if", index, True))
        self.walk(node.orelse, block.inside("if", index, False))

    def attempts(self, node: Any, block: _Block) -> None:
        number = self._next()
        self.walk(node.body, block.inside("try", number))
        for handler in node.handlers:
            inside = block.inside("except", number)
            self.walk(handler.body, inside)
            if handler.name:  # Python deletes it at the end of the clause
                inside.bind(handler.name, "del", None, line=handler.lineno)
        self.walk(node.orelse, block.inside("else", number))
        self.walk(node.finalbody, block)

    def contexts(self, node: ast.With | ast.AsyncWith, block: _Block) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._assign(item.optional_vars, ["unknown", "it is set by `with`", node.lineno], block)
        names = {ast.unparse(item.context_expr).partition("(")[0].rpartition(".")[2] for item in node.items}
        self.walk(node.body, block.inside("try", self._next()) if "suppress" in names else block)

    def loops(self, node: ast.For | ast.AsyncFor | ast.While, block: _Block) -> None:
        inside = block.inside("loop", self._next())
        if not isinstance(node, ast.While):
            reason = ["unknown", "it is set by a loop", node.lineno]
            self._assign(node.target, reason, inside)
        self.walk(node.body, inside)
        self.walk(node.orelse, block)

    def matches(self, node: ast.Match, block: _Block) -> None:
        for case in node.cases:
            self.walk(case.body, block.inside("loop", self._next()))


_STATEMENTS: dict[type[ast.stmt], Callable[[_Collector, Any, _Block], None]] = {
    ast.Import: _Collector.imports,
    ast.ImportFrom: _Collector.imports_from,
    ast.ClassDef: _Collector.classes,
    ast.FunctionDef: _Collector.functions,
    ast.AsyncFunctionDef: _Collector.functions,
    ast.Assign: _Collector.assignments,
    ast.AnnAssign: _Collector.annotated,
    ast.AugAssign: _Collector.augmented,
    ast.Expr: _Collector.calls,
    ast.Delete: _Collector.deletions,
    ast.If: _Collector.conditions,
    ast.Try: _Collector.attempts,
    ast.With: _Collector.contexts,
    ast.AsyncWith: _Collector.contexts,
    ast.For: _Collector.loops,
    ast.AsyncFor: _Collector.loops,
    ast.While: _Collector.loops,
    ast.Match: _Collector.matches,
}
if hasattr(ast, "TryStar"):  # Python 3.11
    _STATEMENTS[ast.TryStar] = _Collector.attempts
