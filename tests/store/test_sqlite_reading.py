"""Reading leaves no trace, whatever the server does meanwhile."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing

import pytest

from inventree_plugins.errors import DatabaseLockedError
from inventree_plugins.store.sqlite_file import SqliteFile
from inventree_plugins.store.sqlite_reading import ReadingSession

# A server: holds the database open, with or without a transaction, until its stdin closes.
SERVER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("ready", flush=True)
sys.stdin.read()
"""
TOUCH = "UPDATE part_part SET name = name || '!'"
ENABLE = "UPDATE plugin_pluginconfig SET active = 1 WHERE key = 'sheet'"


def active_keys(store):
    with store.reading() as reader:
        return {row.key for row in reader.rows() if row.active}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("journal", ["wal", "delete", "truncate", "persist"])
@pytest.mark.parametrize(
    "name",
    ["database.sqlite3", "a b?mode=rwc#c%41&d;e.db", "dåtäbase — 数据.db", os.fsdecode(b"not utf-8 \xff.db")],
)
def test_reading_creates_and_changes_nothing(folder, server_database, store_of, files_of, name, journal):
    path = server_database(path=folder / name, journal=journal)
    before = files_of(folder)
    stamp = path.stat()
    assert active_keys(store_of(path)) == {"barcode"}
    assert files_of(folder) == before
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (stamp.st_mtime_ns, stamp.st_ino)


def test_a_name_may_be_relative_a_link_or_start_with_two_slashes(
    folder, server_database, store_of, monkeypatch
):
    data = folder / "data"
    data.mkdir()
    path = server_database(path=data / "database.sqlite3")
    link = folder / "link.sqlite3"
    link.symlink_to(path)
    monkeypatch.chdir(data)
    for name in ("database.sqlite3", link, f"/{path}"):
        assert active_keys(store_of(name)) == {"barcode"}
    assert names(data) == ["database.sqlite3"]
    assert names(folder) == ["data", "link.sqlite3"]


def test_a_link_leads_to_the_live_journal_of_its_target(folder, server_database, store_of, other_process):
    data = folder / "data"
    data.mkdir()
    path = server_database(path=data / "database.sqlite3")
    link = folder / "link.sqlite3"
    link.symlink_to(path)
    other_process(SERVER, path, ENABLE)
    assert active_keys(store_of(link)) == {"barcode", "sheet"}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], {"barcode"}),
        (["SELECT * FROM part_part"], {"barcode"}),
        ([ENABLE], {"barcode", "sheet"}),
        ([TOUCH, "BEGIN", "SELECT * FROM part_part"], {"barcode"}),
        ([TOUCH, "BEGIN IMMEDIATE", ENABLE], {"barcode"}),
        ([ENABLE, "BEGIN EXCLUSIVE", TOUCH], {"barcode", "sheet"}),
    ],
)
def test_a_live_server_in_wal_mode_is_read_at_once(
    folder, server_database, store_of, other_process, statements, expected
):
    path = server_database()
    other_process(SERVER, path, *statements)
    before = names(folder)
    assert active_keys(store_of(path, timeout=0)) == expected
    assert names(folder) == before


def test_a_live_server_is_not_disturbed(folder, server_database, store_of, run_sql):
    path = server_database()
    with closing(sqlite3.connect(path, isolation_level=None)) as server:
        server.execute("BEGIN IMMEDIATE")
        server.execute(ENABLE)
        assert active_keys(store_of(path)) == {"barcode"}
        server.execute("COMMIT")
        assert active_keys(store_of(path)) == {"barcode", "sheet"}
        # The server's locks must have survived reading in its own process.
        server.execute("BEGIN IMMEDIATE")
        assert active_keys(store_of(path)) == {"barcode", "sheet"}
        server.execute("UPDATE plugin_pluginconfig SET active = 0")
        server.execute("COMMIT")
        assert server.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert names(folder) == ["database.sqlite3"]
    assert active_keys(store_of(path)) == set()


def test_an_open_reader_blocks_no_writer_in_wal_mode_and_sees_one_state(server_database, store_of):
    path = server_database()
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as server:
        server.execute(TOUCH)
        with store_of(path).reading() as reader:
            assert reader.row("sheet").active is False
            server.execute(ENABLE)
            assert reader.row("sheet").active is False
        with store_of(path).reading() as reader:
            assert reader.row("sheet").active is True


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_writer_that_starts_under_an_open_reader_is_noticed(server_database, store_of, run_sql, journal):
    path = server_database(journal=journal)
    with store_of(path).reading() as reader:
        assert reader.row("sheet").active is False
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as server:
            server.execute(ENABLE)
            assert reader.row("sheet").active is True
        assert reader.row("sheet").active is True


