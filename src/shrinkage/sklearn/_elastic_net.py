"""`Lasso`, `ElasticNet` and what goes with them: `shrinkage.elastic_net` and its path for scikit-learn.

Everything here is in the canonical convention, which is scikit-learn's for the lasso:
(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha [rho |w| + (1 - rho) |w|^2 / 2], W = sum_i s_i.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils import check_array, check_consistent_length, check_scalar, column_or_1d, metadata_routing
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, _raise_for_params, process_routing

from .. import _result
from .._result import Certificate, Fit
from .._setup import joined
from .._sparse_result import SparseCrossValidation, SparsePath
from ..cross_validation import cross_validate
from ..elastic_net import alpha_max, elastic_net, elastic_net_path
from ..ridge import ridge
from ._base import _DTYPES, _FORMATS, Array, LinearModel, LinearRegressor, check_weights

_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
#: The smallest alpha of a grid, where nothing in X has to do with y.
_RESOLUTION = float(np.finfo(np.float64).resolution)
#: Gap that is always in reach, and the smallest that is asked for.
_FINE, _FINEST = 1e-12, 1e-14
#: How far apart a Gram matrix and that of the data may be, for float32 and float64.
_GRAM_TOLERANCES = {"f": 1e-4, "d": 1e-7}
#: The smallest alpha of `LassoLarsIC` over the largest.
_IC_RATIO = 1e-4
#: What keywords of scikit-learn's paths may be.
_PATH_OPTIONS: dict[str, Any] = {
    "tol": 1e-4, "max_iter": 1000, "random_state": None, "selection": "cyclic", "do_screening": True,
    "sample_weight": None, "penalty_factor": None, "lower": None, "upper": None,
}  # fmt: skip


def _gap(tol: float) -> float:
    """The relative gap to ask for.

    scikit-learn's `tol` bounds the gap over y'y, twice our objective at w = 0, and the last relative change of the
    coefficients, in which the gap is quadratic.
    """
    return max(min(tol, max(tol * tol, _FINE)), _FINEST)


def _lower(positive: bool, lower: Any) -> Any:
    return 0.0 if positive else lower


def _accepted(certificate: Certificate, tol: float) -> Certificate:
    """With the verdict for the caller's tolerance, which may be looser than what was asked for."""
    return replace(certificate, converged=certificate.converged or certificate.relative_gap <= tol)


def _warn(certificates: list[Certificate] | tuple[Certificate, ...], tol: float) -> None:
    bad = next((one for one in certificates if not one.converged), None)
    if bad is not None:
        _result.warn(
            f"Objective did not converge: the relative duality gap is {bad.relative_gap:.1e} (asked: {tol:.1e}), "
            f"{bad.duality_gap:.1e} in units of the objective. Standardize the columns, or increase alpha or tol",
            ConvergenceWarning,
        )


def _solve(X: Any, y: Array, alpha: float, *, tol: float, start: Any = None, **data: Any) -> tuple[Fit, list[Fit]]:
    """The fit of all targets, and those of each."""
    starts = [None] * (1 if y.ndim == 1 else y.shape[1]) if start is None else np.atleast_2d(start)
    targets = [y] if y.ndim == 1 else list(y.T)
    if len(starts) != len(targets):
        raise ValueError(
            f"warm_start: coef_ is of {len(starts)} targets, and y has {len(targets)}: fit a new estimator"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _result.ConvergenceWarning)
        # one by one, as every target has a gap of its own here
        parts = [
            elastic_net(X, target, alpha, tol=_gap(tol), start=one, **data)
            for target, one in zip(targets, starts, strict=True)
        ]
    parts = [replace(fit, certificate=_accepted(fit.certificate, tol)) for fit in parts]
    _warn([fit.certificate for fit in parts], tol)
    if y.ndim == 1:
        return parts[0], parts
    whole = replace(
        parts[0],
        coef=np.array([fit.coef for fit in parts]),
        intercept=np.array([fit.intercept for fit in parts]),
        effective_dof=np.array([fit.effective_dof for fit in parts]),
        certificate=joined([fit.certificate for fit in parts]),
    )
    return whole, parts


