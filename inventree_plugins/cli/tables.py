"""The table of `invplug list`: one line a plugin, or on a narrow terminal two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from inventree_plugins.cli.output import printable
from inventree_plugins.commands.inventory import Entry
from inventree_plugins.models import Source

__all__ = ["plugin_table"]

TITLES = ("Slug", "Title", "Version", "Enabled", "Source", "Package", "Mixins", "Problem")
# On a narrow terminal these follow on a second line.
SECOND_LINE = ("Title", "Package", "Mixins")
UNLIMITED = 10_000


def plugin_table(entries: Iterable[Entry], console: Console, *, has_file: bool) -> RenderableType:
    """Return the table that fits the console; nothing is cut in either form.

    With `has_file`, packages that plugins.txt does not declare are marked.
    """
    rows = [dict(zip(TITLES, _cells(entry, has_file=has_file), strict=True)) for entry in entries]
    wide = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for title in TITLES:
        wide.add_column(title, overflow="fold")
    for row in rows:
        wide.add_row(*row.values())
    # Asked without a limit, or the answer would never exceed the console.
    needed = Measurement.get(console, console.options.update_width(UNLIMITED), wide).maximum
    return wide if needed <= console.width else Group(*_in_two_lines(rows))


def _in_two_lines(rows: list[dict[str, Text]]) -> Iterator[Text]:
    first = [title for title in TITLES if title not in SECOND_LINE]
    header = {title: Text(title, style="bold") for title in first}
    widths = {title: max(row[title].cell_len for row in (header, *rows)) for title in first}
    for row in (header, *rows):
        line = Text("  ").join(_padded(row[title], widths[title]) for title in first)
        line.rstrip()
        yield line
        if row is not header:
            yield _second_line(row)


def _padded(text: Text, width: int) -> Text:
    padded = text.copy()
    padded.pad_right(width - text.cell_len)
    return padded


def _second_line(row: dict[str, Text]) -> Text:
    parts = [row[title] for title in SECOND_LINE if row[title].plain != "-"]
    line = Text("  ") + Text(" · ").join(parts)
    line.stylize("dim")
    return line


def _cells(entry: Entry, *, has_file: bool) -> tuple[Text, ...]:
    plugin = entry.plugin
    title = plugin.title if plugin else (entry.row.name if entry.row else None)
    return (
        _text(entry.slug, "bold"),
        _text(title),
        _text(_version(entry)),
        _enabled(entry),
        _text(entry.source.value if entry.source else None),
        _package(entry, has_file=has_file),
        _text(" ".join(sorted(entry.mixins))),
        _problems(entry),
    )


def _version(entry: Entry) -> str | None:
    """Return the plugin's own version, and its package's where that is another one."""
    if entry.plugin is None:
        return None
    version, distribution = entry.plugin.version, entry.plugin.distribution
    if distribution is None or version is None or version.lstrip("vV") == distribution.version:
        return version
    return f"{version} (package {distribution.version})"


def _text(text: str | None, style: str = "") -> Text:
    # Not markup: what a plugin calls itself is a stranger's text.
    return Text(printable(text) if text else "-", style=style)


def _enabled(entry: Entry) -> Text:
    if entry.mandatory:
        return Text("mandatory", style="green")
    return Text("yes", style="green") if entry.enabled else Text("no", style="dim")


def _package(entry: Entry, *, has_file: bool) -> Text:
    text = _text(entry.package_name)
    if has_file and entry.source is Source.PACKAGE and entry.declared is None:
        text.append(" (not in file)", style="dim")
    return text


def _problems(entry: Entry) -> Text:
    marks = (
        Text(problem.code, style="red" if problem.severity == "error" else "yellow")
        for problem in entry.problems
    )
    return Text(" ").join(marks)
