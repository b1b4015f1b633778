"""Kirkwood gaps: where they are, by published values, and that gaps are found and no others."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from helios.reporting.asteroids import RESONANCES, asteroids_section, gap_au, gaps

MPCORB = Path(__file__).parents[3].parent / "shared/data/solar_system/mpcorb_10k.txt.gz"


def test_gaps_are_where_they_are_published():
    """Murray & Dermott, Solar System Dynamics (1999), section 8: 2.50, 2.82, 2.96 and 3.28 au."""
    found = [gap_au(around, jupiter) for _, around, jupiter in RESONANCES]
    assert found == pytest.approx([2.50, 2.82, 2.96, 3.28], abs=0.01)


def test_only_gaps_that_are_there_are_found():
    even = np.linspace(2.0, 3.5, 60_001)
    assert [row["share"] for row in gaps(even)] == pytest.approx([1.0] * 4, abs=0.01)
    swept = even[np.abs(even - gap_au(3, 1)) > 0.008]
    first, *others = (row["share"] for row in gaps(swept))
    assert first == pytest.approx(0.2, abs=0.01)
    assert others == pytest.approx([1.0] * 3, abs=0.01)
    assert all(row["share"] is None for row in gaps(np.array([40.0])))


def test_orbits_beyond_the_axis_are_counted():
    numbers = asteroids_section(np.array([2.3, 2.7, 39.5, -1.27])).numbers
    assert (numbers["orbits"], numbers["orbits_beyond_the_axis"]) == (4, 2)


def test_real_asteroids_leave_the_gaps_empty():
    if not MPCORB.exists():
        pytest.skip(f"{MPCORB} is not there")
    with gzip.open(MPCORB, "rt") as file:
        lines = file.read().partition("-" * 100)[2].splitlines()[1:]
    axes = [float(line[92:103]) for line in lines if line]
    assert len(axes) == 10_000
    for row in asteroids_section(axes).numbers["gaps"]:
        assert row["share"] < 1 / 3, row["gap"]
