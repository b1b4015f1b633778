"""Pieces of work on a Dask cluster whose workers see the same files under the same paths.

The user's own cluster says how many workers there are, what each of them has, and whether traffic is encrypted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from helios import __version__
from helios.errors import InputError, WorkerError
from helios.schedulers.scheduler import ATTEMPTS, PAUSE_S, THREADS, Flat, Piece, Result, given_up, never

if TYPE_CHECKING:
    from distributed import Client, Future

_EMPTY_S = 60.0
"""A cluster may be without a worker so long."""

_RESULT_S = 5.0
"""Longest time to wait for a result that was there: it is small, and gone where its worker has died since."""


@contextlib.contextmanager
def open_dask(name: str, workers: int | None, devices: Sequence[str] = ()) -> Iterator[DaskScheduler]:
    """A scheduler of the Dask cluster at the address `name`; the connection ends with the block, the cluster stays.

    GPUs are the cluster's to share out: `devices` is not looked at. Raises WorkerError where none answers there.
    """
    require("distributed")
    from distributed import Client

    client = Client.__new__(Client)
    try:
        client.__init__(name, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # also a bad port, certificates not configured
        # Left to the garbage collector it would wait for a lock that the next client may hold.
        with contextlib.suppress(AttributeError, OSError, TimeoutError):
            client.close(timeout=2)
        why = str(error).partition("\n")[0]
        raise WorkerError(f"{name}: no Dask scheduler answers there ({why}); start one with: dask scheduler") from error
    with closing(client):
        yield DaskScheduler(client, name, workers)


def require(module: str) -> None:
    """Raise InputError, with the remedy, where a package that clusters take is not installed."""
    try:
        __import__(module)
    except ImportError as error:
        raise InputError(
            f"--scheduler: a cluster takes the package {error.name}; pip install helios-planetarium[cluster]"
        ) from error


@contextlib.contextmanager
def closing(client: Client) -> Iterator[None]:
    """Close the connection with the block, also to a scheduler that is gone.

    Of that our own error tells; the client's thread would log its traceback, even after the block.
    """
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.close(timeout=2)


class DaskScheduler(Flat):
    """The `Scheduler` of a Dask cluster: a piece for every thread of its workers, at most `workers` at once.

    Workers that join later are made use of; the attribute `workers` says what there was to begin with. A worker that
    dies with several threads takes all their pieces with it, and each counts it as its own death. When the iterator
    is closed, pieces in work run to their end unseen.
    """

    def __init__(self, client: Client, name: str, workers: int | None):
        self._client, self._name, self._most = client, name, workers
        self._looked, self._last_seen = 0.0, time.monotonic()
        self._look()
        threads = sum(self._threads.values())
        self.workers = max(1, min(threads, workers or threads))

    def follow(
        self, work: Callable[[Piece], Result], pieces: Sequence[Piece], stop: Callable[[], bool] = never
    ) -> Iterator[list[tuple[int, Result]]]:
        """As `Scheduler.follow`."""
        waiting, deaths, ended = deque(range(len(pieces))), Counter(), queue.SimpleQueue()
        running: dict[int, tuple[Future, str]] = {}
        names = uuid.uuid4().hex
        self._looked, self._last_seen = 0.0, time.monotonic()
        try:
            while True:
                if stop():
                    waiting.clear()
                if not (waiting or running):
                    return
                self._look()
                # Each piece has its worker, so that none is blamed for the death of one where it only waits.
                while waiting and (free := self._free([address for _, address in running.values()])):
                    number = waiting.popleft()
                    task = pickle.dumps((work, pieces[number]))
                    key = f"helios-{names}-{number}-{deaths[number]}"
                    future = self._client.submit(attempt, __version__, task, key=key, pure=False, workers=[free])
                    running[number] = future, free
                    future.add_done_callback(lambda done, number=number: ended.put((number, done)))
                results, errors = [], []
                for number, future in _taken(ended):
                    if number not in running or running[number][0] is not future:
                        continue  # given up before
                    try:
                        results.append((number, future.result(timeout=_RESULT_S)))
                    except Exception as raised:
                        if isinstance(raised, TimeoutError) and not future.done():
                            # Its worker died with the result: that is seen below, as soon as the worker is missed.
                            ended.put((number, future))
                            continue
                        errors.append(self._explained(number, pieces, future, raised))
                    del running[number]
                for number in [number for number, (_, address) in running.items() if address not in self._threads]:
                    self._client.cancel([running.pop(number)[0]], force=True)
                    deaths[number] += 1
                    waiting.appendleft(number)
                    if deaths[number] == ATTEMPTS:
                        errors.append(given_up(number, pieces[number], f"its worker died, {ATTEMPTS} times"))
                yield results
                if errors:
                    raise errors[0]
        finally:
            if self._client.status == "running":
                self._client.cancel([future for future, _ in running.values()], force=True)

    def _free(self, taken: Sequence[str]) -> str | None:
        """The address of a worker with a thread to spare, that with most of them; None where there is none."""
        spare = Counter(self._threads)
        spare.subtract(taken)
        room = not self._most or len(taken) < self._most
        return next((address for address, threads in spare.most_common(1) if room and threads > 0), None)

    def _explained(self, number: int, pieces: Sequence, future: Future, raised: Exception) -> Exception:
        from distributed import KilledWorker

        if isinstance(raised, KilledWorker):  # workers that come back under the same address
            return given_up(number, pieces[number], f"its worker died, {raised.allowed_failures + 1} times")
        if future.status != "error":
            return self._gone()
        if "deserialization of the task graph" in str(raised):
            return WorkerError(f"{self._name}: its scheduler cannot import helios; install helios {__version__} there")
        return raised

    def _gone(self) -> WorkerError:
        return WorkerError(f"{self._name}: the scheduler is gone; what is done is kept, the same command goes on")

    def _look(self) -> None:
        """See which workers there are, from time to time; raises WorkerError where there have been none for long."""
        now = time.monotonic()
        if now - self._looked < PAUSE_S:
            return
        self._looked = now
        try:
            self._threads: dict[str, int] = self._client.nthreads()
        except (OSError, TimeoutError, RuntimeError, ValueError) as error:
            raise self._gone() from error
        if self._threads:
            self._last_seen = now
        elif self._last_seen < now:
            self._alone(now - self._last_seen)

    def _alone(self, seconds: float) -> None:
        """What to do where there has been no worker for so long."""
        if seconds > _EMPTY_S:
            raise WorkerError(f"{self._name}: the cluster has no worker; start one with: dask worker {self._name}")


def attempt(version: str, task: bytes) -> Result:
    """In a worker: do the pickled (work, piece), on one thread unless the worker's environment says otherwise.

    Raises WorkerError where this is not the same version of Helios.
    """
    if version != __version__:
        raise WorkerError(f"a worker has helios {__version__}, this is {version}; install the same version on both")
    for name in THREADS:
        os.environ.setdefault(name, "1")  # before the first piece imports what looks there
    work, piece = pickle.loads(task)
    return work(piece)


def _taken(ended: queue.SimpleQueue) -> list:
    """What is in the queue, after a pause if that is nothing."""
    taken = []
    with contextlib.suppress(queue.Empty):
        taken.append(ended.get(timeout=PAUSE_S))
        while True:
            taken.append(ended.get_nowait())
    return taken
