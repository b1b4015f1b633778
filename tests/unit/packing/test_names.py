"""The names of a site are those of the stars that its universe has, and of no other: by numbers of three catalogues.

The expected rows are read from the shipped tables by a few lines of their own; places are compared with those of the
universe. A star that only bears the number of a named one, at another place or of another brightness, has no name.
"""

import csv
import gzip
import json

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.catalogs_path import embedded
from helios.constants import PARSEC_M
from helios.landmarks import load_landmarks
from helios.packing import names
from helios.packing.names import at_their_stars, find_named, names_text
from helios.universe import Universe

SIRIUS, VEGA, CYGNI, NAMELESS = "2491", "7001", "8085", "2005"
RIGIL, TOLIMAN = "5459", "5460"


def table(name):
    with gzip.open(embedded(name), "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def bright():
    return {row["source_id"]: row for row in table("bright_stars.csv.gz")}


@pytest.fixture(scope="module")
def called():
    return {row["source_id"]: row for row in table("names.csv.gz") if row["source_id"]}


def universe_of(folder, rows):
    """Build a universe of `rows`: (source_id, star of the shipped table, degrees of declination, magnitudes) more."""
    folder.mkdir(exist_ok=True)
    lines = ["source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"]
    for identifier, star, off_deg, fainter in rows:
        dec, mag = float(star["dec"]) + off_deg, float(star["phot_g_mean_mag"]) + fainter
        lines.append(f"{identifier},{star['ra']},{dec!r},{star['parallax']},{mag!r},{star['bp_rp']}")
    (folder / "stars.csv").write_text("\n".join(lines) + "\n")
    build_universe(BuildConfig(stars=(str(folder / "stars.csv"),)), folder / "universe", None)
    return Universe.open(folder / "universe")


def stars_of(universe, landmarks=None):
    text = names_text(find_named(universe), landmarks)
    return {row[5]: row for row in json.loads(text)["stars"]} if text else {}


def test_stars_have_their_names_whatever_catalogue_numbers_them(tmp_path, bright, called):
    numbered = {
        SIRIUS: bright[SIRIUS]["source_id"],
        VEGA: bright[VEGA]["hip"],
        CYGNI: bright[CYGNI]["gaia"],
        NAMELESS: bright[NAMELESS]["gaia"],
    }
    universe = universe_of(tmp_path, [(number, bright[star], 0.0, 0.0) for star, number in numbered.items()])
    found = stars_of(universe)
    assert found.keys() == {called[star]["designations"] for star in numbered}
    columns = universe.columns(("source_id", "x_m", "y_m", "z_m"))
    place_of = dict(zip(columns["source_id"].tolist(), np.column_stack([columns[f"{axis}_m"] for axis in "xyz"])))
    for star, number in numbered.items():
        *place, mag, proper, designations = found[called[star]["designations"]]
        assert (str(mag), proper) == (str(float(called[star]["v_mag"])), called[star]["names"])
        # 8 digits of each coordinate.
        np.testing.assert_allclose(np.array(place) * PARSEC_M, place_of[int(number)], rtol=1e-7)
        assert f"HR {star}" in designations.split(";")


def test_a_number_that_another_star_bears_names_nothing(tmp_path, bright):
    rows = [
        (2491, bright[VEGA], 0.0, 0.0),  # Sirius's number, Vega's place
        (7001, bright[VEGA], 0.2, 0.0),  # a fifth of a degree off
        (8085, bright[CYGNI], 0.0, 5.0),  # a hundred times fainter
        (5, bright[SIRIUS], 0.0, 0.0),
    ]
    assert stars_of(universe_of(tmp_path, rows)) == {}


def test_what_is_a_landmark_is_named_as_one(tmp_path, bright, called):
    universe = universe_of(tmp_path, [(SIRIUS, bright[SIRIUS], 0.0, 0.0), (NAMELESS, bright[NAMELESS], 0.0, 0.0)])
    document = json.loads(names_text(find_named(universe), embedded("landmarks.json").read_bytes()))
    assert [row[0] for row in document["places"]] == [landmark.id for landmark in load_landmarks()]
    (sirius,) = [row for row in document["places"] if row[0] == "sirius"]
    assert sirius == ["sirius", -1.44, "Sirius", called[SIRIUS]["designations"]]
    assert [row[5] for row in document["stars"]] == [called[NAMELESS]["designations"]]


def test_a_landmark_of_the_same_id_elsewhere_is_another(tmp_path, bright):
    entry = {"id": "sirius", "pos_meters": {"x": 1e16, "y": 2e16, "z": 3e16}}
    universe = universe_of(tmp_path, [(SIRIUS, bright[SIRIUS], 0.0, 0.0)])
    document = json.loads(names_text(find_named(universe), json.dumps([entry]).encode()))
    assert document["places"] == []
    assert len(document["stars"]) == 1


def test_landmarks_stand_where_the_universe_has_their_stars(tmp_path, bright):
    # 16 years of motion, about as far as its two stars are apart.
    moved = [(number, bright[number], -60.0 / 3600.0, 0.0) for number in (RIGIL, TOLIMAN)]
    universe = universe_of(tmp_path, moved)
    shipped = json.loads(embedded("landmarks.json").read_bytes())
    elsewhere = {"id": "rigil-kentaurus", "name": "Another", "pos_meters": {"x": 1e16, "y": 2e16, "z": 3e16}}
    named = find_named(universe)
    entries = json.loads(at_their_stars(json.dumps(shipped).encode(), named))
    columns = universe.columns(("source_id", "x_m", "y_m", "z_m"))
    place_of = {row: dict(zip("xyz", place)) for row, *place in zip(*(column.tolist() for column in columns.values()))}
    for before, after in zip(shipped, entries, strict=True):
        number = {"rigil-kentaurus": RIGIL, "toliman": TOLIMAN}.get(before["id"])
        expected = before["pos_meters"] if number is None else place_of[int(number)]
        assert after == before | {"pos_meters": expected}
    assert json.loads(at_their_stars(json.dumps([elsewhere]).encode(), named)) == [elsewhere]


def test_stars_are_found_in_every_chunk(tmp_path, bright, monkeypatch):
    hundred = [star for star in list(bright.values())[:100] if star["parallax"]]
    universe = universe_of(tmp_path, [(star["source_id"], star, 0.0, 0.0) for star in hundred])
    whole = names_text(find_named(universe), None)
    monkeypatch.setattr(names, "CHUNK_ROWS", 7)
    assert names_text(find_named(universe), None) == whole
    assert len(json.loads(whole)["stars"]) == len(hundred)
