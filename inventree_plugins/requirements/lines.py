"""Logical lines of a requirements file, each with its place in the text, cut exactly as pip cuts them."""

import os
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

__all__ = ["LineKind", "LogicalLine", "expand_variables", "logical_lines"]

BOM = "\ufeff"
# Both from pip's req_file.py: a `#` glued to the text before it is part of a URL.
_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


class LineKind(Enum):
    """What a logical line is for."""

    BLANK = "blank"
    COMMENT = "comment"
    OPTION = "option"
    REQUIREMENT = "requirement"
    EDITABLE = "editable"


class LogicalLine(NamedTuple):
    """One line as pip sees it: continuations joined, the comment cut off, blanks around it stripped.

    `first` and `last` are physical line numbers from 1. `text[outer_start:end]` are its physical lines with
    their ends, up to `outer_end` without a closing comment line. `starts` maps each character of `content` to
    its offset in the text, so that a part of it can be replaced in place. `comment` is what follows the
    content, from its `#` on, without a closing comment line.
    """

    kind: LineKind
    content: str
    first: int
    last: int
    outer_start: int
    outer_end: int
    end: int
    starts: tuple[int, ...]
    comment: str = ""

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Return where `content[start:stop]` stands in the text; an empty part follows what is before it."""
        if start < stop:
            return self.starts[start], self.starts[stop - 1] + 1
        place = self.starts[start - 1] + 1 if start else self.starts[0]
        return place, place


class _Physical(NamedTuple):
    number: int
    start: int
    end: int
    body: str

    @property
    def is_comment(self) -> bool:
        return _COMMENT.match(self.body) is not None

    @property
    def is_continued(self) -> bool:
        return self.body.endswith("\\") and not self.is_comment


def logical_lines(text: str) -> tuple[LogicalLine, ...]:
    """Cut `text` into logical lines; from `outer_start` to `end` they cover all but a byte order mark."""
    lines = []
    group: list[_Physical] = []
    for physical in _physical_lines(text):
        group.append(physical)
        if not physical.is_continued:
            lines.append(_join(group))
            group = []
    if group:
        lines.append(_join(group))
    return tuple(lines)


def expand_variables(content: str) -> str:
    """Put the environment's values for `${NAME}`, as pip does: upper case only, unset or empty ones stay."""
    return _VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[0], content)


def _physical_lines(text: str) -> Iterator[_Physical]:
    start = len(BOM) if text.startswith(BOM) else 0
    # splitlines cuts at form feeds and Unicode separators too: so does pip.
    for number, line in enumerate(text[start:].splitlines(keepends=True), 1):
        yield _Physical(number, start, start + len(line), line.splitlines()[0])
        start += len(line)


def _join(group: list[_Physical]) -> LogicalLine:
    pieces: list[str] = []
    starts: list[int] = []
    for physical in group:
        body, offset = physical.body, physical.start
        if physical.is_continued:
            offset += len(body) - len(body.lstrip("\\"))
            body = body.strip("\\")
        elif physical.is_comment:
            # pip's own step: a comment that ends a continuation must stay recognisable as one.
            body, offset = f" {body}", offset - 1
        pieces.append(body)
        starts.extend(range(offset, offset + len(body)))
    joined = "".join(pieces)
    uncommented = _COMMENT.sub("", joined)
    content = uncommented.strip()
    lead = len(uncommented) - len(uncommented.lstrip())
    has_comment_line = len(group) > 1 and group[-1].is_comment
    return LogicalLine(
        kind=_kind(content, is_commented=uncommented != joined),
        content=content,
        first=group[0].number,
        last=group[-1].number,
        outer_start=group[0].start,
        outer_end=group[-2].end if has_comment_line else group[-1].end,
        end=group[-1].end,
        starts=tuple(starts[lead : lead + len(content)]),
        comment=_comment("".join(pieces[:-1]) if has_comment_line else joined),
    )


def _comment(joined: str) -> str:
    match = _COMMENT.search(joined)
    return match[0].strip() if match else ""


def _kind(content: str, *, is_commented: bool) -> LineKind:
    if not content:
        return LineKind.COMMENT if is_commented else LineKind.BLANK
    if not content.startswith("-"):
        return LineKind.REQUIREMENT
    is_editable = content.startswith(("-e", "--editable=", "--editable "))
    return LineKind.EDITABLE if is_editable else LineKind.OPTION
