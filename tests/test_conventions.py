"""Every convention against its own closed form, objective and update rule, written out by hand here."""

import dataclasses
import doctest
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shrinkage import conventions
from shrinkage.conventions import (
    CONVENTIONS,
    Convention,
    convert,
    decay_factor,
    from_canonical,
    from_prior_variance,
    prior_variance,
    to_canonical,
)

NAMES = ("canonical", "sum", "half_mean", "mean", "notebook", "inverse", "weight_decay", "two_lambda")
RIDGE_ONLY = ("sum", "half_mean", "mean", "notebook", "weight_decay")
SCALAR = tuple(name for name in NAMES if name != "two_lambda")
LOSSES = {
    "canonical": ("half_mean_square",),
    "sum": (),
    "half_mean": ("half_mean_square",),
    "mean": ("mean_square",),
    "notebook": ("mean_square",),
    "inverse": (),
    "weight_decay": ("half_mean_square", "mean_square"),
    "two_lambda": ("half_mean_square", "mean_square"),
}
CASES = [(name, loss) for name in SCALAR for loss in (None, *LOSSES[name])]


# --- data and canonical answers -----------------------------------------------------------------------------


class Data(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    s: np.ndarray
    W: float

    def residual(self, w):
        return self.X @ w - self.y

    def squares(self, w):
        """Sum of s_i r_i^2."""
        return self.s @ self.residual(w) ** 2

    def pull(self, w):
        """X' S (X w - y), half the gradient of `squares`."""
        return self.X.T @ (self.s * self.residual(w))

    @property
    def gram(self):
        return self.X.T @ (self.s[:, None] * self.X)

    @property
    def moment(self):
        return self.X.T @ (self.s * self.y)


@pytest.fixture(params=["unweighted", "weighted"])
def data(request):
    rng = np.random.default_rng(20)
    n, p = 37, 5
    X = rng.standard_normal((n, p)) + 0.3 * rng.standard_normal((n, 1))
    y = X @ rng.standard_normal(p) + rng.standard_normal(n)
    s = np.ones(n) if request.param == "unweighted" else rng.uniform(0.0, 3.0, n)
    return Data(X, y, s, float(s.sum()))


def canonical_solution(data, alpha):
    """Zero gradient of ||r||^2 / (2W) + alpha/2 ||w||^2."""
    return np.linalg.solve(data.gram + data.W * alpha * np.eye(data.X.shape[1]), data.moment)


def canonical_objective(data, w, alpha, l1_ratio):
    penalty = l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * (w @ w)
    return data.squares(w) / (2 * data.W) + alpha * penalty


# --- each convention as its source writes it ----------------------------------------------------------------


class Own(NamedTuple):
    """A ridge objective in its own words: v is the strength, W the sum of weights, G = X'SX, m = X'Sy."""

    convention: str
    loss: str | None
    value: Any
    loss_value: Callable  # (data, w, v) -> number
    loss_gradient: Callable
    penalty: Callable  # (w, v, W) -> number
    penalty_gradient: Callable
    closed_form: Callable  # (G, m, v, W, I) -> w
    stated_factor: Callable  # (eta, v, W) -> number


solve = np.linalg.solve

OWN = {
    "canonical": Own(
        "canonical",
        None,
        0.37,
        lambda d, w, v: d.squares(w) / (2 * d.W),
        lambda d, w, v: d.pull(w) / d.W,
        lambda w, v, W: v / 2 * (w @ w),
        lambda w, v, W: v * w,
        lambda G, m, v, W, eye: solve(G / W + v * eye, m / W),
        lambda eta, v, W: 1 - eta * v,
    ),
    "sum": Own(
        "sum",
        None,
        11.0,
        lambda d, w, v: d.squares(w),
        lambda d, w, v: 2 * d.pull(w),
        lambda w, v, W: v * (w @ w),
        lambda w, v, W: 2 * v * w,
        lambda G, m, v, W, eye: solve(G + v * eye, m),
        lambda eta, v, W: 1 - 2 * eta * v,
    ),
    "half_mean": Own(
        "half_mean",
        None,
        0.23,
        lambda d, w, v: d.squares(w) / (2 * d.W),
        lambda d, w, v: d.pull(w) / d.W,
        lambda w, v, W: v * (w @ w),
        lambda w, v, W: 2 * v * w,
        lambda G, m, v, W, eye: solve(G + 2 * W * v * eye, m),
        lambda eta, v, W: 1 - 2 * eta * v,
    ),
    "mean": Own(
        "mean",
        None,
        0.23,
        lambda d, w, v: d.squares(w) / d.W,
        lambda d, w, v: 2 / d.W * d.pull(w),
        lambda w, v, W: v * (w @ w),
        lambda w, v, W: 2 * v * w,
        lambda G, m, v, W, eye: solve(G + W * v * eye, m),
        lambda eta, v, W: 1 - 2 * eta * v,
    ),
    "notebook": Own(
        "notebook",
        None,
        9.0,
        lambda d, w, v: d.squares(w) / d.W,
        lambda d, w, v: 2 / d.W * d.pull(w),
        lambda w, v, W: v / (2 * W) * (w @ w),
        lambda w, v, W: v / W * w,
        lambda G, m, v, W, eye: solve(2 / W * G + v / W * eye, 2 / W * m),
        lambda eta, v, W: 1 - eta * v / W,
    ),
    "inverse": Own(
        "inverse",
        None,
        0.4,
        lambda d, w, v: v * d.squares(w) / 2,
        lambda d, w, v: v * d.pull(w),
        lambda w, v, W: (w @ w) / 2,
        lambda w, v, W: w,
        lambda G, m, v, W, eye: solve(v * G + eye, v * m),
        lambda eta, v, W: 1 - eta,
    ),
    "weight_decay, default loss": Own(
        "weight_decay",
        None,
        0.31,
        lambda d, w, v: d.squares(w) / (2 * d.W),
        lambda d, w, v: d.pull(w) / d.W,
        lambda w, v, W: v / 2 * (w @ w),
        lambda w, v, W: v * w,
        lambda G, m, v, W, eye: solve(G / W + v * eye, m / W),
        lambda eta, v, W: 1 - eta * v,
    ),
    "weight_decay, mean square": Own(
        "weight_decay",
        "mean_square",
        0.31,
        lambda d, w, v: d.squares(w) / d.W,
        lambda d, w, v: 2 / d.W * d.pull(w),
        lambda w, v, W: v / 2 * (w @ w),
        lambda w, v, W: v * w,
        lambda G, m, v, W, eye: solve(2 / W * G + v * eye, 2 / W * m),
        lambda eta, v, W: 1 - eta * v,
    ),
    "two_lambda, default loss": Own(
        "two_lambda",
        "half_mean_square",
        (0.0, 0.17),
        lambda d, w, v: d.squares(w) / (2 * d.W),
        lambda d, w, v: d.pull(w) / d.W,
        lambda w, v, W: v[1] * (w @ w),
        lambda w, v, W: 2 * v[1] * w,
        lambda G, m, v, W, eye: solve(G / W + 2 * v[1] * eye, m / W),
        lambda eta, v, W: 1 - 2 * eta * v[1],
    ),
    "two_lambda, mean square": Own(
        "two_lambda",
        "mean_square",
        (0.0, 0.17),
        lambda d, w, v: d.squares(w) / d.W,
        lambda d, w, v: 2 / d.W * d.pull(w),
        lambda w, v, W: v[1] * (w @ w),
        lambda w, v, W: 2 * v[1] * w,
        lambda G, m, v, W, eye: solve(2 / W * G + 2 * v[1] * eye, 2 / W * m),
        lambda eta, v, W: 1 - 2 * eta * v[1],
    ),
}


@pytest.fixture(params=OWN.values(), ids=OWN)
def own(request):
    return request.param


def own_gradient(own, data, w):
    return own.loss_gradient(data, w, own.value) + own.penalty_gradient(w, own.value, data.W)


def own_solution(own, data):
    return own.closed_form(data.gram, data.moment, own.value, data.W, np.eye(data.X.shape[1]))


def own_to_canonical(own, data):
    return to_canonical(own.value, own.convention, sum_weights=data.W, loss=own.loss)


def test_the_table_here_covers_every_convention():
    assert {own.convention for own in OWN.values()} == set(NAMES) == set(CONVENTIONS)


# --- closed forms, objectives, updates ----------------------------------------------------------------------


def test_closed_form_is_the_canonical_solution(own, data):
    alpha, l1_ratio = own_to_canonical(own, data)
    assert l1_ratio == 0.0
    expected = own_solution(own, data)
    np.testing.assert_allclose(canonical_solution(data, alpha), expected, rtol=1e-12, atol=1e-12)
    # The comparison can fail: a strength off by 1 in a million is seen.
    assert not np.allclose(canonical_solution(data, alpha * (1 + 1e-6)), expected, rtol=1e-12, atol=1e-12)


def test_gradient_by_hand_is_zero_at_the_canonical_solution(own, data):
    w = canonical_solution(data, own_to_canonical(own, data)[0])
    scale = np.abs(own.loss_gradient(data, 0 * w, own.value)).max()
    assert np.abs(own_gradient(own, data, w)).max() <= 1e-13 * scale


def test_gradient_by_hand_is_the_gradient_of_the_objective(own, data):
    w = np.random.default_rng(4).standard_normal(data.X.shape[1])

    def objective(w):
        return own.loss_value(data, w, own.value) + own.penalty(w, own.value, data.W)

    # Central differences of a quadratic are exact but for rounding.
    steps = 0.5 * np.eye(w.size)
    differences = np.array([objective(w + e) - objective(w - e) for e in steps])
    np.testing.assert_allclose(own_gradient(own, data, w), differences, rtol=1e-11, atol=1e-11)


MULTIPLES = {
    "canonical": lambda v, W: 1,
    "sum": lambda v, W: 2 * W,
    "half_mean": lambda v, W: 1,
    "mean": lambda v, W: 2,
    "notebook": lambda v, W: 2,
    "inverse": lambda v, W: v * W,
    "weight_decay, default loss": lambda v, W: 1,
    "weight_decay, mean square": lambda v, W: 2,
    "two_lambda, default loss": lambda v, W: 1,
    "two_lambda, mean square": lambda v, W: 2,
}


@pytest.mark.parametrize("key", OWN)
def test_objective_is_the_documented_multiple_of_the_canonical_one(key, data):
    own = OWN[key]
    alpha, l1_ratio = own_to_canonical(own, data)
    for w in 3 * np.random.default_rng(5).standard_normal((20, data.X.shape[1])):
        value = own.loss_value(data, w, own.value) + own.penalty(w, own.value, data.W)
        multiple = MULTIPLES[key](own.value, data.W)
        assert value == pytest.approx(multiple * canonical_objective(data, w, alpha, l1_ratio), rel=1e-13)


@pytest.mark.parametrize("loss", [None, "half_mean_square", "mean_square"])
@pytest.mark.parametrize("value", [(0.3, 0.2), (0.3, 0.0), (0.0, 0.2), (1e-5, 1e-4), (0.0, 0.0)])
def test_two_lambda_elastic_net_objective(data, value, loss):
    alpha, l1_ratio = to_canonical(value, "two_lambda", sum_weights=data.W, loss=loss)
    multiple = 2 if loss == "mean_square" else 1
    for w in 3 * np.random.default_rng(6).standard_normal((20, data.X.shape[1])):
        fit = data.squares(w) / data.W if loss == "mean_square" else data.squares(w) / (2 * data.W)
        objective = fit + value[0] * np.abs(w).sum() + value[1] * (w @ w)
        assert objective == pytest.approx(multiple * canonical_objective(data, w, alpha, l1_ratio), rel=1e-13)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.25, 1.0])
