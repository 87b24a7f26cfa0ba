"""Work for plugins, outside the caller's thread: in order for each plugin, side by side for several."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future, ThreadPoolExecutor

__all__ = ["Queues"]

THREADS = "plugins"
Job = Callable[[], None]


class Queues:
    """One queue for each plugin, over an executor that several share."""

    def __init__(self, executor: Executor | None, *, workers: int) -> None:
        self._given = executor
        self._own: ThreadPoolExecutor | None = None
        self._workers = workers
        self._lock = threading.Lock()
        # A plugin has an entry as long as one of its jobs is running or waiting.
        self._waiting: dict[str, deque[tuple[Job, Future[None]]]] = {}

    def put(self, slug: str, job: Job) -> Future[None]:
        """Run a job after all that were put in for the plugin before; the future tells when it is done."""
        from concurrent.futures import Future  # noqa: PLC0415 - a boot does without

        done: Future[None] = Future()
        with self._lock:
            queue = self._waiting.get(slug)
            if queue is not None:
                queue.append((job, done))
                return done
            self._waiting[slug] = deque([(job, done)])
            executor = self._executor()
        try:
            executor.submit(self._work, slug)
        except BaseException:
            with self._lock:
                del self._waiting[slug]
            raise
        return done

    def is_busy(self, slug: str) -> bool:
        """Tell whether a job of that queue is running or waiting."""
        with self._lock:
            return slug in self._waiting

    def close(self) -> None:
        """Wait for the jobs that are there, and end the threads; an executor of the caller's goes on."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            # Who closes the host from within a job cannot wait for its own end.
            own.shutdown(wait=threading.current_thread().name.rpartition("_")[0] != THREADS)

    def _executor(self) -> Executor:
        if self._given is not None:
            return self._given
        if self._own is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as above

            self._own = ThreadPoolExecutor(self._workers, thread_name_prefix=THREADS)
        return self._own

    def _work(self, slug: str) -> None:
        """Do the plugin's jobs, until there are no more."""
        while (found := self._next(slug)) is not None:
            job, done = found
            if not done.set_running_or_notify_cancel():
                continue
            try:
                job()
            except BaseException:
                # Only what nothing may stop comes here; those that wait go on in another thread.
                self._executor().submit(self._work, slug)
                raise
            finally:
                done.set_result(None)

    def _next(self, slug: str) -> tuple[Job, Future[None]] | None:
        with self._lock:
            queue = self._waiting[slug]
            if queue:
                return queue.popleft()
            del self._waiting[slug]
            return None
