"""A host for one test: it enables what it is given, and lets no failure of a plugin pass."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inventree_plugins.host import Failure
from inventree_plugins.host.trial import open_trial
from inventree_plugins.sdk import InvenTreePlugin
from inventree_plugins.sdk.names import slug_of
from inventree_plugins.sdk.setting_values import to_text
from inventree_plugins.testing.django_client import request
from inventree_plugins.testing.fake_api import FakeApi

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PluginTestHost"]

# Seconds for one handler or task; a test that hangs tells less.
PATIENCE = 60.0


class PluginTestHost:
    """Hosts the plugins of one test, on a store in `directory`.

    Whatever a plugin raises, when it is loaded or called, is raised here. `host` is the host itself.
    """

    def __init__(self, directory: Path) -> None:
        self._given: list[type | str] = []
        self.host = open_trial(directory, self._given)

    def enable(self, plugin: type | str, *, settings: Mapping[str, Any] | None = None) -> Any:
        """Load a plugin with these settings and return it: a class, `module:Class`, or a module that has one.

        Raises what the plugin raises, and LookupError where there is no plugin.
        """
        cls = self._imported(plugin)
        slug = slug_of(cls)
        self._store_settings(slug, cls, settings or {})
        with self.host.store.writing() as writer:
            writer.set_active([slug], True)
        self.host.reload()
        for failure in self.host.failures:
            if failure.slug == slug:
                raise failure.error
        return self.host.plugins[slug]

    def _imported(self, plugin: type | str) -> type[InvenTreePlugin]:
        """Make the host know a plugin's class; forget it again where that fails."""
        if not isinstance(plugin, type) and not (isinstance(plugin, str) and plugin):
            raise TypeError(f"give the plugin's class, or its name as `module:Class`, not {plugin!r:.60}")
        is_new = not any(each is plugin or each == plugin for each in self._given)
        if is_new:
            self._given.append(plugin)
        self.host.reload(force=True)
        try:
            return self._class_of(plugin)
        except BaseException:
            if is_new:
                self._given.remove(plugin)
            raise

    def _class_of(self, plugin: type | str) -> type[InvenTreePlugin]:
        """Return the class that is meant; raise what keeps it from being imported."""
        classes = [*self.host.inactive.values(), *map(type, self.host.plugins.values())]
        name = plugin if isinstance(plugin, str) else f"{plugin.__module__}:{plugin.__qualname__}"
        for failure in self.host.failures:
            if failure.module == name or (failure.module or "") == f"{name}:":
                raise failure.error
        module, _, attribute = name.partition(":")
        if not isinstance(plugin, str):
            found = [cls for cls in classes if cls is plugin]
        elif attribute:
            wanted = attrgetter(attribute)(sys.modules[module])
            found = [cls for cls in classes if cls is wanted]
        else:
            found = [cls for cls in classes if cls.__module__ == module]
        if len(found) != 1:
            what = "has several plugins: name one" if found else "is no class of a plugin with a `NAME`"
            raise LookupError(f"`{name}` {what}")
        return found[0]

    def _store_settings(self, slug: str, cls: type[InvenTreePlugin], settings: Mapping[str, Any]) -> None:
        definitions: Mapping[str, Any] = getattr(cls, "SETTINGS", None) or {}
        with self.host.store.writing() as writer:
            for key, value in settings.items():
                text = to_text(key, value, definitions.get(key, {}), plugin=slug)
                writer.set_plugin_setting(slug, key, text)

    def disable(self, slug: str) -> None:
        """Disable a plugin."""
        with self.host.store.writing() as writer:
            writer.set_active([slug], False)
        self.host.reload()

    def set_setting(self, slug: str, key: str, value: Any) -> None:
        """Store a setting of an active plugin; raise LookupError for one that it does not define."""
        plugin: Any = self.host.plugins[slug]
        if key not in plugin.settings:
            raise LookupError(f"the plugin `{slug}` defines no setting `{key}`")
        plugin.set_setting(key, value)

    def trigger(self, event: str, *args: Any, **kwargs: Any) -> None:
        """Trigger an event, and wait until all plugins have had it."""
        with self._raising():
            for delivery in self.host.trigger(event, *args, **kwargs):
                delivery.result(PATIENCE)

    def scan(self, barcode: str, user: Any = None) -> Any:
        """Return what a barcode stands for, None where no plugin knows it."""
        with self._raising():
            return self.host.scan(barcode, user)

    def perform_action(self, name: str, user: Any = None, data: Any = None) -> dict[str, Any]:
        """Perform an action and return the response; raise NoSuchActionError where there is none."""
        with self._raising():
            return self.host.perform_action(name, user, data)

    def run_due_tasks(self, now: datetime | None = None) -> list[str]:
        """Run the tasks that are due at `now`, wait for them, and return their names."""
        with self._raising():
            due = [task.name for task in self.host.due_tasks(now)]
            for run in self.host.run_due_tasks(now):
                run.result(PATIENCE)
            return due

    @contextmanager
    def fake_api(self, plugin: Any = None, *, token: str = "") -> Iterator[FakeApi]:
        """Serve a fake of an external service; with a plugin, its address and token become its settings."""
        api = FakeApi()
        try:
            if plugin is not None:
                plugin.set_setting(plugin.API_URL_SETTING, api.url)
                plugin.set_setting(plugin.API_TOKEN_SETTING, token)
            yield api
        finally:
            api.close()

    def get(self, path: str, data: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Request a URL, as `/plugin/<slug>/…`, and return Django's response."""
        return request(self.host.urlpatterns(), "get", path, data=data, **options)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Post to a URL, and return Django's response."""
        return request(self.host.urlpatterns(), "post", path, data=data, **options)

    @contextmanager
    def _raising(self) -> Iterator[None]:
        """Raise what a plugin raised in the block, rather than what the host makes of it."""
        before = list(self.host.failures)
        try:
            yield
        except Exception:
            self._raise_new(before)
            raise
        self._raise_new(before)

    def _raise_new(self, before: list[Failure]) -> None:
        for each in self.host.failures:
            if not any(each is old for old in before):
                raise each.error

    def __enter__(self) -> Self:
        """Return the host; it is closed at the end."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the host."""
        self.host.close()
