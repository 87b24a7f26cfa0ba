"""A change is one transaction: beside a live server, beside another invplug, and when it is killed."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from inventree_plugins.errors import DatabaseLockedError

HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[3:]:
    connection.execute(statement).fetchall()
print("ready", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
sys.stdin.read()
"""
INVPLUG = """
import sys
from inventree_plugins.models import Database
from inventree_plugins.store import open_store
store = open_store(Database("sqlite3", sys.argv[1]), timeout=30)
"""
INSERTER = (
    INVPLUG
    + """
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    with store.writing() as writer:
        writer.insert(f"{sys.argv[2]}-{number}", name=None)
        writer.set_active([f"{sys.argv[2]}-{number}"], True)
"""
)
SLEEPER = (
    INVPLUG
    + """
import time
with store.writing() as writer:
    writer.set_active(["sheet", "order_history"], True)
    writer.insert("new", name=None)
    print("ready", flush=True)
    time.sleep(600)
"""
)
TOGGLER = (
    INVPLUG
    + """
print("ready", flush=True)
while True:
    for state in (True, False):
        with store.writing() as writer:
            writer.set_active(["sheet"], state)
            writer.set_active(["order_history"], state)
"""
)
WAITER = (
    INVPLUG
    + """
print("ready", flush=True)
with store.writing() as writer:
    pass
"""
)

both_modes = pytest.mark.parametrize("journal", ["wal", "delete"])


@both_modes
def test_writing_keeps_the_journal_mode_and_leaves_one_file(
    folder, server_database, store_of, run_sql, journal
):
    path = server_database(journal=journal)
    with store_of(path).writing() as writer:
        writer.set_active(["sheet"], True)
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    assert run_sql(path, "PRAGMA journal_mode") == [(journal,)]
    assert run_sql(path, "PRAGMA integrity_check") == [("ok",)]


@both_modes
@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_exception_undoes_everything(server_database, store_of, dump_of, journal, problem):
    path = server_database(journal=journal)
    before = dump_of(path)

    def change():
        with store_of(path).writing() as writer:
            writer.set_active(["sheet"], True)
            writer.insert("new", name=None)
            writer.delete("barcode")
            raise problem

    with pytest.raises(problem):
        change()
    assert dump_of(path) == before
    with store_of(path, timeout=0).writing() as writer:
        assert writer.set_active(["sheet"], True) == ("sheet",)


def test_a_change_is_seen_by_the_live_server_which_can_write_on(server_database, store_of):
    path = server_database()
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as server:
        server.execute("UPDATE part_part SET name = 'seen'")
        with store_of(path, timeout=0).writing() as writer:
            writer.set_active(["sheet"], True)
        assert server.execute("SELECT active FROM plugin_pluginconfig WHERE key = 'sheet'").fetchall() == [
            (1,)
        ]
        server.execute("UPDATE plugin_pluginconfig SET active = 0 WHERE key = 'sheet'")
        with store_of(path).reading() as reader:
            assert reader.row("sheet").active is False


def test_a_live_reader_does_not_hold_a_change_up(server_database, store_of, other_process):
    path = server_database()
    other_process(HOLDER, path, 60, "BEGIN", "SELECT * FROM plugin_pluginconfig")
    with store_of(path, timeout=0).writing() as writer:
        assert writer.set_active(["sheet"], True) == ("sheet",)


@both_modes
def test_a_held_lock_is_waited_for(server_database, store_of, other_process, journal):
    path = server_database(journal=journal)
    other_process(
        HOLDER, path, 0.5, "BEGIN IMMEDIATE", "UPDATE plugin_pluginconfig SET active = 1 WHERE id = 3"
    )
    with store_of(path, timeout=30).writing() as writer:
        assert writer.set_active(["sheet", "order_history"], True) == ("sheet",)


@both_modes
def test_a_lock_held_too_long_is_named(server_database, store_of, other_process, dump_of, journal):
    path = server_database(journal=journal)
    other_process(HOLDER, path, 60, "BEGIN IMMEDIATE")
    before = dump_of(path)
    start = time.monotonic()
    with pytest.raises(DatabaseLockedError) as caught, store_of(path, timeout=0.5).writing() as writer:
        writer.set_active(["sheet"], True)
    assert 0.5 <= time.monotonic() - start < 5
    assert caught.value.exit_code == 5
    assert f"`{path}`" in str(caught.value)
    assert "0.5 seconds" in str(caught.value)
    assert caught.value.hint
    assert dump_of(path) == before


def test_a_reader_without_wal_keeps_the_commit_waiting_and_then_undone(
    server_database, store_of, other_process, dump_of
):
    path = server_database(journal="delete")
    other_process(HOLDER, path, 60, "BEGIN", "SELECT * FROM plugin_pluginconfig")
    before = dump_of(path)
    with pytest.raises(DatabaseLockedError), store_of(path, timeout=0.3).writing() as writer:
        writer.set_active(["sheet"], True)
    assert dump_of(path) == before


def test_a_commit_waits_for_a_reader_without_wal(server_database, store_of, other_process):
    path = server_database(journal="delete")
    other_process(HOLDER, path, 0.5, "BEGIN", "SELECT * FROM plugin_pluginconfig")
    with store_of(path, timeout=30).writing() as writer:
        writer.set_active(["sheet"], True)
    with store_of(path).reading() as reader:
        assert reader.row("sheet").active is True


@both_modes
def test_many_processes_lose_no_update(server_database, store_of, other_process, journal):
    path = server_database(journal=journal)
    processes = [other_process(INSERTER, path, f"p{number}") for number in range(4)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.wait(timeout=100) for process in processes] == [0] * 4
    with store_of(path).reading() as reader:
        added = {row.key: row.active for row in reader.rows() if row.key.startswith("p")}
    assert added == {f"p{process}-{number}": True for process in range(4) for number in range(40)}


@both_modes
def test_killed_in_the_middle_nothing_is_done(server_database, store_of, other_process, dump_of, journal):
    path = server_database(journal=journal)
    before = dump_of(path)
    process = other_process(SLEEPER, path)
    process.kill()
    process.wait()
    with store_of(path).reading() as reader:
        assert [row.active for row in reader.rows()] == [True, False, False]
    assert dump_of(path) == before
    with store_of(path, timeout=0).writing() as writer:
        assert writer.set_active(["sheet"], True) == ("sheet",)


@both_modes
def test_killed_at_any_time_a_change_is_done_or_not_done(
    server_database, store_of, other_process, run_sql, journal
):
    path = server_database(journal=journal)
    chance = random.Random(4)
    for _ in range(12):
        process = other_process(TOGGLER, path)
        time.sleep(chance.uniform(0.001, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with store_of(path).reading() as reader:
            assert reader.row("sheet").active is reader.row("order_history").active
    assert run_sql(path, "PRAGMA integrity_check") == [("ok",)]
    with store_of(path).reading() as reader:
        assert reader.row("sheet").active is reader.row("order_history").active


def test_ctrl_c_ends_the_wait_for_a_lock(server_database, other_process):
    path = server_database()
    other_process(HOLDER, path, 60, "BEGIN IMMEDIATE")
    process = subprocess.Popen(
        [sys.executable, "-c", WAITER, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        assert process.poll() is None
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) != 0
        assert time.monotonic() - start < 5
