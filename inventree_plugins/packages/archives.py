"""Zip files on the import path, whose members are named as if the file were a folder (`/x/foo.zip/pkg`).

Only what zipimport can import counts: members that are stored or deflated. Everything wrong is an OSError.
"""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH112, PTH113, PTH116, PTH123

from __future__ import annotations

import os
import struct
from errno import EINVAL, ENOENT, ENOTDIR
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zipfile import ZipInfo

__all__ = ["MAX_MEMBER_SIZE", "Archive", "open_archive", "read_inside"]

# What is read of one member, whatever size it claims to have.
MAX_MEMBER_SIZE = 2 * 1024 * 1024
# Of the list of members, which has about a hundred bytes for each, and takes ten times as much when read.
_MAX_DIRECTORY_SIZE = 4 * 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_HEAD = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_IS_ENCRYPTED = 1


class Archive:
    """The members of a zip file, listed once; the file is not kept open."""

    def __init__(self, path: str, members: dict[str, ZipInfo]) -> None:
        self.path = path
        self._members = members

    def names(self, folder: str) -> frozenset[str]:
        """Return the names in a folder, which is empty for the archive itself; none when it is no folder.

        A folder need not be a member itself, as in Python since 3.12.5.
        """
        start = f"{folder}/" if folder else ""
        inside = (each[len(start) :] for each in self._members if each.startswith(start))
        return frozenset(each.partition("/")[0] for each in inside) - {""}

    def read(self, name: str, limit: int = MAX_MEMBER_SIZE) -> bytes:
        """Return at most the first `limit` bytes of a member; raise OSError."""
        member = self._members.get(name)
        if member is None:
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), f"{self.path}{os.sep}{name}")
        if member.header_offset < 0:
            raise _damaged("the zip file is damaged", self.path)
        if member.flag_bits & _IS_ENCRYPTED or member.compress_type not in {_STORED, _DEFLATED}:
            raise _damaged("the zip file packs it in a way that Python cannot import", self.path)
        with open(self.path, "rb") as file:
            file.seek(member.header_offset)
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size or not head.startswith(b"PK\3\4"):
                raise _damaged("the zip file is damaged", self.path)
            file.seek(sum(_HEAD.unpack(head)[-2:]), os.SEEK_CUR)
            # What does not shrink is a little longer when it is deflated.
            packed = file.read(min(member.compress_size, 2 * limit + 64))
        data = packed[:limit] if member.compress_type == _STORED else _inflated(packed, limit, self.path)
        if len(data) < min(member.file_size, limit):
            raise _damaged("the zip file is damaged", self.path)
        return data


def open_archive(path: str) -> tuple[Archive, str]:
    """Return the zip file that the path is or leads into, and what follows in it; raise OSError."""
    file, inside = path, ""
    while not os.path.isfile(file):
        parent, _, name = file.rpartition(os.sep)
        if not parent or os.path.isdir(file):
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), path)
        file, inside = parent, f"{name}/{inside}" if inside else name
    status = os.stat(file)
    return _opened(file, status.st_mtime_ns, status.st_size), inside


def read_inside(path: str, limit: int = MAX_MEMBER_SIZE) -> bytes:
    """Return the first bytes of a member, named as if its zip file were a folder; raise OSError."""
    archive, name = open_archive(path)
    return archive.read(name, limit)


@lru_cache(maxsize=64)
def _opened(path: str, _mtime_ns: int, size: int) -> Archive:
    _check_end(path, size)
    # Imported late: few environments have a zip file on the path.
    from zipfile import BadZipFile, ZipFile  # noqa: PLC0415

    try:
        with ZipFile(path) as file:
            return Archive(path, {each.filename: each for each in file.infolist()})
    except (BadZipFile, NotImplementedError, ValueError, LookupError, OverflowError, struct.error) as error:
        raise _damaged("is not a zip file that can be read", path) from error


def _check_end(path: str, size: int) -> None:
    """Refuse what does not end as a zip file does, and a list of members that would fill the memory."""
    with open(path, "rb") as file:
        file.seek(max(0, size - _END.size - 0xFFFF))
        tail = file.read(_END.size + 0xFFFF)
    start = tail.rfind(b"PK\5\6")
    if start < 0 or len(tail) - start < _END.size:
        raise _damaged("is not a zip file", path)
    is_long = tail[:start].endswith(b"PK\6\7", -20, -16)  # ZIP64, whose own end tells the sizes
    if is_long or _END.unpack_from(tail, start)[5] > _MAX_DIRECTORY_SIZE:
        raise _damaged("the zip file has too many members to be read", path)


def _inflated(packed: bytes, limit: int, path: str) -> bytes:
    import zlib  # noqa: PLC0415 - as above

    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)
    except zlib.error as error:
        raise _damaged("the zip file is damaged", path) from error


def _damaged(reason: str, path: str) -> OSError:
    return OSError(EINVAL, reason, path)
