"""Standard errors and what goes with them against formulas written out, a peer's numbers, and repeated sampling."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from shrinkage import ridge, ridge_inference
from shrinkage.reference import ridge as textbook

KINDS = ["classical", "HC0", "HC1", "HC2", "HC3"]


def data(n=40, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ (np.eye(p) + 0.5) * rng.uniform(0.1, 10, p) + rng.uniform(-3, 3, p)
    y = 2.0 + X @ (rng.standard_normal(p) / X.std(axis=0)) + rng.standard_normal(n) * (0.5 + np.abs(X[:, 0]))
    return X, y


def by_definition(X, y, alpha, kind, *, sample_weight=None, fit_intercept=True, **options):
    """(coefficients and intercept, their standard errors, sigma^2, residual dof) from the map of y to the fit itself.

    Its columns are the fits of unit vectors; the error of sample i has the variance sigma^2 / s_i, or e_i^2 scaled.
    """
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    options |= {"sample_weight": s, "fit_intercept": fit_intercept}
    w, b = textbook.ridge(X, np.eye(len(y)), alpha, **options)
    C = np.vstack([w.T, b])
    H = textbook.hat(X, alpha, **options)
    live = s > 0
    # symmetric in the scale where errors have equal variance
    inner = np.sqrt(s[live])[:, None] * H[np.ix_(live, live)] / np.sqrt(s[live])
    dof = live.sum() - np.trace(2 * inner - inner @ inner.T)
    e, h = y - H @ y, np.diagonal(H)
    sigma2 = s @ e**2 / dof
    variance = {
        "classical": sigma2 / np.where(live, s, 1.0),
        "HC0": e**2,
        "HC1": e**2 * live.sum() / dof,
        "HC2": e**2 / (1 - h),
        "HC3": e**2 / (1 - h) ** 2,
    }[kind]
    return C @ y, np.sqrt(C[:, live] ** 2 @ variance[live]), sigma2, dof


def check(found, expected, *, fit_intercept=True, rtol=1e-9):
    center, errors, sigma2, dof = expected
    last = found.intercept_standard_error if fit_intercept else 0.0
    np.testing.assert_allclose([*found.fit.coef, found.fit.intercept], center, rtol=1e-8, atol=1e-12)
    assert found.residual_variance == pytest.approx(sigma2, rel=1e-8)
    assert found.residual_dof == pytest.approx(dof, rel=1e-9)
    kept = found.fit.penalty_factor is None or np.isfinite(found.fit.penalty_factor)
    np.testing.assert_allclose(np.append(np.where(kept, found.standard_errors, 0.0), last), errors, rtol=rtol)


# --- least squares ------------------------------------------------------------------------------------------


def test_one_feature_as_scipy_has_it():
    X, y = data(p=1)
    found, peer = ridge_inference(X, y), stats.linregress(X[:, 0], y)
    assert found.standard_errors[0] == pytest.approx(peer.stderr, rel=1e-12)
    assert found.intercept_standard_error == pytest.approx(peer.intercept_stderr, rel=1e-12)
    assert found.p_values[0] == pytest.approx(peer.pvalue, rel=1e-10)
    assert found.r2 == pytest.approx(peer.rvalue**2, rel=1e-12)
    assert found.variance_inflation[0] == pytest.approx(1.0, rel=1e-12)
    assert found.condition_number == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_least_squares_by_the_textbook(kind, fit_intercept, weighted):
    X, y = data()
    n, p = X.shape
    s = np.random.default_rng(1).uniform(0.2, 3.0, n) if weighted else np.ones(n)
    found = ridge_inference(
        X, y, sample_weight=s if weighted else None, fit_intercept=fit_intercept, covariance=kind, level=0.9
    )
    A = np.column_stack([X, np.ones(n)]) if fit_intercept else X
    inverse = np.linalg.inv(A.T @ (s[:, None] * A))
    beta = inverse @ A.T @ (s * y)
    e, dof = y - A @ beta, n - A.shape[1]
    h = s * np.einsum("ij,jk,ik->i", A, inverse, A)
    sigma2 = s @ e**2 / dof
    omega = s**2 * e**2
    meat = {"HC0": omega, "HC1": omega * n / dof, "HC2": omega / (1 - h), "HC3": omega / (1 - h) ** 2}.get(
        kind, sigma2 * s
    )
    errors = np.sqrt(np.diagonal(inverse @ A.T @ (meat[:, None] * A) @ inverse))
    np.testing.assert_allclose(found.standard_errors, errors[:p], rtol=1e-9)
    assert found.residual_variance == pytest.approx(sigma2, rel=1e-10) and found.residual_dof == dof
    t = beta / errors
    np.testing.assert_allclose(found.t, t[:p], rtol=1e-8)
    np.testing.assert_allclose(found.p_values, 2 * stats.t.sf(np.abs(t[:p]), dof), rtol=1e-7)
    reach = stats.t.ppf(0.95, dof) * errors
    np.testing.assert_allclose(found.intervals, np.column_stack([beta - reach, beta + reach])[:p], rtol=1e-8)
    center = np.average(y, weights=s) if fit_intercept else 0.0
    tss = s @ (y - center) ** 2
    assert found.r2 == pytest.approx(1 - s @ e**2 / tss, rel=1e-10)
    assert found.adjusted_r2 == pytest.approx(1 - sigma2 / (tss / (n - fit_intercept)), rel=1e-10)
    if fit_intercept:
        assert found.intercept_standard_error == pytest.approx(errors[p], rel=1e-9)
        assert found.intercept_t == pytest.approx(t[p], rel=1e-8)
        assert found.intercept_p_value == pytest.approx(2 * stats.t.sf(abs(t[p]), dof), rel=1e-7)
        np.testing.assert_allclose(found.intercept_interval, [beta[p] - reach[p], beta[p] + reach[p]], rtol=1e-8)
    else:
        assert np.isnan([found.intercept_standard_error, found.intercept_t, found.intercept_p_value]).all()
    assert found.penalized is False


def test_variance_inflation_and_condition_by_their_definitions():
    X, y = data()
    found = ridge_inference(X, y)
    for j in range(X.shape[1]):
        others = ridge(np.delete(X, j, axis=1), X[:, j], 0.0)
        r2 = others.score(np.delete(X, j, axis=1), X[:, j])
        assert found.variance_inflation[j] == pytest.approx(1 / (1 - r2), rel=1e-9)
    Z = X - X.mean(axis=0)
    assert found.condition_number == pytest.approx(np.linalg.cond(Z / np.linalg.norm(Z, axis=0)), rel=1e-10)
    uncentred = ridge_inference(X, y, fit_intercept=False)
    assert uncentred.condition_number == pytest.approx(np.linalg.cond(X / np.linalg.norm(X, axis=0)), rel=1e-10)


def test_weights_are_precisions_and_not_counts():
    X, y = data()
    s = np.random.default_rng(2).integers(1, 4, len(y)).astype(float)
    plain, scaled = ridge_inference(X, y, sample_weight=s), ridge_inference(X, y, sample_weight=7 * s)
    np.testing.assert_allclose(scaled.standard_errors, plain.standard_errors, rtol=1e-12)
    assert scaled.residual_variance == pytest.approx(7 * plain.residual_variance)
    repeated = ridge_inference(np.repeat(X, s.astype(int), axis=0), np.repeat(y, s.astype(int)))
    assert repeated.residual_dof == s.sum() - 5 and plain.residual_dof == len(y) - 5
    ratio = repeated.standard_errors / plain.standard_errors
    np.testing.assert_allclose(ratio, np.sqrt((len(y) - 5) / (s.sum() - 5)), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_weight_zero_are_not_there(kind):
    X, y = data()
    s = np.random.default_rng(2).choice([0.0, 1.0, 2.0], len(y))
    for alpha in (0.0, 0.3):
        with_zeros = ridge_inference(X, y, alpha, sample_weight=s, covariance=kind)
        without = ridge_inference(X[s > 0], y[s > 0], alpha, sample_weight=s[s > 0], covariance=kind)
        np.testing.assert_allclose(with_zeros.standard_errors, without.standard_errors, rtol=1e-10)
        assert with_zeros.residual_dof == pytest.approx(without.residual_dof, rel=1e-12)


def test_small_probabilities_keep_their_digits():
    rng = np.random.default_rng(0)
    x = np.arange(20.0)
    found = ridge_inference(x[:, None], 3 * x + 1e-3 * rng.standard_normal(20))
    assert found.p_values[0] == pytest.approx(2 * stats.t.sf(found.t[0], 18), rel=1e-10)
    assert 0 < found.p_values[0] < 1e-60
    for level in (1e-6, 0.5, 0.999999):
        wide = ridge_inference(x[:, None], x + rng.standard_normal(20), level=level)
        reach = (wide.intervals[0, 1] - wide.intervals[0, 0]) / 2
        assert reach == pytest.approx(stats.t.ppf((1 + level) / 2, 18) * wide.standard_errors[0], rel=1e-7)
    few = ridge_inference(*data(p=60), 0.2)
    assert 0 < few.residual_dof < 0.5
    reach = stats.t.ppf(0.975, few.residual_dof) * few.intercept_standard_error
    assert few.intercept_interval[1] - few.fit.intercept == pytest.approx(reach, rel=1e-7)


# --- ridge --------------------------------------------------------------------------------------------------

OPTIONS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weighted": {"sample_weight": np.random.default_rng(3).uniform(0.2, 3.0, 40)},
    "free": {"penalty_factor": [0.0, 2.0, 0.5]},
    "excluded": {"penalty_factor": [1.0, np.inf, 0.0]},
    "everything": {
        "penalty_factor": [0.0, np.inf, 2.0],
        "sample_weight": np.random.default_rng(4).choice([0.0, 0.5, 2.0], 40),
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("p", [4, 40, 60])
def test_ridge_by_definition(p, name, kind):
    X, y = data(p=p)
    options = dict(OPTIONS[name])
    if "penalty_factor" in options:
        options["penalty_factor"] = np.resize([1.0, 0.3, 1.0, 2.0], p)
        options["penalty_factor"][:3] = OPTIONS[name]["penalty_factor"]
    alpha = 0.2 if p == 4 else 5.0
    found = ridge_inference(X, y, alpha, covariance=kind, **options)
    expected = by_definition(X, y, alpha, kind, **options)
    check(found, expected, fit_intercept=options.get("fit_intercept", True), rtol=1e-7)
    assert found.penalized is True
    assert np.isnan(found.t).all() and np.isnan(found.p_values).all()
    assert np.isnan([found.intercept_t, found.intercept_p_value]).all()
    reach = stats.t.ppf(0.975, expected[3]) * expected[1]
    kept = np.isfinite(options.get("penalty_factor", np.ones(p)))
    np.testing.assert_allclose(found.intervals[kept, 1] - found.fit.coef[kept], reach[:p][kept], rtol=1e-6)
    assert np.isnan(found.standard_errors[~kept]).all() and np.isnan(found.intervals[~kept]).all()


def test_ridge_as_hoerl_and_kennard_wrote_it():
    X, y = data()
    n, p = X.shape
    lam = 3.0
    found = ridge_inference(X, y, lam, convention="sum", fit_intercept=False)
    inverse = np.linalg.inv(X.T @ X + lam * np.eye(p))
    H = X @ inverse @ X.T
    e = y - H @ y
    sigma2 = e @ e / (n - 2 * np.trace(H) + np.trace(H @ H))
    covariance = sigma2 * inverse @ X.T @ X @ inverse
    np.testing.assert_allclose(found.standard_errors, np.sqrt(np.diagonal(covariance)), rtol=1e-10)
    inflation = np.diagonal(covariance) / sigma2 * (X**2).sum(axis=0)
    np.testing.assert_allclose(found.variance_inflation, inflation, rtol=1e-10)


@pytest.mark.parametrize("p", [4, 60])
def test_standardized(p):
    X, y = data(p=p)
    scale = X.std(axis=0)
    plain, found = ridge_inference(X / scale, y, 0.2), ridge_inference(X, y, 0.2, standardize=True)
    np.testing.assert_allclose(found.standard_errors, plain.standard_errors / scale, rtol=1e-9)
    assert found.intercept_standard_error == pytest.approx(plain.intercept_standard_error, rel=1e-9)


@pytest.mark.parametrize("p", [4, 60])
def test_small_alpha_tends_to_least_squares(p):
    X, y = data(p=p)
    if p == 4:
        limit, found = ridge_inference(X, y, 0.0), ridge_inference(X, y, 1e-12)
        np.testing.assert_allclose(found.standard_errors, limit.standard_errors, rtol=1e-9)
        assert found.residual_dof == pytest.approx(limit.residual_dof, rel=1e-9)
        free = ridge_inference(X, y, 2.0, penalty_factor=np.zeros(p))
        np.testing.assert_allclose(free.p_values, limit.p_values, rtol=1e-9)
        assert free.penalized is False and free.residual_dof == limit.residual_dof
    else:
        with pytest.raises(ValueError, match="no residual degree of freedom"):
            ridge_inference(X, y, 1e-14)


@pytest.mark.parametrize("kind", ["classical", "HC3"])
@pytest.mark.parametrize("p", [4, 60])
@pytest.mark.parametrize("alphas", [0.2, [0.2, 1.5, 0.2]])
def test_targets_are_independent(kind, p, alphas):
    X, y = data(p=p)
    Y = np.column_stack([y, y**2, X[:, 0] - y])
    names = ("fit", "covariance", "level", "condition_number")
    found = ridge_inference(X, Y, alphas, covariance=kind)
    for k, alpha in enumerate(np.broadcast_to(alphas, 3)):
        alone = ridge_inference(X, Y[:, k], float(alpha), covariance=kind)
        np.testing.assert_allclose(found.fit.coef[k], alone.fit.coef, rtol=1e-8)
        for field in set(vars(alone)) - set(names):
            np.testing.assert_allclose(getattr(found, field)[k], getattr(alone, field), rtol=1e-7, err_msg=field)


def test_a_target_may_be_unpenalized_among_others():
    X, y = data()
    found = ridge_inference(X, np.column_stack([y, y]), [0.0, 0.5])
    np.testing.assert_allclose(found.p_values[0], ridge_inference(X, y).p_values, rtol=1e-9)
    assert np.isnan(found.p_values[1]).all() and found.penalized.tolist() == [False, True]
    text = repr(found)
    assert text.count(" p ") == 1 and "biased" in text


@pytest.mark.parametrize("p", [4, 60])
@pytest.mark.parametrize("kind", ["classical", "HC2"])
def test_every_kind_of_matrix(p, kind):
    X, y = data(p=p)
    X[np.abs(X) < 1.0] = 0.0
    expected = ridge_inference(X, y, 0.3, covariance=kind)
    single = ridge_inference(X.astype(np.float32), y, 0.3, covariance=kind)
    np.testing.assert_allclose(single.standard_errors, expected.standard_errors, rtol=1e-4)
    read_only = np.asfortranarray(X)
    read_only.flags.writeable = False
    for form in (sp.csr_array(X), sp.csc_matrix(X), read_only):
        found = ridge_inference(form, y, 0.3, covariance=kind)
        np.testing.assert_allclose(found.standard_errors, expected.standard_errors, rtol=1e-9)
        assert found.intercept_standard_error == pytest.approx(expected.intercept_standard_error, rel=1e-9)


def test_columns_far_from_zero_and_of_other_units():
    X, y = data()
    scale, far = np.array([1e8, 1e-8, 1.0, 1e4]), np.array([1e6, 0.0, -1e6, 3e5])
    for alpha in (0.0, 0.2):
        found = ridge_inference(X * scale + far * scale, y, alpha, standardize=alpha > 0, covariance="HC3")
        plain = ridge_inference(X, y, alpha, standardize=alpha > 0, covariance="HC3")
        np.testing.assert_allclose(found.standard_errors * scale, plain.standard_errors, rtol=1e-8)
        np.testing.assert_allclose(found.variance_inflation, plain.variance_inflation, rtol=1e-8)


# --- repeated sampling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.05, 0.5])
def test_intervals_cover_what_they_say(alpha):
    """Over 4,000 samples of the errors: the true coefficients at alpha = 0, the estimator's expectation at any."""
    rng = np.random.default_rng(5)
    X, w = rng.standard_normal((30, 3)), np.array([1.0, -0.5, 2.0])
    s = rng.uniform(0.3, 3.0, 30)
    signal = 1.0 + X @ w
    Y = signal[:, None] + 0.1 * rng.standard_normal((30, 4000)) / np.sqrt(s)[:, None]
    found = ridge_inference(X, Y, alpha, sample_weight=s, level=0.9)
    mean = ridge(X, signal, alpha, sample_weight=s)
    if alpha == 0:
        np.testing.assert_allclose(mean.coef, w, rtol=1e-12)
    inside = (found.intervals[:, :, 0] <= mean.coef) & (mean.coef <= found.intervals[:, :, 1])
    inside = np.column_stack(
        [inside, np.abs(found.fit.intercept - mean.intercept) <= np.diff(found.intercept_interval)[:, 0] / 2]
    )
    # bias inflates the residual variance: with a penalty the intervals may only be too wide
    assert (np.abs(inside.mean(axis=0) - 0.9) < 0.02).all() if alpha == 0 else (inside.mean(axis=0) > 0.88).all()
    if alpha == 0:
        assert found.residual_variance.mean() == pytest.approx(0.01, rel=0.03)
    truly = (found.intervals[:, :, 0] <= w) & (w <= found.intervals[:, :, 1])
    if alpha == 0.5:  # and the caveat is true
        assert truly.mean(axis=0).min() < 0.5


