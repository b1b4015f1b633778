"""Clusters that settle: each light goes to that with the nearest middle (Lloyd 1982, IEEE Trans. Inf. Theory 28)."""

from __future__ import annotations

import numpy as np
from numba import njit

from helios.simd import EXACT

ROUNDS = 3
"""How often. Views of a million stars, 20,000 splats drawn, are off by 2.91 % from the Sun without and 2.69 % with
three rounds, from the Pleiades 2.26 and 2.08, from 2.5 kpc 5.97 and 5.92; with eight by 2.64, 2.09 and 6.19."""


@njit(**EXACT)
def settle(unit, lights, flux, groups, label, clusters):
    """Change `label` int64 [N], the cluster of each of N lights, from what `split` left; arguments are as there.

    A light stays in its group, in whose row it stands between groups[j] and groups[j + 1] - 1, and no cluster loses its
    last. The square of a distance is that in place plus that in direction, at the distance from the Sun at which all of
    the lights together would have their flux. Takes O(ROUNDS N clusters of a group) time.
    """
    radius2 = lights[:, 4].sum() / flux.sum()
    sums, count = np.empty((8, clusters)), np.zeros(clusters, np.int64)
    squares = np.empty(clusters)
    for i in range(len(label)):
        count[label[i]] += 1
    for _ in range(ROUNDS):
        _middles(unit, lights, flux, label, sums)
        moved = False
        first = 0
        for j in range(len(groups) - 1):
            behind = first
            for i in range(groups[j], groups[j + 1]):
                behind = max(behind, label[i] + 1)
            middles = sums[2:, first:behind]
            u, v, w, x, y, z = middles[0], middles[1], middles[2], middles[3], middles[4], middles[5]
            for i in range(groups[j], groups[j + 1]):
                u0, v0, w0, x0, y0, z0 = unit[i, 0], unit[i, 1], unit[i, 2], lights[i, 0], lights[i, 1], lights[i, 2]
                for c in range(behind - first):  # many at a time, as there is nothing but this
                    square = (x0 - x[c]) ** 2 + radius2 * (u0 - u[c]) ** 2
                    square += (y0 - y[c]) ** 2 + radius2 * (v0 - v[c]) ** 2
                    squares[c] = square + ((z0 - z[c]) ** 2 + radius2 * (w0 - w[c]) ** 2)
                best, least = label[i], np.inf
                for c in range(behind - first):
                    if squares[c] < least:
                        best, least = first + c, squares[c]
                if best != label[i] and count[label[i]] > 1:
                    count[label[i]] -= 1
                    count[best] += 1
                    label[i] = best
                    moved = True
            first = behind
        if not moved:
            break


@njit(**EXACT)
def _middles(unit, lights, flux, label, sums):
    """Write into `sums` [8, C] flux, luminosity, and the means of direction and place that these weigh, of clusters."""
    sums[:] = 0.0
    for i in range(len(label)):
        c = label[i]
        sums[0, c] += flux[i]
        sums[1, c] += lights[i, 4]
        for k in range(3):
            sums[2 + k, c] += flux[i] * unit[i, k]
            sums[5 + k, c] += lights[i, 4] * lights[i, k]
    for c in range(sums.shape[1]):
        for k in range(3):
            sums[2 + k, c] /= sums[0, c]
            sums[5 + k, c] /= sums[1, c]
