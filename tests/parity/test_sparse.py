"""Passes over compressed sparse matrices against their twins."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage._kernels import sparse as kernel
from shrinkage.reference import sparse as twin

#: majors, minors, share of entries stored
SHAPES = [(1, 1, 1.0), (1, 6, 0.5), (6, 1, 0.5), (9, 14, 0.3), (30, 5, 0.4), (12, 8, 0.0), (5, 5, 1.0)]


@pytest.fixture(params=[np.int32, np.int64], ids=["32-bit", "64-bit"])
def index(request):
    return request.param


@pytest.fixture(params=["csr", "csc"])
def storage(request):
    return request.param


@pytest.fixture(params=SHAPES, ids=str)
def A(request, storage, dtype, index, rng):
    """data, indices, indptr, majors, minors and the dense matrix, majors x minors."""
    majors, minors, share = request.param
    dense = rng.standard_normal((majors, minors)) * (rng.uniform(size=(majors, minors)) < share)
    if majors > 2:
        dense[[0, -1]] = 0.0  # nothing stored
    if minors > 2:
        dense[:, 1] = 0.0
    dense = dense.astype(dtype)
    X = sparse.csr_array(dense) if storage == "csr" else sparse.csc_array(dense.T)
    X.sort_indices()
    arrays = [X.data, X.indices.astype(index), X.indptr.astype(index)]
    for array in arrays:
        array.flags.writeable = False
    return (*arrays, majors, minors, dense.astype(np.float64))


@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("t", [1, 4, 8, 11])
@pytest.mark.parametrize("name", ["gather", "scatter"])
def test_products(A, name, t, square, rng, check):
    data, indices, indptr, majors, minors, dense = A
    rows, columns = (majors, minors) if name == "gather" else (minors, majors)
    arguments = {
        "data": data,
        "indices": indices,
        "indptr": indptr,
        "square": square,
        "sign": -1.5,
        "V" if name == "gather" else "U": rng.standard_normal((columns, t)),
        "out": np.array(rng.standard_normal((rows, t)), order="F" if name == "gather" and t in (4, 11) else "C"),
    }
    out = arguments["out"].copy()
    idle = () if len(data) else ("out",)
    check(getattr(kernel, name), getattr(twin, name), arguments, writes=("out",), unchanged=idle)
    # and the twin against the matrix itself
    getattr(twin, name)(*list(arguments.values())[:-1], out)
    M = dense**2 if square else dense
    expected = arguments["out"] - 1.5 * (M if name == "gather" else M.T) @ list(arguments.values())[-2]
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("stop", [0, 1])
def test_gram(A, stop, rng, check):
    data, indices, indptr, majors, minors, dense = A
    arguments = {
        "data": data,
        "indices": indices,
        "indptr": indptr,
        "major_scale": rng.uniform(0.5, 2.0, majors),
        "minor_scale": rng.uniform(-2.0, 2.0, minors),
        "out": np.asfortranarray(rng.standard_normal((minors, minors))),
        "stop": np.array([stop], np.int32),
    }
    idle = () if len(data) and not stop else ("out",)
    check(kernel.gram, twin.gram, arguments, writes=("out",), unchanged=idle)
    out = arguments["out"].copy(order="F")
    kernel.gram(*[out if name == "out" else value for name, value in arguments.items()])
    Z = arguments["major_scale"][:, None] * dense * arguments["minor_scale"]
    np.testing.assert_allclose(out, arguments["out"] + (0 if stop else np.tril(Z.T @ Z)), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("p", [1, 2, 9])
def test_centre(p, rng, check):
    arguments = {
        "G": np.asfortranarray(rng.standard_normal((p, p))),
        "a": rng.standard_normal(p),
        "b": rng.standard_normal(p),
    }
    check(kernel.centre, twin.centre, arguments, writes=("G",))
