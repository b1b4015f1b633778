"""A star table with and without its optional columns: what is not there is NaN, and takes no memory."""

import dataclasses

import astropy.units as u
import numpy as np
import pytest

from helios.catalog.table import COLUMNS, OPTIONAL_COLUMNS, UNITS, StarTable


@pytest.fixture
def table():
    columns = np.arange(1.0, 6.0)[:, None] + np.arange(4) / 10
    return StarTable(np.arange(4), *columns, row=np.arange(2, 6))


def test_optional_columns_are_nan_where_there_are_none(table):
    distances = ("distance_pc", "distance_lower_pc", "distance_upper_pc")
    assert table.absent == {*OPTIONAL_COLUMNS, *distances}
    assert set(COLUMNS) == table.absent | table.columns().keys()
    for name in table.absent:
        assert np.isnan(getattr(table, name)).all()
        assert getattr(table, name).shape == (4,)
        assert getattr(table, name).strides == (0,)


def test_they_go_with_their_rows(table):
    part = table.with_columns(ruwe=np.array([1.0, 2.0, 3.0, 4.0]))[np.array([False, True, False, True])]
    assert part.ruwe.tolist() == [2.0, 4.0]
    assert part.source_id.tolist() == [1, 3]
    assert part.absent == table.absent - {"ruwe"}


def test_tables_with_and_without_them_are_joined(table):
    joined = StarTable.concatenate([table[:2], table.with_columns(pmra=np.ones(4))])
    np.testing.assert_array_equal(joined.pmra, [np.nan, np.nan, 1, 1, 1, 1])
    assert joined.absent == table.absent - {"pmra"}


def test_other_identifiers_change_nothing_else(table):
    other = table.with_ids(np.arange(10, 14))
    assert other.source_id.tolist() == [10, 11, 12, 13]
    assert other.absent == table.absent
    assert other.ra is table.ra


def test_a_table_replaced_in_part_stays_without_the_rest(table):
    assert dataclasses.replace(table, bp_rp=np.zeros(4), ruwe=None).absent >= {"ruwe"}


def test_units_are_ones_that_astropy_knows():
    for unit in UNITS.values():
        u.Unit(unit)
