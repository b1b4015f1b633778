"""What is found above the branches without sorting: candidates against a sort in Python, texels against angles."""

import numpy as np
import pytest

from helios.levels import top
from helios.levels.glow import texels_of
from helios.levels.own_stars import OWN_STARS

STARS = 4_000


@pytest.mark.parametrize("levels", [0, 1, 3])
def test_candidates_are_the_greatest_and_the_first_among_equals(monkeypatch, levels):
    monkeypatch.setattr(top, "ROOT_STARS", 40)
    rng = np.random.default_rng(levels)
    mag = rng.uniform(6, 12, STARS)
    flux, luminosity = np.round(rng.lognormal(size=(2, STARS)), 1)  # with many ties
    naked = [row for row in range(STARS) if mag[row] < top.ROOT_MAGNITUDE]
    rest = [row for row in range(STARS) if mag[row] >= top.ROOT_MAGNITUDE]

    def first(rows, values, count):
        return sorted(rows, key=lambda row: (-values[row], row))[:count]

    wanted = {*first(naked, flux, 40 + levels * OWN_STARS)}
    wanted |= {*first(rest, flux, levels * OWN_STARS), *first(rest, luminosity, levels * OWN_STARS)}
    assert top.candidates(flux, luminosity, mag, levels).tolist() == sorted(wanted)


def test_texels_are_equal_steps_of_the_angle_from_the_middle_of_a_face():
    direction = np.random.default_rng(1).standard_normal((5_000, 3)) * 1e17
    n = 64
    for found, place in zip(texels_of(direction, n).tolist(), direction):
        axis = int(np.argmax(np.abs(place)))
        across = place[[(axis + 1) % 3, (axis + 2) % 3]] / abs(place[axis])
        i, j = np.floor((np.arctan(across) / (np.pi / 2) + 0.5) * n).astype(int)
        assert found == ((axis * 2 + (place[axis] > 0)) * n + i) * n + j
