"""The small layer over DB-API: what differs between databases, and SQL text that does not.

Statements use `?` for values and double quotes round identifiers; a session translates what its driver
spells otherwise. To add a database server, write its session and its store (`postgresql.py` is the pattern)
and name it in `engines.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

__all__ = [
    "Column",
    "Reference",
    "Session",
    "among",
    "among_upper",
    "delete_from",
    "insert_into",
    "quoted",
    "select",
    "update",
]


class Column(NamedTuple):
    """A column; a `required` one has no null, no default and no value of the database's own.

    `length` is how many characters it holds, None where that is not limited.
    """

    name: str
    required: bool
    length: int | None = None


class Reference(NamedTuple):
    """A foreign key: `table`.`column` holds the referred row's `target`.

    `schema` is None for a table that its name alone leads to.
    """

    table: str
    column: str
    target: str
    nullable: bool
    schema: str | None = None

    @property
    def label(self) -> str:
        """Name the table for a message."""
        return f"{self.schema}.{self.table}" if self.schema else self.table


class Session(Protocol):
    """One connection; every method raises the room's errors, never the driver's."""

    @property
    def label(self) -> str:
        """Name the database for a message, without its password."""

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds."""

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that changes something."""

    def tables(self) -> frozenset[str]:
        """Return the names of all tables."""

    def columns(self, table: str) -> tuple[Column, ...]:
        """Return the columns of `table`, none where it does not exist."""

    def references(self, table: str) -> tuple[Reference, ...]:
        """Return every foreign key, of any table, that leads to `table`."""


def quoted(identifier: str) -> str:
    """Return `identifier` as SQL spells a name, so that `key` is no reserved word."""
    return '"' + identifier.replace('"', '""') + '"'


# The texts below hold quoted identifiers only; values are always parameters, hence noqa S608.


def _place(table: str | Reference) -> str:
    if isinstance(table, str):
        return quoted(table)
    return ".".join(quoted(name) for name in (table.schema, table.table) if name)


def select(columns: Iterable[str], table: str | Reference) -> str:
    """Return a SELECT of `columns`, open for WHERE and ORDER BY."""
    return f"SELECT {', '.join(map(quoted, columns))} FROM {_place(table)}"  # noqa: S608


def insert_into(table: str, columns: Sequence[str]) -> str:
    """Return an INSERT that takes a value a column."""
    names = ", ".join(map(quoted, columns))
    values = ", ".join("?" * len(columns))
    return f"INSERT INTO {quoted(table)} ({names}) VALUES ({values})"  # noqa: S608


def update(table: str | Reference, column: str) -> str:
    """Return an UPDATE that sets `column` to a value, open for WHERE."""
    return f"UPDATE {_place(table)} SET {quoted(column)} = ?"  # noqa: S608


def delete_from(table: str) -> str:
    """Return a DELETE, open for WHERE."""
    return f"DELETE FROM {quoted(table)}"  # noqa: S608


def among(column: str, count: int) -> str:
    """Return the WHERE that finds any of `count` values."""
    return f" WHERE {quoted(column)} IN ({', '.join('?' * count)})"


def among_upper(column: str, count: int) -> str:
    """Return the WHERE that finds any of `count` values in capitals, whatever the case of the column's."""
    return f" WHERE UPPER({quoted(column)}) IN ({', '.join('?' * count)})"
