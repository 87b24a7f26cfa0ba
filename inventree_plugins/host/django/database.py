"""Which of Django's databases is the store, and that its table is looked for nowhere else."""

from __future__ import annotations

from typing import Any

from django.db import connections, router

from inventree_plugins.models import Database

__all__ = ["ALIAS", "APP_LABEL", "route"]

ALIAS = "plugins"
APP_LABEL = "inventree_plugins"


def route(database: Database) -> None:
    """Lead the host's own model to the store."""
    router.routers.insert(0, _Router(_alias_of(database)))


class _Router:
    """Knows where the table of plugins is."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        """Return the alias of the store for the host's model."""
        return self._alias if model._meta.app_label == APP_LABEL else None  # noqa: SLF001 - Django's way

    db_for_write = db_for_read

    def allow_migrate(self, _alias: str, app_label: str, **_hints: Any) -> bool | None:
        """Refuse for the host's model: nobody migrates it, nor dumps it with the project's data."""
        return False if app_label == APP_LABEL else None


def _alias_of(database: Database) -> str:
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
