"""Old objects go with old modules, new ones with new: two generations never meet. And odd classes."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading

import pytest

from inventree_plugins.errors import DatabaseError, DatabaseMissingError
from tests.host.conftest import PATIENCE, plugin_text
from tests.host.test_host_events import Later

# Tells of which generation the plugin is, and whether what it imports late is of the same one.
LATE = """
def scan(self, barcode_data=None):
    import plugins.pk.lazy
    from plugins import pk
    from plugins.pk import lazy
    from plugins.pk.lazy import Thing as late
    late = [plugins.pk.lazy.Thing, pk.lazy.Thing, lazy.Thing, late]
    return self.WHICH, Thing.WHICH, all(each is Thing for each in late)
"""
BAD_IMPORT = ("raise ValueError", "")
BAD_CONSTRUCTOR = ("", "def __init__(self): raise ValueError")
BAD_MIXIN = ("", "SCHEDULED_TASKS = {'a': 5}")
FAULTS = {"import": BAD_IMPORT, "construct": BAD_CONSTRUCTOR, "schedule": BAD_MIXIN}
faults = pytest.mark.parametrize(("phase", "fault"), FAULTS.items(), ids=FAULTS)


def of(which):
    """Return what `scan` tells of a plugin whose code is of one generation."""
    return which, which, True


def late_plugin(world, name, which, *, fault=("", ""), file):
    before, body = fault
    top = f"from plugins.pk.lazy import Thing\n{before}"
    body = f"WHICH = {which}\n{body}\n{LATE}"
    world.plugin(name, "BarcodeMixin", "ScheduleMixin", before=top, body=body, file=file)


def generation(world, which, *, fault=("", "")):
    """Write a package of one plugin, which has a module that it imports late."""
    world.write("plugins/pk/__init__.py", "")
    world.write("plugins/pk/lazy.py", f"class Thing: WHICH = {which}")
    late_plugin(world, "Demo", which, fault=fault, file="pk/core.py")


@faults
def test_what_a_kept_plugin_imports_late_is_old_until_the_code_is_mended(world, phase, fault):
    generation(world, 1)
    host = world.boot("demo")
    plugin = host.get("demo")
    assert plugin.scan() == of(1)
    generation(world, 2, fault=fault)
    for _ in range(3):
        host.reload(force=True)
        assert host.get("demo") is plugin
        assert host.scan("x") == of(1)
        assert [(each.slug, each.phase) for each in host.failures] == [("demo", phase)]
    generation(world, 3)
    host.reload(force=True)
    assert (host.scan("x"), host.failures) == (of(3), ())


@faults
@pytest.mark.parametrize("file", ["a_near", "near"])
def test_a_neighbour_goes_back_as_well_and_comes_with_the_mended_code(world, phase, fault, file):
    generation(world, 1)
    late_plugin(world, "Near", 1, file=f"pk/{file}.py")
    host = world.boot("demo", "near")
    before = dict(host.plugins)
    generation(world, 2, fault=fault)
    late_plugin(world, "Near", 2, file=f"pk/{file}.py")
    for _ in range(2):
        host.reload(force=True)
        assert dict(host.plugins) == before
        assert [plugin.scan() for plugin in host.plugins.values()] == [of(1)] * 2
    assert phase in [each.phase for each in host.failures]
    generation(world, 3)
    late_plugin(world, "Near", 3, file=f"pk/{file}.py")
    host.reload(force=True)
    assert [plugin.scan() for plugin in host.plugins.values()] == [of(3)] * 2
    assert host.failures == ()


USERS = [
    pytest.param(file, *each, id=f"{file}-{each[0]}")
    for file in ("a_user", "user")
    for each in FAULTS.items()
    for is_late in [file == "user" and each[0] != "import"]
]


@pytest.mark.parametrize(("file", "phase", "fault"), USERS)
def test_a_plugin_elsewhere_that_uses_a_kept_package_gets_its_old_modules(world, file, phase, fault):
    generation(world, 1)
    late_plugin(world, "User", 1, file=f"{file}.py")
    host = world.boot("demo", "user")
    generation(world, 2, fault=fault)
    for _ in range(2):
        host.reload(force=True)
        assert [plugin.scan() for plugin in host.plugins.values()] == [of(1)] * 2
    assert phase in [each.phase for each in host.failures]


@pytest.fixture
def eager():
    """Let threads take turns a hundred times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def test_generations_never_meet_while_threads_scan_and_another_one_reloads(world, eager):
    generation(world, 1)
    host = world.boot("demo")
    stop, answers, errors = threading.Event(), set(), []

    def scan():
        try:
            while not stop.is_set():
                answers.add(host.scan("x"))
        except BaseException as error:  # noqa: BLE001 - the test tells
            errors.append(error)

    threads = [threading.Thread(target=scan) for _ in range(3)]
    for each in threads:
        each.start()
    for which in range(2, 32):
        generation(world, which)
        host.reload(force=True)
    stop.set()
    for each in threads:
        each.join(PATIENCE)
    assert (errors, host.failures) == ([], ())
    assert answers <= {of(which) for which in range(1, 32)}
    assert host.scan("x") == of(31)


