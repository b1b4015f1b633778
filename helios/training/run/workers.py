"""Training on workers: each trains pieces of a run, and writes their results to the journal itself."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from helios.progress import Note, OnEvent
from helios.rendering import pick_backend
from helios.rendering.backend import Backend
from helios.schedulers import Scheduler, open_scheduler
from helios.schedulers.config import SchedulerConfig
from helios.splats import Cell, CellResult
from helios.training.config import TrainConfig
from helios.training.run.batches import Job, plan_pieces
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.logs import log_of
from helios.training.run.observer import ProgressObserver
from helios.training.run.run_config import RunConfig
from helios.training.run.this_process import Plan, TrainContext, plan_threads
from helios.training.standing import StandingCell
from helios.universe import Universe, paths
from helios.universe.journal import append_beside, part_path


@dataclass(frozen=True)
class Workers:
    """Workers that train: their `scheduler`, the `name` of the backend that they pick, and the type of its device."""

    scheduler: Scheduler
    name: str
    device_type: str


@dataclass(frozen=True)
class TrainPiece:
    """Cells for one worker to train, with their `budgets`; the paths are absolute."""

    source: Path
    output: Path
    digest: str
    indices: tuple[int, ...]
    budgets: tuple[int, ...]
    config: TrainConfig
    backend: str
    run: RunConfig

    def __repr__(self) -> str:
        count = f"{len(self.indices):,} cell{'s' if len(self.indices) != 1 else ''}"
        return f"{count} of {self.source}, from index {self.indices[0]}" if self.indices else f"cells of {self.source}"


@contextlib.contextmanager
def open_workers(backend: str | Backend, where: SchedulerConfig, on_event: OnEvent) -> Iterator[Backend | Workers]:
    """Yield the backend with which this process trains or, if `where` asks for it or there are several GPUs, Workers.

    The workers end with the block. `on_event` gets Notes of the workers and of the backend. Raises what `pick_backend`
    and `open_scheduler` raise.
    """
    gpus, workers = [], where.workers
    if where.scheduler == "local":
        backend = pick_backend(backend) if isinstance(backend, str) else backend
        gpus = visible_gpus() if backend.device.type == "cuda" else []
        if workers is None and len(gpus) < 2:
            on_event(Note(f"backend {backend.name}: {backend.why}"))
            yield backend
            return
        workers = workers or len(gpus)
    name = backend if isinstance(backend, str) else backend.name
    with open_scheduler(where.scheduler, workers, gpus) as scheduler:
        ((_, (name, device_type, why)),) = scheduler.run(describe_backend, [name])
        count = scheduler.workers
        on_event(Note(f"scheduler {where.scheduler}: {count} worker{'s' if count > 1 else ''}"))
        on_event(Note(f"backend {name}: {why}"))
        yield Workers(scheduler, name, device_type)


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, each as the value of CUDA_VISIBLE_DEVICES that selects only it."""
    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(i) for i in range(count)]


def describe_backend(name: str) -> tuple[str, str, str]:
    """Return (name, type of device, why picked) of `pick_backend(name)` in this process. Raises what that raises."""
    backend = pick_backend(name)
    return backend.name, backend.device.type, backend.why


def plan_workers(
    jobs: Sequence[Job],
    workers: Workers,
    piece: TrainPiece,
    take: Callable[[Path], list[CellResult]],
    observer: ProgressObserver,
) -> Plan:
    """Return the plan to train the cells of `jobs` on workers; `take` reads the results that a worker stored.

    `piece` is the template of all pieces: its paths are made absolute and its indices replaced. Workers read `source`
    and write to the journal of `output`, so they must see both under the same paths.
    """
    source, output = (Path(os.path.abspath(path)) for path in (piece.source, piece.output))
    run = dataclasses.replace(piece.run, log_to=os.path.abspath(piece.run.log_folder(piece.output)))
    pieces = [
        dataclasses.replace(
            piece,
            source=source,
            output=output,
            run=run,
            indices=tuple(job.index for job in part),
            budgets=tuple(job.budget for job in part),
        )
        for part in plan_pieces(jobs, piece.config, workers.scheduler.workers, workers.device_type)
    ]

    def keep(files: Sequence[Path]) -> list[CellResult]:
        results = [result for file in files for result in take(file)]
        observer.ended_elsewhere(results)
        return results

    return Plan(workers.scheduler, train_piece, pieces, keep)


def train_piece(piece: TrainPiece) -> Path:
    """Train the cells of a piece in this process, and return the file of the journal that holds the results."""
    folder = paths.journal_path(piece.output) / piece.digest
    part = part_path(folder, piece.indices)
    if part.exists():  # an earlier worker died after it had written all results
        return part
    backend, run, cancelled = _backend(piece.backend), piece.run, threading.Event()
    observer = ProgressObserver(cancelled, log_of(run.log, run.log_folder(piece.output), backend), run.log_every)
    checkpoint_of = functools.partial(Checkpoint.of_batch, folder, piece.digest, run.checkpoint_every)
    context = TrainContext(piece.config, backend, observer, checkpoint_of, cancelled)

    def append(results: Sequence[CellResult]) -> None:
        by_index = {result.index: result for result in results}
        append_beside(piece.output, piece.digest, [by_index[i] for i in piece.indices])

    plan = plan_threads(jobs_of(Universe.open(piece.source), piece.indices, piece.budgets), context, append)
    plan.keep([trained for _, trained in plan.scheduler.run(plan.work, plan.pieces)])
    return part


def jobs_of(universe: Universe, indices: Sequence[int], budgets: Sequence[int]) -> list[Job]:
    """Return the jobs of the cells with these `indices` and `budgets`; from M on they are those of the levels."""
    count, stars = len(universe), np.r_[np.diff(universe.offsets), universe.levels.below].tolist()

    def load(i: int) -> Cell:
        return universe.cell(i) if i < count else StandingCell.read(universe, i - count)

    return [Job(i, stars[i], k, functools.partial(load, i)) for i, k in zip(indices, budgets)]


_backend = functools.cache(pick_backend)
"""`pick_backend`, cached per process, as a GPU is tried by rendering a test splat."""
