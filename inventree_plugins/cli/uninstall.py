"""`invplug uninstall SLUG|PACKAGE…`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.confirm import confirm
from inventree_plugins.cli.enable import name_all
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.uninstall import UninstallOptions, UninstallResult, uninstall

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def uninstall_packages(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="SLUG|PACKAGE", help="Plugins or their packages.", autocompletion=complete_slug
        ),
    ],
    *,
    disable: Annotated[bool, flag("--disable", text="Also when a plugin is enabled.")] = False,
    purge: Annotated[bool, flag("--purge", text="Delete its settings and its row as well.")] = False,
    yes: Annotated[bool, flag("--yes", "-y", text="Delete without asking.")] = False,
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Remove packages and their lines in plugins.txt.

    The rows stay, inactive, so that a later installation finds its settings; --purge deletes both.
    """
    options = UninstallOptions(tuple(names), disable=disable, purge=purge, dry_run=dry_run)
    if not (yes or dry_run) and sys.stdin.isatty():
        _ask(ctx, options)
    with installer_progress(ctx.obj, "removing") as listener:
        session = open_session(ctx, listener, reload=reload)
        result = uninstall(session, options)
    outcome = Outcome(
        data={
            "packages": list(result.packages),
            "unrecorded": list(result.unrecorded),
            "disabled": list(result.disabled),
            "deleted": list(result.deleted),
            "absent": list(result.absent),
        },
        text=lambda talk: _say(talk, result, dry_run=dry_run),
        changed=result.changed and not dry_run,
        dry_run=dry_run,
        next_steps=result.next_steps,
        warnings=result.problems,
        errors=(result.error,) if result.error else (),
        exit_code=result.error.exit_code if result.error else 0,
    )
    return with_reload(session, outcome, wanted=reload)


def _ask(ctx: typer.Context, options: UninstallOptions) -> None:
    """Ask before a deletion, on a terminal only."""
    plan = uninstall(
        open_session(ctx),
        UninstallOptions(options.names, disable=options.disable, purge=options.purge, dry_run=True),
    )
    if plan.packages or plan.deleted:
        doomed = name_all((*plan.packages, *plan.deleted))
        confirm(f"Remove {doomed}?")


def _say(talk: Talk, result: UninstallResult, *, dry_run: bool) -> None:
    for names, did, would in (
        (result.disabled, "disabled", "disable"),
        (result.packages, "uninstalled", "uninstall"),
        (result.unrecorded, "taken out of plugins.txt:", "take out of plugins.txt:"),
        (result.deleted, "deleted the rows and settings of", "delete the rows and settings of"),
    ):
        if names:
            talk.say(f"{f'would {would}' if dry_run else did} {name_all(names)}", color="green")
    if not result.changed:
        talk.say("nothing to do")
