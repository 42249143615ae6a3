"""`ElasticNetCV` and `LassoCV`: `shrinkage.cross_validate` for scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils import check_scalar
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, _raise_for_params, process_routing

from .. import _result
from .._sparse_result import SparseCrossValidation
from ..cross_validation import cross_validate
from ..elastic_net import alpha_max
from ._base import Array, LinearRegressor, check_weights
from ._elastic_net_paths import enet_path, lasso_path
from ._sparse_base import (
    FINEST,
    RESOLUTION,
    OneTarget,
    Sparse,
    check_gram,
    check_l1_ratio,
    dtype_of,
    make_grid,
    wanted_gap,
)


class ManyAlphas(LinearRegressor, Sparse):
    """Base of the estimators that choose alpha, and l1_ratio where there are several, on folds."""

    _parameter_constraints: ClassVar[dict[str, Any]] = Sparse._parameter_constraints | {
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "cv": ["cv_object"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
    }

    def _choose(self, X: Any, y: Any, sample_weight: Any, params: dict[str, Any], ratios: Array) -> float:
        """Choose, fit there, and return the l1_ratio."""
        _raise_for_params(params, self, "fit")
        X, y = self._check_data(X, y)
        weights = check_weights(sample_weight, X)
        alphas: Any = 100 if self.alphas is None else self.alphas
        for ratio in ratios:
            check_l1_ratio(ratio, alphas)
        if 0 in ratios and getattr(self, "positive", False):
            raise ValueError("l1_ratio = 0, ridge regression, takes no positive=True here: leave 0 out of l1_ratio")
        if not isinstance(alphas, Integral):
            for k, alpha in enumerate(alphas):
                check_scalar(alpha, f"alphas[{k}]", Real, min_val=0.0, include_boundaries="left")
        split = {}
        if get_config()["enable_metadata_routing"]:
            split = process_routing(self, "fit", sample_weight=sample_weight, **params).splitter.split
        data: dict[str, Any] = {"sample_weight": weights, **self._penalty()}
        with self._explained(X, y):
            check_gram(getattr(self, "precompute", None), X, weights, self.fit_intercept)
            folds = list(check_cv(self.cv).split(X, y, **split))
            try:
                found = _cross_validated(X, y, alphas, self.eps, self.tol, ratios, folds=folds, **data)
            except (TypeError, ValueError) as error:
                if not str(error).startswith("folds"):
                    raise
                raise type(error)(str(error).replace("folds", "cv", 1)) from None
        self._adopt(found.fit, (found.fit.certificate,), dtype_of(X))
        self.mse_path_ = np.squeeze(np.moveaxis(found.fold_scores, 0, -1))
        self.alphas_, self.alpha_, self.alpha_1se_ = found.alphas, found.alpha, found.alpha_1se
        return found.l1_ratio

    def get_metadata_routing(self) -> MetadataRouter:
        """How metadata is routed to the splitter.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
        """
        mapping = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        return router.add(splitter=self.cv, method_mapping=mapping)


def _cross_validated(
    X: Any, y: Array, alphas: Any, eps: float, tol: float, ratios: Array, **data: Any
) -> SparseCrossValidation:
    """`cross_validate` with scikit-learn's grid and tolerance."""
    options: dict[str, Any] = {"alphas": alphas, "l1_ratio": ratios.tolist(), **data}
    whole = {name: value for name, value in data.items() if name != "folds"}
    if isinstance(alphas, Integral) and eps >= 1 and alphas != 1:
        if len(ratios) > 1:
            raise ValueError(f"eps must be below 1 where there are several l1_ratio, got {eps}")
        options["alphas"] = make_grid(X, y, int(alphas), eps, {"l1_ratio": float(ratios[0]), **whole})
    elif isinstance(alphas, Integral):
        # of one alpha its ratio to the smallest has nothing to say
        options |= {"alphas": int(alphas), "alpha_min_ratio": 0.5 if alphas == 1 else eps}
    with _result.quietly() as told:
        found = cross_validate(X, y, tol=wanted_gap(tol), **options)
    if told:
        # what was asked for may be less
        with _result.quietly() as told:
            found = cross_validate(X, y, tol=max(tol, FINEST), **options)
    for message, _ in told:
        _result.warn(f"Objective did not converge: {message}", ConvergenceWarning)
    if "alpha_min_ratio" in options and not found.path[-1].coef.any():
        top = alpha_max(X, y, l1_ratio=found.l1_ratio, **whole)
        if top <= RESOLUTION:
            # nothing in X has to do with y, and every alpha is the largest
            grid = np.full_like(found.alphas, RESOLUTION)
            found = replace(found, alphas=grid, alpha=RESOLUTION, alpha_1se=RESOLUTION)
    return found


