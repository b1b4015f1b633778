"""The contract of a scheduler, and the loop that all schedulers share."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from helios.errors import WorkerError

Piece = TypeVar("Piece")
Result = TypeVar("Result")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Environment variables for the number of threads that NumPy, torch, pyarrow (OMP_NUM_THREADS) and numba start."""

ATTEMPTS = 3
"""How often a piece is begun at most: what kills three workers will kill a fourth."""

PAUSE_S = 0.25
"""Longest time, in seconds, between two lists that `Scheduler.iter_completed` yields and two calls of `stop`."""


def never() -> bool:
    """Return False: the `stop` of work that is never stopped."""
    return False


@contextlib.contextmanager
def handing_errors(iterator: Generator[Result, None, None]) -> Iterator[Generator[Result, None, None]]:
    """Close a generator when the block ends, and throw the exception that ends the block into it."""
    with contextlib.closing(iterator):
        try:
            yield iterator
        except BaseException as error:
            iterator.throw(error)  # which raises it again
            raise


@dataclass(frozen=True)
class Outcome:
    """The outcome of a piece: its `result`, or the `error` it raised, or the `death` of its worker in words."""

    number: int
    result: Any = None
    error: BaseException | None = None
    death: str = ""


class Driver(ABC):
    """Runs the pieces of one `Scheduler.iter_completed`; called from one thread."""

    @abstractmethod
    def is_free(self) -> bool:
        """Return whether one more piece can be begun now."""

    @abstractmethod
    def begin(self, number: int, piece: Any) -> None:
        """Begin the piece with this number; only where `is_free`."""

    @abstractmethod
    def ended(self, timeout_s: float) -> list[Outcome]:
        """Return the outcomes since the last call; wait at most `timeout_s` seconds while there are none."""

    def withdraw(self) -> list[int]:
        """Return the numbers of the pieces taken back: those handed to `begin` on which no work has started."""
        return []

    @abstractmethod
    def cancel(self, wait: bool) -> None:
        """Give up the pieces that are running; with `wait`, return when they have ended."""


class Scheduler(ABC):
    """Does independent, restartable pieces of work: in threads, in processes, or on other machines.

    `workers` says how many pieces run at once.
    """

    workers: int

    @abstractmethod
    def _driver(self, work: Callable[[Piece], Result], pieces: int) -> Driver:
        """Return the Driver that runs `work` on this number of pieces."""

    def run(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[tuple[int, Result]]:
        """Yield (number of the piece, result of `work`) as pieces end, in any order.

        For workers in other processes, `work` must be a function of a module, and pieces and results small and
        picklable: data belongs in files that all workers see under the same path. A piece whose worker died is done
        again, so doing it twice must be safe, even at the same time, where a cluster only lost contact with the first
        worker. Raises WorkerError, naming the piece, for a piece whose worker died ATTEMPTS times. What `work` raises
        is raised here, after the results that came before it; no more pieces begin then. Closing the iterator cancels
        the running pieces: processes on this machine are killed, threads and clusters may finish their pieces.
        """
        with contextlib.closing(self.iter_completed(work, pieces)) as lists:
            for completed in lists:
                yield from completed

    def iter_completed(
        self, work: Callable[[Piece], Result], pieces: Sequence[Piece], stop: Callable[[], bool] = never
    ) -> Generator[list[tuple[int, Result]], None, None]:
        """As `run`, but yield a list of what has ended, often empty, at least every PAUSE_S seconds.

        When `stop`, called as often, returns True, the running pieces are finished and no more are begun.
        A KeyboardInterrupt, raised here or thrown in, cancels without waiting.
        """
        driver, wait = self._driver(work, len(pieces)), True
        try:
            yield from _drive(driver, pieces, stop)
        except KeyboardInterrupt:
            wait = False
            raise
        finally:
            driver.cancel(wait)


def _drive(driver: Driver, pieces: Sequence, stop: Callable[[], bool]) -> Iterator[list[tuple[int, Any]]]:
    """Begin pieces, yield what has ended, and raise what pieces raised: the loop of every scheduler."""
    waiting, running, deaths = deque(range(len(pieces))), set[int](), Counter[int]()
    while True:
        if stop():
            waiting.clear()
            running.difference_update(driver.withdraw())
        if not (waiting or running):
            return
        while waiting and driver.is_free():
            number = waiting.popleft()
            driver.begin(number, pieces[number])
            running.add(number)
        completed, errors = [], []
        for outcome in driver.ended(PAUSE_S):
            number = outcome.number
            running.discard(number)
            if outcome.error is not None:
                errors.append(outcome.error)
            elif not outcome.death:
                completed.append((number, outcome.result))
            else:
                deaths[number] += 1
                waiting.appendleft(number)
                if deaths[number] == ATTEMPTS:
                    errors.append(lost_piece(number, pieces[number], f"{outcome.death}, {ATTEMPTS} times"))
        yield completed
        if errors:
            raise errors[0]


def lost_piece(number: int, piece: Any, why: str) -> WorkerError:
    """Return the error for the piece with this number, from 0, that killed every worker it ran on."""
    text = repr(piece)
    text = text if len(text) <= 200 else f"{text[:200]}..."
    remedy = "where memory was short, fewer --workers leave each more"
    return WorkerError(f"piece {number} ({text}): {why}; what is done is kept, the same command goes on; {remedy}")
