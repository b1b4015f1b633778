"""Proves that moons are where others have them: JPL Horizons, astronomy-engine, and the IAU's rotations, as moons that
keep one face to their planet show where it is; and that each goes round as fast as its planet's mass makes it.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astronomy import astronomy

from helios.catalogs_path import embedded
from helios.constants import AU_M, ICRS_TO_ECLIPTIC
from helios.errors import InputError
from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import BODIES
from helios.solar.moons import load_moons, moon_barycentric_au, planet_centre_barycentric_au, planetocentric_au
from tests.data.ephemeris import vectors

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data" / "ephemeris"
J2000 = 2_451_545.0

GM_KM3_S2 = {
    **{"Mars": 42_828.4, "Jupiter": 126_712_764, "Saturn": 37_940_585, "Uranus": 5_794_556, "Neptune": 6_836_527},
    "Pluto": 975.5,
}
"""JPL's, planets with their moons."""

ROTATIONS = {
    "Phobos": (317.68, 52.90, 35.06, 1128.844585),
    "Deimos": (316.65, 53.52, 79.41, 285.161897),
    "Metis": (268.05, 64.49, 346.09, 1221.2547301),
    "Adrastea": (268.05, 64.49, 33.29, 1206.9986602),
    "Amalthea": (268.05, 64.49, 231.67, 722.631456),
    "Thebe": (268.05, 64.49, 8.56, 533.70041),
    "Io": (268.05, 64.50, 200.39, 203.4889538),
    "Europa": (268.08, 64.51, 36.022, 101.3747235),
    "Ganymede": (268.20, 64.57, 44.064, 50.3176081),
    "Callisto": (268.72, 64.83, 259.51, 21.5710715),
    "Enceladus": (40.66, 83.52, 6.32, 262.7318996),
    "Tethys": (40.66, 83.52, 8.95, 190.6979085),
    "Dione": (40.66, 83.52, 357.6, 131.5349316),
    "Rhea": (40.38, 83.55, 235.16, 79.6900478),
    "Titan": (39.4827, 83.4279, 186.5855, 22.5769768),
    "Iapetus": (318.16, 75.03, 355.2, 4.5379572),
    "Miranda": (257.43, -15.08, 30.70, -254.6906892),
    "Ariel": (257.43, -15.10, 156.22, -142.8356681),
    "Umbriel": (257.43, -15.10, 108.05, -86.8688923),
    "Titania": (257.43, -15.10, 77.74, -41.3514316),
    "Oberon": (257.43, -15.10, 6.77, -26.7394932),
    "Puck": (257.31, -15.18, 91.24, -472.545069),
    "Larissa": (299.36, 43.41, 179.41, 649.053447),
    "Proteus": (299.27, 42.91, 93.38, 320.7654228),
    "Charon": (132.993, -6.163, 122.695, 56.3625225),
}
"""Pole and prime meridian, degrees and degrees a day from J2000, without periodic terms: Archinal et al. 2018."""
FACING_DEG = 8.5
"""Prime meridians go through craters up to 5 degrees beside the planet, and orbits' eccentricity adds 3."""


def angle_deg(a, b):
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)))


def horizons():
    return json.loads((DATA / "horizons_moons.json").read_text())["vectors"]


def test_there_are_thirty_of_known_planets():
    moons = load_moons()
    assert len(moons) == 30
    assert {moon.planet for moon in moons.values()} == set(GM_KM3_S2) <= set(BODIES)
    assert all(0 < moon.error_deg <= 35 and moon.radius_km > 5 for moon in moons.values())


@pytest.mark.parametrize(("name", "jd", "place"), [row for row in horizons() if row[0] != "Pluto"])
def test_horizons(name, jd, place):
    found, expected = planetocentric_au(name, jd), ICRS_TO_ECLIPTIC @ place
    assert angle_deg(found, expected) < load_moons()[name].error_deg
    assert abs(np.linalg.norm(found) / np.linalg.norm(expected) - 1) < 0.004


