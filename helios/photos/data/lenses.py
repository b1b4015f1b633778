"""Camera models of COLMAP: how a lens takes a direction to a pixel, and back.

A direction is (x, y) on the plane z = 1 of the camera. A fisheye lens first bends it to the angle from the axis,
theta (x, y) / r; then both kinds multiply by a polynomial in the squared radius, and some shift tangentially. Formulas:
COLMAP's src/colmap/sensor/models.h, and https://docs.opencv.org/4.x/d9/d0c/group__calib3d.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEWTON_STEPS = 50
STEP = 1e-6
"""Of the difference quotients, where one is about the half width of a picture."""
NEAR_ENOUGH = 1e-10
"""How near the way back comes, where one is about the half width of a picture."""


@dataclass(frozen=True)
class Lens:
    """Focal lengths and principal point, px, and what the lens does to directions."""

    fx: float
    fy: float
    cx: float
    cy: float
    radial: tuple[float, ...] = ()  # factors of r^2, r^4, ... in the polynomial
    rational: tuple[float, ...] = ()  # the same of the polynomial by which it is divided
    tangential: tuple[float, float] = (0.0, 0.0)  # p1, p2
    fisheye: bool = False

    @property
    def is_ideal(self) -> bool:
        """Whether this is a pinhole."""
        return not self.fisheye and not any((*self.radial, *self.rational, *self.tangential))

    @property
    def K(self) -> Floats:
        """The matrix [3, 3] that takes directions to pixels where the lens is ideal."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])

    def scaled(self, x: float, y: float) -> Lens:
        """Return the lens of the same photograph with `x` times as many pixels across and `y` times as many down."""
        return replace(self, fx=self.fx * x, fy=self.fy * y, cx=self.cx * x, cy=self.cy * y)

    def project(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the pixels at which the directions (x, y), of any one shape, are seen."""
        if self.fisheye:
            r = np.hypot(x, y)
            bend = np.where(r > 1e-12, np.arctan(r) / np.maximum(r, 1e-12), 1.0)
            x, y = x * bend, y * bend
        u, v = self._distort(x, y)
        return self.fx * u + self.cx, self.fy * v + self.cy

    def unproject(self, px: Floats, py: Floats) -> tuple[Floats, Floats]:
        """Return the directions that are seen at pixels; NaN where there is none, or none before the camera.

        By Newton's method on the distortion, with difference quotients.
        """
        goal_u, goal_v = (px - self.cx) / self.fx, (py - self.cy) / self.fy
        x, y = goal_u, goal_v
        for _ in range(NEWTON_STEPS):
            u, v = self._distort(x, y)
            ux, vx = self._distort(x + STEP, y)
            uy, vy = self._distort(x, y + STEP)
            a, b, c, d = (ux - u) / STEP, (uy - u) / STEP, (vx - v) / STEP, (vy - v) / STEP
            determinant = a * d - b * c
            du, dv = u - goal_u, v - goal_v
            with np.errstate(divide="ignore", invalid="ignore"):
                x, y = x - (d * du - b * dv) / determinant, y - (a * dv - c * du) / determinant
        u, v = self._distort(x, y)
        with np.errstate(invalid="ignore"):
            found = np.hypot(u - goal_u, v - goal_v) < NEAR_ENOUGH
            if self.fisheye:
                theta = np.hypot(x, y)
                found &= theta < np.pi / 2
                unbend = np.where(theta > 1e-12, np.tan(theta) / np.maximum(theta, 1e-12), 1.0)
                x, y = x * unbend, y * unbend
        return np.where(found, x, np.nan), np.where(found, y, np.nan)

    def _distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        square = x * x + y * y
        factor = _polynomial(self.radial, square)
        if self.rational:
            factor = factor / _polynomial(self.rational, square)
        p1, p2 = self.tangential
        if p1 == 0 and p2 == 0:
            return x * factor, y * factor
        return (
            x * factor + 2 * p1 * x * y + p2 * (square + 2 * x * x),
            y * factor + 2 * p2 * x * y + p1 * (square + 2 * y * y),
        )


def _polynomial(factors: tuple[float, ...], square: Floats) -> Floats:
    value = np.zeros_like(square)
    for factor in reversed(factors):
        value = (value + factor) * square
    return 1 + value


class LensOf(NamedTuple):
    """What makes a Lens of so many `parameters` in COLMAP's order."""

    parameters: int
    make: Callable[..., Lens]

    def __call__(self, *params: float) -> Lens:
        return self.make(*params)


def _full_opencv(fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, k5, k6) -> Lens:
    return Lens(fx, fy, cx, cy, (k1, k2, k3), (k4, k5, k6), (p1, p2))


LENSES = {
    "SIMPLE_PINHOLE": LensOf(3, lambda f, cx, cy: Lens(f, f, cx, cy)),
    "PINHOLE": LensOf(4, lambda fx, fy, cx, cy: Lens(fx, fy, cx, cy)),
    "SIMPLE_RADIAL": LensOf(4, lambda f, cx, cy, k: Lens(f, f, cx, cy, (k,))),
    "RADIAL": LensOf(5, lambda f, cx, cy, *k: Lens(f, f, cx, cy, k)),
    "OPENCV": LensOf(8, lambda fx, fy, cx, cy, k1, k2, p1, p2: Lens(fx, fy, cx, cy, (k1, k2), (), (p1, p2))),
    "OPENCV_FISHEYE": LensOf(8, lambda fx, fy, cx, cy, *k: Lens(fx, fy, cx, cy, k, fisheye=True)),
    "FULL_OPENCV": LensOf(12, _full_opencv),
    "SIMPLE_RADIAL_FISHEYE": LensOf(4, lambda f, cx, cy, k: Lens(f, f, cx, cy, (k,), fisheye=True)),
    "RADIAL_FISHEYE": LensOf(5, lambda f, cx, cy, *k: Lens(f, f, cx, cy, k, fisheye=True)),
}
"""The camera models that Helios undistorts, by COLMAP's names."""


@dataclass(frozen=True)
class Camera:
    """A camera of a model, as its file says."""

    id: int
    model: str  # COLMAP's name, as in OPENCV
    width: int  # px
    height: int  # px
    params: tuple[float, ...]  # in COLMAP's order

    def lens(self) -> Lens:
        """Return how this camera takes directions to pixels."""
        return LENSES[self.model](*self.params)
