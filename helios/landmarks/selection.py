"""Selects the cells to train: those of landmarks, and their neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helios.cells import Cells
from helios.grid import CellId
from helios.landmarks import Landmark, landmark_cells
from helios.universe import Universe


@dataclass(frozen=True)
class Selection:
    """The cells around landmarks: `cells` are their indices in the universe, ascending.

    `landmarks` is the number of landmarks, `homes` are their own cells that exist in the universe, and `homeless` the
    (name, reason) of landmarks without a cell in the grid.
    """

    landmarks: int
    homes: frozenset[CellId]
    homeless: tuple[tuple[str, str], ...]
    cells: tuple[int, ...]


def select_around(universe: Universe, landmarks: Sequence[Landmark], reach: int) -> Selection:
    """Return the existing cells within +-`reach` of the landmarks' cells in each grid index.

    Neighbours are counted in cells of the size of the landmark's own; in an adaptive universe, every cell that lies
    inside such a neighbour, or contains it, is selected. A landmark in an empty cell still selects the neighbours of
    that cell.
    """
    placed = landmark_cells(landmarks, universe.tree)
    homes = {place.cell for place in placed if place.cell}
    around = sorted({neighbour for home in homes for neighbour in home.neighbours(reach)})
    met = universe.tree.meeting(Cells.of_ids(around))
    return Selection(
        landmarks=len(landmarks),
        homes=frozenset(home for home in homes if universe.tree.index_of(home) >= 0),
        homeless=tuple((place.landmark.name, place.reason) for place in placed if not place.cell),
        cells=tuple(np.flatnonzero(met).tolist()),
    )
