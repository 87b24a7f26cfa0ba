"""`invplug config show`: every resolved value and where it comes from, secrets masked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from inventree_plugins.commands.context import Context
from inventree_plugins.errors import InterpreterError
from inventree_plugins.instance.interpreter import choose_interpreter
from inventree_plugins.models import Database, Setting

__all__ = ["ConfigResult", "show_config"]

MASK = "********"
# Words in the name of an option or setting whose value is nobody's business.
SECRET_WORDS = ("pass", "pwd", "secret", "token", "key")


class ConfigResult(NamedTuple):
    """The values by name, in the order in which they are decided."""

    settings: Mapping[str, Setting[Any]]


def show_config(context: Context) -> ConfigResult:
    """Return what is known of the instance; nothing is started and no database opened."""
    instance = context.instance
    kind = "standalone" if instance.standalone else "server"
    return ConfigResult(
        {
            "instance": Setting(kind, str(instance.directory) if instance.standalone else "configured"),
            "config_file": instance.config_file,
            "server": instance.source_root,
            "server_version": instance.server_version,
            "python": _interpreter(context),
            **_database(instance.database, instance.database_origins),
            "plugins_enabled": instance.plugins_enabled,
            "plugins_file": instance.plugins_file,
            "plugin_dirs": instance.plugin_dirs,
            "plugin_noinstall": instance.plugin_noinstall,
            "plugins_mandatory": instance.plugins_mandatory,
            "plugin_settings": _masked_values(instance.plugin_settings),
            "global_settings": _masked_settings(instance.global_settings),
            "debug": instance.debug,
            "static_root": instance.static_root,
        }
    )


def _interpreter(context: Context) -> Setting[Any]:
    try:
        return choose_interpreter(context.instance)
    except InterpreterError as error:
        return Setting(None, error.message)


def _database(setting: Setting[Database | None], origins: Mapping[str, str]) -> dict[str, Setting[Any]]:
    database = setting.value
    if database is None:
        return {"database": Setting(None, setting.origin)}
    password = MASK if database.password else None
    values = {
        "database.engine": database.engine,
        "database.name": database.name,
        "database.user": database.user,
        "database.password": password,
        "database.host": database.host,
        "database.port": database.port,
        "database.options": _masked(database.options),
    }
    return {
        name: Setting(value, origins.get(name.removeprefix("database."), setting.origin))
        for name, value in values.items()
        if value or name in {"database.engine", "database.name"}
    }


def _masked_values(setting: Setting[Mapping[str, Any]]) -> Setting[Any]:
    return Setting(_masked_texts(setting.value), setting.origin)


def _masked_settings(setting: Setting[Mapping[str, Any]]) -> Setting[Any]:
    return Setting(_masked(setting.value), setting.origin)


def _masked_texts(value: Any) -> Any:
    """Mask every text: any plugin setting may be a protected one, whatever its name."""
    if isinstance(value, Mapping):
        return {key: _masked_texts(item) for key, item in value.items()}
    return MASK if isinstance(value, str) and value else value


def _masked(value: Any, name: str = "") -> Any:
    """Replace what a secret's name covers, at any depth."""
    if isinstance(value, Mapping):
        return {key: _masked(item, str(key)) for key, item in value.items()}
    if value and any(word in name.lower() for word in SECRET_WORDS):
        return MASK
    return value
