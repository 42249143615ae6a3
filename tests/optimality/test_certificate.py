"""What the certificate claims, against the same quantities in rational arithmetic or by another formula."""

import numpy as np
import pytest

from shrinkage import ConvergenceWarning, ridge, ridge_cv, ridge_path
from shrinkage.reference import ridge as textbook

EPS = np.finfo(np.float64).eps


class Exact:
    """Objective and gradient of coefficients in rational arithmetic, with their best intercept."""

    def __init__(self, fractions, X, y, alpha, coef, sample_weight=None, penalty_factor=None, fit_intercept=True):
        s = fractions(np.ones(len(X)) if sample_weight is None else sample_weight)
        v = np.ones(X.shape[1]) if penalty_factor is None else penalty_factor
        v = fractions(np.where(np.isfinite(v), v, 0.0)) * np.where(np.isfinite(v), 1, 0)
        X, r, alpha = fractions(X), fractions(y) - fractions(X) @ fractions(coef), fractions(alpha)[()]
        W = s.sum()
        self.b = s @ r / W if fit_intercept else 0
        r = r - self.b
        w = fractions(coef)
        self.objective = (s @ (r * r) / W + alpha * (v @ (w * w))) / 2
        self.gradient = (alpha * v * w - (s * r) @ X / W) * np.isfinite(
            np.ones(len(w)) if penalty_factor is None else penalty_factor
        )
        mean = s @ fractions(y) / W if fit_intercept else 0
        self.null = s @ (fractions(y) - mean) ** 2 / W / 2
        self.W = W


@pytest.mark.parametrize("alpha", [1.0, 1e-6])
@pytest.mark.parametrize("function", ["auto", "cg", "cv"])
def test_certificate_of_an_optimum(problem, options, alpha, function, truth, exactly, fractions):
    X, y = problem
    if function == "cv":
        fit = ridge_cv(X, y, [alpha], **options).fit
        assert ridge_path(X, y, [alpha], **options).certificates == (fit.certificate,)
    else:
        fit = ridge(X, y, alpha, solver=function, tol=0.0, **options)
    found, system = fit.certificate, truth(X, y, alpha, **options)
    point = Exact(fractions, X, y, alpha, fit.coef, **options)
    w, _ = exactly(X, y, alpha, **options)
    best = optimum(fractions, X, y, alpha, w, options)

    assert found.converged
    assert found.relative_gap == pytest.approx(found.duality_gap / float(point.null), rel=1e-9)

    # the gradient is at rounding level, feature by feature, and that is what is reported
    norm = np.where(system.norm > 0, system.norm, 1.0)
    size = float(np.abs(system.norm * fit.coef).sum() + np.sqrt(2.0 * float(point.null * point.W)))
    value, W = float(point.objective), float(point.W)
    assert abs(found.objective - value) <= 1e-13 * value + 10 * EPS * size * np.sqrt(2 * value / W)
    exact_gradient = np.array([float(g) for g in point.gradient]) * W
    ratio = np.abs(exact_gradient / norm).max() / (EPS * size)
    assert ratio < 30
    assert abs(found.residual_ratio - ratio) < 10
    assert abs(found.kkt_violation - np.abs(exact_gradient).max() / W) <= 10 * EPS * size * norm.max() / W

    # the gap bounds the distance from the minimum, to what rounding leaves of a gradient
    assert found.duality_gap >= 0
    noise = (30 * EPS * size * system.condition) ** 2 * len(norm) / W
    assert 0 <= float(point.objective - best) <= found.duality_gap * (1 + 1e-6) + noise


def optimum(fractions, X, y, alpha, w, options):
    """The least objective, exactly: at an optimum it is half of (y'Sy - y'SXw) / W about the means."""
    s = fractions(options.get("sample_weight", np.ones(len(X))))
    X, y = fractions(X), fractions(y)
    W = s.sum()
    if options.get("fit_intercept", True):
        X, y = X - s @ X / W, y - s @ y / W
    return (s @ (y * y) - (s * y) @ (X @ np.array(w, dtype=object))) / W / 2


