"""Names lead to stars and landmarks, in any spelling; what is none is refused in a line with what is near."""

import numpy as np
import pytest

import helios
from helios.errors import InputError
from helios.pictures.places import named, parse_ahead, parse_eye
from helios.pictures.states import parse_link, read_states

PARSEC = 3.0856775814913673e16


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    """Sirius as a fainter catalogue of another epoch has it, a companion beside it, and stars far from all names."""
    folder = tmp_path_factory.mktemp("named")
    rows = [
        "1,101.2875,-16.7161,379.2,-1.0,0.0",
        "2,101.2880,-16.7165,379.0,8.4,0.1",
        "3,10,80,5,9,1.0",
        "4,200,3,2,9,1.0",
    ]
    (folder / "stars.csv").write_text("\n".join(["source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp", *rows]) + "\n")
    helios.build([folder / "stars.csv"], folder / "universe")
    return helios.open(folder / "universe")


def test_a_star_is_where_the_universe_has_it(universe):
    sirius = named("sirius", universe)
    assert np.linalg.norm(sirius.position_m) == pytest.approx(1000 / 379.2 * PARSEC, rel=1e-6)
    for spelling in ("SIRIUS", "alpha CMa", "HR2491", " hip 32349 ", "HD 48915"):
        assert np.array_equal(named(spelling, universe).position_m, sirius.position_m), spelling
    # From where it is of magnitude -8 the viewer looks at it: Pogson's law.
    distance = np.linalg.norm(sirius.position_m - sirius.before_m())
    assert distance == pytest.approx(1000 / 379.2 * PARSEC * 10 ** (0.2 * (-8 + 1.0)), rel=1e-5)


def test_a_star_that_the_universe_lacks_is_where_the_embedded_catalogue_has_it(universe):
    vega = named("Vega", universe)
    assert np.linalg.norm(vega.position_m) / PARSEC == pytest.approx(7.68, rel=0.02)
    assert vega.luminosity > 0


def test_landmarks_and_the_sun(universe):
    galaxy = named("M31", universe)
    assert np.linalg.norm(galaxy.position_m) / PARSEC == pytest.approx(780e3, rel=0.1)
    assert np.array_equal(named("Andromeda Galaxy", universe).position_m, galaxy.position_m)
    assert named("sun", universe).is_sun
    assert parse_eye("Sun", universe)[0].tolist() == [0, 0, 0]
    assert galaxy.arrival_m(30.0) == pytest.approx(2 * galaxy.radius_m / np.tan(np.radians(15)))


def test_numbers(universe):
    assert parse_eye("1,-2.5,3e1pc", universe)[0].tolist() == [PARSEC, -2.5 * PARSEC, 30 * PARSEC]
    assert parse_eye("0, 0, 2 au", universe)[0][2] == 2 * 149597870700.0
    ahead = parse_ahead("0,90", universe, np.zeros(3))
    assert ahead[2] == pytest.approx(np.cos(np.radians(23.4392911)), abs=1e-6)  # the obliquity of the ecliptic
    assert parse_ahead("sun", universe, np.array([5.0, 0, 0])).tolist() == [-5.0, 0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda u: named("Sirios", u), r"'Sirios': no landmark and no star is called so \(did you mean 'Sirius'"),
        (lambda u: named("qqqqxxxx", u), "give coordinates: x,y,z with a unit"),
        (
            lambda u: parse_eye("1,2,3", u),
            "--from 1,2,3: must be x,y,z with a unit, one of m, km, au, ly, pc, kpc, Mpc",
        ),
        (lambda u: parse_eye("1,2,3parsec", u), "must be x,y,z with a unit"),
        (lambda u: parse_eye("1e300,2,3pc", u), "within 1e27 metres"),
        (lambda u: parse_ahead("10,91", u, np.zeros(3)), "--look-at 10,91: must be ra,dec"),
        (lambda u: parse_ahead("sun", u, np.zeros(3)), "--look-at sun: is where the camera is"),
        (lambda u: parse_link("#pos=1,2&look=3,4"), "--link: pos is '1,2', must be 3 numbers"),
        (lambda u: parse_link("#look=3,4"), "--link: has no pos, must say"),
        (lambda u: parse_link("#pos=1,2,3&look=3,4&fov=180"), "fov is '180', must be a number from 0.001 to 179"),
        (lambda u: parse_link("#pos=nan,2,3&look=3,4"), "pos is 'nan'"),
        (lambda u: parse_link("#pos=1,2,3&look=3,94"), "declination of 94"),
    ],
)
def test_what_is_no_place_is_refused(universe, call, message):
    with pytest.raises(InputError, match=message):
        call(universe)


STATES = {
    "way.txt": "#pos=0,0,0&look=10,20&fov=40&ev=1\n\nhttp://x/#pos=1e15,2e15,3e15&look=11,21&fov=20\n",
    "way.json": '[{"pos": [0, 0, 0], "look": [10, 20], "fov": 40, "ev": 1}, "#pos=1e15,2e15,3e15&look=11,21&fov=20"]',
    "way.csv": "x_m,y_m,z_m,ra,dec,fov,ev\n0,0,0,10,20,40,1\n1e15,2e15,3e15,11,21,20,\n",
}


def test_files_of_states_say_the_same_in_every_form(tmp_path):
    read = []
    for name, text in STATES.items():
        (tmp_path / name).write_text(text)
        read.append(read_states(tmp_path / name))
    for states, up in read:
        assert up == "ecliptic"
        assert [state.position_m.tolist() for state in states] == [[0, 0, 0], [1e15, 2e15, 3e15]]
        assert [(state.fov_deg, state.ev) for state in states] == [(40, 1), (20, None)]
        np.testing.assert_array_equal([s.ahead for s in states], [s.ahead for s in read[0][0]])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "#pos=0,0,0&look=1,2\n", "has 1 states, must have two or more"),
        ("a.json", "{}", "must be a JSON list"),
        ("a.json", "[", "no JSON"),
        ("a.json", '[{"pos": [0,0,0], "look": [1,2], "zoom": 3}]', "state 1: has zoom, known are pos"),
        ("a.json", '[{"pos": [0,0,"x"], "look": [1,2]}]', "state 1: pos is 'x', must be a number"),
        ("a.csv", "x_m,y_m\n1,2\n", "no column z_m, ra, dec"),
        ("a.csv", "x_m,y_m,z_m,ra,dec\n1,2,3,4\n", "state 1: look is None"),
    ],
)
def test_what_is_no_file_of_states_is_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_states(tmp_path / name)
