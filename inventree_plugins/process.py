"""The one subprocess funnel: no shell, arguments as a list, output as text."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inventree_plugins.errors import ProcessError, ProcessTimeoutError

__all__ = ["Completed", "Runner", "run"]

# Seconds that interrupted programs are given to clean up after themselves.
GRACE = 5.0
PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished program: its exit code, and what it printed on both streams, in order."""

    returncode: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """Run a program to its end. Rooms take one as a parameter; `run` is the real one."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        on_line: Callable[[str], None] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Return what `command` printed; `env` is added to the environment, `timeout` is in seconds.

        A variable that `env` maps to None is taken out of the environment.
        """


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    on_line: Callable[[str], None] | None = None,
    timeout: float | None = None,
) -> Completed:
    """Run `command` to its end and return what it printed.

    With `on_line`, standard error joins standard output and each line is handed over as it comes; without,
    `timeout` is how many seconds it may take.
    It has no terminal, so that it cannot ask. When this process is interrupted, `command` and whatever it
    started are ended before the interruption goes on. Raises ProcessError when it cannot be started or
    takes too long.
    """
    try:
        child = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=_environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if on_line else subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # pip starts itself anew with the target's Python, and that builds in further processes: as a
            # session of their own they can all be ended, and Ctrl-C reaches them once, from here.
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessError(f"cannot start `{command[0]}`: {error.strerror or error}") from error
    with child:
        try:
            return _collect(child, on_line, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise ProcessTimeoutError(f"`{command[0]}` did not end within {timeout:g} seconds") from error


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def _collect(
    child: subprocess.Popen[str], on_line: Callable[[str], None] | None, *, timeout: float | None
) -> Completed:
    try:
        if on_line is None:
            stdout, stderr = child.communicate(timeout=timeout)
            return Completed(child.returncode, stdout, stderr)
        lines = []
        for line in child.stdout or ():
            lines.append(line)
            on_line(line.rstrip("\n"))
        return Completed(child.wait(), "".join(lines), "")
    except BaseException:
        _end(child)
        raise


def _end(child: subprocess.Popen[str]) -> None:
    """End the child's whole session: asked as by Ctrl-C, which lets pip clean up, and then forced."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.killpg(child.pid, number)
            _wait(child, seconds=GRACE)
    except ProcessLookupError:
        return  # nobody is left
    finally:
        # Also when somebody presses Ctrl-C again.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _wait(child: subprocess.Popen[str], *, seconds: float) -> None:
    """Wait until every process of the session has ended; raise ProcessLookupError then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        child.poll()
        os.killpg(child.pid, 0)
        time.sleep(PAUSE)
