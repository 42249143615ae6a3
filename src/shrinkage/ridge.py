"""Ridge regression: one penalty (`ridge`), a path of them (`ridge_path`), and the choice of one (`ridge_cv`).

All three minimize, over the intercept b and the coefficients w,

    (1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2  +  alpha sum_j v_j w_j^2 / 2,        W = sum_i s_i,

with sample weights s and penalty factors v. `convention` lets alpha be given in the units of another objective; see
`shrinkage.conventions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from . import conventions
from ._design import Design, affordable, check_flag
from ._evidence import Evidence
from ._leave_one_out import LEAST_SLACK, leave_one_out
from ._result import METHODS, Certificate, CrossValidation, Fit, Path, warn_about
from ._ridge_system import Array, Solved, System, certificate, memory_for_dense, solve
from ._selection import check_folds, choose_index, information, k_fold
from ._spectrum import Spectrum
from .penalties import as_numbers, check_alpha, check_factors

_SQUARED = "singular values of X itself: squaring would lose the small ones"
_SOLVERS = ("auto", "cholesky", "dual", "qr", "svd", "cg")


def ridge(
    X: Any,
    y: Any,
    alpha: Any = 1.0,
    *,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    solver: str = "auto",
    tol: float = 1e-18,
    max_iter: int | None = None,
) -> Fit:
    """Ridge regression at one alpha, or one per target.

    Minimizes ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha sum_j v_j w_j^2 / 2`` with ``W = sum_i s_i``.

    Parameters
    ----------
    X : array, sparse matrix or frame of shape (n_samples, n_features)
        float32 and float64 arrays in C or F order are read in place. Sparse matrices are never densified, unless
        they are too ill-conditioned for a Gram matrix and a dense copy fits in memory.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    alpha : float or array-like of shape (n_targets,), default 1.0
        Strength of the penalty in the units of `convention`. 0 is least squares; where the data do not determine it,
        the limit of ridge for alpha to 0 is returned, of minimum sum_j v_j w_j^2, with a warning.
    sample_weight : float or array-like of shape (n_samples,), optional
        s; zeros allowed.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.
    fit_intercept : bool, default True
        Fit b, which is never penalized.
    standardize : bool, default False
        Penalize the coefficients of the standardized features, v_j times the variance of feature j. Coefficients
        come back on the original scale. Constant features are excluded.
    convention : str, default "canonical"
        The objective that `alpha` belongs to, one of `shrinkage.conventions.CONVENTIONS`; for "two_lambda" it is
        the second, lambda_2.
    solver : {"auto", "cholesky", "dual", "qr", "svd", "cg"}, default "auto"
        "cholesky" (normal equations, p x p), "dual" (n x n), "qr" (least squares, alpha = 0), "svd", "cg" (no Gram
        matrix). "auto" chooses by cost, and goes to X itself where the Gram matrix is too ill-conditioned;
        `Fit.solver_reason` says why.
    tol : float, default 1e-18
        Relative duality gap at which "cg" stops. The gap is quadratic in the error of the coefficients.
    max_iter : int, optional
        Iterations of "cg"; by default at least 1000, and twice the smaller side of X.

    Returns
    -------
    Fit

    Raises
    ------
    TypeError
        An argument has the wrong type; complex, object, float16 and text data among them.
    ValueError
        An argument has a wrong shape or value, the data contain NaN or infinity (the message says where), or the
        problem does not fit in memory.

    Warns
    -----
    ConvergenceWarning
        The certificate does not hold.
    IllConditionedWarning
        alpha = 0 and the columns are linearly dependent.

    References
    ----------
    Hoerl and Kennard (1970), Technometrics 12(1). Björck (1996), Numerical Methods for Least Squares Problems,
    section 2.9 (refinement).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import ridge
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> fit = ridge(X, np.array([1.0, 3.0, 5.0, 7.0]), alpha=1.25)
    >>> fit.coef, fit.intercept
    (array([1.]), 2.5)
    """
    if not isinstance(solver, str) or solver not in _SOLVERS:
        raise ValueError(f"solver must be one of {', '.join(map(repr, _SOLVERS))}, got {solver!r}")
    _check_positive(tol, "tol", zero=True)
    if max_iter is not None:
        _check_count(max_iter, "max_iter", least=1)
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
    alpha = check_alpha(alpha, n_targets=design.t)
    lam = _lambdas(alpha, convention, design)
    factors = _factors(penalty_factor, standardize, design.scale)
    system = System(design, lam if len(lam) == design.t else np.full(design.t, lam[0]), factors)
    solved = solve_any(system, solver, tol=tol, max_iter=max_iter)
    found = _certify(system, solved, tol=tol)
    _warn(system, solved, found, tol)
    return _as_fit(design, solved.W, system, alpha, convention, factors, found, solved)


def solve_any(system: System, solver: str = "auto", *, tol: float = 0.0, max_iter: int | None = None) -> Solved:
    """Coefficients of a system, whether its targets share a lambda or not, and whatever solver that takes."""
    solved = _trivial(system)
    if solved is not None:
        return solved
    if len(system.lam) > 1 and not (system.lam == system.lam[0]).all():
        return _solve_each(system, solver, tol=tol, max_iter=max_iter)
    outcome = solve(system, solver, tol=tol, max_iter=max_iter)
    return _solve_spectral(system, outcome) if isinstance(outcome, str) else outcome


def _certify(system: System, solved: Solved, *, tol: float = 0.0, columns: slice = slice(None)) -> Certificate:
    return certificate(
        solved.measures[:, columns],
        system.y_square[columns],
        system.design.total_weight,
        n_iter=solved.n_iter,
        rcond=solved.rcond,
        tol=tol if solved.name == "cg" else 0.0,
        direct=solved.name != "cg",
    )


def _warn(system: System, solved: Solved, found: Certificate, tol: float) -> None:
    warn_about(found, solver=solved.name, tol=tol, rank=solved.rank, n_features=system.n_active)


def _as_fit(
    design: Design, W: Array, system: System, alpha: Any, convention: str, factors: Array | None, found: Any,
    solved: Solved,
) -> Fit:  # fmt: skip
    intercept = system.intercept(W)
    dof = solved.dof
    if not design.one_d:
        dof = np.broadcast_to(np.asarray(dof, dtype=np.float64), (design.t,)).copy()
    return Fit(
        coef=np.add(W[:, 0] if design.one_d else W.T, 0.0, order="C"),  # without negative zeros
        intercept=float(intercept[0]) if design.one_d else intercept,
        alpha=alpha if not isinstance(alpha, np.ndarray) or not design.one_d else float(alpha[0]),
        l1_ratio=0.0,
        convention=convention,
        certificate=found,
        solver=solved.name,
        solver_reason=solved.reason,
        effective_dof=float(np.asarray(dof).ravel()[0]) if design.one_d else dof,
        n_samples=design.n,
        n_features=design.p,
        sum_weights=design.total_weight,
        feature_mean=design.mean,
        feature_scale=design.scale,
        feature_names=design.feature_names,
        target_names=design.target_names,
        penalty_factor=factors,
        fit_intercept=design.fit_intercept,
    )


def _canonical(alpha: Any, convention: str, design: Design) -> Any:
    if convention == "canonical":
        return alpha
    return conventions.ridge_alpha(alpha, convention, sum_weights=design.total_weight)


def _factors(penalty_factor: Any, standardize: bool, scale: Array) -> Array | None:
    factors = check_factors(penalty_factor, len(scale))
    if check_flag(standardize, "standardize"):
        variance = np.square(scale)
        base = np.ones(len(scale)) if factors is None else factors
        with np.errstate(invalid="ignore"):
            factors = np.where(variance > 0, base * variance, np.inf)
    return factors


def _check_positive(value: Any, name: str, *, zero: bool) -> None:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (value >= 0 if zero else value > 0) or not np.isfinite(value):
        raise ValueError(f"{name} must be finite and {'zero or more' if zero else 'positive'}, got {value!r}")


def _check_count(value: Any, name: str, *, least: int, most: int | None = None) -> None:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    if most is not None and value > most:
        raise ValueError(f"{name} must be at most {most:,}, got {value}: 100 are plenty")


def _trivial(system: System) -> Solved | None:
    """The fit where no coefficient is free to move."""
    if system.design.p and (system.active is None or len(system.active)):
        return None
    W = np.zeros((system.design.p, len(system.lam)), order="F")
    measures = system.measure(W, np.asfortranarray(system.Y), np.zeros_like(W))
    return Solved(W, measures, 0, name="none", reason="there is no feature to fit", rcond=1.0, dof=0.0)


def _spectrum(design: Design, factors: Array | None, smallest: float, form: str = "auto") -> tuple[Spectrum, str]:
    """A spectral form that keeps its digits down to `smallest` lambda, and why it is the one."""
    # the matrix, its eigenvectors, and what the decomposition works in
    if not affordable(40.0 * min(design.n, design.p) ** 2):
        raise ValueError(
            f"X has shape ({design.n}, {design.p}): eigenvectors of its {min(design.n, design.p)} x "
            f"{min(design.n, design.p)} Gram matrix do not fit in memory; fit single alphas with ridge(solver='cg')"
        )
    if form == "auto":
        spectrum = Spectrum(design, factors)
        side = "samples" if spectrum.form == "dual" else "features"
        if spectrum.accurate(smallest) or not memory_for_dense(design):
            return spectrum, f"one eigendecomposition over {side}"
    return Spectrum(design, factors, form="svd"), ("as asked" if form == "svd" else _SQUARED)


def _solve_spectral(system: System, reason: str) -> Solved:
    spectrum = Spectrum(system.design, system.factors, form="svd")
    return _solved(spectrum, system, np.arange(len(system.lam)), "svd", reason)


def _solve_each(system: System, solver: str, *, tol: float, max_iter: int | None) -> Solved:
    """A lambda of its own for every target."""
    if solver == "cg":
        return solve(system, "cg", tol=tol, max_iter=max_iter)  # type: ignore[return-value]
    if solver in ("cholesky", "dual", "qr"):
        raise ValueError(f"solver={solver!r} factors one alpha: with one alpha per target use 'auto', 'svd' or 'cg'")
    positive = system.lam[system.lam > 0]
    smallest = 0.0 if len(positive) < len(system.lam) else float(positive.min())
    spectrum, reason = _spectrum(system.design, system.factors, smallest, "svd" if solver == "svd" else "auto")
    targets, why = np.arange(len(system.lam)), "one alpha per target: "
    solved = _solved(spectrum, system, targets, "svd" if spectrum.form == "svd" else "eigen", why + reason)
    if not _certify(system, solved).converged and _worth_svd(spectrum):
        spectrum = Spectrum(system.design, system.factors, form="svd")
        solved = _solved(spectrum, system, targets, "svd", why + _SQUARED)
    return solved


def _worth_svd(spectrum: Spectrum) -> bool:
    return spectrum.form != "svd" and memory_for_dense(spectrum.design)


def _solved(spectrum: Spectrum, system: System, targets: Array, name: str, reason: str) -> Solved:
    W, found, steps = spectrum.solve(system, targets)
    rank = spectrum.rank if (system.lam == 0).any() else None
    return Solved(W, found, steps, name=name, reason=reason, dof=spectrum.dof(system.lam), rank=rank)


# ------------------------------------------------------------------------------------------------------ paths


def _lambdas(alpha: Any, convention: str, design: Design, name: str = "alpha") -> Array:
    """W alpha, finite."""
    with np.errstate(over="ignore"):
        lam = np.atleast_1d(np.asarray(_canonical(alpha, convention, design)) * design.total_weight)
    if not np.isfinite(lam).all():
        raise ValueError(
            f"{name} reaches {np.max(alpha):g}, which overflows when multiplied by the sum of the weights "
            f"({design.total_weight:g}): use a smaller one"
        )
    return lam


def _check_grid(alphas: Any, design: Design, convention: str) -> tuple[Array, Array] | None:
    """Decreasing alphas in the caller's convention, and their lambdas."""
    if alphas is None:
        return None
    values = np.atleast_1d(as_numbers(alphas, "alphas must be a 1-D array of numbers"))
    if values.ndim != 1:
        raise TypeError(f"alphas must be a 1-D array of numbers, got {alphas!r}")
    if len(values) == 0:
        raise ValueError("alphas is empty: pass at least one value, or None for a grid from the data")
    for value in values:
        check_alpha(float(value), "alphas")
    lam = _lambdas(values, convention, design, "alphas")
    order = np.argsort(-lam, kind="stable")
    return values[order], lam[order]


