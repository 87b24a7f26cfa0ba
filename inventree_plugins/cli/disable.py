"""`invplug disable SLUG…`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.enable import say_change
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.enable import ChangeResult, DisableOptions, disable

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def disable_plugins(
    ctx: typer.Context,
    slugs: Annotated[
        list[str] | None,
        typer.Argument(metavar="SLUG", help="The plugins.", autocompletion=complete_slug),
    ] = None,
    *,
    every: Annotated[bool, flag("--all", text="Safe mode: disable every plugin but mandatory ones.")] = False,
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Disable plugins: all of the named ones, or on an error none.

    Works with the server down, and for plugins whose package is gone.
    """
    options = DisableOptions(tuple(slugs or ()), every=every, dry_run=dry_run)
    session = open_session(ctx, reload=reload)
    result = disable(session, options)
    restore = ctx.obj.repeated(result.restore_command) if every else None
    outcome = Outcome(
        data={
            "disabled": list(result.changed),
            "unchanged": list(result.unchanged),
            "restore_command": restore,
        },
        text=lambda talk: _say(talk, result, restore, dry_run=dry_run),
        changed=bool(result.changed) and not dry_run,
        dry_run=dry_run,
        next_steps=result.next_steps,
        warnings=result.problems,
    )
    return with_reload(session, outcome, wanted=reload)


def _say(talk: Talk, result: ChangeResult, restore: str | None, *, dry_run: bool) -> None:
    say_change(talk, result, "disable", dry_run=dry_run)
    if restore:
        talk.say(f"to bring the same set back: `{restore}`")
