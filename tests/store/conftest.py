"""Real SQLite files as the server's versions made them, and other processes that use them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from inventree_plugins.models import Database
from inventree_plugins.store import open_store

REFERENCE = 'REFERENCES "plugin_pluginconfig" ("id") DEFERRABLE INITIALLY DEFERRED'
PLUGINS = (("barcode", "Barcode", 1), ("sheet", "Label Sheet", 0), ("order_history", "Order History", 0))


def schema(version: str) -> list[str]:
    """Spell the server's tables as SPEC §3 gives them; columns come in an order of the server's liking."""
    level = tuple(map(int, version.split(".")))
    config = ['"id" integer NOT NULL PRIMARY KEY AUTOINCREMENT', '"name" varchar(255) NULL']
    config.append('"active" bool NOT NULL')
    if level >= (0, 12):
        config.append('"metadata" text NULL CHECK ((JSON_VALID("metadata") OR "metadata" IS NULL))')
    if level >= (0, 14):
        config.append('"package_name" varchar(255) NULL')
    config.append('"key" varchar(255) NOT NULL UNIQUE')
    length = 2000 if level >= (0, 14) else 200
    setting = '"id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "key" varchar(50) NOT NULL, '
    owned = f'{setting} "value" varchar({length}) NOT NULL, "plugin_id" integer NOT NULL {REFERENCE}'
    statements = [
        f'CREATE TABLE "plugin_pluginconfig" ({", ".join(config)})',
        f'CREATE TABLE "plugin_pluginsetting" ({owned})',
        'CREATE UNIQUE INDEX "setting_uniq" ON "plugin_pluginsetting" ("plugin_id", "key")',
        f'CREATE TABLE "common_inventreesetting" ({setting} "value" varchar(2000) NOT NULL, UNIQUE ("key"))',
        """
        CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY, "app" varchar(255) NOT NULL,
        "name" varchar(255) NOT NULL, "applied" datetime NOT NULL)
        """,
        'CREATE TABLE "part_part" ("id" integer NOT NULL PRIMARY KEY, "name" text NOT NULL, "blob" blob)',
    ]
    if level >= (1, 0):
        statements.append(f'CREATE TABLE "plugin_pluginusersetting" ({owned}, "user_id" integer NOT NULL)')
    if level >= (1, 5):
        statements.append(
            'CREATE TABLE "common_selectionlist" ("id" integer NOT NULL PRIMARY KEY, "name" text NOT NULL,'
            f' "source_plugin_id" integer NULL {REFERENCE})'
        )
    return statements


def fill(connection: sqlite3.Connection, version: str) -> None:
    level = tuple(map(int, version.split(".")))
    for key, name, active in PLUGINS:
        connection.execute(
            "INSERT INTO plugin_pluginconfig (key, name, active) VALUES (?, ?, ?)", (key, name, active)
        )
        connection.execute(
            "INSERT INTO plugin_pluginsetting (key, value, plugin_id) VALUES ('A', ?, last_insert_rowid())",
            (f"secret of {key}",),
        )
    if level >= (0, 12):
        connection.execute(
            """UPDATE plugin_pluginconfig SET metadata = '{"kept":  "as is"}' WHERE key = 'sheet'"""
        )
    if level >= (0, 14):
        connection.execute(
            "UPDATE plugin_pluginconfig SET package_name = 'inventree-oh' WHERE key LIKE 'order%'"
        )
    if level >= (1, 0):
        connection.execute(
            "INSERT INTO plugin_pluginusersetting (key, value, plugin_id, user_id)"
            " SELECT 'THEME', 'dark', id, 7 FROM plugin_pluginconfig"
        )
    if level >= (1, 5):
        connection.execute(
            "INSERT INTO common_selectionlist (name, source_plugin_id)"
            " SELECT 'list of ' || key, id FROM plugin_pluginconfig"
        )
    connection.execute(
        "INSERT INTO common_inventreesetting (key, value) VALUES ('ENABLE_PLUGINS_APP', 'True')"
    )
    connection.executemany(
        "INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, 'x')",
        [("plugin", "0001_initial"), ("plugin", "0002_more"), ("order_history", "0001_initial")],
    )
    connection.execute("INSERT INTO part_part (name, blob) VALUES ('Résistor', x'00ff10')")


@pytest.fixture
def folder(tmp_path):
    """Make a directory with nothing in it, whatever other fixtures put into `tmp_path`."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


@pytest.fixture
def server_database(folder):
    """Return a function that makes a server's database file of a version, in a journal mode."""

    def make(version="1.5", *, journal="wal", path: Path | None = None) -> Path:
        path = path or folder / "database.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
            connection.execute("BEGIN")
            for statement in schema(version):
                connection.execute(statement)
            fill(connection, version)
            connection.execute("COMMIT")
        return path

    return make


@pytest.fixture
def store_of():
    """Return a function that opens the store in a file."""

    def make(path, *, timeout=5.0, standalone=False):
        return open_store(Database("sqlite3", str(path), standalone=standalone), timeout=timeout)

    return make


@pytest.fixture
def run_sql():
    """Return a function that runs one statement, committed, and returns what it finds."""

    def run(path, statement, parameters=()):
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
            return connection.execute(statement, parameters).fetchall()

    return run


@pytest.fixture
def dump_of():
    """Return a function that reads every row of every table, byte by byte, by table."""

    def dump(path) -> dict[str, list[tuple]]:
        with closing(sqlite3.connect(path)) as connection:
            connection.text_factory = bytes
            tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
            return {
                name.decode(): [
                    (sql,),
                    *connection.execute(f'SELECT rowid, * FROM "{name.decode()}" ORDER BY 1'),
                ]
                for name, sql in tables
            }

    return dump


@pytest.fixture
def other_process():
    """Return a function that starts Python on a script and waits until it prints `ready`."""
    running = []

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def open_folder():
    """Make a directory that any user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="invplug-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def as_nobody():
    """Return a context in which root's right to everything is given up."""

    @contextmanager
    def context():
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return context


@pytest.fixture
def files_of():
    """Return a function that tells each file of a directory with its content."""

    def files(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    return files
