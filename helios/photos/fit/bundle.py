"""Where photographs were taken from, all cameras at once, so that they agree with one another: bundle adjustment.

Splats that learned from cameras which are wrong agree with each of these, and tell little of where it should be. So
photographs are held against photographs: patches of each, planes in its space, are looked for in others, and what
differs moves cameras and planes together (Engel, Koltun & Cremers 2016, arXiv:1607.02565, whose points are planes
here). All cameras are solved for in one system: one by one, what neighbours have in common would be found last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.photos.fit.poses import between, exponential

OTHERS = 8
"""Photographs in which those of a camera's patches are looked for, those that show most of them."""
PATCHES = 50
"""Of each photograph."""
SIDE = 7
"""px, of a patch."""
SMOOTH = 9
"""px, over which depth is smoothed, twice: a picture's depth is that of single splats."""
SOLID = 0.5
TOLERANCE = 0.02
"""Logarithm of the depth by which a point may lie off the surface that another photograph sees."""
SOFT = 0.01
"""Difference of tones in [0, 1], above which a pixel counts less the more it differs: what is hidden, or shines."""
SHADE = 0.01
"""Tones by which a patch's mean differs between photographs of the same light."""
STIFF = 4e-4
"""How planes are held to the depth that they began with, in shares of what photographs say of them on the mean."""
LEVELS = (4, 2, 1)
"""What photographs are reduced by, one after the other: from coarse pictures a camera finds back from farther."""
ITERATIONS = 8
"""Of Gauss's and Newton's method, at each level."""
MOST = 0.02
"""rad, or share of the distance: a camera's motion in an iteration at most."""

