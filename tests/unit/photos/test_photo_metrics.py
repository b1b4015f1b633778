"""The metrics of photographs give the numbers of torchmetrics, and inside a mask only the mask counts.

Pictures are smooth colours with noise: variances between those of a sky and those of a texture. LPIPS is compared with
torchmetrics' own on a trunk of random weights, written as torchvision writes it; trained trunks are not to be had from
a package index, so the value that torchmetrics documents for one is tested where LPIPS_WEIGHTS names it.
"""

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import lpips as oracle_lpips
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from helios.errors import InputError
from helios.photos.metrics import METRICS
from helios.photos.metrics.lpips_weights import read_weights
from tests.support.torchvision_trunks import trunk, write_trunk

HEIGHT, WIDTH = 75, 90


def pictures(height=HEIGHT, width=WIDTH):
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:height, :width]
    truth = 0.5 + 0.4 * np.sin(np.stack([x / 7, y / 11, (x + y) / 5], -1)) + rng.normal(0, 0.05, (height, width, 3))
    image = 0.9 * truth + rng.normal(0, 0.04, truth.shape)
    return [torch.tensor(each.clip(0, 1), dtype=torch.float32) for each in (image, truth)]


def ball(height=HEIGHT, width=WIDTH):
    y, x = np.mgrid[:height, :width]
    return torch.tensor((x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2)


def batched(*images):
    return [each.permute(2, 0, 1)[None] for each in images]


@pytest.fixture(scope="module", params=["alexnet", "vgg16", "squeezenet1_1"])
def trunk_file(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return write_trunk(folder, request.param), folder


def test_psnr_and_ssim_are_those_of_torchmetrics():
    image, truth = pictures()
    first, second = batched(image, truth)
    assert METRICS.make("psnr")(image, truth).value == pytest.approx(
        peak_signal_noise_ratio(first, second, data_range=1.0).item(), abs=1e-5
    )
    expected = structural_similarity_index_measure(first, second, data_range=1.0).item()
    assert METRICS.make("ssim")(image, truth).value == pytest.approx(expected, abs=1e-5)
    # In the oracle's float64 what remains is rounding.
    exact = structural_similarity_index_measure(first.double(), second.double(), data_range=1.0).item()
    assert METRICS.make("ssim")(image.numpy(), truth.numpy()).value == pytest.approx(exact, abs=1e-12)


def test_equal_pictures():
    image, _ = pictures()
    assert METRICS.make("psnr")(image, image).value == math.inf
    assert METRICS.make("ssim")(image, image).value == pytest.approx(1, abs=1e-12)
    assert METRICS.make("flip")(image, image).value == 0


def test_lpips_is_that_of_torchmetrics_on_the_same_trunk(trunk_file, monkeypatch):
    features, folder = trunk_file
    monkeypatch.setattr(oracle_lpips, "_get_tv_model_features", lambda net, pretrained: features)
    metric = METRICS.make("lpips", weights=folder)
    network = oracle_lpips._LPIPS(net=metric.net, pnet_rand=True)
    image, truth = pictures()
    with torch.no_grad():
        expected = network(*batched(image, truth), normalize=True).item()
    assert expected > 1e-3
    assert metric(image, truth).value == pytest.approx(expected, abs=1e-6)
    assert metric(truth, truth).value == 0
    assert metric(image, truth, torch.ones(HEIGHT, WIDTH, dtype=bool)).value == pytest.approx(expected, abs=1e-6)
    assert _changes(metric)


def test_lpips_has_the_documented_values_of_trained_weights():
    """torchmetrics 1.9.0, docstring of `learned_perceptual_image_patch_similarity`: network squeeze, seed 42."""
    folder = os.environ.get("LPIPS_WEIGHTS")
    if not folder or not list(Path(folder).glob("squeezenet1_1*.pth")):
        pytest.skip("LPIPS_WEIGHTS names no folder with torchvision's trained squeezenet1_1-*.pth")
    metric = METRICS.make("lpips", weights=min(Path(folder).glob("squeezenet1_1*.pth")))
    generator = torch.Generator().manual_seed(42)
    first, second = (torch.rand(2, 3, 100, 100, generator=generator) for _ in range(2))
    values = [metric(x.permute(1, 2, 0), y.permute(1, 2, 0)).value for x, y in zip(first, second)]
    assert values == pytest.approx([0.1024, 0.0938], abs=5e-5)


def _changes(metric):
    """Whether a change inside the mask, and no change outside of it, changes the value of `metric`."""
    image, truth = pictures()
    mask = ball()
    value = metric(image, truth, mask).value
    outside = torch.where(mask[..., None], image, torch.rand(image.shape, generator=torch.Generator().manual_seed(1)))
    assert metric(outside, truth, mask.to(torch.uint8) * 255).value == value
    assert metric(torch.where(mask[..., None], image, math.nan), truth, mask).value == value
    inside = image.clone()
    inside[HEIGHT // 2, WIDTH // 2] = 0
    return metric(inside, truth, mask).value != value


@pytest.mark.parametrize("name", ["psnr", "ssim", "flip"])
def test_only_the_mask_counts(name):
    metric = METRICS.make(name)
    image, truth = pictures()
    whole = metric(image, truth).value
    assert metric(image, truth, torch.ones(HEIGHT, WIDTH, dtype=bool)).value == pytest.approx(whole, rel=1e-12)
    assert _changes(metric)
    assert metric(image, truth, torch.zeros(HEIGHT, WIDTH, dtype=bool)).reason == "no pixel counts"


def test_ssim_inside_a_mask_is_that_of_each_window_s_part():
    """One pixel's similarity, by the definition with weighted moments, in a loop."""
    image, truth = (each.double() for each in pictures(20, 20))
    mask = ball(20, 20)
    total = []
    for y, x in mask.nonzero().tolist():
        for channel in range(3):
            rows = [(v, u) for v in range(y - 5, y + 6) for u in range(x - 5, x + 6) if 0 <= v < 20 and 0 <= u < 20]
            rows = [(v, u) for v, u in rows if mask[v, u]]
            weights = np.array([math.exp(-((v - y) ** 2 + (u - x) ** 2) / (2 * 1.5**2)) for v, u in rows])
            a, b = (np.array([each[v, u, channel].item() for v, u in rows]) for each in (image, truth))
            covariance = np.cov(a, b, aweights=weights, ddof=0)
            mean_a, mean_b = np.average(a, weights=weights), np.average(b, weights=weights)
            light = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
            total.append(light * (2 * covariance[0, 1] + 9e-4) / (covariance[0, 0] + covariance[1, 1] + 9e-4))
    assert METRICS.make("ssim")(image, truth, mask).value == pytest.approx(np.mean(total), abs=1e-9)


def test_what_cannot_be_computed_is_null_with_its_reason(monkeypatch):
    image, truth = pictures()
    assert METRICS.make("lpips", weights=None)(image, truth).value is None
    assert "--lpips-weights" in METRICS.make("lpips", weights=None)(image, truth).reason
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    score = METRICS.make("flip")(image, truth)
    assert score.value is None
    assert "[flip]" in score.reason
    assert METRICS.make("ssim")(image[:5], truth[:5]).reason.startswith("90 x 5 px")
    with pytest.raises(ValueError, match="must be one"):
        METRICS.make("psnr")(image, truth[:5])
    with pytest.raises(ValueError, match="mask of shape"):
        METRICS.make("psnr")(image, truth, ball()[:5])


def test_flip_s_mean_is_the_program_s_own():
    flip_evaluator = pytest.importorskip("flip_evaluator")
    image, truth = pictures()
    _, mean, _ = flip_evaluator.evaluate(truth.numpy(), image.numpy(), "LDR")
    assert METRICS.make("flip")(image, truth).value == pytest.approx(mean, abs=1e-6)


def test_weights_that_cannot_be_used_are_one_clear_line(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such file or folder"):
        read_weights(tmp_path / "absent")
    with pytest.raises(InputError, match=r"no file of weights in it; must be one of alexnet\*\.pth"):
        read_weights(tmp_path)
    (tmp_path / "alexnet-text.pth").write_text("not weights")
    with pytest.raises(InputError, match="cannot be read as weights"):
        read_weights(tmp_path)
    torch.save({"features.0.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="has not the layers"):
        read_weights(tmp_path / "other.pth")
    good = trunk("alexnet").state_dict()
    torch.save(good | {"3.weight": torch.zeros(192, 65, 5, 5)}, tmp_path / "bent.pth")
    with pytest.raises(InputError, match="do not follow on each other"):
        read_weights(tmp_path / "bent.pth")
    torch.save(good, tmp_path / "good.pth")
    torch.save({"lin0.model.1.weight": torch.zeros(1, 7, 1, 1)}, tmp_path / "alex.pth")
    with pytest.raises(InputError, match=r"alex\.pth: linear layers of \[7\] channels, must be \[64, 192"):
        read_weights(tmp_path / "good.pth")
    (tmp_path / "alex.pth").unlink()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    torch.save(good, tmp_path / "again.pth")
    with pytest.raises(InputError, match=r"alex\.pth: missing; put the linear layers"):
        read_weights(tmp_path / "again.pth")
    assert "torchvision" not in sys.modules
