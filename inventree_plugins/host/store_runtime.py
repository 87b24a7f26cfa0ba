"""What a hosted plugin asks its server for, answered from the store and the configuration."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from inventree_plugins.host.interface import Candidate
from inventree_plugins.instance import Instance
from inventree_plugins.models import Source
from inventree_plugins.sdk import Commit, Facts
from inventree_plugins.store import Store

__all__ = ["StoreRuntime"]


class StoreRuntime:
    """The `Runtime` of the plugins of one host."""

    def __init__(self, instance: Instance, store: Store, *, is_active: Callable[[str], bool]) -> None:
        self._instance = instance
        self._store = store
        self._is_active = is_active
        self._lock = threading.Lock()
        self._candidates: dict[int, Candidate] = {}
        self._facts: dict[int, Facts] = {}
        self._commits: dict[int, Commit | None] = {}

    def know(self, candidates: Iterable[Candidate]) -> None:
        """Take note of where the plugins come from that there are now."""
        with self._lock:
            # By identity: the hash of a class is its metaclass's code.
            self._candidates = {id(each.cls): each for each in candidates}
            self._facts, self._commits = {}, {}

    def facts(self, plugin: Any) -> Facts:
        """Return what place and distribution of a plugin tell, looked up once."""
        cls = id(type(plugin))
        with self._lock:
            found, candidate = self._facts.get(cls), self._candidates.get(cls)
        if found is None:
            found = _facts(candidate, self._instance) if candidate else Facts()
            with self._lock:
                self._facts[cls] = found
        return found

    def commit(self, plugin: Any) -> Commit | None:
        """Return the last commit of the plugin's files, looked up once."""
        cls = id(type(plugin))
        with self._lock:
            candidate = self._candidates.get(cls)
            if cls in self._commits or candidate is None:
                return self._commits.get(cls)
        found = _commit(candidate, self._instance.plugin_dirs.value)
        with self._lock:
            self._commits[cls] = found
        return found

    def is_active(self, slug: str) -> bool:
        """Tell whether the host has the plugin active."""
        return self._is_active(slug)

    def overrides(self, slug: str) -> Mapping[str, Any]:
        """Return what `plugin_settings` of the configuration decides (SPEC §4)."""
        decided = self._instance.plugin_settings.value.get(slug)
        return decided if isinstance(decided, Mapping) else {}

    def stored_settings(self, slug: str) -> Mapping[str, str]:
        """Return the settings in the store, read now; raise DatabaseError."""
        with self._store.reading() as reader:
            return reader.plugin_settings(slug)

    def store_setting(self, slug: str, key: str, text: str) -> None:
        """Store a setting; raise DatabaseError, or RowError for a plugin without a row."""
        with self._store.writing() as writer:
            writer.set_plugin_setting(slug, key, text)

    def stored_user_settings(self, slug: str, user_id: int) -> Mapping[str, str]:
        """Return what is stored of one user's settings; raise DatabaseError."""
        with self._store.reading() as reader:
            return reader.user_settings(slug, user_id)

    def store_user_setting(self, slug: str, user_id: int, key: str, text: str) -> None:
        """Store a setting of one user; raise as `store_setting` does."""
        with self._store.writing() as writer:
            writer.set_user_setting(slug, user_id, key, text)


def _facts(candidate: Candidate, instance: Instance) -> Facts:
    from inventree_plugins.discovery import words_of  # noqa: PLC0415 - a boot asks for none of it

    distribution, source = candidate.distribution, candidate.source
    words: dict[str, Any] = {}
    if distribution is not None:
        words = {**words_of(distribution), "version": distribution.version, "package_name": distribution.name}
    return Facts(
        **words,
        is_sample=source is Source.SAMPLE,
        is_builtin=source is Source.BUILTIN,
        is_package=distribution is not None,
        is_mandatory=instance.is_mandatory(candidate.slug, builtin=source is Source.BUILTIN),
    )


def _commit(candidate: Candidate, directories: tuple[Path, ...]) -> Commit | None:
    from inventree_plugins.discovery import commit_of, may_be_tracked  # noqa: PLC0415 - as above

    file = getattr(sys.modules.get(candidate.cls.__module__), "__file__", None)
    if not file or not may_be_tracked(candidate.source, candidate.distribution, Path(file)):
        return None
    found = commit_of(Path(file), directories=directories)
    return Commit(found.author, found.date) if found else None
