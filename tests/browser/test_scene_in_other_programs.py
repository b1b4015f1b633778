"""Programs of others read what `helios scene export` writes: PlayCanvas's splat-transform, Niantic's own library.

splat-transform (npm, MIT) reads a file by its own readers and writes it as PLY of its own column order, which is read
here; SuperSplat has the same readers. Random numbers of every sign tell every column, sign and order from the others.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from helios.photos.export import export_scene
from helios.photos.ply import read_ply
from tests.support.random_splats import random_scene

HERE = Path(__file__).parent
TOOL = ("npx", "--yes", "@playcanvas/splat-transform@3.7.0")


@pytest.fixture(scope="module")
def transform():
    """Runs splat-transform from one file to another."""
    tried = subprocess.run([*TOOL, "--version"], capture_output=True, text=True, timeout=300)
    if tried.returncode:
        pytest.skip(f"splat-transform cannot be had from npm: {(tried.stderr.strip().splitlines() or ['?'])[-1]}")
    return lambda source, target: subprocess.run(
        [*TOOL, "-q", "-w", str(source), str(target)], check=True, capture_output=True, timeout=300
    )


@pytest.mark.parametrize(("degree", "antialiased"), [(3, True), (1, False)])
def test_splat_transform_reads_ply_whole(transform, tmp_path, degree, antialiased):
    scene = random_scene(100, degree, antialiased)
    export_scene(scene, tmp_path / "a.ply")
    transform(tmp_path / "a.ply", tmp_path / "b.ply")
    head = (tmp_path / "b.ply").read_bytes().split(b"end_header\n")[0].splitlines()
    assert (b"comment SplatRenderMode: mip" in head) is antialiased
    back = read_ply(tmp_path / "b.ply")
    assert back.antialiased is antialiased
    for name, tensor in scene.params.items():
        assert torch.equal(back.params[name], tensor), name


def test_splat_transform_reads_splat(transform, tmp_path):
    scene = random_scene(100, 0)
    export_scene(scene, tmp_path / "a.splat")
    transform(tmp_path / "a.splat", tmp_path / "b.ply")
    back = read_ply(tmp_path / "b.ply").params
    order = torch.argsort(-torch.sigmoid(scene.params["opacities"]) * torch.exp(scene.params["scales"].sum(dim=1)))
    at = torch.cdist(scene.params["means"][order], back["means"]).argmin(dim=1)
    mine = {name: tensor[order] for name, tensor in scene.params.items()}
    theirs = {name: tensor[at] for name, tensor in back.items()}
    torch.testing.assert_close(theirs["means"], mine["means"])
    torch.testing.assert_close(theirs["scales"], mine["scales"], atol=1e-5, rtol=0)
    opacities = [torch.sigmoid(params["opacities"]) for params in (theirs, mine)]
    torch.testing.assert_close(*opacities, atol=0.6 / 255, rtol=0)
    inside = (mine["sh0"].abs() * 0.28209479 < 0.5).all(dim=2)[:, 0]  # others are cut off at black and white
    torch.testing.assert_close(theirs["sh0"][inside], mine["sh0"][inside], atol=0.6 / 255 / 0.282, rtol=0)
    assert alike(theirs["quats"], mine["quats"]).min() > 0.9998


def alike(one, other):
    """The cosines of the half angles between rotations."""
    unit = [torch.nn.functional.normalize(torch.as_tensor(q, dtype=torch.float64), dim=1) for q in (one, other)]
    return (unit[0] * unit[1]).sum(dim=1).abs()


@pytest.mark.parametrize("degree", [0, 2, 3])
def test_niantics_own_library_reads_scenes_of_spz(tmp_path, degree):
    scene = random_scene(100, degree, antialiased=degree != 2)
    assert export_scene(scene, tmp_path / "a.spz") == ()
    command = ["node", str(HERE / "read_spz.mjs"), str(tmp_path / "a.spz"), "RDF"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    found = json.loads(said.splitlines()[-1])
    assert (found["count"], found["antialiased"]) == (100, scene.antialiased)
    mine = {name: tensor.numpy() for name, tensor in scene.params.items()}
    column = {name: np.reshape(found[name], (100, -1)) for name in ("positions", "scales", "rotations", "colors")}
    np.testing.assert_allclose(column["positions"], mine["means"], atol=2**-19)
    np.testing.assert_allclose(column["scales"], mine["scales"], atol=1 / 32 + 1e-6)
    np.testing.assert_allclose(column["colors"], mine["sh0"][:, 0], atol=0.5 / 255 / 0.15 + 1e-6)
    opacity = 1 / (1 + np.exp(-np.array(found["alphas"])))
    np.testing.assert_allclose(opacity, 1 / (1 + np.exp(-mine["opacities"])), atol=0.51 / 255)
    assert alike(np.roll(column["rotations"], 1, axis=1), mine["quats"]).min() > 0.99999
    harmonics = np.reshape(found["sh"], (100, -1, 3))
    assert harmonics.shape == mine["shN"].shape
    kept = np.array([8] * 3 + [16] * 12)[: harmonics.shape[1], None]  # of 128: 5 bits of degree 1, 4 of others
    assert (np.abs(harmonics - mine["shN"]) <= (kept / 2 + 1.5) / 128).all()
