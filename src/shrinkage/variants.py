"""Problems that are ridge regression in disguise: a budget for the norm, penalties that tie coefficients together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _interrupt, conventions
from ._algebra import eigh, product
from ._design import Design, affordable, as_matrix, check_flag, check_memory, is_sparse
from ._result import Fit
from ._ridge_system import EPS, LEAST_RCOND, Array, Solved, System, _Factor, fill
from ._spectrum import Spectrum
from .penalties import check_alpha
from .ridge import _as_fit, _certify, _check_positive, _factors, _lambdas, _spectrum, _trivial, _warn, solve_any

#: Newton steps of the secular equation; it converges from one side, and quadratically: a dozen do.
_MOST_STEPS = 100


# ------------------------------------------------------------------------------------------------------- budget


def ridge_constrained(
    X: Any,
    y: Any,
    radius: Any,
    *,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
) -> Fit:
    """Least squares under a budget for the squared norm of the coefficients, and the alpha that it is worth.

    Minimizes ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2`` subject to ``sum_j v_j w_j^2 <= radius``, every target by
    itself. The Lagrange multiplier of the constraint, times two, is ridge's alpha: where the budget binds the answer
    is ridge's at that alpha, and where least squares keeps within it alpha is 0.

    Parameters
    ----------
    X, y, sample_weight, penalty_factor, fit_intercept, standardize
        As in `ridge`. Features with the factor 0 are outside of the budget.
    radius : float
        Bound of the squared norm (the seeds' t in ``||w||^2 <= t``), positive.
    convention : str, default "canonical"
        The units of `Fit.alpha`, one of `shrinkage.conventions.CONVENTIONS`.

    Returns
    -------
    Fit
        With `alpha` the equivalent strength, one per target where y is 2-D.

    Raises
    ------
    TypeError, ValueError
        As `ridge`, and where `radius` is not a positive number.

    Notes
    -----
    On the spectral form the norm is ``sum_k (A_k / (sigma_k^2 + lambda))^2``; Newton's method on its inverse square
    root converges from the left without a safeguard.

    References
    ----------
    Reinsch (1971), Numerische Mathematik 16, the secular equation. Moré and Sorensen (1983), SIAM J. Sci. Stat.
    Comput. 4(3). Golub and von Matt (1991), Numerische Mathematik 59.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import ridge_constrained
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> fit = ridge_constrained(X, np.array([1.0, 3.0, 5.0, 7.0]), radius=1.0)
    >>> fit.coef.round(12), round(fit.alpha, 12)
    (array([1.]), 1.25)
    """
    _check_positive(radius, "radius", zero=False)
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
    conventions.ridge_alpha(1.0, convention, sum_weights=design.total_weight)  # refuses an unknown one early
    factors = _factors(penalty_factor, standardize, design.scale)
    lam = np.zeros(design.t)
    if design.p:
        spectrum, _ = _spectrum(design, factors, 0.0)
        lam = secular(spectrum, float(radius))
    system = System(design, lam, factors)
    solved = solve_any(system)
    found = _certify(system, solved)
    _warn(system, solved, found, 0.0)
    total = design.total_weight
    alpha = np.asarray(conventions.from_ridge_alpha(lam / total, convention, sum_weights=total))
    return _as_fit(
        design, solved.W, system, float(alpha[0]) if design.one_d else alpha, convention, factors, found, solved
    )


def secular(spectrum: Spectrum, radius: float) -> Array:
    """lambda of every target, 0 where least squares has sum v w^2 <= radius."""
    lead = 0 if spectrum.form == "dual" else spectrum.rank_free
    live = spectrum.values > spectrum.floor
    if not live.any():
        return np.zeros(spectrum.A.shape[1])
    # in units of the largest sigma^2, so that cubes stay within the range of numbers
    unit = float(spectrum.values.max())
    values = spectrum.values[live][:, None] / unit
    # squares of the coordinates of the penalized coefficients times sigma^2 + lambda
    A = spectrum.A[lead:][live] / (np.sqrt(unit) if spectrum.form == "dual" else unit)
    square = np.square(A) * (values if spectrum.form == "dual" else 1.0)
    lam = np.zeros(square.shape[1])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(_MOST_STEPS):
            norm = (square / (values + lam) ** 2).sum(axis=0)
            slope = (square / (values + lam) ** 3).sum(axis=0)
            over = norm > radius * (1.0 + 4.0 * EPS)
            if not over.any():
                break
            step = np.where(over, (np.sqrt(norm / radius) - 1.0) * norm / np.where(over, slope, 1.0), 0.0)
            if not (lam + step > lam).any():
                break
            lam = lam + step
        lam = lam * unit
    if not np.isfinite(lam).all():
        raise ValueError(
            f"radius is {radius:g}, so little that its alpha overflows: use a larger one, or rescale X or y"
        )
    return lam


# ---------------------------------------------------------------------------------------------- general penalties


def ridge_tikhonov(
    X: Any,
    y: Any,
    alpha: Any,
    penalty: Any,
    *,
    sample_weight: Any = None,
    fit_intercept: bool = True,
    convention: str = "canonical",
) -> Fit:
    """Ridge regression with any quadratic penalty: smooth, fused or correlated coefficients.

    Minimizes ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha w'Pw / 2``.

    Parameters
    ----------
    X, y, sample_weight, fit_intercept
        As in `ridge`. Where the normal equations are too ill-conditioned the solver works on a
        dense copy of X.
    alpha : float or array-like of shape (n_targets,)
        In the units of `convention`.
    penalty : int, or array or sparse matrix of shape (n_features, n_features) or (m, n_features)
        P, symmetric and positive semidefinite; or, where it is not square, an operator L with P = L'L; or an integer
        d for the sum of squared differences of order d of neighbouring coefficients, which leaves polynomials of
        degree d - 1 in the feature's position unpenalized. A square operator is passed as L.T @ L.
    convention : str, default "canonical"
        The objective that `alpha` belongs to, one of `shrinkage.conventions.CONVENTIONS`.

    Returns
    -------
    Fit
        Its certificate is that of the problem above.

    Raises
    ------
    TypeError, ValueError
        As `ridge`, and where `penalty` has the wrong shape, is not symmetric or not positive semidefinite.

    Notes
    -----
    Solved by Cholesky of Z'Z + lambda P and refined on residuals. Where that is singular to rounding, with
    P = Q diag(v) Q' the problem is ridge regression on X Q with penalty factors v, zeros included; that mixes columns,
    so that coefficients of features many orders of magnitude smaller than others lose as many digits.

    References
    ----------
    Tikhonov (1963); Eldén (1977), BIT 17, transformation to standard form. Whittaker (1923), differences.
    """
    design = Design(X, y, sample_weight, fit_intercept=check_flag(fit_intercept, "fit_intercept"))
    alpha = check_alpha(alpha, n_targets=design.t)
    lam = np.broadcast_to(_lambdas(alpha, convention, design), design.t).copy()
    P = _penalty_matrix(penalty, design.p)
    if not affordable(40.0 * design.p**2):
        raise ValueError(f"eigenvectors of a {design.p} x {design.p} penalty do not fit in memory")
    v, Q = eigh(np.array(P, order="F"))
    top = float(v.max(initial=0.0))
    if v.min(initial=0.0) < -1e-10 * top or top < 0:
        raise ValueError(f"penalty has the eigenvalue {v.min():g}: it must be positive semidefinite")
    system = System(design, lam, None)
    solved = _trivial(system) or _by_factor(design, lam, P, _least_rcond(design, v))
    if solved is None:
        check_memory(24.0 * design.n * design.p, f"dense copies of the {design.n} x {design.p} X")
        v = np.where(v > design.p * EPS * top, v, 0.0)
        turned = (design.storage.wide() - design.mean) @ Q
        turned_system = System(Design(turned, design.Y, sample_weight, fit_intercept=fit_intercept), lam, v)
        solved = solve_any(turned_system)
        # the proof is taken from X as it came, and only its gradient turned
        R, g = design.residual(Q @ solved.W)
        solved.measures = turned_system.measure(solved.W, R, np.asfortranarray(Q.T @ g))
        solved.W = np.asfortranarray(Q @ solved.W)
        solved.reason += ", in the eigenvectors of the penalty"
    found = _certify(system, solved)
    _warn(system, solved, found, 0.0)
    return _as_fit(design, solved.W, system, alpha, convention, None, found, solved)


class _General(System):
    """The system with any penalty matrix: (Z'Z + lambda P) w = Z'y, every column with its own lambda."""

    def __init__(self, design: Design, lam: Array, P: Array, targets: Array) -> None:
        super().__init__(design, lam, None, targets)
        self.P = P

    def measure(self, W: Array, R: Array, g: Array, excess: Callable[[Array, Array], Array] | None = None) -> Array:
        assert excess is not None
        PW = product(self.P, W)
        g -= self.lam * PW
        diagonal = np.diagonal(self.P)[:, None]
        norm = np.sqrt(self.design.total_weight * np.square(self.design.scale)[:, None] + self.lam * diagonal)
        return fill(self, W, R, np.abs(g), norm, excess(R, g), self.lam * (W * PW).sum(axis=0))


def _least_rcond(design: Design, v: Array) -> float:
    """Reciprocal condition number from which the factor of Z'Z + lambda P keeps the digits of all that P leaves free.

    What lambda P rounds to is noise along the directions that it does not penalize. Where columns differ much in size
    there is nothing better.
    """
    size = design.scale[design.scale > 0]
    graded = len(size) > 0 and size.max() > 1e3 * size.min()
    definite = len(v) > 0 and v.min() > 1e-8 * v.max()
    return LEAST_RCOND["double"] if graded or definite else 1e-5


def _by_factor(design: Design, lam: Array, P: Array, least: float) -> Solved | None:
    """By Cholesky of Z'Z + lambda P, which does not mind columns of different sizes; None where that is singular."""
    G = design.gram()
    G += np.tril(G, -1).T
    W, measures = np.zeros((design.p, design.t), order="F"), np.zeros((5, design.t))
    dof, steps, rcond = np.zeros(design.t), 0, 1.0
    for value in np.unique(lam):
        targets = np.flatnonzero(lam == value)
        factor = _Factor(np.asfortranarray(G + value * P), np.zeros(design.p), False)
        if factor.info or factor.rcond < least:
            return None
        system = _General(design, lam[targets], P, targets)

        def correct(W: Array, R: Array, g: Array, factor: _Factor = factor) -> Array:
            return np.asfortranarray(W + factor.solve(g))

        def excess(R: Array, g: Array, factor: _Factor = factor) -> Array:
            return 0.5 * (g * factor.solve(g)).sum(axis=0)

        own, found, more = system.refine(factor.solve(system.cross), correct, steps=3, excess=excess)
        W[:, targets], measures[:, targets] = own, found
        inside = _interrupt.run(factor.solve, P, work=2.0 * design.p**3)
        dof[targets] = design.p - value * float(np.trace(inside))
        steps, rcond = max(steps, more), min(rcond, factor.rcond)
    reason = "normal equations with the penalty matrix"
    return Solved(W, measures, steps, name="cholesky", reason=reason, rcond=rcond, dof=dof)


def _penalty_matrix(penalty: Any, p: int) -> Array:
    """P as a dense symmetric matrix."""
    if isinstance(penalty, (bool, np.bool_)):
        raise TypeError(f"penalty must be a matrix or an order of differences, got {penalty!r}")
    if isinstance(penalty, (int, np.integer)):
        if not 0 <= penalty < max(p, 1):
            raise ValueError(f"penalty, an order of differences, must be from 0 to {max(p - 1, 0)}, got {penalty}")
        L = np.diff(np.eye(p), n=int(penalty), axis=0)
        return L.T @ L
    if is_sparse(penalty):
        penalty = penalty.toarray()
    if np.ndim(penalty) != 2:
        raise ValueError(
            f"penalty must be an integer, an order of differences, or a matrix with {p} columns, got {penalty!r}"
        )
    A, _ = as_matrix(penalty, "penalty")
    A = np.asarray(A, dtype=np.float64)
    if A.shape[1] != p:
        raise ValueError(f"penalty has shape {A.shape}: X has {p} features, so it must have {p} columns")
    if not np.isfinite(A).all():
        raise ValueError("penalty contains NaN or infinity: exclude features by dropping their columns")
    if A.shape[0] != p:
        return A.T @ A
    size = np.abs(A).max(initial=0.0)
    gap = np.abs(A - A.T).max(initial=0.0)
    if gap > 1e-10 * size:
        raise ValueError(
            f"penalty is not symmetric (entries differ by up to {gap:g}): pass L.T @ L for an operator L, "
            "or (P + P.T) / 2"
        )
    return 0.5 * (A + A.T)
