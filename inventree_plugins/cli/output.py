"""Everything that is printed: data on stdout, talk on stderr, or one JSON document (the contract)."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import typer

from inventree_plugins.errors import InvplugError
from inventree_plugins.models import NextStep, Problem

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


__all__ = ["SCHEMA", "Outcome", "Talk", "name_all", "write_error_json", "write_json", "write_outcome"]

SCHEMA = "invplug/1"
# A pipe has no width: nothing is cut or folded there.
PIPE_WIDTH = 10_000
MASK = "********"


class Outcome(NamedTuple):
    """What a command ends with: the JSON document's content, and how to say the same to a person."""

    data: Mapping[str, Any]
    text: "Callable[[Talk], None] | None" = None
    changed: bool = False
    dry_run: bool = False
    exit_code: int = 0
    next_steps: tuple[NextStep, ...] = ()
    warnings: tuple[Problem, ...] = ()
    errors: tuple[InvplugError, ...] = ()
    # Somebody asked for the secrets too.
    reveal: bool = False


def printable(text: str, *, reveal: bool = False) -> str:
    """Show control characters and hide credentials: what plugins and installers say is a stranger's text."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return text if reveal else without_credentials(text)


def without_credentials(text: str) -> str:
    """Mask user and password in URLs; a variable that stands for them, and ssh's `git@`, may be seen."""
    import re  # noqa: PLC0415 - Typer has it loaded

    text = re.sub(r"""([?&]\w*passw\w*=)[^&\s"'`\\]+""", rf"\1{MASK}", text)
    public = r"(?!git@|\$\{|\[[\da-fA-F:.]+\][:/])"
    before_slash = r"""[^/\s"'`]+"""
    # A password may hold what it should not; a port is none, and an `@` behind it leads to a version.
    with_slash = r"""[^/@\s:"'`]+:(?!\d{1,5}/)[^@\s"'`]*"""
    # One slash is what a path makes of two.
    return re.sub(rf"(:/{{1,2}}){public}(?:{before_slash}|{with_slash})@", rf"\1{MASK}@", text)


class Talk:
    """Print to a person: `data` on stdout, everything else on stderr."""

    def __init__(self, *, quiet: bool = False, no_color: bool = False) -> None:
        self.quiet = quiet
        self.no_color = no_color or bool(os.environ.get("NO_COLOR"))

    def data(self, text: str, *, reveal: bool = False) -> None:
        """Print a line of data on stdout."""
        typer.echo(printable(text, reveal=reveal))

    def table(self, renderable: "RenderableType") -> None:
        """Print a table or another of rich's shapes on stdout."""
        self._draw(renderable, sys.stdout)

    def plan(self, renderable: "RenderableType") -> None:
        """Print a table of what is about to happen, on stderr."""
        self._draw(renderable, sys.stderr)

    def _draw(self, renderable: "RenderableType", stream: IO[str]) -> None:
        console = self.console(stream)
        with console.capture() as capture:
            console.print(renderable)
        # Rich fills lines up to the table's width; in a pipe that is noise.
        lines = (line.rstrip() for line in capture.get().rstrip("\n").split("\n"))
        stream.write("\n".join(lines) + "\n")

    def console(self, stream: IO[str]) -> "Console":
        """Return a rich console that never cuts what goes to a pipe."""
        from rich.console import Console  # noqa: PLC0415 - JSON and predicates do without

        width = None if stream.isatty() else PIPE_WIDTH
        # Rich keeps bold and dim where it drops colour only.
        return Console(
            file=stream,
            width=width,
            color_system=None if self.no_color else "auto",
            highlight=False,
            soft_wrap=False,
            emoji=False,  # `:x:` is a plugin's word, not a picture
        )

    def say(self, text: str, *, color: str | None = None) -> None:
        """Print a line for a person, unless --quiet."""
        if not self.quiet:
            typer.echo(self.style(printable(text), color), err=True)

    def style(self, text: str, color: str | None, *, bold: bool = False) -> str:
        """Colour `text` when stderr is a terminal that wants it."""
        if self.no_color or color is None or not sys.stderr.isatty():
            return text
        return typer.style(text, fg=color, bold=bold)

    def labelled(self, before: str, label: str, text: str, *, color: str) -> None:
        """Print a line of data on stdout with a label in it, coloured on a terminal that wants it."""
        if not self.no_color and sys.stdout.isatty():
            label = typer.style(label, fg=color, bold=True)
        typer.echo(f"{printable(before)}{label} {printable(text)}")

    def hint(self, text: str) -> None:
        """Print what a person may do about the line before."""
        typer.echo(f"{self.style('hint:', 'cyan')} {printable(text)}", err=True)

    def warning(self, problem: Problem) -> None:
        """Print a warning with its hint, unless --quiet."""
        if self.quiet:
            return
        label = self.style("warning:", "yellow")
        typer.echo(f"{label} {printable(problem.message + place_of(problem))}", err=True)
        if problem.hint:
            self.hint(problem.hint)

    def error(self, error: InvplugError) -> None:
        """Print an error with its place and hint."""
        label = self.style("error:", "red", bold=True)
        typer.echo(f"{label} {printable(error.message + place_of(error))}", err=True)
        detail = getattr(error, "detail", None)
        if detail:
            typer.echo("\n".join(f"  {printable(line)}" for line in detail.splitlines()), err=True)
        if error.hint:
            self.hint(error.hint)

    def next_steps(self, steps: Iterable[NextStep]) -> None:
        """Print what remains to be done."""
        for step in steps:
            command = f" (`{step.command}`)" if step.command else ""
            if not self.quiet:
                label = self.style("next:", "cyan")
                # The command may repeat a `--database` with a password.
                typer.echo(f"{label} {printable(step.message + command)}", err=True)


