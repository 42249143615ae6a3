"""The elastic net as a textbook has it: cyclic coordinate descent, its duality gap, screening, and exact answers.

    minimize over (b, w)   (1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2
                           + alpha sum_j v_j [ rho |w_j| + (1 - rho)/2 w_j^2 ]
    subject to             lower_j <= w_j <= upper_j,     lower <= 0 <= upper

W is the sum of the weights s (`sample_weight`), o the `offset`, rho the `l1_ratio`; v (`penalty_factor`) is 0 for
features that are not penalized and inf for those left out. With S = diag(s), Z = S^1/2 (X - mean) and
z = S^1/2 (y - o - mean), the problem in sum units, which everything below solves, is

    minimize over w   P(w) = |z - Zw|^2 / 2 + sum_j [ l1_j |w_j| + l2_j w_j^2 / 2 ],     lower <= w <= upper,

where l1_j = W alpha rho v_j and l2_j = W alpha (1 - rho) v_j. `standardize` penalizes u_j = scale_j w_j in place of
w_j, scale_j^2 = |Z_j|^2 / W: l1_j is scale_j and l2_j scale_j^2 times as large, and constant features are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import lsq_linear

from .ridge import _centred, _factors, _weights

Array = np.ndarray[Any, Any]


class Problem(NamedTuple):
    """The problem in sum units, and what leads back from it."""

    Z: Array
    z: Array
    l1: Array  # inf for features that are left out
    l2: Array
    lower: Array
    upper: Array
    x_mean: Array
    y_mean: float
    total_weight: float


def problem(
    X: Array,
    y: Array,
    alpha: float,
    *,
    l1_ratio: float = 1.0,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
    lower: Any = None,
    upper: Any = None,
    offset: Array | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
) -> Problem:
    """What the arguments of `elastic_net` mean."""
    W = float(_weights(X, sample_weight).sum())
    target = np.asarray(y, dtype=np.float64) - (0.0 if offset is None else offset)
    Z, z, x_mean, y_mean = _centred(X, target, sample_weight, fit_intercept)
    scale = np.sqrt((Z * Z).sum(axis=0) / W) if standardize else np.ones(X.shape[1])
    l1, l2 = penalties(W * alpha, l1_ratio, _factors(X, penalty_factor), scale)
    low, high = bounds(lower, upper, X.shape[1])
    return Problem(Z, z[:, 0], l1, l2, low, high, x_mean, float(y_mean[0]), W)


def penalties(lam: float, l1_ratio: float, v: Array, scale: Array) -> tuple[Array, Array]:
    """(l1, l2) of every feature."""
    out = np.isinf(v) | (scale == 0)
    factor = np.where(out, 0.0, v)
    return np.where(out, np.inf, lam * l1_ratio * factor * scale), lam * (1 - l1_ratio) * factor * scale**2


def bounds(lower: Any, upper: Any, p: int) -> tuple[Array, Array]:
    """(lower, upper) of every feature, infinite where there is none."""
    low, high = -np.inf if lower is None else lower, np.inf if upper is None else upper
    return np.broadcast_to(np.asarray(low, float), p), np.broadcast_to(np.asarray(high, float), p)


# ---------------------------------------------------------------------------------------- coordinate descent


def soft(c: Any, t: Any) -> Any:
    """Soft threshold: the minimizer of (w - c)^2 / 2 + t |w|."""
    return np.sign(c) * np.maximum(np.abs(c) - t, 0.0)


def prox(c: Any, q: Any, l1: Any, l2: Any, lower: Any, upper: Any) -> Any:
    """The minimizer of q w^2 / 2 - c w + l1 |w| + l2 w^2 / 2 over lower <= w <= upper; q + l2 > 0."""
    return np.clip(soft(c, l1) / (q + l2), lower, upper)


class DenseColumns:
    """Columns of Z and the residual r = z - Zw that coordinate descent keeps."""

    def __init__(self, Z: Array, z: Array) -> None:
        self.Z, self.r, self.square = Z, z.copy(), (Z * Z).sum(axis=0)

    def dot(self, j: int) -> float:
        """Z_j'r"""
        return float(self.Z[:, j] @ self.r)

    def move(self, j: int, step: float) -> None:
        """w_j grows by step."""
        self.r -= step * self.Z[:, j]


