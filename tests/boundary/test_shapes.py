"""Shapes at the edge of what there is to fit, and sizes beyond what can be."""

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import ridge, ridge_cv, ridge_path
from shrinkage._design import Design, physical_memory

pytestmark = pytest.mark.filterwarnings("error")

N = 20
STORAGES = {
    "C": lambda X: np.array(X, order="C"),
    "F": lambda X: np.array(X, order="F"),
    "float32": lambda X: np.asarray(X, np.float32),
    "csr": sp.csr_array,
    "csc": sp.csc_array,
}


def fits(out):
    """The fit, or fits, of whatever a function returned."""
    return list(out) if hasattr(out, "coefs") else [getattr(out, "fit", out)]


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(0).normal(size=N) + 2.0


@pytest.fixture(params=STORAGES)
def store(request):
    return STORAGES[request.param]


# --- nothing to fit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0, 1, 3])
def test_no_rows(store, function, p):
    with pytest.raises(ValueError, match=rf"^X has shape \(0, {p}\): there is no row to fit"):
        function(store(np.zeros((0, p))), np.zeros(0))


@pytest.mark.parametrize("X", [[], [[]], np.zeros((0,))], ids=repr)
def test_empty_lists(X):
    with pytest.raises(ValueError, match=r"^X "):
        ridge(X, []) if len(X) == 0 else ridge(X, [1.0, 2.0])


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", [None, 1, 3])
def test_no_features(store, y, function, fit_intercept, targets):
    """The model is the intercept, and it is certified."""
    Y = y if targets is None else np.outer(y, np.arange(1, targets + 1))
    out = function(store(np.zeros((N, 0))), Y, fit_intercept=fit_intercept, standardize=True)
    level = Y.mean(axis=0) if fit_intercept else 0.0 * Y.mean(axis=0)
    for fit in fits(out):
        assert fit.coef.shape == ((0,) if targets is None else (targets, 0))
        np.testing.assert_allclose(fit.intercept, level, rtol=1e-14)
        assert not np.any(fit.effective_dof) and fit.certificate.converged
        np.testing.assert_allclose(fit.predict(store(np.zeros((2, 0)))), np.broadcast_to(level, (2, *Y.shape[1:])))
        loss = np.square(Y - level).sum() / (2 * N)
        assert fit.certificate.objective == pytest.approx(loss, rel=1e-12)
        assert "0 features" in repr(fit)
    if function is ridge_path:
        assert out.singular_values.shape == (0,) and out.shrinkage_factors.shape == (len(out), 0)
        assert out.predict(np.zeros((2, 0))).shape == (len(out), 2, *Y.shape[1:])
        assert "0 features" in repr(out)
    if function is ridge_cv:
        left_out = N / (N - 1) * (Y - level) if fit_intercept else Y
        np.testing.assert_allclose(out.scores[0], np.square(left_out).mean(axis=0), rtol=1e-12)
        assert repr(out)


# --- one of something ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [ridge, ridge_path])
@pytest.mark.parametrize("p", [1, 3])
def test_one_row_with_an_intercept(store, function, p):
    """The row is its own mean: nothing is left for the coefficients."""
    X = store(np.arange(1.0, p + 1)[None])
    for fit in fits(function(X, [5.0])):
        np.testing.assert_array_equal(fit.coef, np.zeros(p))
        assert fit.intercept == 5.0
        np.testing.assert_array_equal(fit.predict(X), [5.0])
        assert fit.certificate.converged and fit.effective_dof == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("function", [ridge, ridge_path])
@pytest.mark.parametrize("p", [1, 3])
def test_one_row_without_an_intercept(store, function, p):
    x = np.arange(1.0, p + 1)
    alpha = 2.0 if function is ridge else [2.0]
    (fit,) = fits(function(store(x[None]), [5.0], alpha, fit_intercept=False))
    np.testing.assert_allclose(fit.coef, 5.0 * x / (x @ x + 2.0), rtol=1e-13)
    assert fit.intercept == 0.0 and isinstance(fit.intercept, float)


