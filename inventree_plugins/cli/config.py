"""`invplug config show`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import json
from pathlib import Path
from typing import Any

import typer

from inventree_plugins.cli.app import Command, Group
from inventree_plugins.cli.output import Outcome, Talk, printable
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.configuration import ConfigResult, show_config

app = typer.Typer(add_completion=False, cls=Group, rich_markup_mode="markdown")


@app.callback()
def config() -> None:
    """Show the configuration that invplug works with."""


@app.command(cls=Command)
def show(ctx: typer.Context) -> Outcome:
    """Show every resolved value and where it comes from; passwords are masked."""
    result = show_config(open_session(ctx))
    return Outcome(
        data={
            "config": {
                name: {"value": setting.value, "origin": setting.origin}
                for name, setting in result.settings.items()
            }
        },
        text=lambda talk: _print(talk, result),
    )


def _print(talk: Talk, result: ConfigResult) -> None:
    from rich.markup import escape  # noqa: PLC0415 - not under --json
    from rich.table import Table  # noqa: PLC0415 - not under --json

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Setting", style="cyan", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("Origin", style="dim", overflow="fold")
    for name, setting in result.settings.items():
        table.add_row(name, escape(printable(_text(setting.value))), escape(setting.origin))
    talk.table(table)


def _text(value: Any) -> str:
    if value is None or value in ((), {}):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, (str, Path)):
        return str(value)
    return json.dumps(value, default=str)
