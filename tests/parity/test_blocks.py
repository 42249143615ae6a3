"""Block coordinate descent on a Gram matrix against its twin."""

import numpy as np
import pytest

from shrinkage._kernels import blocks as kernel
from shrinkage.reference import blocks as twin

INF = np.inf


def problem(rng, n, m, t, size, ratio):
    """Arguments for m of `size` rows; what lies behind must not be read or written."""
    Z = np.asfortranarray(rng.standard_normal((n, m)) + 0.5 * rng.standard_normal((n, 1)))
    Y = Z[:, :3] @ rng.standard_normal((min(3, m), t)) + rng.standard_normal((n, t))
    G, C = np.full((size, size), np.nan, order="F"), np.full((size, t), np.nan, order="F")
    G[:m, :m], C[:m] = Z.T @ Z, Z.T @ Y
    v = rng.uniform(0.5, 2.0, size)
    top = (np.sqrt(np.square(C[:m]).sum(axis=1)) / v[:m]).max()
    W, Q = np.full((size, t), 7.0, order="F"), np.full((size, t), 7.0, order="F")
    W[:m] = 0.0
    return {
        "G": G, "m": m, "C": C, "yy": float(np.vdot(Y, Y)), "l1": ratio * v, "l2": (1 - ratio) * v,
        "lower": np.full(size, -INF), "upper": np.full(size, INF), "lam": 0.2 * top / max(ratio, 0.1),
        "tol": 1e-13 * float(np.vdot(Y, Y)), "most": 500, "W": W, "Q": Q, "past": np.zeros(7 * m * t),
        "scratch": np.zeros(t), "counts": np.zeros(7, np.int64), "stop": np.zeros(1, np.int32),
    }  # fmt: skip


@pytest.mark.parametrize("n, m, t, size", [(1, 1, 2, 1), (30, 1, 3, 4), (40, 12, 2, 12), (25, 40, 5, 50)])
@pytest.mark.parametrize("ratio", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("most", [1, 3, 500])
def test_solve(n, m, t, size, ratio, most, rng, check):
    arguments = problem(rng, n, m, t, size, ratio) | {"most": most}
    found, expected = check(
        kernel.solve, twin.solve, arguments, writes=("W", "Q"), scratch=("past", "scratch", "counts"), tolerance=1e-6
    )
    scale = arguments["yy"]
    assert found >= 0
    assert abs(found - expected) <= 1e-12 * scale + (1e-6 * expected if most < 500 else 0)
    if most == 500:
        assert found <= arguments["tol"]


def test_unpenalized_and_empty_rows(rng):
    arguments = problem(rng, 30, 8, 3, 8, 1.0)
    arguments["l1"][[1, 5]] = 0.0
    arguments["G"][3], arguments["G"][:, 3], arguments["C"][3] = 0.0, 0.0, 0.0
    gap = kernel.solve(*arguments.values())
    W, free = arguments["W"], [1, 5]
    assert gap <= arguments["tol"]
    assert not W[3].any() and W[free].any(axis=1).all()
    left = arguments["C"] - arguments["G"] @ W
    np.testing.assert_allclose(arguments["Q"], left, atol=1e-9)
    assert np.abs(left[free]).max() <= 1e-4 * np.abs(arguments["C"]).max()


def test_it_ends_when_it_is_told_to(rng):
    arguments = problem(rng, 30, 8, 3, 8, 1.0) | {"stop": np.ones(1, np.int32), "tol": 0.0}
    assert kernel.solve(*arguments.values()) > 0
    assert arguments["counts"][:2].tolist() == [1, 1]
    arguments["m"] = 0
    assert kernel.solve(*arguments.values()) == 0
