"""Pictures of lights from a view: linear, unbounded, with what the eye needs to know of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from helios.color import LUMINANCE
from helios.constants import OMEGA_0_SR
from helios.pictures.eye import Eye, exposure_at
from helios.pictures.lights import BLOCK_ROWS, Block
from helios.pictures.projection import EQUIRECTANGULAR, ray_map
from helios.pictures.splatter import BANDS, BENDS, SEEN, draw, find
from helios.pictures.tone import scaled
from helios.pictures.views import View
from helios.pictures.wide import SMOOTH_PX, draw_wide, tiles_of
from helios.threads import run_striped

FRESH_EV = 0.0
"""The exposure of a picture of nothing, stops."""


@dataclass(frozen=True)
class Picture:
    """What is seen in `view`: `light` float64 [H, W, 3], linear RGB at exposure 1, on black.

    A pixel has the steradians of light that fall into it, times the square of the view's focal length: all that a star
    of G magnitude m gives is 7e-6 x 10^(-0.4 m) x focal_px^2 of luminance. `lights` were drawn; `auto_ev` are the stops
    that the viewer would choose.
    """

    view: View
    light: NDArray[np.float64]
    lights: int
    auto_ev: float

    def exposed(self, ev: float) -> NDArray[np.float64]:
        """Return the light at `ev` stops, as the viewer counts them."""
        return self.light * exposure_at(ev)

    @property
    def flux(self) -> NDArray[np.float64]:
        """The light of each pixel, float64 [H, W], in that of a star of G magnitude 0."""
        return self.light @ LUMINANCE / (OMEGA_0_SR * self.view.focal_px**2)


def take(view: View, blocks: Iterable[Block], threads: int | None = None, most: float = math.inf) -> Picture:
    """Return the picture of the lights in `blocks` from `view`; its own exposure is at most `most`.

    No light but the share 1e-8 of each that lies beyond the reach of the pixels' filter is cut, and sums are float64,
    in the order of the blocks: the same bytes on any number of `threads`, None for every core. Memory: 24 bytes a
    pixel, where Gaussians are wide 56, and 300 bytes for each light of a block.
    """
    picture, wide = np.zeros((view.height, view.width, 3)), _Wide(view, threads)
    eye, lights = Eye(view.width, view.height, view.focal_px), 0
    none, no_covariance = np.zeros(0), np.zeros((0, 6))
    around = view.kind == EQUIRECTANGULAR
    for whole in blocks:
        for block in _parts(whole):
            opacity = none if block.opacity is None else np.ascontiguousarray(block.opacity, np.float64)
            covariance = no_covariance if block.covariance_m2 is None else block.covariance_m2
            colors = np.ascontiguousarray(block.color, np.float32)
            position = np.ascontiguousarray(block.position_m, np.float64)
            seen = np.empty(len(block), SEEN)
            luminosity = np.ascontiguousarray(block.luminosity, np.float64)
            geometry = (view.eye_m, view.axes, *view.numbers)
            run_striped(find, BANDS, threads, seen, position, luminosity, opacity, covariance, *geometry)
            run_striped(draw, BANDS, threads, picture, seen, colors, around)
            shown = seen["peak"] != 0.0
            lights += int(np.count_nonzero(shown))
            found = seen[shown]
            eye.note(found["x"], found["y"], found["light"], found["sigma"] * view.focal_px)
            rows = np.flatnonzero(seen["peak"] < 0.0)
            if len(rows):
                wide.add(picture, seen["sigma"][rows], position[rows], opacity[rows], covariance[rows], colors[rows])
    wide.finish(picture)
    ev = eye.look(most)
    return Picture(view, picture, lights, FRESH_EV if ev is None else ev)


class _Wide:
    """Draws wide Gaussians by rays: the widest into a smaller picture, which `finish` adds."""

    def __init__(self, view: View, threads: int | None):
        self._view, self._threads = view, threads
        most = max(1, int(BENDS * view.focal_px / SMOOTH_PX))
        side = math.gcd(view.width, view.height)
        self._shrink = max(n for n in range(1, most + 1) if side % n == 0)
        self._rays: dict[int, tuple[NDArray, NDArray, NDArray]] = {}
        self._small: NDArray[np.float64] | None = None

    def add(self, picture: NDArray[np.float64], sigma: NDArray[np.float64], *columns: NDArray) -> None:
        smooth = sigma * self._view.focal_px >= SMOOTH_PX * self._shrink
        for rows, shrink in ((smooth, self._shrink), (~smooth, 1)):
            if not rows.any():
                continue
            target = picture
            if shrink > 1:
                if self._small is None:
                    height, width = (side // shrink for side in picture.shape[:2])
                    self._small = np.zeros((height, width, 3))
                target = self._small
            if shrink not in self._rays:
                self._rays[shrink] = self._map(shrink)
            rays = self._rays[shrink]
            lights = (column[rows] for column in columns)
            run_striped(draw_wide, len(rays[2]), self._threads, target, *lights, self._view.eye_m, *rays)

    def _map(self, shrink: int) -> tuple[NDArray, NDArray, NDArray]:
        view = self._view
        width, height = view.width // shrink, view.height // shrink
        directions, share = ray_map(replace(view, width=width, height=height, focal_px=view.focal_px / shrink))
        return directions, share, tiles_of(directions)

    def finish(self, picture: NDArray[np.float64]) -> None:
        if self._small is not None:
            picture += scaled(self._small, picture.shape)


def _parts(block: Block) -> Iterable[Block]:
    """Yield `block` in parts of BLOCK_ROWS lights, so that memory is bounded."""
    for start in range(0, len(block), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        yield Block(*(None if column is None else column[rows] for column in block))  # type: ignore[arg-type]
