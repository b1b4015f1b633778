"""Files of tours are taken as FORMAT.md says or refused by name of stop and field, and a site lists those it has."""

import json

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

import helios
from helios.errors import InputError
from helios.landmarks import Landmark, load_landmarks
from helios.packing.site import check_site
from helios.packing.tours import embedded_tour, named_landmark, parse_tour, read_tour, tour_text
from tests.unit.packing import scene

STOP = {"title": "Sirius", "text": "Bright.", "seconds": 10, "goto": "Sirius"}
VIEW = {"title": "Home", "text": "Here.", "seconds": 2.5, "pos": [0, 0, 0], "look": [83.8, -1.2], "fov": 60}


def tour_of(*stops, **fields):
    return {"version": 1, "title": "T", "stops": list(stops)} | fields


def parsed(document, name="t.json"):
    return parse_tour(name, json.dumps(document).encode())


def test_a_tour_is_read_and_its_bytes_kept(tmp_path):
    content = json.dumps(tour_of(STOP, VIEW | {"ev": "auto", "show": "rings,names"}, STOP | {"ev": -3})).encode()
    (tmp_path / "my_tour-1.json").write_bytes(content)
    tour = read_tour(tmp_path / "my_tour-1.json")
    assert (tour.name, tour.title, tour.places) == ("my_tour-1.json", "T", ("Sirius", "Sirius"))
    assert tour.content == content


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        (STOP | {"seconds": 0}, "t.json stop 2: seconds is 0, must be from 1 to 3600"),
        (STOP | {"seconds": True}, "t.json stop 2: seconds is true, must be from 1 to 3600"),
        (STOP | {"seconds": float("nan")}, "t.json stop 2: seconds is NaN, must be from 1 to 3600"),
        (STOP | {"title": " "}, 't.json stop 2: title is " ", must be a text of 1 to 2,000 characters'),
        (STOP | {"text": "x" * 2001}, "t.json stop 2: text is "),
        (STOP | {"text": 3}, "t.json stop 2: text is 3, must be a text"),
        (STOP | {"look": [10, 91]}, "t.json stop 2: look is 91, must be from -90 to 90"),
        (VIEW | {"pos": [1, 2]}, "t.json stop 2: pos is [1, 2], must be a list of 3 numbers"),
        (VIEW | {"pos": [1, 2, 10**400]}, "t.json stop 2: pos is 1000"),
        (VIEW | {"fov": 0.5}, "t.json stop 2: fov is 0.5, must be from 1 to 120"),
        (VIEW | {"ev": "dark"}, 't.json stop 2: ev is "dark", must be from -18 to 30 or "auto"'),
        (VIEW | {"show": "a b"}, 't.json stop 2: show is "a b", must be as in a link'),
        (STOP | {"pos": [0, 0, 0]}, "t.json stop 2: has both goto and pos"),
        (STOP | {"zoom": 3}, 't.json stop 2: unknown field "zoom"'),
        ({"title": "A", "text": "B", "seconds": 3}, "t.json stop 2: says no place"),
        ({"title": "A", "goto": "B"}, "t.json stop 2: no field text, seconds"),
        (7, "t.json stop 2: is 7, must be an object"),
    ],
)
def test_a_wrong_stop_is_refused_with_its_number_field_and_value(stop, message):
    with pytest.raises(InputError) as error:
        parsed(tour_of(STOP, stop))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (tour_of(), "t.json: stops is [], must be a list of 1 to 1,000 stops"),
        (tour_of(STOP, version=2), "t.json: version is 2, this program reads 1"),
        (tour_of(STOP, author="x"), 't.json: unknown field "author"'),
        ([], "t.json: is [], must be an object"),
        ({"version": 1, "stops": [STOP]}, "t.json: no field title"),
    ],
)
def test_a_wrong_file_is_refused_with_its_field(document, message):
    with pytest.raises(InputError) as error:
        parsed(document)
    assert str(error.value).startswith(message)


def test_what_cannot_be_read_or_named_in_an_address_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_tour(tmp_path / "none.json")
    with pytest.raises(InputError, match="is a directory"):
        read_tour(tmp_path)
    with pytest.raises(InputError, match="no JSON"):
        parse_tour("t.json", b"{")
    for name in ("a b.json", "t.txt", ".json", "ä.json"):
        with pytest.raises(InputError, match="must be named in letters"):
            parsed(tour_of(STOP), name)


LANDMARKS = [
    Landmark("m45", "Pleiades (M45)", "open_cluster", (1.0, 0.0, 0.0), 1.0, "test", "Young."),
    Landmark("ngc-869", "Double Cluster (NGC 869)", "open_cluster", (2.0, 0.0, 0.0), 1.0, "test", ""),
    Landmark("ngc-884", "Double Cluster (NGC 884)", "open_cluster", (3.0, 0.0, 0.0), 1.0, "test", ""),
]


@pytest.mark.parametrize("name", ["m45", "M 45", "pleiades", "Pleiades (M45)", "PLEIADES(M45)"])
def test_a_landmark_is_found_by_any_of_its_names(name):
    assert named_landmark(LANDMARKS, name, "u").id == "m45"


