"""Tables of Horizons: elements as they stand, and vectors in every frame, unit and about both centres.

Halley's elements of 1994 are JPL's. The vectors of the same moment are made of them here, with Kepler's equation in
float64 and rotations that the reader does not know, so that reading them must give the elements back.
"""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import get_body_barycentric_posvel
from astropy.time import Time

from helios.errors import InputError
from helios.solar.orbits import Orbits
from helios.solar.readers.joining import read_bodies

TABLE = Path(__file__).parents[3] / "data" / "bodies" / "halley_elements.txt"
JD, Q, E, TP = 2449400.5, 0.5859781115169086, 0.9671429084623044, 2446467.395317051094
INCLINATION, NODE, ARGUMENT, ANOMALY = 162.2626905791606, 58.42008097656843, 111.3324851045177, 38.38426447643637
GM = 2.9591220828411956e-4  # au^3 / day^2, DE440
TILT = np.deg2rad(84381.448 / 3600)
AU_KM = 149597870.7


def about(axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array({"x": [[1, 0, 0], [0, c, -s], [0, s, c]], "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]]}[axis])


def state():
    """Position, au, and velocity, au per day, in the ecliptic of J2000."""
    mean, anomaly = np.deg2rad(ANOMALY), np.deg2rad(ANOMALY)
    for _ in range(100):
        anomaly -= (anomaly - E * np.sin(anomaly) - mean) / (1 - E * np.cos(anomaly))
    axis, root = Q / (1 - E), np.sqrt(1 - E**2)
    rate = np.sqrt(GM / axis**3) / (1 - E * np.cos(anomaly))
    place = axis * np.array([np.cos(anomaly) - E, root * np.sin(anomaly), 0])
    motion = axis * rate * np.array([-np.sin(anomaly), root * np.cos(anomaly), 0])
    turn = about("z", np.deg2rad(NODE)) @ about("x", np.deg2rad(INCLINATION)) @ about("z", np.deg2rad(ARGUMENT))
    return turn @ place, turn @ motion


def vectors(path, frame, units, centre="Sun (10)", csv=False):
    place, motion = state()
    if frame == "ICRF":
        place, motion = about("x", TILT) @ place, about("x", TILT) @ motion
    if centre.startswith("Solar"):
        sun, speed = get_body_barycentric_posvel("sun", Time(JD, format="jd", scale="tdb"), ephemeris="builtin")
        place, motion = place + sun.xyz.to_value("au"), motion + speed.xyz.to_value("au / d")
    if units == "KM-S":
        place, motion = place * AU_KM, motion * AU_KM / 86400
    head = TABLE.read_text().split("$$SOE")[0].replace("Ecliptic of J2000.0", frame).replace("Sun (10)", centre)
    head = head.replace("AU-D, deg, Julian Day Number (Tp)", units)
    (x, y, z), (vx, vy, vz) = ([f"{v:.17E}" for v in each] for each in (place, motion))
    if csv:
        head += "            JDTDB,            Calendar Date (TDB),   X,   Y,   Z,   VX,   VY,   VZ,\n"
        body = f"{JD}, A.D. 1994-Feb-17 00:00:00.0000, {x}, {y}, {z}, {vx}, {vy}, {vz},\n"
    else:
        body = f" A.D. 1994-Feb-17 00:00:00.0000 TDB \n X ={x} Y ={y} Z ={z}\n VX={vx} VY={vy} VZ={vz}\n LT= 1E-01\n"
    path.write_text(f"{head}$$SOE\n{body}$$EOE\n")


def test_elements_are_taken_as_they_stand():
    bodies = read_bodies([TABLE])
    orbits = bodies.orbits
    assert (orbits.designation[0], orbits.name[0], orbits.kind[0]) == ("1P", "Halley", "comet")
    values = [getattr(orbits, field.name)[0] for field in fields(Orbits)[3:]]
    assert values == [JD, Q, E, INCLINATION, NODE, ARGUMENT, TP - JD, 5.5, 8.0 / 2.5]


@pytest.mark.parametrize("csv", [False, True])
@pytest.mark.parametrize("units", ["AU-D", "KM-S"])
@pytest.mark.parametrize("frame", ["Ecliptic of J2000.0", "ICRF"])
def test_vectors_are_the_same_orbit(tmp_path, frame, units, csv):
    vectors(tmp_path / "halley.txt", frame, units, csv=csv)
    check(read_bodies([tmp_path / "halley.txt"]).orbits, 1e-9 if frame != "ICRF" else 2e-5)


def test_elements_of_the_equator_are_turned_to_the_ecliptic(tmp_path):
    # The same orbit against the Earth's equator: angles from the normal and the direction of perihelion.
    turn = about("x", TILT) @ about("z", np.deg2rad(NODE)) @ about("x", np.deg2rad(INCLINATION))
    normal, perihelion = turn[:, 2], (turn @ about("z", np.deg2rad(ARGUMENT)))[:, 0]
    node = np.array([-normal[1], normal[0], 0]) / np.hypot(*normal[:2])
    argument = np.rad2deg(np.arctan2(np.cross(normal, node) @ perihelion, node @ perihelion)) % 360
    inclination, longitude = np.rad2deg(np.arccos(normal[2])), np.rad2deg(np.arctan2(node[1], node[0])) % 360
    text = TABLE.read_text().replace("Ecliptic of J2000.0", "ICRF")
    for old, new in (
        ("IN= 1.622626905791606E+02", f"IN= {inclination:.15E}"),
        ("OM= 5.842008097656843E+01", f"OM= {longitude:.15E}"),
        ("W = 1.113324851045177E+02", f"W = {argument:.15E}"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "equator.txt").write_text(text)
    check(read_bodies([tmp_path / "equator.txt"]).orbits, 2e-5)


def check(orbits, degrees):
    """That it is Halley's orbit; `degrees` has the 0.04 arcseconds between ICRF and the axes without a bias."""
    assert orbits.perihelion_au[0] == pytest.approx(Q, rel=1e-11)
    assert orbits.eccentricity[0] == pytest.approx(E, abs=1e-11)
    assert orbits.inclination_deg[0] == pytest.approx(INCLINATION, abs=degrees)
    assert orbits.node_deg[0] == pytest.approx(NODE, abs=degrees / np.sin(np.deg2rad(INCLINATION)))
    assert orbits.argument_deg[0] == pytest.approx(ARGUMENT, abs=degrees / np.sin(np.deg2rad(INCLINATION)))
    assert orbits.epoch_jd_tdb[0] == JD
    assert orbits.perihelion_days[0] == pytest.approx(TP - JD, abs=1e-5)


def test_vectors_about_the_barycentre_are_taken_to_the_sun(tmp_path):
    # The Sun by astropy's own ephemeris, not JPL's; it is 0.005 au away.
    vectors(tmp_path / "sun.txt", "ICRF", "KM-S")
    vectors(tmp_path / "barycentre.txt", "ICRF", "KM-S", "Solar System Barycenter (0)")
    one, other = (read_bodies([tmp_path / f"{name}.txt"]).orbits for name in ("sun", "barycentre"))
    for field in fields(Orbits)[4:9]:
        assert getattr(other, field.name)[0] == pytest.approx(getattr(one, field.name)[0], rel=1e-5), field.name
    (tmp_path / "elements.txt").write_text(TABLE.read_text().replace("Sun (10)", "Solar System Barycenter (0)"))
    with pytest.raises(InputError, match="elements about the Solar System's barycentre, must be about the Sun"):
        read_bodies([tmp_path / "elements.txt"])


@pytest.mark.parametrize(
    ("target", "called"),
    [
        ("1 Ceres (A801 AA)", ("1", "Ceres", "dwarf planet")),
        ("433 Eros (A898 PA)", ("433", "Eros", "asteroid")),
        ("Hale-Bopp (C/1995 O1)", ("C/1995 O1", "Hale-Bopp", "comet")),
        ("1I/'Oumuamua (A/2017 U1)", ("1I", "ʻOumuamua", "interstellar")),
        ("(2010 NY104)", ("2010 NY104", "", "asteroid")),
        ("Voyager 1 (spacecraft) (-31)", ("Voyager 1", "Voyager 1", "spacecraft")),
    ],
)
def test_targets_are_called_as_people_call_them(tmp_path, target, called):
    text = TABLE.read_text().replace("Target body name: 1P/Halley   ", f"Target body name: {target}   ")
    (tmp_path / "target.txt").write_text(text)
    orbits = read_bodies([tmp_path / "target.txt"]).orbits
    assert (orbits.designation[0], orbits.name[0], orbits.kind[0]) == called


def test_a_planet_is_counted_and_left_out(tmp_path):
    (tmp_path / "mars.txt").write_text(TABLE.read_text().replace("body name: 1P/Halley", "body name: Mars (499)"))
    bodies = read_bodies([tmp_path / "mars.txt", TABLE])
    assert bodies.counts.by_reason() == {"a planet or moon, which the ephemeris moves": 1}
    assert len(bodies.orbits) == 1
