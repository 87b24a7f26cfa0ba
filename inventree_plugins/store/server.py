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
    InvplugError,
)
from inventree_plugins.models import Database

__all__ = [
    "CONNECT_TIMEOUT",
    "ServerSession",
    "described",
    "locked_for",
    "one_line",
    "only_reading",
    "whole_number",
]

# Seconds; the configuration's options may say otherwise.
CONNECT_TIMEOUT = 10
MASK = "********"

# A quoted name, a placeholder, or what the drivers would take for the start of one.
TOKENS = re.compile(r'"(?:[^"]|"")*"|\?|%')


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
    secrets = {str(value) for name, value in database.options.items() if _is_secret(name)}
    for secret in filter(None, (database.password, *secrets)):
        message = message.replace(secret, MASK)
    return " ".join(message.split())


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
