"""plugins.txt: text in, the same text out."""

from inventree_plugins.requirements.argument import parse_requirement_argument
from inventree_plugins.requirements.declared import declarations, find_declaration, option_lines
from inventree_plugins.requirements.edit import add, remove
from inventree_plugins.requirements.entry import Entry, entries
from inventree_plugins.requirements.lines import LineKind, LogicalLine, logical_lines
from inventree_plugins.requirements.options import Option
from inventree_plugins.requirements.plugins_file import PluginsFile, read_plugins_file

__all__ = [
    "Entry",
    "LineKind",
    "LogicalLine",
    "Option",
    "PluginsFile",
    "add",
    "declarations",
    "entries",
    "find_declaration",
    "logical_lines",
    "option_lines",
    "parse_requirement_argument",
    "read_plugins_file",
    "remove",
]
