"""The one boundary. Whatever a caller passes is checked and converted here, once, into a `Design` that solvers trust.

A dense X stays where it is: any float32 or float64 array with unit stride along one axis and C or F order is read in
place, a memory map included; everything else is copied once. A sparse X stays sparse. Centring is never written into
X: `Design` carries the means, and its products subtract them on the way.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _interrupt
from ._extras import require
from ._kernels import dense as _dense
from ._kernels import sparse as _sparse
from ._threads import over_chunks

_FRAME_LIBRARIES = {"pandas", "polars", "pyarrow", "modin", "cudf", "narwhals", "duckdb"}
_MAX_INT = 2**31 - 1
#: Tiles that are packed for a product with many targets stay in the second-level cache, those for `syrk` in the third.
_SWEEP_BYTES = 1 << 20
_GRAM_BYTES = 16 << 20
#: Tiles whose single-precision products are added up in single precision, before they go into the double sum.
_RUN = 2
#: Targets up to which a pass over X multiplies as it reads, without BLAS.
_FEW = 6
#: |mean|/sd above which a sparse column without zeros is stored centred.
_FAR = 10.0
#: Flops of dense work that take as long as one multiply-add at a scattered address.
_SCATTERED = 60.0

Matrix = np.ndarray[Any, Any]


# ------------------------------------------------------------------------------------------------ conversion


def _is_frame(value: Any) -> bool:
    """True for tables and series of other libraries and for their subclasses, wherever those were defined."""
    return any(kind.__module__.partition(".")[0] in _FRAME_LIBRARIES for kind in type(value).__mro__)


def is_sparse(value: Any) -> bool:
    """True for SciPy's sparse matrices and arrays; scipy.sparse is not imported to find out."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and bool(module.issparse(value))


def _check_dtype(dtype: np.dtype[Any], name: str) -> np.dtype[Any]:
    """The dtype in which `dtype` is stored: float32 and float64 as they are, other real ones as float64."""
    if dtype.kind in "biu":
        return np.dtype(np.float64)
    if dtype.kind == "f" and dtype.itemsize in (4, 8):
        return dtype.newbyteorder("=")
    if dtype.kind == "f":
        raise TypeError(
            f"{name} has dtype {dtype}; shrinkage computes in float32 and float64: "
            f"convert it with astype(numpy.float{32 if dtype.itemsize < 4 else 64})"
        )
    if dtype.kind == "c":
        raise TypeError(f"{name} has the complex dtype {dtype}; complex data is not supported: pass real numbers")
    if dtype.kind == "O":
        raise TypeError(
            f"{name} has dtype object, so its entries may be anything: convert it, for example with astype(float)"
        )
    raise TypeError(f"{name} has dtype {dtype}, which is not numeric: encode it as numbers first")


def _check_sides(shape: tuple[int, ...], name: str) -> None:
    if max(shape, default=0) > _MAX_INT:
        raise ValueError(
            f"{name} has shape {shape}; BLAS counts in 32-bit integers, so no side may exceed {_MAX_INT}: "
            "use a part of the rows or columns"
        )


