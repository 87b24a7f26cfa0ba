"""Python's expression nodes, reduced to the few forms that a constant can be made of.

The forms (the line is always last):
`name` identifier · `attr` object, name · `binary` operator, left, right · `sum` items · `unary` operator,
operand · `bool` operator, items · `compare` left, [[operator, right]…] · `choose` test, then, else ·
`text` parts (str or [expression, conversion, format]) · `call` function, arguments, {keyword: argument} ·
`dict` [[key, value]…] with key `["rest"]` for `**` · `list` `tuple` `set` items, an item `["star", x]`
for `*` · `item` object, index · `slice` start, stop, step · `each` kind, key or None, value, [[target,
iterable, conditions]…] · `same` (a function that returns its argument) · `unknown` reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from inventree_plugins.discovery.facts import Expression

__all__ = ["returns_its_argument", "translate"]

_ITEM_TAKERS = frozenset({"dict", "frozenset", "list", "max", "min", "set", "sorted", "tuple"})

MAX_NODES = 10_000
MAX_DEPTH = 50
MAX_TEXT = 20_000
MAX_INTEGER_BITS = 128

_BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitOr: "|",
}
_UNARY = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+"}
_COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_KINDS = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.List: "list",
    ast.Set: "set",
}


def translate(node: ast.expr) -> Expression:
    """Return the expression's form; what has none becomes `unknown` with a reason."""
    return _Translator().translate(node, 0)


def returns_its_argument(arguments: ast.arguments, body: ast.expr | None) -> bool:
    """Tell whether a function of these arguments that returns `body` gives its first one back."""
    first = (arguments.posonlyargs + arguments.args)[:1]
    return bool(first) and isinstance(body, ast.Name) and body.id == first[0].arg


def _takes_items(function: ast.expr) -> bool:
    """Tell whether a function only takes the items of its one argument, whatever holds them."""
    if isinstance(function, ast.Attribute):
        return function.attr in {"join", "update", "extend"}
    return isinstance(function, ast.Name) and function.id in _ITEM_TAKERS


def _is_map(node: ast.expr) -> bool:
    """Tell whether the expression is `map(f, x)`."""
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "map"
    return is_call and len(node.args) == 2 and not node.keywords  # type: ignore[attr-defined]  # noqa: PLR2004


def _unknown(node: ast.AST, reason: str) -> Expression:
    return ["unknown", reason, getattr(node, "lineno", 0)]


