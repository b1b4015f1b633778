"""The folder beside the output in which a build works, and what lies there of one that was ended."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from helios.building.runs import UNTOUCHED
from helios.errors import WorkerError
from helios.files import writing
from helios.pieces import Pieces, resumable
from helios.progress import OnEvent
from helios.schedulers import Scheduler

Piece = TypeVar("Piece")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Work:
    """The pieces of one build that are done, and the scheduler that the others run on."""

    done: Pieces
    scheduler: Scheduler
    on_event: OnEvent

    @property
    def folder(self) -> Path:
        """Where the files of the build lie."""
        return self.done.folder

    def stage(
        self,
        name: str,
        work: Callable[[Piece], Result],
        pieces: Sequence[Piece],
        kind: type[Result],
        rows: Callable[[Result], int] | None = None,
    ) -> list[Result]:
        """Do `work` on all `pieces` that are not done yet; return the results, of the dataclass `kind`, in order.

        As `Pieces.complete` does. Raises StoreError where they cannot be kept.
        """

        def run(left: Sequence[int]) -> Iterator[tuple[int, Result]]:
            for place, result in self.scheduler.run(work, [pieces[number] for number in left]):
                yield left[place], result

        with writing(self.folder, UNTOUCHED):
            return self.done.complete(name, len(pieces), run, kind, self.on_event, rows)


@contextlib.contextmanager
def working(output: Path, label: Any, scheduler: Scheduler, on_event: OnEvent) -> Iterator[Work]:
    """Yield the Work for making `output`; `label`, of what JSON has, says of what.

    The folder is gone when the block ends, unless the process is killed or interrupted, or its workers die: then the
    next block with an equal label goes on with what is there, and any other one begins anew. Raises InputError while
    another process makes `output`.
    """
    output = Path(os.path.realpath(output))
    folder = output.with_name(f".{output.name}.build")
    busy = f"{output}: another process is replacing it; try again when it has ended"
    with resumable(folder, label, busy, keep=(KeyboardInterrupt, WorkerError)) as pieces:
        yield Work(pieces, scheduler, on_event)
