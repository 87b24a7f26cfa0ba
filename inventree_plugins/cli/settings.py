"""`invplug settings list|get|set|unset SLUG …`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import sys
from typing import Annotated, Any

import typer

from inventree_plugins.cli.app import Command, Group
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, printable
from inventree_plugins.cli.reload import RELOAD, with_reload
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.settings import (
    SetOptions,
    SettingChange,
    SettingsResult,
    SettingState,
    get_setting,
    list_settings,
    set_setting,
    unset_setting,
)
from inventree_plugins.errors import UsageError

app = typer.Typer(add_completion=False, cls=Group, rich_markup_mode="markdown")

MASK = "********"

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The plugin.", autocompletion=complete_slug)]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The setting's name, in any case.")]
Reveal = Annotated[bool, flag("--reveal", text="Show protected values too.")]
DryRun = Annotated[bool, flag("--dry-run", text="Say what would happen and change nothing.")]


@app.callback()
def settings() -> None:
    """Read and change the settings of a plugin, with the server up or down."""


@app.command("list", cls=Command)
def show_all(ctx: typer.Context, slug: Slug, *, reveal: Reveal = False) -> Outcome:
    """List every setting that a plugin defines or the store has, with its value and where that is from.

    The values of protected settings are masked, and of those that the plugin does not define.
    """
    result = list_settings(open_session(ctx), slug)
    return Outcome(
        data={"settings": [_row(state, reveal=reveal) for state in result.settings]},
        text=lambda talk: _print(talk, result, reveal=reveal),
        reveal=reveal,
        warnings=result.problems,
    )


@app.command(cls=Command)
def get(ctx: typer.Context, slug: Slug, key: Key, *, reveal: Reveal = False) -> Outcome:
    """Print the value of one setting; a protected one is masked unless --reveal."""
    state = get_setting(open_session(ctx), slug, key)
    return Outcome(
        data={"setting": _row(state, reveal=reveal)},
        text=lambda talk: talk.data(_shown(state.value, state, reveal=reveal), reveal=reveal),
        reveal=reveal,
    )


# Words too many come to the function, as Click's own message would repeat them: they may be half a secret.
@app.command("set", cls=Command, context_settings={"allow_extra_args": True})
def store(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    slug: Slug,
    key: Key,
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="The value; one with a dash comes after `--`.")
    ] = None,
    *,
    stdin: Annotated[bool, flag("--stdin", text="Read the value from standard input.")] = False,
    force: Annotated[bool, flag("--force", text="Also what the plugin does not define.")] = False,
    reload: RELOAD = False,
    dry_run: DryRun = False,
) -> Outcome:
    """Store a setting, after the checks that the server would make.

    Give a secret with --stdin: other users of the machine can see command lines.
    """
    if ctx.args:
        raise UsageError("there is more than one value", hint="put one with spaces in quotes")
    options = SetOptions(slug, key, _value(value, stdin=stdin), force=force, dry_run=dry_run)
    session = open_session(ctx, reload=reload)
    result = set_setting(session, options)
    did = f"{'would set' if dry_run else 'set'} `{result.setting.key}` of `{slug}`"
    same = f"`{result.setting.key}` of `{slug}` has that value already"
    return with_reload(session, _change(result, did, same, dry_run=dry_run), wanted=reload)


@app.command(cls=Command)
def unset(
    ctx: typer.Context, slug: Slug, key: Key, *, reload: RELOAD = False, dry_run: DryRun = False
) -> Outcome:
    """Delete a stored setting, so that the plugin's default holds again."""
    session = open_session(ctx, reload=reload)
    result = unset_setting(session, SetOptions(slug, key, dry_run=dry_run))
    did = f"{'would unset' if dry_run else 'unset'} `{result.setting.key}` of `{slug}`"
    same = f"`{result.setting.key}` of `{slug}` is not stored"
    return with_reload(session, _change(result, did, same, dry_run=dry_run), wanted=reload)


def _value(value: str | None, *, stdin: bool) -> str:
    if stdin and value is not None:
        raise UsageError("`--stdin` and a value exclude each other")
    if not stdin:
        if value is None:
            raise UsageError("the value is missing", hint="name it after the key, or pass `--stdin`")
        return value
    try:
        # As bytes: a text stream would turn each line's `\r\n` into `\n`.
        text = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("what standard input holds is not UTF-8 text") from None
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")


def _change(result: SettingChange, did: str, same: str, *, dry_run: bool) -> Outcome:
    return Outcome(
        data={"setting": _row(result.setting, reveal=False)},
        text=lambda talk: talk.say(did, color="green") if result.changed else talk.say(same),
        changed=result.changed and not dry_run,
        dry_run=dry_run,
        warnings=result.problems,
    )


def _row(state: SettingState, *, reveal: bool) -> dict[str, Any]:
    definition = state.definition
    return {
        "key": state.key,
        "value": _masked(state.value, state, reveal=reveal),
        "masked": _is_masked(state.value, state, reveal=reveal),
        "origin": state.origin,
        "override": state.override.origin if state.override else None,
        "stored": state.stored is not None,
        "defined": definition is not None,
        "default": _masked(state.default, state, reveal=reveal),
        "name": definition.name if definition else None,
        "description": definition.description if definition else None,
        "units": definition.units if definition else None,
        "protected": state.is_protected if definition else None,
        "required": definition.required if definition else None,
        "missing": state.is_missing,
        "validators": list(definition.validators) if definition else [],
        "choices": None
        if definition is None or definition.choices is None
        else [{"value": value, "label": label} for value, label in definition.choices],
        "unknown": dict(definition.unknown) if definition else {},
    }


def _is_masked(value: object, state: SettingState, *, reveal: bool) -> bool:
    return state.is_protected and not reveal and value not in (None, "")


def _masked(value: object, state: SettingState, *, reveal: bool) -> object:
    """Return a value of the setting, or what stands for a secret."""
    return MASK if _is_masked(value, state, reveal=reveal) else value


def _shown(value: object, state: SettingState, *, reveal: bool) -> str:
    return "" if value is None else str(_masked(value, state, reveal=reveal))


def _print(talk: Talk, result: SettingsResult, *, reveal: bool) -> None:
    if not result.settings:
        talk.say(f"`{result.slug}` has no settings")
        return
    from rich.markup import escape  # noqa: PLC0415 - not under --json
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Key", style="cyan", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("Origin", style="dim", no_wrap=True)
    table.add_column("Default", overflow="fold")
    table.add_column("Description", style="dim", overflow="fold")
    for state in result.settings:
        shown, default = (
            escape(printable(text, reveal=reveal))
            for text in (_value_cell(state, reveal=reveal), _default_cell(state, reveal=reveal))
        )
        table.add_row(
            escape(printable(state.key)),
            f"[red]missing[/red] {shown}" if state.is_missing else shown,
            state.origin,
            default,
            escape(printable(_description(state))),
        )
    talk.table(table)


def _value_cell(state: SettingState, *, reveal: bool) -> str:
    if state.origin == "default":
        return _default_cell(state, reveal=reveal)
    return _shown(state.value, state, reveal=reveal) or "-"


def _default_cell(state: SettingState, *, reveal: bool) -> str:
    return "unknown" if state.is_default_unknown else _shown(state.default, state, reveal=reveal) or "-"


def _description(state: SettingState) -> str:
    if state.definition is None:
        return "not defined by the plugin"
    text = state.definition.description or state.definition.name or ""
    return f"{text} [{state.definition.units}]" if state.definition.units else text
