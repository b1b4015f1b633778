"""Pieces of work in processes on this machine; each has its own pipe, so that a death can be traced to a piece.

Processes are not forked from this one: the threads of pyarrow, numba and torch do not survive a fork. On Linux they are
forked from one that has imported what this one had of the package and has no threads, so that it is imported once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

from helios.errors import HeliosError
from helios.schedulers.kept_memory import keep_memory
from helios.schedulers.scheduler import THREADS, Driver, Outcome, Scheduler


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def open_local(name: str, workers: int | None, devices: Sequence[str] = ()) -> Iterator[LocalScheduler]:
    """Yield a scheduler of processes on this machine, which end with the block."""
    scheduler = LocalScheduler(workers or usable_cores(), devices)
    try:
        yield scheduler
    finally:
        scheduler.close()


def start_ahead(*modules: str) -> None:
    """Start what workers are forked from before this process has imported the `modules` that they need.

    Both import them side by side, for schedulers of a worker per core that are opened later.
    """
    if usable_cores() > 1:
        _start_forkserver(_context(modules), dict.fromkeys(THREADS, "1"))


class LocalScheduler(Scheduler):
    """The `Scheduler` of this machine. A process starts when there is a piece for it, and is kept for later pieces.

    With one worker, or one piece, the work is done in this process, and `stop` is called between pieces only.
    """

    def __init__(self, workers: int, devices: Sequence[str] = ()):
        self.workers = workers
        self._idle = [_Worker(self._environment(i, devices)) for i in reversed(range(workers))]
        if workers > 1:
            _start_forkserver(_context(), self._idle[0].environment)

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
    """Does each piece in this process, inside `begin`."""

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
        """Do nothing: no piece is running between two calls."""


class _Processes(Driver):
    """Takes workers from the list `idle` and returns them to it."""

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
    """A process that does one piece after another, and is replaced by a new one if it dies."""

    def __init__(self, environment: dict[str, str]):
        self.environment, self._death = environment, ""
        self._process: BaseProcess | None = None

    def begin(self, work: Callable, piece: object) -> Connection:
        """Return a connection that becomes readable when the piece, which is handed out here, has an outcome."""
        task = pickle.dumps((work, piece))
        if self._process is None:
            with _interrupts_held():
                self._start()
        # Writing to a process that has just died fails; outcome() will report the death.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.send_bytes(task)
        return self._connection

    def _start(self) -> None:
        context = _context()
        self._connection, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.environment), name="helios-worker", daemon=True)
        with _environment(self.environment), _main_hidden():  # of the process too from which it is forked
            process.start()
        theirs.close()  # or its death would not close the connection
        self._process = process

    def outcome(self, number: int) -> Outcome:
        """Return the outcome of the piece, under its `number`."""
        try:
            result, error = pickle.loads(self._connection.recv_bytes())
            return Outcome(number, result, error)
        except (EOFError, OSError):
            if self._process is not None:
                self._process.join(1.0)  # gives the exit code
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


def _context(modules: Sequence[str] = ()) -> Any:
    """Return how processes start: forked from one with the package in it, but for torch, which may have threads.

    What this process has of the package is imported there, or `modules`.
    """
    if sys.platform != "linux" or "torch" in sys.modules:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    loaded = modules or sorted(name for name in sys.modules if name.startswith("helios."))
    readied = ["helios.schedulers.readied"] * bool(modules or "numba" in sys.modules)
    context.set_forkserver_preload(["helios.schedulers.seldom", *loaded, *readied])
    return context


def _start_forkserver(context: Any, environment: dict[str, str]) -> None:
    """Start the process from which workers are forked, if they are, and do not wait until it has imported its part."""
    if context.get_start_method() == "forkserver":
        with _interrupts_held(), _environment(environment), _main_hidden():
            forkserver.ensure_running()


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Have the environment variables `values` set in the block."""
    former = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Hide the module that the program began with: workers need nothing of it, and would run a bare script again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Block Ctrl-C, so that a process started in the block never sees it, not even before it can ignore it itself.

    Windows cannot block signals; there a process sees a Ctrl-C that comes while it starts.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it later would unblock Ctrl-C
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _serve(connection: Connection, environment: dict[str, str]) -> None:
    """Do pieces in a worker, until the connection closes or the process that started it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all; the parent decides
    os.environ.update(environment)  # before anything that reads it is imported
    keep_memory()
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
    """Return the pickled (None, error), the traceback added to a defect; only its text where pickling it fails."""
    trace = "".join(traceback.format_exception(error))
    if not isinstance(error, HeliosError):
        error.add_note(f"in a worker:\n{trace}")
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((None, RuntimeError(trace)))
    return answer
