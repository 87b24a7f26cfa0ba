"""Files of a new package that lie where the server's own are already, or that come before them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from inventree_plugins.commands.host import Host
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Distribution, Interpreter
from inventree_plugins.packages import (
    Staged,
    files_of,
    has_record,
    modules_brought,
    normalize,
    staged_distributions,
)
from inventree_plugins.packages.record import claimed_paths

__all__ = ["refuse_overwriting"]

_SITES = frozenset({"site-packages", "dist-packages"})
_SCRIPT = re.compile(r"^([^\s=#\[]+)\s*=", re.MULTILINE)


def refuse_overwriting(
    staged: Staged,
    going: Collection[Path],
    *,
    distributions: tuple[Distribution, ...],
    host: Host,
    interpreter: Interpreter,
) -> None:
    """Raise InstallError where a staged file would take the place of one of the server's.

    No version tells of such a package, such as one that brings a `tests` of its own into Django's folder; and
    when it goes, the server's file goes with it. The same holds of a module that Python would find before the
    server's, and of files of the environment itself. `going` are files that leave in the same step.
    """
    own = [each for each in distributions if each.key in host.versions]
    _refuse_hiding(staged, own, interpreter)
    taken = {path for path in _occupied(staged.tree, staged.place) if path not in going}
    if not taken:
        return
    for distribution in own:
        both = _taken_from(distribution, taken)
        if both:
            raise _conflict(f"overwrite `{min(both)}`, which is the server's own `{distribution.name}`", both)
    replaced = {normalize(each.name) for each in staged.packages}
    plugins = [each for each in distributions if each.key in host.brought or each.key in replaced]
    strange = _outside(taken, interpreter)
    if strange:
        strange -= _owned(plugins, interpreter)
    if strange:
        raise _conflict(f"overwrite `{min(strange)}`, which no plugin's package brought", strange)


def _conflict(deed: str, paths: Collection[Path]) -> InstallError:
    return InstallError(
        f"a package would {deed}",
        code="install-host-conflict",
        detail="\n".join(sorted(map(str, paths))),
        hint="`--allow-host-changes` permits it, at the server's risk",
        path=min(paths),
    )


def _occupied(tree: Path, place: Path) -> Iterator[Path]:
    """Return where staged files meet files; what is below a folder that is not there meets none."""
    for entry in os.scandir(tree):
        path = place / entry.name
        if not os.path.lexists(path):
            continue
        if entry.is_dir(follow_symlinks=False) and path.is_dir():
            yield from _occupied(Path(entry.path), path)
        else:
            yield path


def _taken_from(distribution: Distribution, taken: Collection[Path]) -> set[Path]:
    """Return which of the places that are taken are the distribution's, or folders with files of it."""
    if not has_record(distribution):
        brought = (distribution.location / each for each in modules_brought([distribution]))
        modules = {path for each in brought for path in (each, each.with_name(f"{each.name}.py"))}
        modules.update(map(Path, claimed_paths(distribution)))
        return {path for path in taken if path in modules or not modules.isdisjoint(path.parents)}
    files = files_of(distribution)
    found = set(taken).intersection(files)
    # A file that comes where a folder is takes away all that is in it.
    folders = {path for path in taken if path.is_dir()} - found
    if folders:
        found |= folders.intersection(folder for file in files for folder in file.parents)
    return found


def _outside(taken: Iterable[Path], interpreter: Interpreter) -> set[Path]:
    """Return what lies outside the folders of packages, such as scripts and the interpreter itself."""
    sites = {interpreter.site_packages, *(each for each in interpreter.import_path if each.name in _SITES)}
    return {path for path in taken if sites.isdisjoint(path.parents)}


def _owned(distributions: Iterable[Distribution], interpreter: Interpreter) -> set[Path]:
    """Return the files that distributions brought; of what has no list of them, the scripts that it names."""
    found: set[Path] = set()
    for distribution in distributions:
        found.update(map(Path, claimed_paths(distribution)))
        if not has_record(distribution):
            with suppress(OSError, UnicodeDecodeError):
                text = (distribution.info / "entry_points.txt").read_text(encoding="utf-8")
                found.update(interpreter.prefix / "bin" / name for name in _SCRIPT.findall(text))
    return found


def _refuse_hiding(staged: Staged, own: Iterable[Distribution], interpreter: Interpreter) -> None:
    """Raise InstallError for a module that is found before one of the server's in another folder."""
    site = os.path.realpath(interpreter.site_packages)
    elsewhere = [each for each in own if os.path.realpath(each.location) != site]
    if not elsewhere:
        return
    theirs = modules_brought(elsewhere)
    for module, packages in sorted(modules_brought(staged_distributions(staged.tree)).items()):
        if module in theirs:
            other = theirs[module][0]
            raise _conflict(
                f"hide the server's own `{other.name}`: `{packages[0].name}` brings a `{module}` as well",
                [other.location],
            )