def place_of(item: Problem | InvplugError) -> str:
    """Return file and line in brackets, where the message does not name them itself."""
    if item.path is None or str(item.path) in str(item.message):
        return ""
    return f" ({item.path}:{item.line})" if item.line else f" ({item.path})"


def write_outcome(outcome: Outcome, *, command: str, as_json: bool, talk: Talk) -> None:
    """Print a command's outcome in the form that was asked for."""
    if as_json:
        write_json(
            outcome.data,
            command=command,
            reveal=outcome.reveal,
            changed=outcome.changed,
            dry_run=outcome.dry_run,
            exit_code=outcome.exit_code,
            status=_status(outcome),
            next_steps=[_step(step) for step in outcome.next_steps],
            warnings=[_problem(problem) for problem in outcome.warnings],
            errors=[_error(error) for error in outcome.errors],
        )
        return
    if outcome.text is not None:
        outcome.text(talk)
    for problem in outcome.warnings:
        talk.warning(problem)
    for error in outcome.errors:
        talk.error(error)
    talk.next_steps(outcome.next_steps)


def _status(outcome: Outcome) -> str:
    if not outcome.errors:
        return "ok"
    return "partial" if outcome.changed else "error"


def write_json(data: Mapping[str, Any], *, command: str | None, reveal: bool = False, **more: Any) -> None:
    """Print the one JSON document of this run, in one line: Python indents ten times slower."""
    import json  # noqa: PLC0415 - not for people

    document = {
        "schema": SCHEMA,
        "command": command,
        "status": "ok",
        "exit_code": 0,
        "changed": False,
        "dry_run": False,
        "data": data,
        "next_steps": [],
        "warnings": [],
        "errors": [],
        **more,
    }
    try:
        text = json.dumps(document, sort_keys=True, default=_plain, ensure_ascii=False, allow_nan=False)
    except ValueError:  # YAML has `.inf`, Python `float("nan")`, JSON neither
        document = _finite(document)
        text = json.dumps(document, sort_keys=True, default=_plain, ensure_ascii=False)
    if not _is_writable(text):
        text = json.dumps(document, sort_keys=True, default=_plain)
    if not text.isprintable():
        # Such as marks that turn the writing direction: JSON has an escape for each.
        text = "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
    typer.echo(text if reveal else without_credentials(text))


def _finite(value: Any) -> Any:
    """Return the value with text in the place of numbers that JSON has not."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and value - value != 0 else value


def _is_writable(text: str) -> bool:
    """Tell whether stdout's encoding has all of `text`; what is no text in an argument no encoding has."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write_error_json(error: InvplugError, *, command: str | None) -> None:
    """Print the JSON document of a command that failed."""
    write_json({}, command=command, status="error", exit_code=error.exit_code, errors=[_error(error)])


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def _step(step: NextStep) -> dict[str, Any]:
    return {
        "code": step.code,
        "command": step.command,
        "message": step.message,
        "slugs": list(step.slugs),
    }


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as the contract shows it."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint,
        "slug": problem.slug,
        "path": str(problem.path) if problem.path else None,
        "line": problem.line,
    }


_problem = problem_to_json


def _error(error: InvplugError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "slug": error.slug,
        "path": str(error.path) if error.path else None,
        "line": error.line,
        "detail": getattr(error, "detail", None),
    }


def name_all(names: Iterable[str]) -> str:
    """Join names for a message."""
    return ", ".join(f"`{name}`" for name in names)
