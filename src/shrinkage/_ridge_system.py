"""The ridge system of one data set: its gradient from the data, its certificate, and the solvers of a single penalty.

Everything here is in "sum" units, the normal equations times W = sum of the weights:

    (Z'Z + lambda diag(v)) w = Z'y,   Z = S^1/2 (X - mean),   lambda = W alpha.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from . import _interrupt
from ._design import Design, Precision, SparseStorage, affordable, check_memory
from ._kernels import certificate as _certificate
from ._kernels import cholesky as _cholesky
from ._kernels import tiles as _tiles
from ._result import RESIDUAL_ALARM, Certificate

Array = np.ndarray[Any, Any]
Corrector = Callable[[Array, Array, Array], Array]

EPS = float(np.finfo(np.float64).eps)
#: Below these reciprocal condition numbers a Gram matrix of that precision does not know the answer.
LEAST_RCOND: dict[Precision, float] = {"tiles": 1e-4, "single": 1e-5, "double": 1e-10}
#: Rows of `System.measure`.
OBJECTIVE, GAP, GRADIENT, RATIO, _LOOSE = range(5)
_NONE = np.zeros(0, np.uint8)
#: Order of a Gram matrix from which less than double precision is faster, the further passes over X included.
_SINGLE_SIDE = 300
#: Relative duality gap above which small residuals prove nothing: coefficients cancel each other.
_DOUBTFUL = 1e-6
#: lambda over the largest squared column norm below which directions that the data lack are not determined by it.
_NEGLIGIBLE = 1e-8
#: Duality gap, relative to the sum of squares of y, from which the penalty is too small for it to say anything.
_VACUOUS = 1e-12
#: A scaled residual that the sample space's own rounding may leave, and that is worth two more passes over X each.
_POLISH = 10.0
#: A scaled residual that further refinement will not improve on.
_SETTLED = 2.0


class System:
    """One or more columns (target, lambda) of the ridge system on a design.

    Parameters
    ----------
    design : Design
    lam : ndarray of shape (c,)
        lambda of each column.
    factors : ndarray of shape (p,) or None
        v; None means ones.
    targets : ndarray of shape (c,), optional
        Which target each column belongs to; all of them, in order, when left out.
    """

    def __init__(self, design: Design, lam: Array, factors: Array | None, targets: Array | None = None) -> None:
        self.design, self.lam, self.factors = design, lam, factors
        self.Y = design.Y if targets is None else design.Y[:, targets]
        self.cross = design.cross if targets is None else design.cross[:, targets]
        self.y_square = design.y_square if targets is None else design.y_square[targets]
        self.v = np.ones(design.p) if factors is None else factors
        self.active = None if factors is None or not np.isinf(factors).any() else np.flatnonzero(np.isfinite(factors))
        finite_v = self.v if self.active is None else np.where(np.isinf(self.v), 0.0, self.v)
        # (p, c), zero for excluded features
        with np.errstate(over="ignore"):
            self.ridge = np.multiply.outer(lam, finite_v).T
        if not np.isfinite(self.ridge.max(initial=0.0)):
            raise ValueError(
                "alpha times the penalty factors (or variances, with standardize=True) overflows: rescale X"
            )
        self.frozen = _NONE if self.active is None else np.isinf(self.v).astype(np.uint8)

    @property
    def n_active(self) -> int:
        """Features that are not excluded."""
        return self.design.p if self.active is None else len(self.active)

    # -- the proof ------------------------------------------------------------------------------------------

    def evaluate(self, W: Array, excess: Callable[[Array, Array], Array] | None = None) -> tuple[Array, Array, Array]:
        """(R, g, measures): residuals y - Xw, minus the gradient, and the rows of `measures`, all from the data."""
        d = self.design
        R, g = d.residual(W, self.Y)
        return R, g, self.measure(W, R, g, excess)

    def measure(self, W: Array, R: Array, g: Array, excess: Callable[[Array, Array], Array] | None = None) -> Array:
        """Rows OBJECTIVE, GAP, GRADIENT and RATIO of every column; g = (X - mean)' S R becomes minus the gradient.

        Where features without a penalty have a gradient, or next to none, `excess(R, g)` says W times how far the
        objective is above its minimum.
        """
        d = self.design
        out = np.empty((5, len(self.lam)))
        _certificate.measure(
            R, d.s, d.total_weight, d.fit_intercept, np.asfortranarray(W), g, self.ridge, self.frozen, d.scale,
            self.y_square, d.eps, out,
        )  # fmt: skip
        if out[_LOOSE].any():
            out[GAP] = (excess or self._projected_gap)(R, g) / d.total_weight
        elif excess is not None and float(out[GAP].max()) * d.total_weight > _VACUOUS * float(self.y_square.min()):
            # dual points know nothing of directions that the data determine and a tiny penalty does not
            out[GAP] = np.minimum(out[GAP], excess(R, g) / d.total_weight)
        return out

    def _projected_gap(self, R: Array, g: Array) -> Array:
        """W times the gap at the dual point that the residuals give once they are orthogonal to the free columns.

        With delta their projection on those columns, the gap is sum_j (g - Z'delta)_j^2 / (2 lambda v_j) over the
        penalized features, plus |delta|^2 / 2. NaN where nothing is penalized.
        """
        d = self.design
        if not (self.lam > 0).all():
            return np.full(len(self.lam), np.nan)
        weight = np.sqrt(d.s)[:, None]
        free = np.flatnonzero(self.v == 0)
        Q = PivotedQR(weight * (d.storage.columns(free) - d.mean[free])).Q
        delta = Q @ (Q.T @ (weight * R))
        g = g - d.adjoint_plain(weight * delta)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(self.ridge > 0, g * g / (2.0 * self.ridge), 0.0).sum(axis=0)
        return part + 0.5 * np.square(delta).sum(axis=0)

    def refine(
        self,
        W: Array,
        correct: Corrector,
        *,
        steps: int,
        excess: Callable[[Array, Array], Array] | None = None,
        polish: Corrector | None = None,
    ) -> tuple[Array, Array, int]:
        """Correct W by residuals taken from the data: once, and on while that still halves the worst residual.

        Where that ends near the alarm, `polish` goes on from there. Returns (W, measures, steps).
        """
        last, kept = np.inf, None
        for step in range(steps + 1):
            R, g, found = self.evaluate(W, excess)
            worst = float(found[RATIO].max())
            if kept is None or not worst > last:
                kept = (W, found, step)
            if step == steps or (step > 0 and (worst <= _SETTLED or not worst < 0.5 * last)):
                break
            last = worst
            W = correct(W, R, g)
        assert kept is not None
        W, found, step = kept
        if polish is None or not found[RATIO].max() > _POLISH:
            return kept
        W, found, more = self.refine(W, polish, steps=2, excess=excess)
        return W, found, step + more

    def woodbury(self, inner: Callable[[Array, Array], tuple[Array, Array]], root: Array, free: Array) -> Corrector:
        """A corrector by the gradient for solvers in sample space: W + (Z'Z + lambda V)^-1 g, lambda > 0.

        inner(b, c) gives a and w with (K + lambda) a + U w = b and U'a = c, K = Z V^-1 Z' and U the columns of the
        features `free` of a penalty. root = v^-1/2, zero for free and for excluded features.
        """
        d = self.design
        weight = np.sqrt(d.s)[:, None] if d.weighted else 1.0
        inverse = (root * root)[:, None]

        def correct(W: Array, R: Array, g: Array) -> Array:
            a, w = inner(weight * d.apply(inverse * g), g[free])
            out = W + inverse * (g - d.adjoint_plain(weight * a)) / self.lam
            out[free] -= w / self.lam
            return out

        return correct

    def intercept(self, W: Array, targets: Array | None = None) -> Array:
        d = self.design
        y_mean = d.y_mean if targets is None else d.y_mean[targets]
        return y_mean - np.einsum("j,jc->c", d.mean, W) if d.fit_intercept else np.zeros(W.shape[1])


def fill(system: System, W: Array, R: Array, wrong: Array, norm: Array, gap: Array, penalty: Array) -> Array:
    """Measures of a system whose penalty or constraints the kernel does not know.

    `wrong` (p, c) is the part of the gradient that says W is not optimal, `norm` the root of the diagonal of its
    matrix, `gap` W times the gap and `penalty` 2 W times the penalty's part of the objective, both (c,).
    """
    d = system.design
    out = np.zeros((5, W.shape[1]))
    out[OBJECTIVE] = (d.square_sum(R) + penalty) / (2.0 * d.total_weight)
    out[GAP] = gap / d.total_weight
    out[GRADIENT] = wrong.max(axis=0, initial=0.0) / d.total_weight
    size = (norm * np.abs(W)).sum(axis=0) + np.sqrt(system.y_square)
    scaled = np.where(wrong > 0, wrong / np.where(norm > 0, norm, 1.0), 0.0).max(axis=0, initial=0.0)
    out[RATIO] = np.where(size > 0, scaled / (d.eps * np.where(size > 0, size, 1.0)), 0.0)
    return out


def certificate(
    measures: Array, y_square: Array, total_weight: float, *, n_iter: int, rcond: float, tol: float = 0.0,
    direct: bool = True,
) -> Certificate:  # fmt: skip
    """One certificate for the columns of `measures`: the summed objective and the worst of the rest.

    A `direct` solver has a factorization to measure the gap by, which must then be small; without one it may be all
    rounding.
    """
    if measures.shape[1] == 1:
        objective, gap, gradient, ratio = measures[:4, 0].tolist()
        null = float(y_square[0]) / (2.0 * total_weight)
        relative = gap / null if null > 0 else gap
    else:
        objective, gap = float(measures[OBJECTIVE].sum()), float(measures[GAP].max())
        gradient, ratio = float(measures[GRADIENT].max()), float(measures[RATIO].max())
        nulls = y_square / (2.0 * total_weight)
        relative = float((measures[GAP] / np.where(nulls > 0, nulls, 1.0)).max())
    finite = math.isfinite(objective) and math.isfinite(gradient) and math.isfinite(ratio)
    proved = ratio <= RESIDUAL_ALARM and not (direct and relative > _DOUBTFUL)
    return Certificate(
        objective=objective,
        duality_gap=gap,
        relative_gap=relative,
        kkt_violation=gradient,
        converged=finite and (proved or (tol > 0 and relative <= tol)),
        n_iter=n_iter,
        residual_ratio=ratio,
        rcond=rcond,
    )


class Solved:
    """What a solver hands back: coefficients (p, c), measures, and what ran."""

    __slots__ = ("W", "dof", "measures", "n_iter", "name", "rank", "rcond", "reason")

    def __init__(
        self, W: Array, measures: Array, n_iter: int, *, name: str, reason: str, rcond: float = np.nan,
        dof: float | Array = np.nan, rank: int | None = None,
    ) -> None:  # fmt: skip
        self.W, self.measures, self.n_iter, self.rcond = W, measures, n_iter, rcond
        self.name, self.reason, self.dof, self.rank = name, reason, dof, rank


# --------------------------------------------------------------------------------------------------- Cholesky


class _Refused(str):
    """Why a Gram matrix will not do, and its reciprocal condition number where there is one."""

    rcond = 0.0


class _Factor:
    """Cholesky factor of an equilibrated Gram matrix plus diag(ridge), in the precision that the products had."""

    def __init__(self, A: Array, ridge: Array, single: bool, lift: float = 0.0) -> None:
        self.lift = lift
        self.scale = np.empty(len(A))
        self.L = np.empty(A.shape, np.float32, order="F") if single else A
        _cholesky.equilibrate(A, ridge, self.scale, self.L)
        self.info, self.rcond = _interrupt.run(_cholesky.factor, self.L, work=len(A) ** 3 / 3)

    def solve(self, B: Array) -> Array:
        B = np.array(B, order="F")
        _cholesky.solve(self.L, self.scale, B, np.empty(B.shape, self.L.dtype, order="F"), np.empty(B.shape[1]))
        return B

    def inverse_diagonal(self) -> Array:
        """The last thing to ask for: it overwrites the factor."""
        out = np.empty(len(self.L))
        _interrupt.run(_cholesky.inverse_diagonal, self.L, self.scale, out, work=len(out) ** 3 / 3)
        return out


def _factored(
    design: Design, axis: int, ridge: Array, which: Array | None, root: Array | None, precision: Precision
) -> _Factor | _Refused:
    """The factor of a Gram matrix plus diag(ridge), on the features `which`; or why it will not do.

    Over samples the direction that centring took out is put back, which no right-hand side has a part in.
    """
    A = design.gram(axis, root, precision=precision)
    lift = 0.0
    if axis == 1 and design.fit_intercept:
        lift = float(np.trace(A)) / design.n
        direction = np.sqrt(design.s[: design.n] / design.total_weight)
        A = scipy.linalg.blas.dsyr(lift, direction, lower=1, a=A, overwrite_a=1)
    if which is not None:
        A = np.asfortranarray(A[np.ix_(which, which)])
    factor = _Factor(A, ridge, precision != "double", lift)
    if factor.info:
        return _Refused("the Gram matrix is not positive definite")
    if factor.rcond < LEAST_RCOND[precision]:
        refused = _Refused(f"the Gram matrix has reciprocal condition number {factor.rcond:.1e}")
        refused.rcond = factor.rcond
        return refused
    return factor


def _lower() -> tuple[Precision, ...]:
    """Precisions to try before double. The matrix unit is asked for where it is wanted only: that binds the process."""
    return ("tiles", "single") if _tiles.available() else ("single",)


def _precisely(solver: Callable[..., Solved | str], system: System, reason: str, root: Array | None) -> Solved | str:
    """`solver` with a Gram matrix in the lowest precision that refinement pays back."""
    design = system.design
    large = not design.storage.sparse and min(design.n, design.p) >= _SINGLE_SIDE
    rcond = math.inf
    for precision in _lower() if large and design.single_is_safe(root) else ():
        if rcond < LEAST_RCOND[precision]:
            continue
        outcome = solver(system, reason, root, precision=precision)
        if isinstance(outcome, Solved) and outcome.measures[RATIO].max() <= RESIDUAL_ALARM:
            return outcome
        # a failed factorization says nothing of how much better the next precision would be
        rcond = outcome.rcond if isinstance(outcome, _Refused) and outcome.rcond else math.inf
    return solver(system, reason, root, precision="double")


def solve_primal(system: System, reason: str) -> Solved | str:
    """Cholesky of the p x p normal equations; a sentence instead where they are too ill-conditioned for it."""
    return _precisely(_primal, system, reason, None)


def solve_dual(system: System, reason: str) -> Solved | str:
    """Cholesky of the n x n system (K + lambda I) a = y, K = Z diag(1/v) Z'; unpenalized columns are bordered on."""
    with np.errstate(divide="ignore"):
        root = np.where(system.v > 0, 1.0 / np.sqrt(system.v), 0.0)
    return _precisely(_dual, system, reason, root)


def _primal(system: System, reason: str, root: None, *, precision: Precision) -> Solved | str:
    design, a = system.design, system.active
    ridge = system.ridge[:, 0] if a is None else system.ridge[a, 0]
    factored = _factored(design, 0, ridge, a, None, precision)
    if isinstance(factored, _Refused):
        return factored

    def solve(g: Array) -> Array:
        if a is None:
            return factored.solve(g)
        full = np.zeros(g.shape, order="F")
        full[a] = factored.solve(g[a])
        return full

    def excess(R: Array, g: Array) -> Array:
        return 0.5 * (g * solve(g)).sum(axis=0)

    W, found, steps = system.refine(
        solve(system.cross), lambda W, R, g: W + solve(g), steps=3 if precision == "double" else 10, excess=excess
    )
    dof = float(len(ridge) - (ridge * factored.inverse_diagonal()).sum())
    return Solved(W, found, steps, name="cholesky", reason=reason, rcond=factored.rcond, dof=dof)


def _dual(system: System, reason: str, root: Array, *, precision: Precision) -> Solved | str:
    design, lam = system.design, float(system.lam[0])
    inverse = root * root
    free = np.flatnonzero(system.v == 0)
    factored = _factored(design, 1, np.full(design.n, lam), None, root, precision)
    if isinstance(factored, _Refused):
        return factored
    weight = np.sqrt(design.s)[:, None] if design.weighted else 1.0

    inner = factored.solve

    if len(free):
        U = weight * (design.storage.columns(free) - design.mean[free])
        MU = inner(U)
        border = PivotedQR(U.T @ MU)
        if border.rank < len(free):
            return "the unpenalized columns are linearly dependent"

    def solve(b: Array, c: Array) -> tuple[Array, Array]:
        """a, w_free with (K + lambda) a + U w_free = b and U'a = c."""
        a = inner(b)
        if not len(free):
            return a, c
        w = border.solve(U.T @ a - c)
        return a - MU @ w, w

    def primal(a: Array, w: Array) -> Array:
        W = design.adjoint_plain(weight * a) * inverse[:, None]
        W[free] = w
        return W

    state = list(solve(weight * system.Y, np.zeros((len(free), system.Y.shape[1]))))

    def correct(W: Array, R: Array, g: Array) -> Array:
        a, w = state
        da, dw = solve(weight * R - lam * a, -U.T @ a if len(free) else g[free])
        state[:] = a + da, w + dw
        return primal(*state)

    polish = system.woodbury(solve, root, free)

    def excess(R: Array, g: Array) -> Array:
        return 0.5 * (g * polish(np.zeros_like(g), R, g)).sum(axis=0)

    W, found, steps = system.refine(
        primal(*state), correct, steps=3 if precision == "double" else 10, polish=polish, excess=excess
    )
    dof = design.n - lam * float(factored.inverse_diagonal().sum())
    if design.fit_intercept:
        dof += lam / (lam + factored.lift) - 1.0
    if len(free):
        dof += lam * float(np.trace(border.solve(MU.T @ MU)))
    return Solved(W, found, steps, name="dual", reason=reason, rcond=factored.rcond, dof=dof)


# ----------------------------------------------------------------------------------------------- least squares


class PivotedQR:
    """Minimum-norm least squares by column-pivoted QR of the equilibrated matrix.

    The rank is decided on columns scaled to unit norm, so that it does not depend on the units of the features; the
    norm that is minimized where the rank is short is that of the coefficients as they are.
    """

    def __init__(self, Z: Array) -> None:
        n, p = Z.shape
        norm = np.sqrt(np.einsum("ij,ij->j", Z, Z))
        self.scale = np.where(norm > 0, 1.0 / np.where(norm > 0, norm, 1.0), 1.0)
        scaled = Z * self.scale
        work = 16.0 * n * p * min(n, p)  # four flops an entry and step, at a quarter of the speed of a product
        if n > 2 * p:
            outer, R = _interrupt.run(lambda: scipy.linalg.qr(scaled, mode="economic", check_finite=False), work=work)
            inner, R, self.order = scipy.linalg.qr(R, mode="economic", pivoting=True, check_finite=False)
            Q = outer @ inner
        else:
            Q, R, self.order = _interrupt.run(
                lambda: scipy.linalg.qr(scaled, mode="economic", pivoting=True, check_finite=False), work=work
            )
        diagonal = np.abs(np.diagonal(R))
        top = diagonal.max(initial=0.0)
        self.rounding = EPS * max(n, p) * top
        self.rank = int((diagonal > self.rounding).sum()) if top > 0 else 0
        self.rcond = float(diagonal[: self.rank].min(initial=1.0) / top) if top > 0 else 0.0
        self.Q, self.R = Q[:, : self.rank], R[: self.rank]
        self.p = p
        if 0 < self.rank < p:
            C = self.row_factor()
            self.row_space, self.corner = scipy.linalg.qr(C.T, mode="economic", check_finite=False)

    def row_factor(self) -> Array:
        """C (rank, p) with Z = Q C, rounding left out."""
        C = np.empty((self.rank, self.p))
        # columns have norm one here: less than this is rounding, which a large column must not bring into a small row
        C[:, self.order] = np.where(np.abs(self.R) > self.rounding, self.R, 0.0)
        return C / self.scale

    def dual(self, e: Array) -> Array:
        """The shortest d with Z'd = e, of a Z of full column rank."""
        inner = scipy.linalg.solve_triangular(self.R, (e * self.scale)[self.order], trans="T", check_finite=False)
        return np.asarray(self.Q @ inner)

    def solve(self, b: Array) -> Array:
        """The minimum-norm minimizer of ||b - Z w||."""
        out = np.zeros((self.p, b.shape[1]), order="F")
        if self.rank == 0:
            return out
        projected = self.Q.T @ b
        if self.rank < self.p:
            return np.asfortranarray(self.row_space @ scipy.linalg.solve_triangular(self.corner, projected, trans="T"))
        out[self.order] = scipy.linalg.solve_triangular(self.R, projected, check_finite=False)
        return out * self.scale[:, None]


def solve_qr(system: System, reason: str) -> Solved | str:
    """Least squares (lambda = 0) from X itself, of minimum norm where the rank is short."""
    design, a = system.design, system.active
    check_memory(_qr_memory(design), f"a QR factorization of the {design.n} x {design.p} X")
    Z = design.dense()
    if a is not None:
        Z = Z[:, a]
    # where the rank is short the limit of ridge for alpha to 0 is wanted: minimum sum of v w^2
    v = system.v if a is None else system.v[a]
    if (v == 0).any():
        return "least squares with unpenalized features"
    root = 1.0 / np.sqrt(v)
    qr = PivotedQR(Z * root if system.factors is not None else Z)
    del Z
    weight = np.sqrt(design.s)[:, None] if design.weighted else 1.0

    def solve(R: Array) -> Array:
        w = qr.solve(weight * R) * root[:, None]
        if a is None:
            return np.asfortranarray(w)
        full = np.zeros((design.p, R.shape[1]), order="F")
        full[a] = w
        return full

    def excess(R: Array, g: Array) -> Array:
        return 0.5 * np.square(qr.Q.T @ (weight * R)).sum(axis=0)

    W, found, steps = system.refine(solve(system.Y), lambda W, R, g: W + solve(R), steps=3, excess=excess)
    return Solved(W, found, steps, name="qr", reason=reason, rcond=qr.rcond**2, dof=float(qr.rank), rank=qr.rank)


# ------------------------------------------------------------------------------------------ conjugate gradients


def solve_cg(system: System, reason: str, *, tol: float, max_iter: int | None) -> Solved:
    """Conjugate gradients on the normal equations, X centred in effect, restarted on true residuals.

    All columns advance together; the preconditioner is the diagonal, after a stage without one where the penalty is
    negligible. Memory: six (p, c) arrays and one (n, c).
    """
    design = system.design
    total = design.total_weight
    diagonal = total * np.square(design.scale)[:, None] + system.ridge
    live = diagonal > 0 if system.active is None else (diagonal > 0) & np.isfinite(system.v)[:, None]
    scaled = np.where(live, 1.0 / np.where(live, diagonal, 1.0), 0.0)
    # what a negligible penalty leaves open is settled by the least sum of v w^2, which scaling would turn into another
    floor = _NEGLIGIBLE * diagonal.max(initial=0.0) if design.p > design.n else 0.0
    v = system.v[:, None]
    by_norm = np.where(live & (v > 0), 1.0 / np.where(v > 0, v, 1.0), scaled)
    stages = [scaled] if (system.lam > floor).all() else [by_norm, scaled]
    limit = max(1000, 2 * min(design.n, design.p)) if max_iter is None else max_iter
    W, used = np.zeros((design.p, len(system.lam)), order="F"), 0
    last = np.inf
    g = system.cross.copy(order="F")  # at zero nothing has to be read
    found = system.measure(W, np.asfortranarray(system.Y), g)
    while True:
        ratio = float(found[RATIO].max())
        gap = found[GAP] / np.where(system.y_square > 0, system.y_square / (2.0 * total), 1.0)
        reached = (gap <= tol) | (found[RATIO] * design.eps <= _SETTLED * EPS)
        if reached.all() or used >= limit:
            break
        if not ratio < 0.5 * last:
            stages, ratio = stages[1:], np.inf
            if not stages:
                break
        last = ratio
        # the gap falls with the square of the gradient
        goal = np.where(np.isfinite(gap) & (gap > 0), np.sqrt(0.1 * tol / np.where(gap > 0, gap, 1.0)), 1e-8)
        step, spent = _conjugate_gradients(system, g, stages[0], np.clip(goal, 1e-8, 0.1), limit - used)
        W, used = W + step, used + spent
        _, g, found = system.evaluate(W)
    return Solved(W, found, used, name="cg", reason=reason)


def _conjugate_gradients(system: System, g: Array, inverse: Array, goal: Array, limit: int) -> tuple[Array, int]:
    """About (Z'Z + ridge)^-1 g: until every column's preconditioned residual has fallen to `goal` of its start."""
    design = system.design
    D = np.zeros(g.shape, order="F")
    r = g.copy(order="F")
    z = inverse * r
    q = z.copy(order="F")
    rho = start = (r * z).sum(axis=0)
    used = 0
    while used < limit and (rho > goal * goal * start).any():
        Aq = design.normal(q) + system.ridge * q
        if system.active is not None:
            Aq[np.isinf(system.v)] = 0.0
        curvature = (q * Aq).sum(axis=0)
        step = np.where(curvature > 0, rho / np.where(curvature > 0, curvature, 1.0), 0.0)
        D += step * q
        r -= step * Aq
        z = inverse * r
        fresh = (r * z).sum(axis=0)
        q = z + np.where(rho > 0, fresh / np.where(rho > 0, rho, 1.0), 0.0) * q
        rho = fresh
        used += 1
    return D, used


# ------------------------------------------------------------------------------------------------------ choice


def choose(system: System) -> tuple[str, str]:
    """(solver, why) for one penalty, by cost and memory."""
    design = system.design
    n, p = design.n, design.p
    lam = float(system.lam[0])
    small, side = min(n, p), "features" if p <= n else "samples"
    size = f"{n:,} samples, {p:,} features"
    if not affordable(8.0 * small * small):
        return "cg", f"{size}: a {small:,} x {small:,} Gram matrix does not fit in memory"
    X = design.storage
    if isinstance(X, SparseStorage) and small > 1000:
        # measured: a scattered multiply-add costs about 30 flops of a dense factorization
        direct = 30.0 * X.gram_work(0 if p <= n else 1) + small**3 / 3.0
        iterative = 30.0 * 100.0 * 2.0 * X.nnz * system.Y.shape[1]
        if direct > 2.0 * iterative:
            return "cg", f"{size}, {X.nnz:,} stored values: cheaper than a Gram matrix over {side}"
    if p <= n:
        return "cholesky", f"{size}: normal equations over features"
    if lam == 0.0:
        if design.storage.sparse and not memory_for_dense(design):
            return "cg", f"{size}, alpha = 0: least squares without a dense copy"
        return "qr", f"{size}, alpha = 0: minimum-norm least squares"
    return "dual", f"{size}: dual system over samples"


def _qr_memory(design: Design) -> float:
    """Bytes that a pivoted QR needs: Z, its scaled copy, Q and R, and for a wide X the row space."""
    return (64.0 if design.p > design.n else 40.0) * design.n * design.p


def memory_for_dense(design: Design) -> bool:
    """Whether a dense copy of X and its factors are affordable."""
    return affordable(_qr_memory(design))


def solve(system: System, solver: str, *, tol: float, max_iter: int | None) -> Solved | str:
    """Run `solver` ("auto" chooses) on a system whose columns share one lambda. A string says that only a spectral
    solver will do, and why."""
    lam = float(system.lam[0])
    reason, asked = "as asked", solver
    if solver == "auto":
        solver, reason = choose(system)
    if solver == "cg":
        return solve_cg(system, reason, tol=tol, max_iter=max_iter)
    if solver == "svd":
        return reason
    if solver == "dual" and lam == 0.0:
        raise ValueError("solver='dual' needs alpha > 0: with alpha = 0 use solver='auto' or 'qr'")
    if solver == "qr" and lam > 0.0:
        raise ValueError("solver='qr' needs alpha = 0, least squares: with alpha > 0 use solver='auto' or 'svd'")
    outcome = {"qr": solve_qr, "cholesky": solve_primal, "dual": solve_dual}[solver](system, reason)
    if isinstance(outcome, Solved):
        ratio = float(outcome.measures[RATIO].max())
        if asked != "auto" or solver == "qr" or ratio <= RESIDUAL_ALARM:
            return outcome
        outcome = f"{solver} left a residual ratio of {ratio:.1e}"
    if not memory_for_dense(system.design):
        if system.design.storage.sparse:
            return solve_cg(system, f"{outcome}, and a dense copy does not fit", tol=tol, max_iter=max_iter)
        check_memory(_qr_memory(system.design), f"{outcome}; a factorization of X itself")
    if lam == 0.0 and solver != "qr":
        return solve_qr(system, outcome)
    return outcome