def _from_frame(value: Any, name: str) -> tuple[Matrix, tuple[str, ...] | None]:
    """A table as a Fortran-ordered matrix with its column names, or a series as a vector without."""
    nw = require("narwhals", extra="frames")
    try:
        table = nw.from_native(value, eager_only=True, allow_series=True)
    except TypeError:
        table = None
    except ValueError:  # newer versions see for themselves that names occur twice
        _check_names(value.column_names if hasattr(type(value), "column_names") else value.columns, name)
        raise
    if isinstance(table, nw.Series):
        if not _is_numeric(table):
            raise TypeError(f"{name} has dtype {_dtype_of(table)}, which is not numeric: encode it as numbers first")
        return _values_of(table, name), None
    if not isinstance(table, nw.DataFrame):
        kind = type(value)
        raise TypeError(
            f"{name} is a {kind.__module__.partition('.')[0]} {kind.__name__}, which is neither an array nor a series "
            "nor a table in memory: collect or convert it first"
        )
    _check_names(table.columns, name)
    bad = [f"{c!r} ({_dtype_of(table.get_column(c))})" for c in table.columns if not _is_numeric(table.get_column(c))]
    if bad:
        those, them = ("columns that are", "them") if len(bad) > 1 else ("column that is", "it")
        raise TypeError(
            f"{name} has {len(bad)} {those} not numeric: {', '.join(bad[:5])}{', ...' * (len(bad) > 5)}. "
            f"Encode {them} as numbers (one-hot, for example) or drop {them}"
        )
    _check_sides(table.shape, name)
    single = len(table.columns) > 0 and all(d == nw.Float32 for d in table.schema.values())
    out = np.empty((len(table), len(table.columns)), np.float32 if single else np.float64, order="F")
    for j, column in enumerate(table.columns):
        out[:, j] = _values_of(table.get_column(column), f"{name} column {column!r}")
    return out, tuple(str(c) for c in table.columns)


def _check_names(columns: Any, name: str) -> None:
    columns = list(columns)
    if len(set(columns)) < len(columns):
        twice = next(c for i, c in enumerate(columns) if c in columns[:i])
        raise ValueError(f"{name} has more than one column called {twice!r}: rename or drop them") from None


def _is_numeric(series: Any) -> bool:
    return bool(series.dtype.is_numeric()) or str(series.dtype) == "Boolean"


def _dtype_of(series: Any) -> str:
    """What a user would call the dtype: the library's own name where narwhals has none."""
    if str(series.dtype) != "Unknown":
        return str(series.dtype)
    native = series.to_native()
    return str(getattr(native, "dtype", getattr(native, "type", "Unknown")))


def _values_of(series: Any, name: str) -> Matrix:
    # nullable integers and booleans would arrive as objects with None or NA
    if not str(series.dtype).startswith("Float"):
        series = series.cast(require("narwhals", extra="frames").Float64)
    values = series.to_numpy()
    return values.astype(_check_dtype(values.dtype, name), copy=False)


def _from_array(value: Any, name: str) -> Matrix:
    """An array the kernels can read in place, `value` itself where possible."""
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise ValueError(f"{name} is a masked array with masked entries: fill or drop them first")
        value = value.data
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from None
    dtype = _check_dtype(array.dtype, name)
    _check_sides(array.shape, name)
    if array.dtype != dtype:
        array = array.astype(dtype)
    return array


