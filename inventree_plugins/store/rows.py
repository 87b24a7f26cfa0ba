"""The server's rows, on any database: read which columns exist, write only those (SPEC §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from inventree_plugins.errors import (
    NotAnInvenTreeDatabaseError,
    RowError,
    RowReferencedError,
)
from inventree_plugins.models import PluginConfig
from inventree_plugins.store.session import (
    Column,
    Reference,
    Session,
    among,
    delete_from,
    insert_into,
    select,
    update,
)

__all__ = ["CONFIG", "SETTING", "RowReader", "RowWriter", "require_server_schema"]

CONFIG = "plugin_pluginconfig"
SETTING = "common_inventreesetting"
MIGRATIONS = "django_migrations"
# Tables whose rows belong to a plugin: Django deletes them with it (SPEC §3).
CHILDREN = ("plugin_pluginsetting", "plugin_pluginusersetting")
OWNER = "plugin_id"
# Every InvenTree since 0.6 has these.
NEEDED = ("id", "key", "active")
# Old SQLite takes 999 parameters in a statement.
BATCH = 500

T = TypeVar("T")


def require_server_schema(session: Session) -> tuple[Column, ...]:
    """Return the columns of the PluginConfig table.

    Raises:
        NotAnInvenTreeDatabaseError: There is no such table, or it lacks what every version has.
    """
    columns = session.columns(CONFIG)
    if not columns:
        raise _not_a_server(session)
    present = {column.name for column in columns}
    missing = [name for name in NEEDED if name not in present]
    if missing:
        raise NotAnInvenTreeDatabaseError(
            f"the table `{CONFIG}` in {session.label} has no column `{missing[0]}`",
            hint="its migrations stopped half-way; run `invoke migrate` on the server",
        )
    return columns


def _not_a_server(session: Session) -> NotAnInvenTreeDatabaseError:
    tables = session.tables()
    if not tables:
        return NotAnInvenTreeDatabaseError(
            f"the database {session.label} is empty",
            hint="run `invoke migrate` on the server, or check the configured name",
        )
    if MIGRATIONS in tables:
        return NotAnInvenTreeDatabaseError(
            f"the database {session.label} has no table `{CONFIG}`: the plugin app was never migrated",
            hint="run `invoke migrate` on the server (InvenTree 0.6 or later)",
        )
    tables_found = "1 table" if len(tables) == 1 else f"{len(tables)} tables"
    return NotAnInvenTreeDatabaseError(
        f"the database {session.label} is not InvenTree's: it has {tables_found} but no `{CONFIG}`",
        hint="check `INVENTREE_DB_NAME`, `database.name` or `--database`",
    )


class RowReader:
    """Read the server's tables over one session.

    Raises:
        NotAnInvenTreeDatabaseError: It has no usable PluginConfig table.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._columns = require_server_schema(session)
        self._has_column = frozenset(column.name for column in self._columns)

    def rows(self) -> tuple[PluginConfig, ...]:
        """Return every PluginConfig row, by primary key."""
        return self._select(' ORDER BY "id"')

    def row(self, key: str) -> PluginConfig | None:
        """Return the row of the plugin with this key, letter by letter."""
        if not _is_storable(key):
            return None
        # MySQL's collation finds `Foo` for `foo`; the server's own look-up in Python does not.
        found = self._select(among("key", 1), [key])
        return next((row for row in found if row.key == key), None)

    def global_values(self, keys: Iterable[str]) -> dict[str, str]:
        """Return those of the global settings that have a row, as stored text."""
        wanted = sorted({key for key in keys if _is_storable(key)})
        found: dict[str, str] = {}
        if not self._session.columns(SETTING):
            return found
        for batch in _batches(wanted):
            statement = select(("key", "value"), SETTING) + among("key", len(batch))
            found.update(self._session.query(statement, batch))
        return {key: found[key] for key in wanted if key in found}

    def migration_apps(self) -> frozenset[str]:
        """Return the labels of the apps with an applied migration."""
        if not self._session.columns(MIGRATIONS):
            return frozenset()
        return frozenset(app for (app,) in self._session.query(select(("app",), MIGRATIONS)))

    def _select(self, clause: str, parameters: Sequence[object] = ()) -> tuple[PluginConfig, ...]:
        optional = [name for name in ("name", "package_name") if name in self._has_column]
        statement = select((*NEEDED, *optional), CONFIG) + clause
        return tuple(
            PluginConfig(
                pk=pk,
                key=str(key),
                active=bool(active),
                **{"name": None, **dict(zip(optional, map(_text, rest), strict=True))},
            )
            for pk, key, active, *rest in self._session.query(statement, parameters)
            # SQLite lets any type into any column; no server has written such a key.
            if key is not None and not isinstance(key, bytes)
        )


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, bytes) else str(value)


