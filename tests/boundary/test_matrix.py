"""Dense X in every form NumPy has: the same answer, the caller's data untouched, and no copy where none is needed."""

import sys
import warnings

import numpy as np
import pytest

from shrinkage import ridge, ridge_cv, ridge_path
from shrinkage._design import Design

pytestmark = pytest.mark.filterwarnings("error")

N, P = 40, 6


@pytest.fixture(scope="module")
def X():
    X = np.random.default_rng(0).normal(size=(N, P)) * np.arange(1.0, P + 1) + np.arange(P)
    X.flags.writeable = False
    return X


@pytest.fixture(scope="module")
def y(X):
    return X @ np.linspace(-1, 1, P) + np.random.default_rng(1).normal(size=N)


@pytest.fixture(scope="module")
def expected(X, y):
    """The minimizer at alpha 0.3, from its definition."""
    Z, t = X - X.mean(axis=0), y - y.mean()
    coef = np.linalg.solve(Z.T @ Z + N * 0.3 * np.eye(P), Z.T @ t)
    return coef, y.mean() - X.mean(axis=0) @ coef


def filled(view, X):
    """A view of some larger or stranger block of memory, given the values of X."""
    view[...] = X
    return view


def unaligned(X):
    memory = np.zeros(X.nbytes + 1, np.uint8)[1:]
    out = filled(memory.view(X.dtype).reshape(X.shape), X)
    assert not out.flags.aligned
    return out


def broken_stride(X):
    """Rows that are not a whole number of entries apart."""
    memory = np.zeros(N * (8 * P + 4), np.uint8)
    return filled(np.ndarray((N, P), np.float64, memory, strides=(8 * P + 4, 8)), X)


def subclass(X):
    class Units(np.ndarray):
        pass

    return X.copy().view(Units)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


#: Layouts that the kernels read where they lie.
IN_PLACE = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "read-only": read_only,
    "transposed": lambda X: np.ascontiguousarray(X.T).T,
    "columns of a wider C block": lambda X: filled(np.zeros((N, P + 5))[:, 2 : P + 2], X),
    "rows of a longer F block": lambda X: filled(np.zeros((N + 7, P), order="F")[3 : N + 3], X),
    "rows of a longer C block": lambda X: filled(np.zeros((N + 7, P))[3 : N + 3], X),
    "every second row of C": lambda X: filled(np.zeros((2 * N, P))[::2], X),
    "every second column of F": lambda X: filled(np.zeros((N, 2 * P), order="F")[:, ::2], X),
    "plane of a cube": lambda X: filled(np.zeros((N, 3, P))[:, 1], X),
    "subclass": subclass,
}
#: Layouts that must be copied, once.
COPIED = {
    "every second column of C": lambda X: filled(np.zeros((N, 2 * P))[:, ::2], X),
    "every second row of F": lambda X: filled(np.zeros((2 * N, P), order="F")[::2], X),
    "rows backwards": lambda X: filled(np.zeros((N, P))[::-1], X),
    "columns backwards": lambda X: filled(np.zeros((N, P))[:, ::-1], X),
    "backwards both ways, F": lambda X: filled(np.zeros((N, P), order="F")[::-1, ::-1], X),
    "steps both ways": lambda X: filled(np.zeros((3 * N, 2 * P))[::3, ::2], X),
    "other byte order": lambda X: X.astype(X.dtype.newbyteorder()),
    "unaligned": unaligned,
    "rows a broken number of entries apart": broken_stride,
    "column of a cube": lambda X: filled(np.zeros((N, P, 3))[:, :, 1], X),
    "field of records": lambda X: filled(np.zeros((N, P), [("a", "f8"), ("b", "f8")])["b"], X),
    "list of lists": lambda X: X.tolist(),
    "tuple of arrays": lambda X: tuple(X),
}