def _readable(X: Matrix) -> Matrix:
    """X, or a contiguous copy where its strides are not those of a matrix that BLAS can read."""
    rows, columns = (s // X.itemsize for s in X.strides)
    (n, p), whole = X.shape, X.strides[0] % X.itemsize == 0 == X.strides[1] % X.itemsize
    by_column = rows == 1 and (columns >= n or p == 1)
    by_row = columns == 1 and (rows >= p or n == 1)
    if whole and X.flags.aligned and (by_column or by_row) and max(rows, columns) <= _MAX_INT:
        return X
    return np.array(X, order="C")


def as_matrix(X: Any, name: str = "X") -> tuple[Any, tuple[str, ...] | None]:
    """X as a 2-D NumPy array (float32 or float64) or a `SparseStorage`, and its feature names if it has any."""
    if is_sparse(X):
        _check_sides(X.shape, name)
        return SparseStorage.convert(X, name), None
    names = None
    if _is_frame(X) and not hasattr(X, "__array_interface__"):
        X, names = _from_frame(X, name)
    else:
        X = _from_array(X, name)
    if X.ndim != 2:
        hint = f"pass {name}.reshape(-1, 1) for one feature" if X.ndim == 1 else "pass a 2-D array"
        raise ValueError(f"{name} must be a 2-D array (n_samples, n_features), got {X.ndim}-D: {hint}")
    return _readable(X), names


def _as_target(y: Any, n: int) -> tuple[Matrix, bool, tuple[str, ...] | None]:
    """y as float64 (n, t) in Fortran order (a private copy), whether it was 1-D, and target names."""
    names = None
    if y is None:
        raise ValueError("y is None: pass the target, an array of shape (n_samples,) or (n_samples, n_targets)")
    if is_sparse(y):
        raise TypeError("y is sparse: pass a dense array, y.toarray()")
    if _is_frame(y) and not hasattr(y, "__array_interface__"):
        y, names = _from_frame(y, "y")
    y = _from_array(y, "y")
    if y.ndim not in (1, 2):
        raise ValueError(f"y must have shape (n_samples,) or (n_samples, n_targets), got {y.shape}")
    if y.shape[0] != n:
        raise ValueError(f"X has {n} rows but y has {y.shape[0]}: they must describe the same samples")
    if y.ndim == 2 and y.shape[1] == 0:
        raise ValueError(f"y has shape {y.shape}: there is no target in it")
    one_d = y.ndim == 1
    Y = np.array(y.reshape(n, -1), dtype=np.float64, order="F")
    with np.errstate(over="ignore", invalid="ignore"):
        total = Y.sum()
    if not math.isfinite(total):
        bad = np.argwhere(~np.isfinite(Y))
        if len(bad):
            i, k = (int(v) for v in bad[0])
            target = "" if one_d else f" of target {names[k] if names else k}"
            raise ValueError(f"y contains {Y[i, k]} at row {i}{target}: remove such rows")
    return Y, one_d, names


def _as_weights(sample_weight: Any, n: int) -> Matrix | None:
    if sample_weight is None:
        return None
    if _is_frame(sample_weight) and not hasattr(sample_weight, "__array_interface__"):
        sample_weight, _ = _from_frame(sample_weight, "sample_weight")
    s = _from_array(sample_weight, "sample_weight").astype(np.float64, copy=False)
    if s.ndim == 0:
        s = np.full(n, float(s))
    if s.shape != (n,):
        raise ValueError(f"sample_weight must have shape ({n},), one weight per row of X, got {s.shape}")
    finite = np.isfinite(s)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f"sample_weight is not finite at row {row} ({s[row]}): weights must be zero or more")
    if s.min() < 0:
        row = int(np.argmin(s))
        raise ValueError(f"sample_weight is negative at row {row} ({s[row]:g}): weights must be zero or more")
    largest = float(s.max())
    if largest == 0:
        raise ValueError("sample_weight is zero for every row: at least one row must count")
    if not 1e-150 <= largest <= 1e150:
        raise ValueError(f"the largest sample_weight is {largest:g}, too close to the range of doubles: rescale them")
    return np.require(s, requirements=["C", "A"])


def _name_of(j: int, names: Sequence[str] | None) -> str:
    return f"column {names[j]!r}" if names is not None else f"column {j}"


def _raise_not_finite(X: Any, names: Sequence[str] | None) -> None:
    """X's moments are not finite: say where, or that values are too large to square."""
    for i, j, value in X.suspects(lambda a: ~np.isfinite(a)):
        what = "NaN" if math.isnan(value) else f"{value:+}"
        raise ValueError(f"X contains {what} at {_name_of(j, names)}, row {i}: remove or impute such values")
    for _, j, value in X.suspects(lambda a: np.abs(a) > 1e150):
        raise ValueError(f"X reaches {value:g} in {_name_of(j, names)}: too large to square; rescale the column")
    raise ValueError("the weighted sum of squares of X overflows: rescale X, or sample_weight")


def _outside(indices: Matrix, size: int) -> bool:
    return indices.dtype.kind not in "iu" or bool(len(indices) and (indices.min() < 0 or indices.max() >= size))


