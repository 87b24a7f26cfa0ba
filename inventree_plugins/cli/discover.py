"""`invplug discover`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import sys
from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.confirm import confirm
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, name_all
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.rows import plugin_row
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.discover import DiscoverOptions, DiscoverResult, discover_plugins

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def discover(
    ctx: typer.Context,
    *,
    prune: Annotated[
        bool, flag("--prune", text="Delete rows that no plugin provides, with their settings.")
    ] = False,
    yes: Annotated[bool, flag("--yes", "-y", text="Delete without asking.")] = False,
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Find plugins and create the rows that they lack, inactive.

    A plugin without a row makes some servers skip every external plugin when they migrate.
    """
    session = open_session(ctx, reload=reload)
    if prune and not (yes or dry_run) and sys.stdin.isatty():
        orphans = discover_plugins(session, DiscoverOptions(prune=True, dry_run=True)).deleted
        if orphans:
            confirm(f"Delete the rows of {name_all(orphans)}?")
    result = discover_plugins(session, DiscoverOptions(prune=prune, dry_run=dry_run))
    outcome = Outcome(
        data={
            "created": list(result.created),
            "deleted": list(result.deleted),
            "plugins": [plugin_row(entry) for entry in result.entries],
        },
        text=lambda talk: _say(talk, result, dry_run=dry_run),
        changed=bool(result.created or result.deleted) and not dry_run,
        dry_run=dry_run,
        warnings=result.problems,
    )
    return with_reload(session, outcome, wanted=reload)


def _say(talk: Talk, result: DiscoverResult, *, dry_run: bool) -> None:
    would = "would have " if dry_run else ""
    found = sum(1 for entry in result.entries if entry.plugin)
    talk.say(f"found {found} plugin{'' if found == 1 else 's'}")
    if result.created:
        talk.say(f"{would}created rows, inactive: {name_all(result.created)}", color="green")
    if result.deleted:
        talk.say(f"{would}deleted rows: {name_all(result.deleted)}", color="green")
    if not result.created and not result.deleted:
        talk.say("every plugin has its row")
