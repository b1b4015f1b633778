"""`photometric`, the loss by default: L1, D-SSIM and the light of blocks, with a fast twin for each kind of device."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from helios.training.loss import ImageLoss
from helios.training.loss.image_terms import image_loss


@dataclass(frozen=True)
class Photometric(ImageLoss):
    """(1 - lambda_dssim) L1 + lambda_dssim DSSIM + lambda_flux pyramid; the pyramid counts each view by its weight.

    Both weights are settings of the run (`TrainConfig`).
    """

    lambda_dssim: float
    lambda_flux: float

    def __call__(
        self, pred: Tensor, truth: Tensor, views: Tensor | None = None, view_weights: Tensor | None = None
    ) -> Tensor:
        return image_loss(pred, truth, views, **self._weights(view_weights))

    def against(self, truth: Tensor, view_weights: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        weights = self._weights(view_weights)
        if truth.device.type == "cuda" and importlib.util.find_spec("triton"):
            from helios.training.loss.triton_loss import TritonTruth, triton_image_loss

            return functools.partial(_judge, triton_image_loss, TritonTruth.of(truth), weights)
        if truth.device.type == "cpu":
            from helios.training.loss.fused_loss import TruthCache, fused_image_loss

            return functools.partial(_judge, fused_image_loss, TruthCache.of(truth), weights)
        return functools.partial(_judge, image_loss, truth, weights)

    def _weights(self, view_weights: Tensor | None) -> dict[str, Any]:
        by_view = self.lambda_flux if view_weights is None else (self.lambda_flux * view_weights).float()
        return {"lambda_dssim": self.lambda_dssim, "lambda_flux": by_view}


def _judge(loss, truth, weights, pred, views):
    return loss(pred, truth, views, **weights)
