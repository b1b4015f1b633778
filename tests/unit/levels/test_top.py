"""What is found above the branches without sorting: candidates against a sort in Python, texels against angles."""

import numpy as np
import pytest

from helios.levels import top
from helios.levels.glow import texels_of
from helios.levels.own_stars import OWN_STARS

STARS = 4_000


@pytest.mark.parametrize("levels", [0, 1, 3])
@pytest.mark.parametrize("stars", [STARS, 400_000])
def test_candidates_are_the_greatest_and_the_first_among_equals(monkeypatch, levels, stars):
    monkeypatch.setattr(top, "ROOT_STARS", 900)
    rng = np.random.default_rng(levels)
    mag = rng.uniform(6, 12, STARS)
    flux, luminosity = np.round(rng.lognormal(size=(2, STARS)), 1)  # with many ties

    def first(rows, values, count):
        return sorted(rows, key=lambda row: (-values[row], row))[:count]

    in_root = min(900, max(int((mag < 6.5).sum()), 2500 if stars == 400_000 else 0))
    wanted = {*first(range(STARS), flux, in_root + levels * OWN_STARS)}
    wanted |= {*first([row for row in range(STARS) if row not in wanted], luminosity, levels * OWN_STARS)}
    assert top.candidates(flux, luminosity, mag, levels, stars).tolist() == sorted(wanted)


@pytest.mark.parametrize(
    ("stars", "naked", "kept"),
    [
        *[(1_000, 3, 3), (81_919, 0, 0), (81_920, 0, 512), (100_000, 54, 625), (100_000, 9_000, 9_000)],
        *[(1_000_000, 500, 6_250), (1_800_000_000, 4_000, 8_192), (1_800_000_000, 20_000, 16_384)],
    ],
)
def test_the_root_keeps_what_the_naked_eye_sees_or_the_brightest_of_a_share(stars, naked, kept):
    assert top.root_stars(stars, naked) == kept


def test_texels_are_equal_steps_of_the_angle_from_the_middle_of_a_face():
    direction = np.random.default_rng(1).standard_normal((5_000, 3)) * 1e17
    n = 64
    for found, place in zip(texels_of(direction, n).tolist(), direction):
        axis = int(np.argmax(np.abs(place)))
        across = place[[(axis + 1) % 3, (axis + 2) % 3]] / abs(place[axis])
        i, j = np.floor((np.arctan(across) / (np.pi / 2) + 0.5) * n).astype(int)
        assert found == ((axis * 2 + (place[axis] > 0)) * n + i) * n + j
