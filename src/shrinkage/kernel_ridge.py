"""Kernel ridge regression from a kernel matrix.

With K the matrix of k(x_i, x_j) of a positive semidefinite kernel, `kernel_ridge` minimizes over the functions
f = sum_j c_j k(., x_j)

    (1/W) sum_i s_i (y_i - f(x_i))^2 / 2  +  alpha |f|^2 / 2,        W = sum_i s_i,  |f|^2 = c'Kc,

which is ridge regression without an intercept in the kernel's feature space. The coefficients solve
(K + lambda S^-1) c = y, lambda = W alpha; in the symmetric form that is factored here, (A + lambda I) a = S^1/2 y with
A = S^1/2 K S^1/2 and c = S^1/2 a. The residual of that system is the whole proof: half its square is the duality gap.

References
----------
Saunders, Gammerman and Vovk (1998), Ridge regression learning algorithm in dual variables, ICML.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._algebra import eigh
from ._design import SparseStorage, _as_target, _as_weights, as_matrix, check_memory
from ._result import RESIDUAL_ALARM, Certificate, IllConditionedWarning, _count, _number, warn, warn_about
from ._ridge_system import EPS, GAP, GRADIENT, OBJECTIVE, RATIO, Array, Solved, System, _Factor, certificate
from .penalties import check_alpha
from .ridge import _lambdas

#: Largest difference between K and its transpose, in units of K's largest entry and its precision's square root.
_ASYMMETRY = 1.0


@dataclass(frozen=True, repr=False, eq=False)
class KernelFit:
    """A fitted kernel ridge regression with its certificate.

    Attributes
    ----------
    dual_coef : ndarray of shape (n_samples,) or (n_samples, n_targets)
        c, float64; 2-D when y was. Zero for samples of weight zero.
    alpha : float or ndarray of shape (n_targets,)
        The penalty in the units of `convention`.
    convention : str
        Which objective `alpha` belongs to; see `shrinkage.conventions`.
    certificate : Certificate
        For several targets: the worst one, and the summed objective. `kkt_violation` is the largest entry of
        (s (y - Kc) - lambda c) / W, the coefficients of minus the objective's gradient as a function;
        `residual_ratio` that of the symmetric system, row by row in units of rounding. The gaps are NaN where K was
        seen not to be positive semidefinite: where K + lambda S^-1 is not definite, or a diagonal entry or c'Kc is
        negative. A kernel that lambda makes definite, and that shows in none of these, is not noticed.
    solver, solver_reason : str
        "cholesky" or "eigen", and why.
    sum_weights : float
        W, the sum of the sample weights.
    """

    dual_coef: Array
    alpha: float | Array
    convention: str
    certificate: Certificate
    solver: str
    solver_reason: str
    sum_weights: float

    def predict(self, K: Any) -> Array:
        """Predictions for new samples.

        Parameters
        ----------
        K : array-like of shape (n, n_samples)
            The kernel between the new samples and those of the fit.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)

        Raises
        ------
        TypeError, ValueError
            K is not a dense matrix of numbers with a column for every sample of the fit.
        """
        K = _dense(K)
        if K.shape[1] != len(self.dual_coef):
            raise ValueError(
                f"K has {_count(K.shape[1], 'column')}, but the model was fitted on "
                f"{_count(len(self.dual_coef), 'sample')}: pass the kernel of new samples (rows) with those (columns)"
            )
        return K @ self.dual_coef

    def __repr__(self) -> str:
        return "\n".join(
            [
                f"KernelFit: {_count(len(self.dual_coef), 'sample')}",
                f"  alpha          {_number(self.alpha)} ({self.convention} convention)",
                f"  certificate    {self.certificate}",
                f"  solver         {self.solver}: {self.solver_reason}",
            ]
        )


def kernel_ridge(
    K: Any, y: Any, alpha: Any = 1.0, *, sample_weight: Any = None, convention: str = "canonical"
) -> KernelFit:
    """Kernel ridge regression at one alpha, or one per target.

    Minimizes ``(1/W) sum_i s_i (y_i - (Kc)_i)^2 / 2 + alpha c'Kc / 2`` with ``W = sum_i s_i``. There is no intercept:
    add a constant to the kernel for a penalized one, or centre y.

    Parameters
    ----------
    K : array-like of shape (n_samples, n_samples)
        Kernel of the samples with each other, symmetric.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    alpha : float or array-like of shape (n_targets,), default 1.0
        Strength of the penalty in the units of `convention`. 0 interpolates where K is not singular.
    sample_weight : float or array-like of shape (n_samples,), optional
        s; zeros allowed.
    convention : str, default "canonical"
        The objective that `alpha` belongs to, one of `shrinkage.conventions.CONVENTIONS`; for "two_lambda" it is
        the second, lambda_2.

    Returns
    -------
    KernelFit

    Raises
    ------
    TypeError
        An argument has the wrong type; a sparse K among them.
    ValueError
        K is not square or not symmetric, data contain NaN or infinity, shapes do not fit each other, or the problem
        does not fit in memory.

    Warns
    -----
    ConvergenceWarning
        The certificate does not hold.
    IllConditionedWarning
        The system is singular to working precision: of all solutions that of minimum norm is returned; or K is not
        positive semidefinite, so that the solution minimizes nothing.

    References
    ----------
    Saunders, Gammerman and Vovk (1998), Ridge regression learning algorithm in dual variables, ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.kernel_ridge import kernel_ridge
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> K = np.exp(-np.square(x[:, None] - x))
    >>> fit = kernel_ridge(K, np.sin(x), alpha=1e-6)
    >>> bool(np.abs(fit.predict(K) - np.sin(x)).max() < 1e-4)
    True
    """
    K = _check_kernel(K)
    n = len(K)
    Y, one_d, _ = _as_target(y, n)
    weights = _as_weights(sample_weight, n)
    s = np.ones(n) if weights is None else weights
    alpha = check_alpha(alpha, n_targets=Y.shape[1])
    data = _Data(K, Y, s)
    lam = np.broadcast_to(_lambdas(alpha, convention, data), (Y.shape[1],))  # type: ignore[arg-type]
    check_memory(24.0 * n * n, f"a kernel matrix of order {n} and its factor")
    dual_coef, measures = np.zeros(Y.shape), np.zeros((5, Y.shape[1]))
    parts = []
    for value in np.unique(lam):
        columns = np.flatnonzero(lam == value)
        solved = _solve(_KernelSystem(data, float(value), columns))
        dual_coef[np.ix_(data.live, columns)] = data.root * solved.W
        measures[:, columns] = solved.measures
        parts.append(solved)
    worst = min(parts, key=lambda part: part.rcond)
    found = certificate(
        measures, data.y_square, data.total_weight, n_iter=max(part.n_iter for part in parts), rcond=worst.rcond
    )
    warn_about(found, solver=worst.name, tol=0.0, rank=None, n_features=n)
    short = next((part for part in parts if part.rank is not None), None)
    if short is not None:
        warn(f"{short.reason}; raise alpha", IllConditionedWarning)
    return KernelFit(
        dual_coef=dual_coef[:, 0] if one_d else dual_coef,
        alpha=alpha if not isinstance(alpha, np.ndarray) or not one_d else float(alpha[0]),
        convention=convention,
        certificate=found,
        solver=worst.name,
        solver_reason=worst.reason,
        sum_weights=data.total_weight,
    )


def _dense(K: Any) -> Array:
    matrix, _ = as_matrix(K, "K")
    if isinstance(matrix, SparseStorage):
        raise TypeError("K is sparse: pass a dense kernel matrix, K.toarray()")
    return matrix


def _check_kernel(K: Any) -> Array:
    """K as a float64 matrix, symmetric to rounding."""
    matrix = _dense(K)
    n, columns = matrix.shape
    if n != columns or n == 0:
        raise ValueError(f"K must be square, the kernel of the samples with each other, got shape {matrix.shape}")
    top, difference = 0.0, 0.0
    step = max(1, (1 << 20) // n)
    for start in range(0, n, step):
        block = matrix[start : start + step]
        if not np.isfinite(block).all():
            i, j = np.argwhere(~np.isfinite(block))[0]
            raise ValueError(f"K contains {block[i, j]} at row {start + i}, column {j}: leave such samples out")
        top = max(top, float(np.abs(block).max()))
        difference = max(difference, float(np.abs(block - matrix[:, start : start + step].T).max()))
    if top > 1e150:
        raise ValueError(f"K reaches {top:g}: too large to square; rescale the kernel")
    if difference > _ASYMMETRY * np.sqrt(np.finfo(matrix.dtype).eps) * top:
        raise ValueError(
            f"K must be symmetric, but it differs from its transpose by {difference:g}: pass the kernel of the samples "
            "with each other, rows and columns in the same order"
        )
    return matrix.astype(np.float64, copy=False)


class _Data:
    """The samples of positive weight, in the symmetric form."""

    def __init__(self, K: Array, Y: Array, s: Array) -> None:
        self.live = np.flatnonzero(s > 0)
        whole = len(self.live) == len(s)
        self.K = K if whole else K[np.ix_(self.live, self.live)]
        self.total_weight = float(s.sum())
        self.weighted = not bool((s == 1).all())
        self.root = np.sqrt(s[self.live])[:, None]
        self.Y = np.asfortranarray(self.root * Y[self.live])
        self.y_square = np.square(self.Y).sum(axis=0)

    def multiply(self, W: Array) -> Array:
        """A W, from K itself."""
        return np.asfortranarray(self.root * (self.K @ (self.root * W)))

    def copy(self) -> Array:
        """A, to be overwritten."""
        A = np.array(self.K, order="F")
        if self.weighted:
            A *= self.root
            A *= self.root[:, 0]
        return A


class _KernelSystem(System):
    """(A + lambda I) a = S^1/2 y for the targets that share one lambda."""

    def __init__(self, data: _Data, lam: float, columns: Array) -> None:
        self.data, self.lambda_, self.Y = data, lam, np.asfortranarray(data.Y[:, columns])
        with np.errstate(invalid="ignore"):
            self.norm = np.sqrt(np.maximum(data.root[:, 0] ** 2 * np.diagonal(data.K) + lam, 0.0))[:, None]
        self.range: Array | None = None
        self.indefinite = False

    def shows_negative(self, W: Array) -> bool:
        """Whether a diagonal entry of A or a form W'AW is negative: lambda may hide that from the factorization."""
        diagonal = np.diagonal(self.data.K)
        floor = -EPS * len(diagonal) * float(np.abs(diagonal).max(initial=0.0))
        forms, size = (W * self.data.multiply(W)).sum(axis=0), np.square(W).sum(axis=0)
        return bool((diagonal < floor).any() or (forms < floor * size).any())

    def evaluate(self, W: Array, excess: Callable[[Array, Array], Array] | None = None) -> tuple[Array, Array, Array]:
        """(R, g, measures): the residual, its part that can be reduced, and the rows of `System.measure`."""
        total, lam = self.data.total_weight, self.lambda_
        AW = self.data.multiply(W)
        R = self.Y - AW - lam * W
        g = R if self.range is None else self.range @ (self.range.T @ R)
        out = np.zeros((5, W.shape[1]))
        out[OBJECTIVE] = (np.square(self.Y - AW) + lam * W * AW).sum(axis=0) / (2.0 * total)
        out[GAP] = np.nan if self.indefinite else np.square(g).sum(axis=0) / (2.0 * total)
        out[GRADIENT] = np.abs(self.data.root * g).max(axis=0) / total
        norm = np.where(self.norm > 0, self.norm, 1.0)
        size = (norm * np.abs(W)).sum(axis=0) + np.abs(self.Y / norm).max(axis=0)
        out[RATIO] = np.abs(g / norm).max(axis=0) / (EPS * np.where(size > 0, size, 1.0))
        return R, g, out


