"""The entry points in the text of an `entry_points.txt`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inventree_plugins.models import EntryPoint

__all__ = ["PLUGIN_GROUP", "entry_points", "parse_object", "plugin_entry_points"]

PLUGIN_GROUP = "inventree_plugins"

# The grammar of importlib.metadata: module, optional dotted attribute, optional extras.
_OBJECT = re.compile(r"(?P<module>\w+(?:\.\w+)*)\s*(?::\s*(?P<attr>\w+(?:\.\w+)*)\s*)?(?:\[[^\]]*\]\s*)?")


def plugin_entry_points(text: str) -> tuple[EntryPoint, ...]:
    """Read the group `inventree_plugins`; a line that is no entry point becomes one that leads nowhere."""
    if PLUGIN_GROUP not in text:
        return ()
    return tuple(each for each in entry_points(text) if each.group == PLUGIN_GROUP)


def entry_points(text: str) -> Iterator[EntryPoint]:
    """Yield the entry points of all groups."""
    group = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            group = line[1:-1] if line[-1] == "]" else ""
        elif group:
            name, _, value = (part.strip() for part in line.partition("="))
            module, attribute = parse_object(value) or (value or line, "")
            yield EntryPoint(group, name, module, attribute)


def parse_object(text: str) -> tuple[str, str] | None:
    """Return module and attribute of an entry point's value, None when it is none."""
    match = _OBJECT.fullmatch(text.strip())
    return (match["module"], match["attr"] or "") if match else None
