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
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait

from helios.errors import HeliosError
from helios.schedulers.scheduler import ATTEMPTS, PAUSE_S, THREADS, Flat, Piece, Result, given_up, never


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


class LocalScheduler(Flat):
    """The `Scheduler` of this machine. A process starts when there is a piece for it, and is kept for later ones.

    With one worker, or one piece, the work is done in this process.
    """

    def __init__(self, workers: int, devices: Sequence[str] = ()):
        self.workers = workers
        self._idle = [_Worker(self._environment(i, devices)) for i in reversed(range(workers))]

    def follow(
        self, work: Callable[[Piece], Result], pieces: Sequence[Piece], stop: Callable[[], bool] = never
    ) -> Iterator[list[tuple[int, Result]]]:
        """As `Scheduler.follow`; in this process `stop` is looked at between two pieces only."""
        if self.workers == 1 or len(pieces) == 1:
            for number, piece in enumerate(pieces):
                if stop():
                    return
                yield [(number, work(piece))]
            return
        waiting, deaths = deque(range(len(pieces))), Counter()
        busy: dict[Connection, tuple[_Worker, int]] = {}
        try:
            while True:
                if stop():
                    waiting.clear()
                while waiting and self._idle:
                    number, worker = waiting.popleft(), self._idle[-1]
                    busy[worker.begin(work, pieces[number])] = worker, number
                    self._idle.pop()
                if not busy:
                    return
                ended, error = [], None
                for connection in wait(list(busy), PAUSE_S):
                    worker, number = busy.pop(connection)
                    outcome = worker.outcome()
                    self._idle.append(worker)
                    if outcome is None:
                        deaths[number] += 1
                        waiting.appendleft(number)
                        if deaths[number] == ATTEMPTS:
                            error = error or given_up(number, pieces[number], f"{worker.death}, {ATTEMPTS} times")
                    elif isinstance(outcome, _Raised):
                        error = error or outcome.error
                    else:
                        ended.append((number, outcome.result))
                yield ended
                if error:
                    raise error
        finally:
            for worker, _ in busy.values():
                worker.end()
                self._idle.append(worker)

    def close(self) -> None:
        """End the processes."""
        for worker in self._idle:
            worker.end()

    def _environment(self, i: int, devices: Sequence[str]) -> dict[str, str]:
        environment = dict.fromkeys(THREADS, str(max(1, usable_cores() // self.workers)))
        return environment | ({"CUDA_VISIBLE_DEVICES": devices[i % len(devices)]} if devices else {})


class _Done:
    def __init__(self, result: object):
        self.result = result


class _Raised:
    def __init__(self, error: Exception):
        self.error = error


class _Worker:
    """A process that does one piece after the other, and its successor if it dies; `death` says how it last did."""

    def __init__(self, environment: dict[str, str]):
        self._environment, self._process, self.death = environment, None, ""

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

    def outcome(self) -> _Done | _Raised | None:
        """What came of the piece; None where the process died."""
        try:
            return pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            self._process.join(1.0)  # it says how it died
            self.end()
            return None

    def end(self) -> None:
        """End the process at once, if there is one."""
        if self._process is None:
            return
        self._connection.close()
        self._process.kill()
        self._process.join()
        code = self._process.exitcode
        self.death = (
            f"its worker was ended by {signal.Signals(-code).name}" if code < 0 else f"its worker left ({code})"
        )
        self._process.close()
        self._process = None


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back; a process that begins in the block never sees it, not even before it can say so."""
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
            answer = pickle.dumps(_Done(work(piece)))
        except Exception as error:
            answer = _raised(error)
        connection.send_bytes(answer)


def _leave_with_the_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _raised(error: Exception) -> bytes:
    """The error, a defect with where it was raised; only its text where it cannot be pickled, or not be made again."""
    trace = "".join(traceback.format_exception(error))
    if not isinstance(error, HeliosError):
        error.add_note(f"in a worker:\n{trace}")
    try:
        answer = pickle.dumps(_Raised(error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps(_Raised(RuntimeError(trace)))
    return answer
