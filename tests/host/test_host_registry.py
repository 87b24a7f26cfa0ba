"""`plugin.registry` and `trigger_event` inside plugin code: they reach the host that calls it."""

from __future__ import annotations

import sys

import pytest

from inventree_plugins.host import PluginHost
from inventree_plugins.instance import InstanceOptions, resolve_instance
from inventree_plugins.store import open_store
from tests.host.conftest import finished, plugin_text

ASK = """
def scan(self, barcode_data):
    {imports}
    return registry.get_plugin(barcode_data)
"""
IMPORTS = [
    "from plugin.registry import registry",
    "from plugin import registry",
]


@pytest.mark.parametrize("imports", IMPORTS)
def test_a_lazily_imported_registry_is_this_hosts(world, imports):
    world.plugin("Demo", "BarcodeMixin", body=ASK.format(imports=imports))
    host = world.boot("demo")
    assert host.scan("demo") is host.get("demo")
    assert host.scan("nobody") is None
    assert host.failures == ()


def test_a_registry_imported_by_the_module_is_this_hosts(world):
    world.plugin("Demo", "BarcodeMixin", body=ASK.format(imports="pass"), before=IMPORTS[0])
    host = world.boot("demo")
    assert host.scan("demo") is host.get("demo")


def test_the_registry_knows_plugins_by_mixin(world):
    body = "def scan(self, barcode_data): return [each.slug for each in registry.with_mixin(barcode_data)]"
    world.plugin("Demo", "BarcodeMixin", body=body, before=IMPORTS[0])
    world.plugin("Other", "ActionMixin")
    host = world.boot("demo", "other")
    assert host.scan("action") == ["other"]
    assert host.scan("barcode") == ["demo"]


def test_the_registry_lists_active_plugins_only(world):
    body = "def scan(self, barcode_data): return sorted(registry.plugins)"
    world.plugin("Demo", "BarcodeMixin", body=body, before=IMPORTS[0])
    world.plugin("Asleep")
    assert world.boot("demo").scan("x") == ["demo"]


def test_the_registry_calls_functions_of_other_plugins(world):
    body = (
        "def scan(self, barcode_data): return registry.call_plugin_function('other', 'double', barcode_data)"
    )
    world.plugin("Demo", "BarcodeMixin", body=body, before=IMPORTS[0])
    world.plugin("Other", body="def double(self, text): return text * 2")
    assert world.boot("demo", "other").scan("x") == "xx"


@pytest.mark.parametrize("module", ["plugin.events", "plugin.base.event.events"])
def test_trigger_event_reaches_this_host(world, module):
    body = f"""
    def perform_action(self, user=None, data=None):
        from {module} import trigger_event
        trigger_event("hello", data)
    """
    world.plugin("Demo", "ActionMixin", body=body)
    world.plugin(
        "Other", "EventMixin", body="def process_event(self, event, data): self.seen = (event, data)"
    )
    host = world.boot("demo", "other")
    host.perform_action("Demo", data=5)
    host.close()
    assert host.get("other").seen == ("hello", 5)


def test_tasks_and_events_reach_this_host_too(world):
    body = """
    SCHEDULED_TASKS = {"a": {"func": "work", "schedule": "D"}}

    def work(self):
        from plugin.registry import registry
        self.worked = registry.get_plugin("demo")

    def process_event(self, event):
        from plugin.registry import registry
        self.processed = registry.get_plugin("demo")
    """
    world.plugin("Demo", "ScheduleMixin", "EventMixin", body=body)
    host = world.boot("demo")
    finished(host.run_due_tasks())
    finished(host.trigger("x"))
    plugin = host.get("demo")
    assert host.failures == ()
    assert plugin.worked is plugin
    assert plugin.processed is plugin


def test_a_constructor_may_ask_the_registry(world):
    body = """
    def __init__(self):
        super().__init__()
        from plugin.registry import registry
        self.found = registry.get_plugin("nobody")
    """
    world.plugin("Demo", body=body)
    assert world.boot("demo").get("demo").found is None


def test_no_stand_in_is_left_behind(world):
    world.plugin("Demo", "BarcodeMixin", body=ASK.format(imports=IMPORTS[0]))
    host = world.boot("demo")
    host.scan("demo")
    host.close()
    assert not [name for name in sys.modules if name.partition(".")[0] == "plugin"]
    with pytest.raises(ImportError):
        import plugin  # noqa: F401


@pytest.fixture
def two(world, tmp_path):
    """Two standalone instances in one process; both directories are called `plugins`."""
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "plugins").mkdir(parents=True)
        body = f"WHO = {name!r}\n{ASK.format(imports=IMPORTS[0])}\n"
        body += "def process_event(self, event): self.seen = event"
        text = plugin_text("Demo", "BarcodeMixin", "EventMixin", body=body)
        (folder / "plugins" / "demo.py").write_text(text)
        (folder / "plugins" / f"only_{name}.py").write_text(plugin_text(f"Only{name}"))
        instance = resolve_instance(InstanceOptions(), directory=folder, environ={})
        host = PluginHost(instance)
        world.hosts.append(host)
        host.boot()
        with open_store(instance.require_database(), timeout=10.0).writing() as writer:
            writer.set_active(["demo"], True)
            writer.set_global_value("ENABLE_PLUGINS_EVENTS", "True")
        host.reload()
        made.append(host)
    return made


def test_two_hosts_have_their_own_plugins(two):
    assert [host.get("demo").WHO for host in two] == ["one", "two"]
    assert [list(host.inactive) for host in two] == [["onlyone"], ["onlytwo"]]
    assert [host.failures for host in two] == [(), ()]


def test_each_host_is_found_by_the_plugins_that_it_calls(two):
    for host in two:
        assert host.scan("demo") is host.get("demo")


def test_events_of_one_host_do_not_reach_the_other(two):
    first, second = two
    finished(first.trigger("x"))
    assert first.get("demo").seen == "x"
    assert not hasattr(second.get("demo"), "seen")


def test_each_host_reloads_on_its_own(two, tmp_path):
    file = tmp_path / "one" / "plugins" / "demo.py"
    file.write_text(file.read_text().replace("'one'", "'another'"))
    for host in two:
        host.reload(force=True)
    assert [host.get("demo").WHO for host in two] == ["another", "two"]


def test_closing_one_host_leaves_the_other_at_work(two):
    first, second = two
    first.close()
    assert second.scan("demo") is second.get("demo")
    finished(second.trigger("x"))
    assert second.get("demo").seen == "x"


def test_two_hosts_of_one_instance_have_objects_of_their_own(world):
    world.plugin("Demo")
    first, second = world.boot("demo"), world.boot("demo")
    assert first.get("demo") is not second.get("demo")


def test_a_reload_of_one_host_does_not_harm_another_of_the_same_instance(world):
    world.plugin("Demo", "BarcodeMixin", body="def scan(self, barcode_data): return 1")
    first, second = world.boot("demo"), world.boot("demo")
    world.plugin("Demo", "BarcodeMixin", body="def scan(self, barcode_data): return 2222")
    first.reload(force=True)
    assert (first.scan("x"), second.scan("x")) == (2222, 1)
    second.reload(force=True)
    assert (first.scan("x"), second.scan("x")) == (2222, 2222)
