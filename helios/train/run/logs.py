"""Logs of the training of cells, for programs that display them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from helios.render.backend import Backend
from helios.splats import CellResult
from helios.train.registries import LOGS
from helios.train.run.engine import StepsMade
from helios.train.scene import Scene


class Log(Protocol):
    """A log, created as `(folder, backend)`, which raises InputError if it cannot work here.

    Its methods are called from the threads that train, but never from two at once for the same cell.
    """

    def values(self, made: StepsMade) -> None:
        """Log the loss, learning rate and number of splats of every cell of a batch."""
        ...

    def pictures(self, made: StepsMade) -> None:
        """Log what every cell of a batch looks like now."""
        ...

    def result(self, scene: Scene, result: CellResult) -> None:
        """Log the result of a cell; this is the last call for it."""
        ...


def log_of(name: str | None, folder: Path, backend: Backend) -> Log | None:
    """Return the log registered as `name`, in `folder`, which need not exist; None if `name` is None."""
    return LOGS.get(name)(folder, backend) if name else None
