"""`invplug lock`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import Annotated, Any

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.session import open_session
from inventree_plugins.cli.sources import EXTRA_INDEX_URL, FIND_LINKS, INDEX_URL, sources_of
from inventree_plugins.commands.lock import Difference, LockOptions, LockResult, lock
from inventree_plugins.errors import UsageError

DIFFERENT = 3

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def lock_packages(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    *,
    check: Annotated[
        bool, flag("--check", text="Write nothing; exit 3 when the lock does not belong to plugins.txt.")
    ] = False,
    index_url: INDEX_URL = None,
    extra_index_url: EXTRA_INDEX_URL = None,
    find_links: FIND_LINKS = None,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Write the versions and hashes of all that plugins.txt leads to into `pylock.plugins.toml`.

    `invplug install --locked` installs exactly these. What is the server's own is not in it.
    """
    if check and dry_run:
        raise UsageError("`--check` changes nothing anyway", hint="leave out `--dry-run`")
    sources = sources_of(index_url, extra_index_url, find_links)
    options = LockOptions(check=check, dry_run=dry_run, sources=sources)
    with installer_progress(ctx.obj, "locking") as listener:
        result = lock(open_session(ctx, listener), options)
    return Outcome(
        data={
            "path": result.path,
            "packages": [{"name": name, "version": version} for name, version in result.packages],
            "differences": [_row(each) for each in result.differences],
        },
        text=lambda talk: _say(talk, result, check=check, dry_run=dry_run),
        changed=result.changed and not dry_run,
        dry_run=dry_run,
        exit_code=DIFFERENT if result.differences else 0,
    )


def _row(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "now": difference.text,
        "locked": difference.was,
        "path": difference.path,
        "line": difference.line,
    }


def _say(talk: Talk, result: LockResult, *, check: bool, dry_run: bool) -> None:
    if check:
        _say_differences(talk, result)
        return
    count = len(result.packages)
    what = "1 package" if count == 1 else f"{count} packages"
    if not result.changed:
        talk.say(f"nothing to do: `{result.path}` has these {what} already")
    elif dry_run:
        talk.say(f"would lock {what} in `{result.path}`", color="green")
    else:
        talk.say(f"locked {what} in `{result.path}`", color="green")


def _say_differences(talk: Talk, result: LockResult) -> None:
    for each in result.differences:
        talk.data(str(each))
    if result.differences:
        talk.say("the lock is out of date: `invplug lock` makes it anew", color="yellow")
    else:
        talk.say(f"`{result.path}` belongs to plugins.txt as it is")
