"""`mcmc`: faint splats move to where the light is, and wander, as in 3DGS as Markov Chain Monte Carlo."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from helios.options import option
from helios.train.optim.adam import RATES
from helios.train.optim.model import COLUMNS
from helios.train.strategies import Batch
from helios.train.strategies.merge_costs import MergeCosts
from helios.train.strategies.rounds import Pruning, Rounds, direction
from helios.train.strategies.slots import FILTER_SIGMA, Slots, open_cells

GROWTH = 0.05
"""A round adds so many splats for each there is, as in the paper."""

_SHARPNESS = 100.0
"""Noise ends where a splat's peak exceeds the threshold by more than about 1 / _SHARPNESS, as in the paper."""

_SURELY = 80.0
"""An exponent past which a gate is shut in float32."""

_BLOCK = 64
"""Steps whose noise is drawn at once."""


@dataclass(frozen=True)
class MCMC(Pruning):
    """Relocation and noise (Kheradmand et al. 2024, https://arxiv.org/abs/2404.09591) for splats that hold flux.

    Every round faint splats are dead (`Rounds.prune`); their slots, and GROWTH more, take halves of living splats,
    drawn by their light. At the cap the growth goes on in the slots of the splats that the images miss least, merged
    into their neighbours (`MergeCosts`): fluxes are trained as logarithms, so that hardly any splat ever fades away by
    itself. The paper stacks copies in one place, at the opacity that keeps that of the stack; here light adds up, so
    that parts of it show the same, and halves stand a standard deviation to either side, for in one place nothing
    would part them.

    After every step each splat that was transparent at the last round, by its peak at REFERENCE_RADII, wanders: by
    `noise_lr` times the learning rate of positions, in units of its size, falling to nothing at the last step.
    """

    noise_lr: float = option(
        1.0, "Noise on transparent splats' positions, in units of their learning rate.", (0.0, 1e6)
    )

    def begin(self, batch: Batch) -> _Control:
        return _Control(self, batch)


class _Control(Rounds):
    def __init__(self, options: MCMC, batch: Batch):
        super().__init__(batch)
        self._options, model = options, batch.model
        self._gate = torch.zeros_like(model.strides)
        self._block, self._noise = -1, torch.empty(0)
        self._note_transparent()

    @torch.no_grad()
    def act(self, step: int) -> None:
        super().act(step)
        if self._due(step):
            self._note_transparent()
        config, noise_lr = self._config, self._options.noise_lr
        if noise_lr and step < config.iterations:
            rate = noise_lr * config.learning_rate * RATES["offsets"] * (1.0 - step / config.iterations)
            self._model.params[..., COLUMNS["offsets"]] += rate * self._gate * self._noise_of(step)

    def change(self, b: int, slots: Slots, step: int) -> None:
        rng, count = self._rng(b, step), len(slots.free)
        self.prune(b, slots, self._options.prune_opacity_threshold)
        costs = MergeCosts(slots)
        for _ in range(count - len(slots.free) + math.ceil(GROWTH * count)):
            alive = costs.opened()
            light = slots.light(alive)
            source = int(rng.choice(alive, p=light / light.sum())) if len(alive) else None
            into = None if source is None else costs.make_room(source)
            if into is None:
                break
            slots.split(source, into, direction(rng))
            costs.close(source)

    def state(self) -> dict[str, Any]:
        return {"gate": self._gate.clone()}

    def restore(self, state: dict[str, Any]) -> None:
        self._gate.copy_(state["gate"])

    def _note_transparent(self) -> None:
        """Fill the gate [B, K, 1]: nearly 1 where a splat is to wander, 0 in empty slots and for kept stars."""
        gates = np.zeros(self._gate.shape, np.float32)
        for b, slots in open_cells(self._model, self._adam):
            if slots.sound:
                peaks = slots.light(slots.free) * self.peak_per_light[b]
                peaks /= 1.0 + (slots.sizes(slots.free) / FILTER_SIGMA) ** 2
                excess = _SHARPNESS * (peaks - self._options.prune_opacity_threshold)
                gates[b, slots.free, 0] = 1.0 / (1.0 + np.exp(np.minimum(excess, _SURELY)))
        self._gate.copy_(torch.from_numpy(gates))

    def _noise_of(self, step: int) -> torch.Tensor:
        """Standard normal noise [B, K, 3], of the cell's seed and the step alone."""
        block, k = divmod(step, _BLOCK)
        if block != self._block:
            shape = (_BLOCK, *self._model.anchors.shape[1:])
            rows = [np.random.default_rng([seed, 0, block]).standard_normal(shape, np.float32) for seed in self._seeds]
            self._noise = torch.from_numpy(np.stack(rows, axis=1)).to(self._model.params.device)
            self._block = block
        return self._noise[k]
