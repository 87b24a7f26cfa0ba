"""`invplug outdated [SLUG|PACKAGE…]`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import TYPE_CHECKING, Annotated, Any

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.installers import INSTALLER
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, printable
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.session import open_session
from inventree_plugins.cli.sources import EXTRA_INDEX_URL, FIND_LINKS, INDEX_URL, sources_of
from inventree_plugins.commands.holds import Hold
from inventree_plugins.commands.outdated import OutdatedOptions, OutdatedResult, Standing, outdated
from inventree_plugins.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["COOLDOWN", "PRE", "app", "days", "hold_rows"]

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

DIFFERENT = 3
PRE = Annotated[bool, flag("--pre", text="Take pre-releases too.")]
COOLDOWN = Annotated[
    str | None,
    typer.Option("--cooldown", metavar="DAYS", help="Take only releases that have been out for so long."),
]


@app.command(cls=Command)
def show_outdated(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SLUG|PACKAGE",
            help="Plugins or their packages; all when none is named.",
            autocompletion=complete_slug,
        ),
    ] = None,
    *,
    pre: PRE = False,
    cooldown: COOLDOWN = None,
    index_url: INDEX_URL = None,
    extra_index_url: EXTRA_INDEX_URL = None,
    find_links: FIND_LINKS = None,
    installer: INSTALLER = None,
    exit_code: Annotated[bool, flag("--exit-code", text="Exit with 3 when something is outdated.")] = False,
) -> Outcome:
    """Tell which plugin packages could be newer, and what holds them back.

    Changes nothing.
    """
    options = OutdatedOptions(
        names=tuple(names or ()),
        prereleases=pre,
        cooldown=days(cooldown),
        sources=sources_of(index_url, extra_index_url, find_links),
    )
    with installer_progress(ctx.obj, "looking for newer releases") as listener:
        result = outdated(open_session(ctx, listener, installer=installer), options)
    is_any = any(each.is_outdated for each in result.packages)
    return Outcome(
        data={"packages": [_row(each) for each in result.packages]},
        text=lambda talk: _print(talk, result),
        warnings=result.problems,
        exit_code=DIFFERENT if exit_code and is_any else 0,
    )


def days(text: str | None) -> int | None:
    """Read the value of `--cooldown`; raise UsageError where it is no number of days."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"`--cooldown` takes a number of days, not `{text}`")
    return int(text)


def hold_rows(holds: tuple[Hold, ...]) -> list[dict[str, str]]:
    """Return what holds a package back as the JSON document has it."""
    return [{"code": each.code, "message": each.message} for each in holds]


def _row(standing: Standing) -> dict[str, Any]:
    package = standing.package
    return {
        "name": package.name,
        "slugs": list(package.slugs),
        "installed": package.installed,
        "wanted": standing.wanted,
        "latest": standing.latest,
        "newest": standing.newest,
        "outdated": standing.is_outdated,
        "pinned": package.is_pinned,
        "held_by": hold_rows(standing.held_by),
    }


def _print(talk: Talk, result: OutdatedResult) -> None:
    shown = [each for each in result.packages if each.is_outdated or each.is_held]
    if shown:
        talk.table(_table(shown))
    elif not result.problems:
        talk.say("everything is as new as it can be")


def _table(standings: list[Standing]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - not under --json
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Package", "Installed", "Wanted", "Latest", "Newest", "Held by"):
        table.add_column(title, overflow="fold")
    for each in standings:
        package = each.package
        why = "; ".join(hold.message for hold in each.held_by)
        cells = (package.name, package.installed, each.wanted, each.latest, each.newest, why)
        row = [Text(printable(cell) if cell else "") for cell in cells]
        if each.is_outdated:
            row[3].stylize("green")
        table.add_row(*row)
    return table
