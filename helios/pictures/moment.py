"""What is where at a date: Sun, planets, moons and small bodies of a universe, and how far its stars have moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.constants import AU_M
from helios.coords import icrs_to_ecliptic_m
from helios.pictures.spelling import plain
from helios.solar.bodies_file import bodies_of
from helios.solar.dates import J2000
from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import BODIES, Ephemeris
from helios.solar.magnitudes import (
    GREY,
    WORLDS,
    Color,
    World,
    moon_world,
    small_magnitudes,
    small_radius_m,
    world_magnitude,
)
from helios.solar.moons import load_moons, moon_barycentric_au, planet_centre_barycentric_au
from helios.solar.orbits import Orbits
from helios.solar.spacecraft import l2_heliocentric_au, load_craft
from helios.solar.twobody import heliocentric_au
from helios.universe.index import read_bodies
from helios.universe.paths import bodies_path

if TYPE_CHECKING:
    from helios.universe import Universe

HELD_YR, LOST_YR = 1.0, 200.0
"""So far from the epoch of the orbits two-body motion holds to 0.001 au, and is of some use: as in the viewer."""


@dataclass(frozen=True)
class Body:
    """A body that may be seen as a globe: `position_m` [3] barycentric, `pole` [3] its unit vector, both ecliptic.

    `radius_m`, `flat` and `color` are as in `World`; `magnitude` returns V so far from the Sun and the eye, au, at a
    phase angle, radians.
    """

    name: str
    position_m: NDArray[np.float64]
    radius_m: float
    flat: float
    pole: NDArray[np.float64]
    color: Color
    magnitude: Callable[[float, float, float], float]


@dataclass(frozen=True)
class Moment:
    """The sky of a universe at `jd_tdb`, a Julian date, TDB; positions are barycentric ecliptic J2000 metres.

    `sun_m` [3] is the Sun's centre, `bodies` the planets, Pluto and the moons; `orbits` the N small bodies, which are
    at `small_m` [N, 3], `age_yr` from the epoch of their ellipses. Stars have moved for `years` Julian years, 0 where
    the universe has no velocities. A universe without a solar system has no bodies, and its Sun at the origin.
    """

    jd_tdb: float
    years: float
    sun_m: NDArray[np.float64]
    bodies: tuple[Body, ...]
    orbits: Orbits | None
    small_m: NDArray[np.float64]
    age_yr: float
    stars_move: bool

    @property
    def is_empty(self) -> bool:
        """Whether the universe has no solar system."""
        return not self.bodies

    def find(self, keys: set[str]) -> tuple[str, NDArray[np.float64]] | None:
        """Return name and position, metres, of the body that is called one of `keys` (`helios.pictures.spelling`)."""
        if self.is_empty:
            return None
        if keys & {"sun", "sol"}:
            return "Sun", self.sun_m
        for body in self.bodies:
            if plain(body.name) in keys:
                return body.name, body.position_m
        for row, names in enumerate(() if self.orbits is None else _small_names(self.orbits)):
            if not keys.isdisjoint(map(plain, names)):
                return names[0], self.small_m[row]
        return None

    def names(self) -> dict[str, str]:
        """Return the names of the bodies by what they are compared by."""
        own = [body.name for body in self.bodies]
        small = [] if self.orbits is None else [name for names in _small_names(self.orbits) for name in names]
        return {plain(name): name for name in [*own, *small]}


def moment_of(universe: Universe, jd_tdb: float, ephemeris: Path | None = None) -> Moment:
    """Return what there is in `universe` at a Julian date, TDB, by the ephemeris of a file or the one that ships.

    Geometric, without light time, as in the viewer; small bodies on the ellipses of the universe's epoch. Raises
    InputError for a date outside the ephemeris and a file that is none, StoreError where the bodies are damaged.
    """
    moves = "velocity" in universe.emitter_columns
    epoch = universe.provenance["options"].get("epoch") if moves else None
    years = 0.0 if epoch is None else 2000.0 + (jd_tdb - J2000) / 365.25 - float(epoch)
    content = read_bodies(universe.path)
    if content is None:
        return Moment(jd_tdb, years, np.zeros(3), (), None, np.empty((0, 3)), 0.0, epoch is not None)
    planets = load_ephemeris(ephemeris)
    sun_au = planets.barycentric_au("Sun", jd_tdb)
    orbits = bodies_of(content, bodies_path(universe.path))
    age = abs(jd_tdb - float(orbits.epoch_jd_tdb[0])) / 365.25 if len(orbits) else 0.0
    small = orbits if age < LOST_YR else orbits[:0]
    small_au = sun_au + _small_au(small, jd_tdb, planets)
    bodies = tuple(_large(jd_tdb, planets))
    return Moment(jd_tdb, years, sun_au * AU_M, bodies, small, small_au * AU_M, age, epoch is not None)


def is_body(universe: Universe, keys: set[str]) -> bool:
    """Return whether one of `keys` is a body of the solar system of `universe`, at whatever date."""
    content = read_bodies(universe.path)
    if content is None:
        return False
    small = (name for names in _small_names(bodies_of(content, bodies_path(universe.path))) for name in names)
    return not keys.isdisjoint(map(plain, [*BODIES, *load_moons(), *small]))


def small_magnitude(orbits: Orbits, sun_au: NDArray, eye_au: NDArray, phase: NDArray) -> NDArray[np.float64]:
    """Return V of small bodies [N]; NaN of spacecraft and of those whose H is not known."""
    mag = small_magnitudes(orbits.kind == "comet", orbits.h_mag, orbits.slope, sun_au, eye_au, phase)
    return np.where(orbits.kind == "spacecraft", np.nan, mag)


def as_globe(orbits: Orbits, row: int, position_m: NDArray[np.float64]) -> Body:
    """Return small body `row` as one that is seen as a globe, as large as its magnitude and the mean albedo say."""
    one = orbits[row : row + 1]

    def magnitude(*place: float) -> float:
        return float(small_magnitude(one, *map(np.array, place))[0])

    radius = float(small_radius_m(one.h_mag)[0])
    return Body(str(one.name[0]), position_m, radius, 1.0, np.array([0.0, 0.0, 1.0]), GREY, magnitude)


def _large(jd_tdb: float, planets: Ephemeris) -> Iterator[Body]:
    moons = load_moons()
    with_moons = {moon.planet for moon in moons.values()}
    for world in WORLDS:
        where = planet_centre_barycentric_au if world.name in with_moons else _barycentric_au
        yield _body(world, where(world.name, jd_tdb, planets))
    for moon in moons.values():
        yield _body(moon_world(moon.name, moon.radius_km), moon_barycentric_au(moon.name, jd_tdb, planets))


def _barycentric_au(name: str, jd_tdb: float, planets: Ephemeris) -> NDArray[np.float64]:
    return planets.barycentric_au(name, jd_tdb)


def _body(world: World, place_au: NDArray[np.float64]) -> Body:
    pole = icrs_to_ecliptic_m(*world.pole_deg, 1.0)
    return Body(
        world.name, place_au * AU_M, world.radius_m, world.flat, pole, world.color, partial(world_magnitude, world)
    )


def _small_au(orbits: Orbits, jd_tdb: float, planets: Ephemeris) -> NDArray[np.float64]:
    """Return heliocentric places [N, 3]; what keeps to L2 is there, where no ellipse holds it."""
    places = heliocentric_au(orbits, jd_tdb)
    at_l2 = [craft.name for craft in load_craft() if not len(craft.sets)]
    places[np.isin(orbits.designation, at_l2)] = l2_heliocentric_au(jd_tdb, planets)
    return places


def _small_names(orbits: Orbits) -> Iterator[tuple[str, ...]]:
    """Yield what each body is called: `1 Ceres`, `Ceres`, `1`; `1P/Halley`, `Halley`, `1P`."""
    for designation, name, kind in zip(orbits.designation.tolist(), orbits.name.tolist(), orbits.kind.tolist()):
        if name in ("", designation):
            yield (designation,)
        else:
            between = "/" if kind == "comet" and "/" not in designation else " "
            yield f"{designation}{between}{name}", name, designation
