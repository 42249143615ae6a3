"""Products and eigenvectors against their twins."""

import numpy as np
import pytest

from shrinkage._kernels import algebra as kernel
from shrinkage.reference import algebra as twin


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("m, k, t", [(1, 1, 1), (3, 1, 2), (1, 4, 1), (7, 5, 1), (40, 30, 20)])
def test_multiply(m, k, t, transposed, rng, check):
    A = np.asfortranarray(rng.standard_normal((m, k)))
    B = np.asfortranarray(rng.standard_normal((m if transposed else k, t)))
    out = np.full((k if transposed else m, t), np.nan, order="F")
    arguments = {"A": A, "transposed": transposed, "B": B, "out": out}
    check(kernel.multiply, twin.multiply, arguments, writes=("out",))


@pytest.mark.parametrize("n", [1, 2, 3, 10, 50, 130])
def test_eigenvectors(n, rng):
    assert kernel.work_size(n) == twin.work_size(n)
    B = rng.standard_normal((n, n))
    S = B + B.T
    A = np.asfortranarray(np.tril(S) + np.triu(np.full((n, n), np.nan), 1))
    mine, theirs, values, expected = A.copy(order="F"), np.tril(A), np.empty(n), np.empty(n)
    work = np.full(kernel.work_size(n) + 3, np.nan)
    assert kernel.eigenvectors(mine, values, work[:-3])
    assert np.isnan(work[-3:]).all()
    assert twin.eigenvectors(theirs, expected, work)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-13 * max(1.0, np.abs(expected).max()))
    # vectors are unique but for their sign
    np.testing.assert_allclose(mine * np.sign((mine * theirs).sum(axis=0)), theirs, atol=1e-9)
    np.testing.assert_allclose((mine * values) @ mine.T, S, atol=1e-12 * max(1.0, np.abs(S).max()))
