"""Correct digits: NIST's certified regressions, and columns far from zero against rational arithmetic.

Certified values are those of NIST's Statistical Reference Datasets for linear regression. The coefficients, standard
errors, residual standard deviations and R^2 in tests/data were checked against rational arithmetic on the same X:
to all printed digits, but for Filip, whose powers of x are certified as decimals and lose 8 digits to rounding in X.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from shrinkage import ridge, ridge_inference

CERTIFIED = json.loads((Path(__file__).parents[1] / "data" / "nist_strd.json").read_text())
#: Correct digits of the coefficients with an intercept, of those with a column of ones instead, of the standard errors,
#: of the residual standard deviation. Wampler 1 to 5 have one X and ever larger residuals; the first two have none.
DIGITS = {
    "Longley": (13, 9, 13, 13),
    "Filip": (7, 7, 7, 7.5),
    "Wampler1": (9, 7, None, None),
    "Wampler2": (12, 7, None, None),
    "Wampler3": (9, 7, 13, 13),
    "Wampler4": (9, 7, 13, 13),
    "Wampler5": (7, 5, 13, 13),
}


def correct_digits(found, certified):
    """Least log relative error."""
    pairs = zip(np.ravel(found), np.ravel(certified), strict=True)
    error = [float(abs((Fraction(float(a)) - Fraction(b)) / Fraction(b))) for a, b in pairs]
    return float(-np.log10(np.maximum(error, 1e-16)).min())


def problem(name, order="C"):
    data = CERTIFIED[name]
    return np.array(data["X"], order=order), np.array(data["y"]), data


@pytest.mark.parametrize("name", DIGITS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_coefficients(name, order):
    X, y, data = problem(name, order)
    fit = ridge(X, y, 0.0)
    assert correct_digits([fit.intercept, *fit.coef], data["certified"]) >= DIGITS[name][0]
    assert fit.certificate.converged
    with_ones = np.asarray(np.column_stack([np.ones(len(y)), X]), order=order)
    fit = ridge(with_ones, y, 0.0, fit_intercept=False)
    assert correct_digits(fit.coef, data["certified"]) >= DIGITS[name][1]


@pytest.mark.parametrize("name", DIGITS)
def test_standard_errors_and_what_goes_with_them(name):
    X, y, data = problem(name)
    found = ridge_inference(X, y)
    errors, sd = [found.intercept_standard_error, *found.standard_errors], found.residual_variance**0.5
    digits = DIGITS[name]
    if data["residual_sd"]:
        assert correct_digits(errors, data["standard_errors"]) >= digits[2]
        assert correct_digits(sd, data["residual_sd"]) >= digits[3]
    else:  # y lies on the polynomial
        assert sd <= 1e-12 * np.abs(y).max()
        assert (np.array(errors) <= 1e-12 * np.abs(y).max()).all()
    assert correct_digits(found.r2, data["r_squared"]) >= (10 if name == "Filip" else 13)
    assert found.residual_dof == len(y) - len(data["certified"])
    # the same with a column of ones: uncentred, the columns are worse conditioned, and no different
    with_ones = np.column_stack([np.ones(len(y)), X])
    ones = ridge_inference(with_ones, y, fit_intercept=False)
    if data["residual_sd"]:
        assert correct_digits(ones.standard_errors, data["standard_errors"]) >= min(digits[2], 9)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("seed", range(3))
def test_means_of_1e8_standard_deviations_cost_three_digits_at_most(seed, order, alpha, exactly):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((50, 4))
    y = 5.0 + X @ [1.0, -2.0, 0.5, 3.0] + 0.1 * rng.standard_normal(50)
    far = X + 1e8 * X.std(axis=0) * np.array([1.0, -1.0, 0.7, 1.0])
    digits = []
    for data in (X, far):
        w, b = exactly(data, y, alpha)
        fit = ridge(np.asarray(data, order=order), y, alpha)
        digits.append(correct_digits([*fit.coef, fit.intercept], [*w, b]))
    assert digits[0] >= 14
    assert digits[1] >= digits[0] - 3
