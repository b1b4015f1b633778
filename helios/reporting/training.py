"""The sections about training: its curves, and how well trained cells stand for their stars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.light import magnitudes_fainter
from helios.reporting.chart import SERIES, Axis, amounts_axis, band, chart, legend, line, steps
from helios.reporting.section import Figure, Section, brief, table_html
from helios.splats import LOSS_CURVE
from helios.universe.quality import quality
from helios.universe.store import Universe
from helios.universe.training import OUTCOMES

REFERENCE = "5"
"""Distance, in radii of the cell, of the pictures that are shown and by which cells are ranked."""

_KINDS = (("trained", "trained"), ("start", "start of the training"), ("brightest", "the K brightest stars"))
_DOTS_LISTED = 1000
_SHARES = (0.1, 0.5, 0.9)

Metrics = Mapping[str, NDArray[np.float64]]


class TrainedCells:
    """The trained cells of `universe`, M of them; `fitted` are those that do not keep all their stars exactly."""

    def __init__(self, universe: Universe):
        training = universe.training
        self.universe = universe
        self.index = np.flatnonzero(universe.trained)
        self.metrics: Metrics = {name: values[self.index] for name, values in universe.metrics().items()}
        self.outcomes = [] if training is None else [OUTCOMES[code] for code in training.outcomes[self.index]]
        self.splats = np.zeros(0, np.int64) if training is None else np.diff(training.offsets)[self.index]
        self.stars = np.diff(universe.offsets)[self.index]
        self.fitted = np.array([outcome != "exact" for outcome in self.outcomes], bool)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def measured(self) -> bool:
        """Whether light, PSNR and flux error are known."""
        return bool(quality(self.metrics)) and f"flux_error_{REFERENCE}_trained" in self.metrics

    def fitted_metric(self, name: str) -> NDArray[np.float64]:
        """Return a metric of the fitted cells."""
        return self.metrics[name][self.fitted]

    def loss_curves(self) -> NDArray[np.float64]:
        """Return the losses [C, P] of fitted cells on their way, as shares of what each began with.

        C is 0 where no curve was kept, as by earlier versions, or no step was made.
        """
        if not set(LOSS_CURVE) <= self.metrics.keys():
            return np.empty((0, len(LOSS_CURVE)))
        curves = np.stack([self.fitted_metric(name) for name in LOSS_CURVE], axis=-1)
        begun = curves[:, 0] > 0
        return curves[begun] / curves[begun, :1]


def untrained_section() -> Section:
    """Return what is said of a universe in which nothing is trained."""
    words = [
        "No cell of this universe is trained, so that nothing stands for its stars but these themselves: everything is "
        "shown exactly. Training replaces the stars of crowded cells by fewer splats; once cells are trained "
        "(helios train-landmarks), this page tells how well these stand for the stars."
    ]
    return Section("training", "Training", words, [], {"trained_cells": 0})


def training_section(cells: TrainedCells) -> Section:
    """Return the curves of the losses, and the distributions of PSNR and flux error beside two rivals."""
    outcomes = {name: cells.outcomes.count(name) for name in OUTCOMES[1:] if name in cells.outcomes}
    words = [
        f"{len(cells):,} cells are trained: {int(cells.splats.sum()):,} splats stand for {int(cells.stars.sum()):,} "
        "stars. A splat is a soft blob of light. Each trained cell was looked at from places that its training never "
        "saw, and compared with its stars, the truth, in two ways. PSNR says how alike two pictures are, in decibels: "
        "higher is better, and above about 40 the eye sees no difference. The flux error says how much of the light is "
        "in the wrong place: lower is better.",
        "Two rivals have as many points of light as the trained cell, K of them: the K brightest stars alone, and the "
        "start of the training, for which stars were only merged. Distances are counted in radii of the cell.",
    ]
    exact = outcomes.get("exact", 0)
    if exact:
        words.append(f"{exact:,} of these cells have a splat for every star, and are left out of the charts here.")
    numbers: dict[str, Any] = {
        "trained_cells": len(cells),
        "splats": int(cells.splats.sum()),
        "stars": int(cells.stars.sum()),
        "outcomes": outcomes,
    }
    figures = []
    curves = cells.loss_curves()
    if len(curves):
        figures.append(replace(curve_figure(curves), wide=True))
        numbers["loss_curve"] = curve_table(curves)
    if not cells.measured:
        words.append("The version of helios that trained it did not measure these; train it again to know them.")
    elif cells.fitted.any():
        distributions = {}
        for measure, unit in (("psnr", "db"), ("flux_error", "percent")):
            rows = _distribution(cells, measure)
            distributions[f"{measure}_{unit}"] = rows
            figures.append(_distribution_figure(cells, measure))
        for name, words_of in (("psnr_db", "PSNR in decibels"), ("flux_error_percent", "Flux error in percent")):
            caption = f"{words_of} of the trained cells and their rivals: 10 %, half and 90 % of cells are below these."
            figures.append(Figure(table_html(distributions[name], brief), caption))
        numbers |= distributions
    return Section("training", "How well trained cells stand for their stars", words, figures, numbers)


def curve_table(curves: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return the quantiles over cells of `curves` [C, P] for each part of the training that any cell has come to."""
    parts = [p for p in range(curves.shape[1]) if np.isfinite(curves[:, p]).any()]
    low, middle, high = np.nanquantile(curves[:, parts], _SHARES, axis=0)
    rows = zip(parts, low.tolist(), middle.tolist(), high.tolist())
    return [
        {"part_of_16": part + 1, "loss_10_percent": a, "loss_median": b, "loss_90_percent": c} for part, a, b, c in rows
    ]


