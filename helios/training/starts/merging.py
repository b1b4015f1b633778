"""Mixture reduction: N points of light are merged pair by pair, in the order in which images change least."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.simd import JIT

_MOST_AT_ONCE = 2048
"""Largest number of points merged in one piece: the work grows with its square."""

_FARTHEST = 40.0
"""Exponent beyond which an overlap is smaller than the rounding of the sum that it is part of."""


def reduce_points(
    means: NDArray[np.float64], light: NDArray[np.float64], count: int, blurs: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the cluster, 0 to count - 1, of each of N > 0 points at `means` [N, 3] with `light` [N] > 0.

    Merging is greedy as in Runnalls 2007 (doi:10.1109/TAES.2007.4383588), but its cost is the integrated squared
    difference (Williams & Maybeck 2003) between the images before and after, summed over the blurs with standard
    deviations `blurs` [S], each relative to the energy of the image: the squares in the pyramid of the loss. A point is
    a Gaussian as wide as the blur, a cluster one Gaussian with the light, centre and mean square radius of its points.
    Points that images cannot tell apart are merged first, then faint points with what is near them.
    Takes O(M^2) time for M = min(N, 2048) points; more are first halved along their widest axis into such pieces.
    """
    label = np.arange(len(means))
    pieces = _pieces(means)
    if len(pieces) > 1:
        for piece in pieces:
            share = -(-max(count, _MOST_AT_ONCE) * len(piece) // len(means))
            label[piece] = piece[_greedy(means[piece], light[piece], min(share, len(piece)), blurs)]
        label = np.unique(label, return_inverse=True)[1]
    found = int(label.max()) + 1
    if found > count:
        total = np.bincount(label, light)
        centres = np.stack([np.bincount(label, light * axis) for axis in means.T], axis=1) / total[:, None]
        spread = np.bincount(label, light * np.sum((means - centres[label]) ** 2, axis=1)) / total
        roots = _greedy(centres, total, count, blurs, spread)
        label = np.unique(roots, return_inverse=True)[1][label]
    return label


def merger_costs(
    means: NDArray[np.float64], light: NDArray[np.float64], blurs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much light each of the N - 1 mergers misplaces that `reduce_points` would make down to one cluster.

    In the unit of `light`, in their order. What a merger misplaces is the integrated absolute difference of the images
    at the first of `blurs` before and after it, estimated as the root of its squared difference times the area of a
    point there: nothing for points closer than the blur, up to all their light for points far apart.
    Pieces of more than 2048 points are never merged with each other: those costs are infinite.
    """
    costs = []
    for piece in _pieces(means):
        unit = light[piece].max()
        _, squares = _merge_down(means[piece], light[piece] / unit, np.zeros(len(piece)), 1, blurs)
        costs += [blurs[0] * unit * np.sqrt(2.0 * np.maximum(squares, 0.0)), np.array([np.inf])]
    return np.concatenate(costs[:-1])


def _pieces(means: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    waiting, done = [np.arange(len(means))], []
    while waiting:
        piece = waiting.pop()
        if len(piece) <= _MOST_AT_ONCE:
            done.append(piece)
            continue
        axis = int(np.argmax(np.ptp(means[piece], axis=0)))
        order = piece[np.argsort(means[piece, axis], kind="stable")]
        waiting += [order[: len(order) // 2], order[len(order) // 2 :]]
    return done


def _greedy(means, light, count, blurs, spread=None) -> NDArray[np.intp]:
    """Return for each point the index of the point that represents its cluster."""
    spread = np.zeros(len(means)) if spread is None else spread
    parent, _ = _merge_down(means.copy(), light / light.max(), spread.copy(), count, blurs)
    while not np.array_equal(parent, parent[parent]):
        parent = parent[parent]
    return parent


@njit(**JIT)
def _overlap(square, variance):
    """Return 2 pi times the integral of the product of two 2D Gaussians, whose variances sum to `variance`.

    `square` is the squared distance between their centres.
    """
    exponent = 0.5 * square / variance
    return np.exp(-exponent) / variance if exponent < _FARTHEST else 0.0


@njit(**JIT)
def merger_cost(means, light, spread, i, j, scales, most=np.inf):
    """Return by how much merging clusters i and j changes the images of all `scales` [S, 2] (see `blur_scales`).

    No image contributes a negative change, so the sum is cut off once it reaches `most`.
    """
    a, b = light[i], light[j]
    both = a + b
    square = 0.0
    for k in range(3):
        square += (means[i, k] - means[j, k]) ** 2
    share_a, share_b = a / both, b / both
    # A mean square radius in space is 3 variances; averaged over directions, 2/3 of a squared distance is visible.
    vi, vj = spread[i] / 3.0, spread[j] / 3.0
    vm = share_a * vi + share_b * vj + share_a * share_b * square / 3.0
    seen = 2.0 / 3.0 * square
    total = 0.0
    for s in range(len(scales)):
        if total >= most:
            break
        blur2 = scales[s, 0]
        cost = a * a * _overlap(0.0, 2.0 * (vi + blur2)) + b * b * _overlap(0.0, 2.0 * (vj + blur2))
        cost += 2.0 * a * b * _overlap(seen, vi + vj + 2.0 * blur2) + both * both * _overlap(0.0, 2.0 * (vm + blur2))
        cost -= 2.0 * a * both * _overlap(share_b * share_b * seen, vi + vm + 2.0 * blur2)
        cost -= 2.0 * b * both * _overlap(share_a * share_a * seen, vj + vm + 2.0 * blur2)
        total += cost * scales[s, 1]
    return total


@njit(**JIT)
def blur_scales(means, light, spread, blurs):
    """Return [S, 2]: the square of each of `blurs` [S], and the reciprocal of the energy of the image at that blur."""
    scales = np.empty((len(blurs), 2))
    for s in range(len(blurs)):
        blur2 = blurs[s] ** 2
        energy = 0.0
        for i in range(len(light)):
            for j in range(i + 1):
                square = 0.0
                for k in range(3):
                    square += (means[i, k] - means[j, k]) ** 2
                pair = light[i] * light[j] * _overlap(2.0 / 3.0 * square, (spread[i] + spread[j]) / 3.0 + 2.0 * blur2)
                energy += pair if i == j else 2.0 * pair
        scales[s, 0], scales[s, 1] = blur2, 1.0 / energy
    return scales


@njit(**JIT)
def _find_best(means, light, spread, alive, i, scales):
    """Return (partner, cost) of the cheapest merger of cluster i with a later one; ties go to the first."""
    best, lowest = -1, np.inf
    for j in range(i + 1, len(light)):
        if alive[j]:
            cost = merger_cost(means, light, spread, i, j, scales, lowest)
            if cost < lowest:
                best, lowest = j, cost
    return best, lowest


@njit(**JIT)
def _merge_down(means, light, spread, count, blurs):
    """Merge until `count` clusters are left. Overwrites its arguments.

    Returns the parent of each point and, for each merger, `merger_cost` at the first blur, not relative to any energy.
    """
    n = len(light)
    scales = blur_scales(means, light, spread, blurs)
    finest = np.array([[scales[0, 0], 1.0]])
    squares = np.empty(max(n - count, 0))
    alive = np.ones(n, np.bool_)
    parent = np.arange(n)
    partner = np.full(n, -1)
    lowest = np.full(n, np.inf)
    for i in range(n - 1):
        partner[i], lowest[i] = _find_best(means, light, spread, alive, i, scales)
    for merger in range(n - count):
        i = np.argmin(lowest)
        j = partner[i]
        squares[merger] = merger_cost(means, light, spread, i, j, finest)
        both = light[i] + light[j]
        square = 0.0
        for k in range(3):
            square += (means[i, k] - means[j, k]) ** 2
            means[i, k] = (light[i] * means[i, k] + light[j] * means[j, k]) / both
        spread[i] = (light[i] * spread[i] + light[j] * spread[j]) / both + light[i] * light[j] / both**2 * square
        light[i] = both
        alive[j] = False
        parent[j] = i
        lowest[j] = np.inf
        partner[i], lowest[i] = _find_best(means, light, spread, alive, i, scales)
        for k in range(j):
            if not alive[k] or k == i:
                continue
            if partner[k] == j or partner[k] == i:
                partner[k], lowest[k] = _find_best(means, light, spread, alive, k, scales)
            elif k < i:
                cost = merger_cost(means, light, spread, k, i, scales, lowest[k])
                if cost < lowest[k]:
                    partner[k], lowest[k] = i, cost
    return parent, squares
