"""Light from afar is that of all the stars: 100,000 of them from 100 kpc within 10 mmag, from 1 Mpc within 50.

There they cover a few pixels, where half floats stop to add the faint ones; where a driver adds into no floats, they
still show something, and nothing is said.
"""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from look import View, look_at_site
from pinhole import Pinhole, direction_of
from test_v2 import light_of
from v1_site import OMEGA_0_SR
from v2_site import make_random_site

pytestmark = pytest.mark.slow

SIZE = (480, 360)
ALL = (0, 0, *SIZE)
KPC_M = 3.0857e19
UP = np.array([0.36, 0.48, 0.8])
VIEWS = {"100 kpc": (100 * KPC_M, 14, 10), "1 Mpc": (1000 * KPC_M, 20, 50)}
"""Distance, metres, stops of exposure, and by how many millimagnitudes light may be wrong."""
NO_BLEND = """{
  const { getExtension } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.getExtension = function (name) {
    return name === "EXT_float_blend" ? null : getExtension.call(this, name);
  };
}"""


def camera(distance_m):
    return Pinhole(distance_m * UP, direction_of(-UP), 60.0, SIZE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return make_random_site(tmp_path_factory.mktemp("far"), 100_000)


@pytest.fixture(scope="module")
def true(site):
    """The light of every view by the catalogue alone, px."""
    ra, dec, parallax, mag = np.loadtxt(
        site.parent / "stars.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3, 4), unpack=True
    )
    sky = SkyCoord(ra * u.deg, dec * u.deg, distance=1e3 / parallax * u.pc, frame="icrs")
    position = sky.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T
    luminosity = OMEGA_0_SR * 10 ** (-0.4 * mag) * (position**2).sum(axis=1)
    sun = OMEGA_0_SR * 10 ** (0.4 * 26.76) * 1.495978707e11**2
    sums = []
    for distance, stops, _ in VIEWS.values():
        there = camera(distance)
        light = (luminosity / ((position - there.position) ** 2).sum(axis=1)).sum() + sun / distance**2
        sums.append(16 * 2.0**stops * light * there.focal**2)
    return np.array(sums)


def seen(site, tmp_path, **options):
    views = [View(state=f"{camera(d).state}&ev={stops}", light=ALL, picture=False) for d, stops, _ in VIEWS.values()]
    visit = look_at_site(site, views, tmp_path, size=SIZE, **options)
    assert (visit.problems, visit.console) == ([], [])
    return np.array([light_of(view).sum() for view in visit.views])


def test_the_light_of_a_hundred_thousand_stars(site, true, tmp_path):
    wrong = np.abs(2500 * np.log10(seen(site, tmp_path) / true))
    assert np.all(wrong < [most for _, _, most in VIEWS.values()]), wrong


def test_half_floats_lose_some_and_show_the_rest(site, true, tmp_path):
    """That they lose is what makes the test above one."""
    lost = -2500 * np.log10(seen(site, tmp_path, before=NO_BLEND) / true)
    assert lost[1] > 100
    assert np.all(lost < 5000)
