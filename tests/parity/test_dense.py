"""Passes over a dense X against their twins."""

import numpy as np
import pytest

from shrinkage._kernels import dense as kernel
from shrinkage.reference import dense as twin

#: One of everything, fewer and more than the four rows or columns taken at once, and more than a strip of 512 rows.
SHAPES = [(1, 1), (1, 7), (7, 1), (2, 3), (4, 4), (13, 6), (9, 30), (1031, 5), (515, 9)]
LAYOUTS = ("C", "F", "columns of a wider C", "rows of a longer F", "memory map")


def place(X, layout, folder):
    """X in memory as `layout` says, read-only."""
    n, p = X.shape
    if layout == "columns of a wider C":
        wide = np.full((n, p + 5), 99.0, X.dtype)
        wide[:, 2 : 2 + p] = X
        X = wide[:, 2 : 2 + p]
    elif layout == "rows of a longer F":
        longer = np.full((n + 7, p), 99.0, X.dtype, order="F")
        longer[3 : 3 + n] = X
        X = longer[3 : 3 + n]
    elif layout == "memory map":
        np.save(folder / "X.npy", X)
        return np.load(folder / "X.npy", mmap_mode="r")
    else:
        X = np.array(X, order=layout)
    X.flags.writeable = False
    return X


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture(params=SHAPES, ids=str)
def X(request, layout, dtype, rng, tmp_path):
    return place((rng.standard_normal(request.param) + 2.0).astype(dtype), layout, tmp_path)


def weights(rng, n):
    s = rng.uniform(0.5, 2.0, n)
    s[1::3] = 0.0
    return s


def column_major(rng, *shape):
    return np.asfortranarray(rng.standard_normal(shape))


def test_moments(X, rng, check):
    n, p = X.shape
    for t in (0, 1, 3):
        arguments = {
            "X": X,
            "shift": rng.standard_normal(p),
            "s": weights(rng, n),
            "SY": column_major(rng, n, t),
            "total": rng.standard_normal(p),
            "square": rng.standard_normal(p),
            "cross": column_major(rng, p, t),
        }
        idle = ("cross",) if t == 0 else ()
        check(kernel.moments, twin.moments, arguments, writes=("total", "square", "cross"), unchanged=idle)


def test_moments_of_rows_of_a_longer_target(rng, check, dtype):
    """SY's columns may lie further apart than they are long."""
    X, SY = rng.standard_normal((11, 3)).astype(dtype), column_major(rng, 20, 2)[4:15]
    arguments = {
        "X": X,
        "shift": rng.standard_normal(3),
        "s": weights(rng, 11),
        "SY": SY,
        "total": np.zeros(3),
        "square": np.zeros(3),
        "cross": column_major(rng, 3, 2),
    }
    for order in "CF":
        arguments["X"] = np.array(X, order=order)
        check(kernel.moments, twin.moments, arguments, writes=("total", "square", "cross"))


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("n, t", [(1, 1), (17, 3), (600, 2)])
def test_centre(n, t, intercept, rng, check):
    s = weights(rng, n)
    # not the sum of the weights, so that each of the two passes matters
    arguments = {
        "Y": column_major(rng, n, t) + 3.0,
        "s": s,
        "total_weight": 1.1 * s.sum(),
        "intercept": intercept,
        "mean": rng.standard_normal(t),
        "square": rng.standard_normal(t),
    }
    found, _ = check(
        kernel.centre, twin.centre, arguments, writes=("Y", "mean", "square"), unchanged=() if intercept else ("Y",)
    )
    assert found is None


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("p", [1, 6])
def test_finish_moments(p, intercept, rng, check):
    arguments = {
        "shift": rng.standard_normal(p),
        "total": rng.standard_normal(p),
        "square": rng.uniform(3.0, 5.0, p),
        "total_weight": 2.5,
        "intercept": intercept,
    }
    arguments["square"][p // 2] = 1e-9 if p > 1 else 3.0  # less than the mean squared, as rounding may leave it
    found = check(kernel.finish_moments, twin.finish_moments, arguments, writes=("total", "square"))
    assert found == (True, True)
    for name in ("total", "square"):
        for value in (np.nan, np.inf, -np.inf):
            broken = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in arguments.items()}
            broken[name][-1] = value
            with np.errstate(invalid="ignore"):
                assert kernel.finish_moments(*broken.values()) is False


@pytest.mark.parametrize("result", [np.float64, np.float32], ids=["to double", "to single"])
def test_pack(X, result, rng, check):
    n, p = X.shape
    arguments = {
        "X": X,
        "mean": rng.standard_normal(p),
        "column_scale": rng.uniform(-2.0, 2.0, p),
        "row_scale": np.sqrt(weights(rng, n)),
        "out": rng.standard_normal(n * p).astype(result),
    }
    check(kernel.pack, twin.pack, arguments, writes=("out",), tolerance=1e-15 if result is np.float64 else 1e-7)


