"""Proves two-body motion against skyfield, against 40 digits of mpmath, and in Kepler's equation itself, for conics of
every kind; that the elements of a state are its orbit; and that threads do not show."""

import mpmath
import numpy as np
import pytest
from conics import EPOCH, orbits_of
from skyfield.keplerlib import propagate

from helios.errors import InputError
from helios.solar.gravity import GM, ORBIT_TO_UNIVERSE
from helios.solar.twobody import heliocentric_au, heliocentric_states, with_states

SHAPES = {
    "circle": lambda rng, n: np.concatenate([[0.0], 10 ** rng.uniform(-12, -2, n - 1)]),
    "ellipse": lambda rng, n: rng.uniform(0, 0.99, n),
    "long ellipse": lambda rng, n: 1 - 10 ** rng.uniform(-8, -2, n),
    "parabola": lambda rng, n: np.ones(n),
    "hyperbola": lambda rng, n: 1 + 10 ** rng.uniform(-8, 0, n),
}


def some(shape, count, days=2000.0, seed=3):
    rng = np.random.default_rng(seed)
    return orbits_of(10 ** rng.uniform(-1, 1, count), SHAPES[shape](rng, count), rng.uniform(-days, days, count))


def far(a, b):
    return np.linalg.norm(a - b, axis=1)


@pytest.mark.parametrize("shape", SHAPES)
def test_skyfield_finds_the_same_places(shape):
    orbits = some(shape, 40, days=300.0)
    positions, velocities = heliocentric_states(orbits, EPOCH)
    dates = EPOCH + np.array([-365.25, 30.0, 365.25])
    theirs = [propagate(p, v, EPOCH, dates, GM["Sun"]) for p, v in zip(positions, velocities)]
    for i, date in enumerate(dates):
        ours, speeds = heliocentric_states(orbits, date)
        assert far(ours, np.array([p[:, i] for p, _ in theirs])).max() < 1e-11
        assert far(speeds, np.array([v[:, i] for _, v in theirs])).max() < 1e-12


def exact(q, e, late):
    """Place in the plane, au, from the anomaly's own equation, 40 digits."""
    with mpmath.workdps(40):
        q, e, late, gm = (mpmath.mpf(float(value)) for value in (q, e, late, GM["Sun"]))
        if e == 1:
            half = mpmath.sinh(mpmath.asinh(late * mpmath.sqrt(gm / (2 * q**3)) * 1.5) / 3) * 2
            return float(q * (1 - half**2)), float(2 * q * half)
        a = q / abs(1 - e)
        mean = late * mpmath.sqrt(gm / a**3)
        if e < 1:
            mean -= mpmath.nint(mean / (2 * mpmath.pi)) * 2 * mpmath.pi
        sine, cosine = (mpmath.sin, mpmath.cos) if e < 1 else (mpmath.sinh, mpmath.cosh)
        sign = 1 if e < 1 else -1
        low, high = mpmath.mpf(0), mpmath.mpf(4 if e < 1 else 60)
        for _ in range(150):
            middle = (low + high) / 2
            low, high = (middle, high) if sign * (middle - e * sine(middle)) < abs(mean) else (low, middle)
        side = mpmath.sign(mean) * mpmath.sqrt(abs(1 - e * e))
        return float(sign * a * (cosine(low) - e)), float(a * side * sine(low))


@pytest.mark.parametrize("shape", SHAPES)
def test_forty_digits_find_the_same_places(shape):
    orbits = some(shape, 25)
    flat = orbits_of(orbits.perihelion_au, orbits.eccentricity, -orbits.perihelion_days, angles=np.zeros((25, 3)))
    for date in (EPOCH, EPOCH + 40_000.0):
        ours = np.einsum("ji,nj->ni", ORBIT_TO_UNIVERSE, heliocentric_au(flat, date))
        late = (date - EPOCH) - flat.perihelion_days
        there = np.array([exact(*row) for row in zip(flat.perihelion_au, flat.eccentricity, late)])
        # 16 digits of the place, and of the way along the orbit: of a circle of 0.1 au that is 1,270 au in 40,000 days.
        way = np.abs(late) * np.sqrt(2 * GM["Sun"] / flat.perihelion_au) * 2.3e-16
        assert (np.hypot(*(ours[:, :2] - there).T) < 1e-15 + 4e-15 * np.hypot(*there.T) + 4 * way).all()


