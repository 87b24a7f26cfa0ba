"""A host for trying plugins: a store of its own, every switch on, and nothing that lies around is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inventree_plugins.host.host import PluginHost
from inventree_plugins.host.interface import Failure, HostOptions
from inventree_plugins.instance import (
    STANDALONE_ORIGIN,
    Instance,
    InstanceOptions,
    Mandatory,
    resolve_instance,
)
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
    found = resolve_instance(InstanceOptions(), directory=directory, environ={})
    store = Database("sqlite3", str(directory / "store.sqlite3"), standalone=True)
    return found._replace(
        standalone=True,
        config_file=Setting(None, STANDALONE_ORIGIN),
        source_root=Setting(None, STANDALONE_ORIGIN),
        server_version=Setting(None, STANDALONE_ORIGIN),
        database=Setting(store, STANDALONE_ORIGIN),
        plugins_enabled=Setting(False, STANDALONE_ORIGIN),
        plugins_mandatory=Setting((), STANDALONE_ORIGIN),
        plugin_settings=Setting({}, STANDALONE_ORIGIN),
        global_settings=Setting({}, STANDALONE_ORIGIN),
        plugin_dirs=Setting((), STANDALONE_ORIGIN),
        mandatory=Mandatory(),
    )