def curve_figure(curves: NDArray[np.float64]) -> Figure:
    """Return the chart of the losses from the first step to the last."""
    rows = curve_table(curves)
    part, low, middle, high = (np.array(column, np.float64) for column in zip(*(row.values() for row in rows)))
    x = Axis("share of the training, percent", 0.0, 100.0)
    top = float(np.nanmax(high))
    y = Axis("loss, 1 at the start", 10.0 ** np.floor(np.log10(min(low.min(), 0.99))), 1.3 * max(top, 1.0), log=True)
    at = (part - 0.5) * 100.0 / len(LOSS_CURVE)
    told = f"Loss over the training of {len(curves):,} cells: the median falls from 1 to {middle[-1]:.3g}."
    marks = band(x, y, at, low, high, "trained") + line(x, y, at, middle, "trained")
    return Figure(
        chart(x, y, marks, told),
        "How the loss, by which training judges its splats, falls from the first step to the last: the line is the "
        "middle cell, and 80 % of the cells are in the shaded band. Each cell is measured by its own first steps.",
    )


def _distribution(cells: TrainedCells, measure: str) -> list[dict[str, Any]]:
    rows = []
    for radii in _radii(cells.metrics, measure):
        for kind, words in _KINDS:
            values = cells.fitted_metric(f"{measure}_{radii}_{kind}")
            low, middle, high = np.quantile(values, _SHARES).tolist()
            rows.append({"radii": float(radii), "of": words, "10_percent": low, "median": middle, "90_percent": high})
    return rows


def _radii(metrics: Metrics, measure: str) -> list[str]:
    start, end = f"{measure}_", "_trained"
    names = [name for name in metrics if name.startswith(start) and name.endswith(end)]
    return sorted((name.removeprefix(start).removesuffix(end) for name in names), key=float)


def _distribution_figure(cells: TrainedCells, measure: str) -> Figure:
    values = {kind: cells.fitted_metric(f"{measure}_{REFERENCE}_{kind}") for kind, _ in _KINDS}
    together = np.concatenate(list(values.values()))
    if measure == "psnr":
        low, high = 5.0 * np.floor(together.min() / 5.0), 5.0 * np.ceil(together.max() / 5.0)
        x = Axis("PSNR, decibels (better →)", low, max(high, low + 5.0))
        edges = np.linspace(x.low, x.high, 25)
        what, better = "PSNR", "further to the right is better"
    else:
        x = _decades("light in the wrong place, percent (← better)", together)
        edges = np.geomspace(x.low, x.high, 25)
        what, better = "flux error", "further to the left is better"
    told = f"{what} of trained cells at {REFERENCE} radii: " + ", ".join(
        f"{words} {np.median(values[kind]):.3g} in the median" for kind, words in _KINDS
    )
    caption = (
        f"How many cells have which {what} seen from {REFERENCE} radii away; {better}. Training is worth it where its "
        "line lies beyond those of its rivals."
    )
    return Figure(_histogram(x, edges, values, told), caption)


