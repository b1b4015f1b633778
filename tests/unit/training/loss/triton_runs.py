"""Images for the tests of the Triton loss, and functions that run it and its float64 twin on them.

They take and give arrays, so that they can be called in another process.
"""

import numpy as np
import torch

from helios.training.loss.image_terms import image_loss

BOTH = {"lambda_dssim": 0.2, "lambda_flux": 1.0}


def noise(*shape, seed=0, peak=1.0):
    return np.random.default_rng(seed).uniform(0, peak, (*shape, 3)).astype(np.float32)


def spots(*shape, count, seed, rows=1.0, columns=1.0):
    """Gaussian spots of 0.55 px in the first `rows` and `columns` of the images, cut to exact zero below 1e-6."""
    rng = np.random.default_rng(seed)
    images = np.zeros((*shape, 3), np.float32)
    y, x = np.mgrid[: shape[2], : shape[3]] + 0.5
    for view in images.reshape(-1, *shape[2:], 3):
        for _ in range(count):
            cx, cy = rng.uniform(0, columns * shape[3]), rng.uniform(0, rows * shape[2])
            spot = rng.lognormal(-2, 1) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 0.55**2))
            view += np.where(spot > 1e-6, spot, 0.0)[..., None] * rng.uniform(0.5, 1.0, 3)
    return images


def dot(*shape, row, column):
    """Images that are black but for one pixel."""
    images = np.zeros((*shape, 3), np.float32)
    images[..., row, column, :] = 0.5, 0.4, 0.3
    return images


def fill_new_memory_with_nan():
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = True


def run(pred, truth, views=None, dtype="float32", upstream=None, device="cpu", transposed=False, **settings):
    """Return as arrays the loss, the gradient by `pred`, and the truth as it was stored."""
    from helios.training.loss.triton_loss import TritonTruth, triton_image_loss

    stored = TritonTruth.of(torch.tensor(truth, device=device), getattr(torch, dtype))
    leaf = torch.tensor(pred, device=device)
    if transposed:
        leaf = leaf.transpose(2, 3).contiguous().transpose(2, 3)
    leaf.requires_grad_(True)
    views = None if views is None else torch.tensor(views, device=device)
    flux = settings.get("lambda_flux")
    if isinstance(flux, np.ndarray):
        settings["lambda_flux"] = torch.tensor(flux, device=device)
    loss = triton_image_loss(leaf, stored, views, **settings)
    (loss.sum() if upstream is None else (loss * torch.tensor(upstream, device=device)).sum()).backward()
    return loss.detach().cpu().numpy(), leaf.grad.cpu().numpy(), stored.restored().cpu().numpy()


def run_twin(pred, truth, views=None, upstream=None, **settings):
    leaf = torch.tensor(pred, dtype=torch.float64, requires_grad=True)
    if isinstance(settings["lambda_flux"], np.ndarray):
        settings["lambda_flux"] = torch.tensor(settings["lambda_flux"])
    views = None if views is None else torch.tensor(views)
    loss = image_loss(leaf, torch.tensor(truth, dtype=torch.float64), views, **settings)
    (loss * (1.0 if upstream is None else torch.tensor(upstream))).sum().backward()
    return loss.detach().numpy(), leaf.grad.numpy()


def run_without_gradient(pred, truth, **settings):
    from helios.training.loss.triton_loss import triton_image_loss

    with torch.no_grad():
        return triton_image_loss(torch.tensor(pred, requires_grad=True), torch.tensor(truth), **settings).numpy()


def run_backward_twice(pred, truth, **settings):
    from helios.training.loss.triton_loss import triton_image_loss

    loss = triton_image_loss(torch.tensor(pred, requires_grad=True), torch.tensor(truth), **settings).sum()
    loss.backward(retain_graph=True)
    loss.backward()


def refuse(pred, truth, views=None, dtype=torch.float32, **settings):
    from helios.training.loss.triton_loss import TritonTruth, triton_image_loss

    triton_image_loss(pred, TritonTruth.of(truth, dtype), views, **(BOTH | settings))


def assert_agrees(got, wanted):
    # float32 sums of up to 2e5 values, and the window's 22 products: 1e-5 leaves a factor of 10 or more.
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-5, atol=1e-12)
    assert np.abs(got[1] - wanted[1]).max() <= 1e-5 * np.abs(wanted[1]).max()
