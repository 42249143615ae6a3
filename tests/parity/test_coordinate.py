"""Coordinate descent on columns against its twin."""

import numpy as np
import pytest

from shrinkage._kernels import coordinate as kernel
from shrinkage.reference import coordinate as twin


@pytest.mark.parametrize("n, m", [(1, 1), (7, 1), (12, 5), (30, 40)])
@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("kind", ["lasso", "elastic net", "box"])
def test_descend(n, m, active, most, kind, rng, check):
    Z = np.asfortranarray(rng.standard_normal((n, m)))
    squares = np.einsum("ij,ij->j", Z, Z)
    if m > 4:
        Z[:, 2], squares[2] = 0.0, 0.0
    w = rng.standard_normal(m) * (np.arange(m) % 3 < 2)
    bound = np.full(m, 0.3 if kind == "box" else np.inf)
    if kind == "box":
        w = np.clip(w, -0.3, 0.3)
    r = rng.standard_normal(n) * 3.0 - Z @ w
    arguments = {
        "Z": Z, "squares": squares, "l1": np.full(m, 0.7), "l2": np.full(m, 0.4 if kind == "elastic net" else 0.0),
        "lower": -bound, "upper": bound, "active": active, "most": most, "w": w, "r": r, "stop": np.zeros(1, np.int32),
    }  # fmt: skip
    found, expected = check(kernel.descend, twin.descend, arguments, writes=("w", "r"), tolerance=1e-11)
    assert found == expected


def test_it_ends_when_it_is_told_to_or_no_sign_changes(rng):
    Z = np.asfortranarray(rng.standard_normal((20, 5)))
    parts = [np.einsum("ij,ij->j", Z, Z), np.zeros(5), np.zeros(5), np.full(5, -np.inf), np.full(5, np.inf)]
    for stop, epochs in ((0, 2), (1, 1)):
        w, r = np.zeros(5), Z @ np.ones(5)
        changed, used = kernel.descend(Z, *parts, False, 50, w, r, np.full(1, stop, np.int32))
        assert used == epochs
        assert changed == (0 if stop == 0 else 5)
