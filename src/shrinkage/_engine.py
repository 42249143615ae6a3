"""The engine of the elastic net: at decreasing lambdas, which columns are solved, and when the answer is proved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ._algebra import product, symmetric
from ._design import Design, affordable
from ._problem import GAP, HELD, Measures, Problem
from ._ridge_system import Array
from ._working_set import ColumnSet, Descent, WorkingSet, products_of

#: Alphas of a path that are solved before all columns are looked at, at first.
_FIRST = 4
#: Coefficients of all features at all of them that are held at a time.
_BLOCK = 4 << 20
#: Columns that may always join the working set together.
_JOIN = 100
#: Rows per feature from which one Gram matrix of all features is cheaper than many of a few.
_TALL = 4
#: Features up to which it is anyway.
_NARROW = 200
#: Share of the tolerance that the working set's own gap may take.
_INNER = 0.3
#: Bytes of columns that are copied for coordinate descent, and how often it goes over all of them.
_COPY, _SWEEPS = 1 << 29, 12
#: One in so many signs may still change where extrapolation begins, and where most of them are known.
_CALMER, _SETTLED = 50, 400
#: Columns that move from which descent goes on to the end, and rounds of it with an extrapolation, at most.
_MANY, _ROUNDS = 400, 12
#: A lambda at which everything penalized is zero, its products with weights still being finite.
_ENDLESS = 1e100
#: Attempts at one alpha, with more columns each time, before what there is must do.
_ATTEMPTS = 200


def takes_gram(design: Design) -> bool:
    """Whether one Gram matrix of all features is cheaper than those of working sets."""
    p = design.p
    return 0 < p <= max(_NARROW, design.n // _TALL) and affordable(40.0 * p * p)


def whole_gram(design: Design) -> Array:
    """Z'Z of all features, both triangles."""
    return symmetric(design.gram())


