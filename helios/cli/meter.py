"""The progress of long work, for every command: a bar on a terminal, a line per minute elsewhere."""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from helios.cli.printing import printable
from helios.progress import Advance, Done, Event, Note, Stage

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_ENOUGH = 0.01
"""Share of a stage that must be done before its time left is worth a word."""

LINE_EVERY_S = 60.0

_BLOCKS = "▁▂▃▄▅▆▇█"
_CURVE_WIDTH = 8
"""Characters of a curve on a terminal, so that it fits 80 columns with the rest of the line."""


class Meter(contextlib.ExitStack):
    """An `on_event` that shows events in `file`, by default standard output, as long as its block lasts.

    A bar shows the current stage with its rate, values, curve and remaining time, and disappears at the end. If `file`
    is not a terminal, a line with the same content but the curve is printed whenever LINE_EVERY_S have passed since the
    last one; it begins with the name of the stage unless `named` is False. Notes get their own lines. On a terminal,
    stages of a single piece are too short to be shown. `result` is that of the work once it is done.
    """

    def __init__(self, file: TextIO | None = None, named: bool = True):
        super().__init__()
        self._file, self._named = file or sys.stdout, named
        self.result: Any = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._stage = Stage("")
        self._began = self._last_line = time.monotonic()

    def __enter__(self) -> Meter:
        if self._file.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[unit]}"),
                TextColumn("{task.fields[words]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=Console(file=self._file, highlight=False, markup=False),
                transient=True,
            )
            self._bar = self.enter_context(bar)
        return self

    def __call__(self, event: Event) -> None:
        """Show `event`."""
        match event:
            case Stage():
                self._begin(event)
            case Advance(done, values, curve=curve):
                self._advance(done, values, curve)
            case Note(text):
                self.print(text)
            case Done(result):
                self.result = result

    def print(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        if self._bar:
            self._bar.console.print(printable(line), soft_wrap=True)
        else:
            print(printable(line), file=self._file, flush=True)

    def _begin(self, stage: Stage) -> None:
        self._stage, self._began = stage, time.monotonic()
        if self._bar and self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        if self._bar and not (stage.unit == "pieces" and stage.total == 1):
            self._task = self._bar.add_task(stage.name, total=stage.total, unit=stage.unit, words="")
            self._bar.update(self._task, completed=stage.done)

    def _advance(self, done: float, values: Mapping[str, float | str], curve: Sequence[float]) -> None:
        stage, now = self._stage, time.monotonic()
        rate = (done - stage.done) / max(now - self._began, 1e-9)
        words = [_shown(name, value) for name, value in values.items()]
        if rate and not any(name.endswith("/s") for name in values):
            words.insert(0, f"{rate:.3g} {stage.unit}/s")
        words = [word for word in words if word]
        if self._bar and self._task is not None:
            percent = [f"{100 * done / stage.total:.1f} %"] if stage.total else []
            line = f"{', '.join(percent + words)} {sparkline(curve)}".rstrip()
            self._bar.update(self._task, completed=done, words=printable(self._in_its_letters(line)))
        unfinished = stage.total is None or done < stage.total
        if not self._bar and now - self._last_line > LINE_EVERY_S and (done > 0 or words) and unfinished:
            self._last_line = now
            name = f"{stage.name}: " if self._named else ""
            total = "" if stage.total is None else f" of {_count(stage.total)}"
            left = []
            if stage.total and done - stage.done >= _ENOUGH * stage.total:
                left = [f"{(stage.total - done) / rate:.0f} s left"]
            self.print(", ".join([f"{name}{_count(done)}{total} {stage.unit}", *words, *left]))

    def _in_its_letters(self, line: str) -> str:
        """Return `line` as far as the screen has its characters; what it lacks is left out."""
        letters = getattr(self._file, "encoding", None) or "utf-8"
        return line.encode(letters, "ignore").decode(letters).rstrip()


def sparkline(values: Sequence[float]) -> str:
    """Return a curve of positive `values` as at most _CURVE_WIDTH blocks, logarithmic from the least to the greatest.

    Values that are not finite and positive are left out; fewer than two others make no curve.
    """
    logs = [math.log(value) for value in values if 0.0 < value < math.inf]
    if len(logs) < 2:
        return ""
    width = min(_CURVE_WIDTH, len(logs))
    edges = [part * len(logs) // width for part in range(width + 1)]
    means = [sum(logs[start:stop]) / (stop - start) for start, stop in itertools.pairwise(edges)]
    least, spread = min(means), max(means) - min(means)
    steps = [(mean - least) / spread if spread > 0 else 0.0 for mean in means]
    return "".join(_BLOCKS[round(step * (len(_BLOCKS) - 1))] for step in steps)


def _count(number: float) -> str:
    return f"{number:,.1f}" if isinstance(number, float) else f"{number:,}"


def _shown(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return f"{name} {value}" if value else ""
    if math.isnan(value):
        return ""
    return f"{value:,.0f} {name}" if name.endswith("/s") else f"{name} {value:.4g}"
