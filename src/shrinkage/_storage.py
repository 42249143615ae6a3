"""How X is stored, and the products that solvers take with it: dense in C or F order, CSR or CSC.

Both kinds answer the same calls, centred by the means they are given: `moments`, `sweep` (X W and X'R in one read),
`gram`, `columns`, `rows`, `wide`. They trust their input; `_design` has checked it.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from . import _interrupt
from ._kernels import dense as _dense
from ._kernels import sparse as _sparse
from ._kernels import tiles as _tiles
from ._threads import WORTH_A_THREAD, over_chunks

#: Tiles that are packed for a product with many targets or for a Gram matrix stay in the third-level cache.
_SWEEP_BYTES = 8 << 20
_GRAM_BYTES = 16 << 20
#: Slabs whose products in a lower precision are added up in single precision, before they go into the double sum.
_RUN = 2
#: Targets up to which a pass over X multiplies as it reads, without BLAS.
_FEW = 6
#: Rows of X that a chunk must have for every array along its columns that the chunk sums into.
_ROWS = 32
#: |mean|/sd above which a sparse column without zeros is stored centred.
_FAR = 10.0
#: Entries of a dense X that take as long to read as a stored value of a sparse one.
_PER_VALUE = 4
#: Flops of dense work that take as long as one multiply-add at a scattered address.
SCATTERED = 60.0
#: Columns that a sparse X is multiplied with at a time: a line of cache holds eight doubles.
TOGETHER = 8
#: Columns that are faster one by one.
_ALONE = 2

Matrix = np.ndarray[Any, Any]
#: How a Gram matrix of a dense X is multiplied: 53 bits, 24 bits, or the 16 bits of the processor's matrix unit.
Precision = Literal["double", "single", "tiles"]


def _sum(parts: list[tuple[Matrix, ...]]) -> tuple[Matrix, ...]:
    """Entry by entry, the sums of the chunks' results in their order."""
    first, *rest = parts
    for part in rest:
        for total, term in zip(first, part, strict=True):
            total += term
    return first


