"""Photographs under foreign names are found by what they show: cameras come back within what features can tell.

The ellipsoid of the tiny scene is covered with patches, its depths are cast exactly, and the photographs' own cameras
are kept from `register`.
"""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from helios.photos.align import centres
from helios.photos.covisible import surface
from helios.photos.data.dataset import HeldPixels, Photograph
from helios.photos.register import register
from tests.support import tiny_scene

WIDTH, HEIGHT = 200, 160
K = np.array([[260.0, 0, 100], [0, 260, 80], [0, 0, 1]])


@pytest.fixture(scope="module")
def scene():
    """Photographs 12 degrees apart around the ellipsoid, with their depths."""
    shades = np.random.default_rng(2).uniform(0.1, 0.9, (4096, 3))

    def blocks(points):
        # Cubes of random colours, 0.12 wide, of which the surface is cut.
        x, y, z = np.moveaxis(np.floor(points / 0.12).astype(int), -1, 0)
        return shades[(x * 73 + y * 179 + z * 283) % len(shades)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_scene, "paint", blocks)
        patch.setattr(tiny_scene, "RAYS", 2)
        angles = np.radians(12 * np.arange(9))
        views = [tiny_scene.camera_at(np.array([4 * np.cos(a), 4 * np.sin(a), 1.0])) for a in angles]
        drawn = [tiny_scene.draw(view, K, WIDTH, HEIGHT) for view in views]
    photographs, surfaces = [], {}
    for number, (view, (image, alpha, depth)) in enumerate(zip(views, drawn)):
        pixels = HeldPixels(np.rint(255 * image).astype(np.uint8))
        photographs.append(Photograph(f"{number}.png", view, K, WIDTH, HEIGHT, 1, pixels))
        surfaces[f"{number}.png"] = surface(view, K, depth, alpha)
    return photographs, surfaces


def test_cameras_are_found_by_what_photographs_show(scene):
    pytest.importorskip("pycolmap", reason="pycolmap finds the features")
    photographs, surfaces = scene
    asked, references = photographs[1::2], photographs[::2]
    found = register(asked, references, lambda one: surfaces[one.name], np.empty((0, 3)))
    assert sorted(found) == [0, 1, 2, 3]
    for place, camera in found.items():
        viewmat, true = camera.viewmat, asked[place].viewmat
        # 1 px is 0.2 degrees here; features agree within less.
        assert np.linalg.norm(centres(viewmat) - centres(true)) < 0.04
        assert np.degrees(np.linalg.norm(viewmat[:3, :3] - true[:3, :3]) / np.sqrt(2)) < 0.5
    again = register(asked, references, lambda one: surfaces[one.name], np.empty((0, 3)))
    assert all((again[place].viewmat == found[place].viewmat).all() for place in found)
    nothing = HeldPixels(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    black = [Photograph(f"{number}.png", np.eye(4), K, WIDTH, HEIGHT, 1, nothing) for number in range(3)]
    assert register(black, references, lambda one: surfaces[one.name], np.empty((0, 3))) == {}


def test_points_of_the_reconstruction_are_nearer_to_the_truth_than_a_rough_scene(scene):
    """The scene's surface is 3 % too far; points where the references' features lie in truth set it right."""
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap finds the features")
    photographs, surfaces = scene
    asked, references = photographs[1::2], photographs[::2]
    quiet, pycolmap.logging.minloglevel = pycolmap.logging.minloglevel, 2
    extractor = pycolmap.FeatureExtractor.create(pycolmap.FeatureExtractionOptions(), pycolmap.Device.cpu)
    points = []
    for one in references:
        grey = np.asarray(Image.fromarray(one.image()).convert("L"))
        spots = pycolmap.keypoints_to_matrix(extractor.extract(pycolmap.Bitmap.from_array(grey))[0])[:, :2]
        depth = surfaces[one.name].depth[spots[:, 1].astype(int), spots[:, 0].astype(int)]
        spots, depth = spots[depth > 0].astype(np.float64), depth[depth > 0].astype(np.float64)
        local = np.column_stack([(spots - K[:2, 2]) / K[[0, 1], [0, 1]] * depth[:, None], depth])
        points.append((local - one.viewmat[:3, 3]) @ one.viewmat[:3, :3])
    pycolmap.logging.minloglevel = quiet
    rough = {name: dataclasses.replace(each, depth=each.depth * 1.03) for name, each in surfaces.items()}
    misses = []
    for known in (np.empty((0, 3)), np.concatenate(points)):
        found = register(asked, references, lambda one: rough[one.name], known)
        misses.append(
            np.median([np.linalg.norm(centres(found[n].viewmat) - centres(asked[n].viewmat)) for n in sorted(found)])
        )
    assert misses[0] > 0.05
    assert misses[1] < 0.03
