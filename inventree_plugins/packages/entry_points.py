"""The plugin entry points in the text of an `entry_points.txt`."""

from __future__ import annotations

import re

from inventree_plugins.models import EntryPoint

__all__ = ["PLUGIN_GROUP", "plugin_entry_points"]

PLUGIN_GROUP = "inventree_plugins"

# The grammar of importlib.metadata: module, optional dotted attribute, optional extras.
_OBJECT = re.compile(r"(?P<module>\w+(?:\.\w+)*)\s*(?::\s*(?P<attr>\w+(?:\.\w+)*)\s*)?(?:\[[^\]]*\]\s*)?")


def plugin_entry_points(text: str) -> tuple[EntryPoint, ...]:
    """Read the group `inventree_plugins`; lines that are no entry points are skipped, as the server does."""
    if PLUGIN_GROUP not in text:
        return ()
    found = []
    in_group = False
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            in_group = line == f"[{PLUGIN_GROUP}]"
        elif in_group:
            name, _, value = (part.strip() for part in line.partition("="))
            match = _OBJECT.fullmatch(value)
            if name and match:
                found.append(EntryPoint(PLUGIN_GROUP, name, match["module"], match["attr"] or ""))
    return tuple(found)
