"""What elastic-net functions share: their checked arguments, and results with certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _interrupt, conventions
from ._algebra import symmetric
from ._design import Design, check_flag
from ._kernels import cholesky as _cholesky
from ._problem import GAP, PENALTY, VIOLATION, Measures, Problem
from ._result import Certificate, ConvergenceWarning, Fit, warn
from ._ridge_system import Array
from .penalties import Penalty, make_penalty
from .ridge import _check_positive


class Setup:
    """What a call of any of the functions was given, checked."""

    def __init__(
        self, X: Any, y: Any, alpha: Any, l1_ratio: Any, sample_weight: Any, penalty_factor: Any, lower: Any,
        upper: Any, offset: Any, fit_intercept: bool, standardize: bool, convention: str, tol: float,
        multi_task: bool = False,
    ) -> None:  # fmt: skip
        _check_positive(tol, "tol", zero=False)
        self.multi_task = check_flag(multi_task, "multi_task")
        if self.multi_task and not (lower is None and upper is None):
            raise ValueError("multi_task takes no lower and upper: it penalizes the norms of features' coefficients")
        self.tol = float(tol)
        self.design = Design(X, y, sample_weight, offset=offset, fit_intercept=fit_intercept)
        design, self.convention = self.design, convention
        if self.multi_task and (design.one_d or not design.t):
            shape = (design.n,) if design.one_d else design.Y.shape
            raise ValueError(f"multi_task needs y of shape (n_samples, n_targets), got {shape}: leave multi_task out")
        if alpha is not None:
            pair = convention == "two_lambda"
            options = {} if pair and l1_ratio == 1.0 else {"l1_ratio": l1_ratio}
            alpha, l1_ratio = conventions.to_canonical(
                alpha, convention, sum_weights=design.total_weight, name="alpha", **options
            )
            shares = np.unique(l1_ratio)
            if len(shares) > 1:
                raise ValueError("l1_ratio, or lambda_1 / lambda_2, must be the same for all targets")
            l1_ratio = float(shares[0]) if len(shares) else 1.0
        self.penalty: Penalty = make_penalty(
            1.0 if alpha is None else alpha, l1_ratio, penalty_factor, lower, upper, n_features=design.p,
            n_targets=1 if self.multi_task else design.t,
        )  # fmt: skip
        self.standardize = check_flag(standardize, "standardize")

    def check_one(self, what: str) -> None:
        """That there is one problem, for what knows no more."""
        if not (self.design.one_d or self.multi_task):
            raise ValueError(f"y must have shape (n_samples,), got {self.design.Y.shape}: {what} belongs to one target")

    @property
    def together(self) -> list[slice]:
        """Targets that are solved as one problem."""
        t = self.design.t
        return [slice(0, t)] if self.multi_task else [slice(c, c + 1) for c in range(t)]

    def problem(self, targets: slice, design: Any = None) -> Problem:
        """That of some targets, of all data or of `design`, a training set."""
        penalty, design = self.penalty, self.design if design is None else design
        scale = design.scale if self.standardize else None
        return Problem(design, targets, penalty.l1_ratio, penalty.factors, scale, penalty.lower, penalty.upper)

    def options(self) -> dict[str, Any]:
        """Keywords of `elastic_net` that say the same problem, less the data."""
        penalty = self.penalty
        return {
            "l1_ratio": penalty.l1_ratio, "penalty_factor": penalty.factors, "lower": penalty.lower,
            "upper": penalty.upper, "fit_intercept": self.design.fit_intercept, "standardize": self.standardize,
            "convention": self.convention, "tol": self.tol, "multi_task": self.multi_task,
        }  # fmt: skip


def in_convention(setup: Setup, alpha: Any) -> Any:
    if setup.convention == "canonical":
        return alpha
    if setup.convention == "two_lambda":
        raise ValueError("convention 'two_lambda' has two strengths: use 'canonical', which has alpha and l1_ratio")
    value = conventions.from_canonical(
        alpha, setup.convention, sum_weights=setup.design.total_weight, l1_ratio=setup.penalty.l1_ratio
    )
    return value if np.ndim(alpha) else float(value)  # type: ignore[arg-type]


def prove(problem: Problem, found: Measures, i: int, tol: float, n_iter: int) -> Certificate:
    total = problem.design.total_weight
    gap = float(found.table[GAP, i])
    relative = gap / problem.size if problem.size > 0 else gap
    objective = 0.5 * float(found.loss[i]) + float(found.table[PENALTY, i])
    return Certificate(
        objective=objective / total,
        duality_gap=gap / total,
        relative_gap=relative,
        kkt_violation=float(found.table[VIOLATION, i]) / total,
        converged=bool(np.isfinite(objective)) and relative <= tol,
        n_iter=n_iter,
    )


def degrees_of_freedom(problem: Problem, lam: float, which: Array, w: Array, gram: Callable[[], Array]) -> float:
    """Degrees of freedom without the intercept of coefficients of the columns `which`, whose Gram matrix is gram().

    Zou, Hastie and Tibshirani (2007), Tibshirani and Taylor (2012); of several targets Vaiter et al. (2012).
    """
    if problem.t > 1:
        return _joint_degrees(problem, lam, which, w, gram())
    moving = np.flatnonzero((w != 0) & (w > problem.lower[which]) & (w < problem.upper[which]))
    l2 = lam * problem.l2[which[moving]]
    if not l2.any():
        return float(len(moving))
    if len(moving) > problem.design.n and l2.all():
        V = problem.columns(which[moving]) / np.sqrt(l2)
        values = np.linalg.eigvalsh(V @ V.T)
        return float((values / (1.0 + values)).sum())
    A = np.asfortranarray(gram()[np.ix_(moving, moving)] + np.diag(l2))
    diagonal, ones, work = np.empty(len(A)), np.ones(len(A)), float(len(A)) ** 3
    failed, _ = _interrupt.run(_cholesky.factor, L := A.copy(order="F"), work=work)
    if failed:
        return float(len(moving) - l2 @ np.diagonal(np.linalg.pinv(A, hermitian=True)))
    _interrupt.run(_cholesky.inverse_diagonal, L, ones, diagonal, work=work)
    return float(len(moving) - l2 @ diagonal)


def _joint_degrees(problem: Problem, lam: float, which: Array, w: Array, gram: Array) -> float:
    # the Hessian is G x I + diag(d) x I less rank one for every row that bends, u its direction and m what it bends by
    moving = np.flatnonzero(w.any(axis=1))
    if not len(moving):
        return 0.0
    size = np.sqrt(np.square(w[moving]).sum(axis=1))
    m, u = lam * problem.l1[which[moving]] / size, w[moving] / size[:, None]
    d = m + lam * problem.l2[which[moving]]
    M = _inverse(gram[np.ix_(moving, moving)] + np.diag(d))
    trace = problem.t * (len(moving) - d @ np.diagonal(M))
    bent = np.flatnonzero(m)
    if not len(bent):
        return float(trace)
    cosines = u[bent] @ u[bent].T
    inner = np.diag(1.0 / m[bent]) - M[np.ix_(bent, bent)] * cosines
    rest = (M - M @ (d[:, None] * M))[np.ix_(bent, bent)] * cosines
    return float(trace + (_inverse(inner) * rest).sum())


def _inverse(A: Array) -> Array:
    """That of a positive definite matrix, a pseudoinverse where it is not."""
    from scipy.linalg import lapack

    factor, failed = lapack.dpotrf(A, lower=1)
    if not failed:
        inverse, failed = lapack.dpotri(factor, lower=1)
    if failed:
        return np.linalg.pinv(A, hermitian=True)
    return symmetric(np.tril(inverse))


def as_fit(setup: Setup, W: Array, alpha: Any, certificate: Certificate, dof: Array, how: tuple[str, str]) -> Fit:
    d = setup.design
    intercept = d.y_mean - d.mean @ W if d.fit_intercept else np.zeros(d.t)
    factors = setup.penalty.factors
    return Fit(
        coef=np.add(W[:, 0] if d.one_d else W.T, 0.0, order="C"),
        intercept=float(intercept[0]) if d.one_d else intercept,
        alpha=alpha,
        l1_ratio=setup.penalty.l1_ratio,
        convention=setup.convention,
        certificate=certificate,
        solver=how[0],
        solver_reason=how[1],
        effective_dof=float(dof[0]) if d.one_d or setup.multi_task else dof,
        n_samples=d.n,
        n_features=d.p,
        sum_weights=d.total_weight,
        feature_mean=d.mean,
        feature_scale=d.scale,
        feature_names=d.feature_names,
        target_names=d.target_names,
        penalty_factor=factors,
        fit_intercept=d.fit_intercept,
    )


def joined(parts: list[Certificate]) -> Certificate:
    """The summed objective and the worst of the rest, of several targets."""
    if len(parts) == 1:
        return parts[0]
    worst = max(parts, key=lambda one: one.relative_gap if one.relative_gap == one.relative_gap else np.inf)
    return Certificate(
        objective=sum(one.objective for one in parts),
        duality_gap=max(one.duality_gap for one in parts),
        relative_gap=worst.relative_gap,
        kkt_violation=max(one.kkt_violation for one in parts),
        converged=all(one.converged for one in parts),
        n_iter=sum(one.n_iter for one in parts),
    )


def warn_unless_converged(certificate: Certificate, tol: float, where: str = "") -> None:
    if not certificate.converged:
        warn(
            f"elastic_net{where} stopped at a relative duality gap of {certificate.relative_gap:.1e} (asked: {tol:.1e}"
            f"), {certificate.duality_gap:.1e} in units of the objective: standardize the columns, rescale those that "
            "differ by many orders of magnitude, drop duplicates, or increase alpha or tol",
            ConvergenceWarning,
        )
