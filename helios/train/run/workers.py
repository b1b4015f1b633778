"""Training on workers: each trains pieces of a run, and puts what comes out into the journal itself."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from helios.progress import Note, OnEvent
from helios.render import pick_backend
from helios.render.backend import Backend
from helios.schedulers import Scheduler, open_scheduler
from helios.schedulers.config import SchedulerConfig
from helios.splats import CellResult
from helios.train.config import TrainConfig
from helios.train.run.batches import Job, plan_pieces
from helios.train.run.checkpoint import Checkpoint
from helios.train.run.logs import log_of
from helios.train.run.observer import ProgressObserver
from helios.train.run.run_config import RunConfig
from helios.train.run.this_process import Plan, TrainContext, plan_threads
from helios.universe import Universe, paths
from helios.universe.journal import append_beside, part_path


@dataclass(frozen=True)
class Workers:
    """Workers that train: their `scheduler`, and the `name` of the rasteriser that they pick and its device's type."""

    scheduler: Scheduler
    name: str
    device_type: str


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


@contextlib.contextmanager
def open_workers(backend: str | Backend, where: SchedulerConfig, on_event: OnEvent) -> Iterator[Backend | Workers]:
    """Who trains: this process with a backend, or, if `where` asks for it or there are several GPUs, workers.

    Workers are gone when the block ends. Notes tell of the workers and of the backend. Raises what `pick_backend` and
    `open_scheduler` do.
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
    """The GPUs that this process may use, each as a value of CUDA_VISIBLE_DEVICES for one that may use only it."""
    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(i) for i in range(count)]


def describe_backend(name: str) -> tuple[str, str, str]:
    """Name, type of device (cpu, cuda) and why of what `pick_backend(name)` gives here. Raises what that raises."""
    backend = pick_backend(name)
    return backend.name, backend.device.type, backend.why


def plan_workers(
    jobs: Sequence[Job],
    workers: Workers,
    piece: TrainPiece,
    take: Callable[[Path], list[CellResult]],
    observer: ProgressObserver,
) -> Plan:
    """How the cells of `jobs` are trained on workers; `take` reads the results that one of them put on disk.

    `piece` says how, its paths and its indices aside: the workers read its `source` and write beside its `output`,
    which lie where they see them under the same path.
    """
    source, output = (Path(os.path.abspath(path)) for path in (piece.source, piece.output))
    run = dataclasses.replace(piece.run, log_to=os.path.abspath(piece.run.log_folder(piece.output)))
    pieces = [
        dataclasses.replace(piece, source=source, output=output, run=run, indices=tuple(job.index for job in part))
        for part in plan_pieces(jobs, piece.config, workers.scheduler.workers, workers.device_type)
    ]

    def keep(files: Sequence[Path]) -> list[CellResult]:
        results = [result for file in files for result in take(file)]
        observer.ended_elsewhere(results)
        return results

    return Plan(workers.scheduler, train_piece, pieces, keep)


def train_piece(piece: TrainPiece) -> Path:
    """Train the cells of a piece in this process; returns the file of the journal that holds what came out."""
    folder = paths.journal_path(piece.output) / piece.digest
    part = part_path(folder, piece.indices)
    if part.exists():  # the worker before this one died after all was done
        return part
    backend, run, cancelled = _backend(piece.backend), piece.run, threading.Event()
    observer = ProgressObserver(cancelled, log_of(run.log, run.log_folder(piece.output), backend), run.log_every)
    checkpoint_of = functools.partial(Checkpoint.of_batch, folder, piece.digest, run.checkpoint_every)
    context = TrainContext(piece.config, backend, observer, checkpoint_of, cancelled)

    def append(results: Sequence[CellResult]) -> None:
        by_index = {result.index: result for result in results}
        append_beside(piece.output, piece.digest, [by_index[i] for i in piece.indices])

    plan = plan_threads(jobs_of(Universe.open(piece.source), piece.indices, piece.config), context, append)
    plan.keep([trained for _, trained in plan.scheduler.run(plan.work, plan.pieces)])
    return part


def jobs_of(universe: Universe, indices: Sequence[int], config: TrainConfig) -> list[Job]:
    """The cells of these indices as jobs."""
    stars = (universe.offsets[1:] - universe.offsets[:-1]).tolist()
    return [Job(i, stars[i], config.splat_count(stars[i]), functools.partial(universe.cell, i)) for i in indices]


_backend = functools.cache(pick_backend)
"""One per process: a GPU's is tried with a test splat."""
