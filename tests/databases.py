"""Databases of a server, fresh for each test, on every engine: SQLite, PostgreSQL and MariaDB.

A `Case` is one such database. `Databases` makes them on private servers, or on those that
INVPLUG_TEST_POSTGRESQL and INVPLUG_TEST_MARIADB name by URL, with a user who may create databases there.
"""

from __future__ import annotations

import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import psycopg
import pymysql
from psycopg.types.json import set_json_loads

from inventree_plugins.models import Database
from tests.private_servers import Address, shared_server
from tests.server_schema import Statement, content, schema

ENGINES = ("sqlite3", "postgresql", "mysql")
# Read before any test: in a test there are no such variables (tests/conftest.py).
NAMED = {
    "postgresql": os.environ.get("INVPLUG_TEST_POSTGRESQL"),
    "mysql": os.environ.get("INVPLUG_TEST_MARIADB"),
}

Build = Callable[["Case"], None]


class Case(ABC):
    """One database of a server, and the engine's own driver to look behind invplug's back."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.engine = database.engine

    @property
    def url(self) -> str:
        """Return what `--database` takes."""
        user, password = (quote(text or "", safe="") for text in (self.database.user, self.database.password))
        place = f"{self.database.host}:{self.database.port}/{self.database.name}"
        return f"{self.engine}://{user}:{password}@{place}"

    @property
    def environ(self) -> dict[str, str]:
        """Return the server's own variables that lead to this database."""
        values = self.database._asdict()
        names = ("engine", "name", "user", "password", "host", "port")
        return {
            f"INVENTREE_DB_{name.upper()}": str(values[name]) for name in names if values[name] is not None
        }

    @abstractmethod
    def connect(self) -> Any:
        """Return a connection of the driver's, which commits only when told."""

    @abstractmethod
    def tables(self, connection: Any) -> list[str]:
        """Return the names of all tables."""

    def translated(self, statement: str, parameters: tuple[object, ...]) -> tuple[Any, ...]:
        """Return what a driver with `%s` placeholders executes for `?` ones."""
        if not parameters:
            return (statement,)
        return statement.replace("%", "%%").replace("?", "%s"), parameters

    def sql(self, statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement, committed, and return what it finds."""
        return self.run([(statement, parameters)])

    def run(self, statements: Iterable[Statement]) -> list[tuple[Any, ...]]:
        """Run statements in one transaction and return what the last one finds."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            for statement, parameters in statements:
                cursor.execute(*self.translated(statement, tuple(parameters)))
            rows = list(cursor.fetchall()) if cursor.description else []
            connection.commit()
        return rows

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Read every row of every table, by its first column, which is the primary key."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            dump = {}
            for table in self.tables(connection):
                cursor.execute('SELECT * FROM "{}" ORDER BY 1'.format(table.replace('"', '""')))
                dump[table] = list(cursor.fetchall())
        return dump


class SqliteCase(Case):
    """A file; text is read so that not a byte is lost."""

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database.name}"

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.database.name, timeout=30)
        connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        return connection

    def tables(self, connection: sqlite3.Connection) -> list[str]:
        # Without the counter of AUTOINCREMENT, as the other engines' sequences are no tables either.
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        )
        return [name for (name,) in found]

    def translated(self, statement: str, parameters: tuple[object, ...]) -> tuple[Any, ...]:
        return statement, parameters


class PostgresqlCase(Case):
    def connect(self) -> psycopg.Connection[Any]:
        connection = connect_postgresql(self.database)
        set_json_loads(_as_text, connection)
        return connection

    def tables(self, connection: psycopg.Connection[Any]) -> list[str]:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [name for (name,) in found]


class MysqlCase(Case):
    def connect(self) -> pymysql.Connection[Any]:
        return connect_mysql(self.database)

    def tables(self, connection: pymysql.Connection[Any]) -> list[str]:
        cursor = connection.cursor()
        cursor.execute("SHOW TABLES")
        return sorted(name for (name,) in cursor.fetchall())


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def connect_postgresql(database: Database) -> psycopg.Connection[Any]:
    return psycopg.connect(
        dbname=database.name,
        user=database.user,
        password=database.password,
        host=database.host,
        port=database.port,
    )


def connect_mysql(database: Database) -> pymysql.Connection[Any]:
    return pymysql.connect(
        database=database.name or None,
        user=database.user,
        password=database.password or "",
        host=database.host,
        port=int(database.port or 3306),
        charset="utf8mb4",
        # Double quotes round identifiers and || between texts, as the other engines have it.
        sql_mode="ANSI,STRICT_TRANS_TABLES",
        # Its context costs 30 ms, and the private server has no certificate.
        ssl_disabled=True,
    )


