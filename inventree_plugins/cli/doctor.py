"""`invplug doctor [SLUG]`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.confirm import agrees
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, printable
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.doctor import Check, DoctorOptions, DoctorResult, doctor
from inventree_plugins.errors import UsageError

if TYPE_CHECKING:  # people only pay for it
    from rich.console import RenderableType

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

# How a line of a diff begins, and how it is shown.
DIFF_COLORS = {"+": "green", "-": "red", "@": "cyan"}
COLORS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


@app.command(cls=Command)
def examine(
    ctx: typer.Context,
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="SLUG|PACKAGE",
            help="The plugin; all that are enabled when none is named.",
            autocompletion=complete_slug,
        ),
    ] = None,
    *,
    fix: Annotated[bool, flag("--fix", text="Mend what loses nothing, and say what was mended.")] = False,
    yes: Annotated[
        bool, flag("--yes", "-y", text="With --fix: remove what uninstalled plugins may have left, too.")
    ] = False,
    reload: RELOAD = False,
) -> Outcome:
    """Tell why a plugin does not work: every gate between it and its effect, in the server's order.

    Changes nothing without --fix, which mends damaged lines of plugins.txt, creates missing rows and turns on
    the integration switches that the named plugin needs. On a terminal it asks about lines that a removed
    plugin may have left. The exit code is 4 when a gate is shut.
    """
    if yes and not fix:
        raise UsageError("`--yes` goes with `--fix`")
    session = open_session(ctx, reload=reload)
    result = doctor(session, DoctorOptions(slug, fix, partial(_is_left, yes=yes)))
    first, error = result.first_failed, result.error
    errors = tuple(each for each in (result.failure, error) if each)
    advice = {check: _advice(ctx, check) for check in result.checks}
    closing = _closing(ctx, result)
    if first and error:
        error.hint = advice[first]
    outcome = Outcome(
        data={
            "checks": [_row(check, ctx.obj.repeated(check.command)) for check in result.checks],
            "first_failed": first.code if first else None,
            "mended": [
                {
                    "code": mend.code,
                    "message": mend.message,
                    "slugs": list(mend.slugs),
                    "diff": list(mend.diff),
                }
                for mend in result.mended
            ],
        },
        text=lambda talk: _print(talk, result, advice, closing),
        changed=bool(result.mended),
        errors=errors,
        exit_code=errors[0].exit_code if errors else 0,
        next_steps=result.next_steps,
    )
    return with_reload(session, outcome, wanted=reload)


def _is_left(message: str, *, yes: bool) -> bool:
    """Ask whether a line is to go; without a terminal nobody can say so."""
    return yes or (sys.stdin.isatty() and agrees(f"{message}. Remove it?"))


def _advice(ctx: typer.Context, check: Check) -> str | None:
    """Say what opens a gate: the command, if one does, and what else there is to know."""
    command = ctx.obj.repeated(check.command)
    return "; ".join(part for part in (f"run `{command}`" if command else None, check.hint) if part) or None


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


def _closing(ctx: typer.Context, result: DoctorResult) -> str:
    """Say that no gate is shut, and what tells more than reading: a module may fail when it is imported."""
    slugs = dict.fromkeys(check.slug for check in result.checks if check.slug)
    if not slugs:
        return "nothing stands in the way, as far as reading tells"
    whose = "its" if len(slugs) == 1 else "their"
    command = ctx.obj.repeated(command_line("validate --load", *slugs))
    tries = f"`{command}` tries to load {'it' if len(slugs) == 1 else 'them'}"
    return f"nothing stands in {whose} way, as far as reading tells; {tries}"


def _print(talk: Talk, result: DoctorResult, advice: Mapping[Check, str | None], closing: str) -> None:
    from rich.markup import escape  # noqa: PLC0415 - not under --json
    from rich.table import Table  # noqa: PLC0415

    for mend in result.mended:
        talk.say(f"mended: {mend.message}", color="green")
        if mend.diff:
            talk.table(_diff(mend.diff))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    names = _names(result)
    for check, name in names.items():
        color = COLORS[check.status]
        text = printable(check.message)
        table.add_row(f"[{color}]{check.status}[/{color}]", escape(printable(name)), escape(text))
    talk.table(table)
    if result.first_failed is None:
        # Else the gate that is shut comes first.
        for check, name in names.items():
            if check.status == "warning" and advice[check]:
                talk.say(f"{name}: {advice[check]}", color="yellow")
        talk.say(closing, color="green")


def _diff(lines: Sequence[str]) -> "RenderableType":
    from rich.console import Group  # noqa: PLC0415 - only where a file was mended
    from rich.text import Text  # noqa: PLC0415

    return Group(
        *(
            Text(printable(line), style=DIFF_COLORS.get(line[:1], ""), no_wrap=True, overflow="ignore")
            for line in lines
        )
    )


def _names(result: DoctorResult) -> dict[Check, str]:
    """Name each check by its code, with the plugin where there may be several."""
    slugs = {check.slug for check in result.checks if check.slug}
    is_one = result.name is not None and len(slugs) == 1
    return {
        check: check.code if is_one or not check.slug else f"{check.slug}: {check.code}"
        for check in result.checks
    }
