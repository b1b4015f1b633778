"""The image losses: the readable twin against formulas worked out directly, the fused one against the twin.

Star images are what training sees: spots of a few pixels on exact black, so that the fused loss has rows, runs and
tiles to skip; 33 x 17 pixels have partial segments, groups of rows and blocks; 300 x 41 needs two strips; dense and
over-exposed images leave nothing to skip.
"""

import math
from unittest import mock

import numpy as np
import pytest
import torch

from helios import threads
from helios.errors import InputError
from helios.training.config import TrainConfig
from helios.training.loss.fused_loss import TruthCache, fused_image_loss
from helios.training.loss.image_terms import (
    FAINTEST_PX,
    LEVEL_WEIGHTS,
    block_mean,
    dssim,
    image_loss,
    pyramid,
)
from helios.training.loss.photometric import Photometric

BOTH = {"lambda_dssim": 0.2, "lambda_flux": 1.0}


def draw_stars(shape, count, seed):
    """float32 [B, C, H, W, 3]: `count` Gaussian spots of 0.55 px per view, cut to exact zero below 1e-6."""
    rng = np.random.default_rng(seed)
    images = np.zeros((*shape, 3), np.float32)
    y, x = np.mgrid[: shape[2], : shape[3]] + 0.5
    for view in images.reshape(-1, *shape[2:], 3):
        for _ in range(count):
            cx, cy = rng.uniform(0, shape[3]), rng.uniform(0, shape[2])
            spot = rng.lognormal(-2, 1) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 0.55**2))
            view += np.where(spot > 1e-6, spot, 0.0)[..., None] * rng.uniform(0.5, 1.0, 3)
    return torch.from_numpy(images)


def draw_noise(shape, seed, peak=1.0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(0, peak, (*shape, 3)).astype(np.float32))


SCENES = {
    "stars": (draw_stars((2, 2, 96, 80), 6, 0), draw_stars((2, 2, 96, 80), 6, 1)),
    "one star far from another": (draw_stars((1, 1, 128, 128), 1, 2), draw_stars((1, 1, 128, 128), 1, 3)),
    "dense": (draw_noise((1, 2, 64, 48), 4), draw_noise((1, 2, 64, 48), 5)),
    "over-exposed": (draw_noise((1, 1, 40, 40), 6, 3.0), draw_noise((1, 1, 40, 40), 7, 3.0)),
    "black prediction": (torch.zeros(1, 1, 64, 64, 3), draw_stars((1, 1, 64, 64), 5, 8)),
    "black truth": (draw_stars((1, 1, 64, 64), 5, 9), torch.zeros(1, 1, 64, 64, 3)),
    "both black": (torch.zeros(1, 1, 32, 32, 3), torch.zeros(1, 1, 32, 32, 3)),
    "odd stars": (draw_stars((2, 1, 33, 17), 3, 10), draw_stars((2, 1, 33, 17), 3, 11)),
    "odd dense": (draw_noise((2, 1, 33, 17), 12), draw_noise((2, 1, 33, 17), 13)),
    "two strips": (draw_noise((1, 1, 41, 300), 14), draw_noise((1, 1, 41, 300), 15)),
    "two strips of stars": (draw_stars((1, 1, 41, 300), 12, 16), draw_stars((1, 1, 41, 300), 12, 17)),
    "tiny": (draw_noise((1, 1, 3, 2), 18), draw_noise((1, 1, 3, 2), 19)),
}


def loss_and_gradient(function, pred, truth, **settings):
    pred = pred.clone().requires_grad_(True)
    loss = function(pred, truth, **settings)
    loss.sum().backward()
    return loss.detach(), pred.grad


@pytest.mark.parametrize("weights", [(0.2, 1.0), (1.0, 0.0), (0.0, 0.7)])
@pytest.mark.parametrize("scene", SCENES)
def test_fused_agrees_with_the_float64_twin(scene, weights):
    # float32 sums of up to 2e5 values, and the window's 22 products: 1e-5 leaves a factor of 10 or more.
    pred, truth = SCENES[scene]
    settings = dict(zip(("lambda_dssim", "lambda_flux"), weights))
    loss, grad = loss_and_gradient(fused_image_loss, pred, truth, **settings)
    wanted, wanted_grad = loss_and_gradient(image_loss, pred.double(), truth.double(), **settings)
    torch.testing.assert_close(loss.double(), wanted, rtol=1e-5, atol=1e-12)
    assert (grad - wanted_grad).abs().max() <= 1e-5 * wanted_grad.abs().max()


