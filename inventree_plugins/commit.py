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
from typing import NamedTuple

__all__ = ["JOURNAL", "complete", "is_decided"]

JOURNAL = "journal.json"
# The journal's name once it is decided that everything goes back.
_BACK = "back.json"
_LOCK = "lock"
_IRREPLACEABLE = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV})

_Journal = dict[str, list[list[str]]]


class _Marks(NamedTuple):
    """What is added to the names of a file that is on its way between two file systems."""

    going: str
    coming: str


# A path may be one step's beginning and another's end: each direction has marks of its own.
_FORTH = _Marks(".invplug-going", ".invplug-coming")
_BACK_AGAIN = _Marks(".invplug-leaving", ".invplug-returning")


def is_decided(folder: Path) -> bool:
    """Tell whether a journal in `folder` waits to be carried out, or taken back."""
    return (folder / JOURNAL).exists() or (folder / _BACK).exists()


def complete(folder: Path) -> None:
    """Do what is left of the journal in `folder`, then remove the folder; without one, only remove it.

    A journal holds `moves`, pairs of a path and the path it gets, which is free by then; `replacements`,
    triples of a new file, the file whose place it takes and a copy of that, or null where there is none; and
    `folders`, which go when they have become empty. Raises OSError when a step fails, after all that was
    done has been taken back; where not even that can be reached, the journal stays for another attempt.
    """
    with _locked(folder) as is_there:
        if not is_there:
            return
        failure = _carry_out(folder) if (folder / JOURNAL).exists() else None
        if (folder / _BACK).exists():
            _back(json.loads((folder / _BACK).read_bytes()))
            (folder / _BACK).unlink()
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # another one lies there
            folder.parent.rmdir()
    if failure is not None:
        raise failure


def _carry_out(folder: Path) -> OSError | None:
    """Do the journal's steps and remove it; where one fails, return that, and decide that all goes back."""
    steps = json.loads((folder / JOURNAL).read_bytes())
    try:
        _forward(steps)
    except OSError as error:
        (folder / JOURNAL).rename(folder / _BACK)
        return error
    for each in steps["folders"]:
        with suppress(OSError):  # it is not empty, or gone
            Path(each).rmdir()
    (folder / JOURNAL).unlink()
    return None


def _forward(steps: _Journal) -> None:
    for source, destination in steps["moves"]:
        _move(source, destination, _FORTH)
    for new, target, _ in steps["replacements"]:
        if os.path.lexists(new):
            _replace(new, target)


def _back(steps: _Journal) -> None:
    for new, target, copy in reversed(steps["replacements"]):
        if copy is None:
            if not os.path.lexists(new):
                _remove(target)
        elif Path(target).read_bytes() != Path(copy).read_bytes():
            _overwrite(target, copy)  # it is the new file, which has mode and owner, or a half written one
        Path(new).unlink(missing_ok=True)
    for source, destination in reversed(steps["moves"]):
        if os.path.lexists(source + _FORTH.going) and not os.path.lexists(destination):
            os.rename(source + _FORTH.going, source)  # noqa: PTH104 - names as the journal has them
        _remove(source + _FORTH.going)
        _remove(destination + _FORTH.coming)
        _move(destination, source, _BACK_AGAIN)


def _move(source: str, destination: str, marks: _Marks) -> None:
    """Give a file or folder another name, on another file system as well, unless that is done already.

    There it is copied beside the new name first. While the old one is called otherwise, the copy is whole:
    whoever finds that goes on from there.
    """
    going, coming = source + marks.going, destination + marks.coming
    if not os.path.lexists(going):
        # A path that was cleared may be taken again by another step: only the free one tells.
        if not os.path.lexists(source) or os.path.lexists(destination):
            return
        try:
            os.rename(source, destination)  # noqa: PTH104
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
        _remove(coming)
        _copy(source, coming)
        os.rename(source, going)  # noqa: PTH104
    if not os.path.lexists(destination):
        os.rename(coming, destination)  # noqa: PTH104
    _remove(going)


def _copy(source: str, destination: str) -> None:
    if Path(source).is_dir() and not Path(source).is_symlink():
        shutil.copytree(source, destination, symlinks=True)
    else:
        shutil.copy2(source, destination, follow_symlinks=False)


def _remove(path: str) -> None:
    if not os.path.lexists(path):
        return
    if Path(path).is_dir() and not Path(path).is_symlink():
        shutil.rmtree(path)
    else:
        Path(path).unlink()


def _replace(new: str, target: str) -> None:
    try:
        os.replace(new, target)  # noqa: PTH105
    except OSError as error:
        # A file that is a mount point of its own cannot be replaced, only written.
        if error.errno not in _IRREPLACEABLE:
            raise
        _overwrite(target, new)
        Path(new).unlink()


def _overwrite(target: str, source: str) -> None:
    """Give a file the content of another without emptying it first: what it has of the disk it keeps."""
    content = Path(source).read_bytes()
    with Path(target).open("r+b") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
        stream.truncate(len(content))


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
