"""Ridge regression with coefficients between bounds; scikit-learn's ``positive=True`` is one case of it.

Block pivoting on the Gram matrix finds which coefficients are at a bound: all that are on the wrong side change sides
at once. Where that no longer helps, an active-set method goes on, one coefficient at a time and always downhill. The
coefficients between the bounds then solve a ridge system of their own, refined by residuals from the data; the
certificate is that of the bounded problem.

References
----------
Portugal, Judice and Vicente (1994), Mathematics of Computation 63(208). Kim and Park (2011), SIAM Journal on
Scientific Computing 33(6). Nocedal and Wright (2006), Numerical Optimization, section 16.5 (active sets).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from ._design import Design
from ._result import Fit
from ._ridge_system import (
    EPS,
    LEAST_RCOND,
    Array,
    Solved,
    System,
    _Factor,
    certificate,
    fill,
)
from .penalties import make_penalty
from .ridge import _as_fit, _factors, _lambdas, _warn, ridge

#: Exchanges of all wrong coefficients that may fail to lower their number.
_PATIENCE = 3
#: Where a coefficient is.
_LOW, _BETWEEN, _HIGH = -1, 0, 1


def bounded_set(A: Array, c: Array, lower: Array, upper: Array) -> tuple[Array, int]:
    """Where the minimizer of w'Aw/2 - c'w over lower <= w <= upper has its coefficients, and how many systems it took.

    -1 at the lower bound, 0 between the bounds, 1 at the upper one. lower <= 0 <= upper; A has a positive diagonal.
    """
    p = len(c)
    root = np.sqrt(np.diagonal(A))
    A, c, lower, upper = A / np.multiply.outer(root, root), c / root, lower * root, upper * root
    reach = max((float(np.abs(b[np.isfinite(b)]).max(initial=0.0)) for b in (lower, upper)), default=0.0)
    noise = 8.0 * EPS * math.sqrt(p) * (float(np.abs(c).max(initial=0.0)) + reach)
    where = np.where(lower == 0, _LOW, np.where(upper == 0, _HIGH, _BETWEEN))
    w = _face(A, c, lower, upper, where)
    fewest, patience, used = p + 1, _PATIENCE, int((where == _BETWEEN).any())
    while True:
        below, above = w < lower - noise, w > upper + noise
        freed = _pushed(c - A @ w, lower, upper, where) > noise
        count = int((below | above | freed).sum())
        if count == 0:
            return where, used
        if count >= fewest:
            patience -= 1
            if patience < 0:
                break
        else:
            fewest, patience = count, _PATIENCE
        where[freed], where[below], where[above] = _BETWEEN, _LOW, _HIGH
        w = _face(A, c, lower, upper, where)
        used += 1
    return _downhill(A, c, lower, upper, where, np.clip(w, lower, upper), noise, used)


def _downhill(
    A: Array, c: Array, lower: Array, upper: Array, where: Array, w: Array, noise: float, used: int
) -> tuple[Array, int]:
    """The active-set method from a w within the bounds: to the first bound on the way, or one coefficient set free."""
    where = np.where(w <= lower, _LOW, np.where(w >= upper, _HIGH, _BETWEEN))
    for _ in range(100 + 10 * len(c)):
        move = _face(A, c, lower, upper, where) - w
        used += 1
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(move < 0, (lower - w) / move, np.where(move > 0, (upper - w) / move, np.inf))
        room[where != _BETWEEN] = np.inf
        j = int(room.argmin())
        if room[j] < 1.0:
            w = w + room[j] * move
            where[j] = _LOW if move[j] < 0 else _HIGH
            w[j] = lower[j] if move[j] < 0 else upper[j]
            continue
        w = w + move
        pushed = _pushed(c - A @ w, lower, upper, where)
        j = int(pushed.argmax())
        if pushed[j] <= noise:
            break
        where[j] = _BETWEEN
    return where, used


def _face(A: Array, c: Array, lower: Array, upper: Array, where: Array) -> Array:
    """The minimizer with the coefficients at their bounds held there."""
    w = np.zeros(len(c))
    w[where == _LOW], w[where == _HIGH] = lower[where == _LOW], upper[where == _HIGH]
    free = where == _BETWEEN
    if free.any():
        block, right = A[np.ix_(free, free)], (c - A @ w)[free]
        try:
            w[free] = scipy.linalg.cho_solve(scipy.linalg.cho_factor(block, check_finite=False), right)
        except np.linalg.LinAlgError:
            w[free] = scipy.linalg.lstsq(block, right, check_finite=False)[0]
    return w


def _pushed(g: Array, lower: Array, upper: Array, where: Array) -> Array:
    """How far minus the gradient pushes coefficients at a bound away from it, into the allowed interval."""
    inward = np.where(where == _LOW, g, np.where(where == _HIGH, -g, 0.0))
    return np.where(lower < upper, np.maximum(inward, 0.0), 0.0)


class _Bounded(System):
    """The system of one target with bounds: what differs is how far a point is from optimal."""

    def __init__(self, design: Design, lam: Array, factors: Array | None, k: int, lower: Array, upper: Array) -> None:
        super().__init__(design, lam[k : k + 1], factors, np.array([k]))
        self.lower, self.upper = lower[:, None], upper[:, None]

    def measure(self, W: Array, R: Array, g: Array, excess: Callable[[Array, Array], Array] | None = None) -> Array:
        """The rows of `System.measure` for the bounded problem; g becomes minus the gradient.

        The gap is that to the dual point of the residuals: with h_j the penalty and the bounds of coefficient j, the
        sum of h_j(w_j) + h_j*(q_j) - q_j w_j, q = (X - mean)'S R. `excess` is W times how far the objective is above
        its minimum over the coefficients between their bounds, and is taken where their part of the sum is larger.
        """
        d, total = self.design, self.design.total_weight
        g -= self.ridge * W
        norm = np.sqrt(total * np.square(d.scale)[:, None] + self.ridge)
        low, high = self.lower >= W, self.upper <= W
        wrong = np.where(low, np.maximum(g, 0.0), np.where(high, np.maximum(-g, 0.0), np.abs(g)))
        wrong[low & high] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            move = np.where(wrong > 0, np.clip(g / self.ridge, self.lower - W, self.upper - W), 0.0)
            part = np.where(wrong > 0, g * move - 0.5 * self.ridge * move * move, 0.0)
            # without a penalty the best point is a bound; without that, count what the coefficient alone could gain
            gain = np.where(np.isfinite(move), np.abs(g * move), 0.5 * np.square(g / norm))
            part = np.where((self.ridge == 0) & (wrong > 0), gain, part)
        inner = ~(low | high)
        gap = float(part[~inner].sum())
        gap += float(part[inner].sum()) if excess is None else min(float(part[inner].sum()), float(excess(R, g)[0]))
        return fill(self, W, R, wrong, norm, np.array([gap]), (self.ridge * W * W).sum(axis=0))


def ridge_bounded(
    X: Any,
    y: Any,
    alpha: Any = 1.0,
    *,
    lower: Any = None,
    upper: Any = None,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
) -> Fit:
    """Ridge regression with every coefficient between bounds.

    Minimizes ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha sum_j v_j w_j^2 / 2`` subject to
    ``lower_j <= w_j <= upper_j``, with ``W = sum_i s_i``. The intercept b is free.

    Parameters
    ----------
    X, y, alpha, sample_weight, penalty_factor, fit_intercept, standardize, convention
        As in `ridge`. Bounds are those of the coefficients on the original scale, whatever `standardize` says.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients of every target, ``lower <= 0 <= upper``; -inf and inf, or None, for no bound.
        ``lower=0`` is non-negative ridge regression.

    Returns
    -------
    Fit
        `certificate` is that of the bounded problem: `kkt_violation` is the largest entry of the gradient that could
        still be followed, `n_iter` the number of systems solved. `effective_dof` counts the coefficients between
        their bounds, at the set that was found.

    Raises
    ------
    TypeError, ValueError
        As `ridge`; bounds that are no numbers, NaN, of a wrong shape, or that exclude w = 0; or a Gram matrix of
        n_features x n_features that does not fit in memory.

    Warns
    -----
    ConvergenceWarning
        The certificate does not hold.
    IllConditionedWarning
        alpha = 0 and the columns between their bounds are linearly dependent.

    References
    ----------
    Portugal, Judice and Vicente (1994), Mathematics of Computation 63(208). Nocedal and Wright (2006), Numerical
    Optimization, section 16.5.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import ridge_bounded
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> ridge_bounded(X, np.array([1.0, 3.0, 5.0, 7.0]), alpha=0.0, lower=0.0, upper=[1.5, 1.0]).coef
    array([1.5, 0. ])
    """
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
    penalty = make_penalty(alpha, 0.0, None, lower, upper, n_features=design.p, n_targets=design.t)
    factors = _factors(penalty_factor, standardize, design.scale)
    lam = np.broadcast_to(_lambdas(penalty.alpha, convention, design), (design.t,))
    low = np.full(design.p, -np.inf) if penalty.lower is None else penalty.lower
    high = np.full(design.p, np.inf) if penalty.upper is None else penalty.upper
    if factors is not None:
        low, high = np.where(np.isinf(factors), 0.0, low), np.where(np.isinf(factors), 0.0, high)
    G = design.gram()
    G += np.tril(G, -1).T
    found = [_solve(_Bounded(design, lam, factors, k, low, high), G, X, sample_weight) for k in range(design.t)]
    whole = System(design, lam, factors)
    solved = Solved(
        np.asfortranarray(np.concatenate([one.W for one in found], axis=1)),
        np.concatenate([one.measures for one in found], axis=1),
        max(one.n_iter for one in found),
        name="active_set",
        reason="block pivoting on the Gram matrix, then the coefficients between their bounds alone",
        rcond=min(one.rcond for one in found),
        dof=np.array([one.dof for one in found]),
    )
    proof = certificate(solved.measures, design.y_square, design.total_weight, n_iter=solved.n_iter, rcond=solved.rcond)
    _warn(whole, solved, proof, 0.0)
    return _as_fit(design, solved.W, whole, penalty.alpha, convention, factors, proof, solved)


def _solve(system: _Bounded, G: Array, X: Any, sample_weight: Any) -> Solved:
    """One target."""
    lower, upper = system.lower[:, 0], system.upper[:, 0]
    ridge = system.ridge[:, 0]
    # a constant column without a penalty may have any coefficient: none
    live = np.flatnonzero((np.diagonal(G) + ridge > 0) & (lower < upper))
    A, c = G[np.ix_(live, live)] + np.diag(ridge[live]), system.cross[live, 0]
    where, used = bounded_set(A, c, lower[live], upper[live])
    while True:
        W = np.zeros((system.design.p, 1), order="F")
        for side, bound in ((_LOW, lower), (_HIGH, upper)):
            W[live[where == side], 0] = bound[live[where == side]]
        free = live[where == _BETWEEN]
        W, measures, rcond, dof = _between(system, G, W, free, X, sample_weight)
        w = W[live, 0]
        below, above = w < lower[live], w > upper[live]
        if not (below | above).any():
            return Solved(W, measures, used, name="active_set", reason="", rcond=rcond, dof=dof)
        where[below], where[above] = _LOW, _HIGH


def _between(
    system: _Bounded, G: Array, W: Array, free: Array, X: Any, sample_weight: Any
) -> tuple[Array, Array, float, float]:
    """(W, measures, rcond, dof) with the coefficients `free` at their minimizer, and the others where W has them."""
    if not len(free):
        return W, system.evaluate(W)[2], 1.0, 0.0
    ridge_free = system.ridge[free, 0]
    factor = _Factor(np.asfortranarray(G[np.ix_(free, free)]), ridge_free, False)
    if factor.info or factor.rcond < LEAST_RCOND["double"]:
        return _between_from_data(system, W, free, X, sample_weight)

    def solve(g: Array) -> Array:
        full = np.zeros(W.shape, order="F")
        full[free] = factor.solve(g[free])
        return full

    def excess(R: Array, g: Array) -> Array:
        return 0.5 * (g * solve(g)).sum(axis=0)

    start = W + solve(system.cross - G @ W)
    W, measures, _ = system.refine(start, lambda W, R, g: W + solve(g), steps=3, excess=excess)
    dof = float(len(free) - (ridge_free * factor.inverse_diagonal()).sum())
    return W, measures, factor.rcond, dof


def _between_from_data(
    system: _Bounded, W: Array, free: Array, X: Any, sample_weight: Any
) -> tuple[Array, Array, float, float]:
    """As `_between`, by `ridge` on what the coefficients at their bounds leave of the target."""
    design = system.design
    kept = np.full(design.p, np.inf)
    kept[free] = system.v[free]
    fit = ridge(
        X, (system.Y - design.apply(W))[:, 0], float(system.lam[0]), sample_weight=sample_weight, penalty_factor=kept,
        fit_intercept=design.fit_intercept, convention="sum",
    )  # fmt: skip
    W = W + fit.coef[:, None]
    gap = np.array([fit.certificate.duality_gap * design.total_weight])
    measures = system.evaluate(W, lambda R, g: gap)[2]
    return W, measures, fit.certificate.rcond, float(fit.effective_dof)