def test_inverse_elastic_net_objective(data, l1_ratio):
    C = 0.06
    alpha, same = to_canonical(C, "inverse", sum_weights=data.W, l1_ratio=l1_ratio)
    assert same == l1_ratio
    for w in 3 * np.random.default_rng(7).standard_normal((20, data.X.shape[1])):
        penalty = l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * (w @ w)
        objective = C * data.squares(w) / 2 + penalty
        assert objective == pytest.approx(C * data.W * canonical_objective(data, w, alpha, l1_ratio), rel=1e-13)


def test_one_gradient_step_is_decay_then_loss_step(own, data):
    w = np.random.default_rng(8).standard_normal(data.X.shape[1])
    eta = 0.013
    factor = decay_factor(own.value, own.convention, eta, sum_weights=data.W)
    assert factor == pytest.approx(own.stated_factor(eta, own.value, data.W), rel=1e-15)
    np.testing.assert_allclose(
        factor * w - eta * own.loss_gradient(data, w, own.value),
        w - eta * own_gradient(own, data, w),
        rtol=1e-12,
        atol=1e-13,
    )


def test_gradient_descent_with_decay_reaches_the_canonical_solution(own, data):
    # Step 1 / (largest curvature of the own objective), its Hessian taken column by column from the gradient.
    zero = np.zeros(data.X.shape[1])
    hessian = [own_gradient(own, data, e) - own_gradient(own, data, zero) for e in np.eye(zero.size)]
    eta = 1 / np.linalg.norm(hessian, 2)
    factor = decay_factor(own.value, own.convention, eta, sum_weights=data.W)
    assert 0 < factor < 1
    w = zero
    for _ in range(400):
        w = factor * w - eta * own.loss_gradient(data, w, own.value)
    expected = canonical_solution(data, own_to_canonical(own, data)[0])
    np.testing.assert_allclose(w, expected, rtol=1e-11, atol=1e-12)


