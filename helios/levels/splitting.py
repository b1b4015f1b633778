"""Top-down division of points of light into clusters: the cluster that would misplace most light is cut in two."""

from __future__ import annotations

import numpy as np
from numba import njit

from helios.simd import EXACT

FROM_AFAR = 0.8
"""Weight of what is misplaced as seen from afar, against what is as seen from the Sun; chosen by the error of views."""


@njit(**EXACT)
def split(unit, lights, flux, groups, count, label):
    """Write into `label` int64 [N] the cluster of each of N lights, and return the number of clusters.

    The lights [N, 8] begin with x, y, z; their fifth column is the luminosity. They lie in the direction `unit` [N, 3]
    from the Sun, and `flux` [N] is their light from there. Those from groups[j] to groups[j + 1] - 1 are never in one
    cluster with others. There are about `count` clusters, and at least one in each group that has lights; clusters of
    one group are not in between those of another.

    A cluster costs the larger of its share of the flux times its extent in direction, and its share of the luminosity
    times its extent in place, over that of all, weighted by FROM_AFAR; the one with the greatest cost is cut at its
    mean along the axis along which it is widest, until there are enough. Takes O(N log count) time.
    """
    n = len(flux)
    order = np.arange(n)
    # Flux and luminosity, means of direction and place, mean squares about these.
    all_of, moments = np.empty(14), np.empty(14)
    _moments(unit, lights, flux, order, 0, n, all_of)
    extent = max(np.sqrt(all_of[11] + all_of[12] + all_of[13]), 1e-300)
    most = max(count, len(groups) - 1)
    bounds, axis = np.empty((most, 2), np.int64), np.empty(most, np.int64)
    cut, cost = np.empty(most), np.zeros(most)
    made = 0
    for j in range(len(groups) - 1):
        if groups[j + 1] > groups[j]:
            bounds[made, 0], bounds[made, 1] = groups[j], groups[j + 1]
            made += 1
    judged = 0
    worst = -1
    while True:
        # Those that are new, and the one that was cut, which keeps its place.
        for c in range(judged - (worst >= 0), made):
            which = worst if c < judged else c
            cost[which] = 0.0
            if bounds[which, 1] - bounds[which, 0] > 1:
                _moments(unit, lights, flux, order, bounds[which, 0], bounds[which, 1], moments)
                near = np.sqrt(moments[8] + moments[9] + moments[10]) * moments[0] / all_of[0] * (1.0 - FROM_AFAR)
                far = np.sqrt(moments[11] + moments[12] + moments[13]) / extent * moments[1] / all_of[1]
                far *= 3.0 * FROM_AFAR
                widest = 0 if near >= far else 3
                for k in range(widest + 1, widest + 3):
                    if moments[8 + k] > moments[8 + widest]:
                        widest = k
                axis[which], cut[which], cost[which] = widest, moments[2 + widest], max(near, far)
        judged = made
        worst = 0
        for c in range(1, made):
            if cost[c] > cost[worst]:
                worst = c
        if made >= most or cost[worst] == 0.0:
            break
        k, low, high = axis[worst], bounds[worst, 0], bounds[worst, 1] - 1
        while low <= high:
            row = order[low]
            value = unit[row, k] if k < 3 else lights[row, k - 3]
            if value <= cut[worst]:
                low += 1
            else:
                order[low], order[high] = order[high], order[low]
                high -= 1
        if low == bounds[worst, 0] or low == bounds[worst, 1]:
            cost[worst], worst = 0.0, -1  # one place after rounding: it stays whole
            continue
        bounds[made, 0], bounds[made, 1] = low, bounds[worst, 1]
        bounds[worst, 1] = low
        made += 1
    # Clusters by where their lights are in `order`: groups follow each other there.
    at = np.empty(n, np.int64)
    for c in range(made):
        for i in range(bounds[c, 0], bounds[c, 1]):
            at[i] = c
    number = -1
    for i in range(n):
        if i == 0 or at[i] != at[i - 1]:
            number += 1
        label[order[i]] = number
    return made


@njit(**EXACT)
def _moments(unit, lights, flux, order, start, stop, out):
    """Write flux, luminosity, means of direction and place, and the mean squares about these, of a cluster to `out`."""
    for k in range(14):
        out[k] = 0.0
    for i in range(start, stop):
        row = order[i]
        out[0] += flux[row]
        out[1] += lights[row, 4]
        for k in range(3):
            out[2 + k] += flux[row] * unit[row, k]
            out[5 + k] += lights[row, 4] * lights[row, k]
    for k in range(3):
        out[2 + k] /= out[0]
        out[5 + k] /= out[1]
    for i in range(start, stop):
        row = order[i]
        for k in range(3):
            out[8 + k] += flux[row] * (unit[row, k] - out[2 + k]) ** 2
            out[11 + k] += lights[row, 4] * (lights[row, k] - out[5 + k]) ** 2
    for k in range(3):
        out[8 + k] /= out[0]
        out[11 + k] /= out[1]
