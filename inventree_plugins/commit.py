"""Carry out a journal of moves: all of them, or none.

Run as a program, by a Python that needs nothing but its standard library, in a session of its own: whatever
happens to the invplug that started it, the moves come to their end. After a crash the next invplug does the
same with the journal that is left. Every step can be told done from not done by looking, so that both may
begin anywhere.

The program is part of each installation and its own work takes a millisecond: it imports as little as it can.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys

__all__ = ["JOURNAL", "TAKEN_BACK", "Steps", "complete", "is_decided", "read_journal", "write_journal"]

JOURNAL = "journal"
# What the program ends with when a step failed and all is as before.
TAKEN_BACK = 3
# The last word of a journal: one that was cut short must not pass for a short one.
_END = b"end"
# The journal's name once it is decided that everything goes back.
_BACK = "back"
_LOCK = "lock"
_IRREPLACEABLE = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV})
# Kinds of steps, and how many paths each one has.
_PATHS = {"moves": 2, "replacements": 3, "folders": 1}
# What is added to the names of a file that is on its way between two file systems: while it goes, and while
# it comes. A path may be one step's beginning and another's end: each direction has marks of its own.
_FORTH = (".invplug-going", ".invplug-coming")
_BACK_AGAIN = (".invplug-leaving", ".invplug-returning")

# Of each kind its steps, in order, each a list of paths.
Steps = dict[str, list[list[str]]]


def is_decided(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a journal in `folder` waits to be carried out, or taken back."""
    return any(_is_there(os.path.join(folder, name)) for name in (JOURNAL, _BACK))


def write_journal(path: str | os.PathLike[str], steps: Steps) -> None:
    """Write a journal of steps. Raises OSError.

    `moves` are pairs of a path and the path it gets, which is free by then; `replacements` triples of a new
    file, the file whose place it takes and a copy of that, or nothing where there is none; `folders` go when
    they have become empty.
    """
    words = [word for kind, many in steps.items() for one in many for word in (kind, *one)]
    with open(path, "wb") as stream:
        stream.write(b"".join(word + b"\0" for word in (*map(os.fsencode, words), _END)))
        stream.flush()
        os.fsync(stream.fileno())


def read_journal(path: str | os.PathLike[str]) -> Steps:
    """Return the steps of a journal. Raises OSError, also for one that is damaged."""
    *written, end, rest = (b"", *_content(path).split(b"\0"))
    if end != _END or rest:
        raise OSError(errno.EIO, "the journal is damaged", os.fspath(path))
    words = iter(written[1:])
    steps: Steps = {kind: [] for kind in _PATHS}
    for kind in map(os.fsdecode, words):
        steps[kind].append([os.fsdecode(next(words)) for _ in range(_PATHS[kind])])
    return steps


def complete(folder: str | os.PathLike[str]) -> None:
    """Do what is left of the journal in `folder`, then remove the folder; without one, only remove it.

    Raises OSError when a step fails, after all that was done has been taken back; where not even that can be
    reached, the journal stays for another attempt.
    """
    import shutil  # noqa: PLC0415 - the program leaves that to invplug

    failure = _finish(os.fspath(folder))
    shutil.rmtree(folder, ignore_errors=True)
    try:
        os.rmdir(os.path.dirname(folder))
    except OSError:
        pass  # another one lies there
    if failure is not None:
        raise failure


def _finish(folder: str) -> OSError | None:
    """Do what is left of the journal; return why all was taken back, where it was. Raises OSError."""
    if os.path.islink(folder):
        return None  # it is nobody's that invplug knows
    try:
        lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until nobody else is at work there
        journal, back = (os.path.join(folder, name) for name in (JOURNAL, _BACK))
        failure = _carry_out(journal, back) if _is_there(journal) else None
        if _is_there(back):
            _back(read_journal(back))
            os.unlink(back)
        return failure
    finally:
        os.close(lock)


def _carry_out(journal: str, back: str) -> OSError | None:
    """Do the journal's steps and remove it; where one fails, return that, and decide that all goes back."""
    steps = read_journal(journal)
    try:
        _forward(steps)
    except OSError as error:
        os.rename(journal, back)
        return error
    for (folder,) in steps["folders"]:
        try:
            os.rmdir(folder)
        except OSError:  # noqa: PERF203 - it is not empty, or gone
            pass
    os.unlink(journal)
    return None


def _forward(steps: Steps) -> None:
    for source, destination in steps["moves"]:
        _move(source, destination, _FORTH)
    for new, target, _ in steps["replacements"]:
        if os.path.lexists(new):
            _replace(new, target)


def _back(steps: Steps) -> None:
    for new, target, copy in reversed(steps["replacements"]):
        if not copy:
            if not os.path.lexists(new):
                _remove(target)
        elif _content(target) != _content(copy):
            _overwrite(target, copy)  # it is the new file, which has mode and owner, or a half written one
        _remove(new)
    for source, destination in reversed(steps["moves"]):
        going, coming = source + _FORTH[0], destination + _FORTH[1]
        if os.path.lexists(going) and not os.path.lexists(destination):
            os.rename(going, source)
        _remove(going)
        _remove(coming)
        _move(destination, source, _BACK_AGAIN)


def _move(source: str, destination: str, marks: tuple[str, str]) -> None:
    """Give a file or folder another name, on another file system as well, unless that is done already.

    There it is copied beside the new name first. While the old one is called otherwise, the copy is whole:
    whoever finds that goes on from there.
    """
    going, coming = source + marks[0], destination + marks[1]
    if not os.path.lexists(going):
        # A path that was cleared may be taken again by another step: only the free one tells.
        if not os.path.lexists(source) or os.path.lexists(destination):
            return
        try:
            os.rename(source, destination)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
        _remove(coming)
        _copy(source, coming)
        os.rename(source, going)
    if not os.path.lexists(destination):
        os.rename(coming, destination)
    _remove(going)


def _copy(source: str, destination: str) -> None:
    import shutil  # noqa: PLC0415 - between file systems only

    if _is_folder(source):
        shutil.copytree(source, destination, symlinks=True)
    else:
        shutil.copy2(source, destination, follow_symlinks=False)


def _remove(path: str) -> None:
    if _is_folder(path):
        import shutil  # noqa: PLC0415 - between file systems only

        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _replace(new: str, target: str) -> None:
    try:
        os.replace(new, target)
    except OSError as error:
        # A file that is a mount point of its own cannot be replaced, only written.
        if error.errno not in _IRREPLACEABLE:
            raise
        _overwrite(target, new)
        os.unlink(new)


def _is_there(path: str) -> bool:
    """Tell whether there is such a file; where that cannot be told, raise OSError."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _content(path: str | os.PathLike[str]) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _overwrite(target: str, source: str) -> None:
    """Give a file the content of another without emptying it first: what it has of the disk it keeps."""
    content = _content(source)
    with open(target, "r+b") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
        stream.truncate(len(content))


def _main(folder: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    failure = _finish(folder)
    if failure is not None:
        where = failure.filename2 or failure.filename or folder
        os.write(
            2, f"{where}: {failure.strerror or failure}\n".encode(errors="surrogateescape")
        )  # to invplug
        sys.exit(TAKEN_BACK)


if __name__ == "__main__":
    _main(sys.argv[1])
