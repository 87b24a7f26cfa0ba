"""Where a plugin's description comes from when its class does not give it: its distribution, else git."""

from __future__ import annotations

import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from inventree_plugins.git_facts import last_commit
from inventree_plugins.sdk.runtime import Facts
from inventree_plugins.vocabulary import ENTRY_POINT_GROUP

__all__ = ["facts_of"]


@cache
def facts_of(module: str) -> Facts:
    """Return what is known of the plugin in `module`; where nothing tells, nothing, and never an error."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file:
        return Facts()
    if {"site-packages", "dist-packages"} & set(Path(file).parts):
        return _of_distribution(module)
    commit = last_commit(Path(file))
    return Facts(author=commit.author, pub_date=commit.date) if commit else Facts()


def _of_distribution(module: str) -> Facts:
    owners = metadata.packages_distributions().get(module.partition(".")[0], [])
    if not owners:
        return Facts()
    # Of several that share a package, the one whose entry point leads here (SPEC §2).
    led = (each.dist for each in metadata.entry_points(group=ENTRY_POINT_GROUP) if each.module == module)
    name = next((dist.name for dist in led if dist is not None), owners[0])
    fields: Any = metadata.metadata(name)  # an email.message.Message, which its type does not say
    urls = [line.partition(",")[2].strip() for line in fields.get_all("Project-URL") or []]
    return Facts(
        description=fields.get("Summary"),
        author=fields.get("Author-email") or fields.get("Author"),
        version=fields.get("Version"),
        website=fields.get("Home-page") or next(filter(None, urls), None),
        license=fields.get("License-Expression") or fields.get("License"),
    )
