"""What stands between an enabled plugin and its effect (SPEC §2, §3)."""

from collections.abc import Iterable, Mapping

from inventree_plugins.commands.context import Context
from inventree_plugins.models import NextStep, Plugin, Problem, Source
from inventree_plugins.store import Reader
from inventree_plugins.validation import excluded_by
from inventree_plugins.vocabulary import MIXINS

__all__ = ["action_steps", "gate_steps", "version_problem"]


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


def gate_steps(context: Context, plugins: Iterable[Plugin], reader: Reader) -> tuple[NextStep, ...]:
    """Name the switches that are off for these plugins: plugin support, and integrations of their mixins."""
    plugins = tuple(plugins)
    external = tuple(plugin.slug for plugin in plugins if plugin.source is not Source.BUILTIN)
    steps = []
    if external and not context.instance.plugins_enabled.value:
        steps.append(
            NextStep(
                "enable-plugins",
                "plugin support is off: set `plugins_enabled: true` in config.yaml,"
                " or INVENTREE_PLUGINS_ENABLED=true",
                slugs=external,
            )
        )
    for switch, slugs in _switches_off(context, plugins, reader).items():
        steps.append(
            NextStep(
                "enable-integration",
                f"the integration switch {switch} is off: turn it on in the server's plugin settings",
                slugs=slugs,
            )
        )
    return tuple(steps)


def _switches_off(
    context: Context, plugins: Iterable[Plugin], reader: Reader
) -> Mapping[str, tuple[str, ...]]:
    """Return for each switch that is off the slugs it holds back; `global_settings` beats the store."""
    needed: dict[str, list[str]] = {}
    for plugin in plugins:
        for switch in sorted({MIXINS[name].switch or "" for name in plugin.mixins if name in MIXINS} - {""}):
            needed.setdefault(switch, []).append(plugin.slug)
    if not needed:
        return {}
    values: dict[str, object] = {**reader.global_values(needed), **context.instance.global_settings.value}
    return {
        switch: tuple(slugs)
        for switch, slugs in sorted(needed.items())
        if str(values.get(switch, False)).lower() != "true"
    }


def action_steps(context: Context, plugins: Iterable[Plugin]) -> tuple[NextStep, ...]:
    """Name what must be done after these plugins changed: migrate, collect static files, restart."""
    plugins = tuple(plugins)
    apps = tuple(plugin.slug for plugin in plugins if "AppMixin" in plugin.mixins)
    static = tuple(plugin.slug for plugin in plugins if plugin.has_static_files)
    steps = []
    if apps:
        steps.append(
            NextStep("migrate", f"{_name(apps)} may bring database migrations", "invoke migrate", apps)
        )
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


def _name(slugs: tuple[str, ...]) -> str:
    return ", ".join(f"`{slug}`" for slug in slugs)


def restart_step(context: Context, slugs: tuple[str, ...]) -> NextStep:
    """Say how the server and its worker are restarted where they live (SPEC §4)."""
    instance = context.instance
    command = None
    if instance.in_container:
        command = "docker compose restart"
    elif instance.config_file.origin == "the distribution package":
        command = "inventree restart"
    return NextStep(
        "restart", "a running server and its worker see the change after a restart", command, slugs
    )
