"""A server that installs plugins itself when it starts: the second writer of its environment."""

from __future__ import annotations

from collections.abc import Iterator

from inventree_plugins.commands.context import Context
from inventree_plugins.models import Problem
from inventree_plugins.store import Reader
from inventree_plugins.switches import is_true
from inventree_plugins.version_gate import release_of

__all__ = ["HINT", "MESSAGE", "installs_at_start", "second_writer"]

MESSAGE = "web and worker run pip on plugins.txt at each start (PLUGIN_ON_STARTUP)"
HINT = "turn that setting off and let invplug install; where it must be on, pin what is in plugins.txt"

_SETTING = "PLUGIN_ON_STARTUP"
# Before, the setting was off in containers too.
_CONTAINERS_INSTALL_SINCE = (0, 13)


def installs_at_start(context: Context, reader: Reader) -> bool:
    """Tell whether the server runs pip on plugins.txt when it starts, as containers do (SPEC §4)."""
    fixed = context.instance.global_settings.value
    if _SETTING in fixed:
        return bool(fixed[_SETTING])
    stored = reader.global_values([_SETTING]).get(_SETTING)
    return _installs_by_default(context) if stored is None else is_true(stored)


def second_writer(context: Context, reader: Reader) -> Iterator[Problem]:
    """Warn where what was installed now may be something else after the server's next start."""
    if installs_at_start(context, reader):
        yield Problem("second-writer", MESSAGE, hint=HINT)


def _installs_by_default(context: Context) -> bool:
    release = release_of(context.instance.server_version.value)
    return context.instance.in_container and (release is None or release >= _CONTAINERS_INSTALL_SINCE)
