"""The databases that InvenTree 1.5 itself made: of all their tables only what was asked for changes."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from inventree_plugins.errors import RowReferencedError
from inventree_plugins.store import open_store
from tests.private_servers import Postgresql

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures"


def load_sqlite(case):
    content = gzip.decompress((FIXTURES / "server-1.5.sqlite3.gz").read_bytes())
    Path(case.database.name).write_bytes(content)


def load_postgresql(case):
    script = gzip.decompress((FIXTURES / "server-1.5.postgresql.sql.gz").read_bytes())
    database = case.database
    command = [
        Postgresql.program("psql"),
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--output=/dev/null",
    ]
    command += [
        f"--host={database.host}",
        f"--port={database.port}",
        f"--username={database.user}",
        database.name,
    ]
    environ = {**os.environ, "PGPASSWORD": database.password}
    subprocess.run(command, input=script, env=environ, check=True)


DUMPS = {"sqlite3": load_sqlite, "postgresql": load_postgresql}

pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason=f"the server's own databases are not in {FIXTURES}"
)


@pytest.fixture(params=DUMPS)
def case(request, make_case):
    return make_case(request.param, "dump", build=DUMPS[request.param])


@pytest.fixture
def store(case):
    return open_store(case.database, timeout=5)


def differences(before, after):
    return {
        (table, old, new)
        for table in before.keys() | after.keys()
        for old, new in zip(before[table], after[table], strict=True)
        if old != new
    }


def test_reading(case, store):
    before = case.dump()
    with store.reading() as reader:
        rows = reader.rows()
        assert {"plugin", "part", "common"} <= set(reader.applied_migrations())
        assert reader.global_values(["ENABLE_PLUGINS_URL", "ENABLE_PLUGINS_APP"]) == {
            "ENABLE_PLUGINS_URL": "False"
        }
        assert reader.row("order_history") == rows[-1]
    assert [row.pk for row in rows] == list(range(1, 24))
    assert rows[-1].package_name == "inventree-order-history"
    assert case.dump() == before


def test_reading_leaves_no_trace_beside_the_file(make_case, files_of):
    case = make_case("sqlite3", "dump", build=load_sqlite)
    folder = Path(case.database.name).parent
    before = files_of(folder)
    with open_store(case.database, timeout=5).reading() as reader:
        assert len(reader.rows()) == 23
    assert files_of(folder) == before


def test_enabling_changes_one_cell(case, store):
    before = case.dump()
    assert len(before) in {115, 116}
    with store.writing() as writer:
        assert writer.set_active(["order_history", "inventreelabel"], True) == ("order_history",)
    [(table, old, new)] = differences(before, case.dump())
    assert table == "plugin_pluginconfig"
    assert "order_history" in new
    assert [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]] == [(0, 1)]
    with store.writing() as writer:
        assert writer.set_active(["order_history"], True) == ()
        assert writer.set_active(["order_history"], False) == ("order_history",)
    assert case.dump() == before


def test_inserting_and_deleting_again_leaves_all_rows(case, store):
    before = case.dump()
    with store.writing() as writer:
        writer.insert("new", name="New", package_name="new-plugin")
        assert writer.row("new").pk == 24
    with store.writing() as writer:
        assert writer.delete("new") is True
    assert case.dump() == before


def test_deleting_respects_the_references_of_other_tables(case, store):
    case.sql(
        """INSERT INTO plugin_pluginsetting ("key", value, plugin_id) VALUES ('A', '', 23), ('A', '', 22)"""
    )
    case.sql(
        "INSERT INTO common_selectionlist (name, description, locked, active, source_string, created,"
        " last_updated, source_plugin_id) VALUES ('list', '', ?, ?, '', '2026-01-01', '2026-01-01', 23)",
        (False, True),
    )
    with store.writing() as writer:
        assert writer.delete("order_history") is True
    assert case.sql("SELECT name, source_plugin_id FROM common_selectionlist") == [("list", None)]
    assert case.sql("SELECT plugin_id FROM plugin_pluginsetting") == [(22,)]
    if case.engine == "sqlite3":  # which checks nothing by itself
        assert case.sql("PRAGMA foreign_key_check") == []
    case.sql("CREATE TABLE acme (id integer PRIMARY KEY, p integer NOT NULL REFERENCES plugin_pluginconfig)")
    case.sql("INSERT INTO acme VALUES (1, 22)")
    before = case.dump()
    with pytest.raises(RowReferencedError, match="`acme`"), store.writing() as writer:
        writer.delete("inventree-bulk-plugin")
    assert case.dump() == before
