"""Places by name or numbers: what a picture is taken from, and what it looks at."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.catalogs_path import embedded_rows
from helios.constants import AU_M, LIGHT_YEAR_M, OMEGA_0_SR, PARSEC_M
from helios.coords import ecliptic_m_to_icrs, icrs_to_ecliptic_m, parallax_to_distance_m, stacked_positions_m
from helios.errors import InputError
from helios.landmarks import Landmark, load_landmarks
from helios.light import luminosity
from helios.packing.names import NAMES, SAME_ARCSEC, SAME_MAG, STARS
from helios.pictures.moment import Moment, is_body
from helios.pictures.spelling import keys_asked_for, keys_of, plain
from helios.regions import Cone
from helios.universe.paths import landmarks_path

if TYPE_CHECKING:
    from helios.universe import Universe

UNITS_M = {
    "m": 1.0,
    "km": 1e3,
    "au": AU_M,
    "ly": LIGHT_YEAR_M,
    "pc": PARSEC_M,
    "kpc": 1e3 * PARSEC_M,
    "Mpc": 1e6 * PARSEC_M,
}

SUN_NAMES = {"sun", "sol"}

STAR_MAG = -8.0
FILLED = 0.5
CLOSEST_SHARE = 1e-5
DEFAULT_SHARE = 1e-3
CLOSEST_M = 1e9
FRESH_FOV_DEG = 60.0
"""How near to a place the viewer takes a visitor: client_export/src/flight.ts has the same numbers, and says why."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_POSITION = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*([A-Za-z]*)")
_DIRECTION = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})")


@dataclass(frozen=True)
class Place:
    """A place: `position_m` float64 [3], barycentric mean ecliptic J2000 metres.

    `radius_m` is its size, 0 where unknown; `luminosity` that of a star, steradians times square metres, 0 of others.
    """

    name: str
    position_m: NDArray[np.float64]
    radius_m: float = 0.0
    luminosity: float = 0.0
    is_body: bool = False
    """Whether it is of the solar system, at a date: cameras stand at its centre."""

    @property
    def is_sun(self) -> bool:
        return not self.position_m.any()

    def arrival_m(self, short_fov_deg: float = FRESH_FOV_DEG) -> float:
        """Return how far from it the viewer's flight to it ends, metres; see `arrivalDistance` of flight.ts."""
        from_sun = float(np.linalg.norm(self.position_m))
        framed = self.radius_m / (FILLED * math.tan(math.radians(short_fov_deg) / 2))
        if self.luminosity > 0:
            framed = math.sqrt(self.luminosity / (OMEGA_0_SR * 10.0 ** (-0.4 * STAR_MAG)))
        return max(framed or DEFAULT_SHARE * from_sun, CLOSEST_SHARE * from_sun, CLOSEST_M)

    def before_m(self) -> NDArray[np.float64]:
        """Return where the viewer's flight from the Sun to it ends, metres [3]; the place itself of Sun and bodies."""
        if self.is_body:
            return self.position_m
        from_sun = np.linalg.norm(self.position_m)
        return self.position_m * (1.0 - self.arrival_m() / from_sun) if from_sun > 0 else np.zeros(3)


def parse_eye(text: str, universe: Universe, moment: Moment | None = None) -> tuple[NDArray[np.float64], Place | None]:
    """Return where `--from` puts the camera, metres [3], and the place that it names, None for numbers.

    `x,y,z` with a unit of UNITS_M, barycentric mean ecliptic J2000; a name, before whose place the camera stands as the
    viewer does after a flight to it from the Sun, in the centre of a body of `moment`. Raises InputError for a name
    that is not known, and numbers that are no place.
    """
    position = _position("--from", text)
    if position is not None:
        return position, None
    place = named(text, universe, moment)
    return place.before_m(), place


def parse_ahead(
    text: str, universe: Universe, eye_m: NDArray[np.float64], moment: Moment | None = None
) -> NDArray[np.float64]:
    """Return where `--look-at` points a camera at `eye_m`, an ecliptic vector [3] of any length above 0.

    `ra,dec`, ICRS degrees, `x,y,z` with a unit, or a name. Raises InputError as `parse_eye`, and where that is the
    place of the camera.
    """
    direction = _DIRECTION.fullmatch(text.strip())
    if direction:
        ra, dec = map(float, direction.groups())
        if not -90.0 <= dec <= 90.0 or not math.isfinite(ra):
            raise InputError(f"--look-at {text}: must be ra,dec in ICRS degrees, dec from -90 to 90")
        return icrs_to_ecliptic_m(ra, dec, 1.0)
    position = _position("--look-at", text)
    ahead = (named(text, universe, moment).position_m if position is None else position) - eye_m
    if not np.linalg.norm(ahead) > 0:
        raise InputError(f"--look-at {text}: is where the camera is; name another place, or a direction ra,dec")
    return ahead


def _position(option: str, text: str) -> NDArray[np.float64] | None:
    match = _POSITION.fullmatch(text.strip())
    if not match:
        return None
    *numbers, unit = match.groups()
    if unit not in UNITS_M:
        raise InputError(f"{option} {text}: must be x,y,z with a unit, one of {', '.join(UNITS_M)}, as in 1,2,3pc")
    position = np.array(numbers, np.float64)
    if not np.abs(position).max() <= 1e27 / UNITS_M[unit]:
        raise InputError(f"{option} {text}: must be within 1e27 metres of the Sun")
    return position * UNITS_M[unit]


