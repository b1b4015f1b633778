"""Photographs are placed where they were taken, the same each time, and what is left out is told with its reason.

The photographs are of two balls of noise, 8 and 5 of them, and of nothing: 15 in all, whose cameras are known. The
bars are those of pictures of 160 px with some 50 features each; the large ones are below, on data that is not shipped.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helios.errors import BackendError, InputError
from helios.photos.data.dataset import DataOptions, load_dataset
from helios.photos.data.model import read_model
from helios.photos.solvers import SOLVERS
from helios.photos.solvers import colmap as colmap_solver
from helios.photos.solvers.command import find_models
from helios.photos.solvers.prepare import prepare, read_prepared
from helios.progress import Advance, Stage
from tests.support.noise_ball import FOCAL_PX, HEIGHT, WIDTH, write_ball
from tests.support.tiny_scene import write_tiny_scene

pytest.importorskip("pycolmap")

SHARED = Path(__file__).parents[4].parent / "shared/data/photos"
PLAIN = DataOptions(normalize_world_space=False, test_every=0)


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def balls(tmp_path_factory):
    """The folder of photographs and masks, the viewmats of the first ball, the data set, and what was told of it."""
    folder = tmp_path_factory.mktemp("balls")
    viewmats = write_ball(folder / "images", 8, masks=folder / "masks")
    write_ball(folder / "images", 5, seed=1, prefix="other/")
    Image.new("L", (WIDTH, HEIGHT), 90).save(folder / "images/plain.png")
    static = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    Image.fromarray(static).save(folder / "images/static.png")
    (folder / "images/notes.txt").write_text("no photograph")
    events = []
    prepared, was_there = prepare(folder / "images", folder / "data", SOLVERS.make("pycolmap"), on_event=events.append)
    assert not was_there
    return folder, viewmats, prepared, events


def aligned(found: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors of cameras [V, 4, 4] after the best similarity (Umeyama 1991): of places as a share of their
    distance from the origin, and of turns in degrees."""

    def eyes(viewmats):
        return -np.einsum("vij,vi->vj", viewmats[:, :3, :3], viewmats[:, :3, 3])

    a, b = eyes(found), eyes(truth)
    u, s, vt = np.linalg.svd((b - b.mean(0)).T @ (a - a.mean(0)))
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    turn = u * signs @ vt
    scale = (s * signs).sum() / ((a - a.mean(0)) ** 2).sum()
    moved = scale * (a - a.mean(0)) @ turn.T + b.mean(0)
    cosines = (np.einsum("vij,kj,vik->v", found[:, :3, :3], turn, truth[:, :3, :3]) - 1) / 2
    shares = np.linalg.norm(moved - b, axis=1) / np.linalg.norm(b, axis=1)
    return shares, np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def test_photographs_are_where_they_were_taken(balls):
    folder, viewmats, prepared, _ = balls
    model = read_model(folder / "data/sparse/0")
    assert [view.name for view in model.views] == [f"{view:02d}.png" for view in range(8)]
    shares, degrees = aligned(np.stack([view.viewmat for view in model.views]), viewmats)
    assert np.median(shares) < 0.01
    assert np.median(degrees) < 1
    (camera,) = model.cameras.values()
    assert camera.model == "SIMPLE_PINHOLE", "no distortion shows"
    assert camera.lens().fx == pytest.approx(FOCAL_PX, rel=0.04)
    assert (prepared.photographs, prepared.registered, prepared.points) == (15, 8, len(model.points))
    assert prepared.reprojection_error_px < 0.3


def test_what_is_left_out_is_told_with_its_reason(balls):
    folder, _, prepared, events = balls
    assert prepared.models == (8, 5)
    other = {f"other/{view:02d}.png": "in model 2 of 2, with 5 photographs" for view in range(5)}
    features = prepared.left_out["static.png"].split()[3]
    assert prepared.left_out == other | {
        "plain.png": "no feature was found in it",
        "static.png": f"none of its {features} features fit those of another photograph",
    }
    assert int(features) > 10
    record = json.loads((folder / "data/prepared.json").read_text())
    assert record["left_out"] == prepared.left_out
    assert read_prepared(folder / "data") == prepared
    stages = [event.name for event in events if isinstance(event, Stage)]
    assert stages == ["features", "matches", "places"]
    assert any(isinstance(event, Advance) for event in events)
    assert any("1 files in" in getattr(event, "text", "") for event in events)


def test_the_data_set_is_whole(balls):
    folder, _, prepared, _ = balls
    data = folder / "data"
    assert sorted(path.name for path in data.iterdir()) == ["images", "masks", "prepared.json", "sparse"]
    assert not list(folder.glob(".*"))
    copies = contents(data / "images")
    assert copies == {name: text for name, text in contents(folder / "images").items() if name != "notes.txt"}
    assert prepared.masks == 8
    photographs = load_dataset(data, PLAIN).train
    np.testing.assert_array_equal(photographs[2].mask(), np.asarray(Image.open(folder / "masks/02.png")))


