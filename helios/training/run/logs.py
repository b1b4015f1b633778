"""Logs of the training of cells, for programs that display them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from helios.rendering.backend import Backend
from helios.splats import CellResult
from helios.training.registries import LOGS
from helios.training.run.engine import StepsMade
from helios.training.scene import Scene


class LogKind(Protocol):
    """A kind of log: an entry of `LOGS` and a frozen dataclass of options."""

    def open(self, folder: Path, backend: Backend) -> Log:
        """Return the log in `folder`, which need not exist; `backend` draws its pictures."""
        ...


class Log(Protocol):
    """A log of the cells in training.

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


def log_of(spec: str | None, folder: Path, backend: Backend) -> Log | None:
    """Return the log that `spec`, a name with options or None for none, asks for, in `folder`, which need not exist.

    Raises InputError for an unknown name or option, and if such a log cannot work here.
    """
    if spec is None:
        return None
    kind: LogKind = LOGS.make(spec)
    return kind.open(folder, backend)
