"""Each promise about cells and stars, broken alone in an otherwise sound universe, is the one that is reported.

Three hundred made stars over 50 cells: cells with one star, where order cannot hide a wrong place, and cells with
many. All checksums are those of the damaged content, so that nothing but the values can give it away. Every damage is
looked for in one block of rows and in blocks of 7, which end inside cells.
"""

import numpy as np
import pytest

from helios.catalog.table import NO_ID
from helios.cells import Cells
from helios.errors import InputError
from helios.grid import HLGrid
from helios.universe import Universe, check_stars
from helios.universe.emitters import EMITTER_COLUMNS
from helios.universe.groups import BOX_COLUMNS
from helios.universe.validate import validate_universe
from tests.unit.universe.conftest import add_nothing
from tests.unit.universe.rewriting import rewrite, set_value

DEPTH = 3

PER_CELL = ("depth", "l", "theta", "phi", *BOX_COLUMNS)


@pytest.fixture(params=[None, 7], ids=["one block", "blocks of 7"])
def path(request, copy_of, monkeypatch):
    if request.param:
        monkeypatch.setattr(check_stars, "BLOCK_ROWS", request.param)
    return copy_of(synthetic=300, depth=DEPTH)


def found(path, shown=5):
    return validate_universe(path, add_nothing, shown).findings


def row_of_largest(columns):
    return int(columns["cells/offsets"][np.argmax(np.diff(columns["cells/offsets"]))])


def lonely(columns):
    """(cell, row) of a cell that has one star."""
    offsets = columns["cells/offsets"]
    cell = int(np.flatnonzero(np.diff(offsets) == 1)[0])
    return cell, int(offsets[cell])


def box_of(columns, cell):
    index = [columns[f"cells/{n}"][cell : cell + 1] for n in ("l", "theta", "phi")]
    return index, *(v[0] for v in Cells.at(DEPTH, *index).bounds_m())


def move(columns, row, position):
    for name, value in zip(("x_m", "y_m", "z_m"), position):
        set_value(columns, f"emitters/{name}", row, value)


def permute(columns, group, names, order):
    for name in names:
        columns[f"{group}/{name}"] = columns[f"{group}/{name}"][order]


def not_a_number(columns, _):
    set_value(columns, "emitters/x_m", row_of_largest(columns), np.nan)


def infinite_position(columns, _):
    set_value(columns, "emitters/z_m", lonely(columns)[1], -np.inf)


def magnitude_missing(columns, _):
    set_value(columns, "emitters/phot_g_mean_mag", row_of_largest(columns), np.nan)


def infinite_color(columns, _):
    set_value(columns, "emitters/bp_rp", 3, np.inf)


def too_bright(columns, _):
    set_value(columns, "emitters/phot_g_mean_mag", row_of_largest(columns), -30.001)


def too_faint(columns, _):
    set_value(columns, "emitters/phot_g_mean_mag", lonely(columns)[1], 99.0)


def identifier_twice(columns, _):
    set_value(columns, "emitters/source_id", 250, columns["emitters/source_id"][20])


def identifier_missing(columns, _):
    set_value(columns, "emitters/source_id", 17, NO_ID)


def fainter_first(columns, _):
    order, row = np.arange(300), row_of_largest(columns)
    order[[row, row + 1]] = row + 1, row
    permute(columns, "emitters", EMITTER_COLUMNS, order)


def equals_by_falling_identifier(columns, _):
    row = row_of_largest(columns)
    for name in EMITTER_COLUMNS:
        set_value(columns, f"emitters/{name}", row + 1, columns[f"emitters/{name}"][row])
    set_value(columns, "emitters/source_id", slice(row, row + 2), [8001, 8000])


def in_the_box_but_not_the_cell(columns, _):
    """A corner of the box that the curved faces leave out."""
    cell, row = lonely(columns)
    index, low, high = box_of(columns, cell)
    for corner in np.ndindex(2, 2, 2):
        position = np.where(corner, high, low) * (1 - 1e-9) + (low + high) / 2 * 1e-9
        if any(found != own for found, own in zip(HLGrid(DEPTH).locate(position[None]), index)):
            move(columns, row, position)
            return


def past_the_shortest_side(columns, _):
    cell, row = lonely(columns)
    _, low, high = box_of(columns, cell)
    axis = int(np.argmin(high - low))
    position = (low + high) / 2
    position[axis] += 0.51 * (high - low)[axis]
    move(columns, row, position)


def past_the_longest_side(columns, _):
    cell, row = lonely(columns)
    _, low, high = box_of(columns, cell)
    axis = int(np.argmax(high - low))
    position = (low + high) / 2
    position[axis] += 0.51 * (high - low)[axis]
    move(columns, row, position)


def beyond_the_grid(columns, _):
    move(columns, lonely(columns)[1], [1e300, -1e300, 1e300])


