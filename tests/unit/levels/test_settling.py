"""Clusters settle as k-means of six numbers, place and direction times the distance from the Sun, do where lights are
equal and at one distance. There these are asked the same.
"""

import numpy as np
import pytest

from helios.levels.settling import ROUNDS, settle


def sphere(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (unit [N, 3], lights [N, 8], flux [N]) of equal lights at distance 7."""
    unit = np.random.default_rng(seed).standard_normal((count, 3))
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    lights = np.zeros((count, 8))
    lights[:, :3], lights[:, 4] = 7.0 * unit, 3.0
    return unit, lights, lights[:, 4] / 49.0


def spread(lights: np.ndarray, label: np.ndarray) -> float:
    """The sum of the squares of the distances from the middles of clusters."""
    return sum(((part - part.mean(axis=0)) ** 2).sum() for part in (lights[label == c, :3] for c in np.unique(label)))


@pytest.mark.parametrize("seed", range(3))
def test_a_group_settles_as_k_means(seed):
    unit, lights, flux = sphere(400, seed)
    label = np.argmax(unit @ unit[:12].T, axis=1)  # of the nearest of a dozen
    before = label.copy()
    numbers = np.concatenate([lights[:, :3], 7.0 * unit], axis=1)
    settle(unit, lights, flux, np.array([0, 400]), label, 12)
    expected = before
    for _ in range(ROUNDS):
        middles = np.stack([numbers[expected == c].mean(axis=0) for c in range(12)])
        expected = np.linalg.norm(numbers[:, None] - middles, axis=2).argmin(axis=1)
    assert np.array_equal(label, expected)
    assert spread(lights, label) < 0.9 * spread(lights, before)


def test_lights_stay_in_their_groups_and_no_cluster_ends():
    unit, lights, flux = sphere(300, 5)
    groups = np.array([0, 100, 100, 101, 300])
    label = np.r_[np.arange(100) % 4, 4, 5 + np.arange(200) % 9]
    settle(unit, lights, flux, groups, label, 14)
    assert np.array_equal(np.unique(label[:100]), np.arange(4))
    assert label[100] == 4
    assert np.array_equal(np.unique(label[101:]), np.arange(5, 14))


def test_the_last_light_of_a_cluster_stays():
    unit, lights, flux = sphere(3, 1)
    lights[1], unit[1] = lights[0], unit[0]  # two in one place, in two clusters: either is the nearest to both
    label = np.array([0, 1, 1])
    settle(unit, lights, flux, np.array([0, 3]), label, 2)
    assert set(label) == {0, 1}
