"""`BayesianRidge`: the evidence of `shrinkage.bayes` for scikit-learn."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from ..bayes import fixed_point
from ._base import _DTYPES, _FORMATS, Array, LinearRegressor, check_weights

_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")


class BayesianRidge(LinearRegressor):
    """Bayesian ridge regression, in the place of `sklearn.linear_model.BayesianRidge`.

    The model is ``y_i ~ N(b + x_i.w, 1 / (alpha_ s_i))``, ``w_j ~ N(0, 1 / lambda_)``, with Gamma priors on both
    precisions, which are re-estimated until the coefficients settle, in scikit-learn's steps: each costs a pass over
    the singular values. As there, the weights s count observations, the intercept b is taken as known, and the
    precisions need not have reached the maximum of the evidence; `shrinkage.ridge_bayes` goes there.

    Parameters
    ----------
    max_iter : int, default 300
        Steps at most.
    tol : float, default 1e-3
        Stop when the changes of the coefficients sum to less.
    alpha_1, alpha_2 : float, default 1e-6
        Shape and rate of the Gamma prior on the precision of the noise.
    lambda_1, lambda_2 : float, default 1e-6
        Shape and rate of the Gamma prior on the precision of the coefficients.
    alpha_init : float, optional
        Precision of the noise to start from; by default 1 over the variance of y.
    lambda_init : float, optional
        Precision of the coefficients to start from; by default 1.
    compute_score : bool, default False
        Keep `scores_`.
    fit_intercept : bool, default True
        Fit b.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never copied whole and never written to.
    verbose : bool, default False
        Print when the coefficients have settled.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Posterior mean of the coefficients, in the dtype of X: float32 for float32.
    intercept_ : float
        0.0 without an intercept.
    alpha_ : float
        Estimated precision of the noise.
    lambda_ : float
        Estimated precision of the coefficients: `coef_` is that of `Ridge` with ``alpha=lambda_ / alpha_``.
    sigma_ : ndarray of shape (n_features, n_features)
        Posterior covariance of the coefficients. It is made when first asked for; `predict` does without.
    scores_ : ndarray of shape (n_iter_ + 1,) or list
        With `compute_score`: the log marginal likelihood with the priors of both precisions, before every step and
        at the end. Else empty.
    n_iter_ : int
        Steps made.
    X_offset_ : ndarray of shape (n_features,)
        Means of the columns; zeros without an intercept.
    X_scale_ : ndarray of shape (n_features,)
        Ones.
    certificate_ : shrinkage.Certificate
        Proof that the float64 coefficients are the posterior mean, computed from the data.
    effective_dof_ : float
        Effective number of parameters, without the intercept.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    shrinkage.ridge_bayes : The maximum of the evidence, unpenalized features, the intercept's uncertainty.

    References
    ----------
    MacKay (1992), Neural Computation 4(3). Tipping (2001), JMLR 1, appendix A.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import BayesianRidge
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = BayesianRidge().fit(X, np.array([1.0, 2.9, 5.1, 7.0]))
    >>> mean, std = model.predict(X, return_std=True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "alpha_1": [_NOT_NEGATIVE],
        "alpha_2": [_NOT_NEGATIVE],
        "lambda_1": [_NOT_NEGATIVE],
        "lambda_2": [_NOT_NEGATIVE],
        "alpha_init": [None, _NOT_NEGATIVE],
        "lambda_init": [None, _NOT_NEGATIVE],
        "compute_score": ["boolean"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        max_iter: int = 300,
        tol: float = 1e-3,
        alpha_1: float = 1e-6,
        alpha_2: float = 1e-6,
        lambda_1: float = 1e-6,
        lambda_2: float = 1e-6,
        alpha_init: float | None = None,
        lambda_init: float | None = None,
        compute_score: bool = False,
        fit_intercept: bool = True,
        copy_X: bool = True,
        verbose: bool = False,
    ) -> None:
        self.max_iter = max_iter
        self.tol = tol
        self.alpha_1 = alpha_1
        self.alpha_2 = alpha_2
        self.lambda_1 = lambda_1
        self.lambda_2 = lambda_2
        self.alpha_init = alpha_init
        self.lambda_init = lambda_init
        self.compute_score = compute_score
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.verbose = verbose

    def _check_data(self, X: Any, y: Any, least: int = 1, *, plain: bool = True) -> tuple[Any, Array]:
        X, y = super()._check_data(X, y, least, plain=plain)
        return X, column_or_1d(y, warn=True)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BayesianRidge:
        """Estimate both precisions and the posterior of the coefficients.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed.

        Returns
        -------
        BayesianRidge
            The fitted estimator.
        """
        X, y = self._check_data(X, y)
        with self._explained(X, y):
            fit, steps = fixed_point(
                X, y, sample_weight=check_weights(sample_weight, X), fit_intercept=self.fit_intercept,
                max_iter=self.max_iter, tol=self.tol, noise_prior=(self.alpha_1, self.alpha_2),
                weight_prior=(self.lambda_1, self.lambda_2), noise_precision=self.alpha_init,
                prior_precision=self.lambda_init, keep_scores=self.compute_score,
            )  # fmt: skip
        self._name(fit, X.dtype)
        self.alpha_, self.lambda_ = steps.noise_precision, steps.prior_precision
        self.n_iter_ = steps.n_iter
        self.scores_: Array | list[float] = steps.scores if self.compute_score else []
        self.X_offset_ = fit.feature_mean.astype(X.dtype)
        self.X_scale_ = np.ones(fit.n_features, X.dtype)
        self._posterior = fit
        self._sigma: Array | None = None
        if self.verbose and steps.settled:
            print(f"Convergence after {steps.n_iter - 1} iterations")
        return self

    @property
    def sigma_(self) -> Array:
        """Posterior covariance of the coefficients."""
        if not hasattr(self, "_posterior"):
            raise AttributeError(f"this {type(self).__name__} has no sigma_: fit it first")
        if self._sigma is None:
            self._sigma = self._posterior.covariance().astype(self.coef_.dtype, copy=False)
        return self._sigma

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict the targets of samples, and their standard deviations.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        return_std : bool, default False
            Return the standard deviation of a new target as well: of its noise and of the coefficients.

        Returns
        -------
        mean : ndarray of shape (n_samples,)
        std : ndarray of shape (n_samples,)
            With `return_std`.
        """
        mean = super().predict(X)
        if not return_std:
            return mean
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse=_FORMATS, dtype=_DTYPES)
        variance = self._posterior.explained_variance(X) + 1.0 / self.alpha_
        return mean, np.sqrt(variance).astype(mean.dtype, copy=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
