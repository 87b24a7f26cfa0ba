"""What the shell offers: slugs from the store."""

from __future__ import annotations

import os
from typing import Any

from inventree_plugins.cli.options import Invocation
from inventree_plugins.errors import InvplugError

__all__ = ["complete_installer", "complete_rule", "complete_slug", "complete_source"]


def complete_slug(ctx: Any, incomplete: str) -> list[str]:
    """Return the slugs in the store that start with `incomplete`; none when it cannot be read."""
    from inventree_plugins.commands.context import InstanceOptions, open_context  # noqa: PLC0415

    invocation = Invocation(json=False)
    invocation.take(ctx.find_root().params)
    invocation.take(ctx.params)
    options = invocation.options
    wanted = InstanceOptions(config=options.config, server=options.server, database=options.database)
    try:
        with open_context(wanted, environ=os.environ).open_store().reading() as reader:
            return [row.key for row in reader.rows() if row.key.startswith(incomplete)]
    except InvplugError:
        # A shell that completes must not print errors.
        return []


def complete_source(incomplete: str) -> list[str]:
    """Return the kinds of source that start with `incomplete`."""
    return [kind for kind in ("builtin", "sample", "directory", "package") if kind.startswith(incomplete)]


def complete_installer(incomplete: str) -> list[str]:
    """Return the installers that start with `incomplete`."""
    from inventree_plugins.commands.context import INSTALLERS  # noqa: PLC0415 - few complete it

    return [name for name in INSTALLERS if name.startswith(incomplete)]


def complete_rule(incomplete: str) -> list[str]:
    """Return the codes of rules that start with `incomplete`."""
    from inventree_plugins.commands.validate import all_rules  # noqa: PLC0415 - few complete it

    return [rule.code for rule in all_rules() if rule.code.startswith(incomplete)]
