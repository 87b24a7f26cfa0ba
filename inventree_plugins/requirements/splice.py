"""Splices: where a text is cut, where it goes on, and what comes between; nothing else moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventree_plugins.requirements.lines import BOM, LogicalLine

__all__ = ["Splice", "append", "fold", "newline_of", "removal", "retired", "splice"]

Splice = tuple[int, int, str]


def splice(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all splices in it; their places are those of the text as it is now."""
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def removal(line: LogicalLine) -> Splice:
    """Return what takes a line out; a comment line that closes it stays."""
    return line.outer_start, line.outer_end, ""


def retired(text: str, line: LogicalLine) -> Splice:
    """Return what takes a line out and leaves its comment, if it has one, on a line of its own."""
    comment = line.comment + _line_end(text, line) if line.comment else ""
    return line.outer_start, line.outer_end, comment


def fold(text: str, gone: Iterable[LogicalLine], *, kept: LogicalLine) -> Iterator[Splice]:
    """Yield what takes lines out that another line makes needless, and keeps their comments.

    The kept line takes over the first comment if it has none; others stay, on lines of their own.
    """
    standing = kept.comment
    for line in gone:
        if line.comment in {"", standing}:
            yield removal(line)
        elif standing:
            yield retired(text, line)
        else:
            standing = line.comment
            place = kept.span(len(kept.content), len(kept.content))[1]
            yield place, place, f"  {standing}"
            yield removal(line)


def append(text: str, line: str) -> str:
    """Return the text with one line more at its end."""
    newline = newline_of(text)
    body = text.removeprefix(BOM)
    last = body.splitlines(keepends=True)[-1] if body else ""
    content = last.splitlines()[0] if last else ""
    before = newline if content == last and last else ""
    if content.endswith("\\") and not content.lstrip().startswith("#"):
        before += newline  # an open continuation would swallow the new line
    return f"{text}{before}{line}{newline}"


def newline_of(text: str) -> str:
    """Return how the text ends its lines."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _line_end(text: str, line: LogicalLine) -> str:
    last = text[line.outer_start : line.outer_end].splitlines(keepends=True)[-1]
    return last[len(last.splitlines()[0]) :]
