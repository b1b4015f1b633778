"""Scenes as .splat, the 32 bytes a splat of antimatter15's viewer and of those that follow it."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from helios.packing.splat_file import SH_C0
from helios.photos.formats.splats import SceneSplats

RECORD = np.dtype([("means", "<f4", 3), ("scales", "<f4", 3), ("rgba", "u1", 4), ("quats", "u1", 4)])


def write_splat(scene: SceneSplats, file: BinaryIO) -> tuple[str, ...]:
    """Write `scene` to `file`, the splats with most opacity times volume first, and return what was left out.

    The format has colours of 8 bits that are the same from all sides. Layout: https://github.com/antimatter15/splat,
    `convert.py`. Raises InputError as `SceneSplats.check` does.
    """
    columns = scene.columns()
    opacity = 1 / (1 + np.exp(-columns["opacities"][:, 0].astype(np.float64)))
    first = np.argsort(-opacity * np.exp(columns["scales"].astype(np.float64).sum(axis=1)), kind="stable")
    rows = np.empty(len(scene), RECORD)
    rows["means"] = columns["means"]
    rows["scales"] = np.exp(columns["scales"])
    rows["rgba"][:, :3] = np.rint((0.5 + SH_C0 * columns["sh0"]).clip(0, 1) * 255)
    rows["rgba"][:, 3] = np.rint(opacity * 255)
    unit = columns["quats"] / np.linalg.norm(columns["quats"], axis=1, keepdims=True)
    rows["quats"] = np.rint(unit * 128 + 128).clip(0, 255)
    file.write(rows[first].tobytes())
    notes = ["a .splat does not say that the scene was trained antialiased"] if scene.antialiased else []
    if np.any(columns["shN"]):
        notes.append("a .splat has one colour for all sides of a splat: spherical harmonics are left out")
    return tuple(notes)
