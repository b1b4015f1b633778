"""The HLG: the heliocentric logarithmic grid, an octree in (log r, longitude, colatitude).

This module has single cells and the uniform grid of one depth; `helios.cells` has arrays of cells of any depths.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.constants import R_MIN_M
from helios.errors import InputError
from helios.morton import gather, spread

MAX_DEPTH = 20
"""Deepest level: its three indices still fit a 64-bit key."""

INSIDE_R_MIN, BEYOND_GRID = -1, -2
"""The `l` that `HLGrid.locate` returns for positions nearer than r_min, and for those beyond the last shell."""


@dataclass(frozen=True, order=True)
class CellId:
    """A cell: shell `l`, longitude index `theta`, colatitude index `phi`, at octree `depth`.

    >>> CellId.parse("5_30_12_7").parent
    CellId(depth=4, l=15, theta=6, phi=3)
    """

    depth: int
    l: int
    theta: int
    phi: int

    def __str__(self) -> str:
        """`DEPTH_L_THETA_PHI`, a name that is unique among cells of all depths."""
        return f"{self.depth}_{self.index_name}"

    @property
    def index_name(self) -> str:
        """`L_THETA_PHI`, the name in files whose cells all have the same depth."""
        return f"{self.l}_{self.theta}_{self.phi}"

    @classmethod
    def parse(cls, text: str, depth: int | None = None) -> CellId:
        """Return the cell called `text`: DEPTH_L_THETA_PHI, or L_THETA_PHI at the given `depth`.

        Raises InputError if the text is not the name of a cell, if it gives no depth and `depth` is None, or if its
        depth is not `depth`.
        """
        parts = text.removesuffix(".bin").split("_")
        if len(parts) not in (3, 4) or not all(p.isdecimal() and p.isascii() for p in parts):
            raise InputError(
                f"cell {text!r}: must be L_THETA_PHI or DEPTH_L_THETA_PHI, whole numbers, for example 30_12_7"
            )
        *said, l, theta, phi = map(int, parts)
        if not said and depth is None:
            raise InputError(f"cell {text!r}: its depth is needed, as in DEPTH_L_THETA_PHI")
        grid = HLGrid(said[0] if said else depth or 0)
        if depth is not None and grid.depth != depth:
            raise InputError(f"cell {text!r}: of depth {grid.depth}, all cells have depth {depth}")
        if not (l < grid.n_l and theta < grid.n_theta and phi < grid.n_phi):
            raise InputError(
                f"cell {text!r}: outside the grid of depth {grid.depth} "
                f"(l < {grid.n_l}, theta < {grid.n_theta}, phi < {grid.n_phi})"
            )
        return cls(grid.depth, l, theta, phi)

    @classmethod
    def of_key(cls, depth: int, key: int) -> CellId:
        """Return the cell at `depth` with this Morton key; see `cell_keys`."""
        return cls(depth, *(gather(key >> axis) for axis in (2, 1, 0)))

    @property
    def parent(self) -> CellId | None:
        """The cell one level up that holds this one; None at the root level."""
        if self.depth == 0:
            return None
        return CellId(self.depth - 1, self.l // 2, self.theta // 2, self.phi // 2)

    def neighbours(self, reach: int) -> tuple[CellId, ...]:
        """Return all cells within +-`reach` in each index, this one included, sorted and without repeats.

        `l` and `phi` end where the grid ends; `theta` wraps around.
        """
        grid = HLGrid(self.depth)
        shells = range(max(self.l - reach, 0), min(self.l + reach, grid.n_l - 1) + 1)
        thetas = sorted({t % grid.n_theta for t in range(self.theta - reach, self.theta + reach + 1)})
        phis = range(max(self.phi - reach, 0), min(self.phi + reach, grid.n_phi - 1) + 1)
        return tuple(CellId(self.depth, *index) for index in itertools.product(shells, thetas, phis))

    @property
    def key(self) -> int:
        """The cell's Morton key; see `cell_keys`."""
        return int(cell_keys(self.l, self.theta, self.phi))


