"""Two-body motion around the Sun of orbits of every kind, and the orbits that states belong to."""

from __future__ import annotations

from dataclasses import replace
from math import asinh, atan, atan2, cos, hypot, pi, sin, sqrt
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.errors import InputError
from helios.simd.jit import EXACT
from helios.solar.gravity import GM, ORBIT_TO_UNIVERSE
from helios.solar.kepler import from_perihelion, stumpff
from helios.solar.orbits import Orbits
from helios.threads import run_striped

Array = NDArray[np.float64]

GM_SUN = GM["Sun"]

ELEMENTS = ("perihelion_au", "eccentricity", "inclination_deg", "node_deg", "argument_deg", "perihelion_days")
"""The columns of `Orbits` that with the epoch make up an orbit, in the order of the kernels."""


def heliocentric_au(orbits: Orbits, jd_tdb: ArrayLike, threads: int | None = None) -> Array:
    """Return the heliocentric positions [N, 3], au, axes of the universe, of two-body motion.

    `jd_tdb` is a Julian date, TDB, or one for each orbit [N]; `threads` is as `run_striped` takes it, and the result is
    the same for any number. To 1e-13 of the distance, plus how far the body moves in 1e-16 of the time from the epoch.
    Raises InputError for elements or dates that are no numbers or out of range. About 0.7 microseconds an orbit.
    """
    positions, _ = _propagate(orbits, jd_tdb, threads, with_velocities=False)
    return positions


def heliocentric_states(orbits: Orbits, jd_tdb: ArrayLike, threads: int | None = None) -> tuple[Array, Array]:
    """Return what `heliocentric_au` does, and the velocities [N, 3], au per day, in the same axes."""
    return _propagate(orbits, jd_tdb, threads, with_velocities=True)


def with_states(orbits: Orbits, jd_tdb: ArrayLike, positions_au: Array, velocities_au_per_day: Array) -> Orbits:
    """Return these bodies with the orbits that osculate in the given states at `jd_tdb`, one date or [N].

    `positions_au` and `velocities_au_per_day` [N, 3] are heliocentric, in the axes of the universe. The time of
    perihelion of an ellipse is the nearest one. Raises InputError for a state that is no number, or falls straight to
    the Sun, which no elements describe.
    """
    states = np.hstack([positions_au, velocities_au_per_day])
    epochs = np.broadcast_to(np.asarray(jd_tdb, np.float64), len(orbits)).copy()
    with np.errstate(invalid="ignore"):
        spin = np.linalg.norm(np.cross(positions_au, velocities_au_per_day), axis=1)
    _refuse(orbits, ~np.isfinite(spin) | ~(spin > 0), "its state has no orbit", states)
    _refuse(orbits, ~np.isfinite(epochs), "its date is no number", epochs)
    columns = np.empty((len(ELEMENTS), len(orbits)))
    run_striped(_elements, len(orbits), None, states, ORBIT_TO_UNIVERSE, GM_SUN, columns)
    elements: dict[str, Any] = dict(zip(ELEMENTS, columns))
    return replace(orbits, epoch_jd_tdb=epochs, **elements)


def _propagate(orbits: Orbits, jd_tdb: ArrayLike, threads: int | None, with_velocities: bool) -> tuple[Array, Array]:
    dates = np.broadcast_to(np.asarray(jd_tdb, np.float64), len(orbits))
    columns = [np.ascontiguousarray(getattr(orbits, name), np.float64) for name in ELEMENTS]
    q, e = columns[:2]
    _refuse(orbits, ~np.isfinite(q) | ~(q > 0), "perihelion_au must be above 0, is", q)
    _refuse(orbits, ~np.isfinite(e) | ~(e >= 0), "eccentricity must be 0 or above, is", e)
    for name, column in zip(ELEMENTS[2:], columns[2:]):
        _refuse(orbits, ~np.isfinite(column), f"{name} must be a number, is", column)
    late = (dates - orbits.epoch_jd_tdb) - columns[5]
    _refuse(orbits, ~np.isfinite(late), "its epoch and the date must be numbers, are apart by", late)
    positions = np.empty((len(orbits), 3))
    velocities = np.empty((len(orbits) if with_velocities else 0, 3))
    run_striped(_states, len(orbits), threads, *columns[:5], late, ORBIT_TO_UNIVERSE, GM_SUN, positions, velocities)
    return positions, velocities


def _refuse(orbits: Orbits, wrong: NDArray[np.bool_], reason: str, values: Array) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"orbit {orbits.designation[row]} (row {row}): {reason} {values[row]}; leave it out")


