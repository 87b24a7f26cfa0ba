"""What is read and written, on each engine with the schema of every server since 0.6."""

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
from inventree_plugins.store import SettingLimits, open_store
from tests.databases import ENGINES
from tests.server_schema import DIALECTS, VERSIONS, foreign_key, level_of

pytestmark = pytest.mark.filterwarnings("error")

# A column that computes its value, in the form that may be added to a table with rows.
COMPUTED = {
    "sqlite3": "text NOT NULL AS (\"key\" || '!')",
    "postgresql": "text NOT NULL GENERATED ALWAYS AS (\"key\" || '!') STORED",
    "mysql": "varchar(300) AS (concat(\"key\", '!'))",
}
# What writes the key of every updated row into a table.
TRIGGER = "CREATE TRIGGER seen AFTER UPDATE ON plugin_pluginconfig FOR EACH ROW"
LOG = 'INSERT INTO log VALUES (new."key")'
LOGGING = {
    "sqlite3": f"{TRIGGER} BEGIN {LOG}; END",
    "postgresql": f"""
        CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {LOG}; RETURN NULL; END';
        {TRIGGER} EXECUTE FUNCTION log()
    """,
    "mysql": f"{TRIGGER} {LOG}",
}


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def case(make_case, engine, version):
    return make_case(engine, version, journal="delete" if version.startswith("0.") else "wal")


@pytest.fixture
def store(case):
    return open_store(case.database, timeout=5)


def test_rows_come_by_primary_key(store, version):
    package = "inventree-oh" if level_of(version) >= (0, 14) else None
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
        assert reader.row("sheet\0") is None


def test_global_values_are_those_that_have_a_row(store, case):
    with store.reading() as reader:
        assert reader.global_values(["ENABLE_PLUGINS_APP", "ENABLE_PLUGINS_URL"]) == {
            "ENABLE_PLUGINS_APP": "True"
        }
        assert reader.global_values([]) == {}
        many = [f"KEY_{number}" for number in range(40_000)]
        assert reader.global_values([*many, "ENABLE_PLUGINS_APP"]) == {"ENABLE_PLUGINS_APP": "True"}
    case.sql("DROP TABLE common_inventreesetting")
    with store.reading() as reader:
        assert reader.global_values(["ENABLE_PLUGINS_APP"]) == {}


def test_applied_migrations(store, case):
    with store.reading() as reader:
        assert reader.applied_migrations() == {
            "plugin": {"0001_initial", "0002_more"},
            "order_history": {"0001_initial"},
        }
    case.sql("DROP TABLE django_migrations")
    with store.reading() as reader:
        assert reader.applied_migrations() == {}


def test_tables_are_those_of_every_app(store, case):
    case.sql('CREATE TABLE "Acme thing" (id integer PRIMARY KEY)')
    with store.reading() as reader:
        found = reader.tables()
    assert {"plugin_pluginconfig", "django_migrations", "Acme thing"} <= found
    assert found == set(case.dump())


def test_insert_adds_an_inactive_row_and_nothing_else(store, case, version):
    before = case.dump()
    with store.writing() as writer:
        writer.insert("new", name="Néw", package_name="new-plugin")
        package = "new-plugin" if level_of(version) >= (0, 14) else None
        row = PluginConfig(4, "new", "Néw", False, package)
        assert writer.row("new") == row
    with store.reading() as reader:
        assert reader.row("new") == row
    after = case.dump()
    added = after["plugin_pluginconfig"].pop()
    assert [value for value in added if value is not None] == [
        value for value in (4, "Néw", False, package, "new") if value is not None
    ]
    assert after == before


def test_insert_refuses_a_second_row(store, case):
    before = case.dump()
    with pytest.raises(RowError, match="`sheet` already has a row"), store.writing() as writer:
        writer.insert("sheet", name="x")
    assert case.dump() == before


