"""Work for plugins, outside the caller's thread: in order for each plugin, side by side for several."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
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
        self._changed = threading.Condition()
        self._local = threading.local()
        # A queue is there as long as one of its jobs is running or waiting.
        self._waiting: dict[str, deque[tuple[Job, Future[None]]]] = {}

    def put(self, queue: str, job: Job) -> Future[None]:
        """Run a job after all that are in the queue; the future tells when it is done.

        Raises RuntimeError after `close`, and what an executor raises that takes no more.
        """
        from concurrent.futures import Future  # noqa: PLC0415 - a boot does without

        done: Future[None] = Future()
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the host is closed")
            if queue in self._waiting:
                self._waiting[queue].append((job, done))
                return done
            self._waiting[queue] = deque([(job, done)])
        self._submit(queue)
        return done

    def is_busy(self, queue: str) -> bool:
        """Tell whether a job of the queue is running or waiting."""
        with self._changed:
            return queue in self._waiting

    def open(self) -> None:
        """Take jobs, also after `close`."""
        with self._changed:
            self._is_closed = False

    def close(self, timeout: float | None = None) -> None:
        """Wait for the jobs that are there, so many seconds at most, and end the threads of its own."""
        # Who closes the host from within a job cannot wait for its own end.
        is_inside = threading.current_thread().name.rpartition("_")[0] == THREADS
        with self._changed:
            self._is_closed = True
            is_idle = is_inside or self._changed.wait_for(lambda: not self._waiting, timeout)
            own, self._own = self._own, None
        if own is not None:
            own.shutdown(wait=is_idle and not is_inside)

    def _submit(self, queue: str) -> None:
        """Let the executor work on a queue; give its jobs up where it does not."""
        with self._changed:
            executor = self._executor()
        try:
            running = executor.submit(self._work, queue)
        except BaseException:
            self._give_up(queue)
            raise
        if running is not None:
            running.add_done_callback(partial(self._check, queue))

    def _check(self, queue: str, ran: Future[None]) -> None:
        # A pool of processes, for one, cannot run it.
        if ran.cancelled() or ran.exception() is not None:
            self._give_up(queue)

    def _give_up(self, queue: str) -> None:
        with self._changed:
            for _, each in self._waiting.pop(queue, ()):
                if each.cancel():
                    each.set_running_or_notify_cancel()  # wakes who waits for it
            self._changed.notify_all()

    def _executor(self) -> Executor:
        if self._given is not None:
            return self._given
        if self._own is None and self._is_closed:
            raise RuntimeError("the host is closed")
        if self._own is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as above

            self._own = ThreadPoolExecutor(self._workers, thread_name_prefix=THREADS)
        return self._own

    def _work(self, queue: str) -> None:
        """Do one job, then stand in line again: a long queue keeps no thread from the others."""
        if queue in self._here():
            self._local.came_back = True  # an executor that does things at once
            return
        self._here().add(queue)
        try:
            while self._do_one(queue) and not self._pass_on(queue):
                pass
        except BaseException:
            # Ctrl-C, in an executor that works in the main thread; what waits goes on.
            self._here().discard(queue)
            if self.is_busy(queue):
                self._submit(queue)
            raise
        finally:
            self._here().discard(queue)

    def _here(self) -> set[str]:
        """Return the queues that this thread is working on."""
        found: set[str] = self._local.__dict__.setdefault("queues", set())
        return found

    def _do_one(self, queue: str) -> bool:
        """Do the first job; tell whether there are others."""
        with self._changed:
            waiting = self._waiting.get(queue)
            if not waiting:
                return False
            job, done = waiting[0]
        try:
            if done.set_running_or_notify_cancel():
                try:
                    job()
                finally:
                    done.set_result(None)
        finally:
            self._take_off(queue)
        return self.is_busy(queue)

    def _take_off(self, queue: str) -> None:
        with self._changed:
            waiting = self._waiting.get(queue)
            if waiting:
                waiting.popleft()
            if not waiting:
                self._waiting.pop(queue, None)
                self._changed.notify_all()

    def _pass_on(self, queue: str) -> bool:
        """Stand in line again; False where this thread must go on with the queue itself."""
        self._local.came_back = False
        try:
            with self._changed:
                executor = self._executor()
            running = executor.submit(self._work, queue)
        except RuntimeError:
            return False  # the interpreter ends, or the executor was shut down: what is there is done
        if running is not None:
            running.add_done_callback(partial(self._check, queue))
        return not self._local.came_back
