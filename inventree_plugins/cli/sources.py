"""Where else to look for newer packages: options that plugins.txt does not keep."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["EXTRA_INDEX_URL", "FIND_LINKS", "INDEX_URL"]

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
