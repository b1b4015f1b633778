"""What closed cells may hide beside a camera: a star as near as its cell may outshine all that the proxies tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helios.cells import Cells

REACH = 0.5
"""Within so many extents of a camera a cell may hide a star that its proxies say nothing of."""


def nearest_points(cells: Cells, place_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the point of each of M `cells` whose coordinates are nearest to `place_m` [3]: float64 [M, 3] metres.

    A cell that holds the place gives the place itself. Another point may be nearer, by an eighth of the cell's size,
    from a depth of 7 on; shallow cells are curved.
    """
    r = float(np.sqrt((place_m**2).sum()))
    distance = np.clip(r, *cells.shell_edges_m())
    longitude, colatitude = cells.angles()
    down = np.clip(np.arccos(np.clip(place_m[2] / r, -1.0, 1.0)) if r > 0 else 0.0, *colatitude.T)
    middle = longitude.mean(axis=1)
    turn = np.arctan2(place_m[1], place_m[0]) - middle
    turn -= 2.0 * np.pi * np.round(turn / (2.0 * np.pi))
    around = middle + np.clip(turn, *(longitude - middle[:, None]).T)
    flat = distance * np.sin(down)
    return np.stack([flat * np.cos(around), flat * np.sin(around), distance * np.cos(down)], axis=1)


def hidden_light(
    cells: Cells,
    brightest: NDArray[np.float64],
    most_luminous: NDArray[np.float64],
    extent_m: NDArray[np.float64],
    camera_m: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the light by which a star of each of M `cells` may outshine what stands for it, float64 [M], steradians.

    No star of a cell is brighter from the Sun than `brightest` [M], steradians, of the proxies that stand for it, nor
    more luminous than `most_luminous` [M], steradians times square metres, of them; `extent_m` [M] is that of the
    cell's table. The star may be at the point of the cell that is nearest to the camera; from REACH extents on there is
    none.
    """
    points = nearest_points(cells, camera_m)
    square = np.maximum(((points - camera_m) ** 2).sum(axis=1), 1.0)
    reach = np.maximum((REACH * extent_m) ** 2, 1.0)
    luminosity = np.minimum(brightest * (points**2).sum(axis=1), most_luminous)
    return luminosity * np.maximum(1.0 / square - 1.0 / reach, 0.0)
