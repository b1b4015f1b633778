"""What a report says of stars, against the catalogue itself: counted by numpy from the rows of the file."""

import csv

import numpy as np
import pytest
from PIL import Image

from helios.reporting import star_counts
from helios.reporting.png import encode_png
from helios.reporting.star_counts import ABSOLUTE_EDGES, BP_RP_EDGES, StarCounts, count_stars
from helios.reporting.stars import diagram_picture, diagram_section, distances_section
from tests.unit.reporting.conftest import STARS


@pytest.fixture(scope="module")
def catalogue(reports):
    """(parsecs, G, BP-RP), float64 [N], of the rows of the file that became stars."""
    kept = set(reports.bare.columns(["source_id"])["source_id"].tolist())
    with open(STARS) as file:
        rows = [row for row in csv.DictReader(file) if int(row["source_id"]) in kept]
    columns = ([float(row[name] or "nan") for row in rows] for name in ("parallax", "phot_g_mean_mag", "bp_rp"))
    parallax, mag, color = map(np.array, columns)
    return 1000.0 / parallax, mag.astype(np.float32).astype(np.float64), color.astype(np.float32).astype(np.float64)


def test_the_diagram_counts_the_stars_of_the_catalogue(reports, catalogue):
    distance, mag, color = catalogue
    expected, _, _ = np.histogram2d(color, mag + 5.0 - 5.0 * np.log10(distance), (BP_RP_EDGES, ABSOLUTE_EDGES))
    counts = count_stars(reports.bare)
    np.testing.assert_array_equal(counts.diagram, expected)
    assert counts.stars == len(distance) == expected.sum() + counts.outside + counts.without_color
    rows = reports.numbers["hertzsprung_russell"]["by_absolute_magnitude"]
    absolute = mag - 5.0 * np.log10(distance / 10.0)
    for row in rows:
        inside = (absolute >= row["magnitude_from"]) & (absolute < row["magnitude_to"])
        assert row["stars"] == np.count_nonzero(inside & (color >= BP_RP_EDGES[0]) & (color < BP_RP_EDGES[-1]))


def test_distances_are_those_of_the_catalogue(reports, catalogue):
    distance, _, _ = catalogue
    told = reports.numbers["distances"]
    assert told["nearest_pc"] == pytest.approx(distance.min(), rel=1e-5)
    assert told["farthest_pc"] == pytest.approx(distance.max(), rel=1e-5)
    # A bin is 1.2 % wide, and two digits are told.
    assert told["median_pc"] == pytest.approx(np.median(distance), rel=0.07)
    for row in told["by_distance"]:
        assert row["stars"] == np.count_nonzero((distance >= row["pc_from"]) & (distance < row["pc_to"]))
    assert sum(row["stars"] for row in told["by_distance"]) == len(distance)


def test_blocks_of_any_size_count_the_same(reports, monkeypatch):
    whole = vars(count_stars(reports.bare))
    monkeypatch.setattr(star_counts, "BLOCK_ROWS", 7)
    events = []
    parts = vars(count_stars(reports.bare, events.append))
    for name, value in whole.items():
        np.testing.assert_array_equal(parts[name], value)
    assert len(events) == 1 + -(-parts["stars"] // 7)


def test_stars_without_colour_and_beyond_the_axes_are_counted_and_said():
    counts = StarCounts()
    ten_pc = np.tile([3.0856775814913674e17, 0.0, 0.0], (4, 1))
    counts.add(ten_pc, np.array([5.0, 5.0, 30.0, -12.0], np.float32), np.array([1.0, np.nan, 1.0, 1.0], np.float32))
    assert (counts.stars, counts.without_color, counts.outside, counts.diagram.sum()) == (4, 1, 2, 1)
    section = diagram_section(counts)
    assert "measured colour, which are not in the picture: 1." in " ".join(section.words)
    assert "beyond its edges: 2." in " ".join(section.words)
    assert section.numbers["stars_drawn"] == 1
    assert distances_section(counts).numbers["by_distance"][0]["stars"] == 4


def test_the_picture_of_the_diagram(tmp_path):
    """Blue stars are blue and on the left, luminous ones above; more stars are brighter; few are drawn as dots."""
    counts = np.zeros((len(BP_RP_EDGES) - 1, len(ABSOLUTE_EDGES) - 1), np.int64)
    counts[20, 100], counts[150, 200] = 3, 1
    picture = diagram_picture(counts)
    (tmp_path / "picture.png").write_bytes(encode_png(picture))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "picture.png")), picture)
    blue, red = picture[100, 20].astype(int), picture[200, 150].astype(int)
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert blue.max() > red.max()
    lit = np.argwhere((picture != picture[0, -1]).any(axis=-1))
    assert len(lit) == 18
    counts[:200, :200] = 1
    counts[20, 100] = 50
    many = diagram_picture(counts)
    assert np.count_nonzero((many != many[-1, -1]).any(axis=-1)) == np.count_nonzero(counts)
