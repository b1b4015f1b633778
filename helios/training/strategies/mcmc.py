"""`mcmc`: faint splats are relocated to bright ones, and noise is added, as in 3DGS as Markov Chain Monte Carlo."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from helios.options import option
from helios.training.optim.adam import RATES
from helios.training.optim.model import COLUMNS
from helios.training.strategies import Batch
from helios.training.strategies.merge_costs import MergeCosts
from helios.training.strategies.rounds import Pruning, Rounds, direction
from helios.training.strategies.slots import FILTER_SIGMA, Slots, open_cells

GROWTH = 0.05
"""Splats that a round adds, as a share of those there are, as in the paper."""

_SHARPNESS = 100.0
"""Splats whose peak exceeds the threshold by more than about 1 / _SHARPNESS get no noise, as in the paper."""

_SURELY = 80.0
"""Largest exponent of the gate's sigmoid: beyond it the gate is 0 for all purposes, and exp might overflow."""

_BLOCK = 64
"""Number of steps whose noise is drawn at once."""


@dataclass(frozen=True)
class MCMC(Pruning):
    """Relocation and noise (Kheradmand et al. 2024, https://arxiv.org/abs/2404.09591) for splats that hold flux.

    Every round prunes faint splats (`Rounds.prune`) and splits as many living ones, and GROWTH more, drawn with
    probabilities proportional to their light. At the cap, slots are freed by the mergers that change the images least
    (`MergeCosts`): fluxes are trained as logarithms, so hardly any splat ever fades away by itself. The paper puts
    copies in one place, with opacities that preserve that of the original. Here light is additive, so two halves in
    one place would look the same as the whole and nothing would separate them; they are placed one standard deviation
    to either side instead.

    After every step, noise moves each splat that was transparent at the last round, judged by its peak at
    REFERENCE_RADII. Its standard deviation, in units of the splat's size, is `noise_lr` times the learning rate of
    positions, and falls linearly to 0 at the last step.
    """

    noise_lr: float = option(
        1.0, "Noise on the positions of transparent splats, in units of their learning rate.", (0.0, 1e6)
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
            if not len(alive):
                break
            source = int(rng.choice(alive, p=light / light.sum()))
            into = costs.make_room(source)
            if into is None:
                break
            slots.split(source, into, direction(rng))
            costs.close(source)

    def state(self) -> dict[str, Any]:
        return {"gate": self._gate.clone()}

    def restore(self, state: dict[str, Any]) -> None:
        self._gate.copy_(state["gate"])

    def _note_transparent(self) -> None:
        """Set the gate [B, K, 1]: nearly 1 for transparent splats, 0 for empty slots and kept stars."""
        gates = np.zeros(self._gate.shape, np.float32)
        for b, slots in open_cells(self._model, self._adam):
            if slots.sound:
                peaks = slots.light(slots.free) * self.peak_per_light[b]
                peaks /= 1.0 + (slots.sizes(slots.free) / FILTER_SIGMA) ** 2
                excess = _SHARPNESS * (peaks - self._options.prune_opacity_threshold)
                gates[b, slots.free, 0] = 1.0 / (1.0 + np.exp(np.minimum(excess, _SURELY)))
        self._gate.copy_(torch.from_numpy(gates))

    def _noise_of(self, step: int) -> torch.Tensor:
        """Return standard normal noise [B, K, 3] that depends only on each cell's seed and the step."""
        block, k = divmod(step, _BLOCK)
        if block != self._block:
            shape = (_BLOCK, *self._model.anchors.shape[1:])
            rows = [np.random.default_rng([seed, 0, block]).standard_normal(shape, np.float32) for seed in self._seeds]
            self._noise = torch.from_numpy(np.stack(rows, axis=1)).to(self._model.params.device)
            self._block = block
        return self._noise[k]
