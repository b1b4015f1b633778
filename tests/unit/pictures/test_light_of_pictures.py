"""Light is conserved, wherever in a picture it is: points as the ground truth draws them, Gaussians as integrals over
the sky have them, stars of a universe as their magnitudes say."""

import numpy as np
import pytest

from helios.errors import InputError
from helios.levels.proxies import Lights
from helios.pictures.lights import (
    SUN_LUMINOSITY,
    Block,
    lights_as_blocks,
    splats_as_block,
    stars_of,
    sun,
    trained_of,
    without_sun,
)
from helios.pictures.picture import take
from helios.pictures.projection import ray_map
from helios.pictures.render import DIFFERENCE, TRAINED, take_still
from helios.pictures.views import all_sky, pinhole
from helios.rendering.truth_numpy import render_truth_float64
from tests.unit.packing.scene import random_splats

AHEAD, SUN = np.array([1.0, 0.2, -0.1]), np.zeros(3)
MMAG = 10**0.0004 - 1
CELL_AT = (500.0, 40.0, 20.0)


def catalogue_light(universe) -> float:
    """In that of a star of magnitude 0, as seen from the Sun."""
    mags = universe.columns(("phot_g_mean_mag",))["phot_g_mean_mag"].astype(float)
    return float(np.sum(10 ** (-0.4 * mags)))


def test_points_are_those_of_the_ground_truth():
    rng = np.random.default_rng(2)
    position, light = rng.normal(size=(300, 3)), 10 ** rng.uniform(-8, -3, 300)
    color = rng.uniform(0, 2, (300, 3)).astype(np.float32)
    view = pinhole([0.1, -0.4, 0.2], AHEAD, 75.0, (61, 40))
    viewmat = np.eye(4)
    viewmat[:3, :3], viewmat[:3, 3] = view.axes, -view.axes @ view.eye_m
    K = np.array([[view.focal_px, 0, 30.5], [0, view.focal_px, 20.0], [0, 0, 1]])
    truth = render_truth_float64(position, light, color, viewmat[None], K[None], 61, 40, even=True)[0]
    drawn = take(view, [Block(position, color, light)]).light
    # The filter is cut where 1e-8 of a light lies outside.
    assert np.abs(drawn - truth).max() < 1e-7 * truth.max()
    assert (truth > 0).any()


@pytest.mark.parametrize("projection", ["mollweide", "equirectangular"])
def test_a_map_has_the_light_of_all_stars(stars, projection):
    picture = take(all_sky(SUN, projection, (400, 200)), stars_of(stars))
    assert picture.lights == 400
    assert picture.flux.sum() == pytest.approx(catalogue_light(stars), rel=MMAG)


def test_stars_at_the_poles_and_the_seam_of_a_map_keep_their_light():
    view = all_sky(SUN, "equirectangular", (200, 100))
    for place in ([0, 0, 1.0], [1e-4, 0, -1.0], [-1, 1e-9, 0.3], [-1, -1e-9, 0.3]):
        direction = np.array(place) @ view.axes
        block = Block(direction[None], np.ones((1, 3), np.float32), np.array([7e-6 * float(direction @ direction)]))
        assert take(view, [block]).flux.sum() == pytest.approx(1.0, rel=MMAG), place


def integral(view, block) -> np.ndarray:
    """The luminance of isotropic Gaussians in each pixel, of the formula of radiance and no filter."""
    directions, share = ray_map(view)
    total = np.zeros(share.shape)
    for position, tau, square in zip(block.position_m, block.opacity, block.covariance_m2[:, 0]):
        d, distance = position / np.linalg.norm(position), np.linalg.norm(position)
        angle = np.arctan2(np.linalg.norm(np.cross(directions, d), axis=-1), directions @ d)
        total += tau * np.exp(-0.5 * (distance * np.sin(angle)) ** 2 / square) * (angle < np.pi / 2) * share
    return total


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.06, 0.12, 0.25])
@pytest.mark.parametrize("kind", ["pinhole", "mollweide", "equirectangular"])
def test_gaussians_have_the_light_and_the_place_of_their_integral_over_the_sky(sigma, kind):
    """0.08 parts what the derivative of a projection draws from what rays do."""
    size = (400, 200)
    view = pinhole(SUN, AHEAD, 60.0, size) if kind == "pinhole" else all_sky(SUN, kind, size)
    place = (AHEAD / np.linalg.norm(AHEAD) + 0.2 * view.axes[1]) if kind == "pinhole" else [0.5, -0.6, 0.7] @ view.axes
    place = 3.0 * place / np.linalg.norm(place)
    light = 2.5e-5
    lights = Lights(place[None], np.array([3.0 * sigma]), np.array([9.0 * light]), np.ones((1, 3), np.float32))
    (block,) = lights_as_blocks(lights)
    picture = take(view, [block]).light @ [0.2126, 0.7152, 0.0722]
    expected = integral(view, block)
    if kind != "pinhole" or sigma < 0.1:  # else some is outside of the picture
        assert picture.sum() / view.focal_px**2 == pytest.approx(light, rel=0.02 if sigma > 0.03 else 5e-3)
    blocks = [image.reshape(20, 10, 40, 10).sum((1, 3)) for image in (picture, expected)]
    # The filter moves light by a pixel, the derivative is that of the middle of the Gaussian: a few percent each.
    assert np.abs(blocks[0] - blocks[1]).sum() / blocks[1].sum() < (0.3 if sigma < 0.02 else 0.12)