@njit(**EXACT)
def _states(stripe, stripes, q, e, inclination, node, argument, late, turn, gm, positions, velocities):
    for i in range(stripe * len(q) // stripes, (stripe + 1) * len(q) // stripes):
        rate = sqrt(gm / q[i])  # au per day
        g1, g2, r = from_perihelion(late[i] * rate / q[i], e[i])
        wide = sqrt(1.0 + e[i])
        x, y = q[i] * (1.0 - g2), q[i] * wide * g1
        tilt, n, w = inclination[i] * (pi / 180.0), node[i] * (pi / 180.0), argument[i] * (pi / 180.0)
        ct, st, cn, sn, cw, sw = cos(tilt), sin(tilt), cos(n), sin(n), cos(w), sin(w)
        px, py, pz = cw * cn - sw * sn * ct, cw * sn + sw * cn * ct, sw * st
        qx, qy, qz = -sw * cn - cw * sn * ct, -sw * sn + cw * cn * ct, cw * st
        for k in range(3):
            to_perihelion = turn[k, 0] * px + turn[k, 1] * py + turn[k, 2] * pz
            across = turn[k, 0] * qx + turn[k, 1] * qy + turn[k, 2] * qz
            positions[i, k] = x * to_perihelion + y * across
            if len(velocities):
                vx, vy = -rate * g1 / r, rate * wide * (1.0 - (1.0 - e[i]) * g2) / r
                velocities[i, k] = vx * to_perihelion + vy * across


@njit(**EXACT)
def _elements(stripe, stripes, states, turn, gm, columns):
    degrees = 180.0 / pi
    s = np.empty(6)
    for i in range(stripe * len(states) // stripes, (stripe + 1) * len(states) // stripes):
        for k in range(3):
            s[k] = turn[0, k] * states[i, 0] + turn[1, k] * states[i, 1] + turn[2, k] * states[i, 2]
            s[3 + k] = turn[0, k] * states[i, 3] + turn[1, k] * states[i, 4] + turn[2, k] * states[i, 5]
        hx, hy, hz = s[1] * s[5] - s[2] * s[4], s[2] * s[3] - s[0] * s[5], s[0] * s[4] - s[1] * s[3]
        h = sqrt(hx * hx + hy * hy + hz * hz)
        r = sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2])
        eta = s[0] * s[3] + s[1] * s[4] + s[2] * s[5]
        e_cos, e_sin = h * h / (gm * r) - 1.0, h * eta / (gm * r)
        e = hypot(e_cos, e_sin)
        q = h * h / (gm * (1.0 + e))
        anomaly = atan2(e_sin, e_cos)
        flat = hypot(hx, hy)
        node_x, node_y = (-hy / flat, hx / flat) if flat > 0.0 else (1.0, 0.0)
        along = s[0] * node_x + s[1] * node_y
        across = (s[0] * (-node_y) + s[1] * node_x) * (hz / h) + s[2] * (flat / h)
        columns[0, i] = q
        columns[1, i] = e
        columns[2, i] = atan2(flat, hz) * degrees
        columns[3, i] = (atan2(node_y, node_x) * degrees) % 360.0
        columns[4, i] = ((atan2(across, along) - anomaly) * degrees) % 360.0
        columns[5, i] = -_after_perihelion(q, e, e_cos, e_sin, eta, gm)


@njit(**EXACT)
def _after_perihelion(q, e, e_cos, e_sin, eta, gm):
    """Return the days since perihelion of a state: from the anomaly of an ellipse, so that it goes with the argument
    of perihelion where both are ill defined, and from r.v where the anomaly is near an asymptote."""
    beta = 1.0 - e
    if beta > 0.0:
        # The half of the anomaly without a difference of nearly equal numbers, on either side.
        half_tan = e_sin / (e + e_cos) if e_cos > 0.0 else ((e - e_cos) / e_sin if e_sin != 0.0 else 1e300)
        half = half_tan / sqrt(1.0 + e) if e > 0.0 else 0.0
        root = sqrt(beta)
        s = 2.0 * atan(root * half) / root
    elif beta == 0.0:
        s = eta / sqrt(gm * q)
    else:
        root = sqrt(-beta)
        s = asinh(root * eta / (e * sqrt(gm * q))) / root
    _, c3 = stumpff(beta * s * s)
    return (s + e * s * s * s * c3) * q * sqrt(q / gm)
