"""The global options: accepted before and after the subcommand, and as `INVPLUG_*` in the environment."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import os
import shlex
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from inventree_plugins import __version__
from inventree_plugins.errors import UsageError

__all__ = ["GlobalOptions", "Invocation", "flag", "global_options", "wants"]


PROGRAM = "invplug"
NAMING_THE_INSTANCE = ("config", "server", "python", "plugins_file", "plugin_dir", "database")


class GlobalOptions(NamedTuple):
    """What the global options say; None and empty mean not said."""

    config: Path | None = None
    server: Path | None = None
    python: str | None = None
    plugins_file: Path | None = None
    plugin_dir: tuple[Path, ...] = ()
    database: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    no_cache: bool = False
    lock_timeout: float | None = None

    @classmethod
    def from_parameters(cls, values: Mapping[str, Any]) -> "GlobalOptions":
        """Take the global ones of a command's parameters; raise UsageError for a value of the wrong kind."""
        given = {name: values[name] for name in cls._fields if name in values}
        for name in ("config", "server", "plugins_file"):
            if name in given:
                given[name] = Path(given[name])
        if "lock_timeout" in given:
            given["lock_timeout"] = _seconds(given["lock_timeout"])
        return cls(**{**given, "plugin_dir": tuple(map(Path, given.get("plugin_dir", ())))})


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"`--lock-timeout` takes a number of seconds, not `{text}`")
    return seconds


class Invocation:
    """One run of the program: how to answer is known before the command line is understood."""

    def __init__(self, *, json: bool, no_color: bool = False) -> None:
        self.json = json
        self.no_color = no_color
        self.command: str | None = None
        self.values: dict[str, Any] = {}
        self.from_environment: set[str] = set()

    def take(self, values: Mapping[str, Any], *, from_environment: AbstractSet[str] = frozenset()) -> None:
        """Add the options given at one place; those of a later place win."""
        given = {name for name, value in values.items() if value not in (None, [], ())}
        self.from_environment = (self.from_environment - given) | (given & from_environment)
        self.values.update({name: value for name, value in values.items() if value not in (None, [], ())})

    def repeated(self, command: str | None) -> str | None:
        """Return a command of invplug with the options that this run was given to find its instance."""
        if command is None or not command.startswith(f"{PROGRAM} "):
            return command
        words = []
        for name in NAMING_THE_INSTANCE:
            if name not in self.from_environment:
                values = self.values.get(name) or ()
                for value in (values,) if isinstance(values, str) else values:
                    words += [f"--{name.replace('_', '-')}", _repeated(name, str(value))]
        return " ".join([PROGRAM, *words, command.removeprefix(f"{PROGRAM} ")])

    @property
    def options(self) -> GlobalOptions:
        """Return the options given so far."""
        return GlobalOptions.from_parameters(self.values)


def _repeated(name: str, value: str) -> str:
    """Return an option's value for a shell, as it is understood in any folder and seen by anybody."""
    if name == "database" and "://" in value:
        # No command on a screen holds a password; who has one in the URL can keep it in the variable.
        return '"$INVPLUG_DATABASE"' if "@" in value or "passw" in value else shlex.quote(value)
    is_program = name == "python" and os.sep not in value and not os.path.exists(value)  # noqa: PTH110
    return shlex.quote(value if is_program else os.path.abspath(os.path.expanduser(value)))  # noqa: PTH100, PTH111


def show_version(context: typer.Context, wanted: bool | None) -> None:  # noqa: FBT001 - Typer calls it so
    """Print the version and stop."""
    if not wanted:
        return
    from inventree_plugins.cli.output import write_json  # noqa: PLC0415

    if context.obj.json:
        write_json({"version": __version__}, command="version")
    else:
        typer.echo(f"invplug {__version__}")
    raise typer.Exit


def flag(*names: str, text: str) -> Any:
    """Describe an option that takes no value."""
    # Typer shows a type behind flags; they take none.
    return typer.Option(*names, metavar="", help=text)


def _option(name: str, text: str, *, metavar: str = "") -> Any:
    return typer.Option(
        f"--{name}",
        metavar=metavar,
        help=text,
        envvar=f"INVPLUG_{name.upper().replace('-', '_')}",
        show_envvar=False,
        show_default=False,
        rich_help_panel="Global options",
    )


def global_options(  # noqa: PLR0913, PLR0917 - the contract's list
    config: Annotated[str | None, _option("config", "The server's `config.yaml`.", metavar="FILE")] = None,
    server: Annotated[
        str | None, _option("server", "The server's source root or checkout.", metavar="DIR")
    ] = None,
    python: Annotated[
        str | None, _option("python", "The Python that runs the server.", metavar="PATH")
    ] = None,
    plugins_file: Annotated[
        str | None, _option("plugins-file", "The `plugins.txt` to use.", metavar="FILE")
    ] = None,
    plugin_dir: Annotated[
        list[Path] | None, _option("plugin-dir", "A folder with plugins; repeatable.", metavar="DIR")
    ] = None,
    database: Annotated[str | None, _option("database", "The server's database.", metavar="URL|FILE")] = None,
    json: Annotated[bool | None, _option("json", "Answer with one JSON document on stdout.")] = None,
    quiet: Annotated[bool | None, _option("quiet", "Say nothing but data and errors.")] = None,
    verbose: Annotated[bool | None, _option("verbose", "Show what the installer says.")] = None,
    no_color: Annotated[bool | None, _option("no-color", "Print without colour.")] = None,
    no_cache: Annotated[bool | None, _option("no-cache", "Neither read nor write the cache.")] = None,
    lock_timeout: Annotated[
        str | None,
        _option("lock-timeout", "How long to wait for another writer (default 10).", metavar="SECONDS"),
    ] = None,
    version: Annotated[
        bool | None,
        typer.Option(
            "--version",
            metavar="",
            help="Show the version and stop.",
            callback=show_version,
            is_eager=True,
            show_default=False,
            rich_help_panel="Global options",
        ),
    ] = None,
) -> None:
    """Manage the plugins of an InvenTree server, whether it is up or down.

    invplug reads the server's configuration and plugins.txt, installs plugin packages, tells what every
    plugin is without running it, and enables plugins in the database that the server reads when it starts.
    """


def wants(name: str, arguments: list[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a flag is set, also on a command line that cannot be understood."""
    before_dashes = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if f"--{name}" in before_dashes:
        return True
    variable = f"INVPLUG_{name.upper().replace('-', '_')}"
    return environ.get(variable, "").lower() in {"1", "true", "yes", "on", "t", "y"}
