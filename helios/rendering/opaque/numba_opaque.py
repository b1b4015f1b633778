"""The CPU backend of opaque scenes: forward and backward in one `autograd.Function` over numba kernels.

What forward has projected, sorted and listed is kept for backward: 64 bytes a splat in view, 8 bytes a pair of splat
and tile it touches. The same bytes on any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from helios.errors import BackendError
from helios.rendering.opaque import gradients, project
from helios.rendering.opaque.blocks import SUMS, block_constants
from helios.rendering.opaque.contract import Drawn, check_opaque
from helios.rendering.opaque.gradients import gather_shares
from helios.rendering.opaque.project import PROJECTED, project_shares, put_in_order
from helios.rendering.opaque.tiles import SORTED, TILE, lay_tiles, list_tiles, place_lists, sum_tiles, take_splats
from helios.threads import run_striped

CONSTANTS = block_constants()


class NumbaOpaque:
    """A `helios.rendering.opaque.contract.OpaqueBackend` for float32 tensors on the CPU.

    `threads` None uses every core this process may.
    """

    name = "numba"
    device = torch.device("cpu")

    def __init__(self, why: str = "asked for", threads: int | None = None):
        self.why = why
        self.threads = threads

    def draw(
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
        *,
        backgrounds: Tensor | None = None,
        near_plane: float = 0.01,
        far_plane: float = 1e10,
        antialiased: bool = True,
        absgrad: bool = False,
        with_depths: bool = True,
    ) -> Drawn:
        """Return what the cameras see: see `OpaqueBackend.draw`.

        Raises BackendError unless every tensor is float32 on the CPU.
        """
        n, c = check_opaque(means, quats, scales, opacities, colors, viewmats, Ks, backgrounds)
        if means.dtype != torch.float32 or means.device.type != "cpu":
            raise BackendError(
                f"the numba backend was given {means.dtype} on {means.device}; it takes float32 on the CPU"
            )
        backgrounds = torch.zeros(c, 3) if backgrounds is None else backgrounds
        scene = (means, quats, scales, opacities, colors, viewmats, backgrounds)
        means2d = torch.empty(c, n, 2)
        if torch.is_grad_enabled() and any(t.requires_grad for t in scene):
            means2d.requires_grad_()
        options = _Options(width, height, (near_plane, far_plane), antialiased, absgrad, self.threads)
        images, alphas, depths, radii = _Rasterise.apply(*scene, means2d, Ks, options)
        return Drawn(images, alphas, depths, means2d, radii)


@dataclass(frozen=True)
class _Options:
    width: int
    height: int
    limits: tuple[float, float]
    antialiased: bool
    absgrad: bool
    threads: int | None


@dataclass(frozen=True)
class _View:
    """What one camera's forward pass leaves for the backward pass."""

    camera: tuple[NDArray[np.float64], NDArray[np.float64], float, float]
    splats: NDArray[Any]
    begin: NDArray[np.int64]
    listed: NDArray[np.int32]
    first: NDArray[np.int64]
    slots: NDArray[np.int32]
    ends: NDArray[np.int64]


def _shares(n: int, share: int) -> int:
    return (n + share - 1) // share


