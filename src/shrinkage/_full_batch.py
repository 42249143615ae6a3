"""The objective of a linear model over all rows at once: its value, gradient and curvature, and what proves a point.

As a convention writes it that is `multiple` times (1/W) sum_i s_i l(y_i, b + x_i.w), plus l1 |w|_1 + l2 |w|^2 / 2.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import _interrupt, conventions
from ._algebra import symmetric
from ._design import Design, affordable
from ._dual import Blocks, Rest
from ._problem import GAP as NET_GAP
from ._problem import Problem
from ._result import Certificate
from ._ridge_system import GAP, LEAST_RCOND, Array, PivotedQR, System, _Factor, memory_for_dense
from ._storage import DenseStorage, SparseStorage
from .conventions import CONVENTIONS
from .losses import Loss

#: Conventions whose objective is about the squared error and nothing else have no place beside another loss.
_ANY_LOSS = ("canonical", "inverse", "weight_decay", "two_lambda")
#: Order of a Hessian up to which all its eigenvalues are computed, and to how much the largest is iterated beyond.
_DENSE, _DIGITS = 200, 1e-6
#: Passes over X that these iterations take, about.
_BOUND_PASSES = 50
#: How much faster X'X multiplies than a pass over a dense X; entries of that which a stored value takes as long as.
_BLOCKED, _STORED = 10.0, 4.0
#: |mean| / sd up to which steps with a Gram matrix keep their digits.
NEAR = 10.0
#: Features up to which a Gram matrix is less than the iterations for the largest curvature.
_FEW = 64
#: Curvature, relative to the steepest feature's, below which a direction counts as flat.
_FAINT = 1e-4
#: Entries of a block of rows that is copied.
_BLOCK = 1 << 20
#: Multiplications up to which least squares are worth a factorization of X.
_QR_WORK = 1e9


class Objective:
    """As a convention writes it: `multiple` times the mean loss, plus l1 |w|_1 + l2 |w|^2 / 2."""

    def __init__(self, alpha: Any, l1_ratio: Any, convention: Any, loss: Loss, weights: float) -> None:
        strength, ratio = conventions.to_canonical(
            alpha, convention, sum_weights=weights, l1_ratio=l1_ratio, name="alpha"
        )
        if not isinstance(strength, float) or not isinstance(ratio, float):
            raise TypeError(
                f"alpha={reprlib.repr(alpha)} and l1_ratio must be one number each: descend for each of them"
            )
        self.rho = ratio
        if loss.name != "squared_error" and convention not in _ANY_LOSS:
            raise ValueError(
                f"convention={convention!r} is about the squared error and has no place for loss={loss.name!r}: use "
                "'canonical'; 'inverse' for the C of logistic regression; 'two_lambda' with (0, lambda) for "
                "loss + lambda |w|^2; or 'weight_decay' with lambda / n for loss + lambda / (2n) |w|^2"
            )
        rule = CONVENTIONS[convention]
        own: Any = (float(alpha[0]), float(alpha[1])) if rule.is_pair else float(alpha)
        self.given = own
        if convention == "inverse":
            self.multiple = own * weights
        else:  # the curvature of the penalty that is canonically w^2 / 2
            self.multiple = float(rule.curvature(rule.back(1.0, weights, 0.0, 1.0), weights, 0.0))
        if not math.isfinite(self.multiple):
            raise ValueError(f"alpha={own!r} leaves no finite objective: use 0 with convention 'canonical'")
        self.canonical = strength * self.rho, strength * (1.0 - self.rho)
        self.l1 = own[0] if rule.is_pair else self.multiple * self.canonical[0]
        self.l2 = float(rule.curvature(own, weights, self.rho))

    def penalty(self, w: Array) -> float:
        absolute = self.l1 * float(np.abs(w).sum()) if self.l1 else 0.0
        return absolute + 0.5 * self.l2 * float(w @ w)


# ------------------------------------------------------------------------------------------ losses and gradients


class Passes:
    """Loss and gradient of an objective, from X."""

    def __init__(self, design: Design, loss: Loss, objective: Objective, fit_intercept: bool) -> None:
        self.design, self.loss, self.objective, self.fit_intercept = design, loss, objective, fit_intercept
        self.squared = loss.name == "squared_error"
        self.n, self.p, self.s = design.n, design.p, design.s[: design.n]
        self.y = loss.targets(design.Y[:, 0])
        #: What y was centred by.
        self.shift = float(design.y_mean[0])
        self.scale = objective.multiple / design.total_weight
        self.dead = np.flatnonzero(self.s == 0) if design.weighted else None
        self.zeros = np.zeros(design.p)

    def sweep(self, sign: float, w: Array | None, r: Array, adjoint: bool = True) -> Array:
        """r += sign X w, in place, and X' S r of that."""
        g = np.zeros((self.p, 1), order="F")
        if self.p:
            W = None if w is None else np.asfortranarray(w[:, None])
            args = (self.zeros, self.design.s, sign, W, r[:, None], g if adjoint else None)
            _interrupt.run(self.design.storage.sweep, *args, work=8.0 * self.n * self.p)
        return g[:, 0]

    def __call__(self, w: Array, b: float) -> tuple[float, Array, float]:
        """Loss, its gradient, and its derivative in b (0 where b does not move)."""
        if self.squared:
            r = self.y - (b - self.shift)
            g = self.sweep(-1.0, w, r)
            weighted = self.s * r
            return (
                0.5 * self.scale * float(weighted @ r),
                -self.scale * g,
                -self.scale * float(weighted.sum()) if self.fit_intercept else 0.0,
            )
        eta = np.full(self.n, b)
        self.sweep(1.0, w, eta, adjoint=False)
        values, slopes = self.loss.both(self.y, eta)
        if self.dead is not None:  # may overflow where nobody looks
            values[self.dead] = slopes[self.dead] = 0.0
        slope = self.scale * float(self.s @ slopes) if self.fit_intercept else 0.0
        return self.scale * float(self.s @ values), self.scale * self.sweep(1.0, None, slopes), slope

    def curved(self, z: Array) -> Array:
        """[X 1]' S [X 1] z."""
        r = np.full(self.n, z[self.p] if self.fit_intercept else 0.0)
        g = self.sweep(1.0, np.ascontiguousarray(z[: self.p]), r)
        return np.append(g, self.s @ r) if self.fit_intercept else g


