"""Fits that follow another: `relaxed_lasso` and `adaptive_lasso`, and what a `SparsePath` solves again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ._design import Design, SparseStorage, as_matrix
from ._result import Fit
from ._ridge_system import Array
from ._setup import Setup
from ._sparse_result import AGAIN, SparsePath
from .elastic_net import elastic_net
from .penalties import as_numbers
from .ridge import _check_positive


def relaxed_lasso(
    X: Any,
    y: Any,
    alpha: Any = 1.0,
    phi: float = 0.0,
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
    """Lasso that chooses features at one alpha and shrinks them by another.

    The lasso at `alpha` chooses the features whose coefficients are not zero. Of those alone the second fit minimizes
    ``(1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2 + phi alpha sum_j v_j [rho |w_j| + (1-rho) w_j^2 / 2]`` subject to
    ``lower_j <= w_j <= upper_j``, with ``W = sum_i s_i`` and ``rho = l1_ratio``.

    Parameters
    ----------
    X, y, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention, tol, gram, \
    multi_task
        As in `elastic_net`, for both fits; y has one target but with `multi_task`. Features with a penalty factor of 0
        are always chosen.
    alpha : float, default 1.0
        Strength of the penalty that chooses, in the units of `convention`.
    phi : float, default 0.0
        Between 0 and 1, what is left of `alpha` for the chosen: 1 is the lasso, 0 least squares.
    l1_ratio : float, default 1.0
        rho, positive; below 1 an elastic net chooses, and is relaxed.
    start : array-like of shape (n_features,) or (n_targets, n_features), or Fit, optional
        Coefficients for the first fit to start from.

    Returns
    -------
    Fit
        That of the second problem, zero for the features that were not chosen, whose `penalty_factor` is inf: `alpha`
        is phi times the one given, and the certificate that of the second problem. `effective_dof` is that of the
        second fit and does not count the choice.

    Raises
    ------
    TypeError, ValueError
        As `elastic_net`; `phi` is not between 0 and 1, `l1_ratio` is 0, or y has targets without `multi_task`.

    Warns
    -----
    ConvergenceWarning
        The gap was not reached by one of the fits.
    IllConditionedWarning
        phi is 0 and the chosen columns are linearly dependent: the least-squares solution of minimum norm is returned.

    Notes
    -----
    The second fit has a copy of the chosen columns, sparse where X is.

    References
    ----------
    Meinshausen (2007), Computational Statistics & Data Analysis 52(1). Hastie, Tibshirani and Tibshirani (2020),
    Statistical Science 35(4), who take phi for the weight between the two fits instead.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import relaxed_lasso
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> fit = relaxed_lasso(X, np.array([1.0, 3.0, 5.0, 7.0]), alpha=1.25)
    >>> fit.coef.round(9), round(fit.intercept, 9)
    (array([2., 0.]), 1.0)
    """
    _check_positive(phi, "phi", zero=True)
    if phi > 1:
        raise ValueError(f"phi must be between 0 (least squares of what was chosen) and 1 (the lasso), got {phi!r}")
    options = {
        "sample_weight": sample_weight, "offset": offset, "fit_intercept": fit_intercept, "standardize": standardize,
        "tol": tol, "multi_task": multi_task,
    }  # fmt: skip
    first = elastic_net(
        X, y, alpha, l1_ratio=l1_ratio, penalty_factor=penalty_factor, lower=lower, upper=upper, convention=convention,
        start=start, gram=gram, **options,
    )  # fmt: skip
    if first.coef.ndim > 1 and not multi_task:
        raise ValueError(f"y must have shape (n_samples,), got {len(first.coef)} targets: pass multi_task=True")
    if first.l1_ratio == 0.0:
        raise ValueError("l1_ratio must be positive: ridge regression chooses no features")
    p, v = first.n_features, first.penalty_factor
    chosen = np.atleast_2d(first.coef).any(axis=0)
    if v is not None:
        chosen |= (v == 0) & (first.feature_scale > 0)
    kept = np.flatnonzero(chosen)
    options |= {
        "penalty_factor": None if v is None else v[kept], "lower": _of(lower, kept), "upper": _of(upper, kept),
        "gram": None if gram is None or not phi else np.asarray(gram)[np.ix_(kept, kept)],
    }  # fmt: skip
    if phi:
        strength = _times(alpha, phi, convention)
        options |= {"l1_ratio": l1_ratio, "convention": convention, "start": first.coef[..., kept]}
        second = elastic_net(_columns(X, kept), y, strength, **options)
    else:
        # whatever is left of the penalty is nothing, and ridge knows what to do with dependent columns
        second = elastic_net(_columns(X, kept), y, 0.0, l1_ratio=0.0, **options)
    dof = second.effective_dof
    coef, factors = np.zeros(first.coef.shape), np.full(p, np.inf)
    coef[..., kept], factors[kept] = second.coef, 1.0 if v is None else v[kept]
    return replace(
        second,
        coef=coef,
        alpha=_times(first.alpha, phi, convention),
        l1_ratio=first.l1_ratio,
        convention=convention,
        effective_dof=float(np.sum(dof)) if multi_task else dof,
        solver_reason=f"{second.solver_reason}, of the {len(kept)} of {p} features that were chosen",
        n_features=p,
        feature_mean=first.feature_mean,
        feature_scale=first.feature_scale,
        feature_names=first.feature_names,
        penalty_factor=factors,
    )


def _times(alpha: Any, phi: float, convention: str) -> Any:
    """phi of the penalty `alpha` in its convention."""
    if convention == "two_lambda":
        return tuple(_times(one, phi, "canonical") for one in alpha)
    values = np.asarray(alpha, dtype=np.float64)
    with np.errstate(divide="ignore"):
        values = values / phi if convention == "inverse" else phi * values
    return values if values.ndim else float(values)


def _of(bound: Any, kept: Array) -> Any:
    return bound if bound is None or np.ndim(bound) == 0 else np.asarray(bound)[kept]


def _columns(X: Any, kept: Array) -> Any:
    """Those columns of whatever X is."""
    matrix, _ = as_matrix(X)
    if len(kept) == matrix.shape[1]:
        return X
    return (matrix._as_scipy() if isinstance(matrix, SparseStorage) else matrix)[:, kept]


def adaptive_lasso(
    X: Any,
    y: Any,
    alpha: Any = 1.0,
    gamma: float = 1.0,
    pilot: Any = None,
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
    """Lasso whose penalty is smaller for features that mattered in a first fit.

    With coefficients u of the first fit, the pilot, minimizes ``(1/W) sum_i s_i (y_i - o_i - b - x_i.w)^2 / 2 +
    alpha sum_j v_j |u_j|^-gamma [rho |w_j| + (1-rho) w_j^2 / 2]`` subject to ``lower_j <= w_j <= upper_j``, with
    ``W = sum_i s_i`` and ``rho = l1_ratio``, over the features whose u_j is not zero. Large coefficients are shrunk
    less, which makes the choice of features consistent where the lasso's is not.

    Parameters
    ----------
    X, y, l1_ratio, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention, tol, \
    multi_task
        As in `elastic_net`, for both fits; y has one target but with `multi_task`, where ``|u_j|`` is the norm of
        feature j's coefficients too. A feature with a penalty factor of 0 stays unpenalized, whatever its u_j.
    alpha : float, default 1.0
        Strength of the penalty in the units of `convention`, which are those of the lasso times those of
        ``|u|**gamma``.
    gamma : float, default 1.0
        How much the pilot has to say, positive.
    pilot : array-like of shape (n_features,) or (n_targets, n_features), or Fit, optional
        u, on the original scale: with `standardize` those of the standardized features are made of it. By default
        ridge regression with the same arguments and the canonical strength of `alpha`, which drops no feature; pass a
        lasso's fit where there are more features than samples, or ``elastic_net(X, y, 0.0, l1_ratio=0.0)`` for least
        squares.
    start, gram
        As in `elastic_net`, for the second fit.

    Returns
    -------
    Fit
        Of the second problem, with its certificate; `penalty_factor` are the factors ``v_j |u_j|^-gamma``.

    Raises
    ------
    TypeError, ValueError
        As `elastic_net`; `gamma` is not a positive number, `pilot` has a wrong shape or a value that is not finite, or
        y has targets without `multi_task`.

    Warns
    -----
    ConvergenceWarning
        The gap was not reached.

    References
    ----------
    Zou (2006), JASA 101(476). Bühlmann and van de Geer (2011), Statistics for High-Dimensional Data, section 2.8 (with
    the lasso first).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import adaptive_lasso
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> fit = adaptive_lasso(X, np.array([1.0, 3.0, 5.0, 7.0]), alpha=2.5, pilot=[2.0, 0.0])
    >>> fit.coef.round(9), fit.penalty_factor
    (array([1., 0.]), array([0.5, inf]))
    """
    _check_positive(gamma, "gamma", zero=False)
    data = {
        "sample_weight": sample_weight, "offset": offset, "lower": lower, "upper": upper,
        "fit_intercept": fit_intercept, "standardize": standardize, "tol": tol, "multi_task": multi_task,
    }  # fmt: skip
    if alpha is None:
        raise TypeError("alpha must be a number, got None")
    setup = Setup(X, y, alpha, l1_ratio, penalty_factor=penalty_factor, convention=convention, **data)
    setup.check_one("a pilot")
    if pilot is None:
        strength = float(np.ravel(setup.penalty.alpha)[0])
        pilot = elastic_net(X, y, strength, l1_ratio=0.0, penalty_factor=penalty_factor, **data)
    u = np.hypot.reduce(np.abs(_check_pilot(pilot, setup.design)), axis=0)
    if setup.standardize:
        u *= setup.design.scale
    factors = adaptive_factors(u, gamma, setup.penalty.factors)
    return elastic_net(
        X, y, alpha, l1_ratio=l1_ratio, penalty_factor=factors, convention=convention, start=start, gram=gram, **data
    )


def adaptive_factors(coef: Array, gamma: float, factors: Array | None = None) -> Array:
    """Penalty factors ``v_j |u_j|^-gamma`` of an adaptive lasso; inf for u_j = 0, and 0 for v_j = 0 whatever u_j is."""
    v = np.ones(len(coef)) if factors is None else factors
    with np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore"):
        size = v * np.abs(coef) ** -gamma
    # inf and zero win over whatever the coefficient is
    return np.where((v == 0) | np.isinf(v), v, size)


def _check_pilot(pilot: Any, design: Design) -> Array:
    """Its coefficients, (n_targets, n_features)."""
    u = pilot.coef if isinstance(pilot, Fit) else as_numbers(pilot, "pilot must be coefficients, or a Fit")
    shape = (design.p,) if design.one_d else (design.t, design.p)
    if u.shape != shape:
        raise ValueError(f"pilot must have shape {shape}, one coefficient per feature, got {u.shape}")
    if not np.isfinite(u).all():
        raise ValueError("pilot contains NaN or infinity: leave it out, or pass the coefficients of another fit")
    return np.atleast_2d(u)


# ----------------------------------------------------------------------------------------------- what a path asks for


def _own_data(path: SparsePath, data: Any) -> tuple[Any, Any, dict[str, Any]]:
    """X and y of a path, checked to be that, and the keywords of `elastic_net` that are its own."""
    if not path._options:
        raise ValueError("the path does not know how it was fitted, as one from a file may not: fit it again")
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise TypeError("data must be (X, y) or (X, y, sample_weight), those that the path was fitted on")
    X, y, weight = (*data, None)[:3]
    first = path._first
    design = Design(X, y, weight, fit_intercept=first.fit_intercept)
    if design.p != first.n_features:
        raise ValueError(f"data: X has {design.p} features, but the path was fitted on {first.n_features}")
    names = design.feature_names
    if names is not None and path.feature_names is not None and names != path.feature_names:
        raise ValueError("data: the columns of X have other names than those that the path was fitted on")
    if design.n != first.n_samples or not np.isclose(design.total_weight, first.sum_weights, rtol=1e-9, atol=0.0):
        raise ValueError(
            f"data: X has {design.n} rows with a sum of weights of {design.total_weight:.9g}, but the path was fitted "
            f"on {first.n_samples} with {first.sum_weights:.9g}: pass its own X, y and sample_weight"
        )
    square, least = float(design.y_square.sum()), 1e-12 * design.total_weight * float(np.square(design.y_mean).sum())
    if not np.isclose(square, path._deviance, rtol=1e-6, atol=least):
        raise ValueError(
            f"data: the sum of squares of y about its mean is {square:.9g}, but that of the path's is "
            f"{path._deviance:.9g}: pass its own y, less the offset where there was one"
        )
    return X, y, {"sample_weight": weight, **path._options}


def _fit(path: SparsePath, alpha: float, data: Any) -> Fit:
    """The path's problem at any alpha."""
    X, y, options = _own_data(path, data)
    near = path[int(np.abs(path._strength(path.alphas) - path._strength(alpha)).argmin())]
    return elastic_net(X, y, alpha, start=near, **options)


def _fold(path: SparsePath, data: Any, folds: Any, groups: Any, rule: Any) -> int:
    """Which alpha of the path cross-validation chooses."""
    from .cross_validation import cross_validate

    X, y, options = _own_data(path, data)
    return cross_validate(X, y, path.alphas, folds=folds, groups=groups, rule=rule, **options).index[1]


AGAIN.update(fit=_fit, fold=_fold)