def test_decay_alone_is_exponential():
    eta, strength, rows = 0.01, 0.1, 100
    factor = decay_factor(strength, "notebook", eta, sum_weights=rows)
    assert factor == 1 - eta * strength / rows
    assert 5.0 * factor**100 == pytest.approx(5.0 * (1 - 1e-5) ** 100, rel=1e-14)


def test_decay_factor_of_a_mixed_penalty_is_that_of_its_squared_part(data):
    assert decay_factor(0.4, "canonical", 0.5, sum_weights=data.W, l1_ratio=0.25) == 1 - 0.5 * 0.4 * 0.75
    assert decay_factor(0.4, "inverse", 0.5, sum_weights=data.W, l1_ratio=0.25) == 1 - 0.5 * 0.75
    assert decay_factor((7.0, 0.4), "two_lambda", 0.5, sum_weights=data.W) == 1 - 2 * 0.5 * 0.4
    assert decay_factor(3.0, "mean", 0.5, sum_weights=data.W) == -2.0


def test_descent_with_weight_decay_and_a_squared_penalty_agree():
    # Adding lambda ||w||^2 to a loss is weight_decay = 2 lambda, whichever loss it is.
    for loss, named in (("half_mean_square", "half_mean"), ("mean_square", "mean")):
        assert convert(0.3, named, "weight_decay", sum_weights=50, loss=loss) == 0.6
        assert convert(0.3, named, "two_lambda", sum_weights=50, loss=loss) == (0.0, 0.3)
        assert convert(0.6, "weight_decay", "two_lambda", sum_weights=50, loss=loss) == (0.0, 0.3)


def test_one_dimensional_shrinkage():
    # (y - w)^2 / 2 + lambda/2 w^2 has its minimum at y / (1 + lambda).
    data = Data(np.ones((1, 1)), np.array([3.0]), np.ones(1), 1.0)
    alpha, _ = to_canonical(0.5, "canonical", sum_weights=1)
    assert canonical_solution(data, alpha) == pytest.approx([3.0 / 1.5], rel=1e-15)


def test_the_lambda_of_the_singular_value_factors_is_sum():
    rng = np.random.default_rng(9)
    X, y = rng.standard_normal((20, 4)), rng.standard_normal(20)
    data = Data(X, y, np.ones(20), 20.0)
    U, sigma, Vt = np.linalg.svd(X, full_matrices=False)
    alpha = 0.35
    lam = from_canonical(alpha, "sum", sum_weights=20)
    d = sigma**2 / (sigma**2 + lam)
    w = Vt.T @ (d / sigma * (U.T @ y))
    np.testing.assert_allclose(w, canonical_solution(data, alpha), rtol=1e-12, atol=1e-13)
    trace = np.trace(X @ solve(X.T @ X + lam * np.eye(4), X.T))
    assert d.sum() == pytest.approx(trace, rel=1e-12)