class Engine:
    """Solves one problem at decreasing lambdas, each starting from the one before."""

    def __init__(
        self, problem: Problem, tol: float, start: Array | None = None, *, gram: Array | None = None,
        given: Array | None = None, small: bool = False,
    ) -> None:  # fmt: skip
        """`gram` is Z'Z, where it is known already; `given` what the caller says that it is; `small`: do without."""
        self.problem, d = problem, problem.design
        self.tol = tol * problem.size
        tall = gram is not None or given is not None or (takes_gram(d) and not small)
        if given is not None:
            gram = given
        elif tall and gram is None:
            gram = whole_gram(d)
        self.set: ColumnSet | WorkingSet
        if not tall and ColumnSet.suits(problem, tol):
            self.set = ColumnSet(problem)
        else:
            self.set = WorkingSet(problem, gram=gram, exact=given is None)
        self.passes = self.restarts = 0
        self.descended = False
        self.before: float | None = None
        #: Columns, coefficients and their proof, where `approach` has gone to the end.
        self.solution: tuple[Array, Array, Measures] | None = None
        nonzero = np.zeros(0, np.intp) if start is None else np.flatnonzero(rows_used(start))
        if not tall:
            # what L2 alone penalizes always moves
            smooth = (problem.l1 == 0) & (problem.lower < problem.upper) & (problem.diagonal > 0)
            self.set.add(np.union1d(np.flatnonzero(smooth), nonzero).astype(np.intp))
        if start is not None:
            start = np.clip(start.T, problem.lower, problem.upper).T
            self.set.set(start[self.set.which])
        elif len(problem.free):
            self._null()
        #: Z'r at the last solution
        self.correlation = problem.cross
        if start is not None or len(problem.free):
            W = self.set.full(self.set.w[: len(self.set)].reshape(-1, problem.t))
            if problem.known_by_moments:
                self.correlation = problem.cross - problem.solution(product(self.set.gram(), W), 0)
                return
            R = problem.residuals(W)
            if start is not None and not 0.5 * float(d.square_sum(R).sum()) <= problem.size:
                # digits that a bad start costs do not come back
                self.set.set(np.zeros_like(self.set.w[: len(self.set)]))
                return
            self.correlation = problem.solution(problem.gradient(R), 0)
            self.passes += 1

    def _null(self) -> None:
        """The fit of the features that nothing penalizes."""
        assert isinstance(self.set, WorkingSet)
        if self.problem.t > 1:
            own = np.flatnonzero(np.isin(self.set.which, self.problem.free))
            w = np.zeros_like(self.set.w[: len(self.set)])
            w[own] = np.linalg.lstsq(self.set.G[np.ix_(own, own)], self.set.c[own], rcond=1e-14)[0]
            self.set.set(w)
            return
        l1 = self.set.l1.copy()
        held = np.isin(self.set.which, self.problem.free, invert=True)
        self.set.l1[: len(held)][held] = HELD
        self.set.solve(np.ones(1), _INNER * self.tol)
        self.set.l1[:] = l1

    def gram(self) -> Array:
        """That of the columns of the solutions."""
        if self.solution is not None:
            return products_of(self.problem, self.solution[0])
        return self.set.gram()

    def how(self) -> tuple[str, str]:
        """The solver, and why."""
        p = self.problem.design.p
        if self.solution is not None:
            return "coordinate_descent", f"the Gram matrix of {len(self.solution[0])} of {p} features would cost more"
        if isinstance(self.set, ColumnSet):
            return "coordinate_descent", f"a sparse X; {self._columns()}"
        if self.descended:
            return "active_set", f"coordinate descent had become slow; {self._columns()}"
        return "block_descent" if self.problem.t > 1 else "active_set", self._columns()

    def _columns(self) -> str:
        p = self.problem.design.p
        if self.set.whole:
            return "one Gram matrix of all features" if self.set.exact else "the Gram matrix that was given"
        return f"a working set of {len(self.set)} of {p} features"

    def largest(self) -> float:
        """The smallest lambda at which every penalized coefficient is zero."""
        return float(self.problem.entering(_norm(self.correlation)).max(initial=0.0))

    def approach(self, lam: float) -> bool:
        """Coordinate descent from zero at a single lambda; whether that was worth it.

        It finds most of the signs, and where what moves is many columns or sparse ones, whose Gram matrix would cost
        more, it goes on to the end.
        """
        P, d, stop = self.problem, self.problem.design, self.set.stop
        sparse = d.storage.sparse
        usable = (P.diagonal > 0) & (P.lower < P.upper)
        pushed = usable & (self._size() >= lam)
        everywhere = d.p <= 2 * d.n or (sparse and np.count_nonzero(pushed) >= _MANY)
        wanted = usable if everywhere else pushed
        wanted[P.free] = True
        candidates = np.flatnonzero(wanted)
        if 8.0 * d.n * len(candidates) > _COPY and not P.in_place:
            return False
        descent, gap, m = Descent(P, candidates, stop), -1.0, len(candidates)
        w, tol = descent.w, 0.9 * self.tol
        epochs = descent.go(lam, tol, m // _CALMER, _SWEEPS, 0)[2]
        if everywhere and np.count_nonzero(w) >= _MANY and stop[0] == 0:
            _, gap, more = descent.go(lam, tol, m, 0, _ROUNDS)
            epochs += more
        else:
            epochs += descent.go(lam, tol, m // _SETTLED, _SWEEPS // 2, 0)[2]
        found = candidates[w != 0]
        if 0.0 <= gap <= self.tol:
            out = w[w != 0][:, None].copy(order="F")
            W = np.zeros((d.p, 1), order="F")
            W[found] = out
            proof = P.measure(W, P.residuals(W), np.array([lam]))
            self.passes += 1
            if proof.table[GAP, 0] <= self.tol:
                self.set.counts[0] = epochs
                self.solution = found.astype(np.intp), out[:, 0], proof
                return True
        if len(found) > 0.8 * d.n and not P.l2.any():
            return False
        self.set.add(found[np.isin(found, self.set.which, invert=True)].astype(np.intp))
        full = np.zeros(d.p)
        full[candidates] = w
        self.set.set(full[self.set.which])
        # the next product with X tells what is missing
        self.correlation = np.zeros(d.p)
        return True

    def _size(self) -> Array:
        """|Z'r| over the weight of |w|, the lambda at which a coordinate at zero would move."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.problem.l1 > 0, np.abs(_norm(self.correlation)) / self.problem.l1, 0.0)

    def run(self, lam: Array) -> Iterator[tuple[int, Array, Array, Measures, int]]:
        """Yields (k, columns, coefficients, measures, column of the measures) for lam[k] in turn."""
        P = self.problem
        lam = np.minimum(lam, _ENDLESS)
        if self.solution is not None:
            yield 0, *self.solution, 0
            return
        most = self._most()
        inner = _INNER * self.tol
        k, block, attempts = 0, most if self.set.whole else min(_FIRST, most), 0
        while k < len(lam):
            stop = min(len(lam), k + block)
            if not self.set.whole:
                self._grow(lam, k, stop)
            solved, out = self.set.solve(lam[k:stop], inner)
            if self.set.stop[0]:
                return  # another thread was interrupted
            if solved == 0 and isinstance(self.set, ColumnSet):
                most = self._assemble(self.set)
                continue
            count = out.shape[1] // P.t
            found = self.set.measure(out, lam[k : k + count], self.tol)
            self.passes += not self.set.whole
            good = 0
            while good < solved and found.table[GAP, good] <= self.tol:
                good += 1
            attempts += 1
            more = np.zeros(0, np.intp)
            after = P.solution(out, min(good, count - 1))
            if good < count and not self.set.whole:
                more = self._violators(found, after)
            if good == 0 and not len(more) and isinstance(self.set, ColumnSet):
                most = self._assemble(self.set)
                continue
            if good == 0 and isinstance(self.set, WorkingSet) and not self.set.exact:
                self.set.take(whole_gram(P.design))
                continue
            if good == 0 and not len(more) and P.t > 1 and solved > 0 and inner > 1e-4 * self.tol:
                inner *= 0.05  # the data say more of a gap than the Gram matrix
                continue
            if good == 0 and self.restarts < 1 and not found.table[GAP, 0] <= P.size:
                self.restarts += 1
                self.set.set(np.zeros_like(after))
                continue
            if good == 0 and (not len(more) or attempts > _ATTEMPTS):
                good = 1  # as near as it gets
                more = more[:0]
            for i in range(good):
                yield k + i, self.set.which, P.solution(out, i), found, i
            if good:
                attempts = 0
                self.correlation, self.before = P.solution(found.g, good - 1).copy(), float(lam[k + good - 1])
            found.forget()
            if good < stop - k:
                self.set.set(after)
                self.set.add(more)
                block = max(2, block // 2) if good < block // 2 else block
            else:
                block = min(most, 2 * block)
            k += good

    def _most(self) -> int:
        """Lambdas between two looks at all columns, at most."""
        return max(2, min(self.set.most, _BLOCK // max(1, self.problem.design.p * self.problem.t)))

    def _assemble(self, columns: ColumnSet) -> int:
        """Go on with the Gram matrix of the columns that move."""
        self.set, self.descended = columns.assembled(), True
        return self._most()

    def _grow(self, lam: Array, k: int, stop: int) -> None:
        """Columns that are likely to move between lam[k] and lam[stop - 1] (Tibshirani et al. 2012, strong rules)."""
        P, m = self.problem, len(self.set)
        size = self._size()
        size[self.set.which] = 0.0
        level = float(lam[stop - 1])
        if self.before is not None:
            level = min(level, max(2.0 * float(lam[k]) - self.before, 0.0))
        new = np.flatnonzero((size >= self.set.margin * level) & (P.lower < P.upper) & (P.diagonal > 0) & (size > 0))
        cap = max(_JOIN // 2, int(np.count_nonzero(rows_used(self.set.w[:m]))) // 2)
        self.set.add(new if isinstance(self.set, ColumnSet) else _largest(new, size, cap))

    def _violators(self, found: Measures, w: Array) -> Array:
        """Columns outside of the working set that should move."""
        l1 = self.problem.l1
        # beside their own penalty, so that units do not matter
        excess = np.where(l1 > 0, found.excess / np.where(l1 > 0, l1, 1.0), 0.0)
        excess[self.set.which] = 0.0
        new = np.flatnonzero(excess > 1e-10)
        cap = max(_JOIN, int(np.count_nonzero(rows_used(w))))
        return _largest(new, excess, cap)


def rows_used(w: Array) -> Array:
    """Which rows of coefficients are not zero."""
    return np.asarray(w != 0 if w.ndim == 1 else w.any(axis=1))


def _norm(g: Array) -> Array:
    """The norms of rows; numbers as they are."""
    return np.sqrt(np.einsum("ij,ij->i", g, g)) if g.ndim > 1 else g


def _largest(which: Array, size: Array, cap: int) -> Array:
    if len(which) <= cap:
        return which
    return np.sort(which[np.argpartition(-size[which], cap)[:cap]])
