"""Which lines of plugins.txt are for the target."""

from __future__ import annotations

from inventree_plugins.commands.context import Context
from inventree_plugins.packages import applying
from inventree_plugins.requirements import Applies

__all__ = ["for_target"]


def for_target(context: Context) -> Applies:
    """Return the judge of which lines of plugins.txt are for the target, by their markers."""
    return lambda item: bool(applying((item,), context.interpreter))
