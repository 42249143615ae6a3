"""Cholesky factors and what is made of them against their twins."""

import numpy as np
import pytest

from shrinkage._kernels import cholesky as kernel
from shrinkage.reference import cholesky as twin

SIZES = [1, 2, 7, 80]


def positive_definite(rng, n):
    """A with rubbish above its diagonal, a ridge, and the matrix that the two mean; units of the features differ."""
    Z = rng.standard_normal((n + 5, n)) * np.geomspace(1e-3, 1e3, n)
    A, ridge = Z.T @ Z, rng.uniform(0.1, 1.0, n) * np.geomspace(1e-6, 1e6, n)
    stored = np.asfortranarray(np.tril(A) + np.triu(rng.standard_normal((n, n)), 1))
    return stored, ridge, A + np.diag(ridge)


@pytest.mark.parametrize("n", SIZES)
def test_factor(n, rng, check):
    A, ridge, full = positive_definite(rng, n)
    arguments = {"A": A, "ridge": ridge, "scale": rng.standard_normal(n)}
    (info, rcond), (_, exact) = check(kernel.factor, twin.factor, arguments, writes=("A", "scale"), tolerance=1e-11)
    assert info == 0
    assert exact * (1 - 1e-8) <= rcond <= 3 * exact
    # and the twin against what the factor is for
    L, scale = A.copy(order="F"), np.empty(n)
    twin.factor(L, ridge, scale)
    lower = np.tril(L) / scale[:, None]
    np.testing.assert_allclose(lower @ lower.T, full, rtol=1e-11, atol=1e-13 * np.abs(full).max())


def test_factor_of_a_matrix_that_is_its_own_condition(rng):
    """Diagonal matrices are perfectly conditioned once they are scaled."""
    A, scale = np.asfortranarray(np.diag([1.0, 1e8, 1e-8])), np.empty(3)
    info, rcond = kernel.factor(A, np.zeros(3), scale)
    assert (info, rcond) == (0, pytest.approx(1.0))
    np.testing.assert_allclose(scale, [1.0, 1e-4, 1e4])


@pytest.mark.parametrize("n, k", [(1, 0), (6, 0), (6, 3), (6, 5), (80, 70)])
@pytest.mark.parametrize("how", ["negative diagonal", "zero diagonal", "large off the diagonal"])
def test_factor_of_an_indefinite_matrix(n, k, how, rng, check):
    if how == "large off the diagonal" and k == 0:
        return
    A, ridge, _ = positive_definite(rng, n)
    if how == "large off the diagonal":
        A[k, 0] = 10.0 * np.sqrt((A[k, k] + ridge[k]) * (A[0, 0] + ridge[0]))
    else:
        A[k, k] = -ridge[k] - (1.0 if how == "negative diagonal" else 0.0)
    arguments = {"A": A, "ridge": ridge, "scale": rng.standard_normal(n)}
    found, expected = check(kernel.factor, twin.factor, arguments, writes=("scale",), scratch=("A",))
    assert found == expected == (k + 1, 0.0)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("t", [1, 3])
def test_solve(n, t, rng, check):
    A, ridge, full = positive_definite(rng, n)
    scale = np.empty(n)
    kernel.factor(A, ridge, scale)
    B = np.asfortranarray(rng.standard_normal((n, t)))
    check(kernel.solve, twin.solve, {"L": A, "scale": scale, "B": B}, writes=("B",), tolerance=1e-9)
    found = B.copy(order="F")
    kernel.solve(A, scale, found)
    d = np.sqrt(np.diagonal(full))[:, None]
    np.testing.assert_allclose(d * found, np.linalg.solve(full / d / d.T, B / d), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("n", SIZES)
def test_inverse_diagonal(n, rng, check):
    A, ridge, full = positive_definite(rng, n)
    scale = np.empty(n)
    kernel.factor(A, ridge, scale)
    arguments = {"L": A, "scale": scale, "out": rng.standard_normal(n)}
    check(kernel.inverse_diagonal, twin.inverse_diagonal, arguments, writes=("L", "out"), tolerance=1e-10)
    out = np.empty(n)
    kernel.inverse_diagonal(A.copy(order="F"), scale, out)
    d = np.sqrt(np.diagonal(full))
    np.testing.assert_allclose(out * d**2, np.diagonal(np.linalg.inv(full / np.outer(d, d))), rtol=1e-7)
