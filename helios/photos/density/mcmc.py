"""`mcmc`: faint splats move to where others are opaque, new ones join them, and noise explores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from helios.photos.density import Changes
from helios.photos.density.noise import shake
from helios.photos.density.options import MCMCOptions
from helios.photos.density.relocation import relocation
from helios.photos.density.rounds import draw_rows
from helios.photos.table import SplatTable
from helios.rendering.opaque import Drawn

_GROWTH = 1.05
"""A round adds as many splats as make this much of those there are (section 3.4 of the paper)."""


@dataclass(frozen=True)
class MCMC(MCMCOptions):
    """3DGS as Markov Chain Monte Carlo (Kheradmand et al. 2024, https://arxiv.org/abs/2404.09591), as gsplat has it.

    A round moves every splat of an opacity of at most `min_opacity` to another, drawn in proportion to opacities, then
    adds new ones in the same way up to the cap; what then stands in one place looks as what stood there before
    (`relocation`). After every step each splat is shaken by noise in its own shape, the more transparent the more.
    """

    @property
    def absgrad(self) -> bool:
        return False

    @property
    def cap(self) -> int:
        """Most rows that a table may have."""
        return min(self.max_gaussians, self.cap_max)

    def begin(self, table: SplatTable, scene_scale: float) -> dict[str, Any]:
        self.check_cap(table, self.cap)
        return {}

    def after_backward(self, table: SplatTable, state: dict[str, Any], step: int, drawn: Drawn, rng: Generator) -> None:
        """Nothing: opacities alone decide."""

    @torch.no_grad()
    def after_step(
        self, table: SplatTable, state: dict[str, Any], step: int, means_lr: float, rng: Generator
    ) -> Changes:
        changes = Changes()
        if self.due(step):
            moved = self._relocate(table, rng)
            changes = Changes(added=self._add(table, rng), moved=moved)
        if self.noise_lr:
            shake(table, means_lr * self.noise_lr, rng)
        return changes

    def _relocate(self, table: SplatTable, rng: Generator) -> int:
        opacities = torch.sigmoid(table.params["opacities"])
        dead = opacities <= self.min_opacity
        moved = torch.nonzero(dead)[:, 0]
        if 0 < len(moved) < len(table):
            sources = draw_rows(torch.where(dead, 0.0, opacities), len(moved), rng)
            self._share(table, opacities, sources)
            table.write(moved, table.rows(sources))
            return len(moved)
        return 0

    def _add(self, table: SplatTable, rng: Generator) -> int:
        count = min(self.cap, int(_GROWTH * len(table))) - len(table)
        opacities = torch.sigmoid(table.params["opacities"])
        if count > 0 and bool((opacities > 0.0).any()):
            sources = draw_rows(opacities, count, rng)
            self._share(table, opacities, sources)
            table.append(table.rows(sources))
            return count
        return 0

    def _share(self, table: SplatTable, opacities: Tensor, sources: Tensor) -> None:
        """Make each of the rows `sources`, drawn once or more, ready to stand there with as many copies of itself."""
        places, times = torch.unique(sources, return_counts=True)
        rows = table.rows(places)
        highest = 1.0 - torch.finfo(torch.float32).eps
        opacity, factor = relocation(opacities[places].clamp(max=highest), times + 1)
        rows["opacities"] = torch.logit(opacity.clamp(self.min_opacity, highest)).float()
        rows["scales"] = rows["scales"] + torch.log(factor).float()[:, None]
        table.write(places, rows)