def test_the_same_bytes_on_one_core_and_what_is_there_is_not_made_again(balls):
    folder, *_ = balls
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    try:
        if cores:
            os.sched_setaffinity(0, {min(cores)})
        prepare(folder / "images", folder / "again", SOLVERS.make("pycolmap"))
    finally:
        if cores:
            os.sched_setaffinity(0, cores)
    made = contents(folder / "again")
    assert made == contents(folder / "data")
    prepared, was_there = prepare(folder / "images", folder / "again", SOLVERS.make("pycolmap"))
    assert was_there
    assert prepared.registered == 8
    with pytest.raises(InputError, match="a data set of other photographs or options stands there, left as it is"):
        prepare(folder / "images", folder / "again", SOLVERS.make("pycolmap:max_features=500"))
    assert contents(folder / "again") == made


def test_a_stage_that_was_done_is_not_done_again(balls, tmp_path, monkeypatch):
    folder, *_ = balls
    real, stages = colmap_solver.run_stage, []

    def dying(stage, *arguments):
        stages.append(stage)
        if stages == ["features", "matches"]:
            raise KeyboardInterrupt
        real(stage, *arguments)

    monkeypatch.setattr(colmap_solver, "run_stage", dying)
    with pytest.raises(KeyboardInterrupt):
        prepare(folder / "images", tmp_path / "data", SOLVERS.make("pycolmap"))
    assert not (tmp_path / "data").exists()
    prepare(folder / "images", tmp_path / "data", SOLVERS.make("pycolmap"))
    assert stages == ["features", "matches", "matches", "models"]
    assert contents(tmp_path / "data") == contents(folder / "data")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_without_pycolmap_it_says_what_to_install(balls, tmp_path, monkeypatch):
    folder, *_ = balls
    monkeypatch.setattr(colmap_solver, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"needs the package pycolmap: pip install 'helios-planetarium\[photos\]'"):
        prepare(folder / "images", tmp_path / "data", SOLVERS.make("pycolmap"))


@pytest.mark.parametrize(("pairs", "overlap"), [("auto", 7), ("exhaustive", None), ("sequential", 7)])
def test_of_many_photographs_not_all_pairs_are_compared(balls, tmp_path, monkeypatch, pairs, overlap):
    folder, *_ = balls
    asked, events = {}, []
    monkeypatch.setattr(colmap_solver, "EXHAUSTIVE", 14)
    monkeypatch.setattr(colmap_solver, "run_stage", lambda stage, arguments, *_: asked.update({stage: arguments}))
    solver = SOLVERS.make(f"pycolmap:pairs={pairs},overlap=7,masked={overlap is None}")
    with pytest.raises(FileNotFoundError):  # nothing has made the models
        prepare(folder / "images", tmp_path / "data", solver, on_event=events.append)
    assert asked["matches"]["overlap"] == overlap
    assert (asked["features"]["masks"] is None) == (overlap is not None)
    told = [event.text for event in events if "next 7 by name" in getattr(event, "text", "")]
    assert len(told) == (overlap is not None)


def test_a_stage_that_fails_says_so_in_a_line(balls, tmp_path, monkeypatch):
    folder, *_ = balls
    real = colmap_solver.run_stage

    def hindered(stage, arguments, *others):
        real(stage, arguments | {"lens": "NO_LENS"}, *others)

    monkeypatch.setattr(colmap_solver, "run_stage", hindered)
    with pytest.raises(InputError, match=r"^solver pycolmap: features failed: .*ExistsCameraModel.*$") as raised:
        prepare(folder / "images", tmp_path / "data", SOLVERS.make("pycolmap"))
    assert "\n" not in str(raised.value)


PROGRAM = """
import pathlib, shutil, sys
images, output = sys.argv[1:]
truth = pathlib.Path(__file__).parent / "truth/sparse/0"
def copy(place="", name=None, old="", new=""):
    shutil.copytree(truth, pathlib.Path(output, place), dirs_exist_ok=True)
    if name:
        file = pathlib.Path(output, place, name)
        file.write_text(file.read_text().replace(old, new))
"""


def solver_of(program: str, tmp_path):
    """A solver whose program may copy, or spoil, the model of the tiny scene in `tmp_path`/truth."""
    (tmp_path / "program.py").write_text(f"{PROGRAM}{program}\n")
    line = f"{sys.executable} {tmp_path / 'program.py'} {{images}} {{output}}"
    return SOLVERS.make("command", command=line)


