"""Levels in a universe: the same whatever the size of branches, and every broken promise reported by its name."""

import numpy as np
import pytest

from helios.building import levels as building_levels
from helios.levels import top as top_module
from helios.levels.top import top_of
from helios.universe import Universe
from helios.universe.validate import validate_universe
from tests.unit.universe.conftest import add_nothing
from tests.unit.universe.rewriting import rewrite, set_value


@pytest.fixture
def path(make):
    return make(synthetic=3000).path


def promises(path):
    return set(validate_universe(path, add_nothing, 5).findings.counts)


def test_branches_of_any_size_make_the_same_levels(make, monkeypatch):
    whole = Universe.open(make("whole", synthetic=5000).path).levels
    monkeypatch.setattr(building_levels, "top_of", lambda leaves, offsets: top_of(leaves, offsets, branch_rows=600))
    parts = Universe.open(make("parts", synthetic=5000).path)
    assert len(top_of(parts.cells, parts.offsets, 600).above) == 2
    for name in ("depth", "key", "own", "starts"):
        np.testing.assert_array_equal(getattr(parts.levels, name), getattr(whole, name))
    np.testing.assert_array_equal(parts.levels.owner(), whole.owner())
    for found, expected in zip(vars(parts.levels.proxies()[0]).values(), vars(whole.proxies()[0]).values()):
        np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == np.float32 else 1e-11)
    np.testing.assert_allclose(parts.levels.table, whole.table, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(parts.levels.glow, whole.glow, rtol=1e-12)


def test_the_root_keeps_what_the_naked_eye_sees(make):
    universe = Universe.open(make(max_mag=7).path)
    mag = universe.columns(["phot_g_mean_mag"])["phot_g_mean_mag"]
    np.testing.assert_array_equal(universe.levels.owner() == -1, mag < 6.5)


def test_the_root_keeps_the_brightest_where_the_naked_eye_sees_too_many(make, monkeypatch):
    monkeypatch.setattr(top_module, "ROOT_STARS", 100)
    universe = Universe.open(make(max_mag=5).path)
    mag = universe.columns(["phot_g_mean_mag"])["phot_g_mean_mag"]
    kept = universe.levels.owner() == -1
    assert kept.sum() == 100
    assert mag[kept].max() <= mag[~kept].min()


def test_sound_levels_are_sound(path):
    assert promises(path) == set()


def break_owner(columns):
    depths = columns["levels/owner"]
    row = int(np.argmax(depths == depths.max()))
    set_value(columns, "levels/owner", row, depths[row] - 1)


def lose_light(columns):
    row = np.argmax(columns["proxies/luminosity"])
    set_value(columns, "proxies/luminosity", row, columns["proxies/luminosity"][row] * 1.001)


def move_proxy(columns):
    """Its light from afar stays, that from the Sun does not."""
    row = np.argmax(columns["proxies/luminosity"])
    set_value(columns, "proxies/position_m", row, columns["proxies/position_m"][row] * 1.01)


def no_proxy(columns):
    set_value(columns, "proxies/position_m", 0, np.nan)


def no_child(columns):
    set_value(columns, "proxies/child", 0, 7)


def dim_glow(columns):
    brightest = np.unravel_index(np.argmax(columns["levels/glow"]), columns["levels/glow"].shape)
    set_value(columns, "levels/glow", brightest, 0.0)


def praise(columns):
    columns["levels/table"] = columns["levels/table"] * np.float32(0.5)


def miscount(columns):
    set_value(columns, "levels/own", 1, columns["levels/own"][1] - 1)


def swap(columns):
    for name in ("depth", "key", "own"):
        columns[f"levels/{name}"] = columns[f"levels/{name}"][::-1].copy()


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (break_owner, "levels"),
        (lose_light, "level light"),
        (move_proxy, "level light"),
        (no_proxy, "level light"),
        (no_child, "level light"),
        (dim_glow, "level light"),
        (praise, "level error"),
        (miscount, "levels"),
        (swap, "levels"),
    ],
)
def test_a_broken_promise_is_the_one_that_is_reported(path, change, promise):
    rewrite(path, lambda columns, _: change(columns))
    assert promises(path) == {promise}
