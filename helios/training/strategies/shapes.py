"""Shapes of Gaussians: covariances, principal axes, and the light that a splat shows, averaged over directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helios.fixed_order import eigen, product
from helios.splats import rotation_rows

_NODES = 24


def _octant() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the squared components [M, 3] of directions over an octant of the sphere, and their weights [M]."""
    z, weight = (np.round(values, 14) for values in np.polynomial.legendre.leggauss(_NODES))  # LAPACK makes them
    z, weight = 0.5 * (z + 1.0), 0.5 * weight
    angle = 0.5 * np.pi * (np.arange(_NODES) + 0.5) / _NODES
    squares = np.stack(
        [
            np.outer(1.0 - z * z, np.cos(angle) ** 2),
            np.outer(1.0 - z * z, np.sin(angle) ** 2),
            np.outer(z * z, angle**0),
        ],
        axis=-1,
    )
    return squares.reshape(-1, 3), np.repeat(weight / _NODES, _NODES)


_SQUARES, _WEIGHTS = _octant()


def shown_light(log_luminosities: NDArray, log_scales: NDArray) -> NDArray[np.float64]:
    """Return the light [K] that splats show, averaged over all directions from which they are seen.

    `log_luminosities` [K] are logarithms of 2 pi tau sigma^2, `log_scales` [K, 3] of the standard deviations s.
    As long as coverage is small, a splat covers 2 pi tau sqrt(det S) of a distant view, where S is its covariance in
    that view. The mean of sqrt(det S) = sqrt(sum (n_i s_j s_k)^2) over directions n is a quarter of the surface of the
    ellipsoid of semi-axes s, over pi (Cauchy 1832). The result is the luminosity for a ball, and more for other shapes.
    """
    return np.exp(np.asarray(log_luminosities, np.float64)) * _excess(log_scales)


def log_luminosities(light: NDArray | float, log_scales: NDArray) -> NDArray[np.float64]:
    """Return the log-luminosities [K] with which splats of `log_scales` [K, 3] show `light` [K]."""
    return np.log(np.asarray(light, np.float64) / _excess(log_scales))


def _excess(log_scales: NDArray) -> NDArray[np.float64]:
    logs = np.asarray(log_scales, np.float64)
    logs = logs - logs.mean(axis=-1, keepdims=True)
    return product(np.sqrt(product(np.exp(-2.0 * logs), _SQUARES.T)), _WEIGHTS)


def rotations(quats: NDArray) -> NDArray[np.float64]:
    """Return the rotation matrices [K, 3, 3] of quaternions [K, 4] wxyz of any norm > 0."""
    unit = np.moveaxis(quats / np.linalg.norm(quats, axis=-1, keepdims=True), -1, 0).astype(np.float64)
    return np.moveaxis(np.array(rotation_rows(*unit)), -1, 0)


def quaternion(rotation: NDArray) -> NDArray[np.float64]:
    """Return the unit quaternion [4] wxyz of a rotation matrix [3, 3].

    It is the eigenvector of the largest eigenvalue of a symmetric matrix K (Bar-Itzhack 2000,
    https://doi.org/10.2514/2.4654).
    """
    m = rotation
    K = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]],
            [0.0, m[0, 0] - m[1, 1] - m[2, 2], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0]],
            [0.0, 0.0, m[1, 1] - m[0, 0] - m[2, 2], m[1, 2] + m[2, 1]],
            [0.0, 0.0, 0.0, m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    return eigen(K + np.triu(K, 1).T)[1][:, -1]


def covariances(quats: NDArray, log_scales: NDArray) -> NDArray[np.float64]:
    """Return the covariances [K, 3, 3] of splats with `quats` [K, 4] and `log_scales` [K, 3]."""
    axes = rotations(quats) * np.exp(np.asarray(log_scales, np.float64))[..., None, :]
    return np.einsum("...ij,...kj->...ik", axes, axes)


def principal_axes(covariance: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (quaternion [4] wxyz, variances [3], ascending) of the principal axes of a covariance [3, 3]."""
    variances, axes = eigen(covariance)
    if np.sum(np.cross(axes[:, 0], axes[:, 1]) * axes[:, 2]) < 0:
        axes[:, 0] = -axes[:, 0]
    return quaternion(axes), variances
