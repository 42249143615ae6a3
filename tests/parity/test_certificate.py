"""The measures of a certificate against their twin."""

import numpy as np
import pytest

from shrinkage._kernels import certificate as kernel
from shrinkage.reference import certificate as twin


def problem(rng, n, p, c, intercept, frozen):
    ridge = rng.uniform(0.2, 2.0, (p, c))
    ridge[::3] = 0.0
    scale = rng.uniform(0.5, 2.0, p)
    scale[: p // 3] = 0.0  # with no ridge either, the first feature has nothing to be measured by
    s = np.where(np.arange(n) % 3 == 1, 0.0, rng.uniform(0.5, 2.0, n))
    return {
        "R": np.asfortranarray(rng.standard_normal((n, c)) + 0.5),
        "s": s,
        "total_weight": s.sum(),
        "intercept": intercept,
        "W": np.asfortranarray(rng.standard_normal((p, c))),
        "g": np.asfortranarray(rng.standard_normal((p, c))),
        "ridge": np.asfortranarray(ridge),
        "frozen": (np.arange(p) % 4 == 2).astype(np.uint8) if frozen else np.zeros(0, np.uint8),
        "scale": scale,
        "y_square": rng.uniform(1.0, 5.0, c),
        "eps": 1e-3,
        "out": rng.standard_normal((5, c)),
    }


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("n, p, c", [(1, 1, 1), (1, 5, 2), (6, 1, 3), (20, 9, 4)])
def test_measure(n, p, c, intercept, frozen, rng, check):
    arguments = problem(rng, n, p, c, intercept, frozen)
    writes = ("out",) if p == 1 else ("g", "out")
    scratch = ("g",) if p == 1 else ()
    check(kernel.measure, twin.measure, arguments, writes=writes, scratch=scratch)
    # one row at a time, since they differ in size
    found, expected = arguments["out"].copy(), arguments["out"].copy()
    for call, out in ((kernel.measure, found), (twin.measure, expected)):
        call(*(arguments | {"g": arguments["g"].copy(order="F"), "out": out}).values())
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_all_frozen(rng, check):
    arguments = problem(rng, 5, 3, 2, True, False)
    arguments["frozen"] = np.ones(3, np.uint8)
    check(kernel.measure, twin.measure, arguments, writes=("g", "out"))
    assert twin.measure.__doc__


def test_nothing_to_measure_by(rng, check):
    """A target of zeros and coefficients of zero: the ratio is the scaled gradient itself."""
    arguments = problem(rng, 5, 3, 2, True, False)
    arguments["y_square"] = np.zeros(2)
    arguments["W"] = np.zeros((3, 2), order="F")
    check(kernel.measure, twin.measure, arguments, writes=("out",), scratch=("g",))


@pytest.mark.parametrize("at", [0, 1, 4])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_shows(at, value, rng, check):
    arguments = problem(rng, 6, 5, 2, True, False)
    arguments["scale"][:] = 1.0
    arguments["g"][at, 1] = value
    found, expected = np.empty((5, 2)), np.empty((5, 2))
    for call, out in ((kernel.measure, found), (twin.measure, expected)):
        call(*(arguments | {"g": arguments["g"].copy(order="F"), "out": out}).values())
    assert not np.isfinite(expected[[2, 3], 1]).any()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_rows_are_what_they_are_called(rng):
    """Every measure of a small problem, worked out by hand."""
    one = np.ones((1, 1), order="F")
    out, g = np.empty((5, 1)), 5.0 * one
    kernel.measure(
        np.array([[1.0], [3.0]], order="F"), np.array([1.0, 2.0]), 3.0, False, 2.0 * one, g, 4.0 * one,
        np.zeros(0, np.uint8), np.array([2.0]), np.array([9.0]), 0.5, out,
    )  # fmt: skip
    assert g[0, 0] == -3.0  # 5 - 4 * 2
    objective, gap, gradient, ratio, loose = out[:, 0]
    assert objective == pytest.approx((1 + 2 * 9 + 4 * 4) / 6)
    assert gap == pytest.approx(9 / 4 / 6)
    assert gradient == pytest.approx(1.0)
    assert ratio == pytest.approx(3 / 4 / (0.5 * (4 * 2 + 3)))  # d = (3 * 4 + 4)^1/2
    assert loose == 0.0