def test_gradient_is_zero_out_of_reach_of_light():
    pred, truth = torch.zeros(1, 1, 128, 128, 3), torch.zeros(1, 1, 128, 128, 3)
    pred[0, 0, 40, 40], truth[0, 0, 44, 40] = 0.5, 0.4
    _, grad = loss_and_gradient(fused_image_loss, pred, truth, **BOTH)
    near = torch.zeros(128, 128, dtype=torch.bool)
    near[30:55, 30:51] = True  # windows of windows
    near[32:64, 32:64] = True  # the pyramid's widest block
    assert (grad[0, 0][~near] == 0).all()
    assert (grad[0, 0, 32:64, 32:64] != 0).all()


def test_fused_gradient_agrees_with_finite_differences():
    pred, truth = SCENES["odd stars"]
    _, grad = loss_and_gradient(fused_image_loss, pred, truth, **BOTH)
    rng = np.random.default_rng(20)
    step = 1e-3
    for _ in range(5):
        direction = torch.from_numpy(rng.choice([-1.0, 1.0], pred.shape).astype(np.float32))
        direction *= pred > 2 * step  # where |p - t| has no kink within a step, as far as that can be had
        direction *= (pred - truth).abs() > 2 * step
        up, down = (fused_image_loss(pred + s * step * direction, truth, **BOTH).double().sum() for s in (1, -1))
        slope = (grad * direction).double().sum()
        # float32 loss of 1 to 10: 1e-6 / 2e-3 of noise in the slope; slopes are 0.1 to 10.
        assert (up - down) / (2 * step) == pytest.approx(slope.item(), rel=1e-2, abs=3e-3)


def test_gradcheck_of_the_twin():
    pred, truth = draw_noise((1, 2, 6, 5), 21).double(), draw_noise((1, 2, 6, 5), 22).double()
    pred.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda p: image_loss(p, truth, **BOTH), (pred,), fast_mode=True)


def test_a_cell_has_the_same_bytes_in_any_batch_and_on_any_number_of_threads(monkeypatch):
    pred, truth = draw_stars((3, 2, 64, 80), 8, 23), draw_stars((3, 2, 64, 80), 8, 24)
    results = []
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        with mock.patch.object(threads, "_pool", wraps=threads._pool) as pool:
            results.append(loss_and_gradient(fused_image_loss, pred, truth, **BOTH))
        assert [call.args for call in pool.call_args_list] == [(count - 1,)] * (count - 1)
    (loss, grad), *others = results
    for other in others:
        assert torch.equal(loss, other[0])
        assert torch.equal(grad, other[1])
    for cell in (2, 0, 1):
        alone = loss_and_gradient(fused_image_loss, pred[cell : cell + 1], truth[cell : cell + 1], **BOTH)
        assert torch.equal(loss[cell : cell + 1], alone[0])
        assert torch.equal(grad[cell : cell + 1], alone[1])


def test_a_pool_of_truths_and_a_cache_give_what_gathered_truths_give():
    pool, pred = draw_stars((2, 4, 40, 40), 4, 25), draw_stars((2, 2, 40, 40), 4, 26)
    views = torch.tensor([[3, 1], [0, 0]])
    gathered = torch.stack([pool[cell, views[cell]] for cell in range(2)])
    wanted = loss_and_gradient(fused_image_loss, pred, gathered, **BOTH)
    for truth in (pool, TruthCache.of(pool)):
        got = loss_and_gradient(fused_image_loss, pred, truth, views=views, **BOTH)
        assert torch.equal(got[0], wanted[0])
        assert torch.equal(got[1], wanted[1])
    twin = image_loss(pred, pool, views, **BOTH)
    torch.testing.assert_close(twin, image_loss(pred, gathered, **BOTH))


def test_upstream_gradients_scale_cells_and_without_gradient_the_loss_is_the_same():
    pred, truth = SCENES["stars"]
    _, grad = loss_and_gradient(fused_image_loss, pred, truth, **BOTH)
    for weights in ([1.0, 1.0], [0.25, 0.0]):
        leaf = pred.clone().requires_grad_(True)
        weights = torch.tensor(weights)
        (fused_image_loss(leaf, truth, **BOTH) * weights).sum().backward()
        assert torch.equal(leaf.grad, grad * weights[:, None, None, None, None])
    with torch.no_grad():
        without = fused_image_loss(pred, truth, **BOTH)
    assert torch.equal(without, fused_image_loss(pred.clone().requires_grad_(True), truth, **BOTH))


def test_nan_reaches_the_loss_of_its_cell_only():
    pred, truth = (images.clone() for images in SCENES["stars"])
    pred[1, 0, 50, 50, 1] = math.nan
    loss = fused_image_loss(pred, truth, **BOTH)
    assert torch.isnan(loss).tolist() == [False, True]


