"""The host of this Django process: started with Django, brought up to date by requests."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started
from django.urls import clear_url_caches

from inventree_plugins.errors import InvplugError
from inventree_plugins.host.django.database import route
from inventree_plugins.host.django.plugin_apps import add_apps
from inventree_plugins.host.host import PluginHost
from inventree_plugins.host.interface import HostOptions

__all__ = ["get_host", "refresh", "start"]

_LOG = logging.getLogger("inventree_plugins.host")
NAMES = frozenset({"config", "directory", "builtins", "version", "reload_seconds"})


class _Running:
    """The host, and when the store was last looked at."""

    def __init__(self) -> None:
        self.host: PluginHost | None = None
        self.lock = threading.RLock()
        self.seconds = 1.0
        self.looked = 0.0
        self.told: set[str] = set()


_running = _Running()


def get_host() -> PluginHost:
    """Return the host of this process; raise ImproperlyConfigured before Django has started it."""
    if _running.host is None:
        raise ImproperlyConfigured("`inventree_plugins.host.django` is not in INSTALLED_APPS, or not ready")
    return _running.host


def start() -> None:
    """Boot the host that the settings describe; a store that is down leaves Django without plugins."""
    if _running.host is not None:
        return
    options: dict[str, Any] = dict(getattr(settings, "INVENTREE_PLUGINS", {}))
    unknown = options.keys() - NAMES
    if unknown:
        known = ", ".join(sorted(NAMES))
        raise ImproperlyConfigured(f"INVENTREE_PLUGINS has no `{min(unknown)}`; it may have {known}")
    _running.seconds = float(options.get("reload_seconds", 1.0))
    host = PluginHost.from_config(
        options.get("config"),
        HostOptions(
            builtins=tuple(options.get("builtins", ())),
            version=options.get("version"),
            debug=bool(settings.DEBUG),
        ),
        directory=Path(options.get("directory") or getattr(settings, "BASE_DIR", None) or Path.cwd()),
    )
    _running.host = host
    route(host.instance.require_database())
    try:
        host.boot()
    except InvplugError as error:
        # As with Django's own databases: what needs the store fails, the rest of the site works.
        _LOG.error("no plugins: %s", error)
    _take_up(host)
    request_started.connect(_look, dispatch_uid="inventree_plugins.host.django")


def refresh(*, force: bool = False) -> bool:
    """Reload what has changed in the store, now; return whether anything had. Raises DatabaseError."""
    host = get_host()
    with _running.lock:
        changed = host.reload(force=force)
        if changed:
            _take_up(host)
        return changed


def _take_up(host: PluginHost) -> None:
    """Give Django the apps and URLs of the active plugins."""
    add_apps(host)
    clear_url_caches()
    told = {str(failure) for failure in host.failures}
    for line in sorted(told - _running.told):
        _LOG.warning("plugin %s", line)
    _running.told = told


def _look(**_signal: Any) -> None:
    """Look at the store, when a request comes in and the last look is some time ago."""
    if time.monotonic() - _running.looked < _running.seconds or not _running.lock.acquire(blocking=False):
        return
    try:
        refresh()
    except InvplugError as error:
        _LOG.warning("plugins stay as they are: %s", error)
    finally:
        _running.looked = time.monotonic()
        _running.lock.release()
