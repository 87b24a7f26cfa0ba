"""However a changing command ends, it is done or not done, and the next one works at once."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from inventree_plugins.cli import main
from inventree_plugins.store import open_store
from tests.store.programs import (
    ADD_ROW,
    BACKENDS,
    CONFIG,
    HOLDER,
    PATIENCE,
    WITH_STORE,
    Site,
    backend,
    child_arguments,
    end,
    open_change,
)

# Each changes several rows, most of them of several tables.
COMMANDS = (
    ("enable", "sheet", "without-row", "order_history", "no-row", "--with-integration"),
    ("disable", "--all"),
    ("discover",),
    ("discover", "--prune"),
    ("settings", "set", "without-row", "KEY", "a new value"),
)
# In all of them and on all backends: 4 * 5 * 11 = 220.
KILLS = 11
# Kills a process of its own inside of `writing()`, before as many changes as each line says.
KILLED_INSIDE = (
    WITH_STORE
    + """
import os, signal

class Counting:
    def __init__(self, session, left):
        self._session = session
        self._left = left

    def __getattr__(self, name):
        self._left -= name == "execute"
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self._session, name)

def change(left):
    with store.writing() as writer:
        writer._session = Counting(writer._session, left)
        writer.set_active(["sheet", "order_history"], True)
        writer.insert("new", name="New", package_name=None)
        writer.set_plugin_setting("new", "KEY", "value")
        writer.set_plugin_setting("sheet", "A", "changed")
        writer.set_global_value("ENABLE_PLUGINS_URL", "True")
        writer.delete("barcode")
        os.write(1, b"all is changed, ")
        os.kill(os.getpid(), signal.SIGKILL)

print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        change(int(line))
    print("killed" if os.waitpid(child, 0)[1] == signal.SIGKILL else "not killed", flush=True)
"""
)
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=BACKENDS)
def case(request, make_case):
    engine, journal = backend(request.param)
    case = make_case(engine, journal=journal)
    # A row that nothing provides, which `--prune` deletes with all that belongs to it.
    case.run([(ADD_ROW, ("orphan", "Orphan", False)), (ADD_ROW, ("other", "Other", True))])
    owner = f"""SELECT 'A', 'x', id FROM {CONFIG} WHERE "key" = 'orphan'"""
    case.sql(f'INSERT INTO plugin_pluginsetting ("key", value, plugin_id) {owner}')
    return case


@pytest.fixture
def site(case, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(case, folder, plugins=["sheet", "without-row", "order_history", "no-row", "barcode"])


def state_of(case):
    """Return all rows by table; without their numbers, of which a transaction undone uses some up."""
    dump = case.dump()
    keys = {row[0]: row[-1] for row in dump[CONFIG]}
    for table in ("plugin_pluginsetting", "plugin_pluginusersetting"):
        dump[table] = [(*row[:3], keys[row[3]], *row[4:]) for row in dump[table]]
    return {table: sorted((row[1:] for row in rows), key=repr) for table, rows in dump.items()}


def restore(case, dump):
    """Bring all tables back to an earlier state."""
    with closing(case.connect()) as connection:
        cursor = connection.cursor()
        order = sorted(dump, key=lambda table: table == CONFIG)
        for table in order:
            cursor.execute(f'DELETE FROM "{table}"')
        for table in reversed(order):
            for row in dump[table]:
                values = ", ".join("?" * len(row))
                statement = f'INSERT INTO "{table}" VALUES ({values})'
                cursor.execute(*case.translated(statement, row))
        connection.commit()


SESSIONS = {
    "sqlite3": "SELECT 0",
    "postgresql": "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT count(*) FROM information_schema.processlist "
    "WHERE db = database() AND id <> connection_id()",
}


def await_end_of_sessions(case):
    """Wait until the server knows of the kill: it may still be at work on the last statement that it got."""
    deadline = time.monotonic() + 20
    with closing(case.connect()) as connection:
        cursor = connection.cursor()
        while True:
            cursor.execute(SESSIONS[case.engine])
            if list(cursor.fetchall()) == [(0,)]:
                return
            connection.rollback()  # PostgreSQL looks anew in the next transaction
            assert time.monotonic() < deadline, "the server keeps the session of a killed process"
            time.sleep(0.002)


def assert_whole(case):
    if case.engine == "sqlite3":
        assert case.sql("PRAGMA integrity_check") == [("ok",)]
        assert case.sql("PRAGMA foreign_key_check") == []


def killed_after(command, seconds):
    """Start a program and kill it; tell whether it had ended before."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return False
        assert process.returncode == 0, err
        return True


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: "-".join(words[:2]))
def test_killed_at_random_points_a_command_is_done_or_not_done(case, site, words, capsys):
    command = site.command("--lock-timeout", "60", *words)
    dump, before = case.dump(), state_of(case)
    site.run("list")  # what is found once is kept
    started = time.monotonic()
    assert killed_after(command, PATIENCE)
    usual = time.monotonic() - started
    after = state_of(case)
    assert after != before
    restore(case, dump)
    assert state_of(case) == before
    seed = f"{case.engine} {words}"
    chance = random.Random(seed)
    for turn in range(KILLS):
        restore(case, dump)
        # The change comes late in a run: most kills fall there.
        part = chance.uniform(0, 1.1) if turn % 3 == 0 else chance.uniform(0.6, 1.05)
        has_ended = killed_after(command, part * usual)
        await_end_of_sessions(case)
        found = state_of(case)
        where = f"kill {turn} after {part:.3f} of {usual:.3f} s, seed {seed!r}"
        assert found in ((after,) if has_ended else (before, after)), where
        assert_whole(case)
        # The next command works at once, and completes what the first did not.
        capsys.readouterr()
        code = main([*site.options(), "--database", case.url, "--lock-timeout", "5", *words])
        assert (code, where) == (0, where), capsys.readouterr()
        assert state_of(case) == after, where
    # Whoever changes something removes what the killed ones left.
    restore(case, dump)
    assert site.run("--lock-timeout", "0", *words).code == 0
    assert beside(case) == []


