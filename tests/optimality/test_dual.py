"""Certificates of linear models: bounds that are true everywhere and zero where they should be."""

import copy
import math

import numpy as np
import pytest
from scipy import optimize, sparse
from sklearn.linear_model import LogisticRegression, PoissonRegressor

import shrinkage
from shrinkage import elastic_net
from shrinkage._design import Samples
from shrinkage._dual import Blocks, Proof, Rest, best_intercept, certify
from shrinkage.losses import _LOSSES, loss_of
from shrinkage.reference import gaps
from shrinkage.reference.scalar import value

NAMES = list(_LOSSES)
KINKED = {"hinge", "perceptron", "epsilon_insensitive"}
SMOOTH = [name for name in NAMES if name not in KINKED]
#: l1, l2
PENALTIES = [(0.03, 0.0), (0.0, 0.05), (0.03, 0.02), (0.03, 1e-9)]


def data(name, n=80, p=6, seed=0):
    """(loss, X, y, s) with means that are not zero and classes that overlap."""
    rng, loss = np.random.default_rng(seed), loss_of(name, 0.3)
    X = rng.standard_normal((n, p)) + np.linspace(-1, 1, p)
    eta = 0.4 * X @ np.resize([1.0, -1.0, 0.0], p) + 0.3
    if loss.domain == "sign":
        y = np.where(rng.random(n) < 1 / (1 + np.exp(-eta)), 1.0, -1.0)
    elif loss.domain == "count":
        y = rng.poisson(np.exp(eta)).astype(float)
    else:
        y = eta + rng.standard_normal(n)
    return loss, X, y, np.where(rng.random(n) < 0.1, 0.0, rng.uniform(0.5, 2.0, n))


def objective(loss, X, y, s, l1, l2, w, b, total=None):
    eta = X @ w + b
    penalty = l1 * np.abs(w).sum() + 0.5 * l2 * (w @ w)
    return s @ value(loss.kind, loss.parameter, y, eta) / (s.sum() if total is None else total) + penalty


def minimum(loss, X, y, s, l1, l2, fit_intercept):
    """(w, b) by SciPy: parts of both signs and bounds, then the equations of those that are not zero."""
    p = X.shape[1]

    def f(z):
        w, b = z[:p] - z[p : 2 * p], z[2 * p] if fit_intercept else 0.0
        u = s * loss.slopes(y, X @ w + b) / s.sum()
        g = X.T @ u + l2 * w
        slope = [u.sum()] if fit_intercept else []
        return objective(loss, X, y, s, 0, l2, w, b) + l1 * z[: 2 * p].sum(), np.hstack([g + l1, l1 - g, slope])

    bounds = [(0, None)] * (2 * p) + [(None, None)] * fit_intercept
    found = optimize.minimize(
        f, np.zeros(2 * p + fit_intercept), jac=True, bounds=bounds, method="L-BFGS-B",
        options={"maxiter": 500 if loss.name in KINKED else 3000, "ftol": 1e-16, "gtol": 1e-12, "maxcor": 30},
    )  # fmt: skip
    w, b = found.x[:p] - found.x[p : 2 * p], found.x[2 * p] if fit_intercept else 0.0
    if loss.name in KINKED:
        return w, b
    live = np.abs(w) > 1e-7 if l1 else np.ones(p, bool)
    sign = np.sign(w[live])

    def equations(z):
        w = np.zeros(p)
        w[live], b = z[: live.sum()], z[-1] if fit_intercept else 0.0
        u = s * loss.slopes(y, X @ w + b) / s.sum()
        rest = X[:, live].T @ u + l2 * w[live] + l1 * sign
        return np.append(rest, u.sum()) if fit_intercept else rest

    z = optimize.root(equations, np.append(w[live], b) if fit_intercept else w[live], tol=1e-15).x
    w = np.zeros(p)
    w[live], b = z[: live.sum()], z[-1] if fit_intercept else 0.0
    return w, b


def prove(loss, X, y, s, l1, l2, w, b, fit_intercept=True, tol=1e-9):
    """The certificate of one setting."""
    samples = Samples(X, y, s, loss=loss)
    w, b, l1, l2 = np.atleast_2d(w), np.atleast_1d(b), np.atleast_1d(l1), np.atleast_1d(l2)
    return certify(samples, loss, w, b, l1, l2, fit_intercept, tol, 7)[0]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1, l2", PENALTIES)
