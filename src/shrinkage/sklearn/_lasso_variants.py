"""Lassos of more than one fit: `AdaptiveLasso`, and `LassoLarsIC`, which chooses alpha by an information criterion."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from .. import _result
from .._result import Fit
from ..elastic_net import alpha_max, elastic_net
from ..refits import adaptive_factors
from ..ridge import ridge
from ._base import Array, LinearRegressor, check_weights
from ._sparse_base import FINE, NOT_NEGATIVE, OneTarget, Sparse, check_gram, dtype_of, lower_bound, solve, solve_path

#: The smallest alpha of `LassoLarsIC` over the largest.
_IC_RATIO = 1e-4
#: And the least number of them.
_IC_COUNT = 500


class AdaptiveLasso(OneTarget, LinearRegressor, Sparse):
    """Lasso whose penalty is smaller for features that mattered in a first fit.

    The first fit is an elastic net at (`initial_alpha`, `initial_l1_ratio`) with coefficients u. The second minimizes
    ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha sum_j v_j |u_j|^-gamma |w_j|``, without the features whose u_j is
    zero and ``v_j > 0``. Large coefficients are shrunk less, which makes the choice of features consistent where the
    lasso's is not.

    Parameters
    ----------
    alpha : float, default 1.0
        Strength of the penalty of the second fit. Its units are those of `Lasso` times those of ``|u|**gamma``.
    gamma : float, default 1.0
        How much the first fit has to say, positive.
    initial_alpha : float, optional
        Strength of the penalty of the first fit, by default `alpha`. 0 is least squares.
    initial_l1_ratio : float, default 0.0
        0 is ridge regression, which drops no feature; 1 is the lasso, for more features than samples.
    fit_intercept : bool, default True
        Fit b.
    tol : float, default 1e-4
        As in `ElasticNet`, for both fits.
    positive : bool, default False
        Keep every coefficient at zero or more, in both fits.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients, ``lower <= 0 <= upper``.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X: float32 for float32.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The same.
    intercept_ : float
        0.0 without an intercept.
    initial_coef_ : ndarray of shape (n_features,)
        u, float64.
    penalty_factor_ : ndarray of shape (n_features,)
        Factors of the second fit.
    n_iter_ : int
        How often the solver held a solution against the conditions of optimality, in the second fit.
    dual_gap_ : float
        Duality gap of the second fit in units of its objective.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the second fit's float64 coefficients, computed from the data.
    effective_dof_ : float
        Number of coefficients that are not zero, nor at a bound.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    References
    ----------
    Zou (2006), JASA 101(476). Bühlmann and van de Geer (2011), Statistics for High-Dimensional Data, section 2.8 (with
    the lasso first).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import AdaptiveLasso
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> model = AdaptiveLasso(alpha=2.5, initial_alpha=0.0).fit(X, np.array([1.0, 3.0, 5.0, 7.0]))
    >>> model.coef_.round(9)
    array([1., 0.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        name: Sparse._parameter_constraints[name]
        for name in ("fit_intercept", "tol", "positive", "penalty_factor", "lower", "upper")
    } | {
        "alpha": [NOT_NEGATIVE],
        "gamma": [Interval(Real, 0, None, closed="neither")],
        "initial_alpha": [NOT_NEGATIVE, None],
        "initial_l1_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        gamma: float = 1.0,
        initial_alpha: float | None = None,
        initial_l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        tol: float = 1e-4,
        positive: bool = False,
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.alpha = alpha
        self.gamma = gamma
        self.initial_alpha = initial_alpha
        self.initial_l1_ratio = initial_l1_ratio
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.positive = positive
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> AdaptiveLasso:
        """Fit twice.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed. Only their ratios count.

        Returns
        -------
        AdaptiveLasso
            The fitted estimator.

        Raises
        ------
        ValueError
            X, y, `sample_weight` or a parameter is not one of those above.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            A relative duality gap is above `tol` in the first fit or the second.
        """
        X, y = self._check_data(X, y)
        options = {"tol": self.tol, "sample_weight": check_weights(sample_weight, X), **self._penalty()}
        first = self.alpha if self.initial_alpha is None else self.initial_alpha
        with self._explained(X, y):
            initial, _ = solve(X, y, first, l1_ratio=self.initial_l1_ratio, **options)
            self.initial_coef_ = initial.coef
            v = None if self.penalty_factor is None else np.asarray(self.penalty_factor, dtype=np.float64)
            self.penalty_factor_ = adaptive_factors(initial.coef, self.gamma, v)
            fit, proofs = solve(X, y, self.alpha, l1_ratio=1.0, **options | {"penalty_factor": self.penalty_factor_})
        self._adopt(fit, proofs, dtype_of(X))
        return self


class LassoLarsIC(OneTarget, LinearRegressor, Sparse):
    """Lasso that chooses alpha by an information criterion, in the place of `sklearn.linear_model.LassoLarsIC`.

    The criterion is ``n log(2 pi sigma^2) + |y - b - Xw|^2 / sigma^2 + c d``, with c = 2 ("aic") or log n ("bic"), d
    coefficients that are not zero, and sigma^2 the noise variance of least squares. It is compared over a grid of
    alphas, evenly spaced in their logarithm from the smallest at which all coefficients are zero, where scikit-learn
    takes the alphas at which a feature comes or goes.

    Parameters
    ----------
    criterion : {"aic", "bic"}, default "aic"
    fit_intercept : bool, default True
        Fit b.
    verbose : bool or int, default False
        Show a bar on the standard error stream.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default "auto"
        As in `ElasticNet`.
    max_iter : int, default 500
        Number of alphas, but never less than 500: scikit-learn's is a limit on steps, and no step is left out here. The
        last alpha is 0 where there are more samples than features.
    eps : float, optional
        Accepted for scikit-learn's sake, as is `copy_X`.
    copy_X : bool, default True
    positive : bool, default False
        Keep every coefficient at zero or more.
    noise_variance : float, optional
        sigma^2; by default that of least squares, for which there must be more samples than features.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X: float32 for float32.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The same.
    intercept_ : float
        0.0 without an intercept.
    alpha_ : float
        The chosen alpha, in the units of `Lasso`.
    alphas_ : ndarray of shape (n_alphas,)
        Decreasing.
    criterion_ : ndarray of shape (n_alphas,)
        The criterion at each alpha.
    noise_variance_ : float
        sigma^2.
    n_iter_ : int
        Number of alphas.
    dual_gap_ : float
        Duality gap at the chosen alpha, in units of the objective.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients at the chosen alpha, computed from the data.
    effective_dof_ : float
        Number of coefficients that are not zero.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    shrinkage.SparsePath.select : Criteria that estimate the noise along the path.

    References
    ----------
    Zou, Hastie and Tibshirani (2007), Annals of Statistics 35(5).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import LassoLarsIC
    >>> X = np.array([[-2.0, 2.0], [-1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> y = np.array([-2.2222, -1.1111, 0.0, -1.1111, -2.2222])
    >>> LassoLarsIC(criterion="bic").fit(X, y).coef_.round(2) + 0.0
    array([ 0.  , -1.11])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "criterion": [StrOptions({"aic", "bic"})],
        "fit_intercept": ["boolean"],
        "verbose": ["verbose"],
        "precompute": ["boolean", StrOptions({"auto"}), np.ndarray, None],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "eps": [NOT_NEGATIVE],
        "copy_X": ["boolean"],
        "positive": ["boolean"],
        "noise_variance": [NOT_NEGATIVE, None],
    }

    def __init__(
        self,
        criterion: str = "aic",
        *,
        fit_intercept: bool = True,
        verbose: Any = False,
        precompute: Any = "auto",
        max_iter: int = 500,
        eps: float = np.finfo(float).eps,
        copy_X: bool = True,
        positive: bool = False,
        noise_variance: float | None = None,
    ) -> None:
        self.criterion = criterion
        self.fit_intercept = fit_intercept
        self.verbose = verbose
        self.precompute = precompute
        self.max_iter = max_iter
        self.eps = eps
        self.copy_X = copy_X
        self.positive = positive
        self.noise_variance = noise_variance

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, copy_X: bool | None = None) -> LassoLarsIC:
        """Choose alpha and fit the model there.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        copy_X : bool, optional
            Accepted for scikit-learn's sake.

        Returns
        -------
        LassoLarsIC
            The fitted estimator.

        Raises
        ------
        ValueError
            X, y or a parameter is not one of those above, or `noise_variance` is needed: it is not given and
            there are no more samples than coefficients, the intercept among them.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            A relative duality gap is above 1e-12 at some alpha.
        """
        X, y = self._check_data(X, y)
        data: dict[str, Any] = {"fit_intercept": self.fit_intercept, "lower": lower_bound(self.positive, None)}
        n, p = X.shape
        determined = n > p + self.fit_intercept
        if self.noise_variance is None and not determined:
            raise ValueError(
                f"You are using {type(self).__name__} in the case where the number of samples is smaller than the "
                "number of features. In this setting, getting a good estimate for the variance of the noise is not "
                "possible. Provide an estimate of the noise variance in the constructor."
            )
        with self._explained(X, y):
            check_gram(self.precompute, X, None, self.fit_intercept)
            top = alpha_max(X, y, **data) or 1.0
            alphas = np.geomspace(top, _IC_RATIO * top, max(self.max_iter, _IC_COUNT))
            if determined:
                alphas[-1] = 0.0
            path = solve_path(X, y, alphas, 0.0, tol=FINE, verbose=bool(self.verbose), **data)
            self.noise_variance_ = self.noise_variance
            if self.noise_variance_ is None:
                self.noise_variance_ = self._noise(X, y, data) / (n - p - self.fit_intercept)
        squares = np.square(y[:, None] - path.predict(X)).sum(axis=0)
        each = 2.0 if self.criterion == "aic" else np.log(n)
        with np.errstate(divide="ignore", invalid="ignore"):
            constant = n * np.log(2.0 * np.pi * self.noise_variance_)
            self.criterion_ = constant + squares / self.noise_variance_ + each * path.n_active
        best = int(np.argmin(self.criterion_))
        fit = path[best]
        self._adopt(fit, (fit.certificate,), dtype_of(X))
        self.alphas_, self.alpha_, self.n_iter_ = path.alphas, float(path.alphas[best]), len(path)
        return self

    def _noise(self, X: Any, y: Array, data: dict[str, Any]) -> float:
        """Squared residuals of least squares."""
        with _result.quietly(_result.IllConditionedWarning):
            if self.positive:
                fit: Fit = elastic_net(X, y, 0.0, **data)
            else:
                fit = ridge(X, y, 0.0, fit_intercept=self.fit_intercept)
        return float(np.square(y - fit.predict(X)).sum())
