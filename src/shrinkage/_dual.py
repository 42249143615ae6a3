"""What proves the coefficients of a linear model of any convex loss: its objective, duality gap and gradient.

For    minimize P(b, w) = (1/T) sum_i s_i l(y_i, b + x_i.w) + l1 |w|_1 + l2/2 |w|^2
every u with sum_i s_i u_i = 0 (where there is an intercept) has, by Fenchel's duality (Rockafellar, Convex Analysis,
section 31), with g = -X'S u / T and l* and h* the conjugates of the loss and of the penalty h,

    P(b, w) - min P  <=  (1/T) sum_i s_i [ l(y_i, p_i) + l*(u_i) - u_i p_i ]  +  sum_j [ h(w_j) + h*(g_j) - g_j w_j ].

No term is negative, so that nothing cancels. u are the slopes at the predictions p, for which the first sum is zero.
The side, u > 0 or u < 0, that is too heavy for the intercept is shrunk, and where g is beyond l1 also all of u: zero is
in every conjugate's domain, so the result is too. X is read once: X'S u is kept apart for the two sides.

A loss with kinks (hinge, perceptron, epsilon_insensitive) has many slopes at each: with the one that is taken the bound
is true, but does not come down to zero.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _interrupt
from ._algebra import Array, product
from ._kernels import losses as _kernel
from ._result import Certificate
from ._storage import SCATTERED
from ._threads import WORTH_A_THREAD, one_blas_thread, over_chunks
from .losses import Loss

#: Settings up to which a dense X is multiplied as it is read, without BLAS.
_FEW = 8
#: Bytes of a block of rows, in float64, that BLAS multiplies twice.
_BLOCK_BYTES = 1 << 23
#: Rows of X that a chunk must have for every array along its columns that the chunk sums into.
_ROWS = 32
#: Slopes that are held at a time where the settings are many.
_SLOPES = 1 << 26
#: Entries of a dense X that take as long to read as a stored value of a sparse one, and as a loss or its conjugate.
_PER_VALUE = 4
_PER_LOSS = 16
#: Flops that take as long as a loss.
_FLOPS = 100.0
#: A prediction at which exp is zero, as with the sign turned its inverse.
_FAR = 800.0
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Measures:
    """What the data prove of K settings; arrays of shape (K,).

    Attributes
    ----------
    objective, gap, kkt_violation : ndarray
        As in `Certificate`; the gap is inf where nothing is proven.
    relative_gap : ndarray
        The gap over `Rest.size`, the objective at w = 0; the gap itself where that is zero.
    steepness : ndarray
        Without a penalty, for which there is no bound, the largest entry of the gradient over that at w = 0, with the
        best intercept; inf for settings with one.
    """

    objective: Array
    gap: Array
    relative_gap: Array
    kkt_violation: Array
    steepness: Array

    def converged(self, tol: float) -> Array:
        """Which settings are proven to `tol`; what is not finite never is."""
        return np.isfinite(self.objective) & (np.fmin(self.relative_gap, self.steepness) <= tol)

    def certificates(self, tol: float, n_iter: int | Array) -> tuple[Certificate, ...]:
        rows = self.objective, self.gap, self.relative_gap, self.kkt_violation, self.converged(tol)
        steps = np.broadcast_to(n_iter, self.gap.shape).tolist()
        return tuple(Certificate(*row) for row in zip(*(v.tolist() for v in rows), steps, strict=True))


def certify(
    samples: Any,
    loss: Loss,
    coef: Array,
    intercept: Array,
    l1: Array,
    l2: Array,
    fit_intercept: bool,
    tol: float,
    n_iter: int | Array,
) -> tuple[Certificate, ...]:
    """Certificates of K settings, coef (K, p) and intercept, l1, l2 (K,), on all of the samples."""
    return Proof(samples, loss, l1, l2, fit_intercept).measure(coef, intercept).certificates(tol, n_iter)


class Proof:
    """Samples and K penalties; what is known of them once measures any number of coefficients, in a read of X each."""

    def __init__(self, samples: Any, loss: Loss, l1: Array, l2: Array, fit_intercept: bool) -> None:
        self.samples, self.loss, self.fit_intercept = samples, loss, fit_intercept
        self.l1, self.l2 = np.broadcast_arrays(np.asarray(l1, np.float64), np.asarray(l2, np.float64))
        self.rest = Rest(loss, fit_intercept, steep=bool(((self.l1 == 0) & (self.l2 == 0)).any()))
        self.rest.add(samples)
        self.rest.finish(samples.total)

    def measure(self, coef: Array, intercept: Array) -> Measures:
        """coef (K, p), intercept (K,)."""
        K, step = len(coef), max(_FEW, _SLOPES // self.samples.n)
        if step >= K:
            return self._measure(coef, intercept, slice(None))
        parts = [self._measure(coef, intercept, slice(k, k + step)) for k in range(0, K, step)]
        names = Measures.__slots__
        return Measures(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def _measure(self, coef: Array, intercept: Array, which: slice) -> Measures:
        own = Blocks(
            self.loss, coef[which], intercept[which], self.l1[which], self.l2[which], self.fit_intercept,
            rest=self.rest.of(which, len(coef)),
        )  # fmt: skip
        own.add(self.samples, which)
        return own.finish()


class Blocks:
    """The certificate of K settings on rows that come in blocks: their slopes are kept, and nothing of X."""

    def __init__(
        self,
        loss: Loss,
        coef: Array,
        intercept: Array,
        l1: Array,
        l2: Array,
        fit_intercept: bool,
        *,
        rest: Rest | None = None,
    ) -> None:
        K, p = coef.shape
        self.loss, self.coef = loss, np.ascontiguousarray(coef, np.float64)
        self.intercept = np.ascontiguousarray(intercept, np.float64)
        self.l1, self.l2 = (np.broadcast_to(np.asarray(v, np.float64), (K,)) for v in (l1, l2))
        self.none = (self.l1 == 0) & (self.l2 == 0)
        self.fit_intercept, self.total = fit_intercept, 0.0
        self.parts: list[tuple[Array, Array, Array]] = []
        # a squared error's slopes may be anything: their mean is taken away rather than a side of them shrunk, which
        # halves the products; of few settings these cost less than reading X does
        self.centred = fit_intercept and loss.name == "squared_error" and K > _FEW
        self.sums, self.G = np.zeros((5, K)), np.zeros((2 if fit_intercept and not self.centred else 1, K, p))
        self.weight, self.column_sums = np.zeros(1), np.zeros((p, 1))
        self.rest, self._given = rest or Rest(loss, fit_intercept, steep=bool(self.none.any())), rest is not None

    def add(self, samples: Any, which: slice = slice(None)) -> None:
        """More rows; of targets or weights with a column for each setting, those columns."""
        K, n = len(self.coef), samples.n
        y, s = (v[:, which] if v.shape[1] > 1 else v for v in _columns(samples))
        U = np.empty((n, K), order="F")
        _sweep(
            samples.storage, self.loss, self.coef, self.intercept, np.broadcast_to(y, (n, K)),
            np.broadcast_to(s, (n, K)), U, self.sums, self.G,
        )  # fmt: skip
        if self.centred:
            self.weight = self.weight + s.sum(axis=0)
            self.column_sums = self.column_sums + adjoint(samples.storage, s)
        else:
            self.parts.append((y, s, U))
        self.total = self.total + samples.total
        if not self._given:
            self.rest.add(samples)

    def finish(self, total: float | Array | None = None) -> Measures:
        """What all rows prove; `total` is T where it is not the sum of the blocks' own."""
        T = self.total if total is None else total
        if not self._given:
            self.rest.finish(T)
        with np.errstate(all="ignore"):
            return self._measures(T)

    def _measures(self, T: Any) -> Measures:
        w, l1, l2 = self.coef, self.l1[:, None], self.l2[:, None]
        lost, up, down = self.sums[:3]
        penalty = (l1 * np.abs(w) + 0.5 * l2 * w * w).sum(axis=1)
        objective = lost / T + penalty

        g = self.G.sum(axis=0) / -T
        violation = _violation(g, w, l1, l2)
        keep_up = keep_down = np.ones(len(w))
        if self.fit_intercept:
            violation = np.maximum(violation, np.abs(up + down) / T)
        if self.centred:
            mean = (up + down) / self.weight
            g = (self.G[0] - mean[:, None] * self.column_sums.T) / -T
        elif self.fit_intercept:
            keep_up = np.where(up > -down, -down / up, 1.0)
            keep_down = np.where(-down > up, up / -down, 1.0)
            g = (keep_up[:, None] * self.G[0] + keep_down[:, None] * self.G[1]) / -T

        # all of u, and what l1 allows beside the quadratic part at w
        steep = np.abs(g - l2 * w)
        shrunk = np.where(steep > l1, l1 / steep, 1.0).min(axis=1, initial=1.0)
        factors = np.ones((1, len(w))) if (shrunk == 1).all() else np.array([np.ones(len(w)), shrunk])
        if self.centred:
            # s (u - f (u - mean))^2 / 2, u being the residual
            left = 1.0 - factors
            firsts = 2.0 * left**2 * lost + (2.0 * factors * left + factors**2) * mean**2 * self.weight
            firsts = np.maximum(firsts, 0.0) / (2.0 * T)
        else:
            firsts = self._loss_gaps(factors, keep_up, keep_down, T)
        gaps = [
            first + _penalty_gap(factor[:, None] * g, w, l1, l2) for first, factor in zip(firsts, factors, strict=True)
        ]
        gap = np.fmin.reduce(gaps)
        # u = 0: the losses cannot be less than they can be
        bound = np.maximum(objective - self.rest.least / T, 0.0)
        gap = np.where(self.none, gaps[0], np.fmin(gap, bound))
        gap = np.where(np.isfinite(gap) & np.isfinite(objective), gap, np.inf)

        size = np.broadcast_to(self.rest.size, gap.shape)
        relative = np.where(size > 0, gap / size, gap)
        steepness = np.where(violation == 0, 0.0, violation / self.rest.steepest)
        return Measures(objective, gap, relative, violation, np.where(self.none, steepness, np.inf))

    def _loss_gaps(self, factors: Array, keep_up: Array, keep_down: Array, T: Any) -> Array:
        """(m, K): the first sum of the bound for slopes that are shrunk by factors (m, K) and on their side."""
        ups, downs = factors * keep_up, factors * keep_down
        if (ups == 1).all() and (downs == 1).all():
            return np.zeros(ups.shape)
        sums = np.zeros(ups.shape)
        for y, s, U in self.parts:
            sums += _conjugate_sums(self.loss, y, s, U, ups, downs)
        found = (self.sums[0] + sums - ups * self.sums[3] - downs * self.sums[4]) / T
        return np.where((ups == 1) & (downs == 1), 0.0, np.maximum(found, 0.0))


