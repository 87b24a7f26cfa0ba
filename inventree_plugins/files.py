"""Writing files so that a reader sees the old or the new content, and the lock between invplugs."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inventree_plugins.errors import FileAccessError, LockTimeoutError

__all__ = [
    "brief_lock",
    "ensure_writable",
    "exclusive_lock",
    "own_folder",
    "replace_text",
    "would_change",
    "write_beside",
]

NEW_FILE_MODE = 0o644
# Root and the server's user may take turns on one lock file.
LOCK_FILE_MODE = 0o666
# Seconds between two looks at a lock that is held briefly.
PAUSE = 0.005
IRREPLACEABLE = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS})


def ensure_writable(path: Path, *, option: str = "--plugins-file") -> None:
    """Raise FileAccessError when `replace_text` on `path` would fail or go against its mode.

    A file without any write bit counts as read-only for root too: somebody meant it. `option` is the one
    that names another file.
    """
    target = path.resolve()
    hint = f"make it writable, or name another one with `{option}`"
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = 0o222
    except OSError as error:
        raise FileAccessError(f"cannot read `{path}`: {error.strerror}", path=path) from error
    if not mode & 0o222 or (target.exists() and not os.access(target, os.W_OK)):
        raise FileAccessError(f"`{path}` is read-only", hint=hint, path=path)
    if not target.exists() and target.parent.exists() and not os.access(target.parent, os.W_OK):
        raise FileAccessError(f"the folder of `{path}` is not writable", hint=hint, path=path)


def would_change(path: Path, text: str) -> bool:
    """Tell whether `replace_text` would write: there is no file, or it has other bytes.

    Raises FileAccessError.
    """
    try:
        return path.read_bytes() != text.encode("utf-8")
    except FileNotFoundError:
        return True
    except OSError as error:
        raise FileAccessError(f"cannot read `{path}`: {error.strerror or error}", path=path) from error


def replace_text(path: Path, text: str) -> bool:
    """Replace the content of `path`, keeping mode and owner; False when it is the same already.

    It happens in one step wherever the file can be replaced at all.

    A symbolic link stays: the file it leads to is replaced. Newlines are written as given.
    Raises FileAccessError.
    """
    if not would_change(path, text):
        return False
    target = path.resolve()
    content = text.encode("utf-8")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _replace(target, content)
        except OSError as error:
            # A file that is a mount point of its own, or whose folder is read-only, cannot be replaced.
            if error.errno not in IRREPLACEABLE or not target.exists():
                raise
            target.write_bytes(content)
    except OSError as error:
        raise FileAccessError(f"cannot write `{path}`: {error.strerror or error}", path=path) from error
    return True


def _replace(target: Path, content: bytes) -> None:
    new = write_beside(target, content)
    try:
        os.replace(new, target)  # noqa: PTH105 - atomic on one file system, over an existing file
    except BaseException:
        with suppress(FileNotFoundError):
            new.unlink()
        raise


def write_beside(target: Path, content: bytes) -> Path:
    """Write a new file in the folder of `target`, with its mode and owner, ready to take its place.

    Raises OSError, and leaves nothing then.
    """
    import tempfile  # noqa: PLC0415 - predicates write nothing

    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _copy_mode_and_owner(target, Path(name))
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108
        raise
    return Path(name)


def _copy_mode_and_owner(old: Path, new: Path) -> None:
    try:
        status = old.stat()
    except FileNotFoundError:
        status = old.parent.stat()
        new.chmod(NEW_FILE_MODE)
    else:
        new.chmod(stat.S_IMODE(status.st_mode))
    # Only root may give files away; others own the new file like any other they write.
    if os.geteuid() == 0:
        os.chown(new, status.st_uid, status.st_gid)


def own_folder(path: Path) -> Path:
    """Make a folder that only this user can write to, and return it, or one like it among temporary files.

    Raises FileAccessError for one that somebody else laid there.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:  # a service's user may have no home
        import tempfile  # noqa: PLC0415 - as above

        path = Path(tempfile.gettempdir(), f"invplug-{os.geteuid()}-{path.name}")
        path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    if not is_own or status.st_mode & 0o022:
        raise FileAccessError(
            f"`{path}` is not a folder that only this user can write to",
            hint="remove it, or name another one with XDG_CACHE_HOME",
            path=path,
        )
    return path


@contextmanager
def exclusive_lock(path: Path, *, timeout: float) -> Iterator[None]:
    """Hold the lock file `path` for the block; raise LockTimeoutError after `timeout` seconds."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - costs as much as Typer itself

    try:
        lock = FileLock(str(path), timeout=timeout, mode=LOCK_FILE_MODE)
        lock.acquire()
    except Timeout as error:
        raise LockTimeoutError(
            f"another invplug is at work (lock `{path}`, waited {timeout:g} s)",
            hint="try again, or wait longer with `--lock-timeout SECONDS`",
            path=path,
        ) from error
    except OSError as error:
        raise FileAccessError(f"cannot lock `{path}`: {error.strerror or error}", path=path) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def brief_lock(path: Path, *, timeout: float) -> Iterator[float]:
    """Hold a lock file for the block, which is told how many of `timeout` seconds are left.

    The file goes with the lock, so that nothing of invplug's stays beside a server's files. In a folder in
    which this user makes no files, there is no lock. Raises LockTimeoutError.
    """
    deadline = time.monotonic() + timeout
    try:
        descriptor = _locked(path, deadline)
    except BlockingIOError as error:
        raise LockTimeoutError(
            f"another invplug is at work (lock `{path}`, waited {timeout:g} s)",
            hint="try again, or wait longer with `--lock-timeout SECONDS`",
            path=path,
        ) from error
    except OSError:
        descriptor = -1
    try:
        yield max(0.0, deadline - time.monotonic())
    finally:
        if descriptor >= 0:
            # Removed while it is held, or two would hold a lock; what may not be removed does no harm.
            with suppress(OSError):
                if os.fstat(descriptor).st_size == 0:  # else it is somebody's file of that name
                    path.unlink()
            os.close(descriptor)


def _locked(path: Path, deadline: float) -> int:
    import fcntl  # noqa: PLC0415 - questions lock nothing

    while True:
        # A link may have been laid to make a file elsewhere, a pipe to let us wait for ever.
        flags = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(path, flags, LOCK_FILE_MODE)
        try:
            _require_file(path, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(path, descriptor):
                return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        time.sleep(PAUSE)


def _require_file(path: Path, descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "not a file", str(path))


def _is_there(path: Path, descriptor: int) -> bool:
    """Tell whether the locked file is still the one at `path`, and not the one its last holder removed."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
