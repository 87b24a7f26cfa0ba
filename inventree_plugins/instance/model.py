"""What is known of an InvenTree instance, each value with its origin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from inventree_plugins.errors import ConfigurationError
from inventree_plugins.models import Database, Problem, Setting
from inventree_plugins.vocabulary import MANDATORY_SLUGS

__all__ = ["DISTRIBUTION_PACKAGE_ORIGIN", "STANDALONE_ORIGIN", "Instance", "InstanceOptions", "Mandatory"]

# Origins that others ask for; the rest are words for people.
STANDALONE_ORIGIN = "standalone instance"
DISTRIBUTION_PACKAGE_ORIGIN = "the distribution package"


class InstanceOptions(NamedTuple):
    """What the command line says about the instance; None means not said."""

    config: Path | None = None
    server: Path | None = None
    python: str | None = None
    plugins_file: Path | None = None
    plugin_dirs: tuple[Path, ...] = ()
    database: str | None = None
    from_environment: frozenset[str] = frozenset()

    def origin(self, name: str) -> str:
        """Say where the option came from: the command line, or its own variable."""
        if name in self.from_environment:
            return f"environment INVPLUG_{name.upper()}"
        return f"option --{name.replace('_', '-')}"


class Mandatory(NamedTuple):
    """Which plugins the server keeps active, whatever their rows say (SPEC §3).

    Servers from 0.9 to 0.17 keep every built-in active; later ones have a list in their registry. It is
    `unknown` where the server's source is.
    """

    slugs: frozenset[str] = frozenset()
    every_builtin: bool = False
    unknown: bool = False


class Instance(NamedTuple):
    """An InvenTree server, or the standalone instance of a directory.

    Paths are absolute. `database.value` is None where the configuration names none. `environment` is what
    of the process environment decides about the interpreter, and what beats plugin options in the file.
    """

    directory: Path
    standalone: bool
    config_file: Setting[Path | None]
    source_root: Setting[Path | None]
    server_version: Setting[str | None]
    python: Setting[str | None]
    database: Setting[Database | None]
    plugins_enabled: Setting[bool]
    plugins_file: Setting[Path]
    plugin_dirs: Setting[tuple[Path, ...]]
    plugin_noinstall: Setting[bool]
    plugins_mandatory: Setting[tuple[str, ...]]
    plugin_settings: Setting[Mapping[str, Any]]
    global_settings: Setting[Mapping[str, Any]]
    debug: Setting[bool]
    static_root: Setting[Path | None]
    mandatory: Mandatory
    environment: Mapping[str, str]
    # Of the database's values, by key, where they come from different places.
    database_origins: Mapping[str, str]
    # What in the configuration cannot be used, and does not stop invplug.
    problems: tuple[Problem, ...] = ()

    def require_database(self) -> Database:
        """Return the database, or raise ConfigurationError when the configuration names none."""
        if self.database.value is None:
            where = f"`{self.config_file.value}`" if self.config_file.value else "the configuration"
            raise ConfigurationError(
                f"{where} names no database",
                hint="set `database:` there, INVENTREE_DB_ENGINE and INVENTREE_DB_NAME, or pass `--database`",
                path=self.config_file.value,
            )
        return self.database.value

    def is_mandatory(self, slug: str, *, builtin: bool) -> bool:
        """Tell whether the server keeps `slug` active, given whether it is a built-in plugin (SPEC §3).

        Where the server's own list is unknown, the newest known one is assumed.
        """
        listed = MANDATORY_SLUGS if self.mandatory.unknown else self.mandatory.slugs
        return (
            slug in listed
            or slug in self.plugins_mandatory.value
            or (self.mandatory.every_builtin and builtin)
        )

    @property
    def in_container(self) -> bool:
        """Tell whether this is the container image (SPEC §4)."""
        return self.environment.get("INVENTREE_DOCKER", "").lower() in {"1", "y", "yes", "t", "true", "on"}
