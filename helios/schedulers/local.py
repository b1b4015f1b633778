"""Pieces of work in processes of this machine, each told apart: when one dies it is known what it was doing.

Processes are started afresh, not forked: the threads of pyarrow, numba and torch do not survive a fork.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from helios.errors import HeliosError
from helios.schedulers.scheduler import THREADS, Driver, Outcome, Scheduler


def usable_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def open_local(name: str, workers: int | None, devices: Sequence[str] = ()) -> Iterator[LocalScheduler]:
    """A scheduler of processes of this machine; they end with the block."""
    scheduler = LocalScheduler(workers or usable_cores(), devices)
    try:
        yield scheduler
    finally:
        scheduler.close()


class LocalScheduler(Scheduler):
    """The `Scheduler` of this machine. A process starts when there is a piece for it, and is kept for later ones.

    With one worker, or one piece, the work is done in this process, and `stop` is looked at between two pieces only.
    """

    def __init__(self, workers: int, devices: Sequence[str] = ()):
        self.workers = workers
        self._idle = [_Worker(self._environment(i, devices)) for i in reversed(range(workers))]

    def _driver(self, work: Callable, pieces: int) -> Driver:
        return _Inline(work) if self.workers == 1 or pieces == 1 else _Processes(work, self._idle)

    def close(self) -> None:
        """End the processes."""
        for worker in self._idle:
            worker.end()

    def _environment(self, i: int, devices: Sequence[str]) -> dict[str, str]:
        environment = dict.fromkeys(THREADS, str(max(1, usable_cores() // self.workers)))
        return environment | ({"CUDA_VISIBLE_DEVICES": devices[i % len(devices)]} if devices else {})


class _Inline(Driver):
    """Does each piece where it is begun."""

    def __init__(self, work: Callable):
        self._work = work
        self._outcomes: list[Outcome] = []

    def is_free(self) -> bool:
        return not self._outcomes

    def begin(self, number: int, piece: Any) -> None:
        try:
            self._outcomes.append(Outcome(number, self._work(piece)))
        except Exception as error:
            self._outcomes.append(Outcome(number, error=error))

    def ended(self, timeout_s: float) -> list[Outcome]:
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def cancel(self, wait: bool) -> None:
        """Nothing is in work between two calls."""


class _Processes(Driver):
    """Takes its workers from the list `idle` and gives them back there."""

    def __init__(self, work: Callable, idle: list[_Worker]):
        self._work, self._idle = work, idle
        self._busy: dict[Connection, tuple[_Worker, int]] = {}

    def is_free(self) -> bool:
        return bool(self._idle)

    def begin(self, number: int, piece: Any) -> None:
        worker = self._idle[-1]
        self._busy[worker.begin(self._work, piece)] = worker, number
        self._idle.pop()

    def ended(self, timeout_s: float) -> list[Outcome]:
        outcomes = []
        ready = wait(list(self._busy), timeout_s)
        for connection in [connection for connection in self._busy if connection in ready]:
            worker, number = self._busy.pop(connection)
            outcomes.append(worker.outcome(number))
            self._idle.append(worker)
        return outcomes

    def cancel(self, wait: bool) -> None:
        for worker, _ in self._busy.values():
            worker.end()
            self._idle.append(worker)


class _Worker:
    """A process that does one piece after the other, and its successor if it dies."""

    def __init__(self, environment: dict[str, str]):
        self._environment, self._death = environment, ""
        self._process: BaseProcess | None = None

    def begin(self, work: Callable, piece: object) -> Connection:
        """Hand out a piece; what is returned becomes readable when there is an outcome."""
        task = pickle.dumps((work, piece))
        if self._process is None:
            with _interrupts_held():
                self._start()
        # A process that has just died cannot be written to: outcome() finds that out.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.send_bytes(task)
        return self._connection

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._environment), name="helios-worker", daemon=True)
        process.start()
        theirs.close()  # else its death would not end the connection
        self._process = process

    def outcome(self, number: int) -> Outcome:
        """What came of the piece, which is called by its `number`."""
        try:
            result, error = pickle.loads(self._connection.recv_bytes())
            return Outcome(number, result, error)
        except (EOFError, OSError):
            if self._process is not None:
                self._process.join(1.0)  # it says how it died
            self.end()
            return Outcome(number, death=self._death)

    def end(self) -> None:
        """End the process at once, if there is one."""
        if self._process is None:
            return
        self._connection.close()
        self._process.kill()
        self._process.join()
        code = self._process.exitcode or 0
        self._death = (
            f"its worker was ended by {signal.Signals(-code).name}" if code < 0 else f"its worker left ({code})"
        )
        self._process.close()
        self._process = None


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back; a process that begins in the block never sees it, not even before it can say so.

    On Windows, where signals cannot be held back, it sees one that comes while it starts.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it would let Ctrl-C through again
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _serve(connection: Connection, environment: dict[str, str]) -> None:
    """What a worker does: pieces, until the connection or the process that started it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of a terminal; the parent decides what it means
    os.environ.update(environment)  # before anything is imported that looks there
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    while True:
        try:
            task = connection.recv_bytes()
        except EOFError:
            return
        try:
            work, piece = pickle.loads(task)
            answer = pickle.dumps((work(piece), None))
        except Exception as error:
            answer = _raised(error)
        connection.send_bytes(answer)


def _leave_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _raised(error: Exception) -> bytes:
    """The error, a defect with where it was raised; only its text where it cannot be pickled, or not be made again."""
    trace = "".join(traceback.format_exception(error))
    if not isinstance(error, HeliosError):
        error.add_note(f"in a worker:\n{trace}")
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((None, RuntimeError(trace)))
    return answer
