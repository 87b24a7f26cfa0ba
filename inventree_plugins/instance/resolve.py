"""Put the instance together from options, environment and `config.yaml` (SPEC §4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inventree_plugins.errors import ConfigurationError, UnsupportedDatabaseError
from inventree_plugins.instance.configuration import (
    Configuration,
    read_config_file,
    to_bool,
    to_list,
    to_mapping,
)
from inventree_plugins.instance.model import (
    DISTRIBUTION_PACKAGE_ORIGIN,
    STANDALONE_ORIGIN,
    Instance,
    InstanceOptions,
)
from inventree_plugins.instance.overrides import read_overrides
from inventree_plugins.instance.source_root import (
    checkout_of,
    find_source_root,
    read_mandatory,
    read_version,
)
from inventree_plugins.models import Database, Setting

__all__ = ["resolve_instance"]

DEFAULT = "default"
STANDALONE_STORE = Path(".invplug/store.sqlite3")
CONTAINER_HOME = "/home/inventree"
SYSTEM_CONFIG = Path("/etc/inventree/config.yaml")
ENGINES = {"sqlite": "sqlite3", "sqlite3": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}
DATABASE_KEYS = ("engine", "name", "user", "password", "host", "port", "options", "timeout")
ENVIRONMENT_KEPT = (
    "INVENTREE_DOCKER",
    "INVENTREE_PY_ENV",
    # Those that beat the options that `config set` writes.
    "INVENTREE_PLUGINS_ENABLED",
    "INVENTREE_PLUGINS_MANDATORY",
    "INVENTREE_PLUGIN_DIR",
    "INVENTREE_PLUGIN_FILE",
    "INVENTREE_PLUGIN_NOINSTALL",
    "INVENTREE_PLUGIN_RETRY",
)


def resolve_instance(options: InstanceOptions, *, directory: Path, environ: Mapping[str, str]) -> Instance:
    """Find out which server is meant: options, then `INVENTREE_*`, then its `config.yaml`, else standalone.

    Raises ConfigurationError, SourceRootError and UnsupportedDatabaseError; touches no database.
    """
    source_root = find_source_root(
        options.server, origin=options.origin("server"), directory=directory, environ=environ
    )
    config_file = _find_config_file(options, source_root.value, directory=directory, environ=environ)
    configuration = Configuration(
        environ, config_file.value, read_config_file(config_file.value) if config_file.value else {}
    )
    database, origins = _database(options, configuration, directory=directory, source_root=source_root.value)
    standalone = not (source_root.value or config_file.value or database.value)
    if standalone:
        store = Database("sqlite3", str(directory / STANDALONE_STORE), standalone=True)
        database = Setting(store, STANDALONE_ORIGIN)
    base = Bases(directory, source_root.value, standalone=standalone)
    support = Setting(True, STANDALONE_ORIGIN) if standalone else Setting(False, DEFAULT)
    read, switch = configuration.read, configuration.switch
    version = read_version(source_root.value)
    plugin_settings, odd = read_overrides(configuration, "plugin_settings", version=version.value)
    global_settings, odder = read_overrides(configuration, "global_settings", version=version.value)
    return Instance(
        directory=directory,
        standalone=standalone,
        config_file=config_file,
        source_root=source_root,
        server_version=version,
        python=Setting(options.python, options.origin("python") if options.python else DEFAULT),
        database=database,
        database_origins=origins,
        plugins_enabled=switch("plugins_enabled", default=support),
        plugins_file=_plugins_file(options, configuration, base),
        plugin_dirs=_plugin_dirs(options, configuration, base),
        plugin_noinstall=switch("plugin_noinstall", default=Setting(False, DEFAULT)),
        plugins_mandatory=read("plugins_mandatory", to_list, default=Setting((), DEFAULT)),
        plugin_settings=plugin_settings,
        global_settings=global_settings,
        debug=switch("debug", default=Setting(False, DEFAULT)),
        static_root=read("static_root", base.absolute, default=Setting(None, DEFAULT)),
        mandatory=read_mandatory(source_root.value, standalone=standalone),
        environment={name: environ[name] for name in ENVIRONMENT_KEPT if name in environ},
        problems=(*odd, *odder),
    )


def _database(
    options: InstanceOptions, configuration: Configuration, *, directory: Path, source_root: Path | None
) -> tuple[Setting[Database | None], Mapping[str, str]]:
    """Return the database, and the origin of each of its values where the configuration names it."""
    if options.database is not None:
        from inventree_plugins.instance.database_url import parse_database  # noqa: PLC0415 - often not given

        named = parse_database(options.database, directory=directory)
        return Setting(named, options.origin("database")), {}
    found = {key: _database_value(configuration, key) for key in DATABASE_KEYS}
    origins = {key: setting.origin for key, setting in found.items() if setting}
    return _configured_database(configuration, directory=source_root or directory), origins


class Bases:
    """The folders that relative paths start from."""

    def __init__(self, directory: Path, source_root: Path | None, *, standalone: bool) -> None:
        self.directory = directory
        self.source_root = source_root
        self.standalone = standalone

    def absolute(self, value: Any) -> Path | None:
        """Return a configured path, relative ones as seen from the server's working directory."""
        return (self.source_root or self.directory) / str(value).strip()


