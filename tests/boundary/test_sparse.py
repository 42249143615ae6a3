"""Sparse X in every format SciPy has: the answer of the dense X, and nothing of the caller's changed."""

import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import elastic_net, ridge, ridge_cv, ridge_path
from shrinkage._design import Design

pytestmark = pytest.mark.filterwarnings("error")

N, P = 50, 8
FORMATS = ["csr", "csc", "coo", "dia", "lil", "dok", "bsr"]


@pytest.fixture(scope="module")
def dense():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P)) * (rng.random((N, P)) < 0.4)
    X[:, 3] = 0.0
    X[7] = 0.0
    X.flags.writeable = False
    return X


@pytest.fixture(scope="module")
def y(dense):
    return dense @ np.linspace(-1, 2, P) + np.random.default_rng(1).normal(size=N)


def parts(X):
    """Everything a sparse container holds, flags that SciPy caches included."""
    names = ("data", "indices", "indptr", "row", "col", "offsets", "rows")
    out = {name: getattr(X, name) for name in names if hasattr(X, name)}
    out |= {name: value for name, value in vars(X).items() if isinstance(value, (bool, int))}
    if X.format == "dok":
        out["items"] = dict(X.items())
    return out


def snapshot(X):
    return {
        name: (value.copy(), value.dtype, value.flags.writeable) if isinstance(value, np.ndarray) else value
        for name, value in parts(X).items()
    }


def assert_untouched(X, before, objects):
    after = parts(X)
    # flags that SciPy works out lazily may be added, but what was there is there
    assert set(before) <= set(after)
    for name, value in before.items():
        if isinstance(value, tuple):
            assert after[name] is objects[name]
            np.testing.assert_array_equal(after[name], value[0])
            assert (after[name].dtype, after[name].flags.writeable) == value[1:]
        else:
            assert after[name] == value


