"""`invplug bundle`: wheels of all that plugins.txt leads to, and their lock, to carry elsewhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.indexes import NO_SOURCES, Sources
from inventree_plugins.commands.lock import Resolution, locked_packages, resolve_all, sha256_of
from inventree_plugins.commands.lock_file import LOCK_NAME, lock_text
from inventree_plugins.errors import BundleFolderError, FileAccessError, InstallError
from inventree_plugins.packages import PipInstaller, ResolvedPackage, normalize
from inventree_plugins.process import run

__all__ = ["BundleOptions", "BundleResult", "Bundled", "Sources", "bundle"]

# Everybody may read what is copied to other machines.
_MODE = 0o755


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOptions:
    """Where the bundle goes, whether only to say what would be in it, and where else packages lie."""

    folder: Path
    dry_run: bool = False
    sources: Sources = NO_SOURCES


@dataclass(frozen=True, slots=True)
class Bundled:
    """A package of the bundle; `file` is the name of its wheel, None on a dry run."""

    name: str
    version: str
    file: str | None = None


@dataclass(frozen=True, slots=True)
class BundleResult:
    """What the folder holds, or with a dry run would."""

    folder: Path
    packages: tuple[Bundled, ...]
    changed: bool


def bundle(context: Context, options: BundleOptions) -> BundleResult:
    """Collect wheels, built where need be, in a folder that is new, empty or an earlier bundle.

    The folder changes in one step, or not at all. Raises BundleFolderError, PluginsFileError, InstallError
    and FileAccessError.
    """
    folder = options.folder.resolve()
    _require_free(folder)
    found = resolve_all(context, options.sources)
    if options.dry_run:
        packages = tuple(Bundled(each.name, each.version) for each in found.packages)
        return BundleResult(folder, _sorted(packages), changed=True)
    with _beside(folder) as new:
        PipInstaller(context.interpreter, run).collect(
            found.request, found.packages, new, on_line=context.on_output
        )
        wheels = _wheels(new)
        collected = replace(found, packages=tuple(_as_wheel(each, wheels) for each in found.packages))
        _write_lock(context, collected, new)
        packages = tuple(
            Bundled(each.name, each.version, wheels[normalize(each.name)].name) for each in collected.packages
        )
        changed = not _is_same(new, folder)
        if changed:
            _exchange(new, folder)
    return BundleResult(folder, _sorted(packages), changed=changed)


def _sorted(packages: tuple[Bundled, ...]) -> tuple[Bundled, ...]:
    return tuple(sorted(packages, key=lambda each: normalize(each.name)))


def _require_free(folder: Path) -> None:
    """Raise BundleFolderError for a folder that holds anything but a bundle."""
    try:
        names = set(os.listdir(folder))  # noqa: PTH208 - names are all that counts
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise BundleFolderError(f"`{folder}` is not a folder", path=folder) from error
    except OSError as error:
        raise _no_access(error, folder) from error
    others = sorted(name for name in names if name != LOCK_NAME and not name.endswith(".whl"))
    if names and (others or LOCK_NAME not in names):
        what = f"such as `{others[0]}`" if others else f"without `{LOCK_NAME}`"
        raise BundleFolderError(
            f"`{folder}` holds something else than a bundle, {what}",
            hint="name a folder that is empty or not there yet",
            path=folder,
        )


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Make a folder on the same file system, which goes again unless it is renamed."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise _no_access(error, folder) from error
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _wheels(folder: Path) -> dict[str, Path]:
    """Return the wheels in the folder by the normalised names of their packages."""
    from packaging.utils import parse_wheel_filename  # noqa: PLC0415 - for locks only

    return {str(parse_wheel_filename(path.name)[0]): path for path in folder.glob("*.whl")}


def _as_wheel(package: ResolvedPackage, wheels: dict[str, Path]) -> ResolvedPackage:
    """Describe a package by its wheel in the bundle, wherever it came from."""
    from packaging.utils import parse_wheel_filename  # noqa: PLC0415 - as above

    wheel = wheels.get(normalize(package.name))
    if wheel is None:
        raise InstallError(f"`{package.name}` was not collected: there is no wheel of it")
    version = str(parse_wheel_filename(wheel.name)[1])
    hashes = (f"sha256:{sha256_of(wheel)}",)
    return replace(package, version=version, hashes=hashes, url=wheel.as_uri(), source=None)


def _write_lock(context: Context, found: Resolution, folder: Path) -> None:
    packages = locked_packages(context, found, folder)
    text = lock_text(packages, context.interpreter, inputs=found.inputs, names=found.names)
    (folder / LOCK_NAME).write_text(text, encoding="utf-8")


def _is_same(new: Path, folder: Path) -> bool:
    """Tell whether two folders hold the same files."""
    try:
        names = set(os.listdir(new))  # noqa: PTH208 - as above
        return names == set(os.listdir(folder)) and all(  # noqa: PTH208
            sha256_of(new / name) == sha256_of(folder / name) for name in names
        )
    except OSError:
        return False


def _exchange(new: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one."""
    old = new.with_name(f"{new.name}.old")
    try:
        new.chmod(_MODE)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            with suppress(OSError):
                old.rename(folder)
            raise
    except OSError as error:
        raise _no_access(error, folder) from error
    shutil.rmtree(old, ignore_errors=True)


def _no_access(error: OSError, folder: Path) -> FileAccessError:
    return FileAccessError(f"cannot write `{folder}`: {error.strerror or error}", path=folder)
