"""Where in space light is missing: bright spots of the truth that the splats lack, located from several views."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from helios.color import LUMINANCE
from helios.fixed_order import product
from helios.rendering.backend import Backend
from helios.training.cameras import REFERENCE_RADII
from helios.training.optim.model import Model
from helios.training.scene import Scene
from helios.training.strategies.slots import FILTER_SIGMA

VIEWS = 12
"""Number of training views used: those nearest to REFERENCE_RADII, which see the whole cell at about one scale."""

_SLOTS_PER_SPOT = 4
"""Slots of a cell for each spot of a view that is followed along its ray."""

_DEPTHS = 64
"""Points tried on each ray inside the cell: 1.4 pixels apart at REFERENCE_RADII, where a spot is about 3 wide."""

_WINDOW = 3
"""Width and height, pixels, of the windows over which light is summed: they hold all but 1 % of a point's."""

_REFINEMENTS = 3

_CELLS_AT_ONCE = {"cpu": 1, "cuda": 16}
"""Cells processed together. On a CPU one, as the last digit of vectorised functions may depend on the place in a batch.
"""


@dataclass(frozen=True)
class Spots:
    """Places where light is missing, the brightest first, in the cell's frame: `means` [M, 3], `light` [M] > 0.

    `colors` [M, 3] are linear RGB of luminance 1.
    """

    means: NDArray[np.float64]
    light: NDArray[np.float64]
    colors: NDArray[np.float64]


