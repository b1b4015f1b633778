"""Loss and gradient of a batch of cells: by torch for any rasteriser, by one machine-code step for the numba one."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from helios.render.backend import Backend
from helios.train.cameras import LOSS_EVERY
from helios.train.config import TrainConfig
from helios.train.optim.model import Model
from helios.train.registries import IMAGE_LOSSES
from helios.train.regularisers import weighted_sum
from helios.train.scene import Scene


class Objective(Protocol):
    """What a batch of cells is trained against."""

    def gradient(self, views: np.ndarray) -> tuple[Tensor, Tensor]:
        """Return (loss [B], its gradient [B, K, 14] in `Model.params`) at `views` int64 [B, C] of each cell."""
        ...

    def losses(self) -> Tensor:
        """Return the loss [B] over every LOSS_EVERY-th training view."""
        ...


def objective_for(model: Model, scenes: Sequence[Scene], config: TrainConfig, backend: Backend) -> Objective:
    """The fastest objective that draws as `backend` does."""
    if backend.name == "numba":
        from helios.train.optim.numba_objective import NumbaObjective

        return NumbaObjective(model, scenes, config, backend)
    return TorchObjective(model, scenes, config, backend)


class TorchObjective:
    """The objective through autograd, on the backend's device."""

    def __init__(self, model: Model, scenes: Sequence[Scene], config: TrainConfig, backend: Backend):
        self._model, self._config, self._backend = model, config, backend
        device = backend.device
        self._viewmats = torch.tensor(np.stack([s.views.viewmats for s in scenes]), device=device)
        self._Ks = torch.tensor(np.stack([s.views.Ks for s in scenes]), device=device)
        self._exposures = torch.tensor([s.exposure for s in scenes], dtype=torch.float32, device=device)
        self._rows = torch.arange(len(scenes), device=device)[:, None]
        self._regularisers = config.regularisers()
        self._image_loss = image_loss(scenes, config, device)

    def gradient(self, views: np.ndarray) -> tuple[Tensor, Tensor]:
        self._model.params.requires_grad_(True)
        loss = self._loss(torch.as_tensor(views, device=self._backend.device))
        (grad,) = torch.autograd.grad(loss.sum(), self._model.params)
        self._model.params.requires_grad_(False)
        return loss.detach(), grad

    @torch.no_grad()
    def losses(self) -> Tensor:
        views = torch.arange(0, self._viewmats.shape[1], LOSS_EVERY, device=self._backend.device)
        pieces = views.split(self._config.views_per_iter)
        return sum(self._loss(p.expand(len(self._rows), -1)) * len(p) for p in pieces) / len(views)

    def _loss(self, views: Tensor) -> Tensor:
        size, arguments = self._config.image_size, self._model.render_arguments(self._exposures)
        images = self._backend.render(
            *arguments, self._viewmats[self._rows, views], self._Ks[self._rows, views], size, size
        )
        return self._image_loss(images, views) + weighted_sum(
            self._regularisers, self._model.log_scales, self._model.mask
        )


def image_loss(
    scenes: Sequence[Scene], config: TrainConfig, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss (images [B, C, H, W, 3], views [B, C]) -> [B] of these scenes on `device`, the fastest there is."""
    truth = torch.empty(len(scenes), *scenes[0].truth.shape, device=device)
    for images, scene in zip(truth, scenes):
        images.copy_(torch.from_numpy(scene.truth))
    by_view = config.lambda_flux * np.stack([scene.view_weights for scene in scenes])
    weights = {
        "lambda_dssim": config.lambda_dssim,
        "lambda_flux": torch.tensor(by_view, dtype=torch.float32, device=device),
    }
    if device.type == "cuda" and importlib.util.find_spec("triton"):
        from helios.train.loss.triton_loss import TritonTruth

        return functools.partial(_against, IMAGE_LOSSES.get("triton"), TritonTruth.of(truth), weights)
    return functools.partial(_against, IMAGE_LOSSES.get("torch"), truth, weights)


def _against(loss, truth, weights, images, views):
    return loss(images, truth, views, **weights)
