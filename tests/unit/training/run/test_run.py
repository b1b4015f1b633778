"""A training run as a library: what it tells, what it keeps, and what stops it: people, memory, devices.

150 synthetic stars in 13 cells train in a second or two. What a GPU does (batches, the next one prepared ahead) runs on
the CPU, with a limit of memory where that is to run out.
"""

import dataclasses
import math
import threading

import numpy as np
import pytest
import torch

from helios.errors import BackendError, StoreError
from helios.progress import Advance, Note, Stage
from helios.rendering.numba_backend import NumbaBackend
from helios.training.run import this_process
from helios.training.run import universe as universe_module
from helios.training.run.events import BatchHalved, CellsTrained
from helios.training.run.run import train as carry_out
from helios.training.run.run_config import RunConfig
from helios.training.run.universe import UniverseTraining
from helios.universe import Universe, paths
from helios.universe.training import OUTCOMES
from tests.unit.training.conftest import CONFIG, contents, train


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_it_tells_what_happens_from_first_to_last(source, tmp_path, numba_backend, undisturbed):
    events = train(source, tmp_path / "out", numba_backend)
    cells = len(Universe.open(source))
    assert events[:2] == [Note("backend numba: asked for"), Note(f"training {cells} cells")]
    assert events[2] == Stage("training", cells, "cells")
    result = events[-1].result
    assert (result.path, result.skipped, result.left, result.trained) == (tmp_path / "out", 0, 0, cells)
    trained = [cell.index for event in of_kind(events, CellsTrained) for cell in event.results]
    assert sorted(trained) == list(range(cells))
    assert trained == [cell.index for cell in result.results]
    done = [event.done for event in of_kind(events, Advance)]
    assert 0 <= done[0] <= done[-1] == cells
    assert events[-2].values.keys() == {"loss"}
    assert "means" not in repr(events)
    assert contents(tmp_path / "out") == contents(undisturbed)


def test_progress_goes_on_within_a_cell(source, tmp_path, numba_backend, monkeypatch):
    """One cell of 3000 steps, looked at as often as can be: shares of it come, in order, with the loss of its steps."""
    monkeypatch.setattr("helios.schedulers.scheduler.PAUSE_S", 0.002)
    monkeypatch.setattr("helios.training.run.observer._LOOK_EVERY_S", 0.0)
    largest = int(np.argmax(np.diff(Universe.open(source).offsets)))
    config = dataclasses.replace(CONFIG, iterations=3000)
    events = train(source, tmp_path / "out", numba_backend, config, [largest])
    within = [event for event in of_kind(events, Advance) if 0 < event.done < 1]
    assert len(within) > 3
    shares = [event.done for event in within]
    assert shares == sorted(shares)
    assert all(math.isfinite(event.values["loss"]) for event in within)


def test_asked_to_stop_it_keeps_what_it_has_and_goes_on_later(
    source, tmp_path, numba_backend, undisturbed, monkeypatch
):
    monkeypatch.setattr("helios.training.run.run._TOGETHER_S", 0.0)
    output, asked = tmp_path / "out", threading.Event()
    cells = range(len(Universe.open(source)))

    def stop_when_some_are_kept(event):
        if isinstance(event, CellsTrained):
            asked.set()

    training = UniverseTraining(source, output, cells, CONFIG, numba_backend)
    result = carry_out(training, stop_when_some_are_kept, asked.is_set)
    kept = len(result.results)
    assert 0 < kept < len(cells)
    assert (result.left, result.trained) == (len(cells) - kept, 0)
    assert not Universe.open(output).trained.any()
    rest = train(source, output, numba_backend)
    assert Note(f"{kept} of {len(cells)} cells are trained already with these settings") in rest
    assert Stage("training", len(cells) - kept, "cells") in rest
    assert rest[-1].result.skipped == kept
    assert contents(output) == contents(undisturbed)


