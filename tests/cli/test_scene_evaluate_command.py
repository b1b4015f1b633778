"""`helios scene evaluate` writes numbers that its own pictures bear out, in whatever world the photographs are given.

The scene is a painted ellipsoid, its splats discs of paint on its surface, so that there is something to judge without
a training; other data sets are moved by pycolmap's similarity.
"""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from helios.cli import main
from tests.support.painted_result import write_painted_result
from tests.support.tiny_scene import write_tiny_scene
from tests.support.torchvision_trunks import write_trunk

WIDTH, HEIGHT = 64, 48
SCALE = 3.7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """data/, of 12 photographs with masks, of which 3 are held out, and result/."""
    folder = tmp_path_factory.mktemp("evaluate")
    write_tiny_scene(folder / "data", views=12, width=WIDTH, height=HEIGHT, masks=True)
    write_painted_result(folder / "result", folder / "data")
    return folder


def run(*arguments, code=0):
    done = CliRunner().invoke(main, ["scene", "evaluate", *map(str, arguments), "--backend", "numba"])
    assert done.exit_code == code, done.output + str(done.exception)
    return done.output


def moved_copy(data, output, keep=lambda name: True, rename=lambda name: name):
    """Write the data set in `data`, or what of it is kept, under a similarity by another program."""
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap moves the other data sets")
    quiet, pycolmap.logging.minloglevel = pycolmap.logging.minloglevel, 2
    model = pycolmap.Reconstruction(str(data / "sparse/0"))
    turn = pycolmap.Rotation3d(np.array([0.5, -0.1, 0.7, 0.5]) / 1.0)
    model.transform(pycolmap.Sim3d(SCALE, turn, np.array([20.0, -3, 8])))
    for part in ("images", "masks", "sparse/0"):
        (output / part).mkdir(parents=True)
    for image in list(model.images.values()):
        if not keep(image.name):
            model.deregister_frame(image.frame_id)
            continue
        for part in ("images", "masks"):
            (output / part / rename(image.name)).write_bytes((data / part / image.name).read_bytes())
        image.name = rename(image.name)
    model.write(str(output / "sparse/0"))
    pycolmap.logging.minloglevel = quiet
    return output


def stats_of(folder, name="val"):
    return json.loads((folder / f"result/stats/{name}_step40.json").read_text())


def test_the_pictures_bear_the_numbers_out(folder):
    write_trunk(folder, "alexnet")
    output = run(folder / "result", "--lpips-weights", folder)
    stats = stats_of(folder)
    assert list(stats["photographs"]) == ["000.png", "004.png", "008.png"]
    assert (stats["step"], stats["num_GS"], stats["count"], stats["lpips_net"]) == (40, 1500, 3, "alex")
    assert f"psnr {stats['psnr']:.2f} dB" in output
    for name, row in stats["photographs"].items():
        photograph = np.asarray(Image.open(folder / "data/images" / name)) / 255.0
        mask = np.asarray(Image.open(folder / "data/masks" / name)) > 0
        beside = np.asarray(Image.open(folder / "result" / row["render"])) / 255.0
        assert beside.shape == (HEIGHT, 2 * WIDTH, 3)
        np.testing.assert_allclose(beside[:, :WIDTH], photograph * mask[..., None], atol=1e-9)
        squares = (beside[:, WIDTH:] - beside[:, :WIDTH]) ** 2
        # 8 bits of the picture are 1e-6 of the squares, which are about 1e-2.
        assert row["psnr"] == pytest.approx(-10 * np.log10(squares.mean()), abs=0.01)
        assert row["psnr_masked"] == pytest.approx(-10 * np.log10(squares[mask].mean()), abs=0.01)
    for metric in ("psnr", "ssim", "lpips", "flip", "psnr_masked", "ssim_masked", "lpips_masked", "flip_masked"):
        assert stats[metric] == pytest.approx(np.mean([row[metric] for row in stats["photographs"].values()]))
    before = (folder / "result/stats/val_step40.json").read_bytes()
    run(folder / "result", "--lpips-weights", folder / "alexnet-random.pth")
    assert (folder / "result/stats/val_step40.json").read_bytes() == before


