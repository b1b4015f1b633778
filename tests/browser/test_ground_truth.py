"""The embedded sky is that of the ground truth, block by block and star by star, at home and far from it.

Right is what `render_truth` draws of the universe's float64 stars for the same camera, as linear light: it shares
neither code nor rounded places with the pack and the viewer.
"""

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import Pinhole, direction_of
from test_even_light import EXPOSURE, stars_of
from test_v2 import LUMINANCE, light_of

from helios.coords import icrs_to_ecliptic_m
from helios.rendering.truth import render_truth

SIZE = (640, 480)
BLOCK_PX = 32
APART_PX = 3
"""Half of the square around a star that its light is summed in, less half a pixel."""
PC_M = 3.0856775814913673e16


def at(ra, dec, parsecs):
    """A place, ecliptic metres."""
    return icrs_to_ecliptic_m([ra], [dec], [parsecs * PC_M])[0]


ABOVE = at(192.85948, 27.12825, 10_000.0)
"""The galactic pole is where the IAU put it in 1958, J2000."""
VIEWS = {
    "Sun": (np.zeros(3), (83.8, -1.2), 4),
    "a fiftieth of a parsec from Sirius": (at(101.287155, -16.716116, 2.637 + 0.02), (101.3, -16.7), 4),
    "Pleiades": (at(56.601, 24.114, 135.8), (266.4, -28.9), 4),
    "10 kpc above the plane": (ABOVE, direction_of(-ABOVE), 14),
}


@pytest.fixture(scope="module")
def pairs(site, tmp_path_factory):
    """(seen, right) of each view: the luminance of its pixels [H, W]; and where its brightest stars are, px."""
    cameras = {name: (Pinhole(place, look, 60.0, SIZE), ev) for name, (place, look, ev) in VIEWS.items()}
    views = [
        View(state=f"{camera.state}&ev={ev}", light=(0, 0, *SIZE), picture=False) for camera, ev in cameras.values()
    ]
    visit = look_at_site(site, views, tmp_path_factory.mktemp("pictures"), size=SIZE)
    assert (visit.problems, visit.console) == ([], [])
    position, luminosity, color = stars_of(site)
    found = {}
    for (name, (camera, ev)), seen in zip(cameras.items(), visit.views):
        to = camera.in_camera(position)
        distance = np.linalg.norm(to, axis=1)
        K = np.array([[[camera.focal, 0, SIZE[0] / 2], [0, camera.focal, SIZE[1] / 2], [0, 0, 1]]])
        omega = EXPOSURE * 2.0**ev * luminosity / distance**2
        right = render_truth(to / distance[:, None], omega, color, np.eye(4)[None], K, *SIZE, even=True)[0] @ LUMINANCE
        ahead = to[:, 2] > 0.1 * distance
        px = camera.project(position[ahead])
        inside = np.all((px > 8) & (px < np.array(SIZE) - 8), axis=1)
        brightest = np.argsort(-omega[ahead][inside])[:50]
        found[name] = light_of(seen), right, px[inside][brightest]
    return found


@pytest.mark.parametrize("name", VIEWS)
def test_each_block_has_its_light(pairs, name):
    """Within 3 % of every block that has a tenth of the mean block's light or more."""
    seen, right, _ = pairs[name]
    sums = [
        image.reshape(SIZE[1] // BLOCK_PX, BLOCK_PX, SIZE[0] // BLOCK_PX, BLOCK_PX).sum(axis=(1, 3))
        for image in (seen, right)
    ]
    lit = sums[1] > 0.1 * sums[1].mean()
    assert lit.sum() > (1 if "10 kpc" in name else 50)
    assert np.abs(sums[0][lit] / sums[1][lit] - 1).max() < 0.03


@pytest.mark.parametrize("name", VIEWS)
def test_the_brightest_stars_are_in_place_and_as_bright(pairs, name):
    """Fifty of them: within 0.1 px and 0.05 mag."""
    seen, right, stars = pairs[name]
    assert len(stars) == 50
    rows, columns = np.mgrid[-APART_PX : APART_PX + 1, -APART_PX : APART_PX + 1]
    for x, y in np.floor(stars).astype(int):
        boxes = [image[y - APART_PX : y + APART_PX + 1, x - APART_PX : x + APART_PX + 1] for image in (seen, right)]
        light = [box.sum() for box in boxes]
        assert abs(2.5 * np.log10(light[0] / light[1])) < 0.05
        middles = [np.array([(box * columns).sum(), (box * rows).sum()]) / box.sum() for box in boxes]
        assert np.linalg.norm(middles[0] - middles[1]) < 0.1
