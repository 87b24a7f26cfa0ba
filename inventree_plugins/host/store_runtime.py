"""What a hosted plugin asks its server for, answered from the store and the configuration."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from inventree_plugins.discovery import commit_of, may_be_tracked, words_of
from inventree_plugins.host.interface import Candidate
from inventree_plugins.instance import Instance
from inventree_plugins.models import Source
from inventree_plugins.sdk import Facts
from inventree_plugins.store import Store

__all__ = ["StoreRuntime"]


class StoreRuntime:
    """The `Runtime` of the plugins of one host."""

    def __init__(self, instance: Instance, store: Store, is_active: Callable[[str], bool]) -> None:
        self._instance = instance
        self._store = store
        self._is_active = is_active
        self._lock = threading.Lock()
        self._candidates: dict[type, Candidate] = {}
        self._facts: dict[type, Facts] = {}

    def know(self, candidates: Iterable[Candidate]) -> None:
        """Take note of where the plugins come from that there are now."""
        with self._lock:
            self._candidates = {each.cls: each for each in candidates}
            self._facts = {}

    def facts(self, plugin: Any) -> Facts:
        """Return what distribution and git tell of a plugin, looked up once."""
        cls = type(plugin)
        with self._lock:
            found, candidate = self._facts.get(cls), self._candidates.get(cls)
        if found is None:
            found = self._look_up(candidate) if candidate else Facts()
            with self._lock:
                self._facts[cls] = found
        return found

    def _look_up(self, candidate: Candidate) -> Facts:
        distribution = candidate.distribution
        words = dict(words_of(distribution)) if distribution else {}
        facts = Facts(
            **words,
            version=distribution.version if distribution else None,
            is_sample=candidate.source is Source.SAMPLE,
        )
        file = getattr(sys.modules.get(candidate.cls.__module__), "__file__", None)
        if file and may_be_tracked(candidate.source, distribution, Path(file)):
            commit = commit_of(Path(file), directories=self._instance.plugin_dirs.value)
            if commit is not None:
                facts = facts._replace(author=facts.author or commit.author, pub_date=commit.date)
        return facts

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
