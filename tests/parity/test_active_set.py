"""Elastic nets on a Gram matrix against their twin, and gaps against theirs."""

import numpy as np
import pytest

from shrinkage._kernels import active_set as kernel
from shrinkage._kernels import gaps as gap_kernel
from shrinkage.reference import active_set as twin
from shrinkage.reference import gaps as gap_twin

INF = np.inf


def problem(rng, n, m, spare=3):
    Z = rng.standard_normal((n, m)) * np.linspace(0.5, 2.0, m)
    y = Z[:, : min(3, m)].sum(axis=1) + rng.standard_normal(n)
    size = m + spare
    G = np.full((size, size), np.nan, order="F")
    G[:m, :m] = Z.T @ Z
    long = {name: np.full(size, np.nan) for name in ("c", "l1", "l2", "lower", "upper")}
    long["c"][:m] = Z.T @ y
    long["l1"][:m], long["l2"][:m], long["lower"][:m], long["upper"][:m] = 1.0, 0.0, -INF, INF
    return Z, y, G, long


def call(function, G, m, long, yy, lam, tol=1e-13, w=None):
    size, K = len(G), len(lam)
    state = {
        "w": np.zeros(size), "q": np.zeros(size), "L": np.zeros((size, size), order="F"),
        "indices": np.zeros((4, size), np.int32), "state": np.zeros(2, np.int32), "scratch": np.full((6, size), np.nan),
        "block": np.full(32 * (size + 32), np.nan), "out": np.full((m, K), np.nan, order="F"),
        "gaps": np.full(K, np.nan),
        "counts": np.zeros(7, np.int64), "stop": np.zeros(1, np.int32),
    }  # fmt: skip
    if w is not None:
        state["w"][:m] = w
    arguments = [long[name] for name in ("l1", "l2", "lower", "upper")]
    solved = function(G, m, long["c"], yy, *arguments, lam, tol * yy, *state.values())
    return solved, state


@pytest.mark.parametrize("n, m", [(20, 1), (20, 2), (30, 8), (60, 25), (8, 12)])
@pytest.mark.parametrize("kind", ["lasso", "elastic net", "ridge", "factors", "positive", "box", "free", "all"])
def test_solutions(n, m, kind, rng):
    _, y, G, long = problem(rng, n, m)
    if kind in ("elastic net", "all"):
        long["l1"][:m], long["l2"][:m] = 0.7, 0.3
    if kind == "ridge":
        long["l1"][:m], long["l2"][:m] = 0.0, 1.0
    if kind in ("factors", "all"):
        long["l1"][:m] *= np.linspace(0.5, 2.0, m)
        long["l2"][:m] *= np.linspace(0.5, 2.0, m)
    if kind == "positive":
        long["lower"][:m] = 0.0
    if kind in ("box", "all"):
        long["lower"][:m], long["upper"][:m] = -np.linspace(0.0, 0.3, m), 0.4
    if kind in ("free", "all"):
        long["l1"][0] = long["l2"][0] = 0.0
    lam = np.abs(long["c"][:m]).max() * np.array([1.2, 0.8, 0.3, 0.05])
    mine, found = call(kernel.solve, G, m, long, y @ y, lam)
    theirs, expected = call(twin.solve, G, m, long, y @ y, lam)
    assert mine == theirs == len(lam)
    assert (found["gaps"] <= 1e-13 * (y @ y)).all()
    assert (found["gaps"] >= 0).all()
    np.testing.assert_allclose(found["out"], expected["out"], atol=2e-5)
    np.testing.assert_allclose(found["q"][:m], G[:m, :m] @ found["w"][:m], atol=1e-10)
    assert np.isnan(G[m:]).all()
    # zeros are exact
    if kind in ("lasso", "positive", "box"):
        assert (found["out"][:, 0] == 0).all()


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_a_call_goes_on_where_the_last_one_ended(l2, rng):
    _, y, G, long = problem(rng, 50, 20)
    long["l2"][:20] = l2
    lam = np.abs(long["c"][:20]).max() * np.geomspace(0.9, 0.01, 12)
    _, whole = call(kernel.solve, G, 20, long, y @ y, lam)
    _, found = call(kernel.solve, G, 20, long, y @ y, lam[:5])
    names = ("l1", "l2", "lower", "upper")
    out, gaps = np.empty((20, 7), order="F"), np.empty(7)
    carried = [found[name] for name in ("w", "q", "L", "indices", "state", "scratch", "block")]
    kernel.solve(
        G, 20, long["c"], y @ y, *(long[name] for name in names), lam[5:], 1e-13 * (y @ y), *carried, out, gaps,
        found["counts"], found["stop"],
    )  # fmt: skip
    np.testing.assert_allclose(out, whole["out"][:, 5:], atol=1e-9)


