"""When scheduled tasks are due, and the thread that runs them (SPEC §5)."""

from __future__ import annotations

import calendar
import threading
from collections.abc import Callable, Iterable, MutableMapping
from datetime import datetime, timedelta, timezone

from inventree_plugins.host.interface import Run, Task

__all__ = ["Schedule", "Scheduler"]

MONTHS = {"M": 1, "Q": 3, "Y": 12}
DAYS = {"D": 1, "W": 7}
HOUR = 60
# Beyond, a task is never due again.
LAST = datetime.max.replace(tzinfo=timezone.utc)


def next_time(task: Task, last: datetime) -> datetime:
    """Return when a task is due that ran at `last`.

    Days and more go by calendar and clock of the zone of `last`, hours and minutes by how long they last.
    """
    try:
        if task.schedule in MONTHS:
            return _months_later(last, MONTHS[task.schedule])
        if task.schedule in DAYS:
            return last + timedelta(days=DAYS[task.schedule])
        minutes = HOUR if task.schedule == "H" else task.minutes or 0
        return last.astimezone(timezone.utc) + timedelta(minutes=minutes)
    except (OverflowError, ValueError):
        return LAST


def _months_later(day: datetime, months: int) -> datetime:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last))


class Schedule:
    """Which tasks ran when; a new one is due at once, as on a server."""

    def __init__(self, runs: MutableMapping[str, Run] | None = None) -> None:
        self._runs: MutableMapping[str, Run] = {} if runs is None else runs
        self._lock = threading.Lock()

    def due(self, tasks: Iterable[Task], now: datetime) -> tuple[Task, ...]:
        """Return the tasks whose time has come at `now`, which has a time zone."""
        with self._lock:
            return tuple(task for task in tasks if self._is_due(task, now))

    def start(self, task: Task, now: datetime) -> bool:
        """Take note that a due task starts now; False where another thread was faster."""
        with self._lock:
            if not self._is_due(task, now):
                return False
            before = self._runs.get(task.name)
            self._runs[task.name] = Run(now, before.times + 1 if before else 1)
            return True

    def _is_due(self, task: Task, now: datetime) -> bool:
        run = self._runs.get(task.name)
        if run is None:
            return True
        if task.repeats is not None and run.times >= task.repeats:
            return False
        # Within one zone, Python would compare what the clocks show.
        return next_time(task, run.last).astimezone(timezone.utc) <= now.astimezone(timezone.utc)


class Scheduler:
    """A thread that calls `tick` every so many seconds, until it is stopped."""

    def __init__(self, tick: Callable[[], object], *, seconds: float) -> None:
        self._tick = tick
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plugin-scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after what it is doing."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        # After the main thread's end nothing can be started any more.
        while not self._stopped.is_set() and threading.main_thread().is_alive():
            self._tick()
            self._stopped.wait(self._seconds)
