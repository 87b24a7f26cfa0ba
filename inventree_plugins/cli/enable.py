"""`invplug enable SLUG…`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, name_all
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.rows import plugin_row
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.enable import ChangeResult, EnableOptions, enable

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def enable_plugins(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    slugs: Annotated[
        list[str] | None,
        typer.Argument(metavar="SLUG", help="The plugins.", autocompletion=complete_slug),
    ] = None,
    *,
    all_in_file: Annotated[
        bool, flag("--all-in-file", text="Enable every plugin that plugins.txt brings.")
    ] = False,
    with_integration: Annotated[
        bool, flag("--with-integration", text="Also turn on the integration switches that they need.")
    ] = False,
    force: Annotated[bool, flag("--force", text="Enable also what the server cannot load.")] = False,
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Enable plugins: all of the named ones, or on an error none.

    Works with the server down; what remains to be done until a plugin has its effect is told.
    """
    options = EnableOptions(
        tuple(slugs or ()),
        all_in_file=all_in_file,
        with_integration=with_integration,
        force=force,
        dry_run=dry_run,
    )
    session = open_session(ctx, reload=reload)
    result = enable(session, options)
    outcome = Outcome(
        data={
            "enabled": list(result.changed),
            "unchanged": list(result.unchanged),
            "switches": list(result.switches),
            "plugins": [plugin_row(entry) for entry in result.entries],
        },
        text=lambda talk: say_change(talk, result, "enable", dry_run=dry_run),
        changed=bool(result.changed or result.switches) and not dry_run,
        dry_run=dry_run,
        next_steps=result.next_steps,
        warnings=result.problems,
    )
    return with_reload(session, outcome, wanted=reload)


def say_change(talk: Talk, result: ChangeResult, verb: str, *, dry_run: bool) -> None:
    """Tell which plugins changed and which were so already."""
    if result.changed:
        did = f"would {verb}" if dry_run else f"{verb}d"
        talk.say(f"{did} {name_all(result.changed)}", color="green")
    if result.unchanged:
        talk.say(f"already {verb}d: {name_all(result.unchanged)}")
    if result.switches:
        did = "would turn on" if dry_run else "turned on"
        talk.say(f"{did} {name_all(result.switches)}", color="green")
    if not result.changed and not result.unchanged:
        talk.say(f"nothing to {verb}")
