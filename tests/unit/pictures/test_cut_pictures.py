"""A cut shows nearly what all stars do, is wrong by about as much as it says beforehand, and is exact at the end."""

import numpy as np
import pytest

from helios.color import LUMINANCE
from helios.errors import InputError
from helios.pictures.cut import Cut
from helios.pictures.render import take_still
from helios.pictures.views import all_sky, pinhole
from tests.unit.packing import scene

SUN = np.zeros(3)


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    return scene.make_stars(tmp_path_factory.mktemp("many") / "universe", count=6000, depth=3)


def misplaced(view, one, other) -> float:
    blocks = [
        (still.light @ LUMINANCE).reshape(view.height // 32, 32, view.width // 32, 32).sum((1, 3))
        for still in (one, other)
    ]
    return float(np.abs(blocks[0] - blocks[1]).sum() / blocks[0].sum())


@pytest.mark.parametrize("kind", ["pinhole", "mollweide"])
def test_the_error_is_known_beforehand(universe, kind):
    view = pinhole(SUN, [1, 1, 0.2], 60.0, (512, 512)) if kind == "pinhole" else all_sky(SUN, kind, (512, 256))
    truth = take_still(universe, view)
    found = []
    for budget in (1400, 2500):
        still = take_still(universe, view, budget=budget)
        wrong = misplaced(view, truth, still)
        # Maps do without what cells make up for each other.
        assert 0.9 * wrong < still.known_error < (3.0 if kind == "pinhole" else 6.0) * wrong
        found.append(wrong)
    assert found[1] < found[0] < 0.5
    whole = take_still(universe, view, budget=6000)
    np.testing.assert_allclose(whole.light, truth.light, rtol=1e-9, atol=1e-22)
    assert whole.known_error < 1e-9


def test_a_budget_below_the_root_is_refused(universe):
    with pytest.raises(InputError, match="--budget 1: must be at least"):
        Cut(universe, [all_sky(SUN, "mollweide", (64, 32))], 1)
