"""Magnitudes do not change as one turns the head; what is extended by itself keeps its brightness; between, smoothly.

Pixels beside the axis cover less of the sky, by the cube of the cosine of their angle from it. The law, by angle a and
a splat's standard deviation s, px: its light, as a multiple of that on the axis, is cos^-3 a to the power p, p = 0 for
stars, proxies and s < 1, 1 for s > 4. The whole sky is held against the ground truth of the same cameras.
"""

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import Pinhole, direction_of
from test_steady import FAR_M, OUT, pair
from test_v2 import LUMINANCE, blocks, light_of
from v1_site import OMEGA_0_SR, Star, write_site
from v2_site import make_site

import helios
from helios.color import color_from_bp_rp
from helios.rendering.truth import render_truth

pytestmark = pytest.mark.slow

SIZE = (640, 480)
ALL = (0, 0, *SIZE)
EXPOSURE = 16.0
TURNS = (0.0, 15.0, 27.0, 35.0)
ASIDE = np.cross(OUT, [0.0, 0.0, 1.0]) / np.linalg.norm(np.cross(OUT, [0.0, 0.0, 1.0]))
"""A direction across `OUT` along the picture's rows."""


def turned(position, towards, degrees, fov=60.0):
    """A camera at `position` that sees what lies in direction `towards` so many degrees from its axis."""
    angle = np.radians(degrees)
    return Pinhole(position, direction_of(np.cos(angle) * towards + np.sin(angle) * ASIDE), fov, SIZE)


def flux(site, cameras, stops, tmp_path):
    """The light of each view, px."""
    views = [View(state=f"{camera.state}&ev={stops}", light=ALL, picture=False) for camera in cameras]
    visit = look_at_site(site, views, tmp_path, size=SIZE)
    assert (visit.problems, visit.console) == ([], [])
    return np.array([light_of(seen).sum() for seen in visit.views])


def test_a_star_is_as_bright_wherever_in_the_view(tmp_path):
    """Alone in a catalogue, at magnitude 4, up to 35 degrees from the axis: within 5 mmag, uncorrected 650."""
    star = Star("one", *direction_of(OUT), FAR_M * OUT, 4.0)
    cameras = [turned(np.zeros(3), OUT, degrees) for degrees in TURNS]
    found = flux(make_site(tmp_path / "site", [star]), cameras, 0, tmp_path)
    expected = EXPOSURE * OMEGA_0_SR * 10 ** (-0.4 * 4.0) * cameras[0].focal ** 2
    assert np.abs(2500 * np.log10(found / expected)).max() < 5


def test_extended_light_keeps_its_brightness_and_nothing_leaps(tmp_path):
    """A splat of the format v1, from so far that its standard deviation is that."""
    powers = {0.5: 0.0, 2.0: None, 3.0: None, 6.0: 1.0}
    star = pair(OUT, -5.0)[0]
    site = write_site(tmp_path / "site", [star], with_stars=False, trained=True)
    sigma = FAR_M * np.sqrt(OMEGA_0_SR * 10**2 / (2 * np.pi * 0.9))
    focal = turned(np.zeros(3), OUT, 0).focal
    places = [star.position - focal * sigma / sigma_px * OUT for sigma_px in powers]
    found = flux(site, [turned(place, OUT, degrees) for place in places for degrees in TURNS], -7, tmp_path)
    off = np.log(np.cos(np.radians(TURNS[1:])) ** -3)
    for (sigma_px, power), light in zip(powers.items(), found.reshape(len(powers), len(TURNS))):
        t = (sigma_px**2 - 1) / 15
        expected = t * t * (3 - 2 * t) if power is None else power
        # A splat of 6 px covers some degrees, over which the cosine is not quite that of its middle.
        np.testing.assert_allclose(np.log(light[1:] / light[0]) / off, expected, atol=0.04, err_msg=f"{sigma_px} px")


def stars_of(site):
    """Positions [N, 3], metres, luminosities [N], sr m^2, and colours [N, 3], of the universe that a site is of."""
    stars = helios.open(site.parent / "universe").stars(("x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp"))
    position = np.stack([stars[name] for name in ("x_m", "y_m", "z_m")], axis=-1)
    luminosity = OMEGA_0_SR * 10 ** (-0.4 * stars["phot_g_mean_mag"]) * (position**2).sum(axis=1)
    return position, luminosity, color_from_bp_rp(stars["bp_rp"])


@pytest.mark.parametrize("budget", [200_000, 3000])
def test_the_sky_is_the_ground_truth_of_the_same_camera(deep, tmp_path, budget):
    """From the Sun, 72 pc and 10 kpc, most of the light well off the axis; also with few splats, most of them wide."""
    places = [np.zeros(3), np.array([1.3e18, 1.3e18, 1.2e18]), np.array([0.0, 5e19, 3.04e20])]
    looks = [(83.8, -1.2), (200.0, 40.0), direction_of(-places[2])]
    cameras = [Pinhole(place, look, 75.0, SIZE) for place, look in zip(places, looks)]
    few = View(steps=[{"evaluate": f"Object.assign(helios.source().budget, {{ splats: {budget} }})"}], picture=False)
    stops = [4, 4, 12]
    views = [View(state=f"{c.state}&ev={ev}", light=ALL, picture=False) for c, ev in zip(cameras, stops)]
    seen = look_at_site(deep, [few, *views], tmp_path, size=SIZE).views[1:]
    position, luminosity, color = stars_of(deep)
    for camera, view, ev in zip(cameras, seen, stops):
        to = camera.in_camera(position)
        distance = np.linalg.norm(to, axis=1)
        K = np.array([[[camera.focal, 0, SIZE[0] / 2], [0, camera.focal, SIZE[1] / 2], [0, 0, 1]]])
        omega = EXPOSURE * 2.0**ev * luminosity / distance**2
        truth = render_truth(to / distance[:, None], omega, color, np.eye(4)[None], K, *SIZE, even=True)[0] @ LUMINANCE
        assert light_of(view).sum() == pytest.approx(truth.sum(), rel=0.01)
        if budget > 10_000:
            misplaced = np.abs(blocks(light_of(view)) - blocks(truth)).sum() / 2
            assert misplaced < 0.02 * truth.sum()
