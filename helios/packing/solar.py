"""What packs and sites have of the solar system: the ephemeris, moons, and the small bodies that a viewer can show."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from helios.catalogs_path import embedded
from helios.solar.bodies_file import bodies_json, bodies_of
from helios.solar.orbits import Orbits
from helios.universe.index import read_bodies
from helios.universe.paths import bodies_path

EPHEMERIS, MOONS_JSON, BODIES_JSON = "ephemeris.bin.gz", "moons.json.gz", "bodies.json.gz"
SOLAR_FILES = (EPHEMERIS, MOONS_JSON, BODIES_JSON)

MOST_BODIES = 10_000
"""Orbits of a pack: those that a viewer moves and draws at every date without trouble."""


def solar_files(universe: Path) -> dict[str, bytes]:
    """Return the files of the solar system of the universe at this path by their names, none where it has no bodies.

    Of more than MOST_BODIES those are taken that `brightest` says. Raises StoreError where the file of bodies is
    damaged.
    """
    content = read_bodies(universe)
    if content is None:
        return {}
    orbits = brightest(bodies_of(content, bodies_path(universe)), MOST_BODIES)
    text = json.dumps(bodies_json(orbits), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {
        EPHEMERIS: embedded(EPHEMERIS).read_bytes(),
        MOONS_JSON: gzip.compress(embedded("moons.json").read_bytes(), mtime=0),
        BODIES_JSON: gzip.compress(text.encode(), mtime=0),
    }


def brightest(orbits: Orbits, most: int) -> Orbits:
    """Return up to `most` of `orbits`, in their order: all that are no asteroids first, then by absolute magnitude.

    Those of unknown magnitude come last.
    """
    if len(orbits) <= most:
        return orbits
    h_mag = np.where(np.isnan(orbits.h_mag), np.inf, orbits.h_mag)
    kept = np.lexsort((h_mag, orbits.kind == "asteroid"))[:most]
    return orbits[np.sort(kept)]