class Rest:
    """The objective at w = 0 with the best intercept, and its gradient there, from rows that come in blocks.

    Attributes
    ----------
    size : ndarray of shape (1,) or (K,)
        How far the objective at w = 0 with the best intercept is above the least that the losses can be, which is 0 but
        for Poisson. Where that is nothing, as with targets that are all the same, the same with an intercept of 0.
    least : ndarray of shape (1,) or (K,)
        The weighted sum of the least that they can be.
    steepest : ndarray of shape (1,) or (K,)
        Largest entry of the gradient at w = 0; only where `steep` asks for it, which reads X.
    """

    def __init__(self, loss: Loss, fit_intercept: bool, *, steep: bool) -> None:
        self.loss, self.fit_intercept, self.steep = loss, fit_intercept, steep
        self.size = self.least = self.steepest = np.zeros(1)
        self._parts: list[tuple[Array, Array]] = []
        self._near, self._cross = np.zeros(0), np.zeros((0, 0))

    def add(self, samples: Any) -> None:
        y, s = _columns(samples)
        self._parts.append((y, s))
        if not self.steep:
            return
        # Slopes at the best intercept of the first block: at that of all blocks they are a multiple of these and a
        # constant, for classes, squared error and Poisson; and nearly so for the other losses
        first = len(self._parts) == 1
        if first:
            self._near = self._intercept(y, s)
        s, slopes = np.broadcast_arrays(s, self._slopes(y, self._near))
        cross = adjoint(samples.storage, np.hstack([s * slopes, s]))
        self._cross = cross if first else self._cross + cross

    def finish(self, total: Any) -> None:
        y, s = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        if self.loss.classifies:
            y, s = _two_rows(y, s)
        b = self._intercept(y, s)
        y, s, eta = np.broadcast_arrays(y, s, b)
        with np.errstate(all="ignore"):
            nothing = np.zeros(y.shape)
            self.least = np.zeros(y.shape[1])
            if self.loss.domain == "count":  # all others come down to 0
                self.least = -_weighted(s, self.loss.conjugates(y, nothing))
            best = zero = _weighted(s, self.loss.values(y, eta)) - self.least
            if self.loss.domain != "real" or not best.all():
                zero = _weighted(s, self.loss.values(y, nothing)) - self.least
            rounding = 0.0 if self.loss.domain == "real" else 8 * EPS
            self.size = np.where(best > rounding * zero, best, np.maximum(zero, 0.0)) / total
            if self.steep:
                self.steepest = np.abs(self._gradient(y, s, b)).max(axis=0, initial=0.0) / total

    def nothing(self, total: float) -> float:
        """The objective with coefficients and an intercept of zero, the mean over settings' own targets."""
        sums = [_weighted(s, self.loss.values(*np.broadcast_arrays(y, np.zeros((1, 1))))) for y, s in self._parts]
        return float(np.mean(np.sum(sums, axis=0))) / total

    def _gradient(self, y: Array, s: Array, b: Array) -> Array:
        """X'S u of the slopes u at b, (p, K), as the combination of those that were summed."""
        cross, ones = np.split(self._cross, 2, axis=1)
        if np.array_equal(b, self._near):
            return cross
        near, u, weight = self._slopes(y, self._near), self._slopes(y, b), s.sum(axis=0)
        near_mean, mean = _weighted(s, near) / weight, _weighted(s, u) / weight
        near = near - near_mean
        factor = _weighted(s, near * (u - mean)) / _weighted(s, near * near)
        factor = np.where(np.isfinite(factor), factor, 0.0)
        return factor * cross + (mean - factor * near_mean) * ones

    def _slopes(self, y: Array, b: Array) -> Array:
        return self.loss.slopes(*np.broadcast_arrays(y, b))

    def _intercept(self, y: Array, s: Array) -> Array:
        return best_intercept(y, s, self.loss) if self.fit_intercept else np.zeros(max(y.shape[1], s.shape[1]))

    def of(self, which: slice, K: int) -> Rest:
        """The same for some of K settings."""
        part = Rest(self.loss, self.fit_intercept, steep=self.steep)
        part.size, part.least, part.steepest = (
            np.broadcast_to(v, (K,))[which] for v in (self.size, self.least, self.steepest)
        )
        return part