def _path(X: Any, y: Array, alphas: Any, eps: float, *, tol: float, **data: Any) -> SparsePath:
    """A path with scikit-learn's grid where `alphas` is a number of them."""
    grid: dict[str, Any] = {"alphas": alphas}
    count = int(alphas) if isinstance(alphas, Integral) else None
    if count is not None:
        grid = {"alphas": count, "alpha_min_ratio": eps} if eps < 1 else {"alphas": _grid(X, y, count, eps, data)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _result.ConvergenceWarning)
        path = elastic_net_path(X, y, tol=_gap(tol), **grid, **data)
        if count is not None and eps < 1 and not path.coefs.nnz:
            # nothing in X has to do with y, or there is but the largest alpha
            path = elastic_net_path(X, y, _grid(X, y, count, eps, data), tol=_gap(tol), **data)
    path = replace(path, certificates=tuple(_accepted(one, tol) for one in path.certificates))
    _warn(path.certificates, tol)
    return path


def _grid(X: Any, y: Array, count: int, eps: float, data: dict[str, Any]) -> Array:
    """scikit-learn's alphas."""
    top = alpha_max(X, y, **{name: value for name, value in data.items() if name != "verbose"})
    return np.full(count, _RESOLUTION) if top <= _RESOLUTION else np.geomspace(top, top * eps, count)


def _check_l1_ratio(l1_ratio: float, alphas: Any) -> None:
    if isinstance(alphas, Integral) and l1_ratio == 0:
        raise ValueError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing "
            "your estimator with the appropriate `alphas=` argument."
        )


def _check_gram(
    gram: Any, X: Any, weights: Array | None, fit_intercept: bool, cross: Any = None, y: Any = None
) -> None:
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
        values = np.ravel(check_array(cross, dtype=_DTYPES, ensure_2d=False, input_name="Xy"))
        expected = X.T @ (s * y)
        if values.shape != (p,) or not (np.abs(values - expected) <= rtol * sizes * np.sqrt(s @ np.square(y))).all():
            raise ValueError("Xy is not X'y: leave it out, or pass numpy.dot(X.T, y)")


