"""Requirements without a line end between them, told apart where it is certain."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from inventree_plugins.requirements.lines import LogicalLine
from inventree_plugins.requirements.options import Option, OptionError, parse_options, split_options
from inventree_plugins.requirements.specification import normalize

__all__ = ["Cut", "split_glued"]

# Longer lines are none that an editor of plugins makes, and every place in one is tried.
_LONGEST = 200
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_REPOSITORY = re.compile(r"(?:git|hg|svn|bzr)\+[a-z+]+://\S+", re.ASCII)
# What may begin a requirement: a name, and what may stand behind one.
_BEGINNING = re.compile(rf"{_NAME.pattern}(?:\s|[<>=(;@\[]|[!~]=|\+|$)", re.ASCII)
# A URL or path, which ends with the line or a blank.
_PLACE = re.compile(r"^(?:[\w.-]+\s*@\s*)?\S*[/:]\S*(?:\s*;.*)?$")
# Somebody who writes these means one requirement.
_WORDS = frozenset({"and", "or", "not", "in"})
_TIDY_END = re.compile(r"[0-9*)\]'\"]$", re.ASCII)


class Cut(NamedTuple):
    """Where in a content one requirement stops and the next one starts."""

    stop: int
    start: int


class _Part(NamedTuple):
    """A requirement: `name` is None for a repository alone, `is_bare` one that is a name and nothing else."""

    name: str | None
    is_bare: bool = False
    has_url: bool = False


class _Candidate(NamedTuple):
    """A cut, and what speaks for it."""

    cut: Cut
    is_known: bool
    is_tidy: bool


def split_glued(line: LogicalLine, *, known: Collection[str]) -> tuple[Cut, ...] | None:
    """Return where to cut a line that is several requirements; nothing where that is not certain.

    None means that it is not several. `known` are the normalised names of packages that exist: a name
    without version or URL counts only if it is one of them.
    """
    requirement, options = split_options(line.content)
    if options:
        return _behind_options(line, len(requirement), frozenset(known))
    if len(line.content) > _LONGEST or _part(line.content) is not None:
        return None
    return _Search(line, frozenset(known)).cuts(0)


def _behind_options(line: LogicalLine, begin: int, known: frozenset[str]) -> tuple[Cut, ...] | None:
    """Look for a requirement that a backslash too many has drawn into options, where pip drops it."""
    content = line.content
    for place in _seams(line):
        cut = Cut(len(content[:place].rstrip()), place + len(content[place:]) - len(content[place:].lstrip()))
        part = _part(content[cut.start :])
        is_plain = part is not None and (not part.is_bare or part.name in known)
        if is_plain and _options(content[begin : cut.stop]) == _options(content[begin:]):
            return (cut,)
    return None


def _options(text: str) -> tuple[Option, ...] | None:
    try:
        return parse_options(text.strip())
    except OptionError:
        return None


def _seams(line: LogicalLine) -> list[int]:
    """Return where in its content another physical line begins."""
    starts = line.starts
    return [place for place in range(1, len(starts)) if starts[place] != starts[place - 1] + 1]


class _Search:
    """The search for cuts in one line; what follows a place is looked at once."""

    def __init__(self, line: LogicalLine, known: frozenset[str]) -> None:
        self._content = line.content
        self._known = known
        # There, a backslash too many glued them.
        self._seams = _seams(line)
        self._found: dict[int, tuple[Cut, ...] | None] = {}

    def cuts(self, begin: int) -> tuple[Cut, ...] | None:
        if begin not in self._found:
            self._found[begin] = self._decide(list(self._candidates(begin)))
        return self._found[begin]

    def _decide(self, candidates: list[_Candidate]) -> tuple[Cut, ...] | None:
        if not candidates:
            return None
        chosen = [each.cut for each in candidates if each.is_known]
        chosen = chosen or [each.cut for each in candidates if each.is_tidy]
        if len(chosen) != 1:
            return ()
        (cut,) = chosen
        if _part(self._content[cut.start :]) is not None:
            return (cut,)
        more = self.cuts(cut.start)
        return (cut, *more) if more else ()

    def _candidates(self, begin: int) -> Iterator[_Candidate]:
        for start in range(begin + 1, len(self._content)):
            if not _BEGINNING.match(self._content, start):
                continue
            before = self._content[begin:start].rstrip()
            first = _part(before)
            cut = Cut(begin + len(before), start)
            is_place = first is None or first.has_url
            if is_place and not (self._is_seam(cut) and _PLACE.search(before)):
                continue
            first = _Part(None) if first is None else first
            second = self._beginning(start)
            if second is not None and self._is_possible(first, second, cut):
                is_tidy = self._content[start].isalpha() and _TIDY_END.search(before) is not None
                yield _Candidate(cut, self._is_known(second), is_tidy or self._is_seam(cut))

    def _beginning(self, start: int) -> _Part | None:
        """Return the requirement that stands from a place on, the first one where there are more."""
        whole = _part(self._content[start:])
        if whole is not None or self.cuts(start) is None:
            return whole
        name = _NAME.match(self._content, start)
        return _Part(normalize(name[0])) if name else None

    def _is_possible(self, first: _Part, second: _Part, cut: Cut) -> bool:
        is_apart, is_seam, is_known = cut.stop < cut.start, self._is_seam(cut), self._is_known(second)
        if first.is_bare and not (is_apart and (is_seam or first.name in self._known)):
            return False
        return is_known or not (second.is_bare or second.name in _WORDS or (is_apart and not is_seam))

    def _is_known(self, part: _Part) -> bool:
        return part.name is None or part.name in self._known

    def _is_seam(self, cut: Cut) -> bool:
        return any(cut.stop <= at <= cut.start for at in self._seams)


def _part(text: str) -> _Part | None:
    """Read one plain requirement: a name with a version or not, or a repository."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - for mending only
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    if _REPOSITORY.fullmatch(text):
        return _Part(None, has_url=True)
    try:
        found = Requirement(text)
        for clause in found.specifier:
            if clause.operator == "===":
                Version(clause.version)
    except (InvalidRequirement, InvalidVersion):
        return None
    is_bare = not (found.specifier or found.url or found.marker)
    return _Part(normalize(found.name), is_bare, bool(found.url))