@pytest.mark.parametrize("place", ["", "0", "sparse/0", "sparse", "colmap/sparse/0"])
def test_any_program_may_solve(tmp_path, place):
    scene = write_tiny_scene(tmp_path / "truth", views=4, points=30)
    images, data = scene.folder / "images", tmp_path / "data"
    prepared, _ = prepare(images, data, solver_of(f"copy({place!r})", tmp_path))
    assert (prepared.photographs, prepared.registered, prepared.models) == (4, 4, (4,))
    assert prepared.made_by == sys.executable
    assert contents(data / "sparse/0") == contents(scene.folder / "sparse/0")
    np.testing.assert_allclose(load_dataset(data, PLAIN).train[3].viewmat, scene.viewmats[3], atol=1e-12)


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("sys.exit('out of luck')", "ended with 1: out of luck"),
        ("print('hello')", r"left no COLMAP model in \{output\}, .*; it said: hello"),
        ("copy('0', 'cameras.txt', ' 64 48', ' 32 24')", "64 x 48 px, but its camera 1 has 32 x 24"),
        ("copy('', 'images.txt', '002.png', 'new.png')", "the solver placed new.png, which is not in"),
        ("copy('sparse', 'images.txt', '1 002', '7 002')", "image 002.png: taken by camera 7"),
    ],
)
def test_what_other_programs_do_wrong(tmp_path, program, line):
    scene = write_tiny_scene(tmp_path / "truth", views=4, points=30)
    solver = solver_of(program, tmp_path)
    with pytest.raises(InputError, match=line) as raised:
        prepare(scene.folder / "images", tmp_path / "data", solver)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "data").exists()


def test_models_are_found_in_order(tmp_path):
    scene = write_tiny_scene(tmp_path / "truth", views=2, points=3)
    for number in (10, 2):
        shutil.copytree(scene.folder / "sparse/0", tmp_path / "out/sparse" / str(number))
    assert {folder.name for folder in find_models(tmp_path / "out")} == {"10", "2"}
    assert find_models(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("pycolmap:camera_model=FOV", "camera_model=FOV: must be one of auto, SIMPLE_PINHOLE"),
        ("pycolmap:pairs=some", "pairs=some: must be one of auto, exhaustive, sequential"),
        ("pycolmap:max_features=5", "max_features 5: must be from 100"),
        ("command", "must be a program with {images} and {output}"),
        ("vggt", "unknown solver 'vggt' .choose from pycolmap, command"),
    ],
)
def test_options_that_cannot_be(spec, line):
    with pytest.raises(InputError, match=line):
        SOLVERS.make(spec, command=None)


def test_inputs_that_cannot_be(tmp_path):
    scene = write_tiny_scene(tmp_path / "set", views=3, points=3, masks=True)
    images, solver = scene.folder / "images", SOLVERS.make("pycolmap")

    def refused(line, *arguments):
        with pytest.raises(InputError, match=line):
            prepare(*arguments)

    refused("nowhere: no such folder", tmp_path / "nowhere", tmp_path / "data", solver)
    refused("sparse: 0 photographs .* must be at least 3", scene.folder / "sparse", tmp_path / "data", solver)
    refused("set: something else stands there, left as it is", images, scene.folder, solver)
    refused("--masks .*none: no such folder", images, tmp_path / "data", solver, tmp_path / "none")
    refused("--masks .*sparse: no mask has the name", images, tmp_path / "data", solver, scene.folder / "sparse")
    Image.new("L", (3, 3)).save(scene.folder / "masks/001.png")
    refused("001.png: the mask has 3 x 3 px, its photograph 64 x 48", images, tmp_path / "data", solver)
    (images / "001.png").write_bytes(b"nothing")
    refused("001.png: not a picture that can be read", images, tmp_path / "data", solver)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


@pytest.mark.slow
def test_phobos(tmp_path):
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/data/photos")
    prepared, _ = prepare(SHARED / "phobos/images", tmp_path / "data", SOLVERS.make("pycolmap"))
    assert (prepared.registered, prepared.models) == (48, (48,))
    truth = np.load(SHARED / "phobos/truth.npz")
    model = read_model(tmp_path / "data/sparse/0")
    wanted = truth["viewmats"][[int(view.name[:3]) for view in model.views]]
    shares, degrees = aligned(np.stack([view.viewmat for view in model.views]), wanted)
    assert np.median(degrees) < 0.15
    assert np.median(shares) < 0.003
    (camera,) = model.cameras.values()
    assert camera.lens().fx == pytest.approx(truth["K"][0, 0], rel=0.005)


@pytest.mark.slow
def test_alexander(tmp_path):
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/data/photos")
    for name in ("one", "two"):
        prepared, _ = prepare(SHARED / "alexander/images", tmp_path / name, SOLVERS.make("pycolmap"))
        assert prepared.registered >= 53
        assert prepared.masks == 57
        assert len(prepared.left_out) == 57 - prepared.registered
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
