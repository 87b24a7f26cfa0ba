"""Where packages come from: indexes and folders, remembered in plugins.txt without their passwords."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from inventree_plugins.errors import PluginsFileError, UsageError
from inventree_plugins.requirements.declared import walk
from inventree_plugins.requirements.entry import Entry, entries
from inventree_plugins.requirements.lines import BOM, LineKind, LogicalLine, expand_variables
from inventree_plugins.requirements.options import Option
from inventree_plugins.requirements.plugins_file import PluginsFile
from inventree_plugins.requirements.splice import Splice, append, newline_of, splice
from inventree_plugins.requirements.urls import (
    has_user_info,
    is_url,
    resembles_url,
    same_place,
    shown_url,
    without_password,
)

__all__ = ["Remembered", "Sources", "remember_sources", "without_password"]

INDEX, EXTRA, LINKS = "--index-url", "--extra-index-url", "--find-links"
# What the format could not hold, or a shell's quoting would have to.
_UNFIT = re.compile(r"[\s'\"\\]")
# A path with one of these is written as a URL, which escapes them.
_UNFIT_PATH = re.compile(r"[^\w/.,:+@%=~-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sources:
    """Indexes and folders of packages, as a command line names them; a path counts from where it runs."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()


class Remembered(NamedTuple):
    """The text of a file that names the sources, and whether a password was left out of it."""

    text: str
    password_left_out: bool


class _Standing(NamedTuple):
    """An option as a file has it: `written` is its value with variables, `value` without."""

    source: PluginsFile
    entry: Entry
    name: str
    value: str
    written: str

    def leads_to(self, place: str) -> bool:
        """Tell whether it names this place; a relative path counts from its own file."""
        return same_place(self.value, place, directory=self.source.path.absolute().parent)


def remember_sources(file: PluginsFile, sources: Sources, *, cwd: Path) -> Remembered:
    """Return the text with an option line for each source, before the first requirement.

    A source that the file or an include names already, with any credentials, is not added; another
    `--index-url` is replaced where it stands. Passwords are left out (see `without_password`). Raises
    UsageError for what is no URL, and PluginsFileError where an include decides the index.
    """
    left_out = False
    for option in _wanted(sources, cwd):
        value = without_password(option.value or "") if is_url(option.value or "") else option.value or ""
        text, standing = _with_option(file, Option(option.name, value), cwd)
        # What stood there may tell the password by a variable.
        is_told = "${" in standing and standing != value
        left_out = left_out or (value != option.value and not is_told)
        file = PluginsFile(file.path, text, exists=True)
    return Remembered(file.text, left_out)


def _wanted(sources: Sources, cwd: Path) -> Iterator[Option]:
    if sources.index_url:
        yield Option(INDEX, _url(INDEX, sources.index_url))
    for url in dict.fromkeys(sources.extra_index_urls):
        yield Option(EXTRA, _url(EXTRA, url))
    for place in dict.fromkeys(sources.find_links):
        is_path = not is_url(place) and not resembles_url(place)
        yield Option(LINKS, _path(place, cwd) if is_path else _url(LINKS, place))


def _url(name: str, text: str) -> str:
    if is_url(text) and not _UNFIT.search(text):
        return text
    hint = "for example `https://host/simple`" + (" or `file:///srv/wheels`" if name == LINKS else "")
    raise UsageError(f"`{shown_url(text)}` is no URL for `{name}`", hint=hint)


def _path(text: str, cwd: Path) -> str:
    path = os.path.normpath(cwd / text)
    return Path(path).as_uri() if _UNFIT_PATH.search(path) else path


def _with_option(file: PluginsFile, option: Option, cwd: Path) -> tuple[str, str]:
    """Return the text that has the option, and its value as it stands there."""
    value = option.value or ""
    known = _find(_standing(file), option, cwd)
    if known is not None:
        # Variables tell where credentials come from, which a line without any does not.
        is_better = "${" in value and has_user_info(value) and not has_user_info(known.written)
        if not (is_better and known.source is file):
            return file.text, known.written
        return splice(file.text, [_replacement(known, value)]), value
    decisive = _index(_standing(file)) if option.name == INDEX else None
    if decisive is not None:
        if decisive.source is not file:
            raise _decided_elsewhere(decisive, value)
        return splice(file.text, [_replacement(decisive, value)]), value
    return _inserted(file, option), value