def test_stopped_before_it_began(source, tmp_path, numba_backend):
    events = train(source, tmp_path / "out", numba_backend, stop=lambda: True)
    assert events[1:-1] == [Note("training 13 cells"), Stage("training", 13, "cells")]
    assert (events[-1].result.results, events[-1].result.left) == ((), 13)


@pytest.mark.parametrize("error", [BrokenPipeError, SystemExit])
def test_what_on_event_raises_ends_the_threads(source, tmp_path, numba_backend, error):
    """Standard output that is gone must not leave threads training; rich leaves the program then."""
    config = dataclasses.replace(CONFIG, iterations=1_000_000)

    def on_event(event):
        if isinstance(event, Advance):
            assert [thread for thread in threading.enumerate() if thread.name.startswith("helios-work")]
            raise error

    with pytest.raises(error):
        carry_out(UniverseTraining(source, tmp_path / "out", range(13), config, numba_backend), on_event)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("helios-work")]


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_a_failure_loses_nothing_that_is_kept(source, tmp_path, name, request, undisturbed, numba_backend, monkeypatch):
    """The device vanishes when six cells are trained: one line that says so; the rest is trained later."""
    if name == "gpu":
        request.getfixturevalue("as_on_a_gpu")
        monkeypatch.setattr("helios.training.run.batches._MOST_CELLS", 2)
    monkeypatch.setattr("helios.training.run.run._TOGETHER_S", 0.0)
    whole, ended = this_process.train_scenes, []

    def vanishing(*arguments):
        if len(ended) > 5:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with TORCH_USE_CUDA_DSA")
        results = whole(*arguments)
        ended.extend(results)
        return results

    monkeypatch.setattr(this_process, "train_scenes", vanishing)
    output = tmp_path / "out"
    with pytest.raises(BackendError, match=r"^cpu failed: CUDA error: unspecified launch failure; .*goes on") as caught:
        carry_out(UniverseTraining(source, output, range(13), CONFIG, numba_backend))
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(this_process, "train_scenes", whole)
    result = train(source, output, numba_backend)[-1].result
    assert result.skipped + len(result.results) == 13
    assert 6 <= result.skipped <= len(ended)  # what ended in another thread just then is not kept
    assert contents(output) == contents(undisturbed)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not fit"), ValueError("CUDA error")])
def test_a_defect_keeps_its_traceback(source, tmp_path, numba_backend, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(this_process, "train_scenes", fail)
    with pytest.raises(type(error), match=str(error)):
        train(source, tmp_path / "out", numba_backend)


DRAWN = dataclasses.replace(CONFIG, loss="charbonnier")
"""Settings with which the backend draws what is trained: the default loss has compiled steps of its own."""


class Limited(NumbaBackend):
    """The rasteriser of a device with room for the images of so many cells: it runs out when a batch is judged."""

    def __init__(self, cells, error=torch.OutOfMemoryError):
        super().__init__()
        self.cells, self.error, self.drawn = cells, error, []

    def render(self, means, *scene):
        self.drawn.append(len(means))
        if len(means) > self.cells:
            raise self.error("CUDA out of memory")
        return super().render(means, *scene)


@pytest.mark.usefixtures("as_on_a_gpu")
@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])
def test_out_of_memory_batches_are_halved_to_the_same_bytes(source, tmp_path, error):
    """Extensions of torch raise the same words as a plain RuntimeError."""
    train(source, tmp_path / "roomy", Limited(1000), DRAWN)
    scant = Limited(2, error)
    events = train(source, tmp_path / "scant", scant, DRAWN)
    halved = [event.cells for event in of_kind(events, BatchHalved)]
    assert halved == sorted(halved, reverse=True)
    assert halved[-1] == 2
    assert 2 in scant.drawn
    assert contents(tmp_path / "scant") == contents(tmp_path / "roomy")


