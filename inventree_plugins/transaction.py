"""Files of the server that change together: prepared aside, then moved into place in one go.

What takes long, such as fetching and building, happens in a folder of its own and touches nothing. The moves
themselves are written to a journal first, and `commit.py` carries it out in a process of its own, so that
neither a signal nor the end of invplug leaves half of them.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from inventree_plugins import commit
from inventree_plugins.errors import FileAccessError
from inventree_plugins.files import IRREPLACEABLE, NEW_FILE_MODE
from inventree_plugins.process import Runner

__all__ = ["Transaction", "is_unfinished", "recover"]


# Nothing else in the area is touched, whoever laid it there.
_PREFIX = "change-"
# The names of files that are prepared beside those that they replace, each with a NUL behind it.
_BESIDE = "beside"


class Transaction:
    """A set of removals, new trees and new texts that becomes real with `commit`, or not at all.

    As a context manager it removes its folder at the end. `area` is best on the file system of what changes.
    """

    def __init__(self, area: Path) -> None:
        try:
            area.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(dir=area, prefix=_PREFIX))
        except OSError as error:
            raise _no_access(error, area) from error
        self._removed: dict[Path, None] = {}
        self._folders: set[Path] = set()
        self._trees: list[tuple[Path, Path]] = []
        self._texts: dict[Path, str] = {}

    def __enter__(self) -> Transaction:  # noqa: PYI034 - Self came with Python 3.11
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was prepared and not committed."""
        if not commit.is_decided(self.folder):
            _clear_beside(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # another one lies there
            self.folder.parent.rmdir()

    def remove(self, paths: Iterable[Path], *, below: Path) -> None:
        """Take files away, and what folders below `below` they leave empty; one that is not there is none."""
        for path in paths:
            self._removed[path] = None
            self._folders.update(each for each in path.parents if below in each.parents)

    def put(self, tree: Path, place: Path) -> None:
        """Put all that is in the folder `tree` into the folder `place`, over what is there."""
        self._trees.append((tree, place))

    def write(self, path: Path, text: str) -> None:
        """Give a text file a new content; mode, owner and a link that leads to it stay."""
        self._texts[path.resolve()] = text

    def commit(self, run: Runner) -> None:
        """Make everything real in one go. Raises FileAccessError, with everything as before."""
        try:
            self._write_journal()
        except OSError as error:
            raise _no_access(error, self.folder) from error
        try:
            done = run([sys.executable, "-I", "-S", str(commit.__file__), str(self.folder)])
        except BaseException:
            _complete(self.folder)  # it is decided: whoever presses Ctrl-C now gets the new state
            raise
        if done.returncode == commit.TAKEN_BACK:
            raise FileAccessError(
                f"the environment cannot be changed, and is as before: {done.stderr.strip()}",
                hint="run invplug as the user that owns the environment and plugins.txt",
            )
        _complete(self.folder)  # what is left of it, where somebody killed the program

    def _write_journal(self) -> None:
        (self.folder / "old").mkdir()
        moves = [*self._removals(), *self._arrivals()]
        steps = {
            "moves": [[str(source), str(destination)] for source, destination in moves],
            "folders": [[each] for each in sorted(map(str, self._folders), key=len, reverse=True)],
            "replacements": self._replacements(),
        }
        unfinished = self.folder / f"{commit.JOURNAL}.new"
        commit.write_journal(unfinished, steps)
        unfinished.rename(self.folder / commit.JOURNAL)  # from here on it happens

    def _removals(self) -> Iterator[tuple[Path, Path]]:
        for number, path in enumerate(self._removed):
            if os.path.lexists(path):
                yield path, self.folder / "old" / f"removed-{number}"

    def _arrivals(self) -> Iterator[tuple[Path, Path]]:
        for tree, place in self._trees:
            yield from self._merge(tree, place)

    def _merge(self, tree: Path, place: Path) -> Iterator[tuple[Path, Path]]:
        """Move whole folders where there is nothing yet: the fewer steps, the shorter the moment."""
        for source in sorted(tree.iterdir()):
            destination = place / source.name
            if _is_folder(source) and destination.is_dir():
                yield from self._merge(source, destination)
                continue
            if os.path.lexists(destination) and destination not in self._removed:
                self._removed[destination] = None
                yield destination, self.folder / "old" / f"replaced-{len(self._removed)}"
            yield source, destination

    def _replacements(self) -> list[list[str]]:
        found: list[list[str]] = []
        for number, (path, text) in enumerate(self._texts.items()):
            copy = None
            if path.exists():
                copy = self.folder / "old" / f"text-{number}"
                shutil.copy2(path, copy)
            found.append([str(self._prepared(path, text)), str(path), str(copy or "")])
        return found

    def _prepared(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._beside(path, text.encode())
        except OSError as error:
            if error.errno not in IRREPLACEABLE or not path.exists():
                raise
        prepared = self.folder / f"text-{len(list(self.folder.iterdir()))}"
        prepared.write_bytes(text.encode())
        return prepared

    def _beside(self, path: Path, content: bytes) -> Path:
        """Write a file beside the one that it is to replace, having noted its name in the folder."""
        new = path.with_name(f".{path.name}.{self.folder.name}")
        with (self.folder / _BESIDE).open("ab") as names:
            names.write(os.fsencode(new) + b"\0")
        with new.open("xb") as stream:
            try:
                _take_mode_and_owner(new, path)
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            except BaseException:
                new.unlink(missing_ok=True)
                raise
        return new


def is_unfinished(area: Path) -> bool:
    """Tell whether a change of packages was cut short in `area`, so that `recover` would finish it."""
    return any(map(commit.is_decided, _folders(area)))


def recover(area: Path) -> int:
    """Finish what an invplug that was killed left in `area`, and clear away what it had prepared.

    Returns how many transactions were finished. To be called while the environment is locked. Raises
    FileAccessError.
    """
    if not area.is_dir():
        return 0
    finished = 0
    for folder in _folders(area):
        is_decided = commit.is_decided(folder)
        if not is_decided:
            _clear_beside(folder)
        finished += is_decided
        _complete(folder)
    with suppress(OSError):  # of one that died before it came to that
        area.rmdir()
    return finished


def _folders(area: Path) -> list[Path]:
    """Return the folders of changes; a link that lies there leads to what is none of them."""
    try:
        return sorted(each for each in area.glob(f"{_PREFIX}*") if not each.is_symlink())
    except FileNotFoundError:  # another invplug has just removed it
        return []


def _clear_beside(folder: Path) -> None:
    """Remove the files that a change which never began had prepared elsewhere."""
    with suppress(OSError):  # it came to none, or they may not be removed
        names = (folder / _BESIDE).read_bytes().split(b"\0")[:-1]
        for name in names:
            Path(os.fsdecode(name)).unlink(missing_ok=True)


def _complete(folder: Path) -> None:
    try:
        commit.complete(folder)
    except OSError as error:
        raise _no_access(error, folder) from error


def _take_mode_and_owner(new: Path, old: Path) -> None:
    """Give a new file those of the file that it replaces; without one, the owner of the folder."""
    is_there = old.exists()
    status = (old if is_there else old.parent).stat()
    new.chmod(stat.S_IMODE(status.st_mode) if is_there else NEW_FILE_MODE)
    if os.geteuid() == 0:  # nobody else may give files away
        os.chown(new, status.st_uid, status.st_gid)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _no_access(error: OSError, path: Path) -> FileAccessError:
    where = error.filename2 or error.filename or path
    return FileAccessError(
        f"cannot change `{where}`: {error.strerror or error}",
        hint="run invplug as the user that owns the environment",
        path=Path(where),
    )
