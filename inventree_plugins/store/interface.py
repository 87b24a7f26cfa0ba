"""The store's contract: what can be read from it and written to it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from inventree_plugins.models import PluginConfig

__all__ = ["Reader", "SettingLimits", "Store", "Writer"]


class SettingLimits(NamedTuple):
    """How many characters a setting's key and value may have, None where the database sets no limit."""

    key: int | None
    value: int | None


class Reader(Protocol):
    """What can be asked of a store; `writing()` sees one moment, `reading()` committed states."""

    def rows(self) -> tuple[PluginConfig, ...]:
        """Return every PluginConfig row, by primary key."""

    def row(self, key: str) -> PluginConfig | None:
        """Return the row of the plugin with this key, letter by letter."""

    def global_values(self, keys: Iterable[str]) -> dict[str, str]:
        """Return those of the global settings that have a row, as stored text."""

    def plugin_settings(self, slug: str) -> dict[str, str]:
        """Return the stored settings of the plugin with this key, by their own keys and in order of age."""

    def user_settings(self, slug: str, user_id: int) -> dict[str, str]:
        """Return what is stored of one user's settings of the plugin; none before 1.0."""

    def referring_table(self, key: str) -> str | None:
        """Return a table that needs the plugin's row, None where the row may be deleted."""

    def setting_limits(self) -> SettingLimits:
        """Return how long a plugin setting's key and value may be."""

    def applied_migrations(self) -> dict[str, frozenset[str]]:
        """Return the names of the applied migrations by the label of their app."""

    def tables(self) -> frozenset[str]:
        """Return the names of all tables, of whatever apps."""


class Writer(Reader, Protocol):
    """What can be changed in a store, all or nothing."""

    def insert(self, key: str, *, name: str | None, package_name: str | None = None) -> None:
        """Add an inactive row.

        Columns that the server's version lacks are left out, and those invplug does not know to the database.

        Raises:
            RowError: The key has a row, or a column that invplug does not know must have a value.
        """

    def set_active(self, keys: Iterable[str], active: bool) -> tuple[str, ...]:  # noqa: FBT001 - reads as a verb
        """Switch rows on or off; return the keys whose state was another, in the order given.

        Raises:
            RowError: A key has no row; no row was changed.
        """

    def delete(self, key: str) -> bool:
        """Delete the row with its settings; return False where there is none.

        Nullable references from other tables are set to null, as Django would (SPEC §3).

        Raises:
            RowReferencedError: Another table needs the row; nothing was deleted.
        """

    def set_plugin_setting(self, slug: str, key: str, value: str) -> bool:
        """Store a plugin's setting; return False where it has that value already.

        A stored key that differs in case only is the same, as it is to the server.

        Raises:
            RowError: The plugin has no row.
        """

    def set_user_setting(self, slug: str, user_id: int, key: str, value: str) -> bool:
        """Store a user's setting of a plugin; return False where it has that value already.

        Raises:
            RowError: The plugin has no row, or the server's version has no such settings.
        """

    def unset_plugin_setting(self, slug: str, key: str) -> bool:
        """Delete a plugin's setting; return False where none is stored.

        Raises:
            RowError: The plugin has no row.
        """

    def set_global_value(self, key: str, value: str) -> bool:
        """Store a global setting; return False where it has that value already."""


class Store(Protocol):
    """A database that can be read and changed. Opening is cheap: nothing is touched before `with`."""

    def reading(self) -> AbstractContextManager[Reader]:
        """Read one state of the store, without leaving a trace.

        Raises:
            DatabaseError: The database cannot be read; the subclass says why.
        """

    def writing(self) -> AbstractContextManager[Writer]:
        """Change the store in one transaction: kept at the end of the block, undone by any exception.

        Raises:
            DatabaseError: The database cannot be changed; the subclass says why.
            DatabaseLockedError: Another process kept it locked until the time-out.
        """
