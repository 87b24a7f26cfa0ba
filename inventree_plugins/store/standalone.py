"""The embedded store of the standalone instance: nothing at first, then the server's own tables."""

from __future__ import annotations

from collections.abc import Iterable

from inventree_plugins.models import PluginConfig
from inventree_plugins.store.interface import SettingLimits
from inventree_plugins.store.session import Session

__all__ = ["EmptyReader", "create_tables"]

# Names, types and constraints are the server's (SPEC §3), so that whatever reads one reads the other.
TABLES = (
    """
    CREATE TABLE "plugin_pluginconfig" (
        "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        "key" varchar(255) NOT NULL UNIQUE,
        "name" varchar(255) NULL,
        "active" bool NOT NULL,
        "metadata" text NULL CHECK (JSON_VALID("metadata") OR "metadata" IS NULL),
        "package_name" varchar(255) NULL
    )
    """,
    """
    CREATE TABLE "plugin_pluginsetting" (
        "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        "key" varchar(50) NOT NULL,
        "value" varchar(2000) NOT NULL,
        "plugin_id" integer NOT NULL REFERENCES "plugin_pluginconfig" ("id") DEFERRABLE INITIALLY DEFERRED,
        UNIQUE ("plugin_id", "key")
    )
    """,
    """
    CREATE TABLE "plugin_pluginusersetting" (
        "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        "key" varchar(50) NOT NULL,
        "value" varchar(2000) NOT NULL,
        "plugin_id" integer NOT NULL REFERENCES "plugin_pluginconfig" ("id") DEFERRABLE INITIALLY DEFERRED,
        "user_id" integer NOT NULL,
        UNIQUE ("plugin_id", "user_id", "key")
    )
    """,
    """
    CREATE TABLE "common_inventreesetting" (
        "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        "key" varchar(50) NOT NULL UNIQUE,
        "value" varchar(2000) NOT NULL
    )
    """,
)


class EmptyReader:
    """The standalone store before it exists: no rows, and nothing is created by asking."""

    def rows(self) -> tuple[PluginConfig, ...]:
        """Return no rows."""
        return ()

    def row(self, key: str) -> PluginConfig | None:  # noqa: ARG002 - the contract's signature
        """Return no row."""
        return None

    def global_values(self, keys: Iterable[str]) -> dict[str, str]:  # noqa: ARG002
        """Return no values, so that defaults hold."""
        return {}

    def plugin_settings(self, slug: str) -> dict[str, str]:  # noqa: ARG002
        """Return no settings."""
        return {}

    def user_settings(self, slug: str, user_id: int) -> dict[str, str]:  # noqa: ARG002
        """Return no settings."""
        return {}

    def referring_table(self, key: str) -> str | None:  # noqa: ARG002
        """Return no table."""
        return None

    def setting_limits(self) -> SettingLimits:
        """Return what the tables below would set."""
        return SettingLimits(50, 2000)

    def applied_migrations(self) -> dict[str, frozenset[str]]:
        """Return no migrations."""
        return {}

    def tables(self) -> frozenset[str]:
        """Return no tables."""
        return frozenset()


def create_tables(session: Session) -> None:
    """Create the server's tables inside the caller's transaction, which alone makes them visible."""
    for statement in TABLES:
        session.execute(statement)