def _dtype(X: Any) -> Any:
    kind = np.dtype(getattr(X, "dtype", np.float64))
    return kind if kind.char in "df" else np.dtype(np.float64)


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
    y : array-like of shape (n_samples,) or (n_samples, 1)
        One target.
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
    Xy : array-like of shape (n_features,), optional
        X'y, held against the data where `precompute` is a Gram matrix.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never written to.
    coef_init : array-like of shape (n_features,), optional
        Accepted for scikit-learn's sake: the path starts from its largest alpha.
    verbose : bool or int, default False
        Show a bar on the standard error stream.
    return_n_iter : bool, default False
        Return the iterations as well.
    positive : bool, default False
        Keep every coefficient at zero or more.
    check_input : bool, default True
        False leaves the checks to the solver.
    **params : dict
        `tol` and `sample_weight` as in `ElasticNet`, `penalty_factor`, `lower` and `upper`; `max_iter`, `random_state`,
        `selection` and `do_screening`, which have no effect.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_features, n_alphas), or (1, n_features, n_alphas) for a column y
    dual_gaps : ndarray of shape (n_alphas,)
        In units of the objective.
    n_iters : list of int
        With `return_n_iter`.

    Raises
    ------
    ValueError
        y has more than one column, an unknown keyword was passed, or the Gram matrix is not that of X.

    See Also
    --------
    shrinkage.elastic_net_path : Sparse coefficients, certificates, criteria, an intercept.
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
    if y.ndim > 1 and (positive or y.shape[1] > 1):
        raise ValueError(
            "positive=True is not allowed for multi-output (y.ndim != 1)"
            if positive
            else f"y must have one target, got shape {y.shape}: call enet_path for every column"
        )
    alphas = n_alphas if n_alphas is not None else 100 if alphas is None else alphas
    _check_l1_ratio(l1_ratio, alphas)
    target = y.ravel()
    weights = check_weights(options["sample_weight"], X)
    _check_gram(precompute, X, weights, False, Xy, target)
    path = _path(
        X, target, alphas, eps, tol=options["tol"], l1_ratio=l1_ratio, sample_weight=weights, fit_intercept=False,
        penalty_factor=options["penalty_factor"], lower=_lower(positive, options["lower"]), upper=options["upper"],
        verbose=bool(verbose),
    )  # fmt: skip
    coefs = path.coefs.toarray().astype(_dtype(X), copy=False)
    gaps = np.array([one.duality_gap for one in path.certificates])
    found = (path.alphas, coefs if y.ndim == 1 else coefs[None], gaps)
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
    coefs : ndarray of shape (n_features, n_alphas), or (1, n_features, n_alphas) for a column y
    dual_gaps : ndarray of shape (n_alphas,)
        In units of the objective.
    n_iters : list of int
        With `return_n_iter`.

    Raises
    ------
    ValueError
        As `enet_path`.

    See Also
    --------
    shrinkage.elastic_net_path : Sparse coefficients, certificates, criteria, an intercept.
    """
    return enet_path(
        X, y, l1_ratio=1.0, eps=eps, n_alphas=n_alphas, alphas=alphas, precompute=precompute, Xy=Xy, copy_X=copy_X,
        coef_init=coef_init, verbose=verbose, return_n_iter=return_n_iter, positive=positive, **params,
    )  # fmt: skip


class Sparse(LinearModel):
    """Base of the estimators whose coefficients are mostly zero."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [_NOT_NEGATIVE],
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
            "penalty_factor": self.penalty_factor, "lower": _lower(self.positive, self.lower), "upper": self.upper,
            "fit_intercept": self.fit_intercept,
        }  # fmt: skip

    def _adopt(self, fit: Fit, parts: list[Fit], dtype: Any) -> None:
        """The attributes of a fit, of all targets and of each."""
        self._name(fit, dtype)
        proofs = [part.certificate for part in parts]
        single = len(parts) == 1
        self.dual_gap_ = proofs[0].duality_gap if single else np.array([one.duality_gap for one in proofs])
        self.n_iter_ = proofs[0].n_iter if single else [one.n_iter for one in proofs]


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
        "alpha": [_NOT_NEGATIVE],
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
        """
        if check_input:
            X, y = self._check_data(X, y)
        weights = check_weights(sample_weight, X)
        with self._explained(X, y):
            _check_gram(self.precompute, X, weights, self.fit_intercept)
            fit, parts = _solve(
                X, y, self.alpha, l1_ratio=self.l1_ratio, tol=self.tol, sample_weight=weights,
                start=self.coef_ if self.warm_start and hasattr(self, "coef_") else None, **self._penalty(),
            )  # fmt: skip
        self._adopt(fit, parts, _dtype(X))
        return self


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


class OneTarget(LinearModel):
    """Base of the estimators that take no more than one target."""

    def _check_data(self, X: Any, y: Any, least: int = 1, *, plain: bool = True) -> tuple[Any, Array]:
        X, y = super()._check_data(X, y, least, plain=plain)
        return X, column_or_1d(y, warn=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


class ManyAlphas(OneTarget, LinearRegressor, Sparse):
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
            _check_l1_ratio(ratio, alphas)
        if not isinstance(alphas, Integral):
            for k, alpha in enumerate(alphas):
                check_scalar(alpha, f"alphas[{k}]", Real, min_val=0.0, include_boundaries="left")
        split = {}
        if get_config()["enable_metadata_routing"]:
            split = process_routing(self, "fit", sample_weight=sample_weight, **params).splitter.split
        data: dict[str, Any] = {"sample_weight": weights, **self._penalty()}
        with self._explained(X, y):
            _check_gram(self.precompute, X, weights, self.fit_intercept)
            folds = list(check_cv(self.cv).split(X, y, **split))
            found = _cross_validated(X, y, alphas, self.eps, self.tol, ratios, folds=folds, **data)
        self._adopt(found.fit, [found.fit], _dtype(X))
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
        return router.add(splitter=check_cv(self.cv), method_mapping=mapping)


def _cross_validated(
    X: Any, y: Array, alphas: Any, eps: float, tol: float, ratios: Array, **data: Any
) -> SparseCrossValidation:
    """`cross_validate` with scikit-learn's grid and tolerance."""
    options: dict[str, Any] = {"alphas": alphas, "l1_ratio": ratios.tolist(), **data}
    if isinstance(alphas, Integral):
        # of one alpha its ratio to the smallest has nothing to say
        options |= {"alphas": int(alphas), "alpha_min_ratio": 0.5 if alphas == 1 else eps}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", _result.ConvergenceWarning)
            found = cross_validate(X, y, tol=_gap(tol), **options)
    except _result.ConvergenceWarning:
        # what was asked for may be less
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = cross_validate(X, y, tol=max(tol, _FINEST), **options)
        for one in caught:
            ours = issubclass(one.category, _result.ConvergenceWarning)
            _result.warn(
                f"Objective did not converge: {one.message}" if ours else str(one.message),
                ConvergenceWarning if ours else one.category,
            )
    if "alpha_min_ratio" in options and not found.path[-1].coef.any():
        top = alpha_max(X, y, l1_ratio=found.l1_ratio, **{name: data[name] for name in data.keys() - {"folds"}})
        if top <= _RESOLUTION:
            # nothing in X has to do with y, and every alpha is the largest
            grid = np.full_like(found.alphas, _RESOLUTION)
            found = replace(found, alphas=grid, alpha=_RESOLUTION, alpha_1se=_RESOLUTION)
    return found


