"""Ridge regression as a textbook has it: dense, direct, one formula a function.

    minimize over (b, w)   (1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2  +  alpha sum_j v_j w_j^2 / 2

W is the sum of the weights s (`sample_weight`); v (`penalty_factor`) is 0 for features that are not penalized
and inf for those left out. y is (n,) or (n, t). In sum units, lambda = W alpha, and with S = diag(s),
Z = S^1/2 (X - mean) and z = S^1/2 (y - mean), the answer solves

    (Z'Z + lambda diag(v)) w = Z'z,     b = mean(y) - mean(x).w
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _weights(X: Array, sample_weight: Array | None) -> Array:
    return np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)


def _factors(X: Array, penalty_factor: Array | None) -> Array:
    return np.ones(X.shape[1]) if penalty_factor is None else np.asarray(penalty_factor, dtype=np.float64)


def _centred(X: Array, y: Array, sample_weight: Array | None, fit_intercept: bool) -> tuple[Array, Array, Array, Array]:
    """(Z, z, mean of X, mean of y), both weighted; z is (n, t), and means are zero without an intercept."""
    X, s = np.asarray(X, dtype=np.float64), _weights(X, sample_weight)
    Y = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
    x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(Y.shape[1])
    if fit_intercept:
        for _ in range(2):  # the mean of what is left is the rounding of the first
            x_mean, y_mean = x_mean + s @ (X - x_mean) / s.sum(), y_mean + s @ (Y - y_mean) / s.sum()
    root = np.sqrt(s)[:, None]
    return root * (X - x_mean), root * (Y - y_mean), x_mean, y_mean


def ridge(
    X: Array,
    y: Array,
    alpha: Any,
    *,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
    fit_intercept: bool = True,
) -> tuple[Array, Any]:
    """(w, b). alpha is a number, or one per target.

    Least squares of [Z; (lambda v)^1/2] against [z; 0]: it has the normal equations above, but the condition
    number is not squared. Of minimum norm where alpha = 0 leaves a choice.
    """
    Z, z, x_mean, y_mean = _centred(X, y, sample_weight, fit_intercept)
    v = _factors(X, penalty_factor)
    lam = np.broadcast_to(_weights(X, sample_weight).sum() * np.asarray(alpha), z.shape[1])
    kept = np.isfinite(v)
    w = np.zeros((z.shape[1], Z.shape[1]))
    for c in range(z.shape[1]):
        below = np.diag(np.sqrt(lam[c] * v[kept]))
        rows = np.vstack([Z[:, kept], below]), np.concatenate([z[:, c], np.zeros(len(below))])
        w[c, kept] = np.linalg.lstsq(*rows, rcond=None)[0]
    b = y_mean - w @ x_mean
    return (w[0], float(b[0])) if np.ndim(y) == 1 else (w, b)


def path(X: Array, y: Array, alphas: Any, **options: Any) -> tuple[Array, Array]:
    """(w, b) for every alpha, stacked along a first axis."""
    fits = [ridge(X, y, alpha, **options) for alpha in alphas]
    return np.array([w for w, _ in fits]), np.array([b for _, b in fits])


def objective(
    X: Array,
    y: Array,
    alpha: Any,
    w: Array,
    b: Any,
    *,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
) -> Array:
    """Value of the objective at any (w, b), one per target."""
    s, v = _weights(X, sample_weight), _factors(X, penalty_factor)
    w = np.atleast_2d(w)
    R = np.asarray(y).reshape(len(X), -1) - b - np.asarray(X, dtype=np.float64) @ w.T
    v = np.where(np.isinf(v), 0.0, v)  # excluded coefficients are zero
    return s @ R**2 / (2 * s.sum()) + np.asarray(alpha) * (w**2 @ v) / 2


def gradient(
    X: Array,
    y: Array,
    alpha: Any,
    w: Array,
    b: Any,
    *,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
) -> tuple[Array, Array]:
    """Derivatives of the objective with respect to w (t, p) and b (t,); zero for excluded features."""
    s, v = _weights(X, sample_weight), _factors(X, penalty_factor)
    w, X = np.atleast_2d(w), np.asarray(X, dtype=np.float64)
    R = np.asarray(y).reshape(len(X), -1) - b - X @ w.T
    kept = np.isfinite(v)
    penalty = np.multiply.outer(np.asarray(alpha), np.where(kept, v, 0.0)) * w
    by_w = penalty - (s[:, None] * R).T @ X / s.sum()
    return by_w * kept, -(s @ R) / s.sum()


def duality_gap(
    X: Array,
    y: Array,
    alpha: float,
    w: Array,
    *,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
    fit_intercept: bool = True,
) -> Array:
    """Objective at w (with its best b) less the dual objective at w's residuals: a bound on the distance.

    The dual of ridge is  maximize over a  (1/W) [ a.z - a.a/2 - sum_j (Z'a)_j^2 / (2 lambda v_j) ]  subject to
    Z_j'a = 0 for free features j. At a = z - Zw, less its projection on those, it is optimal exactly when w is.
    """
    Z, z, _, _ = _centred(X, y, sample_weight, fit_intercept)
    v, W = _factors(X, penalty_factor), _weights(X, sample_weight).sum()
    kept = np.isfinite(v)
    a = z - Z @ np.atleast_2d(w).T
    penalty = alpha * (np.atleast_2d(w)[:, kept] ** 2 @ v[kept]) / 2
    primal = (a * a).sum(axis=0) / (2 * W) + penalty
    free, penalized = Z[:, v == 0], kept & (v > 0)
    a = a - free @ np.linalg.lstsq(free, a, rcond=None)[0]
    dual = (a * z).sum(axis=0) - (a * a).sum(axis=0) / 2
    dual -= ((Z[:, penalized].T @ a) ** 2 / (2 * W * alpha * v[penalized, None])).sum(axis=0)
    return primal - dual / W


def hat(
    X: Array,
    alpha: float,
    *,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
    fit_intercept: bool = True,
) -> Array:
    """H (n, n) with fitted values H y, the intercept included."""
    options = {"sample_weight": sample_weight, "penalty_factor": penalty_factor}
    w, b = ridge(X, np.eye(len(X)), alpha, fit_intercept=fit_intercept, **options)
    return np.asarray(X, dtype=np.float64) @ w.T + b


def effective_dof(X: Array, alpha: float, *, fit_intercept: bool = True, **options: Any) -> float:
    """trace(H) less one for the intercept."""
    return float(np.trace(hat(X, alpha, fit_intercept=fit_intercept, **options))) - fit_intercept


def gcv(X: Array, y: Array, alpha: float, *, sample_weight: Array | None = None, **options: Any) -> Array:
    """Mean squared residual over (1 - trace(H)/n)^2 per target; n counts the samples of positive weight."""
    s = _weights(X, sample_weight)
    H = hat(X, alpha, sample_weight=sample_weight, **options)
    Y = np.asarray(y).reshape(len(X), -1)
    return s @ (Y - H @ Y) ** 2 / s.sum() / (1 - np.trace(H) / (s > 0).sum()) ** 2


def leave_one_out(X: Array, y: Array, alpha: float, *, sample_weight: Array | None = None, **options: Any) -> Array:
    """Errors y_i - (prediction of i by the fit without i), shape of y, by n refits.

    lambda = W alpha is held fixed: without sample i the weights sum to W - s_i, and alpha is as much larger.
    """
    X, y, s = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64), _weights(X, sample_weight)
    errors = np.empty(y.shape)
    for i in range(len(X)):
        rest = np.arange(len(X)) != i
        larger = alpha * s.sum() / s[rest].sum()
        w, b = ridge(X[rest], y[rest], larger, sample_weight=s[rest], **options)
        errors[i] = y[i] - (X[i] @ w.T + b)
    return errors


def svd(X: Array, y: Array, lam: float) -> tuple[Array, Array, Array]:
    """(w, d, sigma) without weights or intercept: w = V diag(d / sigma) U'y, X = U diag(sigma) V'.

    d = sigma^2 / (sigma^2 + lambda) is what ridge leaves of least squares along each singular vector.
    """
    U, sigma, Vt = np.linalg.svd(X, full_matrices=False)
    d = sigma**2 / (sigma**2 + lam)
    return Vt.T @ ((d / sigma)[:, None] * (U.T @ np.asarray(y).reshape(len(X), -1))), d, sigma


def exact(
    X: Array,
    y: Array,
    alpha: float,
    *,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
    fit_intercept: bool = True,
) -> tuple[list[Fraction], Fraction]:
    """(w, b) for one target in rational arithmetic: what the given doubles determine, without any rounding.

    Gauss-Jordan on the normal equations, the intercept as a column of ones, in whole numbers: every division
    by the previous pivot is exact (Bareiss 1968). For a handful of features.
    """
    v = _factors(X, penalty_factor)
    kept = np.flatnonzero(np.isfinite(v))
    rational = np.vectorize(Fraction, otypes=[object])
    A = rational(np.asarray(X, dtype=np.float64)[:, kept])
    if fit_intercept:
        A = np.hstack([A, np.full((len(A), 1), Fraction(1))])
    s = rational(_weights(X, sample_weight))
    system = A.T @ (s[:, None] * np.column_stack([A, rational(np.asarray(y, dtype=np.float64))]))
    for j, k in enumerate(kept):
        system[j, j] += s.sum() * Fraction(float(alpha)) * Fraction(float(v[k]))
    # doubles are whole numbers over powers of two, so the largest denominator clears all of them
    system = np.vectorize(int, otypes=[object])(system * max(c.denominator for c in system.flat))
    previous = 1
    for j in range(len(system)):
        below = next(i for i in range(j, len(system)) if system[i, j] != 0)
        system[[j, below]] = system[[below, j]]
        for i in range(len(system)):
            if i != j:
                system[i] = (system[j, j] * system[i] - system[i, j] * system[j]) // previous
        previous = system[j, j]
    solution = [Fraction(row[-1], row[j]) for j, row in enumerate(system)]
    w = [Fraction(0)] * X.shape[1]
    for j, k in enumerate(kept):
        w[k] = solution[j]
    return w, solution[-1] if fit_intercept else Fraction(0)
