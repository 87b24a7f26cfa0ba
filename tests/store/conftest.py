"""Real SQLite files as the server's versions made them, and other processes that use them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from inventree_plugins.cli import main
from inventree_plugins.models import Database
from inventree_plugins.store import open_store
from tests.server_schema import content, schema
from tests.store.programs import Run


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
            for statement in schema("sqlite3", version):
                connection.execute(statement)
            for statement, parameters in content(version):
                connection.execute(statement, parameters)
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


@pytest.fixture
def configured(monkeypatch):
    """Return a function that lets the environment lead to a case, with changes; None unsets a variable."""

    def configure(case, **changes):
        values = {**case.environ, **{f"INVENTREE_DB_{name.upper()}": text for name, text in changes.items()}}
        for name, value in values.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value if isinstance(value, str) else json.dumps(value))

    return configure


@pytest.fixture
def invplug(capsys, site):
    """Return a function that calls `main([...])` with the site's plugins and the configured database."""

    def call(*arguments):
        capsys.readouterr()
        code = main([*site.options(), *arguments])
        return Run(code, *capsys.readouterr())

    return call