def test_insert_names_a_column_it_cannot_fill(store, case):
    case.sql("ALTER TABLE plugin_pluginconfig ADD COLUMN easy varchar(9) DEFAULT '' NOT NULL")
    case.sql("ALTER TABLE plugin_pluginconfig ADD COLUMN free text")
    case.sql(f"ALTER TABLE plugin_pluginconfig ADD COLUMN computed {COMPUTED[case.engine]}")
    with store.writing() as writer:
        writer.insert("new", name=None)
        assert writer.row("new") == PluginConfig(4, "new", None, False)
    case.sql("ALTER TABLE plugin_pluginconfig RENAME TO old")
    pk = DIALECTS[case.engine].identity
    case.sql(
        f'CREATE TABLE plugin_pluginconfig ({pk}, "key" varchar(255) NOT NULL UNIQUE, name varchar(255),'
        " active bool NOT NULL, tenant integer NOT NULL)"
    )
    before = case.dump()
    with pytest.raises(RowError, match="`tenant`") as caught, store.writing() as writer:
        writer.insert("newer", name=None)
    assert caught.value.hint
    assert caught.value.slug == "newer"
    assert case.dump() == before


def test_set_active_changes_that_state_and_nothing_else(store, case):
    before = case.dump()
    with store.writing() as writer:
        assert writer.set_active(["order_history", "barcode"], True) == ("order_history",)
    [(table, old, new)] = differences(before, case.dump())
    assert table == "plugin_pluginconfig"
    assert [(a, b) for a, b in zip(old, new, strict=True) if a != b] == [(0, 1)]
    assert "order_history" in new


def test_set_active_is_idempotent(store, case):
    with store.writing() as writer:
        assert writer.set_active(["sheet", "order_history", "sheet"], True) == ("sheet", "order_history")
    before = case.dump()
    with store.writing() as writer:
        assert writer.set_active(["sheet", "order_history"], True) == ()
    assert case.dump() == before
    with store.writing() as writer:
        assert writer.set_active(["order_history", "sheet"], False) == ("order_history", "sheet")
        assert writer.set_active([], False) == ()


def test_a_change_of_nothing_leaves_the_file_as_it_is(server_database, store_of, files_of):
    path = server_database()
    before = files_of(path.parent)
    with store_of(path).writing() as writer:
        assert writer.set_active(["barcode"], True) == ()
    assert files_of(path.parent) == before


def test_set_active_writes_a_row_only_where_its_state_differs(store, case):
    case.sql('CREATE TABLE log ("key" varchar(255))')
    case.sql(LOGGING[case.engine])
    with store.writing() as writer:
        writer.set_active(["barcode", "sheet"], True)
    assert case.sql('SELECT "key" FROM log') == [("sheet",)]


def test_set_active_without_a_row_changes_nothing(store, case):
    before = case.dump()
    with pytest.raises(RowError, match="`nowhere` has no row") as caught, store.writing() as writer:
        writer.set_active(["sheet", "nowhere"], True)
    assert caught.value.slug == "nowhere"
    assert case.dump() == before


def test_set_active_takes_more_keys_than_a_statement_has_parameters(store, case):
    keys = [f"plugin-{number}" for number in range(1200)]
    rows = ", ".join(["(?, ?)"] * len(keys))
    parameters = tuple(value for key in keys for value in (key, False))
    case.sql(f'INSERT INTO plugin_pluginconfig ("key", active) VALUES {rows}', parameters)
    with store.writing() as writer:
        assert writer.set_active(keys, True) == tuple(keys)
    with store.reading() as reader:
        assert {row.key for row in reader.rows() if row.active} == {*keys, "barcode"}


def test_delete_takes_the_settings_along_and_nothing_else(store, case):
    before = case.dump()
    with store.writing() as writer:
        assert writer.delete("sheet") is True
        assert writer.row("sheet") is None
        assert writer.delete("sheet") is False
    after = case.dump()
    gone = {
        table: set(before[table]) - set(after[table]) for table in before if before[table] != after[table]
    }
    children = {"plugin_pluginsetting", "plugin_pluginusersetting"} & set(before)
    references = {"common_selectionlist"} & set(before)
    assert set(gone) == {"plugin_pluginconfig"} | children | references
    assert all(len(rows) == 1 for rows in gone.values())
    for table in references:
        assert (2, "list of sheet", None) in after[table]
        assert len(after[table]) == len(before[table])


