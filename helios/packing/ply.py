"""Writes cells as the PLY file of 3D Gaussian splatting, which common splat viewers and editors read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.packing.pack_cells import limit_opacity, shown_counts, shown_splats
from helios.splats import Splats

if TYPE_CHECKING:
    from helios.universe import Universe

SH_C0 = 0.28209479177387814
"""The constant spherical harmonic, 1 / (2 sqrt(pi)): color = 0.5 + SH_C0 * f_dc."""

FIELDS = (
    ("x", "y", "z"),
    ("nx", "ny", "nz"),
    ("f_dc_0", "f_dc_1", "f_dc_2"),
    ("opacity",),
    ("scale_0", "scale_1", "scale_2"),
    ("rot_0", "rot_1", "rot_2", "rot_3"),
)
PROPERTIES = tuple(name for group in FIELDS for name in group)


@dataclass(frozen=True)
class Ply:
    """Gaussian splatting's PLY, binary little-endian: of trained cells their splats, of others their exact stars.

    Properties: position, normal (zero), f_dc = (rgb - 0.5) / SH_C0 of linear RGB, logit opacity, natural logarithms
    of the standard deviations, rotation wxyz; all float32. The unit is half of the longest side of the box around
    all the cells and the origin its centre, so that one cell comes out in its own cell units and no cell leaves
    [-1, 1]; both stand in the header's comments, in metres. tau above OPACITY_LIMIT is written larger with the same
    flux. float32 places a splat to 6e-8 of the unit.
    """

    def write(self, universe: Universe, cells: Sequence[int], file: BinaryIO) -> int:
        """Write the cells of these indices [C] and return their number of splats. Memory: one cell."""
        low, high = universe.bounds_m(list(cells))
        low, high = low.min(axis=0), high.max(axis=0)
        origin_m, unit_m = (low + high) / 2, float(np.max(high - low)) / 2
        count = int(shown_counts(universe, list(cells)).sum())
        header = [
            "ply",
            "format binary_little_endian 1.0",
            "comment 3D Gaussians; linear RGB; ecliptic J2000 axes",
            "comment origin_m " + " ".join(repr(float(x)) for x in origin_m),
            f"comment unit_m {unit_m!r}",
            f"comment cells {len(cells)} of {_grid_of(universe)}",
            f"element vertex {count}",
            *(f"property float {name}" for name in PROPERTIES),
            "end_header",
        ]
        file.write("".join(f"{line}\n" for line in header).encode("ascii"))
        origins, half_extents = universe.frames_m(list(cells))
        for i, origin, half_extent in zip(cells, origins, half_extents):
            vertices = _vertices(shown_splats(universe, i), (origin - origin_m) / unit_m, half_extent / unit_m)
            file.write(vertices.tobytes())
        return count


def _grid_of(universe: Universe) -> str:
    if universe.depth is not None:
        return f"a grid of depth {universe.depth}"
    return f"an adaptive tree of depths {universe.cells.depth.min()} to {universe.cells.depth.max()}"


def _vertices(splats: Splats, origin: NDArray[np.float64], size: float) -> NDArray[np.float32]:
    """Return PROPERTIES, float32 [K, 17], of one cell, whose frame has this origin [3] and unit in the common frame."""
    splats = limit_opacity(splats)
    opacity = splats.opacities.astype(np.float64)
    values = (
        origin + splats.means.astype(np.float64) * size,
        np.zeros((len(splats), 3)),
        (splats.colors.astype(np.float64) - 0.5) / SH_C0,
        np.log(opacity / (1 - opacity))[:, None],
        np.log(splats.scales * size),
        splats.quats,
    )
    return np.concatenate(values, axis=1).astype("<f4")
