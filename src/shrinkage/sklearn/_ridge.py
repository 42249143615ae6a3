"""`Ridge`, `RidgeCV` and `ridge_regression`: `shrinkage.ridge` and `shrinkage.ridge_cv` for scikit-learn.

Everything here is in scikit-learn's units for ridge, the convention "sum": ||y - Xw||^2 + alpha ||w||^2, with
the sample weights inside the first sum.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.model_selection import GridSearchCV, check_cv
from sklearn.utils import check_array, check_consistent_length, check_scalar
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, _raise_for_params, process_routing

from .. import _result
from .._positive import ridge_bounded
from .._result import CrossValidation, Fit
from ..ridge import ridge, ridge_cv
from ._base import _DTYPES, _FORMATS, Array, LinearModel, LinearRegressor, check_weights, named

#: scikit-learn's solvers, and ours for them. Its four iterative ones differ only in the way to one answer.
_SOLVERS = {"auto": "auto", "cholesky": "auto", "svd": "svd", "lbfgs": "auto"}
_SOLVERS |= dict.fromkeys(("lsqr", "sparse_cg", "sag", "saga"), "cg")
#: Our solvers in scikit-learn's vocabulary.
_NAMES = {"cg": "sparse_cg", "qr": "svd", "svd": "svd"}
#: Those for which scikit-learn reports the number of iterations.
_COUNTED = ("lsqr", "sag", "saga")


def _one_or_per_target(alpha: Any, n_targets: int) -> float | Array:
    if isinstance(alpha, Real):
        return float(alpha)
    values = np.ravel(np.asarray(alpha, dtype=np.float64))
    if len(values) == 1:
        return float(values[0])
    if len(values) != n_targets:
        raise ValueError(
            f"Number of targets and number of penalties do not correspond: {len(values)} != {n_targets}. "
            "Pass one alpha for all targets or one for each"
        )
    return values


def _check_positive(positive: bool, solver: str) -> None:
    if positive and solver not in ("auto", "lbfgs"):
        raise ValueError(
            f"solver={solver!r} does not support positive coefficients: only 'lbfgs' solver can be used, or 'auto'"
        )
    if solver == "lbfgs" and not positive:
        raise ValueError("solver='lbfgs' is for positive=True: use 'auto' for coefficients of any sign")


def _solve(
    X: Any, y: Array, alpha: Any, *, sample_weight: Array | None, solver: str, max_iter: int | None,
    tol: float, positive: bool, fit_intercept: bool, penalty_factor: Any = None,
) -> tuple[Fit, str, Array | None]:  # fmt: skip
    """The fit, and scikit-learn's `solver_` and `n_iter_` for it."""
    n_targets = 1 if y.ndim == 1 else y.shape[1]
    alpha = _one_or_per_target(alpha, n_targets)
    data: dict[str, Any] = {
        "sample_weight": sample_weight, "penalty_factor": penalty_factor, "fit_intercept": fit_intercept,
    }  # fmt: skip
    # the gap is quadratic in the error of the coefficients, which is what scikit-learn's tol is about
    options: dict[str, Any] = {
        "tol": min(float(tol), 1.0) ** 2,
        "max_iter": max_iter or None,
        "convention": "sum",
    }
    ours = _SOLVERS[solver]
    if not positive and ours != "cg":
        fit = ridge(X, y, alpha, solver=ours, **data, **options)
        return fit, _NAMES.get(fit.solver, "cholesky"), None
    with _result.quietly():
        if positive:
            fit, solver = ridge_bounded(X, y, alpha, lower=0.0, convention="sum", **data), "lbfgs"
        else:
            fit = ridge(X, y, alpha, solver="cg", **data, **options)
    if not fit.certificate.converged:
        _result.warn(
            f"{solver} did not converge after {fit.certificate.n_iter} iterations: the relative duality gap "
            f"is {fit.certificate.relative_gap:.1e}. Raise max_iter, or standardize the columns",
            ConvergenceWarning,
        )
    return fit, solver, np.full(n_targets, fit.certificate.n_iter, np.int32) if solver in _COUNTED else None


