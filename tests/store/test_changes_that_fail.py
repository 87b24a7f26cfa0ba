"""A change that the database does not make, or must not make, is never reported as done."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from inventree_plugins.errors import DatabaseError, RowError, RowReferencedError
from inventree_plugins.store import open_store
from tests.databases import ENGINES

IGNORING = {
    "sqlite3": [
        "CREATE TRIGGER t BEFORE UPDATE ON plugin_pluginconfig BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER u BEFORE INSERT ON common_inventreesetting BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER v BEFORE DELETE ON plugin_pluginconfig BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER w BEFORE DELETE ON plugin_pluginsetting BEGIN SELECT RAISE(IGNORE); END",
    ],
    "postgresql": [
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER t BEFORE UPDATE ON plugin_pluginconfig FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TRIGGER u BEFORE INSERT ON common_inventreesetting FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TRIGGER v BEFORE DELETE ON plugin_pluginconfig FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TRIGGER w BEFORE DELETE ON plugin_pluginsetting FOR EACH ROW EXECUTE FUNCTION nothing()",
    ],
    "mysql": [
        "CREATE TRIGGER t BEFORE UPDATE ON plugin_pluginconfig FOR EACH ROW SET NEW.active = OLD.active",
        "CREATE TRIGGER u BEFORE INSERT ON common_inventreesetting FOR EACH ROW SET NEW.value = 'x'",
    ],
}
NEEDS = (
    "CREATE TABLE {place}.needs (id integer PRIMARY KEY, p integer {null},"
    " FOREIGN KEY (p) REFERENCES {own}.plugin_pluginconfig (id) ON DELETE CASCADE)"
)


@pytest.fixture(params=ENGINES)
def case(request, make_case):
    return make_case(request.param)


def test_what_a_trigger_undoes_is_an_error(case):
    for statement in IGNORING[case.database.engine]:
        case.sql(statement)
    before = case.dump()
    store = open_store(case.database, timeout=5)
    with pytest.raises(RowError, match=r"`sheet`.*not as it was written"), store.writing() as writer:
        writer.set_active(["sheet"], True)
    with pytest.raises(RowError, match=r"`NEW`.*not as it was written"), store.writing() as writer:
        writer.set_global_value("NEW", "1")
    if case.database.engine != "mysql":  # whose triggers cannot pass a deletion over
        with pytest.raises(RowError, match=r"`A`.*not as it was written"), store.writing() as writer:
            writer.unset_plugin_setting("sheet", "A")
        case.sql(
            "DROP TRIGGER w" + (" ON plugin_pluginsetting" if case.database.engine == "postgresql" else "")
        )
        with pytest.raises((RowError, DatabaseError)), store.writing() as writer:
            writer.delete("sheet")
    assert case.dump() == before


@pytest.fixture(params=["postgresql", "mysql"])
def elsewhere(request, make_case):
    """Return a database, and a schema or another database beside it."""
    case = make_case(request.param)
    place = "other" if request.param == "postgresql" else f"{case.database.name}_other"
    case.sql(f"CREATE SCHEMA {place}")
    yield case, place
    if request.param == "mysql":
        case.sql(f"DROP SCHEMA {place}")


@pytest.mark.parametrize("null", ["NOT NULL", "NULL"])
def test_tables_of_another_schema_are_respected(elsewhere, null):
    case, place = elsewhere
    own = "public" if place == "other" else case.database.name
    case.sql(NEEDS.format(place=place, null=null, own=own))
    case.sql(f"INSERT INTO {place}.needs SELECT 1, id FROM plugin_pluginconfig WHERE \"key\" = 'sheet'")
    store = open_store(case.database, timeout=5)
    if null == "NULL":
        with store.writing() as writer:
            assert writer.delete("sheet") is True
        assert [tuple(row) for row in case.sql(f"SELECT id, p FROM {place}.needs")] == [(1, None)]
        return
    with store.reading() as reader:
        assert (reader.referring_table("sheet"), reader.referring_table("barcode")) == (
            f"{place}.needs",
            None,
        )
    with pytest.raises(RowReferencedError, match=f"`{place}.needs`"), store.writing() as writer:
        writer.delete("sheet")
    assert len(case.sql(f"SELECT id, p FROM {place}.needs")) == 1


def test_a_reference_that_is_a_key_itself_is_not_emptied(make_case):
    case = make_case("sqlite3")
    case.sql("CREATE TABLE one (plugin_id integer PRIMARY KEY REFERENCES plugin_pluginconfig (id))")
    case.sql("INSERT INTO one SELECT id FROM plugin_pluginconfig WHERE key = 'sheet'")
    store = open_store(case.database, timeout=5)
    with pytest.raises(RowReferencedError, match="`one`"), store.writing() as writer:
        writer.delete("sheet")


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_went_while_it_was_waited_for(make_case, is_replaced, journal):
    case = make_case("sqlite3", journal=journal)
    path = Path(case.database.name)
    content = path.read_bytes()
    store = open_store(case.database, timeout=10)

    def vanish():
        time.sleep(0.3)
        path.unlink()
        if is_replaced:
            path.write_bytes(content)
        holder.rollback()

    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=vanish)
        thread.start()
        with pytest.raises(DatabaseError, match="removed or replaced"), store.writing() as writer:
            writer.set_active(["sheet"], True)
        thread.join()


@pytest.mark.parametrize("what", ["pipe", "file", "link"])
def test_the_name_of_the_lock_file_is_taken(make_case, tmp_path, what):
    case = make_case("sqlite3")
    lock = Path(f"{case.database.name}.invplug-lock")
    victim = tmp_path / "victim"
    if what == "pipe":
        os.mkfifo(lock)
    elif what == "file":
        lock.write_text("mine")
    else:
        lock.symlink_to(victim)
    with open_store(case.database, timeout=1).writing() as writer:
        assert writer.set_active(["sheet"], True) == ("sheet",)
    assert os.path.lexists(lock)
    assert not victim.exists()
