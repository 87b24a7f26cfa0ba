"""`invplug install [REQUIREMENT…]`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.installers import INSTALLER
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, name_all
from inventree_plugins.cli.plan import plan_rows, plan_table
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.rows import plugin_row
from inventree_plugins.cli.session import open_session
from inventree_plugins.cli.sources import FIND_LINKS, sources_of
from inventree_plugins.commands.indexes import Sources
from inventree_plugins.commands.install import InstallOptions, InstallResult, install
from inventree_plugins.errors import UsageError

_DONE = {
    "install": "installed",
    "upgrade": "upgraded to",
    "downgrade": "downgraded to",
    "again": "installed again",
}
_WOULD = {
    "install": "install",
    "upgrade": "upgrade to",
    "downgrade": "downgrade to",
    "again": "install again",
}

# A lock says which versions, a bundle also from where.
_EXCLUDING = {
    "--locked": ("REQUIREMENT", "--bundle", "--upgrade", "--pin", "--keep-going"),
    "--bundle": ("--upgrade", "--keep-going", "--index-url", "--extra-index-url", "--find-links"),
    "--offline": ("--index-url", "--extra-index-url"),
}

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def install_packages(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    requirements: Annotated[
        list[str] | None,
        typer.Argument(metavar="REQUIREMENT", help="Packages as pip names them; none means plugins.txt."),
    ] = None,
    *,
    enable: Annotated[bool, flag("--enable", text="Enable the plugins this brings.")] = False,
    upgrade: Annotated[
        bool, flag("--upgrade", "-U", text="Install the newest versions that are allowed.")
    ] = False,
    pin: Annotated[bool, flag("--pin", text="Record the versions that get installed.")] = False,
    index_url: Annotated[
        str | None,
        typer.Option(
            "--index-url",
            "-i",
            metavar="URL",
            envvar="INVPLUG_INDEX_URL",
            help="The package index, kept in plugins.txt.",
        ),
    ] = None,
    extra_index_url: Annotated[
        list[str] | None,
        typer.Option(
            "--extra-index-url",
            metavar="URL",
            envvar="INVPLUG_EXTRA_INDEX_URL",
            help="One more package index; repeatable.",
        ),
    ] = None,
    find_links: FIND_LINKS = None,
    locked: Annotated[
        bool, flag("--locked", text="Install exactly what `pylock.plugins.toml` says; see `invplug lock`.")
    ] = False,
    bundle: Annotated[
        str | None,
        typer.Option("--bundle", metavar="DIR", help="Install from a folder that `invplug bundle` made."),
    ] = None,
    offline: Annotated[bool, flag("--offline", text="Open no connection.")] = False,
    keep_going: Annotated[
        bool, flag("--keep-going", text="Install the rest when a requirement cannot be installed.")
    ] = False,
    require_plugin: Annotated[
        bool, flag("--require-plugin", text="Refuse a package that brings no plugin.")
    ] = False,
    allow_host_changes: Annotated[
        bool, flag("--allow-host-changes", text="Let plugins change the server's own packages.")
    ] = False,
    installer: INSTALLER = None,
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Install plugin packages; without arguments all that plugins.txt declares.

    Named packages are recorded in plugins.txt. The plugins found get their rows, inactive unless --enable.
    Nothing is started when everything is there already.
    """
    sources = sources_of(index_url, extra_index_url, find_links)
    if offline or bundle is not None:
        sources = _without_environment(ctx, sources)
    options = InstallOptions(
        requirements=tuple(requirements or ()),
        enable=enable,
        upgrade=upgrade,
        dry_run=dry_run,
        keep_going=keep_going,
        require_plugin=require_plugin,
        pin=pin,
        sources=sources,
        allow_host_changes=allow_host_changes,
        locked=locked,
        bundle=Path(bundle) if bundle is not None else None,
        offline=offline,
    )
    _require_one_meaning(options)
    with installer_progress(ctx.obj, "installing") as listener:
        session = open_session(ctx, listener, reload=reload, installer=installer)
        result = install(session, options)
    outcome = Outcome(
        data={
            "installed": [{"name": each.name, "version": each.new} for each in result.plan],
            "plan": plan_rows(result.plan),
            "satisfied": list(result.satisfied),
            "recorded": list(result.recorded),
            "kept": list(result.kept),
            "created": list(result.created),
            "enabled": list(result.enabled),
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


def _without_environment(ctx: typer.Context, sources: Sources) -> Sources:
    """Leave out the indexes that stand in the environment for all commands."""
    named = {
        name
        for name in ("index_url", "extra_index_url")
        if getattr(ctx.get_parameter_source(name), "name", "") != "ENVIRONMENT"
    }
    return replace(
        sources,
        index_url=sources.index_url if "index_url" in named else None,
        extra_index_urls=sources.extra_index_urls if "extra_index_url" in named else (),
    )


def _require_one_meaning(options: InstallOptions) -> None:
    """Raise UsageError for options that contradict each other."""
    sources = options.sources
    given = {
        "--locked": options.locked,
        "--bundle": options.bundle is not None,
        "--offline": options.offline,
        "--upgrade": options.upgrade,
        "--pin": options.pin,
        "--keep-going": options.keep_going,
        "REQUIREMENT": bool(options.requirements),
        "--index-url": bool(sources.index_url),
        "--extra-index-url": bool(sources.extra_index_urls),
        "--find-links": bool(sources.find_links),
    }
    for one, others in _EXCLUDING.items():
        for other in others:
            if given[one] and given[other]:
                raise UsageError(f"`{one}` and `{other}` exclude each other")


def _say(talk: Talk, result: InstallResult, *, dry_run: bool) -> None:
    if dry_run:
        _say_plan(talk, result)
        return
    for each in result.plan:
        if each.requested:
            talk.say(f"{_DONE[each.action]} {each.name} {each.new}", color="green")
    needed = [each for each in result.plan if not each.requested]
    if needed:
        what = "1 package" if len(needed) == 1 else f"{len(needed)} packages"
        talk.say(f"installed {what} that others need: {', '.join(each.name for each in needed)}")
    if result.recorded:
        talk.say(f"recorded in plugins.txt: {name_all(result.recorded)}")
    if result.kept:
        talk.say(f"kept in plugins.txt: {name_all(result.kept)}")
    if result.created:
        talk.say(f"new plugins, not enabled yet: {name_all(result.created)}")
    if result.enabled:
        talk.say(f"enabled {name_all(result.enabled)}", color="green")
    if not (result.changed or result.errors):
        talk.say("nothing to do: everything is installed")


def _say_plan(talk: Talk, result: InstallResult) -> None:
    if result.plan and not talk.quiet:
        talk.plan(plan_table(result.plan))
    for each in result.plan:
        if each.requested:
            talk.say(f"would {_WOULD[each.action]} {each.name} {each.new}", color="green")
    if result.recorded:
        talk.say(f"would record in plugins.txt: {name_all(result.recorded)}")
    if result.kept:
        talk.say(f"would keep in plugins.txt: {name_all(result.kept)}")
    if result.created:
        talk.say(f"would create rows, inactive: {name_all(result.created)}")
    if result.enabled:
        talk.say(f"would enable {name_all(result.enabled)}", color="green")
    if not (result.plan or result.recorded or result.kept or result.created or result.enabled):
        talk.say("nothing to do: everything is installed")
