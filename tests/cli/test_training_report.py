"""What a training run shows of its events: a bar on a terminal, a line a minute elsewhere, the end in words.

Made-up events on a clock of their own, so that minutes pass at once and every number shown is known beforehand.
"""

import io
import signal
from pathlib import Path

import numpy as np
import pytest

from helios.cli import meter, train
from helios.cli.interrupt import Interrupts
from helios.cli.meter import Meter
from helios.cli.training_report import print_summary
from helios.progress import Advance, Note, Stage
from helios.splats import CellResult, Splats
from helios.training.cameras import HELD_OUT_RADII
from helios.training.run.events import BatchHalved, TrainResult


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(meter, "time", clock := Clock())
    return clock


class Screen(io.StringIO):
    def __init__(self, terminal=False):
        super().__init__()
        self.isatty = lambda: terminal


def result(outcome, first=0.02, last=0.01):
    names = [f"{m}_{radii:g}_{n}" for m in ("psnr", "flux_error") for radii in HELD_OUT_RADII for n in
             ("trained", "start", "brightest")]  # fmt: skip
    measured = {"first_loss": first, "last_loss": last, "light": 1.0, "light_error_trained": 2.0}
    none = Splats(np.empty((0, 3)), np.empty((0, 4)), np.empty((0, 3)), np.empty(0), np.empty((0, 3)))
    return CellResult(0, none, dict.fromkeys(names, 1.0) | measured, outcome)


def show(clock, *timed, interrupts=None):
    """Tell the command's meter these events, each so many seconds after the one before."""
    with Meter(named=False) as shown:
        on_event = (interrupts or Interrupts()).answering(shown, train._ANSWER)
        for seconds, event in timed:
            clock.now += seconds
            on_event(event)


def advance(done, loss=None):
    return Advance(done, {} if loss is None else {"loss": loss})


def ended(results=(), levels=(), left=0, seconds=3.0):
    return TrainResult(Path("out"), tuple(results), tuple(levels), 0, left, 12, seconds)


def test_a_line_a_minute_where_there_is_no_terminal(clock, monkeypatch):
    monkeypatch.setattr("sys.stdout", shown := Screen())
    show(
        clock,
        (0, Note("2 of 12 cells are trained already with these settings")),
        (0, Note("training 10 cells")),
        (0, Stage("training", 10, "cells")),
        (1, advance(0.0)),
        (49, advance(1.5, 0.5)),
        (50, advance(2.5, 0.25)),
        (1, advance(2.6, 0.25)),
        (99, advance(5.0, 0.125)),
        (200, advance(10.0, 0.125)),
    )
    print_summary(ended(seconds=400.0), lambda result: f"{result.path}: {result.trained} cells trained")
    assert shown.getvalue().splitlines() == [
        "2 of 12 cells are trained already with these settings",
        "training 10 cells",
        "2.5 of 10 cells, 0.025 cells/s, loss 0.25, 300 s left",
        "5.0 of 10 cells, 0.025 cells/s, loss 0.125, 200 s left",
        "out: 12 cells trained, 400.0 s",
    ]


def test_a_bar_on_a_terminal(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stdout", shown := Screen(terminal=True))
    show(clock, (0, Stage("training", 4, "cells")), (10, advance(1.0, 0.5)), (0, advance(2.0, 0.25)))
    print_summary(ended(left=2), lambda result: pytest.fail("it was stopped"))
    text = shown.getvalue()
    assert "2/4" in text
    assert "50.0 %" in text
    assert "0.2 cells/s" in text
    assert "loss 0.25" in text
    assert "stopped: 2 cells are left, the same command goes on with them" in text


def test_asked_to_stop_it_says_once_what_it_waits_for(clock, monkeypatch):
    monkeypatch.setattr("sys.stdout", shown := Screen())
    interrupts = Interrupts()
    interrupts._note(signal.SIGINT, None)
    events = ((0, Stage("training", 4, "cells")), (1, advance(1.0, 0.5)), (1, advance(1.5, 0.5)))
    show(clock, *events, interrupts=interrupts)
    text = shown.getvalue()
    assert text.count("finishing the cells in training; Ctrl-C again stops at once") == 1


def test_every_outcome_is_told(clock, monkeypatch):
    monkeypatch.setattr("sys.stdout", shown := Screen())
    outcomes = [result("trained"), result("exact"), result("start", 0.01), result("diverged", 0.01), result("mixed")]
    halved = BatchHalved("out of memory: going on with at most 2 cells at a time", 2)
    show(clock, (0, Stage("training", 5, "cells")), (3, halved))
    print_summary(ended([*outcomes, result("diverged", 0.01)]), lambda result: "wrote a.bin: 7 splats")
    lines = shown.getvalue().splitlines()
    assert "out of memory: going on with at most 2 cells at a time" in lines
    assert "1 cells have a splat for every star: kept exact" in lines
    assert "5 cells fitted: loss 0.01 -> 0.01 (median), lowered in 2 (40.0 %)" in lines
    assert "1 cells would have ended with worse light, and go only some of the way from their start" in lines
    assert "1 cells ended no better than they began, or with worse light, and keep their start" in lines
    light = "light of the cells off by 2.000 mmag in the median, 2.000 in 90 %, 2.000 at worst; +2.000 together"
    assert light in lines
    assert "2 cells came to no finite loss, also at a tenth of the rate, and keep their start" in lines
    assert lines[-1] == "wrote a.bin: 7 splats, 3.0 s"


def test_levels_are_told_beside_cells(monkeypatch):
    monkeypatch.setattr("sys.stdout", shown := Screen())
    levels = [result("trained"), result("mixed"), result("start", 0.01)]
    print_summary(ended([], levels), lambda result: "wrote u")
    (line, last) = shown.getvalue().splitlines()
    words = "levels: 3 cells fitted, 2 better by themselves: 1.00 / 1.00 / 1.00 -> "
    assert line == f"{words}1.00 / 1.00 / 1.00 % at 2.5 / 5 / 10 radii (medians)"
    assert last == "wrote u, 3.0 s"
    monkeypatch.setattr("sys.stdout", shown := Screen())
    print_summary(ended([], levels[2:]), lambda result: "wrote u")
    assert shown.getvalue().splitlines()[0] == "levels: 1 cells fitted, 0 better by themselves"


def test_standard_output_that_is_gone_is_an_error(clock, monkeypatch):
    """It ends the training, whose threads end with it (tests/unit/training/run/test_run.py)."""

    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Gone())
    with pytest.raises((BrokenPipeError, SystemExit)):
        show(clock, (0, Note("training 1 cells")))
