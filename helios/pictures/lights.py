"""What gives light in a picture, in blocks that fit in memory: the stars of a universe, what stands for them, the Sun.

A picture adds up the blocks of any number of such sources: whatever yields `Block`s may be one more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.cells import from_cell_units
from helios.constants import AU_M, LIGHT_YEAR_M, OMEGA_0_SR
from helios.levels.branch import LIGHT_COLUMNS, stars_as_lights
from helios.levels.proxies import Lights
from helios.pictures.views import View
from helios.splats import Splats, rotation_rows

if TYPE_CHECKING:
    from helios.universe import Universe

BLOCK_ROWS = 1 << 16
"""Stars of a block."""

FASTEST_M_YR = 0.01 * LIGHT_YEAR_M
"""No star of a universe moves faster across the sky: `FASTEST` of `helios.catalog.motion`."""

MARGIN_RAD = 0.02
"""Cells farther than this outside of a picture give it no light: the pixels' filter reaches four pixels."""

SUN_G = -26.76
SUN_LUMINOSITY = OMEGA_0_SR * 10.0 ** (-0.4 * SUN_G) * AU_M**2
SUN_COLOR = (1.1063, 0.977, 0.9146)
SUN_RADIUS_M = 6.957e8
SUN_SHOWN_M = (100 * SUN_RADIUS_M, 200 * SUN_RADIUS_M)
SUN_NEAR_M = (10 * SUN_RADIUS_M, 20 * SUN_RADIUS_M)
SUN_REACH_M = 200 * AU_M
SAME_LOG = 1.8
"""The Sun as the viewer draws it, whatever a universe holds: client_export/src/sun.ts has the same numbers, and says
where they are from. It fades in from SUN_SHOWN_M, at a date from SUN_NEAR_M; a star within SUN_REACH_M whose luminosity
is the Sun's to SAME_LOG, in powers of e, is the Sun and not drawn twice."""


class Block(NamedTuple):
    """N lights: `position_m` float64 [N, 3], barycentric mean ecliptic J2000 metres, and linear RGB `color` float32
    [N, 3].

    Points have a `luminosity` float64 [N], steradians times square metres (`helios.light`), and None for the rest;
    Gaussians a `covariance_m2` float64 [N, 6], xx, yy, zz, xy, xz, yz along the axes of the position, and an `opacity`
    float64 [N], the linear brightness tau, from which their light follows.
    """

    position_m: NDArray[np.float64]
    color: NDArray[np.float32]
    luminosity: NDArray[np.float64]
    opacity: NDArray[np.float64] | None = None
    covariance_m2: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.position_m)


def stars_of(
    universe: Universe, view: View | None = None, cells: NDArray[np.bool_] | None = None, years: float = 0.0
) -> Iterator[Block]:
    """Yield the stars of `universe`, all of them, or of those `cells` bool [M], BLOCK_ROWS at a time.

    They have moved along straight lines for `years` Julian years; if those are not 0 the universe must have velocities.
    Rows without a cell that may be seen in `view` are not read. Raises StoreError where the store is damaged.
    """
    names = LIGHT_COLUMNS if years == 0.0 else (*LIGHT_COLUMNS, "velocity")
    seen = cells_in(universe, view, years)
    chosen = seen if cells is None else seen & cells
    edges = np.flatnonzero(np.diff(np.r_[False, chosen, False]))
    starts, stops = universe.offsets[edges[::2]], universe.offsets[edges[1::2]]
    for first, last in zip(starts.tolist(), stops.tolist()):
        for start in range(first, last, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, last)
            yield _points(lights_after(universe.columns(names, start, stop), years))


def lights_after(columns: Mapping[str, NDArray], years: float) -> Lights:
    """Return stars of these columns as lights, where they are after `years` Julian years at their velocity."""
    lights = stars_as_lights(columns)
    if years == 0.0:
        return lights
    return replace(lights, position_m=lights.position_m + years * columns["velocity"].astype(np.float64))


