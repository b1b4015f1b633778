"""`random`: splats anywhere in a cube, or anywhere on what the photographs show in it; no points are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator

from helios.options import option
from helios.photos.starts.splats import Options, splats_at
from helios.photos.starts.sweep import FEWEST_VIEWS, swept_points
from helios.photos.table import SplatTable

if TYPE_CHECKING:
    from helios.photos.data.dataset import Dataset


@dataclass(frozen=True)
class Random(Options):
    """`init_num_pts` splats, at most `max_gaussians`, in the cube of `init_extent` x scene scale to either side of the
    origin: on random rays of the photographs where neighbouring photographs agree (`swept_points`), in the colours seen
    there. Without `init_sweep`, or where photographs are fewer than 3 or too plain to tell, anywhere, of any colour, as
    in gsplat.
    """

    init_num_pts: int = option(100_000, "Splats of a random start.", (4, 1_000_000_000))
    init_extent: float = option(3.0, "Half the side of a random start's cube, x scene scale.", (1e-6, 1e6))
    init_sweep: bool = option(True, "Put a random start's splats where neighbouring photographs agree.")

    def __call__(self, dataset: Dataset, scene_scale: float, rng: Generator) -> SplatTable:
        count, extent = min(self.init_num_pts, self.max_gaussians), self.init_extent * scene_scale
        points, colors = np.empty((0, 3)), np.empty((0, 3))
        if self.init_sweep and len(dataset.train) >= FEWEST_VIEWS:
            points, colors = swept_points(dataset.train, extent, count, rng)
        shape = (2, count - len(points), 3)
        places, paints = torch.rand(shape, generator=rng, device=rng.device, dtype=torch.float64).cpu().numpy()
        points, colors = np.concatenate([points, extent * (2.0 * places - 1.0)]), np.concatenate([colors, paints])
        return splats_at(points, colors, self, rng)