class RowWriter(RowReader):
    """Change the server's tables over one session, inside the transaction that its store opened."""

    def insert(self, key: str, *, name: str | None, package_name: str | None = None) -> PluginConfig:
        """Add an inactive row and return it; see `Writer.insert`."""
        if self.row(key) is not None:
            raise RowError(f"the plugin `{key}` already has a row in {self._session.label}", slug=key)
        offered = {"key": key, "name": name, "active": False, "package_name": package_name}
        values = {column: value for column, value in offered.items() if column in self._has_column}
        for column in self._columns:
            if column.required and values.get(column.name) is None:
                raise RowError(
                    f"cannot add a row for `{key}` to {self._session.label}: "
                    f"the column `{column.name}` of `{CONFIG}` must have a value that invplug does not know",
                    hint="let the server create the row: start it once with plugin support on, then retry",
                    slug=key,
                )
        self._session.execute(insert_into(CONFIG, list(values)), list(values.values()))
        return self._existing(key)

    def set_active(self, keys: Iterable[str], active: bool) -> tuple[str, ...]:  # noqa: FBT001 - reads as a verb
        """Switch rows on or off; see `Writer.set_active`."""
        wanted = tuple(dict.fromkeys(keys))
        by_key = {row.key: row for row in self.rows()}
        for key in wanted:
            if key not in by_key:
                raise RowError(f"the plugin `{key}` has no row in {self._session.label}", slug=key)
        changing = [key for key in wanted if by_key[key].active is not active]
        for batch in _batches([by_key[key].pk for key in changing]):
            self._session.execute(update(CONFIG, "active") + among("id", len(batch)), [active, *batch])
        return tuple(changing)

    def delete(self, key: str) -> bool:
        """Delete the row with its settings; see `Writer.delete`."""
        row = self.row(key)
        if row is None:
            return False
        others = [
            entry
            for entry in self._session.references(CONFIG)
            if entry.table not in CHILDREN or entry.column != OWNER
        ]
        for reference in others:
            self._refuse_if_needed(reference, row)
        for table in CHILDREN:
            if any(column.name == OWNER for column in self._session.columns(table)):
                self._session.execute(delete_from(table) + among(OWNER, 1), [row.pk])
        for reference in others:
            if reference.nullable:
                statement = update(reference.table, reference.column) + among(reference.column, 1)
                self._session.execute(statement, [None, self._target(reference, row)])
        self._session.execute(delete_from(CONFIG) + among("id", 1), [row.pk])
        return True

    def _refuse_if_needed(self, reference: Reference, row: PluginConfig) -> None:
        if reference.nullable:
            return
        statement = select((reference.column,), reference.table) + among(reference.column, 1)
        if self._session.query(statement, [self._target(reference, row)]):
            raise RowReferencedError(
                f"cannot delete the row of `{row.key}`: "
                f"the table `{reference.table}` in {self._session.label} refers to it",
                hint="remove them in InvenTree first",
                slug=row.key,
            )

    def _target(self, reference: Reference, row: PluginConfig) -> object:
        statement = select((reference.target,), CONFIG) + among("id", 1)
        return self._session.query(statement, [row.pk])[0][0]

    def _existing(self, key: str) -> PluginConfig:
        row = self.row(key)
        if row is None:
            raise RowError(f"the row of `{key}` vanished from {self._session.label}", slug=key)
        return row


def _batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]


def _is_storable(text: str) -> bool:
    # An argument that was not UTF-8 reaches Python with lone surrogates, which no database can hold.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
