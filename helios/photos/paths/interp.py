"""A smooth way through the photographs' own cameras."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helios.errors import InputError
from helios.options import option
from helios.photos.paths.even import angles, even, matrices, quaternions
from helios.photos.paths.poses import Floats, axes_of, centres_of, extent_of, focus_of, surround, unit

FRAMES_EACH = 3
"""Frames from one photograph to the next, at least, in the mean."""

SAMPLES = 32
"""Of the curve, from one photograph to the next."""

SAME = 1e-9
"""Cameras closer than this share of all are one."""


@dataclass(frozen=True)
class Interp:
    """Through the photographs' cameras, from the first, on a short way; a centripetal Catmull-Rom curve of places and
    of rotations (Yuksel et al. 2011, doi:10.1016/j.cad.2010.08.008).

    Of more photographs than `photographs`, or than a film has room for, those are taken that lie farthest from one
    another. Where a way through so many has uneven steps, half as many are taken.
    """

    photographs: int = option(100, "Most photographs that the way leads through.", limits=(2, 1000))
    in_order: bool = option(False, "Take the photographs in their own order, not along a short way.")

    def __call__(self, viewmats: Floats, count: int) -> Floats:
        apart = _distances(viewmats)
        room = max(2, min(self.photographs, count // FRAMES_EACH, len(viewmats)))
        while True:
            chosen = _spread(apart, room)
            if len(chosen) < 2:
                raise InputError("path interp: the photographs were all taken from one camera, must be two or more")
            order = np.sort(chosen) if self.in_order else _short_way(apart[np.ix_(chosen, chosen)], chosen)
            frames, is_even = even(*_curve(viewmats[order]), count)
            if is_even or room == 2:
                return frames
            room = max(2, room // 2)


def _distances(viewmats: Floats) -> Floats:
    """The distances of cameras from one another [V, V]: of places in their extent, and of rotations in half turns."""
    centres, quats = centres_of(viewmats), quaternions(axes_of(viewmats))
    extent = extent_of(centres) or 1.0
    far = np.stack([np.linalg.norm(centres - centre, axis=1) for centre in centres]) / extent
    return far + np.stack([angles(quats, np.broadcast_to(quat, quats.shape)) for quat in quats]) / np.pi


def _spread(apart: Floats, room: int) -> np.ndarray:
    """At most `room` of V cameras, the first and then ever the one that is farthest from those chosen."""
    chosen, nearest = [0], apart[0].copy()
    while len(chosen) < room and nearest.max() > SAME:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, apart[chosen[-1]])
    return np.array(chosen)


def _short_way(apart: Floats, chosen: np.ndarray) -> np.ndarray:
    """`chosen` in the order of a way from the first: to the nearest each time, then reversed in parts while it gets
    shorter (Croes 1958, doi:10.1287/opre.6.6.791)."""
    way, left = [0], set(range(1, len(chosen)))
    while left:
        way.append(min(left, key=lambda other: (apart[way[-1], other], other)))
        left.remove(way[-1])
    order = np.array(way)
    for _ in range(10 * len(order)):
        far = apart[np.ix_(order, order)]
        step = np.append(np.diagonal(far, 1), 0.0)  # to the next; nothing follows the last
        joined = far[:-1, 1:]
        after = np.zeros_like(joined)
        after[:, :-1] = far[1:, 2:]
        gain = np.triu(step[:-1, None] + step[None, 1:] - joined - after, 1)  # of reversing i + 1 to j + 1
        i, j = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[i, j] <= 1e-12:
            break
        order[i + 1 : j + 2] = order[i + 1 : j + 2][::-1]
    return chosen[order]


def _curve(viewmats: Floats) -> tuple[Floats, Floats]:
    """Centres [M, 3] and axes [M, 3, 3] along a curve through cameras [V, 4, 4].

    Where they surround a thing it keeps their distance from it, so as not to lead through it, and sees it where in the
    picture they do.
    """
    centres, axes = centres_of(viewmats), axes_of(viewmats)
    poses = np.concatenate([centres, quaternions(axes)], axis=1)
    weights = np.array([1 / (extent_of(centres) or 1.0)] * 3 + [1.0] * 4)
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(poses, axis=0) * weights, axis=1)))])
    target = focus_of(viewmats)
    seen = np.einsum("vij,vj->vi", axes, target - centres)
    distances = np.linalg.norm(seen, axis=1, keepdims=True)
    samples = _catmull_rom(np.concatenate([poses, np.log(distances), seen / distances], axis=1), knots)
    centres, axes = samples[:, :3], matrices(unit(samples[:, 3:7]))
    if not surround(viewmats):
        return centres, axes
    centres = target + np.exp(samples[:, 7:8]) * unit(centres - target)
    return centres, _aimed(axes, np.einsum("mij,mj->mi", axes, unit(target - centres)), unit(samples[:, 8:]))


def _catmull_rom(keys: Floats, knots: Floats) -> Floats:
    """SAMPLES of each piece of the curve through `keys` [V, W] at `knots` [V], and its end, [M, W]."""
    gaps = np.diff(knots)[:, None]
    slopes = np.diff(keys, axis=0) / gaps
    inner = (slopes[:-1] * gaps[1:] + slopes[1:] * gaps[:-1]) / (gaps[:-1] + gaps[1:])
    ends = slopes if len(slopes) == 1 else 2 * slopes[[0, -1]] - inner[[0, -1]]
    tangents = np.concatenate([ends[:1], inner, ends[-1:]])
    u = (np.arange(SAMPLES) / SAMPLES)[None, :, None]
    start, end = keys[:-1, None], keys[1:, None]
    leave, arrive = (tangents[:-1] * gaps)[:, None], (tangents[1:] * gaps)[:, None]
    curve = (1 + 2 * u) * (1 - u) ** 2 * start + u**2 * (3 - 2 * u) * end
    curve = curve + u * (1 - u) ** 2 * leave - u**2 * (1 - u) * arrive
    return np.concatenate([curve.reshape(-1, keys.shape[1]), keys[-1:]])


def _aimed(axes: Floats, seen: Floats, wanted: Floats) -> Floats:
    """`axes` [M, 3, 3] turned as little as moves what is `seen` in a direction to where it is `wanted`, both [M, 3]."""
    middle = seen + wanted
    about = middle / np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-12)
    half = 2 * about[:, :, None] * about[:, None, :] - np.eye(3)  # half a turn about the middle
    flip = 2 * seen[:, :, None] * seen[:, None, :] - np.eye(3)  # after one about what is seen
    return half @ flip @ axes
