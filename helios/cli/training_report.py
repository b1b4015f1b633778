"""The report that training prints at its end: a table of medians over cells, and their total light."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from helios.cli.printing import printable
from helios.cli.quality_lines import light_line
from helios.splats import CellResult
from helios.training.cameras import HELD_OUT_RADII
from helios.training.run.events import TrainResult
from helios.universe.quality import quality, weighted_median


def print_summary(result: TrainResult, last_words: Callable[[TrainResult], str]) -> None:
    """Print the result of a run: the table of `summary`, and its `last_words` or, if it was stopped, that it was."""
    console = Console(highlight=False, soft_wrap=True)
    if result.results:
        summary(result.results, console)
    if result.levels:
        levels_summary(result.levels, console)
    words = f"stopped: {result.left} cells are left, the same command goes on with them"
    console.print(printable(f"{words if result.left else last_words(result)}, {result.seconds:.1f} s"))


def summary(results: Sequence[CellResult], console: Console) -> None:
    """Print the medians over cells of loss, PSNR and flux error at held-out views, beside the K brightest stars.

    Then the light of all cells against that of their stars.
    """
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
        ("mixed", "would have ended with worse light, and go only some of the way from their start"),
        ("start", "ended no better than they began, or with worse light, and keep their start"),
        ("diverged", "came to no finite loss, also at a tenth of the rate, and keep their start"),
    ):
        if count := sum(r.outcome == outcome for r in fitted):
            console.print(f"{count} cells {what}")
    table = Table(title=f"held-out views, medians over {len(fitted)} cells")
    table.add_column("")
    for radii in HELD_OUT_RADII:
        table.add_column(f"{radii:g} radii", justify="right")
    light = [r.metrics["light"] for r in fitted]
    for name, label in (("brightest", "K brightest stars"), ("start", "start (merged)"), ("trained", "trained")):
        for words, weights in ((label, None), ("  by light", light)):
            table.add_row(words, *(_pair(fitted, radii, name, weights) for radii in HELD_OUT_RADII))
    console.print(table)
    console.print(
        light_line(quality({name: np.array([r.metrics[name] for r in results]) for name in results[0].metrics}))
    )


def levels_summary(results: Sequence[CellResult], console: Console) -> None:
    """Print what training made of cells of the levels by themselves: in how many it is better, medians over these."""
    better = [r for r in results if r.outcome in ("trained", "mixed")]
    words = f"levels: {len(results)} cells fitted, {len(better)} better by themselves"
    if better:
        errors = (
            [np.median([r.metrics[f"flux_error_{radii:g}_{name}"] for r in better]) for radii in HELD_OUT_RADII]
            for name in ("start", "trained")
        )
        before, after = (" / ".join(f"{error:.2f}" for error in row) for row in errors)
        radii = " / ".join(f"{radii:g}" for radii in HELD_OUT_RADII)
        words += f": {before} -> {after} % at {radii} radii (medians)"
    console.print(words)


def _pair(results, radii, name, weights):
    psnr, error = (
        np.median(values) if weights is None else weighted_median(values, weights)
        for values in (
            [r.metrics[f"{measure}_{radii:g}_{name}"] for r in results] for measure in ("psnr", "flux_error")
        )
    )
    return f"{psnr:.1f} dB, {error:.2f} %"
