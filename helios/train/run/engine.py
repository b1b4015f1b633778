"""The training of one batch of cells of like size: scenes, starts, steps, and what came of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from helios.render.backend import Backend
from helios.render.threads import map_threads
from helios.splats import Cell, CellResult, Splats
from helios.train.config import TrainConfig
from helios.train.optim.optimise import Optimisation
from helios.train.registries import STARTS
from helios.train.run.checkpoint import Checkpoint
from helios.train.run.evaluate import evaluate
from helios.train.scene import Scene
from helios.train.starts.mixture import brightest, point_splats

_RETRY_RATE = 0.1
"""A cell that a full rate leaves no better than it began is trained once more at this share of it."""

_HOPE_EVERY = 100
"""Steps after which a batch is given up that has no finite loss left."""


@dataclass(frozen=True)
class StepsMade:
    """Progress of a batch in training: steps made so far and the loss [B], on the device, before the last of them.

    `scenes` are those of the batch: of a second attempt, only the cells that need it.
    """

    steps: int
    losses: Tensor
    scenes: Sequence[Scene]
    optimisation: Optimisation


Observer = Callable[[StepsMade], None]
"""Called after every step of a batch, on the thread that trains it: on the CPU, where each cell is a batch of its own,
from several threads. What it raises ends the training."""


def train_batch(
    cells: Sequence[Cell], config: TrainConfig, backend: Backend, observer: Observer | None = None
) -> list[CellResult]:
    """Return one result per cell, in order, which is also their `index`.

    The cells' budgets must have the same padded size (`slots_for`), and either all or none have as many splats as
    emitters: those keep their exact stars and are only measured. A cell's result does not depend on which cells
    are trained beside it. On the CPU each thread trains cells of its own.
    """
    if backend.device.type == "cpu":
        return map_threads(lambda cell: train_scenes([Scene.of(cell, config)], config, backend, observer)[0], cells)
    return train_scenes(map_threads(lambda cell: Scene.of(cell, config), cells), config, backend, observer)


def start_of(scene: Scene, config: TrainConfig) -> tuple[Splats, int]:
    """Return what a cell's training starts from, and how many of these splats, the first, are left as they are."""
    return STARTS.make("mixture" if scene.exact else config.start)(scene, scene.budget)


def train_scenes(
    scenes: Sequence[Scene],
    config: TrainConfig,
    backend: Backend,
    observer: Observer | None = None,
    checkpoint: Checkpoint | None = None,
    begun: Sequence[tuple[Splats, int]] | None = None,
) -> list[CellResult]:
    """As `train_batch`, of cells whose scenes are ready, and whose starts (see `start_of`) may be in `begun`.

    Where there is a `checkpoint` of this batch, training goes on from there.
    """
    begun = begun or [start_of(scene, config) for scene in scenes]
    starts, kept = [splats for splats, _ in begun], [stars for _, stars in begun]
    if all(scene.exact for scene in scenes):
        config = dataclasses.replace(config, iterations=0)
    trained, losses = _optimise(scenes, starts, kept, config, backend, observer, checkpoint)
    again = [i for i, (first, last) in enumerate(losses) if not last < first]
    if again and config.iterations:
        slower = dataclasses.replace(config, learning_rate=_RETRY_RATE * config.learning_rate)
        scenes_again, starts_again, kept_again = ([of[i] for i in again] for of in (scenes, starts, kept))
        ends, values = _optimise(
            scenes_again, starts_again, kept_again, slower, backend, observer, checkpoint and checkpoint.slower()
        )
        for i, end, value in zip(again, ends, values):
            trained[i], losses[i] = end, value
    return _judge(scenes, starts, trained, losses, backend)


def _optimise(
    scenes, starts, kept, config, backend, observer, checkpoint
) -> tuple[list[Splats], list[tuple[float, float]]]:
    run = Optimisation(scenes, starts, kept, config, backend)
    first = run.objective.losses().tolist()
    if checkpoint and config.iterations:
        checkpoint.resume(run)
    while run.step < config.iterations:
        losses = run.advance()
        if checkpoint:
            checkpoint.note(run)
        if observer:
            observer(StepsMade(run.step, losses, scenes, run))
        if run.step % _HOPE_EVERY == 0 and not torch.isfinite(losses).any():
            break
    splats = run.model.splats()
    # A splat with a NaN in it may draw nothing, and the loss not show it.
    last = [loss if _finite(s) else np.nan for s, loss in zip(splats, run.objective.losses().tolist())]
    return splats, list(zip(first, last))


def _finite(splats: Splats) -> bool:
    return all(np.isfinite(getattr(splats, field.name)).all() for field in dataclasses.fields(splats))


def _judge(scenes, starts, trained, losses, backend) -> list[CellResult]:
    """The results of cells that went from `starts` to `trained`: the better of the two, measured."""
    better = [last < first for first, last in losses]
    ends = [end if won else start for end, start, won in zip(trained, starts, better)]
    rivals = []
    for scene, end in zip(scenes, ends):
        stars = scene.cell.emitters
        rivals.append(point_splats(stars, scene.cell.radius, brightest(stars, len(end))))
    measured = [
        evaluate(name, candidates, scenes, backend)
        for name, candidates in (("trained", ends), ("start", starts), ("brightest", rivals))
    ]
    results = []
    for i, (scene, end, (first, last)) in enumerate(zip(scenes, ends, losses)):
        metrics = {"first_loss": first, "last_loss": last if better[i] else first}
        metrics |= {name: value for values in measured for name, value in values[i].items()}
        outcome = "trained" if better[i] else "start" if np.isfinite(last) else "diverged"
        if scene.exact:
            outcome = "exact"
        results.append(CellResult(i, scene.frame.leave(end), metrics, outcome))
    return results
