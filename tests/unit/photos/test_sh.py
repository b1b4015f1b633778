"""The colours' basis is the sphere's, against scipy's spherical harmonics, and their gradient is theirs."""

import numpy as np
import pytest
import torch

from helios.photos.sh import sh_colors
from helios.photos.sh_basis import sh_basis, torch_colors


def test_basis_is_scipys():
    """Real harmonics from scipy's complex ones: sqrt(2) Re or Im by the sign of m, which keep their phase (-1)^m."""
    special = pytest.importorskip("scipy.special")
    directions = np.random.default_rng(0).normal(size=(200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    theta, phi = np.arccos(directions[:, 2]), np.arctan2(directions[:, 1], directions[:, 0])
    expected = []
    for l in range(4):
        for m in range(-l, l + 1):
            value = special.sph_harm_y(l, abs(m), theta, phi)
            expected.append(value.real if m == 0 else np.sqrt(2.0) * (value.real if m > 0 else value.imag))
    np.testing.assert_allclose(sh_basis(torch.tensor(directions), 3), np.stack(expected, axis=1), atol=1e-12)


def test_twin_is_differentiated_rightly():
    generator = torch.Generator().manual_seed(3)
    shapes = ((1, 6, 3), (6, 1, 3), (6, 15, 3))
    scene = [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]
    assert torch.autograd.gradcheck(lambda *tensors: torch_colors(*tensors, 3), scene)


def test_missing_coefficients_are_said():
    with pytest.raises(ValueError, match="degree 2 with 4 coefficients"):
        sh_colors(torch.ones(1, 2, 3), torch.ones(2, 1, 3), torch.ones(2, 3, 3), 2)
