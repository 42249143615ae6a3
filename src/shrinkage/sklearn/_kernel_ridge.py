"""`KernelRidge`: `shrinkage.kernel_ridge` on scikit-learn's kernels."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.metrics.pairwise import PAIRWISE_KERNEL_FUNCTIONS, pairwise_kernels
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ..kernel_ridge import kernel_ridge
from ._base import Array, check_weights
from ._ridge import _one_or_per_target


class KernelRidge(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Ridge regression in a kernel's feature space, in the place of `sklearn.kernel_ridge.KernelRidge`.

    Minimizes ``sum_i s_i (y_i - (K c)_i)^2 + alpha c'K c`` over the dual coefficients c, K the matrix of the
    samples' kernel with each other: the convention "sum" of `shrinkage.kernel_ridge.kernel_ridge`. There is no
    intercept.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default 1.0
        Strength of the penalty, one or one per target. 0 interpolates where K is not singular.
    kernel : str or callable, default "linear"
        A name that `sklearn.metrics.pairwise.pairwise_kernels` knows, a function of two rows, or "precomputed":
        X is then the kernel matrix itself, (n_samples, n_samples) in `fit` and (n, n_samples) in `predict`.
    gamma : float, optional
        Parameter of the kernels "rbf", "laplacian", "poly", "sigmoid" and "chi2"; each has its own default.
    degree : float, default 3
        Of "poly".
    coef0 : float, default 1
        The constant of "poly" and "sigmoid".
    kernel_params : dict, optional
        Keyword arguments of a callable `kernel`.

    Attributes
    ----------
    dual_coef_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        c, float64.
    X_fit_ : ndarray or sparse matrix of shape (n_samples, n_features)
        The training data, which predictions need; the kernel matrix where it is precomputed.
    certificate_ : shrinkage.Certificate
        Proof of optimality, computed from the kernel matrix.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    Ridge : Linear, with an intercept.
    shrinkage.kernel_ridge.kernel_ridge : The function underneath.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import KernelRidge
    >>> X = np.linspace(0.0, 3.0, 20)[:, None]
    >>> model = KernelRidge(alpha=1e-4, kernel="rbf").fit(X, np.sin(X[:, 0]))
    >>> bool(abs(model.predict([[1.0]])[0] - np.sin(1.0)) < 1e-3)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "kernel": [StrOptions({*PAIRWISE_KERNEL_FUNCTIONS, "precomputed"}), callable],
        "gamma": [Interval(Real, 0, None, closed="left"), None],
        "degree": [Interval(Real, 0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "kernel_params": [dict, None],
    }

    def __init__(
        self,
        alpha: Any = 1,
        *,
        kernel: Any = "linear",
        gamma: float | None = None,
        degree: float = 3,
        coef0: float = 1,
        kernel_params: dict[str, Any] | None = None,
    ) -> None:
        self.alpha = alpha
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params

    def _kernel(self, X: Any, Y: Any = None) -> Array:
        if callable(self.kernel):
            options = self.kernel_params or {}
        else:
            options = {"gamma": self.gamma, "degree": self.degree, "coef0": self.coef0}
        K = pairwise_kernels(X, Y, metric=self.kernel, filter_params=True, **options)
        return K.toarray() if hasattr(K, "toarray") else K

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KernelRidge:
        """Fit the model.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            Or the kernel matrix, (n_samples, n_samples), where the kernel is precomputed.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed.

        Returns
        -------
        KernelRidge
            The fitted estimator.
        """
        X, y = validate_data(self, X, y, accept_sparse=("csr", "csc"), multi_output=True, y_numeric=True)
        if self.kernel == "precomputed" and X.shape[0] != X.shape[1]:
            raise ValueError(f"kernel='precomputed' needs a square matrix of the samples' kernel, got shape {X.shape}")
        found = kernel_ridge(
            self._kernel(X), y, _one_or_per_target(self.alpha, 1 if y.ndim == 1 else y.shape[1]),
            sample_weight=check_weights(sample_weight, X), convention="sum",
        )  # fmt: skip
        self.dual_coef_, self.certificate_, self.X_fit_ = found.dual_coef, found.certificate, X
        return self

    def predict(self, X: Any) -> Array:
        """Predict the targets of samples.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, n_features)
            Or the kernel between these and the training samples, (n, n_samples), where it is precomputed.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), reset=False)
        return np.dot(self._kernel(X, self.X_fit_), self.dual_coef_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags
