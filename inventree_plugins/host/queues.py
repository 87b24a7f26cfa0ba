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
    """Queues by name, for a plugin's events or one of its tasks, over an executor that all share."""

    def __init__(self, executor: Executor | None, *, workers: int) -> None:
        self._given = executor
        self._own: ThreadPoolExecutor | None = None
        self._is_closed = False
        self._workers = workers
        self._lock = threading.Lock()
        # A queue is there as long as one of its jobs is running or waiting.
        self._waiting: dict[str, deque[tuple[Job, Future[None]]]] = {}

    def put(self, queue: str, job: Job) -> Future[None]:
        """Run a job after all that are in the queue; the future tells when it is done.

        Raises RuntimeError after `close`, and what an executor raises that takes no more.
        """
        from concurrent.futures import Future  # noqa: PLC0415 - a boot does without

        done: Future[None] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the host is closed")
            if queue in self._waiting:
                self._waiting[queue].append((job, done))
                return done
            self._waiting[queue] = deque([(job, done)])
            executor = self._executor()
        try:
            executor.submit(self._work, queue)
        except BaseException:
            with self._lock:
                for _, each in self._waiting.pop(queue):
                    each.cancel()
            raise
        return done

    def is_busy(self, queue: str) -> bool:
        """Tell whether a job of the queue is running or waiting."""
        with self._lock:
            return queue in self._waiting

    def open(self) -> None:
        """Take jobs, also after `close`."""
        with self._lock:
            self._is_closed = False

    def close(self) -> None:
        """Wait for the jobs that are there, and end the threads; an executor of the caller's goes on."""
        with self._lock:
            self._is_closed = True
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

    def _work(self, queue: str) -> None:
        while (found := self._next(queue)) is not None:
            job, done = found
            if not done.set_running_or_notify_cancel():
                continue
            try:
                job()
            except BaseException:
                # Ctrl-C, in an executor that works in the main thread; what waits goes on.
                with self._lock:
                    executor = self._executor()
                executor.submit(self._work, queue)
                raise
            finally:
                done.set_result(None)

    def _next(self, queue: str) -> tuple[Job, Future[None]] | None:
        with self._lock:
            if self._waiting[queue]:
                return self._waiting[queue].popleft()
            del self._waiting[queue]
            return None
