"""How well trained cells stand for their stars, in a few numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.light import magnitudes_fainter


def quality(metrics: Mapping[str, NDArray[np.float64]]) -> dict[str, Any]:
    """Return the quality of trained cells, given their `metrics` [M] by name, as values that JSON can hold.

    `light_error_mmag`: by how much the splats of a cell are fainter than its stars, as the `median`, the `p90` (90 % of
    cells) and the `worst` of absolute values, and `together`, with sign. `psnr_db` and `flux_error_percent`: for each
    distance, in radii, the `median` over cells and, `by_light`, the median weighted by the light of the cells. Empty
    if these were not measured, as by earlier versions.
    """
    if not {"light", "light_error_trained"} <= metrics.keys() or not len(metrics["light"]):
        return {}
    light, error = metrics["light"], metrics["light_error_trained"]
    together = 1e3 * magnitudes_fainter((light * 10.0 ** (-0.4e-3 * error)).sum(), light.sum())
    off = np.abs(error)
    told: dict[str, Any] = {
        "light_error_mmag": {
            "median": float(np.median(off)),
            "p90": float(np.quantile(off, 0.9)),
            "worst": float(off.max()),
            "together": float(together),
        }
    }
    for measure, key in (("psnr", "psnr_db"), ("flux_error", "flux_error_percent")):
        names = [name.split("_") for name in metrics if name.startswith(f"{measure}_") and name.endswith("_trained")]
        told[key] = {
            radii: {
                "median": float(np.median(metrics[f"{measure}_{radii}_trained"])),
                "by_light": weighted_median(metrics[f"{measure}_{radii}_trained"], light),
            }
            for radii in sorted((parts[-2] for parts in names), key=float)
        }
    return told


def weighted_median(values: ArrayLike, weights: ArrayLike) -> float:
    """Return the least of `values` [N] up to which at least half of the `weights` [N] lie."""
    values, weights = np.asarray(values, np.float64), np.asarray(weights, np.float64)
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(passed, 0.5 * passed[-1])])
