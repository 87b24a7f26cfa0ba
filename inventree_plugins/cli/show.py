"""`invplug show SLUG`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from collections.abc import Iterator
from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.output import Outcome, Talk, place_of, printable
from inventree_plugins.cli.rows import plugin_row
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.inventory import Entry
from inventree_plugins.commands.listing import ShowResult, show_plugin

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def show(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The plugin.", autocompletion=complete_slug)],
) -> Outcome:
    """Show everything known of a plugin, and where each value comes from."""
    result = show_plugin(open_session(ctx), slug)
    return Outcome(
        data={"plugins": [plugin_row(result.entry)]},
        text=lambda talk: _print(talk, result),
        next_steps=result.next_steps,
        warnings=result.problems,
    )


def _print(talk: Talk, result: ShowResult) -> None:
    from rich.markup import escape  # noqa: PLC0415 - not under --json
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    # The origin before the value: a long value pushes nothing out of sight.
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value, origin in _facts(result.entry):
        table.add_row(name, origin, escape(printable(value)))
    for problem in result.entry.problems:
        color = "red" if problem.severity == "error" else "yellow"
        hint = f"\nhint: {printable(problem.hint)}" if problem.hint else ""
        text = printable(f"{problem.message}{place_of(problem)}") + hint
        table.add_row(f"[{color}]{problem.code}[/{color}]", "", escape(text))
    talk.table(table)


def _facts(entry: Entry) -> Iterator[tuple[str, str, str]]:
    yield "slug", entry.slug, ""
    if entry.plugin:
        plugin, origins = entry.plugin, entry.plugin.origins
        for label, value, key in (
            ("title", plugin.title, "title"),
            ("description", plugin.description, "description"),
            ("version", plugin.version, "version"),
            ("author", plugin.author, "author"),
            ("date", plugin.pub_date, "pub_date"),
            ("website", plugin.website, "website"),
            ("license", plugin.license, "license"),
        ):
            yield label, value or "unknown", origins.get(key, "")
    yield "enabled", _enabled(entry), ""
    yield "source", entry.source.value if entry.source else "nothing provides it", ""
    yield from _package_facts(entry)
    if entry.plugin:
        yield "class", f"{entry.plugin.module}.{entry.plugin.class_name}", ""
        yield "file", f"{entry.plugin.path}:{entry.plugin.line}", ""
        yield "mixins", " ".join(sorted(entry.mixins)) or "-", ""
        yield "settings", " ".join(entry.plugin.settings) or "-", ""
        if entry.plugin.min_version or entry.plugin.max_version:
            bounds = f"{entry.plugin.min_version or 'any'} to {entry.plugin.max_version or 'any'}"
            yield "InvenTree", bounds, ""


def _enabled(entry: Entry) -> str:
    if entry.mandatory:
        return "always (mandatory)"
    if entry.row is None:
        return "no (the store has no row for it)"
    return "yes" if entry.enabled else "no"


def _package_facts(entry: Entry) -> Iterator[tuple[str, str, str]]:
    distribution = entry.plugin.distribution if entry.plugin else None
    if distribution:
        yield "package", f"{distribution.name} {distribution.version}", ""
    elif entry.package_name:
        state = "not readable" if entry.source else "not installed"
        yield "package", f"{entry.package_name} ({state})", ""
    if entry.declared:
        yield "declared", f"{entry.declared.text} ({entry.declared.path}:{entry.declared.line})", ""
    elif distribution:
        yield "declared", "not in plugins.txt", ""