# --- refusals and words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda X: np.column_stack([X, X[:, 0] - X[:, 1]]), r"rank 4 for 5 coefficients .*: column [014] is"),
        (lambda X: np.column_stack([X, np.full(40, 123456.789)]), r"rank 4 for 5 .*: column 4 is constant or"),
        (lambda X: np.random.default_rng(0).standard_normal((40, 40)), "rank 39 for 40"),
        (lambda X: np.random.default_rng(0).standard_normal((40, 60)), "more columns than the samples"),
        (lambda X: np.random.default_rng(0).standard_normal((40, 39)), "no residual degree of freedom"),
    ],
)
def test_what_is_not_determined_is_refused(change, words):
    X, y = data()
    with pytest.raises(ValueError, match=words):
        ridge_inference(change(X), y)


@pytest.mark.parametrize("p", [5, 60])
def test_dependent_columns_without_a_penalty_are_refused(p):
    X, y = data(p=p)
    X[:, 1] = 2 * X[:, 0]
    factor = np.ones(p)
    ridge_inference(X, y, 0.5, penalty_factor=factor)
    factor[:2] = 0.0
    with pytest.raises(ValueError, match="no penalty holds"):
        ridge_inference(X, y, 0.5, penalty_factor=factor)


def test_columns_are_named():
    pd = pytest.importorskip("pandas")
    X, y = data()
    frame = pd.DataFrame(X, columns=["age", "bp", "bmi", "glu"]).assign(twice=lambda t: 2 * t["bp"])
    with pytest.raises(ValueError, match=r"column '(bp|twice)' is"):
        ridge_inference(frame, y)
    text = repr(ridge_inference(frame.drop(columns="twice"), y, covariance="HC3"))
    assert all(f"\n  {name} " in text for name in ("intercept", "age", "bp", "bmi", "glu"))
    assert "HC3" in text and "95 %" in text and "biased" not in text