@pytest.mark.parametrize("method", ["loo", "gcv"])
@pytest.mark.parametrize("p", [0, 1, 3])
def test_cross_validation_of_one_row(store, p, method):
    with pytest.raises(ValueError, match=r"^cross-validation needs at least two samples of positive weight, got 1"):
        ridge_cv(store(np.ones((1, p))), [5.0], method=method)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_one_column(store, y, function, fit_intercept):
    x = np.linspace(-1, 3, N).astype(np.float32).astype(np.float64)
    alpha = 0.7 if function is ridge else [0.7]
    (fit,) = fits(function(store(x[:, None]), y, alpha, fit_intercept=fit_intercept))
    d, t = (x - x.mean(), y - y.mean()) if fit_intercept else (x, y)
    np.testing.assert_allclose(fit.coef, [d @ t / (d @ d + N * 0.7)], rtol=1e-12)
    np.testing.assert_allclose(fit.effective_dof, d @ d / (d @ d + N * 0.7), rtol=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3, 7])
def test_two_rows(store, function, p):
    X = np.random.default_rng(1).normal(size=(2, p)).astype(np.float32).astype(np.float64)
    alpha = 0.7 if function is ridge else [0.7]
    (fit,) = fits(function(store(X), [1.0, 4.0], alpha))
    d = X[1] - X[0]
    np.testing.assert_allclose(fit.coef, 3.0 * d / (d @ d + 4 * 0.7), rtol=1e-11)
    np.testing.assert_allclose(fit.predict(X).sum(), 5.0, rtol=1e-13)
    if function is ridge_cv:
        # each is predicted by the other alone
        np.testing.assert_allclose(ridge_cv(store(X), [1.0, 4.0], [0.7]).scores, [9.0], rtol=1e-11)


@pytest.mark.parametrize("n", [5, 6, 7, 8])
def test_as_many_rows_as_columns_and_one_off(store, function, n):
    """Where the primal hands over to the dual, and where the intercept takes the last degree of freedom."""
    rng = np.random.default_rng(n)
    X, y = rng.normal(size=(n, 6)).astype(np.float32).astype(np.float64), rng.normal(size=n)
    Z = X - X.mean(axis=0)
    expected = np.linalg.solve(Z.T @ Z + n * 0.2 * np.eye(6), Z.T @ (y - y.mean()))
    (fit,) = fits(function(store(X), y, 0.2 if function is ridge else [0.2]))
    np.testing.assert_allclose(fit.coef, expected, rtol=1e-10, atol=1e-13)


# --- nothing varies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.0, 7.0, -1e9])
def test_constant_target(store, function, level):
    X = store(np.random.default_rng(2).normal(size=(N, 3)))
    for fit in fits(function(X, np.full(N, level))):
        np.testing.assert_array_equal(fit.coef, np.zeros(3))
        assert fit.intercept == level
        assert fit.certificate.converged and fit.certificate.duality_gap == 0
    assert np.isnan(fit.score(X, np.full(N, level)))
    if function is ridge_cv:
        out = function(X, np.full(N, level))
        np.testing.assert_array_equal(out.scores, np.zeros(100))
        assert out.index == 0, "of alphas that tie, the largest"


@pytest.mark.parametrize("level", [0.0, 7.0, 0.1, -1e9])
@pytest.mark.parametrize("p", [1, 3, 30])
@pytest.mark.parametrize("standardize", [False, True])
def test_constant_features(store, y, function, level, p, standardize):
    """With an intercept, constant columns have nothing to say, however large; of rounding they may not make news."""
    X = store(np.full((N, p), level))
    for fit in fits(function(X, y, standardize=standardize)):
        np.testing.assert_allclose(fit.coef * max(1.0, abs(level)), np.zeros(p), atol=1e-12)
        np.testing.assert_allclose(fit.predict(X), np.full(N, y.mean()), rtol=1e-12)
        np.testing.assert_allclose(fit.feature_scale, np.zeros(p), atol=1e-15 * abs(level))


