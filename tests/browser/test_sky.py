"""The picture shows the real sky: stars where astropy and a pinhole camera put them, with the light they should have.

The scene is the 288 stars to magnitude 3.5: few enough that a blob is one star, and everyone knows Orion. Positions and
projection come from `pinhole.py`, which shares nothing with the viewer; the light is read before the tone curve.
"""

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import Pinhole
from servers import Ranges, WholeFiles
from v1_site import OMEGA_0_SR, naked_eye_stars

SUN = np.zeros(3)
ORION = Pinhole(SUN, (83.8, -1.2))
SIRIUS_CANOPUS = Pinhole(SUN, (98.0, -35.0))
PHONE = (390, 844)
SEVEN = ["Betelgeuse", "Rigel", "Bellatrix", "Saiph", "Mintaka", "Alnilam", "Alnitak"]
EXPOSURE_AT_EV_0 = 16.0
STARS = {star.name: star for star in naked_eye_stars()}
BOX = 8
"""Half the side of the box that a star's light is summed over, px: 15 sigma of the pixel filter."""


def box_around(pixel, half=BOX):
    x, y = np.floor(pixel).astype(int)
    return (int(x) - half, int(y) - half, 2 * half + 1, 2 * half + 1)


def smooth(image):
    """Sum of every 7 x 7 box of an image [H, W], same size."""
    padded = np.pad(image.astype(np.float64), 3)
    return np.lib.stride_tricks.sliding_window_view(padded, (7, 7)).sum(axis=(2, 3))


def centroid(image, pixel, half=5):
    """The mean position, px, of the light of an image [H, W] around a pixel, above the box's darkest value."""
    x, y = np.floor(pixel).astype(int)
    box = image[y - half : y + half + 1, x - half : x + half + 1].astype(np.float64)
    box = box - box.min()
    rows, columns = np.mgrid[y - half : y + half + 1, x - half : x + half + 1]
    return np.array([(box * columns).sum(), (box * rows).sum()]) / box.sum() + 0.5


@pytest.fixture(scope="module", params=["v2", "v1"])
def site(request):
    name = {"v2": "naked_eye_site", "v1": "naked_eye_site_v1"}[request.param]
    return request.getfixturevalue(name)


@pytest.fixture(scope="module")
def visit(site, tmp_path_factory):
    light_views = [
        View(state=ORION.state + "&ev=0", light=box_around(ORION.project(STARS[name].position)[0]))
        for name in ("Bellatrix", "Saiph", "Rigel")
    ]
    places = [STARS[name].position.tolist() for name in SEVEN]
    views = [View(state=ORION.state + "&ev=0", points=places), View(state=SIRIUS_CANOPUS.state + "&ev=0"), *light_views]
    return look_at_site(site, views, tmp_path_factory.mktemp("sky"))


def test_nothing_went_wrong(visit):
    assert visit.console == []
    assert visit.problems == []
    assert visit.views[0].loaded["splats"] == len(STARS)


def test_first_view_is_orion_from_the_sun(site, tmp_path):
    seen = look_at_site(site, [View()], tmp_path).views[0]
    assert seen.view["pos"] == [0, 0, 0]
    assert seen.view["look"]["ra"] == pytest.approx(83.8, abs=1e-9)
    assert seen.view["look"]["dec"] == pytest.approx(-1.2, abs=1e-9)
    assert {"Betelgeuse", "Rigel", "Bellatrix", "Saiph"} <= set(seen.labels)


def test_projection_is_a_pinhole(visit):
    expected = ORION.project(np.array([STARS[name].position for name in SEVEN]))
    np.testing.assert_allclose(visit.views[0].projected, expected, atol=1e-6)


def test_as_much_is_lit_as_there_are_stars(visit):
    in_view = ORION.project(np.array([star.position for star in STARS.values()]))
    count = np.sum(np.all((in_view > 0) & (in_view < [1280, 800]), axis=1))
    lit = np.sum(visit.views[0].pixels().max(axis=2) > 40)
    # Every star lights its own pixel and some of its neighbours; the brightest have a halo of some 10 px across.
    assert 3 * count < lit < 100 * count
    assert np.median(visit.views[0].pixels()) == 0


def test_sirius_and_canopus_are_the_brightest_and_in_place(visit):
    image = visit.views[1].pixels().sum(axis=2).astype(np.float64)
    for name in ("Sirius", "Canopus"):
        expected = SIRIUS_CANOPUS.project(STARS[name].position)[0]
        row, column = np.unravel_index(np.argmax(smooth(image)), image.shape)
        assert np.linalg.norm(centroid(image, (column, row)) - expected) < 1.5
        image[max(row - 25, 0) : row + 26, max(column - 25, 0) : column + 26] = 0


@pytest.mark.parametrize("name", SEVEN)
def test_orion(visit, name):
    image = visit.views[0].pixels().sum(axis=2)
    expected = ORION.project(STARS[name].position)[0]
    assert np.linalg.norm(centroid(image, expected) - expected) < 1.5
    x, y = np.floor(expected).astype(int)
    surroundings = smooth(image)[y - 8 : y + 9, x - 8 : x + 9]  # the stars of the belt are 16 px apart
    peak = np.array(np.unravel_index(np.argmax(surroundings), surroundings.shape)) - 8
    assert np.abs(peak).max() <= 1.5
    assert surroundings.max() > 4 * np.median(surroundings)


@pytest.mark.parametrize(("view", "name"), [(2, "Bellatrix"), (3, "Saiph"), (4, "Rigel")])
def test_light_is_what_the_law_gives(visit, view, name):
    """Flux in px: E Omega f^2, wherever a star is. A quad that ends at 3.33 sigma loses up to 0.4 % of it."""
    expected = EXPOSURE_AT_EV_0 * OMEGA_0_SR * 10 ** (-0.4 * STARS[name].mag) * ORION.focal**2
    np.testing.assert_allclose(visit.views[view].light.sum(axis=(0, 1)), expected, rtol=0.006)


def test_ratio_of_two_stars_is_their_difference_in_magnitude(visit):
    bellatrix, saiph = (visit.views[view].light[..., 1].sum() for view in (2, 3))
    magnitudes = STARS["Saiph"].mag - STARS["Bellatrix"].mag
    assert bellatrix / saiph == pytest.approx(10 ** (0.4 * magnitudes), rel=0.05)


def test_phone_shows_the_same_sky(site, tmp_path):
    camera = Pinhole(SUN, ORION.look, size=PHONE)
    visit = look_at_site(site, [View(state=camera.state)], tmp_path, size=PHONE, density=2, touch=True)
    image = visit.views[0].pixels().sum(axis=2)
    assert image.shape == (2 * PHONE[1], 2 * PHONE[0])
    for name in SEVEN:
        expected = 2 * camera.project(STARS[name].position)[0]
        assert np.linalg.norm(centroid(image, expected) - expected) < 1.5
    assert visit.console == []


def test_a_server_without_ranges_shows_the_same_picture(site, tmp_path):
    state = ORION.state + "&ev=0"
    ranged = look_at_site(site, [View(state=state)], tmp_path / "ranges", handler=Ranges)
    whole = look_at_site(site, [View(state=state)], tmp_path / "whole", handler=WholeFiles)
    np.testing.assert_array_equal(ranged.views[0].pixels(), whole.views[0].pixels())
    assert whole.console == []
    packs = [path for path, _ in whole.requests if path.endswith(".bin")]
    assert 0 < len(packs) == len(set(packs)), "the whole pack was sent more than once"
