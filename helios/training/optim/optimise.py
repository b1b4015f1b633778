"""The steps of training a batch of cells, and the state from which they can be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from helios.rendering.backend import Backend
from helios.splats import LOSS_CURVE, Splats
from helios.training.config import TrainConfig
from helios.training.optim.adam import Adam
from helios.training.optim.held_light import hold_light
from helios.training.optim.model import Model, slots_for
from helios.training.optim.objective import objective_for
from helios.training.registries import STRATEGIES
from helios.training.scene import Scene
from helios.training.strategies import Batch, Strategy

_FINAL_RATE = 0.05
"""Share of the learning rate at the last step, to which it falls along half a cosine."""

CURVE_POINTS = len(LOSS_CURVE)


class Optimisation:
    """The training of a batch of cells from `starts`.

    `scenes`, `starts` and `kept` (how many of the first splats of each start are left unchanged) have one entry per
    cell; the cells' budgets must have the same padded size (`slots_for`). `step` counts the steps made.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        starts: Sequence[Splats],
        kept: Sequence[int],
        config: TrainConfig,
        backend: Backend,
    ):
        self.config, self.step = config, 0
        caps = [scene.budget for scene in scenes]
        seeds = [scene.rng.bit_generator.random_raw() for scene in scenes]
        self.model = Model.of(starts, slots_for(max(caps)), backend.device, kept, caps)
        self.lights = torch.tensor([scene.light for scene in scenes], dtype=torch.float64, device=backend.device)
        self._begun = [t.clone() for t in (self.model.params, *self._slots())]
        self.objective = objective_for(self.model, scenes, config, backend)
        self.adam = Adam(self.model, config.learning_rate)
        strategy: Strategy = STRATEGIES.make(config.strategy)
        self.density = strategy.begin(Batch(self.model, self.adam, scenes, config, backend))
        views = len(scenes[0].views)
        rows = [_schedule(np.random.default_rng(seed), views, config) for seed in seeds]
        self._schedule = np.stack(rows, axis=1)
        self._loss_sums = torch.zeros(CURVE_POINTS, len(scenes), dtype=torch.float64, device=backend.device)

    @property
    def last_step(self) -> int:
        """The number of steps to make in all."""
        return self.config.iterations

    def advance(self) -> Tensor:
        """Make one step, and return the loss [B] before it."""
        loss, grad = self.objective.gradient(self._schedule[self.step])
        self.density.observe(grad)
        self._loss_sums[self.step * CURVE_POINTS // self.config.iterations] += loss
        self.adam.step(grad, self.rate_share())
        self.step += 1
        self.density.act(self.step)
        hold_light(self.model.params, self.model.mask, self.model.kept, self.lights)
        return loss

    def loss_curves(self) -> NDArray[np.float64]:
        """Return the mean loss of each cell over each of CURVE_POINTS parts of the steps [B, CURVE_POINTS].

        NaN for a part of which no step is made. The loss of a step is over its own few views.
        """
        parts = np.arange(self.step) * CURVE_POINTS // max(self.config.iterations, 1)
        steps = np.bincount(parts, minlength=CURVE_POINTS).astype(np.float64)
        return self._loss_sums.T.cpu().numpy() / np.where(steps, steps, np.nan)

    def splats(self) -> list[Splats]:
        """Return the splats of each cell as they are now (`Model.splats`), with exactly the light of its stars."""
        params, mask, kept, lights = (
            t.cpu() for t in (self.model.params, self.model.mask, self.model.kept, self.lights)
        )
        hold_light(params, mask, kept, lights)
        self.model.params.copy_(params)
        return self.model.splats()

    def go_back(self, share: float) -> Tensor:
        """Move all parameters back, to `share` of the way from the start to where they are; return where that can be.

        That is bool [B]: the cells whose slots hold the splats that they held at the start.
        """
        begun, *slots = self._begun
        same = torch.stack([(a == b).flatten(1).all(dim=1) for a, b in zip(self._slots(), slots)]).all(dim=0)
        self.model.params.copy_(torch.where(same[:, None, None], begun.lerp(self.model.params, share), begun))
        return same

    def _slots(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.model.anchors, self.model.mask, self.model.kept

    def state(self) -> dict[str, Any]:
        """Return everything that the next steps depend on, as tensors and numbers, for a checkpoint."""
        model, adam = self.model, self.adam
        names = ("params", "anchors", "strides", "mask", "kept")
        tensors = {name: getattr(model, name).detach().clone() for name in names}
        moments = {"exp_avg": adam.exp_avg.clone(), "exp_avg_sq": adam.exp_avg_sq.clone(), "steps": adam.steps}
        sums = self._loss_sums.clone()
        return {"step": self.step, "model": tensors, "adam": moments, "strategy": self.density.state(), "losses": sums}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`, taken from an optimisation of the same scenes and settings."""
        self.step = state["step"]
        self._loss_sums.copy_(state["losses"])
        for name, tensor in state["model"].items():
            getattr(self.model, name).copy_(tensor)
        self.adam.exp_avg.copy_(state["adam"]["exp_avg"])
        self.adam.exp_avg_sq.copy_(state["adam"]["exp_avg_sq"])
        self.adam.steps = state["adam"]["steps"]
        self.density.restore(state["strategy"])

    def rate_share(self) -> float:
        """Return the share of the learning rate that the next step uses."""
        done = self.step / max(self.config.iterations, 1)
        return _FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + np.cos(np.pi * done))


def _schedule(rng: np.random.Generator, views: int, config: TrainConfig) -> np.ndarray:
    """Return the training views of each step, int64 [iterations, views_per_iter].

    They come in shuffled rounds, so that all views are used equally often, to within one.
    """
    needed = config.iterations * config.views_per_iter
    rounds = [rng.permutation(views) for _ in range(-(-needed // views))] or [np.empty(0, np.int64)]
    return np.concatenate(rounds)[:needed].reshape(config.iterations, config.views_per_iter)
