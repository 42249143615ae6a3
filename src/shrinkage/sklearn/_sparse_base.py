"""What estimators whose coefficients are mostly zero share: tolerances, one solution, a path, checks of what is given.

Everything here is in the canonical convention, which is scikit-learn's for the lasso:
(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha [rho |w| + (1 - rho) |w|^2 / 2], W = sum_i s_i.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions

from .. import _result
from .._result import Certificate, Fit
from .._setup import joined
from .._sparse_result import SparsePath
from ..elastic_net import alpha_max, elastic_net, elastic_net_path
from ._base import _DTYPES, Array, LinearModel

NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
#: The smallest alpha of a grid, where nothing in X has to do with y.
RESOLUTION = float(np.finfo(np.float64).resolution)
#: Gap that is always in reach, and the smallest that is asked for.
FINE, FINEST = 1e-12, 1e-14
#: How far apart a Gram matrix and that of the data may be, for float32 and float64.
_GRAM_TOLERANCES = {"f": 1e-4, "d": 1e-7}


def wanted_gap(tol: float) -> float:
    """The relative gap to ask for.

    scikit-learn's `tol` bounds the gap over y'y, twice our objective at w = 0, and the last relative change of the
    coefficients, in which the gap is quadratic.
    """
    return max(min(tol, max(tol * tol, FINE)), FINEST)


def lower_bound(positive: bool, lower: Any) -> Any:
    return 0.0 if positive else lower


def _accepted(certificate: Certificate, tol: float) -> Certificate:
    """With the verdict for the caller's tolerance, which may be looser than what was asked for."""
    return replace(certificate, converged=certificate.converged or certificate.relative_gap <= tol)


def _warn(certificates: tuple[Certificate, ...], tol: float) -> None:
    bad = next((one for one in certificates if not one.converged), None)
    if bad is not None:
        _result.warn(
            f"Objective did not converge: the relative duality gap is {bad.relative_gap:.1e} (asked: {tol:.1e}), "
            f"{bad.duality_gap:.1e} in units of the objective. Standardize the columns, or increase alpha or tol",
            ConvergenceWarning,
        )


def solve(
    X: Any, y: Array, alpha: float, *, tol: float, start: Any = None, function: Any = elastic_net, **data: Any
) -> tuple[Fit, tuple[Certificate, ...]]:
    """The fit by `function`, and a certificate for each target, or one where all targets are one problem."""
    targets = 1 if y.ndim == 1 else y.shape[1]
    if start is not None:
        start = np.atleast_2d(start)
        if len(start) != targets:
            raise ValueError(f"warm_start: coef_ is of {len(start)} targets, and y has {targets}: fit a new estimator")
        p = X.shape[1]
        if start.shape[1] != p:
            raise ValueError(f"warm_start: coef_ is of {start.shape[1]} features, and X has {p}: fit a new estimator")
        start = start[0] if y.ndim == 1 else start
    with _result.quietly():
        if targets > 1 and data["l1_ratio"] == 0 and "multi_task" not in data:
            # ridge regression proves all targets at once
            columns = (y[:, [k]] for k in range(targets))
            fit = _side_by_side([elastic_net(X, column, alpha, tol=wanted_gap(tol), **data) for column in columns])
        else:
            fit = function(X, y, alpha, tol=wanted_gap(tol), start=start, **data)
    each = (fit.certificate,) if fit.target_certificates is None else fit.target_certificates
    each = tuple(_accepted(one, tol) for one in each)
    _warn(each, tol)
    return replace(fit, certificate=joined(list(each))), each


def _side_by_side(fits: list[Fit]) -> Fit:
    """Of targets that were fitted one by one, as columns."""
    return replace(
        fits[0],
        coef=np.concatenate([fit.coef for fit in fits]),
        intercept=np.concatenate([np.ravel(fit.intercept) for fit in fits]),
        effective_dof=np.concatenate([np.ravel(fit.effective_dof) for fit in fits]),
        target_certificates=tuple(fit.certificate for fit in fits),
    )


def solve_path(X: Any, y: Array, alphas: Any, eps: float, *, tol: float, **data: Any) -> SparsePath:
    """A path with scikit-learn's grid where `alphas` is a number of them."""
    grid: dict[str, Any] = {"alphas": alphas}
    count = int(alphas) if isinstance(alphas, Integral) else None
    if count is not None:
        grid = {"alphas": count, "alpha_min_ratio": eps} if eps < 1 else {"alphas": make_grid(X, y, count, eps, data)}
    with _result.quietly():
        path = elastic_net_path(X, y, tol=wanted_gap(tol), **grid, **data)
        if count is not None and eps < 1 and not path.coefs.nnz:
            # nothing in X has to do with y, or there is but the largest alpha
            path = elastic_net_path(X, y, make_grid(X, y, count, eps, data), tol=wanted_gap(tol), **data)
    path = replace(path, certificates=tuple(_accepted(one, tol) for one in path.certificates))
    _warn(path.certificates, tol)
    return path


def make_grid(X: Any, y: Array, count: int, eps: float, data: dict[str, Any]) -> Array:
    """scikit-learn's alphas."""
    top = alpha_max(X, y, **{name: value for name, value in data.items() if name != "verbose"})
    return np.full(count, RESOLUTION) if top <= RESOLUTION else np.geomspace(top, top * eps, count)