# --- Gaussian priors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "loss"), [*CASES, ("two_lambda", None), ("two_lambda", "mean_square")])
def test_prior_gives_the_posterior_mode(data, name, loss):
    noise, variance = 1.7, 0.45
    # Zero gradient of ||r||^2 / (2 noise) + ||w||^2 / (2 variance).
    mode = solve(data.gram / noise + np.eye(data.X.shape[1]) / variance, data.moment / noise)
    keywords = {"sum_weights": data.W, "noise_variance": noise, "loss": loss}
    value = from_prior_variance(variance, name, **keywords)
    alpha, _ = to_canonical(value, name, sum_weights=data.W, loss=loss)
    np.testing.assert_allclose(canonical_solution(data, alpha), mode, rtol=1e-12, atol=1e-13)
    assert prior_variance(value, name, **keywords) == pytest.approx(variance, rel=1e-14)


def test_textbook_prior_rule_holds_on_the_log_likelihood(data):
    # lambda = 1 / (2 variance) belongs to ||r||^2 / (2 noise) + lambda ||w||^2.
    noise, variance = 2.5, 0.2
    lam = 1 / (2 * variance)
    w = canonical_solution(data, from_prior_variance(variance, sum_weights=data.W, noise_variance=noise))
    gradient = data.pull(w) / noise + 2 * lam * w
    assert np.abs(gradient).max() <= 1e-12 * np.abs(data.moment).max()
    # ... and on the half mean of squares only if the noise variance is W.
    half_mean = from_prior_variance(variance, "half_mean", sum_weights=data.W, noise_variance=data.W)
    assert half_mean == pytest.approx(lam, rel=1e-15)
    other = from_prior_variance(variance, "half_mean", sum_weights=data.W, noise_variance=noise)
    assert other == pytest.approx(lam * noise / data.W, rel=1e-15)


def test_flat_prior_is_no_penalty():
    assert prior_variance(0.0, sum_weights=9, noise_variance=2.0) == math.inf
    assert from_prior_variance(math.inf, sum_weights=9, noise_variance=2.0) == 0.0
    assert from_prior_variance(math.inf, "inverse", sum_weights=9, noise_variance=2.0) == math.inf
    flat = prior_variance(0.0, sum_weights=9, noise_variance=[2.0, 3.0])
    np.testing.assert_array_equal(flat, [math.inf, math.inf])


def test_prior_per_target():
    variance = prior_variance([0.0, 0.5], "mean", sum_weights=4, noise_variance=[1.0, 3.0])
    np.testing.assert_array_equal(variance, [math.inf, 1.5])
    back = from_prior_variance(variance, "mean", sum_weights=4, noise_variance=[1.0, 3.0])
    np.testing.assert_array_equal(back, [0.0, 0.5])


# --- round trips --------------------------------------------------------------------------------------------

strengths = st.one_of(st.just(0.0), st.floats(1e-100, 1e100))
weights = st.one_of(st.integers(1, 10**9), st.floats(1e-6, 1e12))
losses = st.sampled_from([None, "half_mean_square", "mean_square"])

# Units in the last place: W rounds once each way, or twice each way in the reciprocal.
ULPS = {
    "canonical": 0,
    "half_mean": 0,
    "mean": 0,
    "weight_decay": 0,
    "sum": 1,
    "notebook": 1,
    "inverse": 4,
}


def test_ulps_cover_every_scalar_convention():
    assert set(ULPS) == set(SCALAR)


@pytest.mark.parametrize(("name", "loss"), CASES)
@given(value=strengths, W=weights)
@example(value=0.0, W=3)
def test_value_round_trip(name, value, W, loss):
    if name == "inverse" and value == 0.0:
        value = math.inf
    alpha, l1_ratio = to_canonical(value, name, sum_weights=W, loss=loss)
    back = from_canonical(alpha, name, sum_weights=W, l1_ratio=l1_ratio, loss=loss)
    assert type(alpha) is float and type(back) is float
    assert back == value or abs(back - value) <= ULPS[name] * math.ulp(value)


@pytest.mark.parametrize(("name", "loss"), CASES)
@given(alpha=strengths, W=weights)
@example(alpha=0.0, W=3)
def test_alpha_round_trip(name, alpha, W, loss):
    value = from_canonical(alpha, name, sum_weights=W, loss=loss)
    back, l1_ratio = to_canonical(value, name, sum_weights=W, loss=loss)
    assert l1_ratio == 0.0
    assert abs(back - alpha) <= ULPS[name] * math.ulp(alpha)


@given(first=strengths, second=strengths, W=weights, loss=losses)
@example(first=0.0, second=0.0, W=3, loss=None)
@example(first=1.0, second=1e-17, W=3, loss=None)
def test_pair_round_trip(first, second, W, loss):
    alpha, l1_ratio = to_canonical((first, second), "two_lambda", sum_weights=W, loss=loss)
    back = from_canonical(alpha, "two_lambda", sum_weights=W, l1_ratio=l1_ratio, loss=loss)
    total = first + 2 * second
    assert 0.0 <= l1_ratio <= 1.0
    assert abs(back[0] - first) <= 2 * math.ulp(total)
    assert abs(back[1] - second) <= 2 * math.ulp(total)
    if first == 0.0:
        assert back == (0.0, second)
    if second == 0.0:
        assert back == (first, 0.0)