def _grid(spectrum: Spectrum, n_alphas: int, convention: str) -> tuple[Array, Array]:
    """Alphas from the data: from ten times the largest squared singular value, where no direction keeps more than
    1/11 of its least-squares answer, to a hundredth of the smallest (counted above 1e-8 of the largest)."""
    values = spectrum.values
    top = float(values.max(initial=0.0))
    if top < 1e-280:  # nothing but constant features, or so near it that the grid would leave the range of numbers
        top = spectrum.design.total_weight
        values = np.array([top])
    bottom = float(values[values > 1e-8 * top].min())
    lam = np.geomspace(10.0 * top, bottom / 100.0, n_alphas)
    alpha = lam / spectrum.design.total_weight
    if convention == "canonical":
        return alpha, lam
    return np.asarray(conventions.from_ridge_alpha(alpha, convention, sum_weights=spectrum.design.total_weight)), lam


def _prepare(
    X: Any, y: Any, alphas: Any, n_alphas: int, sample_weight: Any, penalty_factor: Any, fit_intercept: bool,
    standardize: bool, convention: str,
) -> tuple[Design, Array | None, Spectrum, str, Array, Array]:  # fmt: skip
    _check_count(n_alphas, "n_alphas", least=1, most=100_000)
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
    grid = _check_grid(alphas, design, convention)
    factors = _factors(penalty_factor, standardize, design.scale)
    if grid is None:
        _canonical(1.0, convention, design)  # refuses an unknown convention before any work
    smallest = np.inf if grid is None else float(grid[1].min())
    spectrum, reason = _spectrum(design, factors, smallest)
    if grid is None:
        grid = _grid(spectrum, n_alphas, convention)
        if not spectrum.accurate(float(grid[1].min())):
            spectrum, reason = _spectrum(design, factors, float(grid[1].min()))
    return design, factors, spectrum, reason, grid[0], grid[1]