def test_generations_never_meet_where_a_scan_before_has_reloaded(world):
    """As when another thread reloads between two plugins that are asked."""
    world.plugin(
        "First", "BarcodeMixin", body="def scan(self, barcode_data): barcode_data.reload(force=True)"
    )
    generation(world, 1)
    host = world.boot("first", "demo")
    generation(world, 2)
    assert host.scan(host) in {of(1), of(2)}


def test_generations_never_meet_in_an_event_that_waited_while_the_host_reloaded(world):
    def write(which):
        generation(world, which)
        body = f"WHICH = {which}\n{LATE}\ndef process_event(self, event, heard): heard.append(self.scan())"
        top = "from plugins.pk.lazy import Thing"
        world.plugin("Hearer", "EventMixin", before=top, body=body, file="pk/hearer.py")

    write(1)
    executor, heard = Later(), []
    host = world.boot("hearer", executor=executor)
    host.trigger("x", heard)
    write(2)
    host.reload(force=True)
    executor.work()
    assert heard in ([of(1)], [of(2)])


WAYS = {
    "relatively": "from .{0} import {1}",
    "by name": "from plugins.{0} import {1}",
    "as a module": "import plugins.{0}\n{1} = plugins.{0}.{1}",
    "from the folder": "from . import {0}\n{1} = {0}.{1}",
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.mark.parametrize(("own", "other"), [("aaa", "zzz"), ("zzz", "aaa")])
def test_a_plugin_whose_class_another_file_imports_runs_anew_without_a_collision(world, own, other):
    name = own.title()
    world.write(f"plugins/{other}.py", f"from .{own} import {name}Plugin")
    world.plugin(name, body="WHICH = 1")
    host = world.boot(own)
    world.plugin(name, body="WHICH = 2")
    host.reload(force=True)
    assert (host.get(own).WHICH, host.failures) == (2, ())


@ways
@pytest.mark.parametrize("helper", ["a_helper", "helper"])
def test_a_value_of_a_file_that_was_edited_is_new_in_the_plugin_that_imports_it(world, way, helper):
    world.write(f"plugins/{helper}.py", "VALUE = 1")
    world.plugin("Desk", before=way.format(helper, "VALUE"), body="VALUE = VALUE")
    world.plugin("Alone")
    host = world.boot("desk", "alone")
    alone = host.get("alone")
    world.write(f"plugins/{helper}.py", "VALUE = 2")
    host.reload(force=True)
    assert (host.get("desk").VALUE, host.failures) == (2, ())
    assert host.get("alone") is alone


# Each imports from the one before.
CHAINS = ["abc", "cba", "bca"]


@ways
@pytest.mark.parametrize("chain", CHAINS)
def test_a_value_comes_through_a_chain_of_files(world, way, chain):
    first, second, third = chain
    world.write(f"plugins/{first}.py", "VALUE = 1")
    world.write(f"plugins/{second}.py", way.format(first, "VALUE"))
    world.plugin("Demo", before=way.format(second, "VALUE"), body="VALUE = VALUE", file=f"{third}.py")
    host = world.boot("demo")
    world.write(f"plugins/{first}.py", "VALUE = 2")
    host.reload(force=True)
    assert (host.get("demo").VALUE, host.failures) == (2, ())


@faults
def test_the_version_of_a_package_is_that_of_the_code_that_runs(world, phase, fault):
    def install(version, fault=("", "")):
        for info in world.site.glob("*.dist-info"):
            shutil.rmtree(info)
        text = plugin_text("Packed", "ScheduleMixin", before=fault[0], body=f"WHICH = {version}\n{fault[1]}")
        world.package("packed", text, attr="PackedPlugin", version=version)

    install("1.0")
    host = world.boot("packed")
    install("2.25", fault)
    for _ in range(2):
        host.reload(force=True)
        assert (host.get("packed").WHICH, host.get("packed").version) == (1.0, "1.0")
        assert [(each.slug, each.phase) for each in host.failures] == [("packed", phase)]
    install("3.125")
    host.reload(force=True)
    assert (host.get("packed").WHICH, host.get("packed").version) == (3.125, "3.125")
    assert host.failures == ()


def test_a_store_that_fails_in_a_reload_leaves_old_objects_and_modules(world):
    generation(world, 1)
    host = world.boot("demo")
    plugin = host.get("demo")
    store = world.folder / ".invplug" / "store.sqlite3"
    copy = shutil.copy(store, world.folder / "copy")
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DROP TABLE plugin_pluginconfig")
    connection.commit()
    connection.close()
    generation(world, 2)
    for _ in range(2):
        with pytest.raises(DatabaseError):
            host.reload(force=True)
        assert host.get("demo") is plugin
        assert host.scan("x") == of(1)
    shutil.copy(copy, store)
    host.reload(force=True)
    assert (host.scan("x"), host.failures) == (of(2), ())


@pytest.mark.parametrize("is_empty", [False, True], ids=["gone", "empty"])
def test_a_lost_store_is_an_error_and_nothing_is_made_anew(world, is_empty):
    world.plugin("Demo", "BarcodeMixin", body="def scan(self, barcode_data): return 1")
    host = world.boot("demo")
    store, kept = world.folder / ".invplug" / "store.sqlite3", world.folder / "kept"
    store.rename(kept)
    if is_empty:
        store.touch()
    for force in (False, True):
        with pytest.raises(DatabaseMissingError):
            host.reload(force=force)
        assert (host.scan("x"), host.failures) == (1, ())
        assert (store.stat().st_size if is_empty else store.exists()) == 0
    kept.replace(store)
    world.deactivate("demo")
    assert host.reload() is True
    assert not host.plugins


# Classes that are none, or hardly.

METAS = {
    "hash": "def __hash__(cls): raise RuntimeError",
    "eq": "__hash__ = type.__hash__\n    def __eq__(cls, other): raise RuntimeError",
    "no hash": "__hash__ = None",
}


@pytest.mark.parametrize("is_active", [False, True])
@pytest.mark.parametrize(
    "lines",
    [pytest.param(each, id=name) for name, each in METAS.items()],
)
def test_a_class_that_cannot_be_hashed_or_compared_harms_no_other(world, lines, is_active):
    before = f"class Meta(type(InvenTreePlugin)):\n    {lines}\n"
    text = f"{before}\nclass Odd(InvenTreePlugin, metaclass=Meta):\n    NAME = 'Odd'\n"
    world.write("plugins/odd.py", f"from plugin import InvenTreePlugin\n{text}")
    for name in ("Good", "Zgood"):
        world.plugin(name)
    host = world.boot("good", "zgood", *["odd"] * is_active)
    for _ in range(2):
        assert {"good", "zgood"} <= set(host.plugins)
        host.reload(force=True)


def test_a_mock_of_a_class_is_no_class(world):
    world.plugin("Demo", before="from unittest.mock import Mock\nMOCK = Mock(spec=type)")
    host = world.boot("demo")
    assert (list(host.plugins), host.failures) == (["demo"], ())
