"""NaN in the training of one cell: it is tried once more, slower, then keeps its start; no other cell is touched.

A density strategy puts the NaN into one parameter of one cell at a known step, as a CPU trains it (the cell alone) and
as a GPU does (with seven others beside it).
"""

import dataclasses
import math
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from helios.options import option
from helios.splats import LOSS_CURVE
from helios.training.registries import STRATEGIES
from helios.training.strategies.fixed import NoControl
from helios.universe import Universe
from tests.unit.training.conftest import CONFIG, ONE_CELLS_STARS, train


class Poisoned(NoControl):
    def __init__(self, batch, least_rate):
        self._model = batch.model
        poisoned = [len(scene.cell.emitters) == ONE_CELLS_STARS for scene in batch.scenes]
        self._cells = [b for b, is_one in enumerate(poisoned) if is_one and batch.config.learning_rate >= least_rate]

    def act(self, step):
        if step == 7:
            self._model.params[self._cells, 1, 8] = math.nan


@dataclasses.dataclass(frozen=True)
class Poison:
    """At step 7 one parameter of the cell of ONE_CELLS_STARS becomes NaN, at rates from `least_rate` on."""

    least_rate: float = option(0.0, "Learning rate below which training stays sound.")

    def begin(self, batch):
        return Poisoned(batch, self.least_rate)


AT_FULL_RATE = f"poison:least_rate={CONFIG.learning_rate}"


@pytest.mark.parametrize("name", ["cpu", "gpu"])
@pytest.mark.parametrize(("poison", "outcome"), [("poison", "diverged"), (AT_FULL_RATE, "sound")])
def test_a_cell_of_nan_is_tried_slower_then_keeps_its_start(
    source, tmp_path, numba_backend, undisturbed, monkeypatch, request, name, poison, outcome
):
    """The cells beside it are as in a run without NaN, in the same batch too."""
    if name == "gpu":
        request.getfixturevalue("as_on_a_gpu")
    monkeypatch.setitem(STRATEGIES._entries, "poison", EntryPoint("poison", f"{__name__}:Poison", STRATEGIES.group))
    train(source, tmp_path / "out", numba_backend, dataclasses.replace(CONFIG, strategy=poison))
    made, sound = Universe.open(tmp_path / "out"), Universe.open(undisturbed)
    for i, count in enumerate(np.diff(made.offsets)):
        result, expected = made.training.result(i), sound.training.result(i)
        assert all(np.isfinite(getattr(result.splats, f.name)).all() for f in dataclasses.fields(result.splats))
        # A part of the curve of losses in which no step was made has none.
        measured = [value for name, value in result.metrics.items() if name not in LOSS_CURVE]
        assert np.isfinite(measured).all()
        if count == ONE_CELLS_STARS:
            assert (result.outcome == "diverged") == (outcome == "diverged")
            lowered = result.metrics["last_loss"] < result.metrics["first_loss"]
            assert lowered == (result.outcome in ("trained", "mixed"))
        else:
            assert result.outcome == expected.outcome
            np.testing.assert_equal(dict(result.metrics), dict(expected.metrics))  # NaN is NaN
            np.testing.assert_array_equal(result.splats.means, expected.splats.means)