@pytest.mark.parametrize("name", NAMES)
def test_a_true_bound(name, l1, l2, fit_intercept):
    """objective - gap is below the least that SciPy finds, from everywhere; for smooth losses it is that at the end."""
    loss, X, y, s = data(name)
    w, b = minimum(loss, X, y, s, l1, l2, fit_intercept)
    least, rng = objective(loss, X, y, s, l1, l2, w, b), np.random.default_rng(1)
    points = [(w, b), (np.zeros(6), b), (np.zeros(6), 0.0)]
    for far in (1e-6, 1e-3, 0.1, 1.0, 10.0):
        points.append((w + far * rng.standard_normal(6), b + far * rng.standard_normal()))
        points.append((np.where(w == 0, 0.0, w + far * rng.standard_normal(6)), b))
    for w, b in points:
        b = b if fit_intercept else 0.0
        found = prove(loss, X, y, s, l1, l2, w, b, fit_intercept)
        mine = objective(loss, X, y, s, l1, l2, w, b)
        assert found.objective == pytest.approx(mine, rel=1e-13)
        assert found.duality_gap >= max(0.0, mine - least - 1e-13 * max(1.0, abs(mine)))
    best = prove(loss, X, y, s, l1, l2, *points[0], fit_intercept)
    assert best.n_iter == 7
    if name not in KINKED:
        assert best.duality_gap <= 1e-10
        assert best.kkt_violation <= 1e-10
        assert best.converged


@pytest.mark.parametrize("name", sorted(KINKED))
def test_losses_with_kinks_against_linear_programs(name):
    """At the vertex that HiGHS finds: its objective, and a bound that is true."""
    loss, X, y, s = data(name)
    n, p, l1, S = *X.shape, 0.02, s / s.sum()
    Z = np.column_stack([X, -X, np.ones(n)])
    slack = -np.eye(n)
    if loss.classifies:
        A, c = np.hstack([-y[:, None] * Z, slack]), np.full(n, -loss.parameter)
    else:
        A = np.vstack([np.hstack([Z, slack]), np.hstack([-Z, slack])])
        c = np.append(y + loss.parameter, loss.parameter - y)
    cost = np.hstack([np.full(2 * p, l1), 0.0, S])
    bounds = [(0, None)] * (2 * p) + [(None, None)] + [(0, None)] * n
    found = optimize.linprog(cost, A, c, bounds=bounds)
    w, b = found.x[:p] - found.x[p : 2 * p], found.x[2 * p]
    mine = prove(loss, X, y, s, l1, 0.0, w, b)
    assert mine.objective == pytest.approx(found.fun, abs=1e-9)
    for far in (1e-3, 0.1, 1.0):
        moved = prove(loss, X, y, s, l1, 0.0, w + far, b)
        assert moved.objective - moved.duality_gap <= found.fun + 1e-9
    assert mine.objective - mine.duality_gap <= found.fun + 1e-9


@pytest.mark.parametrize("alpha", [1e-3, 0.1])
def test_logistic_regression_of_scikit_learn(alpha):
    loss, X, y, s = data("log_loss")
    peer = LogisticRegression(C=1 / (alpha * s.sum()), solver="newton-cholesky", tol=1e-12).fit(X, y, s)
    found = prove(loss, X, y, s, 0.0, alpha, peer.coef_, peer.intercept_)
    assert found.relative_gap < 1e-10
    assert found.converged
    away = prove(loss, X, y, s, 0.0, alpha, peer.coef_ + 1e-3, peer.intercept_)
    assert found.objective < away.objective <= found.objective + away.duality_gap
    assert not away.converged


def test_poisson_regression_of_scikit_learn():
    loss, X, y, s = data("poisson")
    peer = PoissonRegressor(alpha=0.02, solver="newton-cholesky", tol=1e-12).fit(X, y, s)
    found = prove(loss, X, y, s, 0.0, 0.02, peer.coef_, peer.intercept_)
    assert found.relative_gap < 1e-10
    away = prove(loss, X, y, s, 0.0, 0.02, peer.coef_ + 1e-3, peer.intercept_)
    assert found.objective < away.objective <= found.objective + away.duality_gap


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_repeated_rows(name):
    loss, X, y, _ = data(name)
    times = np.random.default_rng(2).integers(0, 4, len(y))
    w, b = np.linspace(-0.3, 0.2, X.shape[1]), 0.1
    for l1, l2 in [*PENALTIES, (0.0, 0.0)]:
        weighted = prove(loss, X, y, times.astype(float), l1, l2, w, b)
        repeated = prove(loss, np.repeat(X, times, axis=0), np.repeat(y, times), None, l1, l2, w, b)
        same(weighted, repeated)


