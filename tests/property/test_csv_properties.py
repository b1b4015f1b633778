"""The CSV reader against arbitrary values and arbitrary bytes.

Values are written by Python's `repr`, which round-trips, so the reader must give back the very same bits; bytes are
a sound file with a piece cut out, replaced or put in, which must be read or refused with one line, never crash.
"""

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helios.catalog import open_catalog
from helios.catalog.cuts import drop_unusable
from helios.catalog.table import FLOAT_COLUMNS, StarTable
from helios.errors import InputError

fast = settings(max_examples=100, deadline=None, derandomize=True)

HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"
SOUND = (HEADER + "".join(f"{i},{i * 1.5},{i - 20.25},{1 + i},{3 + i / 7},{i / 9}\n" for i in range(40))).encode()

numbers = st.floats(allow_nan=False)
rows = st.lists(st.tuples(st.integers(-(2**63) + 1, 2**63 - 1), *[st.none() | numbers] * 5), min_size=1, max_size=8)


def read(path) -> StarTable:
    return StarTable.concatenate(list(open_catalog(path).chunks()))


@fast
@given(rows)
def test_every_number_comes_back_bit_for_bit(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "stars.csv"
    path.write_text(HEADER + "".join(",".join("" if v is None else repr(v) for v in row) + "\n" for row in rows))
    table = read(path)
    assert table.source_id.tolist() == [row[0] for row in rows]
    for column, name in enumerate(FLOAT_COLUMNS, 1):
        expected = [math.nan if row[column] is None else row[column] for row in rows]
        np.testing.assert_array_equal(getattr(table, name), expected)
    assert table.row.tolist() == list(range(2, len(rows) + 2))


@fast
@given(st.integers(0, len(SOUND)), st.integers(0, 60), st.binary(max_size=40))
@example(0, len(SOUND), b"")
@example(0, 1, b"")
@example(len(SOUND) - 5, 0, b'"')
@example(60, 0, b"\n\n")
def test_damaged_text_is_read_or_refused_in_one_line(tmp_path_factory, place, cut, put):
    path = tmp_path_factory.mktemp("csv") / "stars.csv"
    path.write_bytes(SOUND[:place] + put + SOUND[place + cut :])
    message = None
    try:
        table = read(path)
    except InputError as error:
        message = str(error)
    if message is not None:
        assert message.startswith(str(path))
        assert len(message.splitlines()) == 1
        return
    kept, counts = drop_unusable(table, f"{path.name} line")
    assert len(kept) + counts.rejected == len(table)
    assert np.isfinite([kept.ra, kept.dec, kept.parallax, kept.phot_g_mean_mag]).all()