def test_a_name_of_none_or_of_two_is_refused_with_what_may_be_meant():
    with pytest.raises(InputError, match=r"^'Pleyades': no landmark of u is called so \(did you mean 'Pleiades'\?\)$"):
        named_landmark(LANDMARKS, "Pleyades", "u")
    with pytest.raises(InputError, match=r"^'xyzzy': no landmark of u is called so$"):
        named_landmark(LANDMARKS, "xyzzy", "u")
    with pytest.raises(InputError, match=r"2 landmarks of u are called so: .*NGC 869.*NGC 884"):
        named_landmark(LANDMARKS, "double cluster", "u")


def test_a_tour_of_landmarks_has_their_texts_and_is_one_that_is_read():
    text = tour_text(LANDMARKS[:2], "Clusters", 12.0)
    assert parsed(json.loads(text)).places == ("Pleiades (M45)", "Double Cluster (NGC 869)")
    stops = json.loads(text)["stops"]
    assert [stop["text"] for stop in stops] == ["Young.", "open cluster"]
    assert [stop["seconds"] for stop in stops] == [12, 12]
    with pytest.raises(InputError, match="title"):
        tour_text(LANDMARKS, "", 12.0)
    with pytest.raises(InputError, match="seconds is NaN"):
        tour_text(LANDMARKS, "T", float("nan"))


def counted(stars_of):
    return json.dumps([{"name": each.name, "stars": stars_of(each.name)} for each in load_landmarks()]).encode()


def test_the_tour_that_ships_needs_all_of_its_places_to_have_stars():
    tour = embedded_tour(counted(lambda _: 1))
    assert len(tour.places) == 5
    assert all(any(place == each.name for each in load_landmarks()) for place in tour.places)
    assert embedded_tour(counted(lambda name: int(name != "Betelgeuse"))) is None
    assert embedded_tour(b"[]") is None


def test_what_the_tour_that_ships_says_of_directions_is_true():
    """Beside alpha Centauri the Sun is at the middle of the view, above the Milky Way's plane Orion is near it."""
    stops = {stop["title"]: stop for stop in json.loads(embedded_tour(counted(lambda _: 1)).content)["stops"]}
    places = {each.id: np.array(each.pos_m) for each in load_landmarks()}
    beside, above = stops["Looking back"], stops["Constellations come apart"]
    assert angle_to(np.zeros(3), beside) < 1.0
    apart = np.linalg.norm(beside["pos"] - places["rigil-kentaurus"])
    assert apart < 0.001 * np.linalg.norm(places["rigil-kentaurus"])
    assert max(angle_to(places[star], above) for star in ("betelgeuse", "rigel", "saiph", "bellatrix")) < 12.0
    assert np.linalg.norm(above["pos"]) * u.m.to(u.lyr) == pytest.approx(50, abs=2)
    up = SkyCoord(*above["pos"], frame=BarycentricMeanEcliptic, representation_type="cartesian", unit="m")
    assert up.galactic.b.deg > 89.5


def angle_to(place, stop):
    """Degrees from the middle of a stop's view to a place, metres."""
    seen = SkyCoord(
        *(place - np.array(stop["pos"])), frame=BarycentricMeanEcliptic, representation_type="cartesian", unit="m"
    )
    return SkyCoord(*stop["look"], unit="deg").separation(SkyCoord(seen.icrs.ra, seen.icrs.dec)).deg


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    universe = scene.make_stars(tmp_path_factory.mktemp("tours") / "universe")
    helios.pack(universe)
    return universe


def viewer(folder):
    scene.make_viewer(folder)
    return folder


def test_a_site_has_and_lists_its_tours_in_order(universe, tmp_path):
    from helios.packing.site import write_site

    for name, title in (("b.json", "First"), ("a.json", "Second")):
        (tmp_path / name).write_text(json.dumps(tour_of(STOP, title=title)))
    tours = [tmp_path / "b.json", tmp_path / "a.json"]
    site = write_site(universe, tmp_path / "site", viewer=viewer(tmp_path / "web"), tours=tours).path
    listed = [{"file": "tours/b.json", "title": "First"}, {"file": "tours/a.json", "title": "Second"}]
    assert json.loads((site / "site.json").read_text())["tours"] == listed
    assert (site / "tours" / "a.json").read_bytes() == (tmp_path / "a.json").read_bytes()
    assert check_site(site) > 0
    twice = write_site(universe, tmp_path / "twice", viewer=tmp_path / "web", tours=tours).path
    assert scene.tree(twice) == scene.tree(site)


def test_a_site_without_tours_says_nothing_of_them(universe, tmp_path):
    """Stars that are made up have none of the places of the tour that ships."""
    from helios.packing.site import write_site

    site = write_site(universe, tmp_path / "site", viewer=viewer(tmp_path / "web")).path
    assert "tours" not in json.loads((site / "site.json").read_text())
    assert not (site / "tours").exists()


def test_two_tours_of_one_name_leave_the_site_as_it_was(universe, tmp_path):
    from helios.packing.site import write_site

    site = write_site(universe, tmp_path / "site", viewer=viewer(tmp_path / "web")).path
    before = scene.tree(site)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.json").write_text(json.dumps(tour_of(STOP)))
    tours = [tmp_path / "one" / "t.json", tmp_path / "two" / "t.json"]
    with pytest.raises(InputError, match=r"^t\.json: two tours of the site"):
        write_site(universe, site, viewer=tmp_path / "web", tours=tours)
    assert scene.tree(site) == before
