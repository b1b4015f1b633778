"""What a photograph says of where its camera is: how the picture drawn from there would have to move, and how surely.

The gradient of the loss alone does not tell: to turn a camera and to shift it sideways looks nearly the same, so that
of a camera's six ways to move some change the picture hundreds of times as much as others.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LONGEST = 400
"""px, the longer side of a picture, above which it is reduced by a whole number."""
SOFT = 0.02
"""Difference of colours in [0, 1], from which it counts by its size, no more by its square."""
SOLID = 0.2
"""Opacity of a pixel whose depth is one, at least."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """Of a camera's motion xi [6], a shift in shares of `distance` and a turn, rad, both in its own frame: the loss.

    It is xi' curvature xi / 2 - slope' xi, but for a constant.
    """

    curvature: Tensor  # float64 [6, 6]
    slope: Tensor  # float64 [6]
    distance: float  # median depth of what is seen, units of the scene


def sight(
    image: Tensor, alpha: Tensor, depth: Tensor, truth: Tensor, counts: Tensor | None, K: Tensor
) -> Sighting | None:
    """Return what the photograph `truth` [H, W, 3] says of the camera that `image` [H, W, 3] was drawn from.

    alpha, depth [H, W] are those of the drawn picture; counts [H, W] says which pixels count, in [0, 1], None: all do;
    K [3, 3] px. None where nothing is seen. Gauss's and Newton's equations of the difference of colours (Lucas and
    Kanade 1981), whose slopes are the mean of both pictures' (Benhimane and Malis 2004,
    doi:10.1109/IROS.2004.1389474), each pixel weighed so that the sum is that of differences, not of squares.
    """
    solid = alpha * (alpha > SOLID)
    planes = torch.cat([image.permute(2, 0, 1), truth.permute(2, 0, 1), torch.stack([depth * solid, solid])])
    pool = -(-max(alpha.shape) // LONGEST)
    planes = F.avg_pool2d(planes, pool)
    # A pixel beside the thing moves as its edge does: both sides of an edge count, or a blurred one is taken for a
    # smaller thing.
    deep, near = F.avg_pool2d(planes[6:], 3, 1, 1)
    on = near > 0
    if counts is not None:
        on &= F.avg_pool2d(counts[None], pool)[0] > 0.5
    if not on.any():
        return None
    mean = F.pad((planes[None, :3] + planes[None, 3:6]) / 2, (1, 1, 1, 1), mode="replicate")[0]
    across = ((mean[:, 1:-1, 2:] - mean[:, 1:-1, :-2]) / 2)[:, on]
    down = ((mean[:, 2:, 1:-1] - mean[:, :-2, 1:-1]) / 2)[:, on]
    left = (planes[:3] - planes[3:6])[:, on]
    weight = 1.0 / (left.abs() + SOFT)
    xx, xy, yy = ((weight * a * b).sum(0)[:, None] for a, b in ((across, across), (across, down), (down, down)))
    of_x, of_y = ((weight * left * slope).sum(0) for slope in (across, down))

    fx, fy, cx, cy = (float(value) / pool for value in (K[0, 0], K[1, 1], K[0, 2], K[1, 2]))
    rows, columns = torch.nonzero(on, as_tuple=True)
    x, y, z = (columns + 0.5 - cx) / fx, (rows + 0.5 - cy) / fy, deep[on] / near[on]
    distance = z.median()
    nearness, none = distance / z, torch.zeros_like(x)
    # How a pixel moves, px, for each of the six ways of the camera: the motion field of a still scene.
    moves_x = fx * torch.stack([-nearness, none, x * nearness, x * y, -(1 + x * x), y], 1)
    moves_y = fy * torch.stack([none, -nearness, y * nearness, 1 + y * y, -x * y, -x], 1)
    curvature = moves_x.T @ (xx * moves_x + xy * moves_y) + moves_y.T @ (xy * moves_x + yy * moves_y)
    slope = moves_x.T @ of_x + moves_y.T @ of_y
    return Sighting(curvature.double().cpu(), slope.double().cpu(), distance.item())
