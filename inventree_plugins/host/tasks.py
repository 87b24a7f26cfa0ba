"""Run the scheduled tasks of active plugins, each in a queue of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from inventree_plugins.host.guard import Guard, plain
from inventree_plugins.host.interface import Registry, Task
from inventree_plugins.host.queues import Queues
from inventree_plugins.host.schedule import Schedule, Scheduler

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["TaskRunner"]


class TaskRunner:
    """Starts what is due, when it is asked to or by a thread of its own."""

    def __init__(
        self, guard: Guard, queues: Queues, schedule: Schedule, *, registry: Callable[[], Registry]
    ) -> None:
        self._guard = guard
        self._queues = queues
        self._schedule = schedule
        self._registry = registry
        self._lock = threading.Lock()
        self._scheduler: Scheduler | None = None

    def tasks(self) -> tuple[Task, ...]:
        """Return the tasks of the active plugins."""
        return tuple(task for each in self._registry().loaded.values() for task in each.tasks)

    def due(self, now: datetime | None) -> tuple[Task, ...]:
        """Return the tasks whose time has come."""
        return self._schedule.due(self.tasks(), _aware(now))

    def run_due(self, now: datetime | None = None) -> tuple[Future[None], ...]:
        """Start each due task that does not run already; one future for each."""
        moment = _aware(now)
        return tuple(
            self._queues.put(_queue(task), partial(self._run, task, moment))
            for task in self._schedule.due(self.tasks(), moment)
            if not self._queues.is_busy(_queue(task))
        )

    def start(self, *, seconds: float) -> None:
        """Look for due tasks every so many seconds, from now on."""
        with self._lock:
            if self._scheduler is None:
                self._scheduler = Scheduler(self._tick, seconds=seconds)

    def stop(self) -> None:
        """Look no more."""
        with self._lock:
            scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.stop()

    def _tick(self) -> None:
        # What keeps the runs is the server's own, and may fail as well.
        with self._guard.asking(None, "schedule"):
            self.run_due()

    def _run(self, task: Task, moment: datetime) -> None:
        with self._guard.asking(task.slug, "schedule"):
            function = self._function_of(task)
            if self._schedule.start(task, moment):
                plain(function())

    def _function_of(self, task: Task) -> Callable[[], object]:
        if "." in task.function:
            module, _, name = task.function.rpartition(".")
            function: Callable[[], object] = getattr(import_module(module), name)
        else:
            function = getattr(self._registry().loaded[task.slug].plugin, task.function)
        return function


def _queue(task: Task) -> str:
    return f"task {task.name}"


def _aware(now: datetime | None) -> datetime:
    """Return the moment with a time zone; one without is local time."""
    moment = now or datetime.now(timezone.utc)
    return moment if moment.tzinfo is not None else moment.astimezone()
