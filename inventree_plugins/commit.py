"""Carry out a journal of moves: all of them, or none.

Run as a program, by a Python that needs nothing but its standard library, in a session of its own: whatever
happens to the invplug that started it, the moves come to their end. After a crash the next invplug does the
same with the journal that is left. Every step can be told done from not done by looking, so that both may
begin anywhere.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["JOURNAL", "complete"]

JOURNAL = "journal.json"
_LOCK = "lock"
_IRREPLACEABLE = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS})


def complete(folder: Path) -> None:
    """Do what is left of the journal in `folder`, then remove the folder; without one, only remove it.

    A journal holds `moves`, pairs of a path and the path it gets, which is free by then; `replacements`,
    triples of a new file, the file whose place it takes and a copy of that, or null where there is none; and
    `folders`, which go when they have become empty. Raises OSError when a step fails, after all that was
    done has been taken back.
    """
    with _locked(folder) as is_there:
        if not is_there:
            return
        failure = _carry_out(folder / JOURNAL) if (folder / JOURNAL).exists() else None
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # another one lies there
            folder.parent.rmdir()
    if failure is not None:
        raise failure


def _carry_out(journal: Path) -> OSError | None:
    """Do the journal's steps and remove it; return what made that impossible, with everything as before.

    Raises OSError when not even that can be reached: the journal stays for another attempt.
    """
    steps = json.loads(journal.read_bytes())
    failure = None
    try:
        _forward(steps)
    except OSError as error:
        _back(steps)
        for new, _, _ in steps["replacements"]:
            Path(new).unlink(missing_ok=True)
        failure = error
    else:
        for each in steps["folders"]:
            with suppress(OSError):  # it is not empty, or gone
                Path(each).rmdir()
    journal.unlink()
    return failure


def _forward(steps: dict[str, list[list[str]]]) -> None:
    for source, destination in steps["moves"]:
        # A path that was cleared may be taken again by a later step: only the free one tells.
        if os.path.lexists(source) and not os.path.lexists(destination):
            _move(source, destination)
    for new, target, _ in steps["replacements"]:
        if os.path.lexists(new):
            _replace(new, target)


def _back(steps: dict[str, list[list[str]]]) -> None:
    for new, target, copy in reversed(steps["replacements"]):
        if os.path.lexists(new):
            continue
        if copy is None:
            Path(target).unlink()
        else:
            Path(target).write_bytes(Path(copy).read_bytes())  # into the new file, which has mode and owner
    for source, destination in reversed(steps["moves"]):
        if os.path.lexists(destination) and not os.path.lexists(source):
            _move(destination, source)


def _move(source: str, destination: str) -> None:
    try:
        os.rename(source, destination)  # noqa: PTH104 - names as the journal has them
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Another file system: copied under another name first, so that the step is done in one moment.
        beside = f"{destination}.invplug"
        if Path(source).is_dir() and not Path(source).is_symlink():
            shutil.copytree(source, beside, symlinks=True, dirs_exist_ok=True)
            os.rename(beside, destination)  # noqa: PTH104
            shutil.rmtree(source)
        else:
            shutil.copy2(source, beside, follow_symlinks=False)
            os.rename(beside, destination)  # noqa: PTH104
            Path(source).unlink()


def _replace(new: str, target: str) -> None:
    try:
        os.replace(new, target)  # noqa: PTH105
    except OSError as error:
        # A file that is a mount point of its own cannot be replaced, only written.
        if error.errno not in _IRREPLACEABLE | {errno.EXDEV}:
            raise
        Path(target).write_bytes(Path(new).read_bytes())
        Path(new).unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Wait until nobody else is at work in `folder`; tell whether it is still there."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder.is_dir()
    finally:
        os.close(descriptor)


def _main(folder: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        complete(Path(folder))
    except OSError as error:
        sys.exit(f"{error.filename2 or error.filename or folder}: {error.strerror or error}")


if __name__ == "__main__":
    _main(sys.argv[1])
