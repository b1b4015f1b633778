"""How well splats stand for a cell, at views that training never saw."""

import numpy as np
import torch
from numpy.typing import NDArray

from helios.render.backend import Backend
from helios.splats import Splats
from helios.train.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII, Views
from helios.train.metrics import flux_error, psnr
from helios.train.model import Model


def render_views(
    splats: Splats, views: Views, image_size: int, exposure: float, backend: Backend
) -> NDArray[np.float32]:
    """Return images of `splats` as `backend` draws them, float32 [V, H, W, 3]."""
    model = Model.of([splats], len(splats), backend.device)
    with torch.no_grad():
        cameras = (torch.tensor(a, device=backend.device)[None] for a in (views.viewmats, views.Ks))
        exposures = torch.tensor([exposure], dtype=torch.float32, device=backend.device)
        images = backend.render(*model.render_arguments(exposures), *cameras, image_size, image_size)
    return images[0].float().cpu().numpy()


def evaluate(
    name: str,
    splats: Splats,
    views: Views,
    truth: NDArray[np.float32],
    image_size: int,
    exposure: float,
    backend: Backend,
) -> dict[str, float]:
    """Return {"psnr_<radii>_<name>": dB, "flux_error_<radii>_<name>": percent} for each of HELD_OUT_RADII.

    Each number is the median over the HELD_OUT_DIRECTIONS views at that distance; `views` are those of
    `helios.train.cameras.held_out_views` and `truth` [V, H, W, 3] what their emitters look like.
    """
    images = render_views(splats, views, image_size, exposure, backend)
    metrics = {}
    for measure, values in (("psnr", psnr(images, truth)), ("flux_error", flux_error(images, truth))):
        by_distance = np.median(np.reshape(values, (len(HELD_OUT_RADII), HELD_OUT_DIRECTIONS)), axis=1)
        metrics |= {f"{measure}_{radii:g}_{name}": float(v) for radii, v in zip(HELD_OUT_RADII, by_distance)}
    return metrics
