"""The elastic net in sum units: its data, its residuals and gradients, and what they prove of coefficients.

With Z = S^1/2 (X - mean) and lambda = W alpha the problem is

    minimize |y - Zw|^2 / 2 + lambda sum_j [ l1_j |w_j| + l2_j w_j^2 / 2 ],   lower_j <= w_j <= upper_j,

l1_j = rho v_j and l2_j = (1 - rho) v_j. In a multi-task problem y and w have t columns, |w_j| is the norm of a row, and
K solutions are held as K t columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._algebra import product
from ._kernels import gaps as _gaps
from ._ridge_system import EPS, Array, PivotedQR

#: |mean| / sd up to which a product with X less that of its mean keeps its digits.
_NEAR = 10.0
#: A penalty that keeps a coefficient at zero.
HELD = 1e200
#: Share of entries up to which columns of a sparse X are multiplied as such.
_SPARSE = 0.1
#: Share of the largest |z'y| up to which a penalty is so faint that rounding of gradients counts beside it.
_FAINT = 1e-8
#: Columns up to which a gap is sharpened.
_FEW_COLUMNS = 4096
#: Rows of `Measures.table`.
GAP, PENALTY, VIOLATION = range(3)

#: data, indices, indptr, which, mean of `_kernels.coordinate`
Columns = tuple[Array, Array, Array, Array, Array]


class Problem:
    """One target's elastic net, or the joint one of several.

    Attributes
    ----------
    t : int
        Columns of w: 1, or the number of targets that are solved jointly.
    l1, l2 : ndarray of shape (p,)
        Weights of |w| and w^2 / 2 at lambda = 1.
    lower, upper : ndarray of shape (p,)
        Bounds; both zero for excluded features.
    cross : ndarray of shape (p,) or (p, t)
        Z'y.
    square : float
        |y|^2.
    free : ndarray of int
        Features that nothing penalizes.
    known_by_moments : bool
        There are no rows: `measure_moments` alone can prove anything.
    """

    def __init__(
        self, design: Any, targets: slice, rho: float, factors: Array | None, scale: Array | None, lower: Array | None,
        upper: Array | None,
    ) -> None:  # fmt: skip
        self.design, self.targets, p = design, targets, design.p
        self.t = len(range(design.t)[targets])
        v = np.ones(p) if factors is None else factors
        kept = np.isfinite(v)
        size = np.ones(p) if scale is None else scale
        if scale is not None:
            kept &= scale > 0
        v = np.where(kept, v, 0.0)
        with np.errstate(over="ignore"):
            self.l1, self.l2 = np.minimum(rho * v * size, HELD), np.minimum((1.0 - rho) * v * size * size, HELD)
        if self.t > 1:  # rows of several have no bounds
            self.l1 = np.where(kept, self.l1, HELD)
        self.lower = np.where(kept, -np.inf if lower is None else lower, 0.0)
        self.upper = np.where(kept, np.inf if upper is None else upper, 0.0)
        self.diagonal = design.total_weight * np.square(design.scale)
        cross = design.cross[:, targets]
        self.cross = np.asfortranarray(cross) if self.t > 1 else np.ascontiguousarray(cross[:, 0])
        self.square = float(design.y_square[targets].sum())
        self.root = np.sqrt(design.s[: design.n])[:, None] if design.weighted else None
        self.free = np.flatnonzero((v == 0) & kept & (self.diagonal > 0))
        self.unbounded = unbounded = self.free[np.isinf(self.lower[self.free]) & np.isinf(self.upper[self.free])]
        #: X or X' as BLAS reads it, where products with it need no centring of their own
        self._plain = design.plain(_NEAR)
        self._free_columns: Array | None = None
        self.known_by_moments = design.storage is None
        if len(unbounded) and not self.known_by_moments:
            self._free_columns = PivotedQR(self.columns(unbounded)).Q

    @property
    def size(self) -> float:
        """The objective at w = 0."""
        return 0.5 * self.square

    def columns(self, which: Array) -> Array:
        """Those of Z, column-major."""
        Z = self.design.storage.columns(which)
        Z -= self.design.mean[which]
        if self.root is not None:
            Z *= self.root
        return np.asfortranarray(Z)

    def rooted(self, R: Array) -> Array:
        """S^1/2 R."""
        return R if self.root is None else self.root * R

    @property
    def scattered(self) -> bool:
        """Whether X is so sparse that products of its columns are better taken entry by entry."""
        storage = self.design.storage
        return storage is not None and storage.sparse and storage.nnz <= _SPARSE * storage.n * storage.p

    @property
    def in_place(self) -> bool:
        """Whether `stored` reads columns where they are."""
        storage = self.design.storage
        return bool(storage.sparse or (storage.X.flags.f_contiguous and self.design.near(_NEAR)))

    def stored(self, which: Array) -> tuple[Columns, Array, Array]:
        """Columns for coordinate descent: (data, indices, indptr, which of them, means), weights, and S y.

        Dense columns that lie scattered, or far from zero, are copied, centred and weighted.
        """
        d, y = self.design, self.design.Y[:, self.targets][:, 0]
        none, nowhere = np.empty(0), np.empty(0, np.int32)
        if not self.in_place:
            Z = self.columns(which)
            y = y.copy() if self.root is None else self.root[:, 0] * y
            own = np.arange(len(which), dtype=np.int32)
            return (Z.ravel(order="F"), nowhere, nowhere, own, np.zeros(len(which))), none, y
        s = d.s[: d.n] if d.weighted else none
        v = y.copy() if not d.weighted else s * y
        storage, mean = d.storage, d.mean
        if not storage.sparse:
            return (storage.X.ravel(order="F"), nowhere, nowhere, which, mean[which]), s, v
        X = storage.turned(rowwise=False)
        return (X.data, X.indices, X.indptr, which, (mean - X.shift)[which]), s, v

    def entering(self, g: Array) -> Array:
        """The lambda below which every coordinate leaves zero where the gradient is g (p,); 0 where it never does."""
        pushed = np.where(g > 0, np.where(self.upper > 0, g, 0.0), np.where(self.lower < 0, -g, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.l1 > 0, pushed / self.l1, 0.0)

    def residuals(self, W: Array) -> Array:
        """y - (X - mean) W, (n, K t)."""
        if self._plain is not None:
            X, transposed = self._plain
            fitted = product(X, W, transposed=not transposed) - np.einsum("j,jk->k", self.design.mean, W)
        else:
            fitted = self.design.apply(W)
        return self.left(fitted)

    def left(self, fitted: Array) -> Array:
        """y - fitted, (n, K t), in its memory."""
        y = self.design.Y[:, self.targets]
        return np.subtract(y if self.t == 1 else np.tile(y, fitted.shape[1] // self.t), fitted, out=fitted)

    def each(self, columns: Array) -> Array:
        """Sums over the columns of every solution, (K t,) to (K,)."""
        return columns if self.t == 1 else columns.reshape(-1, self.t).sum(axis=1)

    def solution(self, W: Array, k: int) -> Array:
        """The k-th in W (., K t), 1-D where it has one column."""
        return W[:, k] if self.t == 1 else W[:, k * self.t : (k + 1) * self.t]

    def gradient(self, R: Array) -> Array:
        """(X - mean)' S R."""
        d = self.design
        if self._plain is not None:
            weighted = d.s[: d.n, None] * R if d.weighted else R
            X, transposed = self._plain
            G = product(X, weighted, transposed=transposed)
            if d.fit_intercept:  # the residuals' own mean is rounding, and so is what this takes away
                G -= np.multiply.outer(d.mean, weighted.sum(axis=0))
            return G
        G = np.zeros((d.p, R.shape[1]), order="F")
        # where columns are solved as such they are at hand
        storage = d.storage.turned(rowwise=False) if self.scattered else d.storage
        storage.sweep(d.mean, d.s, 1.0, None, np.asfortranarray(R), G)
        return G

    def measure(self, W: Array, R: Array, lam: Array) -> Measures:
        """What residuals R = y - (X - mean) W, taken from the data, prove of the columns of W at each lam."""
        d = self.design
        loss = self.each(d.square_sum(R))
        g, square, lost = self.gradient(R), loss, np.zeros(len(lam))
        if self._free_columns is not None:
            Q = self._free_columns
            delta = Q @ (Q.T @ self.rooted(R))
            lost = self.each(np.square(delta).sum(axis=0))
            g -= d.adjoint_plain(self.rooted(delta))
            square = np.maximum(loss - lost, 0.0)
        found = self._tabled(W, g, lam, loss, square, lost)
        if self.t == 1:
            for k in np.flatnonzero(lam * self.l1.max(initial=0.0) <= _FAINT * np.abs(self.cross).max(initial=0.0)):
                self._sharpen(found, W[:, k], R[:, k], float(lam[k]), int(k))
        return found

    def _sharpen(self, found: Measures, w: Array, R: Array, lam: float, k: int) -> None:
        """A gap whose dual point is not shrunk for what is rounding beside a faint penalty, where that is smaller.

        Of the residuals the least is taken away that leaves the columns which move with just the gradient that they
        need. Without any penalty that is all columns, and the only bound there is.
        """
        a, b = lam * self.l1, lam * self.l2
        inside = (w > self.lower) & (w < self.upper)
        none = lam == 0.0 and not np.isfinite(np.concatenate([self.lower[inside], self.upper[inside]])).any()
        which = np.flatnonzero(inside & (self.diagonal > 0) & (none | (w != 0)))
        if not len(which) or len(which) > _FEW_COLUMNS or (not none and found.table[GAP, k] <= EPS * self.square):
            return
        Z, r = self.columns(which), self.rooted(R[:, None])[:, 0]
        goal = a[which] * np.sign(w[which]) + b[which] * w[which]
        factor = PivotedQR(Z)
        if none:
            delta = factor.Q @ (factor.Q.T @ r)
        elif factor.rank < len(which):
            return
        else:
            delta = factor.dual(Z.T @ r - goal)
        rest = r - delta
        g = found.g[:, k] - self.design.adjoint_plain(self.rooted(delta[:, None]))[:, 0]
        g[which] = goal
        lost, square = float(delta @ delta), float(rest @ rest)
        new = self._tabled(
            np.asfortranarray(w[:, None]), np.asfortranarray(g[:, None]), np.array([lam]), found.loss[k : k + 1],
            np.array([square]), np.array([lost if none else lost + 2.0 * (lost * square) ** 0.5]),
        )  # fmt: skip
        gap = float(new.table[GAP, 0])
        found.table[GAP, k] = max(gap, found.table[GAP, k]) if none else min(gap, found.table[GAP, k])

    def measure_moments(self, G: Array, W: Array, lam: Array) -> Measures:
        """The same from Z'Z and Z'y alone, where X is much longer than wide."""
        GW = product(G, W)
        cross = self.cross[:, None] if self.t == 1 else np.tile(self.cross, len(lam))
        g = cross - GW
        loss = np.maximum(self.square - self.each(((cross + g) * W).sum(axis=0)), 0.0)
        lost = np.zeros(len(lam))
        if len(self.unbounded):
            # |delta|^2 of the residuals' projection on the free columns, and what it takes from the gradient
            u = self.unbounded
            part = np.linalg.lstsq(G[np.ix_(u, u)], g[u], rcond=None)[0]
            lost = self.each(np.maximum((g[u] * part).sum(axis=0), 0.0))
            g = g - G[:, u] @ part
        found = self._tabled(W, np.asfortranarray(g), lam, loss, np.maximum(loss - lost, 0.0), lost)
        # without a penalty moments cannot tell a gap from rounding
        found.table[GAP, lam == 0.0] = np.inf
        return found

    def _tabled(self, W: Array, g: Array, lam: Array, loss: Array, square: Array, lost: Array) -> Measures:
        table, excess, scratch = np.empty((3, len(lam))), np.empty(self.design.p), np.empty((7, self.design.p))
        _gaps.measure(
            g, W, lam, self.l1, self.l2, self.lower, self.upper, self.diagonal, np.ascontiguousarray(square),
            self.size, scratch, table, excess,
        )  # fmt: skip
        table[GAP] += 0.5 * lost
        return Measures(table, excess, loss, g)


class Measures:
    """Gaps, penalties and violations (3, K), how far resting coordinates are from moving (p,), losses and gradients."""

    __slots__ = ("excess", "g", "loss", "table")

    def __init__(self, table: Array, excess: Array, loss: Array, g: Array) -> None:
        self.table, self.excess, self.loss, self.g = table, excess, loss, g

    def forget(self) -> None:
        """What is as long as X is wide."""
        self.g = self.excess = np.empty(0)