def same(one, other, rel=1e-11):
    for name in ("objective", "duality_gap", "relative_gap", "kkt_violation"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=rel, abs=1e-15), name
    assert one.converged == other.converged


STORES = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "csr": sparse.csr_array,
    "csc": sparse.csc_array,
    "float32": lambda X: X.astype(np.float32),
    "float32 csr": lambda X: sparse.csr_array(X.astype(np.float32)),
}


@pytest.mark.parametrize("K", [1, 8, 12])
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", ["squared_error", "log_loss", "hinge"])
def test_settings_together_are_settings_alone(name, store, K):
    """In every storage, of rows enough for several threads."""
    loss, X, y, s = data(name, n=8000, p=70)
    X = np.where(np.random.default_rng(0).random(X.shape) < 0.5, 0.0, X).astype(np.float32).astype(np.float64)
    rng = np.random.default_rng(3)
    w, b = 0.2 * rng.standard_normal((K, 70)), rng.standard_normal(K)
    l1, l2 = np.resize([0.01, 0.0, 0.02], K), np.resize([0.0, 0.1, 0.03], K)
    samples = Samples(STORES[store](X), y, s, loss=loss)
    together = certify(samples, loss, w, b, l1, l2, True, 1e-3, np.arange(K))
    for k, one in enumerate(together):
        mine = objective(loss, X, y, s, l1[k], l2[k], w[k], b[k])
        assert one.objective == pytest.approx(mine, rel=1e-12)
        assert one.n_iter == k
        alone = prove(loss, X, y, s, l1[k], l2[k], w[k], b[k], tol=1e-3)
        if not (name == "squared_error" and K > 8):
            same(one, alone)
            continue
        # many squared errors together have another dual point: the mean of their slopes is taken away
        assert one.kkt_violation == pytest.approx(alone.kkt_violation, rel=1e-9)
        assert one.duality_gap == pytest.approx(alone.duality_gap, rel=0.3)
        alpha = l1[k] + l2[k]
        least = elastic_net(X, y, alpha, l1_ratio=l1[k] / alpha, sample_weight=s, tol=1e-9).certificate.objective
        assert one.duality_gap >= one.objective - least - 1e-12


def test_targets_and_weights_of_their_own():
    """One column of each for every setting, as one against the rest has them."""
    loss, X, _, s = data("log_loss")
    rng, K = np.random.default_rng(4), 11
    y = np.where(rng.random((len(X), K)) < 0.4, 1.0, -1.0)
    w, b, l1, l2 = 0.3 * rng.standard_normal((K, 6)), rng.standard_normal(K), np.full(K, 0.01), np.full(K, 0.02)
    samples = Samples(X, y, s, loss=loss, total=50.0)
    own = copy.copy(samples)
    own.s = s[:, None] * np.where(y > 0, rng.uniform(1, 2, K), 1.0)
    for given in (samples, own):
        together = certify(given, loss, w, b, l1, l2, True, 1e-3, 1)
        few = certify(given, loss, w[:K], b, l1, l2, True, 1e-3, 1)
        for k in range(K):
            weights = given.s if given.s.ndim == 1 else given.s[:, k]
            alone = Samples(X, y[:, k], weights, loss=loss, total=50.0)
            at = slice(k, k + 1)
            same(together[k], certify(alone, loss, w[at], b[at], l1[at], l2[at], True, 1e-3, 1)[0])
            same(few[k], together[k])


def test_many_settings_are_taken_in_turns(monkeypatch):
    loss, X, y, s = data("squared_hinge")
    K, rng = 20, np.random.default_rng(5)
    Y = np.where(rng.random((len(y), K)) < 0.5, 1.0, -1.0)
    samples = Samples(X, Y, s, loss=loss)
    proof = Proof(samples, loss, np.full(K, 0.01), np.linspace(0.1, 1, K), True)
    w, b = rng.standard_normal((K, 6)), rng.standard_normal(K)
    before = proof.measure(w, b)
    monkeypatch.setattr("shrinkage._dual._SLOPES", 9 * len(y))
    after = proof.measure(w, b)
    for name in ("objective", "gap", "relative_gap", "kkt_violation", "steepness"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-12)


