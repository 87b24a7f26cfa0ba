"""Set one option in the text of `config.yaml`; every other byte stays as it is.

YAML is parsed only to find positions. The text between them is spliced, and the outcome is parsed again: when
anything but the option would change, or a comment would be lost, the file is refused and not changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from inventree_plugins.errors import ConfigurationError
from inventree_plugins.instance.yaml_layout import (
    BREAK,
    BYTE_ORDER_MARK,
    Layout,
    Node,
    Pair,
    lay_out,
    nodes_of,
)

__all__ = ["Value", "option_in", "with_option"]

# A tuple is written as a list.
Value = bool | int | str | tuple[str, ...]
# What needs no quotes, unless YAML reads something else than text.
PLAIN = re.compile(r"[A-Za-z/][\w./-]*", re.ASCII)


def option_in(text: str, name: str) -> Any:
    """Return the option's value as YAML reads it, None where it is absent; raise ConfigurationError."""
    return _load(text).get(name)


def with_option(text: str, name: str, value: Value) -> str:
    """Return the text with the top-level option `name` set to `value`.

    A line that is there is changed. Else one is added, below a line of the option that is commented out or at
    the end. Raises ConfigurationError, without the path, for a file that cannot be changed safely.
    """
    old = _load(text)
    if name in old and _is_same(old[name], value):
        return text
    layout = lay_out(text)
    comments = layout.comments()
    for edited in _edits(layout, name, value, old.get(name)):
        if _changes_nothing_else(edited, old, name, value) and lay_out(edited).comments() == comments:
            return edited
    pair = layout.pair(name)
    raise ConfigurationError(
        f"the configuration has a shape in which invplug will not change `{name}`",
        hint=f"write it by hand: `{name}: {_written(value)}`",
        line=pair.key.first.line if pair else None,
    )