def check_l1_ratio(l1_ratio: float, alphas: Any) -> None:
    if isinstance(alphas, Integral) and l1_ratio == 0:
        raise ValueError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing "
            "your estimator with the appropriate `alphas=` argument."
        )


def check_gram(gram: Any, X: Any, weights: Array | None, fit_intercept: bool, cross: Any = None, y: Any = None) -> None:
    """Whether a Gram matrix is that of the data, centred and weighted; the solver takes its own of what it needs."""
    if gram is None or isinstance(gram, (bool, str)) or sparse.issparse(X):
        return
    n, p = X.shape
    G = check_array(gram, dtype=_DTYPES, input_name="precompute")
    if G.shape != (p, p):
        raise ValueError(f"Gram matrix passed in via 'precompute' parameter must have shape ({p}, {p}), got {G.shape}")
    s = np.ones(n) if weights is None else weights * (n / weights.sum())
    sizes = np.sqrt(np.einsum("ij,ij,i->j", X, X, s, dtype=np.float64))
    rtol = max(_GRAM_TOLERANCES[np.dtype(kind).char] for kind in (X.dtype, G.dtype))
    if fit_intercept and (np.abs(s @ X) > rtol * np.sqrt(n) * sizes).any():
        _result.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix. Pass centred X",
            UserWarning,
        )
        return
    # every entry has its part in the product with a vector of random numbers
    v = np.random.default_rng(0).uniform(0.5, 1.5, p)
    found, wanted = G @ v, X.T @ (s * (X @ v))
    bad = np.flatnonzero(~(np.abs(found - wanted) <= rtol * sizes * (sizes @ v)))
    if bad.size:
        raise ValueError(
            "Gram matrix passed in via 'precompute' parameter did not pass validation: row "
            f"{bad[0]} is not that of X'X - pass precompute=False, or the Gram matrix of X (centred and weighted)"
        )
    if cross is not None:
        targets = y.reshape(n, -1)
        values = check_array(cross, dtype=_DTYPES, ensure_2d=False, input_name="Xy")
        fits = values.size == p * targets.shape[1] and len(values) == p
        if fits:
            wrong = np.abs(values.reshape(p, -1) - X.T @ (s[:, None] * targets))
            fits = bool((wrong <= rtol * np.outer(sizes, np.sqrt(s @ np.square(targets)))).all())
        if not fits:
            raise ValueError("Xy is not X'y: leave it out, or pass numpy.dot(X.T, y)")


def dtype_of(X: Any) -> Any:
    kind = np.dtype(getattr(X, "dtype", np.float64))
    return kind if kind.char in "df" else np.dtype(np.float64)


class Sparse(LinearModel):
    """Base of the estimators whose coefficients are mostly zero."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [NOT_NEGATIVE],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
        "penalty_factor": ["array-like", None],
        "lower": [Real, "array-like", None],
        "upper": [Real, "array-like", None],
    }

    @property
    def sparse_coef_(self) -> Any:
        """`coef_` as a sparse matrix with one row per target."""
        return sparse.csr_matrix(np.atleast_2d(self.coef_))

    def _penalty(self) -> dict[str, Any]:
        """What `shrinkage.elastic_net` is told about the penalty besides alpha and l1_ratio, and the intercept."""
        return {
            "penalty_factor": self.penalty_factor, "lower": lower_bound(self.positive, self.lower), "upper": self.upper,
            "fit_intercept": self.fit_intercept,
        }  # fmt: skip

    def _adopt(self, fit: Fit, proofs: tuple[Certificate, ...], dtype: Any) -> None:
        """The attributes of a fit with these certificates."""
        self._name(fit, dtype)
        single = len(proofs) == 1
        self.dual_gap_ = proofs[0].duality_gap if single else np.array([one.duality_gap for one in proofs])
        self.n_iter_ = proofs[0].n_iter if single else [one.n_iter for one in proofs]


class OneTarget(LinearModel):
    """Base of the estimators that take no more than one target."""

    #: The estimator of several, where there is one.
    _joint: ClassVar[str | None] = None

    def _check_data(self, X: Any, y: Any, least: int = 1, *, plain: bool = True) -> tuple[Any, Array]:
        X, y = super()._check_data(X, y, least, plain=plain)
        if self._joint is not None and y.ndim > 1 and y.shape[1] > 1:
            raise ValueError(f"For multi-task outputs, use {self._joint}")
        return X, column_or_1d(y, warn=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


class MultiTask(LinearModel):
    """Base of the estimators that solve for all targets at once and choose features for all of them."""

    penalty_factor: Any
    fit_intercept: bool
    #: The estimator of one target.
    _single: ClassVar[str]

    def _check_data(self, X: Any, y: Any, least: int = 1, *, plain: bool = True) -> tuple[Any, Array]:
        X, y = super()._check_data(X, y, least, plain=plain)
        if y.ndim == 1:
            raise ValueError(f"For mono-task outputs, use {self._single}")
        return X, y

    def _penalty(self) -> dict[str, Any]:
        return {"penalty_factor": self.penalty_factor, "fit_intercept": self.fit_intercept, "multi_task": True}

    def _name(self, fit: Fit, dtype: Any) -> None:
        super()._name(fit, dtype)
        # of one target as well
        self.coef_ = np.atleast_2d(self.coef_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        return tags
