"""Bytes a star, and error at equal bytes, beside other formats: `python -m tests.bench.bench_formats [--stars FILE]`.

The same stars as a pack v2, as SPZ (`helios export`), as SOG and as Streamed SOG of three levels. PlayCanvas's
splat-transform (npm, MIT) writes SOG, decodes all but the pack and merges splats; it needs Node and, the first time,
the network. Printed are the bytes a star, all in, and the error of views (`tests.bench.bench_levels`): of all of a
file, and once no more than so many bytes have come: of a pack the cut that they hold, of a single file what
splat-transform merges the stars to until it is as small, and its stars that are brightest from the Sun, of Streamed
SOG the best level.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from plyfile import PlyData

import helios
from helios.levels.branch import flux_of
from helios.levels.proxies import Lights
from tests.bench.bench_levels import REAL, Scene
from tests.bench.level_views import FOCAL, View, blocks, places, rotations

TOOL = ("npx", "--yes", "@playcanvas/splat-transform@3.7.0", "-q", "-w")
PLACES = ("Sun", "Pleiades", "1 kpc l=90", "2.5 kpc", "10 kpc l=90")
BYTES = (150_000, 300_000, 600_000)
LEVELS = (0.25, 0.0625)
SH_C0 = 0.28209479177387814
"""Of the spherical harmonics' constant band, by which PLY and its descendants write a color."""


def transform(*arguments: object) -> None:
    subprocess.run([*TOOL, *map(str, arguments), "-g", "cpu"], check=True, stdout=subprocess.DEVNULL)


def read(ply: Path, unit_m: float) -> Lights:
    """The splats of a PLY as isotropic lights, in its order; light in squares of the unit."""
    rows = PlyData.read(ply)["vertex"].data
    position = np.stack([rows[name] for name in "xyz"], axis=1).astype(np.float64)
    scale = np.exp(np.stack([rows[f"scale_{i}"] for i in range(3)], axis=1).astype(np.float64))
    color = 0.5 + SH_C0 * np.stack([rows[f"f_dc_{i}"] for i in range(3)], axis=1).astype(np.float64)
    luminance = np.maximum(color, 0.0) @ [0.2126, 0.7152, 0.0722]
    alpha = 1.0 / (1.0 + np.exp(-rows["opacity"].astype(np.float64)))
    light = 2.0 * np.pi * alpha * np.exp(2.0 * np.log(scale).mean(axis=1)) * luminance
    sigma = np.sqrt((scale**2).mean(axis=1))
    return Lights(position * unit_m, sigma * unit_m, light * unit_m**2, color.astype(np.float32))


def errors(found: dict[str, Lights], right: dict[str, list], views: dict[str, list[View]]) -> list[float]:
    """The mean error of the views from each place, of what is shown there."""
    out = []
    for place, each in views.items():
        wrong = []
        for view, truth in zip(each, right[place]):
            drawn, seen = view.place(found[place])
            wrong.append(np.abs(blocks(drawn[seen]) - truth).sum() / truth.sum())
        out.append(float(np.mean(wrong)))
    return out


def cut_of(scene: Scene, camera_m: np.ndarray, room: float, record: float) -> Lights:
    """What the largest cut shows whose cells, at `record` bytes for each star and proxy, fit in `room` bytes."""
    tree = scene.tree
    wrong = tree.errors(camera_m, FOCAL)
    low, high = int(tree.own[0] + tree.holding[0]), len(scene.stars)
    best = tree.cut(wrong, low)
    while high - low > 100:
        budget = (low + high) // 2
        is_open = tree.cut(wrong, budget)
        if (tree.own + tree.holding)[is_open].sum() * record <= room:
            low, best = budget, is_open
        else:
            high = budget
    return Lights.joined([scene.stars.take(best[scene.cell]), tree.proxies.take(tree.shown_proxies(best))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=Path, default=REAL, help="catalogue to build")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        compare(options.stars, Path(scratch))


def compare(catalogue: Path, folder: Path) -> None:
    helios.build([catalogue], folder / "u")
    scene, pack = Scene(folder / "u"), helios.pack(folder / "u", folder / "pack", "v2")
    stars = len(scene.stars)
    exported = helios.export(folder / "u", folder / "x.ply")
    views = {name: [View(places()[name], r) for r in rotations(places()[name], i)] for i, name in enumerate(PLACES)}
    right = {name: [view.truth(scene.stars) for view in each] for name, each in views.items()}
    print(f"{catalogue.name}: {stars:,} stars; errors from {', '.join(PLACES)}, mean of their views")
    print(f"{'pack v2':13s} {pack.size_bytes / stars:5.2f} B a star")
    record = pack.size_bytes / (stars + int(scene.tree.holding.sum()))
    for room in BYTES:
        shown = {name: cut_of(scene, places()[name], room, record) for name in PLACES}
        told(f"pack v2, {room // 1000} kB", errors(shown, right, views))
    sizes = {}
    for name, file in (("SPZ", "x.spz"), ("SOG", "x.sog")):
        unit_m = exported.unit_m
        if name == "SPZ":
            unit_m = helios.export(folder / "u", folder / file).unit_m
        else:
            transform(folder / "x.ply", folder / file)
        transform(folder / file, folder / "back.ply")
        sizes[name] = (folder / file).stat().st_size / stars
        print(f"{name:13s} {sizes[name]:5.2f} B a star")
        told("all of it", errors(dict.fromkeys(PLACES, read(folder / "back.ply", unit_m)), right, views))
    levels = []
    for number, share in enumerate(LEVELS):
        transform(folder / "x.ply", "--decimate", round(share * stars), folder / f"l{number}.ply")
        levels.append(read(folder / f"l{number}.ply", exported.unit_m))
    tagged = [part for i, name in enumerate(("x", "l0", "l1")) for part in (folder / f"{name}.ply", "-l", i)]
    transform(*tagged, folder / "lod" / "lod-meta.json")
    total = sum(file.stat().st_size for file in (folder / "lod").rglob("*") if file.is_file())
    print(f"{'Streamed SOG':13s} {total / stars:5.2f} B a star, three levels")
    for room in BYTES:
        fitting = [level for level in levels if len(level) * sizes["SOG"] <= room]
        if fitting:
            told(f"Streamed SOG, {room // 1000} kB", errors(dict.fromkeys(PLACES, fitting[0]), right, views))
        for name in sizes:
            transform(folder / "x.ply", "--decimate", int(room / sizes[name]), folder / "d.ply")
            merged = read(folder / "d.ply", exported.unit_m)
            told(f"{name}, {room // 1000} kB", errors(dict.fromkeys(PLACES, merged), right, views))
        flux = flux_of(scene.stars)
        brightest = scene.stars.take(np.argsort(-flux)[: int(room / sizes["SOG"])])
        told(f"SOG, brightest, {room // 1000} kB", errors(dict.fromkeys(PLACES, brightest), right, views))


def told(name: str, values: list[float]) -> None:
    print(f"  {name:24s} " + " ".join(f"{value:7.2%}" for value in values), flush=True)


if __name__ == "__main__":
    main()