def test_without_weights_lpips_is_null_with_the_reason(folder):
    output = run(folder / "result", "--metrics", "psnr,lpips")
    stats = stats_of(folder)
    assert stats["lpips"] is None
    assert stats["lpips_reason"] == "no weights were named (--lpips-weights)"
    assert "no lpips: no weights were named (--lpips-weights)" in output
    assert "flip" not in stats


def test_the_same_photographs_in_another_world_are_judged_alike(folder):
    moved = moved_copy(folder / "data", folder / "moved")
    run(folder / "result", "--metrics", "psnr,ssim")
    run(folder / "result", "--metrics", "psnr,ssim", "--data", folder / "data")
    output = run(folder / "result", "--metrics", "psnr,ssim", "--data", moved)
    held_out, same, other = stats_of(folder), stats_of(folder, "other_data"), stats_of(folder, "other_moved")
    assert other["alignment"]["by"] == "names"
    assert other["alignment"]["agreeing"] == 12
    assert other["alignment"]["residual_of_scene_scale"] < 1e-6
    assert same["alignment"]["scale"] / other["alignment"]["scale"] == pytest.approx(SCALE, rel=1e-6)
    assert other["seen_in_training"] == 9
    assert list(other["photographs"]) == list(held_out["photographs"])
    for metric in ("psnr", "psnr_masked"):
        assert other[metric] == pytest.approx(held_out[metric], abs=0.02)
    assert other["psnr_covisible"] == pytest.approx(same["psnr_covisible"], abs=0.02)
    assert 0.1 < other["covisible_share"] < 0.5
    assert "aligned by 12 of 12 photographs of the same names" in output
    assert "residual" in output


def test_photographs_of_training_are_said_to_be_no_held_out_views(folder):
    known = moved_copy(folder / "data", folder / "known", keep=lambda name: int(name[:3]) % 4)
    output = run(folder / "result", "--metrics", "psnr", "--data", known)
    assert "all 9 photographs stand where one of training does" in output
    assert stats_of(folder, "other_known")["count"] == 9


def test_what_shows_something_else_is_refused_in_one_line(folder):
    """Noise under other names; then the same names, each of another photograph's camera."""
    write_tiny_scene(folder / "noise", views=6, width=WIDTH, height=HEIGHT)
    rng = np.random.default_rng(0)
    for path in (folder / "noise/images").iterdir():
        Image.fromarray(rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)).save(path.with_name("of_" + path.name))
        path.unlink()
    images = folder / "noise/sparse/0/images.txt"
    images.write_text(images.read_text().replace(" 00", " of_00"))
    output = run(folder / "result", "--data", folder / "noise", code=1)
    assert "does not overlap with the photographs of training: 0 of the same names" in output
    assert len(output.splitlines()) == 1
    order = np.random.default_rng(2).permutation(12)
    mixed = moved_copy(folder / "data", folder / "mixed", rename=lambda name: f"{order[int(name[:3])]:03d}.png")
    for path in (mixed / "images").iterdir():
        Image.new("RGB", (WIDTH, HEIGHT)).save(path)
    assert "12 of the same names, 0 of 12 found" in run(folder / "result", "--data", mixed, code=1)


def test_mistakes_are_one_clear_line(folder, tmp_path):
    result = folder / "result"
    assert "unknown metric 'mse' (choose from psnr, ssim" in run(result, "--metrics", "psnr,mse", code=1)
    assert "no checkpoint of step 7 (there are 40)" in run(result, "--step", "7", code=1)
    assert "no such file or folder" in run(result, "--lpips-weights", tmp_path / "none", code=1)
    assert "no result of a training" in run(tmp_path, code=1)
    assert str(tmp_path / "gone") in run(result, "--trained-on", tmp_path / "gone", code=1)
    write_painted_result(tmp_path / "all", folder / "data", test_every=0)
    assert "no photograph was held out of training; name others (--data FOLDER)" in run(tmp_path / "all", code=1)
