"""What a training run shows: a bar on a terminal, a line a minute elsewhere, and a table at the end."""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from helios.train.cameras import HELD_OUT_RADII
from helios.train.run.engine import CellResult
from helios.train.run.events import BatchHalved, BatchTrained, Committed, Event, Planned, Progress, Stopped, Written

_LINE_EVERY_S = 60.0


def follow(events: Iterator[Event], asked: Callable[[], bool]) -> bool:
    """Run a training by consuming its `events`, show how it goes, and end with the table.

    Returns whether it came to its end; not, where it was `asked` to stop and left something.
    """
    console = Console(highlight=False, soft_wrap=True)
    meter = _Meter(console, asked)
    try:
        with meter.bar:
            for event in events:
                meter.show(event)
    except KeyboardInterrupt:
        raise  # at once: closing the events would wait for what is in training
    except BaseException:
        events.close()
        raise
    if meter.results:
        summary(meter.results, console)
    console.print(f"{meter.last_words}, {time.monotonic() - meter.began:.1f} s")
    return meter.complete


class _Meter:
    """Shows one event after the other; `results` are those of all cells that were trained."""

    def __init__(self, console: Console, asked: Callable[[], bool]):
        self._console, self._asked = console, asked
        texts = ("{task.percentage:.1f} %", "{task.fields[rate]}", "{task.fields[loss]}")
        columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), *map(TextColumn, texts))
        columns += (TimeRemainingColumn(elapsed_when_finished=True),)
        self.bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self.bar.add_task("", total=None, rate="", loss="")
        self.results: list[CellResult] = []
        self.began = self._last_line = time.monotonic()
        self._todo, self._told, self.complete, self.last_words = 0, False, True, ""

    def show(self, event: Event) -> None:
        """Show `event`."""
        if self._asked() and not self._told:
            self._told = True
            self._console.print("finishing the cells in training; Ctrl-C again stops at once, without them")
        match event:
            case Planned(selected, done):
                if done:
                    self._console.print(f"{done} of {selected} cells are trained already with these settings")
                self._todo = selected - done
                self.bar.update(self._task, total=self._todo)
                self._console.print(f"training {self._todo} cells")
            case Progress(cells_done, loss):
                self._progress(cells_done, loss)
            case BatchHalved(cells):
                self._console.print(f"out of memory: going on with at most {cells} cells at a time")
            case BatchTrained(batch, _):
                self.results += [result for _, result in batch]
            case Stopped(left):
                self.complete = False
                self.last_words = f"stopped: {left} cells are left, the same command goes on with them"
            case Committed(path, trained):
                self.last_words = f"{path}: {trained} cells trained"
            case Written(path, splats):
                self.last_words = f"wrote {path}: {splats} splats"

    def _progress(self, cells_done: float, loss: float) -> None:
        now = time.monotonic()
        rate = cells_done / max(now - self.began, 1e-9)
        shown = {"rate": f"{rate:.3g} cells/s" if rate else "", "loss": "" if np.isnan(loss) else f"loss {loss:.4g}"}
        self.bar.update(self._task, completed=cells_done, **shown)
        if not self._console.is_terminal and now - self._last_line > _LINE_EVERY_S and 0 < cells_done < self._todo:
            self._last_line = now
            left = (self._todo - cells_done) / rate
            words = (f"{cells_done:.1f} of {self._todo} cells", shown["rate"], shown["loss"], f"{left:.0f} s left")
            self._console.print(", ".join(word for word in words if word))


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
