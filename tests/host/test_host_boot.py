"""Booting: what is collected, what becomes active, and what the store says afterwards."""

from __future__ import annotations

import sys
from contextlib import suppress

import pytest
import yaml

from inventree_plugins.errors import ConfigurationError, DatabaseError
from inventree_plugins.host import PluginHost
from inventree_plugins.sdk import ActionMixin, InvenTreePlugin
from tests.host.conftest import failures_of, plugin_text


def test_nothing_is_imported_before_the_boot(world):
    world.plugin("Demo")
    host = world.host()
    assert not host.plugins
    assert not any(name.startswith("plugins.") for name in sys.modules)


def test_a_new_plugin_gets_an_inactive_row(world):
    world.plugin("Demo")
    host = world.host().boot()
    assert world.rows() == {"demo": False}
    assert not host.plugins
    assert [cls.NAME for cls in host.inactive.values()] == ["Demo"]


def test_a_second_boot_changes_no_row(world):
    world.plugin("Demo")
    world.boot("demo")
    world.host().boot()
    assert world.rows() == {"demo": True}


def test_an_active_row_makes_a_plugin_active(world):
    world.plugin("Demo")
    world.plugin("Other")
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]
    assert list(host.inactive) == ["other"]
    assert host.get("demo") is host.plugins["demo"]
    assert host.get("other") is None
    assert host.get("demo").is_active()


def test_the_row_has_the_plugins_name_and_package(world):
    world.package("demo-dist", plugin_text("Demo"), attr="DemoPlugin")
    world.host().boot()
    with world.store.reading() as reader:
        row = reader.row("demo")
    assert (row.name, row.package_name, row.active) == ("Demo", "demo-dist", False)


def test_invplug_enable_is_enough(world, invplug):
    world.plugin("Demo")
    assert invplug("enable", "demo") == 0
    assert list(world.host().boot().plugins) == ["demo"]


def test_an_empty_folder_boots(world):
    host = world.host().boot()
    assert (dict(host.plugins), dict(host.inactive), host.failures) == ({}, {}, ())


def test_from_config_without_a_path_is_the_instance_of_the_working_directory(world):
    world.plugin("Demo")
    world.activate("demo")
    with PluginHost.from_config() as host:
        assert list(host.boot().plugins) == ["demo"]


def config(world, **values):
    database = {"engine": "sqlite3", "name": str(world.folder / ".invplug" / "store.sqlite3")}
    world.activate()  # so that there is a store
    return world.write("config.yaml", yaml.safe_dump({"database": database, **values}))


def test_from_config_reads_the_named_file(world):
    world.plugin("Demo")
    world.activate("demo")
    path = config(world, plugins_enabled=True, plugin_dir=str(world.plugins))
    with PluginHost.from_config(path) as host:
        assert list(host.boot().plugins) == ["demo"]


def test_a_configuration_without_a_database_is_refused(world):
    path = world.write("config.yaml", "plugins_enabled: true\n")
    with pytest.raises(ConfigurationError):
        PluginHost.from_config(path)


def test_a_configured_database_that_is_missing_is_an_error(world):
    path = world.write("config.yaml", "database: {engine: sqlite3, name: nowhere.sqlite3}\n")
    host = PluginHost.from_config(path)
    with pytest.raises(DatabaseError):
        host.boot()
    assert not (world.folder / "nowhere.sqlite3").exists()


def builtin_package(world, name):
    (world.site / "own_builtins").mkdir()
    world.site.joinpath("own_builtins", "__init__.py").write_text("")
    world.site.joinpath("own_builtins", "one.py").write_text(plugin_text(name))


def test_builtins_may_be_a_single_module(world):
    world.site.joinpath("own_module.py").write_text(plugin_text("Own"))
    assert list(world.boot("own", builtins=("own_module",)).plugins) == ["own"]