class OneAlpha(LinearModel):
    """Base of the estimators at one alpha."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(_SOLVERS))],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "penalty_factor": ["array-like", None],
    }

    def _check_positive(self) -> None:
        _check_positive(self.positive, self.solver)

    def _fit_one(self, X: Any, y: Array, weights: Array | None) -> None:
        """Fit to checked data."""
        fit, self.solver_, self.n_iter_ = _solve(
            X, y, self.alpha, sample_weight=weights, solver=self.solver, max_iter=self.max_iter, tol=self.tol,
            positive=self.positive, fit_intercept=self.fit_intercept, penalty_factor=self.penalty_factor,
        )  # fmt: skip
        self._name(fit, X.dtype)


class Ridge(LinearRegressor, OneAlpha):
    """Linear least squares with an L2 penalty, in the place of `sklearn.linear_model.Ridge`.

    Minimizes ``sum_i s_i (y_i - b - x_i.w)^2 + alpha sum_j v_j w_j^2`` over the intercept b, never penalized,
    and the coefficients w: the convention "sum" of `shrinkage.ridge`.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default 1.0
        Strength of the penalty, one or one per target. 0 is least squares: of minimum norm where the data do
        not determine it.
    fit_intercept : bool, default True
        Fit b.
    copy_X : bool, default True
        Accepted for scikit-learn's sake: X is never copied whole and never written to.
    max_iter : int, optional
        Iterations of conjugate gradients at most; by default 1000 or more.
    tol : float, default 1e-4
        Where conjugate gradients stop: at a relative duality gap of ``tol**2``, a relative error of the
        coefficients of about `tol`. Direct solvers go to rounding.
    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, default "auto"
        "auto" and "cholesky" choose by cost between normal equations over features or samples and, for large
        sparse X, conjugate gradients; they go to X itself where its Gram matrix is too ill-conditioned. "svd"
        takes the singular values of X. "lsqr", "sparse_cg", "sag" and "saga" all run preconditioned conjugate
        gradients. "lbfgs" is another name for "auto" with `positive`. All take sparse X, with an intercept or
        without.
    positive : bool, default False
        Keep every coefficient at zero or more.
    random_state : int, RandomState or None, default None
        Accepted for scikit-learn's sake: nothing here is random.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X: float32 for float32. One target has a 1-D `coef_`.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 without an intercept.
    n_iter_ : None or ndarray of shape (n_targets,)
        Iterations of "lsqr", "sag" and "saga"; None for the others.
    solver_ : str
        What ran, in the words of `solver`.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients, computed from the data.
    effective_dof_ : float or ndarray of shape (n_targets,)
        Effective degrees of freedom without the intercept; NaN after conjugate gradients.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    RidgeCV : Chooses alpha.
    shrinkage.ridge : The function underneath.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import Ridge
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = Ridge(alpha=5.0).fit(X, np.array([1.0, 3.0, 5.0, 7.0]))
    >>> model.coef_, float(model.intercept_)
    (array([1.]), 2.5)
    """

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        penalty_factor: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.penalty_factor = penalty_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Ridge:
        """Fit the model.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed.

        Returns
        -------
        Ridge
            The fitted estimator.
        """
        self._check_positive()
        X, y = self._check_data(X, y)
        with self._explained(X, y):
            self._fit_one(X, y, check_weights(sample_weight, X))
        return self


@validate_params(
    {
        "X": ["array-like", "sparse matrix"],
        "y": ["array-like"],
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "sample_weight": [Interval(Real, None, None, closed="neither"), "array-like", None],
        "solver": Ridge._parameter_constraints["solver"],
        "max_iter": [Interval(Integral, 0, None, closed="left"), None],
        "tol": Ridge._parameter_constraints["tol"],
        "verbose": ["verbose"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "return_n_iter": ["boolean"],
        "return_intercept": ["boolean"],
        "check_input": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def ridge_regression(
    X: Any,
    y: Any,
    alpha: Any,
    *,
    sample_weight: Any = None,
    solver: str = "auto",
    max_iter: int | None = None,
    tol: float = 1e-4,
    verbose: int = 0,
    positive: bool = False,
    random_state: Any = None,
    return_n_iter: bool = False,
    return_intercept: bool = False,
    check_input: bool = True,
) -> Any:
    """Ridge coefficients, in the place of `sklearn.linear_model.ridge_regression`.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    alpha : float or array-like of shape (n_targets,)
        Strength of the penalty in ``||y - Xw||^2 + alpha ||w||^2``.
    sample_weight : float or array-like of shape (n_samples,), optional
    solver, max_iter, tol, positive
        As in `Ridge`.
    verbose : int, default 0
        Accepted for scikit-learn's sake, as is `random_state`.
    random_state : int, RandomState or None, default None
    return_n_iter : bool, default False
        Return the iterations as well: an array for "lsqr", "sag" and "saga", None for the others.
    return_intercept : bool, default False
        Fit an intercept and return it as well; without, there is none. Every solver can.
    check_input : bool, default True
        False leaves the checks to the solver: X and y are then float32 or float64 arrays, or sparse matrices.

    Returns
    -------
    coef : ndarray of shape (n_features,) or (n_targets, n_features)
    n_iter : ndarray of shape (n_targets,) or None
        With `return_n_iter`.
    intercept : float or ndarray of shape (n_targets,)
        With `return_intercept`.

    See Also
    --------
    shrinkage.ridge : Returns the intercept, a certificate and more.
    """
    _check_positive(positive, solver)
    if check_input:
        X = check_array(X, accept_sparse=_FORMATS, dtype=_DTYPES)
        y = check_array(y, dtype=X.dtype, ensure_2d=False)
    check_consistent_length(X, y)
    fit, _, n_iter = _solve(
        X, y, alpha, sample_weight=check_weights(sample_weight, X), solver=solver, max_iter=max_iter, tol=tol,
        positive=positive, fit_intercept=return_intercept,
    )  # fmt: skip
    coef, intercept = named(fit, X.dtype)
    found = (coef, *((n_iter,) if return_n_iter else ()), *((intercept,) if return_intercept else ()))
    return found if len(found) > 1 else coef


class _Predicted(RegressorMixin, BaseEstimator):
    """An estimator whose X are predictions already, for scorers."""

    def predict(self, X: Array) -> Array:
        return X


def _place(alphas: Array) -> Array:
    """Where each alpha is among those of `ridge_cv`, which sorts them."""
    place = np.empty(len(alphas), dtype=np.intp)
    place[np.argsort(-alphas, kind="stable")] = np.arange(len(alphas))
    return place


class ManyAlphas(LinearModel):
    """Base of the estimators that choose alpha."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alphas": ["array-like", Interval(Real, 0, None, closed="neither")],
        "fit_intercept": ["boolean"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "cv": ["cv_object"],
        "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
        "store_cv_results": ["boolean"],
        "alpha_per_target": ["boolean"],
        "penalty_factor": ["array-like", None],
    }
    alpha_per_target = False
    #: The score that `cv` maximizes by default.
    _score_name = "r2"

    def _one_alpha(self) -> OneAlpha:
        """The estimator at one alpha."""
        raise NotImplementedError

    def _judged(self) -> BaseEstimator:
        """An estimator whose X are predictions already."""
        return _Predicted()

    def _choose(self, X: Any, y: Any, sample_weight: Any, params: dict[str, Any], labels: Any = None) -> None:
        """Choose alpha and fit there: y is the numbers to fit, labels the classes that they stand for, if any.

        With labels the data have been checked.
        """
        _raise_for_params(params, self, "fit")
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        if hasattr(self, "cv_results_"):
            del self.cv_results_
        if self.cv is None:
            self._fit_leave_one_out(X, y, self._grid(), params, labels)
            return
        for option in ("store_cv_results", "alpha_per_target"):
            if getattr(self, option):
                raise ValueError(f"cv!=None and {option}=True are incompatible: leave cv out, or {option}")
        self._fit_folds(X, y, self._grid(), params, labels)

    def _grid(self) -> Array:
        alphas = np.atleast_1d(self.alphas)
        values = self.alphas if alphas.ndim == np.ndim(self.alphas) else [np.ndarray.item(alphas)]
        bounds: Any = "neither" if self.cv is None else "left"
        for k, value in enumerate(values):
            name = f"alphas[{k}]" if len(alphas) > 1 else "alphas"
            check_scalar(value, name, Real, min_val=0.0, include_boundaries=bounds)
        return alphas.astype(np.float64)

    def _fit_leave_one_out(self, X: Any, y: Any, alphas: Array, params: dict[str, Any], labels: Any) -> None:
        sample_weight = params.get("sample_weight")
        score_params = {} if sample_weight is None else {"sample_weight": sample_weight}
        if get_config()["enable_metadata_routing"]:
            score_params = process_routing(self, "fit", **params).scorer.score
        if labels is None:
            X, y = self._check_data(X, y, least=2)
        weights = check_weights(sample_weight, X)
        data: dict[str, Any] = {
            "sample_weight": weights, "penalty_factor": self.penalty_factor,
            "fit_intercept": self.fit_intercept, "convention": "sum",
        }  # fmt: skip
        per_target = self.alpha_per_target and y.ndim == 2
        several = per_target and y.shape[1] > 1
        with self._explained(X, y):
            found = ridge_cv(
                X, y, alphas, alpha_per_target=several,
                store_errors=self.store_cv_results or self.scoring is not None, **data,
            )  # fmt: skip
        place = _place(alphas)
        results = None if found.errors is None else found.errors[place]
        if self.scoring is None:
            # scikit-learn divides the weighted sum by the number of samples
            scores = -found.scores[place] * (found.fit.sum_weights / len(y))
            if scores.ndim == 2 and not per_target:
                scores = scores.mean(axis=1)
            if results is not None:
                results = np.square(results)
                if weights is not None:
                    results *= weights.reshape(-1, *[1] * (y.ndim - 1))
        else:
            assert results is not None
            results = y - results
            scorer = self._scorer()
            judged, truth = self._judged(), y if labels is None else labels
            scores = np.array(
                [
                    [scorer(judged, p[:, k], truth[:, k], **score_params) for k in range(y.shape[1])]
                    if per_target
                    else scorer(judged, p, truth, **score_params)
                    for p in results
                ]
            )
        if self.store_cv_results:
            assert results is not None
            self.cv_results_ = np.ascontiguousarray(np.moveaxis(results, 0, -1)).astype(X.dtype, copy=False)
        self._adopt(X, y, alphas, scores, found, data)

    def _adopt(
        self, X: Any, y: Array, alphas: Array, scores: Array, found: CrossValidation, data: dict[str, Any]
    ) -> None:
        """The alpha of the best score, the first of those that tie; and the fit there."""
        best = np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=0)
        # as scikit-learn has it: one column of y has one alpha, but an array of one score
        self.alpha_ = alphas[best].item() if np.size(best) == 1 else alphas[best]
        self.best_score_ = float(scores[best]) if scores.ndim == 1 else scores[best, np.arange(len(best))]
        same = np.array_equal(self.alpha_, found.alpha)
        self._name(found.fit if same else ridge(X, y, self.alpha_, **data), X.dtype)

    def _fit_folds(self, X: Any, y: Any, alphas: Array, params: dict[str, Any], labels: Any) -> None:
        if y is None:
            self._check_data(X, y, plain=False)
        quick = self._score_name if self.scoring is None else self.scoring
        if labels is not None or quick not in ("r2", "neg_mean_squared_error") or "sample_weight" in params:
            self._search(X, y if labels is None else labels, alphas, self.cv, params)
            return
        split = process_routing(self, "fit", **params).splitter.split if get_config()["enable_metadata_routing"] else {}
        X, y = self._check_data(X, y)
        folds = list(check_cv(self.cv, y).split(X, y, **split))
        if not folds or (quick == "r2" and min(len(test) for _, test in folds) < 2):
            # scikit-learn has words for that
            self._search(X, y, alphas, folds, {name: params[name] for name in params.keys() - split.keys()})
            return
        data: dict[str, Any] = {
            "penalty_factor": self.penalty_factor, "fit_intercept": self.fit_intercept, "convention": "sum",
        }  # fmt: skip
        with self._explained(X, y):
            found = ridge_cv(X, y, alphas, cv=folds, **data)
        assert found.fold_scores is not None
        # a column for one target too
        scores = found.fold_scores[:, _place(alphas)].reshape(len(folds), len(alphas), -1)
        if quick == "r2":
            spread = np.array([np.atleast_1d(y[test].var(axis=0, dtype=np.float64)) for _, test in folds])[:, None]
            with np.errstate(divide="ignore", invalid="ignore"):
                scores = np.where(spread > 0, 1.0 - scores / spread, np.where(scores > 0, 0.0, 1.0))
        else:
            scores = -scores
        self._adopt(X, y, alphas, scores.mean(axis=(0, 2)), found, data)

    def _search(self, X: Any, y: Any, alphas: Array, cv: Any, params: dict[str, Any]) -> None:
        """Fold by fold and alpha by alpha, with any scorer."""
        model = self._one_alpha()
        if get_config()["enable_metadata_routing"]:
            model.set_fit_request(sample_weight=True)
        search = GridSearchCV(model, {"alpha": alphas}, cv=cv, scoring=self._scorer())
        search.fit(X, y, **params)
        best = search.best_estimator_
        self.alpha_, self.best_score_ = best.alpha, search.best_score_
        for name, value in vars(best).items():
            if name in ("coef_", "intercept_", "certificate_", "effective_dof_") or name.endswith("_in_"):
                setattr(self, name, value)

    def _scorer(self) -> Any:
        if self.scoring is None and get_config()["enable_metadata_routing"]:
            # weights are always passed on, so that the score must say that it takes them
            return get_scorer(self._score_name).set_score_request(sample_weight=True)
        return check_scoring(self, scoring=self.scoring, allow_none=True)

    def get_metadata_routing(self) -> MetadataRouter:
        """How metadata is routed to the scorer and the splitter.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
        """
        to_score, to_split = MethodMapping(), MethodMapping()
        return (
            MetadataRouter(owner=type(self).__name__)
            .add_self_request(self)
            .add(scorer=self._scorer(), method_mapping=to_score.add(caller="fit", callee="score"))
            .add(splitter=self.cv, method_mapping=to_split.add(caller="fit", callee="split"))
        )


