"""`invplug is-enabled SLUG`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.output import Outcome
from inventree_plugins.cli.session import asking, open_session
from inventree_plugins.commands.predicates import is_enabled

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def ask(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The plugin.", autocompletion=complete_slug)],
) -> Outcome:
    """Exit 0 when the plugin is enabled, else 1, and print nothing.

    A mandatory plugin is always enabled. Only the database is asked, so it works with the server down.
    """
    with asking():
        answer = is_enabled(open_session(ctx), slug)
    return Outcome(data={"slug": slug, "enabled": answer}, exit_code=0 if answer else 1)
