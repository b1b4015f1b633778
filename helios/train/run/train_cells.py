"""Trains many cells in the order and the batches that suit the device; the caller keeps what comes out."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from helios.errors import BackendError
from helios.render.backend import Backend
from helios.render.threads import map_threads, thread_count
from helios.splats import Splats
from helios.train.config import TrainConfig
from helios.train.run.batches import Job, by_cost, cells_at_once, plan_batches
from helios.train.run.checkpoint import Checkpoint
from helios.train.run.engine import CellResult, start_of, train_scenes
from helios.train.run.events import BatchHalved, Progress
from helios.train.run.observer import GivenUp, Watch
from helios.train.run.thread_pool import Halved, all_at_once, one_by_one
from helios.train.scene import Scene

_TOGETHER_S = 2.0
"""On the CPU the cells that ended in this time are one batch, to be put on disk together: what a kill loses."""

_DEVICE_ERRORS = ("CUDA error", "CUDA driver error", "Triton Error [CUDA]")
"""What is said by extensions that raise no torch.AcceleratorError."""


@dataclass(frozen=True)
class Trained:
    """Cells that are trained: (index, result) each, and their `checkpoints`, for the caller to remove."""

    results: tuple[tuple[int, CellResult], ...]
    checkpoints: tuple[Checkpoint, ...]


@dataclass(frozen=True)
class Crew:
    """What the training of every batch of a run takes: `checkpoint_of` gives the checkpoint for a batch's indices."""

    config: TrainConfig
    backend: Backend
    watch: Watch
    checkpoint_of: Callable[[Sequence[int]], Checkpoint]
    stop: Callable[[], bool]
    give_up: threading.Event


def train_cells(jobs: Sequence[Job], crew: Crew) -> Iterator[Trained | Progress | BatchHalved]:
    """Train the cells of `jobs`, yielding those that are trained and, several times a second, how far the others are.

    The threads that train end with the generator. When `crew.stop` says so, cells that have begun are finished, and
    no more are begun. Raises BackendError where the device fails or has too little memory for a single cell.
    """
    way = WAYS.get(crew.backend.device.type, batch_by_batch)
    try:
        with contextlib.closing(way(jobs, crew)) as events:
            yield from events
    except RuntimeError as error:
        if not (isinstance(error, torch.AcceleratorError) or any(words in str(error) for words in _DEVICE_ERRORS)):
            raise
        raise BackendError(
            f"{crew.backend.device} failed: {str(error).partition(chr(10))[0]}; what is trained is kept, the same "
            "command goes on from there"
        ) from error


def cell_by_cell(jobs: Sequence[Job], crew: Crew) -> Iterator[Trained | Progress]:
    """The way of a CPU: every thread trains cells of its own, the next when one is done; no thread waits for others."""

    def train(job: Job) -> tuple[CellResult, Checkpoint]:
        scene, checkpoint = Scene.of(job.load(), crew.config), crew.checkpoint_of([job.index])
        (result,) = train_scenes([scene], crew.config, crew.backend, crew.watch, checkpoint)
        crew.watch.ended(scene, result)
        return result, checkpoint

    threads = cells_at_once(crew.config, thread_count())
    ended, since = [], time.monotonic()

    def together() -> Trained:
        return Trained(
            tuple((job.index, result) for job, (result, _) in ended), tuple(checkpoint for _, (_, checkpoint) in ended)
        )

    try:
        for more in all_at_once(train, by_cost(jobs, crew.config), threads, crew.stop, crew.give_up):
            ended += more
            if ended and time.monotonic() - since > _TOGETHER_S:
                yield together()
                ended, since = [], time.monotonic()
            yield crew.watch.progress()
    except Exception:
        if ended:
            yield together()
        raise
    if ended:
        yield together()


def batch_by_batch(jobs: Sequence[Job], crew: Crew) -> Iterator[Trained | Progress | BatchHalved]:
    """The way of a GPU: batches of like cells one after the other, while the CPU prepares the next."""
    config, backend = crew.config, crew.backend

    def prepare(job: Job) -> tuple[Scene, tuple[Splats, int]]:
        if crew.give_up.is_set():
            raise GivenUp
        scene = Scene.of(job.load(), config)
        return scene, start_of(scene, config)

    def train(batch: Sequence[Job], prepared) -> tuple[list[CellResult], Checkpoint] | None:
        scenes, begun = zip(*prepared)
        # A second try, in halves, must draw the same numbers as this one.
        scenes = [dataclasses.replace(scene, rng=copy.deepcopy(scene.rng)) for scene in scenes]
        checkpoint = crew.checkpoint_of([job.index for job in batch])
        try:
            results = train_scenes(scenes, config, backend, crew.watch, checkpoint, begun)
        except RuntimeError as error:
            # Not every extension raises torch.OutOfMemoryError; all say what torch says.
            if "out of memory" not in str(error):
                raise
            results = None
        if results is None:  # only here are the frames gone that hold the batch's tensors
            if backend.device.type == "cuda":
                torch.cuda.empty_cache()
            return None
        for scene, result in zip(scenes, results):
            crew.watch.ended(scene, result)
        return results, checkpoint

    batches = plan_batches(jobs, config, backend.device)
    try:
        for event in one_by_one(lambda batch: map_threads(prepare, batch), train, batches, crew.stop, crew.give_up):
            if isinstance(event, Halved):
                yield BatchHalved(event.size)
                continue
            for batch, (results, checkpoint) in event:
                yield Trained(tuple(zip((job.index for job in batch), results)), (checkpoint,))
            yield crew.watch.progress()
    except MemoryError as error:
        raise BackendError(
            f"{backend.device} has too little memory for one cell; a smaller --image-size or --views-per-iter takes "
            "less, --backend numba takes this machine's"
        ) from error


WAYS = {"cpu": cell_by_cell}
"""How cells train on a kind of device; `batch_by_batch` on every other."""
