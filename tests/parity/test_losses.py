"""Losses, slopes and conjugates of the kernel, and its passes over X, against the formulas."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage._kernels import losses as kernel
from shrinkage.losses import _LOSSES, loss_of
from shrinkage.reference import losses as twin

NAMES = list(_LOSSES)


def targets(loss, rng, shape):
    if loss.domain == "sign":
        return np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    return rng.poisson(1.5, shape).astype(float) if loss.domain == "count" else 2 * rng.standard_normal(shape)


def arguments(loss, rng, n, K, repeated):
    """With predictions on both sides of every bend and at the bends themselves."""
    y = targets(loss, rng, (n, 1) if repeated else (n, K))
    eta = 2 * rng.standard_normal((n, K)) + (0 if loss.classifies else y)
    ends = np.array([0.0, loss.parameter, -loss.parameter, 1.0, -1.0])
    at = rng.integers(len(ends), size=eta.shape)
    bends = y * ends[at] if loss.classifies else y + ends[at]
    eta = np.where(rng.random(eta.shape) < 0.3, bends, eta)
    return {
        "kind": loss.kind,
        "parameter": loss.parameter,
        "y": np.broadcast_to(y, eta.shape),
        "eta": np.asfortranarray(eta) if repeated else eta,
        "values": rng.standard_normal(eta.shape),
        "slopes": rng.standard_normal(eta.shape),
    }


@pytest.mark.parametrize("n, K, repeated", [(1, 1, False), (40, 1, True), (40, 3, True), (40, 3, False)])
@pytest.mark.parametrize("name", NAMES)
def test_evaluate(name, n, K, repeated, rng, check):
    given = arguments(loss_of(name, 0.7), rng, n, K, repeated)
    check(kernel.evaluate, twin.evaluate, given, writes=("values", "slopes"))


@pytest.mark.parametrize("left_out", ["values", "slopes"])
@pytest.mark.parametrize("name", NAMES)
def test_one_half_alone(name, left_out, rng, check):
    given = arguments(loss_of(name, 0.7), rng, 20, 2, False) | {left_out: np.empty((0, 0))}
    check(kernel.evaluate, twin.evaluate, given, writes={"values", "slopes"} - {left_out}, scratch=(left_out,))


@pytest.mark.parametrize("n, K, repeated", [(1, 1, False), (60, 3, True), (60, 3, False)])
@pytest.mark.parametrize("name", NAMES)
def test_conjugate(name, n, K, repeated, rng, check):
    loss = loss_of(name, 0.7)
    y = np.broadcast_to(targets(loss, rng, (n, 1) if repeated else (n, K)), (n, K))
    ends = np.array([-4.0, -1.0, -loss.parameter, 0.0, loss.parameter, 1.0, 4.0])
    u = np.where(rng.random((n, K)) < 0.4, ends[rng.integers(len(ends), size=(n, K))], 3 * rng.standard_normal((n, K)))
    given = {"kind": loss.kind, "parameter": loss.parameter, "y": y, "u": u, "out": rng.standard_normal((n, K))}
    check(kernel.conjugate, twin.conjugate, given, writes=("out",))
    found, expected = np.empty((n, K)), np.empty((n, K))
    kernel.conjugate(*(given | {"out": found}).values())
    twin.conjugate(*(given | {"out": expected}).values())
    np.testing.assert_array_equal(np.isinf(found), np.isinf(expected))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_number_stays_none(name):
    loss = loss_of(name)
    y, none = np.ones(1), np.array([np.nan])
    for found in (*loss.both(y, none), loss.conjugates(y, none)):
        assert np.isnan(found).all()


def weights(rng, n, K, repeated):
    """Some of them zero, which is a row that is not there."""
    s = np.where(rng.random((n, 1 if repeated else K)) < 0.2, 0.0, rng.uniform(0.5, 2.0, (n, 1 if repeated else K)))
    return np.broadcast_to(s, (n, K))


def rows(name, rng, n, K, repeated, sides):
    """The arguments that the passes share."""
    loss = loss_of(name, 0.7)
    y = np.broadcast_to(targets(loss, rng, (n, 1) if repeated else (n, K)), (n, K))
    first = {"kind": loss.kind, "parameter": loss.parameter}
    last = {"y": y, "s": weights(rng, n, K, repeated), "U": np.zeros((n, K)), "sums": rng.standard_normal((5, K))}
    return first, last, np.asfortranarray(rng.standard_normal((n, sides * K)))


@pytest.mark.parametrize("n, K, m", [(1, 1, 1), (300, 1, 2), (513, 3, 2)])
@pytest.mark.parametrize("name", NAMES)
def test_conjugate_sums(name, n, K, m, rng, check):
    loss = loss_of(name, 0.7)
    y = targets(loss, rng, (n, K))
    given = {
        "kind": loss.kind,
        "parameter": loss.parameter,
        "y": y,
        "s": weights(rng, n, K, True) + (n == 1),
        "U": loss.slopes(y, rng.standard_normal((n, K))),
        "up": rng.uniform(size=(m, K)),
        "down": rng.uniform(size=(m, K)),
        "out": rng.standard_normal((m, K)),
    }
    unchanged = ("out",) if name == "perceptron" else ()
    check(kernel.conjugate_sums, twin.conjugate_sums, given, writes=("out",), unchanged=unchanged)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("n, K, repeated", [(1, 1, False), (300, 3, True), (300, 3, False)])
@pytest.mark.parametrize("name", NAMES)
def test_account_for(name, n, K, repeated, sides, rng, check):
    first, last, SU = rows(name, rng, n, K, repeated, sides)
    given = first | last | {"eta": rng.standard_normal((n, K)), "SU": SU}
    given = {k: given[k] for k in ("kind", "parameter", "y", "s", "eta", "U", "sums", "SU")}
    writes = ("U", "sums", "SU") if n > 1 else ("SU",)
    check(kernel.account_for, twin.account_for, given, writes=writes, scratch={"U", "sums"} - set(writes))


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("n, p, K", [(1, 1, 1), (3, 7, 8), (11, 1, 2), (600, 5, 3), (9, 0, 2)])
@pytest.mark.parametrize("name", ["squared_error", "huber", "log_loss", "hinge", "poisson"])
def test_sweep_dense(name, n, p, K, sides, dtype, rng, check):
    first, last, _ = rows(name, rng, n, K, True, sides)
    last["s"] = last["s"] + 0.1
    X = rng.standard_normal((n, p)).astype(dtype)
    here = {"X": X, "zeros": np.zeros(p), "W": 0.5 * rng.standard_normal((K, p)), "b": 1.5 + rng.standard_normal(K)}
    given = first | here | last | {"G": rng.standard_normal((sides * K, p))}
    check(kernel.sweep_dense, twin.sweep_dense, given, writes=("U", "sums", "G")[: 3 if n > 3 and p else 0],
          scratch=("U", "sums", "G"))  # fmt: skip
    np.testing.assert_allclose(*both(given, kernel.sweep_dense, twin.sweep_dense), rtol=1e-12, atol=1e-12)


def both(given, *calls):
    """U, sums and G, one after the other, of each call."""
    for call in calls:
        mine = given | {name: given[name].copy() for name in ("U", "sums", "G")}
        call(*mine.values())
        yield np.concatenate([mine[name].ravel() for name in ("U", "sums", "G")])


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize(
    "n, p, K, share", [(1, 1, 1, 1.0), (300, 7, 1, 0.4), (300, 7, 3, 0.4), (40, 30, 9, 0.1), (5, 6, 2, 0.0)]
)
@pytest.mark.parametrize("name", ["squared_error", "log_loss", "hinge", "poisson"])
def test_sweep_sparse(name, n, p, K, share, sides, index, dtype, rng, check):
    first, last, _ = rows(name, rng, n, K, True, sides)
    last["s"] = last["s"] + 0.1
    X = sparse.random_array((n, p), density=share, format="csr", dtype=np.float64, rng=rng)
    where = {"data": X.data.astype(dtype), "indices": X.indices.astype(index), "indptr": X.indptr.astype(index)}
    here = where | {"W": 0.5 * rng.standard_normal((p, K)), "b": 1.5 + rng.standard_normal(K)}
    given = first | here | last | {"G": rng.standard_normal((p, sides * K)), "scratch": np.empty(8 * K)}
    check(kernel.sweep_sparse, twin.sweep_sparse, given, writes=("U", "sums", "G")[: 3 if n > 5 else 0],
          scratch=("U", "sums", "G", "scratch"))  # fmt: skip
    np.testing.assert_allclose(*both(given, kernel.sweep_sparse, twin.sweep_sparse), rtol=1e-12, atol=1e-12)
