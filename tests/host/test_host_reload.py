"""Reloading: what invplug, an editor or pip changed is picked up, and nothing that works is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading

import pytest

from inventree_plugins.errors import DatabaseError
from tests.builders import install_folder
from tests.host.conftest import PATIENCE, failures_of, finished, plugin_text

VERSIONED = "WHICH = {which}\ndef scan(self, barcode_data): return {which}"


def write(world, which, *, file="demo.py", before="", name="Demo"):
    """Write another version of the plugin."""
    world.plugin(name, "BarcodeMixin", body=VERSIONED.format(which=which), before=before, file=file)


def booted(world, **options):
    write(world, 1)
    return world.boot("demo", **options)


def test_nothing_changed_is_nothing_to_do(world):
    host = booted(world)
    plugin = host.get("demo")
    assert host.reload() is False
    assert host.reload() is False
    assert host.get("demo") is plugin


def test_a_row_that_is_enabled(world):
    world.plugin("Other")
    host = booted(world)
    plugin = host.get("demo")
    world.activate("other")
    assert host.reload() is True
    assert list(host.plugins) == ["demo", "other"]
    assert host.get("demo") is plugin


def test_a_row_that_is_disabled(world):
    host = booted(world)
    world.deactivate("demo")
    assert host.reload() is True
    assert not host.plugins
    assert list(host.inactive) == ["demo"]
    assert host.reload() is False


def test_a_row_that_is_disabled_and_enabled_again(world):
    host = booted(world)
    world.deactivate("demo")
    host.reload()
    world.activate("demo")
    assert host.reload() is True
    assert host.scan("x") == 1


def test_invplug_enable_of_another_process_is_picked_up(world):
    write(world, 1)
    host = world.host().boot()
    command = [sys.executable, "-m", "inventree_plugins", "--python", sys.executable, "enable", "demo"]
    subprocess.run(command, check=True, capture_output=True)
    assert host.reload() is True
    assert list(host.plugins) == ["demo"]


def test_invplug_disable_of_another_process_is_picked_up(world, invplug):
    host = booted(world)
    assert invplug("disable", "demo") == 0
    assert host.reload() is True
    assert not host.plugins


@pytest.fixture
def served(world, make_case, monkeypatch):
    """Let the world and `invplug` be a server's, with a configured database."""
    world.environ.update(make_case("sqlite3").environ)
    world.environ["INVENTREE_PLUGINS_ENABLED"] = "1"
    world.environ["INVENTREE_PLUGIN_DIR"] = str(world.plugins)
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    return world


def test_invplug_reload_makes_hosts_look_at_the_code(served, invplug):
    host = booted(served)
    write(served, 2)
    assert host.reload() is False
    assert invplug("reload") == 0
    assert host.reload() is True
    assert host.scan("x") == 2
    assert host.reload() is False


def test_invplug_reload_makes_the_host_of_a_standalone_instance_look(world, invplug):
    host = booted(world)
    write(world, 2)
    assert invplug("reload") == 0
    assert host.reload() is True
    assert host.scan("x") == 2


def test_each_of_two_hosts_notices_each_change(served, invplug):
    write(served, 1)
    hosts = [served.boot("demo"), served.host().boot()]
    for which in (2, 3):
        write(served, which)
        assert invplug("reload") == 0
        assert [each.reload() for each in hosts] == [True, True]
        assert [each.scan("x") for each in hosts] == [which, which]


def test_a_switch_that_is_turned(world):
    world.plugin("Demo", "EventMixin", body="def process_event(self, event): self.seen = event")
    host = world.boot("demo", switches=False)
    assert host.trigger("one") == ()
    world.switch("ENABLE_PLUGINS_EVENTS")
    assert host.reload() is True
    finished(host.trigger("two"))
    assert host.get("demo").seen == "two"
    world.switch("ENABLE_PLUGINS_EVENTS", on=False)
    assert host.reload() is True
    assert host.trigger("three") == ()


def test_a_plugin_that_keeps_its_object_gets_what_its_switch_turns_on(world):
    world.plugin("Demo", "ScheduleMixin", body="SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'D'}}")
    host = world.boot("demo", switches=False)
    plugin = host.get("demo")
    assert not host.tasks()
    world.switch("ENABLE_PLUGINS_SCHEDULE")
    host.reload()
    assert host.get("demo") is plugin
    assert [task.name for task in host.tasks()] == ["plugin.demo.a"]
    world.switch("ENABLE_PLUGINS_SCHEDULE", on=False)
    host.reload()
    assert not host.tasks()