def test_pluto_itself_is_off_its_barycentre_as_horizons_has_it():
    [(_, jd, place)] = [row for row in horizons() if row[0] == "Pluto"]
    ephemeris = load_ephemeris()
    centre = planet_centre_barycentric_au("Pluto", jd, ephemeris)
    assert np.linalg.norm(centre - ephemeris.barycentric_au("Pluto", jd) - ICRS_TO_ECLIPTIC @ place) < 2e-7
    charon = moon_barycentric_au("Charon", jd, ephemeris)
    assert np.allclose(charon - centre, planetocentric_au("Charon", jd), atol=1e-14)
    assert np.array_equal(planet_centre_barycentric_au("Venus", jd, ephemeris), ephemeris.barycentric_au("Venus", jd))


def test_galilean_moons_are_those_of_astronomy_engine():
    dates = np.linspace(2_415_020.5, 2_488_069.5, 50)
    for name in ("Io", "Europa", "Ganymede", "Callisto"):
        states = [
            getattr(astronomy.JupiterMoons(astronomy.Time.FromTerrestrialTime(jd - J2000)), name.lower())
            for jd in dates
        ]
        expected = np.array([(state.x, state.y, state.z) for state in states]) @ ICRS_TO_ECLIPTIC.T
        assert np.abs(planetocentric_au(name, dates) - expected).max() < 1e-12


@pytest.mark.parametrize("name", ROTATIONS)
def test_moons_show_one_face_to_their_planet(name):
    ra, dec, start, rate = ROTATIONS[name]
    dates = np.linspace(2_444_239.5, 2_458_849.5, 40)  # 1980 to 2020
    ra, dec, meridian = np.radians(ra), np.radians(dec), np.radians(start + rate * (dates - J2000))
    node = np.array([-np.sin(ra), np.cos(ra), 0])
    pole = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    facing = np.cos(meridian)[:, None] * node + np.sin(meridian)[:, None] * np.cross(pole, node)
    assert angle_deg(-planetocentric_au(name, dates), facing @ ICRS_TO_ECLIPTIC.T).max() < FACING_DEG


def test_periods_are_what_the_planets_masses_make_them():
    """Kepler's third law; flattening speeds up what is near by 1 %, Titan's pull Hyperion by 4."""
    for moon in load_moons().values():
        rate = abs(moon.longitude[1])
        if moon.name in ("Triton", "Phoebe"):
            rate -= 2 * moon.zeta[0, 2]
        gm = (rate / 86_400) ** 2 * (moon.a[0, 0] * AU_M / 1000) ** 3
        assert abs(gm / GM_KM3_S2[moon.planet] - 1) < (0.05 if moon.name == "Hyperion" else 0.025), moon.name


def test_shapes_and_unknown_names():
    dates = np.full((2, 3), J2000)
    assert planetocentric_au("Nereid", dates).shape == (2, 3, 3)
    a, e = 5_513_818e3 / AU_M, 0.7507
    distance = np.linalg.norm(planetocentric_au("Nereid", np.linspace(J2000, J2000 + 361, 5000)), axis=1)
    assert distance.min() == pytest.approx(a * (1 - e), rel=1e-4)
    assert distance.max() == pytest.approx(a * (1 + e), rel=1e-4)
    with pytest.raises(InputError, match="'Endor': no moon with an orbit; there are: Phobos, Deimos"):
        planetocentric_au("Endor", J2000)


def test_the_script_makes_the_file(tmp_path):
    command = [sys.executable, "-m", "catalogs.make_moons", "-o", tmp_path / "moons.json"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / "moons.json").read_bytes() == embedded("moons.json").read_bytes()


def test_the_vectors_for_the_viewer_are_of_this_file():
    held, made = json.loads((DATA / "moon_places.json").read_text()), vectors.of_moons()
    assert held["jd_tdb"] == made["jd_tdb"]
    for name, places in made["places"].items():
        assert np.abs(np.array(held["places"][name]) - places).max() < 1e-12, name
