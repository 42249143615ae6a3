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
from typing import Any, Literal

import numpy as np

from . import _interrupt
from ._extras import require
from ._kernels import dense as _dense
from ._kernels import sparse as _sparse

_FRAME_LIBRARIES = {"pandas", "polars", "pyarrow", "modin", "cudf", "narwhals", "duckdb"}
_MAX_INT = 2**31 - 1
#: Tiles of X that a pass reads stay in the second-level cache; tiles that are packed for `syrk` may be larger.
_SWEEP_BYTES = 1 << 20
_GRAM_BYTES = 8 << 20
#: max |mean|/sd up to which X is multiplied as it lies and centred afterwards: it costs at most two digits.
_PLAIN_RATIO = 10.0
#: Columns of a product with X handled together, so that their residuals stay below 32 MB.
_RESIDUAL_ENTRIES = 4 << 20

Matrix = np.ndarray[Any, Any]


# ------------------------------------------------------------------------------------------------ conversion


def _is_frame(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in _FRAME_LIBRARIES


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
            f"pass {name}.astype({'numpy.float32' if dtype.itemsize < 4 else 'numpy.float64'})"
        )
    if dtype.kind == "c":
        raise TypeError(f"{name} has the complex dtype {dtype}; complex data is not supported: pass real numbers")
    if dtype.kind == "O":
        raise TypeError(
            f"{name} has dtype object, so its entries may be anything: convert it, for example {name}.astype(float)"
        )
    raise TypeError(f"{name} has dtype {dtype}, which is not numeric: encode it as numbers first")


def _from_frame(frame: Any, name: str) -> tuple[Matrix, tuple[str, ...]]:
    """A frame's columns as a Fortran-ordered matrix, and their names."""
    nw = require("narwhals", extra="frames")
    table = nw.from_native(frame, eager_only=True)
    if len(set(table.columns)) != len(table.columns):
        twice = sorted({c for c in table.columns if list(table.columns).count(c) > 1})
        raise ValueError(f"{name} has more than one column called {twice[0]!r}: rename or drop them")
    bad = {c: str(d) for c, d in table.schema.items() if not (d.is_numeric() or d == nw.Boolean)}
    if bad:
        listed = ", ".join(f"{c!r} ({d})" for c, d in list(bad.items())[:5]) + (", ..." if len(bad) > 5 else "")
        raise TypeError(
            f"{name} has {len(bad)} column{'s' * (len(bad) > 1)} that {'are' if len(bad) > 1 else 'is'} not numeric: "
            f"{listed}. Encode them as numbers (one-hot, for example) or drop them"
        )
    single = len(table.columns) > 0 and all(d == nw.Float32 for d in table.schema.values())
    out = np.empty((len(table), len(table.columns)), np.float32 if single else np.float64, order="F")
    for j, column in enumerate(table.columns):
        values = table[column].to_numpy()
        if values.dtype.kind == "O":    # nullable integers and booleans arrive as objects with None or NA
            values = table[column].cast(nw.Float64).to_numpy()
        _check_dtype(values.dtype, f"{name} column {column!r}")
        out[:, j] = values
    return out, tuple(str(c) for c in table.columns)


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
    if array.dtype != dtype:
        array = array.astype(dtype)
    return array


