"""Loading for `invplug validate --load`: with the server's source, if it is known, on a copy of its store."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.validate_targets import Target, directory_of
from inventree_plugins.models import Plugin, Source
from inventree_plugins.store import copy_store
from inventree_plugins.validation import LoadRequest, LoadResult, load

__all__ = ["LoadOptions", "Loading"]


class LoadOptions(NamedTuple):
    """How plugins are loaded: within so many seconds, and so many MiB of memory."""

    timeout: float = 60.0
    memory: int = 2048


class Loading:
    """Loads plugins with the server's source, if it is known, and on a copy of its store."""

    def __init__(self, context: Context, options: LoadOptions, stack: ExitStack) -> None:
        self._context = context
        self._options = options
        self._stack = stack

    def load(self, plugin: Plugin, target: Target) -> LoadResult:
        """Import and construct a plugin's class."""
        instance = self._context.instance
        plugin_dir = target.plugin_dir
        if plugin_dir is None and plugin.source is Source.DIRECTORY and not target.places.modules:
            plugin_dir = directory_of(plugin, target.places)
        module, attribute = _entry_point(plugin)
        return load(
            LoadRequest(
                plugin=plugin._replace(module=module),
                attribute=attribute,
                python=self._context.interpreter.executable,
                import_path=target.import_path,
                file=target.path if target.places.modules and not target.import_path else None,
                plugin_dir=plugin_dir if plugin.source is Source.DIRECTORY else None,
                source_root=instance.source_root.value,
                database=self._own_copy(),
                timeout=self._options.timeout,
                memory=self._options.memory,
            )
        )

    def _own_copy(self) -> Path | None:
        """Return a copy of the store for one plugin, which may write to it."""
        if self._copy is None:
            return None
        return Path(shutil.copyfile(self._copy, self._copy.with_name("one.sqlite3")))

    @cached_property
    def _copy(self) -> Path | None:
        instance = self._context.instance
        if instance.source_root.value is None or instance.database.value is None:
            return None
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="invplug-store-")))
        copy = folder / "store.sqlite3"
        timeout = self._context.lock_timeout
        return copy if copy_store(instance.database.value, copy, timeout=timeout) else None


def _entry_point(plugin: Plugin) -> tuple[str, str]:
    """Return module and attribute by which the server gets at the class."""
    points = plugin.distribution.entry_points if plugin.distribution else ()
    named = [each for each in points if each.attr.rpartition(".")[2] == plugin.class_name]
    for each in named or (points if len(points) == 1 else ()):
        return each.module, each.attr
    return plugin.module, plugin.class_name