@pytest.mark.parametrize("store", ["C", "csr"])
@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_rows_are_all_rows(name, store):
    """The rows sorted by y, so that the first block is as unlike the others as can be; its arrays are filled anew."""
    loss, X, y, s = data(name)
    order = np.argsort(y, kind="stable")
    X, y, s = X[order], y[order], s[order]
    w, b = np.array([np.linspace(-0.3, 0.2, 6)] * 3), np.array([0.1, 0.2, -0.1])
    l1, l2 = np.array([0.01, 0.0, 0.0]), np.array([0.02, 0.1, 0.0])
    blocks = Blocks(loss, w, b, l1, l2, True)
    for part in np.array_split(np.arange(len(y)), 3):
        block = Samples(STORES[store](X[part]), y[part], s[part], loss=loss)
        blocks.add(block)
        block.s[:] = 0.0
    mine = blocks.finish()
    whole = Proof(Samples(X, y, s, loss=loss), loss, l1, l2, True).measure(w, b)
    for field in ("objective", "gap", "relative_gap", "kkt_violation"):
        np.testing.assert_allclose(getattr(mine, field), getattr(whole, field), rtol=1e-11)
    assert np.isinf(mine.steepness[:2]).all()
    ratio = mine.steepness[2] / whole.steepness[2]
    if name in {"huber", "epsilon_insensitive", "squared_epsilon_insensitive"}:
        assert 0.5 < ratio < 2  # the gradient at w = 0 that it is over is an estimate
    else:
        assert ratio == pytest.approx(1.0, rel=1e-11)
    np.testing.assert_allclose(blocks.finish(2 * s.sum()).objective[1], whole.objective[1] / 2 + 0.025 * w[1] @ w[1])


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", ["squared_error", "log_loss", "poisson", "huber"])
def test_without_a_penalty_the_gradient_decides(name, fit_intercept):
    loss, X, y, s = data(name)
    w, b = minimum(loss, X, y, s, 0.0, 0.0, fit_intercept)
    best = prove(loss, X, y, s, 0.0, 0.0, w, b, fit_intercept, tol=1e-6)
    assert math.isinf(best.duality_gap)
    assert best.converged
    b0 = optimize.minimize_scalar(lambda b: objective(loss, X, y, s, 0, 0, np.zeros(6), b)).x if fit_intercept else 0.0
    at_zero = np.abs(X.T @ (s * loss.slopes(y, np.full(len(y), b0)))).max() / s.sum()
    moved = w + 1e-3
    u = s * loss.slopes(y, X @ moved + b) / s.sum()
    steepest = max(np.abs(X.T @ u).max(), abs(u.sum()) if fit_intercept else 0.0)
    away = prove(loss, X, y, s, 0.0, 0.0, moved, b, fit_intercept, tol=steepest / at_zero * 1.001)
    assert away.converged
    assert away.kkt_violation == pytest.approx(steepest, rel=1e-12)
    assert not prove(loss, X, y, s, 0.0, 0.0, moved, b, fit_intercept, tol=steepest / at_zero * 0.999).converged


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.98, 0.9999, 1.0])
def test_squared_error_as_the_elastic_net_has_it(rho):
    """The same objective, violation and gap; far away, where u = 0 may do better, the smaller one."""
    loss, X, y, s = data("squared_error")
    alpha = 0.05
    fit = shrinkage.elastic_net(X, y, alpha, l1_ratio=rho, sample_weight=s, tol=1e-12)
    mine = prove(loss, X, y, s, alpha * rho, alpha * (1 - rho), fit.coef, fit.intercept)
    assert mine.objective == pytest.approx(fit.certificate.objective, rel=1e-13)
    assert mine.relative_gap < 1e-14
    W = s.sum()
    mean, y_mean = s @ X / W, s @ y / W
    Z, z = np.sqrt(s)[:, None] * (X - mean), np.sqrt(s) * (y - y_mean)
    for far in (1e-6, 1e-4, 1e-3, 1e-2, 0.3):
        w = fit.coef + far * np.random.default_rng(6).standard_normal(6)
        mine = prove(loss, X, y, s, alpha * rho, alpha * (1 - rho), w, y_mean - mean @ w)
        r, out, ones = z - Z @ w, np.empty((3, 1)), np.ones(6)
        gaps.measure(
            (Z.T @ r)[:, None], w[:, None], np.array([W * alpha]), rho * ones, (1 - rho) * ones, -np.inf * ones,
            np.inf * ones, np.square(Z).sum(axis=0), np.array([r @ r]), 0.5 * z @ z, np.empty((7, 6)), out, np.empty(6),
        )  # fmt: skip
        gap, penalty, violation = out[:, 0] / W
        assert mine.objective == pytest.approx(0.5 * r @ r / W + penalty, rel=1e-12)
        assert mine.kkt_violation == pytest.approx(violation, rel=1e-9)
        assert mine.relative_gap == pytest.approx(mine.duality_gap / (0.5 * z @ z / W), rel=1e-12)
        assert mine.duality_gap <= gap * (1 + 1e-9) + 1e-15
        assert far > 0.1 or mine.duality_gap >= 0.8 * gap