def _readable(X: Matrix) -> Matrix:
    """X, or a contiguous copy where its strides are not those of a matrix that BLAS can read."""
    rows, columns = (s // X.itemsize for s in X.strides)
    (n, p), whole = X.shape, X.strides[0] % X.itemsize == 0 == X.strides[1] % X.itemsize
    by_column = rows == 1 and (columns >= n or p == 1)
    by_row = columns == 1 and (rows >= p or n == 1)
    if whole and X.flags.aligned and (by_column or by_row):
        return X
    return np.ascontiguousarray(X)


def as_matrix(X: Any, name: str = "X") -> tuple[Any, tuple[str, ...] | None]:
    """X as a 2-D NumPy array (float32 or float64) or a `SparseColumns`, and its feature names if it has any."""
    if is_sparse(X):
        return _SparseStorage.convert(X, name), None
    names = None
    if _is_frame(X) and not hasattr(X, "__array_interface__"):
        X, names = _from_frame(X, name)
    else:
        X = _from_array(X, name)
    if X.ndim != 2:
        hint = f"pass {name}.reshape(-1, 1) for one feature" if X.ndim == 1 else "pass a 2-D array"
        raise ValueError(f"{name} must be a 2-D array (n_samples, n_features), got {X.ndim}-D: {hint}")
    X = _readable(X)
    if max(X.shape) > _MAX_INT:
        raise ValueError(
            f"{name} has shape {X.shape}; BLAS counts in 32-bit integers, so no side may exceed {_MAX_INT}: "
            "fit on a part of the rows"
        )
    return X, names


def _as_target(y: Any, n: int) -> tuple[Matrix, bool, tuple[str, ...] | None]:
    """y as float64 (n, t) in Fortran order (a private copy), whether it was 1-D, and target names."""
    names = None
    if y is None:
        raise ValueError("y is None: pass the target, an array of shape (n_samples,) or (n_samples, n_targets)")
    if is_sparse(y):
        raise TypeError("y is sparse: pass a dense array, y.toarray()")
    if _is_frame(y) and not hasattr(y, "__array_interface__"):
        nw = require("narwhals", extra="frames")
        if isinstance(nw.from_native(y, allow_series=True, pass_through=True), nw.Series):
            series = nw.from_native(y, series_only=True)
            if not (series.dtype.is_numeric() or series.dtype == nw.Boolean):
                raise TypeError(f"y has dtype {series.dtype}, which is not numeric: encode it as numbers first")
            y = series.cast(nw.Float64).to_numpy()
        else:
            y, names = _from_frame(y, "y")
    y = _from_array(y, "y")
    if y.ndim not in (1, 2):
        raise ValueError(f"y must have shape (n_samples,) or (n_samples, n_targets), got {y.shape}")
    if y.shape[0] != n:
        raise ValueError(f"X has {n} rows but y has {y.shape[0]}: they must describe the same samples")
    if y.ndim == 2 and y.shape[1] == 0:
        raise ValueError(f"y has shape {y.shape}: there is no target in it")
    one_d = y.ndim == 1
    return np.array(y.reshape(n, -1), dtype=np.float64, order="F"), one_d, names


def _as_weights(sample_weight: Any, n: int) -> Matrix | None:
    if sample_weight is None:
        return None
    if _is_frame(sample_weight) and not hasattr(sample_weight, "__array_interface__"):
        sample_weight = require("narwhals", extra="frames").from_native(sample_weight, series_only=True).to_numpy()
    s = _from_array(sample_weight, "sample_weight").astype(np.float64, copy=False)
    if s.ndim == 0:
        s = np.full(n, float(s))
    if s.shape != (n,):
        raise ValueError(f"sample_weight must have shape ({n},), one weight per row of X, got {s.shape}")
    if not math.isfinite(s.sum()):
        raise ValueError(f"sample_weight is not finite at row {int(np.flatnonzero(~np.isfinite(s))[0])}")
    if n and s.min() < 0:
        row = int(np.argmin(s))
        raise ValueError(f"sample_weight is negative at row {row} ({s[row]:g}): weights must be zero or more")
    if n and s.max() == 0:
        raise ValueError("sample_weight is zero for every row: at least one row must count")
    return np.ascontiguousarray(s)


def _name_of(j: int, names: Sequence[str] | None) -> str:
    return f"column {names[j]!r}" if names is not None else f"column {j}"


def _raise_not_finite(X: Any, names: Sequence[str] | None) -> None:
    """X's moments are not finite: say where, or that values are too large or small to square."""
    for i, j, value in X.suspects(lambda a: ~np.isfinite(a)):
        what = "NaN" if math.isnan(value) else f"{value:+}"
        raise ValueError(f"X contains {what} at {_name_of(j, names)}, row {i}: remove or impute such values")
    for _, j, value in X.suspects(lambda a: np.abs(a) > 1e150):
        raise ValueError(f"X reaches {value:g} in {_name_of(j, names)}: too large to square; rescale the column")


# --------------------------------------------------------------------------------------------------- storage


class _DenseStorage:
    """A dense X, C or F order, float32 or float64, and the products that solvers take with it."""

    sparse = False

    def __init__(self, X: Matrix) -> None:
        self.X = X
        self.n, self.p = X.shape
        self.single = X.dtype == np.float32
        self.rowwise = X.strides[1] == X.itemsize and not (X.strides[0] == X.itemsize and X.shape[1] == 1)
        self.layout = "C" if self.rowwise else "F"
        self.ones = np.ones(max(self.n, self.p))
        self.plain = True
        # a column-major tile needs long columns, a row-major one only needs to fit the cache
        self.step = max(16 if self.rowwise else 512, _SWEEP_BYTES // (8 * max(1, self.p)))
        self.step = min(self.step, max(1, self.n))

    def _scratch(self, plain: bool) -> Matrix:
        return np.empty(self.step * self.p if self.single or not plain else 1)

    def moments(self, s: Matrix, SY: Matrix, centre: bool) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """(shift, sum of s (x - shift), sum of s (x - shift)^2, X' S Y)."""
        zeros = np.zeros(self.p)
        shift = self.X[0].astype(np.float64) if centre else zeros
        total, square, cross = np.zeros(self.p), np.zeros(self.p), np.zeros((self.p, SY.shape[1]), order="F")
        _dense.moments(
            self.X, shift, s, SY, zeros, self.ones, total, square, cross, self._scratch(True), self.step
        )
        return shift, total, square, cross

    def sweep(self, mean: Matrix, s: Matrix, sign: float, W: Matrix | None, R: Matrix, G: Matrix | None) -> None:
        """R += sign (X - mean) W, then G += (X - mean)' S R; None leaves a half out."""
        nothing = np.empty((0, R.shape[1]), order="F")
        W, G = nothing if W is None else W, nothing if G is None else G
        weighted = np.empty((self.step, R.shape[1]), order="F")
        _dense.sweep(
            self.X, mean, s, self.ones, self.plain, sign, W, R, G, self._scratch(self.plain), weighted, self.step
        )

    def gram(self, axis: int, mean: Matrix, column_scale: Matrix | None, row_scale: Matrix | None) -> Matrix:
        order, depth = (self.p, self.n) if axis == 0 else (self.n, self.p)
        column_scale = self.ones if column_scale is None else column_scale
        row_scale = self.ones if row_scale is None else row_scale
        out = np.zeros((order, order), order="F")
        step = min(depth, max(128, _GRAM_BYTES // (8 * order)))
        if self.single:
            part, scratch = np.empty((order, order), np.float32, order="F"), np.empty(order * step, np.float32)
        else:
            part, scratch = np.empty((1, 1), order="F"), np.empty(order * step)
        stop = np.zeros(1, np.int32)
        args = (self.X, mean, column_scale, row_scale, axis, False, out, part, scratch, step, stop)
        _interrupt.run(_dense.gram, *args, work=float(order) * order * depth, stop=stop)
        return out

    def columns(self, which: Matrix) -> Matrix:
        return np.asarray(self.X[:, which], dtype=np.float64)

    def rows(self, start: int, stop: int) -> _DenseStorage:
        part = _DenseStorage(self.X[start:stop])
        part.plain = self.plain
        return part

    def suspects(self, test: Any) -> Any:
        rows = max(1, (1 << 20) // max(1, self.p))
        for i in range(0, self.n, rows):
            for r, j in np.argwhere(test(self.X[i : i + rows])):
                yield i + int(r), int(j), float(self.X[i + r, j])


class _SparseStorage:
    """A sparse X, CSR or CSC with sorted unique indices. Columns without a zero may be stored shifted by their mean.

    A column that has a zero cannot have a mean above sqrt(n) times its spread, so implicit centring costs it few
    digits; one without can, and loses nothing when the stored values are centred instead.
    """

    sparse = True
    plain = True

    def __init__(self, data: Matrix, indices: Matrix, indptr: Matrix, shape: tuple[int, int], rowwise: bool) -> None:
        self.data, self.indices, self.indptr, self.rowwise = data, indices, indptr, rowwise
        self.n, self.p = shape
        self.single = data.dtype == np.float32
        self.layout = "csr" if rowwise else "csc"
        self.shift = np.zeros(self.p)
        self._other: _SparseStorage | None = None

    @classmethod
    def convert(cls, X: Any, name: str) -> _SparseStorage:
        if X.ndim != 2:
            raise ValueError(f"{name} must be 2-D (n_samples, n_features), got a sparse array of shape {X.shape}")
        dtype = _check_dtype(X.dtype, name)
        if X.format not in ("csr", "csc"):
            X = X.tocsr()
        rowwise, shape = X.format == "csr", X.shape
        data, indices, indptr = X.data, X.indices, X.indptr
        major, minor = shape if rowwise else shape[::-1]
        broken = (
            indptr.shape != (major + 1,)
            or indptr[0] != 0
            or indptr[-1] > min(len(indices), len(data))
            or (np.diff(indptr) < 0).any()
            or (len(indices) and (indices.min() < 0 or indices.max() >= minor))
        )
        if broken:
            raise ValueError(f"{name} is a {X.format.upper()} matrix with inconsistent indices: rebuild it")
        private = type(X)((data, indices, indptr), shape=shape, copy=False)
        if not private.has_canonical_format:
            private = type(X)((data, indices, indptr), shape=shape, copy=True)
            private.sum_duplicates()
        data, indices, indptr = private.data, private.indices, private.indptr
        if indices.dtype.kind != "i" or indices.dtype.itemsize not in (4, 8) or indices.dtype != indptr.dtype:
            indices, indptr = indices.astype(np.int64), indptr.astype(np.int64)
        return cls(
            np.ascontiguousarray(data[: indptr[-1]], dtype=dtype), np.ascontiguousarray(indices[: indptr[-1]]),
            np.ascontiguousarray(indptr), (int(shape[0]), int(shape[1])), rowwise,
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

    def turned(self, rowwise: bool) -> _SparseStorage:
        """The same matrix in the other storage, made once."""
        if rowwise == self.rowwise:
            return self
        if self._other is None:
            X = self._as_scipy()
            X = X.tocsr() if rowwise else X.tocsc()
            X.sort_indices()
            other = _SparseStorage(X.data, X.indices, X.indptr, self.shape, rowwise)
            other.shift = self.shift
            self._other = other
        return self._other

    def multiply(self, V: Matrix, out: Matrix, sign: float = 1.0, adjoint: bool = False, square: bool = False) -> None:
        """out += sign X V, or X'V; row-major operands."""
        kernel = _sparse.gather if self.rowwise != adjoint else _sparse.scatter
        kernel(self.data, self.indices, self.indptr, square, sign, V, out)

    def moments(self, s: Matrix, SY: Matrix, centre: bool) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        total, square = self._sums(s)
        if centre and self._shift_full_columns(total, square, s):
            total, square = self._sums(s)
        cross = np.zeros((self.p, SY.shape[1]))
        self.multiply(np.ascontiguousarray(SY), cross, adjoint=True)
        return self.shift, total, square, np.asfortranarray(cross)

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
            far = mean * mean > _PLAIN_RATIO**2 * (square / weight - mean * mean)
        if not far.any():
            return False
        counts = np.diff(self.indptr) if not self.rowwise else np.bincount(self.indices, minlength=self.p)
        far &= counts == self.n
        if not far.any():
            return False
        self.shift = np.where(far, mean, 0.0)
        column = self.indices if self.rowwise else np.repeat(np.arange(self.p), counts)
        self.data = self.data - self.shift[column]    # float64, so that float32 data lose nothing
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

    def gram(self, axis: int, mean: Matrix, column_scale: Matrix | None, row_scale: Matrix | None) -> Matrix:
        mean = mean - self.shift
        order = self.p if axis == 0 else self.n
        rows = np.ones(self.n) if row_scale is None else np.ascontiguousarray(row_scale[: self.n])
        columns = np.ones(self.p) if column_scale is None else column_scale
        out, stop = np.zeros((order, order), order="F"), np.zeros(1, np.int32)
        major, minor = (rows, columns) if axis == 0 else (columns, rows)
        X = self.turned(rowwise=axis == 0)
        work = 4.0 * self.gram_work(axis)
        _interrupt.run(
            _sparse.gram, X.data, X.indices, X.indptr, major, minor, out, stop, work=work, stop=stop
        )
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

    def columns(self, which: Matrix) -> Matrix:
        out = np.zeros((self.p, len(which)))
        out[which, np.arange(len(which))] = 1.0
        product = np.zeros((self.n, len(which)))
        self.multiply(out, product)
        return product + self.shift[which]

    def rows(self, start: int, stop: int) -> _SparseStorage:
        X = self.turned(rowwise=True)
        low, high = X.indptr[start], X.indptr[stop]
        part = _SparseStorage(
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
        self.storage = matrix if isinstance(matrix, _SparseStorage) else _DenseStorage(matrix)
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
        if not math.isfinite(Y.sum()):
            bad = np.argwhere(~np.isfinite(Y))
            if len(bad):
                i, k = (int(v) for v in bad[0])
                target = "" if self.one_d else f" of target {self.target_names[k] if self.target_names else k}"
                raise ValueError(f"y contains {Y[i, k]} at row {i}{target}: remove such rows")
        self.y_mean = np.zeros(self.t)
        if self.fit_intercept:
            for _ in range(2):    # the second pass removes the rounding of the first
                step = self.average(Y)
                Y -= step
                self.y_mean += step
        self.y_square = self.square_sum(Y)
        if not np.isfinite(self.y_square).all():
            raise ValueError(f"y reaches {np.abs(Y).max():g}: too large to square; rescale it")

    def _centre_features(self) -> None:
        if self.p == 0:
            self.mean = self.scale = np.zeros(0)
            self.cross = np.zeros((0, self.t), order="F")
            return
        SY = self.s[:, None] * self.Y if self.weighted else self.Y
        shift, total, square, cross = self.storage.moments(self.s, np.asfortranarray(SY), self.fit_intercept)
        if not math.isfinite(total.sum() + square.sum()):
            _raise_not_finite(self.storage, self.feature_names)
        offset = total / self.total_weight
        self.mean = shift + offset if self.fit_intercept else np.zeros(self.p)
        about = offset if self.fit_intercept else 0.0
        self.scale = np.sqrt(np.maximum(square / self.total_weight - about * about, 0.0))
        if not self.storage.sparse:
            self.storage.plain = bool((np.abs(self.mean) <= _PLAIN_RATIO * self.scale).all())
        if self.storage.plain and not self.storage.sparse:
            cross -= np.outer(self.mean, SY.sum(axis=0))
        elif self.fit_intercept:
            cross = np.zeros((self.p, self.t), order="F")
            self.storage.sweep(self.mean, self.s, 1.0, None, self.Y.copy(order="F"), cross)
        self.cross = cross

    @property
    def layout(self) -> Literal["C", "F", "csr", "csc"]:
        return self.storage.layout

    def gram(self, axis: int = 0, column_scale: Matrix | None = None) -> Matrix:
        """Lower triangle of Z'Z (axis 0) or ZZ' (axis 1), Z = S^1/2 (X - mean) diag(column_scale)."""
        order = self.p if axis == 0 else self.n
        need = 8 * order * order * (1.5 if self.storage.single else 1.0)
        check_memory(need, f"a {order} x {order} Gram matrix")
        return self.storage.gram(axis, self.mean, column_scale, np.sqrt(self.s) if self.weighted else None)

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
        Z = self.storage.columns(np.arange(self.p)) - self.mean
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
