"""Gradient descent: every step is the textbook's, its history is what happened, and it ends where the solvers do."""

import math

import numpy as np
import pytest
import scipy.sparse as sp

import shrinkage
from shrinkage import elastic_net, gradient_descent, ridge
from shrinkage.conventions import CONVENTIONS, from_canonical

#: A step has a handful of roundings.
DIGITS = 1e-13

LOSSES = ["squared_error", "huber", "squared_epsilon_insensitive", "log_loss", "squared_hinge", "modified_huber"]
CLASSES = ["log_loss", "squared_hinge", "modified_huber"]


def make(n=40, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1)) + 0.5 * rng.normal(size=p)
    return X, X @ rng.normal(size=p) + 2 + rng.normal(size=n)


def target(loss, X, y):
    if loss in CLASSES:
        return (y > np.median(y)).astype(float)
    return np.round(np.exp(y - y.mean()).clip(0, 9)) if loss == "poisson" else y


@pytest.fixture(params=["passes", "gram"])
def form(request, monkeypatch):
    """Steps that read X, and those that take its Gram matrix."""
    monkeypatch.setattr("shrinkage.descent.takes_gram", lambda *_: request.param == "gram")
    return request.param


# --- the steps, as books write them ---------------------------------------------------------------------------


def step_notebook(X, y, w, a, lam):
    m = len(y)
    gradient = -2 / m * X.T @ (y - X @ w)
    return w * (1 - a * lam / m) - a * gradient


def step_half_mean(X, y, w, eta, lam):
    gradient = X.T @ (X @ w - y) / len(y)
    return (1 - 2 * eta * lam) * w - eta * gradient


def step_mean(X, y, theta, eta, lam):
    return theta - eta * (-2 / len(y) * X.T @ (y - X @ theta) + 2 * lam * theta)


def step_weight_decay(X, y, w, lr, decay):
    gradient = X.T @ (X @ w - y) / len(y)
    return w - lr * gradient - lr * decay * w


def step_sum(X, y, w, lr, lam):
    return w - lr * (2 * X.T @ (X @ w - y) + 2 * lam * w)


def step_two_lambda(X, y, w, lr, pair):
    v = w - lr * (X.T @ (X @ w - y) / len(y) + 2 * pair[1] * w)
    return np.sign(v) * np.maximum(np.abs(v) - lr * pair[0], 0)


@pytest.mark.parametrize(
    ("convention", "alpha", "lr", "step"),
    [
        ("notebook", 3.0, 0.02, step_notebook),
        ("half_mean", 0.3, 0.03, step_half_mean),
        ("mean", 0.3, 0.02, step_mean),
        ("weight_decay", 0.3, 0.03, step_weight_decay),
        ("sum", 7.0, 0.0004, step_sum),
        ("two_lambda", (0.4, 0.2), 0.03, step_two_lambda),
    ],
)
def test_steps_are_those_of_the_books(form, convention, alpha, lr, step):
    X, y = make()
    start = np.arange(5.0)
    way = gradient_descent(
        X, y, alpha, lr, n_iter=12, convention=convention, fit_intercept=False, coef_init=start, check_step=False
    )
    w = start
    for k in range(12):
        np.testing.assert_allclose(way.history.coef[k], w, rtol=DIGITS, atol=DIGITS)
        w = step(X, y, w, lr, alpha)
    np.testing.assert_allclose(way.coef, w, rtol=DIGITS, atol=DIGITS)
    assert way.n_iter == 12 and way.intercept == 0.0


