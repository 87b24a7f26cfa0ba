"""What a server imports: plugins booted from the store that invplug edits, and asked."""

from __future__ import annotations

from inventree_plugins.host.host import NoSuchActionError, PluginHost
from inventree_plugins.host.interface import (
    Failure,
    HostOptions,
    Link,
    NavigationTab,
    Run,
    Task,
)

__all__ = [
    "Failure",
    "HostOptions",
    "Link",
    "NavigationTab",
    "NoSuchActionError",
    "PluginHost",
    "Run",
    "Task",
]
