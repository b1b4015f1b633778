"""Density control conserves light and keeps what else it promises; Adam forgets what was made over, and nothing else.

Splats of every shape, from needles to balls, turned at random, five magnitudes apart, one of them a kept star, in slots
that are not all in use: nothing is right here by symmetry. What a splat shows is held against images.
"""

import numpy as np
import pytest
import torch

from helios.rendering import pick_backend
from helios.splats import Splats
from helios.training.cameras import fibonacci_sphere, focal_px, look_at_origin
from helios.training.optim.adam import Adam
from helios.training.optim.model import COLUMNS, PAD_LUMINOSITY, Model
from helios.training.strategies.merge_costs import MergeCosts
from helios.training.strategies.shapes import covariances, log_luminosities, principal_axes, rotations, shown_light
from helios.training.strategies.slots import FILTER_SIGMA, SHORTEST_STRIDE, open_cells

COUNT, SLOTS, CAP = 9, 16, 12


def some_splats(seed: int = 0, count: int = COUNT) -> Splats:
    rng = np.random.default_rng(seed)
    quats = rng.normal(size=(count, 4))
    colors = rng.uniform(0.6, 1.4, (count, 3))
    return Splats(
        rng.uniform(-0.5, 0.5, (count, 3)).astype(np.float32),
        (quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        np.exp(rng.uniform(np.log(0.01), np.log(0.1), (count, 3))).astype(np.float32),
        (10.0 ** rng.uniform(-10, -8, count)).astype(np.float32),
        (colors / (colors @ [[0.2126], [0.7152], [0.0722]])).astype(np.float32),
    )


def some_model() -> tuple[Model, Adam]:
    """Two cells, their offsets moved and their moments filled; the second has the first star kept and a spent cap."""
    model = Model.of([some_splats(1), some_splats(2)], SLOTS, torch.device("cpu"), kept=[0, 1], caps=[CAP, COUNT])
    model.params[..., COLUMNS["offsets"]] += torch.where(model.mask[..., None], 0.3, 0.0)
    adam = Adam(model, 1e-3)
    for moment in (adam.exp_avg, adam.exp_avg_sq):
        moment[:] = torch.where(model.mask[..., None], 0.5, 0.0)
    return model, adam


@pytest.fixture
def opened():
    """The first cell's slots, with the model and its Adam."""
    model, adam = some_model()
    for b, slots in open_cells(model, adam):
        if b == 0:
            yield model, adam, slots


def second_moment(slots, index):
    """Light, centre of light and covariance about it of what is in the slots `index`."""
    light, means = slots.light(index), slots.means(index)
    share = light / light.sum()
    away = means - share @ means
    spread = covariances(slots.params[index, COLUMNS["quats"]], slots.params[index, COLUMNS["log_scales"]])
    return light.sum(), share @ means, np.tensordot(share, spread + away[:, :, None] * away[:, None, :], 1)


OPERATIONS = {
    "merge": (lambda s: s.merge(3, 5), {3, 5}, -1),
    "split": (lambda s: s.split(3, 9, np.array([0.6, 0.0, 0.8])), {3, 9}, 1),
    "halve_longest": (lambda s: s.halve_longest(3, 9), {3, 9}, 1),
    "clone": (lambda s: s.clone(3, 9, np.array([0.01, 0.0, 0.02])), {3, 9}, 1),
    "bud": (lambda s: s.bud(3, 9, np.array([0.1, 0.2, 0.3]), 0.4 * float(s.light(3)), np.ones(3)), {3, 9}, 1),
    "feed": (lambda s: s.feed(3, 5, 0.4 * float(s.light(3))), {3, 5}, 0),
    "share_equally": (lambda s: s.share_equally(np.array([3, 5, 6])), {3, 5, 6}, 0),
    "measure_strides": (lambda s: s.measure_strides(), set(), 0),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_light_is_conserved_and_only_what_was_made_over_is_forgotten(opened, name):
    model, adam, slots = opened
    operation, touched, grown = OPERATIONS[name]
    light, means, others = slots.light(slots.free).sum(), slots.means(slice(None)), sorted(set(range(COUNT)) - touched)
    before = model.params[:, others].clone(), adam.exp_avg[:, others].clone()
    operation(slots)
    assert slots.light(slots.free).sum() == pytest.approx(light, rel=1e-5)
    assert int(model.mask[0].sum()) == COUNT + grown
    assert not adam.exp_avg[0, sorted(touched)].any()
    assert not adam.exp_avg_sq[0, sorted(touched)].any()
    kept = slice(3, None) if name == "measure_strides" else slice(None)
    torch.testing.assert_close(model.params[:, others][..., kept], before[0][..., kept], rtol=0, atol=0)
    torch.testing.assert_close(adam.exp_avg[:, others][..., kept], before[1][..., kept], rtol=0, atol=0)
    np.testing.assert_allclose(slots.means(others), means[others], atol=1e-7)
    empty = ~model.mask
    assert (model.params[..., COLUMNS["log_luminosities"]][empty] == PAD_LUMINOSITY).all()


def test_a_merger_has_the_moments_of_both(opened):
    _, _, slots = opened
    light, centre, covariance = second_moment(slots, [2, 4])
    slots.merge(2, 4)
    merged = second_moment(slots, [4])
    assert merged[0] == pytest.approx(light, rel=1e-6)
    np.testing.assert_allclose(merged[1], centre, atol=1e-6)
    # Two splats this far apart make a line, whose thickness has a floor of a tenth of its length.
    lengths, axes = np.linalg.eigh(covariance)
    thick = axes @ np.diag(np.maximum(lengths, 0.01 * lengths[-1])) @ axes.T
    np.testing.assert_allclose(merged[2], thick, rtol=1e-3, atol=1e-6)


def test_halves_of_the_longest_axis_have_the_covariance_of_the_whole(opened):
    _, _, slots = opened
    before, axis = second_moment(slots, [3]), np.argmax(slots.params[3, COLUMNS["log_scales"]])
    along = rotations(slots.params[[3], COLUMNS["quats"]])[0][:, axis]
    slots.halve_longest(3, 9)
    for ours, whole in zip(second_moment(slots, [3, 9]), before):
        np.testing.assert_allclose(ours, whole, rtol=1e-4, atol=1e-7)
    apart = slots.means(3) - slots.means(9)
    assert abs(apart @ along) == pytest.approx(np.linalg.norm(apart), rel=1e-5)


def test_splitting_a_ball_keeps_its_centre_and_mean_square_radius(opened):
    _, _, slots = opened
    slots.params[3, COLUMNS["log_scales"]] = np.log(0.05)
    before = second_moment(slots, [3])
    slots.split(3, 9, np.array([0.6, 0.0, 0.8]))
    after = second_moment(slots, [3, 9])
    np.testing.assert_allclose(after[1], before[1], atol=1e-6)
    assert np.trace(after[2]) == pytest.approx(np.trace(before[2]), rel=1e-5)
    np.testing.assert_allclose(np.linalg.norm(slots.means(3) - slots.means(9)), 0.1, rtol=1e-5)


def test_a_bud_is_a_point_of_the_colour_and_light_asked_for(opened):
    _, _, slots = opened
    light, color = 0.25 * float(slots.light(3)), np.array([2.0, 0.7, 1.0])
    slots.bud(3, 9, np.array([0.1, 0.2, 0.3]), light, color)
    assert slots.light(9) == pytest.approx(light, rel=1e-6)
    np.testing.assert_allclose(slots.means(9), [0.1, 0.2, 0.3], atol=1e-7)
    np.testing.assert_allclose(slots.colors(9), color / (color @ [0.2126, 0.7152, 0.0722]), rtol=1e-5)
    assert slots.sizes(9) < 0.5 * FILTER_SIGMA


def test_strides_follow_the_size_and_the_moments_the_strides(opened):
    """A gradient counts per stride: where that is halved, so is what Adam remembers of it; its square by four."""
    model, adam, slots = opened
    slots.params[3, COLUMNS["log_scales"]] = np.log(0.5 * slots.strides[3, 0])
    slots.params[4, COLUMNS["log_scales"]] = np.log(1e-5)
    stride, offsets = model.strides[0, 3].clone(), model.params[0, 3, COLUMNS["offsets"]].clone()
    mean = slots.means(3)
    slots.measure_strides()
    torch.testing.assert_close(model.strides[0, 3], 0.5 * stride)
    assert model.strides[0, 4] == pytest.approx(SHORTEST_STRIDE)
    assert offsets.any()
    assert not model.params[0, 3, COLUMNS["offsets"]].any()
    np.testing.assert_allclose(slots.means(3), mean, atol=1e-7)
    np.testing.assert_allclose(adam.exp_avg[0, 3, COLUMNS["offsets"]], 0.25, rtol=1e-6)
    np.testing.assert_allclose(adam.exp_avg_sq[0, 3, COLUMNS["offsets"]], 0.125, rtol=1e-6)
    assert adam.exp_avg[0, 3, COLUMNS["quats"]].tolist() == [0.5] * 4


def test_room_ends_at_the_cap_and_kept_stars_are_not_free():
    model, adam = some_model()
    rooms, free = zip(*((slots.room, slots.free.tolist()) for _, slots in open_cells(model, adam)))
    assert rooms == ([9, 10, 11], [])
    assert free == (list(range(9)), list(range(1, 9)))


@pytest.mark.parametrize(("value", "column"), [(np.nan, 8), (np.inf, 0), (90.0, 7), (-90.0, 10)])
def test_what_is_past_help_is_not_sound(opened, value, column):
    _, _, slots = opened
    assert slots.sound
    slots.params[3, column] = value
    assert not slots.sound


@pytest.mark.parametrize("scales", [(0.01, 0.01, 0.01), (0.1, 0.01, 0.01), (0.1, 0.1, 0.01), (0.09, 0.03, 0.01)])
def test_the_light_shown_is_what_cameras_see_from_all_sides(scales):
    """The sum over an image, as steradians, of a splat that is far away and thin, averaged over 60 directions."""
    log_scales, size, distance = np.log(np.array([scales])), 48, 20.0
    light = shown_light(np.array([np.log(1e-3)]), log_scales)
    np.testing.assert_allclose(np.exp(log_luminosities(light, log_scales)), [1e-3], rtol=1e-12)
    views = look_at_origin(distance * fibonacci_sphere(60), np.zeros(60), size)
    tau = 1e-3 / (2.0 * np.pi * np.prod(scales) ** (2 / 3))
    splat = [[0.31, -0.17, 0.23]], [[0.8, 0.2, -0.4, 0.4]], [scales], None, [[1, 1, 1]]
    means, quats, sizes, _, colors = (None if a is None else torch.tensor([a], dtype=torch.float32) for a in splat)
    cameras = (torch.tensor(a)[None] for a in (views.viewmats, views.Ks))
    opacities = torch.tensor([[tau]], dtype=torch.float32)
    images = pick_backend("numba").render(means, quats, sizes, opacities, colors, *cameras, size, size)
    seen = images.double().sum(dim=(0, 2, 3, 4)).numpy() / 3.0 * (distance / focal_px(size)) ** 2
    # The filter, sampled once per pixel, sums to 1 within 1 %; the splat is everywhere in a pixel, by the view.
    assert seen.mean() == pytest.approx(light[0], rel=0.01)


def test_principal_axes_rebuild_the_covariance():
    for splats in (some_splats(3), some_splats(4)):
        logs = np.log(splats.scales.astype(np.float64))
        for covariance in covariances(splats.quats, logs):
            quat, variances = principal_axes(covariance)
            np.testing.assert_allclose(covariances(quat[None], 0.5 * np.log(variances)[None])[0], covariance, rtol=1e-9)


def crowd():
    """Six wide balls far apart, but the fifth, a fifth as bright, close to the fourth."""
    means = np.array([[0.5, 0, 0], [-0.5, 0, 0], [0, 0.5, 0], [0, -0.5, 0], [0.01, -0.5, 0], [0, 0, 0.5]], np.float32)
    tau = np.array([1, 1, 1, 1, 0.2, 1], np.float32) * 1e-8
    ones = np.ones((6, 3), np.float32)
    splats = Splats(means, np.tile(np.array([1, 0, 0, 0], np.float32), (6, 1)), 0.05 * ones, tau, ones)
    model = Model.of([splats], 8, torch.device("cpu"))
    ((_, slots),) = open_cells(model, Adam(model, 1e-3))
    return slots


def test_room_is_made_by_the_merger_that_images_miss_least():
    slots = crowd()
    assert MergeCosts(slots).make_room(spared=0) == 4
    assert slots.free.tolist() == [0, 1, 2, 3, 5]
    np.testing.assert_allclose(slots.means(3), [0.01 / 6, -0.5, 0], atol=1e-6)


def test_room_is_not_made_at_any_price_nor_of_what_is_spared():
    slots = crowd()
    assert MergeCosts(slots).make_room(spared=0, most=0.0) is None
    costs = MergeCosts(slots)
    assert costs.make_room(spared=4) in (0, 1, 2, 3, 5)
    slots = crowd()
    light, costs = slots.light(3), MergeCosts(slots)
    costs.take(3, 1e-12)
    assert costs.make_room(spared=0) == 4
    assert slots.light(3) == light
