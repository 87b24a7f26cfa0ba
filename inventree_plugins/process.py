"""The one subprocess funnel: no shell, arguments as a list, output as text."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inventree_plugins.errors import ProcessError

__all__ = ["Completed", "Runner", "run"]


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
        env: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Return what `command` printed; `env` is added to the environment."""


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run `command` to its end and return what it printed.

    With `on_line`, standard error joins standard output and each line is handed over as it comes.
    The child is ended when this process is interrupted. Raises ProcessError when it cannot be started.
    """
    stderr = subprocess.STDOUT if on_line else subprocess.PIPE
    try:
        with subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as child:
            return _collect(child, on_line)
    except OSError as error:
        raise ProcessError(f"cannot start `{command[0]}`: {error.strerror or error}") from error


def _collect(child: subprocess.Popen[str], on_line: Callable[[str], None] | None) -> Completed:
    try:
        if on_line is None:
            stdout, stderr = child.communicate()
            return Completed(child.returncode, stdout, stderr)
        lines = []
        for line in child.stdout or ():
            lines.append(line)
            on_line(line.rstrip("\n"))
        return Completed(child.wait(), "".join(lines), "")
    except BaseException:
        child.terminate()
        raise