@pytest.mark.parametrize("far", [1e-5, 1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("l2", [1e-2, 1e-3, 1e-4, 1e-6])
def test_little_is_lost_by_trying_two_multiples_of_the_slopes(l2, far):
    """Against the best multiple of hundreds."""
    loss, X, y, s = data("squared_error")
    w, _ = minimum(loss, X, y, s, 0.03, l2, True)
    w = np.where(w == 0, 0.0, w + far * np.random.default_rng(1).standard_normal(6))
    b = best_intercept(y, s, loss, (X @ w)[:, None])[0]
    mine, u = prove(loss, X, y, s, 0.03, l2, w, b), loss.slopes(y, X @ w + b)
    pull = np.abs(X.T @ (s * u)) / s.sum()

    def dual(k):
        return -(s @ loss.conjugates(y, k * u)) / s.sum() - np.square(np.maximum(k * pull - 0.03, 0.0)).sum() / (2 * l2)

    best = mine.objective - max(dual(1 - k) for k in np.append(0.0, np.logspace(-9, 0, 500)))
    assert 0.8 * best <= mine.duality_gap <= (2 if l2 == 1e-4 else 2.3) * best


def test_ridge_has_the_same_gap():
    loss, X, y, s = data("squared_error")
    fit = shrinkage.ridge(X, y, 0.1, convention="canonical", sample_weight=s)
    mine = prove(loss, X, y, s, 0.0, 0.1, fit.coef, fit.intercept)
    assert mine.objective == pytest.approx(fit.certificate.objective, rel=1e-13)
    assert mine.relative_gap < 1e-25


def test_targets_far_from_zero_take_no_digits():
    loss, X, y, s = data("squared_error")
    y = np.round(y * 64) / 64
    for l1, l2 in PENALTIES:
        w, b = minimum(loss, X, y, s, l1, l2, True)
        w = w + 1e-2
        near = prove(loss, X, y, s, l1, l2, w, b)
        far = prove(loss, X, y + 2.0**20, s, l1, l2, w, b + 2.0**20)
        same(near, far, rel=1e-7)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e200])
def test_what_is_not_finite_is_not_proven(bad):
    for name in NAMES:
        loss, X, y, s = data(name)
        w, b = np.zeros((3, 6)), np.zeros(3)
        w[1, 2] = bad
        certificates = certify(Samples(X, y, s, loss=loss), loss, w, b, np.full(3, 0.1), np.full(3, 0.1), True, 10.0, 1)
        assert [c.converged for c in certificates] == [True, False, True]
        assert math.isinf(certificates[1].duality_gap)
        same(certificates[0], certificates[2])
        same(certificates[0], prove(loss, X, y, s, 0.1, 0.1, np.zeros(6), 0.0, tol=10.0))


@pytest.mark.parametrize("level", [3.0, 0.1, -1e7 / 3])
def test_nothing_to_explain(level):
    """Constant targets: the objective at w = 0 is rounding, and the gap is held against that with an intercept of 0."""
    loss, X, _, s = data("squared_error")
    y, weights = np.full(len(X), level), np.where(s > 0, s, 0.5)
    right = prove(loss, X, y, weights, 0.1, 0.1, np.zeros(6), level)
    assert (right.objective, right.duality_gap, right.relative_gap, right.converged) == (0.0, 0.0, 0.0, True)
    wrong = prove(loss, X, y, weights, 0.1, 0.1, np.zeros(6), 0.9 * level)
    assert wrong.relative_gap == pytest.approx(0.01, rel=1e-9)
    none = prove(loss, X, 0 * y, weights, 0.1, 0.1, np.zeros(6), 2.0)
    assert none.relative_gap == none.duality_gap == pytest.approx(2.0)


