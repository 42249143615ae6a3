"""Losses, slopes and conjugates of the kernel against the formulas."""

import numpy as np
import pytest

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
