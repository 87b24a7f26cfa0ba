"""The one place where a run ends: the outcome is printed, errors become messages and exit codes."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.main import get_command

from inventree_plugins.cli.app import ALIASES, COMMANDS, app
from inventree_plugins.cli.options import Invocation, wants
from inventree_plugins.cli.output import Outcome, Talk, write_error_json, write_outcome
from inventree_plugins.errors import InvplugError, UsageError

__all__ = ["main", "run"]

PROGRAM = "invplug"
INTERRUPTED = 130

# Typer has its own copy of Click since 0.26 and the real one before; this finds either.
ParseError: type[Exception] = typer.BadParameter.__mro__[2]


class UnexpectedFaultError(InvplugError):
    """A bug of invplug's own."""

    code = "internal"
    exit_code = 70


class InterruptedRunError(InvplugError):
    """Somebody pressed Ctrl-C."""

    code = "interrupted"
    exit_code = INTERRUPTED


class OutputError(InvplugError):
    """Standard output takes nothing, such as a file on a full disk."""

    code = "output"


class TerminatedRunError(InvplugError):
    """Another process, such as a service manager, asked invplug to end."""

    code = "terminated"


class Terminated(BaseException):
    """A signal to end has come; like KeyboardInterrupt no error, so that nothing on the way stops it."""


def run() -> NoReturn:
    """Run the program and leave with its exit code."""
    _occupy_standard_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr always does
    code = main()
    # What is left goes with the process; Python would look through all of it, which takes a tenth of a run.
    gc.freeze()
    sys.exit(code)


def _occupy_standard_streams() -> None:
    """Open what the caller closed: else the next file, a database even, would get a stream's number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203 - three times
            os.open(os.devnull, os.O_RDWR)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - to the end


def _terminate(number: int, _frame: object) -> NoReturn:
    raise Terminated(number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run invplug with `arguments` and return the exit code; nothing but a broken pipe is raised."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    talk = Talk(quiet=wants("quiet", words), no_color=wants("no-color", words))
    invocation = Invocation(json=wants("json", words), no_color=talk.no_color)
    try:
        return _execute(words, invocation, talk)
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; Python must not complain when it flushes.
        _close_stdout()
        return 1
    except (Exception, KeyboardInterrupt, Terminated) as error:  # noqa: BLE001 - the boundary: every fault ends here
        return _end(_as_ours(error, words), words, invocation, talk)


def _execute(words: list[str], invocation: Invocation, talk: Talk) -> int:
    """Run the command line; Typer returns what the subcommand returned, or the exit code of `--help`."""
    result = get_command(app).main(
        words or ["--help"], prog_name=PROGRAM, standalone_mode=False, obj=invocation
    )
    if result == INTERRUPTED:
        raise KeyboardInterrupt  # Typer makes an exit code of it
    if not isinstance(result, Outcome):
        return int(result or 0)
    steps = (step._replace(command=invocation.repeated(step.command)) for step in result.next_steps)
    result = result._replace(next_steps=tuple(steps))
    try:
        write_outcome(result, command=invocation.command or "", as_json=invocation.json, talk=talk)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror or error}") from error
    return result.exit_code


def _close_stdout() -> None:
    """Let nothing more reach stdout, so that Python does not complain when it flushes at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(error: InvplugError, words: list[str], invocation: Invocation, talk: Talk) -> int:
    command = invocation.command or next(
        (ALIASES.get(w, w) for w in words if w in {*COMMANDS, *ALIASES}), None
    )
    if isinstance(error, OutputError):
        _close_stdout()
        talk.error(error)
    elif invocation.json:
        write_error_json(error, command=command)
    else:
        talk.error(error)
    return error.exit_code


def _as_ours(error: BaseException, words: list[str]) -> InvplugError:
    """Turn whatever ended the run into an error with a message and an exit code."""
    if isinstance(error, InvplugError):
        return error
    if isinstance(error, ParseError):
        return _usage_error(error)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return InterruptedRunError("interrupted")
    if isinstance(error, Terminated):
        ended = TerminatedRunError(f"ended by {signal.Signals(error.args[0]).name}")
        ended.exit_code = 128 + error.args[0]  # as shells count it
        return ended
    return _unexpected(error, words)


def _usage_error(error: Any) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else PROGRAM
    message = error.format_message().strip().rstrip(".") or "the command line is incomplete"
    return UsageError(message[:1].lower() + message[1:], hint=f"`{path} --help` shows how")


def _unexpected(error: BaseException, words: list[str]) -> UnexpectedFaultError:
    from inventree_plugins.cli.fault import (  # noqa: PLC0415 - hopefully never
        without_secrets,
        write_fault_log,
    )

    path = write_fault_log(error, words)
    return UnexpectedFaultError(
        without_secrets(f"invplug met a fault of its own: {type(error).__name__}: {error}"),
        hint=f"please report it with the log `{path}`",
    )
