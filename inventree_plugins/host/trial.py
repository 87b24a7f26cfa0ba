"""A host for trying plugins: a store of its own, every switch on, and nothing that lies around is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inventree_plugins.host.host import PluginHost
from inventree_plugins.host.interface import Failure, HostOptions
from inventree_plugins.instance import STANDALONE_ORIGIN, Instance, Mandatory
from inventree_plugins.models import Database, Setting
from inventree_plugins.switches import ALL_SWITCHES

__all__ = ["open_trial", "try_plugin"]


def open_trial(directory: Path, plugins: Sequence[type | str]) -> PluginHost:
    """Return a booted host whose store lies in `directory`; it knows `plugins`, and none is enabled.

    What is added to `plugins` later, the next reload finds. Errors keep their frames.
    """
    host = PluginHost(_instance(directory), HostOptions(plugins=plugins, debug=False, keep_frames=True))
    with host.store.writing() as writer:
        for name in ALL_SWITCHES:
            writer.set_global_value(name, "True")
    return host.boot()


def try_plugin(plugin: type, directory: Path) -> Failure | None:
    """Load a plugin class and activate its mixins; return what fails first, None where nothing does."""
    with open_trial(directory, [plugin]) as host:
        with host.store.writing() as writer:
            writer.set_active(host.inactive, True)
        if not host.failures:
            host.reload()
        return next(iter(host.failures), None)


def _instance(directory: Path) -> Instance:
    directory.mkdir(parents=True, exist_ok=True)
    store = Database("sqlite3", str(directory / "store.sqlite3"), standalone=True)
    nothing: Setting[Any] = Setting(None, STANDALONE_ORIGIN)
    off, empty = Setting(False, STANDALONE_ORIGIN), Setting[Mapping[str, Any]]({}, STANDALONE_ORIGIN)
    none: Setting[Any] = Setting((), STANDALONE_ORIGIN)
    return Instance(
        directory=directory,
        standalone=True,
        config_file=nothing,
        source_root=nothing,
        server_version=nothing,
        python=nothing,
        database=Setting(store, STANDALONE_ORIGIN),
        plugins_enabled=off,
        plugins_file=Setting(directory / "plugins.txt", STANDALONE_ORIGIN),
        plugin_dirs=none,
        plugin_noinstall=off,
        plugins_mandatory=none,
        plugin_settings=empty,
        global_settings=empty,
        debug=off,
        static_root=nothing,
        mandatory=Mandatory(),
        environment={},
        database_origins={},
    )