@pytest.mark.parametrize("target", ["id", "key"])
def test_delete_refuses_where_another_table_needs_the_row(store, case, target):
    kind = {"id": "integer", "key": "varchar(255)"}[target]
    # Names of tables have no case in SQLite.
    config = "PLUGIN_PluginConfig" if case.engine == "sqlite3" else "plugin_pluginconfig"
    link = foreign_key(case.engine, 'by ""plugin""', config, target)
    case.sql(f'CREATE TABLE "acme orders" (id integer PRIMARY KEY, "by ""plugin""" {kind} NOT NULL, {link})')
    case.sql(f'INSERT INTO "acme orders" SELECT 1, "{target}" FROM plugin_pluginconfig WHERE id = 2')
    before = case.dump()
    with pytest.raises(RowReferencedError, match="`acme orders`") as caught, store.writing() as writer:
        writer.delete("sheet")
    assert caught.value.slug == "sheet"
    assert case.dump() == before
    with store.writing() as writer:
        assert writer.delete("barcode") is True


def test_a_deletion_that_would_leave_a_dangling_reference_is_undone(store, case):
    link = foreign_key(case.engine, "setting_id", "plugin_pluginsetting")
    case.sql(f"CREATE TABLE acme (id integer PRIMARY KEY, setting_id integer NOT NULL, {link})")
    case.sql("INSERT INTO acme VALUES (1, 2)")
    before = case.dump()
    problems = (DatabaseError, RowReferencedError)
    with pytest.raises(problems, match=r"FOREIGN KEY|`acme`"), store.writing() as writer:
        writer.delete("sheet")
    assert case.dump() == before


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_any_exception_undoes_everything(store, case, problem):
    before = case.dump()

    def change():
        with store.writing() as writer:
            writer.set_active(["sheet"], True)
            writer.insert("new", name=None)
            writer.delete("barcode")
            raise problem

    with pytest.raises(problem):
        change()
    assert case.dump() == before


def test_plugin_settings_are_read_by_plugin(store, case):
    with store.reading() as reader:
        assert reader.plugin_settings("sheet") == {"A": "secret of sheet"}
        assert reader.plugin_settings("nowhere") == {}
    case.sql("DROP TABLE plugin_pluginsetting")
    with store.reading() as reader:
        assert reader.plugin_settings("sheet") == {}


def test_setting_limits_are_those_of_the_server_version(store, case, version):
    with store.reading() as reader:
        assert reader.setting_limits() == SettingLimits(50, 2000 if level_of(version) >= (0, 13) else 200)


def test_a_setting_is_added_changed_and_left_alone(store, case):
    before = case.dump()
    with store.writing() as writer:
        assert writer.set_plugin_setting("sheet", "SIZE", "Ä4") is True
        assert writer.set_plugin_setting("sheet", "a", "new") is True  # the server disregards case
        assert writer.plugin_settings("sheet") == {"A": "new", "SIZE": "Ä4"}
    after = case.dump()
    with store.writing() as writer:
        assert writer.set_plugin_setting("sheet", "SIZE", "Ä4") is False
        assert writer.set_plugin_setting("sheet", "A", "new") is False
    assert case.dump() == after
    added = after["plugin_pluginsetting"].pop()
    assert added[1:] == ("SIZE", "Ä4", 2)
    [(table, old, new)] = differences(before, after)
    assert table == "plugin_pluginsetting"
    assert [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]] == [("secret of sheet", "new")]


