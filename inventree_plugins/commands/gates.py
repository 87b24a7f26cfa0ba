"""What stands between an enabled plugin and its effect (SPEC §2, §3)."""

from collections.abc import Iterable, Mapping

from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.switches import needed_switches
from inventree_plugins.instance import DISTRIBUTION_PACKAGE_ORIGIN
from inventree_plugins.models import NextStep, Plugin, Problem, Source
from inventree_plugins.switches import Switch
from inventree_plugins.version_gate import excluded_by

__all__ = [
    "action_steps",
    "gate_steps",
    "migrate_command",
    "restart_step",
    "support_command",
    "version_problem",
]


SUPPORT_VARIABLE = "INVENTREE_PLUGINS_ENABLED"


def version_problem(plugin: Plugin, server_version: str | None) -> Problem | None:
    """Judge MIN_VERSION and MAX_VERSION as the server does (SPEC §2)."""
    excluded = excluded_by(plugin.min_version, plugin.max_version, server_version)
    if excluded is None:
        return None
    return Problem(
        "version-gate",
        f"InvenTree {server_version or 'of any version'} refuses `{plugin.slug}`: {excluded.reason}",
        "error",
        hint="install a version of the plugin that fits",
        slug=plugin.slug,
        path=plugin.path,
    )


def gate_steps(
    context: Context, plugins: Iterable[Plugin], switches: Mapping[str, Switch]
) -> tuple[NextStep, ...]:
    """Name what is off and holds these plugins back: plugin support, and integrations of their mixins."""
    plugins = tuple(plugins)
    external = tuple(plugin.slug for plugin in plugins if plugin.source is not Source.BUILTIN)
    support = context.instance.plugins_enabled
    steps = []
    if external and not support.value:
        steps.append(_support_step(context, external))
    for name, slugs in needed_switches(plugins).items():
        if not switches[name].on:
            steps.append(_switch_step(switches[name], slugs))
    return tuple(steps)


def _support_step(context: Context, slugs: tuple[str, ...]) -> NextStep:
    command = support_command(context)
    message = "plugin support is off"
    if command is None:
        message += f": set {SUPPORT_VARIABLE}=true in the server's environment"
    return NextStep("enable-plugins", message, command, slugs)


def support_command(context: Context) -> str | None:
    """Return the command that turns plugin support on, None where only the environment can."""
    instance = context.instance
    if instance.config_file.value is None or instance.plugins_enabled.is_from_environment:
        return None
    return "invplug config set plugins_enabled true"


def _switch_step(switch: Switch, slugs: tuple[str, ...]) -> NextStep:
    message = f"the integration switch {switch.name} is off"
    command: str | None = command_line("enable --with-integration", *slugs)
    if switch.fixed_by is not None:
        message, command = f"{message}, fixed by {switch.fixed_by}", None
    return NextStep("enable-integration", message, command, slugs)


def action_steps(
    context: Context, plugins: Iterable[Plugin], *, has_rowless: bool = False
) -> tuple[NextStep, ...]:
    """Name what must be done after these plugins changed: migrate, collect static files, restart.

    `has_rowless` tells that some plugin, of whatever kind, has no row.
    """
    plugins = tuple(plugins)
    apps = tuple(plugin.slug for plugin in plugins if "AppMixin" in plugin.mixins)
    static = tuple(plugin.slug for plugin in plugins if plugin.has_static_files)
    steps = []
    if apps and context.instance.standalone:
        message = f"{_name(apps)} may bring database migrations of the Django project that hosts it"
        steps.append(NextStep("migrate", message, "python manage.py migrate", apps))
    elif apps:
        message = (
            f"{_name(apps)} may bring database migrations, without which InvenTree 1.0 and later"
            " do not start again"
        )
        if has_rowless:
            message += "; `invoke migrate` does nothing while a plugin has no row"
        steps.append(NextStep("migrate", message, migrate_command(has_rowless=has_rowless), apps))
    if static:
        steps.append(
            NextStep(
                "collect-static",
                f"{_name(static)} brings static files",
                "python manage.py collectplugins",
                static,
            )
        )
    if plugins:
        steps.append(restart_step(context, tuple(plugin.slug for plugin in plugins)))
    return tuple(steps)


def migrate_command(*, has_rowless: bool) -> str:
    """Return the command that runs migrations; while a plugin has no row, the server leaves out all."""
    return "invplug discover && invoke migrate" if has_rowless else "invoke migrate"


def _name(slugs: tuple[str, ...]) -> str:
    return ", ".join(f"`{slug}`" for slug in slugs)


def restart_step(context: Context, slugs: tuple[str, ...]) -> NextStep:
    """Say how the server and its worker are restarted where they live (SPEC §4)."""
    instance = context.instance
    command = None
    if instance.standalone:
        message = "a server that hosts its plugins sees the change when it next looks at the store"
        return NextStep("restart", message, command, slugs)
    if instance.in_container:
        command = "docker compose restart"
    elif instance.config_file.origin == DISTRIBUTION_PACKAGE_ORIGIN:
        command = "inventree restart"
    return NextStep(
        "restart", "a running server and its worker see the change after a restart", command, slugs
    )
