"""The training of one batch of cells of equal padded size, from scenes and starts to measured results."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from helios.rendering.backend import Backend
from helios.splats import Cell, CellResult, Splats
from helios.threads import map_threads
from helios.training.config import TrainConfig
from helios.training.optim.optimise import Optimisation
from helios.training.registries import STARTS
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.evaluate import evaluate
from helios.training.run.outcome import result_of, settle
from helios.training.scene import Scene

_RETRY_RATE = 0.1
"""Share of the learning rate at which cells that ended no better than they began are trained once more."""

_HOPE_EVERY = 100
"""Steps between checks for a finite loss: a batch without any is given up."""


@dataclass(frozen=True)
class StepsMade:
    """Progress of a batch in training: steps made so far, and the loss [B], on the device, before the last of them.

    `scenes` are those of the batch; in a second attempt these are only the cells that need it.
    """

    steps: int
    losses: Tensor
    scenes: Sequence[Scene]
    optimisation: Optimisation


Observer = Callable[[StepsMade], None]
"""Called after every step of a batch in the thread that trains it. On the CPU, where each cell is a batch, several
threads call it. An exception that it raises ends the training."""


def train_batch(
    cells: Sequence[Cell], config: TrainConfig, backend: Backend, observer: Observer | None = None
) -> list[CellResult]:
    """Train `cells`, and return one result per cell, in order; their `index` is the position in `cells`.

    On a GPU, the cells' budgets must have the same padded size (`slots_for`), and either all or none may have as many
    splats as emitters; such cells keep their exact stars and are only measured. A cell's result does not depend on the
    other cells of the batch. On the CPU each thread trains one cell at a time.
    """
    if backend.device.type == "cpu":
        return map_threads(lambda cell: train_scenes([Scene.of(cell, config)], config, backend, observer)[0], cells)
    return train_scenes(map_threads(lambda cell: Scene.of(cell, config), cells), config, backend, observer)


def start_of(scene: Scene, config: TrainConfig) -> tuple[Splats, int]:
    """Return the splats from which a cell's training starts, and how many of the first of them stay unchanged.

    A cell with a given start, as those of the levels have, takes it whatever start is set.
    """
    given = scene.cell.given_start
    if given is not None:
        return given, 0
    return STARTS.make("mixture" if scene.exact else config.start)(scene, scene.budget)


def train_scenes(
    scenes: Sequence[Scene],
    config: TrainConfig,
    backend: Backend,
    observer: Observer | None = None,
    checkpoint: Checkpoint | None = None,
    begun: Sequence[tuple[Splats, int]] | None = None,
) -> list[CellResult]:
    """Train cells as `train_batch` does, given their `scenes` and, optionally in `begun`, their starts (`start_of`).

    Training resumes from `checkpoint`, if there is a file, and writes to it.
    """
    begun = begun or [start_of(scene, config) for scene in scenes]
    starts, kept = [splats for splats, _ in begun], [stars for _, stars in begun]
    if all(scene.exact for scene in scenes):
        config = dataclasses.replace(config, iterations=0)
    run, first = _optimise(scenes, starts, kept, config, backend, observer, checkpoint)
    measured = evaluate(starts, scenes)
    fits = settle(run, scenes, starts, measured, first)
    again = [i for i, fit in enumerate(fits) if not fit.last < fit.first]
    if again and config.iterations:
        slower = dataclasses.replace(config, learning_rate=_RETRY_RATE * config.learning_rate)
        few, few_starts = [scenes[i] for i in again], [starts[i] for i in again]
        few_kept, few_measured = [kept[i] for i in again], [measured[i] for i in again]
        run, first = _optimise(few, few_starts, few_kept, slower, backend, observer, checkpoint and checkpoint.slower())
        for i, fit in zip(again, settle(run, few, few_starts, few_measured, first)):
            fits[i] = fit
    return [result_of(i, *cell) for i, cell in enumerate(zip(scenes, measured, fits))]


def _optimise(scenes, starts, kept, config, backend, observer, checkpoint) -> tuple[Optimisation, list[float]]:
    """Return the optimisation of a batch at its end, and the losses before it."""
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
    return run, first