@pytest.mark.parametrize("level", [3.0, 1e6 + 0.1])
def test_counts_that_are_all_the_same(level):
    loss, X, _, _ = data("poisson")
    y = np.full(len(X), level)
    found = prove(loss, X, y, None, 0.1, 0.1, np.zeros(6), math.log(level) + 1e-3)
    assert found.duality_gap == pytest.approx(0.5 * level * 1e-6, rel=1e-3)
    assert found.relative_gap == pytest.approx(found.duality_gap / (1.0 + level * (math.log(level) - 1)))


def test_a_single_class():
    loss, X, _, _ = data("log_loss")
    found = prove(loss, X, np.ones(len(X)), None, 0.1, 0.1, np.zeros(6), 3.0)
    assert found.relative_gap == pytest.approx(math.log1p(math.exp(-3.0)) / math.log(2.0))
    assert prove(loss, X, np.ones(len(X)), None, 0.1, 0.1, np.zeros(6), 30.0).converged


@pytest.mark.parametrize("store", ["C", "csr"])
def test_no_features(store):
    loss, _, y, s = data("log_loss")
    X = STORES[store](np.empty((len(y), 0)))
    b = best_intercept(y, s, loss)
    found = prove(loss, X, y, s, 0.0, 0.0, np.empty((1, 0)), b)
    assert found.converged
    assert found.duality_gap < 1e-15
    assert not prove(loss, X, y, s, 0.0, 0.0, np.empty((1, 0)), b + 0.1).converged


@pytest.mark.parametrize("with_eta", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_best_intercept(name, with_eta):
    """No worse than SciPy's, and than its neighbours; each column by itself."""
    loss, _, y, s = data(name)
    rng = np.random.default_rng(7)
    eta = 2 * rng.standard_normal((len(y), 3)) if with_eta else np.zeros((len(y), 1))
    found = best_intercept(y, s, loss, eta if with_eta else None)
    assert found.shape == (eta.shape[1],)
    for k, b in enumerate(found):

        def f(b, k=k):
            return s @ value(loss.kind, loss.parameter, y, eta[:, k] + b)

        scipy = optimize.minimize_scalar(f, bracket=(-3, 3), options={"xtol": 1e-10})
        assert f(b) <= scipy.fun * (1 + 1e-14)
        for step in (1e-6, 1e-3, 1.0, 30.0):
            assert f(b) <= min(f(b - step), f(b + step)) + 1e-13
    if with_eta:
        alone = [best_intercept(y, s, loss, eta[:, [k]])[0] for k in range(3)]
        np.testing.assert_allclose(found, alone, rtol=1e-14)
        Y = np.column_stack([y, y, y[::-1]])
        np.testing.assert_allclose(best_intercept(Y, s, loss, eta)[:2], found[:2], rtol=1e-13)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NAMES)
def test_best_intercept_where_there_is_none(name):
    """One class, no counts, one row, rows that count for nothing: finite, with the least loss there is."""
    loss = loss_of(name, 0.3)
    for level in {"real": [0.0, -7.5, 1e12], "sign": [-1.0, 1.0], "count": [0.0, 3.0]}[loss.domain]:
        for n in (1, 5):
            y, s = np.full(n, level), np.ones(n)
            least = -loss.conjugates(y, np.zeros(n)).sum()
            for eta in [None, np.linspace(-1, 1, n)[:, None]][: 1 + loss.classifies]:
                b = best_intercept(y, s, loss, eta)
                shift = np.zeros(n) if eta is None else eta[:, 0]
                assert np.isfinite(b).all()
                assert loss.values(y, b + shift).sum() == pytest.approx(least, abs=1e-12)
            # a row of weight 0 has no say
            other = {"real": 5.0, "sign": -level, "count": 50.0}[loss.domain]
            b = best_intercept(np.append(y, other), np.append(s, 0.0), loss)
            assert loss.values(y, np.full(n, b[0])).sum() == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_objective_at_zero(name):
    """For one column of targets and several, against SciPy."""
    loss, X, y, s = data(name)
    Y = np.column_stack([y, y[::-1]])
    rest = Rest(loss, True, steep=False)
    rest.add(Samples(X, Y, s, loss=loss))
    rest.finish(s.sum())
    for k in range(2):

        def f(b, y=Y[:, k]):
            return objective(loss, X, y, s, 0, 0, np.zeros(6), b)

        least = -(s @ loss.conjugates(Y[:, k], np.zeros(len(y)))) / s.sum()
        assert rest.size[k] == pytest.approx(
            optimize.minimize_scalar(f, bracket=(-3, 3)).fun - least, rel=1e-9, abs=1e-9
        )
