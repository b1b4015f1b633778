"""How near a trained scene comes to photographs: numbers for people who compare, pictures for those who look."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from helios.image_file import as_image, png_bytes
from helios.photos.metrics import METRICS, Score
from helios.photos.metrics.lpips_weights import read_weights
from helios.photos.results import keep

if TYPE_CHECKING:
    from helios.photos.data.dataset import Photograph
    from helios.photos.trained import Trained
    from helios.rendering.opaque.contract import OpaqueBackend

Metrics = Mapping[str, Callable[..., Score]]


@dataclass(frozen=True, eq=False)
class Judged:
    """The scores of one photograph by the names of metrics, and the photograph with the render on its right.

    Right of that are the render's pixels that were asked for, before black, where some were.

    NAME is of the whole picture, NAME_masked of the pixels of the photograph's mask, where there is one, and
    NAME_covisible of those that were asked for. Where the scene was trained with what masks leave out `ignored`, NAME
    is of the mask, too.
    """

    name: str
    scores: Mapping[str, Score]
    beside: NDArray[np.uint8]  # [H, 2 W or 3 W, 3]


def metrics_named(names: Sequence[str], lpips_weights: Path | None = None) -> Metrics:
    """Return the metrics of these names. Raises InputError for an unknown one, and for weights that cannot be used."""
    if lpips_weights is not None and "lpips" in names:
        read_weights(lpips_weights)
    return {name: METRICS.make(name, weights=lpips_weights) for name in names}


def judge_photographs(
    trained: Trained,
    photographs: Iterable[Photograph],
    backend: OpaqueBackend,
    metrics: Metrics,
    covisible: Callable[[Photograph], NDArray[np.bool_]] | None = None,
) -> Iterator[Judged]:
    """Yield each photograph judged, drawn before black and cut to [0, 1] as in gsplat's trainer.

    What a mask leaves out of a photograph is black in it, unless it is ignored. `covisible` tells of a photograph which
    of its pixels, [H, W], are judged apart. The same splats give the same scores. One picture is held at a time.
    """
    ignored = trained.config["options"].get("mask_outside") == "ignored"
    for photograph in photographs:
        drawn = trained.draw(backend, photograph.viewmat, photograph.K, photograph.width, photograph.height)
        image = drawn.images[0].clamp(0.0, 1.0).cpu().numpy()
        truth, mask = photograph.image().astype(np.float32) / np.float32(255.0), photograph.mask()
        counts = None if mask is None else mask >= 128
        if mask is not None and not ignored:
            truth = truth * (mask[..., None].astype(np.float32) / np.float32(255.0))
        pictures = [truth, image]
        areas: dict[str, NDArray[np.bool_] | None] = {"": counts if ignored else None}
        if counts is not None:
            areas["_masked"] = counts
        if covisible is not None:
            seen = covisible(photograph)
            areas["_covisible"] = seen = seen if counts is None else seen & counts
            pictures.append(np.where(seen[..., None], image, np.float32(0.0)))
        scores = {
            name + kind: call(image, truth, area) for kind, area in areas.items() for name, call in metrics.items()
        }
        beside = np.rint(255.0 * np.concatenate(pictures, axis=1)).astype(np.uint8)
        yield Judged(photograph.name, scores, beside)


def write_judged(
    trained: Trained,
    judged: Iterable[Judged],
    stats: Path,
    render: Callable[[str], Path],
    facts: Mapping[str, Any],
    remedy: str = "run the command again",
) -> dict[str, Any]:
    """Write the means and each photograph's scores to `stats`, and the pictures to `render(name)`; return the stats.

    `facts` come before the means. Keys as gsplat's: psnr, ssim, lpips, num_GS (splats). A metric is null where it has
    no number, with the reason in NAME_reason; where only some photographs have one, the mean is theirs, and NAME_count
    tells how many. Raises StoreError, ending in `remedy`, where a file cannot be written.
    """
    rows: dict[str, dict[str, Any]] = {}
    scores: dict[str, list[Score]] = {}
    for one in judged:
        picture = render(one.name)
        keep(picture, png_bytes(as_image(one.beside)), remedy)
        place = picture.relative_to(stats.parent.parent).as_posix()
        rows[one.name] = {**_numbers(one.scores), "render": place}
        for name, score in one.scores.items():
            scores.setdefault(name, []).append(score)
    means = _numbers({name: _mean(each) for name, each in scores.items()})
    for name, each in scores.items():
        if 0 < (count := sum(score.value is not None for score in each)) < len(rows):
            means[f"{name}_count"] = count
    content = {"step": trained.step, "num_GS": len(trained), "count": len(rows), **facts, **means, "photographs": rows}
    keep(stats, (json.dumps(content, indent=2) + "\n").encode(), remedy)
    return content


def _mean(scores: Sequence[Score]) -> Score:
    values = [score.value for score in scores if score.value is not None]
    return Score(float(np.mean(values))) if values else scores[0]


def _numbers(scores: Mapping[str, Score]) -> dict[str, Any]:
    """Return scores as JSON has them: null, and the reason, for what is no number, as is an infinite one there."""
    found: dict[str, Any] = {}
    for name, score in scores.items():
        finite = score.value is not None and math.isfinite(score.value)
        found[name] = score.value if finite else None
        if not finite:
            found[f"{name}_reason"] = score.reason or "infinite: a render equals its photograph"
    return found