AWAY = [
    (kind, setting)
    for kind in ("random", "far", "wide", "scaled")
    for setting in ("plain", "no intercept", "weighted", "unequal")
    if (kind, setting) != ("far", "no intercept")  # few directions, and as few steps, are all that such data have
]


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("kind, setting", AWAY)
def test_gap_away_from_the_optimum(kind, setting, steps, make, settings, exactly, fractions):
    X, y = make(kind)
    if setting == "unequal":
        options = {"penalty_factor": np.resize([2.0, 0.5, np.inf, 3.0], X.shape[1])}
    else:
        options = settings(setting, *X.shape)
    alpha = 1e-3 if kind != "scaled" else 1e-12
    with pytest.warns(ConvergenceWarning):
        fit = ridge(X, y, alpha, solver="cg", max_iter=steps, **options)
    found = fit.certificate
    assert not found.converged
    assert found.n_iter == steps
    near = X - X[0] if options.get("fit_intercept", True) else X  # exact, unlike the mean of large numbers
    gap = textbook.duality_gap(near, y, alpha, fit.coef, **options)
    assert found.duality_gap == pytest.approx(float(gap[0]), rel=1e-5 if kind == "far" else 1e-6)
    weights = {k: v for k, v in options.items() if k != "fit_intercept"}
    at_near = fit.intercept + (X - near)[0] @ fit.coef
    value = textbook.objective(near, y, alpha, fit.coef, at_near, **weights)
    by_w, by_b = textbook.gradient(near, y, alpha, fit.coef, at_near, **weights)
    assert found.objective == pytest.approx(float(value[0]), rel=1e-7)
    assert found.kkt_violation == pytest.approx(np.abs(by_w).max(), rel=1e-5 if kind == "far" else 1e-6)
    if options.get("fit_intercept", True):
        assert abs(by_b[0]) < 1e-7 * np.abs(y).max()
    w, _ = exactly(X, y, alpha, **options)
    best = optimum(fractions, X, y, alpha, w, options)
    assert float(Exact(fractions, X, y, alpha, fit.coef, **options).objective - best) <= found.duality_gap


@pytest.mark.parametrize("setting", ["factors", "everything"])
@pytest.mark.parametrize("kind", ["random", "wide"])
@pytest.mark.parametrize("steps", [1, 3])
def test_gap_where_some_features_are_free(problem, options, steps, exactly, fractions):
    X, y = problem
    with pytest.warns(ConvergenceWarning):
        fit = ridge(X, y, 1e-2, solver="cg", max_iter=steps, **options)
    w, _ = exactly(X, y, 1e-2, **options)
    above = Exact(fractions, X, y, 1e-2, fit.coef, **options).objective - optimum(fractions, X, y, 1e-2, w, options)
    assert 0 < float(above) <= fit.certificate.duality_gap
    gap = textbook.duality_gap(X, y, 1e-2, fit.coef, **options)
    assert fit.certificate.duality_gap == pytest.approx(float(gap[0]), rel=1e-6)


def test_certificate_of_several_targets_is_the_worst_of_them(make):
    X, y = make("random")
    Y = np.column_stack([y, 100.0 * np.cos(3 * y), 0.01 * np.sin(7 * y)])
    alphas = np.array([1e-3, 1e-2, 1e-1])
    with pytest.warns(ConvergenceWarning):
        fit = ridge(X, Y, alphas, solver="cg", max_iter=2)
    values = [textbook.objective(X, Y[:, c], alphas[c], fit.coef[c], fit.intercept[c])[0] for c in range(3)]
    gaps = np.array([textbook.duality_gap(X, Y[:, c], alphas[c], fit.coef[c])[0] for c in range(3)])
    steepest = [
        np.abs(textbook.gradient(X, Y[:, c], alphas[c], fit.coef[c], fit.intercept[c])[0]).max() for c in range(3)
    ]
    found = fit.certificate
    assert found.objective == pytest.approx(sum(values), rel=1e-12)
    assert found.duality_gap == pytest.approx(gaps.max(), rel=1e-7)
    assert found.relative_gap == pytest.approx((gaps / (Y.var(axis=0) / 2)).max(), rel=1e-7)
    assert found.kkt_violation == pytest.approx(max(steepest), rel=1e-7)


def test_reciprocal_condition_number(make):
    X, y = make("random")
    Z = X - X.mean(axis=0)
    A = Z.T @ Z + 0.1 * len(X) * np.eye(5)
    d = 1 / np.sqrt(np.diagonal(A))
    B = A * np.outer(d, d)
    expected = 1 / (np.linalg.norm(B, 1) * np.linalg.norm(np.linalg.inv(B), 1))
    assert ridge(X, y, 0.1, solver="cholesky").certificate.rcond == pytest.approx(expected, rel=0.5)


def test_default_tolerance_of_conjugate_gradients(problem, options, exactly, fractions):
    """Where cg converges at its default tolerance, the objective is that close to its minimum."""
    X, y = problem
    for alpha in (10.0, 1e-2):
        fit = ridge(X, y, alpha, solver="cg", **options)
        w, _ = exactly(X, y, alpha, **options)
        point = Exact(fractions, X, y, alpha, fit.coef, **options)
        above = float((point.objective - optimum(fractions, X, y, alpha, w, options)) / point.null)
        assert above <= 1e-18 or fit.certificate.residual_ratio <= 30
