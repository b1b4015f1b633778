"""The CPU backend: forward and backward in one `autograd.Function` over numba kernels.

Images are independent of one another: the same bytes on any number of threads and in any batch.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from helios.errors import BackendError
from helios.rendering.backend import WEIGHT_MIN, check_scene
from helios.rendering.raster import draw_images, image_gradients
from helios.simd import JIT
from helios.threads import run_striped


class NumbaBackend:
    """A `helios.rendering.backend.Backend` for float32 tensors on the CPU.

    `threads` None uses every core this process may; `weight_min` is the coverage below which a splat is dropped.
    """

    name = "numba"
    device = torch.device("cpu")

    def __init__(self, why: str = "asked for", threads: int | None = None, weight_min: float = WEIGHT_MIN):
        self.why = why
        self.threads = threads
        self.weight_min = weight_min

    def render(
        self,
        means: Tensor,
        quats: Tensor,
        scales: Tensor,
        opacities: Tensor,
        colors: Tensor,
        viewmats: Tensor,
        Ks: Tensor,
        width: int,
        height: int,
    ) -> Tensor:
        """Return images float32 [B, C, H, W, 3]: see `Backend.render`. A splat with a NaN in it draws nothing.

        Raises BackendError unless every tensor is float32 on the CPU.
        """
        scene = (means, quats, scales, opacities, colors, viewmats, Ks)
        check_scene(*scene)
        for tensor in scene:
            if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
                raise BackendError(
                    f"the numba backend was given {tensor.dtype} on {tensor.device}; it takes float32 on the CPU"
                )
        return _Rasterise.apply(*scene, width, height, self.threads, self.weight_min)


class _Rasterise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, quats, scales, opacities, colors, viewmats, Ks, width, height, threads, weight_min):
        scene = [t.detach().contiguous() for t in (means, quats, scales, opacities, colors, viewmats, Ks)]
        b, c = viewmats.shape[:2]
        images = torch.empty(b, c, height, width, 3)
        run_striped(draw_images, b * c, threads, images.numpy(), *(t.numpy() for t in scene), weight_min)
        ctx.save_for_backward(*scene)
        ctx.options = threads, weight_min
        return images

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_images):
        scene = ctx.saved_tensors
        threads, weight_min = ctx.options
        (b, c), k = d_images.shape[:2], scene[0].shape[1]
        grads = np.empty((b, c, k, 14))
        arrays = (t.detach().contiguous().numpy() for t in (d_images, *scene))
        run_striped(image_gradients, b * c, threads, grads, *arrays, weight_min)
        total = np.empty((b, k, 14), np.float32)
        sum_views(total, grads)
        mean, quat, scale, opacity, color = torch.from_numpy(total).split((3, 4, 3, 1, 3), dim=-1)
        return mean, quat, scale, opacity[..., 0], color, *[None] * 6


@njit(**JIT)
def sum_views(total, grads):
    """total [B, K, 14] = the sum over views of grads [B, C, K, 14], in the order of the views."""
    b, c, k, n = grads.shape
    row = np.empty(n)
    for i in range(b):
        for j in range(k):
            row[:] = 0.0
            for view in range(c):
                row += grads[i, view, j]
            total[i, j] = row
