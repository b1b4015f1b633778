"""The events of a training run besides those of `helios.progress`, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from helios.progress import Advance, Note
from helios.splats import CellResult


@dataclass(frozen=True)
class BatchHalved(Note):
    """The device had too little memory for a batch, which is trained in parts; no later part has more than `cells`."""

    cells: int


@dataclass(frozen=True)
class CellsTrained(Advance):
    """Cells were trained and stored on disk: their `results`, and the `seconds` since training began.

    `levels` are results of cells of the levels of detail, by their indices there.
    """

    results: tuple[CellResult, ...] = field(default=(), repr=False)
    levels: tuple[CellResult, ...] = field(default=(), repr=False)
    seconds: float = 0.0


@dataclass(frozen=True)
class TrainResult:
    """The result of a training run.

    `path` is the output, a universe or a file, and `results` are those of the cells that this run trained, `levels`
    those of cells of the levels of detail, by their indices there: what stands for them was trained. Of the cells
    requested, these included, `skipped` had been trained before with the same settings, and `left` are left for the
    next run because this one was stopped; `path` is written only if none is left. `trained` is how many cells of the
    universe at `path` have splats; for a file it is 1 or 0. `seconds` is how long the run took.
    """

    path: Path
    results: tuple[CellResult, ...] = field(repr=False)
    levels: tuple[CellResult, ...] = field(repr=False)
    skipped: int
    left: int
    trained: int
    seconds: float
