"""The Bayesian view of ridge beside dense formulas that form every matrix."""

import math
import pickle
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import null_space
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from shrinkage import conventions, ridge, ridge_bayes

SHAPES = {"tall": (30, 6), "wide": (24, 40), "square": (14, 14)}


def build(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + rng.standard_normal(p)
    return X, X[:, 0] - 2.0 * X[:, 1] + 3.0 + 0.7 * rng.standard_normal(n)


@pytest.fixture(params=SHAPES)
def data(request):
    return build(*SHAPES[request.param])


@pytest.fixture
def given(setting, data, settings):
    return settings(setting, *data[0].shape)


def parts(X, y, sample_weight=None, penalty_factor=None, fit_intercept=True):
    """Rows that count with their weights; [1, X] without the excluded features, its columns, and their factors."""
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    v = np.ones(X.shape[1]) if penalty_factor is None else penalty_factor
    rows, kept = s > 0, np.flatnonzero(np.isfinite(v))
    A = np.column_stack([np.ones(len(y))[:, None][:, : int(fit_intercept)], X[:, kept]])[rows]
    return A, y[rows], s[rows], np.concatenate([np.zeros(int(fit_intercept)), v[kept]]), kept


def posterior(X, y, precision, noise, **options):
    """Mean and covariance of (b, w) from the inverse of the whole posterior precision."""
    A, y, s, v, _ = parts(X, y, **options)
    covariance = np.linalg.inv(A.T @ (s[:, None] * A) / noise + precision * np.diag(v))
    return covariance @ (A.T @ (s * y)) / noise, covariance


def evidence(X, y, precision, noise, **options):
    """Log density of what flat directions cannot fit in sqrt(s) y, in units of y at weights of mean 1."""
    A, y, s, v, _ = parts(X, y, **options)
    A, y = np.sqrt(s)[:, None] * A, np.sqrt(s) * y
    Q = null_space(A[:, v == 0].T) if (v == 0).any() else np.eye(len(y))
    Z = Q.T @ A[:, v > 0]
    C = noise * np.eye(Q.shape[1]) + (Z / (precision * v[v > 0])) @ Z.T
    flat = len(y) - Q.shape[1]
    return multivariate_normal(cov=C).logpdf(Q.T @ y) + 0.5 * np.log(s).sum() - 0.5 * flat * np.log(s.mean())


@pytest.mark.parametrize("alpha", [0.3, 1e-6])
@pytest.mark.parametrize("noise", [0.4, 30.0])
def test_posterior_and_evidence(data, given, alpha, noise, truth):
    X, y = data
    fit = ridge_bayes(X, y, alpha, noise, **given)
    tolerance = 1e-10 if alpha == 0.3 else 1e-6  # of the formulas, which invert matrices
    precision = fit.sum_weights * alpha / noise
    assert fit.prior_precision == pytest.approx(precision, rel=1e-14)
    assert fit.prior_precision == pytest.approx(
        1.0 / conventions.prior_variance(alpha, sum_weights=fit.sum_weights, noise_variance=noise), rel=1e-14
    )
    mean, covariance = posterior(X, y, precision, noise, **given)
    first = int(given.get("fit_intercept", True))
    kept = parts(X, y, **given)[-1]

    def close(found, wanted):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())

    close(fit.coef[kept], mean[first:])
    wanted = np.zeros((X.shape[1], X.shape[1]))
    wanted[np.ix_(kept, kept)] = covariance[first:, first:]
    close(fit.covariance(), wanted)
    close(fit.coef_std, np.sqrt(np.diag(wanted)))
    if first:
        close(fit.intercept, mean[0])
        close(fit.intercept_std, np.sqrt(covariance[0, 0]))
    else:
        assert fit.intercept == fit.intercept_std == 0.0
    new = np.random.default_rng(5).standard_normal((9, X.shape[1])) * 3.0
    A = np.column_stack([np.ones((9, first)), new[:, kept]])
    found, std = fit.predict(new, return_std=True)
    close(found, A @ mean)
    close(std, np.sqrt(noise + np.einsum("ij,jk,ik->i", A, covariance, A)))
    np.testing.assert_array_equal(found, fit.predict(new))
    assert fit.log_evidence == pytest.approx(evidence(X, y, precision, noise, **given), rel=tolerance)
    assert (fit.chosen, fit.at_edge) == ((), None)
    assert fit.certificate.converged


