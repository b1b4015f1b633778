"""The reference's own gradients and geometry, held against finite differences and closed forms.

Tiny float64 scenes: large enough splats that every pixel sees all of them.
"""

import math

import pytest
import torch

from helios.rendering.torch_reference import TorchBackend, rotation_matrices

WIDTH, HEIGHT = 7, 5


@pytest.fixture
def tiny():
    draw = torch.Generator().manual_seed(2)
    means = torch.rand(1, 3, 3, generator=draw, dtype=torch.float64) - 0.5
    means[..., 2] += 4
    quats = torch.randn(1, 3, 4, generator=draw, dtype=torch.float64)
    log_scales = torch.rand(1, 3, 3, generator=draw, dtype=torch.float64) - 1.5
    opacities = torch.tensor([[0.3, 0.6, 0.9]], dtype=torch.float64)
    colors = torch.rand(1, 3, 3, generator=draw, dtype=torch.float64)
    return [t.requires_grad_() for t in (means, quats, log_scales, opacities, colors)]


def camera(focal=8.0):
    K = torch.tensor([[focal, 0, 3.3], [0, 1.2 * focal, 2.4], [0, 0, 1]], dtype=torch.float64)
    return torch.eye(4, dtype=torch.float64)[None, None], K[None, None]


@pytest.mark.parametrize("brightness", [1.0, 400.0])
def test_gradients_are_those_of_finite_differences(tiny, brightness):
    backend = TorchBackend(weight_min=0.0)  # a threshold would make steps, which finite differences trip over

    def draw(means, quats, log_scales, opacities, colors):
        scene = (means, quats, log_scales.exp(), brightness * opacities, colors, *camera())
        return backend.render(*scene, WIDTH, HEIGHT)

    assert torch.autograd.gradcheck(draw, tiny, eps=1e-6, atol=1e-7 * brightness, rtol=1e-5)


def test_beside_the_frustum_gradients_are_those_of_finite_differences(tiny):
    """At a field of view this narrow all three splats are where the Jacobian is clamped."""
    with torch.no_grad():
        tiny[0][..., :2] += torch.tensor([2.0, -1.5])
        tiny[2] += 1.0
    backend = TorchBackend(weight_min=0.0)

    def draw(means, quats, log_scales, opacities, colors):
        return backend.render(means, quats, log_scales.exp(), opacities, colors, *camera(12.0), WIDTH, HEIGHT)

    assert torch.autograd.gradcheck(draw, tiny, eps=1e-6, atol=1e-7, rtol=1e-5)


def test_a_splat_is_a_gaussian_of_its_projected_size_at_its_projected_place():
    """On the axis, sizes (a, b) along x and y give variances (f a / z)^2 + 0.5 and (f b / z)^2 + 0.5."""
    a, b, z, tau = 0.5, 0.25, 4.0, 0.4
    means = torch.tensor([[[0.0, 0.0, z]]], dtype=torch.float64)
    quats = torch.tensor([[[2.0, 0.0, 0.0, 0.0]]], dtype=torch.float64)
    scales = torch.tensor([[[a, b, 3.0]]], dtype=torch.float64)
    one = torch.ones(1, 1, dtype=torch.float64)
    viewmats, Ks = camera()
    image = TorchBackend().render(means, quats, scales, tau * one, one.expand(1, 1, 3), viewmats, Ks, WIDTH, HEIGHT)
    var_x, var_y = (8.0 * a / z) ** 2, (9.6 * b / z) ** 2
    rho = math.sqrt(var_x * var_y / ((var_x + 0.5) * (var_y + 0.5)))
    for i, j in [(0, 0), (2, 3), (4, 6)]:
        exponent = (j + 0.5 - 3.3) ** 2 / (var_x + 0.5) + (i + 0.5 - 2.4) ** 2 / (var_y + 0.5)
        assert image[0, 0, i, j, 1].item() == pytest.approx(tau * rho * math.exp(-exponent / 2), rel=1e-12)


def test_far_beside_the_frustum_the_projection_is_that_of_its_widened_edge():
    """The edge is at x/z = (7 - 3.3) / 8 px; widened by 0.3 of half the width, at (7 - 3.3 + 1.05) / 8 = 0.59375."""
    a, c, z, tau = 0.4, 1.5, 4.0, 0.7
    means = torch.tensor([[[1.0 * z, 0.0, z]]], dtype=torch.float64)
    quats = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]], dtype=torch.float64)
    scales = torch.tensor([[[a, a, c]]], dtype=torch.float64)
    one = torch.ones(1, 1, dtype=torch.float64)
    image = TorchBackend().render(means, quats, scales, tau * one, one.expand(1, 1, 3), *camera(), WIDTH, HEIGHT)
    # J = (f/z) (1, 0, -slope) across and (1.2 f/z) (0, 1, 0) down, as y = 0.
    var_x, var_y = (8.0 / z) ** 2 * (a**2 + 0.59375**2 * c**2), (9.6 * a / z) ** 2
    rho = math.sqrt(var_x * var_y / ((var_x + 0.5) * (var_y + 0.5)))
    centre_x, centre_y = 3.3 + 8.0, 2.4
    exponent = (6.5 - centre_x) ** 2 / (var_x + 0.5) + (2.5 - centre_y) ** 2 / (var_y + 0.5)
    assert image[0, 0, 2, 6, 0].item() == pytest.approx(tau * rho * math.exp(-exponent / 2), rel=1e-12)
    assert image[0, 0, 2, 6, 0] > 1e-3


def test_turning_the_splat_is_turning_the_camera_the_other_way():
    """The same picture by another road: the scene turned by a quaternion, and the camera with it."""
    draw = torch.Generator().manual_seed(4)
    quats = torch.randn(1, 4, 4, generator=draw, dtype=torch.float64)
    means = torch.rand(1, 4, 3, generator=draw, dtype=torch.float64) - 0.5 + torch.tensor([0.0, 0.0, 4.0])
    scales = torch.rand(1, 4, 3, generator=draw, dtype=torch.float64) * 0.6
    rest = (torch.full((1, 4), 0.5, dtype=torch.float64), torch.rand(1, 4, 3, generator=draw, dtype=torch.float64))
    viewmats, Ks = camera()
    image = TorchBackend().render(means, quats, scales, *rest, viewmats, Ks, WIDTH, HEIGHT)
    w, x, y, z = turn = torch.tensor([0.3, -0.5, 0.7, 0.2], dtype=torch.float64)
    product = torch.stack(  # of quaternions: turn times q, written out
        [
            turn @ (quats[0] * torch.tensor([1.0, -1.0, -1.0, -1.0])).T,
            quats[0] @ torch.stack([x, w, -z, y]),
            quats[0] @ torch.stack([y, z, w, -x]),
            quats[0] @ torch.stack([z, -y, x, w]),
        ],
        -1,
    )[None]
    matrix = rotation_matrices(turn)
    viewmats = viewmats.clone()
    viewmats[..., :3, :3] = matrix.T
    turned = TorchBackend().render(means @ matrix.T, product, scales, *rest, viewmats, Ks, WIDTH, HEIGHT)
    assert torch.allclose(image, turned, atol=1e-13)
    assert image.max() > 0.1
