"""plugins.txt: text in, the same text out."""

from importlib import import_module
from typing import TYPE_CHECKING

from inventree_plugins.requirements.declared import (
    constraints,
    declarations,
    find_declaration,
    option_lines,
    remote_includes,
    requires_hashes,
)
from inventree_plugins.requirements.entry import Entry, entries
from inventree_plugins.requirements.lines import LineKind, LogicalLine, logical_lines
from inventree_plugins.requirements.options import Option
from inventree_plugins.requirements.plugins_file import PluginsFile, read_plugins_file

if TYPE_CHECKING:
    from inventree_plugins.requirements.argument import parse_requirement_argument
    from inventree_plugins.requirements.edit import add, remove

__all__ = [
    "Entry",
    "LineKind",
    "LogicalLine",
    "Option",
    "PluginsFile",
    "add",
    "constraints",
    "declarations",
    "entries",
    "find_declaration",
    "logical_lines",
    "option_lines",
    "parse_requirement_argument",
    "read_plugins_file",
    "remote_includes",
    "remove",
    "requires_hashes",
]

# Imported when first named (PEP 562): most commands only read.
_LATER = {"add": "edit", "parse_requirement_argument": "argument", "remove": "edit"}


def __getattr__(name: str) -> object:
    """Import what only changing commands need."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