@dataclass(frozen=True)
class HLGrid:
    """The uniform grid of one depth: shells of ratio `log_base`, `n_theta` longitudes, `n_phi` colatitudes.

    Depth 5 is 64 x 32 with base 2. All methods are vectorised and work in float64, barycentric mean ecliptic
    J2000 metres. Raises InputError for a depth outside 0..20.
    """

    depth: int

    def __post_init__(self):
        if not 0 <= self.depth <= MAX_DEPTH:
            raise InputError(f"grid depth {self.depth}: must be from 0 to {MAX_DEPTH}")

    @property
    def n_l(self) -> int:
        """Number of shells between r_min and r_min * 2^64; it doubles with each level of depth."""
        return 2 ** (self.depth + 1)

    @property
    def n_theta(self) -> int:
        """Number of longitude intervals around the ecliptic."""
        return 2 ** (self.depth + 1)

    @property
    def n_phi(self) -> int:
        """Number of colatitude intervals from the north to the south ecliptic pole."""
        return 2**self.depth

    @cached_property
    def log_base(self) -> float:
        """Ratio of a shell's outer to its inner radius."""
        return float(2.0 ** (2.0 ** (5 - self.depth)))

    def locate(self, position_m: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Return (l, theta, phi), each int32 [N], of positions [N, 3].

        Where no cell holds a position, `theta` and `phi` are 0 and `l` is INSIDE_R_MIN, for r < r_min, or
        BEYOND_GRID, for an r that is not finite or beyond the outermost shell. Indices of different depths nest
        exactly, because at every depth they are the floor of the same float64 number times a power of two.
        """
        from helios.spherical import locate  # and with it numba, for whom nothing else here is worth its start

        position = np.asarray(position_m, np.float64)
        cells = locate(position.reshape(-1, 3), self.depth, INSIDE_R_MIN, BEYOND_GRID)
        l, theta, phi = cells.reshape(3, *position.shape[:-1])
        return l, theta, phi

    def locate_one(self, position_m: ArrayLike) -> CellId | None:
        """Return the cell that holds one position [3], or None if no cell does."""
        l, theta, phi = (int(v[0]) for v in self.locate(np.reshape(position_m, (1, 3))))
        return CellId(self.depth, l, theta, phi) if l >= 0 else None

    def shell_edges_m(self, l: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the (inner, outer) radii in metres, float64 [N], of shells `l` [N]."""
        return shell_edges_m(self.depth, l)


def shell_edges_m(depth: ArrayLike, l: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the (inner, outer) radii in metres, float64 [N], of shells `l` [N] at `depth` [N], or all at one depth."""
    l, width = np.asarray(l, np.float64), np.ldexp(1.0, 5 - np.asarray(depth, np.int64))
    return R_MIN_M * np.exp2(l * width), R_MIN_M * np.exp2((l + 1) * width)


def cell_keys(l: ArrayLike, theta: ArrayLike, phi: ArrayLike) -> NDArray[np.uint64]:
    """Return uint64 Morton keys: the bits of phi, theta and l interleaved, l highest.

    A parent's key is its child's key >> 3, so everything below an inner cell is one run of a sorted list.
    """
    high, middle, low = (spread(np.asarray(index).astype(np.uint64)) for index in (l, theta, phi))
    keys: NDArray[np.uint64] = (high << np.uint64(2)) | (middle << np.uint64(1)) | low
    return keys


def deepest_keys(position_m: ArrayLike) -> NDArray[np.uint64]:
    """Return uint64 [N]: the Morton keys at MAX_DEPTH of the cells that hold positions [N, 3], metres, in the grid."""
    from helios.spherical import morton_keys

    return morton_keys(*HLGrid(MAX_DEPTH).locate(position_m))


def cells_of_keys(keys: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return (l, theta, phi), int32 [N], of Morton keys [N]: the inverse of `cell_keys`."""
    keys = np.asarray(keys, np.uint64)
    l, theta, phi = (gather(keys >> np.uint64(axis)).astype(np.int32) for axis in (2, 1, 0))
    return l, theta, phi


def keys_at(depth: ArrayLike, keys: ArrayLike, to_depth: ArrayLike) -> NDArray[np.uint64]:
    """Return uint64 [N]: the Morton keys at `to_depth` of the cells with the `keys` [N] at `depth`.

    A key is that of the cell's ancestor, or of its first descendant where `to_depth` is deeper. Both depths are one
    number or [N].
    """
    levels = 3 * (np.asarray(to_depth, np.int64) - np.asarray(depth, np.int64))
    moved: NDArray[np.uint64] = np.asarray(keys, np.uint64)
    if levels.min(initial=0) < 0:
        moved = moved >> np.maximum(-levels, 0).astype(np.uint64)
        levels = np.maximum(levels, 0)
    return moved << levels.astype(np.uint64)
