"""Many invplugs and a server write to one database at once: all succeed, and nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from inventree_plugins.errors import DatabaseLockedError
from inventree_plugins.store import open_store
from tests.store.programs import (
    ADD_ROW,
    BACKENDS,
    CONFIG,
    HOLDER,
    WITH_CASE,
    WITH_STORE,
    Site,
    backend,
    child_arguments,
    end,
    open_change,
)

# Keeps a write transaction open now and then, until it is told to stop; prints how many they were.
BUSY_SERVER = (
    WITH_CASE
    + """
import select, time
turns = 0
with closing(case.connect()) as connection:
    cursor = connection.cursor()
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        turns += 1
        cursor.execute("UPDATE part_part SET name = name")
        cursor.execute(f"UPDATE plugin_pluginconfig SET name = 'turn {turns}' WHERE id = 1")
        time.sleep(0.3)
        connection.commit()
print(turns, flush=True)
"""
)
# Switches two rows of its own to and fro, and counts in a setting of theirs.
SWITCHER = (
    WITH_STORE
    + """
own = sys.argv[2:]
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[1])):
    with store.writing() as writer:
        assert writer.set_active(own, number % 2 == 0) == tuple(own), number
        stored = writer.plugin_settings(own[0]).get("COUNT", "-1")
        assert stored == str(number - 1), (stored, number)
        assert writer.set_plugin_setting(own[0], "COUNT", str(number))
"""
)
# Changes other columns of the same rows, each time only if they are still as it left them.
SERVER = (
    WITH_CASE
    + """
print("ready", flush=True)
sys.stdin.readline()
with closing(case.connect()) as connection:
    cursor = connection.cursor()
    for number in range(int(sys.argv[1])):
        for pk in range(1, 5):
            change = "UPDATE plugin_pluginconfig SET name = ?, metadata = ? WHERE id = ? AND name = ?"
            values = (f"name {number + 1}", json.dumps({"n": number + 1}), pk, f"name {number}")
            cursor.execute(*case.translated(change, values))
            assert cursor.rowcount == 1, (pk, number)
            connection.commit()
