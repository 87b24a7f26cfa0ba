"""The one question that invplug asks: on a terminal, before a deletion."""

import sys

import typer

from inventree_plugins.cli.output import printable
from inventree_plugins.errors import InvplugError

__all__ = ["DeclinedError", "agrees", "confirm"]


class DeclinedError(InvplugError):
    """Somebody was asked and did not say yes."""

    code = "declined"


def confirm(question: str) -> None:
    """Ask on stderr and raise DeclinedError unless the answer is yes."""
    if not agrees(question):
        raise DeclinedError("nothing was changed: the answer was not `y`")


def agrees(question: str) -> bool:
    """Ask on stderr and tell whether the answer is yes.

    Not Typer's `confirm`: that writes a blank to stdout, and ends as an interrupt where the answer is no.
    """
    typer.echo(f"{printable(question)} [y/N]: ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        typer.echo(err=True)  # Ctrl-D
    return answer.strip().lower() in {"y", "yes"}