def _broken(indptr: Matrix, indices: Matrix, data: Matrix, dimensions: int, major: int, minor: int) -> bool:
    """Whether compressed storage would be read out of its bounds."""
    return (
        (indptr.shape, indices.ndim, data.ndim) != ((major + 1,), 1, dimensions)
        or indptr[0] != 0
        or bool((indptr[1:] < indptr[:-1]).any())
        or indptr[-1] > min(len(indices), len(data))
        or _outside(indices[: indptr[-1]], minor)
    )


# --------------------------------------------------------------------------------------------------- storage


def _sum(parts: list[tuple[Matrix, ...]]) -> tuple[Matrix, ...]:
    """Entry by entry, the sums of the chunks' results in their order."""
    first, *rest = parts
    for part in rest:
        for total, term in zip(first, part, strict=True):
            total += term
    return first


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
        shift = self.X[0].astype(np.float64) if intercept else np.zeros(p)
        few = SY if t <= _FEW else SY[:, :0]

        def part(start: int, stop: int) -> tuple[Matrix, Matrix, Matrix]:
            total, square, cross = np.zeros(p), np.zeros(p), np.zeros((p, few.shape[1]), order="F")
            _dense.moments(self.X[start:stop], shift, s[start:stop], few[start:stop], total, square, cross)
            return total, square, cross

        total, square, cross = _sum(over_chunks(part, self.n, self.X.size))
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
            step = min(self.n, max(32, _SWEEP_BYTES // (8 * p)))
            scratch, weighted = np.empty(step * p), np.empty((step, t), order="F")
            G = nothing if G is None else G
            args = (self.X, mean, s, self.ones, sign, W, R, G, scratch, weighted, step)
            _interrupt.run(_dense.sweep_many, *args, work=4.0 * self.n * p * t)
            return

        def part(start: int, stop: int) -> tuple[Matrix]:
            own = nothing if G is None else np.zeros((p, t), order="F")
            _dense.sweep(self.X[start:stop], mean, s[start:stop], sign, W, R[start:stop], own)
            return (own,)

        (total,) = _sum(over_chunks(part, self.n, self.X.size * t))
        if G is not None:
            G += total

    def gram(
        self, axis: int, mean: Matrix, column_scale: Matrix | None, row_scale: Matrix | None, single: bool
    ) -> Matrix:
        """Z'Z or ZZ', lower triangle; `single` multiplies in float32 and sums tiles in float64."""
        order, depth = (self.p, self.n) if axis == 0 else (self.n, self.p)
        column_scale = self.ones[: self.p] if column_scale is None else column_scale
        row_scale = self.ones[: self.n] if row_scale is None else row_scale
        out = np.zeros((order, order), order="F")
        kind = np.float32 if single else np.float64
        step = min(depth, max(256, _GRAM_BYTES // (np.dtype(kind).itemsize * order)))
        part = np.empty((order, order) if single else (1, 1), np.float32, order="F")
        tile = np.empty(order * step, kind)
        transposed = self.rowwise != (axis == 0)
        for k in range(0, depth, step):
            rows = slice(k, min(depth, k + step)) if axis == 0 else slice(0, self.n)
            columns = slice(0, self.p) if axis == 0 else slice(k, min(depth, k + step))
            X, m, c, r = self.X[rows, columns], mean[columns], column_scale[columns], row_scale[rows]
            outer, inner = X.shape if self.rowwise else X.shape[::-1]

            def pack(start: int, stop: int) -> None:
                own, run = slice(start, stop), tile[start * inner : stop * inner]  # noqa: B023
                if self.rowwise:
                    _dense.pack(X[own], m, c, r[own], run)  # noqa: B023
                else:
                    _dense.pack(X[:, own], m[own], c[own], r, run)  # noqa: B023

            over_chunks(pack, outer, X.size)
            size, turn = X.size // order, k // step % _RUN
            ends = k + step >= depth or turn == _RUN - 1
            args = (tile[: X.size], size, transposed, turn == 0, ends, out, part)
            _interrupt.run(_dense.rank_update, *args, work=float(order) * order * size)
        return out

    def columns(self, which: Matrix) -> Matrix:
        return np.asarray(self.X[:, which], dtype=np.float64)

    def wide(self) -> Matrix:
        """X as a new float64 array."""
        return self.X.astype(np.float64)

    def rows(self, start: int, stop: int) -> DenseStorage:
        return DenseStorage(self.X[start:stop])

    def suspects(self, test: Any) -> Any:
        rows = max(1, (1 << 20) // max(1, self.p))
        for i in range(0, self.n, rows):
            for r, j in np.argwhere(test(self.X[i : i + rows])):
                yield i + int(r), int(j), float(self.X[i + r, j])


class SparseStorage:
    """A sparse X, CSR or CSC with sorted unique indices. Columns without a zero may be stored shifted by their mean.

    A column that has a zero cannot have a mean above sqrt(n) times its spread, so implicit centring costs it few
    digits; one without can, and loses nothing when the stored values are centred instead.
    """

    sparse = True

    def __init__(self, data: Matrix, indices: Matrix, indptr: Matrix, shape: tuple[int, int], rowwise: bool) -> None:
        self.data, self.indices, self.indptr, self.rowwise = data, indices, indptr, rowwise
        self.n, self.p = shape
        self.single = data.dtype == np.float32
        self.layout = "csr" if rowwise else "csc"
        self.shift = np.zeros(self.p)
        self._other: SparseStorage | None = None

    @classmethod
    def convert(cls, X: Any, name: str) -> SparseStorage:
        if X.ndim != 2:
            raise ValueError(f"{name} must be 2-D (n_samples, n_features), got a sparse array of shape {X.shape}")
        dtype = _check_dtype(X.dtype, name)
        # SciPy's conversions trust the indices: they are checked before, in the storage they arrive in
        kind, broken = X.format, False
        if kind == "bsr":
            rows, columns = X.blocksize
            broken = _broken(X.indptr, X.indices, X.data, 3, X.shape[0] // rows, X.shape[1] // columns)
        elif kind not in ("csr", "csc"):
            try:
                X = X.tocoo(copy=False)
                broken = len(X.row) != len(X.col) or _outside(X.row, X.shape[0]) or _outside(X.col, X.shape[1])
            except (ValueError, IndexError):  # what SciPy does check
                broken = True
        if kind not in ("csr", "csc") and not broken:
            X = X.tocsr()
        rowwise, shape = X.format == "csr", X.shape
        if not broken:
            data, indices, indptr = X.data, X.indices, X.indptr
            major, minor = shape if rowwise else shape[::-1]
            broken = _broken(indptr, indices, data, 1, major, minor)
        if broken:
            raise ValueError(f"{name} is a {kind.upper()} matrix with inconsistent indices: rebuild it")
        private = type(X)((data, indices, indptr), shape=shape, copy=False)
        if not private.has_canonical_format:
            private = type(X)((data, indices, indptr), shape=shape, copy=True)
            private.sum_duplicates()
        data, indices, indptr = private.data, private.indices, private.indptr
        if indices.dtype.kind != "i" or indices.dtype.itemsize not in (4, 8) or indices.dtype != indptr.dtype:
            indices, indptr = indices.astype(np.int64), indptr.astype(np.int64)
        stored, plain = slice(int(indptr[-1])), ["C", "A"]
        return cls(
            np.require(data[stored], dtype, plain),
            np.require(indices[stored], None, plain),
            np.require(indptr, None, plain),
            (int(shape[0]), int(shape[1])),
            rowwise,
        )

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
        """out += sign X V, or X'V; row-major operands."""
        kernel = _sparse.gather if self.rowwise != adjoint else _sparse.scatter
        work = _SCATTERED * self.nnz * V.shape[1]
        _interrupt.run(kernel, self.data, self.indices, self.indptr, square, sign, V, out, work=work)

    def moments(
        self, s: Matrix, total_weight: float, intercept: bool, SY: Matrix
    ) -> tuple[Matrix, Matrix, Matrix, bool]:
        total, square = self._sums(s)
        if intercept and self._shift_full_columns(total, square, s):
            total, square = self._sums(s)
        offset = total / total_weight if intercept else np.zeros(self.p)
        mean = self.shift + offset
        with np.errstate(invalid="ignore"):
            scale = np.sqrt(np.maximum(square / total_weight - offset * offset, 0.0))
        cross = np.zeros((self.p, SY.shape[1]))
        self.multiply(np.ascontiguousarray(SY), cross, adjoint=True)
        cross -= np.outer(offset, SY.sum(axis=0))
        return mean, scale, np.asfortranarray(cross), math.isfinite(total.sum() + square.sum())

    def _sums(self, s: Matrix) -> tuple[Matrix, Matrix]:
        total, square = np.zeros((self.p, 1)), np.zeros((self.p, 1))
        weights = np.ascontiguousarray(s[: self.n, None])
        self.multiply(weights, total, adjoint=True)
        self.multiply(weights, square, adjoint=True, square=True)
        return total[:, 0], square[:, 0]

    def _shift_full_columns(self, total: Matrix, square: Matrix, s: Matrix) -> bool:
        weight = s[: self.n].sum()
        mean = total / weight
        with np.errstate(invalid="ignore"):
            far = mean * mean > _FAR**2 * (square / weight - mean * mean)
        if not far.any():
            return False
        counts = np.diff(self.indptr) if not self.rowwise else np.bincount(self.indices, minlength=self.p)
        far &= counts == self.n
        if not far.any():
            return False
        self.shift = np.where(far, mean, 0.0)
        column = self.indices if self.rowwise else np.repeat(np.arange(self.p), counts)
        self.data = self.data - self.shift[column]  # float64, so that float32 data lose nothing
        self.single = False
        return True

    def sweep(self, mean: Matrix, s: Matrix, sign: float, W: Matrix | None, R: Matrix, G: Matrix | None) -> None:
        mean = mean - self.shift
        s = s[: self.n]
        if W is not None:
            product = np.zeros(R.shape)
            self.multiply(np.ascontiguousarray(W), product)
            product -= mean @ W
            R += sign * product
        if G is not None:
            weighted = s[:, None] * R
            adjoint = np.zeros(G.shape)
            self.multiply(np.ascontiguousarray(weighted), adjoint, adjoint=True)
            G += adjoint - np.outer(mean, weighted.sum(axis=0))

    def gram(
        self, axis: int, mean: Matrix, column_scale: Matrix | None, row_scale: Matrix | None, single: bool
    ) -> Matrix:
        mean = mean - self.shift
        order = self.p if axis == 0 else self.n
        rows = np.ones(self.n) if row_scale is None else np.ascontiguousarray(row_scale[: self.n])
        columns = np.ones(self.p) if column_scale is None else column_scale
        out, stop = np.zeros((order, order), order="F"), np.zeros(1, np.int32)
        major, minor = (rows, columns) if axis == 0 else (columns, rows)
        X = self.turned(rowwise=axis == 0)
        work = _SCATTERED * self.gram_work(axis)
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

    def wide(self) -> Matrix:
        return self._as_scipy().toarray().astype(np.float64) + self.shift

    def columns(self, which: Matrix) -> Matrix:
        out = np.zeros((self.p, len(which)))
        out[which, np.arange(len(which))] = 1.0
        product = np.zeros((self.n, len(which)))
        self.multiply(out, product)
        return product + self.shift[which]

    def rows(self, start: int, stop: int) -> SparseStorage:
        X = self.turned(rowwise=True)
        low, high = X.indptr[start], X.indptr[stop]
        part = SparseStorage(
            X.data[low:high], X.indices[low:high], X.indptr[start : stop + 1] - low, (stop - start, self.p), True
        )
        part.shift = self.shift
        return part

    def suspects(self, test: Any) -> Any:
        for k in np.flatnonzero(test(self.data)):
            major, minor = int(np.searchsorted(self.indptr, k, side="right")) - 1, int(self.indices[k])
            i, j = (major, minor) if self.rowwise else (minor, major)
            yield i, j, float(self.data[k])


# ---------------------------------------------------------------------------------------------------- design


class Design:
    """Checked data of one fit, centred in effect but not in memory.

    Attributes
    ----------
    n, p, t : int
        Samples, features, targets.
    s : ndarray of shape (>= n,)
        Sample weights, ones where none were given (`weighted` tells).
    total_weight : float
        W, the sum of the weights.
    mean, scale : ndarray of shape (p,)
        Weighted means (zeros without an intercept) and standard deviations about them.
    Y : ndarray of shape (n, t), Fortran order
        Targets less `y_mean`.
    cross : ndarray of shape (p, t)
        (X - mean)' S Y.
    """

    __slots__ = (
        "Y", "cross", "feature_names", "fit_intercept", "mean", "n", "one_d", "p", "s", "scale", "storage", "t",
        "target_names", "total_weight", "weighted", "y_mean", "y_square",
    )  # fmt: skip

    def __init__(self, X: Any, y: Any, sample_weight: Any = None, *, fit_intercept: bool = True) -> None:
        matrix, self.feature_names = as_matrix(X)
        self.n, self.p = matrix.shape
        if self.n == 0:
            raise ValueError(f"X has shape {matrix.shape}: there is no row to fit")
        self.storage = matrix if isinstance(matrix, SparseStorage) else DenseStorage(matrix)
        self.Y, self.one_d, self.target_names = _as_target(y, self.n)
        self.t = self.Y.shape[1]
        weights = _as_weights(sample_weight, self.n)
        self.weighted = weights is not None
        self.fit_intercept = check_flag(fit_intercept, "fit_intercept")
        self.s = np.ones(self.n) if weights is None else weights
        self.total_weight = float(self.s.sum()) if self.weighted else float(self.n)
        self._centre_targets()
        self._centre_features()

    def _centre_targets(self) -> None:
        Y = self.Y
        self.y_mean, self.y_square = np.zeros(self.t), np.zeros(self.t)
        _dense.centre(Y, self.s, self.total_weight, self.fit_intercept, self.y_mean, self.y_square)
        if not math.isfinite(self.y_square.sum()):
            raise ValueError("y is too large to square: rescale it")

    def _centre_features(self) -> None:
        if self.p == 0:
            self.mean = self.scale = np.zeros(0)
            self.cross = np.zeros((0, self.t), order="F")
            return
        SY = np.asfortranarray(self.s[:, None] * self.Y) if self.weighted else self.Y
        with np.errstate(all="ignore"):  # what overflows here is reported by name below
            self.mean, self.scale, self.cross, finite = self.storage.moments(
                self.s, self.total_weight, self.fit_intercept, SY
            )
        if not finite:
            _raise_not_finite(self.storage, self.feature_names)

    @property
    def eps(self) -> float:
        """Unit roundoff of the precision that X is stored in: what its entries are good for."""
        return 2.0**-23 if self.storage.single else 2.0**-52

    @property
    def layout(self) -> str:
        """How X is stored: "C", "F", "csr" or "csc"."""
        return self.storage.layout

    def gram(self, axis: int = 0, column_scale: Matrix | None = None, *, single: bool = False) -> Matrix:
        """Lower triangle of Z'Z (axis 0) or ZZ' (axis 1), Z = S^1/2 (X - mean) diag(column_scale).

        `single` takes the products of a dense X in float32, summed in float64 every few hundred samples: half the
        time, seven digits. `single_is_safe` says whether they stay in float32's range.
        """
        order = self.p if axis == 0 else self.n
        if order == 0:
            return np.zeros((0, 0), order="F")
        check_memory(8.0 * order * order * (1.5 if single else 1.0), f"a {order} x {order} Gram matrix")
        return self.storage.gram(axis, self.mean, column_scale, np.sqrt(self.s) if self.weighted else None, single)

    def single_is_safe(self, column_scale: Matrix | None = None) -> bool:
        """Whether entries of Z are so near 1 that their products neither overflow nor vanish in float32."""
        size = self.scale if column_scale is None else self.scale * column_scale
        size, s = size[size > 0], self.s[self.s > 0]
        if not len(size):
            return True
        low, high = size.min() * math.sqrt(s.min()), size.max() * math.sqrt(s.max())
        return bool(low > 1e-8 and high < 1e8)

    def apply(self, W: Matrix, start: int = 0, stop: int | None = None) -> Matrix:
        """(X - mean) W for rows start..stop."""
        storage = self.storage if stop is None else self.storage.rows(start, stop)
        R = np.zeros((storage.n, W.shape[1]), order="F")
        storage.sweep(self.mean, self.s[start:], 1.0, np.asfortranarray(W), R, None)
        return R

    def adjoint_plain(self, R: Matrix) -> Matrix:
        """(X - mean)' R, without the weights."""
        G = np.zeros((self.p, R.shape[1]), order="F")
        ones = np.ones(self.n) if self.weighted else self.s
        self.storage.sweep(self.mean, ones, 1.0, None, np.array(R, order="F"), G)
        return G

    def normal(self, W: Matrix) -> Matrix:
        """(X - mean)' S (X - mean) W, in one read of a dense X."""
        R, G = np.zeros((self.n, W.shape[1]), order="F"), np.zeros(W.shape, order="F")
        self.storage.sweep(self.mean, self.s, 1.0, np.asfortranarray(W), R, G)
        return G

    def average(self, R: Matrix) -> Matrix:
        """Weighted mean of every column of R."""
        if not self.weighted:
            return R.mean(axis=0)
        return np.einsum("i,ik->k", self.s, R) / self.total_weight

    def square_sum(self, R: Matrix) -> Matrix:
        """Weighted sum of squares of every column of R."""
        if not self.weighted:
            return np.einsum("ik,ik->k", R, R)
        return np.einsum("i,ik,ik->k", self.s, R, R)

    def residual(self, W: Matrix, Y: Matrix | None = None) -> tuple[Matrix, Matrix]:
        """(R, G): R = Y - (X - mean) W and G = (X - mean)' S R in one read of X."""
        R = np.array(self.Y if Y is None else Y, order="F")
        G = np.zeros((self.p, R.shape[1]), order="F")
        self.storage.sweep(self.mean, self.s, -1.0, np.asfortranarray(W), R, G)
        return R, G

    def dense(self) -> Matrix:
        """Z = S^1/2 (X - mean) as a new array."""
        check_memory(16.0 * self.n * self.p, f"a dense {self.n} x {self.p} copy of X")
        Z = self.storage.wide()
        Z -= self.mean
        if self.weighted:
            Z *= np.sqrt(self.s)[:, None]
        return Z


def check_flag(value: Any, name: str) -> bool:
    """A bool, or a TypeError that names the argument."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def physical_memory() -> float:
    """Bytes of memory this machine has; infinite where it does not tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * float(os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return math.inf


def affordable(need: float) -> bool:
    """Whether `need` bytes are a reasonable thing to allocate here."""
    return need <= 0.8 * physical_memory()


def check_memory(need: float, what: str) -> None:
    if not affordable(need):
        raise ValueError(
            f"{what} needs {need / 2**30:.1f} GiB and this machine has {physical_memory() / 2**30:.1f}: "
            "use solver='cg', which forms no Gram matrix, or fewer features or rows"
        )