@given(alpha=strengths, l1_ratio=st.one_of(st.just(0.0), st.floats(1e-100, 1.0)), W=weights, loss=losses)
@example(alpha=0.0, l1_ratio=0.5, W=3, loss=None)
@example(alpha=2.0, l1_ratio=1.0, W=3, loss="mean_square")
def test_mixed_round_trip(alpha, l1_ratio, W, loss):
    pair = from_canonical(alpha, "two_lambda", sum_weights=W, l1_ratio=l1_ratio, loss=loss)
    back, ratio = to_canonical(pair, "two_lambda", sum_weights=W, loss=loss)
    assert back == pytest.approx(alpha, rel=1e-15)
    if alpha > 0.0:
        assert ratio == pytest.approx(l1_ratio, rel=1e-15)
    else:
        assert pair == (0.0, 0.0) and ratio == 0.0
    C = from_canonical(alpha, "inverse", sum_weights=W, l1_ratio=l1_ratio)
    back, ratio = to_canonical(C, "inverse", sum_weights=W, l1_ratio=l1_ratio)
    assert back == pytest.approx(alpha, rel=1e-15) and ratio == l1_ratio


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("source", NAMES)
def test_convert_goes_there_and_back(source, target):
    value = (0.0, 0.25) if source == "two_lambda" else 0.25
    there = convert(value, source, target, sum_weights=48)
    assert convert(there, target, source, sum_weights=48) == pytest.approx(value, rel=1e-15)
    alpha, l1_ratio = to_canonical(value, source, sum_weights=48)
    assert there == from_canonical(alpha, target, sum_weights=48, l1_ratio=l1_ratio)


def test_convert_carries_the_l1_ratio():
    assert convert(0.02, "inverse", "canonical", sum_weights=50, l1_ratio=0.5) == 1.0
    pair = convert(0.02, "inverse", "two_lambda", sum_weights=50, l1_ratio=0.5)
    assert pair == (0.5, 0.25)
    assert convert(pair, "two_lambda", "inverse", sum_weights=50) == 0.02
    assert convert((0.3, 0.0), "two_lambda", "canonical", sum_weights=50, loss="mean_square") == 0.15


def test_alpha_zero_is_no_penalty_everywhere():
    for name in NAMES:
        value = from_canonical(0.0, name, sum_weights=7)
        assert value == {"inverse": math.inf, "two_lambda": (0.0, 0.0)}.get(name, 0.0)
        assert to_canonical(value, name, sum_weights=7) == (0.0, 0.0)


# --- scalars, arrays, types ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALAR)
def test_one_strength_per_target_is_each_target_alone(name):
    values = [math.inf if name == "inverse" else 0.0, 0.25, 3.0, 7e5]
    alphas, l1_ratio = to_canonical(values, name, sum_weights=30)
    assert alphas.dtype == np.float64 and alphas.shape == (4,) and l1_ratio == 0.0
    each = [to_canonical(value, name, sum_weights=30)[0] for value in values]
    np.testing.assert_array_equal(alphas, each)
    np.testing.assert_array_equal(
        from_canonical(alphas, name, sum_weights=30),
        [from_canonical(alpha, name, sum_weights=30) for alpha in each],
    )
    factors = decay_factor(values[1:], name, 0.1, sum_weights=30)
    assert factors.shape == (3,)
    np.testing.assert_array_equal(factors, [decay_factor(v, name, 0.1, sum_weights=30) for v in values[1:]])


@pytest.mark.parametrize("pack", [tuple, list, np.array])
def test_one_pair_per_target_is_each_target_alone(pack):
    first, second = [0.0, 0.25, 0.5, 0.0], [0.0, 0.375, 0.0, 2.0]
    alphas, ratios = to_canonical(pack([first, second]), "two_lambda", sum_weights=30, loss="mean_square")
    each = [
        to_canonical(pair, "two_lambda", sum_weights=30, loss="mean_square") for pair in zip(first, second, strict=True)
    ]
    np.testing.assert_array_equal(alphas, [alpha for alpha, _ in each])
    np.testing.assert_array_equal(ratios, [ratio for _, ratio in each])
    back = from_canonical(alphas, "two_lambda", sum_weights=30, l1_ratio=ratios, loss="mean_square")
    assert isinstance(back, tuple)
    np.testing.assert_allclose(back, [first, second], rtol=1e-15)
    np.testing.assert_array_equal(
        decay_factor(pack([first, second]), "two_lambda", 0.5, sum_weights=30), 1 - np.array(second)
    )


def test_a_pair_may_share_one_lambda_across_targets():
    alphas, ratios = to_canonical((0.5, [0.0, 0.25]), "two_lambda", sum_weights=30)
    np.testing.assert_array_equal(alphas, [0.5, 1.0])
    np.testing.assert_array_equal(ratios, [1.0, 0.5])


def test_l1_ratio_per_target():
    alphas, ratios = to_canonical(2.0, sum_weights=3, l1_ratio=[0.0, 0.5])
    assert alphas.tolist() == [2.0, 2.0] and ratios.tolist() == [0.0, 0.5]
    alphas, ratios = to_canonical([1.0, 2.0], sum_weights=3, l1_ratio=[0.0, 0.5])
    first, second = from_canonical(alphas, "two_lambda", sum_weights=3, l1_ratio=ratios)
    np.testing.assert_array_equal(first, [0.0, 1.0])
    np.testing.assert_array_equal(second, [0.5, 0.5])
    assert to_canonical([1.0, 2.0], "mean", sum_weights=3, l1_ratio=[0.0, 0.0])[0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "one",
    [3, np.float32(3), np.float64(3), np.int8(3), np.uint64(3), np.array(3.0), np.array(3, dtype=">i2")],
)
def test_every_scalar_type_gives_python_floats(one):
    for name in SCALAR:
        alpha, l1_ratio = to_canonical(one, name, sum_weights=one, l1_ratio=0)
        assert type(alpha) is float and type(l1_ratio) is float
        assert type(from_canonical(one, name, sum_weights=one)) is float
        assert alpha == to_canonical(3.0, name, sum_weights=3.0)[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8, ">f8", np.longdouble])
