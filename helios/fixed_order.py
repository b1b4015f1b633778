"""Products and eigenvectors summed in a fixed order.

BLAS and LAPACK, which `@`, `dot`, `tensordot` and `numpy.linalg` call, pick their kernels by the processor, and these
round differently: what is stored would depend on the machine that computed it. `numpy.einsum` calls neither.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SWEEPS = 12
"""Most sweeps of Jacobi's method. It converges quadratically: 6 are enough for any matrix of 4 rows in float64."""


def product(vectors: ArrayLike, matrix: ArrayLike) -> NDArray:
    """Return `vectors @ matrix`: [..., N] times [N, M] or [N]."""
    vectors, matrix = np.asarray(vectors), np.asarray(matrix)
    return np.einsum("...n,n->..." if matrix.ndim == 1 else "...n,nm->...m", vectors, matrix)


def norm(vector: ArrayLike) -> float:
    """Return the length of `vector` [N]."""
    return math.hypot(*np.asarray(vector, np.float64))


def eigen(symmetric: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (eigenvalues [N], ascending, unit eigenvectors [N, N] in columns) of a symmetric matrix [N, N].

    Jacobi's method (Golub & Van Loan 2013, Matrix Computations, section 8.5), for matrices of a few rows.
    """
    a = np.array(symmetric, np.float64)
    size = len(a)
    vectors = np.eye(size)
    for _ in range(_SWEEPS):
        if not np.triu(a, 1).any():
            break
        for p in range(size - 1):
            for q in range(p + 1, size):
                if a[p, q] == 0.0:
                    continue
                tau = float(a[q, q] - a[p, p]) / float(2.0 * a[p, q])  # may be infinite: nothing is left to turn
                t = math.copysign(1.0, tau) / (abs(tau) + math.hypot(1.0, tau))
                c = 1.0 / math.hypot(1.0, t)
                _turn(a, p, q, c, t * c)
                _turn(a.T, p, q, c, t * c)
                a[p, q] = a[q, p] = 0.0
                _turn(vectors, p, q, c, t * c)
    order = np.argsort(np.diag(a), kind="stable")
    return np.diag(a)[order], vectors[:, order]


def _turn(matrix: NDArray[np.float64], p: int, q: int, c: float, s: float) -> None:
    """Turn the columns `p` and `q` of `matrix` by the angle of cosine `c` and sine `s`."""
    one, other = matrix[:, p].copy(), matrix[:, q].copy()
    matrix[:, p], matrix[:, q] = c * one - s * other, s * one + c * other