def _standing(file: PluginsFile) -> list[_Standing]:
    found = []
    for source, entry in walk(file):
        is_plain = len(entry.options) == len(entry.written)
        for place, option in enumerate(entry.options if entry.declaration is None else ()):
            written = entry.written[place].value if is_plain else entry.line.content
            found.append(_Standing(source, entry, option.name, option.value or "", written or ""))
    return found


def _index(standing: Iterable[_Standing]) -> _Standing | None:
    """Return the option that decides the index: the last one."""
    found = [each for each in standing if each.name == INDEX]
    return found[-1] if found else None


def _find(standing: list[_Standing], option: Option, cwd: Path) -> _Standing | None:
    """Return the option that names the same place already; an extra index may be the index too."""
    value = expand_variables(option.value or "")
    place = value if is_url(value) else str(cwd / value)
    return next((each for each in _alive(standing, option) if each.leads_to(place)), None)


def _alive(standing: list[_Standing], option: Option) -> list[_Standing]:
    """Return what decides: of indexes the last, and of extra ones those that it does not drop."""
    index = _index(standing)
    if option.name == LINKS or index is None:
        return [each for each in standing if each.name == option.name]
    if option.name == INDEX:
        return [index]
    number = next(number for number, each in enumerate(standing) if each.entry is index.entry)
    return [index, *(each for each in standing[number:] if each.name == EXTRA)]


def _replacement(old: _Standing, value: str) -> Splice:
    line, written = old.entry.line, old.written
    if not written or line.content.count(written) != 1 or written == line.content:
        raise PluginsFileError(
            f"`{old.source.path}` line {line.first} names another `{old.name}`, among variables",
            hint="change the line by hand",
            path=old.source.path,
            line=line.first,
        )
    start = line.content.index(written)
    return (*line.span(start, start + len(written)), value)


def _inserted(file: PluginsFile, option: Option) -> str:
    line = f"{option.name} {quote(option.value or '')}"
    found = [entry for entry in entries(file) if entry.line.kind is not LineKind.COMMENT]
    place = _before_requirements(file)
    if option.name == INDEX:
        # For pip a later `--index-url` drops the extra ones before it.
        extras = [entry.line.outer_start for entry in found if _brings(file, entry, {EXTRA})]
        place = min([*extras, *([] if place is None else [place])], default=None)
    elif place is not None:
        before = {INDEX, EXTRA} if option.name == EXTRA else {option.name}
        place = max([place, *(entry.line.end for entry in found if _brings(file, entry, before))])
    if place is None or place == len(file.text):
        return append(file.text, line)
    return splice(file.text, [(place, place, line + newline_of(file.text))])


def _brings(file: PluginsFile, entry: Entry, names: set[str]) -> bool:
    """Tell whether a line, or what it includes, has one of these options."""
    if entry.declaration is not None:
        return False
    alone = PluginsFile(file.path, entry.line.content, exists=True)
    return any(option.name in names for _, each in walk(alone) for option in each.options)


def _before_requirements(file: PluginsFile) -> int | None:
    """Return where the first requirement begins, with the comments above it that are about it."""
    lines = file.logical_lines
    declaring = {entry.line.first for entry in entries(file) if entry.declaration is not None}
    first = next((number for number, line in enumerate(lines) if line.first in declaring), None)
    if first is None:
        return None
    above = first
    while above and lines[above - 1].kind is LineKind.COMMENT:
        above -= 1
    # At the top of the file, comments are about all of it.
    return _start(lines[above or first], file.text)


def _start(line: LogicalLine, text: str) -> int:
    return max(line.outer_start, len(BOM) if text.startswith(BOM) else 0)


def _decided_elsewhere(decisive: _Standing, value: str) -> PluginsFileError:
    return PluginsFileError(
        f"the included file `{decisive.source.path}` line {decisive.entry.line.first} names another index"
        f" than `{value}`",
        hint="edit that file, or name it with `--plugins-file`",
        path=decisive.source.path,
        line=decisive.entry.line.first,
    )
