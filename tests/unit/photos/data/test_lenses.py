"""Distorted cameras and photographs come out as pycolmap undistorts them, and as a camera without distortion sees them.

pycolmap is COLMAP's own code. The second witness is a picture cast through the distorted lens, ray by ray, whose
undistorted version must be the picture that is cast through a pinhole. Half a gray level of rounding, twice, and one
bilinear interpolation of a picture with stripes of 5 px leave a mean difference of about 3 gray levels; a shift of
0.1 px is found by comparing the difference with the gradient.
"""

import numpy as np
import pytest

from helios.photos.data.lenses import LENSES
from helios.photos.data.undistort import ideal_camera, inside, resample, sources
from tests.support.tiny_scene import cast, draw, pixel_grid, ring_of_cameras

pycolmap = pytest.importorskip("pycolmap")

WIDTH, HEIGHT = 200, 150
CAMERAS = {
    "SIMPLE_PINHOLE": [210, 100, 75],
    "PINHOLE": [210, 205, 103, 72],
    "SIMPLE_RADIAL": [210, 100, 75, -0.08],
    "RADIAL": [210, 102, 74, -0.1, 0.02],
    "OPENCV": [210, 205, 102, 73, -0.2, 0.05, 0.001, -0.002],
    "OPENCV_FISHEYE": [120, 122, 101, 74, 0.03, -0.01, 0.002, -0.0003],
    "FULL_OPENCV": [210, 205, 102, 73, 0.2, 0.05, 0.001, -0.002, 0.01, 0.3, 0.02, 0.003],
    "SIMPLE_RADIAL_FISHEYE": [150, 100, 75, 0.02],
    "RADIAL_FISHEYE": [150, 100, 75, 0.02, -0.003],
}


def test_every_lens_is_tried():
    assert CAMERAS.keys() == LENSES.keys()


@pytest.mark.parametrize("model", LENSES)
def test_undistortion_is_colmaps(model):
    camera = pycolmap.Camera(model=model, width=WIDTH, height=HEIGHT, params=CAMERAS[model])
    lens = LENSES[model](*CAMERAS[model])
    wanted = pycolmap.undistort_camera(pycolmap.UndistortCameraOptions(), camera)
    pinhole = ideal_camera(lens, WIDTH, HEIGHT)
    assert (pinhole.width, pinhole.height) == (wanted.width, wanted.height)
    np.testing.assert_allclose(pinhole.lens.K, wanted.calibration_matrix(), rtol=1e-12)

    u, v = sources(lens, pinhole)
    x, y = np.meshgrid(np.arange(pinhole.width) + 0.5, np.arange(pinhole.height) + 0.5)
    rays = wanted.cam_from_img(np.stack([x.ravel(), y.ravel()], -1))
    places = camera.img_from_cam(np.column_stack([rays, np.ones(len(rays))]))
    assert np.abs(places - np.stack([u.ravel(), v.ravel()], -1)).max() < 1e-3, "px; the bar is 0.1"
    assert inside(u, v, WIDTH, HEIGHT).all(), "no pixel of the ideal picture is blank"


@pytest.mark.parametrize("model", ["OPENCV", "OPENCV_FISHEYE"])
def test_a_picture_through_a_lens_is_that_of_a_pinhole(model):
    camera = pycolmap.Camera(model=model, width=WIDTH, height=HEIGHT, params=CAMERAS[model])
    viewmat = ring_of_cameras(3)[1]
    viewmat[2, 3] *= 0.6  # near, so that the thing reaches where distortion is strong
    grid = np.stack(pixel_grid(WIDTH, HEIGHT), -1)
    taken = cast(viewmat, camera.cam_from_img(grid.reshape(-1, 2)).reshape(grid.shape))[0]
    taken = np.rint(255 * taken).astype(np.uint8)
    lens = LENSES[model](*CAMERAS[model])
    pinhole = ideal_camera(lens, WIDTH, HEIGHT)
    seen = resample(taken, *sources(lens, pinhole)).astype(float)
    truth = 255 * draw(viewmat, pinhole.lens.K, pinhole.width, pinhole.height)[0]
    difference = seen - truth
    assert np.abs(difference).mean() < 3
    for axis in (0, 1):
        slope = np.gradient(truth, axis=axis)
        shift = (difference * slope).sum() / (slope**2).sum()
        assert abs(shift) < 0.1, "px"

    theirs, _ = pycolmap.undistort_image(pycolmap.UndistortCameraOptions(), pycolmap.Bitmap.from_array(taken), camera)
    theirs = theirs.to_array().astype(float)[2:-2, 2:-2]
    assert np.abs(theirs - seen[2:-2, 2:-2]).max() <= 2, "gray levels: both are bilinear"


@pytest.mark.parametrize("model", LENSES)
def test_unproject_undoes_project(model):
    lens = LENSES[model](*CAMERAS[model])
    x, y = np.random.default_rng(0).uniform(-0.45, 0.45, (2, 500))
    back_x, back_y = lens.unproject(*lens.project(x, y))
    np.testing.assert_allclose([back_x, back_y], [x, y], atol=1e-9)


def test_directions_that_no_lens_sees_are_nan():
    fisheye = LENSES["OPENCV_FISHEYE"](100, 100, 200, 200, 0, 0, 0, 0)
    x, _ = fisheye.unproject(np.array([200 + 156.0, 200 + 158.0]), np.array([200.0, 200.0]))
    assert x[0] > 90  # at 1.56 rad, tan is 92
    assert np.isnan(x[1]), "behind the camera: 1.58 rad is past a right angle"
