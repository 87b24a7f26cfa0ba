"""The store in a MySQL or MariaDB database, over PyMySQL."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from inventree_plugins.errors import (
    ConfigurationError,
    DatabaseAccessError,
    DatabaseDriverError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseMissingError,
    DatabaseReadOnlyError,
    DatabaseUnreachableError,
    InvplugError,
    RowError,
    RowReferencedError,
)
from inventree_plugins.models import Database
from inventree_plugins.store.interface import Reader, Writer
from inventree_plugins.store.rows import CONFIG, RowReader, RowWriter
from inventree_plugins.store.server import (
    CONNECT_TIMEOUT,
    ServerSession,
    described,
    locked_for,
    one_line,
    only_reading,
    whole_number,
)
from inventree_plugins.store.session import Column, Reference, select

__all__ = ["MysqlStore"]

# Where servers listen when nobody says otherwise; for `localhost` MySQL's own clients look there too.
SOCKETS = ("/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")  # noqa: S108
DEFAULT_PORT = 3306
# MySQL counts waiting in whole seconds, at least one, and at most a year.
LONGEST_WAIT = 31_536_000

NUMBERS = ("connect_timeout", "read_timeout", "write_timeout", "max_allowed_packet")
PASSED_ON = frozenset(
    {"auth_plugin_map", "bind_address", "charset", "collation", "init_command", "read_default_file"}
    | {"read_default_group", "server_public_key", "sql_mode", "ssl", "ssl_ca", "ssl_cert", "ssl_disabled"}
    | {"ssl_key", "ssl_key_password", "ssl_verify_cert", "ssl_verify_identity", "unix_socket"}
)
# How mysqlclient, which many servers use, spells what PyMySQL has other words for.
SSL_MODES: Mapping[str, Mapping[str, object]] = {
    "DISABLED": {"ssl_disabled": True},
    "PREFERRED": {},
    "REQUIRED": {"ssl": {"verify_mode": "none", "check_hostname": False}},
    "VERIFY_CA": {"ssl_verify_cert": True},
    "VERIFY_IDENTITY": {"ssl_verify_cert": True, "ssl_verify_identity": True},
}

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
COLUMNS = """
SELECT column_name, is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%'
    AND extra NOT LIKE '%GENERATED%', character_maximum_length
FROM information_schema.columns WHERE table_schema = database() AND table_name = ? ORDER BY ordinal_position
"""
REFERENCES = """
SELECT link.table_name, link.column_name, link.referenced_column_name, field.is_nullable = 'YES',
    NULLIF(link.table_schema, database())
FROM information_schema.key_column_usage AS link
JOIN information_schema.columns AS field ON field.table_schema = link.table_schema
    AND field.table_name = link.table_name AND field.column_name = link.column_name
WHERE link.referenced_table_schema = database()
    AND link.referenced_table_name = ?
ORDER BY 1, 2
"""

DEADLOCK = 1213
LOCKED = frozenset({1020, 1205, DEADLOCK, 3572})
NOT_ALLOWED = frozenset({1142, 1143, 1227, 1290, 1792, 1836})
REFUSED = frozenset({1044, 1045, 1130, 1524, 1698, 2059})
MISSING = frozenset({1049})
REFERRED = frozenset({1217, 1451})
DUPLICATE = frozenset({1062})
LOST = frozenset({1053, 1077, 1079, 1159, 1160, 1161, 1927, 2002, 2003, 2005, 2006, 2013, 2014, 2055})


class MysqlSession(ServerSession):
    """One connection, and MySQL's catalogue."""

    def tables(self) -> frozenset[str]:
        """Return the names of all tables."""
        return frozenset(name for (name,) in self.query(TABLES))

    def columns(self, table: str) -> tuple[Column, ...]:
        """Return the columns of `table`, none where it does not exist."""
        return tuple(
            Column(name, bool(required), length) for name, required, length in self.query(COLUMNS, [table])
        )

    def references(self, table: str) -> tuple[Reference, ...]:
        """Return every foreign key, of any table, that leads to `table`."""
        found = self.query(REFERENCES, [table])
        return tuple(
            Reference(child, column, target, bool(null), schema)
            for child, column, target, null, schema in found
        )


