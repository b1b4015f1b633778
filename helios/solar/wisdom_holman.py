"""A body without mass among planets on given tracks: the kernel of `perturbed`.

Wisdom & Holman 1991, AJ 102, 1528: exact two-body motion around the Sun, between kicks of all other forces. The kicks
stand at the three nodes of Gauss in each step, SABA3 of Laskar & Robutel 2001, Celestial Mechanics 80, 39, equation 24:
its error is of order 6 in the step times the planets' masses, and of order 2 times their squares.
"""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
from numba import njit

from helios.simd.jit import EXACT
from helios.solar.kepler import drift

LONGEST_DAYS = 16.0
SHORTEST_DAYS = 1.0 / 1024.0

ERROR_AU_PER_DAY = 1e-12
"""What a step may get wrong of the velocity, by the estimate of `_step_days`: after 10 years that is 2e-8 au."""

EDGE, INNER = 0.5 - sqrt(15.0) / 10.0, sqrt(15.0) / 10.0
OUTER_KICK, MIDDLE_KICK = 5.0 / 18.0, 4.0 / 9.0
DRIFTS = (EDGE, INNER, INNER)
KICKS = (OUTER_KICK, MIDDLE_KICK, OUTER_KICK)

GAUSS_ERROR = 1.0 / 400.0
"""Of three nodes, h^7 f6 / 2,016,000, for f falling as 1 / d^2: its sixth derivative is 7! f (v / d)^6."""


@njit(**EXACT)
def _look(powers, days, segment_days, gm, x, y, z, scratch):
    """Put the tracks at `days` into scratch[0] and the squares of the distances of the perturbers into scratch[1];
    return the acceleration of the planets at the heliocentric place (x, y, z)."""
    segment = min(max(int(days / segment_days), 0), len(powers) - 1)
    at = 2.0 * (days / segment_days - segment) - 1.0
    track, squares = scratch[0], scratch[1]
    terms = powers[segment]
    top = terms.shape[0] - 1
    for c in range(terms.shape[1]):
        track[c] = terms[top, c]
    for k in range(top - 1, -1, -1):
        for c in range(terms.shape[1]):
            track[c] = track[c] * at + terms[k, c]
    bodies = len(gm)
    for b in range(bodies):
        dx, dy, dz = track[b] - x, track[bodies + b] - y, track[2 * bodies + b] - z
        squares[b] = dx * dx + dy * dy + dz * dz
        scratch[2, b] = gm[b] / (squares[b] * sqrt(squares[b]))
    ax, ay, az = -track[3 * bodies], -track[3 * bodies + 1], -track[3 * bodies + 2]
    for b in range(bodies):
        ax += scratch[2, b] * (track[b] - x)
        ay += scratch[2, b] * (track[bodies + b] - y)
        az += scratch[2, b] * (track[2 * bodies + b] - z)
    return ax, ay, az


@njit(**EXACT)
def _step_days(h, waiting, gm, gm_sun, light, speeds, squares, r2, speed):
    """Return `h`, days, halved until no force changes too much within a step.

    `squares` and `r2` are of distances to perturbers and Sun `waiting` days ago, and `speeds` what perturbers do not
    exceed, so that each could have come closer by the sum of speeds since, and will by the end.
    """
    while h > SHORTEST_DAYS:
        span = h + waiting
        gap = sqrt(r2) - span * speed
        error = 2.0 * ERROR_AU_PER_DAY
        if gap > 0.0:
            turned = (h * speed / gap) ** 2
            error = GAUSS_ERROR * h * 4.0 * (gm_sun / light) ** 2 / gap**3 * turned * turned * turned
            for b in range(len(gm)):
                reach = speed + speeds[b]
                gap = sqrt(squares[b]) - span * reach
                if gap <= 0.0:
                    error = 2.0 * ERROR_AU_PER_DAY
                    break
                turned = (h * reach / gap) ** 2
                fall = h * h * gm[b] / (gap * gap * gap)
                error += h * gm[b] / (gap * gap) * (GAUSS_ERROR * turned * turned * turned + fall / 24.0)
        if error <= ERROR_AU_PER_DAY:
            break
        h *= 0.5
    return h


@njit(**EXACT)
def integrate(stripe, stripes, states, starts, end, powers, segment_days, gm, gm_sun, light, speeds, hills, near):
    """Move the heliocentric `states` [N, 6], au and au per day, from `starts` [N] to `end`, days of the tracks.

    `near` [N, 2] becomes the least distance to a perturber at the kicks, in units of its `hills` radius, and which.
    """
    bodies = len(gm)
    scratch = np.empty((3, powers.shape[2]))
    for i in range(stripe * len(states) // stripes, (stripe + 1) * len(states) // stripes):
        x, y, z, vx, vy, vz = states[i, 0], states[i, 1], states[i, 2], states[i, 3], states[i, 4], states[i, 5]
        days = starts[i]
        sign = 1.0 if end >= days else -1.0
        closest, body = inf, 0
        waiting = 0.0  # days of drift that are due, without sign
        left = abs(end - days)
        h = 0.25 * LONGEST_DAYS
        _look(powers, days, segment_days, gm, x, y, z, scratch)
        while left > 0.0:
            r2, v2 = x * x + y * y + z * z, vx * vx + vy * vy + vz * vz
            h = min(LONGEST_DAYS, 2.0 * h)
            h = _step_days(h, waiting, gm, gm_sun, light, speeds, scratch[1], r2, sqrt(v2))
            step = min(h, left)
            for stage in range(3):
                span = sign * (DRIFTS[stage] * step + waiting)
                waiting = 0.0
                x, y, z, vx, vy, vz = drift(span, gm_sun, x, y, z, vx, vy, vz)
                days += span
                ax, ay, az = _look(powers, days, segment_days, gm, x, y, z, scratch)
                # The Sun's field to the first order beyond Newton: Will 1993, Theory and Experiment in Gravitational
                # Physics, equation 7.53 for beta = gamma = 1.
                r2 = x * x + y * y + z * z
                r = sqrt(r2)
                bent = gm_sun / (light * light * r2 * r)
                outward = bent * (4.0 * gm_sun / r - (vx * vx + vy * vy + vz * vz))
                along = 4.0 * bent * (x * vx + y * vy + z * vz)
                kick = sign * KICKS[stage] * step
                ax, ay, az = (
                    ax + outward * x + along * vx,
                    ay + outward * y + along * vy,
                    az + outward * z + along * vz,
                )
                vx, vy, vz = vx + kick * ax, vy + kick * ay, vz + kick * az
                for b in range(bodies):
                    apart = scratch[1, b] / (hills[b] * hills[b])
                    if apart < closest:
                        closest, body = apart, b
            waiting = EDGE * step
            left -= step
        x, y, z, vx, vy, vz = drift(sign * waiting, gm_sun, x, y, z, vx, vy, vz)
        states[i, 0], states[i, 1], states[i, 2], states[i, 3], states[i, 4], states[i, 5] = x, y, z, vx, vy, vz
        near[i, 0], near[i, 1] = sqrt(closest), body
