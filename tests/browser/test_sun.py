"""The Sun is a star of magnitude -26.76 at 1 au, at every distance, once, and not where one stands in it.

Light is read before the tone curve. The scenes are a pack whose only star is far behind the camera, and one of a
catalogue that has the Sun itself, 1 au from its origin.
"""

import math

import numpy as np
import pytest
from look import CHOSEN, View, look_at_site
from pinhole import Pinhole, direction_of
from test_v2 import light_of
from v1_site import OMEGA_0_SR, Star, naked_eye_stars
from v2_site import make_site

SIZE = (640, 480)
ALL = (0, 0, *SIZE)
AU_M = 1.495978707e11
PC_M = 3.0856775814913673e16
OUT = np.array([0.6, 0.64, 0.48])
BEHIND = Star("behind", *direction_of(OUT), 100 * PC_M * OUT, 9.0)
"""By that much as near as 100 pc: it is behind a camera that looks back from less far."""
DISTANCES = {"1 au": (AU_M, -18), "2 au": (2 * AU_M, -18), "10 pc": (10 * PC_M, 0), "99 pc": (99 * PC_M, 5)}
STATUS = "['destination', 'hint'].map((id) => document.getElementById(id).textContent)"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"


def towards_sun(distance_m, stops, aside=0.0):
    """The state of a link: the Sun from this far, `aside` degrees from the axis."""
    across = np.cross(OUT, [0.0, 0.0, 1.0]) / np.linalg.norm(np.cross(OUT, [0.0, 0.0, 1.0]))
    angle = np.radians(aside)
    camera = Pinhole(distance_m * OUT, direction_of(-np.cos(angle) * OUT + np.sin(angle) * across), 60.0, SIZE)
    return f"{camera.state}&ev={stops}"


def expected(distance_m, stops):
    """E Omega f^2 of a star of that magnitude, px."""
    magnitude = -26.76 + 5 * np.log10(distance_m / AU_M)
    focal = SIZE[1] / 2 / np.tan(np.radians(30))
    return 16 * 2.0**stops * OMEGA_0_SR * 10 ** (-0.4 * magnitude) * focal**2


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sun")
    site = make_site(folder, [BEHIND])
    seen = [View(state=towards_sun(*case), light=ALL, picture=False) for case in DISTANCES.values()]
    seen += [View(state=towards_sun(AU_M, -18, 30), light=ALL, picture=False)]
    seen += [View(state=f"pos=0,0,0&look={look}&ev=0", light=ALL, picture=False) for look in ("0,90", "0,-60")]
    return look_at_site(site, seen, folder, size=SIZE)


@pytest.mark.parametrize("number", range(len(DISTANCES)), ids=DISTANCES)
def test_its_light_is_that_of_its_magnitude(visit, number):
    """Within 5 mmag: a quad that ends at 3.33 sigma loses up to 0.4 %."""
    found = light_of(visit.views[number]).sum()
    assert abs(2500 * np.log10(found / expected(*list(DISTANCES.values())[number]))) < 5


def test_it_is_named_and_as_bright_aside(visit):
    assert [seen.labels for seen in visit.views[: len(DISTANCES)] if "Sun" not in seen.labels] == []
    found = light_of(visit.views[len(DISTANCES)]).sum()
    assert abs(2500 * np.log10(found / expected(AU_M, -18))) < 5


def test_at_its_own_place_it_is_not_shown(visit):
    assert all(light_of(seen).max() < 1 for seen in visit.views[-2:])
    assert (visit.problems, visit.console) == ([], [])


def test_a_catalogue_that_has_it_shows_it_once(tmp_path):
    place = AU_M * np.array([-0.64, 0.6, 0.48])
    site = make_site(tmp_path, [BEHIND, Star("Sol", *direction_of(place), place, -26.76)])
    distance = 20 * PC_M
    seen = look_at_site(site, [View(state=towards_sun(distance, 0), light=ALL, picture=False)], tmp_path, size=SIZE)
    assert abs(2500 * np.log10(light_of(seen.views[0]).sum() / expected(distance, 0))) < 5


def test_it_is_found_and_what_is_said_of_it_is_true(naked_eye_site, tmp_path):
    sirius = next(star for star in naked_eye_stars() if star.name == "Sirius")
    start = "pos=" + ",".join(map(repr, sirius.position.tolist())) + "&look=0,0&ev=-6"
    search = [{"press": "/"}, {"type": "sun"}, {"press": "Enter"}, {"until": CHOSEN}]
    search += [{"evaluate": DRAWN}, {"evaluate": STATUS}]
    seen = look_at_site(naked_eye_site, [View(state=start, steps=search)], tmp_path, reducedMotion=True).views[0]
    destination, hint = seen.script
    assert destination.startswith("Sun")
    assert hint == ""
    # The circle of an astronomical unit fills half of the view, which is 60 degrees high.
    assert np.linalg.norm(seen.view["pos"]) == pytest.approx(2 * AU_M / math.tan(math.radians(30)), rel=1e-6)
    assert seen.pixels()[395:405, 635:645].min() > 200


def test_near_it_is_a_disc_that_is_darker_at_its_limb(tmp_path):
    """From 1 au at a field of 3 degrees: of its radius, by the linear law, with the light of the point."""
    site = make_site(tmp_path, [BEHIND])
    state = towards_sun(AU_M, -18).replace("fov=60.0", "fov=3.0")
    seen = look_at_site(site, [View(state=state, light=ALL, picture=False)], tmp_path, size=SIZE).views[0]
    focal = SIZE[1] / 2 / np.tan(np.radians(1.5))
    radius = focal * 6.957e8 / AU_M
    light = light_of(seen)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    share = np.hypot(x - SIZE[0] / 2, y - SIZE[1] / 2) / radius
    assert radius == pytest.approx(42, abs=2)
    middle = light[share < 0.1].mean()
    for at in (0.3, 0.6, 0.9):
        found = light[np.abs(share - at) < 0.03].mean() / middle
        assert found == pytest.approx(1 - 0.6 * (1 - np.sqrt(1 - at**2)), abs=0.03)
    assert light[share > 1.2].max() < 1e-3 * middle
    wide = focal / (SIZE[1] / 2 / np.tan(np.radians(30)))
    assert abs(2500 * np.log10(light.sum() / (expected(AU_M, -18) * wide**2))) < 5