@pytest.mark.usefixtures("as_on_a_gpu")
def test_no_room_for_a_single_cell(source, tmp_path):
    with pytest.raises(BackendError, match="cpu has too little memory for one cell; a smaller --image-size"):
        train(source, tmp_path / "out", Limited(0), DRAWN)


@pytest.mark.usefixtures("as_on_a_gpu")
def test_batches_come_in_their_order_and_both_ways_to_the_same_bytes(
    source, tmp_path, numba_backend, undisturbed, monkeypatch
):
    monkeypatch.setattr("helios.training.run.batches._MOST_CELLS", 3)
    monkeypatch.setattr("helios.training.run.run._TOGETHER_S", -1.0)
    events = train(source, tmp_path / "out", numba_backend)
    batches = [[cell.index for cell in event.results] for event in of_kind(events, CellsTrained)]
    exact = Universe.open(undisturbed).training.outcomes == OUTCOMES.index("exact")
    fitted = [not exact[batch].any() for batch in batches]
    assert max(len(batch) for batch in batches) == 3
    assert sum(len(batch) for batch in batches) == 13
    assert fitted == sorted(fitted, reverse=True)
    assert all(exact[batch].all() for batch, is_fitted in zip(batches, fitted) if not is_fitted)
    assert contents(tmp_path / "out") == contents(undisturbed)


def test_a_failing_preparation_is_raised(source, tmp_path, numba_backend, as_on_a_gpu, monkeypatch):
    def fail(*_):
        raise ArithmeticError("no truth")

    monkeypatch.setattr(this_process.Scene, "of", fail)
    with pytest.raises(ArithmeticError, match="no truth"):
        train(source, tmp_path / "out", numba_backend)


def test_checkpoints_leave_no_trace(source, tmp_path, numba_backend, undisturbed):
    train(source, tmp_path / "out", numba_backend, run=RunConfig(checkpoint_every=6))
    assert contents(tmp_path / "out") == contents(undisturbed)


def test_a_run_goes_on_from_the_checkpoints_of_the_cells_in_training(source, tmp_path, numba_backend, monkeypatch):
    """Broken off in the middle of the largest cell: the next run makes only the rest of its steps."""
    largest = int(np.argmax(np.diff(Universe.open(source).offsets)))
    whole = tmp_path / "whole"
    train(source, whole, numba_backend, cells=[largest])
    first, made = [], []

    class Noting(universe_module.ProgressObserver):
        def __call__(self, step):
            made.append(step.steps)
            if step.steps == 15 and not first:
                first.append(step.steps)
                raise ArithmeticError("pulled the plug")

    monkeypatch.setattr(universe_module, "ProgressObserver", Noting)
    run = RunConfig(checkpoint_every=6)
    again = UniverseTraining(source, tmp_path / "out", [largest], CONFIG, numba_backend, run)
    with pytest.raises(ArithmeticError):
        carry_out(again)
    made.clear()
    carry_out(again)
    assert made == list(range(13, 21))
    assert contents(tmp_path / "out") == contents(whole)


def test_what_cannot_be_written_is_told_before_anything_is_trained(source, tmp_path, numba_backend):
    output = tmp_path / "out"
    train(source, output, numba_backend, dataclasses.replace(CONFIG, iterations=0))
    paths.journal_path(output).write_text("in the way")
    events = []
    with pytest.raises(StoreError, match="nothing was changed there"):
        carry_out(UniverseTraining(source, output, range(13), CONFIG, numba_backend), events.append)
    assert events == [Note("backend numba: asked for")]


def test_no_iterations_keep_every_start(source, tmp_path, numba_backend):
    train(source, tmp_path / "out", numba_backend, dataclasses.replace(CONFIG, iterations=0))
    made = Universe.open(tmp_path / "out")
    outcomes = {made.training.result(i).outcome for i in range(len(made))}
    assert "start" in outcomes <= {"start", "exact"}
    assert made.metrics()["last_loss"].tolist() == made.metrics()["first_loss"].tolist()
