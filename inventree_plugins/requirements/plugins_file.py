"""plugins.txt as it stands on the disk: read without loss, never re-serialised."""

from pathlib import Path
from typing import NamedTuple

from inventree_plugins.errors import FileAccessError, PluginsFileError
from inventree_plugins.requirements.lines import LogicalLine, logical_lines

__all__ = ["PluginsFile", "read_plugins_file"]

_NOT_TEXT = "plugins.txt must be a pip requirements file, saved as UTF-8 text"


class PluginsFile(NamedTuple):
    """A requirements file: `text` is the whole of it, byte order mark and line ends included.

    A file that is not there reads as an empty one with `exists` false. Written back with
    `text.encode()`, it is the same file.
    """

    path: Path
    text: str
    exists: bool

    @property
    def logical_lines(self) -> tuple[LogicalLine, ...]:
        """Cut the text into the lines that pip sees."""
        return logical_lines(self.text)


def read_plugins_file(path: Path) -> PluginsFile:
    """Read `path`, missing or not.

    Raises PluginsFileError when it is no text file and FileAccessError when it may not be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return PluginsFile(path, "", exists=False)
    except (IsADirectoryError, NotADirectoryError) as error:
        what = (
            "is a directory" if isinstance(error, IsADirectoryError) else "is below a file, not a directory"
        )
        raise PluginsFileError(
            f"`{path}` {what}, not a requirements file", path=path, hint=_NOT_TEXT
        ) from error
    except OSError as error:
        raise FileAccessError(f"cannot read `{path}`: {error.strerror or error}", path=path) from error
    return PluginsFile(path, _decode(data, path), exists=True)


def _decode(data: bytes, path: Path) -> str:
    if b"\0" in data:
        line = _line_at(data, data.index(b"\0"))
        raise PluginsFileError(
            f"`{path}` line {line} holds binary data", path=path, line=line, hint=_NOT_TEXT
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_at(data, error.start)
        message = f"`{path}` line {line} is not UTF-8: byte 0x{data[error.start]:02x}"
        raise PluginsFileError(message, path=path, line=line, hint=_NOT_TEXT) from error


def _line_at(data: bytes, offset: int) -> int:
    return len(data[: offset + 1].splitlines())
