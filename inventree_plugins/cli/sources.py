"""Where to look for packages: options, which all commands but `install` take for one run only."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from inventree_plugins.commands.indexes import Sources
from inventree_plugins.errors import UsageError

__all__ = ["EXTRA_INDEX_URL", "FIND_LINKS", "INDEX_URL", "sources_of"]

INDEX_URL = Annotated[
    str | None,
    typer.Option(
        "--index-url",
        "-i",
        metavar="URL",
        envvar="INVPLUG_INDEX_URL",
        help="The package index, this time.",
    ),
]
EXTRA_INDEX_URL = Annotated[
    list[str] | None,
    typer.Option(
        "--extra-index-url",
        metavar="URL",
        envvar="INVPLUG_EXTRA_INDEX_URL",
        help="One more package index, this time; repeatable.",
    ),
]
FIND_LINKS = Annotated[
    list[str] | None,
    typer.Option(
        "--find-links",
        "-f",
        metavar="PLACE",
        help="A folder, or a page with links, to look in too; repeatable.",
    ),
]


def sources_of(
    index_url: str | None, extra_index_urls: list[str] | None, find_links: list[str] | None
) -> Sources:
    """Return what the three options say together. Raises UsageError for a folder that is not there."""
    for place in find_links or ():
        if ":" not in place and not os.path.exists(place):  # noqa: PTH110 - any text, however long
            raise UsageError(f"`--find-links` names `{place}`, which is not there")
    return Sources(index_url, tuple(extra_index_urls or ()), tuple(find_links or ()))
