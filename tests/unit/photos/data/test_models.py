"""COLMAP models are read as pycolmap reads them, binary and text, wherever they stand, and the world is laid by them.

The model is pycolmap's own synthetic one: two cameras, tracks of points, poses all around.
"""

import shutil

import numpy as np
import pytest

from helios.photos.data.model import PLACES, find_model, read_model
from helios.photos.data.world import eyes_of, moved, normalizing, scale_of
from tests.support.tiny_scene import ring_of_cameras, surface_points, write_tiny_scene


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    pycolmap = pytest.importorskip("pycolmap")
    pycolmap.set_random_seed(3)
    options = pycolmap.SyntheticDatasetOptions(num_rigs=2, num_cameras_per_rig=1, num_frames_per_rig=5, num_points3D=80)
    options.camera_model_id = pycolmap.CameraModelId.OPENCV
    options.camera_params = [1280, 1270, 512, 384, 0.1, 0.01, 0.001, 0.002]
    truth = pycolmap.synthesize_dataset(options)
    folder = tmp_path_factory.mktemp("models")
    for ending in ("bin", "txt"):
        (folder / ending).mkdir()
    truth.write_binary(folder / "bin")
    truth.write_text(folder / "txt")
    return truth, folder


@pytest.mark.parametrize("ending", ["bin", "txt"])
def test_models_are_read_as_colmap_reads_them(synthetic, ending):
    truth, folder = synthetic
    model = read_model(folder / ending)
    assert [view.name for view in model.views] == sorted(image.name for image in truth.images.values())
    assert len(model.views) == 10
    assert len(model.cameras) == 2
    images = {image.name: image for image in truth.images.values()}
    for view in model.views:
        image = images[view.name]
        assert view.camera_id == image.camera_id
        np.testing.assert_allclose(view.viewmat[:3], image.cam_from_world().matrix(), atol=1e-12)
    for id, camera in truth.cameras.items():
        mine = model.cameras[id]
        assert (mine.model, mine.width, mine.height) == (camera.model.name, camera.width, camera.height)
        np.testing.assert_allclose(mine.params, camera.params, rtol=1e-15)
    points = [truth.points3D[id] for id in sorted(truth.points3D)]
    np.testing.assert_allclose(model.points, [point.xyz for point in points], rtol=1e-15)
    np.testing.assert_array_equal(model.colors, [point.color for point in points])
    np.testing.assert_allclose(model.errors, [point.error for point in points], rtol=1e-6)


@pytest.mark.parametrize("place", PLACES)
def test_a_model_is_found_where_it_may_stand(tmp_path, place):
    data = tmp_path / "data"
    write_tiny_scene(data, views=2, width=8, height=8, points=3, model=place)
    assert find_model(data) == data / place
    assert len(read_model(find_model(data)).views) == 2


def test_binary_goes_before_text(synthetic, tmp_path):
    _, folder = synthetic
    for ending in ("bin", "txt"):
        shutil.copytree(folder / ending, tmp_path, dirs_exist_ok=True)
    for file in tmp_path.glob("*.txt"):
        file.write_text("damaged")
    assert len(read_model(tmp_path).views) == 10


GSPLATS = [
    [0.249381, 0.016867, 0.004982, 0.047536],
    [0.016170, 0.247744, 0.029352, 0.069958],
    [0.006917, 0.028958, 0.248221, 0.114035],
]
"""What `normalize` of gsplat's examples/datasets/normalize.py makes of the cameras and points below, without signs,
which are those of LAPACK's eigenvectors there."""


def test_the_world_is_gsplats(tmp_path):
    points = surface_points(300) + np.array([0.3, -0.2, 0.5])
    transform = normalizing(ring_of_cameras(9), points, tmp_path)
    np.testing.assert_allclose(np.abs(transform[:3]), GSPLATS, atol=1e-6)
    assert np.linalg.det(transform[:3, :3]) == pytest.approx(1 / 64)


def test_the_world_is_laid_by_cameras_and_points(tmp_path):
    """What a similarity must do whatever the scene: lengths in one ratio, the points' axes apart, pixels as before."""
    rng = np.random.default_rng(0)
    scene = write_tiny_scene(tmp_path, views=9, width=8, height=8, points=300)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    place = np.eye(4)
    place[:3, :3], place[:3, 3] = 7.5 * turn, [3, -40, 12]
    viewmats, points = moved(scene.viewmats, scene.points, place)
    transform = normalizing(viewmats, points, tmp_path)
    cameras, laid = moved(viewmats, points, transform)

    eyes = eyes_of(viewmats) @ transform[:3, :3].T + transform[:3, 3]
    np.testing.assert_allclose(eyes_of(cameras), eyes, atol=1e-12)
    np.testing.assert_allclose(
        cameras[:, :3, :3] @ cameras[:, :3, :3].transpose(0, 2, 1), np.eye(3)[None].repeat(9, 0), atol=1e-12
    )
    assert np.linalg.det(cameras[:, :3, :3]) == pytest.approx(np.ones(9))
    covariance = np.cov(laid, rowvar=False)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-12)
    assert np.all(np.diff(np.diag(covariance)) < 0), "the longest axis is x"
    assert np.abs(np.median(laid, axis=0)).max() < 0.05, "rotated after the median was taken"
    assert np.median(laid[:, 2]) <= np.mean(laid[:, 2])
    assert scale_of(cameras) == pytest.approx(1, abs=0.1), "cameras stand in a sphere about 1 around the thing"
    before = points @ viewmats[4, :3, :3].T + viewmats[4, :3, 3]
    after = laid @ cameras[4, :3, :3].T + cameras[4, :3, 3]
    np.testing.assert_allclose(after[:, :2] / after[:, 2:], before[:, :2] / before[:, 2:], atol=1e-12)
