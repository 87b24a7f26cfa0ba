"""Each thing that can be wrong with a database has its own error, which names the file and a way out."""

from __future__ import annotations

import os

import pytest

from inventree_plugins.errors import (
    DatabaseAccessError,
    DatabaseCorruptError,
    DatabaseError,
    DatabaseMissingError,
    DatabaseReadOnlyError,
    NotAnInvenTreeDatabaseError,
)
from inventree_plugins.store.sqlite import SqliteStore


def reading(store):
    with store.reading() as reader:
        reader.rows()


def writing(store):
    with store.writing() as writer:
        writer.set_active(["sheet"], True)


both = pytest.mark.parametrize("use", [reading, writing])


@pytest.fixture
def fails(store_of):
    """Return a function that uses a store and checks the shape of the error."""

    def check(use, path, expected, *, saying=""):
        with pytest.raises(expected) as caught:
            use(store_of(path, timeout=0))
        error = caught.value
        assert type(error) is expected
        assert f"`{path}`" in error.message
        assert saying in error.message
        assert error.hint
        assert not error.message.endswith(".")
        assert not error.hint.endswith(".")
        return error

    return check


@both
@pytest.mark.parametrize(
    "name", ["none.sqlite3", "none/none.sqlite3", "file/none.sqlite3", "", ":memory:", "a\0b"]
)
def test_missing(folder, fails, files_of, monkeypatch, use, name):
    monkeypatch.chdir(folder)
    (folder / "file").write_text("")
    if name == "":
        fails(use, "", DatabaseCorruptError)  # the working directory itself
    else:
        assert fails(use, name, DatabaseMissingError).exit_code == 2
    assert files_of(folder) == {"file": b""}


def test_a_file_that_vanishes_is_not_made_anew(folder, fails, monkeypatch):
    monkeypatch.setattr(SqliteStore, "_require_writable", lambda store: None)
    fails(writing, folder / "none.sqlite3", DatabaseMissingError)
    assert not list(folder.iterdir())


@both
def test_a_dangling_link(folder, fails, use):
    link = folder / "link"
    link.symlink_to(folder / "none")
    fails(use, link, DatabaseMissingError)
    assert [entry.name for entry in folder.iterdir()] == ["link"]


@both
def test_a_loop_of_links(folder, fails, use):
    link = folder / "link"
    link.symlink_to(link)
    fails(use, link, DatabaseAccessError)


@both
def test_a_directory(folder, fails, use):
    fails(use, folder, DatabaseCorruptError, saying="is not a file")
    assert not list(folder.iterdir())


@both
@pytest.mark.parametrize(
    "content", [b"xy", b"plain text\n", b"SQLite format 3\0", bytes(range(256)) * 64, b"\0" * 5000]
)
def test_garbage(folder, fails, files_of, use, content):
    path = folder / "database.sqlite3"
    path.write_bytes(content)
    fails(use, path, DatabaseCorruptError)
    assert files_of(folder) == {"database.sqlite3": content}


@both
@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("part", [0.001, 0.1, 0.5])
def test_truncated(server_database, fails, use, journal, part):
    path = server_database(journal=journal)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    fails(use, path, DatabaseCorruptError)


@both
def test_damaged_inside(server_database, fails, run_sql, use):
    path = server_database()
    [(page,)] = run_sql(path, "SELECT rootpage FROM sqlite_master WHERE name = 'plugin_pluginconfig'")
    [(size,)] = run_sql(path, "PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    fails(use, path, DatabaseCorruptError, saying="damaged")


@both
def test_an_empty_file(folder, fails, use):
    path = folder / "database.sqlite3"
    path.touch()
    assert "invoke migrate" in fails(use, path, NotAnInvenTreeDatabaseError, saying="is empty").hint
    assert path.stat().st_size == 0


@both
def test_a_database_of_something_else(folder, fails, run_sql, use):
    path = folder / "database.sqlite3"
    run_sql(path, "CREATE TABLE moz_places (id integer PRIMARY KEY AUTOINCREMENT)")
    fails(use, path, NotAnInvenTreeDatabaseError, saying="1 table but no `plugin_pluginconfig`")


@both
def test_a_server_whose_plugin_app_was_never_migrated(folder, fails, run_sql, use):
    path = folder / "database.sqlite3"
    run_sql(path, "CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text)")
    error = fails(use, path, NotAnInvenTreeDatabaseError, saying="never migrated")
    assert "invoke migrate" in error.hint


@both
def test_a_file_that_may_not_be_read(open_folder, server_database, fails, as_nobody, use):
    path = server_database(path=open_folder / "database.sqlite3")
    path.chmod(0o600)
    if os.geteuid() != 0:
        path.chmod(0)
    with as_nobody():
        fails(use, path, DatabaseAccessError)


@both
def test_a_directory_that_may_not_be_entered(open_folder, server_database, fails, as_nobody, use):
    path = server_database(path=open_folder / "database.sqlite3")
    open_folder.chmod(0o700 if os.geteuid() == 0 else 0)
    with as_nobody():
        fails(use, path, DatabaseAccessError)


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_read_only_file_is_not_written(open_folder, server_database, fails, as_nobody, journal):
    path = server_database(path=open_folder / "database.sqlite3", journal=journal)
    path.chmod(0o444)
    open_folder.chmod(0o777)
    with as_nobody():
        assert fails(writing, path, DatabaseReadOnlyError).exit_code == 1
    assert [entry.name for entry in open_folder.iterdir()] == ["database.sqlite3"]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_read_only_directory_is_not_written(
    open_folder, server_database, fails, as_nobody, files_of, journal
):
    path = server_database(path=open_folder / "database.sqlite3", journal=journal)
    path.chmod(0o666)
    open_folder.chmod(0o555)
    before = files_of(open_folder)
    with as_nobody():
        fails(writing, path, DatabaseReadOnlyError, saying="its directory")
    assert files_of(open_folder) == before


def test_a_full_disk_undoes_the_change(server_database, store_of, run_sql, dump_of):
    path = server_database()
    before = dump_of(path)
    [(pages,)] = run_sql(path, "PRAGMA page_count")

    def fill():
        with store_of(path).writing() as writer:
            writer._session.query(f"PRAGMA max_page_count = {pages}")
            for number in range(1000):
                writer.insert(f"plugin-{number}", name="x" * 200)

    with pytest.raises(DatabaseError, match="full") as caught:
        fill()
    assert f"`{path}`" in str(caught.value)
    assert dump_of(path) == before
