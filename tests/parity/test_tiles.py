"""Two-part bfloat16 tiles and their products against NumPy: in plain C, and on a matrix unit where there is one."""

import numpy as np
import pytest

from shrinkage._kernels import tiles as kernel
from shrinkage.reference import tiles as twin

#: (order, depth): less than a block, ragged both ways, whole blocks and runs, an odd number of blocks.
SIZES = [(5, 3), (33, 300), (64, 512), (45, 257), (100, 31)]


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.skipif(not kernel.available(), reason="no unit"))])
def unit(request):
    return request.param


def matrix(rng, order, depth, along, layout, dtype):
    """X whose contiguous lines run along the depth or across, and whether they are its rows."""
    shape = (order, depth) if (layout == "C") == along else (depth, order)
    return np.array(rng.standard_normal(shape), dtype=dtype, order=layout)


def empty_tiles(order, depth, fill=0):
    shape = (-(-depth // 256), -(-order // 32), 8, 2048)
    return np.full(shape, fill, np.uint16), np.full(shape, fill, np.uint16)


def cut(rng, X, order, depth, along, unit=False):
    """Arguments of `split` for all of X."""
    left, right = empty_tiles(order, depth, 7)
    runs, pairs = left.shape[:2]
    n, p = X.shape
    return {
        "X": X,
        "mean": rng.standard_normal(p),
        "column_scale": rng.uniform(0.5, 2.0, p),
        "row_scale": rng.uniform(0.5, 2.0, n),
        "along": along,
        "start": 0,
        "stop": 2 * pairs if along else 8 * runs,
        "unit": unit,
        "scratch": np.zeros((16, 256 * runs + 16) if along else (32, 32 * pairs + 16), np.float32),
        "left": left,
        "right": right,
    }


@pytest.mark.parametrize("order, depth", SIZES)
@pytest.mark.parametrize("along", [True, False])
@pytest.mark.parametrize("layout", ["C", "F"])
def test_split(order, depth, along, layout, dtype, unit, rng, check):
    X = matrix(rng, order, depth, along, layout, dtype)
    arguments = cut(rng, X, order, depth, along, unit)
    check(kernel.split, twin.split, arguments, writes=("left", "right"), scratch=("scratch",), tolerance=0)


@pytest.mark.parametrize("along", [True, False])
def test_split_in_parts(along, dtype, unit, rng, check):
    """Threads cut groups of lines of their own; the rest of the tiles is not theirs."""
    arguments = cut(rng, matrix(rng, 70, 600, along, "C", dtype), 70, 600, along, unit)
    arguments |= {"start": 1, "stop": 3}
    check(kernel.split, twin.split, arguments, writes=("left", "right"), scratch=("scratch",), tolerance=0)


def test_parts_are_the_nearest(rng):
    """hi + lo leaves a 2^-17th of v, and ties go to even."""
    v = np.float32(rng.standard_normal(10_000) * np.exp(rng.uniform(-20, 20, 10_000)))
    hi = twin._widen(twin._bfloat16(v))
    lo = twin._widen(twin._bfloat16(v - hi))
    assert np.abs(hi - v).max() > 0
    assert (np.abs(hi - v) <= 2.0**-8 * np.abs(v)).all()
    assert (np.abs(hi.astype(float) + lo - v) <= 2.0**-16 * np.abs(v)).all()
    tie = np.float32([1 + 2.0**-8, 1 + 3 * 2.0**-8])
    np.testing.assert_array_equal(twin._widen(twin._bfloat16(tie)), np.float32([1, 1 + 2.0**-6]))


@pytest.mark.parametrize("order, depth", SIZES)
@pytest.mark.parametrize("first, last", [(True, True), (True, False), (False, False), (False, True)])
def test_multiply(order, depth, first, last, unit, rng, check):
    arguments = cut(rng, matrix(rng, order, depth, True, "C", np.float64), order, depth, True)
    twin.split(*arguments.values())
    pairs = arguments["left"].shape[1]
    check(
        kernel.multiply,
        twin.multiply,
        {
            "left": arguments["left"],
            "right": arguments["right"],
            "start": 0,
            "stop": (pairs + 1) // 2,
            "first": first,
            "last": last,
            "unit": unit,
            "sums": rng.standard_normal((pairs, pairs, 1024)).astype(np.float32),
            "out": np.asfortranarray(rng.standard_normal((order, order))),
        },
        writes=("sums", "out"),
        unchanged=() if last else ("out",),
        tolerance=3e-6,
    )


def test_columns_and_their_mirror(unit, rng, check):
    arguments = cut(rng, matrix(rng, 150, 40, True, "C", np.float64), 150, 40, True)
    twin.split(*arguments.values())
    operands = {name: arguments[name] for name in ("left", "right")}
    rest = {"first": True, "last": True, "unit": unit, "sums": rng.standard_normal((5, 5, 1024)).astype(np.float32)}
    rest["out"] = np.zeros((150, 150), order="F")
    for start, stop in ((0, 1), (1, 2), (2, 3)):
        own = {"start": start, "stop": stop}
        check(kernel.multiply, twin.multiply, operands | own | rest, writes=("sums", "out"), tolerance=3e-6)


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("along", [True, False])
def test_gram_has_sixteen_bits(along, layout, dtype, unit, rng):
    order, depth = 75, 1000
    X = matrix(rng, order, depth, along, layout, dtype)
    arguments = cut(rng, X, order, depth, along, unit)
    kernel.split(*arguments.values())
    pairs = arguments["left"].shape[1]
    out = np.zeros((order, order), order="F")
    sums = np.empty((pairs, pairs, 1024), np.float32)
    kernel.multiply(arguments["left"], arguments["right"], 0, (pairs + 1) // 2, True, True, unit, sums, out)
    Z = arguments["row_scale"][:, None] * (X.astype(float) - arguments["mean"]) * arguments["column_scale"]
    exact = Z.T @ Z if Z.shape[1] == order else Z @ Z.T
    size = np.sqrt(np.diagonal(exact))
    error = np.tril(out - exact) / np.outer(size, size)
    assert np.abs(error).max() < 2e-6
    assert abs(np.diagonal(error).mean()) < 2e-7  # lo lo' is not left out there
