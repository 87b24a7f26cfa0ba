"""Work for plugins, outside the caller's thread: in order for each plugin, side by side for several."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future, ThreadPoolExecutor

__all__ = ["Queues"]

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
        executor.submit(self._work, slug)
        return done

    def close(self) -> None:
        """Wait for the jobs that are there, and end the threads; an executor of the caller's goes on."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.shutdown(wait=True)

    def _executor(self) -> Executor:
        if self._given is not None:
            return self._given
        if self._own is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as above

            self._own = ThreadPoolExecutor(self._workers, thread_name_prefix="plugins")
        return self._own

    def _work(self, slug: str) -> None:
        """Do the plugin's jobs, until there are no more."""
        while True:
            with self._lock:
                queue = self._waiting[slug]
                if not queue:
                    del self._waiting[slug]
                    return
                job, done = queue.popleft()
            try:
                job()
            finally:
                done.set_result(None)
