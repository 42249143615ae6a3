"""The one boundary. Whatever a caller passes is checked and converted here, once, into a `Design` that solvers trust.

A dense X stays where it is: any float32 or float64 array with unit stride along one axis and C or F order is read in
place, a memory map included; everything else is copied once. A sparse X stays sparse. Centring is never written into
X: `Design` carries the means, and its products subtract them on the way.
"""

from __future__ import annotations

import contextlib
import copy
import math
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ._algebra import square
from ._extras import require
from ._kernels import dense as _dense
from ._storage import DenseStorage, Matrix, Precision, SparseStorage
from .penalties import as_numbers

_FRAME_LIBRARIES = {"pandas", "polars", "pyarrow", "modin", "cudf", "narwhals", "duckdb"}
_MAX_INT = 2**31 - 1
#: Features up to which X'X is taken without packing X first.
_NARROW = 400
#: Spread below which squares leave the range of numbers.
_TINY = 1e-145


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
    """A table as a Fortran-ordered matrix with its column names, or a series as a vector with its own, if any."""
    nw = require("narwhals", extra="frames")
    pa = sys.modules.get("pyarrow")
    if pa is not None and isinstance(value, pa.Array):  # narwhals knows the forms in chunks alone
        value = pa.chunked_array([value])
    elif pa is not None and isinstance(value, pa.RecordBatch):
        value = pa.Table.from_batches([value])
    try:
        table = nw.from_native(value, eager_only=True, allow_series=True)
    except TypeError:
        table = None
    except ValueError:  # newer versions see for themselves that names occur twice
        _check_names(value.column_names if hasattr(type(value), "column_names") else value.columns, name)
        raise
    if isinstance(table, nw.Series):
        if not _is_numeric(table):
            raise TypeError(
                f"{name} has dtype {_dtype_of(table)}, which is not numeric: encode it as numbers first, "
                "with astype(float) where numbers are held as objects"
            )
        return _values_of(table, name), None if table.name in (None, "") else (str(table.name),)
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
            f"Encode {them} as numbers (one-hot, or astype(float) for numbers held as objects) or drop {them}"
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
        return _from_sparse(X, name), None
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


def _as_offset(offset: Any, n: int) -> Matrix:
    o = as_numbers(offset, "offset must be numbers, one per row of X")
    if o.shape != (n,) or not np.isfinite(o).all():
        raise ValueError(f"offset must be a 1-D array of finite numbers, one per row of X ({n}), got shape {o.shape}")
    return o


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


