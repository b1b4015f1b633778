"""Finds the cell of a universe that contains a landmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.constants import R_MIN_M
from helios.grid import INSIDE_R_MIN, CellId, HLGrid
from helios.landmarks.landmark import Landmark
from helios.universe.tree import Tree


@dataclass(frozen=True)
class LandmarkCell:
    """A landmark and the cell that contains it; where there is none, `reason` says why, else it is empty."""

    landmark: Landmark
    cell: CellId | None
    reason: str


def landmark_cells(landmarks: Sequence[Landmark], tree: Tree) -> list[LandmarkCell]:
    """Return one LandmarkCell per landmark, in order; its cell is a leaf of `tree`, or an empty cell.

    The Sun, and any place nearer to it than the grid's inner radius or beyond the outermost shell, has no cell; the
    caller must report these.
    """
    cells = tree.cells_at(_positions_m(landmarks))
    return [LandmarkCell(*one) for one in zip(landmarks, cells, _reasons(landmarks))]


def outside_grid(landmarks: Sequence[Landmark]) -> list[tuple[Landmark, str]]:
    """Return the landmarks for which no universe has a cell, each with the reason."""
    return [(landmark, reason) for landmark, reason in zip(landmarks, _reasons(landmarks)) if reason]


def _positions_m(landmarks: Sequence[Landmark]) -> NDArray[np.float64]:
    return np.array([landmark.pos_m for landmark in landmarks], np.float64).reshape(-1, 3)


def _reasons(landmarks: Sequence[Landmark]) -> list[str]:
    """Return for each landmark the reason why the grid has no cell there; empty where it has one."""
    shells = HLGrid(0).locate(_positions_m(landmarks))[0].tolist()
    return [_reason(landmark, shell) if shell < 0 else "" for landmark, shell in zip(landmarks, shells)]


def _reason(landmark: Landmark, shell: int) -> str:
    distance_m = float(np.linalg.norm(landmark.pos_m))
    if shell == INSIDE_R_MIN:
        return f"{distance_m:.3g} m from the Sun, inside the grid's inner radius of {R_MIN_M:.3g} m"
    outer_m = float(HLGrid(0).shell_edges_m(HLGrid(0).n_l - 1)[1])
    return f"{distance_m:.3g} m from the Sun, beyond the grid's outer radius of {outer_m:.3g} m"
