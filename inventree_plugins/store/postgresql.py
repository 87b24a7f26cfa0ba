"""The store in a PostgreSQL database, over psycopg 3."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from inventree_plugins.errors import (
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
    UnstorableTextError,
    described,
    is_text,
    locked_for,
    no_such_host,
    one_line,
    only_reading,
    require_text,
    unusable_options,
    whole_number,
)
from inventree_plugins.store.session import Column, Reference, quoted

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresqlStore"]

# One invplug at a time; advisory locks are counted in each database by a number of the program's choosing.
LOCK = int.from_bytes(b"invplug", "big")

# What Django takes from the options for itself, or invplug decides.
NOT_FOR_LIBPQ = frozenset(
    {"assume_role", "autocommit", "context", "cursor_factory", "isolation_level", "pool", "prepare_threshold"}
    | {"row_factory", "server_side_binding"}
)

# How libpq and the server begin to say what is wrong with an option's name or value.
NOT_AN_OPTION = (
    *("connection is bad: invalid", "unrecognized configuration parameter", "invalid value for"),
    *("invalid integer value", "definition of service", "service file", "could not parse network address"),
    *('connection is bad: "', "parameter must be an integer"),  # as older releases put it
)
# What the server says when it lets nobody in, or nobody more.
BUSY = ("the database system is", "too many", "connection slots are reserved", "not currently accepting")

# What holds for one transaction, and since which version of the server. A change waits for a lock, and only
# so long; limits that are meant for the statements of a web server would end the wait with another error.
LIMITS = (("lock_timeout", 0), ("statement_timeout", 0), ("transaction_timeout", 17_00_00))
# Without it, PostgreSQL would not see that a killed invplug waits no more, and others would queue behind it.
WATCH = ("client_connection_check_interval", 14_00_00)

# The encodings that hold any text which can be sent.
ANY_TEXT = frozenset({"UTF8", "SQL_ASCII"})
# Characters that the database's encoding does not have, or no encoding.
UNSTORABLE = frozenset({"22P05", "22021"})
# The end of a connection, by a server that stops or by a limit on idle ones.
LOST = ("08", "57P", "25P03", "25P04")

TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)
AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
COLUMNS = """
SELECT attname, attnotnull AND NOT atthasdef AND attidentity = '',
    CASE WHEN t.typname IN ('varchar', 'bpchar') AND atttypmod > 4 THEN atttypmod - 4 END
FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
# A key over several columns cannot lead here: Django makes none.
REFERENCES = """
SELECT child.relname, link.attname, target.attname, NOT link.attnotnull,
    CASE WHEN NOT pg_table_is_visible(child.oid) THEN place.nspname END
FROM pg_constraint AS c
JOIN pg_class AS child ON child.oid = c.conrelid
JOIN pg_namespace AS place ON place.oid = child.relnamespace
JOIN pg_attribute AS link ON link.attrelid = c.conrelid AND link.attnum = c.conkey[1]
JOIN pg_attribute AS target ON target.attrelid = c.confrelid AND target.attnum = c.confkey[1]
WHERE c.contype = 'f' AND c.confrelid = to_regclass(?)
ORDER BY 1, 2
"""


class PostgresqlSession(ServerSession):
    """One connection, and PostgreSQL's catalogue; only what the search path leads to counts."""

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds: none for a text that the database's encoding does not have."""
        encoding = self._connection.info.parameter_status("server_encoding")
        if encoding in ANY_TEXT or all(str(value).isascii() for value in parameters):
            return super().query(statement, parameters)
        # An error would end the transaction.
        super().query("SAVEPOINT invplug_text")
        return self.found_or_none(statement, parameters, undo="ROLLBACK TO SAVEPOINT invplug_text")

    def tables(self) -> frozenset[str]:
        """Return the names of all tables."""
        return frozenset(name for (name,) in self.query(TABLES))

    def columns(self, table: str) -> tuple[Column, ...]:
        """Return the columns of `table`, none where it does not exist."""
        return tuple(Column(*found) for found in self.query(COLUMNS, [quoted(table)]))

    def references(self, table: str) -> tuple[Reference, ...]:
        """Return every foreign key, of any table, that leads to `table`."""
        return tuple(Reference(*found) for found in self.query(REFERENCES, [quoted(table)]))


