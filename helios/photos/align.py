"""The similarity that takes the world of one set of cameras to that of another, where the two share cameras."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 3
"""Shared cameras, below which nothing says whether they agree by chance."""
ANGLE = np.radians(2.0)
"""Of a camera that agrees, at most: ten times the error of cameras that COLMAP finds, rad."""
SHARE = 0.02
"""Distance of the centre of a camera that agrees, at most, in units of the scene's size."""
MOST_PAIRS = 4000
ROUNDS = 8
"""Of fitting again to what agrees with the fit before."""
HUBER = 1.0
"""px, from which what a match misses by counts by its size, no more by its square."""
STEP = 1e-6
"""Of finite differences."""


@dataclass(frozen=True, eq=False)
class Sim3:
    """Takes x to scale * rotation @ x + translation."""

    scale: float
    rotation: NDArray[np.float64]  # [3, 3]
    translation: NDArray[np.float64]  # [3]

    def points(self, points: NDArray) -> NDArray[np.float64]:
        """Return points [..., 3] in the other world."""
        return self.scale * points @ self.rotation.T + self.translation

    def viewmats(self, viewmats: NDArray) -> NDArray[np.float64]:
        """Return rigid world-to-camera matrices [..., 4, 4] of the same cameras in the other world."""
        moved = np.array(viewmats, np.float64)
        moved[..., :3, :3] = viewmats[..., :3, :3] @ self.rotation.T
        moved[..., :3, 3] = -(moved[..., :3, :3] @ self.points(centres(viewmats))[..., None])[..., 0]
        return moved


@dataclass(frozen=True, eq=False)
class Alignment:
    """A similarity, which of the shared cameras agree with it, and how far these are from where it puts them."""

    sim3: Sim3
    agreeing: NDArray[np.bool_]  # [V]
    distance: float  # rms distance of the agreeing centres, units of the target world
    degrees: float  # median angle of the agreeing rotations
    pixels: float | None = None  # median miss of the matches that it was refined by


def centres(viewmats: NDArray) -> NDArray[np.float64]:
    """Return where cameras [..., 4, 4], world to camera, stand: [..., 3]."""
    return -(np.swapaxes(viewmats[..., :3, :3], -1, -2) @ viewmats[..., :3, 3:])[..., 0]


def align_cameras(source: NDArray, target: NDArray, size: float, seed: int = 0) -> Alignment | None:
    """Return how the world of `source` lies in that of `target`, from the cameras that they share.

    source, target: viewmats [V, 4, 4] of the same cameras in the two worlds; some may be wrong. size: of the scene, in
    the target's units, in which `SHARE` counts. RANSAC (Fischler & Bolles 1981) over pairs of cameras, all of them or
    `MOST_PAIRS` drawn by `seed`; the best is fitted again to all that agree with it. None where fewer than `LEAST`
    agree, or where all that agree stand at one place.
    """
    if len(source) < LEAST:
        return None
    agreeing = np.zeros(len(source), bool)
    for pair in _pairs(len(source), seed):
        found = _fit(source[pair], target[pair], size)
        if found is None:
            continue
        distances, angles = _residuals(found, source, target)
        agree = (distances <= SHARE * size) & (angles <= ANGLE)
        if agree.sum() > agreeing.sum():
            agreeing = agree
    for _ in range(ROUNDS):
        if agreeing.sum() < LEAST or (found := _fit(source[agreeing], target[agreeing], size)) is None:
            return None
        distances, angles = _residuals(found, source, target)
        rms = float(np.sqrt((distances[agreeing] ** 2).mean()))
        alignment = Alignment(found, agreeing, rms, float(np.degrees(np.median(angles[agreeing]))))
        agreeing = (distances <= SHARE * size) & (angles <= ANGLE)
        if (alignment.agreeing == agreeing).all():
            break
    return alignment


def _pairs(count: int, seed: int) -> list[list[int]]:
    if count * (count - 1) // 2 <= MOST_PAIRS:
        return [list(pair) for pair in itertools.combinations(range(count), 2)]
    drawn = np.random.default_rng(seed).integers(0, count, (MOST_PAIRS, 2))
    return [pair for pair in drawn.tolist() if pair[0] != pair[1]]


