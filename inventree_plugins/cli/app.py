"""The Typer application: subcommands are imported when they are called, not before."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import Any

import typer
import typer.core
from typer.main import get_command

from inventree_plugins.cli.options import GlobalOptions, global_options

__all__ = ["ALIASES", "COMMANDS", "Command", "Group", "app"]

# Subcommand -> the module of this package that holds it, in the order of `--help`.
COMMANDS = {
    "install": "install",
    "uninstall": "uninstall",
    "outdated": "outdated",
    "upgrade": "upgrade",
    "list": "listing",
    "show": "show",
    "enable": "enable",
    "disable": "disable",
    "is-enabled": "is_enabled",
    "is-installed": "is_installed",
    "lock": "lock",
    "bundle": "bundle",
    "discover": "discover",
    "validate": "validate",
    "settings": "settings",
    "config": "config",
    "reload": "reload",
    "doctor": "doctor",
}
GLOBAL_NAMES = frozenset(GlobalOptions._fields)
ALIASES = {
    "remove": "uninstall",
    "update": "upgrade",
    "ls": "list",
    "info": "show",
    "activate": "enable",
    "deactivate": "disable",
}


class TakesGlobalOptions:
    """Mixed into commands: the global options are taken here, wherever they stand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments without converting what is text."""
        for parameter in self.get_params(ctx):  # type: ignore[attr-defined]
            take_as_it_is(parameter)
        parsed: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        return parsed

    def invoke(self, ctx: Any) -> Any:
        """Hand the global options to the invocation and run the command with its own."""
        words = ctx.command_path.split()[1:]
        ctx.obj.command = " ".join(ALIASES.get(word, word) for word in words)
        names = GLOBAL_NAMES & ctx.params.keys()
        origins = {name: getattr(ctx.get_parameter_source(name), "name", "") for name in names}
        ctx.obj.take(
            {name: ctx.params.pop(name) for name in names},
            from_environment={name for name in names if origins[name] == "ENVIRONMENT"},
        )
        return super().invoke(ctx)  # type: ignore[misc]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, without colour where none is wanted."""
        from typer import rich_utils  # noqa: PLC0415 - help only

        rich_utils.COLOR_SYSTEM = None if ctx.obj.no_color else "auto"
        super().format_help(ctx, formatter)  # type: ignore[misc]

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help`, shown without a type: it takes no value."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.metavar = ""
        return option


class Command(TakesGlobalOptions, typer.core.TyperCommand):
    """A subcommand that also takes the global options."""


class Group(TakesGlobalOptions, typer.core.TyperGroup):
    """A group of subcommands that also takes the global options."""


class CommandGroup(Group):
    """The subcommands by name, each imported on demand; aliases are understood but not listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of `--help`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and build a subcommand; None when there is none of that name."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = import_module(f"inventree_plugins.cli.{COMMANDS[name]}")
        command = get_command(module.app)
        command.name = name
        add_global_options(command, ctx.find_root().command.params)
        return command


def take_as_it_is(parameter: Any) -> None:
    """Let Typer convert only what needs it: a flag set by the environment, and what is missing.

    All other values are text and stay text. Typer converts with pydantic since 0.29, even what is absent,
    and importing that costs twice as much as Typer itself.
    """
    convert = parameter.process_value

    def process(ctx: Any, value: Any) -> Any:
        absent = not value
        if (absent and parameter.required) or (not absent and parameter.callback is not None):
            return convert(ctx, value)
        if isinstance(value, str) and getattr(parameter, "is_flag", False):
            return convert(ctx, value)
        several = getattr(parameter, "multiple", False) or parameter.nargs == -1
        return () if value is None and several else value

    parameter.process_value = process


def add_global_options(command: Any, parameters: list[Any]) -> None:
    """Give a command, and each one below it, its own copies of the global options."""
    for nested in getattr(command, "commands", {}).values():
        add_global_options(nested, parameters)
    for parameter in parameters:
        if parameter.name in GLOBAL_NAMES | {"version"}:
            own = copy.copy(parameter)
            # The environment was read for the options before the subcommand.
            own.envvar = None
            # `--version` has done its work when it is parsed.
            own.expose_value = parameter.name != "version"
            command.params.append(own)


app = typer.Typer(
    name="invplug",
    cls=CommandGroup,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Also understood: `remove`, `update`, `ls`, `info`, `activate` and `deactivate`.\n\n"
        "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 differences found, 4 unhealthy, 5 locked,"
        " 70 a bug, 130 interrupted."
    ),
)
app.callback()(global_options)