def light_section(cells: TrainedCells) -> Section:
    """Return by how much the light of trained cells is off, each and all together."""
    light = cells.metrics["light"]
    errors = {kind: cells.metrics[f"light_error_{kind}"] for kind, _ in _KINDS}
    rows: list[dict[str, Any]] = []
    off = {}
    for kind, words in _KINDS:
        sizes = np.abs(errors[kind])
        off[kind] = sizes[cells.fitted]
        kept = light * 10.0 ** (-0.4e-3 * errors[kind])
        together = 1e3 * float(magnitudes_fainter(kept.sum(), light.sum()))
        rows.append(
            {
                "of": words,
                "median_mmag": float(np.median(sizes)),
                "90_percent_mmag": float(np.quantile(sizes, 0.9)),
                "worst_mmag": float(sizes.max()),
                "together_mmag": together,
            }
        )
    caption = "How far the light of the cells is off, and that of all of them together: above 0 is too faint."
    figures = [Figure(table_html(rows, brief), caption)]
    if cells.fitted.any():
        x = _decades("light of the cell off by, millimagnitudes (← better)", np.concatenate(list(off.values())))
        told = f"Errors of the light of cells: trained cells are off by {rows[0]['median_mmag']:.3g} in the median."
        caption = "How many cells are off by how much light: further to the left is better."
        figures.insert(0, Figure(_histogram(x, np.geomspace(x.low, x.high, 25), off, told), caption))
    order = np.argsort(-np.abs(errors["trained"]), kind="stable")[:_DOTS_LISTED]
    names = ("psnr", "flux_error")
    each = [
        {
            "cell": str(cells.universe.cells[int(cells.index[i])]),
            "stars": int(cells.stars[i]),
            "splats": int(cells.splats[i]),
            "outcome": cells.outcomes[i],
            "light_error_mmag": float(errors["trained"][i]),
        }
        | {f"{name}_{REFERENCE}": float(cells.metrics[f"{name}_{REFERENCE}_trained"][i]) for name in names}
        for i in order
    ]
    paragraphs = [
        "Merging stars must not make light out of nothing, nor lose it. A millimagnitude (mmag) is a thousandth of a "
        "magnitude, about 0.09 % of the light: the eye sees nothing below a hundred. Together, the trained cells are "
        f"{_fainter(rows[0]['together_mmag'])} than their stars, and the K brightest stars alone would be "
        f"{_fainter(rows[2]['together_mmag'])}."
    ]
    if len(cells) > _DOTS_LISTED:
        paragraphs.append(f"The {_DOTS_LISTED:,} cells whose light is furthest off are listed under the numbers.")
    return Section("light", "Whether the light is kept", paragraphs, figures, {"light_error": rows, "cells": each})


def _fainter(mmag: float) -> str:
    return f"{brief(abs(mmag)).replace('<', 'less than')} mmag {'fainter' if mmag >= 0 else 'brighter'}"


def _decades(label: str, values: NDArray[np.float64]) -> Axis:
    """The logarithmic axis of whole decades that holds the positive and finite of `values`, at most nine of them."""
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known):
        return Axis(label, 1e-3, 1.0, log=True)
    last = np.ceil(np.log10(known.max()))
    first = max(np.floor(np.log10(known.min())), last - 9.0)
    return Axis(label, 10.0 ** min(first, last - 1.0), 10.0**last, log=True)


def _histogram(x: Axis, edges: NDArray[np.float64], values: Mapping[str, NDArray[np.float64]], told: str) -> str:
    counts = {kind: np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0] for kind, known in values.items()}
    y = amounts_axis("cells", np.concatenate(list(counts.values())), log=False)
    marks = [mark for kind in reversed(SERIES) for mark in steps(x, y, edges, counts[kind], kind)]
    return chart(x, y, marks, told) + legend(_KINDS)