def test_every_real_array_type_becomes_a_new_float64_array(dtype):
    values = np.array([1, 2, 3], dtype=dtype)
    values.setflags(write=False)
    for name in ("canonical", "mean"):
        alphas, _ = to_canonical(values, name, sum_weights=3)
        assert alphas.dtype == np.float64 and alphas.dtype.isnative
        assert not np.shares_memory(alphas, values)
        np.testing.assert_array_equal(alphas, [1.0, 2.0, 3.0])


def test_float_scalars_never_reach_numpy(monkeypatch):
    class NoNumPy:
        ndarray = np.ndarray  # a type test is no call

    monkeypatch.setattr(conventions, "np", NoNumPy)
    for name in SCALAR:
        alpha, l1_ratio = to_canonical(2.0, name, sum_weights=8.0)
        assert from_canonical(alpha, name, sum_weights=8, l1_ratio=l1_ratio) == 2.0
        decay_factor(2.0, name, 0.5, sum_weights=8)
    assert to_canonical((0.25, 0.375), "two_lambda", sum_weights=8.0) == (1.0, 0.25)
    with pytest.raises(AttributeError):
        to_canonical([2.0], sum_weights=8.0)


def test_defaults_are_canonical():
    assert to_canonical(0.7, sum_weights=8) == (0.7, 0.0)
    assert from_canonical(0.7, sum_weights=8) == 0.7
    for name in ("weight_decay", "two_lambda"):
        value = (0.1, 0.3) if name == "two_lambda" else 0.3
        assert to_canonical(value, name, sum_weights=8) == to_canonical(
            value, name, sum_weights=8, loss="half_mean_square"
        )


def test_conventions_mapping_is_complete_and_read_only():
    assert tuple(CONVENTIONS) == NAMES
    for name, rule in CONVENTIONS.items():
        assert isinstance(rule, Convention)
        assert rule.name == name and rule.objective and rule.source
        assert "lambda v" not in repr(rule) and "0x" not in repr(rule)
    with pytest.raises(TypeError):
        CONVENTIONS["mine"] = CONVENTIONS["sum"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONVENTIONS["sum"].name = "mine"


def test_doctests():
    results = doctest.testmod(conventions)
    assert results.attempted >= 10 and results.failed == 0


# --- errors -------------------------------------------------------------------------------------------------


def refuse(error, *parts):
    """Expect an error whose message holds all the parts."""
    return pytest.raises(error, match="".join(f"(?=.*{part})" for part in parts))


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda name: to_canonical(1.0, name, sum_weights=3), "convention"),
        (lambda name: from_canonical(1.0, name, sum_weights=3), "convention"),
        (lambda name: decay_factor(1.0, name, 0.1, sum_weights=3), "convention"),
        (lambda name: convert(1.0, name, "sum", sum_weights=3), "source"),
        (lambda name: convert(1.0, "sum", name, sum_weights=3), "target"),
        (lambda name: prior_variance(1.0, name, sum_weights=3, noise_variance=1.0), "convention"),
        (lambda name: from_prior_variance(1.0, name, sum_weights=3, noise_variance=1.0), "convention"),
    ],
)
def test_unknown_convention(call, argument):
    with refuse(ValueError, f"{argument}='glmnet'", *NAMES):
        call("glmnet")
    for wrong in (None, 3, ["sum"]):
        with refuse(TypeError, f"{argument}=", *NAMES):
            call(wrong)


