"""What a training run tells while it goes on: it prints nothing, it yields these."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helios.train.run.engine import CellResult


@dataclass(frozen=True)
class Planned:
    """The first event: of the `selected` cells `done` are trained already."""

    selected: int
    done: int


@dataclass(frozen=True)
class Progress:
    """Several times a second: cells trained in this run, those in training counted by their steps, and the loss.

    `loss` is the median over the cells that have ended or, before the first has, over those in training; NaN where
    no step has been made.
    """

    cells_done: float
    loss: float


@dataclass(frozen=True)
class BatchHalved:
    """The device had too little memory for a batch: it is trained in parts, and no later one has more `cells`."""

    cells: int


@dataclass(frozen=True)
class BatchTrained:
    """Cells are trained and safe on disk: (index of the cell, its result) each; `seconds` since the run began."""

    results: tuple[tuple[int, CellResult], ...]
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """The last event of a run that was asked to stop: `left` cells are to be trained by the next one."""

    left: int


@dataclass(frozen=True)
class Committed:
    """The last event of training into a universe: all is in the one at `path`, of whose cells `trained` have splats."""

    path: Path
    trained: int


@dataclass(frozen=True)
class Written:
    """The last event of training a file: the one at `path` holds the result, `splats` splats."""

    path: Path
    splats: int


Event = Planned | Progress | BatchHalved | BatchTrained | Stopped | Committed | Written