def test_zero_features_of_a_column_without_an_intercept(store, y, function):
    for fit in fits(function(store(np.zeros((N, 3))), y, fit_intercept=False)):
        np.testing.assert_array_equal(fit.coef, np.zeros(3))
        assert fit.intercept == 0


@pytest.mark.parametrize("level", [0.0, 7.0, 1e6])
def test_one_constant_feature_among_others(store, y, function, level):
    """It changes nothing for the others."""
    X = np.random.default_rng(3).normal(size=(N, 3)).astype(np.float32).astype(np.float64)
    alpha = 0.5 if function is ridge else [0.5]
    (alone,) = fits(function(store(X), y, alpha))
    (fit,) = fits(function(store(np.insert(X, 1, level, axis=1)), y, alpha))
    np.testing.assert_allclose(np.delete(fit.coef, 1), alone.coef, rtol=1e-11)
    assert abs(fit.coef[1]) * max(1.0, level) < 1e-12
    np.testing.assert_allclose(fit.intercept, alone.intercept, rtol=1e-11)


# --- too large ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2**31, 1), (1, 2**31), (2**31, 0)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, bool])
def test_sides_that_blas_cannot_count(shape, dtype, monkeypatch):
    """Refused before anything of that size is made: the array here is one number, seen many times."""
    X = np.broadcast_to(dtype(1), shape)

    def never(*args, **kwargs):
        raise AssertionError("allocated")

    for name in ("array", "empty", "zeros", "ones", "full", "ascontiguousarray"):
        monkeypatch.setattr(np, name, never)
    with pytest.raises(ValueError, match=rf"^X has shape \({shape[0]}, {shape[1]}\); BLAS counts in 32-bit integers"):
        Design(X, None)


def test_the_largest_side_that_blas_can_count(monkeypatch, y):
    X = np.random.default_rng(4).normal(size=(N, 3))
    monkeypatch.setattr("shrinkage._design._MAX_INT", N)
    fit = ridge(X, y)
    assert fit.predict(X).shape == (N,)
    monkeypatch.setattr("shrinkage._design._MAX_INT", N - 1)
    for call in (lambda: ridge(X, y), lambda: ridge_path(X, y), lambda: ridge_cv(X, y), lambda: fit.predict(X)):
        with pytest.raises(ValueError, match=rf"^X has shape \({N}, 3\); .* no side may exceed {N - 1}: use a part"):
            call()
    with pytest.raises(ValueError, match=r"^X has shape \(20, 3\)"):
        ridge(sp.csr_array(X), y)


def test_physical_memory_is_known_here():
    assert 2**28 < physical_memory() < 2**50 or physical_memory() == np.inf


@pytest.fixture
def small_machine(monkeypatch):
    """A machine with room for 30,000 numbers."""
    monkeypatch.setattr("shrinkage._design.physical_memory", lambda: 240_000.0)


@pytest.mark.parametrize("shape", [(250, 200), (200, 250)])
@pytest.mark.parametrize("sparse", [False, True])
def test_gram_matrix_that_does_not_fit(small_machine, shape, sparse):
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    given = sp.csr_array(X) if sparse else X
    for solver in ("cholesky", "dual"):
        with pytest.raises(ValueError, match=r"^a \d+ x \d+ Gram matrix needs .* this machine has .*: use solver='cg'"):
            ridge(given, y, solver=solver)
    for solver, alpha, what in (("qr", 0.0, "a QR factorization of the {}"), ("svd", 1.0, "a dense {} copy of")):
        what = what.format(f"{shape[0]} x {shape[1]}")
        with pytest.raises(ValueError, match=rf"^{what} X needs .* GiB"):
            ridge(given, y, alpha, solver=solver)
    for function in (ridge_path, ridge_cv):
        with pytest.raises(ValueError, match=r"^X has shape .* do not fit in memory; .*ridge\(solver='cg'\)"):
            function(given, y)
    fit = ridge(given, y)
    assert fit.solver == "cg" and "does not fit in memory" in fit.solver_reason
    Z = X - X.mean(axis=0)
    expected = np.linalg.solve(Z.T @ Z + shape[0] * np.eye(shape[1]), Z.T @ (y - y.mean()))
    np.testing.assert_allclose(fit.coef, expected, rtol=1e-8, atol=1e-11)


