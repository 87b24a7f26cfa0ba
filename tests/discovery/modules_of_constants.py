"""Sources of modules of constants, for Hypothesis to vary: what discovery says of them, Python can check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

KINDS = ("int", "float", "str", "bool", "none", "tuple", "list", "dict", "set")
_MUTABLE = ("list", "dict", "set")

_TEXTS = st.text("ab0{}% -_.ßé\n'", max_size=5)
_INTEGERS = st.integers(-12, 12)
_METHODS = ("upper", "lower", "strip", "title", "capitalize", "swapcase", "casefold", "splitlines", "lstrip")
_SPECS = ("", "", ">4", "<3", "^5", "s", "d", ".2f", "04", "x", "!!")
_TEMPLATES = ("%s", "%d.%s", "%r", "%5.1f", "a%%", "%s-%s", "%(k)s")
_FORMATS = ("{}", "{0}.{1}", "{1!r}", "{:>4}", "{k}", "{", "{0[0]}", "{:{}}", "{{}}")

Draw = Callable[..., Any]


class Author:
    """Write expressions of a wished kind, out of literals and of names bound before.

    Nothing multiplies two values of any size: a few statements would fill the memory.
    """

    def __init__(self, draw: Draw, *, strays: bool = True) -> None:
        self.draw = draw
        self.names: dict[str, str] = {}
        self._strays = strays

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) < percent)

    def expression(self, kind: str, depth: int) -> str:
        """Return an expression that mostly is of the kind; some raise, some are of another."""
        if self._strays and self.chance(6):
            kind = self.pick(*KINDS)
        known = [name for name, each in self.names.items() if each == kind]
        if known and self.chance(45):
            return str(self.pick(*known))
        if depth <= 0 or self.chance(15):
            return self.literal(kind)
        if self.chance(15):
            return self.common(kind, depth - 1)
        written: str = getattr(self, f"any_{kind}")(depth - 1)
        return written

    def any(self, depth: int) -> str:
        return self.expression(self.pick(*KINDS), depth)

    def literal(self, kind: str) -> str:
        literals: dict[str, Callable[[], str]] = {
            "int": lambda: f"({self.draw(_INTEGERS)})",
            "float": lambda: self.pick("0.5", "-0.0", "2.0", "1e3", "1e999"),
            "str": lambda: self.pick("", "'x' ") + repr(self.draw(_TEXTS)),
            "bool": lambda: self.pick("True", "False"),
            "none": lambda: "None",
            "tuple": lambda: self.pick("()", "(1, 'a')", "((1, 2), (3, 4))"),
            "list": lambda: self.pick("[]", "[1, 2]", "['b', 'a']"),
            "dict": lambda: self.pick("{}", "{'k': 1}", "{1: 'x', 'k': 2}"),
            "set": lambda: self.pick("set()", "{1}", "{'a', 'b'}"),
        }
        return literals[kind]()

    def common(self, kind: str, depth: int) -> str:
        """Return what works for every kind."""
        one, other = self.expression(kind, depth), self.expression(kind, depth)
        return str(
            self.pick(
                f"({one} if {self.expression('bool', depth)} else {other})",
                f"({one} or {other})",
                f"({one} and {other})",
                f"[{one}, {other}][{self.expression('int', 0)}]",
                f"({one}, {other})[-1]",
                f"{{'k': {one}, **{self.expression('dict', 0)}}}['k']",
                f"{{'k': {one}}}.get('k', {other})",
            )
        )

    def any_int(self, depth: int) -> str:
        one, other = self.expression("int", depth), self.expression("int", depth)
        return str(
            self.pick(
                f"({one} {self.pick('+', '-', '*', '//', '%', '|')} {other})",
                f"(-{one})",
                f"len({self.expression(self.pick('str', *_MUTABLE), depth)})",
                f"int({self.pick(one, repr('12'), self.expression('str', 0))})",
                f"{self.pick('max', 'min')}({one}, {other})",
            )
        )

    def any_float(self, depth: int) -> str:
        one, other = self.expression(self.pick("float", "int"), depth), self.expression("int", depth)
        return str(self.pick(f"({one} {self.pick('/', '-', '*')} {other})", f"float({one})"))

    def any_bool(self, depth: int) -> str:
        kind = self.pick(*KINDS)
        one, other = self.expression(kind, depth), self.expression(kind, depth)
        return str(
            self.pick(
                f"({one} {self.pick('==', '!=', '<', '>=')} {other})",
                f"({one} {self.pick('in', 'not in')} {self.expression(self.pick(*_MUTABLE), depth)})",
                f"({one} is {self.pick('None', 'not None')})",
                f"(1 < {self.expression('int', depth)} <= 9)",
                f"(not {one})",
                f"bool({one})",
            )
        )

    def any_none(self, _depth: int) -> str:
        return "{}.get('absent')"

    def any_str(self, depth: int) -> str:
        one, other, value = self.expression("str", depth), self.expression("str", depth), self.any(depth)
        inner = f"{{{value}{self.pick('', '', '!r', '!s', '!a')}:{self.pick(*_SPECS)}}}"
        return str(
            self.pick(
                f"({one} + {other})",
                f"({one} * {self.draw(st.integers(-1, 3))})",
                # No quotes, backslashes or braces within: older Pythons refuse them there.
                "f'v" + (inner if not set("'\"\\{}#\n") & set(value) else "{1:>3}") + "'",
                f"{one}.{self.pick(*_METHODS)}()",
                f"{one}.replace({other}, {self.literal('str')})",
                f"{one}.{self.pick('split', 'partition', 'rstrip')}({other})[0]",
                f"{self.literal('str')}.join({self.any_texts(depth)})",
                f"{self.pick(*map(repr, _TEMPLATES))} % {value}",
                f"{self.pick(*map(repr, _TEMPLATES))} % ({value}, {other})",
                f"{self.pick(*map(repr, _FORMATS))}.format({value}, {other}, k={one})",
                f"{one}[{self.pick('0', '-1', '1:', ':2', '::-1', '::0')}]",
                f"{self.pick('str', 'repr')}({value})",
            )
        )

    def any_texts(self, depth: int) -> str:
        items = self.expression(self.pick("list", "tuple", "str"), depth)
        return str(self.pick(f"[{self.expression('str', depth)}, 'b']", f"(str(i) for i in {items})", items))

    def any_tuple(self, depth: int) -> str:
        one = self.expression("tuple", depth)
        return str(
            self.pick(f"({one} + {one})", f"{one}[:1]", f"({self.any(depth)}, *{one})", f"tuple({one})")
        )

    def any_list(self, depth: int) -> str:
        one, other = (
            self.expression("list", depth),
            self.expression(self.pick("list", "tuple", "dict"), depth),
        )
        return str(
            self.pick(
                f"[{self.any(depth)}, {self.any(depth)}]",
                f"[{self.any(depth)}, *{other}]",
                f"({one} + {self.expression('list', depth)})",
                f"({one} * 2)",
                f"{one}[{self.pick('1:', ':-1', '::2')}]",
                f"list({other})",
                f"sorted({self.expression(self.pick('list', 'set'), depth)})",
                f"[i for i in {other} if {self.pick('i', 'i != 1', 'i and i > 0')}]",
                f"[(i, j) for i in {one} for j in {self.literal('list')}]",
                f"list({self.expression('dict', depth)}.{self.pick('keys', 'values', 'items')}())",
            )
        )

    def any_dict(self, depth: int) -> str:
        one, other = self.expression("dict", depth), self.expression("dict", depth)
        return str(
            self.pick(
                f"{{{self.expression('str', depth)}: {self.any(depth)}, 'k': {self.any(depth)}}}",
                f"{{**{one}, 'k': {self.any(depth)}}}",
                f"{{'k': {self.any(depth)}, **{one}}}",
                f"({one} | {other})",
                f"dict({one}, b={self.any(depth)})",
                f"{{k: v for k, v in {one}.items()}}",
                f"{{i: {self.any(depth)} for i in {self.expression('list', depth)}}}",
                f"{one}.copy()",
            )
        )

    def any_set(self, depth: int) -> str:
        one, other = self.expression("set", depth), self.expression("set", depth)
        return str(
            self.pick(
                f"{{{self.any(depth)}, 1}}",
                f"({one} {self.pick('|', '-')} {other})",
                f"set({self.expression('list', depth)})",
                f"{{i for i in {self.expression('tuple', depth)}}}",
            )
        )


class Editor(Author):
    """Write statements; each is a block of lines that a module can end with."""

    def module(self, size: int) -> list[str]:
        return [self.statement() for _ in range(size)]

    def statement(self) -> str:
        forms = [self.assign, self.assign, self.assign, self.branch, self.attempt, self.class_body]
        if self.names:
            forms += [self.alias, self.augment, self.change, self.change]
        written: str = self.pick(*forms)()
        return written

    def bind(self, kind: str) -> str:
        name: str = self.pick("A", "B", "C", "D", "E")
        self.names[name] = kind
        return name

    def assign(self) -> str:
        kind = self.pick(*KINDS)
        value = self.expression(kind, 2)
        return f"{self.bind(kind)} = {value}"

    def alias(self) -> str:
        name = self.pick(*self.names)
        kind = self.names[name]
        return f"{self.bind(kind)} = {name}"

    def branch(self) -> str:
        kind, test = self.pick(*KINDS), self.expression("bool", 1)
        one, other = self.expression(kind, 1), self.expression(kind, 1)
        name = self.bind(kind)
        return f"if {test}:\n    {name} = {one}\nelse:\n    {name} = {other}"

    def attempt(self) -> str:
        kind = self.pick(*KINDS)
        one, other = self.expression(kind, 1), self.expression(kind, 1)
        name = self.bind(kind)
        return f"try:\n    {name} = {one}\nexcept Exception:\n    {name} = {other}"

    def augment(self) -> str:
        name = self.pick(*self.names)
        kind = self.names[name]
        operator = {"dict": "|=", "set": "|="}.get(kind, self.pick("+=", "*="))
        return f"{name} {operator} {self.expression('int' if operator == '*=' else kind, 1)}"

    def change(self) -> str:
        containers = [name for name, kind in self.names.items() if kind in {"list", "dict"}]
        if not containers:
            return self.assign()
        name = self.pick(*containers)
        if self.names[name] == "list":
            change = self.pick("append", "extend")
            return f"{name}.{change}({self.any(1) if change == 'append' else self.expression('list', 1)})"
        value = self.any(1)
        changes = (f"[{self.expression('str', 0)}] = {value}", f".update({self.expression('dict', 1)})")
        return name + str(self.pick(*changes))

    def class_body(self) -> str:
        """Write a class, one that inherits from it, and take an attribute of that one."""
        outside = dict(self.names)
        lines = ["class Base:"]
        lines += [f"    {self.assign()}" for _ in range(2)]
        inside = {name: kind for name, kind in self.names.items() if f"    {name} = " in "\n".join(lines)}
        self.names = dict(outside)
        lines += ["class Derived(Base):", f"    {self.assign()}"]
        self.names = outside
        name = self.pick(*inside)
        kind = inside[name]
        return "\n".join([*lines, f"{self.bind(kind)} = {self.pick('Base', 'Derived')}.{name}"])


@st.composite
def expressions(draw: Draw, *, strays: bool = True) -> str:
    """Return the source of one expression."""
    author = Author(draw, strays=strays)
    return author.expression(author.pick(*KINDS), 3)


@st.composite
def modules(draw: Draw) -> list[str]:
    """Return the statements of a module."""
    return Editor(draw).module(draw(st.integers(1, 7)))