class Server(ABC):
    """A database server in use by one process; the names of its databases are nobody else's."""

    def __init__(self, engine: str, address: Address) -> None:
        self.engine = engine
        self.address = address
        self._prefix = f"invplug_test_{uuid4().hex[:12]}"
        self._count = 0

    def database(self, name: str) -> Database:
        """Return the database of this name, as a configuration would give it."""
        user, password, host, port, _ = self.address
        return Database(self.engine, name, user, password, host, str(port))

    def new_name(self) -> str:
        self._count += 1
        return f"{self._prefix}_{self._count}"

    @abstractmethod
    def create(self, kind: str, build: Build) -> Case:
        """Make a database that `build` fills, which does the same for all of one kind."""

    @abstractmethod
    def drop(self, database: Database) -> None:
        """Drop a database, also one in use."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing of this process's behind."""


class PostgresqlServer(Server):
    """Databases here are copies of a template a kind, which take 25 ms.

    One that is given up is dropped a test later: PostgreSQL waits 100 ms for a connection just closed.
    """

    def __init__(self, address: Address, maintenance: str = "postgres") -> None:
        super().__init__("postgresql", address)
        self._connection = connect_postgresql(self.database(maintenance))
        self._connection.autocommit = True
        self._templates: dict[str, Database] = {}
        self._given_up: list[Database] = []

    def create(self, kind: str, build: Build) -> PostgresqlCase:
        if kind not in self._templates:
            template = self._create("template0")
            build(PostgresqlCase(template))
            self._templates[kind] = template
        given_up, self._given_up = self._given_up, []
        case = PostgresqlCase(self._create(self._templates[kind].name))
        self._drop(given_up)
        return case

    def _create(self, template: str) -> Database:
        name = self.new_name()
        self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.database(name)

    def drop(self, database: Database) -> None:
        self._given_up.append(database)

    def _drop(self, databases: Iterable[Database]) -> None:
        for database in databases:
            self._connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)")

    def close(self) -> None:
        self._drop([*self._given_up, *self._templates.values()])
        self._connection.close()


class MysqlServer(Server):
    def __init__(self, address: Address) -> None:
        super().__init__("mysql", address)
        self._connection = connect_mysql(self.database(""))

    def create(self, kind: str, build: Build) -> MysqlCase:
        name = self.new_name()
        self._execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        case = MysqlCase(self.database(name))
        build(case)
        return case

    def drop(self, database: Database) -> None:
        # A test that failed may have left a connection, whose locks a DROP would wait for.
        users = self._execute(f"SELECT id FROM information_schema.processlist WHERE db = '{database.name}'")
        for (number,) in users:
            with suppress(pymysql.err.OperationalError):  # it has ended by now
                self._execute(f"KILL {number}")
        self._execute(f"DROP DATABASE {database.name}")

    def close(self) -> None:
        self._connection.close()

    def _execute(self, statement: str) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


def build_server(case: Case, version: str) -> None:
    """Fill a database as the server of a version leaves it."""
    case.run([(statement, ()) for statement in schema(case.engine, version)] + content(version))


class Databases:
    """Make cases on every engine; a server is started when the first one is asked for.

    `shared` is a folder of all processes of the test run.
    """

    def __init__(self, shared: Path) -> None:
        self._shared = shared
        self._servers: dict[str, Server] = {}
        self._exit = ExitStack()

    @contextmanager
    def case(
        self, engine: str, version: str, folder: Path, *, build: Build | None = None, journal: str = "wal"
    ) -> Iterator[Case]:
        """Make a server's database of a version, or as `build` fills it, and drop it after use.

        An SQLite file is made in `folder`, in a journal mode. Raises MissingServerError.
        """
        build = build or partial(build_server, version=version)
        if engine == "sqlite3":
            case = SqliteCase(Database(engine, str(folder / "database.sqlite3")))
            case.sql(f"PRAGMA journal_mode = {journal}")
            build(case)
            yield case
            return
        server = self._server(engine)
        made = server.create(version, build)
        try:
            yield made
        finally:
            server.drop(made.database)

    def close(self) -> None:
        """Leave the servers; the last process to do so ends them."""
        self._exit.close()

    def _server(self, engine: str) -> Server:
        if engine not in self._servers:
            url = NAMED[engine]
            address = parse(url) if url else self._exit.enter_context(shared_server(engine, self._shared))
            if engine == "mysql":
                server: Server = MysqlServer(address)
            else:
                server = PostgresqlServer(address, urlsplit(url or "").path.strip("/") or "postgres")
            self._servers[engine] = self._exit.enter_context(closing(server))
        return self._servers[engine]


def parse(url: str) -> Address:
    """Read the URL of a server that a variable names."""
    parts = urlsplit(url)
    port = parts.port or (3306 if parts.scheme.startswith("m") else 5432)
    return Address(
        unquote(parts.username or ""), unquote(parts.password or ""), parts.hostname or "127.0.0.1", port
    )
