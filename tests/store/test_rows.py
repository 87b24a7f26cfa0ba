"""What is read and written, on the schema of every server since 0.6."""

from __future__ import annotations

import pytest

from inventree_plugins.errors import (
    DatabaseError,
    NotAnInvenTreeDatabaseError,
    RowError,
    RowReferencedError,
    UnsupportedDatabaseError,
)
from inventree_plugins.models import Database, PluginConfig
from inventree_plugins.store import open_store

VERSIONS = ("0.6", "0.7", "0.12", "0.14", "1.0", "1.5")

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def path(version, server_database):
    return server_database(version, journal="delete" if version.startswith("0.") else "wal")


@pytest.fixture
def store(path, store_of):
    return store_of(path)


def test_rows_come_by_primary_key(store, version):
    package = "inventree-oh" if version in {"0.14", "1.0", "1.5"} else None
    with store.reading() as reader:
        assert reader.rows() == (
            PluginConfig(1, "barcode", "Barcode", True),
            PluginConfig(2, "sheet", "Label Sheet", False),
            PluginConfig(3, "order_history", "Order History", False, package),
        )


def test_a_row_is_found_by_its_exact_key(store):
    with store.reading() as reader:
        assert reader.row("sheet") == PluginConfig(2, "sheet", "Label Sheet", False)
        assert reader.row("Sheet") is None
        assert reader.row("sheet'; DROP TABLE plugin_pluginconfig; --") is None
        assert reader.row("\udcff") is None


def test_global_values_are_those_that_have_a_row(store, path, run_sql):
    with store.reading() as reader:
        assert reader.global_values(["ENABLE_PLUGINS_APP", "ENABLE_PLUGINS_URL"]) == {
            "ENABLE_PLUGINS_APP": "True"
        }
        assert reader.global_values([]) == {}
        many = [f"KEY_{number}" for number in range(40_000)]
        assert reader.global_values([*many, "ENABLE_PLUGINS_APP"]) == {"ENABLE_PLUGINS_APP": "True"}
    run_sql(path, "DROP TABLE common_inventreesetting")
    with store.reading() as reader:
        assert reader.global_values(["ENABLE_PLUGINS_APP"]) == {}


def test_migration_apps(store, path, run_sql):
    with store.reading() as reader:
        assert reader.migration_apps() == {"plugin", "order_history"}
    run_sql(path, "DROP TABLE django_migrations")
    with store.reading() as reader:
        assert reader.migration_apps() == frozenset()


def test_insert_adds_an_inactive_row_and_nothing_else(store, path, version, dump_of):
    before = dump_of(path)
    with store.writing() as writer:
        row = writer.insert("new", name="Néw", package_name="new-plugin")
    package = "new-plugin" if version in {"0.14", "1.0", "1.5"} else None
    assert row == PluginConfig(4, "new", "Néw", False, package)
    with store.reading() as reader:
        assert reader.row("new") == row
    after = dump_of(path)
    added = after["plugin_pluginconfig"].pop()
    assert 0 in added
    after.pop("sqlite_sequence")
    before.pop("sqlite_sequence")
    assert after == before


def test_insert_refuses_a_second_row(store, path, dump_of):
    before = dump_of(path)
    with pytest.raises(RowError, match="`sheet` already has a row"), store.writing() as writer:
        writer.insert("sheet", name="x")
    assert dump_of(path) == before


def test_insert_names_a_column_it_cannot_fill(store, path, run_sql, dump_of):
    run_sql(path, "ALTER TABLE plugin_pluginconfig ADD COLUMN easy text NOT NULL DEFAULT ''")
    run_sql(path, "ALTER TABLE plugin_pluginconfig ADD COLUMN free text")
    run_sql(path, "ALTER TABLE plugin_pluginconfig ADD COLUMN computed text NOT NULL AS (key || '!')")
    with store.writing() as writer:
        assert writer.insert("new", name=None).name is None
    run_sql(path, "ALTER TABLE plugin_pluginconfig RENAME TO old")
    run_sql(
        path,
        "CREATE TABLE plugin_pluginconfig (id integer PRIMARY KEY, key varchar(255) NOT NULL UNIQUE,"
        " name varchar(255), active bool NOT NULL, tenant integer NOT NULL)",
    )
    before = dump_of(path)
    with pytest.raises(RowError, match="`tenant`") as caught, store.writing() as writer:
        writer.insert("newer", name=None)
    assert caught.value.hint
    assert caught.value.slug == "newer"
    assert dump_of(path) == before


def test_set_active_changes_that_state_and_nothing_else(store, path, dump_of):
    before = dump_of(path)
    with store.writing() as writer:
        assert writer.set_active(["order_history", "barcode"], True) == ("order_history",)
    after = dump_of(path)
    changed = [
        (old, new)
        for table in before
        for old, new in zip(before[table], after[table], strict=True)
        if old != new
    ]
    assert len(changed) == 1
    old, new = changed[0]
    assert [(a, b) for a, b in zip(old, new, strict=True) if a != b] == [(0, 1)]
    assert b"order_history" in new


