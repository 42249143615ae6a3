"""Cholesky factors and what is made of them against their twins."""

import numpy as np
import pytest

from shrinkage._kernels import cholesky as kernel
from shrinkage.reference import cholesky as twin

SIZES = [1, 2, 7, 80]
TOLERANCE = {np.float64: 1e-11, np.float32: 1e-4}


def positive_definite(rng, n):
    """A with rubbish above its diagonal, a ridge, and the matrix that the two mean; units of the features differ."""
    Z = rng.standard_normal((n + 5, n)) * np.geomspace(1e-3, 1e3, n)
    A, ridge = Z.T @ Z, rng.uniform(0.1, 1.0, n) * np.geomspace(1e-6, 1e6, n)
    stored = np.asfortranarray(np.tril(A) + np.triu(rng.standard_normal((n, n)), 1))
    return stored, ridge, A + np.diag(ridge)


def factored(rng, n, dtype):
    """L, scale, and the matrix that the two mean."""
    A, ridge, full = positive_definite(rng, n)
    L, scale = np.zeros((n, n), dtype, order="F"), np.empty(n)
    kernel.equilibrate(A, ridge, scale, L)
    assert kernel.factor(L)[0] == 0
    return L, scale, full


@pytest.mark.parametrize("n", SIZES)
def test_equilibrate(n, dtype, rng, check):
    A, ridge, full = positive_definite(rng, n)
    out = np.asfortranarray(rng.standard_normal((n, n)).astype(dtype))
    arguments = {"A": A, "ridge": ridge, "scale": rng.standard_normal(n), "out": out}
    tolerance = 1e-14 if dtype is np.float64 else 1e-7
    check(kernel.equilibrate, twin.equilibrate, arguments, writes=("scale", "out"), tolerance=tolerance)
    scale, made = np.empty(n), out.copy(order="F")
    kernel.equilibrate(A, ridge, scale, made)
    np.testing.assert_allclose(np.tril(made), np.tril(full * np.outer(scale, scale)), rtol=1e-6)
    if dtype is np.float64:  # in place too
        kernel.equilibrate(A := A.copy(order="F"), ridge, scale, A)
        np.testing.assert_array_equal(np.tril(A), np.tril(made))


def test_equilibrate_leaves_out_what_is_not_positive(rng):
    A, scale = np.asfortranarray(np.diag([4.0, 0.0, -1.0])), np.empty(3)
    kernel.equilibrate(A, np.zeros(3), scale, A)
    np.testing.assert_array_equal(scale, [0.5, 1.0, 1.0])
    np.testing.assert_array_equal(np.diagonal(A), [1.0, 0.0, -1.0])


@pytest.mark.parametrize("n", SIZES)
def test_factor(n, dtype, rng, check):
    A, ridge, _ = positive_definite(rng, n)
    L = np.asfortranarray(rng.standard_normal((n, n)).astype(dtype))
    kernel.equilibrate(A, ridge, np.empty(n), L)
    L *= 3
    (info, rcond), (_, exact) = check(kernel.factor, twin.factor, {"A": L}, writes=("A",), tolerance=TOLERANCE[dtype])
    assert info == 0
    assert exact * (1 - 100 * TOLERANCE[dtype]) <= rcond <= 3 * exact
    # and the twin against what the factor is for
    full, lower = np.tril(L) + np.tril(L, -1).T, L.copy(order="F")
    twin.factor(lower)
    lower = np.tril(lower)
    np.testing.assert_allclose(lower @ lower.T, full, atol=TOLERANCE[dtype] * np.abs(full).max())


@pytest.mark.parametrize("n, k", [(1, 0), (6, 0), (6, 3), (6, 5), (80, 70)])
@pytest.mark.parametrize("how", ["negative diagonal", "zero diagonal", "large off the diagonal"])
def test_factor_of_an_indefinite_matrix(n, k, how, dtype, rng, check):
    if how == "large off the diagonal" and k == 0:
        return
    A, ridge, _ = positive_definite(rng, n)
    if how == "large off the diagonal":
        A[k, 0] = 10.0 * np.sqrt((A[k, k] + ridge[k]) * (A[0, 0] + ridge[0]))
    else:
        A[k, k] = -ridge[k] - (1.0 if how == "negative diagonal" else 0.0)
    L = np.zeros((n, n), dtype, order="F")
    kernel.equilibrate(A, ridge, np.empty(n), L)
    found, expected = check(kernel.factor, twin.factor, {"A": L}, scratch=("A",))
    assert found == expected == (k + 1, 0.0)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("t", [1, 3])
@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
def test_solve(n, t, size, dtype, rng, check):
    L, scale, full = factored(rng, n, dtype)
    B = np.asfortranarray(rng.standard_normal((n, t)) * size)
    if t > 1:
        B[:, 1] = 0.0
    scratch = np.full((n, t), np.nan, dtype, order="F")
    arguments = {"L": L, "scale": scale, "B": B, "scratch": scratch, "top": np.full(t, np.nan)}
    tolerance = 1e-9 if dtype is np.float64 else 1e-2
    check(kernel.solve, twin.solve, arguments, writes=("B",), scratch=("scratch", "top"), tolerance=tolerance)
    found = B.copy(order="F")
    kernel.solve(L, scale, found, scratch.copy(order="F"), np.empty(t))
    d = np.sqrt(np.diagonal(full))[:, None]
    expected = np.linalg.solve(full / d / d.T, B / d / size)
    np.testing.assert_allclose(d * found / size, expected, rtol=0, atol=10 * tolerance * np.abs(expected).max())


@pytest.mark.parametrize("n", SIZES)
def test_inverse_diagonal(n, dtype, rng, check):
    L, scale, full = factored(rng, n, dtype)
    L, full = 2 * L, 4 * full
    arguments = {"L": L, "scale": scale, "out": rng.standard_normal(n)}
    tolerance = 1e-10 if dtype is np.float64 else 1e-3
    check(kernel.inverse_diagonal, twin.inverse_diagonal, arguments, writes=("L", "out"), tolerance=tolerance)
    out = np.empty(n)
    kernel.inverse_diagonal(L.copy(order="F"), scale, out)
    d = np.sqrt(np.diagonal(full))
    exact = np.diagonal(np.linalg.inv(full / np.outer(d, d)))
    np.testing.assert_allclose(out * d**2, exact, rtol=1e-7 if dtype is np.float64 else 1e-2)
