"""One cell of a universe, read on demand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.grid import CellId
from helios.splats import Emitters, Splats

if TYPE_CHECKING:
    from helios.universe.stars import StarData
    from helios.universe.store import Universe


@dataclass(frozen=True)
class CellView:
    """The cell with index `index` of `universe`, as `universe[cell]` returns it; `len(cell)` is its number of stars."""

    universe: Universe
    index: int

    def __len__(self) -> int:
        offsets = self.universe.offsets
        return int(offsets[self.index + 1] - offsets[self.index])

    def __repr__(self) -> str:
        return f"<Cell {self.id} of {str(self.universe.path)!r}: {len(self):,} stars{', trained' * self.trained}>"

    @property
    def id(self) -> CellId:
        """Its place in the grid; `str(cell.id)` is its name."""
        return self.universe.cells[self.index]

    @property
    def bounds_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(min, max), float64 [3] metres each, of the smallest box around it; see `Cells.bounds_m`."""
        low, high = self.universe.bounds_m([self.index])
        return low[0], high[0]

    @property
    def frame_m(self) -> tuple[NDArray[np.float64], float]:
        """(origin [3], half_extent), float64 metres, of its stars: x in cell units is origin + half_extent * x."""
        origin, half_extent = self.universe.frames_m([self.index])
        return origin[0], float(half_extent[0])

    @property
    def radius(self) -> float:
        """Half the diagonal of the box around its stars, cell units: the "cell radius" of cameras and viewers."""
        return float(self.universe.radii[self.index])

    def stars(self, columns: Iterable[str] | None = None) -> StarData:
        """Return its stars as a table, the most luminous first; see `Universe.stars`."""
        return self.universe.stars(columns, cells=self.index)

    @property
    def emitters(self) -> Emitters:
        """Its stars as points of light, in cell units."""
        return self.universe.cell(self.index).emitters

    @property
    def trained(self) -> bool:
        """Whether it has splats."""
        return bool(self.universe.trained[self.index])

    @property
    def splats(self) -> Splats | None:
        """Its splats, in cell units; None if it is not trained."""
        return self.universe.splats(self.index)
