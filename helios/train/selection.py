"""Which cells to train: those of landmarks, and their neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass

from helios.grid import CellId
from helios.landmarks import Landmark, landmark_cells
from helios.universe import Universe


@dataclass(frozen=True)
class Selection:
    """`cells` are indices into the universe, ascending; `homes` the landmarks' own cells that exist in it.

    `homeless` are (name, reason) of landmarks that have no cell in the grid.
    """

    landmarks: int
    homes: frozenset[CellId]
    homeless: tuple[tuple[str, str], ...]
    cells: tuple[int, ...]


def select_around(universe: Universe, landmarks: Sequence[Landmark], reach: int) -> Selection:
    """Return the existing cells within +-`reach` of the landmarks' cells in each grid index.

    A landmark in an empty cell still selects the neighbours of that cell.
    """
    existing = {cell: i for i, cell in enumerate(universe.cell_ids)}
    placed = landmark_cells(landmarks, universe.grid)
    homes = {place.cell for place in placed if place.cell}
    around = {neighbour for home in homes for neighbour in home.neighbours(reach)}
    return Selection(
        landmarks=len(landmarks),
        homes=frozenset(homes & existing.keys()),
        homeless=tuple((place.landmark.name, place.reason) for place in placed if not place.cell),
        cells=tuple(sorted(existing[cell] for cell in around & existing.keys())),
    )
