"""The one invplug at a time that changes an environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inventree_plugins.commands.context import Context
from inventree_plugins.models import Problem

__all__ = ["changing"]


@contextmanager
def changing(context: Context) -> Iterator[tuple[Problem, ...]]:
    """Hold the environment's lock, with what another invplug left unfinished brought to its end first.

    Yields what there is to say of that. Raises LockTimeoutError and FileAccessError.
    """
    from inventree_plugins.transaction import recover  # noqa: PLC0415 - `doctor` asks for it rarely

    with context.environment_lock():
        if recover(context.transaction_area):
            context.forget_interpreter()  # what was finished may have brought `.pth` files
            yield (Problem("cut-short", "a change that was interrupted was brought to its end first"),)
        else:
            yield ()