def test_a_million_random_orbits_solve_keplers_equation():
    rng = np.random.default_rng(8)
    count = 1_000_000
    below = np.arange(count) % 2 == 0
    e = np.where(below, 1 - 10 ** rng.uniform(-8, 0, count), 1 + 10 ** rng.uniform(-8, 1, count))
    mean = rng.uniform(0, np.pi, count) * 10 ** rng.uniform(-8, 0, count) * np.where(below, 1, 10)
    a = 1 / np.abs(1 - e)
    orbits = orbits_of(np.ones(count), e, mean / np.sqrt(GM["Sun"] / a**3), angles=np.zeros((count, 3)))
    x, y, _ = np.einsum("ji,nj->in", ORBIT_TO_UNIVERSE, heliocentric_au(orbits, EPOCH))
    sine = y / (a * np.sqrt(np.abs(1 - e) * (1 + e)))
    anomaly = np.where(below, np.arctan2(sine, x / a + e), np.arcsinh(sine))
    residual = np.where(below, anomaly - e * sine, e * sine - anomaly) - mean
    assert (np.abs(residual) < 1e-12 * (1 + mean)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_elements_of_a_state_are_its_orbit(shape):
    orbits = some(shape, 400)
    angles = np.stack([orbits.inclination_deg, orbits.node_deg, orbits.argument_deg], axis=1)
    angles[:3] = [[0, 0, 0], [180, 0, 40], [90, 0, 0]]
    orbits = orbits_of(orbits.perihelion_au, orbits.eccentricity, -orbits.perihelion_days, angles=angles)
    found = with_states(orbits, EPOCH + 50, *heliocentric_states(orbits, EPOCH + 50))
    assert (found.epoch_jd_tdb == EPOCH + 50).all()
    for days, digits in ((50, 1e-14), (-700, 1e-12), (700, 1e-12)):  # the digits of the period grow with the turns
        there = heliocentric_au(orbits, EPOCH + days)
        assert (far(heliocentric_au(found, EPOCH + days), there) < digits * (1 + np.linalg.norm(there, axis=1))).all()
    assert (np.abs(found.eccentricity - orbits.eccentricity) < 1e-13).all()
    assert (list(found.designation), list(found.kind)) == (list(orbits.designation), list(orbits.kind))


def test_a_body_without_motion_along_its_orbit_is_at_perihelion():
    state = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, np.sqrt(GM["Sun"] * 1.5), 0.0]])
    found = with_states(some("ellipse", 1), EPOCH, *state)
    assert found.perihelion_au == pytest.approx(1, abs=1e-15)
    assert found.eccentricity == pytest.approx(0.5, abs=1e-15)
    assert found.perihelion_days == pytest.approx(0, abs=1e-12)


def test_threads_do_not_show():
    orbits = some("ellipse", 3000)
    one, *others = (np.hstack(heliocentric_states(orbits, EPOCH + 9, threads)).tobytes() for threads in (1, 2, 3, None))
    assert all(other == one for other in others)
    assert heliocentric_au(orbits, EPOCH + 9).tobytes() == heliocentric_states(orbits, EPOCH + 9)[0].tobytes()
    assert heliocentric_au(orbits[:0], EPOCH).shape == (0, 3)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("perihelion_au", 0.0, "perihelion_au must be above 0, is 0.0"),
        ("eccentricity", -0.1, "eccentricity must be 0 or above, is -0.1"),
        ("node_deg", np.nan, "node_deg must be a number, is nan"),
        ("epoch_jd_tdb", np.inf, "its epoch and the date must be numbers"),
    ],
)
def test_what_is_no_orbit_is_named(column, value, message):
    orbits = some("ellipse", 3)
    getattr(orbits, column)[1] = value
    with pytest.raises(InputError, match=rf"orbit 1 \(row 1\): {message}"):
        heliocentric_au(orbits, EPOCH)


def test_a_state_that_falls_to_the_sun_is_named():
    with pytest.raises(InputError, match=r"orbit 0 \(row 0\): its state has no orbit"):
        with_states(some("ellipse", 1), EPOCH, np.array([[1.0, 0, 0]]), np.array([[0.01, 0, 0]]))
