"""The folder beside the output in which a build works, and what lies there of one that was ended."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from helios.building.runs import UNTOUCHED
from helios.errors import WorkerError
from helios.files import empty, locked, staged, writing
from helios.schedulers import Scheduler

Piece, Result = TypeVar("Piece"), TypeVar("Result")

Told = Callable[[str, int, int], None]
"""Is told of a stage: what is done in it, how many of its pieces are done, and how many there are."""

_LABEL = "made-for"


@dataclass(frozen=True)
class Work:
    """A folder for the files of one build, and the scheduler that its pieces run on."""

    folder: Path
    scheduler: Scheduler
    told: Told

    def stage(
        self,
        name: str,
        work: Callable[[Piece], Result],
        pieces: Sequence[Piece],
        again: Callable[[dict[str, Any]], Result],
    ) -> list[Result]:
        """Do `work` on all `pieces` that are not done yet; return the results, in the order of the pieces.

        A result, a dataclass, stands in a file when it is here; `again` makes it of what `dataclasses.asdict` made.
        """
        results: dict[int, Result] = {}
        for number in range(len(pieces)):
            with contextlib.suppress(FileNotFoundError):
                results[number] = again(json.loads(self._path(name, number).read_bytes()))
        left = [number for number in range(len(pieces)) if number not in results]
        self.told(name, len(results), len(pieces))
        for place, result in self.scheduler.run(work, [pieces[number] for number in left]):
            path = self._path(name, left[place])
            with writing(path, UNTOUCHED), staged(path, durable=False) as new:
                new.write_text(json.dumps(dataclasses.asdict(result), default=str), encoding="utf-8")
            results[left[place]] = result
            self.told(name, len(results), len(pieces))
        return [results[number] for number in range(len(pieces))]

    def forget(self, name: str) -> None:
        """Have the pieces of the stage `name` done again."""
        for result in self.folder.glob(f"{name.replace(' ', '-')}-*.json"):
            result.unlink()

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name.replace(' ', '-')}-{number:06d}.json"


@contextlib.contextmanager
def working(output: Path, label: Any, scheduler: Scheduler, told: Told) -> Iterator[Work]:
    """Yield the Work for making `output`; `label`, of what JSON has, says of what.

    The folder is gone when the block ends, unless the process is killed or interrupted, or its workers die: then the
    next block with an equal label goes on with what is there, and any other one begins anew. Raises InputError while
    another process makes `output`.
    """
    output = Path(os.path.realpath(output))
    folder = output.with_name(f".{output.name}.build")
    output.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(json.dumps(label, sort_keys=True, default=str).encode()).hexdigest()
    with locked(folder, f"{output}: another process is replacing it; try again when it has ended"):
        folder.mkdir(exist_ok=True)
        if not ((folder / _LABEL).exists() and (folder / _LABEL).read_text() == digest):
            empty(folder)
            (folder / _LABEL).write_text(digest)
        try:
            yield Work(folder, scheduler, told)
        except (KeyboardInterrupt, WorkerError):
            raise
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder)
