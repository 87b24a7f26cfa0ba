"""The host and its database: rows are made where they can be, and every engine is one."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from inventree_plugins.errors import DatabaseError, DatabaseMissingError
from inventree_plugins.store import open_store
from tests.host.conftest import PATIENCE, failures_of, finished, plugin_text

ENGINES = ("sqlite3", "postgresql", "mysql")


@pytest.fixture(params=ENGINES)
def case(request, make_case, world):
    """Return a server's database; the world is its server."""
    made = make_case(request.param)
    world.environ.update(made.environ)
    world.environ["INVENTREE_PLUGINS_ENABLED"] = "1"
    world.environ["INVENTREE_PLUGIN_DIR"] = str(world.plugins)
    return made


def stored_setting(case, slug, key):
    column = "`key`" if case.engine == "mysql" else "key"
    statement = (
        f"SELECT value FROM plugin_pluginsetting WHERE {column} = ? AND plugin_id ="
        f" (SELECT id FROM plugin_pluginconfig WHERE {column} = ?)"
    )
    return [value for (value,) in case.sql(statement, (key, slug))]


def test_a_server_boots_on_every_engine(world, case):
    body = "SETTINGS = {'SIZE': {'validator': int, 'default': 1}}\n"
    body += "def process_event(self, event, size): self.set_setting('SIZE', size)"
    world.plugin("Demo", "SettingsMixin", "EventMixin", body=body)
    world.plugin("Other")
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]
    finished(host.trigger("resize", size=7))
    assert host.failures == ()
    assert host.get("demo").get_setting("SIZE") == 7
    assert stored_setting(case, "demo", "SIZE") == ["7"]
    assert world.rows()["other"] is False


def test_reload_on_every_engine(world, case):
    world.plugin("Demo")
    host = world.host().boot()
    assert host.reload() is False
    world.activate("demo")
    assert host.reload() is True
    assert list(host.plugins) == ["demo"]


HARD_NAMES = {
    "long": "NAME = 'x' * 300\nSLUG = 'bad'",
    "surrogate": "NAME = 'a\\udcffb'\nSLUG = 'bad'",
    "nul": "NAME = 'a\\0b'\nSLUG = 'bad'",
    "emoji": "NAME = '\U0001f600'\nSLUG = 'bad'",
}


@pytest.mark.parametrize("name", HARD_NAMES)
def test_a_name_that_the_database_cannot_hold_does_not_stop_the_boot(world, case, name):
    world.plugin("Good")
    world.plugin("Bad", body=HARD_NAMES[name])
    world.activate("good")
    host = world.host().boot()
    assert list(host.plugins) == ["good"]
    assert "bad" in host.inactive


def test_a_key_that_is_too_long_is_told_of(world, case):
    world.plugin("Good")
    world.plugin("Bad", body="SLUG = 'x' * 256")
    world.plugin("Just", body="SLUG = 'y' * 255")
    host = world.host().boot()
    assert [(each.slug, each.phase) for each in host.failures] == [("x" * 256, "row")]
    assert {"good", "y" * 255} <= set(world.rows())