def test_weights_that_no_loss_moves_decay_by_a_factor():
    X, y = np.zeros((100, 3)), np.zeros(100)
    start = np.array([5.0, 2.0, 0.5])
    l2 = gradient_descent(
        X, y, 10.0, 1.0, n_iter=30, convention="notebook", fit_intercept=False, coef_init=start, check_step=False
    )
    np.testing.assert_allclose(l2.history.coef, np.outer(0.9 ** np.arange(31), start), rtol=1e-14)
    assert (l2.coef > 0).all()
    l1 = gradient_descent(X, y, 0.1, 1.0, n_iter=60, l1_ratio=1.0, fit_intercept=False, coef_init=start)
    falling = np.maximum(start - 0.1 * np.arange(61)[:, None], 0)
    np.testing.assert_allclose(l1.history.coef, falling, atol=1e-13)
    assert (l1.coef == 0.0).all() and not np.signbit(l1.coef).any()


@pytest.mark.parametrize("loss", [*LOSSES, "poisson"])
@pytest.mark.parametrize("momentum", [0.0, 0.7])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.6])
def test_steps_and_history_of_every_loss(form, loss, momentum, l1_ratio):
    """The intercept moves by the same gradient and is not penalized; history is recomputed from the coefficients."""
    X, y = make(30, 3)
    y, s = target(loss, X, y), np.random.default_rng(1).integers(0, 4, 30).astype(float)
    alpha, lr, start = 0.2, 0.02, np.array([0.5, 0.0, -0.5])
    way = gradient_descent(
        X, y, alpha, lr, n_iter=9, loss=loss, epsilon=0.3, momentum=momentum, l1_ratio=l1_ratio, sample_weight=s,
        coef_init=start, intercept_init=0.25, check_step=False,
    )  # fmt: skip
    kind, coded = way.loss, (2 * y - 1 if loss in CLASSES else y)
    path, before = [(start, 0.25)], (start, 0.25)
    for _ in range(9):
        w, b = path[-1]
        u = s * kind.slopes(coded, X @ w + b) / s.sum()
        v = w - lr * (X.T @ u + alpha * (1 - l1_ratio) * w) + momentum * (w - before[0])
        new = np.sign(v) * np.maximum(np.abs(v) - lr * alpha * l1_ratio, 0)
        before = w, b
        path.append((new, b - lr * u.sum() + momentum * (b - path[-2][1] if len(path) > 1 else 0.0)))
    W, B = np.array([w for w, _ in path]), np.array([b for _, b in path])
    h = way.history
    np.testing.assert_allclose(h.coef, W, rtol=DIGITS, atol=DIGITS)
    np.testing.assert_allclose(h.intercept, B, rtol=DIGITS, atol=DIGITS)
    losses = [s @ kind.values(coded, X @ w + b) / s.sum() for w, b in path]
    penalties = alpha * (l1_ratio * np.abs(W).sum(axis=1) + (1 - l1_ratio) / 2 * (W**2).sum(axis=1))
    np.testing.assert_allclose(h.loss, losses, rtol=1e-12)
    np.testing.assert_allclose(h.penalty, penalties, rtol=1e-12)
    np.testing.assert_allclose(h.objective, losses + penalties, rtol=1e-12)
    np.testing.assert_allclose(h.norm, np.linalg.norm(W, axis=1), rtol=1e-12)
    assert len(h) == 10 and way.coef.tolist() == h.coef[-1].tolist() and way.intercept == h.intercept[-1]

    last = gradient_descent(
        X, y, alpha, lr, n_iter=9, loss=loss, epsilon=0.3, momentum=momentum, l1_ratio=l1_ratio, sample_weight=s,
        coef_init=start, intercept_init=0.25, check_step=False, history=False,
    )  # fmt: skip
    for name in ("loss", "penalty", "objective", "norm", "coef", "intercept"):
        np.testing.assert_array_equal(getattr(last.history, name), getattr(h, name)[-1:])