def test_without_plugin_support_only_builtins_are_collected(world):
    world.plugin("Demo")
    world.package("packed", plugin_text("Packed"), attr="PackedPlugin")
    builtin_package(world, "Own")
    path = config(world, plugin_dir=str(world.plugins))
    world.activate("demo", "packed", "own")
    host = world.host(path, builtins=("own_builtins",)).boot()
    assert list(host.plugins) == ["own"]
    assert not host.inactive
    assert host.failures == ()


def test_builtins_come_first_then_directories_then_packages(world):
    world.plugin("Second")
    world.package("third", plugin_text("Third"), attr="ThirdPlugin")
    builtin_package(world, "First")
    host = world.boot("first", "second", "third", builtins=("own_builtins",))
    assert list(host.plugins) == ["first", "second", "third"]


def test_a_class_given_by_the_server_is_hosted(world):
    class Given(ActionMixin, InvenTreePlugin):
        NAME = "Given"

    host = world.boot("given", plugins=(Given,))
    assert isinstance(host.get("given"), Given)


def test_a_class_given_by_name_is_hosted(world):
    world.site.joinpath("brought.py").write_text(plugin_text("Brought"))
    assert list(world.boot("brought", plugins=("brought:BroughtPlugin",)).plugins) == ["brought"]


def test_a_given_name_that_leads_nowhere_is_told(world):
    world.plugin("Demo")
    host = world.boot("demo", plugins=("nowhere_at_all:Class", "json:NoSuch", "json:JSONDecoder"))
    assert list(host.plugins) == ["demo"]
    kinds = [(phase, kind) for _, phase, kind in failures_of(host)]
    assert kinds == [("import", "ModuleNotFoundError"), ("import", "AttributeError"), ("import", "TypeError")]


def test_a_builtin_package_that_does_not_import_is_told(world):
    world.plugin("Demo")
    host = world.boot("demo", builtins=("nowhere_at_all",))
    assert list(host.plugins) == ["demo"]
    assert failures_of(host) == [(None, "import", "ModuleNotFoundError")]


def test_mandatory_plugins_of_the_configuration_are_active_whatever_the_row_says(world):
    world.plugin("Demo")
    world.plugin("Other")
    path = config(world, plugins_enabled=True, plugin_dir=str(world.plugins), plugins_mandatory=["demo"])
    host = world.host(path).boot()
    assert list(host.plugins) == ["demo"]
    assert world.rows() == {"demo": False, "other": False}


@pytest.mark.parametrize(
    ("bounds", "version", "works"),
    [
        ("MIN_VERSION = '1.0.0'", "1.5.0", True),
        ("MIN_VERSION = '1.6.0'", "1.5.9", False),
        ("MAX_VERSION = '1.4.9'", "1.5.0", False),
        ("MAX_VERSION = '1.5.0'", "1.5.0", True),
        ("MAX_VERSION = '1.5'", "1.5.0", False),
        ("MIN_VERSION = '9.9'", "1.5.0", True),
        ("MIN_VERSION = '1.6.0'", None, True),
        ("MAX_VERSION = '1.5'", None, False),
        ("MIN_VERSION = 1.5", "1.5.0", True),
        ("MIN_VERSION = property()", "1.5.0", True),
    ],
)
def test_the_version_gate_works_in_memory_only(world, bounds, version, works):
    world.plugin("Demo", body=bounds)
    host = world.boot("demo", version=version)
    assert (list(host.plugins) == ["demo"]) is works
    assert world.rows() == {"demo": True}
    assert failures_of(host) == ([] if works else [("demo", "version", "PluginError")])
    assert list(host.inactive) == ([] if works else ["demo"])


def test_a_gate_that_closes_does_not_construct(world):
    world.plugin("Demo", body="MIN_VERSION = '9.0.0'\ndef __init__(self): raise SystemExit")
    assert failures_of(world.boot("demo", version="1.5.0")) == [("demo", "version", "PluginError")]


