"""Leave-one-out errors from spectral coordinates against their twin."""

import numpy as np
import pytest

from shrinkage._kernels import loo as kernel
from shrinkage.reference import loo as twin


def column_major(rng, *shape):
    return np.asfortranarray(rng.standard_normal(shape))


@pytest.mark.parametrize("dual", [False, True])
@pytest.mark.parametrize("m, r, K, t", [(1, 1, 1, 1), (1, 4, 3, 2), (6, 1, 2, 1), (17, 5, 4, 3), (40, 30, 2, 1)])
@pytest.mark.parametrize("spare", [0, 5])
def test_leave_one_out(m, r, K, t, dual, spare, rng, check):
    compare(check, problem(rng, m, r, K, t, dual, spare), dual)


@pytest.mark.parametrize("dual", [False, True])
def test_on_either_side_of_rounding(dual, rng, check):
    """The least slack that counts as something, which makes errors large."""
    arguments = problem(rng, 6, 3, 2, 2, dual, 0)
    if dual:
        arguments["slack"][1:3] = 1e-29, 3e-29
    else:
        arguments["T"][1:3] = 0.0
        arguments["slack"][1:3] = 3e-15, 6e-15
    compare(check, arguments, dual)


def problem(rng, m, r, K, t, dual, spare):
    arguments = {
        "T": column_major(rng, m, r) / np.sqrt(r),
        "omega": np.asfortranarray(rng.uniform(0.05, 0.3, (r, K))),
        "A": column_major(rng, r, t),
        "Y": column_major(rng, m, t),
        "slack": rng.uniform(0.7, 1.0, m),
        "dual": dual,
        "squares": np.full((m + spare, r), np.nan, order="F"),
        "leverage": np.full((m + spare, K), np.nan, order="F"),
        "product": np.full((m + spare, K), np.nan, order="F"),
        "filtered": np.full((r, K), np.nan, order="F"),
        "least": np.array([0.9]),
        "errors": rng.standard_normal((K, m, t)),
    }
    # samples whose denominator is zero, or negative as rounding may leave it
    arguments["T"][0] = 0.0
    arguments["slack"][0] = 0.0
    if m > 1:
        arguments["slack"][-1] = -0.1
    return arguments


def compare(check, arguments, dual):
    check(
        kernel.leave_one_out,
        twin.leave_one_out,
        arguments,
        writes=("errors", "least"),
        unchanged=("least",) if dual else (),
        scratch=("squares", "leverage", "product", "filtered"),
        tolerance=1e-12,
    )


def test_least_keeps_what_is_smaller(rng):
    least = np.array([-7.0])
    shapes = [(2, 1), (1, 1), (1, 1), (2, 1)]
    T, omega, A, Y = (column_major(rng, *shape) for shape in shapes)
    scratch = [np.empty(shape, order="F") for shape in [(2, 1), (2, 1), (2, 1), (1, 1)]]
    kernel.leave_one_out(T, omega, A, Y, np.ones(2), False, *scratch, least, np.empty((1, 2, 1)))
    assert least[0] == -7.0


def test_samples_that_alone_decide_their_fit_have_no_error():
    T, omega, A = np.zeros((2, 1), order="F"), np.ones((1, 1), order="F"), np.ones((1, 1), order="F")
    T[1] = 0.5
    for dual in (True, False):
        errors, least = np.zeros((1, 2, 1)), np.ones(1)
        scratch = [np.empty(shape, order="F") for shape in [(2, 1), (2, 1), (2, 1), (1, 1)]]
        Y, slack = np.ones((2, 1), order="F"), np.array([0.0, 1.0])
        kernel.leave_one_out(T, omega, A, Y, slack, dual, *scratch, least, errors)
        assert np.isnan(errors[0, 0, 0])
        assert errors[0, 1, 0] == pytest.approx(0.5 / 0.25 if dual else 0.5 / 0.75)