class ElasticNetCV(OneTarget, ManyAlphas):
    """Elastic net that chooses alpha and l1_ratio on folds, in the place of `sklearn.linear_model.ElasticNetCV`.

    Objective and units of alpha are those of `ElasticNet`. All folds come from one pass over the data where there are
    many more samples than features, and run in threads otherwise.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default 0.5
        Values to try. 0, ridge regression, needs `alphas` as values and takes no bounds.
    eps : float, default 1e-3
        The smallest alpha over the largest, where `alphas` is a number of them; below 1 with several `l1_ratio`.
    alphas : int or array-like of shape (n_alphas,), default 100
        Alphas to try, or how many; None is 100.
    fit_intercept : bool, default True
        Fit an intercept.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default "auto"
        As in `ElasticNet`.
    max_iter : int, default 1000
        Accepted for scikit-learn's sake: the solver stops by its certificate, or where rounding ends its progress.
    tol : float, default 1e-4
        As in `ElasticNet`, for every fold.
    cv : int, splitter, iterable of (train, test) or None, default None
        Folds; None is five of consecutive rows.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never written to.
    verbose : bool or int, default 0
        Accepted for scikit-learn's sake.
    n_jobs : int, optional
        Accepted for scikit-learn's sake: folds run in as many threads as there are cores.
    positive : bool, default False
        Keep every coefficient at zero or more.
    random_state : int, RandomState or None, default None
        Accepted for scikit-learn's sake, as is `selection`: nothing here is random.
    selection : {"cyclic", "random"}, default "cyclic"
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients, ``lower <= 0 <= upper``.

    Attributes
    ----------
    alpha_ : float
        The alpha with the smallest mean over the folds of the mean squared error.
    alpha_1se_ : float
        The largest alpha, at the same l1_ratio, whose error is within one standard error of that; NaN with one fold.
    l1_ratio_ : float
        The chosen l1_ratio.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Decreasing; for each l1_ratio where `alphas` is a number of them and there are several.
    mse_path_ : ndarray of shape (n_l1_ratios, n_alphas, n_folds)
        Weighted mean squared error on the test rows, without axes of length 1.
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X: float32 for float32.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The same.
    intercept_ : float
        0.0 without an intercept.
    n_iter_ : int
        How often the solver held a solution against the conditions of optimality, up to the chosen alpha.
    dual_gap_ : float
        Duality gap in units of the objective, at the chosen alpha.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients, computed from the data.
    effective_dof_ : float
        Effective degrees of freedom without the intercept.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    shrinkage.cross_validate : The function underneath: other errors, the one-standard-error rule, the whole path.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1). Breiman, Friedman, Olshen and Stone
    (1984), Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import ElasticNetCV
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = ElasticNetCV(l1_ratio=[0.5, 1.0]).fit(X, X[:, 0])
    >>> model.l1_ratio_
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = ManyAlphas._parameter_constraints | {
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
    }

    _joint = "MultiTaskElasticNetCV"

    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> ElasticNetCV:
        """Choose alpha and l1_ratio, and fit the model there.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), optional
            s, of the fits and of the errors within a fold; every fold needs a training and a test row with a positive
            one. Folds count alike.
        **params : dict
            For the splitter, with metadata routing enabled.

        Returns
        -------
        ElasticNetCV
            The fitted estimator.

        Raises
        ------
        ValueError
            X, y, `sample_weight` or a parameter is not one of those above, or a fold has no training or no test row of
            positive weight.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            A relative duality gap is above `tol` in some fold, or on all data.
        """
        self.l1_ratio_ = self._choose(X, y, sample_weight, params, np.atleast_1d(self.l1_ratio))
        return self


class LassoCV(OneTarget, ManyAlphas):
    """Lasso that chooses alpha on folds, in the place of `sklearn.linear_model.LassoCV`.

    Objective and units of alpha are those of `Lasso`. All folds come from one pass over the data where there are many
    more samples than features, and run in threads otherwise.

    Parameters
    ----------
    eps : float, default 1e-3
        The smallest alpha over the largest, where `alphas` is a number of them.
    alphas : int or array-like of shape (n_alphas,), default 100
        Alphas to try, or how many; None is 100.
    fit_intercept : bool, default True
        Fit an intercept.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default "auto"
        As in `ElasticNet`.
    max_iter : int, default 1000
        Accepted for scikit-learn's sake: the solver stops by its certificate, or where rounding ends its progress.
    tol : float, default 1e-4
        As in `ElasticNet`, for every fold.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never written to.
    cv : int, splitter, iterable of (train, test) or None, default None
        Folds; None is five of consecutive rows.
    verbose : bool or int, default False
        Accepted for scikit-learn's sake.
    n_jobs : int, optional
        Accepted for scikit-learn's sake: folds run in as many threads as there are cores.
    positive : bool, default False
        Keep every coefficient at zero or more.
    random_state : int, RandomState or None, default None
        Accepted for scikit-learn's sake, as is `selection`: nothing here is random.
    selection : {"cyclic", "random"}, default "cyclic"
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients, ``lower <= 0 <= upper``.

    Attributes
    ----------
    alpha_ : float
        The alpha with the smallest mean over the folds of the mean squared error.
    alpha_1se_ : float
        The largest alpha whose error is within one standard error of that; NaN with one fold.
    alphas_ : ndarray of shape (n_alphas,)
        Decreasing.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Weighted mean squared error on the test rows.
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X: float32 for float32.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The same.
    intercept_ : float
        0.0 without an intercept.
    n_iter_ : int
        How often the solver held a solution against the conditions of optimality, up to the chosen alpha.
    dual_gap_ : float
        Duality gap in units of the objective, at the chosen alpha.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients, computed from the data.
    effective_dof_ : float
        Number of coefficients that are not zero, nor at a bound.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    shrinkage.cross_validate : The function underneath: other errors, the one-standard-error rule, the whole path.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1). Breiman, Friedman, Olshen and Stone
    (1984), Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import LassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 5))
    >>> model = LassoCV().fit(X, X[:, 0] + 0.1 * rng.normal(size=60))
    >>> model.alpha_ < model.alpha_1se_
    True
    """

    _joint = "MultiTaskLassoCV"

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> LassoCV:
        """Choose alpha and fit the model there.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), optional
            s, of the fits and of the errors within a fold; every fold needs a training and a test row with a positive
            one. Folds count alike.
        **params : dict
            For the splitter, with metadata routing enabled.

        Returns
        -------
        LassoCV
            The fitted estimator.

        Raises
        ------
        ValueError
            X, y, `sample_weight` or a parameter is not one of those above, or a fold has no training or no test row of
            positive weight.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            A relative duality gap is above `tol` in some fold, or on all data.
        """
        self._choose(X, y, sample_weight, params, np.ones(1))
        return self
