"""Pictures of a universe: where a star appears and how much light it has, drawn as a star and as a splat.

Magnitudes end at 2.5, so that bright stars keep apart, and exposures are low enough for light to add.
"""

import numpy as np
import pytest

import helios
from helios.color import LUMINANCE
from helios.constants import PARSEC_M
from helios.errors import InputError
from helios.light import solid_angle_sr

EXPOSURE = 1e-3


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    return helios.build(output=tmp_path_factory.mktemp("pictures") / "universe", max_mag=2.5, leaf_capacity=5)


def centre_of_light(image):
    light = image.astype(np.float64).sum(axis=-1)
    y, x = np.indices(light.shape) + 0.5
    return (light * x).sum() / light.sum(), (light * y).sum() / light.sum()


@pytest.mark.parametrize("splats", [False, True])
def test_a_star_is_where_it_should_be_with_its_light(universe, splats):
    """Alone in a narrow field, a little east and north of its middle: east is left, north is up."""
    stars = universe.stars()
    i = int(np.argmin(stars["phot_g_mean_mag"]))
    ra, dec, mag = (float(stars[name][i]) for name in ("ra", "dec", "phot_g_mean_mag"))
    height, width, fov = 41, 61, 0.5
    camera = helios.Camera.sky(ra - 0.1 / np.cos(np.radians(dec)), dec - 0.05, fov)
    image = helios.render(universe, camera, (height, width), splats=splats, exposure=EXPOSURE, backend="numba")
    assert (image.shape, image.dtype) == ((height, width, 3), np.float32)
    focal = width / 2 / np.tan(np.radians(fov / 2))
    x, y = centre_of_light(image)
    assert x == pytest.approx(width / 2 - np.radians(0.1) * focal, abs=0.05)
    assert y == pytest.approx(height / 2 - np.radians(0.05) * focal, abs=0.05)
    expected = EXPOSURE * solid_angle_sr(mag) * focal**2
    assert (image @ LUMINANCE).sum() == pytest.approx(expected, rel=0.02)


def test_a_camera_may_be_anywhere(universe):
    """From ten times as far behind the Sun, on the line of the star: 121 times less light, in the middle."""
    stars = universe.stars(columns=("x_m", "y_m", "z_m", "phot_g_mean_mag"))
    i = int(np.argmin(stars["phot_g_mean_mag"]))
    place = np.array([stars[name][i] for name in ("x_m", "y_m", "z_m")]) / PARSEC_M
    cell = int(universe.locate(place[None] * PARSEC_M)[0])
    near = helios.Camera((0, 0, 0), tuple(place), fov_deg=1)
    far = helios.Camera(tuple(-10 * place), tuple(place), fov_deg=1)
    images = [helios.render(universe, camera, (31, 31), cells=cell, exposure=1e-4) for camera in (near, far)]
    light = [image.astype(np.float64).sum() for image in images]
    assert light[0] / light[1] == pytest.approx(121, rel=0.05)
    assert centre_of_light(images[1]) == pytest.approx((15.5, 15.5), abs=0.2)
    assert helios.render(universe, near, (5, 7), cells=[]).tolist() == np.zeros((5, 7, 3)).tolist()


def test_what_is_no_camera_or_picture_is_refused(universe):
    for wrong in (
        {"look_at_pc": (0, 0, 0)},
        {"look_at_pc": (0, 0, 5)},
        {"look_at_pc": (1, 0, 0), "fov_deg": 0},
        {"look_at_pc": (1, 0, 0), "fov_deg": 180},
    ):
        with pytest.raises(InputError, match="camera"):
            helios.Camera((0, 0, 0), **wrong)
    with pytest.raises(InputError, match="picture of 0 x 5 pixels"):
        helios.render(universe, helios.Camera.sky(0, 0), (0, 5))
