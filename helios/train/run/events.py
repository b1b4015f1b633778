"""What a training run tells beside the events of `helios.progress`, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from helios.progress import Advance, Note
from helios.splats import CellResult


@dataclass(frozen=True)
class BatchHalved(Note):
    """The device had too little memory for a batch: it is trained in parts, and no later one has more `cells`."""

    cells: int


@dataclass(frozen=True)
class CellsTrained(Advance):
    """Cells are trained and safe on disk: their `results`, and the `seconds` since the run began."""

    results: tuple[CellResult, ...] = field(default=(), repr=False)
    seconds: float = 0.0


@dataclass(frozen=True)
class TrainResult:
    """What a training run made.

    `path` is the universe or the file that was trained into, `results` the cells that this run trained. Of the cells
    that were asked for, `skipped` had been trained before with the same settings, and `left` are to be trained by the
    next run, as this one was asked to stop: only when none is left is `path` written. `trained` is how many cells of
    the universe at `path` have splats; of a file, 1 or 0. `seconds` is how long the run took.
    """

    path: Path
    results: tuple[CellResult, ...] = field(repr=False)
    skipped: int
    left: int
    trained: int
    seconds: float
