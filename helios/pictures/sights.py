"""How the bodies at a date look from a view: how bright, how large, how lit; and the most exposure that they allow.

As `client_export/src/solar/sight.ts`, `picture.ts` and `smalls.ts` have it, with their numbers: bodies below the radius
FROM_PX[0] are points, above FROM_PX[1] globes, and between both in shares. Moons cast no shadows and stand in none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.constants import AU_M, OMEGA_0_SR
from helios.pictures.globes import Globe, globe_sum
from helios.pictures.lights import SUN_LUMINOSITY, SUN_RADIUS_M, Block
from helios.pictures.moment import Body, Moment, as_globe, small_magnitude
from helios.pictures.views import View
from helios.solar.magnitudes import GREY, RINGED, ring_light, small_radius_m

FROM_PX = (0.5, 1.5)
MOST_BRIGHT = 1.2
BRIGHT_PX = 16.0
SMALLEST_PX = 2.0
MOST_SIZE = 0.999999
GLOBE_KINDS = ("asteroid", "dwarf planet", "interstellar")
"""A comet's magnitude is that of its coma, and says nothing of its size."""


@dataclass(frozen=True)
class Sight:
    """A body from an eye: `to` [3] unit vector to it, `distance_m`; `sun` [3] unit vector from it, `phase` radians.

    `globe_sr` and `rings_sr` are the light of the globe and its rings, steradians at exposure 1; `sheet` the brightness
    of a white sheet there that faces the Sun.
    """

    body: Body
    to: NDArray[np.float64]
    distance_m: float
    sun: NDArray[np.float64]
    phase: float
    globe_sr: float
    rings_sr: float
    sheet: float

    @property
    def size(self) -> float:
        """Radius over distance, below 1."""
        return min(self.body.radius_m / self.distance_m, MOST_SIZE)

    @property
    def magnitude(self) -> float:
        """V of globe and rings."""
        return -2.5 * math.log10((self.globe_sr + self.rings_sr) / OMEGA_0_SR)

    def share(self, focal_px: float) -> float:
        """Return how much of it is drawn as a globe, 0 to 1."""
        t = min(max((focal_px * self.size - FROM_PX[0]) / (FROM_PX[1] - FROM_PX[0]), 0.0), 1.0)
        return t * t * (3.0 - 2.0 * t)

    def peak(self, focal_px: float) -> float:
        """Return the light of a globe's pixel where the Sun stands over it, at exposure 1."""
        sine, flat = float(self.to @ self.body.pole), self.body.flat
        area = math.sqrt(sine**2 + (1.0 - sine**2) * flat**2)  # of the ellipse that it is seen as, over a circle
        return self.globe_sr * focal_px**2 / max(area * globe_sum(focal_px * self.size, self.phase), 1e-9)

    def as_globe(self, focal_px: float) -> Globe:
        """Return it as it is drawn."""
        sheet = self.sheet if self.rings_sr > 0 else 0.0
        body = self.body
        return Globe(
            self.to,
            self.size,
            body.pole,
            body.flat,
            self.sun,
            self.globe_sr,
            self.peak(focal_px),
            sheet,
            body.color,
            self.share(focal_px),
        )


def sight_of(body: Body, eye_m: NDArray[np.float64], sun_m: NDArray[np.float64]) -> Sight | None:
    """Return how `body` looks from `eye_m` with the Sun at `sun_m`; None from within it, and of unknown light."""
    off, out = body.position_m - eye_m, sun_m - body.position_m
    distance, from_sun = float(np.linalg.norm(off)), float(np.linalg.norm(out))
    if distance <= body.radius_m or distance == 0.0:
        return None
    to, sun = off / distance, out / from_sun
    phase = angle_between(sun, -to)
    mag = body.magnitude(from_sun / AU_M, distance / AU_M, phase)
    if math.isnan(mag):
        return None
    sheet, rings = SUN_LUMINOSITY / from_sun**2 / math.pi, 0.0
    if body.name == RINGED:
        over, under = float(sun @ body.pole), float(-to @ body.pole)
        rings = sheet * (body.radius_m / distance) ** 2 * ring_light(abs(under), abs(over), over * under > 0)
    return Sight(body, to, distance, sun, phase, OMEGA_0_SR * 10.0 ** (-0.4 * mag), rings, sheet)