class PostgresqlStore:
    """See `Store`. Nothing is set for longer than a transaction: a connection pool may lie between."""

    def __init__(self, database: Database, *, timeout: float) -> None:
        self._database = database
        self._label = described(database)
        self._timeout = timeout

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read one state of the store; see `Store.reading`."""
        modes = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with only_reading(self._database), self._transaction(modes) as session:
            yield RowReader(session)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Change the store in one transaction; see `Store.writing`."""
        with self._transaction("ISOLATION LEVEL READ COMMITTED") as session:
            deadline = time.monotonic() + self._timeout
            self._become_only_writer(session)
            _limit(session, lock_timeout=deadline - time.monotonic())
            writer = RowWriter(session)
            # The server may read on; what it would write waits for the milliseconds that this takes.
            session.execute(f"LOCK TABLE {quoted(CONFIG)} IN SHARE ROW EXCLUSIVE MODE")
            # Django's keys are checked at the end of a transaction, too late to say which table it was.
            session.execute("SET CONSTRAINTS ALL IMMEDIATE")
            yield writer
            writer.verify()
            session.execute("COMMIT")

    def _become_only_writer(self, session: PostgresqlSession) -> None:
        """Take the lock of all invplugs on this database, until the transaction ends."""
        try:
            session.execute("SELECT pg_advisory_xact_lock(?)", [LOCK])
        except DatabaseLockedError as error:
            raise DatabaseLockedError(
                f"another invplug kept the database {self._label} for {self._timeout:g} seconds",
                hint=error.hint,
            ) from error

    @contextmanager
    def _transaction(self, modes: str) -> Iterator[PostgresqlSession]:
        driver = _driver()
        connection = self._connected(driver)
        session = PostgresqlSession(
            connection, label=self._label, errors=driver.Error, translate=self._translated
        )
        # Closing undoes what was not committed.
        with closing(connection), self._cancelled_if_ended(connection):
            self._begin(session, modes, version=connection.info.server_version)
            role = self._database.options.get("assume_role")
            if role:
                session.execute(f"SET LOCAL ROLE {quoted(str(role))}")
            yield session

    def _begin(self, session: PostgresqlSession, modes: str, *, version: int) -> None:
        """Begin a transaction that waits for a lock as long as is meant, while this process lives."""
        limits = {name: 0.0 for name, since in LIMITS if version >= since}
        limits["lock_timeout"] = self._timeout
        name, since = WATCH
        if version >= since:
            session.execute(f"BEGIN {modes}")
            try:
                _limit(session, **limits, **{name: 1})
            except DatabaseLockedError:
                raise
            except DatabaseError:  # systems that cannot watch a connection refuse
                session.execute("ROLLBACK")
            else:
                return
        session.execute(f"BEGIN {modes}")
        _limit(session, **limits)

    @contextmanager
    def _cancelled_if_ended(self, connection: Any) -> Iterator[None]:
        """Leave the queue for a lock when this process is to end, which PostgreSQL would not see."""
        try:
            yield
        except Exception:
            raise
        except BaseException:
            with suppress(_driver().Error):
                connection.cancel()
            raise

    def _connected(self, driver: Any) -> psycopg.Connection[tuple[Any, ...]]:
        require_text(self._database)
        options = _connection_options(self._database)
        try:
            connection: psycopg.Connection[tuple[Any, ...]] = driver.connect(
                **options, autocommit=True, prepare_threshold=None
            )
        except driver.ProgrammingError as error:
            raise unusable_options(self._database, self._said(error)) from error
        except driver.Error as error:
            raise self._refused(error) from error
        except UnicodeError as error:
            if not all(is_text(str(value)) for value in options.values()):
                raise unusable_options(self._database, "a value is not UTF-8 text") from error
            raise no_such_host(self._database) from error
        return connection

    def _said(self, error: Exception) -> str:
        return one_line(str(error), self._database)

    def _refused(self, error: Any) -> InvplugError:
        # While connecting, psycopg has the server's text but not its code.
        text = self._said(error)
        # Each address that was tried adds a line; the last says most.
        text = text.rpartition("FATAL: ")[2].strip() if "FATAL: " in text else text
        if "does not exist" in text and "database" in text:
            return DatabaseMissingError(
                f"the database {self._label} does not exist",
                hint="check `INVENTREE_DB_NAME`, `database.name` or `--database`; invplug never creates it",
            )
        if any(words in text for words in NOT_AN_OPTION):
            return unusable_options(self._database, text)
        is_refused = "FATAL: " in str(error) or "no password supplied" in text
        if is_refused and not any(words in text for words in BUSY):
            return DatabaseAccessError(
                f"the database {self._label} refuses the connection: {text}",
                hint="check `INVENTREE_DB_USER` and `INVENTREE_DB_PASSWORD`, or `database.user` and so on",
            )
        return DatabaseUnreachableError(
            f"cannot reach the database {self._label}: {text}",
            hint="check host and port, and that PostgreSQL is up",
        )

    def _translated(self, error: Any) -> InvplugError:
        state = error.sqlstate or ""
        text = self._said(error)
        if state in {"55P03", "40P01", "40001"}:
            return DatabaseLockedError(
                f"the database {self._label} {locked_for(self._timeout, is_deadlock=state == '40P01')}",
                hint="retry, or wait longer with `--lock-timeout`",
            )
        if state in {"25006", "42501"}:
            return DatabaseReadOnlyError(
                f"the database {self._label} cannot be changed: {text}",
                hint="use the main server, not a copy of it, and a user who may write",
            )
        about_row = self._about_row(state, error.diag.table_name, text)
        if about_row is not None:
            return about_row
        # What psycopg finds itself has no state.
        if state.startswith(LOST) or (not state and isinstance(error, _driver().OperationalError)):
            return DatabaseUnreachableError(
                f"lost the connection to the database {self._label}: {text}",
                hint="`invplug list` tells whether the change was made",
            )
        return DatabaseError(f"the database {self._label} failed: {text}", hint="nothing was changed")

    def _about_row(self, state: str, table: str | None, text: str) -> RowError | None:
        if state == "23503":
            return RowReferencedError(
                f"cannot delete the row: the table `{table}` in {self._label} refers to it",
                hint="remove them in InvenTree first",
            )
        if state == "23505":
            return RowError(f"the database {self._label} has such a row already: {text}")
        if state in UNSTORABLE:
            return UnstorableTextError(
                f"the database {self._label} cannot hold a text: {text}",
                hint="its encoding is not UTF-8; use characters that it has",
            )
        return None