_ACROSS = (torch.arange(SIDE) - SIDE // 2).float() / (SIDE // 2)
_BASE = torch.stack([torch.ones(SIDE**2), _ACROSS.repeat(SIDE), _ACROSS.repeat_interleave(SIDE)], 1)
"""[pixels of a patch, 3]: of a plane's inverse depth, which is linear in the picture."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A photograph and what is known of the surface that it shows."""

    tones: Tensor  # float32 [H, W] in [0, 1]
    depth: Tensor  # float32 [H, W], units of the scene
    solid: Tensor  # float32 [H, W], 1 where there is a surface, else 0
    K: Tensor  # float32 [3, 3] px


def adjust(shots: Sequence[Shot], given: Tensor, share: float, hold: float, chance: torch.Generator) -> Tensor:
    """Return the viewmats float64 [V, 4, 4] by which the V photographs agree best, found from `given` on.

    Each iteration goes by `share` of its way. Cameras are held to `given` as errors are expected, see
    `helios.photos.fit.poses.between`: by `hold` x the mean of the curvature's diagonal, and the more the more
    photographs differ, x the square of that over `SOFT`. Where no photograph shows what another does, they stay.
    """
    viewmats = given
    distances = torch.tensor([_distance(shot) for shot in shots], dtype=torch.float64)
    for reduced in LEVELS:
        views = _Views.of(shots, reduced)
        hosts = [_Host.of(views, which, viewmats, chance) for which in range(len(shots))]
        for _ in range(ITERATIONS):
            viewmats = _iterate([host for host in hosts if host], views, viewmats, given, distances, share, hold)
    return viewmats


def _distance(shot: Shot) -> float:
    on = shot.solid > SOLID
    return float(shot.depth[on].median()) if on.any() else 1.0


@dataclass(frozen=True, eq=False)
class _Views:
    """The V photographs, reduced, behind one another: tone, its slopes across and down, depth, and whether solid."""

    values: Tensor  # [all pixels, 5]
    first: Tensor  # [V], of each photograph's pixels
    sizes: Tensor  # [V, 2], height and width
    Ks: Tensor  # [V, 3, 3]

    @staticmethod
    def of(shots: Sequence[Shot], reduced: int) -> _Views:
        values = [_values(shot, reduced) for shot in shots]
        sizes = torch.tensor([each.shape[:2] for each in values])
        first = torch.cumsum(sizes.prod(1), 0) - sizes.prod(1)
        scale = torch.tensor([1.0 / reduced, 1.0 / reduced, 1.0])
        Ks = torch.stack([shot.K for shot in shots]) * scale[:, None]
        return _Views(torch.cat([each.reshape(-1, 5) for each in values]), first, sizes, Ks)

    def seen(self, which: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return values [T, N, 5] where photographs `which` [T] see points [T, N, 3] of their space, and if they do."""
        K, (height, width) = self.Ks[which], self.sizes[which].T[..., None]
        z = points[..., 2].clamp_min(1e-9)
        x = K[:, 0, 0, None] * points[..., 0] / z + K[:, 0, 2, None] - 0.5
        y = K[:, 1, 1, None] * points[..., 1] / z + K[:, 1, 2, None] - 0.5
        within = (points[..., 2] > 0) & (x >= 0) & (y >= 0) & (x < width - 1) & (y < height - 1)
        x, y = torch.where(within, x, 0.0), torch.where(within, y, 0.0)
        at = self.first[which, None] + y.long() * width + x.long()
        right, below = x.frac()[..., None], y.frac()[..., None]
        upper = torch.lerp(self.values[at], self.values[at + 1], right)
        lower = torch.lerp(self.values[at + width], self.values[at + width + 1], right)
        values = torch.lerp(upper, lower, below)
        near = (values[..., 3].clamp_min(1e-9) / z).log().abs() < TOLERANCE
        return values, within & near & (values[..., 4] > SOLID)


def _values(shot: Shot, reduced: int) -> Tensor:
    planes = F.avg_pool2d(torch.stack([shot.tones, shot.depth * shot.solid, shot.solid]), reduced)
    tones = F.pad(planes[None, :1], (1, 1, 1, 1), mode="replicate")[0, 0]
    across, down = (tones[1:-1, 2:] - tones[1:-1, :-2]) / 2, (tones[2:, 1:-1] - tones[:-2, 1:-1]) / 2
    deep, near = F.avg_pool2d(F.avg_pool2d(planes[1:], SMOOTH, 1, SMOOTH // 2), SMOOTH, 1, SMOOTH // 2)
    inner = -F.max_pool2d(-planes[2:], 3, 1, 1)[0]
    return torch.stack([planes[0], across, down, deep / near.clamp_min(1e-9), (inner > SOLID).float()], -1)


@dataclass(eq=False)
class _Host:
    """P patches of one photograph, and the photographs in which they are looked for."""

    ids: Tensor  # [1 + T], its own number and those of the others
    rays: Tensor  # [P * pixels, 3], at depth 1
    tones: Tensor  # [P * pixels]
    nearness: Tensor  # [P, 1], inverse depth of each patch's middle at first
    start: Tensor  # [P, 3], planes, in shares of `nearness`
    planes: Tensor  # [P, 3], as they are now

    @staticmethod
    def of(views: _Views, which: int, viewmats: Tensor, chance: torch.Generator) -> _Host | None:
        """Return patches by chance of what is solid, None where there are none, or no other shows any of them."""
        height, width = views.sizes[which].tolist()
        first = int(views.first[which])
        values = views.values[first : first + height * width]
        edge = SIDE // 2
        whole = torch.zeros(height, width, dtype=torch.bool)
        solid = values[:, 4].reshape(1, height, width)
        if min(height, width) >= SIDE:
            whole[edge : height - edge, edge : width - edge] = -F.max_pool2d(-solid, SIDE, 1)[0] > SOLID
        middles = torch.nonzero(whole.reshape(-1))[:, 0]
        middles = middles[torch.randperm(len(middles), generator=chance)[:PATCHES]]
        if not len(middles):
            return None
        step = torch.arange(SIDE) - edge
        pixels = middles[:, None] + (step[:, None] * width + step).reshape(-1)
        K = views.Ks[which]
        x = (pixels % width + 0.5 - K[0, 2]) / K[0, 0]
        y = (pixels // width + 0.5 - K[1, 2]) / K[1, 1]
        rays = torch.stack([x, y, torch.ones_like(x)], -1).reshape(-1, 3)
        depth = values[pixels, 3].clamp_min(1e-9)
        planes = (1.0 / depth) @ torch.linalg.pinv(_BASE).T
        nearness = planes[:, :1].clamp_min(1e-9)
        relative = (viewmats @ torch.linalg.inv(viewmats[which])).float()
        points = (rays * depth.reshape(-1, 1)) @ relative[:, :3, :3].transpose(1, 2) + relative[:, None, :3, 3]
        shown = views.seen(torch.arange(len(viewmats)), points)[1].sum(1)
        shown[which] = 0
        others = shown.topk(min(OTHERS, len(shown))).indices
        others = others[shown[others] > 0]
        if not len(others):
            return None
        ids = torch.cat([torch.tensor([which]), others])
        start = planes / nearness
        return _Host(ids, rays, values[pixels, 0].reshape(-1), nearness, start, start)

    def equations(self, views: _Views, viewmats: Tensor, distances: Tensor) -> _Equations:
        """Return what the patches say of the cameras `ids`, which see the surface at `distances` [V]."""
        others, patches, pixels = self.ids[1:], len(self.planes), SIDE**2
        relative = (viewmats[others] @ torch.linalg.inv(viewmats[self.ids[0]])).float()
        inverse = (self.planes @ _BASE.T).clamp_min(0.2)
        here = self.rays / (self.nearness * inverse).reshape(-1, 1)
        there = here @ relative[:, :3, :3].transpose(1, 2) + relative[:, None, :3, 3]
        values, shown = views.seen(others, there)
        left = self.tones - values[..., 0]
        shade = _Shade(left, shown, patches)
        left = shade.taken_from(left)
        weight = shown * SOFT / (left * left + SOFT * SOFT)
        K = views.Ks[others]
        across, down = (values[..., 1 + i] * K[:, i, i, None] / there[..., 2] for i in (0, 1))
        ahead = -(across * there[..., 0] + down * there[..., 1]) / there[..., 2]
        slope = torch.where(shown[..., None], torch.stack([across, down, ahead], -1), 0.0)
        back = slope @ relative[:, :3, :3]
        host, other = distances[self.ids[0]].float(), distances[others].float()[:, None, None]
        of_host = torch.cat([back * host, torch.linalg.cross(here.expand_as(back), back)], -1)
        of_other = -torch.cat([slope * other, torch.linalg.cross(there, slope)], -1)
        of_plane = -((back * here).sum(-1) / inverse.reshape(-1))[..., None] * _BASE.repeat(patches, 1)

        of_host, of_other, of_plane = map(shade.taken_from, (of_host, of_other, of_plane))

        cameras = len(self.ids)
        blocks, pull = torch.zeros(cameras, cameras, 6, 6), torch.zeros(cameras, 6)
        both = torch.cat([of_host, of_other], -1)
        weighed = both * weight[..., None]
        pairs, pulls = weighed.transpose(1, 2) @ both, (weighed * left[..., None]).sum(1)
        at = torch.arange(1, cameras)
        blocks[0, 0], pull[0] = pairs[:, :6, :6].sum(0), pulls[:, :6].sum(0)
        blocks[0, at], blocks[at, 0] = pairs[:, :6, 6:], pairs[:, 6:, :6]
        blocks[at, at], pull[at] = pairs[:, 6:, 6:], pulls[:, 6:]

        def each(values: Tensor) -> Tensor:
            return values.reshape(len(others), patches, pixels, -1)

        weighed = each(of_plane * weight[..., None])
        bend = torch.einsum("tpka,tpkb->pab", weighed, each(of_plane))
        stiff = STIFF * bend.diagonal(dim1=1, dim2=2).mean(0) + 1e-9
        wants = torch.einsum("tpka,tpkb->pa", weighed, each(left)) - stiff * (self.planes - self.start)
        coupled = torch.cat(
            [
                torch.einsum("tpka,tpkb->pab", weighed, each(of_host))[:, :, None],
                torch.einsum("tpka,tpkb->patb", weighed, each(of_other)),
            ],
            2,
        ).reshape(patches, 3, -1)
        solved = torch.linalg.inv(bend + torch.diag(stiff))
        through = (solved @ coupled).reshape(3 * patches, -1).T
        curvature = blocks.transpose(1, 2).reshape(6 * cameras, -1) - through @ coupled.reshape(3 * patches, -1)
        pull = pull.reshape(-1) - through @ wants.reshape(-1)
        miss = (shown * left.abs()).sum() / shown.sum().clamp_min(1)
        return _Equations(curvature.double(), pull.double(), solved, coupled, wants, float(miss))


class _Shade:
    """Patches may be brighter or darker in another photograph, as far as they are on the median."""

    def __init__(self, left: Tensor, shown: Tensor, patches: int):
        self.patches = patches
        self._shown = shown.reshape(len(shown), patches, -1, 1).float()
        self._count = self._shown.sum(2, keepdim=True)
        shades = (self._shown * left.reshape(self._shown.shape)).sum(2, keepdim=True) / self._count.clamp_min(1.0)
        known = shades[self._count > 0]
        spread = known.abs().median() if len(known) else left.new_zeros(())
        self._share = spread**2 / (spread**2 + SHADE**2)

    def taken_from(self, values: Tensor) -> Tensor:
        """Return values [T, N] or [T, N, K] less the share of each patch's mean that is its shade."""
        split = values.reshape(*self._shown.shape[:3], -1)
        mean = (self._shown * split).sum(2, keepdim=True) / self._count.clamp_min(1.0)
        return (split - self._share * mean).reshape(values.shape)


@dataclass(frozen=True, eq=False)
class _Equations:
    """Those of a host's cameras, planes eliminated (Schur's complement), and what planes do once cameras have moved."""

    curvature: Tensor  # float64 [6 (1 + T), 6 (1 + T)]
    slope: Tensor  # float64 [6 (1 + T)]
    solved: Tensor  # [P, 3, 3], inverse curvature of the planes
    coupled: Tensor  # [P, 3, 6 (1 + T)]
    wants: Tensor  # [P, 3]
    miss: float  # mean difference of tones

    def bent(self, moved: Tensor) -> Tensor:
        """Return the change [P, 3] of the planes where cameras move by `moved` [1 + T, 6]."""
        change = self.solved @ (self.wants - self.coupled @ moved.reshape(-1).float())[..., None]
        return change[..., 0].clamp(-0.1, 0.1)


def _iterate(
    hosts: list[_Host], views: _Views, viewmats: Tensor, given: Tensor, distances: Tensor, share: float, hold: float
) -> Tensor:
    """Move all planes, and return the viewmats that all cameras move to."""
    count = len(viewmats)
    blocks = torch.zeros(count, count, 6, 6, dtype=torch.float64)
    slope = torch.zeros(count, 6, dtype=torch.float64)
    said = [host.equations(views, viewmats, distances) for host in hosts]
    for host, one in zip(hosts, said):
        cameras = len(host.ids)
        blocks[host.ids[:, None], host.ids] += one.curvature.reshape(cameras, 6, cameras, 6).transpose(1, 2)
        slope[host.ids] += one.slope.reshape(cameras, 6)
    system = blocks.transpose(1, 2).reshape(6 * count, -1)
    pull, far = between(given, viewmats, distances)
    miss = sum(one.miss for one in said) / max(1, len(said))
    pull = pull * (hold * (miss / SOFT) ** 2 * system.diagonal().mean() + 1e-12)
    system = system + torch.diag(pull.repeat(count))
    moved = share * torch.linalg.solve(system, (slope - pull * far).reshape(-1)).reshape(count, 6)
    for host, one in zip(hosts, said):
        host.planes = host.planes + one.bent(moved[host.ids])
    moved = moved * (MOST / moved.norm(dim=1, keepdim=True).clamp_min(MOST))
    return exponential(-moved, distances) @ viewmats
