"""alpha = 0: least squares, of minimum norm where the data leave a choice. NIST's certified answers: test_nist.py."""

import warnings

import numpy as np
import pytest

from shrinkage import IllConditionedWarning, ridge, ridge_cv, ridge_path
from shrinkage.reference import ridge as textbook

ALL = ("plain", "no intercept", "weighted", "factors", "everything")
DETERMINED = [
    *[(kind, setting) for kind in ("random", "collinear", "scaled", "far") for setting in ALL],
    *[(kind, "no intercept") for kind in ("constant", "square")],
    ("constant", "everything"),
    ("square", "factors"),
]
#: Constant columns, and as many columns as rows, are dependent once they are centred.
DEPENDENT = [
    *[(kind, setting) for kind in ("duplicated", "zero", "wide") for setting in ALL[:3]],
    *[(kind, setting) for kind in ("constant", "square") for setting in ("plain", "weighted")],
]


@pytest.mark.parametrize("solver", ["auto", "cholesky", "qr", "svd", "cg"])
@pytest.mark.parametrize("kind, setting", DETERMINED)
def test_determined_by_the_data(kind, setting, problem, options, solver, truth):
    X, y = problem
    system = truth(X, y, 0.0, **options)
    fit = ridge(X, y, 0.0, solver=solver, tol=0.0, **options)
    assert fit.certificate.converged
    assert system.error(fit.coef) <= (200 if solver == "cg" else 20) * system.sharpness
    if setting == "plain" and kind not in ("scaled", "far"):
        A = np.column_stack([X, np.ones(len(y))])
        expected = np.linalg.lstsq(A, y, rcond=None)[0]
        np.testing.assert_allclose(np.append(fit.coef, fit.intercept), expected, rtol=1e-7, atol=1e-7)
    if solver != "cg":
        assert fit.effective_dof == pytest.approx(np.isfinite(options.get("penalty_factor", X[0])).sum())


@pytest.mark.parametrize("function", [ridge_path, ridge_cv])
@pytest.mark.parametrize("kind, setting", DETERMINED)
def test_the_end_of_a_path_is_least_squares(problem, options, function, truth):
    result = function(*problem, [0.0] if function is ridge_cv else [1.0, 0.0], **options)
    fit = result.fit if function is ridge_cv else result[1]
    system = truth(*problem, 0.0, **options)
    assert system.error(fit.coef) <= 20 * system.sharpness


@pytest.mark.parametrize("solver", ["auto", "cholesky", "qr", "svd"])
@pytest.mark.parametrize("kind, setting", DEPENDENT)
def test_minimum_norm_and_a_warning_where_columns_depend(problem, options, solver):
    X, y = problem
    w, b = textbook.ridge(X, y, 0.0, **options)
    with pytest.warns(IllConditionedWarning, match="rank"):
        fit = ridge(X, y, 0.0, solver=solver, **options)
    np.testing.assert_allclose(fit.coef, w, rtol=0, atol=1e-12 * np.abs(w).max())
    assert fit.intercept == pytest.approx(b, abs=1e-12 * np.abs(X).max() * np.abs(w).sum())


@pytest.mark.parametrize("kind, setting", DEPENDENT)
def test_minimum_norm_by_conjugate_gradients(problem, options):
    X, y = problem
    w, b = textbook.ridge(X, y, 0.0, **options)
    fit = ridge(X, y, 0.0, solver="cg", tol=0.0, **options)
    np.testing.assert_allclose(fit.coef, w, rtol=0, atol=1e-10 * np.abs(w).max())
    seen = options.get("sample_weight", np.ones(len(y))) > 0
    np.testing.assert_allclose(fit.predict(X)[seen], (X @ w + b)[seen], rtol=0, atol=1e-11 * np.abs(y).max())


@pytest.mark.parametrize("kind, setting", DEPENDENT)
def test_minimum_norm_at_the_end_of_a_path(problem, options):
    X, y = problem
    w, _ = textbook.ridge(X, y, 0.0, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IllConditionedWarning)
        fits = ridge_path(X, y, [1.0, 0.0], **options)[1], ridge_cv(X, y, [0.0], **options).fit
    for fit in fits:
        np.testing.assert_allclose(fit.coef, w, rtol=0, atol=1e-12 * np.abs(w).max())


@pytest.mark.parametrize("kind", ["duplicated", "wide"])
def test_where_columns_depend_factors_choose_the_limit_of_ridge(make, kind):
    """As alpha falls to 0 ridge tends to the least-squares solution of least sum_j v_j w_j^2."""
    X, y = make(kind)
    factor = np.resize([2.0, 0.5, 1.0, 3.0, 1.5], X.shape[1])
    w = np.linalg.lstsq((X - X.mean(axis=0)) / np.sqrt(factor), y - y.mean(), rcond=None)[0] / np.sqrt(factor)
    fits = [ridge_path(X, y, [1e-9], penalty_factor=factor)[0]]
    np.testing.assert_allclose(fits[0].coef, w, rtol=0, atol=1e-6 * np.abs(w).max())
    for solver in ("auto", "qr", "svd"):
        with pytest.warns(IllConditionedWarning):
            fits.append(ridge(X, y, 0.0, penalty_factor=factor, solver=solver))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IllConditionedWarning)
        fits.append(ridge_path(X, y, [0.0], penalty_factor=factor)[0])
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.coef, w, rtol=0, atol=1e-12 * np.abs(w).max())


@pytest.mark.parametrize("kind", ["duplicated", "wide"])
def test_where_columns_depend_free_features_come_first(make, kind):
    """With features free as well the limit is still that of ridge: they explain all that they can."""
    X, y = make(kind)
    factor = np.resize([2.0, 0.5, 0.0, np.inf, 1.0], X.shape[1])
    limit = ridge(X, y, 1e-9, penalty_factor=factor).coef
    for solver in ("auto", "svd"):
        with pytest.warns(IllConditionedWarning):
            fit = ridge(X, y, 0.0, penalty_factor=factor, solver=solver)
        np.testing.assert_allclose(fit.coef, limit, rtol=0, atol=1e-6 * np.abs(limit).max())


@pytest.mark.parametrize("solver", ["auto", "qr", "svd"])
def test_features_left_out_do_not_count_as_dependent(make, solver):
    X, y = make("random")
    fit = ridge(X, y, 0.0, penalty_factor=[1, 1, np.inf, 1, 1], solver=solver)
    kept = np.array([0, 1, 3, 4])
    np.testing.assert_allclose(fit.coef[kept], ridge(X[:, kept], y, 0.0).coef, rtol=1e-12)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "cg"])
def test_all_features_free_is_least_squares_at_any_alpha(make, solver):
    X, y = make("random")
    fit = ridge(X, y, 3.0, penalty_factor=np.zeros(5), solver=solver)
    np.testing.assert_allclose(fit.coef, textbook.ridge(X, y, 0.0)[0], rtol=1e-11)


def test_dual_refuses_no_penalty(make):
    with pytest.raises(ValueError, match="alpha > 0"):
        ridge(*make("wide"), 0.0, solver="dual")
