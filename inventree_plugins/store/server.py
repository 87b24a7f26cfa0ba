"""What PostgreSQL and MySQL have in common: a connection over the network, and parameters spelled `%s`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from inventree_plugins.errors import (
    ConfigurationError,
    DatabaseAccessError,
    DatabaseReadOnlyError,
    DatabaseUnreachableError,
    InvplugError,
    RowError,
)
from inventree_plugins.models import Database

__all__ = [
    "CONNECT_TIMEOUT",
    "MASK",
    "ServerSession",
    "UnstorableTextError",
    "described",
    "is_text",
    "locked_for",
    "no_such_host",
    "one_line",
    "only_reading",
    "require_text",
    "unusable_options",
    "whole_number",
]

# Seconds; the configuration's options may say otherwise.
CONNECT_TIMEOUT = 10
MASK = "********"
# A shorter password is no secret, and many a word holds it.
SHORTEST_SECRET = 4
# Nobody writes these into a word; as long a password is masked wherever it stands.
LONG_SECRET = 8
# What a driver or a server prints of a connection's settings.
ASSIGNED = re.compile(r"""(passw(?:or)?d\s*=\s*)(?:'(?:[^'\\]|\\.)*'|"[^"]*"|\S+)""", re.IGNORECASE)

# A quoted name, a placeholder, or what the drivers would take for the start of one.
TOKENS = re.compile(r'"(?:[^"]|"")*"|\?|%')


class UnstorableTextError(RowError):
    """The database's own encoding does not have a text's characters."""


class ServerSession:
    """Statements over a DB-API connection; `translate` turns an `errors` of the driver into one of ours."""

    def __init__(
        self,
        connection: Any,
        *,
        label: str,
        errors: type[Exception],
        translate: Callable[[Any], InvplugError],
    ) -> None:
        self._connection = connection
        self._label = label
        self._errors = errors
        self._translate = translate

    @property
    def label(self) -> str:
        """Name the database for a message."""
        return self._label

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds."""
        try:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute(_spelled(statement), tuple(parameters))
                return list(cursor.fetchall()) if cursor.description else []
        except self._errors as error:
            raise self._translate(error) from error
        except UnicodeEncodeError as error:  # what was no UTF-8 on the command line
            raise UnstorableTextError(
                f"a text is not UTF-8, and cannot be stored in the database {self._label}",
                hint="no row has it; give it as UTF-8",
            ) from error

    def found_or_none(
        self, statement: str, parameters: Sequence[object], *, undo: str | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds: none for a text that no row of this database can have."""
        try:
            return ServerSession.query(self, statement, parameters)
        except UnstorableTextError:
            if not statement.startswith("SELECT"):
                raise
        if undo is not None:
            ServerSession.query(self, undo)
        return []

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that changes something."""
        self.query(statement, parameters)


@contextmanager
def only_reading(database: Database) -> Iterator[None]:
    """Tell a user who may not even read from one who may not write."""
    try:
        yield
    except DatabaseReadOnlyError as error:
        raise DatabaseAccessError(
            f"the database {described(database)} may not be read: {one_line(str(error.__cause__), database)}",
            hint="use the server's own user, or let this one read its tables",
        ) from error


def _spelled(statement: str) -> str:
    """Return the statement as the drivers want it: `%s` for a value, and each `%` of its own doubled."""

    def spelled(match: re.Match[str]) -> str:
        return "%s" if match[0] == "?" else match[0].replace("%", "%%")

    return TOKENS.sub(spelled, statement)


def described(database: Database) -> str:
    """Name the database for a message: its name and host, and never user or password."""
    host = database.host or str(database.options.get("host") or database.options.get("unix_socket") or "")
    port = f":{database.port}" if database.port and not host.startswith("/") else ""
    return f"`{database.name}` on `{host}{port}`" if host else f"`{database.name}`"


def locked_for(seconds: float, *, is_deadlock: bool) -> str:
    """Say how another process kept the database from being changed."""
    if is_deadlock:
        return "gave way to another process, as each waited for what the other had locked"
    return f"stayed locked by another process for {seconds:g} seconds"


def one_line(message: str, database: Database) -> str:
    """Return what a driver says as one line without the password."""
    secrets = {str(value) for name, value in database.options.items() if _is_secret(name) and value}
    for secret in {database.password, *secrets}:
        if secret and len(secret) >= SHORTEST_SECRET:
            message = _secret_pattern(secret).sub(MASK, message)
    return " ".join(ASSIGNED.sub(rf"\1{MASK}", message).split())


def _secret_pattern(secret: str) -> re.Pattern[str]:
    """Find a password as a whole word; one that is part of no word in any language, anywhere."""
    before = after = ""
    if secret.isalpha() or len(secret) < LONG_SECRET:
        before = r"(?<!\w)" if _is_of_a_word(secret[0]) else ""
        after = r"(?!\w)" if _is_of_a_word(secret[-1]) else ""
    return re.compile(before + re.escape(secret) + after)


def _is_of_a_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in ("password", "passwd"))


def whole_number(options: Mapping[str, object], name: str, default: int) -> int:
    """Return a number among the options; raise ConfigurationError for what is none."""
    value = options.get(name)
    if value is None:
        return default
    try:
        return int(str(value))
    except ValueError:
        raise ConfigurationError(
            f"the database option `{name}` is not a whole number: `{value}`",
            hint="correct it in INVENTREE_DB_OPTIONS, `database.options` or `--database`",
        ) from None


def require_text(database: Database) -> None:
    """Raise ConfigurationError for a value that is no UTF-8, which the drivers stumble over."""
    for name, value in (("name", database.name), ("user", database.user), ("host", database.host)):
        if not is_text(value or ""):
            raise ConfigurationError(
                f"the database's {name} is not UTF-8 text",
                hint=f"correct `INVENTREE_DB_{name.upper()}` or `database.{name}`",
            )


def is_text(value: str) -> bool:
    """Tell whether a value is more than the bytes of an argument or a variable that was not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def unusable_options(database: Database, text: str) -> ConfigurationError:
    """Return what to raise for options that a driver or a server does not take."""
    return ConfigurationError(
        f"the options of the database {described(database)} cannot be used: {text}",
        hint="correct INVENTREE_DB_OPTIONS, `database.options` or `--database`",
    )


def no_such_host(database: Database) -> DatabaseUnreachableError:
    """Return what to raise for a host whose name no resolver can be asked for."""
    return DatabaseUnreachableError(
        f"cannot reach the database {described(database)}: no host can have this name",
        hint="check `INVENTREE_DB_HOST`, `database.host` or `--database`",
    )
