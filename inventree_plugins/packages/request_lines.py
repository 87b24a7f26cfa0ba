"""The lines that a request for an installer is made of, as far as they decide which installer can take it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from inventree_plugins.models import Declaration, Interpreter, parse_requirement
from inventree_plugins.packages.installer import InstallRequest
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.satisfaction import applying

__all__ = [
    "build_option",
    "has_hashes",
    "lines_of",
    "option_lines",
    "remote_include",
    "variables",
    "wanted",
]

_INCLUDE = re.compile(r"(?:-r|--requirement)[\s=]*(?P<place>\S+)")
_BUILD_OPTION = re.compile(r"\s(--(?:global-option|install-option|config-settings?)|-C)\b")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


def lines_of(request: InstallRequest) -> tuple[str, ...]:
    """Return the request's lines, those of its file and of local includes too, without comments.

    A file that cannot be read has none.
    """
    seen: set[Path] = set()
    named = request.requirements_file
    return (*(_of_file(named, seen) if named else ()), *request.requirements)


def option_lines(request: InstallRequest) -> tuple[str, ...]:
    """Return the lines that say where packages are looked for, those of its file included."""
    return (*request.options, *(line for line in request.requirements if line.startswith("--")))


def variables(request: InstallRequest) -> dict[str, str]:
    """Return what `${NAME}` stands for in the request's lines."""
    return {**os.environ, **request.secrets}


def wanted(request: InstallRequest, target: Interpreter) -> tuple[Declaration, ...]:
    """Return what the request asks for of the target, as far as its lines tell without an installer."""
    declared = {each.name for each in request.declarations}
    others = (each for line in request.requirements if (each := _declaration(line)) is not None)
    return applying((*request.declarations, *(each for each in others if each.name not in declared)), target)


def has_hashes(lines: tuple[str, ...]) -> bool:
    """Tell whether pip wants a hash for every package, as one has one."""
    return any(" --hash" in line or "--require-hashes" in line for line in lines)


def build_option(lines: tuple[str, ...]) -> str | None:
    """Return an option with which a single line has its package built."""
    found = (_BUILD_OPTION.search(line) for line in lines)
    return next((match[1] for match in found if match), None)


def remote_include(lines: tuple[str, ...]) -> str | None:
    """Return the place of a requirements file that only an installer can read."""
    places = (match["place"] for line in lines if (match := _INCLUDE.match(line)))
    return next((place for place in places if _is_remote(place)), None)


def _declaration(line: str) -> Declaration | None:
    text = re.split(r"\s--", line, maxsplit=1)[0].strip()
    try:
        requirement = parse_requirement(text)
    except ValueError:  # packaging's InvalidRequirement: a path, an option
        return None
    return Declaration(text, Path(), 0, normalize(requirement.name), text)


def _of_file(path: Path, seen: set[Path]) -> Iterator[str]:
    if path.resolve() in seen:
        return
    seen.add(path.resolve())
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return
    for written in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        line = _COMMENT.sub("", written).strip()
        include = _INCLUDE.match(line)
        if include and not _is_remote(include["place"]):
            yield from _of_file(_local(path, include["place"]), seen)
        elif line:
            yield line


def _local(path: Path, place: str) -> Path:
    if place.lower().startswith("file:"):
        return Path(unquote(urlsplit(place).path))
    return path.parent / place


def _is_remote(place: str) -> bool:
    return re.match(r"(?:https?|ftp):", place, re.IGNORECASE) is not None
