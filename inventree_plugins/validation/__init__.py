"""Rules with codes over discovered plugins, and the process that loads one to see whether it can be."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventree_plugins.validation.catalog import RULES, explain, require_rule
    from inventree_plugins.validation.history import NEWEST
    from inventree_plugins.validation.interface import Rule, Server, Subject
    from inventree_plugins.validation.judging import judge, selected
    from inventree_plugins.validation.loading import LoadRequest, LoadResult, load, load_problems

__all__ = [
    "NEWEST",
    "RULES",
    "LoadRequest",
    "LoadResult",
    "Rule",
    "Server",
    "Subject",
    "explain",
    "judge",
    "load",
    "load_problems",
    "require_rule",
    "selected",
]

# Only `validate` needs the rules (PEP 562); a listing needs the version gate alone.
_LATER = {
    "LoadRequest": "loading",
    "LoadResult": "loading",
    "NEWEST": "history",
    "RULES": "catalog",
    "Rule": "interface",
    "Server": "interface",
    "Subject": "interface",
    "explain": "catalog",
    "judge": "judging",
    "load": "loading",
    "load_problems": "loading",
    "require_rule": "catalog",
    "selected": "judging",
}


def __getattr__(name: str) -> object:
    """Import what only validation needs."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
