"""Lasso and elastic net: one penalty (`elastic_net`), a path of them (`elastic_net_path`), or a budget
(`lasso_constrained`).

All minimize, over the intercept b and the coefficients w,

    (1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2  +  alpha sum_j v_j [ rho |w_j| + (1 - rho) w_j^2 / 2 ]

with W = sum_i s_i, sample weights s, offset o, penalty factors v and bounds lower_j <= w_j <= upper_j.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ._design import Design, check_flag
from ._engine import Engine, takes_gram, whole_gram
from ._gram import check_gram
from ._path import Bar, path_grid, trace, warn_path
from ._result import Certificate, Fit
from ._ridge_system import Array
from ._setup import Setup, as_fit, degrees_of_freedom, in_convention, joined, prove, warn_unless_converged
from ._sparse_result import SparsePath
from .penalties import as_numbers
from .ridge import _check_count, _check_positive, ridge

#: Alphas on the way to a single small one, and the share of the largest from which there are any.
_STEPS, _DIRECT = 12, 0.05


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
    gram: Any = None,
    multi_task: bool = False,
) -> Fit:
    """Lasso or elastic net at one alpha, or one per target.

    Minimizes ``(1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2 + alpha sum_j v_j [rho |w_j| + (1-rho) w_j^2 / 2]``
    subject to ``lower_j <= w_j <= upper_j``, with ``W = sum_i s_i`` and ``rho = l1_ratio``.

    Parameters
    ----------
    X : array, sparse matrix or frame of shape (n_samples, n_features)
        float32 and float64 arrays in C or F order are read in place, sparse matrices are never densified.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets are fitted one by one, or jointly with `multi_task`.
    alpha : float or array-like of shape (n_targets,), default 1.0
        Strength of the penalty in the units of `convention`; for "two_lambda" the pair (lambda_1, lambda_2), which
        leaves `l1_ratio` nothing to say. From `alpha_max` on every penalized coefficient is zero.
    l1_ratio : float, default 1.0
        rho: 1 is the lasso, 0 ridge regression, for which (as for an `alpha` of 0 without bounds) `elastic_net` has no
        use for `start` and `tol`.
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
        Duality gap to reach, relative to the objective at w = 0. On dense data it is often passed by far: once the
        signs are known the coefficients are the solution of a linear system. On sparse data, and where hundreds of
        columns move, coordinate descent stops soon after it: which coefficients are just not zero is then as exact as
        `tol`.
    start : array-like of shape (n_features,) or (n_targets, n_features), or Fit, optional
        Coefficients to start from, of a similar problem. The answer does not depend on them but by rounding.
    gram : array-like of shape (n_features, n_features), optional
        The weighted Gram matrix about the means, ``sum_i s_i (x_i - mean)(x_i - mean)'``, of X as it is, whatever
        `standardize` says: ``Z = X - np.average(X, axis=0, weights=s); gram = Z.T @ (s[:, None] * Z)``, with the mean
        left out where `fit_intercept` is False. It pays where X is several times longer than wide and is fitted more
        than once: for other targets, alphas or penalties the same matrix serves, and its own takes n_features passes
        over X. It is held to X by one product with a vector, and is not written to; two matrices of its size are taken
        beside it. Certificates come from X; where a matrix has too few digits for `tol`, as a float32 one may, that of
        X is taken instead. Where the problem is ridge regression (see `l1_ratio`) it is checked and not used.
    multi_task : bool, default False
        Choose the same features for all targets of a 2-D y: ``|w_j|`` in the penalty is then the Euclidean norm of
        feature j's coefficients over the targets, the loss is summed over them, `alpha` is one number, and there are no
        bounds.

    Returns
    -------
    Fit
        `effective_dof` of the lasso counts the coefficients that are not zero, nor at a bound. With `multi_task` it is
        one number for all targets, as the certificate is.

    Raises
    ------
    TypeError, ValueError
        As `ridge`; and where `l1_ratio`, `offset`, a bound, `start` or `gram` has a wrong type, shape or value.

    Warns
    -----
    ConvergenceWarning
        The gap was not reached.

    References
    ----------
    Tibshirani (1996), JRSS B 58(1). Zou and Hastie (2005), JRSS B 67(2). Osborne, Presnell and Turlach (2000), IMA
    Journal of Numerical Analysis 20(3), and Lee, Battle, Raina and Ng (2007), NIPS 19 (active sets). Fercoq, Gramfort
    and Salmon (2015), ICML (duality gap). Obozinski, Taskar and Jordan (2010), Statistics and Computing 20(2), and
    Bertrand and Massias (2021), AISTATS (multi-task: block coordinate descent with Anderson's extrapolation).

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
    setup = Setup(
        X, y, alpha, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize,
        convention, tol, multi_task,
    )  # fmt: skip
    design, penalty = setup.design, setup.penalty
    starts, given = _check_start(start, design), check_gram(gram, design)
    alphas = np.broadcast_to(penalty.alpha, (design.t,))
    # without a penalty the shortest of the solutions is the one to have
    plain = penalty.lower is None and penalty.upper is None and not alphas.any()
    if penalty.l1_ratio == 0.0 or plain:
        return _as_ridge(X, setup, alpha)
    W, dof = np.zeros((design.p, design.t), order="F"), np.zeros(design.t)
    parts, how = [], ("active_set", "there is no feature to fit")
    shared = whole_gram(design) if given is None and len(setup.together) > 1 and takes_gram(design) else None
    for targets in setup.together:
        problem = setup.problem(targets)
        lam = float(alphas[targets.start]) * design.total_weight
        warm = None if starts is None else problem.solution(starts[:, targets], 0)
        engine = Engine(problem, setup.tol, warm, gram=shared, given=given)
        grid = np.array([lam])
        if starts is None and not engine.set.whole:
            top = engine.largest()
            near = lam >= _DIRECT * top or design.p <= 2 * design.n or design.storage.sparse
            if 0.0 < lam < top and not (near and problem.t == 1 and engine.approach(lam)) and design.p > design.n:
                # through larger ones that is faster where there are many more features than samples
                grid = np.geomspace(top, lam, _STEPS + 1)[1:]
        for k, which, w, found, i in engine.run(grid):
            if k == len(grid) - 1:
                W[which, targets] = w.reshape(len(which), problem.t)
                parts.append(prove(problem, found, i, setup.tol, int(engine.set.counts[0])))
                dof[targets] = degrees_of_freedom(problem, lam, which, w, engine.gram)
        how = engine.how()
    found_all = joined(parts)
    warn_unless_converged(found_all, setup.tol)
    given = alpha if convention == "two_lambda" else _alpha_of(alpha, design)
    fit = as_fit(setup, W, given, found_all, dof, how)
    return replace(fit, target_certificates=tuple(parts)) if len(parts) > 1 else fit


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


def _as_ridge(X: Any, setup: Setup, alpha: Any) -> Fit:
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
    dof = float(np.sum(fit.effective_dof)) if setup.multi_task else fit.effective_dof
    return replace(fit, alpha=given, convention=setup.convention, target_names=d.target_names, effective_dof=dof)


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
    multi_task: bool = False,
) -> float:
    """The smallest alpha at which every penalized coefficient is zero, for all targets.

    Parameters
    ----------
    X, y, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention, \
    multi_task
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
    setup = Setup(
        X, y, None, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize,
        convention, 1e-12, multi_task,
    )  # fmt: skip
    return in_convention(setup, _top(setup))


def _top(setup: Setup) -> float:
    """Canonical alpha_max."""
    if setup.penalty.l1_ratio == 0.0:
        raise ValueError("l1_ratio is 0: ridge coefficients are zero at no alpha; pass l1_ratio > 0, or alphas")
    design = setup.design
    tops = [Engine(setup.problem(targets), 1e-12, small=True).largest() for targets in setup.together]
    return max(tops) / design.total_weight


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
    gram: Any = None,
    max_active: int | None = None,
    stop_early: bool = False,
    callback: Callable[[int, float, int, float], None] | None = None,
    verbose: bool = False,
    on_interrupt: Literal["raise", "return"] = "raise",
    multi_task: bool = False,
) -> SparsePath:
    """Lasso or elastic net at decreasing alphas, each with its certificate.

    Parameters
    ----------
    X, y, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention, tol, \
    gram, multi_task
        As in `elastic_net`; y has one target but with `multi_task`.
    alphas : int or array-like of shape (n_alphas,), default 100
        Values in the units of `convention`, sorted by decreasing lambda; or how many, evenly spaced in their logarithm
        from `alpha_max` to `alpha_min_ratio` times that.
    alpha_min_ratio : float, optional
        By default 1e-3 with more samples than features, and 1e-2 otherwise. Below 1, or 1 for one alpha.
    max_active : int, optional
        End the path before the first alpha with more features whose coefficients are not zero.
    stop_early : bool, default False
        End the path where deviance explained passes 99.9 %, or grows by less than a hundred thousandth of itself from
        one alpha to the next (as glmnet does).
    callback : callable, optional
        Called with (k, alpha, n_active, relative_gap) for every alpha that is done.
    verbose : bool, default False
        Show a bar on the standard error stream, or a line for every tenth of the path where that is no terminal.
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
    setup = Setup(
        X, y, None, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize,
        convention, tol, multi_task,
    )  # fmt: skip
    setup.check_one("a path")
    if max_active is not None:
        _check_count(max_active, "max_active", least=1)
    stop_early, verbose = check_flag(stop_early, "stop_early"), check_flag(verbose, "verbose")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of (k, alpha, n_active, relative_gap), got {callback!r}")
    if on_interrupt not in ("raise", "return"):
        raise ValueError(f"on_interrupt must be 'raise' or 'return', got {on_interrupt!r}")
    problem = setup.problem(setup.together[0])
    engine = Engine(problem, setup.tol, given=check_gram(gram, setup.design))
    alphas, lam = path_grid(setup, alphas, alpha_min_ratio, engine)
    path = trace(
        setup, engine, alphas, lam, max_active=max_active, stop_early=stop_early, callback=callback,
        bar=Bar(len(lam)) if verbose else None, on_interrupt=on_interrupt,
    )  # fmt: skip
    warn_path(path, setup.tol)
    return path


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
    setup = Setup(
        X, y, None, 1.0, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention,
        tol,
    )  # fmt: skip
    design = setup.design
    setup.check_one("a budget")
    problem = setup.problem(setup.together[0])
    engine = Engine(problem, 1e-15)  # small budgets are met to their own digits

    known: dict[float, tuple[float, Array, Array, Certificate]] = {}

    def norm(lam: float) -> float:
        if lam not in known:  # a second solution would differ by rounding
            engine.before = None
            which, w, found, i = next((b, c, d, e) for _, b, c, d, e in engine.run(np.array([lam])))
            proof = prove(problem, found, i, setup.tol, int(engine.set.counts[0]))
            known[lam] = float(problem.l1[which] @ np.abs(w)), which.copy(), w.copy(), proof
        return known[lam][0]

    top = high = engine.largest()
    step = 2e-16 * top
    while norm(high) > radius and step < top:  # by rounding: no coefficient should be there
        high, step = high + step, 2 * step
    low = high
    # down the path until the budget is passed
    while norm(low) < radius and low > 1e-10 * top:
        high, low = low, 0.7 * low
    lam = low = low if norm(low) >= radius else 0.0
    if norm(low) > radius > norm(high):
        from scipy.optimize import brentq

        # between two alphas with the same signs the norm is linear, and one step ends it
        brentq(lambda value: norm(value) - radius, low, high, xtol=1e-15 * top, rtol=4e-15, maxiter=200)
        lam = min(known, key=lambda value: abs(known[value][0] - radius))
    _, which, w, proof = known[lam]
    W = np.zeros((design.p, 1), order="F")
    W[which, 0] = w
    warn_unless_converged(proof, setup.tol)
    alpha = in_convention(setup, lam / design.total_weight)
    dof = degrees_of_freedom(problem, lam, which, w, engine.gram)
    return as_fit(setup, W, alpha, proof, np.array([dof]), engine.how())
