"""What of a universe goes out, and how much of it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from helios.cells import widened
from helios.errors import StoreError
from helios.grid import CellId
from helios.splats import Splats

if TYPE_CHECKING:
    from helios.universe import Universe

OPACITY_LIMIT = 0.95
"""Opacity of a star as a splat, and the most that formats with opacities in [0, 1] are given."""


@dataclass(frozen=True)
class Written:
    """What was written to `path`, a file or a folder: how many cells and splats, and the bytes of it.

    Of the `cells`, `trained_cells` are trained. An exact star counts as a splat.
    """

    path: Path
    cells: int
    trained_cells: int
    splats: int
    size_bytes: int

    @property
    def bytes_per_splat(self) -> float:
        return self.size_bytes / max(self.splats, 1)


@dataclass(frozen=True)
class PackCell:
    """A cell of a pack: its frame, the box that this fits, float64 metres, and its splats, cell units of that frame.

    The box is that around the stars of its leaves, or around what it holds where it is a part of one; stars have their
    float64 places.
    `trained` is False where each of its splats is a star. `levels_up` is 0 where its splats and its stars are those of
    the same leaves; otherwise the cell is a part of one trained leaf, its ancestor that many levels up, and has the
    light of its stars only together with the other parts.
    """

    id: CellId
    origin_m: NDArray[np.float64]
    half_extent_m: float
    bounds_m: tuple[NDArray[np.float64], NDArray[np.float64]]
    splats: Splats
    trained: bool
    levels_up: int = 0


class PackCells(Protocol):
    """The cells of a universe as a pack has them, in the order of their keys, made in `len` steps of some each."""

    def __len__(self) -> int: ...

    def step(self, number: int) -> Iterator[PackCell]: ...


class OwnCells:
    """The cells of a universe as they are: step i is the cell of index i. With `stars_only`, no trained splats."""

    def __init__(self, universe: Universe, stars_only: bool):
        self._universe, self._splats_of = universe, star_splats if stars_only else shown_splats
        self._trained = universe.trained & (not stars_only)
        self._bounds, self._frames = widened(*universe.star_boxes_m()), universe.frames_m()

    def __len__(self) -> int:
        return len(self._universe)

    def step(self, number: int) -> Iterator[PackCell]:
        """The cell of index `number`."""
        (low, high), (origins, half_extents) = self._bounds, self._frames
        yield PackCell(
            id=self._universe.cells[number],
            origin_m=origins[number],
            half_extent_m=float(half_extents[number]),
            bounds_m=(low[number], high[number]),
            splats=self._splats_of(self._universe, number),
            trained=bool(self._trained[number]),
        )


def star_splats(universe: Universe, index: int) -> Splats:
    """Return the exact stars of the cell `index`, one splat each."""
    return Splats.points(universe.cell(index).emitters, OPACITY_LIMIT)


def shown_splats(universe: Universe, index: int) -> Splats:
    """Return what stands for the cell `index`: its `trained_splats`, or its exact stars where it is not trained."""
    trained = trained_splats(universe, index)
    return star_splats(universe, index) if trained is None else trained


def trained_splats(universe: Universe, index: int) -> Splats | None:
    """Return the trained splats of the cell `index`, None where it is not trained: what may go out.

    Raises StoreError where one is no splat: a number is not finite, or a size or an opacity not above 0.
    """
    splats = universe.splats(index)
    if splats is None:
        return None
    finite = all(np.isfinite(column).all() for column in vars(splats).values())
    if not (finite and (splats.scales > 0).all() and (splats.opacities > 0).all()):
        raise StoreError(
            f"{universe.path}: cell {universe.cells[index]} is damaged, a splat has no place, no size or no light "
            "(helios validate says which)"
        )
    return splats


def shown_counts(universe: Universe, cells: Sequence[int] | slice = slice(None)) -> NDArray[np.int64]:
    """Return how many splats `shown_splats` gives for each of `cells`, int64 [C], without reading any."""
    counts = np.diff(universe.offsets)
    if universe.training is not None:
        counts = np.where(universe.trained, np.diff(universe.training.offsets), counts)
    return counts[cells]
