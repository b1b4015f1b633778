"""Pieces of work on a Dask cluster whose workers see the same files under the same paths.

The user's cluster decides how many workers there are, what resources each has, and whether traffic is encrypted.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import pickle
import queue
import threading
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
"""Longest time that a cluster may be without a worker, in seconds."""

_ANSWER_S = 60.0
"""Longest time for a scheduler to answer a new connection, in seconds."""

_RESULT_S = 5.0
"""Longest time to fetch a finished result, in seconds: it is small, and lost if its worker has died since."""

_numbers = itertools.count()
"""Make the keys of all tasks distinct, even those of a piece that is begun again."""


@contextlib.contextmanager
def open_dask(name: str, workers: int | None, devices: Sequence[str] = ()) -> Iterator[DaskScheduler]:
    """Yield a scheduler for the Dask cluster at the address `name`; the block's end closes the connection only.

    The cluster assigns GPUs: `devices` is ignored. Raises InputError where Dask is not installed, WorkerError where no
    Dask scheduler answers at the address.
    """
    require("distributed")
    from distributed import Client

    # Client() connects, and returns nothing to close where that fails: the garbage collector would then close it, and
    # wait for a lock that the next client may hold. Creating it before initialising it gives us a reference to close.
    client = Client.__new__(Client)
    try:
        _connect(client, name)
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # also for a bad port, or without certificates
        with contextlib.suppress(AttributeError, OSError, TimeoutError):
            client.close(timeout=2)
        why = str(error).partition("\n")[0]
        raise WorkerError(f"{name}: no Dask scheduler answers there ({why}); start one with: dask scheduler") from error
    with closing(client):
        yield DaskScheduler(client, name, workers)


def _connect(client: Client, name: str) -> None:
    """Initialise `client` for the scheduler at `name`. Raises TimeoutError, an OSError, where that takes _ANSWER_S.

    Dask's own limits do not hold for who accepts the connection and says nothing; so this waits in a thread.
    """
    ended: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def connect() -> None:
        try:
            client.__init__(name, set_as_default=False)  # type: ignore[misc]
            ended.put(None)
        except Exception as error:
            ended.put(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        error = ended.get(timeout=_ANSWER_S)
    except queue.Empty:
        raise TimeoutError(f"it said nothing for {_ANSWER_S:.0f} s") from None
    if error is not None:
        raise error


def require(module: str) -> None:
    """Raise InputError, with the remedy, where `module`, which clusters need, is not installed."""
    try:
        __import__(module)
    except ImportError as error:
        raise InputError(
            f"--scheduler: a cluster takes the package {error.name}; pip install helios-planetarium[cluster]"
        ) from error


@contextlib.contextmanager
def closing(client: Client) -> Iterator[None]:
    """Close the connection when the block ends, even to a scheduler that is gone.

    WorkerError reports a scheduler that is gone. The client's own log is silenced: its thread would log a traceback as
    well, even after the block.
    """
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.close(timeout=2)


class DaskScheduler(Scheduler):
    """The `Scheduler` of a Dask cluster: one piece per thread of its workers, at most `workers` at once.

    Workers that join later are used too; the attribute `workers` says how many pieces could run at once at first. The
    death of a worker with several threads counts as one death for each of their pieces. When the iterator is closed,
    pieces that have begun may run to their end, and their results are ignored.
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
        """Return the address of the worker with the most idle threads; None where no thread is idle.

        `taken` has a worker's address once for each of its threads in use.
        """
        spare = Counter(self.threads)
        spare.subtract(taken)
        room = not self._most or len(taken) < self._most
        return next((address for address, threads in spare.most_common(1) if room and threads > 0), None)

    def gone(self) -> WorkerError:
        """Return the error for a cluster whose scheduler no longer answers."""
        return WorkerError(f"{self.name}: the scheduler is gone; what is done is kept, the same command goes on")

    def look(self) -> None:
        """Update `threads`, by address of the worker, at most every PAUSE_S.

        Raises WorkerError where the scheduler is gone, or has had no worker for too long.
        """
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
        """Raise WorkerError where the `seconds` without a worker are too many."""
        if seconds > _EMPTY_S:
            raise WorkerError(f"{self.name}: the cluster has no worker; start one with: dask worker {self.name}")


class _Futures(Driver):
    """Assigns each piece to a worker, so that a death counts only for the pieces which that worker had begun."""

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
                    # Its worker died with the result: the check below finds that once the worker is missing.
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
        """Return what is in the queue; wait at most `timeout_s` seconds while it is empty."""
        taken = []
        with contextlib.suppress(queue.Empty):
            taken.append(self._ended.get(timeout=timeout_s))
            while True:
                taken.append(self._ended.get_nowait())
        return taken

    def _explained(self, number: int, raised: Exception) -> Exception:
        from distributed import KilledWorker

        begun = self._running[number]
        if isinstance(raised, KilledWorker):  # by workers that restart under the same address
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
    """Return work(piece) of the pickled (work, piece), in a worker.

    Uses one thread unless the worker's environment says otherwise. Raises WorkerError where the worker has another
    `version` of Helios, and whatever the work raises.
    """
    if version != __version__:
        raise WorkerError(f"a worker has helios {__version__}, this is {version}; install the same version on both")
    for name in THREADS:
        os.environ.setdefault(name, "1")  # before the first piece imports what reads it
    work, piece = pickle.loads(task)
    return work(piece)