def _limit(session: PostgresqlSession, **seconds: float) -> None:
    """Set parameters of the server until the transaction ends; 0 stands for no limit, but not for locks."""
    milliseconds = {name: min(round(value * 1000), 2**31 - 1) for name, value in seconds.items()}
    # 0 would mean to wait for ever.
    milliseconds["lock_timeout"] = max(1, milliseconds["lock_timeout"])
    calls = ", ".join("set_config(?, ?, true)" for _ in milliseconds)
    values = [str(part) for pair in milliseconds.items() for part in pair]
    session.query(f"SELECT {calls}", values)


def _driver() -> Any:
    try:
        import psycopg  # noqa: PLC0415 - only where a database needs it
    except ImportError as error:
        raise DatabaseDriverError(
            f"PostgreSQL needs psycopg 3, which is not usable in invplug's environment: {error}",
            hint="`pip install 'invplug[postgresql]'` brings it",
        ) from error
    return psycopg


def _connection_options(database: Database) -> Mapping[str, Any]:
    """Return what libpq is told: its own options, and the values that Django keeps apart."""
    own = {
        "dbname": database.name,
        "user": database.user,
        "password": database.password,
        "host": database.host,
        "port": database.port,
    }
    given = {key: value for key, value in database.options.items() if key not in NOT_FOR_LIBPQ}
    options = {"application_name": "invplug", **given, **{key: value for key, value in own.items() if value}}
    # As Django has it: psycopg returns bytes where the role or the environment says SQL_ASCII.
    options["client_encoding"] = "UTF8"
    options["connect_timeout"] = whole_number(database.options, "connect_timeout", CONNECT_TIMEOUT)
    return {
        key: int(value) if isinstance(value, bool) else value
        for key, value in options.items()
        if value is not None
    }
