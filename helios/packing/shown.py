"""What an export shows of a universe: cells of it, or a cut of its levels of detail."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from helios.cells import boxes_around, frames_of, to_cell_units
from helios.coords import stacked_positions_m
from helios.errors import InputError
from helios.grid import deepest_keys
from helios.levels.branch import LIGHT_COLUMNS, stars_as_lights
from helios.levels.proxies import Lights
from helios.light import opacity_of
from helios.packing.pack_cells import OPACITY_LIMIT, shown_counts, shown_splats
from helios.splats import Emitters, Splats

if TYPE_CHECKING:
    from helios.universe import Universe

PART_ROWS = 1 << 16
"""Stars or proxies of a part of a cut."""

FOCAL_PX = 887.0
"""Focal length of the picture, 1024 px and 60 degrees, in which a cut of so many splats is best, seen from the Sun."""


class Part(NamedTuple):
    """Splats in units of a frame: X = origin_m + half_extent_m * x, float64 [3] and metres."""

    origin_m: NDArray[np.float64]
    half_extent_m: float
    splats: Splats


class Shown(Protocol):
    """What is exported: `count` splats in `len` parts, of which `text` says what they are.

    `stars_of` are the cells whose stars these are, None where splats stand for some of them.
    """

    @property
    def universe(self) -> Universe: ...

    @property
    def stars_of(self) -> Sequence[int] | None: ...

    @property
    def count(self) -> int: ...

    @property
    def text(self) -> str: ...

    def __len__(self) -> int: ...

    def part(self, number: int) -> Part: ...


class ShownCells:
    """Cells of a universe by their indices: of trained cells their splats, of others their exact stars."""

    def __init__(self, universe: Universe, cells: Sequence[int]):
        self.universe, self.stars_of = universe, cells

    @property
    def count(self) -> int:
        return int(shown_counts(self.universe, list(self.stars_of)).sum())

    @property
    def text(self) -> str:
        depths = self.universe.cells.depth
        tree = f"an adaptive tree of depths {depths.min()} to {depths.max()}"
        grid = tree if self.universe.depth is None else f"a grid of depth {self.universe.depth}"
        return f"cells {len(self)} of {grid}"

    def __len__(self) -> int:
        return len(self.stars_of)

    def part(self, number: int) -> Part:
        cell = self.stars_of[number]
        ((origin_m,), (half_extent_m,)) = self.universe.frames_m([cell])
        return Part(origin_m, float(half_extent_m), shown_splats(self.universe, cell))


class ShownCut:
    """A cut of a universe's levels: the stars of open cells, and the proxies of what is closed below them.

    With `level`, all cells above this depth are open; with `budget`, as many cells as there may be splats, so that the
    sky of the Sun is as near to that of all stars as it can be. Holds 80 bytes for each proxy of the universe, and one
    for each star.
    Raises InputError for a level below 0, or a budget below the stars and proxies of the root, which are always shown.
    """

    stars_of = None

    def __init__(self, universe: Universe, level: int | None = None, budget: int | None = None):
        self.universe = universe
        levels, tree = universe.levels, universe.levels.tree()
        if level is not None:
            if level < 0:
                raise InputError(f"level {level}: must be at least 0")
            self._open = levels.depth < level
            self._open[0] = True
            self._name = f"cut at level {level}"
        else:
            least = int(tree.own[0] + tree.holding[0])
            if budget is None or budget < least:
                raise InputError(f"budget {budget}: must be at least {least:,} splats, which are shown by any cut")
            sun = np.zeros(3)
            self._open = tree.cut(tree.errors(sun, FOCAL_PX), budget)
            self._name = f"cut of {budget:,} splats"
        self._proxies = tree.proxies.take(tree.shown_proxies(self._open))
        self._own = int(tree.own[self._open].sum())

    @property
    def count(self) -> int:
        return self._own + len(self._proxies)

    @property
    def text(self) -> str:
        return f"{self._name}: {self._own} stars and {len(self._proxies)} proxies"

    @cached_property
    def _starts(self) -> list[tuple[bool, int]]:
        """Of each part, whether it has stars, and its first row; parts without a star that is shown are none."""
        stars = [row for row in range(0, len(self._shown), PART_ROWS) if self._shown[row : row + PART_ROWS].any()]
        return [(True, row) for row in stars] + [(False, row) for row in range(0, len(self._proxies), PART_ROWS)]

    @cached_property
    def _shown(self) -> NDArray[np.bool_]:
        """Which stars of the universe are shown, bool [N]."""
        levels, shown = self.universe.levels, np.zeros(int(self.universe.offsets[-1]), bool)
        for start in range(0, len(shown), PART_ROWS):
            stop = min(start + PART_ROWS, len(shown))
            keys = deepest_keys(stacked_positions_m(self.universe.columns(("x_m", "y_m", "z_m"), start, stop)))
            shown[start:stop] = self._open[levels.cells_of(keys, levels.owner(start, stop))]
        return shown

    def __len__(self) -> int:
        return len(self._starts)

    def part(self, number: int) -> Part:
        has_stars, row = self._starts[number]
        rows = slice(row, row + PART_ROWS)
        if not has_stars:
            return _part(self._proxies.take(rows))
        shown = self._shown[rows]
        return _part(stars_as_lights(self.universe.columns(LIGHT_COLUMNS, row, row + len(shown))).take(shown))


def _part(lights: Lights) -> Part:
    """Return lights as splats: points as stars are written, others as wide as they are."""
    (origin_m,), (half_extent_m,) = frames_of(*boxes_around(lights.position_m, np.zeros(1, np.intp)))
    means = to_cell_units(lights.position_m, origin_m, half_extent_m)
    luminosities = lights.luminosity / half_extent_m**2
    splats = Splats.points(Emitters(means, luminosities.astype(np.float32), lights.color), OPACITY_LIMIT)
    wide = lights.sigma_m > 0
    sigma = lights.sigma_m[wide] / half_extent_m
    splats.scales[wide] = sigma[:, None]
    splats.opacities[wide] = opacity_of(luminosities[wide], sigma)
    return Part(origin_m, float(half_extent_m), splats)