class Gram:
    """X' S X about the means of the design (lower triangle), and [X 1]' S [X 1]."""

    def __init__(self, passes: Passes) -> None:
        design, p = passes.design, passes.p
        self.centred = design.gram(0)
        self.whole = np.empty((p + passes.fit_intercept,) * 2)
        total, mean = design.total_weight, design.mean
        self.whole[:p, :p] = symmetric(self.centred)
        if design.fit_intercept:
            self.whole[:p, :p] += total * np.multiply.outer(mean, mean)
        if passes.fit_intercept:
            edge = total * mean if design.fit_intercept else passes.sweep(1.0, None, np.ones(passes.n))
            self.whole[:p, p] = self.whole[p, :p] = edge
            self.whole[p, p] = total

    def factor(self, ridge: float) -> _Factor | None:
        """Of the centred one plus ridge I; None where that is singular."""
        if not len(self.centred):
            return None
        found = _Factor(self.centred.copy(order="F"), np.full(len(self.centred), ridge), False)
        return None if found.info else found


class Quadratic:
    """What `Passes` says of the squared error, from a Gram matrix and one point.

    There loss and gradient are taken from X. It is near the minimum, where nothing cancels, but for directions so flat
    that what they add to the coefficients would cost more digits.
    """

    def __init__(self, passes: Passes, gram: Gram) -> None:
        design = passes.design
        lam, steepest = passes.objective.l2 / passes.scale, float(np.diagonal(gram.centred).max(initial=0.0))
        factor = gram.factor(max(lam, _FAINT * steepest))
        w = np.zeros(passes.p) if factor is None else factor.solve(design.cross)[:, 0]
        self.w, self.b = w, passes.shift - float(design.mean @ w) if passes.fit_intercept else 0.0
        self.value, g, slope = passes(w, self.b)
        self.g = np.append(g, slope) if passes.fit_intercept else g
        self.H, self.fit_intercept = passes.scale * gram.whole, passes.fit_intercept

    def __call__(self, w: Array, b: float) -> tuple[float, Array, float]:
        d = w - self.w
        if self.fit_intercept:
            d = np.append(d, b - self.b)
        Hd = self.H @ d
        value = max(0.0, self.value + float(d @ self.g) + 0.5 * float(d @ Hd))
        g = self.g + Hd
        return (value, g[:-1], float(g[-1])) if self.fit_intercept else (value, g, 0.0)