def test_narrow_splats_have_the_light_that_their_cell_keeps():
    rng = np.random.default_rng(6)
    splats = random_splats(rng, 50)
    block = splats_as_block(splats, np.array(CELL_AT), 1.0)
    view = pinhole(SUN, CELL_AT, 2.0, (400, 400))
    picture = take(view, [block]).light
    # From afar, sqrt det of the projected covariance; here by numpy, from the rotation that the quaternion is.
    w, x, y, z = splats.quats.astype(float).T
    rows = np.array(
        [
            [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
        ]
    )
    total = 0.0
    for i in range(50):
        turn, place = rows[..., i], splats.means[i].astype(float) + CELL_AT
        covariance = turn @ np.diag(splats.scales[i].astype(float) ** 2) @ turn.T
        across = np.linalg.svd(place[None])[2][1:]
        area = np.sqrt(np.linalg.det(across @ covariance @ across.T)) / (place @ place)
        total += 2 * np.pi * splats.opacities[i] * area * (splats.colors[i] @ [0.2126, 0.7152, 0.0722])
    seen = float((picture @ [0.2126, 0.7152, 0.0722]).sum()) / view.focal_px**2
    assert seen == pytest.approx(total, rel=1e-3)


def test_pictures_are_the_same_on_any_number_of_threads(trained):
    for view in (pinhole(SUN, AHEAD, 60.0, (123, 77)), all_sky(SUN, "equirectangular", (64, 32))):
        one, two = (take(view, trained_of(trained, view), threads).light for threads in (1, 3))
        assert one.tobytes() == two.tobytes()
        assert one.any()


def test_cells_beside_the_view_are_not_read_and_change_nothing(stars):
    view = pinhole(SUN, AHEAD, 20.0, (200, 100))
    some, every = list(stars_of(stars, view)), list(stars_of(stars))
    assert sum(map(len, some)) < sum(map(len, every))
    assert np.array_equal(take(view, some).light, take(view, every).light)


def test_a_difference_is_of_trained_cells_alone_and_zero_with_itself(stars, trained):
    view = all_sky(SUN, "mollweide", (200, 100))
    with pytest.raises(InputError, match=r"no cell of .* is trained"):
        take_still(stars, view, DIFFERENCE)
    still = take_still(trained, view, DIFFERENCE)
    truth, splats = (take_still(trained, view, what) for what in ("truth", TRAINED))
    np.testing.assert_array_equal(still.light, splats.light - truth.light)
    assert still.scale > 0
    trained_cells = np.flatnonzero(trained.trained)
    kept = take(view, stars_of(trained, None, ~trained.trained)).light
    frames = zip(*trained.frames_m(trained_cells))
    parts = [splats_as_block(trained.splats(int(i)), *frame) for i, frame in zip(trained_cells, frames)]
    np.testing.assert_allclose(splats.light, kept + take(view, parts).light, rtol=1e-9, atol=1e-20)
    assert not np.any(truth.light - take_still(trained, view).light)


def test_the_sun_is_a_star_from_afar_and_not_drawn_twice():
    parsec = 3.0856775814913673e16
    from_afar = sun(np.array([10 * parsec, 0, 0]))
    # G of the Sun at 10 pc: Casagrande and VandenBerg 2018, -26.90 to -26.76 at 1 au, 4.67 to 4.81.
    magnitude = -2.5 * np.log10(from_afar.luminosity[0] / (10 * parsec) ** 2 / 7e-6)
    assert magnitude == pytest.approx(4.81, abs=0.01)
    assert len(sun(SUN)) == 0
    place = np.array([[1e9, 0, 0], [1e18, 0, 0]])
    block = Block(place, np.ones((2, 3), np.float32), np.full(2, 1.1 * SUN_LUMINOSITY))
    (left,) = without_sun([block])
    assert np.array_equal(left.position_m, place[1:])


def test_positions_keep_their_digits_far_from_the_sun():
    """A pair a thousandth of an arcsecond apart from 1e20 m is two pixels apart in a picture as narrow."""
    eye = np.array([1e20, 1e19, -1e19])
    places = eye + 1e17 * np.array([AHEAD, AHEAD]) / np.linalg.norm(AHEAD)
    places[1] += 2e11
    view = pinhole(eye, AHEAD, 0.002, (64, 64))
    seen = view.project(places - eye)
    assert np.isfinite(seen).all()
    assert np.linalg.norm(seen[1] - seen[0]) == pytest.approx(
        np.linalg.norm(np.cross(places[1] - places[0], AHEAD / np.linalg.norm(AHEAD))) / 1e17 * view.focal_px, rel=1e-3
    )