def test_a_file_changed_in_this_tick_of_the_clock_is_not_yet_trusted(server_database):
    # A second change in the same tick would leave the same time stamp, and pass unnoticed.
    path = server_database()
    os.utime(path)
    with closing(ReadingSession(SqliteFile(str(path)), timeout=0)) as session:
        assert time.time_ns() - path.stat().st_mtime_ns >= 10_000_000
        assert session.query("SELECT count(*) FROM plugin_pluginconfig") == [(3,)]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_writer_that_comes_and_goes_never_shows_half_a_change(
    folder, server_database, store_of, other_process, journal
):
    path = server_database(journal=journal)
    filler = [f"plugin-{number}-{'x' * 200}" for number in range(300)]  # rows on many pages
    with store_of(path).writing() as writer:
        for key in filler:
            writer.insert(key, name=key)
    other_process(
        """
import sqlite3, sys
print("ready", flush=True)
state = 0
while True:
    state = 1 - state
    connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
    connection.execute("UPDATE plugin_pluginconfig SET active = ?", (state,))
    connection.close()
""",
        path,
    )
    seen = set()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline - (18 if len(seen) == 2 else 0):
        with store_of(path, timeout=30).reading() as reader:
            states = {row.active for row in reader.rows() if row.key in filler}
        assert len(states) == 1
        seen |= states
    assert seen == {True, False}


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_read_only_file_in_a_read_only_directory(
    open_folder, server_database, store_of, as_nobody, files_of, journal
):
    path = server_database(path=open_folder / "database.sqlite3", journal=journal)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    before = files_of(open_folder)
    with as_nobody():
        assert active_keys(store_of(path)) == {"barcode"}
    assert files_of(open_folder) == before


def test_a_live_server_of_another_user(open_folder, server_database, store_of, as_nobody, other_process):
    path = server_database(path=open_folder / "database.sqlite3")
    other_process(SERVER, path, ENABLE)
    before = names(open_folder)
    with as_nobody():
        assert active_keys(store_of(path)) == {"barcode", "sheet"}
    assert names(open_folder) == before


@pytest.mark.parametrize("with_shm", [True, False])
@pytest.mark.parametrize("writable", [True, False])
def test_a_crashed_server_in_wal_mode(
    open_folder, server_database, store_of, as_nobody, other_process, with_shm, writable
):
    path = server_database(path=open_folder / "database.sqlite3")
    process = other_process(SERVER, path, ENABLE, "BEGIN", "UPDATE plugin_pluginconfig SET active = 1")
    process.kill()
    process.wait()
    if not with_shm:
        (open_folder / "database.sqlite3-shm").unlink()
    open_folder.chmod(0o777 if writable else 0o555)
    before = names(open_folder)
    assert "database.sqlite3-wal" in before
    with as_nobody():
        assert active_keys(store_of(path)) == {"barcode", "sheet"}
    assert names(open_folder) == before


def test_a_crashed_server_with_a_hot_journal(folder, server_database, store_of, other_process, files_of):
    path = server_database(journal="delete")
    process = other_process(
        SERVER,
        path,
        "PRAGMA cache_size = 1",
        "BEGIN",
        "UPDATE plugin_pluginconfig SET active = 1",
        "WITH RECURSIVE generate(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM generate WHERE id < 500)"
        " INSERT INTO part_part (name) SELECT printf('%0900d', id) FROM generate",
    )
    process.kill()
    process.wait()
    before = files_of(folder)
    assert before["database.sqlite3-journal"][:8] == b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    assert active_keys(store_of(path)) == {"barcode"}
    assert files_of(folder) == before


def test_a_writer_in_exclusive_mode_is_waited_for_and_then_named(server_database, store_of, other_process):
    path = server_database(journal="delete")
    other_process(SERVER, path, "BEGIN EXCLUSIVE", ENABLE)
    start = time.monotonic()
    with pytest.raises(DatabaseLockedError) as caught:
        active_keys(store_of(path, timeout=0.5))
    assert 0.5 <= time.monotonic() - start < 5
    assert f"`{path}`" in str(caught.value)
    assert "0.5 seconds" in str(caught.value)


def test_a_name_that_is_not_utf_8_hides_no_row(server_database, store_of, run_sql):
    path = server_database()
    run_sql(path, "UPDATE plugin_pluginconfig SET name = CAST(x'4cff' AS TEXT) WHERE id = 2")
    with store_of(path).reading() as reader:
        assert [row.name for row in reader.rows()] == [
            "Barcode",
            "L\N{REPLACEMENT CHARACTER}",
            "Order History",
        ]
