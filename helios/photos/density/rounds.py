"""What strategies share: when a round is due, the cap, chance that does not depend on the device or on threads."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Generator, Tensor

from helios.errors import InputError
from helios.options import option
from helios.photos.table import SplatTable

S = TypeVar("S", bound="Rounds")

STEPS = (0, 1_000_000_000)
"""Limits of every option that is a number of steps."""


@dataclass(frozen=True)
class Rounds:
    """Options of all strategies: rounds take place between two steps, at every multiple of a third number."""

    max_gaussians: int

    refine_start_iter: int = option(500, "No round up to this step.", STEPS, unit="steps")
    refine_stop_iter: int = option(15_000, "No round from this step on.", STEPS, unit="steps")
    refine_every: int = option(100, "Steps between two rounds.", (1, STEPS[1]), unit="steps")

    def scaled(self: S, factor: float) -> S:
        """Return the same options with every number of steps times `factor`, rounded down, none below its limit."""
        steps = {f.name: f.metadata["limits"][0] for f in dataclasses.fields(self) if f.metadata.get("unit") == "steps"}
        return dataclasses.replace(
            self, **{name: max(least, int(getattr(self, name) * factor)) for name, least in steps.items()}
        )

    def due(self, step: int) -> bool:
        """Whether a round takes place after `step`."""
        return self.refine_start_iter < step < self.refine_stop_iter and step % self.refine_every == 0

    def check_cap(self, table: SplatTable, cap: int) -> None:
        """Raise InputError where `table` has more than `cap` rows."""
        if len(table) > cap:
            raise InputError(f"the start has {len(table)} splats, must be at most {cap}: raise --max-gaussians")


def normal(shape: tuple[int, ...], like: Tensor, rng: Generator) -> Tensor:
    """Return standard normal numbers of `shape` from `rng`, of the type and on the device of `like`."""
    return torch.randn(shape, generator=rng, device=rng.device, dtype=like.dtype).to(like.device)


def draw_rows(weights: Tensor, count: int, rng: Generator) -> Tensor:
    """Return `count` int64 indices drawn with replacement, with probabilities proportional to `weights` [N] >= 0.

    One of them must be > 0. O(N + count log N).
    """
    sums = weights.double().cumsum(0)
    at = torch.rand(count, generator=rng, device=rng.device, dtype=torch.float64).to(sums.device) * sums[-1]
    return torch.searchsorted(sums, at, right=True).clamp(max=len(sums) - 1)
