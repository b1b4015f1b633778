"""A reader that shares no code with Helios reads a pack to the same float32 values, bit for bit.

`read_v1.mjs` was written from the design's section 8 alone, with an LZ4 decoder of its own. The universe is one half
trained with rotated, anisotropic splats of any brightness, so that a swapped quaternion, a wrong unit or a lost
column cannot go unseen; the other half are exact stars, whose repeated values exercise long LZ4 matches.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from helios.cells import widened
from helios.packing.pack import pack_universe
from tests.unit.packing import scene

READER = Path(__file__).with_name("read_v1.mjs")


@pytest.fixture(scope="module")
def node():
    path = shutil.which("node")
    if path is None and os.environ.get("CI") != "true":
        pytest.skip("node is not installed: the independent reader of the v1 layout is JavaScript")
    assert path, "CI needs node for the independent reader of the v1 layout"
    return path


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("v1")
    scene.make_stars(folder / "universe", count=400)
    universe = scene.make_trained(folder / "universe", folder / "universe_trained")
    pack_universe(universe, format=scene.OWN_CELLS)
    return universe


def expected_floats(universe, i: int) -> np.ndarray:
    """Return float32 [K, 14] of cell `i`, computed here from the store and the layout's description."""
    cell, splats = universe.cell(i), universe.splats(i)
    if splats is None:
        sigma = np.sqrt(cell.emitters.luminosities.astype(np.float64) / (2 * np.pi * 0.95)).astype(np.float32)
        means, colors, tau = cell.emitters.means, cell.emitters.colors, np.full(len(sigma), np.float32(0.95))
        scales, quats = np.stack([sigma] * 3, axis=1), np.tile(np.float32([1, 0, 0, 0]), (len(sigma), 1))
    else:
        means, quats, scales, tau, colors = splats.means, splats.quats, splats.scales, splats.opacities, splats.colors
    peak = np.maximum(colors.max(axis=1).astype(np.float64), 1.0)
    sigma = np.exp(np.mean(np.log(scales.astype(np.float64)), axis=1))
    held = np.clip(tau * peak, np.where(sigma <= 0.0025, 2 / 255, 0.0), 0.95).astype(np.float32)
    growth = np.sqrt(tau * peak / held)[:, None]
    w, x, y, z = quats.T
    columns = (
        means.astype(np.float64) * cell.half_extent_m,
        scales.astype(np.float64) * growth * cell.half_extent_m,
        np.stack([x, y, z, w], axis=1),
        colors / peak[:, None],
        held[:, None],
    )
    return np.concatenate(columns, axis=1).astype(np.float32)


@pytest.mark.parametrize("kind", ["pack", "cells"])
def test_an_independent_reader_sees_the_same_values(node, universe, kind, tmp_path):
    dump = tmp_path / "floats.bin"
    result = subprocess.run(
        [node, READER, universe.path / "pack", kind, dump], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
    cells, floats = json.loads(result.stdout), np.frombuffer(dump.read_bytes(), "<f4").reshape(-1, 14)

    assert [c["file_name"] for c in cells] == [f"{cell.index_name}.bin" for cell in universe.cells]
    assert 0 < universe.trained.sum() < len(universe)
    low, high = widened(*universe.star_boxes_m())
    start = 0
    for i, found in enumerate(cells):
        header, stop = found["header"], start + found["bytes"] // 56
        want = expected_floats(universe, i)
        cell = universe.cells[i]
        assert header["id"] == {"l": cell.l, "theta": cell.theta, "phi": cell.phi}
        assert header["splat_count"] == len(want)
        assert header["compressed"] is True
        for name, corner in (("min", low[i]), ("max", high[i]), ("centroid", universe.cell(i).origin_m)):
            assert [float(header["bounds"][name][axis]) for axis in "xyz"] == corner.tolist()
        # A place may have been moved along the line of sight, by less than 1e-6 of its distance, before it was rounded.
        places = universe.cell(i).origin_m + want[:, :3].astype(np.float64)
        away = np.linalg.norm(floats[start:stop, :3].astype(np.float64) - want[:, :3], axis=1)
        assert (away <= 1e-6 * np.linalg.norm(places, axis=1) + 2.0**-22 * np.abs(want[:, :3]).max(axis=1)).all()
        same = floats[start:stop, 3:].copy().view("<u4"), want[:, 3:].copy().view("<u4")
        np.testing.assert_array_equal(*same, err_msg=found["file_name"])
        start = stop
    assert start == len(floats)
