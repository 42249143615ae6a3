"""The textbook elastic net against rational arithmetic and scikit-learn: the tests of the engine lean on it."""

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage.reference import elastic_net as textbook
from shrinkage.reference import ridge as textbook_ridge

RATIOS = (0.0, 1e-3, 0.5, 1.0)


def small(seed, n=9, p=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 0.5
    y = X @ np.array([1.0, -0.7, 0.2])[:p] + 0.5 * rng.standard_normal(n)
    return np.round(X * 64) / 64, np.round(y * 64) / 64  # short fractions


SETTINGS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": np.array([0.0, 1.0, 2.5, 0.3, 0.0, 1.0, 1.0, 3.0, 0.7])},
    "factors": {"penalty_factor": [2.0, 0.0, 0.5]},
    "left out": {"penalty_factor": [1.0, np.inf, 0.0]},
    "positive": {"lower": 0.0},
    "box": {"lower": [-0.1, -0.2, -np.inf], "upper": [0.3, np.inf, 0.0]},
    "box around free": {"lower": -0.4, "upper": [0.5, 0.1, 0.2], "penalty_factor": [0.0, 0.0, 1.0]},
    "positive free": {"lower": 0.0, "penalty_factor": [0.0, 0.0, 1.0]},
    "bounded below free": {"lower": [-0.2, -0.3, 0.0], "penalty_factor": [1.0, 0.0, 1.0]},
    "everything": {
        "fit_intercept": False,
        "sample_weight": np.array([0.0, 1.0, 2.5, 0.3, 0.0, 1.0, 1.0, 3.0, 0.7]),
        "penalty_factor": [0.0, 1.5, 0.5],
        "lower": [-np.inf, -0.3, 0.0],
        "offset": np.linspace(-1.0, 2.0, 9),
    },
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("l1_ratio", RATIOS)
def test_descent_finds_what_rational_arithmetic_does(setting, l1_ratio):
    options = SETTINGS[setting] | {"l1_ratio": l1_ratio}
    X, y = small(1)
    for alpha in (0.75, 0.125, 2.0**-10):
        exact, b = textbook.exact(X, y, alpha, **options)
        w, found = textbook.elastic_net(X, y, alpha, **options)
        np.testing.assert_allclose(w, [float(value) for value in exact], rtol=0, atol=1e-11)
        assert found == pytest.approx(float(b), abs=1e-11)
        sparse, found = textbook.elastic_net_sparse(sp.csc_array(X), y, alpha, **options)
        np.testing.assert_allclose(sparse, w, rtol=0, atol=1e-11)
        assert found == pytest.approx(float(b), abs=1e-11)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_the_gap_bounds_the_distance_and_closes(setting, l1_ratio):
    options = SETTINGS[setting] | {"l1_ratio": l1_ratio}
    X, y = small(2)
    rng = np.random.default_rng(3)
    for alpha in (0.5, 2.0**-6):
        P = textbook.problem(X, y, alpha, **options)
        best = np.array([float(value) for value in textbook.exact(X, y, alpha, **options)[0]])
        least, start = textbook.objective(P, best), textbook.objective(P, np.zeros(3))
        assert 0 <= textbook.duality_gap(P, best) <= 1e-14 * start
        assert textbook.kkt_violation(P, best).max() <= 1e-14
        for size in (1.0, 1e-3, 1e-6):
            w = np.clip(best + size * rng.standard_normal(3), P.lower, P.upper) * np.isfinite(P.l1)
            above = textbook.objective(P, w) - least
            for rows in (False, True):
                assert textbook.dual_point(P, w, rows=rows).gap / P.total_weight >= above - 1e-15 * start
            assert textbook.kkt_violation(P, w).max() > 1e-3 * size * alpha or (w == best).all()
            # w'Z'(r - r*) and the like: no more than a few times the first power of the distance
            assert textbook.duality_gap(P, w) <= 100 * size * (1 + start)


def test_the_gap_is_primal_less_dual():
    """By the formulas of the dual, which lose the digits that the sum of terms keeps."""
    X, y = small(4)
    P = textbook.problem(X, y, 0.1, l1_ratio=0.7, lower=[-np.inf, -0.3, -np.inf])
    w = np.array([0.9, -0.2, 0.1])
    r = P.z - P.Z @ w
    primal = r @ r / 2 + P.l1 @ np.abs(w) + P.l2 @ w**2 / 2

    def conjugate(u, j):
        grid = np.linspace(max(P.lower[j], -60.0), min(P.upper[j], 60.0), 2_000_001)
        return (u * grid - P.l1[j] * np.abs(grid) - P.l2[j] * grid**2 / 2).max()

    whole = textbook.dual_point(P, w, rows=False)
    dual = (
        P.z @ whole.theta - whole.theta @ whole.theta / 2 - sum(conjugate(P.Z[:, j] @ whole.theta, j) for j in range(3))
    )
    assert whole.gap == pytest.approx(primal - dual, rel=1e-8)
    rows = textbook.dual_point(P, w, rows=True)
    s = rows.theta @ r / (r @ r)
    below = -s * np.sqrt(P.l2) * w
    np.testing.assert_allclose(rows.u, P.Z.T @ rows.theta + np.sqrt(P.l2) * below, rtol=1e-12)
    dual = P.z @ rows.theta - (rows.theta @ rows.theta + below @ below) / 2
    dual -= max(0.0, -0.3 * rows.u[1] - 0.3 * P.l1[1])  # of the box; the other two are within their l1
    assert (np.abs(rows.u[[0, 2]]) <= P.l1[[0, 2]] * (1 + 1e-14)).all()
    assert rows.gap == pytest.approx(primal - dual, rel=1e-12)
    assert textbook.duality_gap(P, w) == min(whole.gap, rows.gap) / P.total_weight


@pytest.mark.parametrize("l1_ratio", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("n, p", [(60, 8), (20, 30)])
def test_scikit_learn(l1_ratio, positive, n, p):
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < 0.6) + 1.0
    y, s = X[:, :4] @ [1.0, -1.0, 2.0, 0.5] + rng.standard_normal(n), rng.uniform(0.0, 2.0, n)
    for alpha in (0.5, 0.1):
        peer = linear_model.ElasticNet(alpha, l1_ratio=l1_ratio, positive=positive, tol=1e-15, max_iter=10**6)
        peer.fit(X, y, sample_weight=s)
        options = {"l1_ratio": l1_ratio, "sample_weight": s, "lower": 0.0 if positive else None}
        w, b = textbook.elastic_net(X, y, alpha, **options)
        np.testing.assert_allclose(w, peer.coef_, rtol=0, atol=1e-8)
        assert b == pytest.approx(peer.intercept_, abs=1e-8)
        P = textbook.problem(X, y, alpha, **options)
        assert 0 <= textbook.duality_gap(P, w) <= 1e-11 * textbook.objective(P, np.zeros(p))
    sparse, b = textbook.elastic_net_sparse(sp.csc_array(X), y, 0.5, **options)
    w, intercept = textbook.elastic_net(X, y, 0.5, **options)
    np.testing.assert_allclose(sparse, w, rtol=0, atol=1e-10)
    assert b == pytest.approx(intercept, abs=1e-10)


def test_without_an_l1_part_it_is_ridge():
    X, y = small(5)
    for options in ({}, {"penalty_factor": np.array([0.0, 2.0, np.inf])}, {"fit_intercept": False}):
        w, b = textbook.elastic_net(X, y, 0.3, l1_ratio=0.0, **options)
        expected, intercept = textbook_ridge.ridge(X, y, 0.3, **options)
        np.testing.assert_allclose(w, expected, rtol=0, atol=1e-12)
        assert b == pytest.approx(intercept, abs=1e-12)
        P = textbook.problem(X, y, 0.3, l1_ratio=0.0, **options)
        dof = textbook_ridge.effective_dof(X, 0.3, **options)
        assert textbook.effective_dof(P, w) == pytest.approx(dof, rel=1e-9)


def test_sparse_columns_far_from_zero():
    """Means of 1e6 beside spreads of 1, and one column that is nearly all zeros."""
    rng = np.random.default_rng(6)
    X = rng.standard_normal((40, 4)) + np.array([1e6, -1e6, 0.0, 3.0])
    X[:, 2] *= rng.random(40) < 0.1
    y = X[:, 0] - X[:, 2] + rng.standard_normal(40)
    for options in ({}, {"standardize": True, "sample_weight": rng.uniform(0, 2, 40)}):
        w, b = textbook.elastic_net(X, y, 0.1, **options)
        sparse, intercept = textbook.elastic_net_sparse(sp.csc_array(X), y, 0.1, **options)
        np.testing.assert_allclose(sparse, w, rtol=0, atol=1e-8)
        assert intercept == pytest.approx(b, abs=1e-2)


def test_standardizing_is_dividing_by_the_spread():
    X, y = small(7)
    s = SETTINGS["weights"]["sample_weight"]
    scale = np.sqrt(np.average((X - np.average(X, axis=0, weights=s)) ** 2, axis=0, weights=s))
    options = {"l1_ratio": 0.4, "sample_weight": s, "penalty_factor": [0.5, 1.0, 2.0]}
    u, b = textbook.elastic_net(X / scale, y, 0.1, **options)
    w, intercept = textbook.elastic_net(X, y, 0.1, standardize=True, **options)
    np.testing.assert_allclose(w, u / scale, rtol=0, atol=1e-12)
    assert intercept == pytest.approx(b, abs=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
def test_alpha_max_is_where_the_first_coefficient_leaves_zero(setting):
    options = SETTINGS[setting]
    X, y = small(8)
    penalized = np.array([0 < v < np.inf for v in options.get("penalty_factor", np.ones(3))])
    for l1_ratio in (1e-3, 0.5, 1.0):
        top = textbook.alpha_max(X, y, l1_ratio=l1_ratio, **options)
        assert top > 0
        for factor, alone in ((1 + 1e-6, True), (1 - 1e-4, False)):
            w = np.array(textbook.exact(X, y, top * factor, l1_ratio=l1_ratio, **options)[0])
            assert (not w[penalized].any()) == alone


def test_soft_threshold_and_prox():
    np.testing.assert_array_equal(textbook.soft(np.array([-3.0, -1.0, 0.5, 2.0]), 1.0), [-2.0, 0.0, 0.0, 1.0])
    grid = np.linspace(-0.4, 0.9, 1_300_001)
    for c in (-2.0, -0.3, 0.1, 0.8, 5.0):
        for l1, l2 in ((0.0, 0.0), (0.2, 0.0), (0.3, 0.7)):
            value = 0.5 * 1.7 * grid**2 - c * grid + l1 * np.abs(grid) + l2 * grid**2 / 2
            assert textbook.prox(c, 1.7, l1, l2, -0.4, 0.9) == pytest.approx(grid[value.argmin()], abs=2e-6)


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("setting", ["plain", "positive", "factors", "box"])
def test_screening(l1_ratio, setting):
    rng = np.random.default_rng(9)
    X = rng.standard_normal((40, 50))
    y = X[:, :5] @ np.ones(5) + rng.standard_normal(40)
    options = {
        "plain": {},
        "positive": {"lower": 0.0},
        "factors": {"penalty_factor": np.r_[0.0, 0.0, np.inf, np.full(47, 1.3)]},
        "box": {"lower": -0.1, "upper": 0.2},
    }[setting] | {"l1_ratio": l1_ratio}
    top = textbook.alpha_max(X, y, **options)
    before, w = textbook.problem(X, y, top, **options), textbook.elastic_net(X, y, top, **options)[0]
    screened = 0
    for alpha in top * np.geomspace(0.9, 0.2, 6):
        P = textbook.problem(X, y, alpha, **options)
        kept = textbook.strong_rule(P, before, w)
        rough = textbook.elastic_net(X, y, alpha, max_iter=20, **options)[0]
        safe = textbook.gap_safe(P, rough)
        w = textbook.elastic_net(X, y, alpha, **options)[0]
        active = np.flatnonzero(w)
        assert safe[active].all()
        assert kept[active].mean() > 0.95  # it may be wrong, and hardly ever is
        screened += (~safe).sum() + (~kept).sum()
        before = P
    assert screened > 6 * 25
    assert textbook.gap_safe(P, w)[(P.l1 > 0) & (w == 0)].sum() <= 1