def test_rows_that_another_process_makes_meanwhile_are_no_error(world, case):
    world.write("plugins/two.py", plugin_text("Two"))
    script = (
        "import os, sys\n"
        "from inventree_plugins.host import PluginHost\n"
        "with PluginHost.from_config() as host:\n"
        "    sys.stdin.readline()\n"
        "    host.boot()\n"
        "    print(sorted(host.inactive), host.failures)\n"
    )
    for number in range(20):
        world.plugin(f"P{number:02}")
    environ = {**os.environ, **world.environ}
    command = [sys.executable, "-c", script]
    started = [
        subprocess.Popen(
            command,
            env=environ,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for each in started:
        each.stdin.write("go\n")
        each.stdin.flush()
    outcomes = [each.communicate(timeout=60) for each in started]
    assert {out for out, _ in outcomes} == {outcomes[0][0]}, outcomes
    assert len(world.rows()) == len(set(world.rows())) >= 21


def test_threads_boot_one_database_at_once(world):
    for number in range(10):
        world.plugin(f"P{number}")
    hosts = [world.host() for _ in range(4)]
    barrier = threading.Barrier(4)

    def boot(host):
        barrier.wait(PATIENCE)
        host.boot()

    threads = [threading.Thread(target=boot, args=(each,)) for each in hosts]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert [len(each.inactive) for each in hosts] == [10] * 4
    assert [each.failures for each in hosts] == [()] * 4


def serve_from(world, case):
    """Make the world a server's, whose store is this database."""
    world.environ.update(case.environ)
    world.environ["INVENTREE_PLUGINS_ENABLED"] = "1"
    world.environ["INVENTREE_PLUGIN_DIR"] = str(world.plugins)


def read_only(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    path.chmod(0o444)
    path.parent.chmod(0o555)


@pytest.fixture
def read_only_store(world):
    """Let the kernel refuse writing also to root, as far as SQLite can tell."""
    world.plugin("Demo")
    world.plugin("New")
    world.activate("demo")
    path = world.folder / ".invplug" / "store.sqlite3"
    yield path
    path.parent.chmod(0o755)
    path.chmod(0o644)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_database_makes_no_rows_and_the_boot_goes_on(world, read_only_store):
    read_only(read_only_store)
    host = world.host().boot()
    assert list(host.plugins) == ["demo"]
    assert failures_of(host) == [(None, "row", "DatabaseReadOnlyError")]


def test_a_database_user_who_may_only_read_makes_no_rows_and_the_boot_goes_on(world, make_case):
    case = make_case("postgresql")
    serve_from(world, case)
    world.plugin("Demo")
    world.plugin("New")
    world.activate("demo")
    case.sql(f'ALTER DATABASE "{case.database.name}" SET default_transaction_read_only = on')
    host = world.host().boot()
    assert list(host.plugins) == ["demo"]
    assert failures_of(host) == [(None, "row", "DatabaseReadOnlyError")]


def test_a_locked_database_makes_no_rows_and_the_boot_goes_on(world, make_case):
    case = make_case("sqlite3")
    serve_from(world, case)
    world.plugin("Demo")
    world.plugin("New")
    world.activate("demo")
    with closing(case.connect()) as other:
        other.execute("BEGIN IMMEDIATE")
        host = world.host(timeout=0.1).boot()
        other.rollback()
    assert list(host.plugins) == ["demo"]
    assert failures_of(host) == [(None, "row", "DatabaseLockedError")]


def test_a_database_that_wants_more_than_the_host_knows_makes_no_rows_and_the_boot_goes_on(world, make_case):
    """A column of a later server, without a default."""
    case = make_case("sqlite3")
    serve_from(world, case)
    world.plugin("Demo")
    world.activate("demo")
    world.plugin("New")
    case.sql(
        'CREATE TABLE new (id integer PRIMARY KEY, "key" varchar(255) NOT NULL UNIQUE, name varchar(255),'
        " active bool NOT NULL, metadata text, package_name varchar(255), owner integer NOT NULL)"
    )
    case.sql(
        'INSERT INTO new SELECT id, "key", name, active, metadata, package_name, 1 FROM plugin_pluginconfig'
    )
    case.run(
        [
            ("PRAGMA foreign_keys = OFF", ()),
            ("DROP TABLE plugin_pluginconfig", ()),
            ("ALTER TABLE new RENAME TO plugin_pluginconfig", ()),
        ]
    )
    host = world.host().boot()
    assert list(host.plugins) == ["demo"]
    assert [each.phase for each in host.failures] == ["row"]


def test_no_row_is_made_where_all_are_there(world):
    """So nothing is written, and a store that cannot be written to is no failure."""
    world.plugin("Demo")
    world.activate("demo")
    with closing(sqlite3.connect(world.folder / ".invplug" / "store.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        host = world.host(timeout=0.1).boot()
        other.rollback()
    assert host.failures == ()


def test_a_database_that_goes_away_after_the_boot_breaks_settings_only(world, make_case):
    case = make_case("sqlite3")
    serve_from(world, case)
    body = "SETTINGS = {'A': {'default': 1}}\n"
    body += "def scan(self, barcode_data): return self.get_setting(barcode_data)"
    world.plugin("Demo", "SettingsMixin", "BarcodeMixin", body=body)
    host = world.boot("demo")
    assert host.scan("A") == 1
    file, away = Path(case.database.name), Path(f"{case.database.name}.away")
    file.rename(away)
    assert host.scan("A") is None
    assert failures_of(host)[-1][:2] == ("demo", "barcode")
    with pytest.raises(DatabaseError):
        host.settings_of("demo")
    away.rename(file)
    assert host.scan("A") == 1


def test_a_boot_without_a_database_leaves_no_host(world, make_case):
    case = make_case("sqlite3")
    world.environ.update(case.environ)
    Path(case.database.name).unlink()
    host = world.host()
    with pytest.raises(DatabaseMissingError):
        host.boot()
    assert not host.plugins
    assert not Path(case.database.name).exists()


def test_settings_in_the_store_are_read_anew_each_time(world):
    world.plugin("Demo", "SettingsMixin", body="SETTINGS = {'A': {'default': 'x'}}")
    host = world.boot("demo")
    assert host.settings_of("demo") == {"A": "x"}
    world.set_setting("demo", "A", "y")
    assert host.settings_of("demo") == {"A": "y"}


def test_the_store_is_not_held_open(world):
    world.plugin("Demo", "SettingsMixin", body="SETTINGS = {'A': {}}")
    host = world.boot("demo")
    host.settings_of("demo")
    with open_store(host.instance.require_database(), timeout=0.1).writing() as writer:
        writer.set_active(["demo"], False)
