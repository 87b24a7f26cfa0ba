"""What a person sees while the installer works."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import typer

from inventree_plugins.cli.options import Invocation
from inventree_plugins.cli.output import Talk, printable
from inventree_plugins.cli.plan import plan_table
from inventree_plugins.commands.context import Listener

if TYPE_CHECKING:
    from inventree_plugins.commands.applying import PlannedPackage

__all__ = ["installer_progress"]

# The installer's lines that tell a step, and what to call it.
STEPS = {
    "Collecting": "finding",
    "Downloading": "downloading",
    "Building wheel": "building",
    "Installing collected packages": "unpacking",
    "Uninstalling": "removing",
}
# What the plan's table takes.
_TABLES = ("rich.console", "rich.table", "rich.text")


@contextmanager
def installer_progress(invocation: Invocation, what: str) -> Iterator[Listener]:
    """Yield who listens: to all of the installer's lines on --verbose, on a terminal to its steps.

    The plan is shown to everybody but a program.
    """
    options = invocation.options
    is_silent = invocation.json or options.quiet
    talk = Talk(quiet=is_silent, no_color=invocation.no_color)
    if options.verbose:
        yield Listener(lambda line: typer.echo(printable(line), err=True), partial(_show_plan, talk), _TABLES)
    elif is_silent:
        yield Listener()
    elif not sys.stderr.isatty():
        yield Listener(plan=partial(_show_plan, talk), modules=_TABLES)
    elif invocation.no_color:
        # What moves needs escape codes.
        typer.echo(f"{what}…", err=True)
        yield Listener(plan=partial(_show_plan, talk), modules=_TABLES)
    else:
        from rich.console import Console  # noqa: PLC0415 - terminals only

        console = Console(file=sys.stderr, highlight=False)
        with console.status(what) as status:

            def show(line: str) -> None:
                step = _step(line)
                if step:
                    status.update(f"{what}: {step}")

            def pause_and_show(plan: Sequence[PlannedPackage]) -> None:
                status.stop()
                _show_plan(talk, plan)
                status.start()

            yield Listener(show, pause_and_show, _TABLES)


def _show_plan(talk: Talk, plan: Sequence[PlannedPackage]) -> None:
    if plan and not talk.quiet:
        talk.plan(plan_table(plan))


def _step(line: str) -> str | None:
    text = line.strip()
    for start, name in STEPS.items():
        if text.startswith(start):
            words = text[len(start) :].strip().split()
            names_one = start in {"Collecting", "Downloading", "Uninstalling"}
            return f"{name} {words[0].split('/')[-1]}" if words and names_one else name
    return None