def named(name: str, universe: Universe, moment: Moment | None = None) -> Place:
    """Return the place called `name`: the Sun, a landmark of `universe` or of Helios, a star by name or designation.

    As `helios.pictures.spelling` has it; of several stars the brightest. A star is where the universe has it, as bright
    as there; where it has not, as the embedded catalogue has it. With `moment` bodies of the solar system come first,
    and stars of the universe are where they are then. Raises InputError, with the nearest names, where nothing is
    called so.
    """
    keys = keys_asked_for(name)
    if moment is not None and (body := moment.find(keys)) is not None:
        return Place(*body, is_body=True)
    if keys & SUN_NAMES:
        return Place("Sun", np.zeros(3))
    years = 0.0 if moment is None else moment.years
    landmarks = _landmarks(universe)
    found = next((landmarks[key] for key in sorted(keys) if key in landmarks), None)
    rows = embedded_rows(NAMES)
    called = [row for row in rows if not keys.isdisjoint(map(plain, row["names"].split(";")))]
    called = called or [
        row for row in rows if any(not keys.isdisjoint(keys_of(each)) for each in row["designations"].split(";"))
    ]
    row = min(called, key=lambda row: float(row["v_mag"] or 99.0), default=None)
    if row is not None and (star := _star(row, universe, years)) is not None:
        return star
    if found is None and row is not None and row["landmark"]:
        found = landmarks.get(plain(row["landmark"]))
    if found is not None:
        return _of_landmark(found, universe, years)
    known = {plain(each): each for row in rows for each in row["names"].split(";") if each}
    known |= {key: landmark.name for key, landmark in landmarks.items()}
    if moment is None and is_body(universe, keys):
        raise InputError(f"{name!r}: a body of the solar system, which moves: give --date too, as in --date 2026-11-29")
    known |= moment.names() if moment is not None else {}
    near = list(dict.fromkeys(known[each] for each in difflib.get_close_matches(plain(name), list(known), 6, 0.6)))[:3]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "give coordinates: x,y,z with a unit"
    kinds = "no landmark and no star" if moment is None else "no body, no landmark and no star"
    raise InputError(f"{name!r}: {kinds} is called so ({hint})")


def _called(row: dict[str, str]) -> list[str]:
    return [name for name in (*row["names"].split(";"), *row["designations"].split(";")) if name]


def _landmarks(universe: Universe) -> dict[str, Landmark]:
    """Landmarks by what they are called: those of the universe before those of Helios."""
    own = landmarks_path(universe.path)
    called: dict[str, Landmark] = {}
    for landmark in [*(load_landmarks(own) if own.is_file() else []), *load_landmarks()]:
        first, _, second = landmark.name.removesuffix(")").partition(" (")
        for text in (landmark.id, landmark.name, first, second):
            if text:
                called.setdefault(plain(text), landmark)
    return called


def _of_landmark(landmark: Landmark, universe: Universe, years: float) -> Place:
    position = np.array(landmark.pos_m, np.float64)
    if landmark.kind == "star" and position.any():
        ra, dec, _ = ecliptic_m_to_icrs(position)
        star = _in_universe(landmark.name, universe, float(ra), float(dec), None, (), years)
        if star is not None:
            return star
    return Place(landmark.name, position, landmark.radius_hint_m)


def _star(row: dict[str, str], universe: Universe, years: float) -> Place | None:
    """Return the embedded star of a row of names, where `universe` has it, else where its own catalogue does."""
    if not row["source_id"]:
        return None
    star = next((each for each in embedded_rows(STARS) if each["source_id"] == row["source_id"]), None)
    if star is None:
        return None
    name, ra, dec, mag = _called(row)[0], *(float(star[column]) for column in ("ra", "dec", "phot_g_mean_mag"))
    numbers = tuple(int(star[column]) for column in ("source_id", "hip", "gaia") if star[column])
    found = _in_universe(name, universe, ra, dec, mag, (*numbers, -int(star["source_id"])), years)
    if found is not None:
        return found
    distance_m = float(parallax_to_distance_m(float(star["parallax"])))
    return Place(name, icrs_to_ecliptic_m(ra, dec, distance_m), 0.0, float(luminosity(mag, distance_m)))


def _in_universe(
    name: str, universe: Universe, ra: float, dec: float, mag: float | None, numbers: tuple[int, ...], years: float
) -> Place | None:
    columns: tuple[str, ...] = ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag")
    columns += ("velocity",) if years else ()
    stars = universe.stars(columns, within=Cone(ra=ra, dec=dec, radius_deg=SAME_ARCSEC / 3600.0))
    mags = stars["phot_g_mean_mag"].astype(np.float64)
    off = np.abs(mags - mag) if mag is not None else mags
    fit = np.flatnonzero(off < SAME_MAG) if mag is not None else np.arange(len(stars))
    if not len(fit):
        return None
    best = min(fit.tolist(), key=lambda i: (int(stars["source_id"][i]) not in numbers, off[i]))
    position = stacked_positions_m({axis: stars[axis] for axis in ("x_m", "y_m", "z_m")})[best]
    light = float(luminosity(mags[best], np.linalg.norm(position)))
    return Place(name, position + years * stars["velocity"][best] if years else position, 0.0, light)
