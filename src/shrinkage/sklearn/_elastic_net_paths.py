"""`enet_path` and `lasso_path`: `shrinkage.elastic_net_path` for scikit-learn."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ._base import _DTYPES, _FORMATS, check_weights
from ._sparse_base import check_gram, check_l1_ratio, dtype_of, lower_bound, solve_path

#: What keywords of scikit-learn's paths may be.
_PATH_OPTIONS: dict[str, Any] = {
    "tol": 1e-4, "max_iter": 1000, "random_state": None, "selection": "cyclic", "do_screening": True,
    "sample_weight": None, "penalty_factor": None, "lower": None, "upper": None,
}  # fmt: skip
_PATH_PARAMETERS: dict[str, Any] = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like", "sparse matrix"],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "eps": [Interval(Real, 0, None, closed="neither")],
    "alphas": [Interval(Integral, 1, None, closed="left"), "array-like", None],
    "n_alphas": [Interval(Integral, 1, None, closed="left"), None],
    "precompute": [StrOptions({"auto"}), "boolean", "array-like"],
    "Xy": ["array-like", None],
    "copy_X": ["boolean"],
    "coef_init": ["array-like", None],
    "verbose": ["verbose"],
    "return_n_iter": ["boolean"],
    "positive": ["boolean"],
    "check_input": ["boolean"],
}


@validate_params(_PATH_PARAMETERS, prefer_skip_nested_validation=True)
def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: int | None = None,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: Any = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> Any:
    """Elastic net at decreasing alphas without an intercept, in the place of `sklearn.linear_model.enet_path`.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Several targets are one problem, that of `MultiTaskElasticNet`.
    l1_ratio : float, default 0.5
        rho: 1 is the lasso, 0 ridge regression, for which `alphas` must be given.
    eps : float, default 1e-3
        The smallest alpha over the largest, where `alphas` is a number of them.
    n_alphas : int, optional
        An older name for the number of alphas.
    alphas : int or array-like of shape (n_alphas,), default 100
        Alphas, or how many; None is 100.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default "auto"
        A Gram matrix is held against the data; the solver makes its own of the columns it needs, in every case.
    Xy : array-like of shape (n_features,) or (n_features, n_targets), optional
        X'y, held against the data where `precompute` is a Gram matrix.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never written to.
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), optional
        Accepted for scikit-learn's sake: the path starts from its largest alpha.
    verbose : bool or int, default False
        Show a bar on the standard error stream.
    return_n_iter : bool, default False
        Return the iterations as well.
    positive : bool, default False
        Keep every coefficient at zero or more; of one target.
    check_input : bool, default True
        False leaves the checks to the solver.
    **params : dict
        `tol` and `sample_weight` as in `ElasticNet`, `penalty_factor`, and for one target `lower` and `upper`;
        `max_iter`, `random_state`, `selection` and `do_screening`, which have no effect.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_features, n_alphas), or (n_targets, n_features, n_alphas) where y is 2-D
    dual_gaps : ndarray of shape (n_alphas,)
        In units of the objective.
    n_iters : list of int
        With `return_n_iter`.

    Raises
    ------
    ValueError
        An unknown keyword was passed, the Gram matrix is not that of X, or bounds were, for several targets.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        A relative duality gap is above `tol` at some alpha.

    See Also
    --------
    shrinkage.elastic_net_path : Sparse coefficients, certificates, criteria, an intercept.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1).
    """
    unknown = params.keys() - _PATH_OPTIONS.keys()
    if unknown:
        raise ValueError(f"Unexpected parameters in params: {', '.join(sorted(unknown))}")
    options = _PATH_OPTIONS | params
    if options["selection"] not in ("random", "cyclic"):
        raise ValueError(f"selection should be either random or cyclic, got {options['selection']!r}")
    if check_input:
        X = check_array(X, accept_sparse=_FORMATS, dtype=_DTYPES)
        y = check_array(y, dtype=X.dtype, ensure_2d=False)
        check_consistent_length(X, y)
    if y.ndim > 1 and positive:
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1)")
    alphas = n_alphas if n_alphas is not None else 100 if alphas is None else alphas
    check_l1_ratio(l1_ratio, alphas)
    # a column is one target
    several = {"multi_task": True} if y.ndim > 1 and y.shape[1] > 1 else {}
    target = y if several else y.ravel()
    weights = check_weights(options["sample_weight"], X)
    check_gram(precompute, X, weights, False, Xy, target)
    path = solve_path(
        X, target, alphas, eps, tol=options["tol"], l1_ratio=l1_ratio, sample_weight=weights, fit_intercept=False,
        penalty_factor=options["penalty_factor"], lower=lower_bound(positive, options["lower"]), upper=options["upper"],
        verbose=bool(verbose), **several,
    )  # fmt: skip
    coefs = path.coefs.toarray().astype(dtype_of(X), copy=False)
    if y.ndim > 1:
        # the targets of an alpha are columns side by side
        coefs = coefs.reshape(len(coefs), len(path), -1).transpose(2, 0, 1)
    gaps = np.array([one.duality_gap for one in path.certificates])
    found = (path.alphas, coefs, gaps)
    return (*found, [one.n_iter for one in path.certificates]) if return_n_iter else found


@validate_params(
    {name: rule for name, rule in _PATH_PARAMETERS.items() if name not in ("l1_ratio", "check_input")},
    prefer_skip_nested_validation=True,
)
def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    n_alphas: int | None = None,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: Any = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> Any:
    """Lasso at decreasing alphas without an intercept, in the place of `sklearn.linear_model.lasso_path`.

    Parameters
    ----------
    X, y, eps, n_alphas, alphas, precompute, Xy, copy_X, coef_init, verbose, return_n_iter, positive
        As in `enet_path`.
    **params : dict
        As in `enet_path`.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_features, n_alphas), or (n_targets, n_features, n_alphas) where y is 2-D
    dual_gaps : ndarray of shape (n_alphas,)
        In units of the objective.
    n_iters : list of int
        With `return_n_iter`.

    Raises
    ------
    ValueError
        As `enet_path`.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        As `enet_path`.

    See Also
    --------
    shrinkage.elastic_net_path : Sparse coefficients, certificates, criteria, an intercept.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1).
    """
    return enet_path(
        X, y, l1_ratio=1.0, eps=eps, n_alphas=n_alphas, alphas=alphas, precompute=precompute, Xy=Xy, copy_X=copy_X,
        coef_init=coef_init, verbose=verbose, return_n_iter=return_n_iter, positive=positive, **params,
    )  # fmt: skip