class _Rasterise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, quats, scales, opacities, colors, viewmats, backgrounds, means2d, Ks, options):
        scene = [t.detach().contiguous() for t in (means, quats, scales, opacities, colors, backgrounds)]
        c, n = colors.shape[:2]
        images = torch.empty(c, options.height, options.width, 3)
        alphas, depths, passing = (torch.empty(c, options.height, options.width) for _ in range(3))
        radii = torch.empty(c, n, 2, dtype=torch.int32)
        outputs = [t.detach().numpy() for t in (means2d, radii, images, alphas, depths, passing)]
        arrays = [t.numpy() for t in scene]
        poses, lenses = (t.detach().numpy().astype(np.float64) for t in (viewmats, Ks))
        views = []
        for j in range(c):
            camera = (poses[j], lenses[j], float(options.width), float(options.height))
            views.append(_draw(*(out[j] for out in outputs), arrays, j, camera, options))
        ctx.save_for_backward(*scene, images, alphas, depths, passing)
        ctx.views, ctx.options, ctx.means2d = views, options, means2d
        ctx.mark_non_differentiable(radii)
        ctx.set_materialize_grads(False)
        return images, alphas, depths, radii

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_images, d_alphas, d_depths, _):
        *scene, images, alphas, depths, passing = ctx.saved_tensors
        drawn = [t.numpy() for t in (images, alphas, depths, passing)]
        nothing = torch.zeros_like(alphas) if d_alphas is None or d_depths is None else None
        d_images = torch.zeros_like(images) if d_images is None else d_images
        asked = [(nothing if t is None else t).contiguous().numpy() for t in (d_images, d_alphas, d_depths)]
        c, n = scene[4].shape[:2]
        splats = tuple(t.numpy() for t in scene[:4])
        grads = tuple(np.empty_like(t) if c else np.zeros_like(t) for t in splats)
        options = ctx.options
        d_colors, d_means2d = np.empty((c, n, 3), np.float32), np.empty((c, n, 2), np.float32)
        d_absolute = np.empty((c, n if options.absgrad else 0, 2), np.float32)
        d_viewmats = np.zeros((c, 4, 4), np.float32)
        for j, view in enumerate(ctx.views):
            moments = np.empty(len(view.listed) * SUMS, np.float32)
            pixels = tuple(t[j] for t in drawn), tuple(t[j] for t in asked)
            run_striped(
                sum_tiles, len(view.ends), options.threads, moments, *pixels, view.ends, view.splats,
                (view.begin, view.listed),
                CONSTANTS, options.absgrad,
            )  # fmt: skip
            shares = np.empty((_shares(n, gradients.SHARE), 12))
            run_striped(
                gather_shares, len(shares), options.threads, grads, (d_colors[j], d_means2d[j], d_absolute[j], shares),
                j, moments, (view.first, view.slots), splats, view.camera, options.antialiased, options.absgrad,
            )  # fmt: skip
            d_viewmats[j, :3] = shares.sum(0).reshape(3, 4)
        if options.absgrad:
            ctx.means2d.absgrad = torch.from_numpy(d_absolute)
        d_backgrounds = torch.einsum("chwk,chw->ck", d_images, passing) if ctx.needs_input_grad[6] else None
        splat_grads = (torch.from_numpy(g) for g in (*grads, d_colors, d_viewmats))
        return *splat_grads, d_backgrounds, torch.from_numpy(d_means2d), None, None


def _draw(means2d, radii, image, alphas, depths, passing, arrays, j, camera, options: _Options) -> _View:
    """Draw view number j; all is written to what comes before `arrays`."""
    *splats, colors, backgrounds = arrays
    n, threads = len(means2d), options.threads
    counts, depths_found = np.empty(_shares(n, project.SHARE), np.int64), np.empty(n, np.float32)
    found, indices = np.empty(n, PROJECTED), np.empty(n, np.int32)
    run_striped(
        project_shares, len(counts), threads, found, indices, depths_found, counts, means2d, radii, tuple(splats),
        colors[j], camera, options.limits, options.antialiased,
    )  # fmt: skip
    order = put_in_order(depths_found, counts)
    ordered, bounds = np.empty(len(order), PROJECTED), np.empty((len(order), 4), np.int16)
    first = np.zeros(n + 1, np.int64)
    tiles = -(-options.width // TILE) * -(-options.height // TILE)
    tallies, begin = np.empty((_shares(len(order), SORTED), tiles), np.int32), np.empty(tiles + 1, np.int64)
    run_striped(
        take_splats, len(tallies), threads, ordered, bounds, first, tallies, found, indices, order,
        options.width, options.height,
    )  # fmt: skip
    place_lists(begin, tallies, first)
    listed, slots = np.empty(begin[-1], np.int32), np.empty(begin[-1], np.int32)
    run_striped(list_tiles, len(tallies), threads, listed, slots, tallies, bounds, first, indices, order, options.width)
    ends = np.empty(tiles, np.int64)
    run_striped(
        lay_tiles, len(ends), threads, image, alphas, depths, passing, ends, ordered, (begin, listed), backgrounds[j],
        CONSTANTS,
    )  # fmt: skip
    return _View(camera, ordered, begin, listed, first, slots, ends)