def _load(text: str) -> Mapping[Any, Any]:
    """Return the mapping in the text, as the server reads it; raise ConfigurationError."""
    import yaml  # noqa: PLC0415 - few commands change a configuration

    try:
        content = yaml.load(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigurationError(
            f"the configuration is not valid YAML: {getattr(error, 'problem', None) or error}",
            hint="mend the file; the server cannot read it either",
            line=mark.line + 1 if mark else None,
        ) from error
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise ConfigurationError(
            f"the configuration holds no settings but {type(content).__name__} data",
            hint="the file must hold `name: value` lines",
        )
    return content


def _changes_nothing_else(edited: str, old: Mapping[Any, Any], name: str, value: Value) -> bool:
    try:
        new = _load(edited)
    except ConfigurationError:
        return False
    others = [[(key, item) for key, item in content.items() if key != name] for content in (old, new)]
    # What is printed the same is of the same type too, at any depth: to Python, 1 equals True.
    return name in new and _is_same(new[name], value) and repr(others[0]) == repr(others[1])


def _is_same(found: Any, value: Value) -> bool:
    wanted = list(value) if isinstance(value, tuple) else value
    return type(found) is type(wanted) and found == wanted


# Edits, each of which may turn out to change too much.


def _edits(layout: Layout, name: str, value: Value, old: Any) -> Iterator[str]:
    pair = layout.pair(name)
    if pair is not None:
        if isinstance(value, tuple) and isinstance(old, list):
            yield from _with_items(layout, pair.value, value, old)
        yield from _with_value(layout, pair, value)
    elif layout.is_flow:
        yield _with_pair_in_braces(layout, name, value)
    else:
        line = f"{layout.indent}{name}: {_written(value)}"
        # A comment may also stand where nothing can follow it, such as inside of a longer value.
        for position in reversed(list(_commented_out(layout.text, name))):
            yield _with_line(layout, position, line)
        yield _with_line(layout, layout.end, line)


def _with_value(layout: Layout, pair: Pair, value: Value) -> Iterator[str]:
    """Replace the value where it stands; one of several lines only where its comments can stay."""
    text, (start, end, _), first = layout.text, pair.value, pair.value.first
    if _may_hide_comment(layout, pair.value):
        return
    new = _written(value, like=first.style or text[start:end])
    commented = any(layout.comment(*line) is not None for line in layout.lines(start, end))
    is_block = first.kind == "open" and not first.is_flow
    if not commented and not (is_block and BREAK.search(text, pair.key.end, end)):
        yield text[:start] + (" " if start == end else "") + new + text[end:]
    elif not layout.is_flow and text[pair.key.end :].lstrip(" \t").startswith(":"):
        yield _with_value_beside_key(layout, text.index(":", pair.key.end) + 1, end, new)


def _may_hide_comment(layout: Layout, node: Node) -> bool:
    """Tell whether a comment may stand where the parser shows none: behind a tag or the mark of a block."""
    end = node.end
    if node.first.style in {"|", ">"}:
        end = layout.line_end(node.start)
    elif not layout.text.startswith(("!", "&"), node.start):
        return False
    return "#" in layout.text[node.start : end]


def _with_value_beside_key(layout: Layout, start: int, end: int, new: str) -> str:
    """Write the value behind the colon, at `start`, and keep of the old one's lines what is a comment."""
    text, kept = layout.text, [f" {new}"]
    end = layout.line_end(end)
    for first, last in layout.lines(start, end):
        comment = layout.comment(first, last)
        if comment is not None and first == start:
            before = text[first:comment]
            kept[0] += before[len(before.rstrip()) :] + text[comment:last]
        elif comment is not None:
            kept.append(_indent(text[first:last]) + text[comment:last])
    return text[:start] + layout.line_break.join(kept) + text[end:]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _with_items(layout: Layout, node: Node, values: tuple[str, ...], old: list[Any]) -> Iterator[str]:
    """Change a list with one item a line; items that stay keep their lines."""
    text, items = layout.text, list(nodes_of(layout.text, node.events[1:-1]))
    starts = [layout.line_start(item.start) for item in items]
    dashes = [text[start : item.start] for start, item in zip(starts, items, strict=True)]
    is_plain = all(re.fullmatch(r"[ \t]*-[ \t]+", dash) for dash in dashes)
    if not (values and items and is_plain and all(len(item.events) == 1 for item in items)):
        return
    kept = [item for item in old if item in values]
    if (*kept, *(value for value in values if value not in kept)) != values:
        kept = []  # the order is another one
    written = dict(zip(starts, old, strict=True))
    lines, end = [], layout.line_end(items[-1].end)
    for first, last in layout.lines(starts[0], end):
        comment = layout.comment(first, last)
        if first not in written or written[first] in kept:
            lines.append(text[first:last])
        elif comment is not None:
            lines.append(_indent(text[first:last]) + text[comment:last])
    lines += [dashes[0] + _written(value, like=items[0].first.style) for value in values if value not in kept]
    yield text[: starts[0]] + layout.line_break.join(lines) + text[end:]


def _with_pair_in_braces(layout: Layout, name: str, value: Value) -> str:
    """Add the pair behind the last one, on a line of its own where that has one."""
    text, end = layout.text, layout.end
    if not layout.pairs:
        return f"{text[:end]}{name}: {_written(value)}{text[end:]}"
    key = layout.pairs[-1].key
    quote = key.first.style
    pair = f"{quote}{name}{quote}: {_written(value, like=quote)}"
    before, stop = text[layout.line_start(key.start) : key.start], layout.line_end(end)
    rest = re.fullmatch(r"\s*(,?)\s*(#.*)?", text[end:stop])
    if before.strip() or rest is None:
        return f"{text[:end]}, {pair}{text[end:]}"
    comma = "" if rest[1] else ","
    return f"{text[:end]}{comma}{text[end:stop]}{layout.line_break}{before}{pair}{rest[1]}{text[stop:]}"


def _commented_out(text: str, name: str) -> Iterator[int]:
    """Yield where a line ends that has the option commented out, with the items of its list."""
    lines = rf"^[ \t]*#+[ \t]*{re.escape(name)}[ \t]*:[^\n]*(?:\n[ \t]*#+[ \t]*- [^\n]*)*(?:\n|\Z)"
    for match in re.finditer(lines, text.removeprefix(BYTE_ORDER_MARK), re.MULTILINE):
        yield match.end() + text.startswith(BYTE_ORDER_MARK)


def _with_line(layout: Layout, position: int, line: str) -> str:
    """Insert a line; a text without a last line break stays one."""
    before, after = layout.text[:position], layout.text[position:]
    if before.removeprefix(BYTE_ORDER_MARK) and not BREAK.match(before[-1]):
        return f"{before}{layout.line_break}{line}{after}"
    return f"{before}{line}{layout.line_break}{after}"


# How values are written.


def _written(value: Value, *, like: str = "") -> str:
    """Return the value as YAML, as far as it can be in the manner of `like`: an old value, or its quotes."""
    if isinstance(value, bool):
        word = str(value).lower()
        return word.capitalize() if like in {"True", "False"} else word
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_quoted(item, like) for item in value) + "]"
    return _quoted(value, like)


def _quoted(text: str, quote: str) -> str:
    import yaml  # noqa: PLC0415 - few commands change a configuration

    if quote == '"':
        return json.dumps(text, ensure_ascii=False)
    if quote != "'" and PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    return "'" + text.replace("'", "''") + "'"