def _find_config_file(
    options: InstanceOptions, source_root: Path | None, *, directory: Path, environ: Mapping[str, str]
) -> Setting[Path | None]:
    """Find the `config.yaml` that the server would read (SPEC §4)."""
    if options.config is not None:
        return Setting(directory / options.config, options.origin("config"))
    if environ.get("INVENTREE_CONFIG_FILE"):
        named = (source_root or directory) / environ["INVENTREE_CONFIG_FILE"]
        return Setting(named, "environment INVENTREE_CONFIG_FILE")
    candidates = []
    if source_root:
        candidates.append((source_root / "config.yaml", "the server's source"))
    if to_bool(environ.get("INVENTREE_DOCKER", "")):
        home = Path(environ.get("INVENTREE_HOME") or CONTAINER_HOME)
        candidates.append((home / "data" / "config.yaml", "the container's data folder"))
    # A server named by hand is not the one of the distribution package.
    if options.server is None and options.database is None:
        candidates.append((SYSTEM_CONFIG, DISTRIBUTION_PACKAGE_ORIGIN))
    if source_root:
        candidates.append((checkout_of(source_root) / "config" / "config.yaml", "the server's checkout"))
    return next(
        (Setting(path, origin) for path, origin in candidates if path.is_file()), Setting(None, "not found")
    )


def _plugins_file(options: InstanceOptions, configuration: Configuration, base: Bases) -> Setting[Path]:
    if options.plugins_file is not None:
        return Setting(base.directory / options.plugins_file, options.origin("plugins_file"))
    found = configuration.lookup("INVENTREE_PLUGIN_FILE", "plugin_file")
    if found is not None:
        return Setting((base.source_root or base.directory) / str(found.value), found.origin)
    if configuration.path is not None:
        return Setting(configuration.path.parent / "plugins.txt", "beside config.yaml")
    if base.source_root is not None:
        return Setting(checkout_of(base.source_root) / "config" / "plugins.txt", "the server's checkout")
    return Setting(base.directory / "plugins.txt", STANDALONE_ORIGIN if base.standalone else DEFAULT)


def _plugin_dirs(
    options: InstanceOptions, configuration: Configuration, base: Bases
) -> Setting[tuple[Path, ...]]:
    """Collect plugin directories in the server's order, its own `plugins/` first (SPEC §1)."""
    own = (base.source_root / "plugins",) if base.source_root else ()
    if options.plugin_dirs:
        named = tuple(base.directory / path for path in options.plugin_dirs)
        return Setting((*own, *named), options.origin("plugin_dir"))
    found = configuration.lookup("INVENTREE_PLUGIN_DIR", "plugin_dir")
    if found is not None:
        start = base.source_root or base.directory
        return Setting((*own, *(start / item for item in to_list(found.value))), found.origin)
    if base.standalone:
        return Setting((base.directory / "plugins",), STANDALONE_ORIGIN)
    return Setting(own, "the server's source" if own else DEFAULT)


def _configured_database(configuration: Configuration, *, directory: Path) -> Setting[Database | None]:
    values = {key: _database_value(configuration, key) for key in DATABASE_KEYS}
    engine, name = values["engine"], values["name"]
    if engine is None and name is None:
        return Setting(None, "not configured")
    if engine is None or name is None:
        missing = "name" if engine else "engine"
        raise ConfigurationError(
            f"the database's {missing} is not configured"
            + (f" in `{configuration.path}`" if configuration.path else ""),
            hint=f"set INVENTREE_DB_{missing.upper()} or `database.{missing}`",
            path=configuration.path,
        )
    kind = ENGINES.get(str(engine.value).strip().lower().removeprefix("django.db.backends."))
    if kind is None:
        raise UnsupportedDatabaseError(
            f"unknown database engine `{engine.value}` ({engine.origin})",
            hint="InvenTree knows sqlite3, postgresql and mysql",
            path=configuration.path,
        )
    try:
        mapping = to_mapping(values["options"].value if values["options"] else None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"the database's options are no mapping: {error}") from error
    text = {key: str(found.value) if found else None for key, found in values.items()}
    if text["timeout"] and kind != "sqlite3":
        mapping = {"connect_timeout": text["timeout"], **mapping}
    database = Database(
        kind,
        str(directory / str(name.value)) if kind == "sqlite3" else str(name.value),
        user=text["user"],
        password=text["password"],
        host=text["host"],
        port=text["port"],
        options=mapping,
    )
    return Setting(database, name.origin)


def _database_value(configuration: Configuration, key: str) -> Setting[Any] | None:
    """Look a database setting up, also under the upper-case key of legacy files."""
    found = configuration.lookup(f"INVENTREE_DB_{key.upper()}", f"database.{key}")
    if found is None or found.value == "":
        found = configuration.lookup(None, f"database.{key.upper()}")
    return found if found is not None and found.value != "" else None