def angle_between(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the angle between vectors [3], radians."""
    return math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b))


def sights_of(view: View, moment: Moment) -> tuple[list[Sight], Block]:
    """Return the large bodies, farthest first, and the small ones as points of light, from the eye of `view`.

    Small ones that are larger than a point are among the first. What the Sun's disc hides is left out.
    """
    bodies, points = list(moment.bodies), _no_points()
    if moment.orbits is not None and len(moment.orbits):
        large, points = _small(view, moment)
        bodies += large
    to_sun = moment.sun_m - view.eye_m
    sun_m = float(np.linalg.norm(to_sun))
    disc = math.asin(SUN_RADIUS_M / sun_m) if sun_m > SUN_RADIUS_M else 0.0
    sights = [sight for body in bodies if (sight := sight_of(body, view.eye_m, moment.sun_m)) is not None]
    seen = [one for one in sights if one.distance_m < sun_m or angle_between(one.to, to_sun) >= disc]
    return sorted(seen, key=lambda one: -one.distance_m), points


def limit_of_sights(sights: list[Sight], view: View) -> float:
    """Return the most exposure at which no globe in `view` burns out that is large enough to be looked at."""
    most = math.inf
    for one in sights:
        radius = view.focal_px * one.size
        beside = view.projection == "pinhole" and (
            angle_between(one.to, view.axes[2]) > view.reach + math.asin(one.size)
        )
        if radius < SMALLEST_PX or beside:
            continue
        lit = max(math.sin(one.phase), 1e-4) if one.phase > math.pi / 2 else 1.0
        most = min(most, MOST_BRIGHT / (lit * one.peak(view.focal_px)) * (1.0 + (BRIGHT_PX / radius) ** 3))
    return most


def points_of(sights: list[Sight], focal_px: float) -> Block:
    """Return `sights` as points, each with the share of its light that is not drawn as a globe."""
    if not sights:
        return _no_points()
    light = [(1.0 - one.share(focal_px)) * (one.globe_sr + one.rings_sr) * one.distance_m**2 for one in sights]
    colors = np.array([one.body.color for one in sights], np.float32)
    return Block(np.array([one.body.position_m for one in sights]), colors, np.array(light))


def _no_points() -> Block:
    return Block(np.empty((0, 3)), np.empty((0, 3), np.float32), np.empty(0))


def _small(view: View, moment: Moment) -> tuple[list[Body], Block]:
    orbits, place = moment.orbits, moment.small_m
    assert orbits is not None
    out, off = place - moment.sun_m, place - view.eye_m
    from_sun, distance = np.linalg.norm(out, axis=1), np.linalg.norm(off, axis=1)
    apart = distance > 0.0
    distance = np.where(apart, distance, 1.0)
    phase = np.arctan2(np.linalg.norm(np.cross(out, off), axis=1), np.einsum("ni,ni->n", out, off))
    mag = small_magnitude(orbits, from_sun / AU_M, distance / AU_M, phase)
    lit = apart & ~np.isnan(mag)
    large = (
        lit & np.isin(orbits.kind, GLOBE_KINDS) & (small_radius_m(orbits.h_mag) * view.focal_px > FROM_PX[0] * distance)
    )
    shown = lit & ~large
    luminosity = OMEGA_0_SR * 10.0 ** (-0.4 * mag[shown]) * distance[shown] ** 2
    colors = np.broadcast_to(np.array(GREY, np.float32), (int(shown.sum()), 3))
    globes = [as_globe(orbits, row, place[row]) for row in np.flatnonzero(large).tolist()]
    return globes, Block(place[shown], np.ascontiguousarray(colors), luminosity)
