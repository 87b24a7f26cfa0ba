"""The database that InvenTree 1.5 itself made: nothing but the asked-for cell changes, in all its tables."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from inventree_plugins.errors import RowReferencedError

FIXTURE = Path(__file__).parents[3] / "shared" / "fixtures" / "server-1.5.sqlite3.gz"

pytestmark = pytest.mark.skipif(
    not FIXTURE.is_file(), reason=f"the server's own database is not at {FIXTURE}"
)


@pytest.fixture
def path(folder):
    path = folder / "database.sqlite3"
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    return path


def differences(before, after):
    return {
        (table, old, new)
        for table in before.keys() | after.keys()
        for old, new in zip(before[table], after[table], strict=True)
        if old != new
    }


def test_reading(path, store_of, files_of):
    before = files_of(path.parent)
    with store_of(path).reading() as reader:
        rows = reader.rows()
        assert {"plugin", "part", "common"} <= reader.migration_apps()
        assert reader.global_values(["ENABLE_PLUGINS_URL", "ENABLE_PLUGINS_APP"]) == {
            "ENABLE_PLUGINS_URL": "False"
        }
        assert reader.row("order_history") == rows[-1]
    assert [row.pk for row in rows] == list(range(1, 24))
    assert rows[-1].package_name == "inventree-order-history"
    assert files_of(path.parent) == before


def test_enabling_changes_one_cell(path, store_of, dump_of):
    before = dump_of(path)
    assert len([table for table in before if table != "sqlite_sequence"]) in {115, 116}
    with store_of(path).writing() as writer:
        assert writer.set_active(["order_history", "inventreelabel"], True) == ("order_history",)
    [(table, old, new)] = differences(before, dump_of(path))
    assert table == "plugin_pluginconfig"
    assert b"order_history" in new
    assert [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]] == [(0, 1)]
    with store_of(path).writing() as writer:
        assert writer.set_active(["order_history"], True) == ()
        assert writer.set_active(["order_history"], False) == ("order_history",)
    assert dump_of(path) == before


def test_inserting_and_deleting_again_leaves_all_rows(path, store_of, dump_of):
    before = dump_of(path)
    with store_of(path).writing() as writer:
        assert writer.insert("new", name="New", package_name="new-plugin").pk == 24
    with store_of(path).writing() as writer:
        assert writer.delete("new") is True
    assert {table for table, _, _ in differences(before, dump_of(path))} == {"sqlite_sequence"}


def test_deleting_respects_the_references_of_other_tables(path, store_of, dump_of, run_sql):
    run_sql(
        path, "INSERT INTO plugin_pluginsetting (key, value, plugin_id) VALUES ('A', '', 23), ('A', '', 22)"
    )
    run_sql(
        path,
        "INSERT INTO common_selectionlist (name, description, locked, active, source_string, created,"
        " last_updated, source_plugin_id) VALUES ('list', '', 0, 1, '', '2026-01-01', '2026-01-01', 23)",
    )
    with store_of(path).writing() as writer:
        assert writer.delete("order_history") is True
    assert run_sql(path, "SELECT name, source_plugin_id FROM common_selectionlist") == [("list", None)]
    assert run_sql(path, "SELECT plugin_id FROM plugin_pluginsetting") == [(22,)]
    assert run_sql(path, "PRAGMA foreign_key_check") == []
    run_sql(
        path,
        "CREATE TABLE acme (id integer PRIMARY KEY, p integer NOT NULL REFERENCES plugin_pluginconfig)",
    )
    run_sql(path, "INSERT INTO acme (p) VALUES (22)")
    before = dump_of(path)
    with pytest.raises(RowReferencedError, match="`acme`"), store_of(path).writing() as writer:
        writer.delete("inventree-bulk-plugin")
    assert dump_of(path) == before