class MysqlStore:
    """See `Store`."""

    def __init__(self, database: Database, *, timeout: float) -> None:
        self._database = database
        self._label = described(database)
        self._timeout = min(timeout, LONGEST_WAIT)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read one state of the store; see `Store.reading`."""
        with only_reading(self._database), self._session() as session:
            session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            yield RowReader(session)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Change the store in one transaction; see `Store.writing`."""
        with self._session() as session:
            deadline = time.monotonic() + self._timeout
            self._become_only_writer(session)
            writer = RowWriter(session)
            self._lock_rows(session, deadline)
            yield writer
            writer.verify()
            session.execute("COMMIT")

    def _become_only_writer(self, session: MysqlSession) -> None:
        """Take the lock of all invplugs on this database; closing the connection gives it back."""
        # Names of locks are the whole server's, and at most 64 characters long.
        name = "SELECT GET_LOCK(CONCAT('invplug.', SHA1(database())), ?)"
        if session.query(name, [self._timeout]) != [(1,)]:
            raise DatabaseLockedError(
                f"another invplug kept the database {self._label} for {self._timeout:g} seconds",
                hint="retry, or wait longer with `--lock-timeout`",
            )

    def _lock_rows(self, session: MysqlSession, deadline: float) -> None:
        """Begin a transaction that locks all rows and the gaps between: nobody else changes or adds one."""
        while True:
            _wait_at_most(session, deadline - time.monotonic())
            session.execute("START TRANSACTION")
            try:
                session.query(select(("id",), CONFIG) + ' ORDER BY "id" FOR UPDATE')
            except DatabaseLockedError:
                # The server took the rows in another order, and MySQL chose who is to start anew.
                if time.monotonic() >= deadline:
                    raise
                session.execute("ROLLBACK")
            else:
                return

    @contextmanager
    def _session(self) -> Iterator[MysqlSession]:
        driver = _driver()
        connection = self._connected(driver)
        session = MysqlSession(
            connection, label=self._label, errors=driver.MySQLError, translate=self._translated
        )
        # Closing undoes what was not committed.
        with closing(connection):
            session.execute(
                "SET SESSION sql_mode = CONCAT_WS(',', @@sql_mode, 'ANSI_QUOTES', 'STRICT_ALL_TABLES')"
            )
            _wait_at_most(session, self._timeout)
            session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield session

    def _connected(self, driver: Any) -> Any:
        options = _connection_options(self._database, waiting=self._timeout)
        try:
            return driver.connect(**options, autocommit=True)
        except driver.MySQLError as error:
            raise self._refused(error) from error
        except RuntimeError as error:  # PyMySQL's way to say that a login needs `cryptography`
            raise DatabaseDriverError(
                f"cannot log in to the database {self._label}: {one_line(str(error), self._database)}",
                hint="`pip install 'invplug[mysql]'` brings it",
            ) from error
        # A certificate that is not there, a character set that is none, a mapping that is a text.
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"the options of the database {self._label} cannot be used: "
                + one_line(str(error), self._database),
                hint="correct INVENTREE_DB_OPTIONS, `database.options` or `--database`",
            ) from error

    def _refused(self, error: Any) -> InvplugError:
        code, text = self._said(error)
        if code in MISSING:
            return DatabaseMissingError(
                f"the database {self._label} does not exist",
                hint="check `INVENTREE_DB_NAME`, `database.name` or `--database`; invplug never creates it",
            )
        if code in REFUSED:
            return DatabaseAccessError(
                f"the database {self._label} refuses the connection: {text}",
                hint="check `INVENTREE_DB_USER` and `INVENTREE_DB_PASSWORD`, or `database.user` and so on",
            )
        return DatabaseUnreachableError(
            f"cannot reach the database {self._label}: {text}",
            hint="check host and port, and that MySQL or MariaDB is up",
        )

    def _said(self, error: Any) -> tuple[int, str]:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        return code, one_line(text, self._database)

    def _translated(self, error: Any) -> InvplugError:
        code, text = self._said(error)
        if code in LOCKED:
            return DatabaseLockedError(
                f"the database {self._label} {locked_for(self._timeout, is_deadlock=code == DEADLOCK)}",
                hint="retry, or wait longer with `--lock-timeout`",
            )
        if code in NOT_ALLOWED:
            return DatabaseReadOnlyError(
                f"the database {self._label} cannot be changed: {text}",
                hint="use the main server, not a copy of it, and a user who may write",
            )
        if code in REFERRED:
            return RowReferencedError(
                f"cannot delete the row: another table refers to it in {self._label}: {text}",
                hint="remove them in InvenTree first",
            )
        if code in DUPLICATE:
            # Its collations take `Foo` for `foo`.
            return RowError(f"the database {self._label} has such a row already: {text}")
        if code in LOST or code == 0:
            return DatabaseUnreachableError(
                f"lost the connection to the database {self._label}: {text}",
                hint="`invplug list` tells whether the change was made",
            )
        return DatabaseError(f"the database {self._label} failed: {text}", hint="nothing was changed")