def ridge_path(
    X: Any,
    y: Any,
    alphas: Any = None,
    *,
    n_alphas: int = 100,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
) -> Path:
    """Ridge regression at many alphas from one factorization.

    Parameters
    ----------
    X, y, sample_weight, penalty_factor, fit_intercept, standardize
        As in `ridge`.
    alphas : array-like of shape (n_alphas,), optional
        In the units of `convention`; sorted into decreasing order. By default `n_alphas` values, evenly spaced in
        their logarithm: in sum units (lambda = W alpha) from ten times the largest squared singular value of the
        centred, weighted, penalty-scaled X, where every direction is shrunk below 1/11, to a hundredth of the
        smallest one above 1e-8 of the largest, where the weakest keeps 99 %.
    n_alphas : int, default 100
    convention : str, default "canonical"
        The objective that `alphas` belong to, one of `shrinkage.conventions.CONVENTIONS`.

    Returns
    -------
    Path

    Raises
    ------
    TypeError, ValueError
        As `ridge`, and where `alphas` is empty, negative or not finite.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 3.4.1.
    """
    design, factors, spectrum, reason, alphas, lam = _prepare(
        X, y, alphas, n_alphas, sample_weight, penalty_factor, fit_intercept, standardize, convention
    )
    K, t, p = len(lam), design.t, design.p
    coefs, intercepts = np.empty((K, t, p)), np.empty((K, t))
    certificates: list[Certificate] = []
    # coefficients and residuals of a group of alphas stay below 32 MB
    group = max(1, (4 << 20) // max(1, max(design.n, p) * t))
    start = 0
    while start < K:
        part = lam[start : start + group]
        solved, system = _solve_grid(spectrum, factors, part)
        fresh = [_certify(system, solved, columns=slice(k * t, (k + 1) * t)) for k in range(len(part))]
        if not all(found.converged for found in fresh) and _worth_svd(spectrum):
            spectrum, reason = Spectrum(design, factors, form="svd"), _SQUARED
            certificates, start = [], 0
            continue
        coefs[start : start + group] = solved.W.T.reshape(len(part), t, p)
        intercepts[start : start + group] = system.intercept(solved.W, np.tile(np.arange(t), len(part))).reshape(-1, t)
        certificates += fresh
        start += group
    coefs += 0.0  # no negative zeros
    dof = spectrum.dof(lam)
    name = "svd" if spectrum.form == "svd" else "eigen"
    worst = next((found for found in certificates if not found.converged), certificates[-1])
    warn_about(worst, solver=name, tol=0.0, rank=spectrum.rank if lam[-1] == 0 else None, n_features=system.n_active)
    one_d = design.one_d
    solved = Solved(coefs[0].T, np.zeros((5, t)), 0, name=name, reason=reason, dof=dof[0])
    system = System(design, np.full(t, lam[0]), factors)
    first = _as_fit(design, solved.W, system, float(alphas[0]), convention, factors, certificates[0], solved)
    return Path(
        alphas=alphas,
        coefs=coefs[:, 0] if one_d else coefs,
        intercepts=intercepts[:, 0] if one_d else intercepts,
        effective_dof=dof,
        singular_values=spectrum.singular_values,
        shrinkage_factors=spectrum.shrinkage(lam),
        certificates=tuple(certificates),
        convention=convention,
        solver=name,
        solver_reason=reason,
        _first=first,
        feature_names=design.feature_names,
    )


def _solve_grid(spectrum: Spectrum, factors: Array | None, lam: Array) -> tuple[Solved, System]:
    """All targets at each lambda: columns ordered lambda first, target within."""
    t = spectrum.design.t
    targets = np.tile(np.arange(t), len(lam))
    system = System(spectrum.design, np.repeat(lam, t), factors, targets)
    return _trivial(system) or _solved(spectrum, system, targets, spectrum.form, ""), system


def ridge_cv(
    X: Any,
    y: Any,
    alphas: Any = None,
    *,
    method: Literal["loo", "gcv", "cv", "aic", "bic", "evidence"] | None = None,
    cv: Any = None,
    groups: Any = None,
    rule: Literal["min", "1se"] = "min",
    n_alphas: int = 100,
    alpha_per_target: bool = False,
    store_errors: bool = False,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    callback: Callable[[float], None] | None = None,
) -> CrossValidation:
    """Choose alpha by cross-validation or an information criterion, and fit there.

    Leave-one-out comes from one factorization: e_i = r_i / (1 - h_i), with h_i the leverage of sample i (intercept,
    weights and unpenalized features included). It is exactly what n refits would give with the penalty
    lambda = W alpha held fixed, W the weight of the full data.

    Parameters
    ----------
    X, y, sample_weight, penalty_factor, fit_intercept, standardize
        As in `ridge`.
    alphas : array-like of shape (n_alphas,), optional
        In the units of `convention`; by default from the data as in `ridge_path`.
    method : {"loo", "gcv", "cv", "aic", "bic", "evidence"}, optional
        "loo", the default without `cv`: weighted mean of squared leave-one-out errors. "gcv": mean squared residual
        over (1 - dof/n)^2, the intercept counted in dof and n the number of samples of positive weight. "cv", the
        default with `cv`: mean over the folds of the weighted mean squared error on their test rows. "aic", "bic":
        n log(mean squared residual) plus 2, or log n, times dof. "evidence": minus the log marginal likelihood at
        its best noise, as in `ridge_bayes`, which finds the alpha between those of a grid.
    cv : int, splitter or iterable of (training rows, test rows), optional
        Folds of "cv"; 5 by default. An integer means blocks of consecutive rows, as in scikit-learn: shuffle rows
        that are sorted, or pass a splitter that does. Every fold is what `ridge` would give on its training rows
        with the same alpha in the units of `convention`; the folds share one pass over the data.
    groups : array-like of shape (n_samples,), optional
        Passed to the splitter.
    rule : {"min", "1se"}, default "min"
        "1se": the largest penalty whose score is within one standard error of the smallest, for "loo" and "cv".
    n_alphas : int, default 100
    alpha_per_target : bool, default False
        Choose an alpha for every target rather than one for their mean score.
    store_errors : bool, default False
        Keep every leave-one-out error, (n_alphas, n_samples[, n_targets]). Otherwise memory does not grow with
        n_samples times n_alphas.
    convention : str, default "canonical"
        The objective that `alphas` belong to.
    callback : callable, optional
        Called with the fraction of leave-one-out or of the folds done, 0 to 1.

    Returns
    -------
    CrossValidation

    Raises
    ------
    TypeError, ValueError
        As `ridge_path`, and where `method` or `rule` is unknown, they do not go together, a fold is empty, or there
        are fewer than two samples of positive weight.

    References
    ----------
    Golub, Heath and Wahba (1979), Technometrics 21(2). Allen (1974), Technometrics 16(1). Breiman, Friedman, Olshen
    and Stone (1984), Classification and Regression Trees, section 3.4.3 (one standard error). Akaike (1974), IEEE
    TAC 19(6). Schwarz (1978), Annals of Statistics 6(2). MacKay (1992), Neural Computation 4(3) (evidence).
    """
    if method is None:
        method = "loo" if cv is None else "cv"
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}")
    if method != "cv" and (cv is not None or groups is not None):
        raise ValueError(f"cv and groups are for method='cv', got method={method!r}")
    if not isinstance(rule, str) or rule not in ("min", "1se"):
        raise ValueError(f"rule must be 'min' or '1se', got {rule!r}")
    if rule == "1se" and method not in ("loo", "cv"):
        raise ValueError(f"rule='1se' needs a score with a standard error, method 'loo' or 'cv', got {method!r}")
    alpha_per_target = check_flag(alpha_per_target, "alpha_per_target")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of the fraction done, got {callback!r}")
    if check_flag(store_errors, "store_errors") and method != "loo":
        raise ValueError(
            f"store_errors=True needs method='loo', got {method!r}: only that has an error for every sample"
        )
    design, factors, spectrum, reason, alphas, lam = _prepare(
        X, y, alphas, n_alphas, sample_weight, penalty_factor, fit_intercept, standardize, convention
    )
    count = int((design.s > 0).sum())
    if count < 2:
        raise ValueError(f"cross-validation needs at least two samples of positive weight, got {count}")
    dof, t = spectrum.dof(lam), design.t
    errors = folds = None
    deviations = np.full((len(lam), t), np.nan)
    if method == "loo":
        scores, deviations, errors, least = leave_one_out(spectrum, lam, store_errors, callback)
        if least < LEAST_SLACK and spectrum.form == "gram" and memory_for_dense(design):
            spectrum = Spectrum(design, factors, form="svd", complete=design.n <= 4 * design.p)
            reason = "singular values of X itself: some samples nearly decide their fit"
            scores, deviations, errors, _ = leave_one_out(spectrum, lam, store_errors, callback)
    elif method == "cv":
        folds = k_fold(
            design,
            check_folds(5 if cv is None else cv, groups, design, y),
            lambda weight: np.asarray(conventions.ridge_alpha(alphas, convention, sum_weights=weight)) * weight,
            lambda scale: _factors(penalty_factor, standardize, scale),
            callback,
        )
        scores = folds.mean(axis=0)
        deviations = folds.std(axis=0, ddof=1) / np.sqrt(len(folds)) if len(folds) > 1 else deviations
    elif method == "evidence":
        if lam[-1] == 0:
            raise ValueError("alphas has 0, a flat prior, of which there is no evidence: leave it out")
        likelihoods = [Evidence(spectrum, c) for c in range(t)]
        for one in likelihoods:
            one.best_noise(float(lam[0]))  # refuses data that leave nothing for it
        scores = -np.column_stack([one.curve(lam)[0] for one in likelihoods])
    else:
        loss = _losses(spectrum, factors, lam)
        fitted = dof + design.fit_intercept
        if method == "gcv":
            room = 1.0 - fitted / count
            with np.errstate(divide="ignore", invalid="ignore"):
                scores = loss / design.total_weight / np.where(room > 0, room * room, 0.0)[:, None]
        else:
            scores = information(loss, fitted, count, design.total_weight, method)
    if not np.isfinite(scores).any(axis=0).all():
        raise ValueError(
            "the score is undefined at every alpha: some sample alone decides its own fit, through a feature that only "
            "it has and that is not penalized, or there are no degrees of freedom left; penalize or drop such features"
        )
    # targets have the same rows and folds, so that their errors go together
    together = deviations.mean(axis=1)
    if folds is not None and len(folds) > 1:
        together = folds.mean(axis=2).std(axis=0, ddof=1) / np.sqrt(len(folds))
    index = choose_index(scores, deviations, None if alpha_per_target else together, rule)
    system = System(design, lam[index], factors)
    solved = _trivial(system)
    name = "svd" if spectrum.form == "svd" else "eigen"
    if solved is None:
        solved = _solved(spectrum, system, np.arange(t), name, reason)
        if not _certify(system, solved).converged:
            # columns of very different sizes: Cholesky is indifferent to them, eigenvectors are not
            solved = solve_any(system)
    found = _certify(system, solved)
    _warn(system, solved, found, 0.0)
    alpha = alphas[index] if alpha_per_target and not design.one_d else float(alphas[index[0]])
    fit = _as_fit(design, solved.W, system, alpha, convention, factors, found, solved)
    chosen, chosen_error = scores[index, np.arange(t)], deviations[index, np.arange(t)]
    one_d, per_target = design.one_d, alpha_per_target and not design.one_d
    return CrossValidation(
        alphas=alphas,
        scores=scores[:, 0] if one_d else scores,
        standard_errors=deviations[:, 0] if one_d else deviations,
        effective_dof=dof,
        index=index if per_target else int(index[0]),
        alpha=alpha,
        score=chosen if per_target else float(chosen.mean()),
        standard_error=chosen_error if per_target else float(together[index[0]]),
        method=method,
        convention=convention,
        fit=fit,
        rule=rule,
        fold_scores=None if folds is None else folds[:, :, 0] if one_d else folds,
        errors=errors[:, :, 0] if errors is not None and one_d else errors,
    )


def _losses(spectrum: Spectrum, factors: Array | None, lam: Array) -> Array:
    """Weighted sums of squared residuals on the data, (K, t)."""
    design, t = spectrum.design, spectrum.design.t
    out = np.empty((len(lam), t))
    group = max(1, (4 << 20) // max(1, max(design.n, design.p) * t))
    for start in range(0, len(lam), group):
        part = lam[start : start + group]
        targets = np.tile(np.arange(t), len(part))
        R = design.Y[:, targets] - design.apply(spectrum.coefficients(np.repeat(part, t), targets))
        out[start : start + group] = design.square_sum(R).reshape(-1, t)
    return out
