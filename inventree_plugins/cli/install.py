"""`invplug install [REQUIREMENT…]`."""

from __future__ import annotations

from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.enable import name_all
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk
from inventree_plugins.cli.progress import installer_progress
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.rows import plugin_row
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.install import InstallOptions, InstallResult, install

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
    reload: RELOAD = False,
    dry_run: Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")] = False,
) -> Outcome:
    """Install plugin packages; without arguments all that plugins.txt declares.

    Named packages are recorded in plugins.txt. The plugins found get their rows, inactive unless --enable.
    Nothing is started when everything is there already.
    """
    options = InstallOptions(tuple(requirements or ()), enable=enable, upgrade=upgrade, dry_run=dry_run)
    with installer_progress(ctx.obj, "installing") as listener:
        session = open_session(ctx, listener, reload=reload)
        result = install(session, options)
    outcome = Outcome(
        data={
            "installed": [{"name": package.name, "version": package.version} for package in result.installed],
            "satisfied": list(result.satisfied),
            "recorded": list(result.recorded),
            "created": list(result.created),
            "enabled": list(result.enabled),
            "plugins": [plugin_row(entry) for entry in result.entries],
        },
        text=lambda talk: _say(talk, result, dry_run=dry_run),
        changed=result.changed,
        dry_run=dry_run,
        next_steps=result.next_steps,
        warnings=result.problems,
        errors=(result.error,) if result.error else (),
        exit_code=result.error.exit_code if result.error else 0,
    )
    return with_reload(session, outcome, wanted=reload)


def _say(talk: Talk, result: InstallResult, *, dry_run: bool) -> None:
    packages = [f"{package.name} {package.version}" for package in result.installed]
    if dry_run:
        _say_plan(talk, result, packages)
        return
    for package in packages:
        talk.say(f"installed {package}", color="green")
    if result.recorded:
        talk.say(f"recorded in plugins.txt: {name_all(result.recorded)}")
    if result.created:
        talk.say(f"new plugins, not enabled yet: {name_all(result.created)}")
    if result.enabled:
        talk.say(f"enabled {name_all(result.enabled)}", color="green")
    if not result.changed:
        talk.say("nothing to do: everything is installed")


def _say_plan(talk: Talk, result: InstallResult, packages: list[str]) -> None:
    for package in packages:
        talk.say(f"would install {package}", color="green")
    if result.recorded:
        talk.say(f"would record in plugins.txt: {name_all(result.recorded)}")
    if result.created:
        talk.say(f"would create rows, inactive: {name_all(result.created)}")
    if result.enabled:
        talk.say(f"would enable {name_all(result.enabled)}", color="green")
    if not (packages or result.recorded or result.created or result.enabled):
        talk.say("nothing to do: everything is installed")
