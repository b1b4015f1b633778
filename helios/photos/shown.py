"""What splats show cameras, and what a picture asks of them in return, on the CPU in machine code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from helios.photos.sh_kernels import LANES, SLOPES, show
from helios.threads import run_striped

WORTH = 8192
"""Splats that are worth a thread's while."""

TRAINED = ("means", "scales", "opacities", "sh0", "shN")
"""The columns of a table that more than the rasteriser looks at."""


@dataclass(frozen=True)
class Shown:
    """What C cameras were shown of N splats, and dL/d of it. With it the optimiser finds the gradient in what is
    trained while it steps, which spares writing and reading gradients of their size.
    """

    degree: int  # of the harmonics
    centres: Tensor  # [C, 3] of the cameras
    scales: Tensor  # [N, 3]
    opacities: Tensor  # [N]
    colors: Tensor  # [C, N, 3]
    slopes: Tensor  # [C, blocks, SLOPES], derivatives of the colours
    d_scales: Tensor
    d_opacities: Tensor
    d_colors: Tensor


class ShowOnCpu(torch.autograd.Function):
    """(scales, opacities, colors) of TRAINED columns, for `centres` [C, 3]; backward adds a Shown to `kept`."""

    @staticmethod
    def forward(ctx, means, scales, opacities, sh0, shN, centres, degree, kept):
        trained = tuple(flat(t) for t in (means, scales, opacities, sh0, shN))
        count, views, blocks = len(means), len(centres), -(-len(means) // LANES)
        shown = torch.empty(count, 3), torch.empty(count), torch.empty(views, count, 3)
        slopes = torch.empty(views, blocks if kept is not None and degree else 0, SLOPES)
        arrays = flat(centres), trained, tuple(flat(t) for t in (*shown, slopes))
        run_striped(show, -(-count // WORTH), None, count, 3 * shN.shape[1], degree, *arrays)
        ctx.shown, ctx.kept = (degree, centres, *(t.detach() for t in shown), slopes), kept
        return shown

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *asked):
        ctx.kept.append(Shown(*ctx.shown, *(t.contiguous() for t in asked)))
        return (None,) * 8


def showable(params: Mapping[str, Tensor]) -> bool:
    """Whether `params`, the columns of a table, are such as `ShowOnCpu` takes."""
    return all(params[name].dtype == torch.float32 and params[name].device.type == "cpu" for name in TRAINED)


def joined(parts: Sequence[Shown]) -> Shown:
    """Return pictures of the same splats, one degree for all, as if they were of one draw."""
    one = parts[0]
    if len(parts) == 1:
        return one
    colors, slopes, d_colors, centres = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("colors", "slopes", "d_colors", "centres")
    )
    d_scales, d_opacities = (
        torch.stack([getattr(part, name) for part in parts]).sum(0) for name in ("d_scales", "d_opacities")
    )
    return Shown(one.degree, centres, one.scales, one.opacities, colors, slopes, d_scales, d_opacities, d_colors)


def flat(tensor: Tensor) -> NDArray[np.float32]:
    """Return the numbers of a float32 tensor on the CPU, one after the other."""
    return tensor.detach().contiguous().numpy().reshape(-1)
