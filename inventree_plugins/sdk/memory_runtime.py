"""A runtime without a server: for tests, scripts, and wherever a plugin is used on its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from inventree_plugins.sdk.runtime import Commit, Facts

__all__ = ["MemoryRuntime"]


class MemoryRuntime:
    """Every plugin is active, and settings last as long as this object; any thread may use it.

    The one that plugins have at first lasts as long as the process: what one test stores in it, the next one
    finds. Give each plugin of a test its own: `plugin._runtime = MemoryRuntime()`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settings: dict[tuple[str, int | None], dict[str, str]] = {}
        # Another one, for git is slow and settings are not.
        self._looking = threading.Lock()
        # By class: a module that is loaded again brings classes of its own.
        self._facts: WeakKeyDictionary[type, Facts] = WeakKeyDictionary()
        self._commits: WeakKeyDictionary[type, Commit | None] = WeakKeyDictionary()

    def facts(self, plugin: Any) -> Facts:
        """Return what the distribution tells, looked up once."""
        from inventree_plugins.sdk.provenance import facts_of  # noqa: PLC0415 - only where it is asked for

        cls = type(plugin)
        with self._looking:
            if cls not in self._facts:
                self._facts[cls] = facts_of(cls)
            return self._facts[cls]

    def commit(self, plugin: Any) -> Commit | None:
        """Return what git tells, looked up once."""
        from inventree_plugins.sdk.provenance import commit_of  # noqa: PLC0415 - as above

        cls = type(plugin)
        with self._looking:
            if cls not in self._commits:
                self._commits[cls] = commit_of(cls)
            return self._commits[cls]

    def is_active(self, slug: str) -> bool:  # noqa: ARG002 - the contract's signature
        """Tell that it is."""
        return True

    def overrides(self, slug: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Return nothing: there is no configuration."""
        return {}

    def stored_settings(self, slug: str) -> Mapping[str, str]:
        """Return a copy of what was stored here."""
        return self._stored(slug, None)

    def store_setting(self, slug: str, key: str, text: str) -> None:
        """Keep the text."""
        self._store(slug, None, key, text)

    def stored_user_settings(self, slug: str, user_id: int) -> Mapping[str, str]:
        """Return a copy of what was stored here for the user."""
        return self._stored(slug, user_id)

    def store_user_setting(self, slug: str, user_id: int, key: str, text: str) -> None:
        """Keep the text for the user."""
        self._store(slug, user_id, key, text)

    def _stored(self, slug: str, user_id: int | None) -> dict[str, str]:
        with self._lock:
            return dict(self._settings.get((slug, user_id), {}))

    def _store(self, slug: str, user_id: int | None, key: str, text: str) -> None:
        with self._lock:
            self._settings.setdefault((slug, user_id), {})[key] = text
