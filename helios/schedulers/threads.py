"""Pieces of work in threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from helios.schedulers.scheduler import Driver, Outcome, Scheduler

_AHEAD = 2
"""Pieces handed out per thread, so that none is idle while results are written to disk."""


class ThreadScheduler(Scheduler):
    """The `Scheduler` of `workers` threads of this process, for work that releases the GIL.

    With `prepare`, `work` is called as work(piece, prepare(piece)): one more thread prepares the next pieces while the
    others work. `cancelled` is set when an iteration ends in any way, so that running work can check it and stop; a
    scheduler therefore serves a single iteration.
    """

    def __init__(self, workers: int, cancelled: threading.Event, prepare: Callable[[Any], Any] | None = None):
        self.workers, self._cancelled, self._prepare = workers, cancelled, prepare

    def _driver(self, work: Callable, pieces: int) -> Driver:
        return _Threads(work, self.workers, self._cancelled, self._prepare)


class _Threads(Driver):
    def __init__(self, work: Callable, threads: int, cancelled: threading.Event, prepare: Callable | None):
        self._work, self._threads, self._cancelled, self._prepare = work, threads, cancelled, prepare
        self._working = ThreadPoolExecutor(threads, thread_name_prefix="helios-work")
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="helios-prepare")
        self._running: dict[Future, int] = {}

    def is_free(self) -> bool:
        return len(self._running) < _AHEAD * self._threads

    def begin(self, number: int, piece: Any) -> None:
        if self._prepare is None:
            future = self._working.submit(self._work, piece)
        else:
            prepared = self._preparing.submit(self._prepare, piece)
            future = self._working.submit(lambda: self._work(piece, prepared.result()))
        self._running[future] = number

    def ended(self, timeout_s: float) -> list[Outcome]:
        done = wait(self._running, timeout_s, FIRST_COMPLETED).done
        ended = [(future, self._running.pop(future)) for future in list(self._running) if future in done]
        return [
            Outcome(number, error=error) if (error := future.exception()) else Outcome(number, future.result())
            for future, number in ended
        ]

    def withdraw(self) -> list[int]:
        idle = [future for future in self._running if future.cancel()]
        return [self._running.pop(future) for future in idle]

    def cancel(self, wait: bool) -> None:
        self._cancelled.set()
        for pool in (self._preparing, self._working):
            pool.shutdown(wait=wait, cancel_futures=True)