def test_changed_code_makes_a_new_object_and_others_stay(world):
    world.plugin("Other")
    host = booted(world)
    world.activate("other")
    host.reload()
    demo, other = host.get("demo"), host.get("other")
    write(world, 2)
    assert host.reload(force=True) is True
    assert host.scan("x") == 2
    assert host.get("demo") is not demo
    assert host.get("other") is other


def test_a_change_of_the_same_size_in_the_same_second_is_picked_up(world):
    """Python's own cache of bytecode goes by whole seconds and the size."""
    body = "WHICH = {}\n"
    path = world.plugin("Demo", body=body.format(1))
    os.utime(path, ns=(10**18, 10**18))
    host = world.boot("demo")
    world.plugin("Demo", body=body.format(2))
    os.utime(path, ns=(10**18 + 1000, 10**18 + 1000))
    host.reload(force=True)
    assert host.get("demo").WHICH == 2


def test_a_forced_reload_without_a_change_keeps_every_object(world):
    world.package("packed", plugin_text("Packed"), attr="PackedPlugin")
    host = booted(world)
    world.activate("packed")
    host.reload()
    before = dict(host.plugins)
    assert host.reload(force=True) is True
    assert dict(host.plugins) == before
    assert host.failures == ()


def test_a_module_beside_the_plugin_in_its_folder_changes(world):
    world.write("plugins/pack/__init__.py", "")
    world.write("plugins/pack/words.py", "WORD = 'one'")
    world.plugin("Demo", before="from .words import WORD", body="WORD = WORD", file="pack/core.py")
    host = world.boot("demo")
    world.write("plugins/pack/words.py", "WORD = 'another'")
    host.reload(force=True)
    assert host.get("demo").WORD == "another"


def test_a_new_file_is_picked_up(world):
    host = booted(world)
    world.plugin("Late")
    world.activate("late")
    host.reload()
    assert list(host.plugins) == ["demo", "late"]


def test_a_new_module_in_a_folder_is_picked_up(world):
    world.write("plugins/pack/__init__.py", "")
    world.plugin("One", file="pack/one.py")
    host = world.boot("one")
    world.plugin("Two", file="pack/two.py")
    world.activate("two")
    host.reload()
    assert list(host.plugins) == ["one", "two"]


def test_a_new_file_gets_a_row(world):
    host = booted(world)
    world.plugin("Late")
    host.reload(force=True)
    assert world.rows()["late"] is False


def test_a_file_that_is_removed(world):
    host = booted(world)
    (world.plugins / "demo.py").unlink()
    host.reload(force=True)
    assert not host.plugins
    assert not host.inactive
    assert host.failures == ()
    assert host.scan("x") is None


def test_a_file_that_comes_back_is_new(world):
    host = booted(world)
    (world.plugins / "demo.py").unlink()
    host.reload(force=True)
    write(world, 2)
    host.reload(force=True)
    assert host.scan("x") == 2


def test_a_folder_that_goes_and_comes_back(world):
    host = booted(world)
    shutil.rmtree(world.plugins)
    host.reload(force=True)
    assert not host.plugins
    write(world, 2)
    host.reload(force=True)
    assert host.scan("x") == 2


def test_a_plugin_directory_that_comes_after_the_boot(world):
    host = world.host().boot()
    write(world, 1)
    world.activate("demo")
    host.reload()
    assert host.scan("x") == 1


BREAKS = {
    "raise ValueError": "import",
    "raise SystemExit": "import",
    "class (": "import",
    "import nowhere_at_all": "import",
}


@pytest.mark.parametrize("text", BREAKS)
def test_broken_code_leaves_the_old_object_at_work_until_it_is_mended(world, text):
    host = booted(world)
    plugin = host.get("demo")
    write(world, 2, before=text)
    assert host.reload(force=True) is True
    assert host.get("demo") is plugin
    assert host.scan("x") == 1
    assert [each.phase for each in host.failures] == ["import"]
    write(world, 3)
    host.reload(force=True)
    assert host.scan("x") == 3
    assert host.failures == ()


