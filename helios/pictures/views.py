"""Views: where a picture is taken from, and where in it a direction lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.constants import ICRS_TO_ECLIPTIC
from helios.coords import ecliptic_m_to_icrs, icrs_to_ecliptic_m
from helios.errors import InputError

PROJECTIONS = ("pinhole", "mollweide", "equirectangular")

FOV_DEG = (1e-3, 179.0)
"""Fields of view of a pinhole, degrees: beyond, all but the rim of its picture is one point."""

SIDE_PX = (1, 32768)

MARGIN_PX = 4.0
"""Width around the ellipse of a Mollweide map, which keeps the light of stars at its rim in the picture."""


def _galactic() -> NDArray[np.float64]:
    """Galactic axes: pole, and longitude of the celestial pole, of ESA SP-1200, volume 1, 1.5.3; as in the viewer."""
    pole = icrs_to_ecliptic_m(192.85948, 27.12825, 1.0)
    celestial = ICRS_TO_ECLIPTIC[:, 2]
    toward = celestial - pole * (pole @ celestial)
    toward /= np.linalg.norm(toward)
    longitude = math.radians(122.93192)
    centre = toward * math.cos(longitude) - np.cross(pole, toward) * math.sin(longitude)
    return np.stack([centre, np.cross(pole, centre), pole])


FRAMES = {"ecliptic": np.eye(3), "equatorial": np.ascontiguousarray(ICRS_TO_ECLIPTIC.T), "galactic": _galactic()}
"""Frames of the sky: unit vectors towards longitude 0 and 90 degrees and the north pole, in rows, ecliptic axes."""


def direction_in(frame: str, longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> NDArray[np.float64]:
    """Return the ecliptic unit vectors [N, 3] towards longitudes and latitudes [N], degrees, of one of FRAMES."""
    l, b = np.radians(np.asarray(longitude_deg, float)), np.radians(np.asarray(latitude_deg, float))
    return np.stack([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)], axis=-1) @ FRAMES[frame]


@dataclass(frozen=True)
class View:
    """A picture of `width` x `height` pixels from `eye_m` float64 [3], barycentric mean ecliptic J2000 metres.

    A star's light is `focal_px`^2 pixels per steradian wherever it is in the picture, so that magnitudes do not change
    as a camera turns: a pixel holds the light that falls into it, times the square of `focal_px`. `axes` float64
    [3, 3], ecliptic unit vectors in rows: right, down and ahead of a pinhole; longitude 0, longitude 90 degrees and the
    north pole of the map's frame `frame` of a map of all the sky, whose longitudes grow to the left, 0 in the middle.
    Places in the picture are pixels from its top left corner: the middle of the first pixel is (0.5, 0.5).
    """

    projection: str
    width: int
    height: int
    eye_m: NDArray[np.float64]
    axes: NDArray[np.float64]
    focal_px: float
    frame: str = ""
    fov_deg: float = 0.0
    up: str = ""

    @property
    def kind(self) -> int:
        """The number of the projection in PROJECTIONS, which kernels know it by."""
        return PROJECTIONS.index(self.projection)

    @property
    def reach(self) -> float:
        """How far from its middle direction, `axes[2]`, the farthest corner of a pinhole's picture is, radians."""
        return math.atan(math.hypot(self.width, self.height) / 2 / self.focal_px)

    def look_deg(self) -> tuple[float, float]:
        """Return (ra, dec), ICRS degrees, of the middle of the picture of a pinhole."""
        ra, dec, _ = ecliptic_m_to_icrs(self.axes[2])
        return float(ra), float(dec)

    def project(self, direction: ArrayLike) -> NDArray[np.float64]:
        """Return where directions [N, 3], ecliptic and of any length, lie: float64 [N, 2] pixels, NaN behind."""
        from helios.pictures.projection import places

        out = np.empty((len(np.asarray(direction)), 2))
        places(np.ascontiguousarray(direction, np.float64), self.axes, *self.numbers, out)
        return out

    @property
    def numbers(self) -> tuple[int, float, int, int]:
        """Kind, focal length, width and height, as kernels take them."""
        return self.kind, self.focal_px, self.width, self.height


def check_size(width: int, height: int) -> None:
    """Raise InputError for a picture of no pixels, or of too many on a side."""
    if not all(SIDE_PX[0] <= side <= SIDE_PX[1] for side in (width, height)):
        raise InputError(f"size {width}x{height}: both sides must be from {SIDE_PX[0]} to {SIDE_PX[1]:,} pixels")


def pinhole(eye_m: ArrayLike, ahead: ArrayLike, fov_deg: float, size: tuple[int, int], up: str = "ecliptic") -> View:
    """Return the view of a pinhole camera at `eye_m` [3] metres that looks along `ahead` [3], ecliptic axes.

    `fov_deg` degrees from the bottom to the top of the picture, as in the viewer's links; `size` is (width, height);
    `up` names the frame whose pole is up. Where the camera looks along that pole itself, the frame's longitude 0 is up.
    Raises InputError for a size or field of view that cannot be, and a direction of no length.
    """
    width, height = size
    check_size(width, height)
    if not FOV_DEG[0] <= fov_deg <= FOV_DEG[1]:
        raise InputError(
            f"field of view {fov_deg:g}: must be from {FOV_DEG[0]:g} to {FOV_DEG[1]:g} degrees "
            "(--projection mollweide shows all the sky)"
        )
    if up not in FRAMES:
        raise InputError(f"up {up!r}: must be one of {', '.join(FRAMES)}")
    eye, forward = np.asarray(eye_m, np.float64), np.asarray(ahead, np.float64)
    length = np.linalg.norm(forward)
    if not (np.isfinite(length) and length > 0):
        raise InputError("the place to look at is where the camera is: name another, or a direction ra,dec")
    forward = forward / length
    pole = FRAMES[up][2]
    if np.linalg.norm(np.cross(forward, pole)) < 1e-9:
        pole = FRAMES[up][0]
    right = np.cross(forward, pole)
    right /= np.linalg.norm(right)
    focal = height / 2 / math.tan(math.radians(fov_deg) / 2)
    axes = np.stack([right, np.cross(forward, right), forward])
    return View("pinhole", width, height, eye, axes, focal, fov_deg=fov_deg, up=up)


def all_sky(eye_m: ArrayLike, projection: str, size: tuple[int, int], frame: str = "galactic") -> View:
    """Return a map of all the sky from `eye_m` [3] metres, in one of PROJECTIONS but pinhole, north up.

    Mollweide's is of equal areas; equirectangular's is a plate carree. Raises InputError for a size (width, height)
    that is not twice as wide as high, or too small for its margin.
    """
    width, height = size
    check_size(width, height)
    if width != 2 * height or height < 16:
        raise InputError(f"size {width}x{height}: a map of all the sky must be twice as wide as high, from 32x16 on")
    # Mollweide's is an ellipse of half axes 2 sqrt 2 R and sqrt 2 R.
    mollweide = (width / 2 - MARGIN_PX) / (2 * math.sqrt(2.0))
    focal = mollweide if projection == "mollweide" else width / (2 * math.pi)
    return View(projection, width, height, np.asarray(eye_m, np.float64), FRAMES[frame], focal, frame=frame)