def duplicated(dense, make):
    """Every entry stored as two that sum to it, in no order, with an explicit zero beside them."""
    rng = np.random.default_rng(2)
    i, j = np.nonzero(dense)
    share = rng.normal(size=len(i))
    i, j = np.r_[i, i, 3, 7], np.r_[j, j, 3, 3]
    v = np.r_[share, dense[np.nonzero(dense)] - share, 0.0, 0.0]
    order = rng.permutation(len(i))
    i, j, v = i[order], j[order], v[order]
    if make.startswith("coo"):
        return getattr(sp, make)((v, (i, j)), shape=dense.shape)
    major, minor = (i, j) if make.startswith("csr") else (j, i)
    order = np.argsort(major, kind="stable")
    size = N if make.startswith("csr") else P
    indptr = np.r_[0, np.cumsum(np.bincount(major, minlength=size))]
    return getattr(sp, make)((v[order], minor[order], indptr), shape=dense.shape)


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("function", [ridge, ridge_path, ridge_cv])
def test_same_answer_from_every_format(dense, y, form, kind, function):
    X = getattr(sp, f"{form}_{kind}")(dense)
    before, objects = snapshot(X), parts(X)
    alpha = 0.3 if function is ridge else [0.3]
    ours, plain = function(X, y, alpha), function(dense, y, alpha)
    if function is ridge_path:
        ours, plain = ours[0], plain[0]
    elif function is ridge_cv:
        np.testing.assert_allclose(ours.score, plain.score, rtol=1e-12)
        ours, plain = ours.fit, plain.fit
    np.testing.assert_allclose(ours.coef, plain.coef, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(ours.intercept, plain.intercept, rtol=1e-12)
    np.testing.assert_allclose(ours.feature_mean, plain.feature_mean, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(ours.feature_scale, plain.feature_scale, rtol=1e-12)
    np.testing.assert_allclose(ours.predict(X), dense @ plain.coef + plain.intercept, rtol=1e-11, atol=1e-14)
    assert ours.score(X, y) == pytest.approx(plain.score(dense, y), rel=1e-12)
    assert_untouched(X, before, objects)


@pytest.mark.parametrize("make", ["csr_array", "csr_matrix", "csc_array", "csc_matrix", "coo_array", "coo_matrix"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_duplicates_are_summed_and_indices_sorted_in_a_copy(dense, y, make, fit_intercept):
    X = duplicated(dense, make)
    before, objects = snapshot(X), parts(X)
    fit = ridge(X, y, 0.3, fit_intercept=fit_intercept)
    plain = ridge(dense, y, 0.3, fit_intercept=fit_intercept)
    np.testing.assert_allclose(fit.coef, plain.coef, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(fit.predict(X), plain.predict(dense), rtol=1e-10, atol=1e-13)
    assert_untouched(X, before, objects)


@pytest.mark.parametrize("make", ["csr_array", "csc_array"])
def test_the_storage_is_canonical(dense, y, make):
    stored = Design(duplicated(dense, make), y).storage
    for start, stop in zip(stored.indptr[:-1], stored.indptr[1:], strict=True):
        assert (np.diff(stored.indices[start:stop]) > 0).all()
    assert stored.rowwise == make.startswith("csr")


@pytest.mark.parametrize("make", ["csr_array", "csr_matrix", "csc_array", "csc_matrix"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_canonical_storage_is_read_in_place(dense, y, make, dtype):
    X = getattr(sp, make)(dense.astype(dtype))
    stored = Design(X, y).storage
    assert stored.data.dtype == dtype
    for name in ("data", "indices", "indptr"):
        assert np.shares_memory(getattr(stored, name), getattr(X, name))


def test_columns_far_from_zero_are_shifted_in_a_copy(dense, y):
    """A column without a zero and with a large mean is centred where it is stored; not in the caller's array."""
    shifted = dense + np.where(np.arange(P) == 5, 1e6, 0.0)
    for make in (sp.csr_array, sp.csc_array):
        for dtype in (np.float32, np.float64):
            X = make(shifted.astype(dtype))
            before, objects = snapshot(X), parts(X)
            fit = ridge(X, y, 0.3)
            np.testing.assert_allclose(fit.coef, ridge(X.toarray().astype(np.float64), y, 0.3).coef, rtol=1e-8)
            assert_untouched(X, before, objects)


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("value", [0.3, 0.1, 7.7, -1e9])
def test_constant_columns_have_no_spread(make, value):
    rng = np.random.default_rng(0)
    X, s = rng.standard_normal((42, 3)), rng.random(42)
    X[:, 1] = value
    y = X[:, 0] + rng.standard_normal(42) + 5
    design = Design(make(X), y, s)
    assert design.scale[1] == 0.0
    assert design.mean[1] == value
    assert not design.apply(np.eye(3)[:, [1]]).any()
    for options in ({"penalty_factor": [1, 0, 1]}, {"standardize": True}):
        fit, expected = (elastic_net(Z, y, 0.01, sample_weight=s, **options) for Z in (make(X), X))
        assert fit.coef[1] == 0.0
        np.testing.assert_allclose(fit.coef, expected.coef, rtol=1e-12)
        np.testing.assert_allclose(fit.intercept, expected.intercept, rtol=1e-12)


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("constant", [False, True])
def test_columns_far_from_zero_may_be_absent_in_rows_without_weight(make, constant):
    rng = np.random.default_rng(0)
    X, s = 1e6 + rng.standard_normal((200, 6)), np.ones(200)
    X[:, 2] = 0.3 if constant else X[:, 2]
    X[20:25, 1] += 1e3
    X[[0, 7]], s[[0, 7, 9]] = 0.0, 0.0
    X[7, :3], X[9, 2] = [3.0, 0.0, 5.0], 4.0
    y = X[:, 0] + rng.standard_normal(200)
    design, expected = Design(make(X), y, s), Design(X, y, s)
    np.testing.assert_allclose(design.scale, expected.scale, rtol=1e-12)
    np.testing.assert_allclose(design.mean, expected.mean, rtol=1e-14)
    np.testing.assert_allclose(design.apply(np.eye(6)), expected.apply(np.eye(6)), rtol=0, atol=1e-8)
    np.testing.assert_array_equal(design.storage.columns(np.arange(6))[[0, 7, 9]].round(6), X[[0, 7, 9]].round(6))
    part, same = design.subset(np.arange(100)), expected.subset(np.arange(100))
    np.testing.assert_allclose(part.apply(np.eye(6)), same.apply(np.eye(6)), rtol=0, atol=1e-8)
    # far from zero in a part of the rows too
    near = np.arange(20, 25)
    part, same = design.subset(near), expected.subset(near)
    np.testing.assert_allclose(part.mean, same.mean, rtol=1e-12)
    np.testing.assert_allclose(part.scale, same.scale, rtol=1e-7)


def test_explicit_zeros(dense, y):
    X = sp.csr_array(np.where(dense == 0, 1.0, dense))
    X.data[X.data == 1.0] = 0.0
    assert X.nnz == N * P
    np.testing.assert_allclose(ridge(X, y, 0.3).coef, ridge(dense, y, 0.3).coef, rtol=1e-11, atol=1e-14)
    assert X.nnz == N * P


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array, sp.coo_array, sp.dia_array])
def test_no_stored_value_at_all(y, make):
    fit = ridge(make((N, P)), y, 0.3)
    assert not fit.coef.any()
    assert fit.intercept == pytest.approx(y.mean())


# --- dtypes of values and indices ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array, sp.csr_matrix])
@pytest.mark.parametrize("dtype", ["i8", "u4", "i2", ">i4", ">i8"])
def test_index_dtypes(dense, y, make, dtype):
    X = make(dense)
    X.indices, X.indptr = X.indices.astype(dtype), X.indptr.astype(dtype)
    before, objects = snapshot(X), parts(X)
    fit = ridge(X, y, 0.3)
    np.testing.assert_allclose(fit.coef, ridge(dense, y, 0.3).coef, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(fit.predict(X), fit.predict(make(dense)))
    assert_untouched(X, before, objects)


def test_int64_indices_through_every_solver(dense, y):
    """Where SciPy would narrow them, ours may keep them: both kernels of a kind must agree."""
    wide, narrow = sp.csr_array(dense), sp.csr_array(dense)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for options in ({"solver": "cg"}, {"solver": "dual"}, {"solver": "svd"}, {"alpha": 0.0, "solver": "qr"}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # alpha = 0: one column is all zeros
            np.testing.assert_array_equal(ridge(wide, y, **options).coef, ridge(narrow, y, **options).coef)


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i4", "u8", ">f8", ">f4", "<f4"])
@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array, sp.coo_array])
def test_value_dtypes(dense, y, make, dtype):
    given = (dense != 0 if dtype == "?" else np.round(np.abs(dense) * 10)).astype(np.dtype(dtype).newbyteorder("="))
    X = make(given)
    X.data = X.data.astype(dtype)
    before, objects = snapshot(X), parts(X)
    assert Design(X, y).storage.data.dtype == (np.float32 if dtype[1:] == "f4" else np.float64)
    np.testing.assert_allclose(ridge(X, y).coef, ridge(given.astype(float), y).coef, rtol=1e-11, atol=1e-14)
    assert_untouched(X, before, objects)


@pytest.mark.parametrize("dtype", ["float16", "longdouble", "complex64", "complex128", "object"])
@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array, sp.coo_array])
def test_refused_dtypes(dense, y, make, dtype):
    if dtype == "longdouble" and np.finfo(np.longdouble).bits == 64:
        pytest.skip("longdouble is float64 here")
    X = make(dense)
    X.data = X.data.astype(dtype)
    with pytest.raises(TypeError, match=rf"^X has (the complex )?dtype {np.dtype(dtype)}"):
        ridge(X, y)


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_float32_is_accumulated_in_float64(make, weighted):
    rng = np.random.default_rng(3)
    X = make((rng.normal(size=(4000, 30)) * (rng.random((4000, 30)) < 0.3)).astype(np.float32))
    wide, y = X.astype(np.float64), rng.normal(size=4000)
    s = rng.uniform(0.5, 2.0, size=4000) if weighted else None
    np.testing.assert_allclose(Design(X, y, s).mean, Design(wide, y, s).mean, rtol=1e-14)
    for call in (
        lambda X: ridge(X, y, 0.1, sample_weight=s),
        lambda X: ridge(X, y, 0.1, sample_weight=s, solver="cg"),
        lambda X: ridge_path(X, y, [0.1], sample_weight=s)[0],
    ):
        np.testing.assert_allclose(call(X).coef, call(wide).coef, rtol=1e-12, atol=1e-15)
    fit = ridge(wide, y, 0.1)
    np.testing.assert_allclose(fit.predict(X), fit.predict(wide), rtol=1e-13)


# --- memory that SciPy allows and a kernel may not ----------------------------------------------------------


def test_read_only_parts(dense, y):
    for X in (sp.csr_array(dense), sp.csc_array(dense), duplicated(dense, "csr_array")):
        for name in ("data", "indices", "indptr"):
            getattr(X, name).flags.writeable = False
        np.testing.assert_allclose(ridge(X, y, 0.3).coef, ridge(dense, y, 0.3).coef, rtol=1e-10, atol=1e-13)


def test_memory_mapped_parts(dense, y, tmp_path):
    X = sp.csr_array(dense)
    for name in ("data", "indices", "indptr"):
        np.save(tmp_path / f"{name}.npy", getattr(X, name))
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("data", "indices", "indptr")]
    X = sp.csr_array(tuple(mapped), shape=dense.shape, copy=False)
    np.testing.assert_array_equal(ridge(X, y, 0.3).coef, ridge(sp.csr_array(dense), y, 0.3).coef)


def test_strided_and_unaligned_parts(dense, y):
    X = sp.csr_array(dense)
    for name in ("data", "indices", "indptr"):
        values = getattr(X, name)
        spread = np.zeros(2 * len(values), values.dtype)
        spread[::2] = values
        setattr(X, name, spread[::2])
    np.testing.assert_array_equal(ridge(X, y, 0.3).coef, ridge(sp.csr_array(dense), y, 0.3).coef)
    data = np.zeros(X.data.nbytes + 1, np.uint8)[1:].view(np.float64)
    data[:] = X.data
    X.data = data
    assert not X.data.flags.aligned
    assert Design(X, y).storage.data.flags.aligned
    np.testing.assert_array_equal(ridge(X, y, 0.3).coef, ridge(sp.csr_array(dense), y, 0.3).coef)


def test_room_for_more_values_than_are_stored(dense, y):
    """indptr says where the values end; what lies behind is anything."""
    X = sp.csr_array(dense)
    X.data, X.indices = np.r_[X.data, np.nan], np.r_[X.indices, np.int32(10**6)]
    np.testing.assert_array_equal(ridge(X, y, 0.3).coef, ridge(sp.csr_array(dense), y, 0.3).coef)


# --- broken matrices ----------------------------------------------------------------------------------------


def corrupt(form, change):
    """A matrix of ones of this format, after `change` has been at its parts."""
    X = getattr(sp, f"{form}_array")(np.ones((20, 4)), **({"blocksize": (2, 2)} if form == "bsr" else {}))
    change(X)
    return X


def set_at(name, k, value):
    def change(X):
        getattr(X, name)[k] = value

    return change


def replace(name, new):
    def change(X):
        setattr(X, name, new(getattr(X, name)))

    return change


BROKEN = {
    "index too large": (["csr", "csc", "bsr"], set_at("indices", 3, 10**8)),
    "index one too large": (["csr"], set_at("indices", 3, 4)),
    "index negative": (["csr", "csc", "bsr"], set_at("indices", 3, -1)),
    "indptr falls": (["csr", "csc", "bsr"], set_at("indptr", 1, 10**8)),
    "indptr negative": (["csr", "csc", "bsr"], set_at("indptr", 1, -5)),
    "indptr starts late": (["csr", "csc", "bsr"], set_at("indptr", 0, 1)),
    "indptr ends beyond the values": (["csr", "csc", "bsr"], set_at("indptr", -1, 10**8)),
    "indptr too short": (["csr", "csc", "bsr"], replace("indptr", lambda a: a[:-1])),
    "indptr too long": (["csr", "csc", "bsr"], replace("indptr", lambda a: np.r_[a, a[-1]])),
    "indptr of two dimensions": (["csr", "csc"], replace("indptr", lambda a: a[None])),
    "indptr of fractions": (["csr", "csc"], replace("indptr", lambda a: a + 0.5)),
    "values missing": (["csr", "csc", "bsr"], replace("data", lambda a: a[:-3])),
    "values of two dimensions": (["csr", "csc"], replace("data", lambda a: a[:, None])),
    "indices missing": (["csr", "csc"], replace("indices", lambda a: a[:-3])),
    "indices of fractions": (["csr", "csc"], replace("indices", lambda a: a + 0.5)),
    "row too large": (["coo"], lambda X: X.coords[0].__setitem__(5, 10**8)),
    "row negative": (["coo"], lambda X: X.coords[0].__setitem__(5, -(10**8))),
    "column too large": (["coo"], lambda X: X.coords[1].__setitem__(5, 4)),
    "column negative": (["coo"], lambda X: X.coords[1].__setitem__(5, -1)),
    "list of columns too large": (["lil"], lambda X: X.rows.__setitem__(0, [0, 1, 2, 10**8])),
}
CASES = [(form, name) for name, (forms, _) in BROKEN.items() for form in forms]


@pytest.mark.parametrize(("form", "name"), CASES)
@pytest.mark.parametrize("function", ["ridge", "predict"])
def test_corrupt_matrices_are_refused(form, name, function):
    X = corrupt(form, BROKEN[name][1])
    with pytest.raises(ValueError, match=rf"^X is a {form.upper()} matrix with inconsistent indices: rebuild it"):
        if function == "ridge":
            ridge(X, np.arange(20.0))
        else:
            ridge(np.eye(20, 4), np.arange(20.0)).predict(X)


def test_unsigned_indptr_that_falls(dense, y):
    """Differences of unsigned numbers are never negative."""
    X = sp.csr_array(dense)
    X.indptr = X.indptr.astype(np.uint32)
    X.indptr[3] = X.indptr[-1]
    with pytest.raises(ValueError, match="inconsistent indices"):
        ridge(X, y)


def test_sparse_vector(y):
    with pytest.raises(ValueError, match=rf"^X must be 2-D .*got a sparse array of shape \({N},\)"):
        ridge(sp.coo_array(np.ones(N)), y)


# --- values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_array, sp.coo_array])
@pytest.mark.parametrize(("value", "words"), [
    (np.nan, r"^X contains NaN at column 5, row 17: remove or impute"),
    (np.inf, r"^X contains \+inf at column 5, row 17"),
    (-np.inf, r"^X contains -inf at column 5, row 17"),
    (1e200, r"^X reaches 1e\+200 in column 5: too large to square; rescale the column"),
])  # fmt: skip
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_bad_values_are_located(dense, y, make, value, words, fit_intercept):
    bad = dense.copy()
    bad[17, 5] = value
    with pytest.raises(ValueError, match=words):
        ridge(make(bad), y, fit_intercept=fit_intercept)


@pytest.mark.parametrize("sides", [(2, 2**31), (2**31, 2)])
def test_sides_beyond_32_bits(sides):
    X = sp.coo_array(([1.0], ([0], [0])), shape=sides)
    with pytest.raises(ValueError, match=r"^X has shape .*; BLAS counts in 32-bit integers"):
        ridge(X, np.zeros(2))


def test_scipy_sparse_is_not_imported_for_dense_data():
    """Its import takes longer than most fits."""
    code = textwrap.dedent(
        """
        import sys
        import numpy as np
        import shrinkage
        X = np.random.default_rng(0).normal(size=(30, 3))
        before = "scipy.sparse" in sys.modules
        shrinkage.ridge(X, X[:, 0])
        assert before or "scipy.sparse" not in sys.modules
        """
    )
    subprocess.run([sys.executable, "-c", code], check=True)