def test_evidence_is_the_density_of_y_where_nothing_is_flat():
    X, y = build(12, 20)
    s = np.random.default_rng(1).uniform(0.2, 3.0, 12)
    v = np.resize([1.0, 3.0], 20)
    fit = ridge_bayes(X, y, 0.1, 0.5, sample_weight=s, penalty_factor=v, fit_intercept=False)
    C = np.diag(0.5 / s) + (X / (fit.prior_precision * v)) @ X.T
    assert fit.log_evidence == pytest.approx(multivariate_normal(cov=C).logpdf(y), rel=1e-12)


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 50.0])
def test_the_most_probable_coefficients_are_those_of_ridge(data, given, alpha):
    X, y = data
    found, wanted = ridge_bayes(X, y, alpha, 1.0, **given), ridge(X, y, alpha, **given)
    size = np.abs(wanted.coef).max()
    np.testing.assert_allclose(found.coef, wanted.coef, rtol=0, atol=1e-12 * size)
    assert found.intercept == pytest.approx(wanted.intercept, rel=1e-11)
    assert found.effective_dof == pytest.approx(wanted.effective_dof, rel=1e-8)
    assert found.certificate.objective == pytest.approx(wanted.certificate.objective, rel=1e-12)
    free = int((given.get("penalty_factor", np.ones(X.shape[1])) == 0).sum())
    assert found.gamma == pytest.approx(found.effective_dof - free, abs=1e-10)


def test_evidence_is_largest_at_what_was_chosen(data, given):
    X, y = data
    fit = ridge_bayes(X, y, **given)
    assert fit.chosen == ("alpha", "noise")

    def density(log_precision, log_noise):
        return evidence(X, y, np.exp(log_precision), np.exp(log_noise), **given)

    if fit.at_edge == "zero":  # a limit, where the dense matrices are singular
        assert fit.log_evidence > max(ridge_bayes(X, y, a, **given).log_evidence for a in np.geomspace(1e-5, 1e3, 33))
        return
    top = fit.log_evidence
    here = np.log(fit.prior_precision), np.log(fit.noise)
    assert top == pytest.approx(density(*here), rel=1e-9)
    wide = [density(here[0] + a, here[1] + b) for a in np.linspace(-7, 7, 15) for b in np.linspace(-4, 4, 9)]
    near = [density(here[0] + a, here[1] + b) for a in (-1e-3, 0, 1e-3) for b in (-1e-3, 0, 1e-3)]
    assert max(wide) <= top + 1e-9 * abs(top)
    assert max(near) <= top + 1e-9 * abs(top)
    if fit.at_edge == "infinity":
        return
    # the two conditions of MacKay, with the degrees of freedom that flat directions leave
    v = given.get("penalty_factor", np.ones(X.shape[1]))
    size = (np.where(np.isfinite(v), v, 0.0) * fit.coef**2).sum()
    assert fit.gamma == pytest.approx(fit.prior_precision * size, rel=1e-9)
    A, _, s, factors, _ = parts(X, y, **given)
    lost = (s * (y - fit.predict(X))[given.get("sample_weight", np.ones(len(y))) > 0] ** 2).sum()
    assert fit.noise == pytest.approx(lost / (len(A) - (factors == 0).sum() - fit.gamma), rel=1e-9)


