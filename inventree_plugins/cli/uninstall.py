"""`invplug uninstall SLUG|PACKAGE…`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.confirm import confirm
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, name_all
from inventree_plugins.cli.plan import plan_rows, plan_table
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.context import Listener
from inventree_plugins.commands.remains import Remainder
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
    keep_dependencies: Annotated[
        bool, flag("--keep-dependencies", text="Leave the packages that only they needed.")
    ] = False,
    yes: Annotated[bool, flag("--yes", "-y", text="Delete without asking.")] = False,
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Remove packages and their lines in plugins.txt.

    Dependencies that only they brought go with them. The rows stay, inactive, so that a later installation
    finds its settings; --purge deletes both.
    """
    options = UninstallOptions(
        tuple(names), disable=disable, purge=purge, keep_dependencies=keep_dependencies, dry_run=dry_run
    )
    is_asked = not (yes or dry_run) and sys.stdin.isatty() and _ask(ctx, options)
    with installer_progress(ctx.obj, "removing") as listener:
        # Who was asked has seen the plan.
        session = open_session(ctx, Listener(listener.output) if is_asked else listener, reload=reload)
        result = uninstall(session, options)
    outcome = Outcome(
        data={
            "packages": list(result.packages),
            "dependencies": list(result.dependencies),
            "plan": plan_rows(result.plan),
            "unrecorded": list(result.unrecorded),
            "disabled": list(result.disabled),
            "deleted": list(result.deleted),
            "absent": list(result.absent),
            "remains": [_remainder_row(each) for each in result.remains],
        },
        text=lambda talk: _say(talk, result, dry_run=dry_run, is_told=is_asked),
        changed=result.changed and not dry_run,
        dry_run=dry_run,
        next_steps=result.next_steps,
        warnings=result.problems,
        errors=(result.error,) if result.error else (),
        exit_code=result.error.exit_code if result.error else 0,
    )
    return with_reload(session, outcome, wanted=reload)


def _ask(ctx: typer.Context, options: UninstallOptions) -> bool:
    """Show what would go and what would stay, and ask; tell whether there was anything to ask about."""
    plan = uninstall(open_session(ctx), replace(options, dry_run=True))
    if not (plan.packages or plan.deleted):
        return False
    talk = Talk(quiet=ctx.obj.json or ctx.obj.options.quiet, no_color=ctx.obj.no_color)
    _show_plan(talk, plan)
    _say_remains(talk, plan.remains, "would remain")
    confirm(f"Remove {name_all((*plan.packages, *plan.deleted))}?")
    return True


def _say(talk: Talk, result: UninstallResult, *, dry_run: bool, is_told: bool) -> None:
    if dry_run:
        _show_plan(talk, result)
    for names, did, would in (
        (result.disabled, "disabled", "disable"),
        (result.packages, "uninstalled", "uninstall"),
        (result.dependencies, "uninstalled what only they needed:", "uninstall what only they needed:"),
        (result.unrecorded, "taken out of plugins.txt:", "take out of plugins.txt:"),
        (result.deleted, "deleted the rows and settings of", "delete the rows and settings of"),
    ):
        if names:
            talk.say(f"{f'would {would}' if dry_run else did} {name_all(names)}", color="green")
    if not result.changed:
        talk.say("nothing to do")
    if not is_told:
        _say_remains(talk, result.remains, "would remain" if dry_run else "remains")


def _show_plan(talk: Talk, result: UninstallResult) -> None:
    if result.plan and not talk.quiet:
        talk.plan(plan_table(result.plan))


def _say_remains(talk: Talk, remains: tuple[Remainder, ...], label: str) -> None:
    """Say what stays, and how to be rid of it: once where the same does for several."""
    for number, each in enumerate(remains, 1):
        talk.say(f"{label}: {each.message}")
        is_last = number == len(remains) or remains[number].hint != each.hint
        if is_last and not talk.quiet:
            talk.hint(each.hint)


def _remainder_row(each: Remainder) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "slug": each.slug,
        "message": each.message,
        "label": each.label,
        "names": list(each.names),
        "count": each.count,
        "path": str(each.path) if each.path else None,
        "hint": each.hint,
        "command": each.command,
    }