def best_intercept(y: Array, s: Array, loss: Loss, eta: Array | None = None) -> Array:
    """The b that minimize sum_i s_i l(y_i, eta_i + b), to rounding; one for each column.

    Parameters
    ----------
    y : ndarray of shape (n,), (n, 1) or (n, K)
        In the coding of the loss.
    s : ndarray of shape (n,), (n, 1) or (n, K)
        Weights, not negative.
    eta : ndarray of shape (n, K), optional
        Predictions without an intercept; zero if not given.

    Returns
    -------
    ndarray of shape (K,)
        Where there is no least value but a limit, as with a single class, a b with which the sum is that limit in
        float64. Where several are best, one of them.
    """
    y, s = _two_d(y), _two_d(s)
    if eta is None and loss.classifies:
        y, s = _two_rows(y, s)
    eta = np.zeros((1, 1)) if eta is None else eta
    y, s, eta = np.broadcast_arrays(y, s, eta)
    with np.errstate(all="ignore"):
        if loss.name == "squared_error":
            weight = s.sum(axis=0)
            b = _weighted(s, y - eta) / weight
            b = b + _weighted(s, y - eta - b) / weight
        elif loss.name == "poisson":
            top = np.where(s > 0, eta, -np.inf).max(axis=0)
            b = np.maximum(np.log(_weighted(s, y) / _weighted(s, np.exp(eta - top))), -_FAR) - top
        else:
            b = _zero_of(lambda b: _weighted(s, loss.slopes(y, eta + b)), *_bracket(y, s, loss, eta))
    return np.where(np.isfinite(b), b, 0.0)