@pytest.mark.parametrize("which", ["alpha", "noise"])
def test_one_of_the_two_is_chosen(data, which):
    X, y = data
    value = {"alpha": {"noise": 0.6}, "noise": {"alpha": 0.05}}[which]
    fit = ridge_bayes(X, y, **value)
    assert fit.chosen == (which,)
    assert getattr(fit, *value) == next(iter(value.values()))
    chosen = getattr(fit, which)
    for factor in (1e-6, 1e-3, 0.5, 0.999, 1.001, 2.0, 1e3, 1e6):
        other = ridge_bayes(X, y, **value, **{which: chosen * factor})
        assert other.log_evidence <= fit.log_evidence + 1e-10


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("noise", [None, 0.5])
def test_priors_on_the_precisions(shape, noise):
    X, y = build(*shape)
    (a, b), (c, d) = priors = (2.0, 1.5), (3.0, 0.2)
    fit = ridge_bayes(X, y, noise=noise, noise_prior=priors[0], weight_prior=priors[1])

    def target(logs):
        precision, beta = np.exp(logs) if noise is None else (np.exp(logs[0]), 1.0 / noise)
        prior = c * np.log(precision) - d * precision + (a * np.log(beta) - b * beta) * (noise is None)
        return -evidence(X, y, precision, 1.0 / beta) - prior

    start = [np.log(fit.prior_precision), -np.log(fit.noise)][: 1 + (noise is None)]
    limits = {"xatol": 1e-7, "fatol": 1e-12, "maxiter": 2000}
    runs = [minimize(target, np.add(start, step), method="Nelder-Mead", options=limits) for step in (0.0, 0.5, -2.0)]
    best = min(runs, key=lambda run: run.fun)
    assert target(start) <= best.fun + 1e-9
    np.testing.assert_allclose(best.x, start, atol=1e-4)
    assert fit.log_evidence == pytest.approx(evidence(X, y, fit.prior_precision, fit.noise), rel=1e-9)


def test_a_strong_prior_decides():
    X, y = build(30, 6)
    fit = ridge_bayes(X, y, noise_prior=(1e12, 1e12 * 7.0), weight_prior=(1e12, 1e12 / 1e40))
    assert fit.noise == pytest.approx(7.0, rel=1e-6)
    assert fit.prior_precision == pytest.approx(1e40, rel=1e-6)


@pytest.mark.parametrize("shape", [(30, 6), (12, 30)], ids=["tall", "wide"])
def test_no_feature_that_helps_is_the_limit_of_infinity(shape):
    X, _ = build(*shape)
    centred = X - X.mean(axis=0)
    y = np.linalg.svd(centred)[0][:, -2 if shape[0] < shape[1] else -1]
    fit = ridge_bayes(X, y - y.mean())
    assert fit.at_edge == "infinity"
    assert np.abs(fit.coef).max() < 1e-9
    assert fit.noise == pytest.approx(np.var(y, ddof=1), rel=1e-9)
    assert "infinity" in str(fit)


def test_an_exact_fit_is_the_limit_of_zero():
    X, _ = build(30, 6)
    fit = ridge_bayes(X, X @ np.arange(6.0) + 1.0)
    assert fit.at_edge == "zero"
    np.testing.assert_allclose(fit.coef, np.arange(6.0), atol=1e-13)
    assert fit.noise < 1e-25


def test_interpolation_has_a_limit_with_finite_spread():
    """Where nothing is left over the evidence has a limit for alpha to 0: that of y ~ N(0, Z Z' / precision)."""
    n, p = 12, 60
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    U, sigma, Vt = np.linalg.svd(X, full_matrices=False)
    y = U @ sigma  # components as the prior has them: no noise explains y better
    fit = ridge_bayes(X, y, fit_intercept=False)
    assert fit.at_edge == "zero"
    assert fit.prior_precision == pytest.approx(1.0, rel=1e-4)
    assert fit.log_evidence == pytest.approx(multivariate_normal(cov=X @ X.T).logpdf(y), rel=1e-6)
    wanted = np.sqrt(1.0 - (Vt**2).sum(axis=0))
    np.testing.assert_allclose(fit.coef_std, wanted, rtol=1e-4)