@pytest.mark.parametrize("bad", [-1.0, -5e-324, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", SCALAR)
def test_bad_strength(name, bad):
    with refuse(ValueError, f"alpha={bad!r}", "finite and at least 0", "use 0"):
        from_canonical(bad, name, sum_weights=3)
    if name == "inverse" and bad == math.inf:
        return
    words = "greater than 0" if name == "inverse" else "finite and at least 0"
    with refuse(ValueError, f"value={bad!r}", words):
        to_canonical(bad, name, sum_weights=3)
    with refuse(ValueError, rf"value\[1\]={bad!r}", words):
        to_canonical([0.5, bad], name, sum_weights=3)
    with refuse(ValueError, rf"value\[1, 0\]={bad!r}", words):
        to_canonical([[0.5], [bad]], name, sum_weights=3)
    with refuse(ValueError, f"value={bad!r}", words):
        decay_factor(bad, name, 0.1, sum_weights=3)


def test_error_can_name_the_callers_argument():
    with refuse(ValueError, "^alpha=-1.0"):
        to_canonical(-1.0, "sum", sum_weights=3, name="alpha")
    with refuse(ValueError, r"^alpha\[1\]=-1.0"):
        to_canonical((0.0, -1.0), "two_lambda", sum_weights=3, name="alpha")


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_bad_pair_entry(bad):
    with refuse(ValueError, rf"value\[0\]={bad!r}", "finite and at least 0"):
        to_canonical((bad, 0.5), "two_lambda", sum_weights=3)
    with refuse(ValueError, rf"value\[1\]\[1\]={bad!r}"):
        to_canonical((0.5, [0.5, bad]), "two_lambda", sum_weights=3)


@pytest.mark.parametrize("bad", [0.5, None, "ab", {0.1: 1, 0.2: 2}, np.array(0.5)])
def test_not_a_pair(bad):
    with refuse(TypeError, "value=", "pass \\(lambda_1, lambda_2\\)"):
        to_canonical(bad, "two_lambda", sum_weights=3)


@pytest.mark.parametrize("bad", [(), (0.5,), (0.1, 0.2, 0.3), np.ones(3), np.ones((3, 2))])
def test_pair_of_wrong_length(bad):
    with refuse(ValueError, "value=", f"has {len(bad)} entries", "lambda_1, lambda_2"):
        to_canonical(bad, "two_lambda", sum_weights=3)


def test_zero_C():
    for zero in (0.0, 0, -0.0):
        with refuse(ValueError, "value=-?0.0", "greater than 0", "C=inf is no penalty"):
            to_canonical(zero, "inverse", sum_weights=3)
    with refuse(ValueError, r"value\[1\]=0.0", "greater than 0"):
        to_canonical([1.0, 0.0], "inverse", sum_weights=3)


NOT_NUMBERS = [None, "1.0", True, np.True_, 1j, [True], ["a"], [[1.0], [1.0, 2.0]], {}, object(), [None]]


@pytest.mark.parametrize("bad", NOT_NUMBERS, ids=repr)
def test_not_a_number(bad):
    for name in SCALAR:
        with refuse(TypeError, "value=", "not a real number", "pass a number"):
            to_canonical(bad, name, sum_weights=3)
    with refuse(TypeError, "alpha=", "not a real number"):
        from_canonical(bad, "sum", sum_weights=3)
    with refuse(TypeError, "sum_weights=", "not a real number"):
        to_canonical(1.0, sum_weights=bad)
    with refuse(TypeError, "l1_ratio=", "not a real number"):
        to_canonical(1.0, sum_weights=3, l1_ratio=bad)
    with refuse(TypeError, "lr=", "not a real number"):
        decay_factor(1.0, "sum", bad, sum_weights=3)
    with refuse(TypeError, r"value\[0\]=", "not a real number"):
        to_canonical((bad, 1.0), "two_lambda", sum_weights=3)


@pytest.mark.parametrize("bad", [0.0, -3.0, math.nan, math.inf])
def test_bad_sum_weights(bad):
    for name in NAMES:
        value = (0.1, 0.2) if name == "two_lambda" else 1.0
        with refuse(ValueError, f"sum_weights={bad!r}", "number of rows"):
            to_canonical(value, name, sum_weights=bad)
        with refuse(ValueError, f"sum_weights={bad!r}", "number of rows"):
            from_canonical(1.0, name, sum_weights=bad)
        with refuse(ValueError, f"sum_weights={bad!r}", "number of rows"):
            decay_factor(value, name, 0.1, sum_weights=bad)


def test_sum_weights_and_lr_are_one_number():
    with refuse(TypeError, "sum_weights=", "one number, not an array"):
        to_canonical(1.0, sum_weights=[3.0, 4.0])
    with refuse(TypeError, "lr=", "one number, not an array"):
        decay_factor(1.0, "sum", [0.1], sum_weights=3)


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf])
def test_bad_lr(bad):
    with refuse(ValueError, f"lr={bad!r}", "finite and at least 0"):
        decay_factor(1.0, "sum", bad, sum_weights=3)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf])
def test_bad_l1_ratio(bad):
    for name in SCALAR:
        with refuse(ValueError, f"l1_ratio={bad!r}", "between 0 and 1"):
            to_canonical(1.0, name, sum_weights=3, l1_ratio=bad)
    for name in NAMES:
        with refuse(ValueError, f"l1_ratio={bad!r}", "between 0 and 1"):
            from_canonical(1.0, name, sum_weights=3, l1_ratio=bad)


@pytest.mark.parametrize("l1_ratio", [0.5, 1, [0.0, 0.5]])
@pytest.mark.parametrize("name", RIDGE_ONLY)
def test_l1_in_a_convention_without_it(name, l1_ratio):
    parts = ("l1_ratio=", f"'{name}'", "no L1 term", "'canonical', 'inverse', 'two_lambda'")
    with refuse(ValueError, *parts):
        to_canonical([1.0, 1.0], name, sum_weights=3, l1_ratio=l1_ratio)
    with refuse(ValueError, *parts):
        from_canonical([1.0, 1.0], name, sum_weights=3, l1_ratio=l1_ratio)
    with refuse(ValueError, *parts):
        decay_factor([1.0, 1.0], name, 0.1, sum_weights=3, l1_ratio=l1_ratio)
    with refuse(ValueError, *parts):
        convert((0.1, 0.1), "two_lambda", name, sum_weights=3)


def test_l1_ratio_beside_a_pair():
    with refuse(ValueError, "l1_ratio=0.5", "'two_lambda'", "leave l1_ratio out"):
        to_canonical((0.1, 0.2), "two_lambda", sum_weights=3, l1_ratio=0.5)