def test_pack_centres_before_it_rounds(rng, dtype):
    """Means of 1e6 times the spread: float32 results keep the digits that float32 entries have."""
    X = (rng.standard_normal((50, 3)) + 1e6).astype(dtype)
    mean = X.mean(axis=0, dtype=np.float64)
    expected = X.astype(np.float64) - mean
    for order in "CF":
        out = np.empty(150, np.float32)
        kernel.pack(np.array(X, order=order), mean, np.ones(3), np.ones(50), out)
        np.testing.assert_allclose(out.reshape((50, 3), order=order), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("transposed", [True, False])
@pytest.mark.parametrize("order, depth", [(1, 1), (1, 9), (6, 1), (7, 13), (40, 300)])
@pytest.mark.parametrize("first, last", [(True, True), (True, False), (False, False), (False, True)])
def test_rank_update(order, depth, transposed, first, last, dtype, rng, check):
    arguments = {
        "tile": rng.standard_normal(order * depth).astype(dtype),
        "depth": depth,
        "transposed": transposed,
        "first": first,
        "last": last,
        "out": column_major(rng, order, order),
        "part": np.asfortranarray(rng.standard_normal((order, order)).astype(np.float32)),
    }
    if dtype is np.float64:
        unchanged, tolerance = ("part",), 1e-13
    else:
        unchanged, tolerance = () if last else ("out",), 3e-6
    check(
        kernel.rank_update, twin.rank_update, arguments, writes=("out", "part"), unchanged=unchanged,
        tolerance=tolerance,
    )  # fmt: skip


#: Which half of a sweep is done, and what is then left as it was.
HALVES = {"both": (), "product": ("G",), "adjoint": ("R",)}


@pytest.mark.parametrize("half", HALVES)
def test_sweep(X, half, rng, check):
    n, p = X.shape
    for t in (1, 3):
        arguments = {
            "X": X,
            "mean": rng.standard_normal(p),
            "s": weights(rng, n),
            "sign": -1.75,
            "W": column_major(rng, p if half != "adjoint" else 0, t),
            "R": column_major(rng, n, t),
            "G": column_major(rng, p if half != "product" else 0, t),
        }
        check(kernel.sweep, twin.sweep, arguments, writes=("R", "G"), unchanged=HALVES[half])


def test_sweep_of_rows_of_longer_residuals(X, rng, check):
    """Chunks of samples write into rows of one array of residuals."""
    n, p = X.shape
    arguments = {
        "X": X,
        "mean": rng.standard_normal(p),
        "s": weights(rng, n),
        "sign": 1.0,
        "W": column_major(rng, p, 2),
        "R": column_major(rng, n + 4, 2)[1:-3],
        "G": column_major(rng, p, 2),
    }
    check(kernel.sweep, twin.sweep, arguments, writes=("R", "G"))


@pytest.mark.parametrize("half", HALVES)
def test_sweep_many(X, half, rng, check):
    n, p = X.shape
    step = min(n, 7)  # the last tile is a partial one for most shapes
    for t in (1, 5):
        arguments = {
            "X": X,
            "mean": rng.standard_normal(p),
            "s": weights(rng, n),
            "ones": np.ones(max(n, p)),
            "sign": 0.5,
            "W": column_major(rng, p if half != "adjoint" else 0, t),
            "R": column_major(rng, n, t),
            "G": column_major(rng, p if half != "product" else 0, t),
            "scratch": np.full(step * p, np.nan),
            "weighted": np.full((step, t), np.nan, order="F"),
            "step": step,
        }
        options = {"scratch": ("scratch", "weighted"), "unchanged": HALVES[half]}
        check(kernel.sweep_many, twin.sweep_many, arguments, writes=("R", "G"), **options)


def test_zero_weights_for_all(rng, check, dtype):
    X = rng.standard_normal((6, 3)).astype(dtype)
    for order in "CF":
        R, G = column_major(rng, 6, 2), column_major(rng, 3, 2)
        before = G.copy()
        kernel.sweep(np.array(X, order=order), np.zeros(3), np.zeros(6), 1.0, np.empty((0, 2), order="F"), R, G)
        np.testing.assert_array_equal(G, before)
        total, square, cross = np.zeros(3), np.zeros(3), np.zeros((3, 2), order="F")
        kernel.moments(np.array(X, order=order), np.ones(3), np.zeros(6), np.zeros((6, 2)), total, square, cross)
        assert not total.any()
        assert not square.any()
        assert not cross.any()
