"""Exports of cuts of the levels of detail: fewer splats, all of the light, in the places that the levels have.

plyfile reads the files back. Light is 2 pi tau sigma^2 times the colour's luminance, in the file's own unit.
"""

import numpy as np
import plyfile
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.coords import stacked_positions_m
from helios.errors import InputError
from helios.light import luminosity
from helios.packing import shown
from helios.packing.export import export
from helios.universe import Universe

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "universe"
    build_universe(BuildConfig(synthetic=5000), path)
    return Universe.open(path)


def read(path):
    """(number, light in square metres and steradians, positions in metres) of the splats in a PLY."""
    ply = plyfile.PlyData.read(str(path))
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    unit, origin = float(notes["unit_m"]), np.array([float(x) for x in notes["origin_m"].split()])
    column = {name: ply["vertex"][name].astype(np.float64) for name in ply["vertex"].data.dtype.names}
    sigma = np.exp(column["scale_0"]) * unit
    rgb = 0.5 + 0.28209479177387814 * np.stack([column[f"f_dc_{i}"] for i in range(3)], axis=1)
    light = 2 * np.pi / (1 + np.exp(-column["opacity"])) * sigma**2 * (rgb @ LUMINANCE)
    return len(light), light, np.stack([column[axis] for axis in "xyz"], axis=1) * unit + origin


def stars_of(universe):
    columns = universe.columns(("x_m", "y_m", "z_m", "phot_g_mean_mag"))
    position = stacked_positions_m(columns)
    return position, luminosity(columns["phot_g_mean_mag"], np.linalg.norm(position, axis=1))


@pytest.mark.parametrize("cut", [{"level": 0}, {"level": 1}, {"level": 2}, {"budget": 1200}, {"budget": 2500}])
@pytest.mark.parametrize("rows", [1 << 16, 700])
def test_a_cut_has_all_light(universe, tmp_path, monkeypatch, cut, rows):
    monkeypatch.setattr(shown, "PART_ROWS", rows)
    result = export(universe, tmp_path / "cut.ply", **cut)
    count, light, position = read(tmp_path / "cut.ply")
    assert count == result.splats <= 5000
    assert count <= cut.get("budget", 5000)
    stars, luminosities = stars_of(universe)
    assert light.sum() == pytest.approx(luminosities.sum(), rel=1e-5)
    seen = (light / (position**2).sum(axis=1)).sum()
    assert seen == pytest.approx((luminosities / (stars**2).sum(axis=1)).sum(), rel=1e-4)


def test_a_deep_level_has_every_star(universe, tmp_path):
    assert export(universe, tmp_path / "all.ply", level=20).splats == 5000
    _, _, position = read(tmp_path / "all.ply")
    stars, _ = stars_of(universe)
    far = np.abs(stars).max()
    np.testing.assert_allclose(np.sort(position, axis=0), np.sort(stars, axis=0), rtol=1e-6, atol=1e-6 * far)


@pytest.mark.parametrize("format", ["spz", "glb", "gltf"])
def test_other_formats_write_cuts_too(universe, tmp_path, format):
    result = export(universe, tmp_path / f"cut.{format}", format, level=1)
    assert result.splats == export(universe, tmp_path / "cut.ply", level=1).splats


def test_what_cannot_be_is_refused(universe, tmp_path):
    for options, message in (
        ({"level": -1}, "level -1: must be at least 0"),
        ({"budget": 3}, "budget 3: must be at least"),
        ({"level": 1, "budget": 900}, "only one can be given"),
        ({"level": 1, "cells": [0]}, "only one can be given"),
    ):
        with pytest.raises(InputError, match=message):
            export(universe, tmp_path / "no.ply", **options)
    with pytest.raises(InputError, match="csv: has the stars of cells"):
        export(universe, tmp_path / "no.csv", "csv", level=1)
    assert list(tmp_path.iterdir()) == []
