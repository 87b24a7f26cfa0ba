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
    "requires_hashes",
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
    return tuple(entry.declaration for _, entry in _walk(file) if entry.declaration is not None)


def constraints(file: PluginsFile) -> tuple[Declaration, ...]:
    """List what the `-c` files of `file` and of its includes say, their own includes followed.

    One over the network is the installer's to read. Raises PluginsFileError as `declarations` does.
    """
    return tuple(_constraints(file, seen={_identity(file.path)}))


def _constraints(file: PluginsFile, *, seen: set[Path]) -> Iterator[Declaration]:
    for source, entry in _walk(file):
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
        for _, entry in _walk(file)
        if entry.declaration is None
        for option in entry.options
        if option.name == "--requirement" and option.value
    )


def requires_hashes(file: PluginsFile) -> bool:
    """Tell whether pip wants a hash for every line, as one has one. Raises PluginsFileError."""
    return any(
        option.name in {"--hash", "--require-hashes"} for _, entry in _walk(file) for option in entry.options
    )


def find_declaration(file: PluginsFile, name: str) -> Declaration | None:
    """Return the first declaration of the package `name`, spelled in any way. Raises PluginsFileError."""
    key = normalize(name)
    return next((declared for declared in declarations(file) if declared.name == key), None)


def option_lines(file: PluginsFile) -> tuple[str, ...]:
    """Return the options that any other installation for this server should keep, one a line.

    These are where packages come from, constraints, and binary and pre-release choices; not
    `--require-hashes`, which asks for hashes in the same file. Relative paths become absolute. Variables
    stay unexpanded, so that no secret leaves the environment. Raises PluginsFileError.
    """
    lines: list[str] = []
    for source, entry in _walk(file):
        if entry.declaration is not None:
            continue
        for option, written in zip(entry.options, entry.written, strict=True):
            if option.name in _KEPT:
                lines.append(_option_line(option, written, directory=source.path.absolute().parent))
    return tuple(lines)


def _option_line(option: Option, written: Option, *, directory: Path) -> str:
    if option.value is None or written.value is None:
        return option.name
    value = written.value
    if option.name in _PATHS and "://" not in option.value and not option.value.startswith("file:"):
        value = str(directory / option.value)
    # Quoting does not hide a variable: pip expands the line before it splits it.
    return f"{option.name} {shlex.quote(value)}"


def _walk(file: PluginsFile) -> Iterator[tuple[PluginsFile, Entry]]:
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
