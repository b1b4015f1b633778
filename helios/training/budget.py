"""How many splats each cell of a universe may have: `--ratio` on average, most where stars stand apart.

Splats are shown from REFERENCE_RADII on. What they cost there is the light that merging stars misplaces, and it depends
on the stars: a crowd within a pixel merges for nothing, twenty stars ten pixels apart not at all. So the mergers of all
cells are ranked by that light, and those that misplace the most are left out, whichever cell they are in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from helios.splats import Cell
from helios.threads import map_threads
from helios.training.config import TrainConfig
from helios.training.scene import Frame
from helios.training.starts.merging import merger_costs
from helios.training.starts.mixture import merge_blurs
from helios.universe import Universe

SAMPLED_CELLS = 1024
"""Cells of a universe whose mergers are ranked. If there are more, so many are drawn, and the ratio is an estimate."""


def budgets_of(universe: Universe, indices: Sequence[int], config: TrainConfig) -> list[int]:
    """Return the budget of each of the cells `indices`; it depends on the universe, not on which others are asked for.

    Raises StoreError if stars cannot be read. Cost: the stars of the cells, and of SAMPLED_CELLS; about 10 ms for a
    cell of 200 stars, 50 ms for one of 500.
    """
    if not indices or config.ratio == 1.0:
        stars = np.diff(universe.offsets)
        return [int(stars[i]) for i in indices]
    sample = np.arange(len(universe))
    if len(universe) > SAMPLED_CELLS:
        sample = np.random.default_rng(config.seed).choice(len(universe), SAMPLED_CELLS, replace=False)
    asked = sorted(set(sample.tolist()) | set(indices))
    costs = dict(zip(asked, map_threads(lambda i: weighted_costs(universe.cell(i)), asked)))
    least = least_cost([costs[i] for i in sample.tolist()], config.ratio)
    return [1 + int(np.count_nonzero(costs[i] > least)) for i in indices]


def weighted_costs(cell: Cell) -> NDArray[np.float64]:
    """Return the light that each of the N - 1 mergers of a cell's stars misplaces, over the cell's radius in metres.

    From afar that light counts as it is, in steradians x m^2, from REFERENCE_RADII of the cell by its square over the
    radius: the geometric mean of the two weighs them against those of other cells.
    """
    frame = Frame.of(cell)
    stars = frame.enter(cell)
    means, light = (getattr(stars.emitters, name).astype(np.float64) for name in ("means", "luminosities"))
    return merger_costs(means, light, merge_blurs(1.0)) * stars.half_extent_m


def least_cost(costs: Sequence[NDArray[np.float64]], ratio: float) -> float:
    """Return the cost up to which mergers are made, for splats that are `ratio` of the stars of these cells together.

    `costs` are those of each cell's N - 1 mergers. Equal costs may leave fewer splats, and each cell keeps one.
    """
    together = np.sort(np.concatenate(costs))
    stars = len(together) + len(costs)
    made = min(stars - round(ratio * stars), len(together))
    return float(together[made - 1]) if made > 0 else -np.inf
