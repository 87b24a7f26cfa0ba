"""`invplug reload`: make running server processes reload their plugins (SPEC §3)."""

import os
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.errors import ReloadError
from inventree_plugins.models import Problem
from inventree_plugins.version_gate import release_of
from inventree_plugins.vocabulary import REGISTRY_HASH

__all__ = ["reload_plugins", "require_server_that_looks"]

# Servers before do not look at the hash.
FIRST_VERSION = (0, 13)


def reload_plugins(context: Context) -> tuple[Problem, ...]:
    """Change the registry hash in the store, which every server process compares with its own.

    Each one then reloads its plugins and writes the true hash back. Returns how that can go unnoticed.
    Raises ReloadError where no server would look.
    """
    require_server_that_looks(context)
    instance = context.instance
    if instance.standalone and not Path(instance.require_database().name).exists():
        raise ReloadError(
            "this standalone instance has no store yet, so no server has booted from it",
            hint="name the server with `--server DIR` or `--config FILE`",
        )
    with context.open_store().writing() as writer:
        # Never a computed hash: one that is true would reload nothing.
        writer.set_global_value(REGISTRY_HASH, f"invplug-{os.urandom(8).hex()}")
    # Hosts, which a standalone instance may have, write nothing back: each of them notices.
    return () if instance.standalone else (_how_it_fails(),)


def require_server_that_looks(context: Context) -> None:
    """Raise ReloadError where no server would look at the registry hash."""
    version = context.instance.server_version.value
    release = release_of(version)
    if release is not None and release < FIRST_VERSION:
        raise ReloadError(
            f"InvenTree {version} cannot be asked to reload its plugins: servers before 0.13 do not look",
            hint="restart it",
        )


def _how_it_fails() -> Problem:
    return Problem(
        "reload-may-go-unnoticed",
        "a process looks when a request or task next asks for plugins, with a shared cache up to an hour"
        " later; if no plugin was enabled, disabled or upgraded, only the first one that looks reloads",
        hint="restart the server and its worker where that does not do",
    )
