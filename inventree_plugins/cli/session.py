"""Open the context that a subcommand works in, from its global options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from inventree_plugins.commands.context import (
    DEFAULT_LOCK_TIMEOUT,
    INSTALLERS,
    NOBODY,
    Context,
    InstanceOptions,
    Listener,
    open_context,
)
from inventree_plugins.errors import InvplugError, UsageError

if TYPE_CHECKING:
    from inventree_plugins.cli.options import GlobalOptions

__all__ = ["asking", "open_session"]


def open_session(
    context: typer.Context,
    listener: Listener = NOBODY,
    *,
    reload: bool = False,
    installer: str | None = None,
) -> Context:
    """Resolve the instance that the global options, the environment and the directory mean.

    Raises ReloadError where a `reload` after the change could not be asked for.
    """
    options: GlobalOptions = context.obj.options
    timeout = DEFAULT_LOCK_TIMEOUT if options.lock_timeout is None else options.lock_timeout
    session = open_context(
        InstanceOptions(
            config=options.config,
            server=options.server,
            python=options.python,
            plugins_file=options.plugins_file,
            plugin_dirs=options.plugin_dir,
            database=options.database,
            from_environment=frozenset(context.obj.from_environment),
        ),
        environ=os.environ,
        lock_timeout=timeout,
        use_cache=not options.no_cache,
        listener=listener,
    )
    if installer is not None and installer not in INSTALLERS:
        raise UsageError(f"`--installer` takes `auto`, `pip` or `uv`, not `{installer}`")
    session.requested_installer = installer or os.environ.get("INVPLUG_INSTALLER") or INSTALLERS[0]
    if reload:
        from inventree_plugins.commands.reload import require_server_that_looks  # noqa: PLC0415 - rare

        require_server_that_looks(session)
    return session


@contextmanager
def asking() -> Iterator[None]:
    """Keep the errors of a predicate apart from its answers: 1 says no."""
    try:
        yield
    except InvplugError as error:
        if error.exit_code == 1:
            error.exit_code = 2
        raise