def beside(case):
    """Return the names of the files beside an SQLite database; none for other engines."""
    if case.engine != "sqlite3":
        return []
    path = Path(case.database.name)
    return sorted(entry.name for entry in path.parent.iterdir() if entry != path)


def test_killed_between_any_two_statements_nothing_is_done(case, other_process):
    before = state_of(case)
    process = other_process(KILLED_INSIDE, *child_arguments(case))
    for number in range(1, 1000):
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        said = process.stdout.readline()
        assert said.endswith("killed\n")
        await_end_of_sessions(case)
        with open_store(case.database, timeout=0).writing() as writer:
            assert writer.set_active(["sheet"], True) == ("sheet",)
            assert writer.set_active(["sheet"], False) == ("sheet",)
        assert state_of(case) == before, number
        assert_whole(case)
        if said.startswith("all is changed"):
            break
    assert number > 8


def test_the_locks_of_a_killed_invplug_are_free_at_once(case, site, other_process):
    process = other_process(HOLDER, *child_arguments(case))
    waiting = site.start("--lock-timeout", "60", "disable", "--all")
    time.sleep(0.7)
    assert waiting.poll() is None
    started = time.monotonic()
    process.kill()
    assert end(waiting).code == 0
    assert time.monotonic() - started < 15
    assert not any(site.active().values())
    assert beside(case) == []


def test_an_invplug_killed_while_it_waits_leaves_nothing_in_the_way(case, site, other_process):
    with open_change(case, f"UPDATE {CONFIG} SET name = 'changed' WHERE id = 2"):
        processes = [site.start("--lock-timeout", "60", "disable", "--all") for _ in range(2)]
        time.sleep(0.7)
        for process in processes:
            process.kill()
            assert end(process).code == -signal.SIGKILL
    assert site.run("--lock-timeout", "5", "enable", "sheet").code == 0
    assert site.active() == {
        "barcode": True,
        "sheet": True,
        "order_history": False,
        "orphan": False,
        "other": True,
    }


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended by SIGTERM")],
    ids=["SIGINT", "SIGTERM"],
)
def test_a_request_to_end_while_a_lock_is_waited_for(case, site, other_process, number, code, words):
    before = case.dump()

    def is_ended():
        processes = [site.start("--lock-timeout", "60", "disable", "--all") for _ in range(2)]
        for process in processes:
            await_handlers(process)
        time.sleep(0.7)
        for process in processes:
            assert process.poll() is None
            started = time.monotonic()
            process.send_signal(number)
            run = end(process)
            assert (run.code, run.out) == (code, "")
            assert f"error: {words}" in run.err
            assert "Traceback" not in run.err
            assert time.monotonic() - started < 20

    # Here both wait for the server's transaction, the second one for the first.
    with open_change(case, f"UPDATE {CONFIG} SET name = 'changed' WHERE id = 2"):
        is_ended()
        if case.engine == "postgresql":
            assert_nobody_waits(case)
    # Here for another invplug.
    holder = other_process(HOLDER, *child_arguments(case))
    is_ended()
    holder.kill()
    holder.wait()
    assert site.run("--lock-timeout", "5", "enable", "sheet").code == 0
    assert site.run("--lock-timeout", "0", "disable", "sheet").code == 0
    assert case.dump() == before
    assert beside(case) == []


def await_handlers(process):
    """Wait until the program has said what is to be done about signals, which it does first of all."""
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        [caught] = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.01)


def assert_nobody_waits(case):
    """See that PostgreSQL has given up what an ended invplug waited for, and what others queue behind."""
    waiting = "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database"
    deadline = time.monotonic() + 20
    while case.sql(f"{waiting} WHERE NOT granted AND datname = current_database()") != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ctrl_c_inside_a_change_undoes_it(case, other_process):
    before = case.dump()
    process = other_process(HOLDER, *child_arguments(case))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) != 0
    assert case.dump() == before
    with open_store(case.database, timeout=1).writing() as writer:
        assert writer.set_active(["sheet"], True) == ("sheet",)
