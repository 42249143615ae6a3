"""What a fit returns: coefficients and the proof that they are right. The only module that warns."""

from __future__ import annotations

import contextlib
import math
import operator
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._design import Design, SparseStorage, as_matrix
from .penalties import check_alpha

Array = np.ndarray[Any, Any]

_BENEATH = ("shrinkage", "sklearn")
#: Scaled residuals above this mean that something is wrong with the solution (LAPACK's own tests use it).
RESIDUAL_ALARM = 30.0


class ConvergenceWarning(UserWarning):
    """A solver stopped before its certificate reached the asked tolerance."""


class IllConditionedWarning(UserWarning):
    """The data cannot determine the coefficients to working precision."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof of optimality, computed in float64 from the data and the returned coefficients.

    Attributes
    ----------
    objective : float
        Value of the documented objective, summed over targets.
    duality_gap : float
        How far `objective` is above its minimum at most, in its units. For the elastic net a true bound but where a
        feature that nothing penalizes has a bound on one side: there it counts a million times what that feature alone
        could gain. For ridge a true bound where every feature is penalized by something that counts; where some are
        not, or next to nothing, as the solver's own factorization measures it from the gradient.
    relative_gap : float
        `duality_gap` over the objective at w = 0.
    kkt_violation : float
        Largest absolute entry of the objective's gradient over the coefficients; for the elastic net the largest
        violation of the conditions of optimality, which is the gradient's distance to what the penalty and the bounds
        allow.
    converged : bool
        For direct solvers whether the gradient is rounding (`residual_ratio`) and the gap does not speak against it;
        for iterative ones also whether the gap reached the tolerance. A result that is not finite never has.
    n_iter : int
        Refinement steps, or iterations of an iterative solver.
    residual_ratio : float
        Ridge: the gradient scaled feature by feature against rounding in the precision of X, in LAPACK's manner: of
        the order of 1 is healthy, more than 30 is an alarm.
    rcond : float
        Reciprocal condition number of the equilibrated system that was solved; NaN where none was factored.
    """

    objective: float
    duality_gap: float
    relative_gap: float
    kkt_violation: float
    converged: bool
    n_iter: int
    residual_ratio: float = math.nan
    rcond: float = math.nan

    def __str__(self) -> str:
        verdict = "converged" if self.converged else "NOT converged"
        parts = [f"{verdict}: relative gap {self.relative_gap:.1e}"]
        if not math.isnan(self.residual_ratio):
            parts.append(f"residual ratio {self.residual_ratio:.2g}")
        if not math.isnan(self.rcond):
            parts.append(f"rcond {self.rcond:.1e}")
        return ", ".join(parts) + f", {self.n_iter} step{'s' * (self.n_iter != 1)}"


def worst(certificates: Sequence[Certificate]) -> Certificate:
    """The one that proves least."""
    return max(certificates, key=lambda one: (not one.converged, one.relative_gap))


def warn_about(certificate: Certificate, *, solver: str, tol: float, rank: int | None, n_features: int) -> None:
    """Warn where a certificate says that the answer is not to be trusted, and why."""
    if not certificate.converged:
        asked, advice = (f" (asked: {tol:.1e})", "raise max_iter, ") if solver == "cg" else ("", "")
        warn(
            f"ridge ({solver}) stopped at a relative duality gap of {certificate.relative_gap:.1e}{asked} and a "
            f"residual ratio of {certificate.residual_ratio:.2g} (healthy: below {RESIDUAL_ALARM:g}) after "
            f"{certificate.n_iter} steps: {advice}standardize the columns, or increase alpha",
            ConvergenceWarning,
        )
    if rank is not None and rank < n_features:
        warn(
            f"the unpenalized least-squares problem has rank {rank} of {n_features}: many coefficient vectors fit "
            "equally well, the one of minimum norm is returned; use alpha > 0 or drop dependent columns",
            IllConditionedWarning,
        )


Told = tuple[str, type[Warning]]
#: Where warnings of a category go instead, in this thread. The filters of `warnings` are those of all threads.
_KEPT: ContextVar[tuple[type[Warning], list[Told]] | None] = ContextVar("_KEPT", default=None)


@contextlib.contextmanager
def quietly(category: type[Warning] = ConvergenceWarning) -> Iterator[list[Told]]:
    """Collect this package's warnings of a category, as (message, category), and leave it to the caller to warn."""
    told: list[Told] = []
    token = _KEPT.set((category, told))
    try:
        yield told
    finally:
        _KEPT.reset(token)


