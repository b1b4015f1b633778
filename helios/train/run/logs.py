"""Logs of how cells train, for a viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from helios.render.backend import Backend
from helios.splats import CellResult
from helios.train.registries import LOGS
from helios.train.run.engine import StepsMade
from helios.train.scene import Scene


class Log(Protocol):
    """Made as (folder, backend); raises InputError where it cannot work here. Its methods are called from the threads
    that train, for one cell from one at a time."""

    def values(self, made: StepsMade) -> None:
        """Note loss, rate and number of splats of every cell of a batch."""
        ...

    def pictures(self, made: StepsMade) -> None:
        """Note what every cell of a batch looks like now."""
        ...

    def result(self, scene: Scene, result: CellResult) -> None:
        """Note what came of a cell; it is the last that is heard of it."""
        ...


def log_of(name: str | None, folder: Path, backend: Backend) -> Log | None:
    """The log called `name` in `folder`, which need not exist; None for None."""
    return LOGS.get(name)(folder, backend) if name else None
