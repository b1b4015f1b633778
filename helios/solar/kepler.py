"""Kepler's equation for conics of every kind, in universal variables: kernels, of which rows go to threads.

Source: Battin, An Introduction to the Mathematics and Methods of Astrodynamics (1999), sections 4.5 and 4.6; the roots
by Halley's method inside a bracket.
"""

from __future__ import annotations

from math import asinh, cos, exp, inf, pi, sin, sinh, sqrt

from numba import njit

from helios.simd.jit import EXACT

LIMIT = 120
"""Rounds at most: halving a bracket of doubles takes fewer."""

SETTLED = 1e-6
"""Relative step of Halley's method after which its next would be below the digits of a double, as its steps cube."""


@njit(**EXACT)
def stumpff(z: float) -> tuple[float, float]:
    """Return c2 and c3 of z: (1 - cos x) / x^2 and (x - sin x) / x^3 for z = x^2, and their continuation below 0."""
    if z > 1.0:
        x = sqrt(z)
        half = sin(0.5 * x)
        return 2.0 * half * half / z, (x - 2.0 * half * cos(0.5 * x)) / (z * x)
    if z < -1.0:
        x = sqrt(-z)
        grown = exp(x)
        shrunk = 1.0 / grown
        return (0.5 * (grown + shrunk) - 1.0) / -z, (0.5 * (grown - shrunk) - x) / (-z * x)
    c2 = z / 306.0  # the power series, nested: each divisor is the ratio of two factorials
    for ratio in (240.0, 182.0, 132.0, 90.0, 56.0, 30.0, 12.0):
        c2 = z / ratio * (1.0 - c2)
    c3 = z / 342.0
    for ratio in (272.0, 210.0, 156.0, 110.0, 72.0, 42.0, 20.0):
        c3 = z / ratio * (1.0 - c3)
    return 0.5 * (1.0 - c2), (1.0 - c3) / 6.0


@njit(**EXACT)
def universal(t: float, r0: float, eta: float, mu: float, beta: float, guess: float) -> tuple[float, float, float]:
    """Return G1, G2 and G3 of the universal anomaly s, at a time `t` of at least 0 after the state.

    `r0` is the distance at the state, `eta` its product r.v, `beta` mu / a; `guess` above 0 is a guess of s. G0 is
    1 - beta G2. Any consistent units.
    """
    zeta = mu - beta * r0
    s, low, high = guess, 0.0, inf
    if t > 0.0:
        for _ in range(LIMIT):
            c2, c3 = stumpff(beta * s * s)
            g2 = s * s * c2
            g3 = s * s * s * c3
            g1 = s - beta * g3
            wrong = r0 * s + eta * g2 + zeta * g3 - t
            r = r0 + eta * g1 + zeta * g2
            slope = eta * (1.0 - beta * g2) + zeta * g1
            step = wrong / (r - 0.5 * wrong * slope / r)
            new = s - step
            if wrong < 0.0:
                low = s
            else:
                high = s
            if abs(step) <= SETTLED * s:
                s = new
                break
            s = new if low < new < high else 0.5 * (low + min(high, 4.0 * s))
    else:
        s = 0.0
    c2, c3 = stumpff(beta * s * s)
    g3 = s * s * s * c3
    return s - beta * g3, s * s * c2, g3


@njit(**EXACT)
def from_perihelion(t: float, e: float) -> tuple[float, float, float]:
    """Return G1, G2 and r at the time `t` after perihelion, either sign, of an orbit of eccentricity `e`.

    In units of the perihelion distance q and of sqrt(q^3 / mu). The place is x = 1 - G2 towards the perihelion and
    y = sqrt(1 + e) G1; the velocity -G1 / r and sqrt(1 + e) (1 - (1 - e) G2) / r.
    """
    beta = 1.0 - e
    if beta > 0.0:
        period = 2.0 * pi / (beta * sqrt(beta))
        t -= round(t / period) * period
    late = abs(t)
    # Barker's equation is the whole of Kepler's for a parabola, and close to it near every perihelion.
    guess = late
    if e > 1e-8:
        guess = 2.0 * sqrt(2.0 / e) * sinh(asinh(1.5 * late * sqrt(0.5 * e)) / 3.0)
    if -beta * guess * guess > 4.0:
        root = sqrt(-beta)
        mean = late * root * -beta
        guess = asinh((mean + asinh(mean / e)) / e) / root
    g1, g2, _ = universal(late, 1.0, 0.0, 1.0, beta, guess)
    return (g1 if t >= 0.0 else -g1), g2, 1.0 + e * g2


@njit(**EXACT)
def drift(
    t: float, mu: float, x: float, y: float, z: float, vx: float, vy: float, vz: float
) -> tuple[float, float, float, float, float, float]:
    """Return the state after the time `t`, either sign, of two-body motion from the state of position and velocity."""
    r0 = sqrt(x * x + y * y + z * z)
    eta = x * vx + y * vy + z * vz
    beta = 2.0 * mu / r0 - (vx * vx + vy * vy + vz * vz)
    late = abs(t)
    sign = 1.0 if t >= 0.0 else -1.0
    guess = late / r0
    guess -= 0.5 * sign * eta * guess * guess / r0
    if guess <= 0.0:
        guess = 0.5 * late / r0
    g1, g2, _ = universal(late, r0, sign * eta, mu, beta, guess)
    r = r0 + sign * eta * g1 + (mu - beta * r0) * g2
    less = mu * g2 / r0
    g = sign * (r0 * g1 + sign * eta * g2)
    turn = -sign * mu * g1 / (r0 * r)
    kept = mu * g2 / r
    return (
        x - less * x + g * vx,
        y - less * y + g * vy,
        z - less * z + g * vz,
        vx + turn * x - kept * vx,
        vy + turn * y - kept * vy,
        vz + turn * z - kept * vz,
    )
