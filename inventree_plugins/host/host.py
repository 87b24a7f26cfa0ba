"""The host: plugins booted from the store, for any Python server."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from inventree_plugins.errors import DatabaseMissingError, InvplugError
from inventree_plugins.host.building import Builder
from inventree_plugins.host.gate import GATE
from inventree_plugins.host.guard import Attempt, Guard, plain
from inventree_plugins.host.interface import (
    Failure,
    HostOptions,
    NavigationTab,
    Registry,
    Task,
)
from inventree_plugins.host.queues import Queues
from inventree_plugins.host.rows import read_state
from inventree_plugins.host.schedule import Schedule
from inventree_plugins.host.store_runtime import StoreRuntime
from inventree_plugins.host.tasks import TaskRunner
from inventree_plugins.instance import Instance, InstanceOptions, resolve_instance
from inventree_plugins.sdk import InvenTreePlugin, PluginError
from inventree_plugins.sdk.server import register_server, unregister_server
from inventree_plugins.store import open_store
from inventree_plugins.version_gate import numbers_read

if TYPE_CHECKING:
    from concurrent.futures import Future

    from typing_extensions import Self

__all__ = ["NoSuchActionError", "PluginHost"]


METADATA = ("description", "author", "pub_date", "version", "website", "license")


# A server may boot before it forks its workers.
_hosts: WeakSet[PluginHost] = WeakSet()


def _after_fork() -> None:
    GATE.reset()
    for host in _hosts:
        host._start_anew()  # noqa: SLF001 - its own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class NoSuchActionError(PluginError, LookupError):
    """No active plugin has an action of that name."""


class PluginHost:
    """Boots plugins as an InvenTree server does, and asks them; any thread may use it.

    Nothing is read or imported before `boot`. A plugin that fails never harms the host or other plugins: see
    `failures`. `store` holds the rows and settings.
    """

    def __init__(self, instance: Instance, options: HostOptions | None = None) -> None:
        self.instance = instance
        self.options = options or HostOptions()
        _check(self.options)
        self.store = open_store(instance.require_database(), timeout=self.options.timeout)
        self._guard = Guard(self, keep_frames=self.options.keep_frames)
        self._registry = Registry()
        self._is_rebuilding = False
        self._runs = {} if self.options.runs is None else self.options.runs
        runtime = StoreRuntime(instance, self.store, is_active=lambda slug: slug in self._registry.loaded)
        self._builder = Builder(instance, self.options, self._guard, runtime, store=self.store)
        self._start_anew()
        _hosts.add(self)

    def _start_anew(self) -> None:
        """Make what threads belong to; those of the parent are not there after a fork."""
        self._rebuilding = threading.RLock()
        self._queues = Queues(self.options.executor, workers=self.options.workers)
        self._tasks = TaskRunner(
            self._guard, self._queues, Schedule(self._runs), registry=lambda: self._registry
        )

    @classmethod
    def from_config(
        cls,
        path: Path | str | None = None,
        options: HostOptions | None = None,
        *,
        directory: Path | str | None = None,
    ) -> PluginHost:
        """Return a host for the server that a `config.yaml` describes.

        Without a path it is the one that invplug finds in `directory` (else in the working directory): by
        `INVENTREE_*`, else the standalone instance. Raises ConfigurationError.
        """
        named = InstanceOptions(config=Path(path) if path is not None else None)
        home = Path(directory or Path.cwd()).absolute()
        return cls(resolve_instance(named, directory=home, environ=os.environ), options)

    # Booting.

    def boot(self) -> PluginHost:
        """Collect, create missing rows, load what is active; raise DatabaseError where there is no store."""
        with self._rebuilding:
            database = self.instance.require_database()
            if database.standalone and not Path(database.name).exists():
                with self.store.writing():
                    pass  # its first transaction makes the tables
            self._rebuild()
            self._queues.open()
            register_server(self)
        return self

    def reload(self, *, force: bool = False) -> bool:
        """Boot again if the store has changed since: rows, switches, or the registry hash (SPEC §3).

        Plugins whose code and state are the same stay the very objects they are; one that worked and whose
        new code fails goes on as it was. Returns whether there was anything to do; a plugin that asks for it
        while it is loaded is told that there was not. Raises DatabaseError, and then all stays as it is.
        """
        with self._rebuilding:
            if self._is_rebuilding:
                return False
            self._require_store()
            if not force and read_state(self.store, self.instance).marks == self._registry.state.marks:
                return False
            self._rebuild()
            return True

    def _require_store(self) -> None:
        """Raise DatabaseMissingError where the store is gone: a new one would switch everything off."""
        database = self.instance.require_database()
        path = Path(database.name)
        if database.standalone and not (path.is_file() and path.stat().st_size):
            raise DatabaseMissingError(f"the store `{path}` is gone", path=path)

    def _rebuild(self) -> None:
        self._is_rebuilding = True
        try:
            self._builder.build(self._registry, publish=self._publish)
        finally:
            self._is_rebuilding = False

    def _publish(self, registry: Registry) -> None:
        self._registry = registry

    @contextmanager
    def taking_out(self, slug: str, phase: str) -> Iterator[None]:
        """Take an active plugin out where the block fails, in which the server takes up what it gave."""
        with self._guard.calling(slug, phase) as attempt:
            yield
        if attempt.failure is None:
            return
        with self._rebuilding:
            loaded = dict(self._registry.loaded)
            failed = loaded.pop(slug, None)
            inactive = dict(self._registry.inactive)
            if failed is not None:
                inactive[slug] = failed.candidate.cls
            self._registry = self._registry._replace(
                loaded=MappingProxyType(loaded),
                inactive=MappingProxyType(inactive),
                failures=(*self._registry.failures, attempt.failure),
            )

    def close(self, *, timeout: float | None = None) -> None:
        """Stop the scheduler, and wait for events and tasks that are under way, so many seconds at most."""
        unregister_server(self)
        self._tasks.stop()
        self._queues.close(timeout)

    def __enter__(self) -> Self:
        """Return the host; `close` follows."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the host."""
        self.close()

    # What there is.

    @property
    def plugins(self) -> Mapping[str, InvenTreePlugin]:
        """Return the active plugins by slug, in the order of their sources."""
        return self._registry.plugins

    @property
    def inactive(self) -> Mapping[str, type[InvenTreePlugin]]:
        """Return the classes of plugins that were found and are not active, by slug."""
        return self._registry.inactive

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Return what went wrong: at the last boot or reload, and lately in active plugins."""
        return (*self._registry.failures, *self._guard.recent)

    def get(self, slug: str) -> InvenTreePlugin | None:
        """Return an active plugin, None where there is none of that slug."""
        found = self._registry.loaded.get(slug)
        return found.plugin if found else None

    def with_mixin(self, key: str) -> tuple[InvenTreePlugin, ...]:
        """Return the active plugins that have a mixin and give what it needs, as `action` or `urls`."""
        return tuple(plugin for _, plugin in self._with_mixin(key))

    def _with_mixin(self, key: str) -> list[tuple[str, Any]]:
        found = []
        for slug, each in self._registry.loaded.items():
            if key in each.mixins:
                with self._guard.calling(slug, key) as attempt:
                    if each.plugin.mixin_enabled(key):
                        found.append((slug, each.plugin))
                # What is not implemented is an error at use; asking who has it is none (SPEC §5).
                if attempt.failure and not isinstance(attempt.failure.error, NotImplementedError):
                    self._guard.remember(attempt.failure)
        return found

    def is_on(self, switch: str) -> bool:
        """Tell whether an integration switch was on at the last boot or reload, as `ENABLE_PLUGINS_URL`."""
        return switch in self._registry.state.switches

    def settings_of(self, slug: str) -> dict[str, Any]:
        """Return the values of a plugin's settings.

        Raises PluginError where it is not active, or fails, and DatabaseError where there is no store.
        """
        plugin = self._required(slug, "settings")
        with self._guard.asking(slug, "settings") as attempt:
            return {key: plugin.get_setting(key) for key in plugin.settings}
        if attempt.failure and isinstance(attempt.failure.error, InvplugError):
            raise attempt.failure.error
        raise self._failed("the settings cannot be had", attempt)

    def mixins_of(self, slug: str) -> tuple[str, ...]:
        """Return the keys of an active plugin's mixins."""
        found = self._registry.loaded.get(slug)
        return tuple(sorted(found.mixins)) if found else ()

    def metadata_of(self, slug: str) -> dict[str, str]:
        """Return what an active plugin says of itself, by name; nothing for one that fails to.

        The names are description, author, pub_date, version, website and license.
        """
        plugin = self.get(slug)
        said: dict[str, str] = {}
        for name in METADATA if plugin is not None else ():
            with self._guard.asking(slug, "metadata"):
                said[name] = str(getattr(plugin, name) or "")
        return said

    @staticmethod
    def _failed(what: str, attempt: Attempt) -> PluginError:
        """Return the error that tells a caller what a plugin did."""
        failure = attempt.failure
        if failure is None:
            return PluginError(what)
        error = PluginError(f"{what}: {failure.message}", plugin=failure.slug or "", mixin=failure.phase)
        error.__cause__ = failure.error
        return error

    def _required(self, slug: str, mixin: str) -> Any:
        plugin = self.get(slug)
        if plugin is None:
            raise PluginError(f"no active plugin has the key `{slug}`", plugin=slug, mixin=mixin)
        if mixin and not plugin.mixin(mixin):
            raise PluginError(f"the plugin `{slug}` has no `{mixin}` mixin", plugin=slug, mixin=mixin)
        return plugin

    # What plugins do.

    def perform_action(self, name: str, user: Any = None, data: Any = None) -> dict[str, Any]:
        """Let the plugin that has the action perform it; return `{action, result, info}`.

        Raises NoSuchActionError where no active plugin has it, PluginError where each that has it failed.
        """
        failed: Attempt | None = None
        for slug in self._slugs_with("action"):
            with self._guard.asking(slug, "action") as attempt:
                plugin = self._current(slug)
                own = plain(plugin.action_name())
            if not attempt or own != name:
                continue
            with self._guard.asking(slug, "action") as attempt:
                plugin = self._current(slug)
                plain(plugin.perform_action(user, data))
                response: dict[str, Any] = plain(plugin.get_response(user, data))
                return response
            failed = attempt
        if failed is not None:
            raise self._failed(f"the action `{name}` failed", failed)
        raise NoSuchActionError(f"no active plugin has the action `{name}`", mixin="action")

    def scan(self, barcode: str, user: Any = None) -> Any:
        """Ask every active barcode plugin in turn; return the first match, None where nobody knows it."""
        for slug in self._slugs_with("barcode"):
            with self._guard.asking(slug, "barcode"):
                match = plain(_scan(self._current(slug).scan, barcode, user))
                if match is not None:
                    return match
        return None

    def trigger(self, event: str, *args: Any, **kwargs: Any) -> tuple[Future[None], ...]:
        """Deliver an event to the active plugins that want it, in other threads.

        Each plugin gets events in the order in which they were triggered. One future for each delivery tells
        when it is done; whoever fails is found in `failures`.
        """
        if not self.is_on("ENABLE_PLUGINS_EVENTS"):
            return ()
        deliveries = []
        for slug in self._slugs_with("events"):
            wanted = False
            with self._guard.asking(slug, "events"):
                wanted = bool(plain(self._current(slug).wants_process_event(event)))
            if wanted:
                job = partial(self._deliver, slug, (event, *args), kwargs)
                deliveries.append(self._queues.put(slug, job))
        return tuple(deliveries)

    def _deliver(self, slug: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        with self._guard.asking(slug, "events"):
            plain(self._current(slug).process_event(*args, **kwargs))

    def _slugs_with(self, key: str) -> list[str]:
        return [slug for slug, _ in self._with_mixin(key)]

    def _current(self, slug: str) -> Any:
        """Return the plugin of this moment: inside of a call no modules are exchanged."""
        return self._required(slug, "")

    # Schedules.

    def tasks(self) -> tuple[Task, ...]:
        """Return the scheduled tasks of the active plugins."""
        return self._tasks.tasks()

    def due_tasks(self, now: datetime | None = None) -> tuple[Task, ...]:
        """Return the tasks whose time has come at `now`; each new one has."""
        return self._tasks.due(now)

    def run_due_tasks(self, now: datetime | None = None) -> tuple[Future[None], ...]:
        """Start each due task in another thread, and take note of it; one future for each."""
        return self._tasks.run_due(now)

    def start_scheduler(self, *, seconds: float = 1.0) -> None:
        """Run due tasks from now on, looking every so many seconds; `close` ends it."""
        self._tasks.start(seconds=seconds)

    # What a server shows.

    def navigation(self) -> tuple[NavigationTab, ...]:
        """Return the links that plugins add."""
        return tuple(each.navigation for each in self._registry.loaded.values() if each.navigation)

    def apps_by_slug(self) -> Mapping[str, str]:
        """Return the Django app that each plugin brings, of those that bring one."""
        return {slug: each.app for slug, each in self._registry.loaded.items() if each.app}

    def installed_apps(self) -> tuple[str, ...]:
        """Return the Django apps that plugins bring, each once."""
        return tuple(dict.fromkeys(self.apps_by_slug().values()))

    def urlpatterns(self) -> list[Any]:
        """Return Django's URL patterns of all plugins, each below its slug."""
        return [each.urls for each in self._registry.loaded.values() if each.urls]


def _check(options: HostOptions) -> None:
    """Raise TypeError or ValueError for options that no server can mean."""
    for name, kinds in (("builtins", str), ("plugins", (str, type))):
        values = getattr(options, name)
        if isinstance(values, str) or not all(isinstance(each, kinds) for each in values):
            raise TypeError(f"`{name}` must be several names, not {values!r:.60}")
    if options.version is not None and not numbers_read(options.version):
        raise ValueError(f"`version` must have three parts, as 1.5.0, not {options.version!r:.40}")


def _scan(scan: Callable[..., Any], barcode: str, user: Any) -> Any:
    """Call a plugin's `scan` as it was written: servers since 1.4 also pass the user."""
    import inspect  # noqa: PLC0415 - only where barcodes are scanned

    parameters = inspect.signature(scan).parameters.values()
    takes_user = any(each.name == "user" or each.kind is each.VAR_KEYWORD for each in parameters)
    return scan(barcode, user=user) if takes_user else scan(barcode)
