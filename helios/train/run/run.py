"""Training of many cells of a universe: what is to do, what is done and kept, and the universe made of it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from helios import __version__
from helios.render.backend import Backend
from helios.schedulers.scheduler import never
from helios.train.config import TrainConfig
from helios.train.run.batches import Job
from helios.train.run.checkpoint import Checkpoint
from helios.train.run.events import BatchTrained, Committed, Event, Planned, Stopped
from helios.train.run.logs import log_of
from helios.train.run.observer import Watch
from helios.train.run.run_config import RunConfig
from helios.train.run.train_cells import Crew, Trained, train_cells
from helios.universe import Universe
from helios.universe.journal import TrainingJournal
from helios.universe.training import TrainedCell


def digest_of(universe: Universe, config: TrainConfig, backend_name: str) -> str:
    """What names the result of training these stars with these settings: 32 hex digits."""
    return config.digest(helios=__version__, backend=backend_name, stars=universe.fingerprint)


def checkpoint_in(folder: Path, digest: str, every: int, indices: Sequence[int]) -> Checkpoint:
    """The checkpoint in a journal's `folder` of the batch of cells of these indices."""
    name = hashlib.sha256(np.array(indices, np.int64).tobytes()).hexdigest()[:16]
    return Checkpoint(folder / f"{name}.checkpoint", f"{digest} {name}", every)


def jobs_of(universe: Universe, indices: Sequence[int]) -> list[Job]:
    """The cells of these indices as jobs."""
    stars = np.diff(universe.offsets)
    return [Job(i, int(stars[i]), functools.partial(universe.cell, i)) for i in indices]


def train_universe(
    source: Path,
    output: Path,
    cells: Sequence[int],
    config: TrainConfig,
    backend: Backend,
    run: RunConfig | None = None,
    stop: Callable[[], bool] = never,
) -> Iterator[Event]:
    """Train `cells` (indices) of the universe at `source` into the universe at `output`, yielding what happens.

    Cells that are trained already with the same settings, backend and stars are left alone. Each batch is on disk
    when its event arrives; a run that was stopped anywhere goes on from there and ends with the same bytes. When
    `stop`, called several times a second, returns True, the cells in training are finished and kept, and the rest is
    left: `output` then holds what it did before, and the journal beside it. Training goes on in threads; they end
    when the iterator is closed. `output` may be `source`.
    Raises StoreError and InputError as `Universe.open` does, StoreError where nothing can be written, and BackendError
    where the device fails.
    """
    run = run or RunConfig()
    universe = Universe.open(source)
    digest = digest_of(universe, config, backend.name)
    log = log_of(run.log, run.log_folder(Path(output)), backend)
    journal = TrainingJournal.open(universe, output, digest)
    todo = [i for i in cells if i not in journal.done]
    if todo:
        journal.begin()
    yield Planned(len(cells), len(cells) - len(todo))

    give_up = threading.Event()
    checkpoint_of = functools.partial(checkpoint_in, journal.folder, digest, run.checkpoint_every)
    crew = Crew(config, backend, Watch(give_up, log, run.log_every), checkpoint_of, stop, give_up)
    jobs = jobs_of(universe, todo)
    left, began = len(todo), time.monotonic()
    with contextlib.closing(train_cells(jobs, crew)) as events:
        for event in events:
            if not isinstance(event, Trained):
                yield event
                continue
            journal.append([TrainedCell(i, r.splats, r.metrics, r.outcome) for i, r in event.results])
            for checkpoint in event.checkpoints:
                checkpoint.remove()
            left -= len(event.results)
            yield BatchTrained(event.results, time.monotonic() - began)
    if left:
        yield Stopped(left)
        return
    trained = journal.commit()
    yield Committed(Path(output), trained)
