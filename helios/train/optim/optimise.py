"""The steps of training a batch of cells, and the state from which they can go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from helios.render.backend import Backend
from helios.splats import Splats
from helios.train.config import TrainConfig
from helios.train.optim.adam import Adam
from helios.train.optim.model import Model, slots_for
from helios.train.optim.objective import objective_for
from helios.train.registries import STRATEGIES
from helios.train.scene import Scene
from helios.train.strategies import Batch, Strategy

_FINAL_RATE = 0.05
"""The learning rate falls along half a cosine to this share of itself."""


class Optimisation:
    """A batch of cells on its way from `starts` to what they are trained to.

    `scenes`, `starts` and `kept` (how many of each start's first splats are left alone) go together; the starts must
    have budgets of one padded size. `step` counts the steps made.
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
        self.objective = objective_for(self.model, scenes, config, backend)
        self.adam = Adam(self.model, config.learning_rate)
        strategy: Strategy = STRATEGIES.make(config.strategy)
        self.density = strategy.begin(Batch(self.model, self.adam, scenes, config, backend))
        views = len(scenes[0].views)
        rows = [_schedule(np.random.default_rng(seed), views, config) for seed in seeds]
        self._schedule = np.stack(rows, axis=1)

    def advance(self) -> Tensor:
        """Make one step; returns the loss [B] before it."""
        loss, grad = self.objective.gradient(self._schedule[self.step])
        self.density.observe(grad)
        self.adam.step(grad, self.rate_share())
        self.step += 1
        self.density.act(self.step)
        return loss

    def state(self) -> dict[str, Any]:
        """Everything that the next steps depend on, as tensors and numbers: what a checkpoint holds."""
        model, adam = self.model, self.adam
        names = ("params", "anchors", "strides", "mask", "kept")
        tensors = {name: getattr(model, name).detach().clone() for name in names}
        moments = {"exp_avg": adam.exp_avg.clone(), "exp_avg_sq": adam.exp_avg_sq.clone(), "steps": adam.steps}
        return {"step": self.step, "model": tensors, "adam": moments, "strategy": self.density.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`, taken from an optimisation of the same scenes and settings."""
        self.step = state["step"]
        for name, tensor in state["model"].items():
            getattr(self.model, name).copy_(tensor)
        self.adam.exp_avg.copy_(state["adam"]["exp_avg"])
        self.adam.exp_avg_sq.copy_(state["adam"]["exp_avg_sq"])
        self.adam.steps = state["adam"]["steps"]
        self.density.restore(state["strategy"])

    def rate_share(self) -> float:
        """What the next step takes of the learning rate."""
        done = self.step / max(self.config.iterations, 1)
        return _FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + np.cos(np.pi * done))


def _schedule(rng: np.random.Generator, views: int, config: TrainConfig) -> np.ndarray:
    """Return int64 [iterations, views_per_iter]: the training views in shuffled rounds, each seen equally often."""
    needed = config.iterations * config.views_per_iter
    rounds = [rng.permutation(views) for _ in range(-(-needed // views))] or [np.empty(0, np.int64)]
    return np.concatenate(rounds)[:needed].reshape(config.iterations, config.views_per_iter)
