"""What a person sees while the installer works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from inventree_plugins.cli.options import Invocation
from inventree_plugins.cli.output import printable

__all__ = ["installer_progress"]

# The installer's lines that tell a step, and what to call it.
STEPS = {
    "Collecting": "finding",
    "Downloading": "downloading",
    "Building wheel": "building",
    "Installing collected packages": "installing",
    "Uninstalling": "removing",
}


@contextmanager
def installer_progress(invocation: Invocation, what: str) -> Iterator[Callable[[str], None]]:
    """Yield the listener to the installer's lines: all on --verbose, the step on a terminal, else none."""
    options = invocation.options
    if options.verbose:
        yield lambda line: typer.echo(printable(line), err=True)
    elif invocation.json or options.quiet or not sys.stderr.isatty():
        yield lambda _line: None
    elif invocation.no_color:
        # What moves needs escape codes.
        typer.echo(f"{what}…", err=True)
        yield lambda _line: None
    else:
        from rich.console import Console  # noqa: PLC0415 - terminals only

        console = Console(file=sys.stderr, highlight=False)
        with console.status(what) as status:

            def show(line: str) -> None:
                step = _step(line)
                if step:
                    status.update(f"{what}: {step}")

            yield show


def _step(line: str) -> str | None:
    text = line.strip()
    for start, name in STEPS.items():
        if text.startswith(start):
            words = text[len(start) :].strip().split()
            return f"{name} {words[0].split('/')[-1]}" if words and start != "Building wheel" else name
    return None
