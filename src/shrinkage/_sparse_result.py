"""What lasso and elastic net return along alphas: `SparsePath`, and with folds `SparseCrossValidation`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ._result import Array, Certificate, Fit, Path, _count, _position, predict

#: How a path is solved again on its data, "fit" at one alpha and "fold" by folds: `refits`, above, fills it in.
AGAIN: dict[str, Callable[..., Any]] = {}


@dataclass(frozen=True, repr=False, eq=False)
class SparsePath:
    """Lasso or elastic-net solutions along decreasing alphas.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        In the units of `convention`, by decreasing lambda: with convention "inverse" they increase.
    coefs : scipy.sparse.csc_array of shape (n_features, n_alphas) or (n_features, n_alphas * n_targets)
        Of a multi-task path the targets of the k-th alpha are the columns from k * n_targets on.
    intercepts : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
    certificates : tuple of Certificate
        One per alpha; `n_iter` counts from the first alpha on, and is shared by alphas that were proved together.
    effective_dof : ndarray of shape (n_alphas,)
        Without the intercept.
    deviance_explained : ndarray of shape (n_alphas,)
        1 less the weighted sum of squared residuals over that of the null model, which is R^2 with an intercept.
    n_active : ndarray of shape (n_alphas,)
        Features whose coefficients are not zero.
    n_passes : int
        Passes over X, the certificates included; the Gram matrix of all features, from which those of a much longer X
        are taken, not counted.
    l1_ratio : float
    convention : str
    solver, solver_reason : str
        What ran, and why.
    feature_names : tuple of str or None
    """

    alphas: Array
    coefs: Any
    intercepts: Array
    certificates: tuple[Certificate, ...]
    effective_dof: Array
    deviance_explained: Array
    n_active: Array
    n_passes: int
    l1_ratio: float
    convention: str
    solver: str
    solver_reason: str
    #: The first solution, for what all of them share, the null model's sum of squares, and rows of positive weight.
    _first: Fit
    _deviance: float
    _count: int
    #: Keywords of `elastic_net` that say the same problem.
    _options: dict[str, Any] = field(default_factory=dict)
    feature_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.alphas)

    def __getitem__(self, k: int) -> Fit:
        """The k-th solution as a `Fit`; k counts from the largest lambda, negative k from the smallest."""
        k = _position(k, len(self))
        coef, intercept = self._solution(k)
        return replace(
            self._first,
            coef=coef,
            intercept=intercept if self.intercepts.ndim > 1 else float(intercept),
            alpha=float(self.alphas[k]),
            effective_dof=float(self.effective_dof[k]),
            certificate=self.certificates[k],
        )

    def __iter__(self) -> Iterator[Fit]:
        return (self[k] for k in range(len(self)))

    def _solution(self, k: int) -> tuple[Array, Any]:
        """Coefficients, (n_features,) or (n_targets, n_features), and intercepts."""
        if self.intercepts.ndim == 1:
            return self.coefs[:, [k]].toarray()[:, 0], self.intercepts[k]
        t = self.intercepts.shape[1]
        return np.ascontiguousarray(self.coefs[:, k * t : (k + 1) * t].toarray().T), self.intercepts[k].copy()

    def active(self, k: int) -> Array:
        """Indices of the features whose coefficients are not zero at the k-th alpha, increasing."""
        k, t = _position(k, len(self)), self.intercepts[:1].size
        return np.unique(self.coefs.indices[self.coefs.indptr[k * t] : self.coefs.indptr[(k + 1) * t]])

    def _strength(self, alpha: Any) -> Any:
        """alpha in units that grow with the penalty."""
        with np.errstate(divide="ignore"):
            return np.divide(1.0, alpha) if self.convention == "inverse" else alpha

    def predict(self, X: Any, alpha: float | None = None, *, data: Any = None) -> Array:
        """Predictions at every alpha, or at one.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
        alpha : float, optional
            Between two alphas of the path coefficients are interpolated linearly, which is exact where their signs are
            the same and l1_ratio is 1; for the exact ones pass `data`.
        data : tuple (X, y) or (X, y, sample_weight), optional
            What the path was fitted on, y less the offset where there was one. The problem is solved again at `alpha`,
            which may then be outside of the path, from the solution next to it, with the path's own l1_ratio,
            penalty factors, bounds, convention and tolerance.

        Returns
        -------
        ndarray of shape (n, n_alphas), or (n,) for one alpha; with targets (n, n_alphas, n_targets), or (n, n_targets)

        Raises
        ------
        TypeError, ValueError
            `alpha` is outside of the path and there are no `data`, X does not fit, or `data` are not the path's: what
            is compared are rows, columns, their names, the sum of weights and the sum of squares of y.

        Warns
        -----
        ConvergenceWarning
            Solving again did not reach the path's tolerance.
        """
        if alpha is None and data is not None:
            raise ValueError("data are for one alpha, at which the path is solved again: pass alpha too")
        if alpha is None:
            coefs = np.ascontiguousarray(self.coefs.toarray().T)
            all_of_them = predict(X, coefs, self.intercepts.ravel(), self.feature_names, self._first.n_features)
            return all_of_them.reshape(len(all_of_them), *self.intercepts.shape)
        if isinstance(alpha, (bool, np.bool_)) or not isinstance(alpha, (int, float, np.integer, np.floating)):
            raise TypeError(f"alpha must be a number, got {alpha!r}")
        if data is not None:
            return AGAIN["fit"](self, float(alpha), data).predict(X)
        grid, value = self._strength(self.alphas), float(self._strength(alpha))
        if not grid[-1] <= value <= grid[0]:
            raise ValueError(
                f"alpha must be on the path, from {self.alphas[-1]:.6g} to {self.alphas[0]:.6g}, got {alpha!r}: pass "
                "the path's data=(X, y) to solve it outside"
            )
        k = int(np.searchsorted(-grid, -value))
        coef, intercept = self._solution(k)
        if grid[k] != value:
            share = (grid[k - 1] - value) / (grid[k - 1] - grid[k])
            before, intercept_before = self._solution(k - 1)
            coef = share * coef + (1.0 - share) * before
            intercept = share * intercept + (1.0 - share) * intercept_before
        return predict(X, coef, intercept, self.feature_names, self._first.n_features)

    def select(
        self, criterion: str = "bic", *, data: Any = None, folds: Any = 10, groups: Any = None, rule: str = "min"
    ) -> Fit:
        """The solution with the smallest information criterion, or with the smallest error on folds.

        Parameters
        ----------
        criterion : {"aic", "bic", "ebic", "cv"}, default "bic"
            n log(mean squared residual) plus 2 ("aic") or log n ("bic") per degree of freedom, the intercept counted;
            "ebic" adds 2 log C(n_features, n_active). n is the number of samples of positive weight, times that of
            targets. "cv" is `cross_validate` at the path's alphas, with its l1_ratio, penalty factors, bounds and
            convention.
        data : tuple (X, y) or (X, y, sample_weight), optional
            For "cv": what the path was fitted on, y less the offset where there was one.
        folds, groups, rule
            For "cv": as in `cross_validate`.

        Returns
        -------
        Fit

        Raises
        ------
        TypeError, ValueError
            The criterion is unknown; every solution fits without residual; "cv" has no `data`, or others than the
            path's; or another criterion has `data`, `groups` or a `rule`.

        References
        ----------
        Akaike (1974), IEEE TAC 19(6). Schwarz (1978), Annals of Statistics 6(2). Chen and Chen (2008), Biometrika 95(3)
        with gamma = 1. Zou, Hastie and Tibshirani (2007), Annals of Statistics 35(5), degrees of freedom of the lasso.
        """
        if criterion == "cv":
            if data is None:
                raise ValueError("criterion 'cv' needs what the path was fitted on: pass data=(X, y)")
            return self[AGAIN["fold"](self, data, folds, groups, rule)]
        if data is not None or groups is not None or rule != "min":
            raise ValueError(f"data, groups and rule are for criterion 'cv', got {criterion!r}: leave them out")
        scores = self.criterion(criterion)
        if not np.isfinite(scores).any():
            raise ValueError(f"{criterion} is infinite all along the path: the solutions leave no residual")
        return self[int(np.where(np.isfinite(scores), scores, np.inf).argmin())]

    def criterion(self, criterion: str) -> Array:
        """The values that `select` compares, (n_alphas,)."""
        if criterion not in ("aic", "bic", "ebic"):
            raise ValueError(f"criterion must be 'aic', 'bic' or 'ebic', got {criterion!r}; select also takes 'cv'")
        t, p = self.intercepts[:1].size, self._first.n_features
        n = self._count * t
        each = 2.0 if criterion == "aic" else math.log(n)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = self._deviance / (self._first.sum_weights * t)
            loss = (1.0 - self.deviance_explained) * share
            scores = n * np.log(loss) + each * (self.effective_dof + t * self._first.fit_intercept)
        scores = np.where(loss > 1e-14 * share, scores, np.nan)
        if criterion == "ebic":
            scores = scores + [
                2.0 * (math.lgamma(p + 1) - math.lgamma(k + 1) - math.lgamma(p - k + 1)) for k in self.n_active
            ]
        return scores

    def __repr__(self) -> str:
        worst = max(self.certificates, key=lambda one: one.relative_gap)
        return "\n".join([
            f"SparsePath: {_count(len(self), 'alpha')}, {_count(self._first.n_features, 'feature')}",
            f"  alphas         {self.alphas[0]:.6g} to {self.alphas[-1]:.6g} ({self.convention} convention)",
            f"  active         {self.n_active[0]} to {self.n_active[-1]}",
            f"  explained      {self.deviance_explained[-1]:.2%} at the smallest alpha",
            f"  certificate    worst relative gap {worst.relative_gap:.1e}",
            f"  solver         {self.solver}: {self.solver_reason}",
        ])  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class SparseCrossValidation:
    """Scores of elastic nets on folds, the penalty they choose, and the fit there.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        In the units of `convention`, by decreasing lambda (with convention "inverse" they increase); 2-D where several
        values of l1_ratio have grids of their own.
    l1_ratios : ndarray of shape (n_l1_ratios,)
    scores : ndarray of shape (n_l1_ratios, n_alphas)
        Mean over the folds of the metric on their test rows.
    standard_errors : ndarray of shape (n_l1_ratios, n_alphas)
        Of that mean; NaN where there is one fold.
    fold_scores : ndarray of shape (n_folds, n_l1_ratios, n_alphas)
    index : tuple of two ints
        Which l1_ratio and which alpha were chosen by `rule`; of ties the larger alpha, of the first l1_ratio.
    l1_ratio : float
        That of the smallest score.
    alpha : float
        Chosen by `rule`, one of the next two.
    alpha_min, alpha_1se : float
        At `l1_ratio`, the alpha of the smallest score, and the largest whose score is within one standard error of it
        (NaN where there is one fold).
    path : SparsePath or Path
        All alphas at `l1_ratio` on all data; a `Path` where that is 0.
    fit : Fit
        The model at `alpha`, from `path`.
    metric : str
        "mse", "mae", or the name of the function.
    rule : str
        "min" or "1se".
    convention : str
    """

    alphas: Array
    l1_ratios: Array
    scores: Array
    standard_errors: Array
    fold_scores: Array
    index: tuple[int, int]
    l1_ratio: float
    alpha: float
    alpha_min: float
    alpha_1se: float
    path: SparsePath | Path
    fit: Fit
    metric: str
    rule: str
    convention: str

    @property
    def score(self) -> float:
        """At the chosen penalty."""
        return float(self.scores[self.index])

    @property
    def standard_error(self) -> float:
        """Of `score`."""
        return float(self.standard_errors[self.index])

    @property
    def at_edge(self) -> bool:
        """Whether the smallest score is at the smallest alpha of several: a longer path may do better."""
        grid = self.path.alphas
        return self.fit.n_features > 0 and len(grid) > 1 and self.alpha_min == grid[-1]

    def predict(self, X: Any) -> Array:
        """Predictions of the chosen model: `fit.predict`."""
        return self.fit.predict(X)

    def __repr__(self) -> str:
        name = {"mse": "mean squared error", "mae": "mean absolute error"}.get(self.metric, self.metric)
        ratios = f", l1_ratio {self.l1_ratio:g} of {len(self.l1_ratios)}" if len(self.l1_ratios) > 1 else ""
        error = "" if math.isnan(self.standard_error) else f" +- {self.standard_error:.6g}"
        edge = "\n  note           the smallest alpha did best: a longer path may do better" if self.at_edge else ""
        fit = "\n".join("  " + line for line in repr(self.fit).splitlines())
        return (
            f"SparseCrossValidation: {_count(len(self.fold_scores), 'fold')}, "
            f"{_count(self.scores.shape[1], 'alpha')}, {self.alphas.max():.4g} to {self.alphas.min():.4g} "
            f"({self.convention} convention)\n"
            f"  chosen         {self.alpha:.6g} (rule {self.rule}{ratios}); min {self.alpha_min:.6g}, "
            f"1se {self.alpha_1se:.6g}\n"
            f"  score          {self.score:.6g}{error} ({name}){edge}\n{fit}"
        )
