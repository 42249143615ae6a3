"""No copy of X on the ridge path: the most memory a fit ever holds, by NumPy's own reports to tracemalloc.

X has tens of megabytes and a small Gram matrix, so that one hidden copy of X, or of a float32 X in float64, or a
dense form of a sparse one, is larger than everything a fit may need.
"""

import gc
import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import ridge, ridge_cv, ridge_path
from shrinkage._design import Design

pytestmark = pytest.mark.filterwarnings("error")

MB = 1 << 20


def peak(call):
    """Bytes held at most during call(), above what was held before, and its result."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        result = call()
        return tracemalloc.get_traced_memory()[1] - before, result
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def numbers():
    """Enough for 128 MB of float64."""
    return np.random.default_rng(0).normal(size=128 * MB // 8)


def matrix(numbers, shape, order, dtype):
    """128 MB of float64 or 64 MB of float32."""
    out = numbers.astype(dtype, copy=False).reshape(shape if order == "C" else shape[::-1])
    return out if order == "C" else out.T


TALL, WIDE = (MB // 8, 128), (128, MB // 8)
CALLS = {
    "ridge": lambda X, y: ridge(X, y),
    "ridge, weights": lambda X, y: ridge(X, y, sample_weight=np.arange(1.0, len(y) + 1)),
    "ridge, standardize": lambda X, y: ridge(X, y, standardize=True),
    # an alpha that takes few iterations, which all hold the same
    "ridge, cg": lambda X, y: ridge(X, y, 1e4, solver="cg"),
    "ridge_path": lambda X, y: ridge_path(X, y, [10.0, 1.0]),
    "ridge_cv": lambda X, y: ridge_cv(X, y, [10.0, 1.0]),
    "ridge_cv, gcv": lambda X, y: ridge_cv(X, y, [10.0, 1.0], method="gcv"),
}
#: What a fit may hold: scratch of a fixed size, and a few vectors along the long side (1 MB each here).
LIMIT = 48 * MB


@pytest.mark.parametrize("shape", [TALL, WIDE], ids=["tall", "wide"])
@pytest.mark.parametrize(
    ("call", "order", "dtype"),
    [
        pytest.param(call, order, dtype, marks=() if quick else pytest.mark.slow, id=f"{call}, {order}, {dtype}")
        for call in CALLS
        for order in ("C", "F")
        for dtype in ("f8", "f4")
        for quick in [call in ("ridge", "ridge_path", "ridge_cv") and order + dtype in ("Cf8", "Ff4")]
    ],
)
def test_peak_memory_of_a_fit(numbers, shape, call, order, dtype):
    X = matrix(numbers, shape, order, dtype)
    y = numbers[: shape[0]].copy()
    used, _ = peak(lambda: CALLS[call](X, y))
    copy = X.size * X.itemsize
    assert used < LIMIT < 0.8 * copy, f"{used / MB:.0f} MB for X of {copy / MB:.0f} MB"


@pytest.mark.parametrize(("order", "dtype"), [("C", "f8"), ("F", "f4")])
def test_peak_memory_of_a_prediction(numbers, order, dtype):
    X = matrix(numbers, TALL, order, dtype)
    fit = ridge(X[:1000], numbers[:1000])
    used, _ = peak(lambda: fit.predict(X))
    assert used < LIMIT
    used, _ = peak(lambda: fit.score(X, numbers[: len(X)]))
    assert used < LIMIT


def test_memory_map_is_not_read_into_memory(numbers, tmp_path):
    np.save(tmp_path / "X.npy", numbers.reshape(TALL))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    used, fit = peak(lambda: ridge(X, numbers[: len(X)]))
    assert used < LIMIT
    used, _ = peak(lambda: fit.predict(X))
    assert used < LIMIT


def test_slice_of_a_wider_array_is_not_copied(numbers):
    X = numbers.reshape(TALL)[:, :-1]
    used, _ = peak(lambda: ridge(X, numbers[: len(X)]))
    assert used < LIMIT


@pytest.fixture(scope="module")
def sparse():
    """Half a million values that would take 160 MB dense."""
    rng = np.random.default_rng(1)
    rows, per_row, columns = 100_000, 5, 200
    apart = columns // per_row
    indices = rng.integers(0, apart, (rows, per_row)) + np.arange(per_row) * apart
    indptr = np.arange(0, rows * per_row + 1, per_row)
    return sp.csr_array((rng.normal(size=rows * per_row), indices.ravel(), indptr), shape=(rows, columns))


@pytest.mark.parametrize("turned", [False, True], ids=["tall", "wide"])
@pytest.mark.parametrize(
    ("call", "form"),
    [
        pytest.param(call, form, marks=() if quick else pytest.mark.slow, id=f"{call}, {form}")
        for call in CALLS
        for form in ("csr", "csc", "coo")
        for quick in [call in ("ridge", "ridge_cv") and form == "csr"]
    ],
)
def test_sparse_is_never_densified(sparse, form, turned, call):
    X = (sparse.T if turned else sparse).asformat(form)
    y = np.arange(float(X.shape[0])) % 7
    # at most what the values and indices take a few times over, in the storage the kernels want
    used, out = peak(lambda: CALLS[call](X, y))
    assert used < 50 * MB < 8 * X.shape[0] * X.shape[1] / 3, f"{used / MB:.0f} MB"
    if call in ("ridge", "ridge, weights"):
        assert out.solver == ("dual" if turned else "cholesky")


def test_canonical_sparse_is_not_copied(sparse):
    values = sparse.data.nbytes + sparse.indices.nbytes + sparse.indptr.nbytes
    assert values > 6 * MB
    y = np.zeros(sparse.shape[0])
    used, design = peak(lambda: Design(sparse, y))
    assert np.shares_memory(design.storage.data, sparse.data)
    assert used < values


def test_errors_of_leave_one_out_are_kept_only_when_asked(numbers):
    """Memory does not grow with samples times alphas unless every error is wanted."""
    alphas = np.geomspace(10.0, 0.1, 100)

    def cost(n, **options):
        return peak(lambda: ridge_cv(numbers[: 4 * n].reshape(n, 4), numbers[:n], alphas, **options))[0]

    errors = 100 * 8
    assert cost(300_000) - cost(100_000) < 0.2 * 200_000 * errors
    assert cost(300_000, store_errors=True) > 300_000 * errors
