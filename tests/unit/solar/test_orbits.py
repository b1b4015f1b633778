"""Rows of orbits: all columns are cut alike."""

from dataclasses import fields

import numpy as np

from helios.solar.orbits import Orbits


def test_rows_are_cut_in_every_column():
    columns = {field.name: np.arange(5.0) for field in fields(Orbits)}
    columns |= {name: np.array(list("abcde")) for name in ("designation", "name", "kind")}
    orbits = Orbits(**columns)
    cut = orbits[np.array([False, True, False, True, False])]
    assert len(orbits) == 5
    assert len(cut) == 2
    assert all(len(getattr(cut, field.name)) == 2 for field in fields(Orbits))
    assert list(cut.designation) == ["b", "d"]
    assert list(cut.perihelion_au) == [1.0, 3.0]