@pytest.mark.parametrize("layout", [*IN_PLACE, *COPIED])
def test_same_answer_from_every_layout(X, y, expected, layout, function):
    given = (IN_PLACE | COPIED)[layout](X)
    out = function(given, y, 0.3) if function is ridge else function(given, y, [0.3])
    fit = {ridge: lambda: out, ridge_path: lambda: out[0], ridge_cv: lambda: out.fit}[function]()
    np.testing.assert_allclose(fit.coef, expected[0], rtol=1e-12)
    np.testing.assert_allclose(fit.intercept, expected[1], rtol=1e-12)
    np.testing.assert_array_equal(np.asarray(given, dtype=float), X)
    np.testing.assert_allclose(fit.predict(given), expected[1] + X @ expected[0], rtol=1e-12)


@pytest.mark.parametrize("layout", IN_PLACE)
def test_no_copy_where_none_is_needed(X, y, layout):
    given = IN_PLACE[layout](X)
    storage = Design(given, y).storage
    assert np.shares_memory(storage.X, given)
    assert storage.X.strides == given.strides


@pytest.mark.parametrize("layout", COPIED)
def test_other_layouts_become_native_contiguous_arrays(X, y, layout):
    stored = Design(COPIED[layout](X), y).storage.X
    assert stored.dtype == np.float64 and stored.dtype.isnative
    assert stored.flags.aligned and (stored.flags.c_contiguous or stored.flags.f_contiguous)


@pytest.mark.parametrize("shape", [(1, P), (N, 1)])
@pytest.mark.parametrize("layout", [*IN_PLACE, *COPIED])
def test_one_row_or_column_of_every_layout(X, y, layout, shape):
    """A side of one entry may have any stride at all."""
    n, p = shape
    source = (IN_PLACE | COPIED)[layout](X)
    given = [row[:p] for row in source[:n]] if isinstance(source, (list, tuple)) else source[:n, :p]
    fit = ridge(given, y[:n], 0.3)
    plain = ridge(X[:n, :p].copy(), y[:n], 0.3)
    np.testing.assert_allclose(fit.coef, plain.coef, rtol=1e-12)
    np.testing.assert_allclose(fit.intercept, plain.intercept, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, 1])
def test_broadcast_arrays_with_zero_strides(dtype, axis):
    source = np.arange(1, 7, dtype=dtype)
    given = np.broadcast_to(source[None, :] if axis == 0 else source[:, None], (6, 6))
    assert 0 in given.strides
    stored = Design(given, np.arange(6.0)).storage.X
    np.testing.assert_array_equal(stored, given)
    y = np.array([1.0, -1, 2, 0, 3, 5])
    np.testing.assert_array_equal(ridge(given, y).coef, ridge(given.copy(), y).coef)


def test_overlapping_windows(y):
    """Rows of a sliding window share memory with each other: both strides are one entry."""
    windows = np.lib.stride_tricks.sliding_window_view(np.random.default_rng(2).normal(size=N + 2), 3)
    assert windows.strides == (8, 8)
    np.testing.assert_array_equal(ridge(windows, y).coef, ridge(windows.copy(), y).coef)


def test_rows_further_apart_than_blas_can_count_are_copied(X, y, monkeypatch):
    """The distance between rows is a 32-bit integer for BLAS, like the sides."""
    given = filled(np.zeros((N, 100))[:, :P], X)
    monkeypatch.setattr("shrinkage._design._MAX_INT", 100)
    assert np.shares_memory(Design(given, y).storage.X, given)
    monkeypatch.setattr("shrinkage._design._MAX_INT", 99)
    stored = Design(given, y).storage.X
    assert not np.shares_memory(stored, given)
    np.testing.assert_array_equal(stored, X)


