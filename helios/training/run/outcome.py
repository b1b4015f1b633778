"""Which splats a cell is left with: those it was trained to, some of the way there, or those of its start."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.splats import LOSS_CURVE, CellResult, Splats
from helios.training.cameras import HELD_OUT_RADII
from helios.training.optim.optimise import Optimisation
from helios.training.run.evaluate import evaluate
from helios.training.scene import Scene
from helios.training.starts.mixture import brightest, point_splats

_WAYS = (1.0, 0.5, 0.25)
"""How much of the way from the start is tried, in this order, before a cell keeps its start."""

LIGHT_TOLERANCE = 0.1
"""Millimagnitudes by which a cell's light may be off without being worse: a hundred times its splats' rounding."""


@dataclass(frozen=True)
class Fit:
    """What one attempt left a cell with: `splats` with their `measures` (`evaluate`) and `loss`, `way` from the start.

    `first` and `last` are the losses before the attempt and at its very end, `curve` those on the way
    (`Optimisation.loss_curves`).
    """

    splats: Splats
    measures: Mapping[str, float]
    way: float
    loss: float
    first: float
    last: float
    curve: NDArray[np.float64]


def settle(
    run: Optimisation,
    scenes: Sequence[Scene],
    starts: Sequence[Splats],
    measured: Sequence[Mapping[str, float]],
    first: Sequence[float],
) -> list[Fit]:
    """Return what the cells are left with at the end of `run`: as much of the way from their start as does no harm.

    Harm is a loss that is not lower than `first`, or what `is_worse` than the measures of the start, `measured`, or
    that the cell cannot keep the splats (`Cell.settle`). Where slots no longer hold the splats of the start, only the
    whole way is tried.
    """
    fits: dict[int, Fit] = {}
    curves = run.loss_curves()
    here, last = 1.0, list(first)
    for way in _WAYS if run.step else ():
        possible = np.ones(len(scenes), bool) if way == here else run.go_back(way / here).cpu().numpy()
        here, ends, losses = way, run.splats(), run.objective.losses().tolist()
        # A splat that contains a NaN may be drawn as nothing, so the loss may not show it.
        losses = [loss if _finite(end) else np.nan for end, loss in zip(ends, losses)]
        last = losses if way == 1.0 else last
        for b in sorted(set(range(len(scenes))) - fits.keys()):
            end = scenes[b].cell.settle(ends[b]) if possible[b] and losses[b] < first[b] else None
            if end is not None:
                (measures,) = evaluate([end], [scenes[b]])
                if not is_worse(measures, measured[b]):
                    fits[b] = Fit(end, measures, way, losses[b], first[b], last[b], curves[b])
        if len(fits) == len(scenes):
            break
    kept = [Fit(starts[b], measured[b], 0.0, first[b], first[b], last[b], curves[b]) for b in range(len(scenes))]
    return [fits.get(b, start) for b, start in enumerate(kept)]


def is_worse(measures: Mapping[str, float], start: Mapping[str, float]) -> bool:
    """Whether the flux error at any distance is larger than the start's, or the total of the light further off."""
    off = abs(measures["light_error"]) > abs(start["light_error"]) + LIGHT_TOLERANCE
    return off or any(measures[f"flux_error_{r:g}"] > start[f"flux_error_{r:g}"] for r in HELD_OUT_RADII)


def result_of(index: int, scene: Scene, start: Mapping[str, float], fit: Fit) -> CellResult:
    """Return the result of a cell, measured beside its `start` and as many of its brightest stars."""
    stars = scene.cell.emitters
    rival = point_splats(stars, scene.cell.radius, brightest(stars, len(fit.splats)))
    (brightest_stars,) = evaluate([rival], [scene])
    metrics = {"light": scene.light * scene.cell.half_extent_m**2, "first_loss": fit.first, "last_loss": fit.loss}
    metrics |= dict(zip(LOSS_CURVE, fit.curve.tolist()))
    for name, measures in (("trained", fit.measures), ("start", start), ("brightest", brightest_stars)):
        metrics |= {f"{measure}_{name}": value for measure, value in measures.items()}
    return CellResult(index, scene.frame.leave(fit.splats), metrics, _outcome(scene, fit))


def _outcome(scene: Scene, fit: Fit) -> str:
    if scene.exact:
        return "exact"
    if fit.way == 0.0:
        return "start" if np.isfinite(fit.last) else "diverged"
    return "trained" if fit.way == 1.0 else "mixed"


def _finite(splats: Splats) -> bool:
    return all(np.isfinite(getattr(splats, field.name)).all() for field in dataclasses.fields(splats))