def test_a_users_settings_are_those_of_one_user(store, case, version):
    if level_of(version) < (1, 0):
        with store.reading() as reader:
            assert reader.user_settings("sheet", 7) == {}
        with pytest.raises(RowError, match="plugin_pluginusersetting"), store.writing() as writer:
            writer.set_user_setting("sheet", 7, "SIZE", "A5")
        return
    with store.writing() as writer:
        assert writer.set_user_setting("sheet", 7, "SIZE", "A5") is True
        assert writer.set_user_setting("sheet", 8, "SIZE", "A6") is True
        assert writer.set_user_setting("sheet", 7, "size", "A5") is False
        assert writer.set_user_setting("sheet", 7, "size", "A7") is True
    with store.reading() as reader:
        assert reader.user_settings("sheet", 7) == {"THEME": "dark", "SIZE": "A7"}
        assert reader.user_settings("sheet", 8) == {"SIZE": "A6"}
        assert reader.user_settings("sheet", 9) == {}
        assert reader.plugin_settings("sheet") == {"A": "secret of sheet"}


def test_a_setting_is_removed(store, case):
    before = case.dump()
    with store.writing() as writer:
        assert writer.unset_plugin_setting("sheet", "B") is False
        assert writer.unset_plugin_setting("sheet", "a") is True
        assert writer.unset_plugin_setting("sheet", "A") is False
    after = case.dump()
    assert before.pop("plugin_pluginsetting") == sorted(
        [*after.pop("plugin_pluginsetting"), (2, "A", "secret of sheet", 2)]
    )
    assert after == before


@pytest.mark.parametrize("change", ["set_plugin_setting", "unset_plugin_setting"])
def test_settings_need_the_row_of_their_plugin(store, case, change):
    before = case.dump()
    values = ("A", "1") if change == "set_plugin_setting" else ("A",)

    def settle():
        with store.writing() as writer:
            writer.set_plugin_setting("sheet", "A", "2")
            getattr(writer, change)("nowhere", *values)

    with pytest.raises(RowError, match="`nowhere` has no row") as caught:
        settle()
    assert caught.value.slug == "nowhere"
    assert case.dump() == before


def test_a_global_value_is_added_changed_and_left_alone(store, case):
    with store.writing() as writer:
        assert writer.set_global_value("ENABLE_PLUGINS_APP", "False") is True
        assert writer.set_global_value("_PLUGIN_REGISTRY_HASH", "x" * 2000) is True
    after = case.dump()
    assert after["common_inventreesetting"] == [
        (1, "ENABLE_PLUGINS_APP", "False"),
        (2, "_PLUGIN_REGISTRY_HASH", "x" * 2000),
    ]
    with store.writing() as writer:
        assert writer.set_global_value("ENABLE_PLUGINS_APP", "False") is False
    assert case.dump() == after


def test_a_half_migrated_table_is_named(make_case, engine):
    case = make_case(engine)
    case.sql("ALTER TABLE plugin_pluginconfig DROP COLUMN active")
    store = open_store(case.database, timeout=5)
    with pytest.raises(NotAnInvenTreeDatabaseError, match="no column `active`") as caught, store.reading():
        pass
    assert "invoke migrate" in caught.value.hint


def test_a_table_without_names_is_read(make_case, engine):
    case = make_case(engine, "0.6")
    case.sql("ALTER TABLE plugin_pluginconfig DROP COLUMN name")
    with open_store(case.database, timeout=5).writing() as writer:
        assert writer.row("sheet") == PluginConfig(2, "sheet", None, False)
        writer.insert("new", name="New")
        assert writer.row("new") == PluginConfig(4, "new", None, False)


def test_an_empty_database_is_not_the_servers(make_case, engine):
    case = make_case(engine, "empty", build=lambda case: None)
    store = open_store(case.database, timeout=5)
    with pytest.raises(NotAnInvenTreeDatabaseError, match="is empty") as caught, store.reading():
        pass
    assert "invoke migrate" in caught.value.hint


def test_other_engines_are_refused_without_the_password():
    database = Database("oracle", "inventree", user="root", password="hunter2")
    with pytest.raises(UnsupportedDatabaseError, match="oracle") as caught:
        open_store(database, timeout=1)
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {database!r}"


def differences(before, after):
    """Return the rows that differ, with their table; there are as many of them as there were."""
    return [
        (table, old, new)
        for table in sorted(before.keys() | after.keys())
        for old, new in zip(before[table], after[table], strict=True)
        if old != new
    ]
