"""What a training run shows: a bar on a terminal, a line a minute elsewhere, and a table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from helios.progress import Advance, Event, Note, Stage
from helios.splats import CellResult
from helios.train.cameras import HELD_OUT_RADII
from helios.train.run.events import TrainResult

_LINE_EVERY_S = 60.0


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


class TrainingReport:
    """The `on_event` of a training run, in a block that holds its bar; `asked` says whether it is to stop."""

    def __init__(self, asked: Callable[[], bool]):
        self._console, self._asked, self._answered = _console(), asked, False
        texts = ("{task.percentage:.1f} %", "{task.fields[rate]}", "{task.fields[loss]}")
        columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), *map(TextColumn, texts))
        columns += (TimeRemainingColumn(elapsed_when_finished=True),)
        self._bar = Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("", total=None, rate="", loss="")
        self._last_line, self._todo = time.monotonic(), 0

    def __enter__(self) -> TrainingReport:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        if self._asked() and not self._answered:
            self._answered = True
            self._console.print("finishing the cells in training; Ctrl-C again stops at once, without them")
        match event:
            case Stage(total=total):
                self._todo = total
                self._bar.update(self._task, total=total)
                self._console.print(f"training {total} cells")
            case Note(text=text):
                self._console.print(text)
            case Advance(done, values):
                self._advance(done, values.get("rate", 0.0), values.get("loss"))

    def _advance(self, done: float, rate: float, loss: float | None) -> None:
        now = time.monotonic()
        shown = {"rate": f"{rate:.3g} cells/s" if rate else "", "loss": "" if loss is None else f"loss {loss:.4g}"}
        self._bar.update(self._task, completed=done, **shown)
        if not self._console.is_terminal and now - self._last_line > _LINE_EVERY_S and 0 < done < self._todo:
            self._last_line = now
            left = (self._todo - done) / rate
            words = (f"{done:.1f} of {self._todo} cells", shown["rate"], shown["loss"], f"{left:.0f} s left")
            self._console.print(", ".join(word for word in words if word))


def print_summary(result: TrainResult, last_words: Callable[[TrainResult], str]) -> None:
    """Print what came of a run: the table of `summary`, and, where it came to its end, its `last_words`."""
    console = _console()
    if result.results:
        summary(result.results, console)
    words = f"stopped: {result.left} cells are left, the same command goes on with them"
    console.print(f"{words if result.left else last_words(result)}, {result.seconds:.1f} s")


def summary(results: Sequence[CellResult], console: Console) -> None:
    """Print the medians over cells of loss, PSNR and flux error at held-out views, beside the K brightest stars."""
    exact = [r for r in results if r.outcome == "exact"]
    fitted = [r for r in results if r.outcome != "exact"]
    if exact:
        console.print(f"{len(exact)} cells have a splat for every star: kept exact")
    if not fitted:
        return
    first, last = (np.array([r.metrics[name] for r in fitted]) for name in ("first_loss", "last_loss"))
    lowered = int(np.sum(last < first))
    console.print(
        f"{len(fitted)} cells fitted: loss {np.median(first):.4g} -> {np.median(last):.4g} (median), "
        f"lowered in {lowered} ({100 * lowered / len(fitted):.1f} %)"
    )
    for outcome, what in (
        ("start", "ended no better than they began and keep their start"),
        ("diverged", "came to no finite loss, also at a tenth of the rate, and keep their start"),
    ):
        if count := sum(r.outcome == outcome for r in fitted):
            console.print(f"{count} cells {what}")
    table = Table(title="held-out views, medians over cells")
    table.add_column("")
    for radii in HELD_OUT_RADII:
        table.add_column(f"{radii:g} radii", justify="right")
    for name, label in (("brightest", "K brightest stars"), ("start", "start (merged)"), ("trained", "trained")):
        table.add_row(label, *(_pair(fitted, radii, name) for radii in HELD_OUT_RADII))
    console.print(table)


def _pair(results, radii, name):
    median_psnr, median_error = (
        np.median([r.metrics[f"{measure}_{radii:g}_{name}"] for r in results]) for measure in ("psnr", "flux_error")
    )
    return f"{median_psnr:.1f} dB, {median_error:.2f} %"