def _wait_at_most(session: MysqlSession, seconds: float) -> None:
    """Limit what each later statement waits for a lock, in whole seconds."""
    whole = max(1, math.ceil(seconds))
    session.execute("SET SESSION innodb_lock_wait_timeout = ?, SESSION lock_wait_timeout = ?", [whole, whole])


def _driver() -> Any:
    try:
        import pymysql  # noqa: PLC0415 - only where a database needs it
    except ImportError as error:
        raise DatabaseDriverError(
            "MySQL and MariaDB need PyMySQL, which is not in invplug's environment",
            hint="`pip install 'invplug[mysql]'` brings it",
        ) from error
    return pymysql


def _connection_options(database: Database, *, waiting: float) -> Mapping[str, Any]:
    """Return what PyMySQL is told, of options that may be written for mysqlclient."""
    given = database.options
    options: dict[str, Any] = {key: given[key] for key in PASSED_ON & given.keys() if given[key] is not None}
    mode = str(given.get("ssl_mode", "")).upper()
    options = {**SSL_MODES.get(mode, {}), **options}
    options.update({name: whole_number(given, name, 0) for name in NUMBERS if given.get(name)})
    options.setdefault("connect_timeout", CONNECT_TIMEOUT)
    # An answer may take as long as a lock; one that never comes must not hold a pipeline up.
    options["read_timeout"] = max(options.get("read_timeout", 0), math.ceil(waiting) + 30)
    address = _address(database)
    if address.get("unix_socket") and not any("ssl" in name for name in given):
        options["ssl_disabled"] = True  # nobody listens in; making it ready takes longer than all the rest
    own = {
        "database": database.name,
        "user": database.user or given.get("user"),
        "password": database.password or given.get("password") or given.get("passwd"),
        **address,
    }
    options.update({key: value for key, value in own.items() if value})
    return {"program_name": "invplug", **options}


def _address(database: Database) -> Mapping[str, Any]:
    """Return host and port, or the socket that is meant by a path, and by `localhost` where there is one."""
    host = database.host or ""
    port = whole_number({"port": database.port}, "port", DEFAULT_PORT)
    if host.startswith("/"):
        return {"unix_socket": host}
    if host in {"", "localhost"} and port == DEFAULT_PORT and "unix_socket" not in database.options:
        return {"unix_socket": next(filter(os.path.exists, SOCKETS), None), "host": host, "port": port}
    return {"host": host, "port": port}
