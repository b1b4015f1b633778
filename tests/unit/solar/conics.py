"""Orbits for tests, by random elements or by the elements that the Minor Planet Center prints."""

from pathlib import Path

import numpy as np

from helios.constants import ICRS_TO_ECLIPTIC
from helios.solar.orbits import Orbits
from helios.solar.twobody import with_states

DATA = Path(__file__).parents[2] / "data" / "orbits"
GM_SUN = 0.01720209895**2
EPOCH = 2461200.5


def orbits_of(q, e, late, epoch=EPOCH, angles=None, names=None):
    """Orbits [N] whose perihelion was `late` days before the epoch; `angles` are [N, 3], degrees."""
    count = len(q)
    rng = np.random.default_rng(5)
    if angles is None:
        angles = np.stack([np.rad2deg(np.arccos(rng.uniform(-1, 1, count))), *rng.uniform(0, 360, (2, count))], axis=1)
    names = np.array([str(i) for i in range(count)]) if names is None else np.asarray(names)
    kind, unknown = np.full(count, "asteroid"), np.full(count, np.nan)
    epochs = np.full(count, epoch, np.float64)
    columns = (np.asarray(values, np.float64).copy() for values in (q, e, *angles.T, -np.asarray(late)))
    return Orbits(names, names, kind, epochs, *columns, unknown, unknown)


def published(elements, names):
    """Orbits of rows [N, 7]: epoch, mean anomaly, argument, node, inclination, e, a."""
    epoch, mean, argument, node, inclination, e, a = elements.T
    late = np.deg2rad((mean + 180) % 360 - 180) / np.sqrt(GM_SUN / a**3)
    return orbits_of(a * (1 - e), e, late, epoch, np.stack([inclination, node, argument], axis=1), names)


def flyby_orbits(assist):
    """Orbits of the states of `assist.npz` that are nearest to planets at EPOCH."""
    states = np.einsum("ij,nkj->nki", ICRS_TO_ECLIPTIC, assist["flyby_states"].reshape(-1, 2, 3))
    count = len(states)
    rows = orbits_of(np.ones(count), np.zeros(count), np.zeros(count))
    return with_states(rows, EPOCH, states[:, 0], states[:, 1])