@pytest.mark.parametrize("text", ["raise ValueError", "raise SystemExit"])
def test_a_new_constructor_that_fails_leaves_the_old_object_at_work(world, text):
    host = booted(world)
    plugin = host.get("demo")
    world.plugin("Demo", "BarcodeMixin", body=f"def __init__(self): {text}\n# longer than before")
    for _ in range(3):
        host.reload(force=True)
        assert host.get("demo") is plugin
        assert [(each.slug, each.phase) for each in host.failures] == [("demo", "construct")]
    write(world, 3)
    host.reload(force=True)
    assert host.scan("x") == 3


def test_a_new_mixin_that_fails_leaves_the_old_object_at_work(world):
    host = booted(world)
    plugin = host.get("demo")
    world.plugin("Demo", "SettingsMixin", body="SETTINGS = 5")
    host.reload(force=True)
    assert host.get("demo") is plugin
    assert host.scan("x") == 1
    assert [(each.slug, each.phase) for each in host.failures] == [("demo", "settings")]


def test_broken_code_stays_told_of_at_each_reload(world):
    host = booted(world)
    write(world, 2, before="raise ValueError")
    for _ in range(3):
        host.reload(force=True)
        assert failures_of(host) == [("demo", "import", "ValueError")]
    assert host.scan("x") == 1


def test_an_old_object_keeps_its_own_modules(world):
    """What it imports when it is called is what it was written for."""
    world.write("plugins/pack/__init__.py", "")
    world.write("plugins/pack/words.py", "WORD = 'old'")
    scan = "def scan(self, barcode_data):\n    from plugins.pack import words\n    return words.WORD"
    world.plugin("Demo", "BarcodeMixin", body=scan, file="pack/core.py")
    host = world.boot("demo")
    world.write("plugins/pack/words.py", "WORD = 'brand new'")
    world.plugin("Demo", "BarcodeMixin", body=scan, before="raise ValueError", file="pack/core.py")
    host.reload(force=True)
    assert host.scan("x") == "old"


def test_code_that_a_plugin_was_disabled_with_and_is_now_broken_does_not_come_back(world):
    host = booted(world)
    write(world, 2, before="raise ValueError")
    world.deactivate("demo")
    host.reload()
    assert not host.plugins


def test_a_neighbour_that_never_worked_does_not_keep_new_code_out(world):
    world.write("plugins/pack/__init__.py", "")
    world.write("plugins/pack/tests.py", "import nowhere_at_all")
    write(world, 1, file="pack/core.py")
    host = world.boot("demo")
    assert host.scan("x") == 1
    write(world, 2, file="pack/core.py")
    host.reload(force=True)
    assert host.scan("x") == 2


def test_a_neighbour_that_never_worked_does_not_make_new_objects(world):
    world.write("plugins/pack/__init__.py", "")
    world.write("plugins/pack/tests.py", "import nowhere_at_all")
    write(world, 1, file="pack/core.py")
    host = world.boot("demo")
    plugin = host.get("demo")
    for _ in range(2):
        host.reload(force=True)
        assert host.get("demo") is plugin
        assert len(host.failures) == 1


def test_a_broken_entry_point_does_not_keep_new_code_of_the_other_one_out(world):
    (world.site / "two.py").write_text(plugin_text("One", body="WHICH = 1"))
    points = "[inventree_plugins]\na = two:Gone\nb = two:OnePlugin\n"
    install_folder(world.site, "two", "1.0", entry_points=points)
    host = world.boot("one")
    (world.site / "two.py").write_text(plugin_text("One", body="WHICH = 2222"))
    host.reload(force=True)
    assert host.get("one").WHICH == 2222


def test_of_two_plugins_in_a_file_that_breaks_both_go_on(world):
    text = plugin_text("One") + "\n" + plugin_text("Two")
    world.write("plugins/both.py", text)
    host = world.boot("one", "two")
    before = dict(host.plugins)
    world.write("plugins/both.py", plugin_text("One") + "\nraise ValueError")
    host.reload(force=True)
    assert dict(host.plugins) == before