class SparseColumns:
    """The same of a CSC matrix that is centred in effect but never in memory: O(nonzeros of the column) for each.

    The residual without the root of the weights, y - o - mean - (X - mean) w, is e + shift: only `shift` and the
    nonzeros of column j change with w_j. With an intercept its weighted sum is zero, so the rows where x_ij = 0,
    each of which has -mean_j in column j, add mean_j times what the nonzeros' rows sum to. Both lose the digits that
    mean_j has over the spread, which is none where most rows are zero; a column of mostly nonzeros is taken whole.
    """

    def __init__(self, X: Any, target: Array, s: Array, fit_intercept: bool) -> None:
        self.X, self.s, W = X, s, s.sum()
        self.mean, self.square = np.zeros(X.shape[1]), np.zeros(X.shape[1])
        self.y_mean = float(s @ target / W) if fit_intercept else 0.0
        for j in range(X.shape[1]):
            for _ in range(2 * fit_intercept):  # the mean of what is left is the rounding of the first
                rows, centred = self.column(j)
                elsewhere = W - s[rows].sum()
                self.mean[j] += (s[rows] @ centred - elsewhere * self.mean[j]) / W
            rows, centred = self.column(j)
            self.square[j] = s[rows] @ centred**2 + (W - s[rows].sum()) * self.mean[j] ** 2
        self.e, self.shift = target - self.y_mean, 0.0

    def column(self, j: int) -> tuple[Any, Array]:
        """Rows, and x_ij - mean_j there: the nonzeros, or all rows where most are."""
        stored = slice(self.X.indptr[j], self.X.indptr[j + 1])
        rows, x = self.X.indices[stored], self.X.data[stored].astype(np.float64)
        if 2 * len(rows) <= len(self.s):
            return rows, x - self.mean[j]
        whole = np.zeros(len(self.s))
        whole[rows] = x
        return slice(None), whole - self.mean[j]

    def dot(self, j: int) -> float:
        rows, centred = self.column(j)
        sr = self.s[rows] * (self.e[rows] + self.shift)
        elsewhere = 0.0 if isinstance(rows, slice) else self.mean[j] * sr.sum()
        return float(sr @ centred + elsewhere)

    def move(self, j: int, step: float) -> None:
        rows, centred = self.column(j)
        if isinstance(rows, slice):
            self.e -= step * centred
        else:
            self.e[rows] -= step * (centred + self.mean[j])
            self.shift += step * self.mean[j]


def coordinate_descent(
    columns: Any, l1: Array, l2: Array, lower: Array, upper: Array, *, tol: float, max_iter: int
) -> Array:
    """w after as many sweeps as it takes until none moves the fitted values by more than tol of the residual at 0."""
    w, q = np.zeros(len(l1)), columns.square
    free = [j for j in range(len(w)) if l1[j] < np.inf and q[j] + l2[j] > 0]
    moved = first = 0.0
    for sweep in range(max_iter):
        moved = 0.0
        for j in free:
            new = prox(columns.dot(j) + q[j] * w[j], q[j], l1[j], l2[j], lower[j], upper[j])
            if new != w[j]:
                columns.move(j, new - w[j])
                moved = max(moved, np.sqrt(q[j]) * abs(new - w[j]))
                w[j] = new
        first = moved if sweep == 0 else first
        if moved <= tol * first:
            break
    return w


def elastic_net(
    X: Array, y: Array, alpha: float, *, tol: float = 1e-13, max_iter: int = 100_000, **options: Any
) -> tuple[Array, float]:
    """(w, b) of dense data; `options` are those of `problem`. Friedman, Hastie and Tibshirani (2010), section 2."""
    P = problem(X, y, alpha, **options)
    columns = DenseColumns(P.Z, P.z)
    w = coordinate_descent(columns, P.l1, P.l2, P.lower, P.upper, tol=tol, max_iter=max_iter)
    return w, float(P.y_mean - P.x_mean @ w)


def elastic_net_sparse(
    X: Any,
    y: Array,
    alpha: float,
    *,
    l1_ratio: float = 1.0,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
    lower: Any = None,
    upper: Any = None,
    offset: Array | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    tol: float = 1e-13,
    max_iter: int = 100_000,
) -> tuple[Array, float]:
    """(w, b) of a CSC matrix in canonical format."""
    n, p = X.shape
    s = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    target = np.asarray(y, dtype=np.float64) - (0.0 if offset is None else offset)
    columns = SparseColumns(X, target, s, fit_intercept)
    scale = np.sqrt(columns.square / s.sum()) if standardize else np.ones(p)
    v = np.ones(p) if penalty_factor is None else np.asarray(penalty_factor, dtype=np.float64)
    l1, l2 = penalties(s.sum() * alpha, l1_ratio, v, scale)
    w = coordinate_descent(columns, l1, l2, *bounds(lower, upper, p), tol=tol, max_iter=max_iter)
    return w, float(columns.y_mean - columns.mean @ w)


