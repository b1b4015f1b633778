"""A pinhole camera in float64, written for the tests from the viewer's description alone; directions by astropy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

POLE = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Pinhole:
    """A camera at `position` [3] (metres) looking at ICRS `look` (degrees), ecliptic north up, `size` pixels."""

    position: np.ndarray
    look: tuple[float, float]
    fov: float = 60.0
    size: tuple[int, int] = (1280, 800)

    @property
    def focal(self) -> float:
        """Pixels; the field of view is vertical."""
        return self.size[1] / 2 / np.tan(np.radians(self.fov) / 2)

    @property
    def state(self) -> str:
        """The same camera in the text of a link."""
        pos = ",".join(repr(float(value)) for value in self.position)
        return f"pos={pos}&look={self.look[0]!r},{self.look[1]!r}&fov={self.fov!r}"

    def in_camera(self, points: np.ndarray) -> np.ndarray:
        """Points [N, 3] relative to the camera along right, down and forward, metres."""
        forward = ecliptic_direction(*self.look)
        right = np.cross(forward, POLE)
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        return (np.atleast_2d(points) - self.position) @ np.stack([right, down, forward], axis=1)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels [N, 2] of points [N, 3], the centre of the first pixel at 0.5; NaN behind the camera."""
        x, y, z = self.in_camera(points).T
        z = np.where(z > 0, z, np.nan)
        return np.stack([self.size[0] / 2 + self.focal * x / z, self.size[1] / 2 + self.focal * y / z], axis=1)


def ecliptic_direction(ra: float, dec: float) -> np.ndarray:
    """Unit vector [3] in the barycentric mean ecliptic of J2000 towards ICRS degrees."""
    sky = SkyCoord(ra * u.deg, dec * u.deg, frame="icrs").transform_to(BarycentricMeanEcliptic())
    return sky.cartesian.xyz.value


def direction_of(vector: np.ndarray) -> tuple[float, float]:
    """ICRS (ra, dec), degrees, of an ecliptic vector [3]."""
    x, y, z = vector / np.linalg.norm(vector)
    sky = SkyCoord(x=x, y=y, z=z, unit="kpc", representation_type="cartesian", frame=BarycentricMeanEcliptic())
    icrs = sky.icrs
    return float(icrs.ra.deg), float(icrs.dec.deg)
