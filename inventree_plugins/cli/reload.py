"""`invplug reload`, and the option `--reload` of what changes something."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import TYPE_CHECKING, Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome
from inventree_plugins.cli.session import open_session
from inventree_plugins.errors import InvplugError

if TYPE_CHECKING:
    from inventree_plugins.commands.context import Context

__all__ = ["RELOAD", "with_reload"]

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

RELOAD = Annotated[bool, flag("--reload", text="Make running server processes reload their plugins.")]


@app.command(cls=Command)
def reload(ctx: typer.Context) -> Outcome:
    """Make running server processes reload their plugins, without a restart.

    Each process notices when it serves its next request.
    """
    from inventree_plugins.commands.reload import reload_plugins  # noqa: PLC0415 - as below

    how_it_fails = reload_plugins(open_session(ctx))
    return Outcome(
        data={"reload_requested": True},
        text=lambda talk: talk.say("asked the server to reload its plugins", color="green"),
        changed=True,
        warnings=how_it_fails,
    )


def with_reload(session: "Context", outcome: Outcome, *, wanted: bool) -> Outcome:
    """Ask for a reload after a change, where that is wanted, and add to the outcome how it went."""
    if not wanted:
        return outcome
    data = {**outcome.data, "reload_requested": False}
    if not outcome.changed:
        return outcome._replace(data=data)
    from inventree_plugins.commands.reload import reload_plugins  # noqa: PLC0415 - only where it is wanted

    try:
        how_it_fails = reload_plugins(session)
    except InvplugError as error:
        # What was changed before stays changed, and is told.
        errors = (*outcome.errors, error)
        return outcome._replace(data=data, errors=errors, exit_code=outcome.exit_code or 1)
    others = tuple(step for step in outcome.next_steps if step.code != "restart")
    return outcome._replace(
        data={**data, "reload_requested": True},
        warnings=(*outcome.warnings, *how_it_fails),
        next_steps=others,
    )