def test_flat_priors_are_least_squares():
    X, y = build(30, 6)
    fit = ridge_bayes(X, y, alpha=0.0)
    A = np.column_stack([np.ones(30), X])
    w, lost = np.linalg.lstsq(A, y, rcond=None)[:2]
    noise = lost[0] / (30 - 7)
    std = np.sqrt(noise * np.diag(np.linalg.inv(A.T @ A)))
    np.testing.assert_allclose(fit.coef, w[1:], rtol=1e-12)
    assert fit.noise == pytest.approx(noise, rel=1e-12)
    np.testing.assert_allclose(fit.coef_std, std[1:], rtol=1e-12)
    assert fit.intercept_std == pytest.approx(std[0], rel=1e-12)
    assert (fit.prior_precision, fit.gamma, fit.effective_dof) == (0.0, 0.0, 6.0)
    assert fit.log_evidence == pytest.approx(evidence(X, y, 1.0, noise, penalty_factor=np.zeros(6)), rel=1e-12)


def test_weights_are_precisions():
    X, y = build(24, 40)
    s = np.random.default_rng(1).uniform(0.2, 3.0, 24)
    s[::5] = 0.0
    first, scaled = ridge_bayes(X, y, sample_weight=s), ridge_bayes(X, y, sample_weight=7.0 * s)
    without = ridge_bayes(X[s > 0], y[s > 0], sample_weight=s[s > 0])
    assert scaled.noise == pytest.approx(7.0 * first.noise, rel=1e-6)
    for other in (scaled, without):
        assert other.at_edge == first.at_edge
        assert other.log_evidence == pytest.approx(first.log_evidence, rel=1e-9)
        np.testing.assert_allclose(other.coef, first.coef, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(other.coef_std, first.coef_std, rtol=1e-6)


@pytest.mark.parametrize("make_sparse", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_sparse_equals_dense(shape, make_sparse, settings):
    X, y = build(*shape)
    X[np.random.default_rng(3).random(X.shape) < 0.5] = 0.0
    given = settings("factors", *shape)
    for choice in ({}, {"alpha": 0.2, "noise": 0.5}):
        dense, found = (ridge_bayes(form, y, **choice, **given) for form in (X, make_sparse(X)))
        assert found.log_evidence == pytest.approx(dense.log_evidence, rel=1e-9)
        assert found.alpha == pytest.approx(dense.alpha, rel=1e-6)
        np.testing.assert_allclose(found.coef, dense.coef, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.coef_std, dense.coef_std, rtol=1e-7)
        new = make_sparse(X[:5])
        np.testing.assert_allclose(
            found.predict(new, return_std=True), dense.predict(X[:5], return_std=True), rtol=1e-7
        )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_single_precision_data(shape, order):
    X, y = build(*shape)
    low = np.array(X, np.float32, order=order)
    found = ridge_bayes(low, y, noise=0.5)
    wanted = ridge_bayes(low.astype(np.float64), y, noise=0.5)
    assert found.alpha == pytest.approx(wanted.alpha, rel=1e-5)
    np.testing.assert_allclose(found.coef, wanted.coef, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.coef_std, wanted.coef_std, rtol=1e-5)
    assert found.coef.dtype == found.predict(low, return_std=True)[1].dtype == np.float64


def test_standard_deviations_are_those_of_draws():
    """What the model says of new data is what it draws: coefficients from the prior, y from them."""
    rng = np.random.default_rng(0)
    X, new = rng.standard_normal((15, 25)), rng.standard_normal((4, 25))
    precision, noise = 2.0, 0.3
    scores = []
    for _ in range(400):
        w = rng.standard_normal(25) / np.sqrt(precision)
        b = 100.0 * rng.standard_normal()
        y = b + X @ w + np.sqrt(noise) * rng.standard_normal(15)
        fit = ridge_bayes(X, y, precision * noise, noise, convention="sum")
        mean, std = fit.predict(new, return_std=True)
        scores.append((b + new @ w + np.sqrt(noise) * rng.standard_normal(4) - mean) / std)
    assert np.mean(np.square(scores), axis=0) == pytest.approx(1.0, abs=0.25)  # three standard errors


def test_standardized_features():
    X, y = build(30, 6)
    X = np.column_stack([X * 10.0 ** np.arange(-3, 3), np.full(30, 2.0)])
    scale = X.std(axis=0)
    scale[-1] = 1.0
    found, wanted = ridge_bayes(X, y, standardize=True), ridge_bayes((X / scale)[:, :-1], y)
    np.testing.assert_allclose((found.coef * scale)[:-1], wanted.coef, rtol=1e-8)
    np.testing.assert_allclose((found.coef_std * scale)[:-1], wanted.coef_std, rtol=1e-8)
    assert found.coef[-1] == found.coef_std[-1] == 0.0
    assert found.log_evidence == pytest.approx(wanted.log_evidence, rel=1e-10)


@pytest.mark.parametrize("convention", conventions.CONVENTIONS)
def test_alpha_in_the_units_of_a_convention(convention):
    X, y = build(30, 6)
    chosen = ridge_bayes(X, y, convention=convention)
    given = ridge_bayes(X, y, chosen.alpha, convention=convention)
    assert chosen.convention == convention
    assert given.prior_precision == pytest.approx(chosen.prior_precision, rel=1e-12)
    assert given.noise == pytest.approx(chosen.noise, rel=1e-12)
    assert chosen.noise == pytest.approx(ridge_bayes(X, y).noise, rel=1e-12)


def test_many_features_take_no_square_matrix():
    X, y = build(20, 20_000)
    tracemalloc.start()
    try:
        fit = ridge_bayes(X, y, 0.1, 1.0)
        std = fit.coef_std
        fit.predict(X, return_std=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6  # 3.2e9 for the square
    few = np.array([0, 7, 19_999])
    K = (X - X.mean(axis=0)) @ (X - X.mean(axis=0)).T + 2.0 * np.eye(20)
    Z = (X - X.mean(axis=0))[:, few]
    np.testing.assert_allclose(std[few] ** 2, (1.0 - np.diag(Z.T @ np.linalg.solve(K, Z))) / 2.0, rtol=1e-10)


def test_without_uncertainty():
    X, y = build(24, 40)
    fit, full = ridge_bayes(X, y, uncertainty=False), ridge_bayes(X, y)
    np.testing.assert_array_equal(fit.coef, full.coef)
    assert fit.log_evidence == full.log_evidence
    assert "+-" in str(full)
    assert "+-" not in str(fit)
    for ask in (
        fit.covariance,
        lambda: fit.coef_std,
        lambda: fit.intercept_std,
        lambda: fit.predict(X, return_std=True),
    ):
        with pytest.raises(ValueError, match="uncertainty=True"):
            ask()


def test_the_result_outlives_the_data():
    X, y = build(24, 40)
    fit = ridge_bayes(X, y, 0.1, 1.0)
    new = X[:3].copy()
    before = fit.predict(new, return_std=True)[1]
    X[:] = 0.0
    y[:] = 0.0
    np.testing.assert_array_equal(fit.predict(new, return_std=True)[1], before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fit)).predict(new, return_std=True)[1], before)


def test_what_is_printed():
    X, y = build(30, 6)
    text = str(ridge_bayes(X, y))
    for word in (
        "BayesFit: 30 samples, 6 features",
        "noise",
        "precision",
        "log evidence",
        "by evidence: alpha and noise",
    ):
        assert word in text
    assert "alpha and noise as given" in str(ridge_bayes(X, y, 1.0, 1.0))


@pytest.mark.parametrize("X", [np.zeros((5, 0)), np.ones((5, 3))], ids=["none", "constant"])
def test_nothing_to_learn_from(X):
    y = np.arange(5.0)
    fit = ridge_bayes(X, y)
    assert (fit.coef == 0).all()
    assert fit.noise == pytest.approx(2.5, rel=1e-12)
    mean, std = fit.predict(X, return_std=True)
    np.testing.assert_allclose(mean, 2.0)
    np.testing.assert_allclose(std, np.sqrt(2.5 * 1.2))


GOOD = build(10, 3)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"noise": 0.0}, ValueError, "noise must be finite and positive"),
        ({"noise": -1.0}, ValueError, "noise must be finite and positive"),
        ({"noise": np.inf}, ValueError, "noise must be finite and positive"),
        ({"noise": "1"}, TypeError, "noise must be a number"),
        ({"alpha": -1.0}, ValueError, "alpha must be finite and zero or more"),
        ({"alpha": [1.0, 2.0]}, ValueError, "alpha must be a number"),
        ({"alpha": "1"}, TypeError, "alpha must be a number"),
        ({"noise_prior": 1.0}, ValueError, "noise_prior must be two numbers"),
        ({"noise_prior": (1.0, -1.0)}, ValueError, "noise_prior must be finite and zero or more"),
        ({"weight_prior": (np.nan, 1.0)}, ValueError, "weight_prior must be finite and zero or more"),
        ({"weight_prior": ("a", "b")}, TypeError, "weight_prior must be two numbers"),
        ({"weight_prior": None}, TypeError, "weight_prior must be two numbers"),
        ({"uncertainty": 1}, TypeError, "uncertainty must be True or False"),
        ({"convention": "other"}, ValueError, "convention"),
        ({"standardize": "yes"}, TypeError, "standardize must be True or False"),
        ({"sample_weight": -np.ones(10)}, ValueError, "sample_weight is negative"),
        ({"penalty_factor": [1.0, 2.0]}, ValueError, "penalty_factor must have shape"),
        ({"y": np.column_stack([GOOD[1], GOOD[1]])}, ValueError, "y must have shape"),
        ({"y": np.full(10, 3.0)}, ValueError, "y has no variation"),
        ({"y": np.full(10, 3.0), "alpha": 1.0}, ValueError, "y has no variation"),
        ({"y": np.append(GOOD[1][:-1], np.nan)}, ValueError, "y contains nan at row 9"),
        ({"X": np.ones((10, 3)), "penalty_factor": [0.0, 1.0, 1.0]}, ValueError, "a penalty have rank 0"),
        ({"X": GOOD[0][:, [0, 0, 1]], "alpha": 0.0}, ValueError, "a penalty have rank 2"),
        ({"X": build(3, 8)[0], "y": np.arange(3.0), "alpha": 0.0}, ValueError, "a penalty have rank 2"),
        ({"X": GOOD[0][:4], "y": GOOD[1][:4], "alpha": 0.0}, ValueError, "no degree of freedom for the noise"),
    ],
)  # fmt: skip
def test_bad_input(change, error, words):
    with pytest.raises(error, match=words):
        ridge_bayes(**({"X": GOOD[0], "y": GOOD[1]} | change))