@pytest.mark.parametrize(
    ("pred", "truth", "views"),
    [
        (torch.zeros(1, 1, 8, 8, 3).double(), torch.zeros(1, 1, 8, 8, 3), None),
        (torch.zeros(1, 8, 8, 3), torch.zeros(1, 1, 8, 8, 3), None),
        (torch.zeros(1, 1, 8, 8, 3), torch.zeros(1, 1, 8, 9, 3), None),
        (torch.zeros(1, 1, 8, 8, 3), torch.zeros(1, 2, 8, 8, 3), None),
        (torch.zeros(1, 1, 8, 8, 3), torch.zeros(1, 2, 8, 8, 3), torch.tensor([[2]])),
    ],
)
def test_what_does_not_fit_is_refused(pred, truth, views):
    with pytest.raises(ValueError, match=r"must be|only V|say which"):
        fused_image_loss(pred, truth, views, **BOTH)


def test_dssim_is_one_minus_ssim_by_the_book():
    """Wang et al. 2004, eq. 13, as a double loop over pixels and window, one channel at a time."""
    x, y = draw_noise((1, 1, 9, 13), 27)[0, 0].double().numpy(), draw_noise((1, 1, 9, 13), 28)[0, 0].double().numpy()
    total = 0.0
    for channel in range(3):
        for row in range(9):
            for column in range(13):
                norm = mean_x = mean_y = xx = yy = xy = 0.0
                for i in range(-5, 6):
                    for j in range(-5, 6):
                        w = math.exp(-(i * i + j * j) / 4.5)
                        norm += w
                        if 0 <= row + i < 9 and 0 <= column + j < 13:
                            a, b = x[row + i, column + j, channel], y[row + i, column + j, channel]
                            mean_x, mean_y = mean_x + w * a, mean_y + w * b
                            xx, yy, xy = xx + w * a * a, yy + w * b * b, xy + w * a * b
                mean_x, mean_y, xx, yy, xy = (v / norm for v in (mean_x, mean_y, xx, yy, xy))
                var_x, var_y, cov = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
                luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
                total += luminance * (2 * cov + 9e-4) / (var_x + var_y + 9e-4)
    wanted = 1 - total / (9 * 13 * 3)
    images = [torch.from_numpy(image)[None, None] for image in (x, y)]
    assert dssim(*images).item() == pytest.approx(wanted, rel=1e-12)
    assert fused_image_loss(*(i.float() for i in images), lambda_dssim=1.0, lambda_flux=0.0).item() == pytest.approx(
        wanted, rel=1e-6
    )


def test_block_mean_averages_the_pixels_that_are_there():
    image = torch.zeros(1, 3, 5, 3)
    image[0, 2, 4] = 6.0
    image[0, 0, 0] = 4.0
    assert block_mean(image, 2)[0, :, :, 0].tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 6.0]]
    assert block_mean(image, 8).shape == (1, 1, 1, 3)


def test_pyramid_of_a_truth_shifted_by_hand():
    """A pixel of light 1 moved by one pixel: inside its 2 px block, so only the first level sees it."""
    truth, pred = torch.zeros(1, 1, 64, 64, 3), torch.zeros(1, 1, 64, 64, 3)
    truth[0, 0, 0, 0], pred[0, 0, 0, 1] = 1.0, 1.0
    mean_square = 1 / 4096 + FAINTEST_PX**2 / 4096
    assert pyramid(pred, truth).item() == pytest.approx(LEVEL_WEIGHTS[0] * 2 / 4096 / mean_square, rel=1e-6)


def test_pyramid_of_a_truth_twice_as_bright_counts_every_level():
    truth = torch.full((1, 1, 64, 64, 3), 0.5)
    assert sum(LEVEL_WEIGHTS) == pytest.approx(1.0)
    wanted = 0.25 + sum(LEVEL_WEIGHTS[3:]) * 0.5 * 0.5
    assert pyramid(truth * 0.5, truth).item() == pytest.approx(wanted, rel=1e-4)


def test_the_registered_loss_is_this_one_and_takes_its_weights_from_the_run():
    config = TrainConfig(lambda_dssim=0.3, lambda_flux=2.0)
    assert config.image_loss() == Photometric(0.3, 2.0)
    pred, truth = SCENES["stars"]
    weights = torch.tensor([[1.0, 2.0], [0.5, 3.0]])
    wanted = image_loss(pred, truth, lambda_dssim=0.3, lambda_flux=2.0 * weights)
    assert torch.equal(config.image_loss()(pred, truth, view_weights=weights), wanted)
    with pytest.raises(InputError, match=r"unknown image loss 'none' \(choose from photometric, charbonnier"):
        TrainConfig(loss="none")
    with pytest.raises(InputError, match="option of none"):
        TrainConfig(loss="photometric:lambda_dssim=0")
