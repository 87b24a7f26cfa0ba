"""The server's rows, on any database: read which columns exist, write only those (SPEC §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from inventree_plugins.errors import (
    NotAnInvenTreeDatabaseError,
    RowError,
    RowReferencedError,
)
from inventree_plugins.models import PluginConfig
from inventree_plugins.store.interface import SettingLimits
from inventree_plugins.store.session import (
    Column,
    Reference,
    Session,
    among,
    among_upper,
    delete_from,
    insert_into,
    select,
    update,
)

__all__ = ["CONFIG", "SETTING", "RowReader", "RowWriter", "require_server_schema"]

CONFIG = "plugin_pluginconfig"
SETTING = "common_inventreesetting"
MIGRATIONS = "django_migrations"
PLUGIN_SETTING = "plugin_pluginsetting"
# Tables whose rows belong to a plugin: Django deletes them with it (SPEC §3).
USER_SETTING = "plugin_pluginusersetting"
CHILDREN = (PLUGIN_SETTING, USER_SETTING)
OWNER = "plugin_id"
USER = "user_id"
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
            # The server looks without regard to case, and of two such rows takes the first.
            statement = select(("key", "value"), SETTING) + among_upper("key", len(batch)) + ' ORDER BY "id"'
            for key, value in self._session.query(statement, [key.upper() for key in batch]):
                found.setdefault(str(key).upper(), str(value))
        return {key: found[key.upper()] for key in wanted if key.upper() in found}

    def plugin_settings(self, slug: str) -> dict[str, str]:
        """Return the stored settings of the plugin with this key, by their own keys."""
        row = self.row(slug)
        if row is None or not self._session.columns(PLUGIN_SETTING):
            return {}
        statement = select(("key", "value"), PLUGIN_SETTING) + among(OWNER, 1) + ' ORDER BY "id"'
        return {str(key): str(value) for key, value in self._session.query(statement, [row.pk])}

    def user_settings(self, slug: str, user_id: int) -> dict[str, str]:
        """Return what is stored of one user's settings of the plugin; none before 1.0, which has no table."""
        row = self.row(slug)
        if row is None or not self._session.columns(USER_SETTING):
            return {}
        statement = select(("key", "value", USER), USER_SETTING) + among(OWNER, 1) + ' ORDER BY "id"'
        rows = self._session.query(statement, [row.pk])
        return {str(key): str(value) for key, value, user in rows if user == user_id}

    def referring_table(self, key: str) -> str | None:
        """Return a table that needs the plugin's row, None where the row may be deleted."""
        row = self.row(key)
        for reference in self._other_references() if row else ():
            if row is not None and not reference.nullable:
                statement = select((reference.column,), reference) + among(reference.column, 1)
                if self._session.query(statement, [self._target(reference, row)]):
                    return reference.label
        return None

    def _other_references(self) -> list[Reference]:
        """Return the foreign keys into the PluginConfig table but those of a plugin's own rows."""
        own = {(table, OWNER, None) for table in CHILDREN}
        return [
            each
            for each in self._session.references(CONFIG)
            if (each.table, each.column, each.schema) not in own
        ]

    def _target(self, reference: Reference, row: PluginConfig) -> object:
        statement = select((reference.target,), CONFIG) + among("id", 1)
        return self._session.query(statement, [row.pk])[0][0]

    def setting_limits(self) -> SettingLimits:
        """Return how long a plugin setting's key and value may be."""
        lengths = {column.name: column.length for column in self._session.columns(PLUGIN_SETTING)}
        return SettingLimits(lengths.get("key"), lengths.get("value"))

    def applied_migrations(self) -> dict[str, frozenset[str]]:
        """Return the names of the applied migrations by the label of their app."""
        if not self._session.columns(MIGRATIONS):
            return {}
        names: dict[str, set[str]] = {}
        for app, name in self._session.query(select(("app", "name"), MIGRATIONS)):
            names.setdefault(app, set()).add(name)
        return {app: frozenset(found) for app, found in names.items()}

    def tables(self) -> frozenset[str]:
        """Return the names of all tables, of whatever apps."""
        return self._session.tables()

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
    """Change the server's tables over one session, inside the transaction that its store opened.

    Its store keeps every other writer of the PluginConfig table out, so that rows are read but once.
    """

    _read: tuple[PluginConfig, ...] | None = None

    def rows(self) -> tuple[PluginConfig, ...]:
        """Return every PluginConfig row, by primary key."""
        if self._read is None:
            self._read = super().rows()
        return self._read

    @cached_property
    def _states(self) -> dict[str, bool]:
        """Tell for each key whether its row is active."""
        return {row.key: row.active for row in self.rows()}

    def insert(self, key: str, *, name: str | None, package_name: str | None = None) -> None:
        """Add an inactive row; see `Writer.insert`."""
        if key in self._states:
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
        self._states[key] = False
        self._read = None

    def set_active(self, keys: Iterable[str], active: bool) -> tuple[str, ...]:  # noqa: FBT001 - reads as a verb
        """Switch rows on or off; see `Writer.set_active`."""
        wanted = tuple(dict.fromkeys(keys))
        for key in wanted:
            if key not in self._states:
                raise RowError(f"the plugin `{key}` has no row in {self._session.label}", slug=key)
        changing = [key for key in wanted if self._states[key] is not active]
        for batch in _batches(changing):
            self._session.execute(update(CONFIG, "active") + among("key", len(batch)), [active, *batch])
            self._states.update(dict.fromkeys(batch, active))
        self._read = tuple(row._replace(active=self._states[row.key]) for row in self.rows())
        return tuple(changing)

    def delete(self, key: str) -> bool:
        """Delete the row with its settings; see `Writer.delete`."""
        row = self.row(key)
        if row is None or key not in self._states:
            return False
        referring = self.referring_table(key)
        if referring is not None:
            raise RowReferencedError(
                f"cannot delete the row of `{key}`:"
                f" the table `{referring}` in {self._session.label} refers to it",
                hint="remove what refers to it in InvenTree first",
                slug=key,
            )
        others = self._other_references()
        for table in CHILDREN:
            if any(column.name == OWNER for column in self._session.columns(table)):
                self._session.execute(delete_from(table) + among(OWNER, 1), [row.pk])
        for reference in others:
            if reference.nullable:
                statement = update(reference, reference.column) + among(reference.column, 1)
                self._session.execute(statement, [None, self._target(reference, row)])
        self._session.execute(delete_from(CONFIG) + among("id", 1), [row.pk])
        self._states.pop(key, None)
        self._read = None
        return True

    def set_plugin_setting(self, slug: str, key: str, value: str) -> bool:
        """Store a plugin's setting; see `Writer.set_plugin_setting`."""
        return self._put(PLUGIN_SETTING, {OWNER: self._existing(slug).pk}, key, value)

    def unset_plugin_setting(self, slug: str, key: str) -> bool:
        """Delete a plugin's setting; see `Writer.unset_plugin_setting`."""
        owner = {OWNER: self._existing(slug).pk}
        found = self._found(PLUGIN_SETTING, owner, key)
        if found is not None:
            self._session.execute(delete_from(PLUGIN_SETTING) + among("id", 1), [found[0]])
            left = self._found(PLUGIN_SETTING, owner, key)
            if left is not None and left[0] == found[0]:
                raise self._not_done(f"the setting `{key}`")
        return found is not None

    def set_user_setting(self, slug: str, user_id: int, key: str, value: str) -> bool:
        """Store a user's setting; see `Writer.set_user_setting`."""
        return self._put(USER_SETTING, {OWNER: self._existing(slug).pk, USER: user_id}, key, value)

    def set_global_value(self, key: str, value: str) -> bool:
        """Store a global setting; see `Writer.set_global_value`."""
        return self._put(SETTING, {}, key, value)

    def _put(self, table: str, owner: Mapping[str, object], key: str, value: str) -> bool:
        """Set the value of the row with `key`, adding one if needed; tell whether it was another."""
        found = self._found(table, owner, key)
        if found is None:
            values = {"key": key, "value": value, **owner}
            self._session.execute(insert_into(table, list(values)), list(values.values()))
        elif found[1] != value:
            self._session.execute(update(table, "value") + among("id", 1), [value, found[0]])
        else:
            return False
        done = self._found(table, owner, key)
        if done is None or done[1] != value:
            raise self._not_done(f"the setting `{key}`")
        return True

    def _found(self, table: str, owner: Mapping[str, object], key: str) -> tuple[int, str] | None:
        """Return primary key and value; the server looks settings up without regard to case."""
        if not self._session.columns(table):
            raise RowError(
                f"the table `{table}` is missing in {self._session.label}",
                hint="its migrations stopped half-way; run `invoke migrate` on the server",
            )
        statement = select(("id", "value", "key", *owner), table)
        if owner:
            statement += among(next(iter(owner)), 1)
        rows = self._session.query(statement + ' ORDER BY "id"', list(owner.values())[:1])
        for pk, value, found, *owners in rows:
            if str(found).upper() == key.upper() and owners == list(owner.values()):
                return pk, str(value)
        return None

    def verify(self) -> None:
        """Raise RowError where the database did not do what it was told: triggers and policies may."""
        found = {row.key: row.active for row in super().rows()}
        for key in found.keys() | self._states.keys():
            if found.get(key) is not self._states.get(key):
                raise self._not_done(f"the row of `{key}`", slug=key)

    def _not_done(self, what: str, *, slug: str | None = None) -> RowError:
        return RowError(
            f"{what} in {self._session.label} is not as it was written",
            hint="a trigger or a policy of the database may forbid it; nothing was changed",
            slug=slug,
        )

    def _existing(self, key: str) -> PluginConfig:
        row = self.row(key)
        if row is None:
            raise RowError(f"the plugin `{key}` has no row in {self._session.label}", slug=key)
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
    return "\0" not in text  # PostgreSQL has no such texts
