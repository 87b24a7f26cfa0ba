"""`invplug is-installed SLUG`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

from typing import Annotated

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_slug
from inventree_plugins.cli.output import Outcome
from inventree_plugins.cli.session import asking, open_session
from inventree_plugins.commands.predicates import is_installed

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(cls=Command)
def ask(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="SLUG|PACKAGE", help="The plugin, or its package.", autocompletion=complete_slug
        ),
    ],
) -> Outcome:
    """Exit 0 when the plugin is installed for the server's Python, else 1, and print nothing."""
    with asking():
        answer = is_installed(open_session(ctx), name)
    return Outcome(data={"name": name, "installed": answer}, exit_code=0 if answer else 1)
