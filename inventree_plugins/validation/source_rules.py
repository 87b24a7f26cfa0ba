"""Rules about the class itself and its source, most of which discovery reports, and about loading it."""

from __future__ import annotations

from collections.abc import Iterator

from inventree_plugins.validation.interface import Fault, Rule, Subject, fault_at

__all__ = ["RULES"]


def constructor_without_base(subject: Subject) -> Iterator[Fault]:
    """Yield an `__init__` that leaves out the base class's: the server does not start then (seen on 1.5)."""
    constructor = subject.anatomy.constructor
    if constructor is not None and not constructor.calls_base:
        message = f"`{constructor.class_name}.__init__` does not call the `__init__` of its base classes"
        yield fault_at(constructor, message, hint="begin it with `super().__init__()`")


def constructor_arguments(subject: Subject) -> Iterator[Fault]:
    """Yield an `__init__` that wants arguments: the server gives none."""
    constructor = subject.anatomy.constructor
    if constructor is not None and constructor.required:
        message = f"`{constructor.class_name}.__init__` needs arguments, and the server passes none"
        yield fault_at(constructor, message, hint="give every argument a default")


RULES = (
    Rule("legacy-base", "error", "a base class that servers since 0.8 do not have"),
    Rule("wrong-import-path", "error", "a base class from where no server has it"),
    Rule("unresolved-base", "warning", "a base class that cannot be followed"),
    Rule("inconsistent-bases", "error", "base classes that Python cannot put in order"),
    Rule("final-member", "error", "a member that the base class does not let anyone override"),
    Rule(
        "constructor-without-base",
        "error",
        "an __init__ that does not call its base's, which stops the server",
        constructor_without_base,
    ),
    Rule("constructor-arguments", "error", "an __init__ that needs arguments", constructor_arguments),
    Rule("unresolved-class", "warning", "a class that only running the module would tell"),
    Rule("not-a-package", "warning", "a folder without __init__.py, which the server does not look into"),
    Rule("project-file", "error", "pyproject.toml, setup.cfg or setup.py cannot be read"),
    Rule("syntax-error", "error", "a file that is not valid Python"),
    Rule("unreadable-file", "error", "a file that cannot be read"),
    Rule("file-too-large", "error", "a file too large to be read"),
    Rule("too-complex", "error", "a file that nests too deeply to be read"),
    Rule("load-failed", "error", "the plugin cannot be imported or constructed"),
    Rule("load-timed-out", "error", "the plugin was not loaded in time"),
    Rule("loaded-without-server", "warning", "loading was judged without a server"),
)