# --- kinds of array -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_map_is_read_in_place(X, y, tmp_path, order, dtype):
    path = tmp_path / "X.npy"
    np.save(path, np.asarray(X, dtype=dtype, order=order))
    before = path.read_bytes()
    mapped = np.load(path, mmap_mode="r")
    assert isinstance(mapped, np.memmap) and not mapped.flags.writeable
    assert np.shares_memory(Design(mapped, y).storage.X, mapped)
    fit = ridge(mapped, y, 0.3)
    assert type(fit.coef) is np.ndarray
    np.testing.assert_array_equal(fit.coef, ridge(np.array(mapped), y, 0.3).coef)
    predicted = fit.predict(mapped)
    assert type(predicted) is np.ndarray
    assert type(ridge_path(mapped, y, [1.0, 0.3]).predict(mapped)) is np.ndarray
    assert path.read_bytes() == before


def test_slice_of_a_memory_map_is_read_in_place(X, y, tmp_path):
    np.save(tmp_path / "X.npy", X)
    part = np.load(tmp_path / "X.npy", mmap_mode="r")[5:35, 1:4]
    assert np.shares_memory(Design(part, y[5:35]).storage.X, part)
    np.testing.assert_allclose(ridge(part, y[5:35]).coef, ridge(X[5:35, 1:4].copy(), y[5:35]).coef, rtol=1e-12)


def test_matrix_class(X, y, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        given = np.matrix(X)
    fit = ridge(given, y, 0.3)
    assert fit.coef.shape == (P,) and type(fit.coef) is np.ndarray
    np.testing.assert_allclose(fit.coef, expected[0], rtol=1e-12)
    predicted = fit.predict(given)
    assert predicted.shape == (N,) and type(predicted) is np.ndarray


def test_masked_array_without_masked_entries(X, y, expected):
    for given in (np.ma.array(X), np.ma.array(X, mask=np.zeros(X.shape, bool))):
        np.testing.assert_allclose(ridge(given, y, 0.3).coef, expected[0], rtol=1e-12)


def test_masked_entries_are_refused(X, y):
    given = np.ma.masked_greater(X, X.max() - 1e-9)
    with pytest.raises(ValueError, match=r"^X is a masked array with masked entries: fill or drop them first"):
        ridge(given, y)


def test_object_that_knows_how_to_become_an_array(X, y, expected):
    class Wrapped:
        def __array__(self, dtype=None, copy=None):
            return np.array(X, dtype=dtype)

    np.testing.assert_allclose(ridge(Wrapped(), y, 0.3).coef, expected[0], rtol=1e-12)


# --- dtypes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4", "<u2", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_other_real_dtypes_become_float64(X, y, dtype, order):
    given = np.asarray(np.abs(X) * 5 > 4 if dtype == "?" else np.abs(X) * 5, dtype=dtype, order=order)
    before = given.copy()
    design = Design(given, y)
    assert design.storage.X.dtype == np.float64
    np.testing.assert_array_equal(design.storage.X, given.astype(np.float64))
    np.testing.assert_array_equal(ridge(given, y).coef, ridge(given.astype(np.float64, order="A"), y).coef)
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_float32_stays_float32_in_storage(X, y, order, dtype):
    given = np.asarray(X, dtype=dtype, order=order)
    stored = Design(given, y).storage.X
    assert stored.dtype == np.float32 and stored.dtype.isnative
    assert np.shares_memory(stored, given) == (given.dtype == np.float32)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(3000, 20), (25, 400)])
