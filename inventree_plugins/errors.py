"""Every error invplug can end with: its stable code, its exit code and its hint."""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "BundleFolderError",
    "ConfigurationError",
    "DatabaseAccessError",
    "DatabaseCorruptError",
    "DatabaseDriverError",
    "DatabaseError",
    "DatabaseLockedError",
    "DatabaseMissingError",
    "DatabaseReadOnlyError",
    "DatabaseUnreachableError",
    "FileAccessError",
    "InstallError",
    "InterpreterError",
    "InvplugError",
    "LockFileError",
    "LockMissingError",
    "LockOutdatedError",
    "LockPythonError",
    "LockTimeoutError",
    "MandatoryPluginError",
    "NotAnInvenTreeDatabaseError",
    "PluginEnabledError",
    "PluginNotFoundError",
    "PluginsFileError",
    "ProcessError",
    "ProcessTimeoutError",
    "ReloadError",
    "RequirementError",
    "RowError",
    "RowReferencedError",
    "SettingError",
    "SettingOverriddenError",
    "SlugCollisionError",
    "SourceRootError",
    "SwitchFixedError",
    "UnhealthyError",
    "UnloadablePluginError",
    "UnsupportedDatabaseError",
    "UsageError",
]


class InvplugError(Exception):
    """Say what failed, where, and what to do next.

    `code` is stable and public; `exit_code` follows the contract (docs/exit-codes.md).
    """

    code = "failed"
    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        slug: str | None = None,
        path: Path | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.slug = slug
        self.path = path
        self.line = line


class UsageError(InvplugError):
    """The command line itself is wrong."""

    code = "usage"
    exit_code = 2


class ConfigurationError(InvplugError):
    """The server's configuration cannot be used."""

    code = "configuration"
    exit_code = 2


class SourceRootError(ConfigurationError):
    """The named source root is not an InvenTree server's."""

    code = "server-source"


class InterpreterError(ConfigurationError):
    """The target interpreter is missing, unclear or not an interpreter."""

    code = "interpreter"


class PluginsFileError(ConfigurationError):
    """plugins.txt cannot be read as a requirements file."""

    code = "plugins-file"


class RequirementError(UsageError):
    """A requirement given on the command line is not one."""

    code = "requirement"


class LockFileError(ConfigurationError):
    """The lock file cannot be read as one."""

    code = "lock-file"


class LockMissingError(InvplugError):
    """There is no lock file."""

    code = "lock-missing"


class LockOutdatedError(InvplugError):
    """plugins.txt has moved on since the lock file was made."""

    code = "lock-outdated"


class LockPythonError(InvplugError):
    """The lock file is for another Python, or another platform."""

    code = "lock-other-python"


class BundleFolderError(InvplugError):
    """The folder for a bundle holds something else, or the one to install from holds none."""

    code = "bundle-folder"


class FileAccessError(InvplugError):
    """A file cannot be read or written."""

    code = "file-access"


class ProcessError(InvplugError):
    """A program that invplug started failed."""

    code = "process"


class ProcessTimeoutError(ProcessError):
    """A program that invplug started did not end in time."""

    code = "process-timeout"


class DatabaseError(InvplugError):
    """The server's database cannot be used."""

    code = "database"
    exit_code = 2


class DatabaseMissingError(DatabaseError):
    """The configured database does not exist."""

    code = "database-missing"


class DatabaseUnreachableError(DatabaseError):
    """The database server does not answer, or the connection to it broke."""

    code = "database-unreachable"


class DatabaseAccessError(DatabaseError):
    """The database server does not let this user in."""

    code = "database-access"


class DatabaseDriverError(DatabaseError):
    """The Python package that talks to this kind of database is missing."""

    code = "database-driver"


class DatabaseCorruptError(DatabaseError):
    """The file is not a database, or a damaged one."""

    code = "database-corrupt"


class NotAnInvenTreeDatabaseError(DatabaseError):
    """The database has no PluginConfig table."""

    code = "database-not-inventree"


class UnsupportedDatabaseError(DatabaseError):
    """The database engine is one invplug cannot open."""

    code = "database-engine"


class DatabaseReadOnlyError(DatabaseError):
    """The database can be read but not changed."""

    code = "database-read-only"
    exit_code = 1


class DatabaseLockedError(DatabaseError):
    """Another process kept the database locked until the time-out."""

    code = "database-locked"
    exit_code = 5


class RowError(InvplugError):
    """A PluginConfig row cannot be changed as asked."""

    code = "plugin-row"


class RowReferencedError(RowError):
    """Another table needs the row that should be deleted."""

    code = "plugin-row-referenced"


class LockTimeoutError(InvplugError):
    """Another invplug kept the lock until the time-out."""

    code = "lock-timeout"
    exit_code = 5


class InstallError(InvplugError):
    """The installer refused or failed; `code` is one of those of docs/errors.md.

    `detail` is the part of the installer's output that tells the cause; `names` are the normalised names of
    the packages to blame, in the order in which the installer names them.
    """

    code = "install-failed"

    def __init__(  # noqa: PLR0913  # two fields more than every error has
        self,
        message: str,
        *,
        code: str = "install-failed",
        detail: str | None = None,
        hint: str | None = None,
        path: Path | None = None,
        line: int | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint, path=path, line=line)
        self.code = code
        self.detail = detail
        self.names = names


class PluginNotFoundError(InvplugError):
    """Nothing provides the slug."""

    code = "plugin-not-found"


class MandatoryPluginError(InvplugError):
    """The server keeps this plugin active, whatever its row says (SPEC §3)."""

    code = "plugin-mandatory"


class SlugCollisionError(InvplugError):
    """Two plugins claim one slug, so that the server would silently load the later one (SPEC §1)."""

    code = "slug-collision"


class UnloadablePluginError(InvplugError):
    """The server cannot load the plugin."""

    code = "plugin-not-loadable"


class PluginEnabledError(InvplugError):
    """The plugin is still enabled."""

    code = "plugin-enabled"


class SwitchFixedError(InvplugError):
    """The configuration decides an integration switch, so that the store cannot."""

    code = "integration-fixed"


class SettingError(InvplugError):
    """A plugin's setting cannot have this value, or is none of the plugin's."""

    code = "setting"


class SettingOverriddenError(SettingError):
    """The configuration decides a plugin's setting, so that the store cannot."""

    code = "setting-overridden"


class ReloadError(InvplugError):
    """No running server would notice that it is asked to reload its plugins."""

    code = "reload"


class UnhealthyError(InvplugError):
    """What was checked is not in order."""

    code = "unhealthy"
    exit_code = 4