class RidgeCV(LinearRegressor, ManyAlphas):
    """Ridge regression that chooses alpha, in the place of `sklearn.linear_model.RidgeCV`.

    By default by leave-one-out: exact, from one factorization for all alphas and targets. Objective and units
    of alpha are those of `Ridge`.

    Parameters
    ----------
    alphas : float or array-like of shape (n_alphas,), default (0.1, 1.0, 10.0)
        Values to try, positive; 0 is allowed with `cv`. The first of two that score the same is taken.
    fit_intercept : bool, default True
        Fit an intercept.
    scoring : str, callable or None, default None
        What to maximize. By default minus the mean squared leave-one-out error, or R^2 with `cv`.
    cv : int, splitter, iterable of (train, test) or None, default None
        Folds to use rather than leave-one-out. They share one pass over the data for R^2 and
        "neg_mean_squared_error" without sample weights; otherwise every fold and alpha is fitted on its own.
    gcv_mode : {"auto", "svd", "eigen"} or None, default None
        Accepted for scikit-learn's sake: the factorization is chosen by shape and accuracy.
    store_cv_results : bool, default False
        Keep `cv_results_`. Not with `cv`.
    alpha_per_target : bool, default False
        Choose an alpha for every target. Not with `cv`.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The chosen alpha, or one per target.
    best_score_ : float or ndarray of shape (n_targets,)
        Its score.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        With `store_cv_results`: squared leave-one-out errors times their weights, or with `scoring` the
        leave-one-out predictions. In the order of `alphas`, and the dtype of X.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X: float32 for float32. One target has a 1-D `coef_`.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 without an intercept.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients at the chosen alpha, computed from the data.
    effective_dof_ : float or ndarray of shape (n_targets,)
        Effective degrees of freedom without the intercept.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    Ridge : One alpha.
    shrinkage.ridge_cv : The function underneath, which also finds a grid of alphas.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import RidgeCV
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> RidgeCV(alphas=[0.1, 10.0]).fit(X, np.array([1.0, 2.9, 5.1, 7.0])).alpha_
    0.1
    """

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
        penalty_factor: Any = None,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.penalty_factor = penalty_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> RidgeCV:
        """Choose alpha and fit the model there.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed. Leave-one-out weighs its errors by them.
        **params : dict
            For the scorer and the splitter, with metadata routing enabled.

        Returns
        -------
        RidgeCV
            The fitted estimator.
        """
        self._choose(X, y, sample_weight, params)
        return self

    def _one_alpha(self) -> OneAlpha:
        return Ridge(fit_intercept=self.fit_intercept, penalty_factor=self.penalty_factor)
