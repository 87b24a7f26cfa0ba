"""`invplug config show` and `invplug config set`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from inventree_plugins.cli.app import Command, Group
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, printable
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.configuration import ConfigResult, show_config
from inventree_plugins.commands.configure import (
    PLUGIN_OPTIONS,
    SetOptionOptions,
    SetOptionResult,
    set_option,
)

SET_HELP = """Set a plugin option in the server's `config.yaml`; every comment stays.

Several values, or one with commas, make a list. What the server's environment says beats the file.

""" + "\n".join(f"- `{option.name}`: {option.meaning}" for option in PLUGIN_OPTIONS.values())

app = typer.Typer(add_completion=False, cls=Group, rich_markup_mode="markdown")


@app.callback()
def config() -> None:
    """Show the configuration that invplug works with, or set a plugin option in it."""


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


@app.command("set", cls=Command, help=SET_HELP)
def set_plugin_option(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The option, one of those above.")],
    values: Annotated[list[str], typer.Argument(metavar="VALUE", help="What it is set to.")],
    *,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Set a plugin option."""
    result = set_option(open_session(ctx), SetOptionOptions(name, tuple(values), dry_run=dry_run))
    return Outcome(
        data={
            "option": {
                "name": result.name,
                "old": result.old,
                "new": result.new,
                "path": result.path,
                "overridden_by": result.overridden_by,
            }
        },
        text=lambda talk: _say(talk, result, dry_run=dry_run),
        changed=result.changed and not dry_run,
        dry_run=dry_run,
        next_steps=result.next_steps,
        warnings=result.problems,
    )


def _say(talk: Talk, result: SetOptionResult, *, dry_run: bool) -> None:
    new = _text(result.new)
    if not result.changed:
        talk.say(f"`{result.name}` is {new} already in `{result.path}`")
        return
    was = "not set" if result.old is None else _text(result.old)
    talk.say(
        f"{'would set' if dry_run else 'set'} `{result.name}` to {new} in `{result.path}` (was {was})",
        color="green",
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