def test_any_start_leads_to_the_same_answer(rng):
    _, y, G, long = problem(rng, 50, 20)
    lam = np.abs(long["c"][:20]).max() * np.array([0.1])
    _, cold = call(kernel.solve, G, 20, long, y @ y, lam)
    for start in (rng.standard_normal(20), 10.0 * np.ones(20), -cold["out"][:, 0]):
        _, warm = call(kernel.solve, G, 20, long, y @ y, lam, w=start)
        np.testing.assert_allclose(warm["out"], cold["out"], atol=1e-10)


def test_dependent_columns(rng):
    Z = rng.standard_normal((30, 6))
    Z = np.hstack([Z, Z, Z[:, :3] + Z[:, 3:], 2.0 * Z[:, :2]])
    y = Z[:, 0] - Z[:, 1] + rng.standard_normal(30)
    m = Z.shape[1]
    long = {"c": Z.T @ y, "l1": np.ones(m), "l2": np.zeros(m), "lower": np.full(m, -INF), "upper": np.full(m, INF)}
    lam = np.abs(long["c"]).max() * np.geomspace(0.9, 1e-3, 10)
    G = np.asfortranarray(Z.T @ Z)
    mine, found = call(kernel.solve, G, m, long, y @ y, lam)
    theirs, expected = call(twin.solve, G, m, long, y @ y, lam, tol=1e-10)
    assert mine == theirs == len(lam)
    penalty = np.abs(found["out"]).sum(axis=0)
    np.testing.assert_allclose(penalty, np.abs(expected["out"]).sum(axis=0), rtol=1e-3)
    np.testing.assert_allclose(Z @ found["out"], Z @ expected["out"], atol=1e-3)


def test_a_cold_start_at_a_small_penalty(rng):
    """Most coordinates come at once, and the gap does not halve for many rounds."""
    _, y, G, long = problem(rng, 400, 300)
    lam = np.abs(long["c"][:300]).max() * np.array([1e-3])
    mine, found = call(kernel.solve, G, 300, long, y @ y, lam)
    assert mine == 1
    assert np.count_nonzero(found["out"]) > 250
    assert found["gaps"][0] <= 1e-13 * (y @ y)


def test_a_stopped_call_says_how_far_it_came(rng):
    _, y, G, long = problem(rng, 50, 20)
    lam = np.abs(long["c"][:20]).max() * np.array([2.0, 0.1])
    size = len(G)
    out, gaps = np.zeros((20, 2), order="F"), np.zeros(2)
    solved = kernel.solve(
        G, 20, long["c"], y @ y, long["l1"], long["l2"], long["lower"], long["upper"], lam, 1e-13 * (y @ y),
        np.zeros(size), np.zeros(size), np.zeros((size, size), order="F"), np.zeros((4, size), np.int32),
        np.zeros(2, np.int32), np.zeros((6, size)), np.zeros(32 * (size + 32)), out, gaps, np.zeros(7, np.int64),
        np.ones(1, np.int32),
    )  # fmt: skip
    assert solved == 1  # zero is optimal at the first, the second is not begun


@pytest.mark.parametrize("kind", ["lasso", "elastic net", "ridge", "box", "free"])
@pytest.mark.parametrize("t", [1, 2, 5])
def test_gaps(kind, t, rng, check):
    if kind == "box" and t > 1:
        pytest.skip("rows of several have no bounds")
    p, K = 25, 3
    zero = np.repeat(rng.uniform(size=(p, K)) < 0.5, t, axis=1)
    W = np.asfortranarray(np.where(zero, 0.0, rng.standard_normal((p, K * t))))
    bounds = np.full(p, INF)
    if kind == "box":
        bounds = np.full(p, 1.0)
        W = np.asfortranarray(np.clip(W, -1.0, 1.0))
    l1, l2 = {"lasso": (1.0, 0.0), "ridge": (0.0, 1.0)}.get(kind, (0.6, 0.4))
    l1, l2 = np.full(p, l1), np.full(p, l2)
    if kind == "free":
        l1[:2] = l2[:2] = 0.0
    arguments = {
        "g": np.asfortranarray(rng.standard_normal((p, K * t)) * 2.0), "W": W, "lam": np.array([0.5, 1.0, 3.0]),
        "l1": l1, "l2": l2, "lower": -bounds, "upper": bounds, "diagonal": rng.uniform(1.0, 2.0, p),
        "square": rng.uniform(1.0, 9.0, K), "ceiling": 20.0,
        "scratch": np.empty((7, p)), "out": np.full((3, K), np.nan), "excess": np.full(p, np.nan),
    }  # fmt: skip
    check(gap_kernel.measure, gap_twin.measure, arguments, writes=("out", "excess"), scratch=("scratch",))
    assert (arguments["out"] >= 0).all() or np.isnan(arguments["out"]).all()
