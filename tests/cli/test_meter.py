"""What commands show of the events of long work: a bar on a terminal, a line a minute elsewhere.

Made-up events on a clock of their own, so that minutes pass at once and every number shown is known beforehand.
"""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from helios.cli import meter
from helios.cli.meter import Meter, sparkline
from helios.progress import Advance, Done, Note, Stage


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


class Screen(io.StringIO):
    terminal = False

    def isatty(self):
        return self.terminal


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(meter, "time", clock := Clock())
    return clock


def shown(clock, timed, terminal=False, **options):
    """What is shown of `timed`: events, each with the seconds that pass before it."""
    screen = Screen()
    screen.terminal = terminal
    with Meter(screen, **options) as on_event:
        for seconds, event in timed:
            clock.now += seconds
            on_event(event)
    return screen.getvalue()


def test_a_line_a_minute_where_there_is_no_terminal(clock):
    text = shown(
        clock,
        [
            (0, Stage("training", 10, "cells")),
            (1, Advance(0.0, {"loss": float("nan")})),
            (49, Advance(1.5, {"loss": 0.5})),
            (50, Advance(2.5, {"loss": 0.25})),
            (1, Advance(2.6, {"loss": 0.25})),
            (99, Advance(5.0, {"loss": 0.125})),
            (200, Advance(10.0, {"loss": 0.125})),
            (0, Done(None)),
        ],
        named=False,
    )
    assert text.splitlines() == [
        "2.5 of 10 cells, 0.025 cells/s, loss 0.25, 300 s left",
        "5.0 of 10 cells, 0.025 cells/s, loss 0.125, 200 s left",
    ]


def test_stages_are_named_and_what_was_done_before_is_no_speed(clock):
    text = shown(
        clock,
        [
            (0, Stage("reading", 2000, done=1000)),
            (100, Advance(1500, {"rows/s": 1234567.8})),
            (0, Stage("counting", None, "stars")),
            (100, Advance(7, {"archive": "executing"})),
            (61, Advance(8, {"archive": ""})),
        ],
    )
    assert text.splitlines() == [
        "reading: 1,500 of 2,000 pieces, 1,234,568 rows/s, 100 s left",
        "counting: 7 stars, 0.07 stars/s, archive executing",
        "counting: 8 stars, 0.0497 stars/s",
    ]


@pytest.mark.parametrize("terminal", [False, True])
def test_notes_are_lines_of_their_own(clock, terminal):
    text = shown(clock, [(0, Stage("reading", 2)), (0, Note("[bold] a, b")), (0, Advance(1))], terminal)
    assert "[bold] a, b\n" in text


def test_a_bar_on_a_terminal(clock):
    text = shown(
        clock,
        [(0, Stage("training", 4, "cells")), (10, Advance(1.0, {"loss": 0.5})), (0, Advance(2.0, {"loss": 0.25}))],
        terminal=True,
    )
    for words in ("training", "2/4", "cells", "50.0 %", "0.2 cells/s", "loss 0.25"):
        assert words in text


def test_a_single_piece_has_no_bar(clock):
    text = shown(clock, [(0, Stage("reading", 1)), (10, Advance(1)), (0, Stage("writing", 2))], terminal=True)
    assert "reading" not in text
    assert "writing" in text


def test_an_error_ends_the_bar():
    screen = Screen()
    screen.terminal = True
    with pytest.raises(KeyboardInterrupt), Meter(screen):
        raise KeyboardInterrupt
    assert screen.getvalue().rstrip().endswith("\x1b[2K\x1b[?25h"), "the line is erased, the cursor shown again"


def test_rich_is_loaded_for_terminals_alone():
    code = (
        "import sys; from helios.cli.meter import Meter; from helios.progress import Advance, Stage\n"
        "with Meter() as meter: meter(Stage('reading', 2)); meter(Advance(1))\n"
        "assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True)


def test_a_curve_on_a_terminal_and_in_no_log(clock):
    fallen = [0.5**part for part in range(16)]
    events = [(0, Stage("training", 4, "cells")), (100, Advance(1.0, {"loss": 0.5}, curve=[*fallen, float("nan")]))]
    assert "loss 0.5 █▇▆▅▄▃▂▁" in shown(clock, events, terminal=True)
    assert shown(clock, events).splitlines() == ["training: 1.0 of 4 cells, 0.01 cells/s, loss 0.5, 300 s left"]


def test_a_curve_rises_where_its_values_do_and_needs_two():
    assert sparkline([1.0, 2.0, 4.0, 8.0, 4.0]) == "▁▃▆█▆"
    assert sparkline([3.0, 3.0, 3.0]) == "▁▁▁"
    assert [sparkline(values) for values in ([], [1.0], [1.0, 0.0, float("inf"), float("nan")])] == [""] * 3


def test_a_screen_without_blocks_has_no_curve(clock):
    class Plain(Screen):
        terminal, encoding = True, "ascii"

    with Meter(plain := Plain()) as on_event:
        on_event(Stage("training", 4, "cells"))
        on_event(Advance(1.0, {"loss": 0.5}, curve=[2.0, 1.0]))
    assert "loss 0.5" in plain.getvalue()
    assert not set(plain.getvalue()) & set("▁█")