def test_a_first_import_that_failed_is_tried_again(world):
    world.plugin("Demo", before="raise ValueError")
    host = world.boot("demo")
    assert not host.plugins
    write(world, 1)
    host.reload(force=True)
    assert host.scan("x") == 1
    assert host.failures == ()


def test_a_first_import_that_failed_for_want_of_a_library_is_tried_again(world):
    """The plugin's own file does not change."""
    world.plugin("Demo", before="import late_library", body="WORD = late_library.WORD")
    host = world.boot("demo")
    (world.site / "late_library.py").write_text("WORD = 'here'")
    host.reload(force=True)
    assert host.get("demo").WORD == "here"


def test_a_directory_whose_init_raises_is_told_of_at_each_reload_until_it_is_mended(world):
    world.write("plugins/__init__.py", "raise ValueError")
    write(world, 1)
    host = world.boot("demo")
    first = (list(host.plugins), failures_of(host))
    host.reload(force=True)
    assert (list(host.plugins), failures_of(host)) == first
    world.write("plugins/__init__.py", "X = 1")
    host.reload(force=True)
    assert list(host.plugins) == ["demo"]
    assert host.failures == ()


def test_new_code_in_the_directorys_own_init_is_picked_up(world):
    write(world, 1, file="__init__.py")
    host = world.boot("demo")
    write(world, 2, file="__init__.py")
    host.reload(force=True)
    assert host.scan("x") == 2


def package(world, version, which):
    folder = world.site / "packed_plugin"
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").write_text(f"VERSION = '{version}'\n")
    text = plugin_text("Packed", body=f"WHICH = {which}", before="from . import VERSION")
    (folder / "core.py").write_text(text + "\n" + "#" * which)
    points = "[inventree_plugins]\na = packed_plugin.core:PackedPlugin\n"
    return install_folder(world.site, "packed", version, entry_points=points)


def test_a_package_that_is_upgraded(world):
    info = package(world, "1.0", 1)
    host = world.boot("packed")
    shutil.rmtree(info)
    package(world, "2.0", 2)
    host.reload(force=True)
    plugin = host.get("packed")
    assert (plugin.WHICH, plugin.version) == (2, "2.0")


def test_a_package_of_which_the_version_alone_changes(world):
    info = package(world, "1.0", 1)
    host = world.boot("packed")
    assert host.get("packed").version == "1.0"
    shutil.rmtree(info)
    install_folder(
        world.site, "packed", "1.1", entry_points="[inventree_plugins]\na = packed_plugin.core:PackedPlugin\n"
    )
    host.reload(force=True)
    assert host.get("packed").version == "1.1"


def test_a_package_that_is_uninstalled(world):
    info = package(world, "1.0", 1)
    host = world.boot("packed")
    shutil.rmtree(info)
    shutil.rmtree(world.site / "packed_plugin")
    host.reload(force=True)
    assert not host.plugins
    assert host.failures == ()


def test_a_package_that_is_uninstalled_and_installed_again(world):
    info = package(world, "1.0", 1)
    host = world.boot("packed")
    shutil.rmtree(info)
    shutil.rmtree(world.site / "packed_plugin")
    host.reload(force=True)
    package(world, "3.0", 3)
    host.reload(force=True)
    assert host.get("packed").WHICH == 3


def test_half_an_upgrade_leaves_the_old_object_at_work(world):
    package(world, "1.0", 1)
    host = world.boot("packed")
    (world.site / "packed_plugin" / "core.py").unlink()
    host.reload(force=True)
    assert host.get("packed").WHICH == 1
    assert [each.phase for each in host.failures] == ["import"]


def test_a_package_that_comes_to_hide_a_directorys_plugin(world):
    world.plugin("Packed", body="WHICH = 0")
    host = world.boot("packed")
    info = package(world, "1.0", 1)
    host.reload(force=True)
    assert host.get("packed").WHICH == 1
    assert [each.phase for each in host.failures] == ["collision"]
    shutil.rmtree(info)
    host.reload(force=True)
    assert host.get("packed").WHICH == 0
    assert host.failures == ()


def test_an_unreachable_store_raises_and_nothing_is_lost(world):
    host = booted(world)
    store = world.folder / ".invplug" / "store.sqlite3"
    before = (dict(host.plugins), host.failures)
    store.rename(world.folder / "kept")
    store.mkdir()
    for force in (False, True):
        with pytest.raises(DatabaseError):
            host.reload(force=force)
        assert (dict(host.plugins), host.failures) == before
        assert host.scan("x") == 1
    store.rmdir()
    (world.folder / "kept").rename(store)
    assert host.reload() is False