@pytest.mark.parametrize("weighted", [False, True])
def test_float32_is_accumulated_in_float64(shape, order, weighted):
    """Every sum over float32 data is a float64 sum: the answer is that of the same values in float64."""
    rng = np.random.default_rng(3)
    # means a hundred times the spread: sums in single precision would keep two or three digits
    X = np.asarray(rng.normal(size=shape) + 100.0, dtype=np.float32, order=order)
    wide, y = X.astype(np.float64), rng.normal(size=shape[0])
    s = rng.uniform(0.5, 2.0, size=shape[0]) if weighted else None
    single, double = Design(X, y, s), Design(wide, y, s)
    np.testing.assert_allclose(single.mean, double.mean, rtol=1e-14)
    np.testing.assert_allclose(single.scale, double.scale, rtol=1e-9)
    for call in (
        lambda X: ridge(X, y, 0.1, sample_weight=s),
        lambda X: ridge_path(X, y, [0.1], sample_weight=s)[0],
        lambda X: ridge_cv(X, y, [0.1], sample_weight=s).fit,
    ):
        a, b = call(X), call(wide)
        assert a.coef.dtype == np.float64
        np.testing.assert_allclose(a.coef, b.coef, rtol=1e-9, atol=1e-12 * np.abs(b.coef).max())
        np.testing.assert_allclose(a.predict(X), b.predict(wide), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", [1e-30, 1e-19, 1e19, 1e30, 1e37])
@pytest.mark.parametrize("shape", [(60, 5), (8, 30)])
@pytest.mark.parametrize("single", [False, True])
def test_float32_data_whose_squares_leave_the_range_of_float32(size, shape, single, monkeypatch):
    """Products of float32 entries overflow from 1e19 on and vanish below 1e-19; the fit must not notice."""
    if single:  # as if the problem were large enough for a Gram matrix in single precision
        monkeypatch.setattr("shrinkage._ridge_system._SINGLE_SIDE", 1)
    rng = np.random.default_rng(4)
    unit = rng.normal(size=shape)
    X, y = (unit * size).astype(np.float32), unit[:, 0] + rng.normal(size=shape[0])
    wide, alpha = X.astype(np.float64) / size, 0.2 * size * size
    reference = ridge(wide, y, 0.2).coef / size
    near = {"rtol": 1e-9, "atol": 1e-10 * np.abs(reference).max()}
    np.testing.assert_allclose(ridge(X, y, alpha).coef, reference, **near)
    np.testing.assert_allclose(ridge(X, y, alpha, solver="dual").coef, reference, **near)
    np.testing.assert_allclose(ridge_path(X, y, [alpha])[0].coef, reference, **near)
    np.testing.assert_allclose(ridge_cv(X, y, [alpha]).fit.coef, reference, **near)


def test_float32_under_extreme_weights():
    """Weights scale the products too: only their ratios may matter."""
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(60, 5)).astype(np.float32), rng.normal(size=60)
    reference = ridge(X, y, 0.2).coef
    for weight in (1e-100, 1e-45, 1e45, 1e100):
        np.testing.assert_allclose(ridge(X, y, 0.2, sample_weight=weight).coef, reference, rtol=1e-9)
        np.testing.assert_allclose(ridge_path(X, y, [0.2], sample_weight=weight)[0].coef, reference, rtol=1e-9)


