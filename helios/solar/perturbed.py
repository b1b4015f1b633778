"""Orbits moved to another epoch, with the pull of the planets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.solar.ephemeris import Ephemeris
from helios.solar.gravity import GM, LIGHT_AU_PER_DAY
from helios.solar.orbits import Orbits
from helios.solar.perturbers import FASTEST_AU_PER_DAY, GM_PERTURBERS, HILL_AU, PERTURBERS, follow
from helios.solar.twobody import ELEMENTS, heliocentric_states, with_states
from helios.solar.wisdom_holman import integrate
from helios.threads import run_striped


@dataclass(frozen=True)
class Moved:
    """Orbits at another epoch, and how near they came to a planet on the way."""

    orbits: Orbits
    nearest_body: NDArray[np.str_]
    """[N], one of PERTURBERS: that to which the body came nearest by `nearest_hill`; empty where it did not move."""
    nearest_hill: NDArray[np.float64]
    """[N], the least distance of the steps to it, in radii of its Hill sphere; infinite where it did not move.

    Below 1 the body passed through the planet's sphere. Steps shorten as they must, and with DE440 itself a flyby at
    0.05 is followed to 1e-6 au a year later; but every error grows by it, also the 1e-6 au of the ephemeris that ships,
    to 2e-4 au there, 1e-5 at 0.3 and 2e-6 at 0.9. What moves with a planet, MPCORB's Pluto for one, shows as near too:
    leave it out.
    """


def move(orbits: Orbits, jd_tdb: float, ephemeris: Ephemeris, threads: int | None = None) -> Moved:
    """Return `orbits` as they osculate at `jd_tdb`, each moved there from its own epoch.

    Forces: the Sun, Mercury to Neptune, Pluto and the Moon as points, and the Sun's relativity. Not asteroids, gas of
    comets, or sunlight. Raises InputError for a date or an epoch that the ephemeris does not cover, and for elements
    that `heliocentric_au` refuses. Same for any number of threads. About 0.3 milliseconds an orbit and ten years,
    of one that comes near Earth one.
    """
    epochs = np.asarray(orbits.epoch_jd_tdb, np.float64)
    moving = epochs != jd_tdb
    if not moving.any():
        return Moved(orbits, np.full(len(orbits), "", "U7"), np.full(len(orbits), np.inf))
    least, most = ephemeris.jd_tdb
    for row in np.flatnonzero(~((epochs >= least) & (epochs <= most)))[:1]:
        raise InputError(
            f"orbit {orbits.designation[row]} (row {row}): epoch JD {epochs[row]} TDB is outside the ephemeris "
            f"{ephemeris.source}, JD {least} to {most}; leave it out, or give one that has it: --ephemeris FILE.bsp"
        )
    states = np.hstack(heliocentric_states(orbits, epochs, threads))
    tracks = follow(ephemeris, min(jd_tdb, epochs.min()), max(jd_tdb, epochs.max()))
    starts, end = epochs - tracks.first_jd_tdb, jd_tdb - tracks.first_jd_tdb
    near = np.empty((len(orbits), 2))
    constants = (GM_PERTURBERS, GM["Sun"], LIGHT_AU_PER_DAY, FASTEST_AU_PER_DAY, HILL_AU)
    run_striped(
        integrate, len(orbits), threads, states, starts, end, tracks.powers, tracks.segment_days, *constants, near
    )
    there = with_states(orbits, jd_tdb, states[:, :3], states[:, 3:])
    elements: dict[str, Any] = {
        name: np.where(moving, getattr(there, name), getattr(orbits, name)) for name in ELEMENTS
    }
    nearest = np.where(moving, np.array(PERTURBERS)[near[:, 1].astype(int)], "")
    return Moved(replace(there, **elements), nearest, near[:, 0])


def osculating(orbits: Orbits, jd_tdb: float, ephemeris: Ephemeris) -> Orbits:
    """Return the orbits of `move` alone: `orbits` as they osculate at `jd_tdb`."""
    return move(orbits, jd_tdb, ephemeris).orbits
