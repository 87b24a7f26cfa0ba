"""The store in a MySQL or MariaDB database, over PyMySQL."""

from __future__ import annotations

import math
import os
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from inventree_plugins.errors import (
    DatabaseAccessError,
    DatabaseDriverError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseMissingError,
    DatabaseReadOnlyError,
    DatabaseUnreachableError,
    InvplugError,
    NotAnInvenTreeDatabaseError,
    RowError,
    RowReferencedError,
)
from inventree_plugins.models import Database
from inventree_plugins.store.interface import Reader, Writer
from inventree_plugins.store.mysql_options import CHARSET, Login, login_of
from inventree_plugins.store.rows import CONFIG, RowReader, RowWriter
from inventree_plugins.store.server import (
    ServerSession,
    UnstorableTextError,
    described,
    locked_for,
    no_such_host,
    one_line,
    only_reading,
    require_text,
    unusable_options,
)
from inventree_plugins.store.session import Column, Reference, quoted, select

__all__ = ["MysqlStore"]

# MySQL counts waiting in whole seconds, at least one, and at most a year.
LONGEST_WAIT = 31_536_000
# Seconds between two attempts at a lock, where the server waits for none.
PAUSE = 0.02
# Seconds that an ended process takes to let the server know.
FAREWELL = 2

# The modes are ours altogether: with EMPTY_STRING_IS_NULL no empty value could be stored. A change waits for
# a lock, and only so long; limits for statements, which MariaDB and MySQL name differently, are for others.
SETUP = """
SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'
    /*M!100101 , SESSION max_statement_time = 0 */ /*!50708 , SESSION max_execution_time = 0 */
"""
# What any server has, though not by each name, and no name at all.
UNICODE = frozenset({None, "utf8", "utf8mb3", "utf8mb4"})
CHARSETS = "SELECT 1 FROM information_schema.character_sets WHERE character_set_name = ?"
# MariaDB takes 0 for not to wait; MySQL waits a second at least.
WAITS = """
SET SESSION innodb_lock_wait_timeout = ?, SESSION lock_wait_timeout = ?
/*M!100300 , SESSION innodb_lock_wait_timeout = ?, SESSION lock_wait_timeout = ? */
"""
WAITING = "SELECT id FROM information_schema.processlist WHERE info LIKE ?"

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
# Characters that a column's character set does not have.
UNSTORABLE = frozenset({1267, 1270, 1271, 1300, 1366, 3988})
LOST = frozenset({1053, 1077, 1079, 1159, 1160, 1161, 1927, 2002, 2003, 2005, 2006, 2013, 2014, 2055})

# What PyMySQL stumbles with over an answer that is no MySQL server's.
GARBLED = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError, struct.error)