class MissingLight:
    """Finds points of light in the difference between the truth and the splats of a batch of cells.

    A bright spot of the difference in one view is followed along its ray. It is placed where the median over all VIEWS
    of the light that is missing is largest, and that median is its light. The median is not misled by another star on
    the ray of one or two views. `backend` renders the splats.
    """

    def __init__(self, model: Model, scenes: Sequence[Scene], image_size: int, backend: Backend):
        device = model.params.device
        self._model, self._size, self._spots = model, image_size, max(8, model.mask.shape[1] // _SLOTS_PER_SPOT)
        self._backend = backend
        chosen = [_nearest_views(scene) for scene in scenes]

        def stack(arrays):
            return torch.from_numpy(np.stack(arrays)).to(device)

        self._viewmats = stack([s.views.viewmats[c] for s, c in zip(scenes, chosen)])
        self._Ks = stack([s.views.Ks[c] for s, c in zip(scenes, chosen)])
        self._focal = float(scenes[0].views.Ks[0, 0, 0])
        self._exposures = torch.tensor([s.exposure for s in scenes], dtype=torch.float32, device=device)
        self._truth = stack([s.truth[c] for s, c in zip(scenes, chosen)])
        self._shade = _luminance(self._truth)

    @torch.no_grad()
    def find(self, turn: int) -> list[Spots]:
        """Return the spots of each cell, followed from view number `turn` modulo the number of views."""
        spots: list[Spots] = []
        at_once = _CELLS_AT_ONCE[self._exposures.device.type]
        for first in range(0, len(self._exposures), at_once):
            spots += self._find(slice(first, first + at_once), turn)
        return spots

    def _find(self, cells: slice, turn: int) -> list[Spots]:
        cameras = self._viewmats[cells], self._Ks[cells]
        part = Model(*(getattr(self._model, field.name)[cells] for field in fields(Model)))
        arguments = part.render_arguments(self._exposures[cells])
        images = self._backend.render(*arguments, *cameras, self._size, self._size)
        truth = self._truth[cells]  # [B, V, H, W, 3]
        window = _sums(self._shade[cells] - _luminance(images))  # [B, V, H, W]
        points = self._along_rays(cells, window, turn % window.shape[1])  # [B, M, D, 3]
        light = self._light_at(cells, window, points.flatten(1, 2)).unflatten(1, points.shape[1:3])
        best = light.argmax(dim=2, keepdim=True)
        points = torch.take_along_dim(points, best[..., None], dim=2)[:, :, 0]
        points, light = self._refine(cells, window, points)
        tint = self._tint_at(cells, truth, images, points)
        return [_sorted(*(t[b].double().cpu().numpy() for t in (points, light, tint))) for b in range(len(points))]

    def _along_rays(self, cells: slice, window: Tensor, view: int) -> Tensor:
        """Return points [B, M, D, 3] in the cell on the rays of the M brightest spots in one `view` of `window`.

        `window` [B, V, H, W] holds the missing light around each pixel.
        """
        seen = window[:, view]
        peaks = torch.where(seen == F.max_pool2d(seen, 3, stride=1, padding=1), seen, -torch.inf)
        pixels = peaks.flatten(1).topk(min(self._spots, seen[0].numel()), dim=1).indices
        x, y = pixels % self._size, pixels // self._size
        half = 0.5 * self._size
        across = [(x + 0.5 - half) / self._focal, (y + 0.5 - half) / self._focal, torch.ones_like(x, dtype=seen.dtype)]
        turn, shift = self._viewmats[cells, view, :3, :3], self._viewmats[cells, view, :3, 3]
        rays = (torch.stack(across, dim=-1)[..., None] * turn[:, None]).sum(dim=-2)  # [B, M, 3], depth 1
        eye = -(turn * shift[..., None]).sum(dim=-2)
        depth = eye.norm(dim=-1)[:, None] + torch.linspace(-1.0, 1.0, _DEPTHS, device=seen.device)  # [B, D]
        return eye[:, None, None] + depth[:, None, :, None] * rays[:, :, None]

    def _refine(self, cells: slice, window: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return `points` [B, M, 3] moved to where most light is missing nearby, and that light [B, M]."""
        offsets = torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0], device=points.device)] * 3)
        reach = 2.0 * FILTER_SIGMA
        for _ in range(_REFINEMENTS):
            around = points[:, :, None] + reach * offsets
            light = self._light_at(cells, window, around.flatten(1, 2)).unflatten(1, around.shape[1:3])
            light, best = light.max(dim=2, keepdim=True)
            points = torch.take_along_dim(around, best[..., None], dim=2)[:, :, 0]
            reach *= 0.5
        return points, light[..., 0]

    def _light_at(self, cells: slice, window: Tensor, points: Tensor) -> Tensor:
        """Return the median over views of the light [B, N] at `points` [B, N, 3] in `window` [B, V, H, W].

        From the law of light (docs/design.md): a star of luminosity L at depth z and distance d sums to
        E L f^2 d / z^3 over its pixels.
        """
        place, depth, distance = self._project(cells, points)
        sums = F.grid_sample(window.flatten(0, 1)[:, None], place.flatten(0, 1)[:, None], align_corners=False)
        per_light = self._exposures[cells, None, None] * self._focal**2 * distance / depth**3
        return (sums[:, 0, 0].unflatten(0, window.shape[:2]) / per_light).median(dim=1).values

    def _tint_at(self, cells: slice, truth: Tensor, images: Tensor, points: Tensor) -> Tensor:
        """Return the median over views of the missing linear RGB [B, N, 3] at the pixels of `points` [B, N, 3]."""
        place, _, _ = self._project(cells, points)
        x, y = ((place + 1.0) * (0.5 * self._size)).long().clamp(0, self._size - 1).unbind(-1)  # [B, V, N]
        b, v = (torch.arange(n, device=x.device).view(shape) for n, shape in zip(x.shape, ((-1, 1, 1), (-1, 1))))
        return (truth[b, v, y, x] - images[b, v, y, x]).median(dim=1).values.clamp(min=0.0)

    def _project(self, cells: slice, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return where views see `points` [B, N, 3], from -1 to 1 [B, V, N, 2], and depth and distance [B, V, N]."""
        viewmats = self._viewmats[cells, :, None]
        seen = viewmats[..., :3, 3] + sum(viewmats[..., :3, i] * points[:, None, :, i, None] for i in range(3))
        return seen[..., :2] / seen[..., 2:] * (2.0 * self._focal / self._size), seen[..., 2], seen.norm(dim=-1)


def _luminance(images: Tensor) -> Tensor:
    red, green, blue = LUMINANCE.tolist()
    return red * images[..., 0] + green * images[..., 1] + blue * images[..., 2]


def _sums(images: Tensor) -> Tensor:
    """Return sums [..., H, W] over the _WINDOW x _WINDOW pixels around each of `images`, black beyond the edge."""
    margin = _WINDOW // 2
    for dim, padding in ((-1, (margin, margin)), (-2, (0, 0, margin, margin))):
        shifted = [F.pad(images, padding).narrow(dim, k, images.shape[dim]) for k in range(_WINDOW)]
        images = functools.reduce(operator.add, shifted)
    return images


def _nearest_views(scene: Scene) -> NDArray[np.intp]:
    distance = np.linalg.norm(scene.views.viewmats[:, :3, 3], axis=1)
    order = np.argsort(np.abs(np.log(distance / REFERENCE_RADII)), kind="stable")
    return np.sort(order[:VIEWS])


def _sorted(means, light, tint) -> Spots:
    """Return the spots of positive light, brightest first, each at least 2 FILTER_SIGMA from those before it."""
    chosen: list[int] = []
    for i in np.argsort(-light, kind="stable"):
        near = np.linalg.norm(means[chosen] - means[i], axis=1) < 2.0 * FILTER_SIGMA
        if light[i] > 0.0 and tint[i].any() and not near.any():
            chosen.append(int(i))
    colors = tint[chosen] / np.maximum(product(tint[chosen], LUMINANCE), 1e-30)[:, None]
    return Spots(means[chosen], light[chosen], colors)
