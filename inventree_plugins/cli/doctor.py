"""`invplug doctor [SLUG]`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import Annotated, Any

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, printable
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.doctor import Check, DoctorOptions, DoctorResult, doctor

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

COLORS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


@app.command(cls=Command)
def examine(
    ctx: typer.Context,
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="[SLUG|PACKAGE]",
            help="The plugin; all that are enabled when none is named.",
            autocompletion=complete_slug,
        ),
    ] = None,
    *,
    fix: Annotated[bool, flag("--fix", text="Mend what loses nothing, and say what was mended.")] = False,
    reload: RELOAD = False,
) -> Outcome:
    """Tell why a plugin does not work: every gate between it and its effect, in the server's order.

    Changes nothing without --fix, which creates missing rows and turns on the integration switches that the
    named plugin needs. The exit code is 4 when a gate is shut.
    """
    session = open_session(ctx)
    result = doctor(session, DoctorOptions(slug, fix=fix))
    first, error = result.first_failed, result.error
    command = ctx.obj.repeated(first.command) if first and first.command else None
    outcome = Outcome(
        data={
            "checks": [_row(check, ctx.obj.repeated(check.command)) for check in result.checks],
            "first_failed": first.code if first else None,
            "mended": [
                {"code": mend.code, "message": mend.message, "slugs": list(mend.slugs)}
                for mend in result.mended
            ],
        },
        text=lambda talk: _print(talk, result, command, with_slugs=slug is None),
        changed=bool(result.mended),
        errors=(error,) if error else (),
        exit_code=error.exit_code if error else 0,
    )
    return with_reload(session, outcome, wanted=reload)


def _row(check: Check, command: str | None) -> dict[str, Any]:
    return {
        "code": check.code,
        "status": check.status,
        "message": check.message,
        "hint": check.hint,
        "command": command,
        "slug": check.slug,
        "path": str(check.path) if check.path else None,
        "line": check.line,
    }


def _print(talk: Talk, result: DoctorResult, command: str | None, *, with_slugs: bool) -> None:
    from rich.markup import escape  # noqa: PLC0415 - not under --json
    from rich.table import Table  # noqa: PLC0415

    for mend in result.mended:
        talk.say(f"mended: {mend.message}", color="green")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in result.checks:
        color = COLORS[check.status]
        name = f"{check.slug}: {check.code}" if check.slug and with_slugs else check.code
        text = printable(check.message)
        table.add_row(f"[{color}]{check.status}[/{color}]", escape(printable(name)), escape(text))
    talk.table(table)
    if command:
        talk.say(f"to mend it: `{command}`")
    elif result.first_failed is None:
        talk.say("no gate is shut", color="green")
