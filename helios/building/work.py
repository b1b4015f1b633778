"""The folder beside the output in which a build works, and in which an interrupted build is resumed."""

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
    """The finished pieces of one build, and the scheduler that runs the others."""

    done: Pieces
    scheduler: Scheduler
    on_event: OnEvent

    @property
    def folder(self) -> Path:
        """The folder of the build's files."""
        return self.done.folder

    def stage(
        self,
        name: str,
        work: Callable[[Piece], Result],
        pieces: Sequence[Piece],
        kind: type[Result],
        rows: Callable[[Result], int] | None = None,
    ) -> list[Result]:
        """Return the results, of the dataclass `kind`, of `work` on all `pieces`, in order; see `Pieces.complete`.

        Only pieces that are not done yet are run. Raises StoreError where a result cannot be written.
        """

        def run(left: Sequence[int]) -> Iterator[tuple[int, Result]]:
            for place, result in self.scheduler.run(work, [pieces[number] for number in left]):
                yield left[place], result

        with writing(self.folder, UNTOUCHED):
            return self.done.complete(name, len(pieces), run, kind, self.on_event, rows)


@contextlib.contextmanager
def working(output: Path, label: Any, scheduler: Scheduler, on_event: OnEvent) -> Iterator[Work]:
    """Yield the Work for making `output`; `label`, a JSON value, says what it depends on.

    The folder is removed when the block ends, unless the process is killed or interrupted, or its workers die: the next
    block with an equal label then resumes from the finished pieces, and one with another label starts over. Raises
    InputError while another process makes `output`.
    """
    output = Path(os.path.realpath(output))
    folder = output.with_name(f".{output.name}.build")
    busy = f"{output}: another process is replacing it; try again when it has ended"
    # Results name files by their whole path, so the pieces of a folder that was moved are of no use.
    with resumable(folder, [label, str(folder)], busy, keep=(KeyboardInterrupt, WorkerError)) as pieces:
        yield Work(pieces, scheduler, on_event)
