"""What a training run shows: a bar on a terminal, a line a minute elsewhere, and a table at the end."""

import time
from collections.abc import Iterable, Sequence

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from helios.train.cameras import HELD_OUT_RADII
from helios.train.engine import CellResult
from helios.train.run import BatchTrained, Committed, Planned

_LINE_EVERY_S = 60.0


def follow(events: Iterable) -> None:
    """Run a training by consuming its `events`, show how it goes, and end with the table."""
    console = Console(highlight=False, soft_wrap=True)
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    results: list[CellResult] = []
    began = last_line = time.monotonic()
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("", total=0, rate="", loss="")
            for event in events:
                match event:
                    case Planned(selected, done, batches):
                        if done:
                            console.print(f"{done} of {selected} cells are trained already with these settings")
                        todo = selected - done
                        progress.update(task, total=todo)
                        console.print(f"training {todo} cells in {batches} batches")
                    case BatchTrained(batch, _):
                        results += [result for _, result in batch]
                        now = time.monotonic()
                        rate = f"{len(results) / (now - began):.2f} cells/s"
                        loss = f"loss {np.median([r.metrics['last_loss'] for r in results]):.4g}"
                        progress.update(task, completed=len(results), rate=rate, loss=loss)
                        if not console.is_terminal and len(results) < todo and now - last_line > _LINE_EVERY_S:
                            last_line = now
                            left = (todo - len(results)) * (now - began) / len(results)
                            console.print(f"{len(results)} of {todo} cells, {rate}, {loss}, {left:.0f} s left")
                    case Committed(path, trained):
                        committed = f"{path}: {trained} cells trained"
    except KeyboardInterrupt:
        console.print("stopped: finished batches are kept, the same command goes on from here")
        raise
    if results:
        summary(results, console)
    console.print(f"{committed}, {time.monotonic() - began:.1f} s")


def summary(results: Sequence[CellResult], console: Console | None = None) -> None:
    """Print the medians over cells of loss, PSNR and flux error at held-out views, beside the K brightest stars."""
    console = console or Console(highlight=False, soft_wrap=True)
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
    kept = len(fitted) - lowered
    if kept:
        console.print(f"{kept} cells would have ended worse than they began and keep their start")
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
