"""What is computed without BLAS is what NumPy computes with it, and the same whatever the processor."""

import numpy as np
import pytest

from helios.fixed_order import eigen, norm, product


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3)])
def test_products_are_those_of_numpy(shape):
    rng = np.random.default_rng(0)
    vectors, matrix = rng.standard_normal(shape), rng.standard_normal((3, 4))
    np.testing.assert_allclose(product(vectors, matrix), vectors @ matrix, rtol=0, atol=1e-14)
    np.testing.assert_allclose(product(vectors, matrix[:, 0]), vectors @ matrix[:, 0], rtol=0, atol=1e-14)


def test_the_length_of_a_vector():
    assert norm([3.0, 4.0]) == 5.0
    assert norm(np.array([1e200, 1e200], np.float64)) == pytest.approx(2**0.5 * 1e200, rel=1e-15)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("spread", [1.0, 1e-4, 1e-12])
def test_eigenvectors_are_orthonormal_and_solve_the_matrix(size, spread):
    """Also where eigenvalues are far apart, equal, or the matrix is diagonal or nothing."""
    rng = np.random.default_rng(size)
    for _ in range(50):
        basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
        values = np.sort(spread ** rng.integers(0, 3, size))
        matrix = basis * values @ basis.T
        matrix = (matrix + matrix.T) / 2
        found, vectors = eigen(matrix)
        np.testing.assert_allclose(found, values, rtol=0, atol=1e-14)
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(size), rtol=0, atol=1e-14)
        np.testing.assert_allclose(matrix @ vectors, vectors * found, rtol=0, atol=1e-14)
    found, vectors = eigen(np.diag([3.0, 0.0, 1.0])[:size, :size])
    assert found.tolist() == sorted([3.0, 0.0, 1.0][:size])
    assert np.abs(vectors).sum() == len(vectors)
