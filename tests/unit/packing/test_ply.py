"""The PLY is the one that splat viewers read, and its values are the universe's, computed here in float64.

plyfile reads it back. One trained cell shows every rule at once: rotation order, logarithms, logits, colour offset,
tau above the limit; two cells show the common frame.
"""

import numpy as np
import plyfile
import pytest

from helios.packing.export import export

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


def test_one_cell_comes_out_in_its_own_units(trained, tmp_path):
    i = int(
        np.flatnonzero(trained.trained)[np.argmax([len(trained.splats(i)) for i in np.flatnonzero(trained.trained)])]
    )
    cell, splats = trained.cell(i), trained.splats(i)
    export(trained, tmp_path / "cell.ply", cells=[i])
    ply, columns = read(tmp_path / "cell.ply")
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    assert [float(x) for x in notes["origin_m"].split()] == cell.origin_m.tolist()
    assert float(notes["unit_m"]) == cell.half_extent_m

    bright = splats.opacities > 0.95
    assert bright.any()
    assert not bright.all()
    np.testing.assert_array_equal(columns("x", "y", "z"), splats.means)
    np.testing.assert_array_equal(columns("nx", "ny", "nz"), 0)
    np.testing.assert_array_equal(columns("rot_0", "rot_1", "rot_2", "rot_3"), splats.quats)
    colors = 0.5 + 0.28209479177387814 * columns("f_dc_0", "f_dc_1", "f_dc_2")
    np.testing.assert_allclose(colors, splats.colors, atol=1e-6)
    tau = 1 / (1 + np.exp(-columns("opacity")[:, 0]))
    # A float32 logit of up to 9.2 is rounded by 5e-7 at most; a logarithm of up to 12 likewise.
    np.testing.assert_allclose(tau, np.minimum(splats.opacities, 0.95), rtol=6e-7)
    scales = np.exp(columns("scale_0", "scale_1", "scale_2"))
    growth = np.sqrt(np.maximum(splats.opacities.astype(np.float64) / 0.95, 1))
    np.testing.assert_allclose(scales, splats.scales * growth[:, None], rtol=6e-7)
    np.testing.assert_allclose(2 * np.pi * tau * scales.prod(axis=1) ** (2 / 3), splats.luminosities, rtol=1e-5)


@pytest.mark.parametrize("cells", [[0, 1], None])
def test_several_cells_share_a_frame_around_them(trained, tmp_path, cells):
    cells = range(len(trained)) if cells is None else cells
    export(trained, tmp_path / "cells.ply", cells=cells)
    ply, columns = read(tmp_path / "cells.ply")
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    origin, unit = np.array([float(x) for x in notes["origin_m"].split()]), float(notes["unit_m"])
    corners = np.concatenate([trained.bounds_m(list(cells))[side] for side in (0, 1)])
    placed = (corners - origin) / unit
    assert np.abs(placed).max() == pytest.approx(1.0, abs=1e-12)
    assert np.abs(columns("x", "y", "z")).max() <= 1.0
    first = trained.cell(cells[0])
    expected = (
        first.origin_m - origin + first.half_extent_m * trained.splats(cells[0]).means.astype(np.float64)
    ) / unit
    np.testing.assert_allclose(columns("x", "y", "z")[: len(expected)], expected, rtol=6e-8, atol=1e-12)
