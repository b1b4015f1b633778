"""`sfm`: splats at the points that were reconstructed together with the cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Generator

from helios.errors import InputError
from helios.photos.starts.splats import Options, splats_at
from helios.photos.table import SplatTable

if TYPE_CHECKING:
    from helios.photos.data.dataset import Dataset

_FEWEST = 4
"""Below, there are not three others to tell a size by."""


@dataclass(frozen=True)
class Sfm(Options):
    """A splat at each point of the data set, in its colour; at `max_gaussians` of them, drawn at random, if there are
    more."""

    def __call__(self, dataset: Dataset, scene_scale: float, rng: Generator) -> SplatTable:
        count = len(dataset.points)
        if count < _FEWEST:
            raise InputError(
                f"the data set has {count} points, --init-type sfm needs {_FEWEST}: take --init-type random"
            )
        order = torch.randperm(count, generator=rng, device=rng.device)
        kept = order[: self.max_gaussians].sort().values.cpu().numpy()
        return splats_at(dataset.points[kept], dataset.colors[kept] / 255.0, self, rng)