@pytest.mark.parametrize(("bad", "words"), [(np.ones((2, 4)), "X has 4 features"), (np.ones(3), "must be a 2-D array")])
def test_bad_predictions(bad, words):
    with pytest.raises(ValueError, match=words):
        ridge_bayes(*GOOD).predict(bad, return_std=True)
    with pytest.raises(TypeError, match="return_std must be True or False"):
        ridge_bayes(*GOOD).predict(GOOD[0], return_std="no")


# --- data that go wrong easily, in rational arithmetic --------------------------------------------------------


def eliminate(A, B):
    """(A^-1 B, det A) by Gauss and Jordan, of Fractions."""
    M, n, determinant = np.hstack([A, B]), len(A), 1
    for i in range(n):
        k = i + int(np.argmax(np.abs(M[i:, i])))
        if k != i:
            M[[i, k]], determinant = M[[k, i]], -determinant
        determinant *= M[i, i]
        M[i] /= M[i, i]
        for r in range(n):
            if r != i:
                M[r] = M[r] - M[r, i] * M[i]
    return M[:, n:], determinant


def log(fraction):
    """Natural logarithm of a positive Fraction of any size."""
    return math.log(fraction.numerator) - math.log(fraction.denominator)


@pytest.mark.parametrize("alpha", [1e-3, 1e-9])
def test_spread_and_evidence_of_hard_data(problem, kind, options, alpha, fractions):
    X, y = problem
    noise = 0.5
    A, target, s, v, kept = parts(X, y, **options)
    flat = int((v == 0).sum())
    lam = Fraction(float(s.sum() * alpha))
    A, target, weight, factors = (fractions(part) for part in (A, target, s, v))
    system = A.T @ (weight[:, None] * A) + np.diag(lam * factors)
    covariance, determinant = eliminate(system, fractions(np.eye(len(v))))
    cross = A.T @ (weight * target)
    energy = (weight * target) @ target - cross @ covariance @ cross
    fit = ridge_bayes(X, y, alpha, noise, **options)
    first = len(v) - len(kept)
    tolerance = 1e-7 if kind == "far" and not first else 1e-9  # means of 1e8 cost eight digits where they stay
    std = np.sqrt([noise * float(c) for c in np.diag(covariance)])
    np.testing.assert_allclose(fit.coef_std[kept], std[first:], rtol=tolerance)
    if first:
        assert fit.intercept_std == pytest.approx(std[0], rel=tolerance)
    N = A[:, v == 0]
    logdet = log(determinant) - sum(log(lam * f) for f in factors[v > 0])
    logdet -= log(eliminate(N.T @ (weight[:, None] * N), N.T[:, :0])[1]) if flat else 0.0
    wanted = -0.5 * ((len(target) - flat) * math.log(2 * math.pi * noise) + float(energy) / noise + logdet)
    wanted += 0.5 * (np.log(s).sum() - flat * math.log(s.mean()))
    assert fit.log_evidence == pytest.approx(wanted, rel=tolerance)


