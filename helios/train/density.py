"""Density control under a hard cap: a splat that has faded is put to use where the image still pulls hardest."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from helios.constants import EPS_PX2
from helios.train.cameras import REFERENCE_RADII, focal_px
from helios.train.config import TrainConfig
from helios.train.model import RATES, Model

_SPLIT_SHRINK = 1.6
"""A split splat's halves are this much smaller, as in 3DGS (Kerbl et al. 2023, section 5.2)."""


class Relocation:
    """Relocates faded splats of a batch every `densify_interval` steps until `densify_until`.

    `exposure` [B]; `generators` one per cell, so that batches do not matter.
    """

    def __init__(self, model: Model, exposure: Tensor, generators: Sequence[np.random.Generator], config: TrainConfig):
        self._model, self._exposure, self._config = model, exposure, config
        self._generators = [torch.Generator().manual_seed(int(rng.integers(2**62))) for rng in generators]
        self._pull = torch.zeros_like(model.log_luminosities, requires_grad=False)

    @torch.no_grad()
    def observe(self) -> None:
        """Note how the last loss pulls at each splat's position. Call it between backward and step."""
        self._pull += self._model.offsets.grad.norm(dim=-1)

    @torch.no_grad()
    def act(self, step: int, optimizer: torch.optim.Adam) -> None:
        """Relocate, where it is time to after `step` steps."""
        config = self._config
        if config.densify_interval and step % config.densify_interval == 0 and step <= config.densify_until:
            relocate(self._model, optimizer, self._pull, self._faded(), self._generators)
            self._pull.zero_()

    def _faded(self) -> Tensor:
        """The splats [B, K] that would peak below the threshold at REFERENCE_RADII if all their light were a point.

        The peak of a splat's own shape would condemn wide splats, which stand for many faint stars.
        """
        pixels = (focal_px(self._config.image_size) / REFERENCE_RADII) ** 2
        light = torch.exp(self._model.log_luminosities) * self._exposure[:, None] * pixels
        faint = light / (2.0 * torch.pi * EPS_PX2) < self._config.prune_opacity_threshold
        return faint & self._model.mask & ~self._model.kept


@torch.no_grad()
def relocate(
    model: Model, optimizer: torch.optim.Adam, pull: Tensor, faded: Tensor, generators: list[torch.Generator]
) -> int:
    """Return how many splats were moved; no light is lost and no cell's count changes.

    `pull` [B, K] is each splat's mean positional gradient since the last round, `faded` [B, K] the splats to reuse.
    A faded splat's light goes to its nearest neighbour that is no kept star; then its slot takes half of the splat with
    the strongest pull, the two halves a standard deviation apart along its longest axis. The optimiser forgets
    what it knew of both. `generators` [B] decide the sides, one per cell, so that batches do not matter.
    """
    moved = 0
    for b in torch.nonzero(faded.any(dim=1)).flatten().tolist():
        strength = torch.where(model.mask[b] & ~model.kept[b] & ~faded[b], pull[b], -1.0)
        for slot in torch.nonzero(faded[b]).flatten().tolist():
            source = int(torch.argmax(strength))
            if strength[source] <= 0:
                break
            _give_light_away(model, b, slot, faded[b])
            _split(model, b, source, slot, generators[b])
            _forget(optimizer, b, [source, slot])
            strength[source] = -1.0
            moved += 1
    return moved


def _give_light_away(model: Model, b: int, slot: int, faded: Tensor) -> None:
    distance = (model.means[b] - model.means[b, slot]).square().sum(dim=1)
    heir = int(torch.argmin(torch.where(model.mask[b] & ~model.kept[b] & ~faded, distance, torch.inf)))
    pair = model.log_luminosities[b, [heir, slot]]
    model.log_luminosities[b, heir] = torch.logsumexp(pair, dim=0)


def _split(model: Model, b: int, source: int, slot: int, generator: torch.Generator) -> None:
    model.log_luminosities[b, source] -= torch.log(torch.tensor(2.0))
    step = torch.randn(3, generator=generator).to(model.offsets.device)
    step *= model.log_scales[b, source].exp() / (step.norm() * model.strides[b, source])
    model.log_scales[b, source] -= torch.log(torch.tensor(_SPLIT_SHRINK))
    for name in (*RATES, "anchors", "strides"):
        tensor = getattr(model, name)
        tensor[b, slot] = tensor[b, source]
    model.offsets[b, source] += step
    model.offsets[b, slot] -= step


def _forget(optimizer: torch.optim.Adam, b: int, slots: list[int]) -> None:
    for group in optimizer.param_groups:
        state = optimizer.state.get(group["params"][0], {})
        for name in ("exp_avg", "exp_avg_sq"):
            if name in state:
                state[name][b, slots] = 0.0