class MysqlSession(ServerSession):
    """One connection, and MySQL's catalogue."""

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds: none for a text that the column cannot hold."""
        return self.found_or_none(statement, parameters)

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
        self._began = time.monotonic()
        # By this comment, the statements of one process that may wait are known among all.
        self._mark = f" /* invplug {os.urandom(8).hex()} */"

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read one state of the store; see `Store.reading`."""
        with only_reading(self._database), self._session() as session:
            session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            with _seeing_all(session):
                reader = RowReader(session)
            yield reader

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Change the store in one transaction; see `Store.writing`."""
        with self._session() as session:
            deadline = self._began + self._timeout
            self._become_only_writer(session)
            with _seeing_all(session):
                writer = RowWriter(session)
            self._lock_rows(session, deadline)
            yield writer
            writer.verify()
            session.execute("COMMIT")

    def _become_only_writer(self, session: MysqlSession) -> None:
        """Take the lock of all invplugs on this database; closing the connection gives it back."""
        # Names of locks are the whole server's, and at most 64 characters long.
        name = "SELECT GET_LOCK(CONCAT('invplug.', SHA1(database())), ?)"
        [(answer,)] = session.query(name + self._mark, [self._timeout])
        if answer is None:
            raise DatabaseError(
                f"the database {self._label} gave up waiting for another invplug", hint="nothing was changed"
            )
        if not answer:
            raise DatabaseLockedError(
                f"another invplug kept the database {self._label} for {self._waited:g} seconds",
                hint="retry, or wait longer with `--lock-timeout`",
            )

    @property
    def _waited(self) -> float:
        """Return the seconds since the beginning: those that MySQL takes for less than one, too."""
        return round(time.monotonic() - self._began, 1)

    def _lock_rows(self, session: MysqlSession, deadline: float) -> None:
        """Begin a transaction that locks all rows and the gaps between: nobody else changes or adds one."""
        while True:
            _wait_at_most(session, deadline - time.monotonic())
            session.execute("START TRANSACTION")
            try:
                session.query(select(("id",), CONFIG) + ' ORDER BY "id" FOR UPDATE' + self._mark)
            except DatabaseLockedError:
                # The server took the rows in another order, and MySQL chose who is to start anew.
                if time.monotonic() >= deadline:
                    raise
                session.execute("ROLLBACK")
                time.sleep(PAUSE)
            else:
                return

    @contextmanager
    def _session(self) -> Iterator[MysqlSession]:
        driver = _driver()
        login = login_of(self._database, waiting=self._timeout)
        connection = self._connected(driver, login)
        session = MysqlSession(
            connection, label=self._label, errors=driver.MySQLError, translate=self._translated
        )
        # Closing undoes what was not committed.
        with closing(connection), self._stopped_if_ended(connection):
            self._configure(session, connection, login)
            self._began = time.monotonic()
            _wait_at_most(session, self._timeout)
            yield session

    def _configure(self, session: MysqlSession, connection: Any, login: Login) -> None:
        """Make the session what the statements expect, whatever the configuration made of it."""
        if login.init_command is not None:
            try:
                with closing(connection.cursor()) as cursor:
                    cursor.execute(login.init_command)
                # It may have spoken of character sets, too.
                connection.set_character_set(CHARSET)
            except _driver().MySQLError as error:
                code, text = self._said(error)
                if code in LOST or not code:
                    raise self._translated(error) from error
                raise unusable_options(self._database, f"`init_command`: {text}") from error
        session.execute(SETUP)
        session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if login.charset not in UNICODE and not session.query(CHARSETS, [login.charset]):
            raise unusable_options(
                self._database, f"the server has no character set `{login.charset}` (`charset`)"
            )

    @contextmanager
    def _stopped_if_ended(self, connection: Any) -> Iterator[None]:
        """Leave the queue for a lock when this process is to end, which MySQL would not see."""
        try:
            yield
        except Exception:
            raise
        except BaseException:
            # PyMySQL gives a connection up that waits for an answer.
            if not connection.open:
                with suppress(InvplugError, _driver().MySQLError):
                    self._stop_waiting()
            raise

    def _stop_waiting(self) -> None:
        login = login_of(self._database, waiting=0)
        brief = {"connect_timeout": FAREWELL, "read_timeout": FAREWELL}
        login = login._replace(driver={**login.driver, **brief}, read_timeout=FAREWELL)
        with closing(self._connected(_driver(), login)) as connection, closing(connection.cursor()) as cursor:
            # Not by its number: behind a balancer, this may be another server, and the number another's.
            cursor.execute(WAITING.replace("?", "%s"), [f"%{self._mark}"])
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number:d}")

    def _connected(self, driver: Any, login: Login) -> Any:
        require_text(self._database)
        try:
            connection = driver.connect(**login.driver, autocommit=True, defer_connect=True)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise unusable_options(self._database, one_line(str(error), self._database)) from error
        try:
            connection.connect()
        except driver.MySQLError as error:
            raise self._refused(error) from error
        except RuntimeError as error:  # PyMySQL's way to say that a login needs `cryptography`
            raise DatabaseDriverError(
                f"cannot log in to the database {self._label}: {one_line(str(error), self._database)}",
                hint="`pip install 'invplug[mysql]'` brings it",
            ) from error
        except GARBLED as error:
            if isinstance(error, UnicodeError) and not isinstance(error, UnicodeDecodeError):
                raise no_such_host(self._database) from error
            raise DatabaseUnreachableError(
                f"cannot reach the database {self._label}: what answers there is no MySQL server",
                hint="check host and port",
            ) from error
        if "ssl" in login.driver and not connection._secure:  # noqa: SLF001 - PyMySQL before 1.2 goes on
            connection.close()
            raise DatabaseUnreachableError(
                f"cannot reach the database {self._label}: SSL is required but the server does not offer it",
                hint="give the server a certificate, or set the option `ssl_mode` to `DISABLED`",
            )
        # PyMySQL has no other way to let a login have a time-out of its own.
        connection._read_timeout = login.read_timeout  # noqa: SLF001
        return connection

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
        hint = "check host and port, and that MySQL or MariaDB is up"
        if "CERTIFICATE_VERIFY_FAILED" in text:
            hint = "check the server's certificate, and the authority that the options name"
        return DatabaseUnreachableError(
            f"cannot reach the database {self._label}: {text}",
            hint=hint,
        )

    def _said(self, error: Any) -> tuple[int, str]:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        return code, one_line(text, self._database)

    def _translated(self, error: Any) -> InvplugError:
        code, text = self._said(error)
        if code in LOCKED:
            return DatabaseLockedError(
                f"the database {self._label} {locked_for(self._waited, is_deadlock=code == DEADLOCK)}",
                hint="retry, or wait longer with `--lock-timeout`",
            )
        if code in NOT_ALLOWED:
            return DatabaseReadOnlyError(
                f"the database {self._label} cannot be changed: {text}",
                hint="use the main server, not a copy of it, and a user who may write",
            )
        about_row = self._about_row(code, text)
        if about_row is not None:
            return about_row
        if code in LOST or code == 0:
            return DatabaseUnreachableError(
                f"lost the connection to the database {self._label}: {text}",
                hint="`invplug list` tells whether the change was made",
            )
        return DatabaseError(f"the database {self._label} failed: {text}", hint="nothing was changed")

    def _about_row(self, code: int, text: str) -> RowError | None:
        if code in REFERRED:
            return RowReferencedError(
                f"cannot delete the row: another table refers to it in {self._label}: {text}",
                hint="remove them in InvenTree first",
            )
        if code in DUPLICATE:
            # Its collations take `Foo` for `foo`.
            return RowError(f"the database {self._label} has such a row already: {text}")
        if code in UNSTORABLE:
            return UnstorableTextError(
                f"the database {self._label} cannot hold a text: {text}",
                hint="the character set of its tables does not have each character; utf8mb4 would",
            )
        return None


@contextmanager
def _seeing_all(session: MysqlSession) -> Iterator[None]:
    """Tell a column that is not there from one that the user may not see."""
    try:
        yield
    except NotAnInvenTreeDatabaseError:
        try:
            session.query(f"SELECT * FROM {quoted(CONFIG)} LIMIT 0")  # noqa: S608 - a name of ours
        except DatabaseReadOnlyError:
            raise
        except DatabaseError:
            pass  # there is no such table
        raise


def _wait_at_most(session: MysqlSession, seconds: float) -> None:
    """Limit what each later statement waits for a lock, in whole seconds."""
    whole = math.ceil(seconds) if seconds >= 1 / 2 else 0
    session.execute(WAITS, [max(1, whole)] * 2 + [whole] * 2)


def _driver() -> Any:
    try:
        import pymysql  # noqa: PLC0415 - only where a database needs it
    except ImportError as error:
        raise DatabaseDriverError(
            "MySQL and MariaDB need PyMySQL, which is not in invplug's environment",
            hint="`pip install 'invplug[mysql]'` brings it",
        ) from error
    return pymysql
