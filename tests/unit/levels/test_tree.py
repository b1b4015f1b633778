"""The tree of one branch against the words of its design, followed star by star.

Some thousand stars in a disc with two clusters, so that cells of several depths pass stars on; their magnitudes have
ties. Expected values are made by sorting and summing in Python, with nothing of the kernels.
"""

import numpy as np
import pytest

from helios.constants import PARSEC_M
from helios.grid import MAX_DEPTH, deepest_keys
from helios.levels import own_stars, proxies
from helios.levels.branch import flux_of, grow_branch, stars_as_lights
from helios.levels.own_stars import BRIGHT, KEPT_WHOLE, OWN_STARS, UNOWNED, grow
from helios.levels.proxies import PROXIES, STOOD_FOR, Lights, proxies_of

STARS = 9_000


def made_stars(seed, count=STARS):
    """(keys, lights), sorted by key, of stars of all kinds of magnitudes and colours."""
    rng = np.random.default_rng(seed)
    place = rng.standard_normal((count, 3)) * [300, 300, 60]
    place[: count // 3] = [80, 40, 5] + rng.standard_normal((count // 3, 3)) * 2
    place[count // 3 : count // 2] = [-400, 90, 30] + rng.standard_normal((count // 2 - count // 3, 3)) * 0.5
    mag = np.round(rng.uniform(5, 15, count), 1)
    bp_rp = np.where(rng.random(count) < 0.1, np.nan, rng.normal(1, 0.7, count))
    x, y, z = place.T * PARSEC_M
    lights = stars_as_lights({"x_m": x, "y_m": y, "z_m": z, "phot_g_mean_mag": mag, "bp_rp": bp_rp})
    keys = deepest_keys(lights.position_m)
    order = np.argsort(keys, kind="stable")
    return keys[order], lights.take(order)


def grown(keys, lights, depth=0):
    owner = np.full(len(keys), UNOWNED, np.int8)
    return grow(keys, flux_of(lights), lights.luminosity, owner, depth), owner


def expected_owner(keys, flux, luminosity):
    """Who keeps each star, cell by cell."""
    owner = np.full(len(keys), UNOWNED)
    waiting = [(0, key) for key in np.unique(keys >> np.uint64(3 * MAX_DEPTH))]
    while waiting:
        depth, key = waiting.pop()
        below = keys >> np.uint64(3 * (MAX_DEPTH - depth))
        rows = np.flatnonzero((below == key) & (owner == UNOWNED))
        if len(rows) <= KEPT_WHOLE:
            owner[rows] = depth
            continue
        for values, count in ((flux, BRIGHT), (luminosity, OWN_STARS - BRIGHT)):
            left = rows[owner[rows] == UNOWNED]
            owner[sorted(left.tolist(), key=lambda row: (-values[row], row))[:count]] = depth
        left = rows[owner[rows] == UNOWNED]
        waiting += [(depth + 1, key) for key in np.unique(keys[left] >> np.uint64(3 * (MAX_DEPTH - depth - 1)))]
    return owner


def test_cells_keep_the_brightest_from_the_sun_and_the_most_luminous():
    keys, lights = made_stars(1)
    cells, owner = grown(keys, lights)
    np.testing.assert_array_equal(owner, expected_owner(keys, flux_of(lights), lights.luminosity))
    assert set(cells.depth) >= {0, 1, 2, 3}


def test_cells_come_before_those_below_them_along_the_curve():
    keys, lights = made_stars(2)
    cells, _ = grown(keys, lights)
    first = cells.key << (3 * (MAX_DEPTH - cells.depth.astype(np.uint64))).astype(np.uint64)
    order = np.lexsort((cells.depth, first))
    np.testing.assert_array_equal(order, np.arange(len(cells.depth)))
    child = np.flatnonzero(cells.parent >= 0)
    np.testing.assert_array_equal(cells.key[child] >> np.uint64(3), cells.key[cells.parent[child]])
    np.testing.assert_array_equal(cells.depth[child], cells.depth[cells.parent[child]] + 1)


def test_many_stars_in_one_place_end_in_the_deepest_cell():
    keys, lights = made_stars(3, 10)
    keys, lights = np.repeat(keys[:1], 3000), lights.take(np.zeros(3000, int))
    cells, owner = grown(keys, lights)
    assert cells.depth[-1] <= MAX_DEPTH
    assert (np.bincount(owner, minlength=MAX_DEPTH + 1)[:5] == OWN_STARS).all()
    assert (owner != UNOWNED).all()


def test_stars_kept_above_are_left_out():
    keys, lights = made_stars(4)
    owner = np.full(len(keys), UNOWNED, np.int8)
    owner[::3] = -1
    _, own = grow_branch(keys, lights, owner, 0)
    assert (owner[::3] == -1).all()
    assert (np.delete(owner, np.arange(0, len(keys), 3)) >= 0).all()
    assert len(own) > 0


@pytest.mark.parametrize("seed", [5, 6])
def test_proxies_hold_the_light_below_from_the_sun_and_from_afar(seed):
    keys, lights = made_stars(seed)
    owner = np.full(len(keys), UNOWNED, np.int8)
    level, _ = grow_branch(keys, lights, owner, 0)
    assert level.starts[-1] == len(level.proxies) > 0
    for cell in np.flatnonzero(np.diff(level.starts)):
        mine = slice(level.starts[cell], level.starts[cell + 1])
        shown, child = level.proxies.take(mine), level.child[mine]
        assert len(shown) <= PROXIES
        for number in np.unique(child):
            depth = int(level.depth[cell]) + 1
            inside = keys >> np.uint64(3 * (MAX_DEPTH - depth)) == (level.key[cell] << np.uint64(3)) + number
            below = lights.take(inside & (owner >= depth))
            some = shown.take(child == number)
            np.testing.assert_allclose(some.luminosity.sum(), below.luminosity.sum(), rtol=1e-12)
            np.testing.assert_allclose(flux_of(some).sum(), flux_of(below).sum(), rtol=1e-12)
            tint, wanted = ((flux_of(x)[:, None] * x.color).sum(axis=0) for x in (some, below))
            np.testing.assert_allclose(tint, wanted, rtol=1e-5)


def test_a_proxy_of_two_stars_is_where_the_design_says():
    near, far = np.array([3.0, 0, 0]), np.array([0, 6.0, 0])
    stars = Lights(np.stack([near, far]), np.zeros(2), np.array([9.0, 36.0]), np.ones((2, 3), np.float32))
    many = Lights.joined([stars] + [stars.take([0])] * PROXIES)  # so many that some are put together
    shown, child, starts = proxies_of(many, np.array([0, 0, len(many)]), np.array([-1, 0]))
    assert starts.tolist() == [0, len(shown), len(shown)]
    assert len(shown) == 2  # at two places no cut can part what is at one
    assert set(child.tolist()) == {1}
    one = shown.take(np.argmin(shown.luminosity) == np.arange(2))
    np.testing.assert_allclose(one.position_m[0], far)
    assert one.sigma_m[0] == 0


def test_two_unequal_lights_are_put_together_by_the_formula():
    rng = np.random.default_rng(7)
    place = 50 + rng.standard_normal((STOOD_FOR * PROXIES, 3))
    light = rng.uniform(0.1, 5, len(place))
    stars = Lights(place, np.zeros(len(place)), light, np.ones((len(place), 3), np.float32))
    shown, _, _ = proxies_of(stars, np.array([0, 0, len(place)]), np.array([-1, 0]))
    assert len(shown) == PROXIES
    merged = shown.take(shown.sigma_m > 0)
    r = np.linalg.norm(place, axis=1)
    # Which stars a proxy holds is not told; of all of them together the widths must make the spread of the stars.
    center = (light[:, None] * place).sum(axis=0) / light.sum()
    spread = (light[:, None] * (place - center) ** 2).sum() / light.sum()
    within = (shown.luminosity * 3 * (shown.sigma_m / proxies.WIDER) ** 2).sum() / light.sum()
    between = (shown.luminosity[:, None] * (shown.position_m - center) ** 2).sum() / light.sum()
    assert within + between == pytest.approx(spread, rel=0.02)
    assert len(merged) > PROXIES / 2
    assert flux_of(shown).sum() == pytest.approx((light / r**2).sum(), rel=1e-12)


def test_the_choice_does_not_depend_on_room(monkeypatch):
    """More cells than there is room for at first give the same tree."""
    keys, lights = made_stars(8)
    monkeypatch.setattr(own_stars, "ROOM_STARS", STARS)
    few, owner = grown(keys, lights)
    monkeypatch.undo()
    cells, expected = grown(keys, lights)
    np.testing.assert_array_equal(owner, expected)
    np.testing.assert_array_equal(few.key, cells.key)
