"""The option `--installer` of what changes packages."""

from __future__ import annotations

from typing import Annotated

import typer

from inventree_plugins.cli.completion import complete_installer
from inventree_plugins.commands.context import INSTALLERS
from inventree_plugins.errors import UsageError

__all__ = ["INSTALLER"]


def _known(name: str | None) -> str | None:
    if name is not None and name not in INSTALLERS:
        raise UsageError(f"`--installer` takes `auto`, `pip` or `uv`, not `{name}`")
    return name


INSTALLER = Annotated[
    str | None,
    typer.Option(
        "--installer",
        metavar="NAME",
        envvar="INVPLUG_INSTALLER",
        callback=_known,
        help="Who installs: `pip`, `uv`, or `auto`: uv where it is there and can do what pip would.",
        autocompletion=complete_installer,
    ),
]
