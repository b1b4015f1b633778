"""A scene written in other programs' formats is the scene: read back here by plyfile, torch, and from the bytes.

The splats are random numbers of every sign, so that a column in the wrong place or order cannot pass.
"""

import gzip
import io
import re
import struct
from pathlib import Path

import numpy as np
import plyfile
import pytest
import torch

from helios.errors import InputError
from helios.photos.formats import SCENE_FORMATS
from helios.photos.formats.splats import BLOCK, SceneSplats
from helios.photos.ply import read_ply
from tests.support.random_splats import random_scene


def written(scene: SceneSplats, ending: str) -> tuple[bytes, tuple[str, ...]]:
    file = io.BytesIO()
    notes = SCENE_FORMATS.get(ending)(scene, file)
    again = io.BytesIO()
    SCENE_FORMATS.get(ending)(scene, again)
    assert file.getvalue() == again.getvalue()
    return file.getvalue(), notes


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_ply_is_read_by_plyfile_with_the_columns_of_gaussian_splatting(degree):
    scene = random_scene(50, degree)
    data, notes = written(scene, "ply")
    assert notes == ()
    ply = plyfile.PlyData.read(io.BytesIO(data))
    rest = (degree + 1) ** 2 - 1
    names = [*"xyz", "nx", "ny", "nz", *(f"f_dc_{i}" for i in range(3)), *(f"f_rest_{i}" for i in range(3 * rest))]
    names += ["opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
    assert [p.name for p in ply["vertex"].properties] == names
    assert "SplatRenderMode: mip" in ply.comments
    for i, (red, green, blue) in enumerate(scene.params["shN"].numpy().transpose(1, 2, 0)):
        for channel, wanted in enumerate((red, green, blue)):
            np.testing.assert_array_equal(ply["vertex"][f"f_rest_{channel * rest + i}"], wanted)
    for i, axis in enumerate("xyz"):
        np.testing.assert_array_equal(ply["vertex"][axis], scene.params["means"][:, i])
        np.testing.assert_array_equal(ply["vertex"][f"f_dc_{i}"], scene.params["sh0"][:, 0, i])
        np.testing.assert_array_equal(ply["vertex"][f"scale_{i}"], scene.params["scales"][:, i])
    for i in range(4):
        np.testing.assert_array_equal(ply["vertex"][f"rot_{i}"], scene.params["quats"][:, i])
    np.testing.assert_array_equal(ply["vertex"]["opacity"], scene.params["opacities"])


def same(one: SceneSplats, other: SceneSplats) -> None:
    assert one.params.keys() == other.params.keys()
    for name, tensor in one.params.items():
        assert other.params[name].dtype == torch.float32
        assert torch.equal(tensor, other.params[name]), name


@pytest.mark.parametrize(("count", "degree", "antialiased"), [(BLOCK + 3, 1, True), (9, 0, False), (9, 4, True)])
def test_a_ply_read_back_is_the_scene_bit_by_bit(tmp_path, count, degree, antialiased):
    scene = random_scene(count, degree, antialiased)
    (tmp_path / "a.ply").write_bytes(written(scene, "ply")[0])
    back = read_ply(tmp_path / "a.ply")
    same(scene, back)
    assert (back.antialiased, back.step, back.degree) == (antialiased, 7, degree)


def test_ply_of_other_programs_is_read(tmp_path):
    """gsplat's own export, and by plyfile columns in another order, other types, the other byte order, line ends."""
    from gsplat.exporter import export_splats

    scene = random_scene(20, 2, antialiased=False)
    export_splats(**scene.params, format="ply", save_to=str(tmp_path / "gsplat.ply"))
    back = read_ply(tmp_path / "gsplat.ply")
    same(scene, back)
    assert (back.antialiased, back.step) == (False, 0)

    ours = plyfile.PlyData.read(io.BytesIO(written(scene, "ply")[0]))["vertex"].data
    names = [*reversed([name for name in ours.dtype.names if not name.startswith("n")]), "label"]
    rows = np.zeros(len(ours), [(name, "u1" if name == "label" else "f8") for name in names])
    for name in names[:-1]:
        rows[name] = ours[name]
    vertex = plyfile.PlyElement.describe(rows, "vertex")
    for comment, antialiased in (("antialiased 1", True), ("splatrendermode:  MIP", True), ("antialiased 0", False)):
        plyfile.PlyData([vertex], byte_order=">", comments=["SH degree: 2", comment]).write(str(tmp_path / "b.ply"))
        back = read_ply(tmp_path / "b.ply")
        same(scene, back)
        assert back.antialiased is antialiased
    data = (tmp_path / "gsplat.ply").read_bytes()
    head, body = data.split(b"end_header\n", 1)
    (tmp_path / "dos.ply").write_bytes(head.replace(b"\n", b"\r\n") + b"end_header\r\n" + body)
    same(scene, read_ply(tmp_path / "dos.ply"))


HEAD = b"ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\nend_header\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"solid cube", r"not a PLY file; name one of Gaussian splats"),
        (b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n", r"PLY as ascii; export"),
        (HEAD, r"no property y, so no scene of Gaussian splats"),
        (HEAD.replace(b"float x", b"list uchar int x"), r"property x of vertices is a list, must be a number"),
        (HEAD.replace(b"vertex", b"chunk"), r"does not begin with its vertices, compressed perhaps"),
        ("cut", r"cut\.ply: [\d,]+ bytes, must be [\d,]+: cut off; copy it again"),
        ("rest", r"44 properties f_rest, must be as many for each"),
        ("degree", r"shN: 14 coefficients, must be 0, 3, 8, 15 or 24"),
        ("nan", r"splat 4 of 9: means is not finite, as are 1 of them"),
    ],
)
def test_what_is_no_scene_ends_in_one_line(tmp_path, data, message):
    whole = written(random_scene(9, 3), "ply")[0]
    made = {
        "cut": whole[:-1],
        "rest": whole.replace(b"property float f_rest_44\n", b"property float other\n"),
        "degree": re.sub(rb"f_rest_4([234])\n", rb"other_\1\n", whole),
        "nan": _with_nan(whole, 4),
    }
    path = tmp_path / f"{data if isinstance(data, str) else 'bad'}.ply"
    path.write_bytes(made[data] if isinstance(data, str) else data)
    with pytest.raises(InputError, match=message) as caught:
        read_ply(path)
    assert "\n" not in str(caught.value)