def _bracket(y: Array, s: Array, loss: Loss, eta: Array) -> tuple[Array, Array]:
    """Two b (K,) of which the sum of slopes is zero or less at one and zero or more at the other."""
    live, positive = s > 0, y > 0

    def ends(v: Array, of: Array) -> tuple[Array, Array]:
        return np.where(of, v, np.inf).min(axis=0), np.where(of, v, -np.inf).max(axis=0)

    if not loss.classifies:
        return ends(y - eta, live)
    if loss.name == "log_loss":
        # the log-odds, if all predictions were as the lowest, or as the highest
        odds = np.log(_weighted(s, positive)) - np.log(_weighted(s, ~positive))
        low, high = ends(eta, live)
        odds = np.clip(odds, -_FAR, _FAR)
        return odds - high, odds - low
    # where one class has no loss left, and where the other
    low = ends(-loss.parameter - eta, live & ~positive)[0]
    high = ends(loss.parameter - eta, live & positive)[1]
    low, high = np.where(np.isinf(low), high, low), np.where(np.isinf(high), low, high)
    return np.minimum(low, high), np.maximum(low, high)


def _zero_of(f: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where increasing functions f (K,) change their sign between low and high, by Chandrupatla's method.

    Advances in Engineering Software 28 (1997) 145: inverse quadratic interpolation where it can be trusted, else
    halving, which also serves functions with jumps.
    """
    a, b, fa, fb = high, low, f(high), f(low)
    c, fc, t = b, fb, np.full(a.shape, 0.5)
    # an end that is as good as any
    best = np.where(fa <= 0, a, b)
    open_ = (fa > 0) & (fb < 0)
    least = 1e-25 * np.maximum(np.abs(low), np.abs(high))
    for _ in range(200):
        if not open_.any():
            break
        x = a + t * (b - a)
        fx = np.where(open_, f(np.where(open_, x, best)), 0.0)
        same = (fx > 0) == (fa > 0)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        near = np.where(np.abs(fa) < np.abs(fb), a, b)
        best = np.where(open_, near, best)
        tol = (2 * EPS * np.abs(near) + least) / np.abs(b - c)
        open_ = open_ & (fx != 0) & (tol <= 0.5)
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        bold = (phi * phi < xi) & ((1 - phi) ** 2 < 1 - xi)
        step = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        t = np.clip(np.where(bold, step, 0.5), tol, 1 - tol)
    return best


def _two_d(v: Array) -> Array:
    return v[:, None] if v.ndim == 1 else v


def _columns(samples: Any) -> tuple[Array, Array]:
    """Targets and weights as columns of their own: a caller may fill its arrays anew."""
    return _two_d(samples.y), _two_d(samples.s).copy()


def _two_rows(y: Array, s: Array) -> tuple[Array, Array]:
    """The two classes as rows, with the weights of all that have them."""
    return np.array([[-1.0], [1.0]]), np.array([_weighted(s, y < 0), _weighted(s, y > 0)])


def _weighted(s: Array, v: Array) -> Array:
    """Sums of s v over the rows, (K,); a row without weight is none."""
    return np.where(s == 0, 0.0, s * v).sum(axis=0)


def _violation(g: Array, w: Array, l1: Array, l2: Array) -> Array:
    """(K,): the largest distance of g - l2 w from l1 times the sign of w, or from all between where w is zero."""
    rest = g - l2 * w
    off = np.where(w == 0, np.maximum(np.abs(rest) - l1, 0.0), np.abs(rest - l1 * np.sign(w)))
    return off.max(axis=1, initial=0.0)


def _penalty_gap(g: Array, w: Array, l1: Array, l2: Array) -> Array:
    """(K,): sum_j h(w_j) + h*(g_j) - g_j w_j, h = l1 |w| + l2 w^2 / 2; inf where l1 alone does not hold g."""
    over = np.sign(g) * np.maximum(np.abs(g) - l1, 0.0)
    curved = np.square(over - l2 * w) / (2.0 * l2)
    # beyond l1 by rounding, where g was scaled to it
    curved = np.where(l2 > 0, curved, np.where(np.abs(over) <= 4 * EPS * l1, 0.0, np.inf))
    return (curved + np.maximum(l1 * np.abs(w) - (g - over) * w, 0.0)).sum(axis=1)


def _conjugate_sums(loss: Loss, y: Array, s: Array, U: Array, ups: Array, downs: Array) -> Array:
    """(m, K): sums of s l*(f u), f = ups where u > 0 and downs elsewhere; of numbers at y = 0, as `account` has it."""
    if loss.domain == "real":
        y = np.zeros((1, 1))
    y, s = np.broadcast_to(y, U.shape), np.broadcast_to(s, U.shape)

    def part(start: int, stop: int) -> Array:
        own, sums = slice(start, stop), np.zeros(ups.shape)
        _kernel.conjugate_sums(loss.kind, loss.parameter, y[own], s[own], U[own], ups, downs, sums)
        return sums

    total = np.zeros(ups.shape)
    size = len(ups) * U.size
    for sums in _interrupt.run(over_chunks, part, len(U), _PER_LOSS * size, work=_FLOPS * size):
        total += sums
    return total


def adjoint(storage: Any, R: Array) -> Array:
    """X'R, (p, c)."""
    G = np.zeros((storage.p, R.shape[1]), order="F")
    if storage.p:
        storage.sweep(np.zeros(storage.p), np.ones(storage.n), 1.0, None, np.asfortranarray(R), G)
    return G


def _sweep(
    storage: Any,
    loss: Loss,
    W: Array,
    b: Array,
    y: Array,
    s: Array,
    U: Array,
    sums: Array,
    G: Array,
) -> None:
    """U <- slopes at b + X W', sums and G (1 or 2, K, p) += those of the rows; X is read once."""
    (K, p), sides = W.shape, len(G)
    law, columns = (loss.kind, loss.parameter), W.T
    zeros, few = np.zeros(p), K <= _FEW or p == 0

    def dense(own: slice, mine: Array, lines: Array) -> None:
        _kernel.sweep_dense(*law, storage.X[own], zeros, W, b, y[own], s[own], U[own], mine, lines)

    def many(own: slice, mine: Array, lines: Array) -> None:
        """By BLAS: blocks of rows are multiplied twice while they are in cache."""
        step = max(_ROWS, _BLOCK_BYTES // (8 * p))
        for i in range(own.start, own.stop, step):
            part = slice(i, min(own.stop, i + step))
            rows = storage.X[part].T.astype(np.float64, order="F", copy=False)
            eta = product(rows, columns, transposed=True)
            eta += b
            SU = np.empty((len(eta), len(lines)), order="F")
            _kernel.account_for(*law, y[part], s[part], eta, U[part], mine, SU)
            lines += product(rows, SU).T

    def compressed(own: slice, mine: Array, lines: Array) -> None:
        where = storage.data, storage.indices, storage.indptr[own.start : own.stop + 1]
        scratch, across = np.empty(8 * K), np.zeros(lines.shape[::-1])
        _kernel.sweep_sparse(*law, *where, rows, b, y[own], s[own], U[own], mine, across, scratch)
        lines += across.T

    entries = _PER_LOSS * U.size
    if storage.sparse:
        rows, way = np.ascontiguousarray(columns), compressed
        # a chunk's own sums must cost little beside its products
        entries += _PER_VALUE * K * storage.nnz
        entries = min(entries, storage.nnz * WORTH_A_THREAD // (_ROWS // 4 * sides * max(1, p)))
    else:
        way = dense if few else many
        entries += storage.n * p * max(1, K // _FEW)

    def part(start: int, stop: int) -> tuple[Array, Array]:
        mine, lines = np.zeros(sums.shape), np.zeros((sides * K, p))
        way(slice(start, stop), mine, lines)
        return mine, lines

    with contextlib.nullcontext() if few or storage.sparse else one_blas_thread():
        products = SCATTERED * storage.nnz if storage.sparse else 4.0 * storage.n * p
        work = K * products + _FLOPS * U.size
        found = _interrupt.run(over_chunks, part, storage.n, entries, least=_ROWS * sides, work=work)
    for mine, lines in found:
        sums += mine
        G += lines.reshape(G.shape)