def test_shapes_that_disagree():
    with refuse(ValueError, r"value has shape \(3,\)", r"l1_ratio has shape \(2,\)"):
        to_canonical([1.0, 2.0, 3.0], sum_weights=3, l1_ratio=[0.1, 0.2])
    with refuse(ValueError, r"^alpha has shape \(3,\)"):
        to_canonical([1.0, 2.0, 3.0], sum_weights=3, l1_ratio=[0.1, 0.2], name="alpha")
    with refuse(ValueError, r"alpha has shape \(3,\)", r"l1_ratio has shape \(2,\)"):
        from_canonical([1.0, 2.0, 3.0], "two_lambda", sum_weights=3, l1_ratio=[0.1, 0.2])
    with refuse(ValueError, r"value\[0\] has shape \(3,\)", r"value\[1\] has shape \(2,\)"):
        to_canonical(([1.0, 2.0, 3.0], [0.1, 0.2]), "two_lambda", sum_weights=3)
    with refuse(ValueError, r"value has shape \(3,\)", r"noise_variance has shape \(2,\)"):
        prior_variance([1.0, 2.0, 3.0], sum_weights=3, noise_variance=[0.1, 0.2])


@pytest.mark.parametrize("name", NAMES)
def test_bad_loss(name):
    value = (0.1, 0.2) if name == "two_lambda" else 1.0
    with refuse(ValueError, "loss='mse'", "half_mean_square", "mean_square"):
        to_canonical(value, name, sum_weights=3, loss="mse")
    with refuse(ValueError, "loss='mse'", "half_mean_square", "mean_square"):
        from_canonical(1.0, name, sum_weights=3, loss="mse")
    with refuse(TypeError, "loss=2", "half_mean_square", "mean_square"):
        to_canonical(value, name, sum_weights=3, loss=2)


def test_loss_that_contradicts_the_objective():
    for name in NAMES:
        value = (0.1, 0.2) if name == "two_lambda" else 1.0
        for loss in ("half_mean_square", "mean_square"):
            if loss in LOSSES[name]:
                to_canonical(value, name, sum_weights=3, loss=loss)
                continue
            with refuse(ValueError, f"loss='{loss}'", f"'{name}'", "leave loss out"):
                to_canonical(value, name, sum_weights=3, loss=loss)
            with refuse(ValueError, f"loss='{loss}'", f"'{name}'", "leave loss out"):
                from_canonical(1.0, name, sum_weights=3, loss=loss)
    with refuse(ValueError, "loss='mean_square'", "leave loss out"):
        convert(1.0, "sum", "half_mean", sum_weights=3, loss="mean_square")


def test_bad_prior():
    for bad in (0.0, -1.0, math.nan):
        with refuse(ValueError, f"variance={bad!r}", "greater than 0", "inf for a flat prior"):
            from_prior_variance(bad, sum_weights=3, noise_variance=1.0)
    for bad in (0.0, -1.0, math.nan, math.inf):
        with refuse(ValueError, f"noise_variance={bad!r}", "finite and greater than 0"):
            from_prior_variance(1.0, sum_weights=3, noise_variance=bad)
        with refuse(ValueError, f"noise_variance={bad!r}", "finite and greater than 0"):
            prior_variance(1.0, sum_weights=3, noise_variance=bad)
    with refuse(ValueError, "value=\\(0.1, 0.2\\)", "L1 part", "lambda_1=0"):
        prior_variance((0.1, 0.2), "two_lambda", sum_weights=3, noise_variance=1.0)


@pytest.mark.filterwarnings("error")
def test_overflow_is_refused_not_returned():
    huge = 1.7e308
    for wrap in (float, lambda x: [1.0, x]):
        with refuse(ValueError, "value=", "half_mean", "float64"):
            to_canonical(wrap(huge), "half_mean", sum_weights=3)
        with refuse(ValueError, "value=", "sum_weights=0.001", "float64"):
            to_canonical(wrap(huge), "sum", sum_weights=1e-3)
        with refuse(ValueError, "value=", "inverse", "float64"):
            to_canonical(wrap(5e-324), "inverse", sum_weights=3)
        with refuse(ValueError, "alpha=", "sum", "float64"):
            from_canonical(wrap(huge), "sum", sum_weights=3)
        with refuse(ValueError, "alpha=", "inverse", "float64"):
            from_canonical(wrap(5e-324), "inverse", sum_weights=3)
        with refuse(ValueError, "alpha=", "two_lambda", "float64"):
            from_canonical(wrap(huge), "two_lambda", sum_weights=3, l1_ratio=1.0, loss="mean_square")
        with refuse(ValueError, "alpha=", "two_lambda", "float64"):
            from_canonical(huge, "two_lambda", sum_weights=3, l1_ratio=[0.5, 1.0], loss="mean_square")
        with refuse(ValueError, "value=", "mean", "float64"):
            decay_factor(wrap(huge), "mean", 0.0, sum_weights=3)
        with refuse(ValueError, "value=", "canonical", "float64"):
            prior_variance(wrap(5e-324), sum_weights=3, noise_variance=1.0)
        with refuse(ValueError, "variance=", "canonical", "float64"):
            from_prior_variance(wrap(5e-324), sum_weights=3, noise_variance=1.0)
        with refuse(ValueError, "variance=", "canonical", "float64"):
            from_prior_variance(wrap(huge), sum_weights=1e10, noise_variance=1e-300)
    with refuse(ValueError, "value=", "does not fit in float64"):
        to_canonical(10**400, sum_weights=3)


@pytest.mark.filterwarnings("error")
def test_extreme_sum_weights_never_give_nan():
    for W in (5e-324, 1e308, 1.7e308):
        for name in NAMES:
            value = from_canonical(0.0, name, sum_weights=W)
            assert to_canonical(value, name, sum_weights=W) == (0.0, 0.0)
            both = from_canonical([0.0, 0.0], name, sum_weights=W)
            assert not np.isnan(both).any()
