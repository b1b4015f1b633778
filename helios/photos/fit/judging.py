"""How near a scene comes to the photographs that were held out, while it trains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.photos.fit.fit import Fit
from helios.photos.fit.folder import GOES_ON
from helios.photos.judging import Judged, judge_photographs, metrics_named, write_judged
from helios.photos.results import Result

NAMES = ("psnr", "ssim", "lpips")
"""The metrics of stats/val_stepN.json."""

_SHOWN = 3
"""Photographs that are kept beside their renders, for a log."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What stats/val_stepN.json says, and a few photographs beside their renders."""

    stats: Mapping[str, Any]
    shown: Mapping[str, NDArray[np.uint8]]  # [H, 2 W, 3] by name

    def words(self) -> str:
        """Return PSNR and SSIM, inside masks too where there are any, in words."""
        told = [self._pair("psnr", "ssim")]
        if "psnr_masked" in self.stats:
            told.append(f"inside masks {self._pair('psnr_masked', 'ssim_masked')}")
        return f"{', '.join(told)} on {self.stats['count']} held-out photographs"

    def _pair(self, psnr: str, ssim: str) -> str:
        db, share = self.stats[psnr], self.stats[ssim]
        return ("no PSNR" if db is None else f"{db:.2f} dB") + (f" / {share:.4f}" if share is not None else "")

    def numbers(self) -> dict[str, float]:
        """Return the means that there are, by the names of metrics."""
        kinds = ("", "_masked")
        means = {name + kind: self.stats.get(name + kind) for name in NAMES for kind in kinds}
        return {name: value for name, value in means.items() if value is not None}


def judge(fit: Fit, result: Result, lpips_weights: Path | None) -> Verdict:
    """Judge the splats of `fit` as they are now: write stats/val_stepN.json and renders/val_stepN_NAME.png.

    The same splats give the same bytes. Raises StoreError where a file cannot be written.
    """
    metrics, trained, step = metrics_named(NAMES, lpips_weights), fit.trained(), fit.step
    shown: dict[str, NDArray[np.uint8]] = {}
    judged = _showing(judge_photographs(trained, fit.data.test, fit.backend, metrics), shown)
    stats = write_judged(trained, judged, result.stats(step), lambda name: result.render(step, name), {}, GOES_ON)
    return Verdict(stats, shown)


def _showing(judged: Iterable[Judged], shown: dict[str, NDArray[np.uint8]]) -> Iterator[Judged]:
    """Yield each of `judged`, and keep the first pictures in `shown`."""
    for one in judged:
        if len(shown) < _SHOWN:
            shown[one.name] = one.beside
        yield one
