"""Real spherical harmonics up to degree 3, and the colours of splats that they give, in torch.

The basis is that of 3D Gaussian splatting (Kerbl et al. 2023) and gsplat: orthonormal on the sphere, with the
Condon-Shortley phase, in the order l^2 + l + m.
"""

from __future__ import annotations

import torch
from torch import Tensor

C0 = 0.28209479177387814
"""The basis function of degree 0, sqrt(1 / 4 pi): a colour c has the coefficient (c - 0.5) / C0."""

A1, A2, B2, D2 = 0.4886025119029199, 1.0925484305920792, 0.31539156525252005, 0.5462742152960396
A3, B3, D3, E3, F3 = 0.5900435899266435, 2.890611442640554, 0.4570457994644658, 0.3731763325901154, 1.445305721320277
"""The factors of the functions of the degrees 1 to 3."""

MOST_DEGREE = 3


def coefficients(degree: int) -> int:
    """Return the number of basis functions up to `degree`: 1, 4, 9 or 16."""
    return (degree + 1) ** 2


def torch_colors(directions: Tensor, sh0: Tensor, shN: Tensor, degree: int) -> Tensor:
    """`helios.photos.sh.sh_colors` in torch, in any precision and on any device: what the kernels are compared with."""
    count = coefficients(degree)
    basis = sh_basis(torch.nn.functional.normalize(directions, dim=-1), degree)
    every = torch.cat([sh0, shN[:, : count - 1]], dim=1)
    return (torch.einsum("cnk,nki->cni", basis, every) + 0.5).clamp(min=0.0)


def sh_basis(directions: Tensor, degree: int) -> Tensor:
    """Return the basis functions [..., (degree + 1)^2] at unit vectors `directions` [..., 3]."""
    x, y, z = directions.unbind(-1)
    found = [torch.full_like(x, C0)]
    if degree >= 1:
        found += [-A1 * y, A1 * z, -A1 * x]
    if degree >= 2:
        found += [
            A2 * x * y,
            -A2 * y * z,
            B2 * (3.0 * z * z - 1.0),
            -A2 * x * z,
            D2 * (x * x - y * y),
        ]
    if degree >= 3:
        found += [
            -A3 * y * (3.0 * x * x - y * y),
            B3 * x * y * z,
            -D3 * y * (5.0 * z * z - 1.0),
            E3 * z * (5.0 * z * z - 3.0),
            -D3 * x * (5.0 * z * z - 1.0),
            F3 * z * (x * x - y * y),
            -A3 * x * (x * x - 3.0 * y * y),
        ]
    return torch.stack(found, dim=-1)
