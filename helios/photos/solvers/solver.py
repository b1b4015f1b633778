"""What a solver is given, what it gives back, and what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from helios.progress import OnEvent


@dataclass(frozen=True)
class Task:
    """Photographs to find the places of."""

    images: Path  # a folder with these photographs and no other files
    names: tuple[str, ...]  # sorted, below `images`, with / between folders
    masks: Path | None  # a folder with NAME.EXT.png for all of them, 0 where a pixel must not be used
    work: Path  # a folder of the solver's own, kept when the process is killed and the same task begins again


@dataclass(frozen=True)
class Solved:
    """COLMAP models that a solver made, the folder of each, and why a photograph is in none of them, where known."""

    models: tuple[Path, ...]
    made_by: str  # program and version
    reasons: Mapping[str, str] = field(default_factory=dict)  # by name
    notes: tuple[str, ...] = ()  # what else is worth telling, a line each


class Solver(Protocol):
    """The contract of a solver."""

    def solve(self, task: Task, on_event: OnEvent) -> Solved:
        """Return the models of the photographs of `task`, none where no two of them fit together.

        The same task gives the same bytes. What is in `task.work` may be of an earlier call with the same task that was
        killed at any moment. Raises InputError where the solver cannot be used, or fails.
        """
        ...
