"""How near cuts of the levels of detail are to the stars: `python -m tests.bench.bench_levels [--millions N ...]`.

Prints, for each of 21 places, the error of views of 1024 x 1024 px and 60 degrees at a budget of splats that touch the
picture: the light in the wrong block of 32 x 32 px, over all light. Right is what the ground truth draws of all stars
at their float64 places. The baseline, in the column beside it, is the same number of brightest stars in view. `light`
is the difference of all light, `50 brightest` of those in view within 3.5 px, where what else is there counts too, and
how many of them proxies stand for, `known/seen` the error told by the tables over that measured, in views with more
than 0.5 %. --millions makes so many million stars (synthetic: for each million the given ones, each drawn about
eleven times and moved by some degrees and tenths of its distance, and 30 clusters of a thousand). --universe measures a
universe that is there instead; where its levels are trained, first as they were built.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import helios
from helios.constants import PARSEC_M
from helios.coords import ecliptic_m_to_icrs
from helios.grid import deepest_keys
from helios.levels.branch import LIGHT_COLUMNS, stars_as_lights
from helios.levels.cut import LevelTree
from helios.levels.known_error import known_error
from helios.levels.proxies import Lights
from helios.light import apparent_magnitude, magnitudes_fainter
from tests.bench.level_views import FOCAL, SIZE, View, apertures, blocks, places, rotations

REAL = Path(__file__).parents[3] / "shared/data/stars/gaia_dr3_g15_100k.csv.gz"
KNOWN_FROM = 0.005
BUDGETS = {0: 10_000, 1: 20_000, 10: 100_000}
"""Splats in view by millions of made stars: as many as for the most that are not more."""


class Scene:
    """A universe's stars and levels, in memory."""

    def __init__(self, path: Path, built: bool = False):
        universe = helios.open(path)
        self.stars = stars_as_lights(universe.columns(LIGHT_COLUMNS))
        self.tree: LevelTree = (universe.built_levels if built else universe.levels).tree()
        keys = deepest_keys(self.stars.position_m)
        self.cell = universe.levels.cells_of(keys, universe.levels.owner())

    def cut(self, view: View, budget: int) -> tuple[np.ndarray, Lights, float]:
        """Return (which cells are open, what is shown, the error that is known before)."""
        tree = self.tree
        shares = tree.shares(view.camera_m, FOCAL)
        _, stars_seen = view.place(self.stars)
        _, proxies_seen = view.place(tree.proxies)
        count = len(tree.parent)
        is_open = tree.cut(
            tree.errors(view.camera_m, FOCAL),
            budget,
            np.bincount(self.cell, stars_seen, count).astype(int),
            np.bincount(tree.cell, proxies_seen, count).astype(int),
        )
        shown = [self.stars.take(is_open[self.cell]), tree.proxies.take(tree.shown_proxies(is_open))]
        misplaced = shares * tree.light_of(view.camera_m, proxies_seen)
        wrong = known_error(tree, is_open, misplaced, view.camera_m, view.rotation, FOCAL, SIZE)
        return is_open, Lights.joined(shown), wrong


def judge(scene: Scene, view: View, budget: int) -> dict[str, float] | None:
    """Return the figures of one view; None where fewer than 50 stars are in it."""
    stars, seen = view.place(scene.stars)
    if np.count_nonzero(seen) < 50:
        return None
    right = view.truth(scene.stars)
    is_open, shown, wrong = scene.cut(view, budget)
    drawn, touches = view.place(shown)
    points = shown.sigma_m == 0.0
    found = view.truth(shown.take(points)) + blocks(drawn[touches & ~points])
    brightest = np.flatnonzero(seen)[np.argsort(-stars[seen, 3])[:budget]]
    stars = stars[seen]
    order = np.argsort(-stars[:, 3])
    inside = order[((stars[order, :2] > 4) & (stars[order, :2] < SIZE - 4)).all(axis=1)][:50]
    x, y = stars[inside, 0].copy(), stars[inside, 1].copy()
    with np.errstate(divide="ignore"):
        fainter = magnitudes_fainter(apertures(drawn[touches], x, y, 3.5), apertures(stars, x, y, 3.5))
    light = np.sum(scene.stars.luminosity[seen] / ((scene.stars.position_m[seen] - view.camera_m) ** 2).sum(axis=1))
    return {
        "error": np.abs(found - right).sum() / right.sum(),
        "brightest": np.abs(view.truth(scene.stars.take(brightest)) - right).sum() / right.sum(),
        "light": abs(float(magnitudes_fainter(found.sum(), right.sum()))) * 1000,
        "top": np.abs(fainter).max(),
        "stood for": np.count_nonzero(~is_open[scene.cell[seen]][inside]),
        "known": wrong / light,
        "splats": np.count_nonzero(touches),
    }


