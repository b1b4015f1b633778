"""Each reason for which a row is turned away, one row per reason, counted once under the first that holds."""

import numpy as np
import pytest

from helios.catalog.counts import Counts
from helios.catalog.cuts import drop_unusable, first_of_each
from helios.catalog.row_cuts import Cuts
from helios.catalog.table import NO_ID, StarTable
from helios.rejections import Rejection

SOUND = {"source_id": 1, "ra": 10.0, "dec": 20.0, "parallax": 3.0, "phot_g_mean_mag": 4.0, "bp_rp": 0.5}
NAN, INF = np.nan, np.inf

REASONS = [
    ({"source_id": NO_ID}, "source_id missing", "stars.csv line 2"),
    ({"ra": NAN}, "ra missing", "stars.csv line 2"),
    ({"ra": INF}, "ra not finite", "stars.csv line 2, ra inf"),
    ({"ra": 720.1}, "ra outside [-360, 720]", "stars.csv line 2, ra 720.1"),
    ({"ra": -999.0}, "ra outside [-360, 720]", "stars.csv line 2, ra -999"),
    ({"dec": NAN}, "dec missing", "stars.csv line 2"),
    ({"dec": -INF}, "dec not finite", "stars.csv line 2, dec -inf"),
    ({"dec": 90.0001}, "dec outside [-90, 90]", "stars.csv line 2, dec 90.0001"),
    ({"dec": -90.0001}, "dec outside [-90, 90]", "stars.csv line 2, dec -90.0001"),
    ({"parallax": NAN}, "parallax missing", "stars.csv line 2"),
    ({"parallax": INF}, "parallax not finite", "stars.csv line 2, parallax inf"),
    ({"parallax": 0.0}, "parallax not above 0", "stars.csv line 2, parallax 0"),
    ({"parallax": -0.3}, "parallax not above 0", "stars.csv line 2, parallax -0.3"),
    ({"phot_g_mean_mag": NAN}, "phot_g_mean_mag missing", "stars.csv line 2"),
    ({"phot_g_mean_mag": -INF}, "phot_g_mean_mag not finite", "stars.csv line 2, phot_g_mean_mag -inf"),
    ({"phot_g_mean_mag": 99.0}, "phot_g_mean_mag outside [-30, 50]", "stars.csv line 2, phot_g_mean_mag 99"),
    ({"phot_g_mean_mag": -1e300}, "phot_g_mean_mag outside [-30, 50]", "stars.csv line 2, phot_g_mean_mag -1e+300"),
    ({"phot_g_mean_mag": 6.001}, "fainter than --max-mag", "stars.csv line 2, phot_g_mean_mag 6.001"),
    (dict.fromkeys(("ra", "dec", "parallax", "phot_g_mean_mag", "bp_rp"), NAN), "empty row", "stars.csv line 2"),
    ({"ra": 900.0, "parallax": -1.0}, "ra outside [-360, 720]", "stars.csv line 2, ra 900"),
]


def table_of(*rows: dict) -> StarTable:
    columns = {name: np.array([row[name] for row in rows]) for name in SOUND}
    columns = {k: v.astype(np.int64 if k == "source_id" else np.float64) for k, v in columns.items()}
    return StarTable(**columns, row=np.arange(2, len(rows) + 2))


@pytest.mark.parametrize(("change", "why", "first"), REASONS)
def test_an_unusable_row_is_counted_by_its_reason(change, why, first):
    kept, counts = drop_unusable(table_of(SOUND | change, SOUND), "stars.csv line", Cuts(max_mag=6.0))
    assert kept.row.tolist() == [3]
    assert counts.by_reason() == {why: 1}
    assert counts.rejections[why].first == first


@pytest.mark.parametrize(
    "change",
    [
        {"ra": 0.0},
        {"ra": 360.0},
        {"ra": -180.0},
        {"ra": 400.0},
        {"dec": 90.0},
        {"dec": -90.0},
        {"parallax": 1e-9},
        {"bp_rp": NAN},
        {"bp_rp": 20.0},
        {"phot_g_mean_mag": 6.0},
        {"phot_g_mean_mag": -1.46},
    ],
)
def test_values_at_the_edge_stay(change):
    kept, counts = drop_unusable(table_of(SOUND | change), "stars.csv line", Cuts(max_mag=6.0))
    assert (len(kept), counts) == (1, Counts(rows_read=1))


@pytest.mark.parametrize("colour", [99.0, -999.0, INF, -4993.0])
def test_a_colour_that_no_star_has_is_none_and_counted(colour):
    rows = table_of(SOUND, SOUND | {"bp_rp": colour}, SOUND | {"bp_rp": NAN})
    kept, counts = drop_unusable(rows, "stars.csv line")
    np.testing.assert_array_equal(kept.bp_rp, [0.5, NAN, NAN])
    assert counts.rejected == 0
    (unused,) = (counts + counts).unused.items()
    assert unused == ("bp_rp outside [-10, 20]", Rejection(2, f"stars.csv line 3, bp_rp {colour:g}"))


def test_counts_add_up_over_chunks_and_keep_the_first():
    table = table_of(SOUND, SOUND | {"parallax": -1.0}, SOUND | {"parallax": -2.0})
    first, second = (drop_unusable(table, f"{name}.csv line")[1] for name in "ab")
    counts = first + second + Counts(corrected=5, white=2) + Counts(white=1)
    assert (counts.rows_read, counts.rejected, counts.corrected, counts.white) == (6, 4, 5, 3)
    assert counts.by_reason() == {"parallax not above 0": 4}
    assert counts.reasons() == "parallax not above 0: 4 (first: a.csv line 3, parallax -1)"


def test_the_first_of_equal_identifiers_is_kept():
    kept = first_of_each(np.array([5, 3, 5, 9, 3, 3]))
    assert kept.tolist() == [True, True, False, True, False, False]
