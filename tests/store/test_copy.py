"""A copy of the store, for who may write to it: the store and its folder stay as they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from inventree_plugins.errors import DatabaseMissingError
from inventree_plugins.models import Database
from inventree_plugins.store import copy_store


def make(path, journal):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("CREATE TABLE thing (name)")
    connection.execute("INSERT INTO thing VALUES ('one')")
    return connection


def contents(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name FROM thing").fetchall()


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("is_open", [True, False])
def test_copy_holds_what_was_written_and_leaves_no_trace(tmp_path, journal, is_open):
    source, target = tmp_path / "server" / "db.sqlite3", tmp_path / "copy.sqlite3"
    source.parent.mkdir()
    with closing(make(source, journal)) as server:
        if not is_open:
            server.close()
        before = {
            path.name: path.read_bytes() for path in source.parent.iterdir() if path.suffix != ".sqlite3-shm"
        }
        assert copy_store(Database("sqlite3", str(source)), target, timeout=1)
        after = {
            path.name: path.read_bytes() for path in source.parent.iterdir() if path.suffix != ".sqlite3-shm"
        }
    assert after == before
    assert contents(target) == [("one",)]


def test_nothing_to_copy(tmp_path):
    target = tmp_path / "copy.sqlite3"
    absent = str(tmp_path / "absent.sqlite3")
    assert not copy_store(Database("sqlite3", absent, standalone=True), target, timeout=1)
    assert not copy_store(Database("postgresql", "inventree"), target, timeout=1)
    with pytest.raises(DatabaseMissingError):
        copy_store(Database("sqlite3", absent), target, timeout=1)
    assert not target.exists()
