"""The contract of a scheduler, and the one loop that all of them share."""

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
"""Environment of a worker: how many threads numpy, torch, pyarrow (OMP_NUM_THREADS too) and numba start."""

ATTEMPTS = 3
"""A piece is begun no more often: what kills three workers will kill a fourth."""

PAUSE_S = 0.25
"""Longest time between two things that `Scheduler.iter_completed` yields, and so between two looks at `stop`."""


def never() -> bool:
    """The `stop` of work that nobody stops."""
    return False


@contextlib.contextmanager
def handing_errors(iterator: Generator[Result, None, None]) -> Iterator[Generator[Result, None, None]]:
    """Close a generator with the block, and let it see what exception ends the block."""
    with contextlib.closing(iterator):
        try:
            yield iterator
        except BaseException as error:
            iterator.throw(error)  # which raises it again
            raise


@dataclass(frozen=True)
class Outcome:
    """What came of a piece: its `result`, or the `error` it raised, or the `death` of its worker in words."""

    number: int
    result: Any = None
    error: BaseException | None = None
    death: str = ""


class Driver(ABC):
    """Where the pieces of one `Scheduler.iter_completed` run, asked from one thread."""

    @abstractmethod
    def is_free(self) -> bool:
        """Whether one more piece can be begun now."""

    @abstractmethod
    def begin(self, number: int, piece: Any) -> None:
        """Begin a piece, called by its number, where something is free."""

    @abstractmethod
    def ended(self, timeout_s: float) -> list[Outcome]:
        """What has come of pieces since the last call; waits so long where that is nothing."""

    def withdraw(self) -> list[int]:
        """Take back pieces that were begun and that nothing works on yet; returns their numbers."""
        return []

    @abstractmethod
    def cancel(self, wait: bool) -> None:
        """Give up what is in work; with `wait`, return when it has ended."""


class Scheduler(ABC):
    """Does independent, restartable pieces of work: in threads, in processes, or on other machines.

    `workers` says how many pieces run at once.
    """

    workers: int

    @abstractmethod
    def _driver(self, work: Callable[[Piece], Result], pieces: int) -> Driver:
        """What runs `work` on so many pieces."""

    def run(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[tuple[int, Result]]:
        """Yield (number of the piece, what `work` gave for it) as pieces end, in any order.

        For workers in other processes `work` is a function of a module, and pieces and results are small and
        picklable: data lies in files that all of them see under the same path. A piece whose worker died is done
        again, so doing it twice must be safe, also at the same time where a cluster only lost sight of the first
        worker. Raises WorkerError, naming the piece, for one that ATTEMPTS workers did not live through. What `work`
        raises is raised here, after what had ended before, and no more pieces begin. Closing the iterator cancels
        what is in work: processes of this machine are ended, threads and clusters may finish their pieces.
        """
        with contextlib.closing(self.iter_completed(work, pieces)) as lists:
            for completed in lists:
                yield from completed

    def iter_completed(
        self, work: Callable[[Piece], Result], pieces: Sequence[Piece], stop: Callable[[], bool] = never
    ) -> Generator[list[tuple[int, Result]], None, None]:
        """As `run`, but yield what has ended at least every PAUSE_S, often nothing.

        When `stop`, called as often, returns True, the pieces in work are finished, and no more are begun.
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
    """The loop of every scheduler: begin pieces, yield what has ended, raise what was raised."""
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
    """The error for the piece with this number (from 0) that no worker lived through."""
    text = repr(piece)
    text = text if len(text) <= 200 else f"{text[:200]}..."
    return WorkerError(f"piece {number} ({text}): {why}; what is done is kept, fewer --workers leave each more memory")
