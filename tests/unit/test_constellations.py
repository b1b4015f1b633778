"""Proves that the figures join the stars that they are known to join, and that their script makes the shipped file.

The boundaries of the constellations are astropy's, separations its spherical trigonometry. Where the npm package
d3-celestial is at hand, unpacked in ../shared/data/d3_celestial or where HELIOS_D3_CELESTIAL says, the file is made
anew and each point of its lines is looked for among the stars.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord, get_constellation

from helios.packing.figures import figures_text

REPOSITORY = Path(__file__).parents[2]
CATALOGS = REPOSITORY / "catalogs"
SOURCE = Path(os.environ.get("HELIOS_D3_CELESTIAL", REPOSITORY.parent / "shared" / "data" / "d3_celestial"))

needs_source = pytest.mark.skipif(not (SOURCE / "data").is_dir(), reason="no d3-celestial to make the figures from")


@pytest.fixture(scope="module")
def stars():
    with gzip.open(CATALOGS / "bright_stars.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return {int(row["source_id"]): row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def figures():
    return {
        figure["id"]: figure for figure in json.loads((CATALOGS / "constellations.json").read_text("utf-8"))["figures"]
    }


def places(rows):
    return SkyCoord(*([float(row[name]) for row in rows] for name in ("ra", "dec")), unit="deg")


def test_there_are_all_88_by_their_names(figures):
    assert len(figures) == 88
    names = {key: (figure["name"], figure["english"], figure["genitive"]) for key, figure in figures.items()}
    assert names["CMa"] == ("Canis Major", "Great Dog", "Canis Majoris")
    assert names["Boo"] == ("Boötes", "Herdsman", "Boötis")
    assert names["Ser"][0] == "Serpens"
    assert all(part and part == " ".join(part.split()) for name in names.values() for part in name)


def test_famous_stars_are_joined(figures, stars):
    def joined(key):
        return {frozenset(stars[number]["name"] for number in pair) for pair in figures[key]["pairs"]}

    assert {frozenset(pair) for pair in (("Alnitak", "Alnilam"), ("Alnilam", "Mintaka"))} <= joined("Ori")
    assert {frozenset(pair) for pair in (("Dubhe", "Merak"), ("Alioth", "Mizar"), ("Mizar", "Alkaid"))} <= joined("UMa")
    assert frozenset(("Schedar", "Caph")) in joined("Cas")
    assert frozenset(("Procyon", "Gomeisa")) in joined("CMi")


def test_stars_of_a_figure_are_in_its_constellation(figures, stars):
    """By the IAU's boundaries, but for stars that figures share, as Alpheratz and Elnath."""
    others = 0
    for key, figure in figures.items():
        numbers = sorted({number for pair in figure["pairs"] for number in pair})
        assert all(stars[number]["parallax"] for number in numbers)
        inside = get_constellation(places([stars[number] for number in numbers]), short_name=True) == key
        assert inside.mean() >= 0.6, f"{key}: {inside}"
        others += int((~inside).sum())
    assert others <= 40


def test_a_site_has_them_where_astropy_puts_their_stars(figures, stars):
    document = json.loads(figures_text())
    numbers = [int(row[0]) for row in document["stars"]]
    rows = [stars[number] for number in numbers]
    distance = 1000.0 / np.array([float(row["parallax"]) for row in rows]) * u.pc
    icrs = SkyCoord(places(rows).ra, places(rows).dec, distance=distance)
    there_m = icrs.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T
    here_m = np.array([row[1:4] for row in document["stars"]])
    assert (np.linalg.norm(there_m - here_m, axis=1) < 1e-9 * distance.to_value(u.m)).all()
    assert [row[4] for row in document["stars"]] == [float(row["phot_g_mean_mag"]) for row in rows]
    for figure in document["figures"]:
        pairs = [[numbers[place] for place in pair] for pair in figure["pairs"]]
        assert pairs == figures[figure["id"]]["pairs"]
    assert "Copyright (c) 2015, Olaf Frohn" in document["licence"]
    assert "THIS SOFTWARE IS PROVIDED" in document["licence"]


@needs_source
def test_script_makes_the_shipped_file(tmp_path):
    output = tmp_path / "constellations.json"
    command = [sys.executable, "-m", "catalogs.make_constellations", "--data", str(SOURCE), "-o", str(output)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    assert output.read_bytes() == (CATALOGS / "constellations.json").read_bytes()


@needs_source
def test_every_point_of_the_lines_is_a_star_of_ours(figures, stars):
    """The star that stands for a point is the brightest within an arcminute of it; the nearest is within 7 arcsec."""
    features = json.loads((SOURCE / "data" / "constellations.lines.json").read_text("utf-8"))["features"]
    numbers = [number for number, row in stars.items() if row["parallax"]]
    sky = places([stars[number] for number in numbers])
    magnitude = np.array([float(stars[number]["v_mag"]) for number in numbers])
    points = 0
    for feature in features:
        of_figure = {number for pair in figures[feature["id"]]["pairs"] for number in pair}
        for line in feature["geometry"]["coordinates"]:
            ra, dec = np.array(line).T
            for point in SkyCoord(ra, dec, unit="deg"):
                apart = point.separation(sky).arcsec
                near = np.flatnonzero(apart <= 60.0)
                assert apart.min() < 7.0
                assert numbers[near[np.argmin(magnitude[near])]] in of_figure
                points += 1
    assert points == 893
