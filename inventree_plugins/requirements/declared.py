"""What plugins.txt declares, its includes followed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from inventree_plugins.errors import PluginsFileError
from inventree_plugins.models import Declaration
from inventree_plugins.requirements.entry import Entry, entries
from inventree_plugins.requirements.options import Option
from inventree_plugins.requirements.plugins_file import PluginsFile, read_plugins_file
from inventree_plugins.requirements.specification import normalize

__all__ = [
    "constraints",
    "declarations",
    "find_declaration",
    "option_lines",
    "remote_includes",
    "requirement_lines",
    "requires_hashes",
    "walk",
]

_KEPT = frozenset(
    {
        "--all-releases",
        "--constraint",
        "--extra-index-url",
        "--find-links",
        "--index-url",
        "--no-binary",
        "--no-index",
        "--no-require-hashes",
        "--only-binary",
        "--only-final",
        "--pre",
        "--prefer-binary",
        "--trusted-host",
    }
)
_PATHS = frozenset({"--constraint", "--find-links"})
_REMOTE = re.compile(r"(?:https?|ftp):", re.IGNORECASE)


def declarations(file: PluginsFile) -> tuple[Declaration, ...]:
    """List what `file` and its `-r` includes declare, in order; constraints declare nothing.

    An include over the network is the installer's to read and is left out. Raises PluginsFileError for a
    line that pip would refuse, and for a missing or circular include.
    """
    return tuple(entry.declaration for _, entry in walk(file) if entry.declaration is not None)


def constraints(file: PluginsFile) -> tuple[Declaration, ...]:
    """List what the `-c` files of `file` and of its includes say, their own includes followed.

    One over the network is the installer's to read. Raises PluginsFileError as `declarations` does.
    """
    return tuple(_constraints(file, seen={_identity(file.path)}))


def _constraints(file: PluginsFile, *, seen: set[Path]) -> Iterator[Declaration]:
    for source, entry in walk(file):
        for path in _constraint_files(source, entry):
            if _identity(path) in seen:
                continue
            seen.add(_identity(path))
            included = read_plugins_file(path)
            if not included.exists:
                raise _include_error(source, entry, f"the constraints `{path}` do not exist")
            yield from declarations(included)
            yield from _constraints(included, seen=seen)


def _constraint_files(source: PluginsFile, entry: Entry) -> Iterator[Path]:
    if entry.declaration is not None:
        return
    for option in entry.options:
        if option.name == "--constraint" and option.value and not _REMOTE.match(option.value):
            yield _local_path(source, option.value)


def remote_includes(file: PluginsFile) -> tuple[str, ...]:
    """Return the URLs of includes that only the installer can read. Raises PluginsFileError."""
    return tuple(
        option.value
        for _, entry in walk(file)
        if entry.declaration is None
        for option in entry.options
        if option.name == "--requirement" and option.value
    )


def requires_hashes(file: PluginsFile) -> bool:
    """Tell whether pip wants a hash for every line, as one has one. Raises PluginsFileError."""
    found = [entry for _, entry in walk(file)]
    switches = {option.name for entry in found if entry.declaration is None for option in entry.options}
    if "--no-require-hashes" in switches:
        return False
    # Hashes on a line of their own belong to nothing: pip warns, and passes them over.
    return "--require-hashes" in switches or any(
        option.name == "--hash" for entry in found if entry.declaration for option in entry.options
    )


def requirement_lines(file: PluginsFile) -> tuple[tuple[Declaration, str], ...]:
    """Return what `declarations` lists, each with its line as pip reads it, its own options included.

    A part of them, together with `option_lines`, makes a file for an installer. Variables stay unexpanded.
    """
    return tuple((entry.declaration, entry.line.content) for _, entry in walk(file) if entry.declaration)


def find_declaration(file: PluginsFile, name: str) -> Declaration | None:
    """Return the first declaration of the package `name`, spelled in any way. Raises PluginsFileError."""
    key = normalize(name)
    return next((declared for declared in declarations(file) if declared.name == key), None)


def option_lines(file: PluginsFile) -> tuple[str, ...]:
    """Return the options that any other installation for this server should keep, one a line.

    These are where packages come from, constraints, and binary and pre-release choices; not
    `--require-hashes`, which asks for hashes in the same file, nor an include over the network, whose lines
    only the installer can read (see `remote_includes`). Relative paths become absolute. Variables stay
    unexpanded, so that no secret leaves the environment. Raises PluginsFileError.
    """
    return tuple(
        line
        for source, entry in walk(file)
        if entry.declaration is None
        for line in _kept_options(entry, directory=source.path.absolute().parent)
    )


def _kept_options(entry: Entry, *, directory: Path) -> Iterator[str]:
    if len(entry.options) != len(entry.written):
        # A variable holds whole options: which of them are whose, only the expanded line would tell.
        if any(option.name in _KEPT for option in entry.options):
            yield entry.line.content
        return
    for option, written in zip(entry.options, entry.written, strict=True):
        if option.name in _KEPT:
            yield _option_line(option, written, directory=directory)


def _option_line(option: Option, written: Option, *, directory: Path) -> str:
    if option.value is None or written.value is None:
        return option.name
    value = written.value
    if option.name in _PATHS and "://" not in option.value and not option.value.startswith("file:"):
        value = str(directory / option.value)
    # Quoting does not hide a variable: pip expands the line before it splits it.
    return f"{option.name} {shlex.quote(value)}"


def walk(file: PluginsFile) -> Iterator[tuple[PluginsFile, Entry]]:
    """Yield every entry with the file that it stands in, in place of an include what that says."""
    yield from _walk_includes(file, chain=(_identity(file.path),), seen={_identity(file.path)})


def _walk_includes(
    file: PluginsFile, *, chain: tuple[Path, ...], seen: set[Path]
) -> Iterator[tuple[PluginsFile, Entry]]:
    for entry in entries(file):
        include = _include(file, entry)
        if include is None:
            yield file, entry
            continue
        identity = _identity(include)
        if identity in chain:
            raise _include_error(file, entry, f"`{include}` includes itself")
        if identity in seen:
            continue  # twice the same file declares nothing new
        seen.add(identity)
        included = read_plugins_file(include)
        if not included.exists:
            raise _include_error(file, entry, f"the included `{include}` does not exist")
        yield from _walk_includes(included, chain=(*chain, identity), seen=seen)


def _include(file: PluginsFile, entry: Entry) -> Path | None:
    """Return the file that the line includes; pip reads the first `-r` of a line and no other."""
    if entry.declaration is not None:
        return None
    value = next((option.value for option in entry.options if option.name == "--requirement"), None)
    if value is None or _REMOTE.match(value):
        return None
    return _local_path(file, value)


def _local_path(file: PluginsFile, value: str) -> Path:
    if value.lower().startswith("file:"):
        return Path(unquote(urlsplit(value).path))
    return file.path.parent / value


def _include_error(file: PluginsFile, entry: Entry, reason: str) -> PluginsFileError:
    line = entry.line
    return PluginsFileError(
        f"`{file.path}` line {line.first}: cannot follow `{line.content}`: {reason}",
        path=file.path,
        line=line.first,
        hint="correct the path, which counts from the including file, or put `#` before the line",
    )


def _identity(path: Path) -> Path:
    return path.resolve()