has_wide_longdouble = np.finfo(np.longdouble).bits > 64
REFUSED = {
    "float16": (lambda X: X.astype(np.float16), ["float16", "numpy.float32"]),
    "longdouble": (lambda X: X.astype(np.longdouble), [str(np.dtype(np.longdouble)), "numpy.float64"]),
    "complex64": (lambda X: X.astype(np.complex64), ["complex64", "real numbers"]),
    "complex128": (lambda X: X + 0j, ["complex128", "real numbers"]),
    "object": (lambda X: X.astype(object), ["object", "astype(float)"]),
    "str": (lambda X: X.astype(str), ["<U32" if sys.byteorder == "little" else ">U32", "not numeric"]),
    "bytes": (lambda X: X.astype("S8"), ["S8", "not numeric"]),
    "datetime": (lambda X: X.astype("i8").astype("M8[s]"), ["datetime64[s]", "not numeric"]),
    "timedelta": (lambda X: X.astype("i8").astype("m8[s]"), ["timedelta64[s]", "not numeric"]),
    "records": (lambda X: np.zeros((N, P), [("a", "f8")]), ["'a'", "not numeric"]),
    "mixed list": (lambda X: [[1.0, None]] * N, ["object", "astype(float)"]),
    "text list": (lambda X: [["1.0", "2.0"]] * N, ["<U3" if sys.byteorder == "little" else ">U3", "not numeric"]),
    "None": (lambda X: None, ["object"]),
    "dict": (lambda X: {"a": [1.0]}, ["object"]),
    "generator": (lambda X: (row for row in X), ["object"]),
    "text": (lambda X: "data.csv", ["not numeric"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_dtypes(X, y, kind, function):
    if kind == "longdouble" and not has_wide_longdouble:
        pytest.skip("longdouble is float64 here")
    make, words = REFUSED[kind]
    with pytest.raises(TypeError, match=r"^X ") as caught:
        function(make(X), y)
    for word in ["dtype", *words]:
        assert word in str(caught.value)


def test_predict_and_score_refuse_the_same(X, y):
    fit, path = ridge(X, y), ridge_path(X, y, [1.0])
    for call in (fit.predict, path.predict, lambda X: fit.score(X, y)):
        with pytest.raises(TypeError, match=r"^X has the complex dtype complex128"):
            call(X + 0j)


def test_ragged_lists(y):
    with pytest.raises(ValueError, match=r"^X is not a rectangular array of numbers"):
        ridge([[1.0], [1.0, 2.0]], y[:2])


@pytest.mark.parametrize(
    ("shape", "words"),
    [((), "0-D: pass a 2-D array"), ((N,), r"1-D: pass X.reshape\(-1, 1\)"), ((1, N, P), "3-D: pass a 2-D array")],
)
def test_wrong_number_of_dimensions(y, shape, words):
    with pytest.raises(ValueError, match=rf"^X must be a 2-D array \(n_samples, n_features\), got {words}"):
        ridge(np.zeros(shape), y)


# --- values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, r"\+inf"), (-np.inf, "-inf")])
@pytest.mark.parametrize("row", [0, 17, N - 1])
def test_first_value_that_is_not_finite_is_located(X, y, order, dtype, fit_intercept, value, name, row):
    bad = np.array(X, dtype=dtype, order=order)
    bad[row, 2] = value
    bad[N - 1, 4] = np.nan
    with pytest.raises(ValueError, match=rf"^X contains {name} at column 2, row {row}: remove or impute"):
        ridge(bad, y, fit_intercept=fit_intercept)


def test_not_finite_under_a_zero_weight_is_refused_too(X, y):
    bad, s = X.copy(), np.ones(N)
    bad[3, 1], s[3] = np.nan, 0.0
    with pytest.raises(ValueError, match=r"^X contains NaN at column 1, row 3"):
        ridge(bad, y, sample_weight=s)


def test_not_finite_in_a_large_matrix_is_located():
    """Where the search runs over blocks of rows and the pass over X over chunks."""
    X = np.zeros((300_000, 5), dtype=np.float32)
    X[271_828, 3] = np.nan
    for given in (X, np.asfortranarray(X)):
        with pytest.raises(ValueError, match=r"^X contains NaN at column 3, row 271828"):
            ridge(given, np.zeros(len(X)))


@pytest.mark.parametrize("value", [1e155, -1e200, 1e308])
def test_values_too_large_to_square_are_named(X, y, function, value):
    bad = X.copy()
    bad[7, 4] = value
    with pytest.raises(ValueError, match=r"^X reaches .* in column 4: too large to square; rescale the column"):
        function(bad, y)


def test_weighted_squares_that_overflow(X, y):
    with pytest.raises(ValueError, match=r"^the weighted sum of squares of X overflows: rescale X, or sample_weight"):
        ridge(X * 1e120, y, sample_weight=1e140)


@pytest.mark.parametrize("size", [1e-140, 1e-70, 1e70, 1e140])
def test_float64_units_do_not_matter(X, y, expected, size):
    """Far from one, yet squarable: y and alpha in proportion give the same numbers."""
    for fit in (
        ridge(X * size, y, 0.3 * size * size),
        ridge_path(X * size, y, [0.3 * size * size])[0],
        ridge_cv(X * size, y, [0.3 * size * size]).fit,
    ):
        np.testing.assert_allclose(fit.coef * size, expected[0], rtol=1e-11)