@pytest.mark.parametrize("convention", [name for name in CONVENTIONS if name != "two_lambda"])
def test_history_is_in_the_units_of_the_convention(convention):
    X, y = make()
    W = len(y)
    alpha = from_canonical(0.3, convention, sum_weights=W)
    way = gradient_descent(X, y, alpha, convention=convention, n_iter=3)
    r, w = y - way.predict(X), way.coef
    loss, penalty = {
        "canonical": (r @ r / (2 * W), alpha / 2 * w @ w),
        "sum": (r @ r, alpha * w @ w),
        "half_mean": (r @ r / (2 * W), alpha * w @ w),
        "mean": (r @ r / W, alpha * w @ w),
        "notebook": (r @ r / W, alpha / (2 * W) * w @ w),
        "inverse": (alpha * r @ r / 2, w @ w / 2),
        "weight_decay": (r @ r / (2 * W), alpha / 2 * w @ w),
    }[convention]
    assert way.history.loss[-1] == pytest.approx(loss, rel=1e-12)
    assert way.history.penalty[-1] == pytest.approx(penalty, rel=1e-12)
    assert way.alpha == alpha and way.l1_ratio == 0.0 and way.convention == convention
    # the certificate is canonical whatever the convention
    assert way.certificate.objective == pytest.approx(r @ r / (2 * W) + 0.15 * w @ w, rel=1e-12)


# --- where it ends ----------------------------------------------------------------------------------------------


def test_limits_are_the_closed_forms(form):
    X, y = make(60, 6)
    m, I, lam = len(y), np.eye(6), 0.4
    options = {"n_iter": 4000, "fit_intercept": False, "history": False}
    half = gradient_descent(X, y, lam, convention="half_mean", **options)
    np.testing.assert_allclose(half.coef, np.linalg.solve(X.T @ X + 2 * m * lam * I, X.T @ y), rtol=1e-11)
    mean = gradient_descent(X, y, lam, convention="mean", **options)
    np.testing.assert_allclose(mean.coef, np.linalg.solve(X.T @ X + m * lam * I, X.T @ y), rtol=1e-11)
    notebook = gradient_descent(X, y, lam * 100, convention="notebook", **options)
    np.testing.assert_allclose(notebook.coef, np.linalg.solve(X.T @ X + lam * 50 * I, X.T @ y), rtol=1e-11)
    assert half.converged and mean.converged and notebook.converged


@pytest.mark.parametrize("convention", list(CONVENTIONS))
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_limit_is_ridge(convention, momentum):
    X, y = make(60, 6)
    alpha = from_canonical(0.4, convention, sum_weights=60)
    way = gradient_descent(X, y, alpha, convention=convention, n_iter=4000, momentum=momentum, history=False)
    fit = ridge(X, y, 0.4)
    np.testing.assert_allclose(way.coef, fit.coef, rtol=1e-10)
    assert way.intercept == pytest.approx(fit.intercept, rel=1e-10)
    assert way.converged and way.certificate.relative_gap < 1e-18 and way.certificate.kkt_violation < 1e-12


