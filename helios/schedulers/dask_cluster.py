"""Pieces of work on a Dask cluster whose workers see the same files under the same paths.

The user's own cluster says how many workers there are, what each of them has, and whether traffic is encrypted.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import pickle
import queue
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from helios import __version__
from helios.errors import InputError, WorkerError
from helios.schedulers.scheduler import PAUSE_S, THREADS, Driver, Outcome, Scheduler, lost_piece

if TYPE_CHECKING:
    from distributed import Client, Future

_EMPTY_S = 60.0
"""A cluster may be without a worker so long."""

_RESULT_S = 5.0
"""Longest time to wait for a result that was there: it is small, and gone where its worker has died since."""

_numbers = itertools.count()
"""So that no two tasks have one key, not even a piece begun again."""


@contextlib.contextmanager
def open_dask(name: str, workers: int | None, devices: Sequence[str] = ()) -> Iterator[DaskScheduler]:
    """A scheduler of the Dask cluster at the address `name`; the connection ends with the block, the cluster stays.

    GPUs are the cluster's to share out: `devices` is not looked at. Raises WorkerError where none answers there.
    """
    require("distributed")
    from distributed import Client

    # Client() connects, and where that fails nothing is returned that could be closed: the garbage collector would
    # close it, and wait for a lock that the next client may hold. Made and initialised apart, it has a name by then.
    client = Client.__new__(Client)
    try:
        client.__init__(name, set_as_default=False)  # type: ignore[misc]
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # also a bad port, certificates not configured
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

    A scheduler that is gone is reported by our own error; the client's thread would log a traceback beside it, even
    after the block.
    """
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.close(timeout=2)


class DaskScheduler(Scheduler):
    """The `Scheduler` of a Dask cluster: a piece for every thread of its workers, at most `workers` at once.

    Workers that join later are made use of; the attribute `workers` says what there was to begin with. A worker that
    dies with several threads takes all their pieces with it, and each counts it as its own death. When the iterator
    is closed, pieces in work run to their end unseen.
    """

    def __init__(self, client: Client, name: str, workers: int | None):
        self.client, self.name, self._most = client, name, workers
        self._looked, self._last_seen = 0.0, time.monotonic()
        self.look()
        threads = sum(self.threads.values())
        self.workers = max(1, min(threads, workers or threads))

    def _driver(self, work: Callable, pieces: int) -> Driver:
        self._looked, self._last_seen = 0.0, time.monotonic()
        return _Futures(self, work)

    def free_worker(self, taken: Sequence[str]) -> str | None:
        """The address of a worker with a thread to spare, that with most of them; None where there is none.

        `taken` are the addresses of workers, once for each of their threads that is in use.
        """
        spare = Counter(self.threads)
        spare.subtract(taken)
        room = not self._most or len(taken) < self._most
        return next((address for address, threads in spare.most_common(1) if room and threads > 0), None)

    def gone(self) -> WorkerError:
        """The error for a cluster whose scheduler does not answer any more."""
        return WorkerError(f"{self.name}: the scheduler is gone; what is done is kept, the same command goes on")

    def look(self) -> None:
        """Set `threads`, by address of the worker, from time to time; raises WorkerError where none is for long."""
        now = time.monotonic()
        if now - self._looked < PAUSE_S:
            return
        self._looked = now
        try:
            self.threads: dict[str, int] = self.client.nthreads()
        except (OSError, TimeoutError, RuntimeError, ValueError) as error:
            raise self.gone() from error
        if self.threads:
            self._last_seen = now
        elif self._last_seen < now:
            self._alone(now - self._last_seen)

    def _alone(self, seconds: float) -> None:
        """What to do where there has been no worker for so long."""
        if seconds > _EMPTY_S:
            raise WorkerError(f"{self.name}: the cluster has no worker; start one with: dask worker {self.name}")


class _Futures(Driver):
    """Each piece has its worker, so that none is blamed for the death of one where it only waits."""

    def __init__(self, cluster: DaskScheduler, work: Callable):
        self._cluster, self._work, self._name = cluster, work, uuid.uuid4().hex
        self._ended: queue.SimpleQueue[tuple[int, Future]] = queue.SimpleQueue()
        self._running: dict[int, _Begun] = {}
        self._free = ""

    def is_free(self) -> bool:
        self._cluster.look()
        self._free = self._cluster.free_worker([begun.address for begun in self._running.values()]) or ""
        return bool(self._free)

    def begin(self, number: int, piece: Any) -> None:
        task, key = pickle.dumps((self._work, piece)), f"helios-{self._name}-{number}-{next(_numbers)}"
        future: Future = self._cluster.client.submit(
            attempt, __version__, task, key=key, pure=False, workers=[self._free]
        )
        self._running[number] = _Begun(piece, future, self._free)
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def ended(self, timeout_s: float) -> list[Outcome]:
        outcomes = []
        for number, future in self._taken(timeout_s):
            if number not in self._running or self._running[number].future is not future:
                continue  # cancelled before
            try:
                outcomes.append(Outcome(number, future.result(timeout=_RESULT_S)))
            except Exception as raised:
                if isinstance(raised, TimeoutError) and not future.done():
                    # Its worker died with the result: that is seen below, as soon as the worker is missed.
                    self._ended.put((number, future))
                    continue
                outcomes.append(Outcome(number, error=self._explained(number, raised)))
            del self._running[number]
        self._cluster.look()
        for number in [n for n, begun in self._running.items() if begun.address not in self._cluster.threads]:
            self._cluster.client.cancel([self._running.pop(number).future], force=True)
            outcomes.append(Outcome(number, death="its worker died"))
        return outcomes

    def cancel(self, wait: bool) -> None:
        if self._cluster.client.status == "running":
            self._cluster.client.cancel([begun.future for begun in self._running.values()], force=True)

    def _taken(self, timeout_s: float) -> list[tuple[int, Future]]:
        """What is in the queue; waits so long where that is nothing."""
        taken = []
        with contextlib.suppress(queue.Empty):
            taken.append(self._ended.get(timeout=timeout_s))
            while True:
                taken.append(self._ended.get_nowait())
        return taken

    def _explained(self, number: int, raised: Exception) -> Exception:
        from distributed import KilledWorker

        begun = self._running[number]
        if isinstance(raised, KilledWorker):  # workers that come back under the same address
            return lost_piece(number, begun.piece, f"its worker died, {raised.allowed_failures + 1} times")
        if begun.future.status != "error":
            return self._cluster.gone()
        if "deserialization of the task graph" in str(raised):
            name = self._cluster.name
            return WorkerError(f"{name}: its scheduler cannot import helios; install helios {__version__} there")
        return raised


class _Begun(NamedTuple):
    piece: Any
    future: Future
    address: str


def attempt(version: str, task: bytes) -> Any:
    """In a worker: do the pickled (work, piece), on one thread unless the worker's environment says otherwise.

    Raises WorkerError where this is not the same version of Helios.
    """
    if version != __version__:
        raise WorkerError(f"a worker has helios {__version__}, this is {version}; install the same version on both")
    for name in THREADS:
        os.environ.setdefault(name, "1")  # before the first piece imports what looks there
    work, piece = pickle.loads(task)
    return work(piece)
