"""What a position costs in the ephemeris that ships, beside astropy's built-in one; prints the ratios.

Run as `python -m tests.bench.bench_ephemeris [de440.bsp]`; with a kernel, jplephem reading that is a second baseline.
"""

import sys
import time
from pathlib import Path

import numpy as np
from astropy.coordinates import get_body_barycentric
from astropy.time import Time

from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import BODIES

DATES, ROUNDS = 10_000, 5


def microseconds(work) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) / DATES * 1e6


def main():
    ephemeris = load_ephemeris()
    kernel = load_ephemeris(Path(sys.argv[1])) if len(sys.argv) > 1 else None
    dates = np.random.default_rng(4).uniform(*ephemeris.jd_tdb, DATES)
    times = Time(dates, format="jd", scale="tdb")
    print("us per position of 10,000: shipped, astropy built-in, its ratio" + (", kernel, its ratio" if kernel else ""))
    for body in BODIES:
        own = microseconds(lambda body=body: ephemeris.barycentric_au(body, dates))
        line = f"{body:8} {own:6.2f}"
        if body != "Pluto":
            other = microseconds(lambda body=body: get_body_barycentric(body.lower(), times, ephemeris="builtin"))
            line += f" {other:6.2f} {other / own:6.1f}"
        if kernel:
            other = microseconds(lambda body=body: kernel.barycentric_au(body, dates))
            line += f" {other:6.2f} {other / own:6.1f}"
        print(line)


if __name__ == "__main__":
    main()