def test_set_active_is_idempotent(store, path, files_of):
    with store.writing() as writer:
        assert writer.set_active(["sheet", "order_history", "sheet"], True) == ("sheet", "order_history")
    before = files_of(path.parent)
    with store.writing() as writer:
        assert writer.set_active(["sheet", "order_history"], True) == ()
    assert files_of(path.parent) == before
    with store.writing() as writer:
        assert writer.set_active(["order_history", "sheet"], False) == ("order_history", "sheet")
        assert writer.set_active([], False) == ()


def test_set_active_writes_a_row_only_where_its_state_differs(store, path, run_sql):
    run_sql(path, "CREATE TABLE log (key text)")
    run_sql(
        path,
        "CREATE TRIGGER seen AFTER UPDATE ON plugin_pluginconfig BEGIN INSERT INTO log VALUES (new.key); END",
    )
    with store.writing() as writer:
        writer.set_active(["barcode", "sheet"], True)
    assert run_sql(path, "SELECT key FROM log") == [("sheet",)]


def test_set_active_without_a_row_changes_nothing(store, path, dump_of):
    before = dump_of(path)
    with pytest.raises(RowError, match="`nowhere` has no row") as caught, store.writing() as writer:
        writer.set_active(["sheet", "nowhere"], True)
    assert caught.value.slug == "nowhere"
    assert dump_of(path) == before


def test_set_active_takes_more_keys_than_a_statement_has_parameters(store):
    keys = [f"plugin-{number}" for number in range(1200)]
    with store.writing() as writer:
        for key in keys:
            writer.insert(key, name=key)
        assert writer.set_active(keys, True) == tuple(keys)
    with store.reading() as reader:
        assert {row.key for row in reader.rows() if row.active} == {*keys, "barcode"}


def test_delete_takes_the_settings_along_and_nothing_else(store, path, dump_of):
    before = dump_of(path)
    with store.writing() as writer:
        assert writer.delete("sheet") is True
        assert writer.row("sheet") is None
        assert writer.delete("sheet") is False
    after = dump_of(path)
    gone = {
        table: set(before[table]) - set(after[table]) for table in before if before[table] != after[table]
    }
    children = {"plugin_pluginsetting", "plugin_pluginusersetting"} & set(before)
    references = {"common_selectionlist"} & set(before)
    assert set(gone) == {"plugin_pluginconfig"} | children | references
    assert all(len(rows) == 1 for rows in gone.values())
    for table in references:
        assert (b"list of sheet", None) in [row[2:] for row in after[table]]
        assert len(after[table]) == len(before[table])


@pytest.mark.parametrize("target", ["id", "key"])
def test_delete_refuses_where_another_table_needs_the_row(store, path, run_sql, dump_of, target):
    run_sql(
        path,
        f'CREATE TABLE "acme orders" (id integer PRIMARY KEY, "by ""plugin""" integer NOT NULL'
        f' REFERENCES "PLUGIN_PluginConfig" ({target}))',
    )
    run_sql(
        path,
        f'INSERT INTO "acme orders" ("by ""plugin""") SELECT {target} FROM plugin_pluginconfig WHERE id = 2',
    )
    before = dump_of(path)
    with pytest.raises(RowReferencedError, match="`acme orders`") as caught, store.writing() as writer:
        writer.delete("sheet")
    assert caught.value.slug == "sheet"
    assert dump_of(path) == before
    with store.writing() as writer:
        assert writer.delete("barcode") is True


def test_a_deletion_that_would_leave_a_dangling_reference_is_undone(store, path, run_sql, dump_of):
    run_sql(
        path,
        "CREATE TABLE acme (id integer PRIMARY KEY,"
        " setting_id integer NOT NULL REFERENCES plugin_pluginsetting (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    run_sql(path, "INSERT INTO acme (setting_id) VALUES (2)")
    before = dump_of(path)
    with pytest.raises(DatabaseError, match="FOREIGN KEY"), store.writing() as writer:
        writer.delete("sheet")
    assert dump_of(path) == before


def test_a_half_migrated_table_is_named(server_database, store_of, run_sql):
    path = server_database("1.5")
    run_sql(path, "ALTER TABLE plugin_pluginconfig DROP COLUMN active")
    with (
        pytest.raises(NotAnInvenTreeDatabaseError, match="no column `active`") as caught,
        store_of(path).reading(),
    ):
        pass
    assert "invoke migrate" in caught.value.hint


def test_a_table_without_names_is_read(server_database, store_of, run_sql):
    path = server_database("0.6")
    run_sql(path, "ALTER TABLE plugin_pluginconfig DROP COLUMN name")
    with store_of(path).writing() as writer:
        assert writer.row("sheet") == PluginConfig(2, "sheet", None, False)
        assert writer.insert("new", name="New").name is None


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "oracle"])
def test_other_engines_are_refused_without_the_password(engine):
    database = Database(engine, "inventree", user="root", password="hunter2")
    with pytest.raises(UnsupportedDatabaseError, match=engine) as caught:
        open_store(database, timeout=1)
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {database!r}"