# ------------------------------------------------------------------------------------- objective and optimality


def _penalty(w: Array, l1: Array, l2: Array, lower: Array, upper: Array) -> Array:
    """h_j(w_j) = l1 |w| + l2 w^2 / 2, infinite outside the bounds."""
    with np.errstate(invalid="ignore"):
        inside = np.where(w == 0, 0.0, l1 * np.abs(w)) + l2 * w**2 / 2
    return np.where((w < lower) | (w > upper), np.inf, inside)


def objective(P: Problem, w: Array) -> float:
    """The canonical objective at w, with the best b."""
    r = P.z - P.Z @ w
    return float((r @ r / 2 + _penalty(w, P.l1, P.l2, P.lower, P.upper).sum()) / P.total_weight)


def kkt_violation(P: Problem, w: Array) -> Array:
    """How far each coordinate's gradient Z_j'r - l2 w is from the subdifferential of l1 |w| and the box, over W.

    It is [-l1, l1] at w = 0 and l1 sign(w) elsewhere, and reaches to infinity at a bound.
    """
    u = P.Z.T @ (P.z - P.Z @ w) - P.l2 * w
    least = np.where(w <= P.lower, -np.inf, np.where(w > 0, P.l1, -P.l1))
    most = np.where(w >= P.upper, np.inf, np.where(w < 0, -P.l1, P.l1))
    return np.maximum(np.maximum(least - u, u - most), 0.0) / P.total_weight


def effective_dof(P: Problem, w: Array) -> float:
    """Nonzeros for the lasso (Zou, Hastie and Tibshirani 2007), else the trace of the ridge fit on the nonzeros."""
    active = np.flatnonzero(w)
    if not P.l2[active].any():
        return float(len(active))
    Z = P.Z[:, active]
    return float(np.trace(np.linalg.solve(Z.T @ Z + np.diag(P.l2[active]), Z.T @ Z)))


def alpha_max(X: Array, y: Array, *, l1_ratio: float = 1.0, **options: Any) -> float:
    """The smallest alpha at which every penalized coefficient is zero.

    The free features alone leave a residual r; w_j = 0 is optimal as long as l1_j >= |Z_j'r|, or the one of
    Z_j'r and -Z_j'r that would push w_j to a side on which it has room.
    """
    P = problem(X, y, 1.0, l1_ratio=l1_ratio, **options)
    free, penalized = P.l1 == 0, (P.l1 > 0) & np.isfinite(P.l1)
    r = P.z - P.Z[:, free] @ _least_squares(P.Z[:, free], P.z, P.lower[free], P.upper[free])
    g = P.Z[:, penalized].T @ r
    push = np.maximum(np.where(P.upper[penalized] > 0, g, 0.0), np.where(P.lower[penalized] < 0, -g, 0.0))
    return float((push / P.l1[penalized]).max(initial=0.0))


def _least_squares(A: Array, c: Array, lower: Array, upper: Array) -> Array:
    """The x of least |c - Ax| with lower <= x <= upper."""
    size = np.linalg.norm(A, axis=0)
    size[size == 0] = 1.0
    if not (np.isfinite(lower).any() or np.isfinite(upper).any()):
        return np.linalg.lstsq(A / size, c, rcond=None)[0] / size
    x = np.zeros(len(size))
    room = lower < upper
    if room.any():
        limits = lower[room] * size[room], upper[room] * size[room]
        x[room] = lsq_linear(A[:, room] / size[room], c, limits, method="bvls", tol=1e-15).x / size[room]
    return x


# ------------------------------------------------------------------------------------------------- duality gap


class DualPoint(NamedTuple):
    """A point of the dual, and the bound it gives: P(w) is at most `gap` (sum units) above its minimum."""

    gap: float
    theta: Array
    u: Array  # Z'theta, or Z'theta - s l2 w where the ridge penalty counts as rows of Z


def duality_gap(P: Problem, w: Array) -> float:
    """A bound on objective(w) - its minimum, in the units of the canonical objective."""
    return min(dual_point(P, w, rows=rows).gap for rows in (False, True)) / P.total_weight


