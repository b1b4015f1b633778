"""The parallax zero point: which rows have one, and, where the authors' package is installed, its values by hand.

The values are worked out from the tables of Lindegren et al. 2021 where the basis functions are simple: at
nu_eff = 1.48 every colour term vanishes, on the ecliptic the latitude terms are 1, 0, -1/3, at its pole 1, 1, 2/3.
"""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from helios.catalog import zero_point
from helios.catalog.zero_point import parallax_zero_point_mas
from helios.errors import InputError

NAN = np.nan


@pytest.fixture
def stand_in(monkeypatch):
    """A package in place of the authors', which returns the colour it is given and keeps what it was asked."""
    asked = SimpleNamespace(loaded=0, rows=[])

    def get_zpt(magnitude, nu_eff, pseudocolour, latitude, solved, _warnings=True):
        assert not _warnings
        asked.rows.append((magnitude.tolist(), nu_eff.tolist(), pseudocolour.tolist(), solved.tolist()))
        return np.where(solved == 31, nu_eff, -pseudocolour)

    def load_tables():
        asked.loaded += 1

    package = ModuleType("zero_point")
    package.zpt = SimpleNamespace(get_zpt=get_zpt, load_tables=load_tables)
    monkeypatch.setitem(sys.modules, "zero_point", package)
    zero_point._package.cache_clear()
    yield asked
    zero_point._package.cache_clear()


def test_each_solution_is_judged_by_its_own_colour(stand_in):
    got = parallax_zero_point_mas(
        [10.0, 11.0, 12.0, NAN, 14.0, 15.0, 16.0],
        [1.5, NAN, 1.4, 1.5, NAN, 1.5, 1.5],
        [NAN, 1.6, NAN, NAN, 1.6, NAN, NAN],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, NAN],
        [31, 95, 3, 31, 31, 95, 31],
    )
    np.testing.assert_array_equal(got, [1.5, -1.6, NAN, NAN, NAN, NAN, NAN])
    assert stand_in.rows == [([10.0, 11.0], [1.5, 1.6], [1.5, 1.6], [31.0, 95.0])]


def test_the_tables_are_loaded_once_and_shapes_follow_the_arguments(stand_in):
    assert parallax_zero_point_mas(10.0, 1.5, NAN, 0.0, 31).shape == ()
    assert parallax_zero_point_mas([], [], [], [], []).shape == (0,)
    assert parallax_zero_point_mas([10.0, 11.0], 1.5, NAN, [[0.0], [1.0], [2.0]], 31).shape == (3, 2)
    assert stand_in.loaded == 1


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "zero_point", None)
    zero_point._package.cache_clear()
    with pytest.raises(InputError, match="needs the package gaiadr3-zeropoint"):
        parallax_zero_point_mas(10.0, 1.5, NAN, 0.0, 31)


@pytest.mark.parametrize(
    ("magnitude", "colour", "latitude", "solved", "microarcsec"),
    [
        (10.8, 1.48, 0.0, 31, -27.23 - 23.04 / 3),
        (10.8, 1.48, 90.0, 31, -27.23 - 3.07 + 23.04 * 2 / 3),
        (10.8, 1.48, -90.0, 31, -27.23 + 3.07 + 23.04 * 2 / 3),
        (17.5, 1.80, 0.0, 31, -29.18 - 2.41 / 3 + 325.0 * 0.08),
        (18.25, 1.48, 0.0, 31, (-29.18 - 18.40) / 2 - (2.41 - 6.46) / 6),
        (13.1, 1.48, 90.0, 95, -38.29 + 2.59 + 16.20 * 2 / 3),
        (13.1, 1.58, 0.0, 95, -38.29 - 16.20 / 3 + 0.1 * (-10.5 - 0.4 / 3)),
        (6.0, 1.48, 0.0, 31, NAN),
        (21.5, 1.48, 0.0, 95, NAN),
        (15.0, 1.95, 0.0, 31, NAN),
        (15.0, 1.20, 0.0, 95, NAN),
    ],
)
def test_values_are_those_of_the_published_tables(magnitude, colour, latitude, solved, microarcsec):
    pytest.importorskip("zero_point", reason="gaiadr3-zeropoint is not installed")
    zero_point._package.cache_clear()
    colours = (colour, NAN) if solved == 31 else (NAN, colour)
    got = parallax_zero_point_mas([magnitude], *colours, latitude, solved)
    # The package rounds to 0.001 microarcsecond.
    np.testing.assert_allclose(got, [microarcsec / 1000.0], atol=0.51e-6)
