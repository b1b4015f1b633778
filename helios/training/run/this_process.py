"""Training of cells in this process, in batches and threads that suit the device."""

from __future__ import annotations

import copy
import dataclasses
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from helios.errors import BackendError
from helios.rendering.backend import Backend
from helios.schedulers.scheduler import Scheduler
from helios.schedulers.threads import ThreadScheduler
from helios.splats import CellResult, Splats
from helios.threads import map_threads, thread_count
from helios.training.config import TrainConfig
from helios.training.run.batches import Job, by_cost, cells_at_once, plan_batches
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.engine import start_of, train_scenes
from helios.training.run.events import BatchHalved
from helios.training.run.observer import Cancelled, ProgressObserver
from helios.training.scene import Scene

_DEVICE_ERRORS = ("CUDA error", "CUDA driver error", "Triton Error [CUDA]")
"""Messages of device errors from extensions that do not raise torch.AcceleratorError."""

Prepared = tuple[Scene, tuple[Splats, int]]
"""A cell ready for training: its scene and the result of `start_of`."""


@dataclass(frozen=True)
class Plan:
    """A plan of training: `scheduler` runs `work` on each of `pieces`.

    `keep` takes the outcomes of some pieces, stores the results they hold on disk, and returns these results.
    """

    scheduler: Scheduler
    work: Callable[[Any], Any]
    pieces: Sequence[Any]
    keep: Callable[[Sequence[Any]], list[CellResult]]


@dataclass(frozen=True)
class TrainContext:
    """What the training of every batch of a run needs; `checkpoint_of` maps a batch's indices to its checkpoint.

    Training ends early, between two steps, once `cancelled` is set.
    """

    config: TrainConfig
    backend: Backend
    observer: ProgressObserver
    checkpoint_of: Callable[[Sequence[int]], Checkpoint]
    cancelled: threading.Event


@dataclass(frozen=True)
class Trained:
    """Results of a batch's cells, and their `checkpoints`, to be removed once the results are stored."""

    results: list[CellResult]
    checkpoints: list[Checkpoint]


def plan_threads(jobs: Sequence[Job], context: TrainContext, append: Callable[[Sequence[CellResult]], None]) -> Plan:
    """Return the plan to train the cells of `jobs` in threads of this process; `append` stores results on disk.

    The work raises BackendError if the device fails or has too little memory for a single cell.
    """

    def keep(batches: Sequence[Trained]) -> list[CellResult]:
        results = [result for batch in batches for result in batch.results]
        append(results)
        for checkpoint in (checkpoint for batch in batches for checkpoint in batch.checkpoints):
            checkpoint.remove()
        return results

    return Plan(*_PLANS.get(context.backend.device.type, batch_by_batch)(jobs, context), keep)


def cell_by_cell(jobs: Sequence[Job], context: TrainContext) -> tuple[Scheduler, Callable, list]:
    """Return scheduler, work and pieces for a CPU: each thread trains one cell after another, waiting for no other."""
    trainer, threads = BatchTrainer(context), cells_at_once(context.config, thread_count())

    def work(batch: Sequence[Job]) -> Trained:
        return trainer.train(batch, trainer.prepare(batch))

    return ThreadScheduler(threads, context.cancelled), work, [[job] for job in by_cost(jobs)]


def batch_by_batch(jobs: Sequence[Job], context: TrainContext) -> tuple[Scheduler, Callable, list]:
    """Return scheduler, work and pieces for a GPU: it trains a batch while the CPU prepares the next."""
    trainer = BatchTrainer(context)
    batches = plan_batches(jobs, context.config, context.backend.device)
    return ThreadScheduler(1, context.cancelled, trainer.prepare), trainer.train, batches


_PLANS = {"cpu": cell_by_cell}
"""What gives scheduler, work and pieces for a type of device; `batch_by_batch` for every other."""


class BatchTrainer:
    """Trains batches of cells, in parts if the device has too little memory for a whole one."""

    def __init__(self, context: TrainContext):
        self._context = context
        self._most_cells = sys.maxsize

    def prepare(self, batch: Sequence[Job]) -> list[Prepared]:
        """Return the scenes and starts of a batch, read and rendered by the CPU. Raises Cancelled."""
        return map_threads(self._prepare_cell, batch)

    def train(self, batch: Sequence[Job], prepared: Sequence[Prepared]) -> Trained:
        """Train a batch, given the result of `prepare`. If it does not fit in memory, its halves are trained.

        No later part is larger than the halves. Raises BackendError if the device fails or cannot hold one cell.
        """
        trained, first = Trained([], []), 0
        while first < len(batch):
            part = slice(first, first + self._most_cells)
            try:
                results = self._train_part(batch[part], prepared[part], trained)
            except RuntimeError as error:
                if isinstance(error, torch.AcceleratorError) or any(w in str(error) for w in _DEVICE_ERRORS):
                    raise self._failed(error) from error
                raise
            if results is not None:
                trained.results.extend(results)
                first += len(results)
            elif len(batch[part]) > 1:
                self._most_cells = (len(batch[part]) + 1) // 2
                text = f"out of memory: going on with at most {self._most_cells} cells at a time"
                self._context.observer.note(BatchHalved(text, self._most_cells))
            else:
                raise BackendError(
                    f"{self._context.backend.device} has too little memory for one cell; a smaller --image-size or "
                    "--views-per-iter takes less, --backend numba takes this machine's"
                )
        return trained

    def _prepare_cell(self, job: Job) -> Prepared:
        if self._context.cancelled.is_set():
            raise Cancelled
        scene = Scene.of(job.load(), self._context.config, job.budget)
        return scene, start_of(scene, self._context.config)

    def _train_part(self, part: Sequence[Job], prepared: Sequence[Prepared], trained: Trained) -> list | None:
        """Return the results of a part of a batch, or None if memory runs out; add its checkpoint to `trained`."""
        context = self._context
        # A second try, in halves, must draw the same random numbers as this one.
        scenes = [dataclasses.replace(scene, rng=copy.deepcopy(scene.rng)) for scene, _ in prepared]
        begun = [start for _, start in prepared]
        checkpoint = context.checkpoint_of([job.index for job in part])
        trained.checkpoints.append(checkpoint)
        try:
            results = train_scenes(scenes, context.config, context.backend, context.observer, checkpoint, begun)
        except RuntimeError as error:
            # Not every extension raises torch.OutOfMemoryError, but all use the same words.
            if "out of memory" not in str(error):
                raise
            results = None
        if results is None:  # only here have the frames ended that hold the batch's tensors
            if context.backend.device.type == "cuda":
                torch.cuda.empty_cache()
            return None
        for scene, result in zip(scenes, results):
            context.observer.ended(scene, result)
        return [dataclasses.replace(result, index=job.index) for job, result in zip(part, results)]

    def _failed(self, error: RuntimeError) -> BackendError:
        return BackendError(
            f"{self._context.backend.device} failed: {str(error).partition(chr(10))[0]}; what is trained is kept, the "
            "same command goes on from there"
        )
