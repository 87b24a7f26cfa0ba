"""Where keys, values and comments stand in the text of a YAML file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

__all__ = ["BREAK", "BYTE_ORDER_MARK", "Layout", "Node", "Pair", "lay_out", "nodes_of"]

BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
COMMENT_MARK = re.compile(r"(?<!\S)#")
BYTE_ORDER_MARK = "\ufeff"


class Event(NamedTuple):
    """What YAML's parser meets: a scalar, an alias, or where a collection opens or closes.

    `line` counts from 1, `column` from 0. `style` of a scalar is its quotes or the mark of its block.
    """

    kind: Literal["scalar", "alias", "open", "close"]
    start: int
    end: int
    line: int
    column: int
    value: str | None
    style: str
    is_flow: bool

    @property
    def is_wide(self) -> bool:
        """Tell whether it has text of its own, as a brace has and the end of a block has not."""
        return self.end > self.start


class Node(NamedTuple):
    """A key or a value: where its text is, and the events it consists of."""

    start: int
    end: int
    events: Sequence[Event]

    @property
    def first(self) -> Event:
        """Return the event that the node starts with."""
        return self.events[0]


class Pair(NamedTuple):
    """A key and its value."""

    key: Node
    value: Node


class Layout(NamedTuple):
    """The text, its top-level pairs, and where one more pair could follow.

    `indent` is that of the pairs' lines. `scalars` are the ranges of all keys and values that are text.
    """

    text: str
    end: int
    pairs: tuple[Pair, ...]
    is_flow: bool
    indent: str
    scalars: tuple[tuple[int, int], ...]

    @property
    def line_break(self) -> str:
        """Return the first line break of the text."""
        found = BREAK.search(self.text)
        return found[0] if found else "\n"

    def pair(self, name: str) -> Pair | None:
        """Return the pair that counts: of several with one name the last."""
        return next((pair for pair in reversed(self.pairs) if pair.key.first.value == name), None)

    def line_start(self, position: int) -> int:
        """Return where the line of the position starts."""
        return max((match.end() for match in BREAK.finditer(self.text, 0, position)), default=0)

    def line_end(self, position: int) -> int:
        """Return where the line of the position ends, before its line break."""
        found = BREAK.search(self.text, position)
        return found.start() if found else len(self.text)

    def lines(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where the lines between two positions start and end, without their line breaks."""
        for match in BREAK.finditer(self.text, start, end):
            yield start, match.start()
            start = match.end()
        yield start, end

    def comment(self, start: int, end: int) -> int | None:
        """Return where the first comment of a part of a line starts."""
        for mark in COMMENT_MARK.finditer(self.text, start, end):
            before = bisect_right(self.scalars, (mark.start(), len(self.text)))
            if not before or self.scalars[before - 1][1] <= mark.start():
                return mark.start()
        return None

    def comments(self) -> list[str]:
        """Return all comments of the text, in order."""
        lines = ((self.comment(*line), line[1]) for line in self.lines(0, len(self.text)))
        return [self.text[comment:end].strip() for comment, end in lines if comment is not None]


def lay_out(text: str) -> Layout:
    """Find out where everything stands in a text that is known to be one YAML document, or none."""
    import yaml  # noqa: PLC0415 - few commands change a configuration

    found = list(yaml.parse(text, Loader=yaml.SafeLoader))
    ends = (event for event in found if isinstance(event, yaml.DocumentEndEvent) and event.explicit)
    end = next((_event(event).start for event in ends), len(text))
    events = [
        _event(event) for event in found if isinstance(event, (yaml.NodeEvent, yaml.CollectionEndEvent))
    ]
    scalars = tuple(_range(text, [event]) for event in events if event.kind == "scalar" and event.value)
    if not events or not isinstance(found[2], yaml.MappingStartEvent):
        return Layout(text, end, (), is_flow=False, indent="", scalars=scalars)
    root, *inside = events
    nodes = list(nodes_of(text, inside[:-1]))
    pairs = tuple(map(Pair, nodes[::2], nodes[1::2]))
    if root.is_flow:
        # Right behind the last pair, or the brace.
        end = max(pairs[-1].key.end, pairs[-1].value.end) if pairs else root.end
    indent = "" if root.is_flow else " " * inside[0].column
    return Layout(text, end, pairs, is_flow=root.is_flow, indent=indent, scalars=scalars)


def _event(event: Any) -> Event:
    """Take what counts of one of the parser's events."""
    name = type(event).__name__
    kind: Literal["scalar", "alias", "open", "close"] = "scalar"
    if name == "AliasEvent":
        kind = "alias"
    elif name != "ScalarEvent":
        kind = "close" if "End" in name else "open"
    mark = event.start_mark
    return Event(
        kind,
        mark.index,
        event.end_mark.index,
        mark.line + 1,
        mark.column,
        getattr(event, "value", None),
        getattr(event, "style", None) or "",
        is_flow=bool(getattr(event, "flow_style", False)),
    )


def nodes_of(text: str, events: Sequence[Event]) -> Iterator[Node]:
    """Yield the nodes that the events make up, without going into them."""
    depth, first = 0, 0
    for number, event in enumerate(events):
        depth += (event.kind == "open") - (event.kind == "close")
        if depth == 0:
            own = events[first : number + 1]
            yield Node(*_range(text, own), own)
            first = number + 1


def _range(text: str, events: Sequence[Event]) -> tuple[int, int]:
    """Return where a node's text starts and ends.

    The end of a block is known by what it holds: its own mark is where the next key starts, behind comments
    and empty lines.
    """
    start = events[0].start
    end = max(event.end for event in events if event.kind == "scalar" or event.is_wide or event is events[0])
    return start, start + len(text[start:end].rstrip())