def warn(message: str, category: type[Warning]) -> None:
    """Warn in the name of the line that called this package, directly or through scikit-learn."""
    kept = _KEPT.get()
    if kept is not None and issubclass(category, kept[0]):
        kept[1].append((message, category))
        return
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _BENEATH:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def predict(X: Any, coef: Array, intercept: Any, feature_names: tuple[str, ...] | None, n_features: int) -> Array:
    """intercept + X coef' for checked X: (n,) for a 1-D coef, (n, t) for (t, p)."""
    matrix, names = as_matrix(X)
    if matrix.shape[1] != n_features:
        raise ValueError(f"X has {matrix.shape[1]} features, but the model was fitted on {n_features}")
    if names is not None and feature_names is not None and names != feature_names:
        j = next(j for j, (a, b) in enumerate(zip(names, feature_names, strict=True)) if a != b)
        raise ValueError(
            f"X's column {j} is {names[j]!r}, but the model was fitted with {feature_names[j]!r} there: "
            "pass the same columns in the same order"
        )
    W = np.ascontiguousarray(np.atleast_2d(coef).T)
    if isinstance(matrix, SparseStorage):
        out = np.zeros((matrix.n, W.shape[1]))
        matrix.multiply(W, out)
    elif matrix.dtype == np.float32:
        # a block at a time: products of float32 data are summed in float64 without a wide copy of X
        out = np.empty((len(matrix), W.shape[1]))
        step = max(1, (1 << 22) // max(1, n_features))
        for i in range(0, len(matrix), step):
            out[i : i + step] = matrix[i : i + step].astype(np.float64) @ W
    else:
        out = matrix @ W
    out += intercept
    return out[:, 0] if np.ndim(coef) == 1 else out


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _number(value: Any) -> str:
    values = np.atleast_1d(value)
    if len(values) == 1 or (values == values[0]).all():
        return f"{values[0]:.6g}"
    return f"{values.min():.4g} to {values.max():.4g}"


@dataclass(frozen=True, repr=False, eq=False)
class Fit:
    """A fitted linear model with its certificate.

    Attributes
    ----------
    coef : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, float64; 2-D when y was.
    intercept : float or ndarray of shape (n_targets,)
        0.0 where `fit_intercept` was False.
    alpha : float or ndarray of shape (n_targets,)
        The penalty in the units of `convention`.
    l1_ratio : float
        0 for ridge.
    convention : str
        Which objective `alpha` belongs to; see `shrinkage.conventions`.
    certificate : Certificate
        For several targets: the worst one, and the summed objective.
    solver, solver_reason : str
        What ran, and why.
    effective_dof : float or ndarray of shape (n_targets,)
        Effective degrees of freedom without the intercept; NaN where the solver cannot know them ("cg"). Where a Gram
        matrix of order 300 or more was taken in a lower precision than double, to about 1e-7 times its order.
    n_samples, n_features : int
        Shape of the data; rows of weight zero are counted.
    sum_weights : float
        W, the sum of the sample weights.
    feature_mean, feature_scale : ndarray of shape (n_features,)
        Weighted mean and standard deviation of every column (the root mean square without an intercept).
    feature_names, target_names : tuple of str or None
        Column names where the data had them.
    penalty_factor : ndarray of shape (n_features,) or None
        v, including the effect of `standardize`.
    fit_intercept : bool
        Whether an intercept was fitted.
    target_certificates : tuple of Certificate or None
        One per target, where `elastic_net` solved several one by one.
    """

    coef: Array
    intercept: float | Array
    alpha: float | Array
    l1_ratio: float
    convention: str
    certificate: Certificate
    solver: str
    solver_reason: str
    effective_dof: float | Array
    n_samples: int
    n_features: int
    sum_weights: float
    feature_mean: Array
    feature_scale: Array
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] | None = None
    penalty_factor: Array | None = None
    fit_intercept: bool = True
    target_certificates: tuple[Certificate, ...] | None = None

    def predict(self, X: Any) -> Array:
        """Predictions for X.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Frames must have the columns of the training data in the same order.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)

        Raises
        ------
        ValueError
            The number of features or their names differ from the training data.
        """
        return predict(X, self.coef, self.intercept, self.feature_names, self.n_features)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Coefficient of determination R^2, averaged over targets.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,) or (n, n_targets)
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float
            1 is a perfect prediction, 0 that of the mean; NaN where y does not vary.

        Raises
        ------
        TypeError, ValueError
            The data are not what the model can be given, as in `shrinkage.ridge` and `predict`.
        """
        design = Design(X, y, sample_weight, fit_intercept=True)
        predicted = self.predict(X).reshape(design.n, -1)
        if predicted.shape[1] != design.t:
            raise ValueError(
                f"y has {_count(design.t, 'target')}, but the model was fitted on {predicted.shape[1]}: "
                "pass the columns of the training y"
            )
        error = design.Y + design.y_mean - predicted
        loss = np.einsum("i,ik,ik->k", design.s, error, error)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.mean(np.where(design.y_square > 0, 1.0 - loss / design.y_square, np.nan)))

    def __repr__(self) -> str:
        targets = "" if self.coef.ndim == 1 else f", {_count(len(self.coef), 'target')}"
        lines = [
            f"Fit: {_count(self.n_samples, 'sample')}, {_count(self.n_features, 'feature')}{targets}",
            f"  alpha          {_number(self.alpha)} ({self.convention} convention)",
            f"  dof            {_number(self.effective_dof)}",
            f"  intercept      {_number(self.intercept)}",
        ]
        lines += [f"  {name:<14.14} {value}" for name, value in self._largest(5)]
        lines += [f"  certificate    {self.certificate}", f"  solver         {self.solver}: {self.solver_reason}"]
        return "\n".join(lines)

    def _largest(self, count: int) -> Iterator[tuple[str, str]]:
        """The coefficients of the largest standardized size."""
        if self.n_features == 0:
            return
        size = np.abs(np.atleast_2d(self.coef)).max(axis=0) * self.feature_scale
        order = np.argsort(-size, kind="stable")
        for j in order[:count]:
            yield (self.feature_names[j] if self.feature_names else f"x{j}"), _number(np.atleast_2d(self.coef)[:, j])
        if self.n_features > count:
            yield "...", f"{_count(self.n_features - count, 'smaller coefficient')}"


@dataclass(frozen=True, repr=False, eq=False)
class Path:
    """Ridge solutions along decreasing alphas, from one factorization.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        In the units of `convention`, by decreasing lambda: with convention "inverse" they increase.
    coefs : ndarray of shape (n_alphas, n_features) or (n_alphas, n_targets, n_features)
    intercepts : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
    effective_dof : ndarray of shape (n_alphas,)
        Without the intercept.
    singular_values : ndarray of shape (rank,)
        Of the centred, weighted and penalty-scaled data, decreasing; unpenalized directions are not among them.
    shrinkage_factors : ndarray of shape (n_alphas, rank)
        sigma^2 / (sigma^2 + lambda), lambda = W alpha: what ridge leaves of least squares along each direction.
    certificates : tuple of Certificate
        One per alpha.
    convention : str
    solver : str
    """

    alphas: Array
    coefs: Array
    intercepts: Array
    effective_dof: Array
    singular_values: Array
    shrinkage_factors: Array
    certificates: tuple[Certificate, ...]
    convention: str
    solver: str
    solver_reason: str
    #: The first solution, for what all of them share.
    _first: Fit
    feature_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.alphas)

    def __getitem__(self, k: int) -> Fit:
        """The k-th solution as a `Fit`; k counts from the largest alpha, negative k from the smallest."""
        k = _position(k, len(self))
        coef, dof = self.coefs[k], float(self.effective_dof[k])
        return replace(
            self._first,
            coef=coef,
            intercept=float(self.intercepts[k]) if coef.ndim == 1 else self.intercepts[k],
            alpha=float(self.alphas[k]),
            effective_dof=dof if coef.ndim == 1 else np.full(len(coef), dof),
            certificate=self.certificates[k],
        )

    def __iter__(self) -> Iterator[Fit]:
        return (self[k] for k in range(len(self)))

    def predict(self, X: Any, alpha: float | None = None) -> Array:
        """Predictions at one alpha of the path, or at all of them.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        alpha : float, optional
            One of `alphas`; all of them when left out.

        Returns
        -------
        ndarray of shape (n,), (n, n_targets), or with a leading (n_alphas,) axis

        Raises
        ------
        TypeError
            `alpha` is not a number.
        ValueError
            `alpha` is not on the path, or X does not fit the training data.
        """
        if alpha is not None:
            alpha = float(np.ravel(check_alpha(alpha))[0])
            k = int(np.argmin(np.abs(self.alphas - alpha)))
            if not math.isclose(self.alphas[k], alpha, rel_tol=1e-9):
                raise ValueError(
                    f"alpha = {alpha:g} is not on the path, the nearest is {self.alphas[k]:g}: "
                    "pass one of .alphas, or fit there with shrinkage.ridge"
                )
            return self[k].predict(X)
        shape = self.coefs.shape
        coefs = self.coefs.reshape(self.intercepts.size, shape[-1])
        flat = predict(X, coefs, self.intercepts.ravel(), self.feature_names, shape[-1])
        return np.moveaxis(flat.reshape(len(flat), *shape[:-1]), 0, 1)

    def __repr__(self) -> str:
        worst = max(self.certificates, key=lambda c: c.residual_ratio, default=None)
        targets = "" if self.coefs.ndim == 2 else f", {_count(self.coefs.shape[1], 'target')}"
        return "\n".join(
            [
                f"Path: {_count(len(self), 'alpha')}, {_count(self.coefs.shape[-1], 'feature')}{targets}",
                f"  alpha          {self.alphas[0]:.4g} to {self.alphas[-1]:.4g} ({self.convention} convention)",
                f"  dof            {self.effective_dof[0]:.4g} to {self.effective_dof[-1]:.4g}",
                f"  worst          {worst}",
                f"  solver         {self.solver}: {self.solver_reason}",
            ]
        )


#: Ways to choose alpha, and what their scores are.
METHODS = {
    "loo": "leave-one-out mean squared error",
    "gcv": "generalized cross-validation score",
    "cv": "mean squared test error",
    "aic": "Akaike's information criterion",
    "bic": "Bayesian information criterion",
    "evidence": "minus the log evidence",
}


def _position(k: int, count: int) -> int:
    k = operator.index(k)
    if not -count <= k < count:
        raise IndexError(f"the path has {_count(count, 'alpha')}, there is no number {k}")
    return k % count


@dataclass(frozen=True, repr=False, eq=False)
class CrossValidation:
    """Scores along a grid of alphas, the alpha they choose, and the fit there.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        In the units of `convention`, by decreasing lambda: with convention "inverse" they increase.
    scores : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        What `method` minimizes: weighted mean squared leave-one-out error, GCV score, mean over the folds of the
        mean squared test error, or the information criterion. Per target when y was 2-D.
    standard_errors : ndarray shaped like `scores`
        Of the mean over samples ("loo") or folds ("cv"); NaN for the rest.
    effective_dof : ndarray of shape (n_alphas,)
    index : int or ndarray of shape (n_targets,)
        Which alpha was chosen by `rule`; of two that tie, the one that penalizes more.
    alpha : float or ndarray of shape (n_targets,)
    score, standard_error : float or ndarray of shape (n_targets,)
        At the chosen alpha; of the mean over targets where one alpha is shared ("loo": at most that, as if the
        targets' errors went together).
    method : str
        "loo", "gcv", "cv", "aic", "bic" or "evidence".
    convention : str
    fit : Fit
        The model at the chosen alpha.
    rule : str
        "min" or "1se".
    fold_scores : ndarray of shape (n_folds, n_alphas) or (n_folds, n_alphas, n_targets), or None
        Mean squared test error of every fold of "cv".
    errors : ndarray of shape (n_alphas, n) or (n_alphas, n, n_targets), or None
        Leave-one-out errors y_i - yhat_(-i), where asked for.
    """

    alphas: Array
    scores: Array
    standard_errors: Array
    effective_dof: Array
    index: int | Array
    alpha: float | Array
    score: float | Array
    standard_error: float | Array
    method: str
    convention: str
    fit: Fit
    rule: str = "min"
    fold_scores: Array | None = None
    errors: Array | None = None

    @property
    def at_edge(self) -> bool:
        """Whether a chosen alpha is an end of a grid of several: a wider grid may do better."""
        ends = (0, len(self.alphas) - 1)
        return self.fit.n_features > 0 and len(self.alphas) > 1 and bool(np.isin(self.index, ends).any())

    def predict(self, X: Any) -> Array:
        """Predictions of the chosen model: `fit.predict`."""
        return self.fit.predict(X)

    def __repr__(self) -> str:
        name = METHODS[self.method]
        if self.fold_scores is not None:
            name += f" over {_count(len(self.fold_scores), 'fold')}"
        if self.rule != "min":
            name += ", one-standard-error rule"
        error = "" if np.isnan(self.standard_error).all() else f" +- {_number(self.standard_error)}"
        edge = "\n  note           an end of the grid was chosen: a wider grid may do better" if self.at_edge else ""
        fit = "\n".join("  " + line for line in repr(self.fit).splitlines())
        return (
            f"CrossValidation over {_count(len(self.alphas), 'alpha')}, "
            f"{self.alphas[0]:.4g} to {self.alphas[-1]:.4g} ({self.convention} convention)\n"
            f"  chosen         {_number(self.alpha)}\n"
            f"  score          {_number(self.score)}{error} ({name}){edge}\n{fit}"
        )