def _fit(source: NDArray, target: NDArray, size: float) -> Sim3 | None:
    """Return the least-squares similarity, or None where all cameras stand at one place.

    Umeyama 1991 (doi:10.1109/34.88573, equations 40-42), where the sum over centres has a second one, over the
    cameras' own axes, beside it: so cameras on a line, whose centres leave a turn about it open, are no exception. The
    two weigh as `SHARE` and `ANGLE` do.
    """
    spots, marks = centres(source), centres(target)
    spot, mark = spots.mean(0), marks.mean(0)
    spread, goal = ((spots - spot) ** 2).sum(), ((marks - mark) ** 2).sum()
    if spread <= 1e-12 * (spots**2).sum() or goal <= 1e-12 * (marks**2).sum():
        return None
    turns = np.swapaxes(target[:, :3, :3], 1, 2) @ source[:, :3, :3]
    covariance = 2 * np.sqrt(goal / spread) * (marks - mark).T @ (spots - spot) / (SHARE * size) ** 2
    covariance = covariance + turns.sum(0) / ANGLE**2
    left, _, right = np.linalg.svd(covariance)
    rotation = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
    scale = float(((marks - mark) * ((spots - spot) @ rotation.T)).sum() / spread)
    if scale <= 0:
        return None
    return Sim3(scale, rotation, mark - scale * rotation @ spot)


def _residuals(found: Sim3, source: NDArray, target: NDArray) -> tuple[NDArray, NDArray]:
    """Return the distances of centres, target's units, and the angles of rotations, rad, [V] each."""
    moved = found.viewmats(source)
    turns = moved[:, :3, :3] @ np.swapaxes(target[:, :3, :3], 1, 2)
    # The sine of half the angle, from the chord: the arc cosine of a trace loses what is below 1e-8.
    chords = np.linalg.norm(turns - np.eye(3), axis=(1, 2)) / np.sqrt(8)
    angles = 2 * np.arcsin(np.clip(chords, 0, 1))
    return np.linalg.norm(centres(moved) - centres(target), axis=1), angles


def refine(sim3: Sim3, viewmats: NDArray, Ks: NDArray, spots: NDArray, points: NDArray) -> tuple[Sim3, float]:
    """Return the similarity that best puts points of the target world where cameras of the source world saw them.

    viewmats [M, 4, 4], source world to camera, and Ks [M, 3, 3] px are those of each match, spots [M, 2] px where its
    camera saw the point, points [M, 3]. With it comes the median of what is left, px. Gauss-Newton on the seven numbers
    of a similarity, robust by Huber's weights (1964, doi:10.1214/aoms/1177703732). Where cameras were found one by one,
    each is off for itself; the cameras of one reconstruction stand firmly to each other, and all matches count at once.
    """
    unit = float(np.linalg.norm(points - points.mean(0), axis=1).mean())
    for _ in range(ROUNDS):
        left = _misses(sim3, viewmats, Ks, spots, points)
        nudged = [_misses(_nudged(sim3, step, unit), viewmats, Ks, spots, points) for step in STEP * np.eye(7)]
        slope = np.stack([(each - left).ravel() / STEP for each in nudged], 1)
        roots = np.sqrt(np.repeat(HUBER / np.maximum(np.linalg.norm(left, axis=1), HUBER), 2))
        step = np.linalg.lstsq(roots[:, None] * slope, -roots * left.ravel(), rcond=None)[0]
        sim3 = _nudged(sim3, step, unit)
    return sim3, float(np.median(np.linalg.norm(_misses(sim3, viewmats, Ks, spots, points), axis=1)))


def _misses(sim3: Sim3, viewmats: NDArray, Ks: NDArray, spots: NDArray, points: NDArray) -> NDArray[np.float64]:
    """Return by how much each point misses its spot, px [M, 2]."""
    local = (points - sim3.translation) @ sim3.rotation / sim3.scale
    seen = (viewmats[:, :3, :3] @ local[..., None])[..., 0] + viewmats[:, :3, 3]
    ahead = np.maximum(seen[:, 2:], 1e-9 * np.abs(seen).max())
    return (Ks[:, [0, 1], [0, 1]] * seen[:, :2] / ahead) + Ks[:, :2, 2] - spots


def _nudged(sim3: Sim3, step: NDArray, unit: float) -> Sim3:
    """Return a similarity changed by step [7]: log of the scale, rotation vector, and translation in `unit`."""
    x, y, z = step[1:4] / 2
    turn = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    # Cayley's transform: the rotation of this vector up to the third order, exactly orthogonal.
    rotation = np.linalg.solve(np.eye(3) - turn, np.eye(3) + turn) @ sim3.rotation
    return Sim3(sim3.scale * float(np.exp(step[0])), rotation, sim3.translation + unit * step[4:])
