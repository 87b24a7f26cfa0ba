"""What a host is told, and what it tells.

Named tuples, not dataclasses, as in `models.py`: a boot defines all of these.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from inventree_plugins.models import Distribution, Source
from inventree_plugins.sdk import InvenTreePlugin

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = [
    "Candidate",
    "Failure",
    "HostOptions",
    "Link",
    "Loaded",
    "NavigationTab",
    "Registry",
    "Run",
    "StoreState",
    "Task",
]


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Run(NamedTuple):
    """When a task last started, and how many times it did."""

    last: datetime
    times: int


class HostOptions(NamedTuple):
    """How a server hosts plugins.

    `builtins` are importable packages whose plugins belong to the server; `plugins` are plugin classes, or
    `module:Class`, that it brings along. `version` is what version gates compare with, in three parts;
    `debug` adds the samples; None takes both from the instance. Events and tasks run in `executor`, else
    in `workers` threads. `runs` keeps when tasks ran, by name: in memory, unless the server gives a
    mapping that lasts. `timeout` is how many seconds a change waits for the database. With `keep_frames` the
    errors of failures keep their tracebacks, and all that those hold on to.
    """

    builtins: tuple[str, ...] = ()
    plugins: Sequence[type | str] = ()
    version: str | None = None
    debug: bool | None = None
    executor: Executor | None = None
    workers: int = 4
    runs: MutableMapping[str, Run] | None = None
    timeout: float = 10.0
    keep_frames: bool = False


class Failure(NamedTuple):
    """Something a plugin did wrong.

    `slug` is None where nothing tells whose `module` it is. `phase` is `import`, `identity`, `collision`,
    `row`, `version`, `construct`, or the key of the mixin that was activated or asked. `message` is the
    error's type and text in one line, `traceback` the text of its traceback. That is let go, unless the host
    was told to keep frames.
    """

    slug: str | None
    phase: str
    error: BaseException
    message: str
    traceback: str
    module: str | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.slug or self.module or 'plugins'} ({self.phase}): {self.message}"


class Candidate(NamedTuple):
    """A plugin class and where it was found.

    `bounds` are the oldest and newest version it accepts; `is_old` is code of before, kept because the new
    cannot be used.
    """

    slug: str
    name: str
    bounds: tuple[str | None, str | None]
    cls: type[InvenTreePlugin]
    source: Source
    distribution: Distribution | None = None
    is_old: bool = False


class StoreState(NamedTuple):
    """The keys of active rows, the switches that are on, and all that a reload compares."""

    active: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    marks: object = None


class Link(NamedTuple):
    """One link of a plugin's navigation."""

    name: str
    link: str
    icon: str | None = None


class NavigationTab(NamedTuple):
    """The links of one plugin, with a title and an icon."""

    slug: str
    name: str
    icon: str
    links: tuple[Link, ...]


class Task(NamedTuple):
    """A scheduled task: `schedule` is one of I H D W M Q Y, `minutes` counts for I only.

    `function` is a method's name, or a global function with dots. `repeats` is how often it runs at all,
    None without end.
    """

    name: str
    slug: str
    function: str
    schedule: str
    minutes: float | None = None
    repeats: int | None = None


class Loaded(NamedTuple):
    """An active plugin, the keys of its mixins, and what those gave when they were activated."""

    candidate: Candidate
    plugin: InvenTreePlugin
    mixins: frozenset[str]
    tasks: tuple[Task, ...] = ()
    app: str | None = None
    urls: Any = None
    navigation: NavigationTab | None = None


class Registry(NamedTuple):
    """What a boot came to, and the state of the store that it came from; never changed, only replaced."""

    loaded: Mapping[str, Loaded] = NOTHING
    inactive: Mapping[str, type[InvenTreePlugin]] = NOTHING
    failures: tuple[Failure, ...] = ()
    state: StoreState = StoreState()

    @property
    def plugins(self) -> Mapping[str, InvenTreePlugin]:
        """Return the active plugins by slug."""
        return {slug: each.plugin for slug, each in self.loaded.items()}