def test_small_gram_matrix_of_a_long_or_wide_matrix_fits(small_machine):
    """What counts is the smaller side."""
    rng = np.random.default_rng(6)
    for shape, solver in (((3000, 5), "cholesky"), ((5, 3000), "dual")):
        X, y = rng.normal(size=shape), rng.normal(size=shape[0])
        assert ridge(X, y).solver == solver
        assert len(ridge_path(X, y, [1.0])) == 1
        assert np.isfinite(ridge_cv(X, y, [1.0]).score)


def test_a_million_squared():
    """Here the refusal is real: the Gram matrix would take eight terabytes."""
    X = sp.eye_array(1_000_000, format="csr")
    y = np.zeros(1_000_000)
    y[0] = 1.0
    for call in (lambda: ridge(X, y, solver="cholesky"), lambda: ridge_path(X, y), lambda: ridge_cv(X, y)):
        with pytest.raises(ValueError, match="1000000 x 1000000 Gram matrix"):
            call()
    fit = ridge(X, y, 1e-6, fit_intercept=False)
    assert fit.solver == "cg" and fit.coef[0] == pytest.approx(0.5, rel=1e-8)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_data_whose_squares_vanish(y, make, fit_intercept):
    """What varies too little to be squared is refused by name, and not taken for constant."""
    X = np.random.default_rng(7).normal(size=(N, 3))
    X[:, 1] *= 1e-170
    with pytest.raises(ValueError, match=r"^X varies by no more than \d\.\de-170 in column 1: too little to square"):
        ridge(make(X), y, fit_intercept=fit_intercept)
    weight = np.ones(N)
    weight[4:] = 0.0
    X[:4, 1] = 1e-170 if fit_intercept else 0.0  # constant where it counts
    fit = ridge(make(X), y, sample_weight=weight, fit_intercept=fit_intercept)
    assert abs(fit.coef[1]) < 1e-150


def test_target_whose_squares_vanish(y):
    X = np.random.default_rng(7).normal(size=(N, 3))
    with pytest.raises(ValueError, match=r"^y varies by no more than \d\.\de-1\d\d: too little to square; rescale it"):
        ridge_cv(X, np.column_stack([y, 1e-165 * y]))
    fit = ridge(X, np.full(N, 1e-200))
    assert (fit.coef == 0).all() and fit.intercept == pytest.approx(1e-200)


@pytest.mark.parametrize("size", [1e-130, 1e90, 1e140])
def test_scores_of_targets_of_any_size(y, size):
    """Standard errors are of fourth powers, and still in range."""
    X = np.random.default_rng(7).normal(size=(N, 3))
    plain, scaled = ridge_cv(X, y), ridge_cv(X, y * size)
    assert scaled.alpha == plain.alpha
    assert scaled.score == pytest.approx(plain.score * size**2)
    assert scaled.standard_error == pytest.approx(plain.standard_error * size**2)


@pytest.mark.parametrize("function", [ridge_path, ridge_cv])
def test_default_grid_of_data_whose_squares_nearly_vanish(y, function):
    X = np.random.default_rng(7).normal(size=(N, 3)) * 1e-140
    for fit in fits(function(X, y)):
        assert np.isfinite(fit.coef).all() and fit.certificate.converged
