"""Activate a plugin's mixins: check what they ask for, and take what they give (SPEC §5)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

from inventree_plugins.host.interface import Candidate, Link, Loaded, NavigationTab, Task
from inventree_plugins.sdk import (
    MixinImplementationError,
    NavigationMixin,
    ScheduleMixin,
    SettingsMixin,
    UrlsMixin,
)
from inventree_plugins.sdk.server import Server

__all__ = ["ACTIVATIONS"]

Activation = Callable[[Loaded, Server], Loaded]


def _settings(loaded: Loaded, _server: Server) -> Loaded:
    plugin = cast("SettingsMixin", loaded.plugin)
    definitions: Any = plugin.settings
    if not isinstance(definitions, Mapping):
        raise _wrong(loaded, "settings", f"`SETTINGS` must be a dictionary, not {definitions!r:.60}")
    for key, definition in definitions.items():
        if not isinstance(key, str) or not isinstance(definition, Mapping):
            raise _wrong(loaded, "settings", f"`SETTINGS` must define `{key}` by a dictionary")
    return loaded


def _schedule(loaded: Loaded, _server: Server) -> Loaded:
    plugin = cast("ScheduleMixin", loaded.plugin)
    if not plugin.has_scheduled_tasks:
        return loaded
    plugin.validate_scheduled_tasks()
    tasks = plugin.get_scheduled_tasks()
    return loaded._replace(tasks=tuple(_task(loaded, key, task) for key, task in tasks.items()))


def _task(loaded: Loaded, key: str, task: Mapping[str, Any]) -> Task:
    plugin = cast("ScheduleMixin", loaded.plugin)
    schedule, repeats = str(task["schedule"]).upper().strip(), task.get("repeats")
    minutes = task.get("minutes") if schedule == "I" else None
    if schedule == "I" and not (isinstance(minutes, (int, float)) and minutes > 0):
        raise _wrong(loaded, "schedule", f"the task `{key}` cannot run every {minutes!r:.40} minutes")
    function = task["func"]
    if not isinstance(function, str) or not function:
        raise _wrong(loaded, "schedule", f"the task `{key}` must name its function, not {function!r:.40}")
    return Task(
        name=plugin.get_task_name(key),
        slug=loaded.candidate.slug,
        function=function.strip(),
        schedule=schedule,
        minutes=minutes,
        # As on a server, -1 stands for ever.
        repeats=repeats if isinstance(repeats, int) and repeats > 0 else None,
    )


def _app(loaded: Loaded, _server: Server) -> Loaded:
    name = _app_package(loaded.candidate)
    if not getattr(sys.modules.get(name), "__path__", None):
        raise _wrong(loaded, "app", f"`{name}` is no package, so it cannot be a Django app")
    return loaded._replace(app=name)


def _app_package(candidate: Candidate) -> str:
    """Return what the server adds to its installed apps (SPEC §5).

    In a plugin directory that is the folder of the plugin's file, else the top-level package.
    """
    module = candidate.cls.__module__
    if candidate.distribution is not None:
        return module.partition(".")[0]
    is_package = bool(getattr(sys.modules.get(module), "__path__", None))
    return module if is_package else module.rpartition(".")[0]


def _urls(loaded: Loaded, server: Server) -> Loaded:
    plugin = cast("UrlsMixin", loaded.plugin)
    if not plugin.has_urls:
        return loaded
    from django.urls import URLPattern, URLResolver  # noqa: PLC0415 - only plugins with URLs need Django

    patterns = list(plugin.urlpatterns)
    for each in patterns:
        if not isinstance(each, (URLPattern, URLResolver)):
            raise _wrong(loaded, "urls", f"`URLS` must hold Django's URL patterns, not {each!r:.60}")
    from inventree_plugins.host.served_urls import ServedUrls  # noqa: PLC0415 - as above

    return loaded._replace(urls=ServedUrls(plugin.plugin_slug(), patterns, server))


def _navigation(loaded: Loaded, _server: Server) -> Loaded:
    plugin = cast("NavigationMixin", loaded.plugin)
    if not plugin.has_navigation:
        return loaded
    links = tuple(Link(str(each["name"]), str(each["link"]), each.get("icon")) for each in plugin.navigation)
    slug = loaded.candidate.slug
    tab = NavigationTab(slug, str(plugin.navigation_name), str(plugin.navigation_icon), links)
    return loaded._replace(navigation=tab)


def _wrong(loaded: Loaded, mixin: str, message: str) -> MixinImplementationError:
    slug = loaded.candidate.slug
    return MixinImplementationError(f"the plugin `{slug}`: {message}", plugin=slug, mixin=mixin)


# In the order of servers: what others build on first.
ACTIVATIONS: Mapping[str, Activation] = {
    "settings": _settings,
    "schedule": _schedule,
    "app": _app,
    "urls": _urls,
    "navigation": _navigation,
}
