"""Lasso and elastic net: one penalty (`elastic_net`), a path of them (`elastic_net_path`), or a budget
(`lasso_constrained`).

All minimize, over the intercept b and the coefficients w,

    (1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2  +  alpha sum_j v_j [ rho |w_j| + (1 - rho) w_j^2 / 2 ]

with W = sum_i s_i, sample weights s, offset o, penalty factors v and bounds lower_j <= w_j <= upper_j.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from . import _interrupt, conventions
from ._algebra import product
from ._design import Design, _as_target, affordable, check_flag
from ._kernels import coordinate as _coordinate
from ._result import Certificate, ConvergenceWarning, Fit, SparsePath, warn
from ._ridge_system import Array
from ._working_set import GAP, PENALTY, VIOLATION, Measures, Problem, WorkingSet
from .penalties import Penalty, as_numbers, make_penalty
from .ridge import _check_count, _check_positive, ridge

#: Alphas of a path that are solved before all columns are looked at: at first, and at most.
_FIRST, _MOST = 4, 16
#: Coefficients of all features at all of them that are held at a time.
_BLOCK = 4 << 20
#: Columns that may always join the working set together.
_JOIN = 100
#: Rows per feature from which one Gram matrix of all features is cheaper than many of a few.
_TALL = 4
#: Features up to which it is anyway.
_NARROW = 200
#: Share of the tolerance that the working set's own gap may take.
_INNER = 0.3
#: Alphas on the way to a single small one, and the share of the largest from which there are any.
_STEPS, _DIRECT = 12, 0.05
#: Bytes of columns that are copied for coordinate descent, and how often it goes over all of them.
_COPY, _SWEEPS = 1 << 29, 12
#: One in so many signs may still change where it is done.
_SETTLED = 200
#: Epochs over all columns, and then over those that moved.
_PLAN = (1, 5)
#: Attempts at one alpha, with more columns each time, before what there is must do.
_ATTEMPTS = 200


class _Setup:
    """What a call of any of the functions was given, checked."""

    def __init__(
        self, X: Any, y: Any, alpha: Any, l1_ratio: Any, sample_weight: Any, penalty_factor: Any, lower: Any,
        upper: Any, offset: Any, fit_intercept: bool, standardize: bool, convention: str, tol: float,
    ) -> None:  # fmt: skip
        _check_positive(tol, "tol", zero=False)
        self.tol = float(tol)
        y = _less_offset(X, y, offset)
        self.design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
        design, self.convention = self.design, convention
        if alpha is not None:
            pair = convention == "two_lambda"
            options = {} if pair and l1_ratio == 1.0 else {"l1_ratio": l1_ratio}
            alpha, l1_ratio = conventions.to_canonical(
                alpha, convention, sum_weights=design.total_weight, name="alpha", **options
            )
            shares = np.unique(l1_ratio)
            if len(shares) > 1:
                raise ValueError("l1_ratio, or lambda_1 / lambda_2, must be the same for all targets")
            l1_ratio = float(shares[0]) if len(shares) else 1.0
        self.penalty: Penalty = make_penalty(
            1.0 if alpha is None else alpha, l1_ratio, penalty_factor, lower, upper, n_features=design.p,
            n_targets=design.t,
        )  # fmt: skip
        self.standardize = check_flag(standardize, "standardize")

    def problem(self, target: int, design: Any = None) -> Problem:
        """One target's, of all data or of `design`, a training set."""
        penalty, design = self.penalty, self.design if design is None else design
        scale = design.scale if self.standardize else None
        return Problem(design, target, penalty.l1_ratio, penalty.factors, scale, penalty.lower, penalty.upper)


def _less_offset(X: Any, y: Any, offset: Any) -> Any:
    if offset is None:
        return y
    o = as_numbers(offset, "offset must be numbers, one per row of X")
    n = np.shape(X)[0] if np.ndim(X) == 2 or hasattr(X, "shape") else len(X)
    if o.shape != (n,) or not np.isfinite(o).all():
        raise ValueError(f"offset must be a 1-D array of finite numbers, one per row of X ({n}), got shape {o.shape}")
    Y, one_d, _ = _as_target(y, n)
    Y = Y - o[:, None]
    return Y[:, 0] if one_d else Y


# ------------------------------------------------------------------------------------------------------ engine


