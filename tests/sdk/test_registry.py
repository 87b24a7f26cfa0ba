"""The registry that old code asks: what it answers with a server and without one."""

from __future__ import annotations

from inventree_plugins.sdk import InvenTreePlugin, SettingsMixin
from inventree_plugins.sdk.server import registry, serving


class Demo(SettingsMixin, InvenTreePlugin):
    NAME = "Demo"
    SETTINGS = {"A": {"default": 1}}

    def add(self, one, two):
        return one + two


class Small:
    """A server that has no more than it must."""

    def __init__(self):
        self.plugins = {"demo": Demo()}

    def with_mixin(self, key):
        return tuple(each for each in self.plugins.values() if each.mixin(key))

    def trigger(self, event, *args, **kwargs):
        pass


class Full(Small):
    def __init__(self):
        super().__init__()
        self.inactive = {"idle": Demo}
        self.reloads = 0

    def reload(self):
        self.reloads += 1


def test_without_a_server_there_is_nothing():
    assert not registry.is_ready
    assert (registry.plugins, registry.plugins_inactive, registry.plugins_full) == ({}, {}, {})
    assert (registry.errors, registry.mixins_settings) == ({}, {})
    assert registry.get_plugin_config("demo") is None
    assert registry.call_function("demo", "add", 1, 2) is None
    registry.reload_plugins(full_reload=True, force_reload=True, collect=True)


def test_a_server_is_asked():
    server = Full()
    with serving(server):
        assert registry.is_ready
        assert list(registry.plugins_inactive) == ["idle"]
        assert sorted(registry.plugins_full) == ["demo", "idle"]
        assert registry.mixins_settings == {"demo": {"A": {"default": 1}}}
        assert registry.get_plugin_config("demo", "Demo") is None
        assert registry.call_function("demo", "add", 1, two=2) == 3
        assert registry.call_plugin_function("demo", "add", 1, 2) == 3
        registry.reload_plugins(full_reload=True)
    assert server.reloads == 1
    assert not registry.is_ready
