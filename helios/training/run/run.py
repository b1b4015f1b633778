"""The one way through every training: a plan is carried out, results are stored as they come, and the run is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from helios.progress import Done, Note, OnEvent, Stage, ignore
from helios.schedulers.scheduler import handing_errors, never
from helios.splats import CellResult
from helios.training.run.events import CellsTrained, TrainResult
from helios.training.run.observer import ProgressObserver
from helios.training.run.this_process import Plan

_TOGETHER_S = 2.0
"""Time between two writes of results to disk: a killed run loses the results since the last one."""


@dataclass(frozen=True)
class Begun:
    """A training that has begun: `plan` trains the `cells` cells that are still to be trained for `output`.

    `skipped` cells were trained before. `finish`, given how many of `cells` are left, completes `output` if none is,
    and returns how many cells have splats there. Results whose index is `levels_from` or more are of cells of levels.
    """

    output: Path
    plan: Plan
    observer: ProgressObserver
    cells: int
    skipped: int
    finish: Callable[[int], int]
    levels_from: int


class Training(Protocol):
    """What is trained, how, and into what."""

    def begin(self, on_event: OnEvent) -> AbstractContextManager[Begun]:
        """Return the training, begun; what it holds, such as workers, is given back when the block ends."""
        ...


def train(training: Training, on_event: OnEvent = ignore, stop: Callable[[], bool] = never) -> TrainResult:
    """Carry out `training`, and return the TrainResult.

    `on_event` is called in this thread: with Note, with one Stage, several times a second with Advance, whose value
    `loss` is a median over cells, with `CellsTrained` when cells are stored on disk, and with Done.
    However a run ended, the next one resumes from what is on disk, and ends with the same bytes. When `stop`, called
    several times a second, returns True, the cells in training are finished and stored, and the rest are left. If an
    error occurs, results that were complete before it are stored, too. An exception from `on_event` or
    KeyboardInterrupt ends the training at once, the latter without waiting for its threads.
    Raises what `training` raises when it begins, StoreError if nothing can be written, BackendError if the device
    fails, and with workers what `helios.schedulers.Scheduler.run` raises.
    """
    began, kept, ended = time.monotonic(), list[CellResult](), list[Any]()
    with training.begin(on_event) as begun:
        plan, observer = begun.plan, begun.observer
        since = started = time.monotonic()

        def keep_ended() -> None:
            nonlocal since
            if not ended:
                return
            outcomes, since = ended.copy(), time.monotonic()
            ended.clear()
            results = plan.keep(outcomes)
            kept.extend(results)
            progress, apart = observer.progress(), _apart(results, begun.levels_from)
            seconds = time.monotonic() - started
            on_event(CellsTrained(progress.done, progress.values, *apart, seconds, curve=progress.curve))

        on_event(Note(f"training {begun.cells} cells"))
        on_event(Stage("training", begun.cells, "cells"))
        try:
            with handing_errors(plan.scheduler.iter_completed(plan.work, plan.pieces, stop)) as lists:
                for completed in lists:
                    ended.extend(outcome for _, outcome in completed)
                    if time.monotonic() - since > _TOGETHER_S:
                        keep_ended()
                    for note in observer.notes():
                        on_event(note)
                    on_event(observer.progress())
        except Exception:
            keep_ended()
            raise
        keep_ended()
        left = begun.cells - len(kept)
        trained = begun.finish(left)
    apart = _apart(kept, begun.levels_from)
    result = TrainResult(begun.output, *apart, begun.skipped, left, trained, time.monotonic() - began)
    on_event(Done(result))
    return result


def _apart(results: Sequence[CellResult], levels_from: int) -> tuple[tuple[CellResult, ...], tuple[CellResult, ...]]:
    """Return the results of cells, and those of cells of levels by their indices there."""
    of_levels = (replace(result, index=result.index - levels_from) for result in results if result.index >= levels_from)
    return tuple(result for result in results if result.index < levels_from), tuple(of_levels)
