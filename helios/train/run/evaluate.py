"""How well splats stand for their cells, at views that training never saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from helios.render.backend import Backend
from helios.splats import Splats
from helios.train.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII
from helios.train.loss.metrics import flux_error, psnr
from helios.train.optim.model import Model
from helios.train.scene import Scene


@torch.no_grad()
def evaluate(
    name: str, candidates: Sequence[Splats], scenes: Sequence[Scene], backend: Backend
) -> list[dict[str, float]]:
    """Return {"psnr_<radii>_<name>": dB, "flux_error_<radii>_<name>": percent} of each cell, for all HELD_OUT_RADII.

    `candidates` are splats in the frames of `scenes`. Each number is the median over the HELD_OUT_DIRECTIONS views at
    that distance (`Scene.judge_views`), as `backend` draws them.
    """
    device, size = backend.device, scenes[0].truth.shape[1]
    model = Model.of(candidates, max(map(len, candidates)), device)
    exposures = torch.tensor([s.exposure for s in scenes], dtype=torch.float32, device=device)
    viewmats, Ks, truth = (
        torch.from_numpy(np.stack(arrays)).to(device)
        for arrays in zip(*((s.judge_views.viewmats, s.judge_views.Ks, s.judge_truth) for s in scenes))
    )
    images = backend.render(*model.render_arguments(exposures), viewmats, Ks, size, size)
    values = torch.stack([psnr(images, truth), flux_error(images, truth)])  # [2, B, V]
    values = values.unflatten(-1, (len(HELD_OUT_RADII), HELD_OUT_DIRECTIONS)).cpu().numpy()
    medians = np.median(values, axis=-1).transpose(1, 0, 2)  # [B, 2, radii]
    names = [f"{measure}_{radii:g}_{name}" for measure in ("psnr", "flux_error") for radii in HELD_OUT_RADII]
    return [dict(zip(names, cell.ravel().tolist())) for cell in medians]
