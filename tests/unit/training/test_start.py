"""The start of training holds all the light it is given; that of a mixture the brightest stars as they are.

The scene is a random cluster of stars whose luminosities span 12 magnitudes, as a real cell's do: an error in how
light is summed shows at once, and the brightest stars are unmistakable.
"""

import numpy as np
import pytest

from helios.light import splat_luminosity
from helios.splats import Emitters
from helios.training.config import TrainConfig
from helios.training.registries import STARTS
from helios.training.scene import Scene
from helios.training.starts.knn import NEIGHBORS, spacing
from helios.training.starts.mixture import brightest, mixture, point_sigma, point_splats
from tests.unit.training.scenes import cell_of


def cluster(count: int, seed: int = 1) -> Emitters:
    rng = np.random.default_rng(seed)
    return Emitters(
        rng.uniform(-1, 1, (count, 3)).astype(np.float32),
        (10.0 ** (-0.4 * rng.uniform(-2, 10, count))).astype(np.float32),
        rng.uniform(0.5, 1.5, (count, 3)).astype(np.float32),
    )


@pytest.mark.parametrize(("stars", "splats"), [(1, 1), (2, 1), (7, 3), (64, 16), (200, 199), (50, 50)])
def test_light_and_its_centre_are_conserved(stars, splats):
    emitters = cluster(stars)
    start, _ = mixture(emitters, splats, 1.5)
    assert len(start) == splats
    assert start.luminosities.sum() == pytest.approx(emitters.luminosities.astype(np.float64).sum(), rel=1e-5)
    for values, total in ((start.means, emitters.means), (start.colors, emitters.colors)):
        ours = (start.luminosities[:, None] * values).sum(axis=0)
        theirs = (emitters.luminosities.astype(np.float64)[:, None] * total).sum(axis=0)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_stars_merged_with_none_stay_and_the_bright_ones_of_them_are_kept():
    emitters = cluster(64)
    start, kept = mixture(emitters, 16, 1.5, kept_share=0.25)
    points = np.count_nonzero(start.scales[:, 0] < 1e-3)
    assert 0 < kept < points
    fourth = np.sort(emitters.luminosities)[-4]
    np.testing.assert_array_equal(np.flatnonzero(start.luminosities[:points] >= 0.9999 * fourth), np.arange(kept))
    order = np.argsort(-emitters.luminosities)[:5]
    np.testing.assert_array_equal(start.means[:5], emitters.means[order])
    np.testing.assert_allclose(start.luminosities[:5], emitters.luminosities[order], rtol=1e-6)
    assert np.all(start.scales[:points] < 1e-3)
    assert np.all(np.diff(start.luminosities[:points]) <= 0)


def test_what_images_cannot_tell_apart_is_merged_first():
    """Two bright stars closer than a hundredth of a pixel and a faint one far off: the pair becomes one splat.

    The faint one begins as it is, but is not among those that training leaves alone.
    """
    means = np.array([[0.5, 0, 0], [0.5, 1e-5, 0], [-0.5, 0, 0]], np.float32)
    start, kept = mixture(Emitters(means, np.array([1, 1, 0.05], np.float32), np.ones((3, 3), np.float32)), 2, 1.0)
    assert kept == 0
    np.testing.assert_allclose(start.luminosities, [0.05, 2.0], rtol=1e-6)
    np.testing.assert_allclose(start.means[1], [0.5, 5e-6, 0], atol=1e-7)


def test_merging_keeps_the_second_moment():
    """One splat for two stars has the mean square radius of the pair about their centre of light."""
    pair = Emitters(
        np.array([[-0.5, 0, 0], [0.5, 0, 0]], np.float32), np.ones(2, np.float32), np.ones((2, 3), np.float32)
    )
    (scales,) = mixture(pair, 1, 1.0)[0].scales
    np.testing.assert_allclose(3 * scales[0] ** 2, 0.25, rtol=1e-6)


def test_identical_stars_and_as_many_clusters_as_places():
    one_place = Emitters(np.zeros((5, 3), np.float32), np.ones(5, np.float32), np.ones((5, 3), np.float32))
    start, _ = mixture(one_place, 3, 1.0)
    assert len(start) == 3
    assert np.isfinite(start.scales).all()
    assert start.luminosities.sum() == pytest.approx(5.0, rel=1e-5)


def test_order_of_the_stars_does_not_matter():
    emitters = cluster(300)
    order = np.random.default_rng(3).permutation(300)
    shuffled = Emitters(emitters.means[order], emitters.luminosities[order], emitters.colors[order])
    first, second = mixture(emitters, 60, 1.0)[0], mixture(shuffled, 60, 1.0)[0]
    key = lambda splats: np.lexsort((splats.means[:, 0], -splats.luminosities.round(9)))  # noqa: E731
    np.testing.assert_allclose(first.means[key(first)], second.means[key(second)], atol=1e-6)


