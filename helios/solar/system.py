"""The small bodies and spacecraft of a universe: read from files, each once, and moved to one epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from helios.catalogs_path import embedded
from helios.errors import InputError
from helios.solar.dates import J2000
from helios.solar.orbits import Orbits
from helios.solar.readers.joining import Bodies, read_bodies

SHIPPED, NONE = "default", "none"
"""What stands for the bodies that ship with Helios, and for no solar system at all."""

_FILE = "small_bodies.csv"


def epoch_jyear(orbits: Orbits) -> float:
    """Return the epoch of `orbits`, which all have one, as a Julian year."""
    return 2000.0 + (float(orbits.epoch_jd_tdb[0]) - J2000) / 365.25


def covered(jyear: float) -> bool:
    """Return whether the ephemeris that ships has this Julian year."""
    from helios.solar.ephemerides import load_ephemeris

    first, last = load_ephemeris().jd_tdb
    return first <= _jd(jyear) <= last


def _jd(jyear: float) -> float:
    return J2000 + (jyear - 2000.0) * 365.25


def check_names(names: Sequence[str]) -> None:
    """Raise InputError unless `names` are files, SHIPPED among them or not, or NONE alone."""
    if NONE in names and len(names) > 1:
        others = ", ".join(name for name in names if name != NONE)
        raise InputError(f"--solar-system {NONE} with {others}: there is a solar system or there is none; drop one")


def small_bodies(
    names: Sequence[str], epoch_jyear: float | None = None, ephemeris: Path | None = None
) -> Bodies | None:
    """Return the bodies of the files `names`, of SHIPPED those that ship with Helios, spacecraft too.

    None for NONE. They are moved, by the Sun and the planets of the ephemeris at the path `ephemeris`, by default the
    one that ships, to the Julian year `epoch_jyear`, by default the latest at which any of the files has one. Of a body
    that several files have the first is taken. Raises InputError where a file cannot be read, none has a body, or an
    epoch is outside the ephemeris.
    """
    check_names(names)
    if NONE in names:
        return None
    paths = [embedded(_FILE) if name == SHIPPED else Path(name) for name in names]
    found = read_bodies(paths)
    latest = float(found.orbits.epoch_jd_tdb.max())
    epoch = latest if epoch_jyear is None else _jd(epoch_jyear)
    return replace(found, orbits=_moved(found.orbits, epoch, ephemeris, with_craft=SHIPPED in names))


def _moved(orbits: Orbits, epoch_jd_tdb: float, ephemeris: Path | None, with_craft: bool) -> Orbits:
    """Return `orbits` at an epoch, and with them the spacecraft that they do not have, if asked for."""
    from helios.solar.ephemerides import load_ephemeris
    from helios.solar.perturbed import osculating
    from helios.solar.spacecraft import spacecraft

    planets = load_ephemeris(ephemeris)
    moved = osculating(orbits, epoch_jd_tdb, planets)
    if not with_craft:
        return moved
    craft = spacecraft(epoch_jd_tdb, planets)
    return Orbits.joined([moved, craft[~np.isin(craft.designation, moved.designation)]])
