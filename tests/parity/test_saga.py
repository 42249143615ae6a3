"""Epochs of stochastic average gradients against their twin, which goes through all coefficients at every step."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage._kernels import saga as kernel
from shrinkage.reference import saga as twin

#: Kinds of losses with their parameters, and what y is.
LOSSES = {
    "squared_error": (0, 0.0, "real"), "huber": (1, 0.3, "real"), "squared_epsilon_insensitive": (3, 0.2, "real"),
    "log_loss": (4, 0.0, "sign"), "squared_hinge": (6, 1.0, "sign"), "modified_huber": (7, 0.0, "sign"),
}  # fmt: skip
PENALTIES = {"none": (0.0, 0.0), "l1": (0.05, 0.0), "l2": (0.0, 0.2), "elastic net": (0.04, 0.1)}


def problem(rng, n, p, *, form, dtype=np.float64, loss="log_loss", penalty="elastic net", fresh=1.0, rate=0.05):
    X = (rng.standard_normal((n, p)) * (rng.uniform(size=(n, p)) < 0.3)).astype(dtype)
    kind, parameter, domain = LOSSES[loss]
    y = rng.standard_normal(n) * 2.0
    y = y if domain == "real" else np.where(y > 0.3, 1.0, -1.0)
    l1, l2 = PENALTIES[penalty]
    order = np.concatenate([rng.permutation(n), rng.integers(0, n, n // 2)])
    shrink = 1.0 / (1.0 + rate * l2)
    w, u = rng.standard_normal(p) * 0.2, rng.standard_normal(n) * 0.1
    # gradients of every sign and size, so that some coefficients cross zero while no row has them
    g = rng.standard_normal(p) * np.where(np.arange(p) % 2, 0.5, 0.02)
    S = sparse.csr_array(X)
    rows = {"data": X.ravel()}
    if form != "dense":
        rows = {"data": S.data, "indices": S.indices.astype(form), "indptr": S.indptr.astype(form)}
    out = rows | {
        "y": y, "s": rng.uniform(0.0, 2.0, n), "order": order, "loss": kind, "parameter": parameter, "rate": rate,
        "fresh": fresh, "threshold": rate * l1, "shrink": shrink, "intercept": True,
    }  # fmt: skip
    if form == "dense":
        out |= {"w": w, "g": g}
    else:
        powers = shrink ** np.arange(len(order) + 1.0)
        sums = np.concatenate([[0.0], np.cumsum(powers[1:])])
        out |= {"powers": powers, "sums": sums, "cells": np.column_stack([w, g, np.full(p, 7.0)])}
    return out | {"u": u, "state": np.array([0.3, 0.1]), "stop": np.zeros(1, np.int32)}


@pytest.mark.parametrize("form", ["dense", np.int32, np.int64])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("fresh", [1.0, 1.0 / 40])
def test_epochs(form, loss, penalty, fresh, dtype, rng, check):
    arguments = problem(rng, 40, 23, form=form, dtype=dtype, loss=loss, penalty=penalty, fresh=fresh)
    if form == "dense":
        check(kernel.dense, twin.dense, arguments, ("w", "g", "u", "state"), tolerance=1e-12)
    else:
        check(kernel.sparse, twin.sparse, arguments, ("cells", "u", "state"), tolerance=1e-12)


@pytest.mark.parametrize("n, p", [(5, 1), (6, 2), (3, 40)])
@pytest.mark.parametrize("form", ["dense", np.int32])
def test_shapes_without_an_intercept(n, p, form, rng, check):
    arguments = problem(rng, n, p, form=form) | {"intercept": False}
    if form == "dense":
        check(kernel.dense, twin.dense, arguments, ("w", "g", "u", "state"), unchanged=("state",))
    else:
        check(kernel.sparse, twin.sparse, arguments, ("cells", "u", "state"), unchanged=("state",))


@pytest.mark.parametrize("penalty", PENALTIES)
def test_coefficients_that_no_row_has(penalty, rng, check):
    """Of every sign, before gradients of every sign and size: they shrink, stop at zero, or go through it."""
    p = 400
    arguments = problem(rng, 500, p, form=np.int32, penalty=penalty)
    arguments |= {"indptr": np.zeros(501, np.int32), "data": np.empty(0), "indices": np.empty(0, np.int32)}
    cells = arguments["cells"]
    cells[:, 0] = rng.standard_normal(p) * rng.choice([0.0, 0.01, 1.0], p)
    cells[:, 1] = rng.standard_normal(p) * rng.choice([0.0, 0.03, 0.3], p)
    start = cells[:, 0].copy()
    kernel_cells = cells.copy()
    check(kernel.sparse, twin.sparse, arguments, ("cells", "u", "state"), tolerance=1e-11)
    arguments["cells"] = kernel_cells
    kernel.sparse(*({**arguments, "u": arguments["u"].copy(), "state": arguments["state"].copy()}).values())
    end = kernel_cells[:, 0]
    assert (start * end < 0).any()
    if penalty in ("l1", "elastic net"):
        assert ((start != 0) & (end == 0)).any()
        assert ((start == 0) & (end != 0)).any()
