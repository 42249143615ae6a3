"""Coordinate descent on stored columns against its twin."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage._kernels import coordinate as kernel
from shrinkage.reference import coordinate as twin


def problem(rng, n, p, m, kind, form, dtype, weighted=False, **changes):
    X = (rng.standard_normal((n, p)) * (rng.uniform(size=(n, p)) < (0.4 if form != "dense" else 1.0)) + 0.3).astype(
        dtype
    )
    if p > 4:
        X[:, 2] = 0.0
    if form == "dense":
        data, indices, indptr = X.ravel(order="F"), np.empty(0, np.int32), np.empty(0, np.int32)
    else:
        S = sparse.csc_array(X)
        data, indices, indptr = S.data, *(part.astype(form) for part in (S.indices, S.indptr))
    s = rng.uniform(0.5, 2.0, n) if weighted else np.empty(0)
    if weighted:
        s[: n // 5] = 0.0
    S = s if weighted else np.ones(n)
    which = np.sort(rng.choice(p, m, replace=False)).astype(np.int32)
    mean = S @ X[:, which].astype(np.float64) / S.sum()
    Z = X[:, which] - mean
    y = rng.standard_normal(n) * 3.0
    y -= S @ y / S.sum()
    w = rng.standard_normal(m) * (np.arange(m) % 3 < 2)
    bound = np.full(m, 0.3 if kind == "box" else np.inf)
    w = np.clip(w, -bound, bound)
    squares = S @ np.square(Z)
    squares[squares < 1e-9] = 0.0
    return {
        "data": data, "indices": indices, "indptr": indptr, "which": which, "mean": mean, "s": s, "total": S.sum(),
        "squares": squares, "l1": np.full(m, 0.7), "l2": np.full(m, 0.4 if kind == "elastic net" else 0.0),
        "lower": -bound, "upper": bound, "ceiling": 0.5 * float(S @ (y * y)), "calm": 0, "sweeps": 3, "tol": 0.0,
        "rounds": 0, "w": w, "v": S * (y - Z @ w), "past": np.zeros(7 * m), "past_v": np.zeros(7 * n),
        "g": np.zeros(m), "stop": np.zeros(1, np.int32),
    } | changes  # fmt: skip


@pytest.mark.parametrize("n, p, m", [(1, 1, 1), (7, 1, 1), (12, 6, 5), (30, 50, 40)])
@pytest.mark.parametrize("sweeps, rounds", [(1, 0), (4, 0), (0, 1), (3, 3)])
@pytest.mark.parametrize("kind", ["lasso", "elastic net", "box"])
@pytest.mark.parametrize("weighted", [False, True])
def test_descend(n, p, m, sweeps, rounds, kind, weighted, rng, check):
    arguments = problem(rng, n, p, m, kind, "dense", np.float64, weighted, sweeps=sweeps, rounds=rounds, calm=m)
    found, expected = check(
        kernel.descend, twin.descend, arguments, writes=("w", "v"), scratch=("past", "past_v", "g"),
        unchanged=("w", "v") if m == 1 and (n == 1 or (kind == "box" and not weighted)) else (), tolerance=1e-6,
    )  # fmt: skip
    assert (found[0], found[2]) == (expected[0], expected[2])
    assert found[1] == pytest.approx(expected[1], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("form", ["dense", np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_storage(form, dtype, weighted, rng, check):
    arguments = problem(rng, 25, 20, 18, "elastic net", form, dtype, weighted, rounds=2, calm=18)
    found, expected = check(
        kernel.descend, twin.descend, arguments, writes=("w", "v"), scratch=("past", "past_v", "g"), tolerance=1e-6
    )
    assert (found[0], found[2]) == (expected[0], expected[2])
    assert found[1] == pytest.approx(expected[1], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("form", ["dense", np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_subtract(form, dtype, weighted, rng, check):
    given = problem(rng, 25, 20, 18, "lasso", form, dtype, weighted)
    names = ("data", "indices", "indptr", "which", "mean", "s", "w", "v")
    check(kernel.subtract, twin.subtract, {name: given[name] for name in names}, writes=("v",))


def test_it_goes_on_to_the_end(rng):
    arguments = problem(rng, 60, 40, 40, "lasso", "dense", np.float64, sweeps=20, rounds=60)
    arguments["tol"] = 1e-12 * arguments["ceiling"]
    _, gap, _ = kernel.descend(*arguments.values())
    assert 0 <= gap <= arguments["tol"]
    X = arguments["data"].reshape(60, -1, order="F") - arguments["mean"]
    g = X.T @ arguments["v"]
    w = arguments["w"]
    assert (np.abs(g) <= arguments["l1"] * (1 + 1e-5)).all()
    np.testing.assert_allclose(g[w != 0], 0.7 * np.sign(w[w != 0]), rtol=1e-4)


def test_it_ends_when_it_is_told_to(rng):
    arguments = problem(rng, 20, 5, 5, "lasso", "dense", np.float64, rounds=5) | {"stop": np.ones(1, np.int32)}
    _, gap, _ = kernel.descend(*arguments.values())
    assert gap == -1
    arguments["which"] = arguments["which"][:0]
    assert kernel.descend(*arguments.values()) == (0, 0.0, 0)
