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
from inventree_plugins.host.trial import open_trial, try_plugin

__all__ = [
    "Failure",
    "HostOptions",
    "Link",
    "NavigationTab",
    "NoSuchActionError",
    "PluginHost",
    "Run",
    "Task",
    "open_trial",
    "try_plugin",
]
