"""The part of an elastic net that is solved at a time: a working set of columns.

Most coefficients are zero. The Gram matrix of a few more columns than are not is enough to solve the problem
(`WorkingSet`), and so are those columns of a sparse X as they lie (`ColumnSet`); one product of X with the residuals of
many lambdas tells whether they were enough.
"""

from __future__ import annotations

import numpy as np

from . import _interrupt
from ._algebra import product, square, symmetric
from ._design import check_memory
from ._kernels import active_set as _active_set
from ._kernels import blocks as _blocks
from ._kernels import coordinate as _coordinate
from ._problem import GAP, Measures, Problem
from ._ridge_system import Array
from ._storage import SCATTERED, TOGETHER

#: Solutions up to which a pass over a long X is worth its time where its Gram matrix is at hand.
_FEW = 1
#: Rounds of block coordinate descent at one lambda, at most.
_ROUNDS = 100_000
#: Rows of a factor beyond those that it can need.
_SPARE = 64
#: Rounds of coordinate descent at one lambda of a path, at most.
_DESCENTS = 12
#: Relative gaps that coordinate descent is not asked for.
_FINE = 1e-12


class _Dense:
    """Columns of Z as a matrix."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.count = problem, 0
        self.Z = np.zeros((problem.design.n, 0), order="F")

    def extend(self, which: Array, room: int) -> tuple[Array, Array]:
        """More columns, in memory for `room`: their products with those before and among themselves."""
        m, fresh = self.count, self.problem.columns(which)
        self.count += len(which)
        if self.count > self.Z.shape[1]:
            Z = np.empty((len(self.Z), room), order="F")
            Z[:, :m] = self.Z[:, :m]
            self.Z = Z
        self.Z[:, m : self.count] = fresh
        return product(self.Z[:, :m], fresh, transposed=True), symmetric(square(fresh))

    def times(self, out: Array) -> Array:
        return product(self.Z[:, : self.count], out)


class _Sparse:
    """Columns of S^1/2 X as a compressed matrix, and their means, which are not taken from it."""

    def __init__(self, problem: Problem) -> None:
        from scipy import sparse

        self.problem = problem
        self.A = sparse.csc_array((problem.design.n, 0))
        self.mean = np.zeros(0)

    def extend(self, which: Array, room: int) -> tuple[Array, Array]:
        from scipy import sparse

        d, X = self.problem.design, self.problem.design.storage.turned(rowwise=False)
        lengths = X.indptr[which + 1] - X.indptr[which]
        pointers = np.concatenate([[0], np.cumsum(lengths)])
        at = np.arange(pointers[-1]) + np.repeat(X.indptr[which] - pointers[:-1], lengths)
        rows, data = X.indices[at], X.data[at].astype(np.float64)
        if self.problem.root is not None:
            data *= self.problem.root[rows, 0]
        fresh, mean = sparse.csc_array((data, rows, pointers), shape=(d.n, len(which))), (d.mean - X.shift)[which]
        products = [(A.T @ fresh).toarray() for A in (self.A, fresh)]
        for G, left in zip(products, (self.mean, mean), strict=True):
            G -= d.total_weight * np.multiply.outer(left, mean)
        self.A, self.mean = sparse.hstack([self.A, fresh], format="csc"), np.concatenate([self.mean, mean])
        return products[0], products[1]

    def times(self, out: Array) -> Array:
        return np.asfortranarray(self.A @ out - np.einsum("j,jk->k", self.mean, out))


def _held(problem: Problem) -> _Dense | _Sparse:
    return _Sparse(problem) if problem.scattered else _Dense(problem)


def products_of(problem: Problem, which: Array) -> Array:
    """The Gram matrix of some columns of Z."""
    return _held(problem).extend(which, len(which))[1]


class Descent:
    """Coordinate descent on some columns of X, as they lie or copied (see `Problem.stored`), at zero to begin with."""

    def __init__(self, problem: Problem, which: Array, stop: Array) -> None:
        P, m, n = problem, len(which), problem.design.n
        self.problem, self.stop = problem, stop
        self.columns, self.s, self.whole = P.stored(which.astype(np.int32))
        self.w, self.v = np.zeros(m), self.whole.copy()
        self.l1, self.l2, self.squares, self.lower, self.upper = (
            np.ascontiguousarray(part[which]) for part in (P.l1, P.l2, P.diagonal, P.lower, P.upper)
        )
        self.memory = np.empty(7 * m), np.empty(7 * n), np.empty(m)
        entries = float(np.diff(self.columns[2])[which].sum()) if P.design.storage.sparse else 0.0
        #: What an epoch takes, in flops of dense work.
        self.work = SCATTERED * entries + 10.0 * n if entries else 2.0 * n * m

    def start(self, w: Array) -> None:
        """Go on from these coefficients."""
        self.w[:], self.v[:] = w, self.whole
        _coordinate.subtract(*self.columns, self.s, self.w, self.v)

    def go(self, lam: float, tol: float, calm: int, sweeps: int, rounds: int) -> tuple[int, float, int]:
        """Signs that changed in the last epoch over all columns, the gap among them or -1, epochs."""
        P, (past, past_v, g) = self.problem, self.memory
        return _interrupt.run(
            _coordinate.descend, *self.columns, self.s, P.design.total_weight, self.squares, lam * self.l1,
            lam * self.l2, self.lower, self.upper, P.size, calm, sweeps, tol, rounds, self.w, self.v, past, past_v, g,
            self.stop, work=6.0 * self.work * (sweeps + rounds), stop=self.stop,
        )  # fmt: skip


class _Set:
    """Some columns, their coefficients and counts of what was done.

    Attributes
    ----------
    which : ndarray of int
        The columns, in the order they came.
    w : ndarray of shape (len(which) or more,), of several targets (len(which) or more, t)
        Their coefficients.
    counts : ndarray of shape (7,)
        Checks or epochs of coordinate descent; of a `WorkingSet` also columns that came and went, systems, slides,
        factorizations.
    """

    w: Array

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.which = np.zeros(0, np.intp)
        self.counts = np.zeros(7, np.int64)
        self.stop = np.zeros(1, np.int32)

    def __len__(self) -> int:
        return len(self.which)

    def full(self, out: Array) -> Array:
        """Coefficients of all features."""
        W = np.zeros((self.problem.design.p, out.shape[1]), order="F")
        W[self.which] = out
        return W


class ColumnSet(_Set):
    """Columns of a sparse X where they are, for coordinate descent from one lambda to the next.

    It ends where descent is slow, which the Gram matrix is not: `slow` then, and nothing more is solved.
    """

    whole, exact = False, True
    #: More columns cost little: those go along that may move a little later too, however many they are.
    margin = 0.8
    #: Lambdas between two looks at all columns, at most: what a pass over a sparse X takes at a time.
    most = TOGETHER

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.w, self.slow = np.zeros(0), False
        #: The lambda from which on nothing moves, as `Engine.largest` has it, to the bit.
        self.top = float(problem.entering(problem.cross).max(initial=0.0))

    @staticmethod
    def suits(problem: Problem, tol: float) -> bool:
        """Whether this is the set to begin with."""
        one = problem.t == 1 and problem.scattered and not len(problem.free)
        # what L2 alone penalizes moves all the time, and with L2 degrees of freedom take the Gram matrix anyway
        return one and not problem.l2.any() and tol > _FINE

    def add(self, which: Array) -> None:
        """More columns, at zero."""
        self.which, self.w = np.concatenate([self.which, which]), np.concatenate([self.w, np.zeros(len(which))])

    def set(self, w: Array) -> None:
        """Start from these coefficients of the columns."""
        self.w[:] = w

    def gram(self) -> Array:
        """That of the columns."""
        return products_of(self.problem, self.which)

    def solve(self, lam: Array, tol: float) -> tuple[int, Array]:
        """(how many of lam were solved to the gap tol, coefficients of the columns at those and the next one)."""
        out = np.zeros((len(self.which), len(lam)), order="F")
        if self.slow:
            return 0, out[:, :1]
        descent = Descent(self.problem, self.which, self.stop)
        descent.start(self.w)
        for k, one in enumerate(lam):
            if one >= self.top and not self.w.any():
                continue
            _, gap, epochs = descent.go(float(one), tol, len(self.which), 0, _DESCENTS)
            self.counts[0] += epochs
            self.w[:] = out[:, k] = descent.w
            if not gap <= tol:  # nor is it where another thread was interrupted: nobody wants this any more
                self.slow = True
                return k, out[:, : k + 1]
        return len(lam), out

    def measure(self, out: Array, lam: Array, tol: float) -> Measures:
        """What the columns' coefficients prove, from the data."""
        P, d = self.problem, self.problem.design
        columns = P.stored(self.which.astype(np.int32))[0]
        R = np.repeat(d.Y[:, P.targets], out.shape[1], axis=1).copy(order="F")
        for w, r in zip(out.T, R.T, strict=True):
            _coordinate.subtract(*columns, np.empty(0), w, r)
        return P.measure(self.full(out), R, lam)

    def assembled(self) -> WorkingSet:
        """Those of the columns that move, with their Gram matrix."""
        new, moving = WorkingSet(self.problem), np.flatnonzero(self.w)
        new.add(self.which[moving])
        new.set(self.w[moving])
        new.counts, new.stop = self.counts, self.stop
        return new