def box_a_little_wider(columns, _):
    name, i = "cells/stars_max_m", int(np.argmax(np.diff(columns["cells/offsets"])))
    set_value(columns, name, (i, 1), np.nextafter(columns[name][i, 1], np.inf))


def box_far_away(columns, _):
    """So far from the stars of a cell that even float64 loses them."""
    i = int(np.flatnonzero(np.diff(columns["cells/offsets"]) == 2)[0])
    set_value(columns, "cells/stars_max_m", i, 1e32)


def box_without_a_number(columns, _):
    i = int(np.flatnonzero(np.diff(columns["cells/offsets"]) == 2)[0])
    set_value(columns, "cells/stars_min_m", i, np.nan)


def cells_swapped(columns, _):
    """Two cells with one star each, and their stars with them."""
    sizes = np.diff(columns["cells/offsets"])
    i = int(np.flatnonzero((sizes[1:] == 1) & (sizes[:-1] == 1))[0])
    cells, rows, row = np.arange(len(sizes)), np.arange(300), int(columns["cells/offsets"][i])
    cells[[i, i + 1]], rows[[row, row + 1]] = (i + 1, i), (row + 1, row)
    permute(columns, "cells", PER_CELL, cells)
    permute(columns, "emitters", EMITTER_COLUMNS, rows)


def cell_twice(columns, _):
    """The largest cell in two parts."""
    offsets = columns["cells/offsets"]
    i = int(np.argmax(np.diff(offsets)))
    permute(columns, "cells", PER_CELL, np.sort(np.r_[np.arange(len(offsets) - 1), i]))
    columns["cells/offsets"] = np.insert(offsets, i + 1, offsets[i] + 1)


BROKEN = [
    (not_a_number, {"finite": 1}, "x_m nan; values must be finite"),
    (infinite_position, {"finite": 1}, "z_m -inf"),
    (magnitude_missing, {"finite": 1}, "phot_g_mean_mag nan"),
    (infinite_color, {"finite": 1}, "emitters row 3: bp_rp inf"),
    (too_bright, {"magnitude": 1}, "phot_g_mean_mag -30.00"),
    (too_faint, {"magnitude": 1}, "phot_g_mean_mag 99.0; phot_g_mean_mag must be from -30 to 50"),
    (identifier_twice, {"identity": 1}, "emitters row 250: source_id"),
    (identifier_missing, {"identity": 1}, "emitters row 17: source_id missing"),
    (fainter_first, {"order": 1}, "m2 sr, source_id"),
    (equals_by_falling_identifier, {"order": 1, "frame": 1}, "source_id 8000 after"),
    (in_the_box_but_not_the_cell, {"place": 1, "frame": 1}, "m is in cell"),
    (past_the_shortest_side, {"bounds": 1, "place": 1, "frame": 1}, "box ("),
    (past_the_longest_side, {"bounds": 1, "place": 1, "frame": 1}, "m, its stars fill ("),
    (beyond_the_grid, {"bounds": 1, "place": 1, "frame": 1, "seen": 1}, "is in no cell"),
    (box_a_little_wider, {"frame": 1}, "the box of a cell's stars must be the smallest that holds them"),
    (box_far_away, {"frame": 1, "seen": 2}, " leaves it "),
    (box_without_a_number, {"frame": 1, "seen": 2}, "arcsec off"),
    (cells_swapped, {"cells": 1}, "in order"),
    (cell_twice, {"cells": 1, "frame": 2}, "the same as the one before"),
]


@pytest.mark.parametrize(("change", "counts", "text"), BROKEN, ids=[case[0].__name__ for case in BROKEN])
def test_a_broken_promise_is_the_one_that_is_reported(path, change, counts, text):
    rewrite(path, change)
    findings = found(path)
    assert findings.counts == counts, findings.lines()
    assert any(text in line for line in findings.lines())
    for finding in (f for first in findings.first.values() for f in first):
        assert finding.cell in {str(c) for c in Universe.open(path).cells}


def longer(columns, _):
    set_value(columns, "cells/offsets", -1, 301)


def shorter(columns, _):
    set_value(columns, "cells/offsets", -1, 299)


def not_from_zero(columns, _):
    set_value(columns, "cells/offsets", 0, 1)


def falling(columns, _):
    set_value(columns, "cells/offsets", 2, columns["cells/offsets"][4])


def one_offset_less(columns, _):
    columns["cells/offsets"] = columns["cells/offsets"][1:]


def empty_cell(columns, _):
    columns["cells/offsets"] = np.insert(columns["cells/offsets"][:-1], 3, columns["cells/offsets"][3])


def one_column_longer(columns, _):
    columns["emitters/bp_rp"] = np.append(columns["emitters/bp_rp"], np.float32(1))


def outside_the_grid(columns, _):
    set_value(columns, "cells/phi", 2, 2**DEPTH)


def columns_of_cells_differ(columns, _):
    columns["cells/phi"] = columns["cells/phi"][1:]


