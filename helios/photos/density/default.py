"""`default`: adaptive density control by the gradients of projected centres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from helios.photos.density import Changes
from helios.photos.density.options import DefaultOptions
from helios.photos.density.rounds import normal
from helios.photos.density.shapes import rotated
from helios.photos.table import SplatTable
from helios.rendering.opaque import Drawn

_SHRINK = 1.6
"""By how much the two parts of a splat are smaller than it: phi of section 5.2 of 3DGS."""


@dataclass(frozen=True)
class Default(DefaultOptions):
    """Clones small splats whose projected centres the loss pulls at, splits large ones, prunes what is faint or huge.

    Section 5.2 of 3DGS (Kerbl et al. 2023, https://arxiv.org/abs/2308.04079), with gsplat's options and order of rows.
    The rows that a round adds are those of the strongest pull for which there is room under the cap. Every
    `reset_every` steps no opacity is left above twice `prune_opa`.
    """

    def begin(self, table: SplatTable, scene_scale: float) -> dict[str, Any]:
        self.check_cap(table, self.max_gaussians)
        sums = {name: torch.zeros(len(table), device=table.device) for name in ("grad2d", "count", "radii")}
        return {"scene_scale": float(scene_scale), **sums}

    @torch.no_grad()
    def after_backward(self, table: SplatTable, state: dict[str, Any], step: int, drawn: Drawn, rng: Generator) -> None:
        if step >= self.refine_stop_iter:
            return
        grads: Tensor = drawn.means2d.absgrad if self.absgrad else drawn.means2d.grad  # type: ignore
        views, height, width = drawn.images.shape[:3]
        half = torch.tensor([width, height], dtype=grads.dtype, device=grads.device) * (0.5 * views)
        for pull, radii in zip((grads * half).square().sum(-1).sqrt(), drawn.radii):
            seen = (radii > 0).all(dim=-1)
            state["grad2d"] += torch.where(seen, pull, 0.0)
            state["count"] += seen
            size = radii.amax(dim=-1) / float(max(width, height))
            state["radii"] = torch.where(seen, torch.maximum(state["radii"], size), state["radii"])

    @torch.no_grad()
    def after_step(
        self, table: SplatTable, state: dict[str, Any], step: int, means_lr: float, rng: Generator
    ) -> Changes:
        if step >= self.refine_stop_iter:
            return Changes()
        changes = Changes()
        if self.due(step) and step % self.reset_every >= self.pause_refine_after_reset:
            changes = self._round(table, state, step, rng)
            for name in ("grad2d", "count", "radii"):
                state[name] = torch.zeros(len(table), device=table.device)
        if step > 0 and step % self.reset_every == 0:
            highest = torch.logit(torch.tensor(min(2.0 * self.prune_opa, 1.0 - 1e-6))).item()
            everywhere = torch.arange(len(table), device=table.device)
            table.write(everywhere, {"opacities": table.params["opacities"].clamp(max=highest)})
        return changes

    def _round(self, table: SplatTable, state: dict[str, Any], step: int, rng: Generator) -> Changes:
        """Clone, split and prune: what stays keeps its order, then come the clones, then the parts."""
        scene_scale, before = state["scene_scale"], len(table)
        size = table.params["scales"].amax(dim=-1).exp() / scene_scale
        opacity = torch.sigmoid(table.params["opacities"])
        pull = state["grad2d"] / state["count"].clamp(min=1.0)
        cloned = (pull > self.grow_grad2d) & (size <= self.grow_scale3d)
        split = (pull > self.grow_grad2d) & (size > self.grow_scale3d)
        by_radius = step < self.refine_scale2d_stop_iter
        if by_radius:
            split |= state["radii"] > self.grow_scale2d
        strength, halve = self._needles(table, pull / self.grow_grad2d if self.grow_grad2d else pull)
        cloned, split = cloned & ~halve, split | halve

        huge = (state["radii"] > self.prune_scale2d) if by_radius else torch.zeros_like(split)
        old_enough = step > self.reset_every
        doomed = (opacity < self.prune_opa) | (old_enough & (huge | (size > self.prune_scale3d)))
        part = 1.0 - (1.0 - opacity).sqrt() if self.revised_opacity else opacity
        doomed_parts = (part < self.prune_opa) | (old_enough & (huge | (size / _SHRINK > self.prune_scale3d)))

        gone = torch.where(split, doomed_parts, doomed)
        cloned, split = cloned & ~doomed, split & ~doomed_parts
        room = self.max_gaussians - before + int(gone.sum())
        chosen = _strongest(strength, cloned.long() + split.long(), room)
        cloned, split = cloned & chosen, split & chosen
        parts = self._parts(table.rows(split & ~halve), rng)
        halves = self._halves(table.rows(split & halve))
        table.keep(~split & ~gone & ~doomed, table.rows(cloned), parts, halves)
        added = int(cloned.sum() + split.sum())
        return Changes(added, before + added - len(table))

    def _needles(self, table: SplatTable, strength: Tensor) -> tuple[Tensor, Tensor]:
        """Return the order [N] in which rows are served, and which of them [N] are halved whatever their gradient."""
        return strength, torch.zeros(len(table), dtype=torch.bool, device=table.device)

    def _halves(self, rows: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return what [2 M, ...] comes of the `rows` [M, ...] that `_needles` chose."""
        return rows

    def _parts(self, rows: dict[str, Tensor], rng: Generator) -> dict[str, Tensor]:
        """Return the two parts [2 M, ...] of each of `rows` [M, ...], drawn from it as from a distribution."""
        scales = rows["scales"].exp()
        offsets = rotated(rows["quats"], scales * normal((2, *scales.shape), scales, rng))
        parts = {name: torch.cat([column, column]) for name, column in rows.items()}
        parts["means"] = (rows["means"] + offsets).reshape(-1, 3)
        parts["scales"] = torch.log(scales / _SHRINK).repeat(2, 1)
        if self.revised_opacity:
            opacity = 1.0 - (1.0 - torch.sigmoid(rows["opacities"])).sqrt()
            parts["opacities"] = torch.logit(opacity, eps=1e-6).repeat(2)
        return parts


def _strongest(strength: Tensor, cost: Tensor, room: int) -> Tensor:
    """Return which rows [N] of a `cost` [N] > 0 there is `room` for, the strongest first; of equals, the first."""
    wanted = torch.nonzero(cost)[:, 0]
    order = wanted[torch.argsort(strength[wanted], descending=True, stable=True)]
    chosen = torch.zeros(len(cost), dtype=torch.bool, device=cost.device)
    chosen[order[cost[order].cumsum(0) <= room]] = True
    return chosen
