"""`invplug upgrade [SLUG|PACKAGE…]`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.installers import INSTALLER
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.outdated import COOLDOWN, PRE, days, hold_rows
from inventree_plugins.cli.output import Outcome, Talk, name_all
from inventree_plugins.cli.plan import plan_rows, plan_table
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.rows import plugin_row
from inventree_plugins.cli.session import open_session
from inventree_plugins.cli.sources import EXTRA_INDEX_URL, FIND_LINKS, INDEX_URL, sources_of
from inventree_plugins.commands.applying import PlannedPackage
from inventree_plugins.commands.upgrade import UpgradeOptions, UpgradeResult, upgrade
from inventree_plugins.errors import UsageError

_DONE = {
    "install": "installed",
    "upgrade": "upgraded",
    "downgrade": "downgraded",
    "again": "installed again:",
}

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def upgrade_packages(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SLUG|PACKAGE", help="Plugins or their packages.", autocompletion=complete_slug
        ),
    ] = None,
    *,
    every: Annotated[bool, flag("--all", text="All plugin packages.")] = False,
    unpin: Annotated[
        bool, flag("--unpin", text="Let pins in plugins.txt move to the new versions; they stay pins.")
    ] = False,
    pre: PRE = False,
    cooldown: COOLDOWN = None,
    index_url: INDEX_URL = None,
    extra_index_url: EXTRA_INDEX_URL = None,
    find_links: FIND_LINKS = None,
    keep_going: Annotated[
        bool, flag("--keep-going", text="Upgrade the rest when a package cannot be upgraded.")
    ] = False,
    allow_host_changes: Annotated[
        bool, flag("--allow-host-changes", text="Let plugins change the server's own packages.")
    ] = False,
    installer: INSTALLER = None,
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Upgrade plugin packages to the newest versions that fit the server and plugins.txt.

    A pinned package stays, and is told, unless --unpin is given.
    """
    if every and names:
        raise UsageError("`--all` and names exclude each other")
    if not every and not names:
        raise UsageError(
            "nothing is named to upgrade", hint="name plugins or packages, or give `--all` for every one"
        )
    options = UpgradeOptions(
        names=tuple(names or ()),
        unpin=unpin,
        prereleases=pre,
        cooldown=days(cooldown),
        sources=sources_of(index_url, extra_index_url, find_links),
        keep_going=keep_going,
        allow_host_changes=allow_host_changes,
        dry_run=dry_run,
    )
    with installer_progress(ctx.obj, "upgrading") as listener:
        session = open_session(ctx, listener, reload=reload, installer=installer)
        result = upgrade(session, options)
    outcome = Outcome(
        data={
            "upgraded": [
                {"name": each.name, "from": each.old, "to": each.new}
                for each in result.plan
                if each.requested
            ],
            "plan": plan_rows(result.plan),
            "pins": list(result.pins),
            "kept": [
                {
                    "name": each.package.name,
                    "installed": each.package.installed,
                    "newest": each.newest,
                    "held_by": hold_rows((each.hold,)),
                }
                for each in result.kept
            ],
            "created": list(result.created),
            "plugins": [plugin_row(entry) for entry in result.entries],
        },
        text=lambda talk: _say(talk, result, dry_run=dry_run),
        changed=result.changed,
        dry_run=dry_run,
        next_steps=result.next_steps,
        warnings=result.problems,
        errors=result.errors,
        exit_code=result.errors[0].exit_code if result.errors else 0,
    )
    return with_reload(session, outcome, wanted=reload)


def _say(talk: Talk, result: UpgradeResult, *, dry_run: bool) -> None:
    if dry_run and result.plan and not talk.quiet:
        talk.plan(plan_table(result.plan))
    for each in sorted(result.plan, key=lambda each: not each.requested):
        did = f"would {each.action}" if dry_run else _DONE[each.action]
        talk.say(f"{did} {each.name} {_from_to(each)}", color="green" if each.requested else None)
    if result.pins:
        talk.say(f"{'would pin' if dry_run else 'pinned'} in plugins.txt: {name_all(result.pins)}")
    if result.created:
        did = "would create rows, inactive:" if dry_run else "new plugins, not enabled yet:"
        talk.say(f"{did} {name_all(result.created)}")
    for kept in result.kept:
        package = kept.package
        if kept.hold.code == "not-installed":
            talk.say(f"{package.name} is {kept.hold.message}")
            continue
        newer = f" ({kept.newest} is there)" if kept.newest else ""
        talk.say(f"{package.name} stays at {package.installed}{newer}: {kept.hold.message}")
    if not (result.plan or result.errors):
        talk.say("nothing to upgrade")


def _from_to(each: PlannedPackage) -> str:
    return f"from {each.old} to {each.new}" if each.old else str(each.new)