def takes_gram(design: Design, n_iter: int, bounded: bool) -> bool:
    """Whether a Gram matrix pays, for so many steps and for the bound."""
    n, p, storage = design.n, design.p, design.storage
    steps = n_iter + _BOUND_PASSES * bounded
    if not steps or not affordable(32.0 * (p + 1.0) ** 2):
        return False
    if bounded and p <= _FEW:
        return True
    if isinstance(storage, SparseStorage):
        one, matrix = _STORED * storage.nnz, _STORED * storage.gram_work(0)
    else:
        one, matrix = float(n) * p, float(n) * p * p / _BLOCKED
    return matrix + steps * float(p) * p < steps * one


def largest_curvature(passes: Passes, gram: Gram | None) -> float:
    """L, the largest eigenvalue of the Hessian of the objective, at most."""
    design, p, l2 = passes.design, passes.p, passes.objective.l2
    c, order = passes.scale * passes.loss.curvature, p + passes.fit_intercept
    with np.errstate(over="ignore"):
        squares = design.total_weight * (float(np.square(design.scale).sum() + np.square(design.mean).sum()))
        trace = c * (squares + design.total_weight * passes.fit_intercept) + l2 * p
    if not math.isfinite(trace):
        raise ValueError("the curvature of the objective overflows: rescale X, or sample_weight and alpha")
    if trace == 0 or not order:
        return 0.0
    decay = np.full(order, l2)
    decay[p:] = 0.0
    if gram is not None:
        H = c * gram.whole
        H[np.diag_indices(order)] += decay
        if order <= _DENSE:
            return float(np.linalg.eigvalsh(H)[-1])
        times = H.__matmul__
    else:

        def times(z: Array) -> Array:
            return c * passes.curved(z) + decay * z

    from scipy.sparse.linalg import LinearOperator, eigsh

    # the mean eigenvalue is 1 then, and adding one to all of them keeps matrices of zeros away
    unit = trace / order
    operator = LinearOperator((order, order), matvec=lambda z: times(z.ravel()) / unit + z.ravel(), dtype=np.float64)
    start = np.random.default_rng(0).normal(size=order)
    largest = eigsh(operator, k=1, which="LA", v0=start, tol=_DIGITS, return_eigenvectors=False)[0]
    return unit * (float(largest) - 1.0)


# ------------------------------------------------------------------------------------------------------ the proof