def report(name: str, scene: Scene, budget: int) -> None:
    print(f"\n{name}, {len(scene.stars):,} stars, {budget:,} splats in view")
    print(f"{'':14s} {'error':>7s} {'worst':>7s} {'brightest':>9s} {'light':>9s} {'50 brightest':>15s}  known/seen")
    means, ratios = {}, []
    for number, (place, camera_m) in enumerate(places().items()):
        views = [View(camera_m, r) for r in rotations(camera_m, number)]
        rows = [row for row in (judge(scene, view, budget) for view in views) if row]
        if not rows:
            continue
        known = [row["known"] / row["error"] for row in rows if row["error"] > KNOWN_FROM]
        ratios += known
        means[place] = np.mean([row["error"] for row in rows])
        print(
            f"{place:14s} {means[place]:7.2%} {max(row['error'] for row in rows):7.2%} "
            f"{np.mean([row['brightest'] for row in rows]):9.2%} {max(row['light'] for row in rows):5.1f}mmag "
            f"{max(row['top'] for row in rows):9.3f}mag {max(row['stood for'] for row in rows):2d}  "
            + (f"{min(known):.2f} to {max(known):.2f}" if known else "-"),
            flush=True,
        )
    worst = max(means, key=lambda place: means[place])
    told = f", known/seen {min(ratios):.2f} to {max(ratios):.2f}" if ratios else ""
    print(f"mean {np.mean(list(means.values())):.2%}, worst {worst} {means[worst]:.2%}{told}")


def write_millions(real: Scene, file: Path, millions: int, seed: int = 1) -> None:
    """Write made stars like those of `real` as Parquet."""
    rng = np.random.default_rng(seed)
    order = np.argsort(np.sqrt((real.stars.position_m**2).sum(axis=1)))
    position = real.stars.position_m[order] / PARSEC_M
    distance = np.sqrt((position**2).sum(axis=1))
    light = real.stars.luminosity[order] / PARSEC_M**2
    count = 970_000 * millions
    pick = rng.integers(0, len(distance), count)
    other = np.clip(pick + rng.integers(-250, 251, count), 0, len(distance) - 1)
    tight = rng.random(count) < 0.2
    angle, spread = np.where(tight, np.deg2rad(0.2), np.deg2rad(1.5)), np.where(tight, 0.02, 0.1)
    unit = position[pick] / distance[pick, None] + angle[:, None] * rng.standard_normal((count, 3))
    unit /= np.sqrt((unit**2).sum(axis=1))[:, None]
    parts = [unit * (distance[pick] * np.exp(spread * rng.standard_normal(count)))[:, None]]
    lights = [light[other]]
    for _ in range(30 * millions):
        toward = rng.standard_normal(3) * [1, 1, 0.2]
        center = 10 ** rng.uniform(2, 3.2)
        near = np.searchsorted(distance, center) + rng.integers(-3000, 3000, 1000)
        offset = rng.uniform(3, 10) * rng.standard_normal((1000, 3)) * rng.random((1000, 1)) ** 0.5
        parts.append(toward / np.linalg.norm(toward) * center + offset)
        lights.append(light[np.clip(near, 0, len(distance) - 1)])
    made, luminosity = np.concatenate(parts), np.concatenate(lights)
    ra, dec, metres = ecliptic_m_to_icrs(made * PARSEC_M)
    away = metres / PARSEC_M
    mag = apparent_magnitude(luminosity, away)
    bp_rp = rng.normal(0.9, 0.4, len(away)).astype(np.float32)
    columns = {"source_id": np.arange(1, len(away) + 1), "ra": ra, "dec": dec, "parallax": 1000.0 / away}
    pq.write_table(pa.table({**columns, "phot_g_mean_mag": mag.astype(np.float32), "bp_rp": bp_rp}), file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=Path, default=REAL, help="catalogue to build")
    parser.add_argument("--millions", type=int, nargs="*", default=[], help="also so many millions of made stars")
    parser.add_argument("--universe", type=Path, help="universe to measure, instead of building one")
    parser.add_argument("--budgets", type=int, nargs="*", default=[])
    options = parser.parse_args()
    if options.universe:
        trained = bool(helios.open(options.universe).levels.taken.any())
        for built in (True, False) if trained else (True,):
            scene = Scene(options.universe, built)
            for budget in options.budgets or [BUDGETS[0]]:
                report(f"{options.universe.name}, {'as built' if built else 'trained'}", scene, budget)
        return
    with tempfile.TemporaryDirectory() as folder:
        real = build(options.stars, Path(folder) / "real")
        for budget in options.budgets or [BUDGETS[0]]:
            report(options.stars.name, real, budget)
        for millions in options.millions:
            write_millions(real, Path(folder) / "made.parquet", millions)
            made = build(Path(folder) / "made.parquet", Path(folder) / f"made{millions}")
            for budget in options.budgets or [BUDGETS[max(size for size in BUDGETS if size <= millions)]]:
                report("made stars (synthetic)", made, budget)


def build(stars: Path, universe: Path) -> Scene:
    began = time.perf_counter()
    helios.build([stars], universe)
    print(f"{stars.name}: built in {time.perf_counter() - began:.1f} s")
    return Scene(universe)


if __name__ == "__main__":
    main()
