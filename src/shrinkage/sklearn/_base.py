"""What linear estimators share: checking data, and giving a `Fit` scikit-learn's names."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .._result import Fit, predict

Array = np.ndarray[Any, Any]

_FORMATS = ["csr", "csc", "coo"]
_DTYPES = [np.float64, np.float32]


def is_plain(value: Any, dimensions: tuple[int, ...]) -> bool:
    """Whether `value` is an array that the solvers read as it is."""
    return type(value) is np.ndarray and value.dtype.char in "df" and value.dtype.isnative and value.ndim in dimensions


class LinearModel(BaseEstimator):
    """Base of the estimators whose prediction, or decision, is intercept + X coef'."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {}
    _defaults: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parameters = inspect.signature(cls.__init__).parameters
        cls._defaults = {name: parameter.default for name, parameter in parameters.items() if name != "self"}

    def _validate_params(self) -> None:
        # a default is valid: what is left to check is little, and a small fit spends its time elsewhere
        changed = {name: getattr(self, name) for name, value in self._defaults.items()}
        changed = {name: value for name, value in changed.items() if value is not self._defaults[name]}
        if changed:
            validate_parameter_constraints(self._parameter_constraints, changed, type(self).__name__)

    def _check_data(self, X: Any, y: Any, least: int = 1, *, plain: bool = True) -> tuple[Any, Array]:
        """X and y for a solver, with at least so many rows; sets `n_features_in_` and `feature_names_in_`.

        Plain arrays are left to the solver, which checks what scikit-learn would in a pass that it makes
        anyway; `_explained` puts what it finds into scikit-learn's words.
        """
        plain = plain and is_plain(X, (2,)) and is_plain(y, (1, 2)) and len(X) == len(y)
        if plain and len(X) >= least and X.size and y.size:
            validate_data(self, X, y, skip_check_array=True)
            return X, y
        X, y = validate_data(
            self, X, y, accept_sparse=_FORMATS, dtype=_DTYPES, multi_output=True, y_numeric=True,
            ensure_min_samples=least,
        )  # fmt: skip
        return X, y if y.dtype.char in "df" else y.astype(np.float64)

    @contextlib.contextmanager
    def _explained(self, X: Any, y: Any) -> Iterator[None]:
        """Raise scikit-learn's error for data that a solver refuses in here, if it refuses them too."""
        try:
            yield
        except ValueError:
            self._check_data(X, y, plain=False)
            raise

    def _name(self, fit: Fit, dtype: Any) -> None:
        """The attributes that a `Fit` gives an estimator of data of this dtype."""
        self.coef_, self.intercept_ = named(fit, dtype)
        self.certificate_ = fit.certificate
        self.effective_dof_ = fit.effective_dof

    def _linear(self, X: Any) -> Array:
        """intercept + X coef' for checked X."""
        check_is_fitted(self)
        with np.errstate(over="ignore", invalid="ignore"):
            plain = is_plain(X, (2,)) and X.size and math.isfinite(X.sum())
        checks: dict[str, Any] = {"skip_check_array": True} if plain else {"accept_sparse": _FORMATS, "dtype": _DTYPES}
        X = validate_data(self, X, reset=False, **checks)
        # an estimator may have its coefficients made sparse
        coef: Any = self.coef_
        coef = (coef.toarray() if sparse.issparse(coef) else coef).astype(np.float64, copy=False)
        found = predict(X, coef, self.intercept_, None, coef.shape[-1])
        return found.astype(np.result_type(X.dtype, self.coef_.dtype), copy=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearRegressor(MultiOutputMixin, RegressorMixin, LinearModel):
    """Base of the regressors among them."""

    def predict(self, X: Any) -> Array:
        """Predict the targets of samples.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._linear(X)


def check_weights(sample_weight: Any, X: Any) -> Array | None:
    """Sample weights as float64 of shape (n_samples,), or None."""
    if sample_weight is None or (is_plain(sample_weight, (1,)) and len(sample_weight) == X.shape[0]):
        return sample_weight
    return _check_sample_weight(sample_weight, X, dtype=np.float64)


def named(fit: Fit, dtype: Any) -> tuple[Array, Any]:
    """coef_ and intercept_ in this dtype: one target has a 1-D coef_, whatever the shape of y."""
    coef = fit.coef.ravel() if len(fit.coef) == 1 else fit.coef
    intercept = np.asarray(fit.intercept, dtype=dtype)[()] if fit.fit_intercept else 0.0
    return coef.astype(dtype, copy=False), intercept
