"""The objective on the CPU: one nogil call per thread and step, the loss only where there is light."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from helios.rendering.numba_backend import NumbaBackend
from helios.threads import run_striped
from helios.training.cameras import LOSS_EVERY
from helios.training.config import TrainConfig
from helios.training.loss.fused_loss import LEVELS, TruthCache
from helios.training.optim.model import COLUMNS, WIDTH, Model
from helios.training.optim.step_kernels import params_gradient, splats_of, step_workspace, view_losses
from helios.training.regularisers import SCALE, weighted_sum
from helios.training.scene import Scene

WEIGHT_MIN = 1e-5
"""Coverage below which a splat is dropped in training; a tenth of what it is judged by costs a fifth more time."""

_SHARED_FROM = 2048
"""From so many slots on, the images of a step are shared among threads: below, cells keep the threads busy, and
starting them costs more than it saves."""


class NumbaObjective:
    """The objective of `helios.training.optim.objective.TorchObjective` on the numba backend.

    The result does not depend on threads: images are judged one by one and summed in their order.
    Memory per cell: its truth and 112 bytes per splat and view; per thread: 1.6 MB and two images.
    """

    def __init__(self, model: Model, scenes: Sequence[Scene], config: TrainConfig, backend: NumbaBackend):
        self._model, self._config, self._backend = model, config, backend
        self._cells = [_CellObjective(model, b, scene, config, backend) for b, scene in enumerate(scenes)]
        self._grad = torch.zeros_like(model.params)
        self._slow = {term: weight for term, weight in config.regularisers().items() if not term.has_twin}

    def gradient(self, views: np.ndarray) -> tuple[Tensor, Tensor]:
        losses = torch.tensor([c.loss(v, self._grad[b].numpy()) for b, (c, v) in enumerate(zip(self._cells, views))])
        if self._slow:
            self._model.params.requires_grad_(True)
            extra = self._slow_terms()
            self._grad += torch.autograd.grad(extra.sum(), self._model.params)[0] * self._model.free[..., None]
            self._model.params.requires_grad_(False)
            losses += extra.detach()
        return losses, self._grad

    def losses(self) -> Tensor:
        losses = torch.tensor([cell.loss(np.arange(cell.views)[::LOSS_EVERY], None) for cell in self._cells])
        return losses + self._slow_terms().detach() if self._slow else losses

    def _slow_terms(self) -> Tensor:
        return weighted_sum(self._slow, self._model.log_scales, self._model.mask)


class _CellObjective:
    """Loss and gradient of one cell, with everything its kernels work on."""

    def __init__(self, model: Model, b: int, scene: Scene, config: TrainConfig, backend: NumbaBackend):
        self._config, self._exposure = config, float(scene.exposure)
        self._rows = tuple(t[b].numpy() for t in (model.params, model.anchors, model.strides, model.mask, model.kept))
        self.views = len(scene.views)
        self._cameras = (scene.views.viewmats, scene.views.Ks)
        cache = TruthCache.of(torch.from_numpy(scene.truth[None]))
        self._truth = (cache.images[0].numpy(), cache.lit[0])
        pixels = 3 * config.image_size**2
        weights = config.lambda_flux * scene.view_weights[:, None, None] * cache.weights[0]
        weights[:, 1, 0] += (1.0 - config.lambda_dssim) / pixels
        self._weights, self._ssim_weight = weights.astype(np.float32), np.float32(config.lambda_dssim / pixels)
        self._levels = LEVELS if config.lambda_flux else 1
        slots = model.params.shape[1]
        self._splats = tuple(np.empty((slots, *n), np.float32) for n in ((3,), (4,), (3,), (), (3,)))
        self._twins = {term: weight for term, weight in config.regularisers().items() if term.has_twin}
        self._threads = backend.threads if slots >= _SHARED_FROM else 1
        self._lock = threading.Lock()
        self._workspaces = [step_workspace(config.image_size, config.image_size)]
        self._grads = np.empty((config.views_per_iter, slots, WIDTH))

    def loss(self, chosen: np.ndarray, grad: np.ndarray | None) -> float:
        """The loss at the views `chosen` [C]; its gradient [K, 14] is written to `grad` where that is given."""
        params, anchors, strides, mask, kept = self._rows
        splats_of(params, anchors, strides, mask, self._exposure, *self._splats)
        moments, dssims = np.empty((len(chosen), 2, LEVELS)), np.empty(len(chosen))
        want = grad is not None
        grads = self._grads[: len(chosen)] if want else self._grads
        out = np.empty_like(params) if grad is None else grad
        scale = np.float32(1.0 / len(chosen))
        scene = (*self._cameras, *self._truth, self._weights, self._ssim_weight, self._levels, WEIGHT_MIN)

        def judge(stripe: int, stripes: int) -> None:
            view_losses(
                stripe, stripes, chosen, moments, dssims, grads, self._splats, *scene, want, self._workspace(stripe)
            )

        run_striped(judge, len(chosen), self._threads)
        total = float((self._weights[chosen] * moments).sum() + self._ssim_weight * dssims.sum()) / len(chosen)
        if want:
            params_gradient(grads, params, strides, mask & ~kept, *self._splats[2:], out)
            out *= scale
        sizes = COLUMNS["log_scales"]
        for regulariser, weight in self._twins.items():
            total += regulariser.add_gradient(params[:, sizes], mask, SCALE * weight, out[:, sizes])
        return total

    def _workspace(self, stripe: int):
        with self._lock:
            while len(self._workspaces) <= stripe:
                self._workspaces.append(step_workspace(self._config.image_size, self._config.image_size))
        return self._workspaces[stripe]
