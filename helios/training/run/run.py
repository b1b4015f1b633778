"""Training of cells of a universe: planning, execution, storage of the results, and the new universe."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helios import __version__
from helios.progress import Done, Note, OnEvent, Stage, ignore
from helios.rendering.backend import Backend
from helios.schedulers.config import SchedulerConfig
from helios.schedulers.scheduler import handing_errors, never
from helios.splats import CellResult
from helios.training.config import TrainConfig
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.events import CellsTrained, TrainResult
from helios.training.run.logs import log_of
from helios.training.run.observer import ProgressObserver
from helios.training.run.run_config import RunConfig
from helios.training.run.this_process import Plan, TrainContext, plan_threads
from helios.training.run.workers import TrainPiece, Workers, jobs_of, open_workers, plan_workers
from helios.universe import Universe
from helios.universe.journal import TrainingJournal

_TOGETHER_S = 2.0
"""Time between two writes of results to disk: a killed run loses the results since the last one."""


def train_universe(
    source: Path | str,
    output: Path | str,
    cells: Sequence[int],
    config: TrainConfig | None = None,
    backend: str | Backend = "auto",
    run: RunConfig | None = None,
    where: SchedulerConfig | None = None,
    on_event: OnEvent = ignore,
    stop: Callable[[], bool] = never,
) -> TrainResult:
    """Train `cells` (indices) of the universe at `source` into the universe at `output`, and return the TrainResult.

    Cells already trained with the same settings, backend and stars are skipped. `output` may be `source`. `backend` is
    an argument or a result of `helios.rendering.pick_backend`. Training runs in threads of this process or, if `where`
    asks for it or there are several GPUs, on workers, which must see both paths; the bytes are the same.
    `on_event` is called in this thread: with Note, with one Stage, several times a second with Advance, whose value
    `loss` is a median over cells, with `CellsTrained` when cells are stored on disk, and with Done.
    However a run ended, the next one resumes from what is on disk, and ends with the same bytes. When `stop`, called
    several times a second, returns True, the cells in training are finished and stored, and the rest are left: the
    universe at `output` is then unchanged, and the results are in its journal. An exception from `on_event` or
    KeyboardInterrupt ends the training at once, the latter without waiting for its threads.
    Raises StoreError and InputError as `Universe.open` does, StoreError if nothing can be written, BackendError if the
    device fails or is missing, and with workers what `helios.schedulers.Scheduler.run` raises.
    """
    config, run, where = config or TrainConfig(), run or RunConfig(), where or SchedulerConfig()
    source, output, began, cancelled = Path(source), Path(output), time.monotonic(), threading.Event()
    universe = Universe.open(source)
    with open_workers(backend, where, on_event) as who:
        digest = config.digest(helios=__version__, backend=who.name, stars=universe.fingerprint)
        log = None if isinstance(who, Workers) else log_of(run.log, run.log_folder(output), who)
        journal = TrainingJournal.open(universe, output, digest)
        todo = [i for i in cells if i not in journal.done]
        if todo:
            journal.begin()
        skipped = len(cells) - len(todo)
        if skipped:
            on_event(Note(f"{skipped} of {len(cells)} cells are trained already with these settings"))
        jobs, observer = jobs_of(universe, todo, config), ProgressObserver(cancelled, log, run.log_every)
        if isinstance(who, Workers):
            piece = TrainPiece(source, output, digest, (), config, who.name, run)
            plan = plan_workers(jobs, who, piece, journal.take, observer)
        else:
            checkpoint_of = functools.partial(Checkpoint.of_batch, journal.folder, digest, run.checkpoint_every)
            plan = plan_threads(jobs, TrainContext(config, who, observer, checkpoint_of, cancelled), journal.append)
        results = carry_out(plan, len(todo), observer, on_event, stop)
        left = len(todo) - len(results)
        trained = int(np.count_nonzero(Universe.open(output).trained)) if left else journal.commit()
    result = TrainResult(output, results, skipped, left, trained, time.monotonic() - began)
    on_event(Done(result))
    return result


def carry_out(
    plan: Plan,
    cells: int,
    observer: ProgressObserver,
    on_event: OnEvent,
    stop: Callable[[], bool],
) -> tuple[CellResult, ...]:
    """Carry out `plan`, which trains `cells` cells, and return their results: fewer if `stop` returned True.

    If an error occurs, results that were complete before it are stored on disk too.
    """
    kept: list[CellResult] = []
    ended: list[Any] = []
    began = since = time.monotonic()

    def keep_ended() -> None:
        nonlocal since
        if not ended:
            return
        outcomes, since = ended.copy(), time.monotonic()
        ended.clear()
        results = plan.keep(outcomes)
        kept.extend(results)
        progress = observer.progress()
        on_event(CellsTrained(progress.done, progress.values, tuple(results), time.monotonic() - began))

    on_event(Note(f"training {cells} cells"))
    on_event(Stage("training", cells, "cells"))
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
    return tuple(kept)
