"""Writes cells as the PLY file of 3D Gaussian splatting, which common splat viewers and editors read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plyfile import PlyData, PlyElement

from helios.errors import InputError
from helios.files import staged
from helios.pack.pack_cells import Exported, limit_opacity, shown_splats
from helios.splats import Splats
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
VERTEX = np.dtype([(name, "<f4") for group in FIELDS for name in group])


def export_ply(universe: Universe, cells: Sequence[int], file: Path) -> Exported:
    """Write the cells with these indices [C] into one binary little-endian PLY and return what it holds.

    Properties: position, normal (zero), f_dc = (rgb - 0.5) / SH_C0 of linear RGB, logit opacity, natural logarithms
    of the standard deviations, rotation wxyz; all float32. The unit is half of the longest side of the box around
    all the cells and the origin its centre, so that one cell comes out in its own cell units and no cell leaves
    [-1, 1]; both stand in the header's comments, in metres. Trained cells give their splats, others their exact
    stars; tau above OPACITY_LIMIT is written larger with the same flux. float32 places a splat to 6e-8 of the unit.
    The file appears whole or not at all. Memory: all splats of the cells.

    Raises InputError for no cells, or a place where no file can be written.
    """
    file = Path(file)
    if not len(cells):
        raise InputError("no cells to export")
    if file.is_dir() or not file.parent.is_dir():
        raise InputError(f"{file}: must be a file in a directory that exists")
    low, high = universe.bounds_m(list(cells))
    low, high = low.min(axis=0), high.max(axis=0)
    origin_m, unit_m = (low + high) / 2, float(np.max(high - low)) / 2
    origins, half_extents = universe.frames_m(list(cells))
    vertices = np.concatenate(
        [
            _vertices(shown_splats(universe, i), (origin - origin_m) / unit_m, half_extent / unit_m)
            for i, origin, half_extent in zip(cells, origins, half_extents)
        ]
    )
    comments = [
        "3D Gaussians; linear RGB; ecliptic J2000 axes",
        "origin_m " + " ".join(repr(float(x)) for x in origin_m),
        f"unit_m {unit_m!r}",
        f"cells {len(cells)} of {_grid_of(universe)}",
    ]
    ply = PlyData([PlyElement.describe(vertices, "vertex")], byte_order="<", comments=comments)
    with staged(file) as new:
        ply.write(str(new))
    trained = int(universe.trained[list(cells)].sum())
    return Exported(file, len(cells), trained, len(vertices), file.stat().st_size)


def _grid_of(universe: Universe) -> str:
    if universe.depth is not None:
        return f"a grid of depth {universe.depth}"
    return f"an adaptive tree of depths {universe.cells.depth.min()} to {universe.cells.depth.max()}"


def _vertices(splats: Splats, origin: NDArray[np.float64], size: float) -> NDArray:
    """Return the VERTEX array [K] of one cell, whose frame has this origin [3] and unit in the common frame."""
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
    vertices = np.empty(len(splats), VERTEX)
    for names, columns in zip(FIELDS, values):
        for name, column in zip(names, columns.T):
            vertices[name] = column
    return vertices