def dual_point(P: Problem, w: Array, *, rows: bool) -> DualPoint:
    """The best dual point along the residual.

    For every theta the dual is D(theta) = z'theta - |theta|^2 / 2 - sum_j h_j*(Z_j'theta), h* the conjugate of the
    penalty with its box, and

        P(w) - D(theta) = |r - theta|^2 / 2 + sum_j [ h_j(w_j) + h_j*(u_j) - w_j u_j ],     u = Z'theta,

    of which no term is negative: computed like this the gap has its digits where P - D has lost them. theta is s
    times r less its part along features with no penalty, whose conjugate is infinite on every side that has no
    bound; s is chosen for the smallest gap.

    With `rows` the ridge penalty becomes p rows sqrt(l2) below Z, whose residual is -sqrt(l2) w, and h is
    l1 |w| and the box alone. That point is the better one for a large l1, the other for a small l1.
    """
    r = P.z - P.Z @ w
    open_up, open_down = np.isinf(P.upper), np.isinf(P.lower)
    free = (P.l1 == 0) & (P.l2 == 0) & (open_up | open_down)
    cone = np.where(open_down[free], -np.inf, 0.0), np.where(open_up[free], np.inf, 0.0)
    along = r - P.Z[:, free] @ _least_squares(P.Z[:, free], r, *cone)
    l2, below = (np.zeros_like(P.l2), P.l2) if rows else (P.l2, np.zeros_like(P.l2))
    u = P.Z.T @ along - below * w
    u = np.where(free & open_up, np.minimum(u, 0.0), u)  # what is beyond zero there is rounding
    u = np.where(free & open_down, np.maximum(u, 0.0), u)
    square = along @ along + below @ w**2

    def slope(s: float) -> float:
        return float((s - 1) * square + u @ (_maximizer(s * u, P.l1, l2, P.lower, P.upper) - w))

    def gap(s: float) -> float:
        at = _maximizer(s * u, P.l1, l2, P.lower, P.upper)
        terms = _penalty(w, P.l1, l2, P.lower, P.upper) - _penalty(at, P.l1, l2, P.lower, P.upper) + s * u * (at - w)
        rest = r - along
        return float((rest @ rest + (1 - s) ** 2 * square) / 2 + np.maximum(terms, 0.0).sum())

    limited = (l2 == 0) & ((open_up & (u > 0)) | (open_down & (u < 0)))
    with np.errstate(divide="ignore"):
        largest = float((P.l1[limited] / np.abs(u[limited])).min(initial=np.inf))
    s = _root(slope, largest)
    return DualPoint(gap(s), s * along, s * u)


def _maximizer(u: Array, l1: Array, l2: Array, lower: Array, upper: Array) -> Array:
    """The w of the conjugate h*(u) = max of u w - h(w) over lower <= w <= upper."""
    inside = soft(u, l1)
    with np.errstate(divide="ignore", invalid="ignore"):
        w = np.clip(np.where(inside == 0, 0.0, inside / l2), lower, upper)
    return np.where(np.isinf(w), 0.0, w)  # |u| = l1 but for rounding, where every w of its sign is as good


def _root(slope: Callable[[float], float], largest: float) -> float:
    """Where an increasing function changes sign between 0 and `largest`."""
    low, high = 0.0, min(largest, 1.0)
    while high < largest and slope(high) < 0 and high < 1e12:
        low, high = high, min(2 * high, largest)
    if slope(high) <= 0:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return low


# --------------------------------------------------------------------------------------------------- screening


def strong_rule(P: Problem, before: Problem, w: Array) -> Array:
    """Features to keep at P, from the solution w of the problem `before` at a larger alpha; it may be wrong.

    The gradient c_j = Z_j'r - l2_j w_j is taken to move by no more than l1_j does, so w_j stays zero where
    |c_j| < 2 l1_j - l1_j(before). Tibshirani et al. (2012), JRSS B 74(2), sections 3 and 5.
    """
    c = before.Z.T @ (before.z - before.Z @ w) - before.l2 * w
    with np.errstate(invalid="ignore"):
        return ~(np.abs(c) < 2 * P.l1 - before.l1) & np.isfinite(P.l1)


def gap_safe(P: Problem, w: Array) -> Array:
    """Features that may be nonzero at the optimum; all others are zero there, for certain.

    D is strongly concave, so the optimal dual point lies within sqrt(2 gap) of theta, and w_j = 0 where
    |u_j| + sqrt(2 gap) |Z_j| < l1_j over that whole sphere (on the side that the bounds leave to w_j); the rows of
    the ridge penalty belong to Z_j. Ndiaye et al. (2017), JMLR 18(128), section 3.
    """
    point = dual_point(P, w, rows=True)
    reach = np.sqrt(2 * point.gap) * np.sqrt((P.Z * P.Z).sum(axis=0) + P.l2)
    l1 = P.l1 * (1 - 1e-12)  # at the optimum itself, u_j is l1_j or its neighbour
    up, down = (P.upper > 0) & (point.u + reach >= l1), (P.lower < 0) & (reach - point.u >= l1)
    return up | down