def test_gated_mandatory_plugins_are_inactive(world):
    world.plugin("Demo", body="MIN_VERSION = '9.0.0'")
    path = config(world, plugins_enabled=True, plugin_dir=str(world.plugins), plugins_mandatory=["demo"])
    assert not world.host(path, version="1.5.0").boot().plugins


def samples_of(host):
    return [
        slug for slug, cls in host.inactive.items() if cls.__module__.startswith("inventree_plugins.samples")
    ]


def test_samples_are_collected_in_debug_only(world):
    pytest.importorskip("inventree_plugins.samples", exc_type=ImportError)
    assert samples_of(world.host(debug=True).boot())
    assert not samples_of(world.host(debug=False).boot())
    assert not samples_of(world.host().boot())


def test_debug_of_the_configuration_adds_samples(world):
    pytest.importorskip("inventree_plugins.samples", exc_type=ImportError)
    world.environ["INVENTREE_DEBUG"] = "1"
    assert samples_of(world.host().boot())


def test_a_constructor_may_read_a_setting(world):
    body = "SETTINGS = {'SIZE': {'validator': int, 'default': 1}}\n"
    body += "def __init__(self):\n    super().__init__()\n    self.size = self.get_setting('SIZE')"
    world.plugin("Demo", "SettingsMixin", body=body)
    world.activate("demo")
    world.set_setting("demo", "SIZE", "7")
    assert world.boot("demo").get("demo").size == 7


def test_mixins_are_activated_in_a_fixed_order_whatever_the_order_of_bases(world):
    body = """
    import builtins
    SETTINGS = {"A": {}}
    SCHEDULED_TASKS = {"a": {"func": "run", "schedule": "D"}}
    NAVIGATION = [{"name": "a", "link": "b"}]
    order = []

    @property
    def settings(self):
        self.order.append("settings")
        return self.SETTINGS

    def get_scheduled_tasks(self):
        self.order.append("schedule")
        return self.SCHEDULED_TASKS

    @property
    def has_urls(self):
        self.order.append("urls")
        return False

    @property
    def has_navigation(self):
        self.order.append("navigation")
        return True
    """
    world.plugin("Demo", "NavigationMixin", "UrlsMixin", "ScheduleMixin", "SettingsMixin", body=body)
    host = world.boot("demo")
    assert host.failures == ()
    assert list(dict.fromkeys(host.get("demo").order)) == ["settings", "schedule", "urls", "navigation"]


def test_order_within_one_mixin_is_that_of_all_plugins(world):
    """Every plugin has its settings before any plugin has its schedule."""
    world.write("plugins/shared_order.py", "SEEN = []")
    body = """
    from plugins.shared_order import SEEN
    SETTINGS = {"A": {}}
    SCHEDULED_TASKS = {"a": {"func": "run", "schedule": "D"}}

    @property
    def settings(self):
        self.SEEN.append("settings")
        return self.SETTINGS

    def get_scheduled_tasks(self):
        self.SEEN.append("schedule")
        return self.SCHEDULED_TASKS
    """
    for name in ("One", "Two"):
        world.plugin(name, "ScheduleMixin", "SettingsMixin", body=body)
    host = world.boot("one", "two")
    seen = host.get("one").SEEN
    assert seen.index("schedule") == 2
    assert "settings" not in seen[2:]


def test_with_mixin_returns_the_active_ones_that_have_it(world):
    world.plugin("Scanner", "BarcodeMixin")
    world.plugin("Actor", "ActionMixin")
    world.plugin("Asleep", "ActionMixin")
    host = world.boot("scanner", "actor")
    assert [each.slug for each in host.with_mixin("action")] == ["actor"]
    assert [each.slug for each in host.with_mixin("barcode")] == ["scanner"]
    assert host.with_mixin("no such mixin") == ()


def test_mappings_given_out_do_not_change_the_host(world):
    world.plugin("Demo")
    host = world.boot("demo")
    for mapping in (host.plugins, host.inactive):
        with suppress(AttributeError, TypeError):
            mapping.clear()
    assert list(host.plugins) == ["demo"]
