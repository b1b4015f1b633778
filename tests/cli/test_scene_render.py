"""`helios scene render` and `export` as a user types them, on a scene whose truth is known: files, words, refusals.

The scene is what a training leaves, made here without one: splats on the surface of the tiny data set's ellipsoid. What
is drawn is compared with rays cast at the ellipsoid itself.
"""

import dataclasses
import json
import re
import subprocess

import numpy as np
import plyfile
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from helios.cli import main
from helios.film import find_ffmpeg
from helios.photos.fit.options import SceneOptions
from helios.photos.ply import read_ply
from tests.support.tiny_scene import paint, write_tiny_scene
from tests.support.tiny_scene import surface_points as on_surface

STEP = 40


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folders of a data set and of a result with two checkpoints; the truth."""
    folder = tmp_path_factory.mktemp("scene")
    truth = write_tiny_scene(folder / "data", views=12, width=64, height=48)
    points = on_surface(2500)
    colors = torch.tensor(paint(points), dtype=torch.float32)
    count = len(points)
    splats = {
        "means": torch.tensor(points, dtype=torch.float32),
        "scales": torch.full((count, 3), float(np.log(0.035))),
        "quats": torch.tensor([[1.0, 0, 0, 0]]).repeat(count, 1),
        "opacities": torch.full((count,), 3.0),
        "sh0": ((colors - 0.5) / 0.28209479177387814)[:, None],
        "shN": torch.zeros(count, 3, 3),
    }
    (folder / "result" / "ckpts").mkdir(parents=True)
    options = SceneOptions().values() | {"sh_degree": 1, "antialiased": True, "normalize_world_space": False}
    config = {"options": options, "data": str(folder / "data")}
    (folder / "result" / "cfg.json").write_text(json.dumps(config, default=list))
    for step, kept in ((STEP - 10, slice(None, None, 2)), (STEP, slice(None))):
        held = {"step": step, "splats": {name: tensor[kept].clone() for name, tensor in splats.items()}}
        torch.save(held, folder / "result" / "ckpts" / f"ckpt_{step}.pt")
    return dataclasses.replace(truth, folder=folder)


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(made.folder / "data")
    (tmp_path / "result").mkdir()
    for name in ("ckpts", "cfg.json"):
        (tmp_path / "result" / name).symlink_to(made.folder / "result" / name)
    return tmp_path


def run(command, *arguments, code=0):
    backend = ["--backend", "numba"] if command == "render" else []
    result = CliRunner().invoke(main, ["scene", command, "result", *backend, *map(str, arguments)])
    assert result.exit_code == code, result.output
    if code == 1:
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    return result.output


def frames_in(path, width, height):
    """The frames of a film, as ffmpeg decodes them, uint8 [F, H, W, 3], and its frames a second."""
    command = [find_ffmpeg(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    rate = re.search(rb"(\d+) fps", done.stderr)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3), int(rate[1])


@pytest.mark.parametrize("path", ["interp", "spiral:turns=1", "ellipse"])
def test_a_film_has_its_frames_and_the_same_bytes_twice(here, path):
    name = path.partition(":")[0]
    arguments = ("--path", path, "--frames", 13, "--fps", 10)
    output = run("render", *arguments)
    assert output == f"wrote result/renders/traj_{name}_{STEP}.mp4: 13 frames of 64 x 48 px, 1.30 s\n"
    run("render", *arguments, "-o", "again.mp4")
    first = here / "result" / "renders" / f"traj_{name}_{STEP}.mp4"
    assert first.read_bytes() == (here / "again.mp4").read_bytes()
    frames, rate = frames_in(first, 64, 48)
    assert (len(frames), rate) == (13, 10)
    seen = frames.max(axis=3) > 30
    assert seen[:, 20:28, 28:36].mean(axis=(1, 2)).min() > 0.5  # the thing is in the middle of every frame
    assert not seen[:, 0].any()
    assert (np.abs(np.diff(frames.astype(int), axis=0)).max(axis=(1, 2, 3)) > 20).all()  # and every frame is another


def png(name):
    with Image.open(name) as image:
        return np.asarray(image.convert("RGB")).astype(float) / 255, image.text


def grown(where, by):
    """`where` and all that is at most `by` pixels beside it."""
    around = [np.roll(where, (y, x), (0, 1)) for y in range(-by, by + 1) for x in range(-by, by + 1)]
    return np.any(around, axis=0)


def test_a_picture_is_what_the_photograph_sees(here, made):
    for number in (1, 8):  # one of those trained on, one held out
        name = made.names[number]
        image, alpha, depth = made.truth(made.viewmats[number])
        assert run("render", "--camera", name, "-o", "a.png").startswith(
            "wrote a.png: 64 x 48 px, 2,500 splats of step 40"
        )
        seen, texts = png("a.png")
        assert texts["Camera"] == f"of the photograph {name}, step {STEP}"
        inside = alpha > 0.99
        assert np.corrcoef(seen[inside].ravel(), image[inside].ravel())[0, 1] > 0.85
        run("render", "--camera", name, "--show", "alpha", "-o", "b.png")
        covered = png("b.png")[0][..., 0]
        assert not ((covered > 0.5) & ~grown(alpha > 0, 2)).any()  # a splat at the rim reaches 1.5 px beyond
        assert ((covered > 0.5) | (alpha < 0.5)).mean() > 0.995
        output = run("render", "--camera", name, "--show", "depth", "-o", "c.png")
        white, black = map(float, re.search(r"depth ([\d.]+) is white, ([\d.]+) black", output).groups())
        far = black - png("c.png")[0][..., 0] * (black - white)
        deep = inside & (depth > white) & (depth < black)
        assert deep.sum() > 0.8 * inside.sum()
        assert np.median(np.abs(far - depth)[deep]) < 0.06  # of 4: through splats those behind them are seen
    run("render", "--camera", name, "--background", "#3366cc", "--step", STEP - 10)
    seen, _ = png(f"result/renders/{made.names[8].rsplit('.')[0]}_{STEP - 10}.png")
    np.testing.assert_allclose(seen[0, 0] * 255, [0x33, 0x66, 0xCC])


def test_other_sizes_show_at_least_as_much(here, made):
    name = made.names[1]
    run("render", "--camera", name, "-o", "a.png", "--show", "alpha")
    run("render", "--camera", name, "-o", "b.png", "--show", "alpha", "--size", "160x96")
    small, large = png("a.png")[0][..., 0], png("b.png")[0][..., 0]
    assert large.shape == (96, 160)
    shrunk = large[:, 16:144].reshape(48, 2, 64, 2).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 0.02
    run(
        "render",
        "--path",
        "ellipse",
        "--frames",
        3,
        "--size",
        "64x64",
        "--fov",
        "90",
        "--show",
        "alpha",
        "-o",
        "wide.mp4",
    )
    run("render", "--path", "ellipse", "--frames", 3, "--size", "64x64", "--show", "alpha", "-o", "same.mp4")
    run("render", "--path", "ellipse", "--frames", 3, "--size", "64x64", "--show", "depth", "-o", "deep.mp4")
    wide, same = (frames_in(name, 64, 64)[0].mean() for name in ("wide.mp4", "same.mp4"))
    assert 0 < wide < 0.5 * same
    assert frames_in("deep.mp4", 64, 64)[0].std() > 20


def test_a_film_follows_data_that_moved(here, made):
    config = json.loads((here / "result" / "cfg.json").read_text())
    (here / "result" / "cfg.json").unlink()
    (here / "result" / "cfg.json").write_text(json.dumps(config | {"data": "elsewhere"}))
    line = "Error: elsewhere: the photographs that the scene was trained on are not there (--trained-on says where)\n"
    assert run("render", code=1) == line
    run("render", "--trained-on", "data", "--frames", 2, "-o", "a.webm")
    assert len(frames_in("a.webm", 64, 48)[0]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--path", "zigzag"], "unknown path 'zigzag' (choose from interp, spiral, ellipse)"),
        (["--path", "spiral:turns=0"], "path spiral: turns 0.0: must be from 0.1 to 50"),
        (["--path", "interp", "--camera", "a"], "--path and --camera: a film along a path or a picture from a camera"),
        (["--camera", "nobody"], "--camera nobody: 0 photographs of that name, must be one (there are "),
        (["--camera", "a", "--fov", "50"], "--fov: a picture has the field of view of its photograph; leave it out"),
        (["--fov", "nan"], "--fov nan: must be from 1 to 170 degrees"),
        (["--frames", "1"], "--frames 1: must be from 2 to 100,000"),
        (["--fps", "0"], "--fps 0: must be from 1 to 120 frames a second"),
        (["--size", "641x480"], "size 641x480: both sides of a film must be even"),
        (["--size", "big"], "--size big: must be WIDTHxHEIGHT in pixels"),
        (["--camera", "a", "--size", "99999x4"], "--size 99999x4: both sides must be from 1 to 16,384 pixels"),
        (["--background", "mauve"], "--background mauve: must be black, white, or #rrggbb"),
        (["-o", "frame.png"], "-o frame.png: a film must end in .mp4, .webm, .mkv; a picture needs --camera NAME"),
        (["--camera", "a", "-o", "film.mp4"], "-o film.mp4: a picture must end in .png"),
        (["--step", "7"], f"result: no checkpoint of step 7 (there are {STEP - 10}, {STEP})"),
        (["-o", "nowhere/film.mp4"], "nowhere/film.mp4: must be a file in a directory that exists"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(here, arguments, message):
    assert run("render", *arguments, code=1).startswith(f"Error: {message}")
    assert sorted(path.name for path in here.iterdir()) == ["data", "result"]


def test_export_writes_where_the_guides_have_it_and_converts_ply(here):
    output = run("export")
    path = here / "result" / "ply" / f"point_cloud_{STEP}.ply"
    size = f"{path.stat().st_size:,}"
    assert (
        output == f"wrote result/ply/point_cloud_40.ply: 2,500 splats, spherical harmonics of degree 1, {size} bytes\n"
    )
    assert plyfile.PlyData.read(str(path))["vertex"].count == 2500
    held = torch.load(here / "result" / "ckpts" / f"ckpt_{STEP}.pt", weights_only=True)
    back = read_ply(path)
    assert all(torch.equal(back.params[name], held["splats"][name]) for name in held["splats"])
    assert back.antialiased
    run("export", "--step", STEP - 10, "-o", "early.pt")
    early = torch.load("early.pt", weights_only=True)
    assert (early["step"], len(early["splats"]["means"])) == (STEP - 10, 1250)
    (here / "result" / "ply" / "x.ply").symlink_to(path)
    assert "wrote a.splat: 2,500 splats" in run("export", "-o", "a.splat")
    assert "wrote a.spz" in run("export", "-o", "a.spz")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["result", "-o", "a.obj"], "-o a.obj: a scene must end in .ply, .pt, .spz, .splat"),
        (["nowhere"], "nowhere: no result of a training"),
        (["result", "--step", "1"], f"result: no checkpoint of step 1 (there are {STEP - 10}, {STEP})"),
        (["result", "-o", "no/a.ply"], "no/a.ply: must be a file in a directory that exists"),
        (["a.ply", "-o", "a.spz"], "a.ply: not a PLY file; name one of Gaussian splats"),
        (["a.ply"], "a.ply: of a .ply there is one step"),
    ],
)
def test_what_cannot_be_exported_is_one_line(here, arguments, message):
    (here / "a.ply").write_text("a cube")
    result = CliRunner().invoke(main, ["scene", "export", *arguments])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith(f"Error: {message}")