class _Translator:
    """One value's translation; a budget keeps a generated table from filling the cache."""

    def __init__(self) -> None:
        self._left = MAX_NODES

    def translate(self, node: ast.expr, depth: int) -> Expression:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            return _unknown(node, "the expression is too large to follow")
        form = _FORMS.get(type(node))
        if form is None:
            return _unknown(node, f"the expression (`{type(node).__name__}`) can only be known by running it")
        return form(self, node, depth + 1)

    def each(self, nodes: list[Any], depth: int) -> list[Expression]:
        return [self.translate(node, depth) for node in nodes]

    def constant(self, node: ast.Constant, _depth: int) -> Expression:
        value = node.value
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                return _unknown(node, "the text is too long to follow")
            return value
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int) and value.bit_length() <= MAX_INTEGER_BITS:
            return value
        return _unknown(node, f"a {type(value).__name__} is no text")

    def name(self, node: ast.Name, _depth: int) -> Expression:
        return ["name", node.id, node.lineno]

    def attribute(self, node: ast.Attribute, depth: int) -> Expression:
        return ["attr", self.translate(node.value, depth), node.attr, node.lineno]

    def binary(self, node: ast.BinOp, depth: int) -> Expression:
        operator = _BINARY.get(type(node.op))
        if operator is None:
            return _unknown(node, "the operator is not followed")
        if operator == "+":
            # A long concatenation nests to the left, one level a piece: flat, it needs no depth.
            operands: list[ast.expr] = []
            left: ast.expr = node
            while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
                operands.append(left.right)
                left = left.left
            operands.append(left)
            return ["sum", self.each(operands[::-1], depth), node.lineno]
        return ["binary", operator, *self.each([node.left, node.right], depth), node.lineno]

    def unary(self, node: ast.UnaryOp, depth: int) -> Expression:
        operator = _UNARY.get(type(node.op))
        if operator is None:
            return _unknown(node, "the operator is not followed")
        operand = self.translate(node.operand, depth)
        if operator == "-" and isinstance(operand, (int, float)):
            return -operand
        return ["unary", operator, operand, node.lineno]

    def boolean(self, node: ast.BoolOp, depth: int) -> Expression:
        operator = "and" if isinstance(node.op, ast.And) else "or"
        return ["bool", operator, self.each(node.values, depth), node.lineno]

    def compare(self, node: ast.Compare, depth: int) -> Expression:
        rights = self.each(node.comparators, depth)
        pairs = [[_COMPARE[type(op)], right] for op, right in zip(node.ops, rights, strict=True)]
        return ["compare", self.translate(node.left, depth), pairs, node.lineno]

    def choose(self, node: ast.IfExp, depth: int) -> Expression:
        return ["choose", *self.each([node.test, node.body, node.orelse], depth), node.lineno]

    def text(self, node: ast.JoinedStr, depth: int) -> Expression:
        parts: list[Expression] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                spec = self.translate(part.format_spec, depth) if part.format_spec else ""
                conversion = chr(part.conversion) if part.conversion > 0 else ""
                parts.append([self.translate(part.value, depth), conversion, spec])
            else:
                parts.append(self.translate(part, depth))
        return ["text", parts, node.lineno]

    def call(self, node: ast.Call, depth: int) -> Expression:
        function = self.translate(node.func, depth)
        if len(node.args) == 1 and not node.keywords and _takes_items(node.func):
            if isinstance(node.args[0], ast.GeneratorExp):
                return ["call", function, [self.items(node.args[0], depth)], {}, node.lineno]
            if _is_map(node.args[0]):
                return ["call", function, [self.mapped(node.args[0], depth)], {}, node.lineno]
        keywords = {each.arg: self.translate(each.value, depth) for each in node.keywords if each.arg}
        if len(keywords) != len(node.keywords):
            return _unknown(node, "a call with `**` is not followed")
        return ["call", function, self.each(node.args, depth), keywords, node.lineno]

    def mapping(self, node: ast.Dict, depth: int) -> Expression:
        pairs = [
            [["rest"] if key is None else self.translate(key, depth), self.translate(value, depth)]
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return ["dict", pairs, node.lineno]

    def sequence(self, node: ast.List | ast.Set | ast.Tuple, depth: int) -> Expression:
        return [_KINDS.get(type(node), "tuple"), self.each(node.elts, depth), node.lineno]

    def starred(self, node: ast.Starred, depth: int) -> Expression:
        return ["star", self.translate(node.value, depth), node.lineno]

    def item(self, node: ast.Subscript, depth: int) -> Expression:
        return ["item", *self.each([node.value, node.slice], depth), node.lineno]

    def slice(self, node: ast.Slice, depth: int) -> Expression:
        ends = [
            None if end is None else self.translate(end, depth) for end in (node.lower, node.upper, node.step)
        ]
        return ["slice", *ends, node.lineno]

    def items(self, node: Any, depth: int) -> Expression:
        """Translate a generator whose items are all taken at once, as if it were a list."""
        loops = self._loops(node.generators, depth)
        return ["each", "list", None, self.translate(node.elt, depth), loops, node.lineno]

    def mapped(self, node: Any, depth: int) -> Expression:
        """Translate `map(f, x)` as the list of `f(each) for each in x`; no other name is empty."""
        function, iterable = self.each(node.args, depth)
        each = ["name", "", node.lineno]
        value = ["call", function, [each], {}, node.lineno]
        return ["each", "list", None, value, [[each, iterable, []]], node.lineno]

    def comprehension(self, node: ast.ListComp | ast.SetComp, depth: int) -> Expression:
        loops = self._loops(node.generators, depth)
        return ["each", _KINDS[type(node)], None, self.translate(node.elt, depth), loops, node.lineno]

    def mapping_comprehension(self, node: ast.DictComp, depth: int) -> Expression:
        loops = self._loops(node.generators, depth)
        return ["each", "dict", *self.each([node.key, node.value], depth), loops, node.lineno]

    def _loops(self, generators: list[ast.comprehension], depth: int) -> list[Expression]:
        return [
            [*self.each([loop.target, loop.iter], depth), self.each(loop.ifs, depth)] for loop in generators
        ]

    def function(self, node: ast.Lambda, _depth: int) -> Expression:
        if returns_its_argument(node.args, node.body):
            return ["same", node.lineno]
        return _unknown(node, "a function is no text")

    def walrus(self, node: ast.NamedExpr, depth: int) -> Expression:
        return self.translate(node.value, depth)


_FORMS: dict[type[ast.expr], Callable[[_Translator, Any, int], Expression]] = {
    ast.Constant: _Translator.constant,
    ast.Name: _Translator.name,
    ast.Attribute: _Translator.attribute,
    ast.BinOp: _Translator.binary,
    ast.UnaryOp: _Translator.unary,
    ast.BoolOp: _Translator.boolean,
    ast.Compare: _Translator.compare,
    ast.IfExp: _Translator.choose,
    ast.JoinedStr: _Translator.text,
    ast.Call: _Translator.call,
    ast.Dict: _Translator.mapping,
    ast.List: _Translator.sequence,
    ast.Tuple: _Translator.sequence,
    ast.Set: _Translator.sequence,
    ast.Starred: _Translator.starred,
    ast.Subscript: _Translator.item,
    ast.Slice: _Translator.slice,
    ast.ListComp: _Translator.comprehension,
    ast.SetComp: _Translator.comprehension,
    ast.DictComp: _Translator.mapping_comprehension,
    ast.Lambda: _Translator.function,
    ast.NamedExpr: _Translator.walrus,
}