def _with_nan(whole: bytes, row: int) -> bytes:
    start = whole.index(b"end_header\n") + len(b"end_header\n") + row * 4 * 62
    return whole[:start] + struct.pack("<f", np.nan) + whole[start + 4 :]


@pytest.mark.parametrize("ending", ["ply", "pt", "spz", "splat"])
def test_a_scene_that_diverged_or_has_no_rotation_is_not_written(ending):
    for name, value, message in (
        ("scales", np.inf, "splat 3 of 9: scales is not finite"),
        ("quats", 0.0, "no rotation"),
    ):
        scene = random_scene(9, 1)
        scene.params[name][3] = value
        with pytest.raises(InputError, match=message):
            SCENE_FORMATS.get(ending)(scene, io.BytesIO())


def test_pt_is_a_checkpoint_of_gsplats():
    scene = random_scene(30, 3)
    data, notes = written(scene, "pt")
    held = torch.load(io.BytesIO(data), weights_only=True)
    assert held.keys() == {"step", "splats"}
    assert held["step"] == 7
    same(scene, SceneSplats(held["splats"], True))
    assert notes == ("a .pt does not say that the scene was trained antialiased",)


def test_splat_has_the_largest_first_and_says_what_it_leaves_out():
    scene = random_scene(40, 1)
    data, notes = written(scene, "splat")
    rows = [struct.unpack_from("<6f8B", data, 32 * i) for i in range(40)]
    assert len(data) == 32 * 40
    opacity = torch.sigmoid(scene.params["opacities"])
    order = torch.argsort(-opacity * torch.exp(scene.params["scales"].sum(dim=1)))
    for row, i in zip(rows, order.tolist()):
        assert row[:3] == tuple(scene.params["means"][i].tolist())
        assert row[3:6] == pytest.approx(torch.exp(scene.params["scales"][i]).tolist(), rel=1e-6)
        color = (0.5 + 0.28209479177387814 * scene.params["sh0"][i, 0]).clamp(0, 1) * 255
        assert row[6:10] == pytest.approx([*color.tolist(), float(opacity[i]) * 255], abs=0.51)
        quat = scene.params["quats"][i] / scene.params["quats"][i].norm()
        assert row[10:] == pytest.approx((quat * 128 + 128).clamp(0, 255).tolist(), abs=0.51)
    assert any("spherical harmonics are left out" in note for note in notes)


def test_spz_says_what_it_cuts_off():
    scene = random_scene(10, 2, antialiased=False)
    scene.params["shN"][:3, 5, 1] = 1.5
    scene.params["scales"][4] = -11.0
    data, notes = written(scene, "spz")
    assert struct.unpack_from("<4sIIBBBB", gzip.decompress(data))[:4] == (b"NGSP", 3, 10, 2)
    assert len(gzip.decompress(data)) == 16 + 10 * (20 + 3 * 8)
    assert [note.split(" of SPZ")[0] for note in notes] == [
        "1 of 10 splats have sizes beyond the range",
        "3 of 10 splats have spherical harmonics beyond the range",
    ]
    scene.params["means"][2, 0] = 1e7
    with pytest.raises(InputError, match=r"^spz: a splat is 1e\+07 units away"):
        SCENE_FORMATS.get("spz")(scene, io.BytesIO())


def test_no_other_ending_is_known():
    with pytest.raises(InputError, match="unknown scene format 'obj'"):
        SCENE_FORMATS.check(Path("a.obj").suffix[1:])
