"""The contract of a scheduler, and what all of them share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from helios.errors import WorkerError

Piece, Result = TypeVar("Piece"), TypeVar("Result")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Environment of a worker: how many threads numpy, torch, pyarrow (OMP_NUM_THREADS too) and numba start."""

ATTEMPTS = 3
"""A piece is begun no more often: what kills three workers will kill a fourth."""

PAUSE_S = 0.25
"""Longest time between two things that `Scheduler.follow` yields, and so between two looks at `stop`."""


def never() -> bool:
    """Not to be stopped."""
    return False


class Scheduler(Protocol):
    """Does pieces of work in other processes, which may lie on other machines with the same file system."""

    workers: int
    """How many pieces run at once."""

    def run(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[tuple[int, Result]]:
        """Yield (number of the piece, what `work` gave for it) as pieces end, in any order.

        `work` is a function of a module, pieces and results are small and picklable: data lies in files. A piece
        whose worker died is done again, so doing it twice must be safe, also at the same time where a cluster only
        lost sight of the first worker; one that ATTEMPTS workers did not live through raises WorkerError, which names
        it. What `work` raises is raised here, once, and no more pieces begin. Closing the iterator gives up what is
        in work: processes of this machine are ended, on a cluster they run to the end of their pieces.
        """
        ...

    def follow(
        self, work: Callable[[Piece], Result], pieces: Sequence[Piece], stop: Callable[[], bool] = never
    ) -> Iterator[list[tuple[int, Result]]]:
        """As `run`, but yield what has ended several times a second, often nothing.

        When `stop`, called as often, returns True, the pieces in work are finished, and no more are begun.
        """
        ...


class Flat:
    """Gives a scheduler its `run` from its `follow`."""

    def run(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[tuple[int, Result]]:
        """As `Scheduler.run`."""
        with contextlib.closing(self.follow(work, pieces)) as lists:
            for ended in lists:
                yield from ended


def given_up(number: int, piece: Any, why: str) -> WorkerError:
    """The error for the piece with this number (from 0) that no worker lived through."""
    text = repr(piece)
    text = text if len(text) <= 200 else f"{text[:200]}..."
    return WorkerError(f"piece {number} ({text}): {why}; what is done is kept, fewer --workers leave each more memory")
