"""`RelaxedLasso`: `shrinkage.relaxed_lasso` for scikit-learn."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval

from ..refits import relaxed_lasso
from ._base import LinearRegressor, check_weights
from ._sparse_base import NOT_NEGATIVE, OneTarget, Sparse, dtype_of, solve


class RelaxedLasso(OneTarget, LinearRegressor, Sparse):
    """Lasso that chooses features at one alpha and shrinks them by another.

    The lasso at `alpha` chooses the features whose coefficients are not zero. Of those alone the second fit minimizes
    ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + phi alpha sum_j v_j |w_j|`` over the intercept b, never penalized, and
    the coefficients w with ``lower_j <= w_j <= upper_j``, for W the sum of the sample weights s.

    Parameters
    ----------
    alpha : float, default 1.0
        Strength of the penalty that chooses.
    phi : float, default 0.0
        Between 0 and 1, what is left of `alpha` for the chosen: 1 is the lasso, 0 least squares.
    fit_intercept : bool, default True
        Fit b.
    tol : float, default 1e-4
        As in `ElasticNet`, for both fits.
    positive : bool, default False
        Keep every coefficient at zero or more, in both fits.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, which is then always chosen, inf excludes it.
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
    penalty_factor_ : ndarray of shape (n_features,)
        Factors of the second fit: inf for features that were not chosen.
    n_iter_ : int
        How often the solver held a solution against the conditions of optimality, in the second fit.
    dual_gap_ : float
        Duality gap of the second fit in units of its objective.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the second fit's float64 coefficients, computed from the data.
    effective_dof_ : float
        That of the second fit, which does not count the choice.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    shrinkage.relaxed_lasso : What it calls.

    References
    ----------
    Meinshausen (2007), Computational Statistics & Data Analysis 52(1).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import RelaxedLasso
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> model = RelaxedLasso(alpha=1.25).fit(X, np.array([1.0, 3.0, 5.0, 7.0]))
    >>> model.coef_.round(9)
    array([2., 0.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        name: Sparse._parameter_constraints[name]
        for name in ("fit_intercept", "tol", "positive", "penalty_factor", "lower", "upper")
    } | {
        "alpha": [NOT_NEGATIVE],
        "phi": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        phi: float = 0.0,
        fit_intercept: bool = True,
        tol: float = 1e-4,
        positive: bool = False,
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.alpha = alpha
        self.phi = phi
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.positive = positive
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RelaxedLasso:
        """Choose, and fit what was chosen.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed. Only their ratios count.

        Returns
        -------
        RelaxedLasso
            The fitted estimator.

        Raises
        ------
        ValueError
            X, y, `sample_weight` or a parameter is not one of those above.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            A relative duality gap is above `tol`.
        """
        X, y = self._check_data(X, y)
        weights = check_weights(sample_weight, X)
        with self._explained(X, y):
            fit, proofs = solve(
                X, y, self.alpha, tol=self.tol, function=relaxed_lasso, phi=self.phi, sample_weight=weights,
                **self._penalty(),
            )  # fmt: skip
        self.penalty_factor_ = fit.penalty_factor
        self._adopt(fit, proofs, dtype_of(X))
        return self