@pytest.mark.parametrize(("n", "p"), [(60, 6), (20, 30)])
@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
def test_limit_with_l1_is_the_elastic_net(form, n, p, l1_ratio):
    X, y = make(n, p)
    way = gradient_descent(X, y, 0.1, l1_ratio=l1_ratio, tol=1e-12, n_iter=50_000, history=False)
    fit = elastic_net(X, y, 0.1, l1_ratio=l1_ratio, tol=1e-14)
    # a gap that is a square of errors in the coefficients
    np.testing.assert_allclose(way.coef, fit.coef, atol=1e-5 * np.abs(fit.coef).max())
    assert way.certificate.objective == pytest.approx(fit.certificate.objective, rel=1e-10)
    assert way.converged and ((way.coef == 0) == (fit.coef == 0)).all()


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_limit_of_log_loss_is_logistic_regression(fit_intercept):
    linear = pytest.importorskip("sklearn.linear_model")
    X, y = make(80, 4)
    y = target("log_loss", X, y)
    way = gradient_descent(
        X, y, 0.5, convention="inverse", loss="log_loss", fit_intercept=fit_intercept, tol=1e-13, n_iter=20_000,
        history=False,
    )  # fmt: skip
    theirs = linear.LogisticRegression(C=0.5, fit_intercept=fit_intercept, tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(way.coef, theirs.coef_[0], rtol=1e-5)
    np.testing.assert_allclose(way.intercept, np.ravel(theirs.intercept_)[0] if fit_intercept else 0.0, atol=1e-5)
    np.testing.assert_array_equal(way.predict(X), theirs.predict(X))
    signs = gradient_descent(X, 2 * y - 1, 0.5, convention="inverse", loss="log_loss", n_iter=50)
    assert set(signs.predict(X)) == {-1.0, 1.0} and way.classes == (0.0, 1.0) and signs.classes == (-1.0, 1.0)


def test_limit_of_poisson_is_the_generalized_linear_model():
    linear = pytest.importorskip("sklearn.linear_model")
    X, y = make(80, 4)
    y = target("poisson", X, y)
    way = gradient_descent(X, y, 0.1, 0.02, loss="poisson", tol=1e-13, n_iter=100_000, history=False)
    theirs = linear.PoissonRegressor(alpha=0.1, tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(way.coef, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(way.predict(X), theirs.predict(X), rtol=1e-4)
    assert math.isnan(way.step_bound)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("alpha", "l1_ratio", "momentum"), [(0.1, 0.0, 0.0), (0.1, 0.7, 0.5), (0.05, 1.0, 0.0)])
def test_no_other_point_is_better(loss, alpha, l1_ratio, momentum):
    X, y = make(50, 4)
    y = target(loss, X, y)
    options = {"loss": loss, "l1_ratio": l1_ratio, "epsilon": 0.5, "history": False}
    way = gradient_descent(X, y, alpha, momentum=momentum, tol=1e-9, n_iter=20_000, **options)
    best, coded = way.history.objective[-1], 2 * y - 1 if loss in CLASSES else y
    assert way.converged and way.certificate.relative_gap <= 1e-9
    rng = np.random.default_rng(0)
    for size in np.repeat([1e-3, 1e-5], 20):
        w, b = way.coef + size * rng.normal(size=4), way.intercept + size * rng.normal()
        penalty = alpha * (l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * w @ w)
        assert way.loss.values(coded, X @ w + b).mean() + penalty >= best - way.certificate.duality_gap
    # the gap of a point that is not the best is what is missing there, or more
    near = gradient_descent(X, y, alpha, 1e-9, n_iter=1, coef_init=w + 0.1, intercept_init=b, **options)
    assert near.certificate.duality_gap >= near.certificate.objective - best > 1e-4


# --- certificates -----------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:the unpenalized least-squares")
@pytest.mark.parametrize("shape", [(60, 6), (12, 30)])
@pytest.mark.parametrize("alpha", [0.0, 1e-9, 0.3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gap_of_the_squared_error_bounds_what_is_missing(form, shape, alpha, fit_intercept):
    X, y = make(*shape)
    best = ridge(X, y, alpha, fit_intercept=fit_intercept).certificate.objective
    for n_iter in (1, 30, 300):
        way = gradient_descent(X, y, alpha, n_iter=n_iter, fit_intercept=fit_intercept)
        missing = way.certificate.objective - best
        assert way.certificate.objective == pytest.approx(way.history.objective[-1], rel=1e-12)
        assert way.certificate.duality_gap >= missing * (1 - 1e-8) - 1e-14
        if shape == (60, 6) and (form == "gram" or alpha == 0):  # with a factor the gap is what is missing
            assert way.certificate.duality_gap == pytest.approx(missing, rel=1e-6, abs=1e-14)
        r = way.predict(X) - y
        gradient = np.append(X.T @ r / len(y) + alpha * way.coef, r.mean() if fit_intercept else 0.0)
        assert way.certificate.kkt_violation == pytest.approx(np.abs(gradient).max(), rel=1e-9, abs=1e-14)


def test_collinear_columns_without_a_penalty():
    """No factor of the Gram matrix: what the columns can still explain comes from X, or from the residuals alone."""
    X, y = make(60, 4)
    X = np.hstack([X, X[:, :2]])
    best = ridge(X[:, :4], y, 0.0).certificate.objective
    few = gradient_descent(X, y, 0.0, n_iter=20)
    assert few.certificate.duality_gap == pytest.approx(few.certificate.objective - best, rel=1e-6)
    many = gradient_descent(X, y, 0.0, n_iter=100_000, tol=1e-10, history=False)
    assert many.converged and 0 <= many.certificate.objective - best < 1e-9
    wide = gradient_descent(*make(12, 30), 0.0, n_iter=100_000, tol=1e-8, history=False)
    assert wide.converged and wide.certificate.objective < 1e-6


def test_tol_ends_the_descent():
    X, y = make()
    way = gradient_descent(X, y, 0.3, tol=1e-6, n_iter=10_000)
    assert way.converged and way.n_iter < 10_000 and way.certificate.relative_gap <= 1e-6
    assert len(way.history) == len(way.history.coef) == way.n_iter + 1
    before = gradient_descent(X, y, 0.3, n_iter=int(way.n_iter / 1.2) - 10)
    assert before.certificate.relative_gap > 1e-6
    again = gradient_descent(X, y, 0.3, tol=1e-6, coef_init=way.coef, intercept_init=way.intercept)
    assert again.n_iter == 0 and again.coef.tolist() == way.coef.tolist() and len(again.history) == 1
    with pytest.warns(shrinkage.ConvergenceWarning, match="did not reach tol=1e-06 in 20 steps"):
        assert not gradient_descent(X, y, 0.3, tol=1e-6, n_iter=20).converged


# --- the step bound ---------------------------------------------------------------------------------------------


def curvature(X, s, decay, fit_intercept, bend=1.0):
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    H = bend * A.T @ (s[:, None] * A) / s.sum()
    H[: X.shape[1], : X.shape[1]] += decay * np.eye(X.shape[1])
    return np.linalg.eigvalsh(H)[-1]


# Gram matrices with and without all eigenvalues, and passes over X
@pytest.mark.parametrize("shape", [(40, 5), (1, 1), (500, 210), (5, 80)])
@pytest.mark.parametrize("storage", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_bound_is_two_over_the_largest_curvature(shape, storage, fit_intercept):
    X, y = make(*shape)
    s = np.random.default_rng(3).uniform(0.5, 2, len(y))
    options = {"n_iter": 1, "fit_intercept": fit_intercept, "sample_weight": s}
    way = gradient_descent(storage(X), y, 0.7, **options)
    L = curvature(X, s, 0.7, fit_intercept)
    assert way.step_bound == pytest.approx(2 / L, rel=1e-8) and way.lr == pytest.approx(1 / L, rel=1e-8)
    mean = gradient_descent(storage(X), y, 0.7, convention="mean", momentum=0.5, **options)
    L = 2 * curvature(X, s, 0.7, fit_intercept)
    assert mean.step_bound == pytest.approx(3 / L, rel=1e-8) and mean.lr == pytest.approx(1.5 / L, rel=1e-8)
    signs = np.where(np.arange(len(y)) % 2, 1.0, -1.0)
    logistic = gradient_descent(storage(X), signs, 0.7, loss="log_loss", momentum=0.5, **options)
    L = curvature(X, s, 0.7, fit_intercept, 0.25)
    assert logistic.step_bound == pytest.approx(3 / L, rel=1e-8) and logistic.lr == pytest.approx(0.5 / L, rel=1e-8)


def test_bound_of_spectra_that_iterations_find_hard(monkeypatch):
    monkeypatch.setattr("shrinkage.descent.takes_gram", lambda *_: False)
    order = np.random.default_rng(0).permutation(300)
    for values in (np.ones(300), np.append(np.zeros(299), 5.0), 1 - np.arange(300) * 1e-6, np.logspace(0, -140, 300)):
        X = np.diag(values)[:, order]
        way = gradient_descent(X, X[:, 0] + 1, 0.0, n_iter=1, fit_intercept=False)
        assert way.step_bound == pytest.approx(2 * 300 / values.max() ** 2, rel=2e-6)
    nothing = gradient_descent(np.zeros((3, 300)), np.arange(3.0), 0.0, n_iter=1, fit_intercept=False)
    assert nothing.step_bound == np.inf and nothing.lr == 1.0 and not nothing.coef.any() and nothing.converged


@pytest.mark.parametrize("momentum", [0.0, 0.6])
@pytest.mark.parametrize("convention", ["canonical", "notebook", "sum"])
def test_just_below_the_bound_steps_converge_and_above_they_diverge(form, momentum, convention):
    X, y = make()
    options = {"convention": convention, "momentum": momentum}
    bound = gradient_descent(X, y, 0.5, n_iter=1, **options).step_bound
    below = gradient_descent(X, y, 0.5, 0.99 * bound, n_iter=6000, **options)
    assert below.lr == 0.99 * bound and below.step_bound == bound
    np.testing.assert_allclose(below.coef, ridge(X, y, 0.5, convention=convention).coef, rtol=1e-8)
    with pytest.raises(
        ValueError, match=r"^lr=.* is above the step bound 2 .*/ L = .*check_step=False to see it happen"
    ):
        gradient_descent(X, y, 0.5, 1.01 * bound, **options)
    way = {"check_step": False, "n_iter": 600, "coef_init": np.ones(5)}
    above = gradient_descent(X, y, 0.5, 1.01 * bound, **options, **way)
    assert math.isnan(above.step_bound) and not above.converged and not above.diverged
    growth = above.history.objective
    assert growth[-1] > 100 * growth[-300] > 1e4 * growth[0]


def test_divergence_is_told():
    X, y = make()
    with pytest.warns(shrinkage.ConvergenceWarning, match=r"diverged: step \d+ left the range of float64 \(lr=1000\)"):
        way = gradient_descent(X, y, 0.5, 1000.0, check_step=False)
    assert way.diverged and not way.converged and not way.certificate.converged and 0 < way.n_iter < 200
    assert len(way.history) == way.n_iter + 1 and all(np.isfinite(v).all() for v in vars(way.history).values())
    assert np.isfinite(way.coef).all() and way.coef.tolist() == way.history.coef[-1].tolist()
    assert "diverged after" in repr(way) and "NOT converged" in repr(way)
    with pytest.warns(shrinkage.ConvergenceWarning, match="diverged"):
        last = gradient_descent(X, y, 0.5, 1000.0, check_step=False, history=False)
    assert last.coef.tolist() == way.coef.tolist() and last.history.objective[0] == way.history.objective[-1]
    with pytest.warns(shrinkage.ConvergenceWarning, match="diverged"):
        assert gradient_descent(X, target("poisson", X, y), 0.0, 50.0, loss="poisson").diverged


# --- the same problem in other forms ----------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_storages_agree(form, loss):
    X, y = make(50, 6)
    X[np.random.default_rng(4).random(X.shape) < 0.6] = 0
    X = X.astype(np.float32)
    y = target(loss, X, y)
    options = {"loss": loss, "n_iter": 40, "l1_ratio": 0.3, "sample_weight": np.arange(50) % 5.0}
    first = gradient_descent(X.astype(float), y, 0.05, **options)
    padded = np.zeros((100, 9), np.float32)
    padded[::2, :6] = X
    for other in (X, np.asfortranarray(X), np.asfortranarray(X.astype(float)), padded[::2, :6], sp.csr_array(X),
                  sp.csc_array(X.astype(float)), sp.coo_array(X)):  # fmt: skip
        way = gradient_descent(other, y, 0.05, **options)
        np.testing.assert_allclose(way.history.coef, first.history.coef, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(way.history.objective, first.history.objective, rtol=1e-12)
        assert way.certificate.relative_gap == pytest.approx(first.certificate.relative_gap, rel=1e-6)


def test_sparse_columns_far_from_zero():
    """They are stored shifted by their means; the steps are on X as it was given."""
    X, y = make(30, 3)
    X += np.array([1000.0, 0.0, -50.0])
    for l1_ratio in (0.0, 0.5):
        dense = gradient_descent(X, y, 0.3, n_iter=20, l1_ratio=l1_ratio)
        sparse = gradient_descent(sp.csr_array(X), y, 0.3, n_iter=20, l1_ratio=l1_ratio)
        np.testing.assert_allclose(sparse.history.coef, dense.history.coef, rtol=1e-9)
        assert sparse.certificate.objective == pytest.approx(dense.certificate.objective, rel=1e-10)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "modified_huber"])
def test_weights_are_repeated_rows(form, loss):
    X, y = make(30, 4)
    y, s = target(loss, X, y), np.arange(30) % 4
    options = {"loss": loss, "n_iter": 25}
    weighted = gradient_descent(X, y, 0.1, sample_weight=s.astype(float), **options)
    repeated = gradient_descent(np.repeat(X, s, axis=0), np.repeat(y, s), 0.1, **options)
    np.testing.assert_allclose(weighted.history.coef, repeated.history.coef, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(weighted.history.objective, repeated.history.objective, rtol=1e-11)
    assert weighted.lr == pytest.approx(repeated.lr, rel=1e-12)


@pytest.mark.parametrize(
    "kind", ["plain", "exact fit", "scaled", "collinear", "powers", "far from zero", "float32", "sparse"]
)
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"l1_ratio": 0.5}, {"fit_intercept": False}], ids=str)
@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_gram_matrix_takes_the_same_steps(monkeypatch, kind, options, alpha):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    if kind == "scaled":
        X *= np.logspace(0, -4, 6)
    elif kind == "collinear":
        X[:, 1] = X[:, 0] + 1e-6 * X[:, 1]
    elif kind == "powers":
        X = np.linspace(0, 1, 200)[:, None] ** np.arange(1, 7)
    elif kind == "far from zero":
        X += 100
    y = X @ rng.normal(size=6) + (0 if kind == "exact fit" else rng.normal(size=200))
    X = {"float32": X.astype(np.float32), "sparse": sp.csr_array(X * (X > 0.5))}.get(kind, X)
    found = {}
    for form in (True, False):
        monkeypatch.setattr("shrinkage.descent.takes_gram", lambda *_, form=form: form)
        found[form] = gradient_descent(X, y, alpha, n_iter=500, lr=found[True].lr if found else None, **options)
    gram, passes = found[True].history, found[False].history
    scale = np.abs(passes.coef).max()
    np.testing.assert_allclose(gram.coef, passes.coef, rtol=0, atol=1e-12 * scale)
    # losses that vanish are as exact as rounding of y lets them be
    np.testing.assert_allclose(gram.objective, passes.objective, rtol=1e-11, atol=1e-15 * passes.objective[0])


def test_one_row_and_no_feature():
    one = gradient_descent([[2.0]], [3.0], 1.0, n_iter=3000)
    assert one.coef == pytest.approx([0.0], abs=1e-12) and one.intercept == pytest.approx(3.0)
    for loss in ("squared_error", "log_loss"):
        none = gradient_descent(np.empty((4, 0)), [0.0, 1.0, 1.0, 1.0], 1.0, loss=loss, n_iter=200)
        expected = 0.75 if loss == "squared_error" else math.log(3)
        assert none.coef.shape == (0,) and none.intercept == pytest.approx(expected) and none.converged
        assert none.history.coef.shape == (201, 0)


def test_long_steps_of_heavy_ball_reach_further():
    """What momentum is for: in as many steps it comes nearer."""
    X, y = make(60, 6)
    X *= np.logspace(0, -1.5, 6)
    plain = gradient_descent(X, y, 1e-3, n_iter=300)
    ball = gradient_descent(X, y, 1e-3, n_iter=300, momentum=0.9)
    assert ball.certificate.relative_gap < 0.1 * plain.certificate.relative_gap