# ------------------------------------------------------------------------------------------------ brute force


def exact(
    X: Array,
    y: Array,
    alpha: float,
    *,
    l1_ratio: float = 1.0,
    sample_weight: Array | None = None,
    penalty_factor: Array | None = None,
    lower: Any = None,
    upper: Any = None,
    offset: Array | None = None,
    fit_intercept: bool = True,
) -> tuple[list[Fraction], Fraction]:
    """(w, b) in rational arithmetic: the given doubles determine it, nothing is rounded. For three or four features.

    Every coefficient is zero, positive, negative or at a bound. Each way to choose that leaves a linear system; the
    first whose solution keeps to the choice and to the gradient's conditions is the answer. Where there are many
    optima (dependent columns) it is one whose free columns are independent, as there always is.
    """
    rational = np.vectorize(lambda number: Fraction(float(number)), otypes=[object])
    v = _factors(X, penalty_factor)
    kept = np.flatnonzero(np.isfinite(v))
    A = rational(np.asarray(X, dtype=np.float64)[:, kept])
    if fit_intercept:
        A = np.hstack([A, np.full((len(A), 1), Fraction(1))])
    s, target = rational(_weights(X, sample_weight)), rational(y)
    if offset is not None:
        target = target - rational(offset)
    lam, rho = s.sum() * Fraction(float(alpha)), Fraction(float(l1_ratio))
    G, c = A.T @ (s[:, None] * A), A.T @ (s * target)
    l1, l2 = ([lam * share * Fraction(float(v[j])) for j in kept] for share in (rho, 1 - rho))
    for j in range(len(kept)):
        G[j, j] += l2[j]
    low, high = ([b[j] for j in kept] for b in bounds(lower, upper, X.shape[1]))
    for choice in product(*(_choices(a, b, t) for a, b, t in zip(low, high, l1, strict=True))):
        w = _face(G, c, choice)
        if w is not None and _optimal(c - G @ w, w, choice, low, high, l1):
            full = [Fraction(0)] * X.shape[1]
            for column, value in zip(kept, w[: len(kept)], strict=True):
                full[column] = value
            return full, w[-1] if fit_intercept else Fraction(0)
    raise ArithmeticError("no choice is optimal")


def _choices(low: float, high: float, l1: Fraction) -> list[tuple[Fraction | None, Fraction]]:
    """(value, or None where the coefficient is free, and what its gradient then is) for each way it can be."""
    fixed = [(Fraction(0), Fraction(0))]
    fixed += [(Fraction(float(b)), Fraction(0)) for b in (low, high) if b != 0 and np.isfinite(b)]
    signs = [sign for sign, room in ((1, high > 0), (-1, low < 0)) if room]
    return [*fixed, *((None, sign * l1) for sign in (signs[:1] if l1 == 0 else signs))]


def _face(G: Array, c: Array, choice: Any) -> Array | None:
    """The w whose gradient c - Gw is as chosen where w is free; None where G is singular there."""
    w = np.full(len(c), Fraction(0), dtype=object)
    free = [j for j, (value, _) in enumerate(choice) if value is None] + list(range(len(choice), len(c)))
    for j, (value, _) in enumerate(choice):
        w[j] = Fraction(0) if value is None else value
    gradient = np.array([choice[j][1] if j < len(choice) else Fraction(0) for j in free], dtype=object)
    system = np.column_stack([G[np.ix_(free, free)], c[free] - G[free] @ w - gradient]) if free else np.zeros((0, 1))
    for j in range(len(free)):
        pivot = next((i for i in range(j, len(free)) if system[i, j] != 0), None)
        if pivot is None:
            return None
        system[[j, pivot]] = system[[pivot, j]]
        system[j] = system[j] / system[j, j]
        for i in range(len(free)):
            if i != j:
                system[i] = system[i] - system[i, j] * system[j]
    w[free] = system[:, -1]
    return w


def _optimal(u: Array, w: Array, choice: Any, low: Any, high: Any, l1: Any) -> bool:
    """Whether w keeps to its bounds and signs and, where it is not free, the gradient u to the subdifferential."""
    for j, (value, gradient) in enumerate(choice):
        if value is None:
            if not (low[j] <= w[j] <= high[j]) or w[j] * gradient < 0:
                return False
            continue
        least, most = (l1[j] if w[j] > 0 else -l1[j]), (-l1[j] if w[j] < 0 else l1[j])
        if (u[j] < least and w[j] > low[j]) or (u[j] > most and w[j] < high[j]):
            return False
    return True