def other_type(columns, _):
    columns["emitters/x_m"] = columns["emitters/x_m"].astype(np.float32)


UNREADABLE = [
    (longer, "offsets", "the last offset is 301, source_id has 300 rows"),
    (shorter, "offsets", "the last offset is 299"),
    (not_from_zero, "offsets", "the first offset is 1"),
    (falling, "offsets", "offset 3 is"),
    (one_offset_less, "offsets", "must be one more"),
    (empty_cell, "offsets", "offset 4 is"),
    (one_column_longer, "offsets", "bp_rp has 301 rows"),
    (outside_the_grid, "cells", "cell 2 is not in the grid of depth 3"),
    (columns_of_cells_differ, "cells", "columns of different lengths"),
    (other_type, "metadata", "emitters/x_m is float32 of shape (300,), not float64"),
]


@pytest.mark.parametrize(("change", "promise", "text"), UNREADABLE, ids=[case[0].__name__ for case in UNREADABLE])
def test_where_stars_cannot_be_told_apart_that_is_said(copy_of, change, promise, text):
    path = copy_of(synthetic=300, depth=DEPTH)
    rewrite(path, change, index=False)
    result = validate_universe(path, add_nothing)
    assert promise in result.findings.counts, result.findings.lines()
    assert any(text in line for line in result.findings.lines())
    assert result.skipped
    assert not result.sound


def too_full(columns, attributes):
    attributes["leaf_capacity"] = 9


def split_for_nothing(columns, attributes):
    attributes["leaf_capacity"] = 40


def inner_cells_miscounted(columns, _):
    set_value(columns, "inner/count", 1, columns["inner/count"][1] + 1)


def within_another(columns, _):
    set_value(columns, "cells/depth", 0, columns["cells/depth"][0] - 1)
    for name in ("l", "theta", "phi"):
        set_value(columns, f"cells/{name}", 0, columns[f"cells/{name}"][0] // 2)


@pytest.mark.parametrize(
    ("change", "promise", "text"),
    [
        (too_full, "tree", "at most 9 in a cell"),
        (split_for_nothing, "tree", "split, though it holds"),
        (inner_cells_miscounted, "tree", "inner/count is not that"),
        (within_another, "cells", "lies in"),
    ],
)
def test_a_tree_that_is_none_is_reported(copy_of, change, promise, text):
    path = copy_of(synthetic=300, leaf_capacity=10)
    assert validate_universe(path, add_nothing).sound
    rewrite(path, change)
    findings = found(path)
    assert set(findings.counts) >= {promise}
    assert any(line.startswith(promise) and text in line for line in findings.lines()), findings.lines()


@pytest.mark.parametrize("depth", [0, 1, 5, 12, 20])
def test_made_universes_are_sound_at_every_depth(make, depth):
    result = validate_universe(make(synthetic=2000, seed=depth, depth=depth).path, add_nothing)
    assert result.sound, result.findings.lines()
    assert (result.stars, result.depths, result.splats) == (2000, (depth, depth), 0)


def test_real_stars_are_sound(make, gaia_csv):
    for name, options in (("gaia", {"stars": (gaia_csv,), "depth": 5}), ("bright", {}), ("few", {"limit": 1})):
        result = validate_universe(make(name, **options).path, add_nothing)
        assert result.sound, result.findings.lines()


def test_stars_at_the_ends_of_the_grid_are_sound(make, tmp_path):
    header = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"
    rows = ["1,0,90,1e-7,50,", "2,0,-90,1,-30,0.5", "3,270,66.5607,6.7e8,5,0.5", "4,90,-66.5607,4e-11,5,0.5"]
    rows += ["5,0,0,10,5,0.5", "6,180,0,10,5,0.5", "7,90,23.4393,10,5,0.5", "8,270,-23.4393,10,5,0.5"]
    (tmp_path / "ends.csv").write_text(header + "\n".join(rows) + "\n")
    for depth in (0, 1, 5, 20):
        result = validate_universe(make(f"d{depth}", stars=(tmp_path / "ends.csv",), depth=depth).path, add_nothing)
        # Star 3, nearer than Mercury, has a star ten thousand million times farther in its cell: float64 ends there.
        assert result.findings.counts == ({"seen": 1} if depth == 0 else {}), result.findings.lines()
        assert all("source_id 3 leaves it 0.00" in line for line in result.findings.lines())
        assert result.stars == 8


def test_of_many_findings_the_first_are_told_and_the_others_counted(copy_of):
    path = copy_of(synthetic=300, depth=DEPTH)
    rewrite(path, lambda columns, _: set_value(columns, "emitters/bp_rp", slice(None), np.inf))
    lines = found(path, shown=2).lines()
    assert [line.split(":")[0] for line in lines] == ["finite"] * 3
    assert lines[-1] == "finite: and 298 more"


def test_no_universe_is_an_error_of_its_own(tmp_path):
    with pytest.raises(InputError, match="no universe there"):
        found(tmp_path / "nowhere")