"""
)
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=BACKENDS)
def case(request, make_case):
    engine, journal = backend(request.param)
    return make_case(engine, journal=journal)


@pytest.fixture
def site(case, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(case, folder, plugins=["sheet", "order_history", "without-row"])


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def without_keys(rows):
    """Return rows without their first column, the primary key, in some order."""
    return sorted((row[1:] for row in rows), key=repr)


def test_forty_processes_switch_different_plugins_beside_a_busy_server(case, other_process, tmp_path):
    (tmp_path / "site").mkdir()
    to_enable = [f"on-{number}" for number in range(20)]
    to_disable = [f"off-{number}" for number in range(20)]
    site = Site(case, tmp_path / "site", plugins=to_enable)
    # Half of those to be enabled have no row yet; those to be disabled have nothing but a row.
    rows = [(slug, slug, False) for slug in to_enable[:10]] + [(slug, None, True) for slug in to_disable]
    case.run([(ADD_ROW, row) for row in rows])
    before = case.dump()
    server = other_process(BUSY_SERVER, *child_arguments(case))
    wait = ("--lock-timeout", "60")
    processes = [site.start(*wait, "enable", slug) for slug in to_enable]
    processes += [site.start(*wait, "disable", slug) for slug in to_disable]
    runs = [end(process) for process in processes]
    turns, _ = server.communicate("\n")
    assert [(run.code, run.err) for run in runs if run.code] == []
    assert [run.out for run in runs if "already" in run.out] == []
    assert int(turns) > 0
    after = case.dump()
    names = [column for (column,) in _columns(case)]
    place = {name: names.index(name) for name in names}

    def row(old, **changes):
        return tuple(changes.get(name, old[place[name]]) for name in names)

    blank = (None,) * len(names)
    wanted = [
        row(old, name=f"turn {turns.strip()}")
        if old[place["key"]] == "barcode"
        else row(old, active=_as_stored(case, old[place["key"]] in to_enable))
        if old[place["key"]] in to_enable + to_disable
        else old
        for old in before[CONFIG]
    ]
    kept = len(wanted)
    assert after[CONFIG][:kept] == wanted
    added = [row(blank, key=slug, name=slug, active=_as_stored(case, True)) for slug in to_enable[10:]]
    assert without_keys(after[CONFIG][kept:]) == without_keys(added)
    assert {table: rows for table, rows in after.items() if table != CONFIG} == {
        table: rows for table, rows in before.items() if table != CONFIG
    }
    if case.engine == "sqlite3":
        assert case.sql("PRAGMA integrity_check") == [("ok",)]
        assert beside(case) == []


def _columns(case):
    if case.engine == "sqlite3":
        return case.sql("SELECT name FROM pragma_table_info('plugin_pluginconfig') ORDER BY cid")
    schema = "current_schema()" if case.engine == "postgresql" else "database()"
    return case.sql(
        "SELECT column_name FROM information_schema.columns "
        f"WHERE table_schema = {schema} AND table_name = 'plugin_pluginconfig' ORDER BY ordinal_position"
    )


def _as_stored(case, active):
    return active if case.engine == "postgresql" else int(active)


def beside(case):
    """Return the names of the files beside an SQLite database."""
    path = Path(case.database.name)
    return sorted(entry.name for entry in path.parent.iterdir() if entry != path)


def test_no_update_is_lost_beside_the_servers_own(case, other_process):
    case.run([(ADD_ROW, ("fourth", "Fourth", False))])
    case.run([(f"UPDATE {CONFIG} SET active = ?, name = 'name 0'", (False,))])
    others = {name: rows for name, rows in case.dump().items() if not name.startswith("plugin_plugin")}
    arguments = child_arguments(case)
    # Two share a row's neighbourhood: their rows alternate.
    processes = [
        other_process(SWITCHER, *arguments, 15, "barcode", "order_history"),
        other_process(SWITCHER, *arguments, 15, "sheet", "fourth"),
        other_process(SERVER, *arguments, 30),
    ]
    for process in processes:
        go(process)
    assert [process.wait(timeout=100) for process in processes] == [0, 0, 0]
    found = case.sql(f'SELECT "key", name, active, metadata FROM {CONFIG} ORDER BY id')
    wanted = [(key, "name 30", True) for key in ("barcode", "sheet", "order_history", "fourth")]
    assert [(key, name, bool(active)) for key, name, active, _ in found] == wanted
    assert [json.loads(row[3]) for row in found] == [{"n": 30}] * 4
    counts = """SELECT plugin_id, value FROM plugin_pluginsetting WHERE "key" = 'COUNT' ORDER BY 1"""
    assert case.sql(counts) == [(1, "14"), (2, "14")]
    after = case.dump()
    assert {name: after[name] for name in others} == others


def test_reading_waits_for_nobody(case, site, other_process):
    """Neither for another invplug that is writing nor for a write transaction of the server's."""
    holder = other_process(HOLDER, *child_arguments(case))
    assert reads(site)
    go(holder)
    assert holder.wait(timeout=30) == 0
    with open_change(case, f"UPDATE {CONFIG} SET active = active", "UPDATE part_part SET name = 'x'"):
        assert reads(site)


def reads(site):
    started = time.monotonic()
    listed = site.run("--lock-timeout", "30", "list", "--json")
    asked = site.run("--lock-timeout", "30", "is-enabled", "barcode")
    assert (listed.code, asked.code) == (0, 0), (listed, asked)
    states = {plugin["key"]: plugin["active"] for plugin in json.loads(listed.out)["data"]["plugins"]}
    return states["sheet"] in {False, True} and time.monotonic() - started < 20


def assert_is_locked(site, case):
    """See that no command changes anything, each waiting as long as it should."""
    before = case.dump()
    started = time.monotonic()
    commands = (("enable", "sheet", "order_history"), ("disable", "--all"), ("discover",))
    processes = [site.start("--json", "--lock-timeout", "0.5", *words) for words in commands]
    for process in processes:
        run = end(process)
        assert time.monotonic() - started >= 0.5
        assert run.code == 5, run
        assert run.error["code"] == "database-locked"
        assert run.error["hint"]
    assert case.dump() == before


def test_another_invplug_is_waited_for_until_the_time_out(case, site, other_process):
    holder = other_process(HOLDER, *child_arguments(case))
    assert_is_locked(site, case)
    waiting = site.start("--lock-timeout", "60", "enable", "order_history")
    time.sleep(0.7)
    assert waiting.poll() is None
    go(holder)
    assert end(waiting).code == 0
    assert site.active() == {"barcode": True, "sheet": True, "order_history": True}
    if case.engine == "sqlite3":
        assert holder.wait(timeout=30) == 0
        assert beside(case) == []


