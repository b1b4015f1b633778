"""The cuts that a user asks for, and those that a way to a distance needs: one row per reason, counted once.

The sound row passes every cut at once; each case spoils it in one column.
"""

import numpy as np
import pytest

from helios.catalog.counts import Counts
from helios.catalog.cuts import drop_unusable
from helios.catalog.row_cuts import Cuts
from helios.catalog.table import SINGLE_COLUMNS, StarTable, single

SOUND = {"source_id": 1, "ra": 10.0, "dec": 20.0, "parallax": 3.0, "phot_g_mean_mag": 4.0, "bp_rp": 0.5}
SOUND |= {"parallax_error": 0.1, "pmra": 5.0, "pmdec": -5.0, "radial_velocity": 20.0, "ruwe": 1.0, "distance_pc": 300.0}
NAN, INF = np.nan, np.inf

EDSD, COLUMN, MOTION = Cuts(distance="edsd"), Cuts(distance="r_med"), Cuts(motion=True)
ERROR, RUWE = Cuts(min_parallax_over_error=10.0), Cuts(max_ruwe=1.4)


def table_of(*rows: dict) -> StarTable:
    """As every reader gives them: what archives have in single precision is rounded to it."""
    columns = {name: np.array([row[name] for row in rows]) for name in SOUND}
    columns |= {name: single(columns[name]) for name in SINGLE_COLUMNS & columns.keys()}
    return StarTable(**columns, row=np.arange(2, len(rows) + 2))


REASONS = [
    (ERROR, {"parallax": 0.5}, "below --min-parallax-over-error", ", parallax/parallax_error 5"),
    (ERROR, {"parallax_error": NAN}, "parallax_error missing", ""),
    (ERROR, {"parallax_error": INF}, "parallax_error not finite", ", parallax_error inf"),
    (ERROR, {"parallax_error": 1e300}, "parallax_error not finite", ", parallax_error inf"),
    (ERROR, {"parallax_error": 0.0}, "parallax_error not above 0", ", parallax_error 0"),
    (RUWE, {"ruwe": 1.41}, "ruwe above --max-ruwe", ", ruwe 1.41"),
    (RUWE, {"ruwe": NAN}, "ruwe missing", ""),
    (RUWE, {"ruwe": INF}, "ruwe above --max-ruwe", ", ruwe inf"),
    (EDSD, {"parallax": NAN}, "parallax missing", ""),
    (EDSD, {"parallax": -INF}, "parallax not finite", ", parallax -inf"),
    (EDSD, {"parallax": -2e6}, "parallax beyond 1,000,000 mas", ", parallax -2000000"),
    (EDSD, {"parallax_error": NAN}, "parallax_error missing", ""),
    (EDSD, {"parallax_error": -0.1}, "parallax_error not above 0", ", parallax_error -0.1"),
    (COLUMN, {"distance_pc": NAN}, "r_med missing", ""),
    (COLUMN, {"distance_pc": INF}, "r_med not finite", ", r_med inf"),
    (COLUMN, {"distance_pc": 0.0}, "r_med not above 0", ", r_med 0"),
    (COLUMN, {"distance_pc": -5.0}, "r_med not above 0", ", r_med -5"),
    (Cuts(distance="r_med", min_parallax_over_error=1.0), {"parallax": NAN}, "parallax missing", ""),
    (Cuts(distance="r_med", motion=True), {"distance_pc": 1e-4}, "r_med below 0.001 pc", ", r_med 0.0001"),
    (MOTION, {"parallax": 2e6}, "parallax beyond 1,000,000 mas", ", parallax 2000000"),
    (MOTION, {"pmra": INF}, "pmra beyond 1,000,000 mas a year", ", pmra inf"),
    (MOTION, {"pmdec": -2e6}, "pmdec beyond 1,000,000 mas a year", ", pmdec -2000000"),
    (MOTION, {"radial_velocity": 3e5}, "radial_velocity not below light's", ", radial_velocity 300000"),
]


@pytest.mark.parametrize(("cuts", "change", "why", "shown"), REASONS)
def test_a_row_is_counted_by_its_reason(cuts, change, why, shown):
    kept, counts = drop_unusable(table_of(SOUND | change, SOUND), "stars.csv line", cuts)
    assert kept.row.tolist() == [3]
    assert counts.by_reason() == {why: 1}
    assert counts.rejections[why].first == f"stars.csv line 2{shown}"


@pytest.mark.parametrize(
    ("cuts", "change"),
    [
        (ERROR, {"parallax": 1.0}),
        (ERROR, {"parallax": 1.0, "parallax_error": float(np.float32(0.1))}),
        (RUWE, {"ruwe": 1.4}),
        (RUWE, {"ruwe": float(np.float32(1.4))}),
        (EDSD, {"parallax": -0.5}),
        (EDSD, {"parallax": 0.0}),
        (COLUMN, {"parallax": -0.5}),
        (COLUMN, {"parallax": NAN}),
        (MOTION, {"pmra": NAN}),
        (MOTION, {"radial_velocity": NAN}),
        (Cuts(), {"ruwe": NAN, "parallax_error": NAN, "pmra": INF, "distance_pc": NAN}),
    ],
)
def test_what_is_good_enough_stays(cuts, change):
    kept, counts = drop_unusable(table_of(SOUND | change), "stars.csv line", cuts)
    assert (len(kept), counts) == (1, Counts(rows_read=1))


def test_single_precision_in_a_binary_file_is_the_same_star_as_its_decimals():
    text = SOUND | {"parallax": 1.0, "parallax_error": 0.1, "ruwe": 1.2}
    binary = text | {"parallax_error": float(np.float32(0.1)), "ruwe": float(np.float32(1.2))}
    kept = [
        len(drop_unusable(table_of(row), "a line", Cuts(min_parallax_over_error=limit, max_ruwe=1.2))[0])
        for limit in (9.99999, 10.0, 10.00001)
        for row in (text, binary)
    ]
    assert kept == [1, 1, 1, 1, 0, 0]


def test_a_row_with_several_faults_is_counted_once():
    row = SOUND | {"parallax_error": NAN, "ruwe": NAN, "phot_g_mean_mag": 20.0}
    cuts = Cuts(max_mag=6.0, min_parallax_over_error=5.0, max_ruwe=1.4, distance="edsd")
    kept, counts = drop_unusable(table_of(row), "a line", cuts)
    assert len(kept) == 0
    assert counts.by_reason() == {"fainter than --max-mag": 1}