class Proof:
    """Certificates of the squared error: gaps as `ridge` and `elastic_net` take them, at the intercept there is."""

    def __init__(self, passes: Passes, gram: Gram | None, tol: float) -> None:
        self.passes, self.gram, self.tol = passes, gram, tol
        self.factor: _Factor | None = None
        self.qr: PivotedQR | None = None

    def __call__(self, w: Array, b: float, n_iter: int) -> Certificate:
        design, total, (l1, l2) = self.passes.design, self.passes.design.total_weight, self.passes.objective.canonical
        W = np.asfortranarray(w[:, None])
        R, G = design.residual(W)
        # these residuals have the best intercept for w
        off = b - (self.passes.shift - float(design.mean @ w)) if design.fit_intercept else 0.0
        gap = self._gap(R, G, W) / total + 0.5 * off * off
        loss = 0.5 * (float(design.square_sum(R)[0]) / total + off * off)
        objective = loss + l1 * float(np.abs(w).sum()) + 0.5 * l2 * float(w @ w)
        left = G[:, 0] / total - off * design.mean - l2 * w
        pushed = np.where(w != 0, np.abs(left - l1 * np.sign(w)), np.maximum(np.abs(left) - l1, 0.0))
        null = 0.5 * float(design.y_square[0]) / total
        relative = gap / null if null > 0 else gap
        return Certificate(
            objective=objective,
            duality_gap=gap,
            relative_gap=relative,
            kkt_violation=max(float(pushed.max(initial=0.0)), abs(off)),
            converged=math.isfinite(objective) and relative <= self.tol,
            n_iter=n_iter,
        )

    def _gap(self, R: Array, G: Array, W: Array) -> float:
        """That of the best intercept, in sum units."""
        design, objective, total = self.passes.design, self.passes.objective, self.passes.design.total_weight
        l1, l2 = objective.canonical
        if l1 > 0:
            problem = Problem(design, slice(0, 1), objective.rho, None, None, None, None)
            return float(problem.measure(W, R, np.array([total * (l1 + l2)])).table[NET_GAP, 0])
        if self.gram is not None and self.factor is None:
            self.factor = self.gram.factor(total * l2)
        factor = self.factor
        if factor is not None and factor.rcond < LEAST_RCOND["double"]:
            factor = None
        if l2 > 0 or factor is not None:
            excess = None if factor is None else lambda R, g: 0.5 * (g * factor.solve(g)).sum(axis=0)
            measures = System(design, np.array([total * l2]), None).measure(W, R, G.copy(order="F"), excess)
            return float(measures[GAP, 0]) * total
        # least squares: what of the residuals the columns could still explain, at most all
        rooted = np.sqrt(self.passes.s) * R[:, 0]
        if self.qr is None and design.n * design.p * min(design.n, design.p) <= _QR_WORK and memory_for_dense(design):
            self.qr = PivotedQR(design.dense())
        left = rooted if self.qr is None else self.qr.Q.T @ rooted
        return 0.5 * float(left @ left)


class AnyProof:
    """Certificates of the other losses, from rows one after the other."""

    def __init__(self, passes: Passes, tol: float) -> None:
        self.passes, self.tol = passes, tol
        storage = passes.design.storage
        self.whole = storage.turned(rowwise=True) if isinstance(storage, SparseStorage) else storage
        self.rest = Rest(passes.loss, passes.fit_intercept, steep=not any(passes.objective.canonical))
        for rows in self._rows():
            self.rest.add(rows)
        self.rest.finish(passes.design.total_weight)

    def _rows(self) -> Iterator[SimpleNamespace]:
        """All rows; those of an X by columns a block at a time, copied."""
        n, X = self.passes.n, self.whole
        columns = X.X if isinstance(X, DenseStorage) and not X.X.flags.c_contiguous else None
        step = max(256, _BLOCK // max(1, self.passes.p)) if columns is not None else n
        for start in range(0, n, step):
            own = slice(start, min(n, start + step))
            storage = X if columns is None else DenseStorage(np.ascontiguousarray(columns[own]))
            s = self.passes.s[own]
            yield SimpleNamespace(
                storage=storage, n=len(s), p=self.passes.p, y=self.passes.y[own, None], s=s, total=float(s.sum())
            )

    def __call__(self, w: Array, b: float, n_iter: int) -> Certificate:
        l1, l2 = (np.array([part]) for part in self.passes.objective.canonical)
        args = self.passes.loss, w[None], np.array([b]), l1, l2, self.passes.fit_intercept
        found = Blocks(*args, rest=self.rest)
        for rows in self._rows():
            found.add(rows)
        return found.finish(self.passes.design.total_weight).certificates(self.tol, n_iter)[0]
