"""Which of Django's databases is the store."""

from __future__ import annotations

from typing import Any

from django.db import connections

from inventree_plugins.models import Database

__all__ = ["ALIAS", "store_alias"]

ALIAS = "plugins"


def store_alias(database: Database) -> str:
    """Return the alias of the database that is the store; it gets one where Django has none for it."""
    for alias in connections:
        if _same(connections[alias].settings_dict, database):
            return alias
    named = {
        "ENGINE": f"django.db.backends.{database.engine}",
        "NAME": database.name,
        "USER": database.user or "",
        "PASSWORD": database.password or "",
        "HOST": database.host or "",
        "PORT": database.port or "",
        "OPTIONS": dict(database.options),
    }
    connections.settings.update(connections.configure_settings({**connections.settings, ALIAS: named}))
    return ALIAS


def _same(settings: dict[str, Any], database: Database) -> bool:
    if settings["ENGINE"].rpartition(".")[2] != database.engine or str(settings["NAME"]) != database.name:
        return False
    if database.engine == "sqlite3":
        return True
    own = (database.host or "", database.port or "")
    return (str(settings.get("HOST") or ""), str(settings.get("PORT") or "")) == own