def test_samples_that_decide_their_fit():
    X, y = data()
    X = np.column_stack([X, np.arange(40) == 7])
    assert np.isfinite(ridge_inference(X, y, covariance="HC1").standard_errors).all()
    for kind in ("HC2", "HC3"):
        with pytest.raises(ValueError, match="leverage, which is 0 for row 7"):
            ridge_inference(X, y, covariance=kind)


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"covariance": "HC4"}, ValueError, "covariance must be one of 'classical', 'HC0'.* got 'HC4'"),
        ({"covariance": None}, ValueError, "covariance must be"),
        ({"level": 95}, ValueError, "level must be between 0 and 1, such as 0.95, got 95"),
        ({"level": 0.0}, ValueError, "level must be between"),
        ({"level": float("nan")}, ValueError, "level must be between"),
        ({"level": "high"}, TypeError, "level must be a number"),
        ({"level": True}, TypeError, "level must be a number"),
        ({"level": [0.9, 0.95]}, ValueError, "level must be between"),
        ({"alpha": -1.0}, ValueError, "alpha must be finite and zero or more"),
        ({"convention": "mine"}, ValueError, "convention"),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(error, match=words):
        ridge_inference(*data(), **options)


def test_what_does_not_fit_in_memory_is_refused(monkeypatch):
    monkeypatch.setattr("shrinkage._design.physical_memory", lambda: 1000.0)
    with pytest.raises(ValueError, match=r"dense copy of X and its factors, and for 40 x 4 .*fewer features or rows"):
        ridge_inference(*data())


def test_no_features_and_constant_targets():
    y = data()[1]
    found = ridge_inference(np.empty((40, 0)), y)
    assert found.intercept_standard_error == pytest.approx(y.std(ddof=1) / np.sqrt(40), rel=1e-12)
    assert found.residual_dof == 39 and found.standard_errors.shape == (0,)
    flat = ridge_inference(data()[0], np.full(40, 3.0))
    assert np.isnan(flat.r2) and flat.residual_variance == 0.0


def test_the_printout_says_what_intervals_of_ridge_are_not():
    found = ridge_inference(*data(p=60), 0.5)
    text = " ".join(repr(found).split())
    assert "for the expectation of the ridge estimator" in text and "not for the true coefficients" in text
    assert "... 40 smaller coefficients" in text
    assert max(map(len, repr(found).splitlines())) <= 120