def test_code_that_changed_while_the_store_was_unreachable_is_picked_up_later(world):
    host = booted(world)
    store = world.folder / ".invplug" / "store.sqlite3"
    store.rename(world.folder / "kept")
    store.mkdir()
    write(world, 2)
    with pytest.raises(DatabaseError):
        host.reload(force=True)
    assert host.scan("x") == 1
    store.rmdir()
    (world.folder / "kept").rename(store)
    host.reload(force=True)
    assert host.scan("x") == 2


def test_a_version_gate_that_closes(world):
    host = booted(world, version="1.5.0")
    world.plugin("Demo", body="MIN_VERSION = '9.0.0'")
    host.reload(force=True)
    assert not host.plugins
    assert world.rows() == {"demo": True}


def test_a_plugin_that_changes_its_slug(world):
    host = booted(world)
    world.plugin("Renamed", file="demo.py")
    host.reload(force=True)
    assert not host.plugins
    assert list(host.inactive) == ["renamed"]
    assert world.rows() == {"demo": True, "renamed": False}


def test_an_app_cannot_be_loaded_twice_and_that_is_told_of(world):
    world.write("plugins/pack/__init__.py", "")
    world.plugin("Demo", "AppMixin", body="WHICH = 1", file="pack/core.py")
    host = world.boot("demo")
    plugin = host.get("demo")
    world.plugin("Demo", "AppMixin", body="WHICH = 2222", file="pack/core.py")
    for _ in range(2):
        host.reload(force=True)
        assert host.get("demo") is plugin
        assert [each.phase for each in host.failures] == ["app"]
        assert host.installed_apps() == ("plugins.pack",)


def test_a_reload_before_any_boot_boots(world):
    write(world, 1)
    world.activate("demo")
    host = world.host()
    assert host.reload() is True
    assert host.scan("x") == 1


def test_a_second_host_sees_code_that_changed_after_the_first_one_booted(world):
    booted(world)
    write(world, 2)
    assert world.host().boot().scan("x") == 2


LAZY = """
def scan(self, barcode_data):
    from plugins.pack.words import WORD
    from plugin.registry import registry
    return WORD, registry.get_plugin("demo") is not None

def process_event(self, event, number):
    from plugins.pack.words import WORD
    self.seen.append((WORD, number))

seen = []
"""


@pytest.fixture
def eager():
    """Let threads take turns a hundred times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def ask(host, stop, errors):
    try:
        while not stop.is_set():
            answer = host.scan("x")
            if answer != ("word", True):
                errors.append(answer)
            finished(host.trigger("event", number=1))
    except BaseException as error:  # noqa: BLE001 - the test tells
        errors.append(error)


@pytest.mark.parametrize("lazy", [False, True])
def test_threads_ask_while_the_host_reloads(world, eager, lazy):
    words = "    from plugins.pack.words import WORD\n"
    body = LAZY if lazy else LAZY.replace(words, "").replace("WORD", "'word'")
    world.write("plugins/pack/__init__.py", "")
    world.write("plugins/pack/words.py", "WORD = 'word'")
    world.plugin("Demo", "BarcodeMixin", "EventMixin", body=body, file="pack/core.py")
    host = world.boot("demo")
    stop, errors = threading.Event(), []
    threads = [threading.Thread(target=ask, args=(host, stop, errors)) for _ in range(2)]
    for each in threads:
        each.start()
    for number in range(50):
        world.write("plugins/pack/words.py", "WORD = 'word'\n" + "#" * number)
        host.reload(force=True)
    stop.set()
    for each in threads:
        each.join(PATIENCE)
    host.close()
    assert errors == []
    assert host.failures == ()


def test_threads_that_reload_at_once(world):
    host = booted(world)
    errors = []

    def reload():
        try:
            for _ in range(10):
                host.reload(force=True)
        except BaseException as error:  # noqa: BLE001 - the test tells
            errors.append(error)

    threads = [threading.Thread(target=reload) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert errors == []
    assert list(host.plugins) == ["demo"]
    assert host.failures == ()
