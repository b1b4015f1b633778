"""Loss and gradient of a batch of cells: by torch for any rasteriser, by one machine-code step for the numba one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from helios.rendering.backend import Backend
from helios.rendering.numba_backend import NumbaBackend
from helios.training.cameras import LOSS_EVERY
from helios.training.config import TrainConfig
from helios.training.loss import ImageLoss
from helios.training.loss.photometric import Photometric
from helios.training.optim.model import Model
from helios.training.regularisers import weighted_sum
from helios.training.scene import Scene


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
    if isinstance(backend, NumbaBackend) and isinstance(config.image_loss(), Photometric):
        from helios.training.optim.numba_objective import NumbaObjective

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
        loss = config.image_loss()
        view_weights = torch.tensor(np.stack([s.view_weights for s in scenes]), device=device)
        # The readable backend goes with the readable loss.
        against = ImageLoss.against if backend.name == "torch" else type(loss).against
        self._image_loss = against(loss, truth_of(scenes, device), view_weights)

    def gradient(self, views: np.ndarray) -> tuple[Tensor, Tensor]:
        self._model.params.requires_grad_(True)
        loss = self._loss(torch.as_tensor(views, device=self._backend.device))
        (grad,) = torch.autograd.grad(loss.sum(), self._model.params)
        self._model.params.requires_grad_(False)
        return loss.detach(), grad

    @torch.no_grad()
    def losses(self) -> Tensor:
        views = torch.arange(0, self._viewmats.shape[1], LOSS_EVERY, device=self._backend.device)
        total = torch.zeros_like(self._exposures)
        for piece in views.split(self._config.views_per_iter):
            total += self._loss(piece.expand(len(self._rows), -1)) * len(piece)
        return total / len(views)

    def _loss(self, views: Tensor) -> Tensor:
        size, arguments = self._config.image_size, self._model.render_arguments(self._exposures)
        images = self._backend.render(
            *arguments, self._viewmats[self._rows, views], self._Ks[self._rows, views], size, size
        )
        return self._image_loss(images, views) + weighted_sum(
            self._regularisers, self._model.log_scales, self._model.mask
        )


def truth_of(scenes: Sequence[Scene], device: torch.device) -> Tensor:
    """Return the truths of scenes of one size, [B, V, H, W, 3], on `device`."""
    truth = torch.empty(len(scenes), *scenes[0].truth.shape, device=device)
    for images, scene in zip(truth, scenes):
        images.copy_(torch.from_numpy(scene.truth))
    return truth
