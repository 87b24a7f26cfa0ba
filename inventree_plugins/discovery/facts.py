"""What one file's text says, as plain data that survives a trip through JSON.

An *expression* is a constant (`str`, number, bool, None) or a list whose first item names its form; the
forms are those of `expressions.py`. A *binding* is `[kind, payload, line, guards]`, one for each time a
name is bound, in the order of the text. Its kinds and payloads:

* `import`: `[module, level, attribute or None]`; a plain `import a.b` binds `a` and adds `a.b` as fourth item
* `class`: the index in `ModuleFacts.classes`
* `value`: an expression
* `def`: True when the function returns its first parameter untouched
* `make`: `[index, name]`, of a function that returns a class it defines: its body in `classes`, and which
* `aug`: `[operator, expression]`; `item`: `[key, value]`; `call`: `[method, [arguments]]`; `del`: None

A *guard* is a block around the binding: `["try"|"except"|"else", number]`, `["if", index in conditions,
branch]` or `["loop", number]`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["CHANGING_METHODS", "Binding", "ClassFacts", "Expression", "FactsProblem", "Guard", "ModuleFacts"]

# Recursive JSON: a precise alias would cost a cast at every use and check nothing that a test does not.
Expression: TypeAlias = Any
Guard: TypeAlias = list[Any]
Binding: TypeAlias = list[Any]


# Methods that change the list, set or dict they are called on, so that its name means something else after.
CHANGING_METHODS = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse"}
    | {"setdefault", "sort", "update"}
)


@dataclass(frozen=True, slots=True)
class FactsProblem:
    """Why a file could not be read: a problem code, one line of text, and the line where known."""

    code: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """A class statement: its base expressions and what its body binds.

    `outer` is the index of the class or function around it. A function that defines classes is kept in the
    same way, `is_function` and without bases. `constructor` tells of an own `__init__`: line, whether it
    calls that of a base, the number of arguments that it must be given, and the attributes that it sets.
    """

    name: str
    line: int
    bases: list[Expression]
    names: dict[str, list[Binding]]
    outer: int | None = None
    is_function: bool = False
    constructor: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """What a module binds at its top level; `stars` are bindings of kind `import` without a name."""

    names: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[Binding] = field(default_factory=list)
    classes: list[ClassFacts] = field(default_factory=list)
    conditions: list[Expression] = field(default_factory=list)
    problem: FactsProblem | None = None

    def names_in(self, index: int | None) -> dict[str, list[Binding]]:
        """Return what a class or function binds, or the module itself for None."""
        return self.names if index is None else self.classes[index].names

    def to_json(self) -> list[Any]:
        """Return the facts as lists, dicts and constants."""
        problem = self.problem
        return [
            self.names,
            self.stars,
            [
                [
                    *(each.name, each.line, each.bases, each.names),
                    *(each.outer, each.is_function, each.constructor),
                ]
                for each in self.classes
            ],
            self.conditions,
            [problem.code, problem.message, problem.line] if problem else None,
        ]

    @classmethod
    def from_json(cls, data: list[Any]) -> ModuleFacts:
        """Return the facts that `to_json` wrote. Raises TypeError or ValueError when it did not."""
        names, stars, classes, conditions, problem = data
        return cls(
            names,
            stars,
            [ClassFacts(*each) for each in classes],
            conditions,
            FactsProblem(*problem) if problem else None,
        )