def _solve(system: _KernelSystem) -> Solved:
    n, lam = len(system.Y), system.lambda_
    reason = "the kernel matrix is not positive definite"
    if (system.norm > 0).all():
        factor = _Factor(system.data.copy(), np.full(n, lam), False)
        if not factor.info and factor.rcond > EPS * n:
            W, found, steps = system.refine(factor.solve(system.Y), lambda W, R, g: W + factor.solve(g), steps=3)
            if system.shows_negative(W):
                return _solve_spectral(system, "the kernel matrix is not positive semidefinite")
            if found[RATIO].max() <= RESIDUAL_ALARM:
                return Solved(
                    W, found, steps, name="cholesky", reason=f"{n:,} samples: dual system", rcond=factor.rcond
                )
        elif not factor.info:
            reason = f"the kernel matrix has reciprocal condition number {factor.rcond:.1e}"
    return _solve_spectral(system, reason)


def _solve_spectral(system: _KernelSystem, reason: str) -> Solved:
    """By eigenvectors: those of eigenvalues that are not zero to rounding, of whatever sign."""
    n, lam = len(system.Y), system.lambda_
    values, Q = eigh(system.data.copy())
    top = float(np.abs(values).max(initial=0.0))
    noise = EPS * n * top
    # a sum of absolute values in place of the diagonal, which bounds nothing where K is indefinite
    system.norm = np.full((n, 1), np.sqrt(np.abs(values + lam).max(initial=0.0)))
    kept = np.abs(values + lam) > noise
    inverse, Q = 1.0 / (values[kept] + lam), Q[:, kept]
    if not kept.all():
        system.range = Q
        reason = f"{reason}: of its {n} eigenvalues plus the penalty {n - len(inverse)} are zero to rounding"
    if values.min(initial=0.0) < -noise:
        system.indefinite = True
        reason = (
            f"{reason}: it has the eigenvalue {values.min():.1e}, so that the answer solves the linear system but "
            "minimizes nothing"
        )

    def correct(W: Array, R: Array, g: Array) -> Array:
        return W + Q @ (inverse[:, None] * (Q.T @ g))

    W, found, steps = system.refine(correct(np.zeros_like(system.Y), system.Y, system.Y), correct, steps=3)
    size = np.abs(values[kept] + lam)
    rcond = float(size.min() / size.max()) if kept.all() and n else 0.0
    # a rank only where there is something to warn about
    rank = len(inverse) if system.indefinite or not kept.all() else None
    return Solved(W, found, steps, name="eigen", reason=reason, rcond=rcond, rank=rank)