class _Packed:
    """A slab of Z, centred and scaled, and its product by BLAS: step entries deep."""

    def __init__(self, order: int, depth: int, along: bool, kind: type) -> None:
        self.order, self.along = order, along
        self.step = min(depth, max(256, _GRAM_BYTES // (np.dtype(kind).itemsize * order)))
        self.tile: Matrix = np.empty(order * self.step, kind)
        self.sums = np.empty((1, 1) if kind is np.float64 else (order, order), np.float32, order="F")

    def pack(self, X: Matrix, mean: Matrix, column_scale: Matrix, row_scale: Matrix, rowwise: bool) -> None:
        outer, inner = X.shape if rowwise else X.shape[::-1]
        self.size = X.size // self.order

        def part(start: int, stop: int) -> None:
            own, run = slice(start, stop), self.tile[start * inner : stop * inner]
            if rowwise:
                _dense.pack(X[own], mean, column_scale, row_scale[own], run)
            else:
                _dense.pack(X[:, own], mean[own], column_scale[own], row_scale, run)

        over_chunks(part, outer, X.size)

    def add(self, out: Matrix, first: bool, last: bool) -> None:
        tile = self.tile[: self.order * self.size]
        args = (tile, self.size, self.along, first, last, out, self.sums)
        _interrupt.run(_dense.rank_update, *args, work=float(self.order) ** 2 * self.size)


class _Tiles:
    """A slab of Z in tiles for the processor's matrix unit, and its product there."""

    def __init__(self, order: int, depth: int, along: bool, kind: type) -> None:
        self.along, self.pairs, self.unit = along, -(-order // 32), _tiles.available()
        self.step = 256 * max(1, min(-(-depth // 256), max(4, _GRAM_BYTES // (8 * 256 * 32 * self.pairs))))
        runs = self.step // 256
        self.left, self.right = (_aligned((runs, self.pairs, 8, 2048), np.uint16) for _ in range(2))
        self.sums = _aligned((self.pairs, self.pairs, 1024), np.float32)
        # for every thread its lines; they do not lie a power of two apart, which caches dislike
        self.lines = (16, 256 * runs + 16) if along else (32, 32 * self.pairs + 16)
        self.spare: list[Matrix] = []

    def pack(self, X: Matrix, mean: Matrix, column_scale: Matrix, row_scale: Matrix, rowwise: bool) -> None:
        runs = -(-(X.shape[1] if rowwise == self.along else X.shape[0]) // 256)
        self.used = self.left[:runs], self.right[:runs]
        length = X.shape[1] if rowwise else X.shape[0]

        def part(start: int, stop: int) -> None:
            try:
                scratch = self.spare.pop()
            except IndexError:
                scratch = np.zeros(self.lines, np.float32)
            scratch[:, length:] = 0.0
            _tiles.split(X, mean, column_scale, row_scale, self.along, start, stop, self.unit, scratch, *self.used)
            self.spare.append(scratch)

        over_chunks(part, 2 * self.pairs if self.along else 8 * runs, X.size)

    def add(self, out: Matrix, first: bool, last: bool) -> None:
        def part(start: int, stop: int) -> None:
            _tiles.multiply(*self.used, start, stop, first, last, self.unit, self.sums, out)

        work = 0.25 * len(out) ** 2 * 256.0 * len(self.used[0])
        # a column and its mirror image make the same work for every thread
        _interrupt.run(over_chunks, part, (self.pairs + 1) // 2, int(work / 64), least=2, work=work)


def _aligned(shape: tuple[int, ...], dtype: type) -> Matrix:
    """Memory that starts at a cache line."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


class DenseStorage:
    """A dense X, C or F order, float32 or float64, and the products that solvers take with it."""

    sparse = False

    def __init__(self, X: Matrix) -> None:
        self.X = X
        self.n, self.p = X.shape
        self.single = X.dtype == np.float32
        self.rowwise = X.strides[1] == X.itemsize and not (X.strides[0] == X.itemsize and X.shape[1] == 1)
        self.layout = "C" if self.rowwise else "F"
        self.ones = np.ones(max(self.n, self.p))

    def moments(
        self, s: Matrix, total_weight: float, intercept: bool, SY: Matrix
    ) -> tuple[Matrix, Matrix, Matrix, bool]:
        """(mean, scale, (X - mean)' S Y, whether all of it is finite)."""
        p, t = self.p, SY.shape[1]
        # of the row that counts most: one without weight may lie far from the others
        shift = self.X[int(s[: self.n].argmax())].astype(np.float64) if intercept else np.zeros(p)
        few = SY if t <= _FEW else SY[:, :0]

        def part(start: int, stop: int) -> tuple[Matrix, Matrix, Matrix]:
            total, square, cross = np.zeros(p), np.zeros(p), np.zeros((p, few.shape[1]), order="F")
            _dense.moments(self.X[start:stop], shift, s[start:stop], few[start:stop], total, square, cross)
            return total, square, cross

        total, square, cross = _sum(over_chunks(part, self.n, self.X.size, least=_ROWS * (2 + few.shape[1])))
        finite = _dense.finish_moments(shift, total, square, total_weight, intercept)
        mean, scale = total, square
        if t > _FEW:
            cross = np.zeros((p, t), order="F")
            self.sweep(mean, self.ones, 1.0, None, np.array(SY, order="F"), cross)
        elif intercept:
            # sums were taken of X - shift: SY has mean zero up to rounding
            cross -= np.outer(mean - shift, SY.sum(axis=0))
        return mean, scale, cross, finite

    def sweep(self, mean: Matrix, s: Matrix, sign: float, W: Matrix | None, R: Matrix, G: Matrix | None) -> None:
        """R += sign (X - mean) W, then G += (X - mean)' S R; None leaves a half out."""
        p, t = self.p, R.shape[1]
        nothing = np.empty((0, t), order="F")
        W = nothing if W is None else W
        if t > _FEW:
            step = min(self.n, max(32, _SWEEP_BYTES // (8 * max(p, t))))
            scratch, weighted = np.empty(step * p), np.empty((step, t), order="F")
            G = nothing if G is None else G
            args = (self.X, mean, s, self.ones, sign, W, R, G, scratch, weighted, step)
            _interrupt.run(_dense.sweep_many, *args, work=4.0 * self.n * p * t)
            return

        def part(start: int, stop: int) -> tuple[Matrix]:
            own = nothing if G is None else np.zeros((p, t), order="F")
            _dense.sweep(self.X[start:stop], mean, s[start:stop], sign, W, R[start:stop], own)
            return (own,)

        (total,) = _sum(over_chunks(part, self.n, self.X.size * t, least=_ROWS * max(1, t)))
        if G is not None:
            G += total

    def gram(
        self, axis: int, mean: Matrix, column_scale: Matrix | None, row_scale: Matrix | None, precision: Precision
    ) -> Matrix:
        """Z'Z or ZZ', lower triangle; products in a lower `precision` than double are summed in float64."""
        order, depth = (self.p, self.n) if axis == 0 else (self.n, self.p)
        column_scale = self.ones[: self.p] if column_scale is None else column_scale
        row_scale = self.ones[: self.n] if row_scale is None else row_scale
        out = np.zeros((order, order), order="F")
        # whether X's contiguous lines run along the depth of the product
        along = self.rowwise == (axis == 1)
        make: Any = _Tiles if precision == "tiles" else _Packed
        product = make(order, depth, along, np.float64 if precision == "double" else np.float32)
        for k in range(0, depth, product.step):
            part = slice(k, min(depth, k + product.step))
            rows, columns = (part, slice(0, self.p)) if axis == 0 else (slice(0, self.n), part)
            product.pack(self.X[rows, columns], mean[columns], column_scale[columns], row_scale[rows], self.rowwise)
            turn = k // product.step % _RUN
            product.add(out, turn == 0, part.stop == depth or turn == _RUN - 1)
        return out

    def columns(self, which: Matrix) -> Matrix:
        """A column-major copy in double precision."""
        return self.X.T[which].T.astype(np.float64, order="F", copy=False)

    def not_zero(self, which: Matrix) -> Matrix:
        """Those of the columns `which` that may have an entry that is not zero."""
        return which

    def wide(self) -> Matrix:
        """X as a new float64 array."""
        return self.X.astype(np.float64)

    def rows(self, start: int, stop: int) -> DenseStorage:
        return DenseStorage(self.X[start:stop])

    def take(self, which: Matrix) -> DenseStorage:
        """A copy of these rows."""
        # along the lines of memory, not across them
        return DenseStorage(self.X.take(which, axis=0) if self.rowwise else self.X.T.take(which, axis=1).T)

    def suspects(self, test: Any) -> Any:
        rows = max(1, (1 << 20) // max(1, self.p))
        for i in range(0, self.n, rows):
            for r, j in np.argwhere(test(self.X[i : i + rows])):
                yield i + int(r), int(j), float(self.X[i + r, j])


class SparseStorage:
    """A sparse X, CSR or CSC with sorted unique indices. Columns without a zero, but in rows of weight 0, may be stored
    shifted by their mean.

    A column that has a zero cannot have a mean above sqrt(n) times its spread (all weights being equal), so implicit
    centring costs it few digits; one without can, and loses nothing when the stored values are centred instead.
    """

    sparse = True

    def __init__(self, data: Matrix, indices: Matrix, indptr: Matrix, shape: tuple[int, int], rowwise: bool) -> None:
        self.data, self.indices, self.indptr, self.rowwise = data, indices, indptr, rowwise
        self.n, self.p = shape
        self.single = data.dtype == np.float32
        self.layout = "csr" if rowwise else "csc"
        self.shift = np.zeros(self.p)
        self._other: SparseStorage | None = None

    @property
    def ndim(self) -> int:
        return 2

    @property
    def shape(self) -> tuple[int, int]:
        return self.n, self.p

    @property
    def nnz(self) -> int:
        return len(self.data)

    def _as_scipy(self) -> Any:
        from scipy import sparse

        make = sparse.csr_array if self.rowwise else sparse.csc_array
        return make((self.data, self.indices, self.indptr), shape=self.shape)

    def turned(self, rowwise: bool) -> SparseStorage:
        """The same matrix in the other storage, made once."""
        if rowwise == self.rowwise:
            return self
        if self._other is None:
            X = self._as_scipy()
            X = X.tocsr() if rowwise else X.tocsc()
            X.sort_indices()
            other = SparseStorage(X.data, X.indices, X.indptr, self.shape, rowwise)
            other.shift = self.shift
            self._other = other
        return self._other

    def multiply(self, V: Matrix, out: Matrix, sign: float = 1.0, adjoint: bool = False, square: bool = False) -> None:
        """out += sign X V, or X'V."""
        gathers = self.rowwise != adjoint
        for start in range(0, V.shape[1], TOGETHER):
            part, total = V[:, start : start + TOGETHER], out[:, start : start + TOGETHER]
            t = part.shape[1]
            if gathers and _ALONE < t < TOGETHER:  # eight take as long
                wide, sums = np.zeros((len(V), TOGETHER)), np.zeros((len(out), TOGETHER))
                wide[:, :t] = part
                self._multiply(wide, sums, sign, adjoint, square)
                total += sums[:, :t]
            else:
                self._multiply(np.ascontiguousarray(part), total, sign, adjoint, square)

    def _multiply(self, V: Matrix, out: Matrix, sign: float, adjoint: bool, square: bool) -> None:
        X, majors, t = (self.data, self.indices), len(self.indptr) - 1, V.shape[1]
        work, entries = SCATTERED * self.nnz * t, _PER_VALUE * self.nnz * t

        def gather(start: int, stop: int) -> None:
            _sparse.gather(*X, self.indptr[start : stop + 1], square, sign, V, out[start:stop])

        def scatter(start: int, stop: int) -> tuple[Matrix]:
            own = np.zeros(out.shape)
            _sparse.scatter(*X, self.indptr[start : stop + 1], square, sign, V[start:stop], own)
            return (own,)

        if self.rowwise != adjoint:
            _interrupt.run(over_chunks, gather, majors, entries, work=work)
            return
        # a chunk's own sums must cost little beside its products
        entries = min(entries, self.nnz * WORTH_A_THREAD // (_ROWS // 4 * max(1, len(out))))
        out += _sum(_interrupt.run(over_chunks, scatter, majors, entries, work=work))[0]

    def moments(
        self, s: Matrix, total_weight: float, intercept: bool, SY: Matrix
    ) -> tuple[Matrix, Matrix, Matrix, bool]:
        total, square, cross = self._sums(s, SY)
        if intercept and self._shift_full_columns(total, square, s):
            total, square, cross = self._sums(s, SY)
        offset = total / total_weight if intercept else np.zeros(self.p)
        mean = self.shift + offset
        with np.errstate(invalid="ignore"):
            scale = np.sqrt(np.maximum(square / total_weight - offset * offset, 0.0))
        cross -= np.outer(offset, SY.sum(axis=0))
        return mean, scale, np.asfortranarray(cross), math.isfinite(total.sum() + square.sum())

    def _sums(self, s: Matrix, SY: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        both, square = np.zeros((self.p, 1 + SY.shape[1])), np.zeros((self.p, 1))
        weights = np.ascontiguousarray(s[: self.n, None])
        self.multiply(np.ascontiguousarray(np.hstack([weights, SY])), both, adjoint=True)
        self.multiply(weights, square, adjoint=True, square=True)
        return both[:, 0].copy(), square[:, 0], both[:, 1:]

    def _shift_full_columns(self, total: Matrix, square: Matrix, s: Matrix) -> bool:
        weight = s[: self.n].sum()
        mean = total / weight
        with np.errstate(invalid="ignore"):
            far = mean * mean > _FAR**2 * (square / weight - mean * mean)
        if not far.any():
            return False
        major = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        row, column = (major, self.indices) if self.rowwise else (self.indices, major)
        counts, live = self._stored(), s[: self.n] > 0
        # in rows without weight entries may be absent, as long as there are not too many to be stored
        here = live[row]
        full = far & (np.bincount(column[here], minlength=self.p) == np.count_nonzero(live))
        far = full if (self.n - counts[full]).sum() <= self.nnz else full & (counts == self.n)
        if not far.any():
            return False
        # constant columns are shifted by their very value, which leaves zeros and not rounding
        value = np.zeros(self.p)
        value[column[here]] = self.data[here]
        varies = np.zeros(self.p, bool)
        varies[column[here][self.data[here] != value[column[here]]]] = True
        shift = np.where(far, np.where(varies, mean, value), 0.0)
        self.data = self.data - shift[column]  # float64, so that float32 data lose nothing
        self.shift = self.shift + shift
        self.single, self._other = False, None
        holes = np.flatnonzero(far & (counts < self.n))
        if len(holes):
            self._fill(holes, -shift, row, column)
        return True

    def _fill(self, holes: Matrix, values: Matrix, row: Matrix, column: Matrix) -> None:
        """Store the absent entries of the columns `holes`, each column's being its entry of `values`."""
        from scipy import sparse

        stored, own = np.zeros((self.n, len(holes)), bool), np.isin(column, holes)
        stored[row[own], np.searchsorted(holes, column[own])] = True
        absent, which = np.nonzero(~stored)
        rows, columns = np.concatenate([row, absent]), np.concatenate([column, holes[which]])
        data = np.concatenate([self.data, values[holes[which]]])
        X = sparse.coo_array((data, (rows, columns)), shape=self.shape)
        X = X.tocsr() if self.rowwise else X.tocsc()
        X.sort_indices()
        self.data, self.indices, self.indptr = X.data, X.indices, X.indptr

    def sweep(self, mean: Matrix, s: Matrix, sign: float, W: Matrix | None, R: Matrix, G: Matrix | None) -> None:
        mean = mean - self.shift
        s = s[: self.n]
        if W is not None:
            self.multiply(W, R, sign)
            R -= sign * (mean @ W)
        if G is not None:
            weighted = s[:, None] * R
            self.multiply(weighted, G, adjoint=True)
            for g, total in zip(G.T, weighted.sum(axis=0), strict=True):
                g -= mean * total

    def gram(
        self, axis: int, mean: Matrix, column_scale: Matrix | None, row_scale: Matrix | None, precision: Precision
    ) -> Matrix:
        mean = mean - self.shift
        order = self.p if axis == 0 else self.n
        rows = np.ones(self.n) if row_scale is None else np.ascontiguousarray(row_scale[: self.n])
        columns = np.ones(self.p) if column_scale is None else column_scale
        out, stop = np.zeros((order, order), order="F"), np.zeros(1, np.int32)
        major, minor = (rows, columns) if axis == 0 else (columns, rows)
        X = self.turned(rowwise=axis == 0)
        work = SCATTERED * self.gram_work(axis)
        _interrupt.run(_sparse.gram, X.data, X.indices, X.indptr, major, minor, out, stop, work=work, stop=stop)
        if mean.any():
            # Z = diag(r) (X - 1 m') diag(c): with u = (mean part of ZZ' or Z'Z), out - a b' - b a' restores centring
            if axis == 0:
                total = np.zeros((self.p, 1))
                self.multiply((rows * rows)[:, None].copy(), total, adjoint=True)
                a, b = total[:, 0] - 0.5 * mean * (rows @ rows), mean
                _sparse.centre(out, a * columns, b * columns)
            else:
                product = np.zeros((self.n, 1))
                self.multiply((columns * columns * mean)[:, None].copy(), product)
                a, b = product[:, 0] - 0.5 * ((columns * mean) @ (columns * mean)), np.ones(self.n)
                _sparse.centre(out, a * rows, b * rows)
        return out

    def gram_work(self, axis: int) -> float:
        """Multiplications of the Gram matrix over `axis`."""
        if (axis == 0) == self.rowwise:
            counts = np.diff(self.indptr)
        else:
            counts = np.bincount(self.indices, minlength=self.p if self.rowwise else self.n)
        return float(0.5 * (counts.astype(np.float64) ** 2).sum())

    def not_zero(self, which: Matrix) -> Matrix:
        which = which[self._stored()[which] > 0]
        if not len(which):
            return which
        column = self.indices if self.rowwise else np.repeat(np.arange(self.p), np.diff(self.indptr))
        has = np.zeros(self.p, bool)
        has[column[self.data != 0]] = True
        return which[has[which]]

    def _stored(self) -> Matrix:
        """Entries that each column has in storage."""
        return np.bincount(self.indices, minlength=self.p) if self.rowwise else np.diff(self.indptr)

    def wide(self) -> Matrix:
        return self._as_scipy().toarray().astype(np.float64) + self.shift

    def columns(self, which: Matrix) -> Matrix:
        X, out = self.turned(rowwise=False), np.zeros((self.n, len(which)), order="F")
        for k, j in enumerate(which):
            part = slice(X.indptr[j], X.indptr[j + 1])
            out[X.indices[part], k] = X.data[part]
        out += self.shift[which]
        return out

    def rows(self, start: int, stop: int) -> SparseStorage:
        X = self.turned(rowwise=True)
        low, high = X.indptr[start], X.indptr[stop]
        part = SparseStorage(
            X.data[low:high], X.indices[low:high], X.indptr[start : stop + 1] - low, (stop - start, self.p), True
        )
        part.shift = self.shift
        return part

    def take(self, which: Matrix) -> SparseStorage:
        X = self.turned(rowwise=True)._as_scipy()[which]
        part = SparseStorage(X.data, X.indices, X.indptr, (len(which), self.p), True)
        part.shift = self.shift
        return part

    def suspects(self, test: Any) -> Any:
        for k in np.flatnonzero(test(self.data)):
            major, minor = int(np.searchsorted(self.indptr, k, side="right")) - 1, int(self.indices[k])
            i, j = (major, minor) if self.rowwise else (minor, major)
            yield i, j, float(self.data[k])
