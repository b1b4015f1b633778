"""Spacecraft: those that leave, moved with the planets from the last elements before a date, and Webb at L2."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.catalogs_path import embedded
from helios.solar.ephemeris import Ephemeris
from helios.solar.gravity import GM
from helios.solar.orbits import Orbits
from helios.solar.perturbed import osculating
from helios.solar.twobody import ELEMENTS, with_states

_PUBLISHED = (*ELEMENTS[:5], "perihelion_jd_tdb")


@dataclass(frozen=True)
class Craft:
    """A spacecraft, from where its places are known, and how well."""

    name: str
    source: str
    sets: Orbits
    """Its published orbits around the Sun, by epoch; none where it keeps to the Sun-Earth L2 point."""
    first_jd_tdb: float
    """Before, its place is not known here, and it is left out."""
    error_between_au: float
    """How far its place may be off before the last set, and anywhere at L2."""
    error_after_au: float
    """And after the last set."""


@cache
def load_craft() -> tuple[Craft, ...]:
    """Return the spacecraft that ship, in the order of `catalogs/spacecraft.json`."""
    made = json.loads(embedded("spacecraft.json").read_text("utf-8"))
    known = []
    for one in made["craft"]:
        sets = _orbits(one["name"], one["sets"])
        errors = one["error_between_au"], one["error_after_au"]
        known.append(Craft(one["name"], made["source"], sets, float(sets.epoch_jd_tdb[0]), *errors))
    for one in made["l2"]:
        errors = one["error_au"], one["error_au"]
        known.append(Craft(one["name"], one["source"], _orbits(one["name"], []), one["first_jd_tdb"], *errors))
    return tuple(known)


def spacecraft(jd_tdb: float, ephemeris: Ephemeris) -> Orbits:
    """Return the osculating orbits of the spacecraft whose places are known at `jd_tdb`, kind `spacecraft`.

    Each from its last set of elements at or before that date, by `move`. How far each may be off is said by
    `load_craft`, in the same order. The orbit of one at L2, where Earth helps to hold it, osculates there and holds
    for a month: at other dates `l2_heliocentric_au` has it. Raises InputError for a date outside the ephemeris.
    """
    known = [craft for craft in load_craft() if craft.first_jd_tdb <= jd_tdb]
    rows = []
    for craft in known:
        if len(craft.sets):
            last = int(np.searchsorted(craft.sets.epoch_jd_tdb, jd_tdb, "right"))
            rows.append(craft.sets[last - 1 : last])
        else:
            row = _orbits(craft.name, [dict.fromkeys(("epoch_jd_tdb", *_PUBLISHED), 0.0)])
            place, motion = l2_heliocentric_au(jd_tdb, ephemeris), l2_heliocentric_au_per_day(jd_tdb, ephemeris)
            rows.append(with_states(row, jd_tdb, place[None], motion[None]))
    rows.append(_orbits("", []))
    return osculating(Orbits.joined(rows), jd_tdb, ephemeris)


def l2_heliocentric_au(jd_tdb: ArrayLike, ephemeris: Ephemeris) -> NDArray[np.float64]:
    """Return the Sun-Earth L2 point [..., 3] at dates [...], au, heliocentric, axes of the universe.

    On the line from the Sun through the barycentre of Earth and Moon, L2_RATIO as far as that.
    """
    return L2_RATIO * _earth_and_moon(ephemeris.heliocentric_au, jd_tdb)


def l2_heliocentric_au_per_day(jd_tdb: ArrayLike, ephemeris: Ephemeris) -> NDArray[np.float64]:
    """Return the velocity [..., 3] of that point, au per day."""
    return L2_RATIO * _earth_and_moon(ephemeris.heliocentric_au_per_day, jd_tdb)


def _earth_and_moon(of: Callable[[str, ArrayLike], NDArray[np.float64]], jd_tdb: ArrayLike) -> NDArray[np.float64]:
    earth, moon = GM["Earth"], GM["Moon"]
    return (earth * of("Earth", jd_tdb) + moon * of("Moon", jd_tdb)) / (earth + moon)


def _l2_ratio() -> float:
    """Return the distance of L2 from the Sun over that of Earth and Moon, where the pulls of all of them keep it at
    their angular speed: the circular restricted three-body problem, Murray & Dermott 1999, Solar System Dynamics,
    section 3.6; by Newton's method."""
    mass = (GM["Earth"] + GM["Moon"]) / (GM["Sun"] + GM["Earth"] + GM["Moon"])
    beyond = math.cbrt(mass / 3.0)
    for _ in range(20):
        pull = (1.0 - mass) / (1.0 + beyond) ** 2 + mass / beyond**2
        slope = -2.0 * (1.0 - mass) / (1.0 + beyond) ** 3 - 2.0 * mass / beyond**3
        beyond -= (pull - (1.0 - mass + beyond)) / (slope - 1.0)
    return 1.0 + beyond


L2_RATIO = _l2_ratio()


def _orbits(name: str, sets: list[dict[str, float]]) -> Orbits:
    count = len(sets)
    columns = {key: np.array([one[key] for one in sets], np.float64) for key in ("epoch_jd_tdb", *_PUBLISHED)}
    days = columns.pop("perihelion_jd_tdb") - columns["epoch_jd_tdb"]
    unknown = np.full(count, np.nan)
    names = np.array([name] * count, np.str_)
    kinds = np.array(["spacecraft"] * count, np.str_)
    return Orbits(names, names, kinds, **columns, perihelion_days=days, h_mag=unknown, slope=unknown)