def cells_in(universe: Universe, view: View | None, years: float = 0.0) -> NDArray[np.bool_]:
    """Return which cells of `universe` may give light to `view`, bool [M]: all where it is None or a map of the sky.

    Stars may have left them for `years` Julian years, at the most at FASTEST_M_YR.
    """
    if view is None or view.projection != "pinhole":
        return np.ones(len(universe), bool)
    low, high = universe.star_boxes_m()
    return in_reach(view, (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2 + FASTEST_M_YR * abs(years))


def in_reach(view: View, center_m: NDArray[np.float64], radius_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which balls, [N, 3] and [N] metres, reach into the cone around the picture of a pinhole, bool [N]."""
    to = center_m - view.eye_m
    distance = np.linalg.norm(to, axis=1)
    size = np.arcsin(np.clip(radius_m / np.maximum(distance, 1e-300), 0.0, 1.0))
    aside = np.arctan2(np.linalg.norm(np.cross(to, view.axes[2]), axis=1), to @ view.axes[2])
    margin = MARGIN_RAD + 5.0 / view.focal_px
    return (radius_m >= distance) | (aside <= view.reach + size + margin)


def trained_of(universe: Universe, view: View | None = None, years: float = 0.0) -> Iterator[Block]:
    """Yield the splats of the trained cells of `universe`, and the stars of the others, these as in `stars_of`."""
    trained = universe.trained
    yield from stars_of(universe, view, ~trained, years)
    cells = np.flatnonzero(trained & cells_in(universe, view))
    origins, half_extents = universe.frames_m(cells)
    for cell, origin, half_extent in zip(cells.tolist(), origins, half_extents):
        splats = universe.splats(cell)
        if splats is not None and len(splats):
            yield splats_as_block(splats, origin, float(half_extent))


def splats_as_block(splats: Splats, origin_m: NDArray[np.float64], half_extent_m: float) -> Block:
    """Return the `splats` of a cell with this frame, metres."""
    position = from_cell_units(splats.means, origin_m, np.full(len(splats), half_extent_m))
    rows = np.array(rotation_rows(*splats.quats.astype(np.float64).T))  # [3, 3, K]
    half = rows * (splats.scales.astype(np.float64).T * half_extent_m)
    full = np.einsum("ikn,jkn->ijn", half, half)
    covariance = np.stack([full[0, 0], full[1, 1], full[2, 2], full[0, 1], full[0, 2], full[1, 2]], axis=1)
    return Block(position, splats.colors, np.zeros(len(splats)), splats.opacities.astype(np.float64), covariance)


def lights_as_blocks(lights: Lights) -> Iterator[Block]:
    """Yield the points of `lights`, and then its Gaussians."""
    wide = lights.sigma_m > 0
    if not wide.all():
        yield _points(lights.take(~wide))
    if wide.any():
        soft = lights.take(wide)
        square = soft.sigma_m**2
        covariance = np.concatenate([np.repeat(square[:, None], 3, axis=1), np.zeros((len(square), 3))], axis=1)
        opacity = soft.luminosity / (2.0 * np.pi * square)
        yield Block(soft.position_m, soft.color, np.zeros(len(square)), opacity, covariance)


def sun(eye_m: NDArray[np.float64], sun_m: NDArray[np.float64] | None = None) -> Block:
    """Return the Sun as it is seen from `eye_m` [3], a point of light; none from beside it.

    It is at the origin, or at `sun_m` [3] where an ephemeris has it, and there seen from SUN_NEAR_M.
    """
    low, high = SUN_SHOWN_M if sun_m is None else SUN_NEAR_M
    place = np.zeros(3) if sun_m is None else sun_m
    t = min(max((float(np.linalg.norm(eye_m - place)) - low) / (high - low), 0.0), 1.0)
    shown = t * t * (3.0 - 2.0 * t)
    n = int(shown > 0)
    return Block(
        np.repeat(place[None], n, axis=0), np.full((n, 3), SUN_COLOR, np.float32), np.full(n, shown * SUN_LUMINOSITY)
    )


def without_sun(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield `blocks` without the points that are the Sun."""
    for block in blocks:
        near = np.linalg.norm(block.position_m, axis=1) < SUN_REACH_M
        if near.any():
            with np.errstate(divide="ignore"):
                near &= np.abs(np.log(block.luminosity / SUN_LUMINOSITY)) < SAME_LOG
            block = Block(*(None if column is None else column[~near] for column in block))  # type: ignore[arg-type]
        yield block


def _points(lights: Lights) -> Block:
    return Block(lights.position_m, np.ascontiguousarray(lights.color, np.float32), lights.luminosity)
