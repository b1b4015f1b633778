"""Which cell of a grid holds a landmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helios.constants import R_MIN_M
from helios.grid import INSIDE_R_MIN, CellId, HLGrid
from helios.landmarks.landmark import Landmark


@dataclass(frozen=True)
class LandmarkCell:
    """A landmark and the cell that holds it; `reason` says why where there is none, and is empty otherwise."""

    landmark: Landmark
    cell: CellId | None
    reason: str


def landmark_cells(landmarks: Sequence[Landmark], grid: HLGrid) -> list[LandmarkCell]:
    """Return one LandmarkCell per landmark, in their order.

    The place of the Sun and of all that is nearer to it than the grid's inner radius has no cell, nor has what
    lies beyond the outermost shell: the caller has both to report.
    """
    position_m = np.array([landmark.pos_m for landmark in landmarks], np.float64).reshape(-1, 3)
    shells, thetas, phis = (index.tolist() for index in grid.locate(position_m))
    outer_m = grid.shell_edges_m(grid.n_l - 1)[1]
    return [
        LandmarkCell(landmark, CellId(grid.depth, shell, theta, phi), "")
        if shell >= 0
        else LandmarkCell(landmark, None, _reason(landmark, shell, float(outer_m)))
        for landmark, shell, theta, phi in zip(landmarks, shells, thetas, phis)
    ]


def _reason(landmark: Landmark, shell: int, outer_m: float) -> str:
    distance_m = float(np.linalg.norm(landmark.pos_m))
    if shell == INSIDE_R_MIN:
        return f"{distance_m:.3g} m from the Sun, inside the grid's inner radius of {R_MIN_M:.3g} m"
    return f"{distance_m:.3g} m from the Sun, beyond the grid's outer radius of {outer_m:.3g} m"
