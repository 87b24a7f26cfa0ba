"""A server's database with plugins beside it, and the real `invplug` at work on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.databases import Case

ROOT = Path(__file__).parents[2]
CONFIG = "plugin_pluginconfig"
# Long enough for the slowest machine; a program that hangs must not hang the suite.
PATIENCE = 120

# An engine, and for SQLite a journal mode.
BACKENDS = ("sqlite3-wal", "sqlite3-delete", "postgresql", "mysql")
# For INSERT without the columns that have a default.
ADD_ROW = 'INSERT INTO plugin_pluginconfig ("key", name, active) VALUES (?, ?, ?)'

PLUGIN = """
from plugin import InvenTreePlugin
from plugin.mixins import {mixin}


class Plugin{number}({mixin}, InvenTreePlugin):
    NAME = "{slug}"
    SLUG = "{slug}"
    TITLE = "The {slug} plugin"
    SETTINGS = {{"KEY": {{"name": "Key"}}}}
"""
MIXINS = ("UrlsMixin", "ScheduleMixin", "EventMixin", "SettingsMixin")

# What a child process starts with to have the same case; its own arguments follow.
CHILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
sys.argv[1:] = sys.argv[2:]
from inventree_plugins.models import Database
database = Database(*json.loads(sys.argv.pop(1)))
"""
WITH_STORE = (
    CHILD
    + """
from inventree_plugins.store import open_store
store = open_store(database, timeout=60)
"""
)
# Another invplug that does not come to an end.
HOLDER = (
    WITH_STORE
    + """
with store.writing() as writer:
    writer.set_active(["sheet"], True)
    print("ready", flush=True)
    sys.stdin.readline()
"""
)
WITH_CASE = (
    CHILD
    + """
from contextlib import closing
from tests import databases
kind = {"sqlite3": "SqliteCase", "postgresql": "PostgresqlCase", "mysql": "MysqlCase"}[database.engine]
case = getattr(databases, kind)(database)
"""
)


class Run(NamedTuple):
    """A finished program."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """Return the one error of a JSON document."""
        [error] = json.loads(self.out)["errors"]
        return error


class Site:
    """A case, plugins in a plugin directory, and an interpreter of the server's own."""

    def __init__(self, case: Case, folder: Path, *, plugins: Iterable[str] = ()) -> None:
        self.case = case
        self.plugins = folder / "plugins"
        self.environment = folder / "environment"
        self.plugins.mkdir()
        venv.create(self.environment, with_pip=False, symlinks=True)
        for number, slug in enumerate(plugins):
            text = PLUGIN.format(number=number, slug=slug, mixin=MIXINS[number % len(MIXINS)])
            (self.plugins / f"{slug}.py").write_text(text)

    def options(self) -> list[str]:
        """Return the options that lead to the plugins, not to the database."""
        return ["--python", str(self.environment), "--plugin-dir", str(self.plugins)]

    def command(self, *arguments: str, database: str | None = None) -> list[str]:
        """Return the command line of a real `invplug`."""
        program = [sys.executable, "-m", "inventree_plugins"]
        return [*program, *self.options(), "--database", database or self.case.url, *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `invplug` without waiting for it."""
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, database: str | None = None) -> Run:
        """Run `invplug` to its end."""
        return run(self.command(*arguments, database=database))

    def active(self) -> dict[str, bool]:
        """Return each row's state, read by the driver."""
        return {key: bool(on) for key, on in self.case.sql(f'SELECT "key", active FROM {CONFIG}')}


def run(command: list[str], env: dict[str, str] | None = None) -> Run:
    """Run a program to its end, with variables added to the environment."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, **(env or {})},
    )
    return Run(done.returncode, done.stdout, done.stderr)


def end(process: subprocess.Popen[str]) -> Run:
    """Wait for a program that was started."""
    out, err = process.communicate(timeout=PATIENCE)
    return Run(process.returncode, out, err)


def backend(name: str) -> tuple[str, str]:
    """Split a backend's name into engine and journal mode."""
    engine, _, journal = name.partition("-")
    return engine, journal or "wal"


def child_arguments(case: Case) -> tuple[str, str]:
    """Return what CHILD takes."""
    return str(ROOT), json.dumps([*case.database[:6], dict(case.database.options)])


@contextmanager
def open_change(case: Case, *statements: str) -> Iterator[None]:
    """Hold a write transaction of the server's open, which is undone in the end."""
    with closing(case.connect()) as connection:
        cursor = connection.cursor()
        if case.engine == "sqlite3":
            cursor.execute("BEGIN IMMEDIATE")
        for statement in statements:
            cursor.execute(*case.translated(statement, ()))
        yield
        connection.rollback()
