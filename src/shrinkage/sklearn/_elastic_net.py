"""`ElasticNet` and `Lasso`: `shrinkage.elastic_net` for scikit-learn."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.base import _fit_context
from sklearn.utils import metadata_routing
from sklearn.utils._param_validation import Interval

from ._base import Array, LinearRegressor, check_weights
from ._elastic_net_paths import enet_path
from ._sparse_base import NOT_NEGATIVE, Sparse, check_gram, dtype_of, solve


class ElasticNet(LinearRegressor, Sparse):
    """Linear least squares with L1 and L2 penalties, in the place of `sklearn.linear_model.ElasticNet`.

    Minimizes ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha sum_j v_j [rho |w_j| + (1-rho) w_j^2 / 2]`` over the
    intercept b, never penalized, and the coefficients w with ``lower_j <= w_j <= upper_j``, for W the sum of the sample
    weights s: the convention "canonical" of `shrinkage.elastic_net`. Targets are fitted one by one.

    Parameters
    ----------
    alpha : float, default 1.0
        Strength of the penalty; 0 is least squares.
    l1_ratio : float, default 0.5
        rho: 1 is the lasso, 0 ridge regression.
    fit_intercept : bool, default True
        Fit b.
    precompute : bool or array-like of shape (n_features, n_features), default False
        A Gram matrix, of X centred and weighted, is held against the data; the solver makes its own of the columns it
        needs, in every case.
    max_iter : int, default 1000
        Accepted for scikit-learn's sake: the solver stops by its certificate, or where rounding ends its progress.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never copied whole and never written to.
    tol : float, default 1e-4
        Warn where the duality gap over the objective at w = 0 is larger. That is at least as strict as scikit-learn,
        and the solver aims for ``tol**2``, as the gap is quadratic in the error of the coefficients.
    warm_start : bool, default False
        Start from `coef_` of the last fit. The answer depends on it by no more than the gap allows.
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
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X: float32 for float32. One target has a 1-D `coef_`.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        The same.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 without an intercept.
    n_iter_ : int or list of int
        How often the solver held a solution against the conditions of optimality, per target.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap in units of the objective.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients, computed from the data.
    effective_dof_ : float or ndarray of shape (n_targets,)
        Effective degrees of freedom without the intercept; for the lasso the number of coefficients that are not zero.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    Lasso : L1 alone.
    ElasticNetCV : Chooses alpha and l1_ratio.
    shrinkage.elastic_net : The function underneath.

    References
    ----------
    Zou and Hastie (2005), JRSS B 67(2).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import ElasticNet
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> model = ElasticNet(alpha=1.25, l1_ratio=1.0).fit(X, np.array([1.0, 3.0, 5.0, 7.0]))
    >>> model.coef_, float(model.intercept_)
    (array([1., 0.]), 2.5)
    """

    # as scikit-learn has it: not an argument that a pipeline passes on
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"check_input": metadata_routing.UNUSED}

    _parameter_constraints: ClassVar[dict[str, Any]] = Sparse._parameter_constraints | {
        "alpha": [NOT_NEGATIVE],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "warm_start": ["boolean"],
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> ElasticNet:
        """Fit the model.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed. Only their ratios count.
        check_input : bool, default True
            False leaves the checks to the solver: X is then an array or a sparse matrix, and y an array.

        Returns
        -------
        ElasticNet
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
        if check_input:
            X, y = self._check_data(X, y)
        self._solve(X, y, check_weights(sample_weight, X))
        return self

    def _solve(self, X: Any, y: Array, weights: Array | None) -> None:
        """Fit checked data."""
        with self._explained(X, y):
            check_gram(getattr(self, "precompute", None), X, weights, self.fit_intercept)
            fit, proofs = solve(
                X, y, self.alpha, l1_ratio=self.l1_ratio, tol=self.tol, sample_weight=weights,
                start=self.coef_ if self.warm_start and hasattr(self, "coef_") else None, **self._penalty(),
            )  # fmt: skip
        self._adopt(fit, proofs, dtype_of(X))


class Lasso(ElasticNet):
    """Linear least squares with an L1 penalty, in the place of `sklearn.linear_model.Lasso`.

    Minimizes ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha sum_j v_j |w_j|`` over the intercept b, never penalized,
    and the coefficients w with ``lower_j <= w_j <= upper_j``, for W the sum of the sample weights s.

    Parameters
    ----------
    alpha : float, default 1.0
        Strength of the penalty; 0 is least squares.
    fit_intercept : bool, default True
        Fit b.
    precompute : bool or array-like of shape (n_features, n_features), default False
        As in `ElasticNet`.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never copied whole and never written to.
    max_iter : int, default 1000
        Accepted for scikit-learn's sake: the solver stops by its certificate, or where rounding ends its progress.
    tol : float, default 1e-4
        As in `ElasticNet`.
    warm_start : bool, default False
        Start from `coef_` of the last fit. The answer depends on it by no more than the gap allows.
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
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X: float32 for float32. One target has a 1-D `coef_`.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        The same.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 without an intercept.
    n_iter_ : int or list of int
        How often the solver held a solution against the conditions of optimality, per target.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap in units of the objective.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients, computed from the data.
    effective_dof_ : float or ndarray of shape (n_targets,)
        Number of coefficients that are not zero, nor at a bound.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    LassoCV : Chooses alpha by cross-validation.
    LassoLarsIC : Chooses alpha by an information criterion.
    shrinkage.elastic_net : The function underneath.

    References
    ----------
    Tibshirani (1996), JRSS B 58(1).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import Lasso
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> Lasso(alpha=1.25).fit(X, np.array([1.0, 3.0, 5.0, 7.0])).coef_
    array([1., 0.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        name: rule for name, rule in ElasticNet._parameter_constraints.items() if name != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        super().__init__(
            alpha=alpha, l1_ratio=1.0, fit_intercept=fit_intercept, precompute=precompute, copy_X=copy_X,
            max_iter=max_iter, tol=tol, warm_start=warm_start, positive=positive, random_state=random_state,
            selection=selection, penalty_factor=penalty_factor, lower=lower, upper=upper,
        )  # fmt: skip