def test_many_stars_are_merged_in_pieces():
    """More stars than are merged at once: still the wanted number, all light, and no cluster across the whole cell."""
    emitters = cluster(9000)
    start, _ = mixture(emitters, 300, 1.5)
    assert len(start) == 300
    assert start.luminosities.sum() == pytest.approx(emitters.luminosities.astype(np.float64).sum(), rel=1e-5)
    assert np.median(start.scales) < 0.3


def test_brightest_breaks_ties_by_index():
    even = Emitters(np.zeros((4, 3), np.float32), np.array([1, 2, 2, 1], np.float32), np.ones((4, 3), np.float32))
    assert brightest(even, 3).tolist() == [1, 2, 0]
    assert splat_luminosity(*(getattr(point_splats(even, 1.0), n) for n in ("opacities", "scales"))) == pytest.approx(
        [1, 2, 2, 1], rel=1e-5
    )


def scene_of(count: int, seed: int = 1) -> Scene:
    stars = cluster(count, seed)
    return Scene.of(cell_of(stars.means, 1e-12 * stars.luminosities, stars.colors), TrainConfig(image_size=16))


def nearest_three(means) -> np.ndarray:
    apart = np.linalg.norm(means[:, None] - means[None], axis=2)
    return np.sort(apart, axis=1)[:, 1 : NEIGHBORS + 1].mean(axis=1)


@pytest.mark.parametrize("name", ["knn", "random"])
@pytest.mark.parametrize(("stars", "splats"), [(2, 1), (9, 2), (64, 16), (300, 40)])
def test_blind_starts_hold_all_light_and_keep_no_star(name, stars, splats):
    scene = scene_of(stars)
    emitters = scene.cell.emitters
    start, kept = STARTS.make(name)(scene, splats)
    assert (len(start), kept) == (splats, 0)
    light = emitters.luminosities.astype(np.float64)
    assert start.luminosities.sum() == pytest.approx(light.sum(), rel=1e-5)
    np.testing.assert_allclose(start.luminosities @ start.colors, light @ emitters.colors, rtol=1e-5)
    places = emitters.means.astype(np.float32)
    assert (start.means >= places.min(axis=0)).all()
    assert (start.means <= places.max(axis=0)).all()
    if splats > NEIGHBORS:
        np.testing.assert_allclose(start.scales.T, [nearest_three(start.means)] * 3, rtol=1e-4)


@pytest.mark.parametrize("name", ["knn", "random"])
def test_blind_starts_are_of_the_cell_and_its_seed(name):
    first, again, other = (STARTS.make(name)(scene_of(64, seed), 16)[0].means for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()


def test_random_shares_the_light_equally():
    start, _ = STARTS.make("random")(scene_of(64), 16)
    np.testing.assert_allclose(start.luminosities, start.luminosities[0], rtol=1e-5)
    assert np.ptp(start.colors, axis=0).max() == 0.0


def test_knn_gives_every_star_to_the_nearest_of_those_drawn():
    scene = scene_of(64)
    stars = scene.cell.emitters
    start, _ = STARTS.make("knn")(scene, 16)
    drawn = [np.flatnonzero((stars.means.astype(np.float32) == mean).all(axis=1)) for mean in start.means]
    assert [len(found) for found in drawn] == [1] * 16
    owner = np.argmin(np.linalg.norm(stars.means[:, None] - start.means[None], axis=2), axis=1)
    expected = np.bincount(owner, stars.luminosities, minlength=16)
    np.testing.assert_allclose(start.luminosities, expected, rtol=1e-5)


def test_knn_leaves_no_splat_without_light_where_stars_coincide():
    means = np.repeat([[0.5, 0, 0], [-0.5, 0, 0]], 6, axis=0)
    scene = Scene.of(cell_of(means, 1e-12 * np.arange(1, 13)), TrainConfig(image_size=16))
    start, _ = STARTS.make("knn")(scene, 9)
    assert (start.luminosities > 0).all()
    assert np.isfinite(start.colors).all()
    total = scene.cell.emitters.luminosities.sum(dtype=np.float64)
    assert start.luminosities.sum() == pytest.approx(total, rel=1e-5)


def test_spacing_has_a_floor_and_a_lone_splat_half_the_cell():
    assert spacing(np.zeros((1, 3)), 2.0, NEIGHBORS) == pytest.approx(1.0)
    assert spacing(np.zeros((5, 3)), 2.0, NEIGHBORS) == pytest.approx(point_sigma(2.0))
    np.testing.assert_allclose(spacing(np.array([[0.0, 0, 0], [0.3, 0, 0]]), 2.0, NEIGHBORS), 0.3)


def test_options_of_a_start_are_its_own():
    scene = scene_of(64)
    assert STARTS.make("mixture:kept_share=0")(scene, 16)[1] == 0
    assert STARTS.make("mixture:kept_share=1")(scene, 16)[1] > STARTS.make("mixture")(scene, 16)[1] > 0
    few, many = (STARTS.make(f"knn:neighbors={n}")(scene_of(64), 16)[0] for n in (1, 12))
    np.testing.assert_array_equal(few.means, many.means)
    assert (few.scales < many.scales).all()
