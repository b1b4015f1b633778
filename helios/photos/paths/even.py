"""Cameras at even steps along a curve of places and rotations."""

from __future__ import annotations

import numpy as np

from helios.photos.paths.poses import Floats, unit, viewmats_of

MOST_STEP = 2.0
"""Of the median step, in place and in angle."""

EASES = np.linspace(0.0, 1.0, 17)


def even(centres: Floats, axes: Floats, count: int, closed: bool = False) -> tuple[Floats, bool]:
    """Return `count` cameras [count, 4, 4] along a finely sampled curve, and whether their steps are even.

    `centres` [M, 3] and `axes` [M, 3, 3] are samples of it, neighbours close to one another; of a `closed` one the last
    sample is the first, and no camera is there twice. Time runs with the mean of the share of the way and of the share
    of the turning. Where a step would still be above MOST_STEP of the median, place and rotation each run, as far as
    needed, at a pace of their own: then the camera is somewhat ahead of its rotation or behind it.
    """
    quats = quaternions(axes)
    way, turning = _shares(np.linalg.norm(np.diff(centres, axis=0), axis=1)), _shares(angles(quats[:-1], quats[1:]))
    way, turning = (turning if way is None else way), (way if turning is None else turning)
    if way is None or turning is None:
        return viewmats_of(np.repeat(centres[:1], count, axis=0), np.repeat(axes[:1], count, axis=0)), True
    time = (way + turning) / 2
    at = np.arange(count) / (count if closed else count - 1)
    found = []
    for ease in EASES:
        places = (1 - ease) * np.interp(at, time, way) + ease * at
        turns = (1 - ease) * np.interp(at, time, turning) + ease * at
        eyes = np.stack([np.interp(places, way, column) for column in centres.T], axis=1)
        rotations = _turned(quats, turning, turns)
        ratio = max(_unevenness(np.linalg.norm(np.diff(eyes, axis=0), axis=1)), _unevenness(_steps(rotations)))
        found.append((ratio, eyes, rotations))
        if ratio <= MOST_STEP:
            break
    ratio, eyes, rotations = min(found, key=lambda one: one[0])
    return viewmats_of(eyes, matrices(rotations)), ratio <= MOST_STEP


def quaternions(axes: Floats) -> Floats:
    """Return the rotations of `axes` [M, 3, 3], rows as `axes_of` gives them, as quaternions wxyz [M, 4].

    Each has the sign that is closer to the one before. Source: Bar-Itzhack (2000), doi:10.2514/2.4654, the greatest
    eigenvector of a symmetric matrix of the elements.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = np.moveaxis(axes, 0, -1)
    symmetric = np.empty((len(axes), 4, 4))
    symmetric[:, 0] = np.stack([xx + yy + zz, yz - zy, zx - xz, xy - yx], axis=1)
    symmetric[:, 1] = np.stack([yz - zy, xx - yy - zz, yx + xy, zx + xz], axis=1)
    symmetric[:, 2] = np.stack([zx - xz, yx + xy, yy - xx - zz, zy + yz], axis=1)
    symmetric[:, 3] = np.stack([xy - yx, zx + xz, zy + yz, zz - xx - yy], axis=1)
    quats = np.linalg.eigh(symmetric)[1][:, :, 3]
    against = np.sum(quats[1:] * quats[:-1], axis=1) < 0
    flips = np.concatenate([[0], np.cumsum(against)]) % 2
    return quats * np.where(flips, -1.0, 1.0)[:, None]


def matrices(quats: Floats) -> Floats:
    """Return the axes [M, 3, 3], as `axes_of` gives them, of rotations wxyz [M, 4] of length 1."""
    w, x, y, z = quats.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
        [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)],
        [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def angles(first: Floats, second: Floats) -> Floats:
    """Return the angles [M] between rotations wxyz [M, 4], radians."""
    near = np.where(np.sum(first * second, axis=1, keepdims=True) < 0, -second, second)
    return 4 * np.arcsin(np.minimum(np.linalg.norm(first - near, axis=1) / 2, 1))


def _shares(steps: Floats) -> Floats | None:
    """The share of all `steps` [M - 1] that is behind each sample [M]; None where there is no step."""
    total = np.concatenate([[0.0], np.cumsum(steps)])
    return total / total[-1] if total[-1] > 1e-12 else None


def _turned(quats: Floats, turning: Floats, turns: Floats) -> Floats:
    """The rotations where `turns` [count] of the `turning` [M] is done; neighbours are so close that chords serve."""
    return unit(np.stack([np.interp(turns, turning, column) for column in quats.T], axis=1))


def _steps(rotations: Floats) -> Floats:
    return angles(rotations[:-1], rotations[1:])


def _unevenness(steps: Floats) -> float:
    """The largest of `steps` in medians; 1 where none moves by more than rounding does."""
    largest = float(steps.max())
    return 1.0 if largest < 1e-9 else largest / max(float(np.median(steps)), 1e-300)
