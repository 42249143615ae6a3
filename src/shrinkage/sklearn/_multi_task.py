"""`MultiTaskElasticNet`, `MultiTaskLasso` and their CV forms: features are chosen for all targets at once."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval

from ._base import Array, check_weights
from ._elastic_net import ElasticNet
from ._elastic_net_cv import ManyAlphas
from ._elastic_net_paths import enet_path, lasso_path
from ._sparse_base import MultiTask

#: What is of one target.
_NOT_TAKEN = {"precompute", "positive", "lower", "upper"}


def _rules(taken: dict[str, Any], *without: str) -> dict[str, Any]:
    return {name: rule for name, rule in taken.items() if name not in _NOT_TAKEN | set(without)}


class MultiTaskElasticNet(MultiTask, ElasticNet):
    """Elastic net of several targets with the same features, in place of `sklearn.linear_model.MultiTaskElasticNet`.

    Minimizes ``(1/W) sum_i s_i |y_i - b - sum_j x_ij w_j|^2 / 2 + alpha sum_j v_j [rho |w_j| + (1-rho) |w_j|^2 / 2]``
    over the intercepts b, never penalized, and the coefficients w_j of feature j, vectors over the targets whose
    Euclidean norms are ``|w_j|``, for W the sum of the sample weights s: the convention "canonical" of
    `shrinkage.elastic_net` with `multi_task`.

    Parameters
    ----------
    alpha : float, default 1.0
        Strength of the penalty; 0 is least squares.
    l1_ratio : float, default 0.5
        rho: 1 is the multi-task lasso, 0 ridge regression.
    fit_intercept : bool, default True
        Fit b.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never copied whole and never written to.
    max_iter : int, default 1000
        Accepted for scikit-learn's sake: the solver stops by its certificate, or where rounding ends its progress.
    tol : float, default 1e-4
        As in `ElasticNet`.
    warm_start : bool, default False
        Start from `coef_` of the last fit. The answer depends on it by no more than the gap allows.
    random_state : int, RandomState or None, default None
        Accepted for scikit-learn's sake, as is `selection`: nothing here is random.
    selection : {"cyclic", "random"}, default "cyclic"
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients, in the dtype of X: float32 for float32. A feature's are zero for all targets, or for none.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The same.
    intercept_ : ndarray of shape (n_targets,)
        0.0 without an intercept.
    n_iter_ : int
        How often the solver held a solution against the conditions of optimality.
    dual_gap_ : float
        Duality gap in units of the objective.
    eps_ : float
        `tol` times the sum of squares of y about its mean (about zero without an intercept), for weights that sum to
        n_samples: what scikit-learn holds its gap against, which is n_samples times `dual_gap_`.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients, computed from the data.
    effective_dof_ : float
        Effective degrees of freedom of all targets without the intercepts.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    MultiTaskElasticNetCV : Chooses alpha and l1_ratio.
    ElasticNet : Chooses features for every target by itself.
    shrinkage.elastic_net : The function underneath.

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20(2).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import MultiTaskElasticNet
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> Y = np.c_[[1.0, 3.0, 5.0, 7.0], [7.0, 5.0, 3.0, 1.0]]
    >>> MultiTaskElasticNet(alpha=1.25 * 2**0.5, l1_ratio=1.0).fit(X, Y).coef_.round(9) + 0.0
    array([[ 1.,  0.],
           [-1.,  0.]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = _rules(ElasticNet._parameter_constraints)
    _single = "ElasticNet"

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MultiTaskElasticNet:
        """Fit the model.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed. Only their ratios count.

        Returns
        -------
        MultiTaskElasticNet
            The fitted estimator.

        Raises
        ------
        ValueError
            X, y, `sample_weight` or a parameter is not one of those above, or `warm_start` meets data of another shape.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            A relative duality gap is above `tol`.
        """
        X, y = self._check_data(X, y)
        weights = check_weights(sample_weight, X)
        self._solve(X, y, weights)
        self.eps_ = float(self.tol * len(y) * _spread(y, weights, self.fit_intercept))
        return self


def _spread(y: Array, weights: Array | None, centred: bool) -> Any:
    """Weighted mean of the rows' sums of squares."""
    y = y.astype(np.float64, copy=False)
    residual = y - np.average(y, axis=0, weights=weights) if centred else y
    return np.average(np.einsum("ij,ij->i", residual, residual), weights=weights)


class MultiTaskLasso(MultiTaskElasticNet):
    """Lasso of several targets with the same features, in the place of `sklearn.linear_model.MultiTaskLasso`.

    Minimizes ``(1/W) sum_i s_i |y_i - b - sum_j x_ij w_j|^2 / 2 + alpha sum_j v_j |w_j|`` over the intercepts b, never
    penalized, and the coefficients w_j of feature j, vectors over the targets whose Euclidean norms are ``|w_j|``, for
    W the sum of the sample weights s.

    Parameters
    ----------
    alpha : float, default 1.0
        Strength of the penalty; 0 is least squares.
    fit_intercept : bool, default True
        Fit b.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never copied whole and never written to.
    max_iter : int, default 1000
        Accepted for scikit-learn's sake: the solver stops by its certificate, or where rounding ends its progress.
    tol : float, default 1e-4
        As in `ElasticNet`.
    warm_start : bool, default False
        Start from `coef_` of the last fit. The answer depends on it by no more than the gap allows.
    random_state : int, RandomState or None, default None
        Accepted for scikit-learn's sake, as is `selection`: nothing here is random.
    selection : {"cyclic", "random"}, default "cyclic"
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.

    Attributes
    ----------
    coef_, sparse_coef_, intercept_, n_iter_, dual_gap_, eps_, certificate_, effective_dof_, n_features_in_, \
    feature_names_in_
        As in `MultiTaskElasticNet`.

    See Also
    --------
    MultiTaskLassoCV : Chooses alpha by cross-validation.
    Lasso : Chooses features for every target by itself.
    shrinkage.elastic_net : The function underneath.

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20(2).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import MultiTaskLasso
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> Y = np.c_[[1.0, 3.0, 5.0, 7.0], [7.0, 5.0, 3.0, 1.0]]
    >>> MultiTaskLasso(alpha=1.25 * 2**0.5).fit(X, Y).coef_.round(9) + 0.0
    array([[ 1.,  0.],
           [-1.,  0.]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = _rules(ElasticNet._parameter_constraints, "l1_ratio")
    _single = "Lasso"

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
    ) -> None:
        super().__init__(
            alpha=alpha, l1_ratio=1.0, fit_intercept=fit_intercept, copy_X=copy_X, max_iter=max_iter, tol=tol,
            warm_start=warm_start, random_state=random_state, selection=selection, penalty_factor=penalty_factor,
        )  # fmt: skip


class MultiTaskElasticNetCV(MultiTask, ManyAlphas):
    """`MultiTaskElasticNet` with alpha and l1_ratio chosen on folds, in the place of scikit-learn's.

    Takes the place of `sklearn.linear_model.MultiTaskElasticNetCV`. Objective and units of alpha are those of
    `MultiTaskElasticNet`.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default 0.5
        Values to try. 0, ridge regression, needs `alphas` as values.
    eps : float, default 1e-3
        The smallest alpha over the largest, where `alphas` is a number of them; below 1 with several `l1_ratio`.
    alphas : int or array-like of shape (n_alphas,), default 100
        Alphas to try, or how many; None is 100.
    fit_intercept : bool, default True
        Fit intercepts.
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
    random_state : int, RandomState or None, default None
        Accepted for scikit-learn's sake, as is `selection`: nothing here is random.
    selection : {"cyclic", "random"}, default "cyclic"
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.

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
        Weighted mean squared error on the test rows, the mean over targets, without axes of length 1.
    coef_, sparse_coef_, intercept_, dual_gap_, certificate_, effective_dof_, n_features_in_, feature_names_in_
        As in `MultiTaskElasticNet`, at the chosen alpha.
    n_iter_ : int
        How often the solver held a solution against the conditions of optimality, up to the chosen alpha.

    See Also
    --------
    shrinkage.cross_validate : The function underneath: other errors, the one-standard-error rule, the whole path.

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20(2). Breiman, Friedman, Olshen and Stone (1984),
    Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import MultiTaskElasticNetCV
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = MultiTaskElasticNetCV(l1_ratio=[0.5, 1.0]).fit(X, X[:, [0, 0]])
    >>> model.l1_ratio_
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = _rules(ManyAlphas._parameter_constraints) | {
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
    }
    _single = "ElasticNetCV"

    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> MultiTaskElasticNetCV:
        """Choose alpha and l1_ratio, and fit the model there.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
            s, of the fits and of the errors within a fold; every fold needs a training and a test row with a positive
            one. Folds count alike.
        **params : dict
            For the splitter, with metadata routing enabled.

        Returns
        -------
        MultiTaskElasticNetCV
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


class MultiTaskLassoCV(MultiTask, ManyAlphas):
    """`MultiTaskLasso` with alpha chosen on folds, in the place of `sklearn.linear_model.MultiTaskLassoCV`.

    Objective and units of alpha are those of `MultiTaskLasso`.

    Parameters
    ----------
    eps : float, default 1e-3
        The smallest alpha over the largest, where `alphas` is a number of them.
    alphas : int or array-like of shape (n_alphas,), default 100
        Alphas to try, or how many; None is 100.
    fit_intercept : bool, default True
        Fit intercepts.
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
    random_state : int, RandomState or None, default None
        Accepted for scikit-learn's sake, as is `selection`: nothing here is random.
    selection : {"cyclic", "random"}, default "cyclic"
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.

    Attributes
    ----------
    alpha_ : float
        The alpha with the smallest mean over the folds of the mean squared error.
    alpha_1se_ : float
        The largest alpha whose error is within one standard error of that; NaN with one fold.
    alphas_ : ndarray of shape (n_alphas,)
        Decreasing.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Weighted mean squared error on the test rows, the mean over targets.
    coef_, sparse_coef_, intercept_, n_iter_, dual_gap_, certificate_, effective_dof_, n_features_in_, \
    feature_names_in_
        As in `MultiTaskElasticNetCV`.

    See Also
    --------
    shrinkage.cross_validate : The function underneath: other errors, the one-standard-error rule, the whole path.

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20(2). Breiman, Friedman, Olshen and Stone (1984),
    Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import MultiTaskLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 5))
    >>> model = MultiTaskLassoCV().fit(X, X[:, [0, 1]] + 0.1 * rng.normal(size=(60, 2)))
    >>> model.alpha_ < model.alpha_1se_
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = _rules(ManyAlphas._parameter_constraints)
    _single = "LassoCV"

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> MultiTaskLassoCV:
        """Choose alpha and fit the model there.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
            s, of the fits and of the errors within a fold; every fold needs a training and a test row with a positive
            one. Folds count alike.
        **params : dict
            For the splitter, with metadata routing enabled.

        Returns
        -------
        MultiTaskLassoCV
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
