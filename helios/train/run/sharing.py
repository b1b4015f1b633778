"""Training shared out: workers train batches of cells each, and put what comes out into the journal themselves."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from helios.render import pick_backend
from helios.schedulers import Scheduler
from helios.schedulers.scheduler import never
from helios.train.config import TrainConfig
from helios.train.optim.model import slots_for
from helios.train.run.batches import Job, by_cost
from helios.train.run.engine import CellResult
from helios.train.run.events import BatchTrained, Committed, Event, Planned, Progress, Stopped
from helios.train.run.logs import log_of
from helios.train.run.observer import Watch
from helios.train.run.run import checkpoint_in, digest_of, jobs_of
from helios.train.run.run_config import RunConfig
from helios.train.run.train_cells import Crew, Trained, train_cells
from helios.universe import Universe, paths
from helios.universe.journal import TrainingJournal, append_beside, part_path
from helios.universe.training import TrainedCell

_PIECE_S = (2.0, 60.0)
"""How long a piece takes at least, that handing it out does not matter, and at most, as a kill loses it."""

_PIECES_PER_WORKER = 4
"""So that workers end at about the same time."""

_GPU_CELLS = (16, 128)
"""Cells of a piece for a GPU: fewer leave it idle, more do not train faster."""


@dataclass(frozen=True)
class WorkersBackend:
    """The rasteriser that a worker picked: its name, the kind of its device (cpu, cuda), and why."""

    name: str
    kind: str
    why: str


@dataclass(frozen=True)
class TrainPiece:
    """Cells for one worker to train; the paths are absolute."""

    source: Path
    output: Path
    digest: str
    indices: tuple[int, ...]
    config: TrainConfig
    backend: str
    run: RunConfig


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, each as a value of CUDA_VISIBLE_DEVICES for one that may use only it."""
    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(i) for i in range(count)]


def workers_backend(scheduler: Scheduler, name: str) -> WorkersBackend:
    """What `pick_backend(name)` gives on a worker. Raises what that raises."""
    ((_, backend),) = scheduler.run(describe_backend, [name])
    return backend


def describe_backend(name: str) -> WorkersBackend:
    """What `pick_backend(name)` gives in this process."""
    backend = pick_backend(name)
    return WorkersBackend(backend.name, backend.device.type, backend.why)


def train_shared(
    source: Path,
    output: Path,
    cells: Sequence[int],
    config: TrainConfig,
    backend: WorkersBackend,
    run: RunConfig,
    scheduler: Scheduler,
    stop: Callable[[], bool] = never,
) -> Iterator[Event]:
    """Train as `helios.train.run.run.train_universe` does, with the same events, bytes and errors, on workers.

    A piece is on disk when its event arrives. When `stop` returns True, the pieces in training are finished and kept.
    The workers read `source` and write to the journal beside `output`: both lie where they see them under the same
    path. Raises also what `Scheduler.run` does.
    """
    universe = Universe.open(source)
    digest = digest_of(universe, config, backend.name)
    journal = TrainingJournal.open(universe, output, digest)
    todo = [i for i in cells if i not in journal.done]
    if todo:
        journal.begin()
    yield Planned(len(cells), len(cells) - len(todo))
    run = dataclasses.replace(run, log_to=os.path.abspath(run.log_folder(output)))
    plan = plan_pieces(jobs_of(universe, todo), config, scheduler.workers, backend.kind)
    places = Path(os.path.abspath(source)), Path(os.path.abspath(output))
    pieces = [TrainPiece(*places, digest, indices, config, backend.name, run) for indices in plan]
    done, losses, began = 0, [], time.monotonic()
    with contextlib.closing(scheduler.iter_completed(train_piece, pieces, stop)) as lists:
        for ended in lists:
            for _, part in ended:
                results = [(c.index, CellResult(c.splats, c.metrics, c.outcome)) for c in journal.take(part)]
                losses += [result.metrics["last_loss"] for _, result in results]
                done += len(results)
                yield BatchTrained(tuple(results), time.monotonic() - began)
            yield Progress(done, float(np.median(losses)) if losses else np.nan)
    if done < len(todo):
        yield Stopped(len(todo) - done)
        return
    yield Committed(output, journal.commit())


def train_piece(piece: TrainPiece) -> Path:
    """Train the cells of a piece in this process; returns the file of the journal that holds what came out."""
    folder = paths.journal_path(piece.output) / piece.digest
    part = part_path(folder, piece.indices)
    if part.exists():  # the worker before this one died after all was done
        return part
    universe, backend, run = Universe.open(piece.source), _backend(piece.backend), piece.run
    give_up = threading.Event()
    watch = Watch(give_up, log_of(run.log, run.log_folder(piece.output), backend), run.log_every)
    checkpoint_of = functools.partial(checkpoint_in, folder, piece.digest, run.checkpoint_every)
    crew = Crew(piece.config, backend, watch, checkpoint_of, never, give_up)
    results, checkpoints = {}, []
    for event in train_cells(jobs_of(universe, piece.indices), crew):
        if isinstance(event, Trained):
            results |= dict(event.results)
            checkpoints += event.checkpoints
    trained = [TrainedCell(i, results[i].splats, results[i].metrics, results[i].outcome) for i in piece.indices]
    append_beside(piece.output, piece.digest, trained)
    for checkpoint in checkpoints:
        checkpoint.remove()
    return part


_backend = functools.cache(pick_backend)
"""One per process: a GPU's is tried with a test splat."""


def plan_pieces(jobs: Sequence[Job], config: TrainConfig, workers: int, kind: str) -> list[tuple[int, ...]]:
    """Return the indices of the jobs in batches of like cost for `workers` workers with this kind of device.

    The costliest come first. On the CPU they take a few seconds to a minute; on a GPU they are cells of like size.
    """
    if kind != "cpu":
        return _pieces_of_like_size(jobs, config, workers)
    costs = {job.index: _core_seconds(job, config) for job in jobs}
    least, most = _PIECE_S
    aim = min(most, max(least, sum(costs.values()) / (_PIECES_PER_WORKER * workers)))
    pieces, room = [], 0.0
    for job in by_cost(jobs, config):
        if room <= 0.0:
            pieces.append([])
            room = aim
        pieces[-1].append(job.index)
        room -= costs[job.index]
    return [tuple(piece) for piece in pieces]


def _core_seconds(job: Job, config: TrainConfig) -> float:
    """About how long a core takes for a cell, as measured: 1.1 ms a step of 4 views of 256 pixels, 11 us a splat."""
    splats, width = config.splat_count(job.stars), config.image_size / 256
    steps = config.iterations if splats < job.stars else 0
    return 0.1 * width**2 + steps * config.views_per_iter / 4 * (0.2e-3 + width * (0.9e-3 + 11e-6 * splats))


def _pieces_of_like_size(jobs, config, workers):
    alike = defaultdict(list)
    for job in by_cost(jobs, config):
        count = config.splat_count(job.stars)
        alike[slots_for(count), count >= job.stars].append(job.index)
    pieces, (least, most) = [], _GPU_CELLS
    for group in alike.values():
        size = min(most, max(least, -(-len(group) // workers)))
        pieces += [tuple(group[first : first + size]) for first in range(0, len(group), size)]
    return pieces
