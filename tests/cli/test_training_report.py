"""What a training run shows of its events: a bar on a terminal, a line a minute elsewhere, the end in words.

Made-up events on a clock of their own, so that minutes pass at once and every number shown is known beforehand.
"""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from helios.cli import training_report
from helios.cli.training_report import follow
from helios.splats import Splats
from helios.train.cameras import HELD_OUT_RADII
from helios.train.run.engine import CellResult
from helios.train.run.events import BatchHalved, BatchTrained, Committed, Planned, Progress, Stopped, Written


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(training_report, "time", clock := Clock())
    return clock


@pytest.fixture
def shown(monkeypatch, request):
    """What is printed, on a terminal where the test says so."""
    text = io.StringIO()
    terminal = getattr(request, "param", False)
    monkeypatch.setattr(
        training_report, "Console", lambda **how: Console(file=text, force_terminal=terminal, width=100, **how)
    )
    return text


def result(outcome, first=0.02, last=0.01):
    names = [f"{m}_{radii:g}_{n}" for m in ("psnr", "flux_error") for radii in HELD_OUT_RADII for n in
             ("trained", "start", "brightest")]  # fmt: skip
    none = Splats(np.empty((0, 3)), np.empty((0, 4)), np.empty((0, 3)), np.empty(0), np.empty((0, 3)))
    return CellResult(none, dict.fromkeys(names, 1.0) | {"first_loss": first, "last_loss": last}, outcome)


def over(clock, *timed):
    for seconds, event in timed:
        clock.now += seconds
        yield event


def test_a_line_a_minute_where_there_is_no_terminal(clock, shown):
    events = over(
        clock,
        (0, Planned(12, 2)),
        (1, Progress(0.0, np.nan)),
        (49, Progress(1.5, 0.5)),
        (50, Progress(2.5, 0.25)),
        (1, Progress(2.6, 0.25)),
        (99, Progress(5.0, 0.125)),
        (200, Progress(10.0, 0.125)),
        (0, Committed(Path("out"), 12)),
    )
    assert follow(events, lambda: False)
    assert shown.getvalue().splitlines() == [
        "2 of 12 cells are trained already with these settings",
        "training 10 cells",
        "2.5 of 10 cells, 0.025 cells/s, loss 0.25, 300 s left",
        "5.0 of 10 cells, 0.025 cells/s, loss 0.125, 200 s left",
        "out: 12 cells trained, 400.0 s",
    ]


@pytest.mark.parametrize("shown", [True], indirect=True)
def test_a_bar_on_a_terminal(clock, shown):
    events = over(clock, (0, Planned(4, 0)), (10, Progress(1.0, 0.5)), (0, Progress(2.0, 0.25)), (0, Stopped(2)))
    assert not follow(events, lambda: False)
    text = shown.getvalue()
    assert "2/4" in text
    assert "50.0 %" in text
    assert "0.2 cells/s" in text
    assert "loss 0.25" in text
    assert "stopped: 2 cells are left, the same command goes on with them" in text


def test_asked_to_stop_it_says_once_what_it_waits_for(clock, shown):
    events = over(clock, (0, Planned(4, 0)), (1, Progress(1.0, 0.5)), (1, Progress(1.5, 0.5)), (0, Stopped(2)))
    assert not follow(events, lambda: clock.now > 1000)
    text = shown.getvalue()
    assert text.count("finishing the cells in training; Ctrl-C again stops at once") == 1


def test_every_outcome_is_told(clock, shown):
    outcomes = [result("trained"), result("exact"), result("start", 0.01), result("diverged", 0.01)]
    batch = BatchTrained(tuple(enumerate([*outcomes, result("diverged", 0.01)])), 3.0)
    assert follow(
        over(clock, (0, Planned(5, 0)), (3, BatchHalved(2)), (0, batch), (0, Written("a.bin", 7))), lambda: False
    )
    lines = shown.getvalue().splitlines()
    assert "out of memory: going on with at most 2 cells at a time" in lines
    assert "1 cells have a splat for every star: kept exact" in lines
    assert "4 cells fitted: loss 0.01 -> 0.01 (median), lowered in 1 (25.0 %)" in lines
    assert "1 cells ended no better than they began and keep their start" in lines
    assert "2 cells came to no finite loss, also at a tenth of the rate, and keep their start" in lines
    assert lines[-1] == "wrote a.bin: 7 splats, 3.0 s"


def test_events_are_closed_when_nothing_can_be_shown(clock, monkeypatch):
    """Standard output that is gone must not leave threads training."""
    closed = []

    def events():
        try:
            yield Planned(1, 0)
            raise AssertionError
        finally:
            closed.append(True)

    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(training_report, "Console", lambda **how: Console(file=Gone(), **how))
    running = events()
    with pytest.raises((BrokenPipeError, SystemExit)):
        follow(running, lambda: False)
    assert closed