class WorkingSet(_Set):
    """Some columns with their Gram matrix, coefficients and the factor of the active ones.

    Coefficients have the shape of `Problem.cross`, and no factor where there are several targets.
    """

    margin = 1.0
    most = 16
    G: Array
    L: Array
    c: Array
    l1: Array
    l2: Array
    lower: Array
    upper: Array
    q: Array
    indices: Array

    def __init__(self, problem: Problem, *, gram: Array | None = None, exact: bool = True) -> None:
        """`exact`: the Gram matrix is this package's own, and can prove what is solved with it."""
        super().__init__(problem)
        self.exact = exact
        self.state = np.zeros(2, np.int32)
        self._room(0 if gram is None else problem.design.p)
        self.whole = gram is not None
        self.held = _held(problem)
        if gram is not None:
            self.G[...] = gram
            if not exact:  # rounding of columns that do not vary
                dead = problem.diagonal == 0
                self.G[dead], self.G[:, dead] = 0.0, 0.0
            self._append(np.arange(problem.design.p))

    def _room(self, size: int) -> None:
        """Memory for so many columns, keeping what there is."""
        check_memory(16.0 * size * size, f"a working set of {size} columns")
        m, P = len(self.which), self.problem
        # without L2 no more columns are active than X has rows
        most = size if P.l2.any() else min(size, P.design.n + _SPARE)
        for name, order in (("G", size), ("L", most if P.t == 1 else 0)):
            old, new = getattr(self, name, None), np.zeros((order, order), order="F")
            if old is not None:
                new[: len(old), : len(old)] = old
            setattr(self, name, new)
        for name in ("c", "l1", "l2", "lower", "upper", "w", "q"):
            wide = P.t > 1 and name in ("c", "w", "q")
            longer = np.zeros((size, P.t), order="F") if wide else np.zeros(size)
            if m:
                longer[:m] = getattr(self, name)[:m]
            setattr(self, name, longer)
        indices = np.zeros((4, size), np.int32)
        indices[1] = -1
        if m:
            indices[:, :m] = self.indices[:, :m]
        self.indices = indices
        self.scratch, self.block = np.zeros((6, size)), np.zeros(32 * (size + 32))

    def _append(self, which: Array) -> None:
        P, part = self.problem, slice(len(self.which), len(self.which) + len(which))
        for name, values in (("c", P.cross), ("l1", P.l1), ("l2", P.l2), ("lower", P.lower), ("upper", P.upper)):
            getattr(self, name)[part] = values[which]
        self.w[part], self.q[part] = 0.0, 0.0
        self.indices[1, part], self.indices[2, part] = -1, 0
        self.which = np.concatenate([self.which, which])

    def add(self, which: Array) -> None:
        """More columns, at zero."""
        if not len(which):
            return
        m, total = len(self.which), len(self.which) + len(which)
        if total > len(self.c):
            self._room(max(64, total + total // 4))
        across, own = self.held.extend(which, len(self.c))
        self.G[:m, m:total] = across
        self.G[m:total, :m] = across.T
        self.G[m:total, m:total] = own
        self._append(which)

    def gram(self) -> Array:
        """That of the columns."""
        return self.G[: len(self.which), : len(self.which)]

    def take(self, gram: Array) -> None:
        """This package's own Gram matrix of all features, in the place of one with too few digits."""
        self.G[...] = gram
        self.exact = True
        self.state[:] = 0

    def solve(self, lam: Array, tol: float) -> tuple[int, Array]:
        """(how many of lam were solved to the gap tol, coefficients of the columns at those and the next one)."""
        m = len(self.which)
        if self.problem.t > 1:
            return self._solve_blocks(lam, tol)
        out, gaps = np.zeros((m, len(lam)), order="F"), np.empty(len(lam))
        # with L2 the factor is another at every lambda
        order = min(m, 3 * int(np.count_nonzero(self.w[:m])) + _SPARE)
        cubes = float(order) ** 3 if self.problem.l2.any() else 0.0
        work = len(lam) * (20.0 * float(m) ** 2 + cubes)
        solved = _interrupt.run(
            _active_set.solve, self.G, m, self.c, self.problem.square, self.l1, self.l2, self.lower, self.upper,
            np.ascontiguousarray(lam), tol, self.w, self.q, self.L, self.indices, self.state, self.scratch, self.block,
            out, gaps, self.counts, self.stop, work=work, stop=self.stop,
        )  # fmt: skip
        return solved, out[:, : solved + 1]

    def _solve_blocks(self, lam: Array, tol: float) -> tuple[int, Array]:
        m, t = len(self.which), self.problem.t
        out, past, scratch = np.zeros((m, t * len(lam)), order="F"), np.empty(7 * m * t), np.empty(t)
        for k, one in enumerate(lam):
            gap = _interrupt.run(
                _blocks.solve, self.G, m, self.c, self.problem.square, self.l1, self.l2, self.lower, self.upper,
                float(one), tol, _ROUNDS, self.w, self.q, past, scratch, self.counts, self.stop,
                work=200.0 * t * float(m) ** 2, stop=self.stop,
            )  # fmt: skip
            out[:, k * t : (k + 1) * t] = self.w[:m]
            if not gap <= tol:
                return k, out[:, : (k + 1) * t]
        return len(lam), out

    def set(self, w: Array) -> None:
        """Start from these coefficients of the columns."""
        self.state[1] = 2
        if not np.array_equal(self.w[: len(w)], w):
            self.w[: len(w)] = w
            self.state[:] = 0

    def measure(self, out: Array, lam: Array, tol: float) -> Measures:
        """What the columns' coefficients prove, from the data; of many solutions from the Gram matrix, if it can."""
        W = self.full(out)
        if self.whole and self.exact and (len(lam) > _FEW or self.problem.known_by_moments):
            found = self.problem.measure_moments(self.G, W, lam)
            if self.problem.known_by_moments or (found.table[GAP] <= tol).all():
                return found
        return self.problem.measure(W, self.residuals(out), lam)

    def residuals(self, out: Array) -> Array:
        """y - (X - mean) w for the columns' coefficients, in rows without weight as in the others."""
        P = self.problem
        if self.whole or P.root is not None:
            return P.residuals(self.full(out))
        return P.left(self.held.times(out))
