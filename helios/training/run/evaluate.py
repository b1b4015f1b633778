"""How well splats reproduce their cells: in held-out views, and in the total of their light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from helios.light import magnitudes_fainter
from helios.rendering.backend import Backend
from helios.rendering.mean_light import mean_light
from helios.rendering.numba_backend import NumbaBackend
from helios.splats import Splats
from helios.training.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII
from helios.training.loss.metrics import flux_error, psnr
from helios.training.optim.model import Model
from helios.training.scene import Scene

JUDGE = NumbaBackend("judges all")
"""What draws the splats that are judged, whatever backend trained them: the law of light with nothing left out."""


@torch.no_grad()
def evaluate(candidates: Sequence[Splats], scenes: Sequence[Scene]) -> list[dict[str, float]]:
    """Return the measures of each cell: {"psnr_<radii>": dB, "flux_error_<radii>": percent, "light_error": mmag}.

    `candidates` are splats in the frames of `scenes`. PSNR and flux error, for all HELD_OUT_RADII, are medians over the
    HELD_OUT_DIRECTIONS views at that distance (`Scene.judge_views`). `light_error` is by how much the splats together
    are fainter than the stars, in the mean over all directions.
    """
    measures = []
    for splats, scene in zip(candidates, scenes):
        images = draw(Model.of([splats], len(splats), JUDGE.device), [scene], JUDGE)[0]
        truth = torch.from_numpy(scene.judge_truth)
        values = torch.stack([psnr(images, truth), flux_error(images, truth)])  # [2, V]
        medians = np.median(values.unflatten(-1, (len(HELD_OUT_RADII), HELD_OUT_DIRECTIONS)).numpy(), axis=-1)
        names = [f"{measure}_{radii:g}" for measure in ("psnr", "flux_error") for radii in HELD_OUT_RADII]
        light = mean_light(splats.opacities, splats.scales).sum()
        measures.append(
            dict(zip(names, medians.ravel().tolist()))
            | {"light_error": 1e3 * float(magnitudes_fainter(light, scene.light))}
        )
    return measures


@torch.no_grad()
def draw(model: Model, scenes: Sequence[Scene], backend: Backend, views: slice = slice(None)) -> Tensor:
    """Return images [B, V, H, W, 3] of the cells of `model` from `views` of `Scene.judge_views`, at their exposures."""
    device, size = backend.device, scenes[0].truth.shape[1]
    exposures = torch.tensor([scene.exposure for scene in scenes], dtype=torch.float32, device=device)
    viewmats, Ks = (
        torch.from_numpy(np.stack([getattr(scene.judge_views, name)[views] for scene in scenes])).to(device)
        for name in ("viewmats", "Ks")
    )
    return backend.render(*model.render_arguments(exposures), viewmats, Ks, size, size)