def _from_sparse(X: Any, name: str) -> SparseStorage:
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
    stored = slice(int(indptr[-1]))
    plain: tuple[Literal["C"], Literal["A"]] = ("C", "A")
    return SparseStorage(
        np.require(data[stored], dtype, plain),
        np.require(indices[stored], None, plain),
        np.require(indptr, None, plain),
        (int(shape[0]), int(shape[1])),
        rowwise,
    )


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
        Targets, less the offset where there is one, less `y_mean`.
    cross : ndarray of shape (p, t)
        (X - mean)' S Y.
    """

    __slots__ = (
        "Y", "cross", "feature_names", "fit_intercept", "mean", "n", "one_d", "p", "s", "scale", "storage", "t",
        "target_names", "total_weight", "weighted", "y_mean", "y_square",
    )  # fmt: skip

    def __init__(
        self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None, fit_intercept: bool = True
    ) -> None:
        matrix, self.feature_names = as_matrix(X)
        self.n, self.p = matrix.shape
        if self.n == 0:
            raise ValueError(f"X has shape {matrix.shape}: there is no row to fit")
        self.storage = matrix if isinstance(matrix, SparseStorage) else DenseStorage(matrix)
        self.Y, self.one_d, self.target_names = _as_target(y, self.n)
        self.t = self.Y.shape[1]
        if offset is not None:
            with np.errstate(over="ignore"):  # found where targets are squared
                self.Y -= _as_offset(offset, self.n)[:, None]
        weights = _as_weights(sample_weight, self.n)
        self.weighted = weights is not None
        self.fit_intercept = check_flag(fit_intercept, "fit_intercept")
        self.s = np.ones(self.n) if weights is None else weights
        self.total_weight = float(self.s.sum()) if self.weighted else float(self.n)
        self._centre_targets()
        self._centre_features()

    def subset(self, rows: Matrix) -> Design:
        """The design of some rows (a copy of them), on its own means; its targets start from this one's `Y`."""
        own = object.__new__(Design)
        own.storage = self.storage.take(rows)
        own.n, own.p, own.t = len(rows), self.p, self.t
        own.feature_names, own.target_names, own.one_d = self.feature_names, self.target_names, self.one_d
        own.weighted, own.fit_intercept = self.weighted, self.fit_intercept
        own.Y, own.s = np.array(self.Y[rows], order="F"), np.ascontiguousarray(self.s[rows])
        own.total_weight = float(own.s.sum())
        own._centre_targets()
        own._centre_features()
        return own

    def _centre_targets(self) -> None:
        Y = self.Y
        self.y_mean, self.y_square = np.zeros(self.t), np.zeros(self.t)
        _dense.centre(Y, self.s, self.total_weight, self.fit_intercept, self.y_mean, self.y_square)
        if not math.isfinite(self.y_square.sum()):
            raise ValueError("y is too large to square: rescale it")
        for k in np.flatnonzero(self.y_square < _TINY**2 * self.total_weight):
            spread = float(np.abs(Y[self.s > 0, k]).max())
            if spread > 0:
                raise ValueError(f"y varies by no more than {spread:.1e}: too little to square; rescale it")

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
        if self.scale.min() < _TINY:
            self._refuse_tiny_features()

    def _refuse_tiny_features(self) -> None:
        """Constant features are fine; those that vary too little to be squared must not pass for such."""
        candidates = self.storage.not_zero(np.flatnonzero(self.scale < _TINY))
        live = self.s[: self.n] > 0
        step = max(1, (1 << 20) // self.n)
        for start in range(0, len(candidates), step):
            block = candidates[start : start + step]
            C = self.storage.columns(block)[live]
            spread = np.abs(C - C[0] if self.fit_intercept else C).max(axis=0)
            for j in np.flatnonzero((spread > 0) & (spread < 1e5 * _TINY)):
                raise ValueError(
                    f"X varies by no more than {spread[j]:.1e} in {_name_of(int(block[j]), self.feature_names)}: too "
                    "little to square; rescale the column"
                )

    @property
    def eps(self) -> float:
        """Unit roundoff of the precision that X is stored in: what its entries are good for."""
        return 2.0**-23 if self.storage.single else 2.0**-52

    @property
    def layout(self) -> str:
        """How X is stored: "C", "F", "csr" or "csc"."""
        return self.storage.layout

    def gram(self, axis: int = 0, column_scale: Matrix | None = None, *, precision: Precision = "double") -> Matrix:
        """Lower triangle of Z'Z (axis 0) or ZZ' (axis 1), Z = S^1/2 (X - mean) diag(column_scale).

        "single" takes the products of a dense X in float32, summed in float64 every few thousand samples: half the
        time, seven digits. "tiles", where `tiles_available`, keeps five or six in a fraction of that.
        `single_is_safe` says whether they stay in float32's range.
        """
        order = self.p if axis == 0 else self.n
        if order == 0:
            return np.zeros((0, 0), order="F")
        check_memory(8.0 * order * order * (1.0 if precision == "double" else 1.5), f"a {order} x {order} Gram matrix")
        row_scale = np.sqrt(self.s) if self.weighted else None
        if axis == 0 and precision == "double" and column_scale is None and not self.weighted and self.p <= _NARROW:
            plain = self.plain(1.0)
            if plain is not None:
                return self._plain_gram(*plain)
        return self.storage.gram(axis, self.mean, column_scale, row_scale, precision)

    def near(self, times: float) -> bool:
        """Whether no mean is larger than so many standard deviations."""
        return bool((np.abs(self.mean) <= times * self.scale).all())

    def plain(self, times: float) -> tuple[Matrix, bool] | None:
        """X, or its transpose and False, as BLAS reads it, where no mean is larger than so many standard deviations.

        Products that are centred afterwards then lose no more digits than `times` has.
        """
        storage = self.storage
        if storage.sparse or storage.single or not self.near(times):
            return None
        X = storage.X  # type: ignore[union-attr]
        if not (X.flags.c_contiguous or X.flags.f_contiguous):
            return None
        return (X.T, False) if storage.rowwise else (X, True)

    def _plain_gram(self, X: Matrix, upright: bool) -> Matrix:
        """X'X less the means' part: of few columns, packing X takes as long as multiplying it."""
        out = square(X, transposed=upright)
        out -= np.tril(self.total_weight * np.multiply.outer(self.mean, self.mean))
        return out

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


class Samples:
    """Checked rows for solvers that take them one by one: X lies by rows, as it was given, and nothing is centred.

    Attributes
    ----------
    storage : DenseStorage or SparseStorage
        X by rows: in C order, a view of the caller's where it lies so, or in CSR; float32 or float64.
    n, p : int
        Samples, features.
    y : ndarray of shape (n, t), C order
        Targets in the coding of the loss; one column, or one for every setting.
    s : ndarray of shape (n,)
        Sample weights, ones where none were given (`weighted` tells).
    total : float
        T, which the weighted sum of the losses is divided by: the sum of the weights, if nothing else is said.
    lowest : float
        The smallest y that was given.
    """

    __slots__ = ("feature_names", "lowest", "n", "p", "s", "storage", "total", "weighted", "y")

    def __init__(self, X: Any, y: Any, sample_weight: Any = None, *, loss: Any, total: float | None = None) -> None:
        matrix, self.feature_names = as_matrix(X)
        self.n, self.p = matrix.shape
        if self.n == 0:
            raise ValueError(f"X has shape {matrix.shape}: there is no row to fit")
        self.storage = (
            matrix.turned(rowwise=True)
            if isinstance(matrix, SparseStorage)
            else DenseStorage(np.ascontiguousarray(matrix))
        )
        Y, _, _ = _as_target(y, self.n)
        self.lowest = float(Y.min())
        self.y = np.ascontiguousarray(np.column_stack([loss.targets(column) for column in Y.T]))
        weights = _as_weights(sample_weight, self.n)
        self.weighted = weights is not None
        self.s = np.ones(self.n) if weights is None else weights
        self.total = (float(self.s.sum()) if self.weighted else float(self.n)) if total is None else total

    def only(self, rows: Matrix) -> Samples:
        """These with no weight for any but `rows`; nothing is copied but the weights."""
        out = copy.copy(self)
        out.s, out.weighted = np.zeros(self.n), True
        out.s[rows] = self.s[rows]
        out.total = float(out.s.sum())
        return out

    def counted(self) -> Samples:
        """These without the rows of no weight, which may hold anything."""
        rows = np.flatnonzero(self.s)
        if len(rows) == self.n:
            return self
        out = copy.copy(self)
        out.storage, out.n = self.storage.take(rows), len(rows)
        out.y, out.s = np.ascontiguousarray(self.y[rows]), np.ascontiguousarray(self.s[rows])
        return out

    def refuse(self) -> None:
        """Raise where X has NaN or infinity, or what is too large to square."""
        for i, j, value in self.storage.suspects(lambda a: ~(np.abs(a) <= 1e150)):
            where = _name_of(j, self.feature_names)
            if math.isfinite(value):
                raise ValueError(f"X reaches {value:g} in {where}: too large to square; rescale the column")
            what = "NaN" if math.isnan(value) else f"{value:+}"
            raise ValueError(f"X contains {what} at {where}, row {i}: remove or impute such values")

    def is_finite(self) -> bool:
        """Whether all of X is a number that can be squared and summed."""
        values = self.storage.data if isinstance(self.storage, SparseStorage) else self.storage.X
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(np.abs(values.sum(dtype=np.float64)) <= 1e300)


def check_flag(value: Any, name: str) -> bool:
    """A bool, or a TypeError that names the argument."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


@cache
def physical_memory() -> float:
    """Bytes of memory this process may use: what the machine has, or its container's limit; infinite where unknown."""
    try:
        have = float(os.sysconf("SC_PHYS_PAGES")) * float(os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        have = math.inf
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
            have = min(have, float(Path(path).read_text()))
    return have


def affordable(need: float) -> bool:
    """Whether `need` bytes are a reasonable thing to allocate here."""
    return need <= 0.8 * physical_memory()


def check_memory(need: float, what: str) -> None:
    if not affordable(need):
        raise ValueError(
            f"{what} needs {need / 2**30:.1f} GiB and this machine has {physical_memory() / 2**30:.1f}: "
            "use solver='cg', which forms no Gram matrix, or fewer features or rows"
        )
