"""`invplug list`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import sys
from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_source
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk
from inventree_plugins.cli.rows import plugin_row, requirement_row
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.listing import ListOptions, ListResult, list_plugins
from inventree_plugins.errors import UsageError
from inventree_plugins.models import Source

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def show_list(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    *,
    enabled: Annotated[bool, flag("--enabled", text="Only plugins that are enabled.")] = False,
    disabled: Annotated[bool, flag("--disabled", text="Only plugins that are not.")] = False,
    mixin: Annotated[
        str | None,
        typer.Option("--mixin", metavar="KEY", help="Only plugins with this mixin, such as `urls`."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="KIND",
            help="Only plugins from `builtin`, `sample`, `directory` or `package`.",
            autocompletion=complete_source,
        ),
    ] = None,
    names: Annotated[bool, flag("--names", text="Print one slug per line.")] = False,
) -> Outcome:
    """List the plugins: what is installed, what is enabled, and what is wrong."""
    if enabled and disabled:
        raise UsageError("`--enabled` and `--disabled` exclude each other")
    options = ListOptions(
        enabled=True if enabled else False if disabled else None, mixin=mixin, source=_source(source)
    )
    result = list_plugins(open_session(ctx), options)
    return Outcome(
        data={
            "plugins": [plugin_row(entry) for entry in result.entries],
            "requirements": [requirement_row(state) for state in result.inventory.requirements],
        },
        text=lambda talk: _print_names(talk, result) if names else _print_table(talk, result),
        next_steps=result.next_steps,
        warnings=result.problems,
    )


def _source(text: str | None) -> Source | None:
    try:
        return Source(text) if text is not None else None
    except ValueError:
        kinds = ", ".join(kind.value for kind in Source)
        raise UsageError(f"there is no source `{text}`", hint=f"choose one of {kinds}") from None


def _print_names(talk: Talk, result: ListResult) -> None:
    for entry in result.entries:
        talk.data(entry.slug)


def _print_table(talk: Talk, result: ListResult) -> None:
    if not result.entries:
        talk.say("no plugins")
        return
    from inventree_plugins.cli.tables import plugin_table  # noqa: PLC0415 - not under --json or --names

    console = talk.console(sys.stdout)
    talk.table(plugin_table(result.entries, console, has_file=result.inventory.has_file))
    wrong = [entry.slug for entry in result.entries if entry.blocking_problems]
    if wrong:
        talk.say(f"`invplug show {wrong[0]}` tells what is wrong with it")
