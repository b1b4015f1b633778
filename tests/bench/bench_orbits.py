"""What orbits cost, and how far they are off: `python -m tests.bench.bench_orbits [--kernel de440.bsp]`.

Seconds are of the processor, all threads together, so that what else runs on the machine counts little: on two idle
cores half of it passes. Two-body motion stands beside the same in numpy, whole arrays at a time, and beside skyfield;
perturbed motion beside two-body motion, in error and in cost, against the n-body integration of `tests/data/orbits`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from skyfield.keplerlib import propagate

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "solar"))

from known_orbits import DATA, EPOCH, GM_SUN, flyby_orbits, orbits_of, published

from helios.constants import ICRS_TO_ECLIPTIC
from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import Ephemeris
from helios.solar.orbits import Orbits
from helios.solar.perturbed import move
from helios.solar.twobody import heliocentric_au, heliocentric_states

COUNT = 1_000_000
TEN_YEARS = 3652.5


def cost(work: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of the processor, the least of some rounds."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def in_numpy(orbits: Orbits, date: float) -> np.ndarray:
    """The same of ellipses, whole arrays at a time: Halley's method until all have settled."""
    e, a = orbits.eccentricity, orbits.perihelion_au / (1 - orbits.eccentricity)
    mean = np.sqrt(GM_SUN / a**3) * (date - orbits.epoch_jd_tdb - orbits.perihelion_days)
    mean -= 2 * np.pi * np.round(mean / (2 * np.pi))
    anomaly, step = mean + 0.85 * e * np.sign(mean), np.ones(1)
    while np.abs(step).max() > 1e-13:
        sine, cosine = e * np.sin(anomaly), e * np.cos(anomaly)
        step = (anomaly - sine - mean) / (1 - cosine)
        step /= 1 - 0.5 * step * sine / (1 - cosine)
        anomaly -= step
    x, y = a * (np.cos(anomaly) - e), a * np.sqrt(1 - e * e) * np.sin(anomaly)
    tilt, node, w = (np.deg2rad(angle) for angle in (orbits.inclination_deg, orbits.node_deg, orbits.argument_deg))
    along, across = x * np.cos(w) - y * np.sin(w), x * np.sin(w) + y * np.cos(w)
    flat = across * np.cos(tilt)
    return np.stack(
        [
            along * np.cos(node) - flat * np.sin(node),
            along * np.sin(node) + flat * np.cos(node),
            across * np.sin(tilt),
        ]
    )


def two_body() -> None:
    rng = np.random.default_rng(1)
    shapes = rng.uniform(0, 0.4, COUNT)
    orbits = orbits_of(rng.uniform(1, 4, COUNT), shapes, rng.uniform(-800, 800, COUNT))
    date = EPOCH + TEN_YEARS
    heliocentric_au(orbits[:1000], date, 1)
    baseline = cost(lambda: in_numpy(orbits, date), 1)
    few = orbits[:300]
    states = list(zip(*heliocentric_states(few, EPOCH)))
    skyfield = cost(lambda: [propagate(p, v, EPOCH, np.array([date]), GM_SUN) for p, v in states], 1)
    print(f"{COUNT:,} two-body orbits to one date{'CPU s':>15}{'ratio':>10}")
    print(f"{'numpy, ellipses only':44}{baseline:8.2f}{1:10.2f}")
    per_million = skyfield * COUNT / len(states)
    print(f"{f'skyfield, by {len(states)} of them':44}{per_million:8.0f}{per_million / baseline:10.2f}")
    for threads in (1, 2):
        ours = cost(lambda threads=threads: heliocentric_au(orbits, date, threads))
        print(f"{f'helios, any conic, {threads} thread(s)':44}{ours:8.2f}{ours / baseline:10.2f}")


def perturbed(ephemeris: Ephemeris) -> None:
    with np.load(DATA / "assist.npz") as file:
        assist = dict(file)
    orbits, sample = published(assist["elements"], assist["designation"]), int(assist["sample"])
    print(f"\nagainst assist, au, planets of {ephemeris.source}")
    print(f"{'':32}{'days':>9}{'median':>10}{'95 %':>10}{'most':>10}{'CPU ms an orbit':>17}")
    for which, days in enumerate(assist["days"]):
        for name, rows in (("main belt", slice(0, sample)), ("near Earth", slice(sample, None))):
            part, there = orbits[rows], assist["heliocentric_icrf_au"][rows, which]
            row(f"{name}, two-body", part, part, EPOCH + days, there, 0.0)
            seconds = cost(lambda part=part, days=days: move(part, EPOCH + days, ephemeris), 1)
            row(f"{name}, perturbed", part, move(part, EPOCH + days, ephemeris).orbits, EPOCH + days, there, seconds)
    flybys = flyby_orbits(assist)
    for which, days in enumerate(assist["flyby_days"]):
        moved = move(flybys, EPOCH + days, ephemeris).orbits
        row("18 flybys, perturbed", flybys, moved, EPOCH + days, assist["flyby_heliocentric_icrf_au"][:, which], 0.0)
    many = orbits[np.arange(10_000) % sample]
    for threads in (1, 2):
        seconds = cost(lambda threads=threads: move(many, EPOCH + TEN_YEARS, ephemeris, threads), 1)
        print(f"10,000 orbits of the main belt over 10 years, {threads} thread(s): {seconds:.2f} CPU s")


def row(name: str, start: Orbits, moved: Orbits, date: float, icrf_au: np.ndarray, seconds: float) -> None:
    off = np.linalg.norm(heliocentric_au(moved, date) - np.einsum("ij,nj->ni", ICRS_TO_ECLIPTIC, icrf_au), axis=1)
    spent = f"{1e3 * seconds / len(start):17.2f}" if seconds else ""
    print(f"{name:32}{date - EPOCH:9.1f}{np.median(off):10.1e}{np.quantile(off, 0.95):10.1e}{off.max():10.1e}{spent}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", type=Path, help="planets of this .bsp, and not of the ephemeris that ships")
    options = parser.parse_args()
    two_body()
    perturbed(load_ephemeris(options.kernel))


if __name__ == "__main__":
    main()
