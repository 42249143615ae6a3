"""Leave-one-out errors from spectral coordinates against their twin."""

import numpy as np
import pytest

from shrinkage._kernels import loo as kernel
from shrinkage.reference import loo as twin

SCRATCH = ("squares", "filters", "narrow", "inverse", "product")


def column_major(rng, *shape):
    return np.asfortranarray(rng.standard_normal(shape))


@pytest.mark.parametrize("form", ["dual", "primal", "factored"])
@pytest.mark.parametrize("m, r, K, t", [(1, 1, 1, 1), (1, 4, 3, 2), (6, 1, 2, 1), (17, 5, 4, 3), (40, 30, 2, 5)])
@pytest.mark.parametrize("together, spare", [(1, 0), (2, 7)])
@pytest.mark.parametrize("keep", [False, True])
def test_leave_one_out(m, r, K, t, form, together, spare, keep, rng, check):
    compare(check, problem(rng, m, r, K, t, form, min(together, t), spare, keep))


@pytest.mark.parametrize("form", ["dual", "primal"])
def test_on_either_side_of_rounding(form, rng, check):
    """The least slack that counts as something, which makes errors large."""
    arguments = problem(rng, 6, 3, 2, 2, form, 2, 0, True)
    if form == "dual":
        arguments["slack"][1:3] = 1e-29, 3e-29
    else:
        arguments["T"][1:3] = 0.0
        arguments["slack"][1:3] = 3e-15, 6e-15
    compare(check, arguments)


def problem(rng, m, r, K, t, form, group, spare, keep):
    omega = np.asfortranarray(rng.uniform(0.05, 0.3, (r, K)))
    left, right = omega, np.zeros((0, 0), order="F")
    if form == "factored":
        left, right = (np.asfortranarray(rng.uniform(0.1, 0.3, shape)) for shape in [(r, 2), (2, K)])
    q = left.shape[1]
    sizes = {"squares": m * r, "narrow": group * q * m, "inverse": K * m, "product": group * K * m}
    scratch = {name: np.full(size + spare, np.nan) for name, size in sizes.items()}
    scratch["filters"] = np.full((r, group * q), np.nan, order="F")
    arguments = {
        "T": column_major(rng, m, r) / np.sqrt(r),
        "left": left,
        "right": right,
        "A": column_major(rng, r, t),
        "Y": column_major(rng, m, t) * (form != "dual"),
        "slack": rng.uniform(0.7, 1.0, m),
        "weight": rng.uniform(0.5, 2.0, m),
        "dual": form == "dual",
        "unit": rng.uniform(0.5, 2.0, t),
        **{name: scratch[name] for name in SCRATCH},
        "alone": np.full(m, 7.0),
        "least": np.array([5.0]),
        "sums": rng.standard_normal((3, K, t)),
        "errors": rng.standard_normal((K if keep else 0, m, t)),
    }
    if m > 1:  # samples whose denominator is zero, or negative as rounding may leave it
        arguments["T"][0] = 0.0
        arguments["slack"][0] = 0.0
        arguments["slack"][-1] = -0.1
    return arguments


def compare(check, arguments):
    check(
        kernel.leave_one_out,
        twin.leave_one_out,
        arguments,
        writes=("alone", "sums", "errors", "least"),
        unchanged=("least",) * arguments["dual"] + ("errors",) * (not len(arguments["errors"])),
        scratch=SCRATCH,
        tolerance=1e-12,
    )


def call(T, omega, A, Y, slack, dual, least, errors):
    size = max(T.size, omega.size, A.size) * 4
    scratch = [np.empty(size), np.empty(omega.shape, order="F"), np.empty(size), np.empty(size), np.empty(size)]
    alone, sums = np.zeros(len(T)), np.zeros((3, omega.shape[1], A.shape[1]))
    nothing, ones = np.zeros((0, 0), order="F"), np.ones(len(T))
    kernel.leave_one_out(T, omega, nothing, A, Y, slack, ones, dual, np.ones(1), *scratch, alone, least, sums, errors)
    return alone, sums


def test_least_keeps_what_is_smaller(rng):
    least = np.array([-7.0])
    T, omega, A, Y = (column_major(rng, *shape) for shape in [(2, 1), (1, 1), (1, 1), (2, 1)])
    call(T, omega, A, Y, np.ones(2), False, least, np.empty((1, 2, 1)))
    assert least[0] == -7.0


def test_samples_that_alone_decide_their_fit_have_no_error():
    T, omega, A = np.zeros((2, 1), order="F"), np.ones((1, 1), order="F"), np.ones((1, 1), order="F")
    T[1] = 0.5
    for dual in (True, False):
        errors, least = np.zeros((1, 2, 1)), np.ones(1)
        Y, slack = np.full((2, 1), 0.0 if dual else 1.0, order="F"), np.array([0.0, 1.0])
        alone, sums = call(T, omega, A, Y, slack, dual, least, errors)
        assert np.isnan(errors[0, 0, 0])
        e = 0.5 / 0.25 if dual else 0.5 / 0.75
        assert errors[0, 1, 0] == pytest.approx(e)
        assert alone.tolist() == [1.0, 0.0]
        np.testing.assert_allclose(sums[:, 0, 0], [e**2, e**4, e**2])
