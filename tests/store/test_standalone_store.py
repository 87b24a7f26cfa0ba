"""The embedded store: nothing until the first change, then the server's own tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from inventree_plugins.errors import DatabaseMissingError, FileAccessError, RowError
from inventree_plugins.models import PluginConfig

CREATOR = """
import sys
from inventree_plugins.models import Database
from inventree_plugins.store import open_store
store = open_store(Database("sqlite3", sys.argv[1], standalone=True), timeout=60)
print("ready", flush=True)
sys.stdin.readline()
with store.reading() as reader:
    reader.rows()
with store.writing() as writer:
    writer.insert(sys.argv[2], name=None)
with store.reading() as reader:
    assert reader.row(sys.argv[2])
"""


@pytest.fixture
def path(folder):
    return folder / "work" / ".invplug" / "store.sqlite3"


@pytest.fixture
def store(path, store_of):
    return store_of(path, standalone=True)


def test_reading_a_missing_store_gives_nothing_and_creates_nothing(folder, store):
    with store.reading() as reader:
        assert reader.rows() == ()
        assert reader.row("sheet") is None
        assert reader.global_values(["ENABLE_PLUGINS_APP"]) == {}
        assert reader.applied_migrations() == {}
        assert reader.tables() == frozenset()
    assert not list(folder.iterdir())


def test_the_first_change_creates_the_store(path, store, store_of):
    with store.writing() as writer:
        writer.insert("sheet", name="Sheet", package_name="sheet-plugin")
        assert writer.row("sheet").active is False
        assert writer.set_active(["sheet"], True) == ("sheet",)
    assert [entry.name for entry in path.parent.iterdir()] == ["store.sqlite3"]
    for standalone in (True, False):
        with store_of(path, standalone=standalone).reading() as reader:
            assert reader.rows() == (PluginConfig(1, "sheet", "Sheet", True, "sheet-plugin"),)
            assert reader.global_values(["ENABLE_PLUGINS_APP"]) == {}
            assert reader.applied_migrations() == {}
    with store.writing() as writer:
        assert writer.delete("sheet") is True
    with store.reading() as reader:
        assert reader.rows() == ()


def test_the_tables_are_those_of_the_newest_server(path, store, server_database, run_sql):
    with store.writing():
        pass
    server = server_database("1.5")
    tables = (
        "plugin_pluginconfig",
        "plugin_pluginsetting",
        "plugin_pluginusersetting",
        "common_inventreesetting",
    )
    for table in tables:
        columns = f"SELECT name, type, [notnull], dflt_value, pk FROM pragma_table_info('{table}') ORDER BY 1"
        assert run_sql(path, columns) == run_sql(server, columns)
        assert run_sql(path, columns)
    twice = [
        "INSERT INTO plugin_pluginconfig (key, active) VALUES ('a', 0)",
        "INSERT INTO plugin_pluginsetting (key, value, plugin_id) VALUES ('A', '', 1)",
        "INSERT INTO plugin_pluginusersetting (key, value, plugin_id, user_id) VALUES ('A', '', 1, 1)",
        "INSERT INTO common_inventreesetting (key, value) VALUES ('A', '')",
    ]
    for statement in twice:
        run_sql(path, statement)
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            run_sql(path, statement)


def test_a_change_that_fails_leaves_no_rows_and_the_next_one_works(store):

    def change():
        with store.writing() as writer:
            writer.insert("sheet", name=None)
            writer.set_active(["sheet", "nowhere"], True)

    with pytest.raises(RowError):
        change()
    with store.reading() as reader:
        assert reader.rows() == ()
    with store.writing() as writer:
        writer.insert("sheet", name=None)
        assert writer.row("sheet").pk == 1


def test_many_first_changes_at_once_all_count(path, store, other_process):
    processes = [other_process(CREATOR, path, f"plugin-{number}") for number in range(8)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.wait(timeout=100) for process in processes] == [0] * 8
    with store.reading() as reader:
        assert {row.key for row in reader.rows()} == {f"plugin-{number}" for number in range(8)}
    assert [entry.name for entry in path.parent.iterdir()] == ["store.sqlite3"]


def test_being_created_by_another_process_reads_as_no_rows(path, store):
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE plugin_pluginconfig (id, key, active)")
        with store.reading() as reader:
            assert reader.rows() == ()


def test_a_configured_database_is_never_created(path, store_of):
    for use in (store_of(path).reading, store_of(path).writing):
        with pytest.raises(DatabaseMissingError), use():
            pass
    assert not path.parent.exists()


def test_a_directory_that_cannot_be_made_is_named(folder, store_of):
    (folder / "file").write_text("")
    path = folder / "file" / "store.sqlite3"
    store = store_of(path, standalone=True)
    with store.reading() as reader:
        assert reader.rows() == ()
    with pytest.raises(FileAccessError) as caught, store.writing():
        pass
    assert f"`{path}`" in str(caught.value)
    assert caught.value.hint


def test_a_directory_that_may_not_be_written_is_named(open_folder, store_of, as_nobody):
    open_folder.chmod(0o555)
    for path in (open_folder / "store.sqlite3", open_folder / "sub" / "store.sqlite3"):
        with as_nobody(), pytest.raises(FileAccessError) as caught, store_of(path, standalone=True).writing():
            pass
        assert f"`{path}`" in str(caught.value)
    assert not list(open_folder.iterdir())