@pytest.mark.parametrize(
    "change",
    [
        f"""UPDATE {CONFIG} SET name = 'changed' WHERE "key" = 'order_history'""",
        f"""INSERT INTO {CONFIG} ("key", name, active) VALUES ('new', 'New', {{false}})""",
    ],
    ids=["update", "insert"],
)
def test_a_change_of_the_servers_is_waited_for_until_the_time_out(case, site, change):
    change = change.format(false="false" if case.engine == "postgresql" else "0")
    with open_change(case, change):
        assert_is_locked(site, case)
        waiting = site.start("--lock-timeout", "60", "enable", "order_history")
        time.sleep(0.7)
        assert waiting.poll() is None
    assert end(waiting).code == 0
    assert site.active() == {"barcode": True, "sheet": False, "order_history": True}


@pytest.mark.parametrize("case", ["postgresql", "mysql"], indirect=True)
def test_the_time_out_is_that_of_all_waiting(case, other_process):
    """First for another invplug, then for a server that changed a row as soon as it could."""
    holder = other_process(HOLDER, *child_arguments(case))
    release = threading.Timer(2.4, go, [holder])
    done = threading.Event()

    def change_and_hold():
        with open_change(case, f"UPDATE {CONFIG} SET name = 'changed' WHERE id = 1"):
            done.wait(60)

    server = threading.Thread(target=change_and_hold)
    server.start()
    time.sleep(0.2)
    started = time.monotonic()
    release.start()
    with pytest.raises(DatabaseLockedError), open_store(case.database, timeout=3).writing():
        pass
    waited = time.monotonic() - started
    done.set()
    server.join()
    release.join()
    # MySQL counts whole seconds.
    assert 3 <= waited < 5.2  # twice the time would be 5.4


def test_a_time_out_of_nothing_tries_once(case, site):
    assert site.run("--lock-timeout", "0", "enable", "sheet").code == 0
    with open_change(case, f"UPDATE {CONFIG} SET name = 'changed'"):
        run = site.run("--json", "--lock-timeout", "0", "disable", "sheet")
        assert (run.code, run.error["code"]) == (5, "database-locked")
    assert site.active()["sheet"] is True


def test_a_server_that_takes_the_rows_in_another_order_is_waited_for(case, site):
    """On MySQL the two wait for one another, and one of them has to start anew: invplug."""
    with closing(case.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"UPDATE {CONFIG} SET name = 'a' WHERE id = 3")
        waiting = site.start("--lock-timeout", "60", "enable", "sheet", "order_history")
        time.sleep(0.7)
        assert waiting.poll() is None
        cursor.execute(f"UPDATE {CONFIG} SET name = 'a' WHERE id = 1")
        time.sleep(0.5)
        assert waiting.poll() is None
        connection.commit()
    run = end(waiting)
    assert run.code == 0, run
    assert site.active() == {"barcode": True, "sheet": True, "order_history": True}
    assert case.sql(f"SELECT name FROM {CONFIG} ORDER BY id") == [("a",), ("Label Sheet",), ("a",)]


@pytest.mark.parametrize("case", ["postgresql", "mysql"], indirect=True)
def test_a_migration_that_holds_the_table_is_waited_for_by_readers_too(case, site):
    statement = f"LOCK TABLE {CONFIG} IN ACCESS EXCLUSIVE MODE"
    with open_change(case, statement if case.engine == "postgresql" else f"LOCK TABLES {CONFIG} WRITE"):
        for arguments in (("list",), ("is-enabled", "barcode"), ("enable", "sheet")):
            started = time.monotonic()
            run = site.run("--json", "--lock-timeout", "0.5", *arguments)
            assert time.monotonic() - started >= 0.5
            assert (run.code, run.error["code"]) == (5, "database-locked")
    assert site.run("--lock-timeout", "0", "list").code == 0


def test_the_lock_of_one_database_is_not_that_of_another(make_case, case, other_process):
    other = make_case(case.engine)
    other_process(HOLDER, *child_arguments(other))
    with open_store(case.database, timeout=0).writing() as writer:
        assert writer.set_active(["sheet"], True) == ("sheet",)
    with pytest.raises(DatabaseLockedError), open_store(other.database, timeout=0).writing():
        pass