def test_no_alpha_is_better_on_hard_data(problem, options):
    X, y = problem
    fit = ridge_bayes(X, y, **options)
    alphas = fit.alpha * np.array([1e-9, 1e-6, 1e-3, 0.1, 0.9, 0.999, 1.001, 1.1, 10.0, 1e3, 1e6, 1e9])
    others = [ridge_bayes(X, y, alpha, **options).log_evidence for alpha in alphas]
    assert max(others) <= fit.log_evidence + 1e-8
    if fit.at_edge is None:
        assert max(others[3:5] + others[7:9]) < fit.log_evidence


@pytest.mark.parametrize("a", [1e-100, 1e-7, 1e8, 1e100])
@pytest.mark.parametrize("b", [1e-100, 1e100])
def test_units_do_not_matter(a, b):
    X, y = build(30, 6)
    first, scaled = ridge_bayes(X, y), ridge_bayes(a * X, b * y)
    assert scaled.gamma == pytest.approx(first.gamma, rel=1e-9)
    assert scaled.noise == pytest.approx(b * b * first.noise, rel=1e-9)
    assert scaled.log_evidence == pytest.approx(first.log_evidence - 29 * np.log(b), rel=1e-9)
    np.testing.assert_allclose(a * scaled.coef_std / b, first.coef_std, rtol=1e-9)
    found, wanted = scaled.predict(a * X, return_std=True), first.predict(X, return_std=True)
    np.testing.assert_allclose(np.divide(found, b), wanted, rtol=1e-9)
