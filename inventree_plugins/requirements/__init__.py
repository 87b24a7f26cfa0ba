"""plugins.txt: text in, the same text out."""

from importlib import import_module
from typing import TYPE_CHECKING

from inventree_plugins.requirements.declared import (
    constraints,
    declarations,
    find_declaration,
    option_lines,
    remote_includes,
    requirement_lines,
    requires_hashes,
)
from inventree_plugins.requirements.entry import Entry, entries
from inventree_plugins.requirements.lines import LineKind, LogicalLine, expand_variables, logical_lines
from inventree_plugins.requirements.options import Option
from inventree_plugins.requirements.plugins_file import PluginsFile, read_plugins_file

if TYPE_CHECKING:
    from inventree_plugins.requirements.argument import parse_requirement_argument
    from inventree_plugins.requirements.damage import Damage, find_damage, mend
    from inventree_plugins.requirements.edit import Applies, add, remove
    from inventree_plugins.requirements.pins import is_pinned, pin, unpin
    from inventree_plugins.requirements.rivals import contradict
    from inventree_plugins.requirements.sources import Sources, remember_sources, without_password

__all__ = [
    "Applies",
    "Damage",
    "Entry",
    "LineKind",
    "LogicalLine",
    "Option",
    "PluginsFile",
    "Sources",
    "add",
    "constraints",
    "contradict",
    "declarations",
    "entries",
    "expand_variables",
    "find_damage",
    "find_declaration",
    "is_pinned",
    "logical_lines",
    "mend",
    "option_lines",
    "parse_requirement_argument",
    "pin",
    "read_plugins_file",
    "remember_sources",
    "remote_includes",
    "remove",
    "requirement_lines",
    "requires_hashes",
    "unpin",
    "without_password",
]

# Imported when first named (PEP 562): most commands only read.
_LATER = {
    "Applies": "edit",
    "Damage": "damage",
    "Sources": "sources",
    "add": "edit",
    "contradict": "rivals",
    "find_damage": "damage",
    "is_pinned": "pins",
    "mend": "damage",
    "parse_requirement_argument": "argument",
    "pin": "pins",
    "remember_sources": "sources",
    "remove": "edit",
    "unpin": "pins",
    "without_password": "sources",
}


def __getattr__(name: str) -> object:
    """Import what only changing commands need."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
