"""Writes small sites in the v1 layout for the browser tests: from its description alone, without `helios.pack`."""

from __future__ import annotations

import csv
import json
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import lz4.block
import numpy as np
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "helios" / "web"
STARS_CSV = ROOT / "tests" / "data" / "naked_eye_stars.csv"
GRID = {"r_min": 4.6e10, "log_base": 2.0, "n_theta": 64, "n_phi": 32}
OMEGA_0_SR = 7e-6
TAU = 0.9


@dataclass(frozen=True)
class Star:
    """A star: name, ICRS degrees, position in barycentric ecliptic metres [3], magnitude."""

    name: str
    ra: float
    dec: float
    position: np.ndarray
    mag: float


def naked_eye_stars() -> list[Star]:
    """The stars of tests/data/naked_eye_stars.csv, brightest first; positions by astropy."""
    with STARS_CSV.open() as file:
        rows = list(csv.DictReader(file))
    ra, dec, distance, mag = (
        np.array([float(row[name]) for row in rows]) for name in ("ra_deg", "dec_deg", "distance_pc", "v_mag")
    )
    sky = SkyCoord(ra * u.deg, dec * u.deg, distance=distance * u.pc, frame="icrs")
    positions = sky.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T
    return [Star(row["name"], *values) for row, *values in zip(rows, ra, dec, positions, mag)]


def cell_of(position: np.ndarray) -> tuple[int, int, int]:
    """(l, theta, phi) of a position [3], metres, in the published grid."""
    x, y, z = position
    r = np.linalg.norm(position)
    level = int(np.log(r / GRID["r_min"]) / np.log(GRID["log_base"]))
    theta = int((np.arctan2(y, x) + np.pi) / (2 * np.pi) * GRID["n_theta"])
    return level, min(theta, GRID["n_theta"] - 1), min(int(np.arccos(z / r) / np.pi * GRID["n_phi"]), GRID["n_phi"] - 1)


def write_site(
    directory: Path, stars: list[Star], *, with_stars: bool = True, trained: bool = False, half_box: float = 0.5
) -> Path:
    """Write a site that shows `stars` and return its directory.

    The splats of both layers are the stars themselves; `with_stars` writes the second layer, `trained` marks the first
    as trained. The box of a cell reaches `half_box` times its centroid's distance each way.
    """
    shutil.copytree(BUNDLE, directory)
    cells: dict[tuple[int, int, int], list[Star]] = {}
    for star in stars:
        cells.setdefault(cell_of(star.position), []).append(star)
    for layer in ("universe", "stars") if with_stars else ("universe",):
        _write_pack(directory / layer, cells, trained and layer == "universe", half_box)
    landmarks = [
        {
            "id": star.name.lower().replace(" ", "-"),
            "name": star.name,
            "kind": "star",
            "pos_meters": dict(zip("xyz", star.position.tolist())),
            "radius_hint": 1e9,
            "source": "test",
            "description": "",
        }
        for star in stars
    ]
    (directory / "universe" / "landmarks.json").write_text(json.dumps(landmarks))
    layers = [
        {"folder": "stars", "format": "v1", "radii": [0, 5.5]},
        {"folder": "universe", "format": "v1", "radii": [4.5, None]},
    ]
    manifest = {"version": 1, "layers": layers if with_stars else layers[1:], "landmarks": "universe/landmarks.json"}
    (directory / "site.json").write_text(json.dumps(manifest))
    return directory


def _write_pack(directory: Path, cells: dict[tuple[int, int, int], list[Star]], trained: bool, half_box: float) -> None:
    directory.mkdir()
    listed, packed, pack = [], [], b""
    for (level, theta, phi), stars in sorted(cells.items()):
        name = f"{level}_{theta}_{phi}.bin"
        cell_id = {"l": level, "theta": theta, "phi": phi}
        blob = _cell_bytes(cell_id, stars, half_box)
        packed.append({"file_name": name, "offset": len(pack), "size": len(blob)})
        counts = {"splat_count": len(stars), "file_size_bytes": len(blob)}
        listed.append({"id": cell_id, "file_name": name, **counts, "trained": trained})
        pack += blob
    total = sum(len(stars) for stars in cells.values())
    index = {"version": 1, "config": GRID, "total_splats": total, "total_size_bytes": len(pack), "cells": listed}
    manifest = {"version": 1, "pack_file": "cells.pack.bin", "total_size_bytes": len(pack), "cells": packed}
    (directory / "index.json").write_text(json.dumps(index))
    (directory / "cells.pack.json").write_text(json.dumps(manifest))
    (directory / "cells.pack.bin").write_bytes(pack)


def stored_positions(stars: list[Star]) -> np.ndarray:
    """Positions [N, 3], float64 metres, of stars of one cell as v1 keeps them: float32 from their mean."""
    positions = np.array([star.position for star in stars])
    centroid = positions.mean(axis=0)
    return centroid + (positions - centroid).astype(np.float32).astype(np.float64)


def _cell_bytes(cell_id: dict, stars: list[Star], half_box: float) -> bytes:
    positions = np.array([star.position for star in stars])
    centroid = positions.mean(axis=0)
    box = half_box * np.linalg.norm(centroid)
    splats = np.zeros((len(stars), 14), "<f4")
    splats[:, 0:3] = positions - centroid
    omega = OMEGA_0_SR * 10 ** (-0.4 * np.array([star.mag for star in stars]))
    # Its flux 2 pi tau sigma^2 / d^2 is the solid angle that the design gives the star, seen from the Sun.
    splats[:, 3:6] = (np.linalg.norm(positions, axis=1) * np.sqrt(omega / (2 * np.pi * TAU)))[:, None]
    splats[:, 9] = 1.0  # w of the quaternion
    splats[:, 10:13] = 1.0
    splats[:, 13] = TAU
    corners = {"min": centroid - box, "max": centroid + box, "centroid": centroid}
    bounds = {name: dict(zip("xyz", corner.tolist())) for name, corner in corners.items()}
    header = {"id": cell_id, "bounds": bounds, "splat_count": len(stars), "compressed": True}
    text, raw = json.dumps(header).encode(), splats.tobytes()
    block = lz4.block.compress(raw, store_size=False)
    return struct.pack("<I", len(text)) + text + struct.pack("<I", len(raw)) + block