class ElasticNetCV(ManyAlphas):
    """Elastic net that chooses alpha and l1_ratio on folds, in the place of `sklearn.linear_model.ElasticNetCV`.

    Objective and units of alpha are those of `ElasticNet`. All folds come from one pass over the data where there are
    many more samples than features, and run in threads otherwise.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default 0.5
        Values to try. 0, ridge regression, needs `alphas` as values and takes no bounds.
    eps : float, default 1e-3
        The smallest alpha over the largest, where `alphas` is a number of them; below 1, but with one alpha.
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
        """
        self.l1_ratio_ = self._choose(X, y, sample_weight, params, np.atleast_1d(self.l1_ratio))
        return self


class LassoCV(ManyAlphas):
    """Lasso that chooses alpha on folds, in the place of `sklearn.linear_model.LassoCV`.

    Objective and units of alpha are those of `Lasso`. All folds come from one pass over the data where there are many
    more samples than features, and run in threads otherwise.

    Parameters
    ----------
    eps : float, default 1e-3
        The smallest alpha over the largest, where `alphas` is a number of them; below 1, but with one alpha.
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
        """
        self._choose(X, y, sample_weight, params, np.ones(1))
        return self


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
        "alpha": [_NOT_NEGATIVE],
        "gamma": [Interval(Real, 0, None, closed="neither")],
        "initial_alpha": [_NOT_NEGATIVE, None],
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
        """
        X, y = self._check_data(X, y)
        options = {"tol": self.tol, "sample_weight": check_weights(sample_weight, X), **self._penalty()}
        first = self.alpha if self.initial_alpha is None else self.initial_alpha
        with self._explained(X, y):
            initial, _ = _solve(X, y, first, l1_ratio=self.initial_l1_ratio, **options)
            self.initial_coef_ = initial.coef
            self.penalty_factor_ = self._factors(initial.coef)
            fit, parts = _solve(X, y, self.alpha, l1_ratio=1.0, **options | {"penalty_factor": self.penalty_factor_})
        self._adopt(fit, parts, _dtype(X))
        return self

    def _factors(self, coef: Array) -> Array:
        v = np.ones(len(coef)) if self.penalty_factor is None else np.asarray(self.penalty_factor, dtype=np.float64)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            # what is not penalized stays so, zero or not
            return np.where(v == 0, 0.0, v * np.abs(coef) ** -self.gamma)


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
        Number of alphas, the last of which is 0 where there are more samples than features.
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
        "max_iter": [Interval(Integral, 2, None, closed="left")],
        "eps": [_NOT_NEGATIVE],
        "copy_X": ["boolean"],
        "positive": ["boolean"],
        "noise_variance": [_NOT_NEGATIVE, None],
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
        """
        X, y = self._check_data(X, y)
        data: dict[str, Any] = {"fit_intercept": self.fit_intercept, "lower": _lower(self.positive, None)}
        n, p = X.shape
        determined = n > p + self.fit_intercept
        if self.noise_variance is None and not determined:
            raise ValueError(
                f"You are using {type(self).__name__} in the case where the number of samples is smaller than the "
                "number of features. In this setting, getting a good estimate for the variance of the noise is not "
                "possible. Provide an estimate of the noise variance in the constructor."
            )
        with self._explained(X, y):
            _check_gram(self.precompute, X, None, self.fit_intercept)
            top = alpha_max(X, y, **data) or 1.0
            alphas = np.geomspace(top, _IC_RATIO * top, self.max_iter)
            if determined:
                alphas[-1] = 0.0
            path = _path(X, y, alphas, 0.0, tol=_FINE, verbose=bool(self.verbose), **data)
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
        self._adopt(fit, [fit], _dtype(X))
        self.alphas_, self.alpha_, self.n_iter_ = path.alphas, float(path.alphas[best]), len(path)
        return self

    def _noise(self, X: Any, y: Array, data: dict[str, Any]) -> float:
        """Squared residuals of least squares."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", _result.IllConditionedWarning)
            if self.positive:
                fit: Fit = elastic_net(X, y, 0.0, **data)
            else:
                fit = ridge(X, y, 0.0, fit_intercept=self.fit_intercept)
        return float(np.square(y - fit.predict(X)).sum())
