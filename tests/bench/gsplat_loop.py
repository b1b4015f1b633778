"""The loop of gsplat's `simple_trainer`, from gsplat's public parts: what a step of ours is compared with on a GPU.

`rasterization` of harmonics, a strategy, torch's fused Adam, one scheduler, one photograph a step, the loss read once a
step for a line of progress: all that its examples/simple_trainer.py does without masks, cameras, appearance and logs.
Photographs lie in pinned memory as floats, so that its workers cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from helios.photos.fit.chance import Epochs
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import RATE_OF


def loss_of_its_trainer() -> tuple[str, Callable[[Tensor, Tensor, float], Tensor]]:
    """(name, loss of images and photographs [1, H, W, 3]): by the fused_ssim it asks for, else by our own kernels."""
    try:
        from fused_ssim import fused_ssim
    except ImportError:
        from helios.photos.fit.losses import photo_loss

        return "helios' Triton loss (fused_ssim is not installed)", photo_loss

    def loss(images: Tensor, truth: Tensor, ssim_lambda: float) -> Tensor:
        ssim = fused_ssim(images.permute(0, 3, 1, 2), truth.permute(0, 3, 1, 2), padding="valid")
        return torch.lerp((images - truth).abs().mean(), 1.0 - ssim, ssim_lambda)

    return "fused_ssim", loss


class GsplatLoop:
    """The same training as that of `fit`, from its start and in its order of photographs; `step` counts the steps.

    `strategy` is gsplat's, `rasterization` its function, or those that behave alike; one photograph a step.
    """

    def __init__(self, fit: Fit, rasterization: Callable[..., Any], strategy: Any, loss: Callable[..., Tensor]):
        self.options, self.device = fit.options.fit, fit.backend.device
        assert self.options.steps.batch_size == 1
        self.rasterization, self.strategy, self.loss = rasterization, strategy, loss
        self.preset, self.step = fit.options.preset(), 0
        params = {name: torch.nn.Parameter(param.detach().clone()) for name, param in fit.table.params.items()}
        self.splats = torch.nn.ParameterDict(params)
        rates = {name: getattr(self.options.rates, f"{name}_lr") for name in RATE_OF}
        rates["means"] *= fit.scene_scale * self.options.pace()
        self.optimizers = {
            name: torch.optim.Adam([{"params": param, "lr": rates[name]}], eps=1e-15, fused=True)
            for name, param in self.splats.items()
        }
        gamma = self.options.rates.means_lr_final ** (1.0 / fit.last_step)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizers["means"], gamma=gamma)
        self.by_gradients = not hasattr(strategy, "noise_lr")
        self.state = strategy.initialize_state(**({"scene_scale": fit.scene_scale} if self.by_gradients else {}))
        self.views = [self._view(photograph) for photograph in fit.data.train]
        self.order = Epochs(self.options.steps.seed, len(self.views))

    def _view(self, photograph: Any) -> tuple[Tensor, Tensor, Tensor]:
        image = torch.tensor(photograph.image()).float()[None]
        tensors = torch.tensor(photograph.viewmat).float()[None].inverse(), torch.tensor(photograph.K).float()[None]
        if self.device.type == "cuda":
            return tuple(tensor.pin_memory() for tensor in (*tensors, image))
        return (*tensors, image)

    def advance(self) -> float:
        """Make one step; return its loss."""
        options, step, splats = self.options, self.step, self.splats
        camtoworlds, Ks, image = (tensor.to(self.device) for tensor in self.views[self.order.at(step)])
        pixels = image / 255.0
        height, width = pixels.shape[1:3]
        by_absolute = {"absgrad": self.strategy.absgrad} if self.by_gradients else {}
        images, _, info = self.rasterization(
            means=splats["means"],
            quats=splats["quats"],
            scales=torch.exp(splats["scales"]),
            opacities=torch.sigmoid(splats["opacities"]),
            colors=torch.cat([splats["sh0"], splats["shN"]], 1),
            viewmats=torch.linalg.inv(camtoworlds),
            Ks=Ks,
            width=width,
            height=height,
            packed=options.drawing.packed,
            sparse_grad=False,
            rasterize_mode="antialiased" if options.drawing.antialiased else "classic",
            sh_degree=min(step // options.scaled(options.colour.sh_degree_interval), options.colour.sh_degree),
            near_plane=options.drawing.near_plane,
            far_plane=options.drawing.far_plane,
            render_mode="RGB",
            **by_absolute,
        )
        if self.by_gradients:
            self.strategy.step_pre_backward(splats, self.optimizers, self.state, step, info)
        loss = self.loss(images, pixels, options.losses.ssim_lambda)
        if self.preset.opacity_reg > 0.0:
            loss = loss + self.preset.opacity_reg * torch.sigmoid(splats["opacities"]).mean()
        if self.preset.scale_reg > 0.0:
            loss = loss + self.preset.scale_reg * torch.exp(splats["scales"]).mean()
        loss.backward()
        told = loss.item()
        for optimizer in self.optimizers.values():
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        rate = self.scheduler.get_last_lr()[0]
        self.scheduler.step()
        last = {"packed": options.drawing.packed} if self.by_gradients else {"lr": rate}
        self.strategy.step_post_backward(splats, self.optimizers, self.state, step, info, **last)
        assert math.isfinite(told)
        self.step += 1
        return told
