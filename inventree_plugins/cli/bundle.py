"""`invplug bundle DIR`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from pathlib import Path
from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.session import open_session
from inventree_plugins.cli.sources import EXTRA_INDEX_URL, FIND_LINKS, INDEX_URL, sources_of
from inventree_plugins.commands.bundle import BundleOptions, BundleResult, bundle

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def bundle_packages(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A folder that is new, empty or a bundle.")],
    *,
    index_url: INDEX_URL = None,
    extra_index_url: EXTRA_INDEX_URL = None,
    find_links: FIND_LINKS = None,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Collect wheels of all that plugins.txt leads to in a folder, for a machine without network.

    `invplug install --bundle DIR` installs from it. What is the server's own is not in it.
    """
    sources = sources_of(index_url, extra_index_url, find_links)
    options = BundleOptions(folder=Path(folder), dry_run=dry_run, sources=sources)
    with installer_progress(ctx.obj, "collecting") as listener:
        session = open_session(ctx, listener)
        result = bundle(session, options)
    return Outcome(
        data={
            "path": result.folder,
            "packages": [
                {"name": each.name, "version": each.version, "file": each.file} for each in result.packages
            ],
        },
        text=lambda talk: _say(talk, result, dry_run=dry_run),
        changed=result.changed and not dry_run,
        dry_run=dry_run,
    )


def _say(talk: Talk, result: BundleResult, *, dry_run: bool) -> None:
    count = len(result.packages)
    what = "1 package" if count == 1 else f"{count} packages"
    if not result.changed:
        talk.say(f"nothing to do: `{result.folder}` holds these {what} already")
    elif dry_run:
        names = ", ".join(f"{each.name} {each.version}" for each in result.packages)
        talk.say(f"would collect {what} in `{result.folder}`: {names}", color="green")
    else:
        talk.say(f"collected {what} in `{result.folder}`", color="green")
