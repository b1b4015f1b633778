"""How well splats reproduce their cells in held-out views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from helios.rendering.backend import Backend
from helios.splats import Splats
from helios.training.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII
from helios.training.loss.metrics import flux_error, psnr
from helios.training.optim.model import Model
from helios.training.scene import Scene


@torch.no_grad()
def evaluate(
    name: str, candidates: Sequence[Splats], scenes: Sequence[Scene], backend: Backend
) -> list[dict[str, float]]:
    """Return {"psnr_<radii>_<name>": dB, "flux_error_<radii>_<name>": percent} of each cell, for all HELD_OUT_RADII.

    `candidates` are splats in the frames of `scenes`. Each number is the median over the HELD_OUT_DIRECTIONS views at
    that distance (`Scene.judge_views`), as `backend` draws them.
    """
    model = Model.of(candidates, max(map(len, candidates)), backend.device)
    images = draw(model, scenes, backend)
    truth = torch.from_numpy(np.stack([scene.judge_truth for scene in scenes])).to(backend.device)
    values = torch.stack([psnr(images, truth), flux_error(images, truth)])  # [2, B, V]
    values = values.unflatten(-1, (len(HELD_OUT_RADII), HELD_OUT_DIRECTIONS)).cpu().numpy()
    medians = np.median(values, axis=-1).transpose(1, 0, 2)  # [B, 2, radii]
    names = [f"{measure}_{radii:g}_{name}" for measure in ("psnr", "flux_error") for radii in HELD_OUT_RADII]
    return [dict(zip(names, cell.ravel().tolist())) for cell in medians]


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