def takes_gram(design: Design) -> bool:
    """Whether one Gram matrix of all features is cheaper than those of working sets."""
    p = design.p
    return 0 < p <= max(_NARROW, design.n // _TALL) and affordable(40.0 * p * p)


class _Engine:
    """Solves one problem at decreasing lambdas, each starting from the one before."""

    def __init__(self, problem: Problem, tol: float, start: Array | None = None, *, gram: Array | None = None) -> None:
        """`gram` is Z'Z, where it is known already."""
        self.problem, d = problem, problem.design
        self.tol = tol * problem.size
        tall = gram is not None or takes_gram(d)
        if tall and gram is None:
            gram = d.gram()
            gram += np.tril(gram, -1).T
        self.set = WorkingSet(problem, gram=gram)
        self.passes = 0
        self.before: float | None = None
        nonzero = np.zeros(0, np.intp) if start is None else np.flatnonzero(start)
        if not tall:
            self.set.add(np.union1d(problem.free, nonzero).astype(np.intp))
        if start is not None:
            self.set.set(np.clip(start, problem.lower, problem.upper)[self.set.which])
        elif len(problem.free):
            self._null()
        #: Z'r at the last solution
        self.correlation = problem.cross
        if start is not None or len(problem.free):
            W = self.set.full(self.set.w[: len(self.set), None])
            if problem.known_by_moments:
                self.correlation = problem.cross - product(self.set.G, W)[:, 0]
                return
            R = problem.residuals(W)
            if start is not None and not 0.5 * float(d.square_sum(R)[0]) <= problem.size:
                # digits that a bad start costs do not come back
                self.set.set(np.zeros(len(self.set)))
                return
            self.correlation = problem.gradient(R)[:, 0]
            self.passes += 1

    def _null(self) -> None:
        """The fit of the features that nothing penalizes."""
        upper, lower = self.set.upper.copy(), self.set.lower.copy()
        held = np.isin(self.set.which, self.problem.free, invert=True)
        self.set.upper[: len(held)][held] = self.set.lower[: len(held)][held] = 0.0
        self.set.solve(np.ones(1), _INNER * self.tol)
        self.set.upper[:], self.set.lower[:] = upper, lower

    def reason(self) -> str:
        p = self.problem.design.p
        if self.set.whole:
            return "one Gram matrix of all features"
        return f"a working set of {len(self.set)} of {p} features"

    def largest(self) -> float:
        """The smallest lambda at which every penalized coefficient is zero."""
        P, g = self.problem, self.correlation
        pushed = np.where(g > 0, np.where(P.upper > 0, g, 0.0), np.where(P.lower < 0, -g, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(P.l1 > 0, pushed / P.l1, 0.0)
        return float(ratio.max(initial=0.0))

    def approach(self, lam: float) -> bool:
        """Coordinate descent from zero, to find most of the signs at a single lambda; whether that was worth it."""
        P, d, stop = self.problem, self.problem.design, self.set.stop
        candidates = np.flatnonzero(self._size() >= lam)
        candidates = np.union1d(candidates[P.diagonal[candidates] > 0], P.free).astype(np.intp)
        if 8.0 * d.n * len(candidates) > _COPY:
            return False
        Z = P.columns(candidates)
        w, r = np.zeros(len(candidates)), d.Y[:, P.target].copy()
        if P.root is not None:
            r *= P.root[:, 0]
        parts = (P.diagonal, lam * P.l1, lam * P.l2, P.lower, P.upper)
        args = (Z, *(np.ascontiguousarray(part[candidates]) for part in parts))
        settled = False
        for _ in range(_SWEEPS):
            for active, most in ((False, _PLAN[0]), (True, _PLAN[1])):
                work = 4.0 * most * Z.size
                changed, _ = _interrupt.run(_coordinate.descend, *args, active, most, w, r, stop, work=work, stop=stop)
                settled = settled or (not active and changed <= np.count_nonzero(w) // _SETTLED)
            if settled:
                break
        found = candidates[w != 0]
        if len(found) > 0.8 * d.n and not P.l2.any():
            return False
        self.set.add(found[np.isin(found, self.set.which, invert=True)])
        full = np.zeros(d.p)
        full[candidates] = w
        self.set.set(full[self.set.which])
        # the next product with X tells what is missing
        self.correlation = np.zeros(d.p)
        return True

    def _size(self) -> Array:
        """|Z'r| over the weight of |w|, the lambda at which a coordinate at zero would move."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.problem.l1 > 0, np.abs(self.correlation) / self.problem.l1, 0.0)

    def run(self, lam: Array) -> Iterator[tuple[int, Array, Array, Measures, int]]:
        """Yields (k, columns, coefficients, measures, column of the measures) for lam[k] in turn."""
        most = max(2, min(_MOST, _BLOCK // max(1, self.problem.design.p)))
        k, block, attempts = 0, most if self.set.whole else min(_FIRST, most), 0
        while k < len(lam):
            stop = min(len(lam), k + block)
            if not self.set.whole:
                self._grow(lam, k, stop)
            solved, out = self.set.solve(lam[k:stop], _INNER * self.tol)
            if self.set.stop[0]:
                return  # another thread was interrupted
            found = self.set.measure(out, lam[k : k + out.shape[1]], self.tol)
            self.passes += not self.set.whole
            good = 0
            while good < solved and found.table[GAP, good] <= self.tol:
                good += 1
            attempts += 1
            more = np.zeros(0, np.intp)
            if good < out.shape[1] and not self.set.whole:
                more = self._violators(found, good, out)
            if good == 0 and (not len(more) or attempts > _ATTEMPTS):
                good = 1  # as near as it gets
                more = more[:0]
            for i in range(good):
                yield k + i, self.set.which, out[:, i], found, i
            if good:
                attempts = 0
                self.correlation, self.before = found.g[:, good - 1], float(lam[k + good - 1])
            if good < stop - k:
                self.set.set(out[:, min(good, out.shape[1] - 1)])
                self.set.add(more)
                block = max(2, block // 2) if good < block // 2 else block
            else:
                block = min(most, 2 * block)
            k += good

    def _grow(self, lam: Array, k: int, stop: int) -> None:
        """Columns that are likely to move between lam[k] and lam[stop - 1] (Tibshirani et al. 2012, strong rules)."""
        P, m = self.problem, len(self.set)
        size = self._size()
        size[self.set.which] = 0.0
        level = float(lam[stop - 1])
        if self.before is not None:
            level = min(level, max(2.0 * float(lam[k]) - self.before, 0.0))
        new = np.flatnonzero((size >= level) & (P.lower < P.upper) & (P.diagonal > 0) & (size > 0))
        cap = max(_JOIN // 2, int(np.count_nonzero(self.set.w[:m])) // 2)
        self.set.add(_largest(new, size, cap))

    def _violators(self, found: Measures, good: int, out: Array) -> Array:
        """Columns outside of the working set that should move."""
        l1 = self.problem.l1
        # beside their own penalty, so that units do not matter
        excess = np.where(l1 > 0, found.excess / np.where(l1 > 0, l1, 1.0), 0.0)
        excess[self.set.which] = 0.0
        new = np.flatnonzero(excess > 1e-10)
        cap = max(_JOIN, int(np.count_nonzero(out[:, min(good, out.shape[1] - 1)])))
        return _largest(new, excess, cap)


def _largest(which: Array, size: Array, cap: int) -> Array:
    if len(which) <= cap:
        return which
    return np.sort(which[np.argpartition(-size[which], cap)[:cap]])


# ---------------------------------------------------------------------------------------------------- results


def _prove(problem: Problem, found: Measures, i: int, tol: float, n_iter: int) -> Certificate:
    total = problem.design.total_weight
    gap = float(found.table[GAP, i])
    relative = gap / problem.size if problem.size > 0 else gap
    objective = 0.5 * float(found.loss[i]) + float(found.table[PENALTY, i])
    return Certificate(
        objective=objective / total,
        duality_gap=gap / total,
        relative_gap=relative,
        kkt_violation=float(found.table[VIOLATION, i]) / total,
        converged=bool(np.isfinite(objective)) and relative <= tol,
        n_iter=n_iter,
    )


def _dof(problem: Problem, lam: float, which: Array, w: Array) -> float:
    """Degrees of freedom without the intercept (Zou, Hastie and Tibshirani 2007; Tibshirani and Taylor 2012)."""
    moving = which[(w != 0) & (w > problem.lower[which]) & (w < problem.upper[which])]
    l2 = lam * problem.l2[moving]
    if not l2.any():
        return float(len(moving))
    Z = problem.columns(moving)
    if len(moving) > problem.design.n and l2.all():
        V = Z / np.sqrt(l2)
        values = np.linalg.eigvalsh(V @ V.T)
        return float((values / (1.0 + values)).sum())
    return float(len(moving) - (l2 * np.diagonal(np.linalg.inv(Z.T @ Z + np.diag(l2)))).sum())


def _as_fit(setup: _Setup, W: Array, alpha: Any, certificate: Certificate, dof: Array, reason: str) -> Fit:
    d = setup.design
    intercept = d.y_mean - d.mean @ W if d.fit_intercept else np.zeros(d.t)
    factors = setup.penalty.factors
    return Fit(
        coef=np.add(W[:, 0] if d.one_d else W.T, 0.0, order="C"),
        intercept=float(intercept[0]) if d.one_d else intercept,
        alpha=alpha,
        l1_ratio=setup.penalty.l1_ratio,
        convention=setup.convention,
        certificate=certificate,
        solver="active_set",
        solver_reason=reason,
        effective_dof=float(dof[0]) if d.one_d else dof,
        n_samples=d.n,
        n_features=d.p,
        sum_weights=d.total_weight,
        feature_mean=d.mean,
        feature_scale=d.scale,
        feature_names=d.feature_names,
        target_names=d.target_names,
        penalty_factor=factors,
        fit_intercept=d.fit_intercept,
    )


def _joined(parts: list[Certificate]) -> Certificate:
    """The summed objective and the worst of the rest, of several targets."""
    if len(parts) == 1:
        return parts[0]
    worst = max(parts, key=lambda one: one.relative_gap if one.relative_gap == one.relative_gap else np.inf)
    return Certificate(
        objective=sum(one.objective for one in parts),
        duality_gap=max(one.duality_gap for one in parts),
        relative_gap=worst.relative_gap,
        kkt_violation=max(one.kkt_violation for one in parts),
        converged=all(one.converged for one in parts),
        n_iter=sum(one.n_iter for one in parts),
    )


def _warn(certificate: Certificate, tol: float, where: str = "") -> None:
    if not certificate.converged:
        warn(
            f"elastic_net{where} stopped at a relative duality gap of {certificate.relative_gap:.1e} (asked: {tol:.1e}"
            f"), {certificate.duality_gap:.1e} in units of the objective: standardize the columns, rescale those that "
            "differ by many orders of magnitude, drop duplicates, or increase alpha or tol",
            ConvergenceWarning,
        )


# -------------------------------------------------------------------------------------------------- one penalty


def elastic_net(
    X: Any,
    y: Any,
    alpha: Any = 1.0,
    *,
    l1_ratio: float = 1.0,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    lower: Any = None,
    upper: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    tol: float = 1e-8,
    start: Any = None,
) -> Fit:
    """Lasso or elastic net at one alpha, or one per target.

    Minimizes ``(1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2 + alpha sum_j v_j [rho |w_j| + (1-rho) w_j^2 / 2]``
    subject to ``lower_j <= w_j <= upper_j``, with ``W = sum_i s_i`` and ``rho = l1_ratio``.

    Parameters
    ----------
    X : array, sparse matrix or frame of shape (n_samples, n_features)
        float32 and float64 arrays in C or F order are read in place, sparse matrices are never densified.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets are fitted one by one.
    alpha : float or array-like of shape (n_targets,), default 1.0
        Strength of the penalty in the units of `convention`; for "two_lambda" the pair (lambda_1, lambda_2), which
        leaves `l1_ratio` nothing to say. From `alpha_max` on every penalized coefficient is zero.
    l1_ratio : float, default 1.0
        rho: 1 is the lasso, 0 ridge regression.
    sample_weight : float or array-like of shape (n_samples,), optional
        s; zeros allowed.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients on the original scale, ``lower <= 0 <= upper``; ``lower=0`` is the positive lasso.
    offset : array-like of shape (n_samples,), optional
        o, a part of the prediction that is known.
    fit_intercept : bool, default True
        Fit b, which is never penalized.
    standardize : bool, default False
        Penalize the coefficients of the standardized features: ``|w_j|`` times the standard deviation of feature j.
        Coefficients come back on the original scale. Constant features are excluded.
    convention : str, default "canonical"
        The objective that `alpha` belongs to, one of `shrinkage.conventions.CONVENTIONS` with an L1 term.
    tol : float, default 1e-8
        Duality gap to reach, relative to the objective at w = 0. It is often passed by far: once the signs are known
        the coefficients are the solution of a linear system.
    start : array-like of shape (n_features,) or (n_targets, n_features), or Fit, optional
        Coefficients to start from, of a similar problem. The answer does not depend on them but by rounding.

    Returns
    -------
    Fit
        `effective_dof` of the lasso counts the coefficients that are not zero, nor at a bound.

    Raises
    ------
    TypeError, ValueError
        As `ridge`; and where `l1_ratio`, `offset`, a bound or `start` has a wrong type, shape or value.

    Warns
    -----
    ConvergenceWarning
        The gap was not reached.

    References
    ----------
    Tibshirani (1996), JRSS B 58(1). Zou and Hastie (2005), JRSS B 67(2). Osborne, Presnell and Turlach (2000), IMA
    Journal of Numerical Analysis 20(3), and Lee, Battle, Raina and Ng (2007), NIPS 19 (active sets). Fercoq, Gramfort
    and Salmon (2015), ICML (duality gap).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import elastic_net
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> fit = elastic_net(X, np.array([1.0, 3.0, 5.0, 7.0]), alpha=1.25)
    >>> fit.coef, fit.intercept
    (array([1., 0.]), 2.5)
    """
    if alpha is None:
        raise TypeError("alpha must be a number or one number per target, got None")
    setup = _Setup(
        X, y, alpha, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize,
        convention, tol,
    )  # fmt: skip
    design, penalty = setup.design, setup.penalty
    starts = _check_start(start, design)
    alphas = np.broadcast_to(penalty.alpha, (design.t,))
    if penalty.l1_ratio == 0.0:
        return _as_ridge(X, setup, alpha)
    W, dof = np.zeros((design.p, design.t), order="F"), np.zeros(design.t)
    parts, reason = [], "there is no feature to fit"
    for c in range(design.t):
        problem = setup.problem(c)
        lam = float(alphas[c]) * design.total_weight
        engine = _Engine(problem, setup.tol, None if starts is None else starts[:, c])
        grid = np.array([lam])
        if starts is None and not engine.set.whole:
            top = engine.largest()
            near = lam >= _DIRECT * top or design.p <= 2 * design.n
            if 0.0 < lam < top and not (near and engine.approach(lam)) and design.p > design.n:
                # through larger ones that is faster where there are many more features than samples
                grid = np.geomspace(top, lam, _STEPS + 1)[1:]
        for k, which, w, found, i in engine.run(grid):
            if k == len(grid) - 1:
                W[which, c] = w
                parts.append(_prove(problem, found, i, setup.tol, int(engine.set.counts[0])))
                dof[c] = _dof(problem, lam, which, w)
        reason = engine.reason()
    found_all = _joined(parts)
    _warn(found_all, setup.tol)
    given = alpha if convention == "two_lambda" else _alpha_of(alpha, design)
    return _as_fit(setup, W, given, found_all, dof, reason)


def _alpha_of(alpha: Any, design: Design) -> Any:
    values = np.asarray(alpha, dtype=np.float64)
    return values.copy() if values.ndim and not design.one_d else float(values.ravel()[0])


def _check_start(start: Any, design: Design) -> Array | None:
    if start is None:
        return None
    values = start.coef if isinstance(start, Fit) else as_numbers(start, "start must be coefficients, or a Fit")
    shape = (design.p,) if design.one_d else (design.t, design.p)
    if values.shape != shape:
        raise ValueError(f"start must have shape {shape}, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("start contains NaN or infinity: leave it out, or pass the coefficients of another fit")
    return np.array(np.atleast_2d(values).T, order="F")


def _as_ridge(X: Any, setup: _Setup, alpha: Any) -> Fit:
    """l1_ratio = 0: ridge regression, which has better ways."""
    d, penalty = setup.design, setup.penalty
    Y = d.Y + d.y_mean
    options: dict[str, Any] = {
        "sample_weight": d.s[: d.n] if d.weighted else None, "penalty_factor": penalty.factors,
        "fit_intercept": d.fit_intercept, "standardize": setup.standardize,
    }  # fmt: skip
    target = Y[:, 0] if d.one_d else Y
    strength = penalty.alpha if not np.ndim(penalty.alpha) or not d.one_d else float(np.ravel(penalty.alpha)[0])
    if penalty.lower is None and penalty.upper is None:
        fit = ridge(X, target, strength, **options)
    else:
        from ._positive import ridge_bounded

        fit = ridge_bounded(X, target, strength, lower=penalty.lower, upper=penalty.upper, **options)
    given = alpha if setup.convention == "two_lambda" else _alpha_of(alpha, d)
    return replace(fit, alpha=given, convention=setup.convention, target_names=d.target_names)


def alpha_max(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 1.0,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    lower: Any = None,
    upper: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
) -> float:
    """The smallest alpha at which every penalized coefficient is zero, for all targets.

    Parameters
    ----------
    X, y, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention
        As in `elastic_net`.

    Returns
    -------
    float
        In the units of `convention`; 0 where nothing in X has to do with y.

    Raises
    ------
    TypeError, ValueError
        As `elastic_net`, and where `l1_ratio` is 0: ridge coefficients are never zero.
    """
    setup = _Setup(
        X, y, None, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize,
        convention, 1e-12,
    )  # fmt: skip
    return _in_convention(setup, _top(setup))


def _top(setup: _Setup) -> float:
    """Canonical alpha_max."""
    if setup.penalty.l1_ratio == 0.0:
        raise ValueError("l1_ratio is 0: ridge coefficients are zero at no alpha; pass l1_ratio > 0, or alphas")
    design = setup.design
    tops = [_Engine(setup.problem(c), 1e-12).largest() for c in range(design.t)]
    return max(tops) / design.total_weight


def _in_convention(setup: _Setup, alpha: Any) -> Any:
    if setup.convention == "canonical":
        return alpha
    if setup.convention == "two_lambda":
        raise ValueError("convention 'two_lambda' has two strengths: use 'canonical', which has alpha and l1_ratio")
    value = conventions.from_canonical(
        alpha, setup.convention, sum_weights=setup.design.total_weight, l1_ratio=setup.penalty.l1_ratio
    )
    return value if np.ndim(alpha) else float(value)  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------------- paths


def elastic_net_path(
    X: Any,
    y: Any,
    alphas: Any = 100,
    *,
    alpha_min_ratio: float | None = None,
    l1_ratio: float = 1.0,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    lower: Any = None,
    upper: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    tol: float = 1e-8,
    max_active: int | None = None,
    stop_early: bool = False,
    callback: Callable[[int, float, int, float], None] | None = None,
    verbose: bool = False,
    on_interrupt: Literal["raise", "return"] = "raise",
) -> SparsePath:
    """Lasso or elastic net at decreasing alphas, each with its certificate.

    Parameters
    ----------
    X, y, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention, tol
        As in `elastic_net`; y has one target.
    alphas : int or array-like of shape (n_alphas,), default 100
        Values in the units of `convention`, sorted into decreasing order; or how many, evenly spaced in their logarithm
        from `alpha_max` to `alpha_min_ratio` times that.
    alpha_min_ratio : float, optional
        By default 1e-3 with more samples than features, and 1e-2 otherwise.
    max_active : int, optional
        End the path before the first alpha with more coefficients that are not zero.
    stop_early : bool, default False
        End the path where deviance explained passes 99.9 %, or grows by less than a hundred thousandth of itself from
        one alpha to the next (as glmnet does).
    callback : callable, optional
        Called with (k, alpha, n_active, relative_gap) for every alpha that is done.
    verbose : bool, default False
        Show a bar on the standard error stream.
    on_interrupt : {"raise", "return"}, default "raise"
        What Ctrl-C does: raise KeyboardInterrupt, or return the alphas that are done (at least one).

    Returns
    -------
    SparsePath

    Raises
    ------
    TypeError, ValueError
        As `elastic_net`; `l1_ratio` must be positive where `alphas` is a number of them.

    Warns
    -----
    ConvergenceWarning
        The gap was not reached at some alpha; the message names the first.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1). Tibshirani et al. (2012), JRSS B
    74(2) (strong rules). Otherwise as `elastic_net`.
    """
    setup = _Setup(
        X, y, None, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize,
        convention, tol,
    )  # fmt: skip
    design = setup.design
    if not design.one_d:
        raise ValueError(f"y must have shape (n_samples,), got {design.Y.shape}: a path belongs to one target")
    if max_active is not None:
        _check_count(max_active, "max_active", least=1)
    stop_early, verbose = check_flag(stop_early, "stop_early"), check_flag(verbose, "verbose")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of (k, alpha, n_active, relative_gap), got {callback!r}")
    if on_interrupt not in ("raise", "return"):
        raise ValueError(f"on_interrupt must be 'raise' or 'return', got {on_interrupt!r}")
    problem = setup.problem(0)
    engine = _Engine(problem, setup.tol)
    alphas, lam = _path_grid(setup, alphas, alpha_min_ratio, engine)
    path = _trace(
        setup, engine, alphas, lam, max_active=max_active, stop_early=stop_early, callback=callback,
        bar=_Bar(len(lam)) if verbose else None, on_interrupt=on_interrupt,
    )  # fmt: skip
    _warn_path(path, setup.tol)
    return path


def _warn_path(path: SparsePath, tol: float) -> None:
    bad = next((k for k, one in enumerate(path.certificates) if not one.converged), None)
    if bad is not None:
        _warn(path.certificates[bad], tol, f"_path at alpha = {path.alphas[bad]:.6g}")


def _trace(
    setup: _Setup, engine: _Engine, alphas: Array, lam: Array, *, max_active: int | None = None,
    stop_early: bool = False, callback: Any = None, bar: _Bar | None = None, on_interrupt: str = "raise",
) -> SparsePath:  # fmt: skip
    """The path of the engine's problem, without warnings."""
    design, problem, done = setup.design, engine.problem, _Done(setup.design.p)
    try:
        for k, which, w, found, i in engine.run(lam):
            proof = _prove(problem, found, i, setup.tol, int(engine.set.counts[0]))
            active = int(np.count_nonzero(w))
            explained = 1.0 - float(found.loss[i]) / problem.square if problem.square > 0 else 0.0
            if max_active is not None and active > max_active and k > 0:
                break
            done.add(which, w, proof, explained, _dof(problem, float(lam[k]), which, w))
            if callback is not None:
                callback(k, float(alphas[k]), active, proof.relative_gap)
            if bar is not None:
                bar.show(k + 1, float(alphas[k]), active)
            if stop_early and done.flat():
                break
    except KeyboardInterrupt:
        if on_interrupt == "raise" or not done.certificates:
            raise
    finally:
        if bar is not None:
            bar.close()
    count = len(done.certificates)
    coefs = done.coefs()
    first = _as_fit(
        setup, coefs[:, [0]].toarray(), float(alphas[0]), done.certificates[0], np.array(done.dof[:1]), engine.reason()
    )
    intercepts = np.zeros(count)
    if design.fit_intercept:
        intercepts = float(design.y_mean[0]) - coefs.T @ design.mean
    return SparsePath(
        alphas=alphas[:count],
        coefs=coefs,
        intercepts=intercepts,
        certificates=tuple(done.certificates),
        effective_dof=np.array(done.dof),
        deviance_explained=np.array(done.explained),
        n_active=np.diff(coefs.indptr),
        n_passes=engine.passes,
        l1_ratio=setup.penalty.l1_ratio,
        convention=setup.convention,
        solver="active_set",
        solver_reason=engine.reason(),
        _first=first,
        _deviance=problem.square,
        _count=int((design.s[: design.n] > 0).sum()),
        feature_names=design.feature_names,
    )


def _path_grid(setup: _Setup, alphas: Any, ratio: Any, engine: _Engine) -> tuple[Array, Array]:
    """Decreasing alphas in the caller's convention, and their lambdas."""
    design = setup.design
    if isinstance(alphas, (int, np.integer)) and not isinstance(alphas, bool):
        _check_count(alphas, "alphas, a number of them,", least=1)
        if ratio is None:
            ratio = 1e-3 if design.n > design.p else 1e-2
        _check_positive(ratio, "alpha_min_ratio", zero=False)
        if ratio >= 1:
            raise ValueError(f"alpha_min_ratio must be below 1, got {ratio!r}")
        if setup.penalty.l1_ratio == 0.0:
            raise ValueError("l1_ratio is 0, where no alpha is the largest that counts: pass alphas, or use ridge_path")
        top = engine.largest()
        lam = np.geomspace(1.0, ratio, int(alphas)) * (top if top > 0 else design.total_weight)
        return np.asarray(_in_convention(setup, lam / design.total_weight)), lam
    if ratio is not None:
        raise ValueError("alpha_min_ratio is for alphas given as a number of them")
    values = np.atleast_1d(as_numbers(alphas, "alphas must be a number of them or a 1-D array of numbers"))
    if values.ndim != 1 or not len(values):
        raise ValueError(f"alphas must be a 1-D array with at least one value, got shape {values.shape}")
    if setup.convention == "two_lambda":
        _in_convention(setup, values)
    canonical, _ = conventions.to_canonical(
        values, setup.convention, sum_weights=design.total_weight, l1_ratio=setup.penalty.l1_ratio, name="alphas"
    )
    lam = np.asarray(canonical) * design.total_weight
    order = np.argsort(-lam, kind="stable")
    return values[order], lam[order]


class _Done:
    """What a path has so far."""

    def __init__(self, p: int) -> None:
        self.p = p
        self.rows: list[Array] = []
        self.values: list[Array] = []
        self.certificates: list[Certificate] = []
        self.explained: list[float] = []
        self.dof: list[float] = []

    def add(self, which: Array, w: Array, proof: Certificate, explained: float, dof: float) -> None:
        active = np.flatnonzero(w)
        rows = which[active]
        order = np.argsort(rows)
        self.rows.append(rows[order])
        self.values.append(w[active][order])
        self.certificates.append(proof)
        self.explained.append(explained)
        self.dof.append(dof)

    def flat(self) -> bool:
        """Whether there is little left to explain, or to gain."""
        if len(self.explained) < 5:
            return False
        now, before = self.explained[-1], self.explained[-2]
        return now > 0.999 or now - before < 1e-5 * now

    def coefs(self) -> Any:
        from scipy import sparse

        pointers = np.concatenate([[0], np.cumsum([len(rows) for rows in self.rows])])
        data = (np.concatenate(self.values), np.concatenate(self.rows), pointers)
        return sparse.csc_array(data, shape=(self.p, len(self.rows)))


class _Bar:
    """Progress on the standard error stream."""

    def __init__(self, total: int) -> None:
        self.total = total

    def show(self, done: int, alpha: float, active: int) -> None:
        full = 30 * done // self.total
        sys.stderr.write(
            f"\r[{'#' * full}{'.' * (30 - full)}] {done}/{self.total}  alpha {alpha:.3g}  active {active} "
        )
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\n")


def lasso_constrained(
    X: Any,
    y: Any,
    radius: Any,
    *,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    lower: Any = None,
    upper: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    tol: float = 1e-8,
) -> Fit:
    """Least squares under a budget for the absolute coefficients, and the alpha that it is worth.

    Minimizes ``(1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2`` subject to ``sum_j v_j |w_j| <= radius`` (with
    `standardize`, of the standardized features' coefficients).

    Parameters
    ----------
    X, y, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention, tol
        As in `elastic_net`; y has one target.
    radius : float
        The budget, positive.

    Returns
    -------
    Fit
        The lasso's at the `alpha` whose coefficients use up the budget; 0 where least squares keeps within it.

    Raises
    ------
    TypeError, ValueError
        As `elastic_net`, and where `radius` is not a positive number.

    Notes
    -----
    The norm falls piecewise linearly as alpha grows (Osborne, Presnell and Turlach 2000).
    """
    _check_positive(radius, "radius", zero=False)
    setup = _Setup(
        X, y, None, 1.0, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention,
        tol,
    )  # fmt: skip
    design = setup.design
    if not design.one_d:
        raise ValueError(f"y must have shape (n_samples,), got {design.Y.shape}: a budget belongs to one target")
    problem = setup.problem(0)
    engine = _Engine(problem, 1e-15)  # small budgets are met to their own digits

    def solve(lam: float) -> tuple[float, Array, Array, Certificate]:
        engine.before = None
        which, w, found, i = next((b, c, d, e) for _, b, c, d, e in engine.run(np.array([lam])))
        proof = _prove(problem, found, i, setup.tol, int(engine.set.counts[0]))
        return float(problem.l1[which] @ np.abs(w)), which, w, proof

    top = engine.largest()
    high = low = top
    best = solve(top)
    # down the path until the budget is passed
    while best[0] < radius and low > 1e-10 * top:
        high, low = low, 0.7 * low
        best = solve(low)
    lam = low
    if best[0] <= radius:
        lam, best = 0.0, solve(0.0)
    if best[0] > radius:
        from scipy.optimize import brentq

        # between two alphas with the same signs the norm is linear, and one step ends it
        lam = brentq(lambda value: solve(value)[0] - radius, lam, high, xtol=1e-15 * top, rtol=4e-15, maxiter=200)
        best = solve(lam)
    _, which, w, proof = best
    W = np.zeros((design.p, 1), order="F")
    W[which, 0] = w
    _warn(proof, setup.tol)
    alpha = _in_convention(setup, lam / design.total_weight)
    return _as_fit(setup, W, alpha, proof, np.array([_dof(problem, lam, which, w)]), engine.reason())
