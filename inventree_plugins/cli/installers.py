"""The option `--installer` of what changes packages."""

from __future__ import annotations

from typing import Annotated

import typer

from inventree_plugins.cli.completion import complete_installer

__all__ = ["INSTALLER"]


INSTALLER = Annotated[
    str | None,
    typer.Option(
        "--installer",
        metavar="NAME",
        envvar="INVPLUG_INSTALLER",
        help="Who installs: `pip`, `uv`, or `auto`: uv where it is there and can do what pip would.",
        autocompletion=complete_installer,
    ),
]
