"""The PLY is the one that splat viewers read, and its values are the universe's, computed here in float64.

plyfile reads it back. One trained cell shows every rule at once: rotation order, logarithms, logits, colour offset,
tau above and below the limits; several cells show the common frame.
"""

import numpy as np
import plyfile
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.packing.export import export
from helios.universe import Universe

PROPERTIES = [*"xyz", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"]
PROPERTIES += ["scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]


def read(path):
    ply = plyfile.PlyData.read(str(path))
    vertex = ply["vertex"]
    return ply, lambda *names: np.stack([vertex[name] for name in names], axis=1).astype(np.float64)


def test_the_header_is_that_of_gaussian_splatting(trained, tmp_path):
    export(trained, tmp_path / "cell.ply", cells=[0])
    ply, _ = read(tmp_path / "cell.ply")
    assert (ply.text, ply.byte_order) == (False, "<")
    assert [element.name for element in ply.elements] == ["vertex"]
    assert [p.name for p in ply["vertex"].properties] == PROPERTIES
    assert {p.val_dtype for p in ply["vertex"].properties} == {"f4"}
    head = (tmp_path / "cell.ply").read_bytes().split(b"end_header\n")[0].decode("ascii").splitlines()
    assert head[:2] == ["ply", "format binary_little_endian 1.0"]


def test_the_header_says_that_light_does_not_depend_on_pixels(trained, tmp_path):
    """As Brush, splat-transform and SuperSplat write it for splats trained "antialiased"."""
    export(trained, tmp_path / "cell.ply", cells=[0])
    assert "SplatRenderMode: mip" in read(tmp_path / "cell.ply")[0].comments


def most_splats(universe) -> int:
    """The index of the trained cell with the most splats."""
    return max(np.flatnonzero(universe.trained).tolist(), key=lambda i: len(universe.splats(i)))


def test_values_are_those_of_the_splats(trained, tmp_path):
    i = most_splats(trained)
    cell, splats = trained.cell(i), trained.splats(i)
    export(trained, tmp_path / "cell.ply", cells=[i])
    ply, columns = read(tmp_path / "cell.ply")
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    origin, unit = np.array([float(x) for x in notes["origin_m"].split()]), float(notes["unit_m"])

    position = cell.origin_m + cell.half_extent_m * splats.means.astype(np.float64)
    np.testing.assert_allclose(columns("x", "y", "z"), (position - origin) / unit, rtol=6e-8)
    np.testing.assert_array_equal(columns("nx", "ny", "nz"), 0)
    np.testing.assert_array_equal(columns("rot_0", "rot_1", "rot_2", "rot_3"), splats.quats)
    colors = 0.5 + 0.28209479177387814 * columns("f_dc_0", "f_dc_1", "f_dc_2")
    peak = splats.colors.max(axis=1).astype(np.float64)
    np.testing.assert_allclose(colors, splats.colors / peak[:, None], atol=2e-7)
    wanted = splats.opacities * peak
    sigma = np.exp(np.log(splats.scales.astype(np.float64)).mean(axis=1))
    held = np.clip(wanted, np.where(sigma <= 0.05, 2 / 255, 0), 0.95)
    assert (held < wanted).any()
    assert (held > wanted).any()
    tau = 1 / (1 + np.exp(-columns("opacity")[:, 0]))
    # A float32 logit of up to 9.2 is rounded by 5e-7 at most; a logarithm of up to 24 by twice that.
    np.testing.assert_allclose(tau, held, rtol=6e-7)
    scales = np.exp(columns("scale_0", "scale_1", "scale_2")) * unit / cell.half_extent_m
    np.testing.assert_allclose(scales, splats.scales * np.sqrt(wanted / held)[:, None], rtol=1.2e-6)


@pytest.mark.parametrize("cells", [[0, 1], None])
def test_the_frame_fits_what_is_in_the_file(trained, tmp_path, cells):
    export(trained, tmp_path / "cells.ply", cells=cells)
    ply, columns = read(tmp_path / "cells.ply")
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    origin = np.array([float(x) for x in notes["origin_m"].split()])
    means = columns("x", "y", "z")
    assert np.abs(means).max() == pytest.approx(8000, rel=1e-6)
    if cells is None:
        assert origin.tolist() == [0, 0, 0]
    else:
        np.testing.assert_allclose(means.min(axis=0), -means.max(axis=0), atol=8000 * 2e-7)


def test_every_naked_eye_star_is_in_its_own_place(tmp_path):
    """The embedded list, from 1.3 to some 10,000 pc, in leaves as shallow as its tree has: as seen from the Sun."""
    build_universe(BuildConfig(), tmp_path / "universe", [])
    universe = Universe.open(tmp_path / "universe")
    exported = export(universe, tmp_path / "stars.ply")
    _, columns = read(tmp_path / "stars.ply")
    means = columns("x", "y", "z")
    stars = universe.columns(("x_m", "y_m", "z_m"), 0, int(universe.offsets[-1]))
    wanted = np.stack([stars[name] for name in ("x_m", "y_m", "z_m")], axis=1)
    found = np.array(exported.origin_m) + exported.unit_m * means
    distance = np.linalg.norm(wanted, axis=1)
    # Three coordinates of float32, each to half a unit of its last place, 6e-8 of itself: 1e-7, which is 0.02 arcsec.
    assert (np.linalg.norm(found - wanted, axis=1) / distance).max() < 1e-7
    assert len(np.unique(means, axis=0)) == len(np.unique(wanted, axis=0)) > 9000


def test_a_single_star_has_a_size_in_its_file(stars, tmp_path):
    i = int(np.argmin(np.diff(stars.offsets)))
    assert np.diff(stars.offsets)[i] == 1
    export(stars, tmp_path / "star.ply", cells=[i])
    _, columns = read(tmp_path / "star.ply")
    np.testing.assert_array_equal(columns("x", "y", "z"), 0)
    np.testing.assert_allclose(np.exp(columns("scale_0", "scale_1", "scale_2")), 8000 / 32, rtol=1e-6)


def test_a_glow_stays_a_glow_and_is_told(trained, tmp_path):
    """Nothing is made smaller with widest_shrunk 0: what is faint stays faint, and how much light that is, is said."""
    kept = export(trained, tmp_path / "kept.ply", "ply:widest_shrunk=0")
    _, columns = read(tmp_path / "kept.ply")
    tau = 1 / (1 + np.exp(-columns("opacity")[:, 0]))
    light = tau * np.exp(columns("scale_0", "scale_1", "scale_2").sum(axis=1) * 2 / 3)
    colors = 0.5 + 0.28209479177387814 * columns("f_dc_0", "f_dc_1", "f_dc_2")
    light *= colors @ [0.2126, 0.7152, 0.0722]
    assert kept.faint_share == pytest.approx(light[tau < 1 / 255].sum() / light.sum(), rel=1e-5)
    assert kept.faint_share > 0
    assert export(trained, tmp_path / "none.ply", "ply:widest_shrunk=inf").faint_share == 0
