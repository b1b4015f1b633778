"""Landmarks of a site say how many stars the universe has there, as counted by hand over all of its stars."""

import json

import numpy as np
import pytest

from helios.constants import PARSEC_M
from helios.packing.lit_places import with_star_counts


def entry(name, position_m, radius_m, kind="open_cluster"):
    position = dict(zip("xyz", np.asarray(position_m, float).tolist()))
    return {"id": name, "name": name, "kind": kind, "pos_meters": position, "radius_hint": radius_m}


def counted(universe, *entries):
    found = json.loads(with_star_counts(universe, json.dumps(entries).encode()))
    assert [{key: value for key, value in one.items() if key != "stars"} for one in found] == list(entries)
    return [one.get("stars") for one in found]


@pytest.fixture(scope="module")
def positions_m(stars):
    columns = stars.columns(("x_m", "y_m", "z_m"))
    return np.stack([columns[f"{axis}_m"] for axis in "xyz"], axis=-1)


def test_stars_within_the_radius_are_counted(stars, positions_m):
    """Places as large as from one star to all of them; those at the rim are in cells that are only shared."""
    rng = np.random.default_rng(7)
    centres = positions_m[rng.integers(len(positions_m), size=40)] * rng.uniform(0.8, 1.2, (40, 1))
    radii = np.linalg.norm(centres, axis=1) * np.geomspace(1e-3, 3.0, 40)
    expected = [int((np.linalg.norm(positions_m - c, axis=1) <= r).sum()) for c, r in zip(centres, radii)]
    assert min(expected) == 0
    assert max(expected) > len(positions_m) / 2
    places = [entry(f"place {i}", c, r) for i, (c, r) in enumerate(zip(centres, radii))]
    assert counted(stars, *places) == expected


def test_a_star_is_found_at_another_parallax_and_epoch_but_no_other_star_for_it(stars, positions_m):
    star = positions_m[len(positions_m) // 2]
    side = np.cross(star, [0.0, 0.0, 1.0])
    turned = star + side / np.linalg.norm(side) * 4e-4 * np.linalg.norm(star)
    places = [
        entry("itself", star, 1.0, "star"),
        entry("farther", 1.08 * star, 1.0, "star"),
        entry("moved", turned, 1.0, "star"),
        entry("behind", -star, 1.0, "star"),
        entry("no star", star * [1.0, 1.0, -1.3], 1.0, "star"),
    ]
    found = counted(stars, *places)
    assert min(found[:3]) >= 1
    for place, count in zip(places, found):
        own = np.array([place["pos_meters"][axis] for axis in "xyz"])
        distance = np.linalg.norm(positions_m, axis=1)
        cosine = np.clip(positions_m @ own / distance / np.linalg.norm(own), -1, 1)
        share = distance / np.linalg.norm(own)
        assert count == int(((np.arccos(cosine) <= 5e-4) & (np.abs(share - 1) <= 0.1)).sum())


def test_the_sun_is_not_counted(stars):
    assert counted(stars, entry("sun", [0, 0, 0], 1.5e11, "star")) == [None]


def test_a_place_without_stars_has_none(stars):
    far = entry("far", [1e6 * PARSEC_M, 0, 0], 1e3 * PARSEC_M, "galaxy")
    assert counted(stars, far) == [0]
    assert counted(stars) == []
