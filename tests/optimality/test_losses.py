"""Losses as functions: slopes are derivatives, conjugates are suprema, curvatures bound, and extremes are exact."""

import math

import numpy as np
import pytest
from scipy import optimize

from shrinkage.losses import _LOSSES, loss_of

NAMES = list(_LOSSES)
GRID = np.linspace(-6, 6, 2401)


def some_targets(loss):
    return {"real": (-1.3, 0.0, 2.0), "sign": (-1.0, 1.0), "count": (0.0, 1.0, 3.7)}[loss.domain]


def over(loss, y):
    """The loss and its slope on the grid, for one target."""
    return loss.both(np.full(len(GRID), y), GRID)


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_subgradients(name):
    """Every tangent stays below the loss, which only subgradients of a convex function do."""
    loss = loss_of(name, 0.7)
    for y in some_targets(loss):
        values, slopes = over(loss, y)
        tangents = values[:, None] + slopes[:, None] * (GRID - GRID[:, None])
        assert (tangents <= values + 1e-12 * (1 + np.abs(tangents))).all()
        assert (np.diff(slopes) >= -1e-12).all()


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_derivatives_between_the_bends(name):
    loss, h = loss_of(name, 0.7), 1e-6
    p = GRID + 0.0012345
    for y in some_targets(loss):
        Y = np.full(len(p), y)
        difference = (loss.values(Y, p + h) - loss.values(Y, p - h)) / (2 * h)
        np.testing.assert_allclose(loss.slopes(Y, p), difference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_curvature_is_the_largest_second_derivative(name):
    loss = loss_of(name, 0.7)
    steepest = max(np.abs(np.diff(over(loss, y)[1])).max() for y in some_targets(loss)) / (GRID[1] - GRID[0])
    if math.isinf(loss.curvature):
        assert steepest > 100
    else:
        assert 0.99 * loss.curvature < steepest < loss.curvature * (1 + 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_conjugates_are_suprema(name):
    """By brute force: the largest u p - l(y, p), or one that grows without end."""
    loss = loss_of(name, 0.7)
    for y in some_targets(loss):
        for u in (-5.0, -4.0, -2.0, -1.0, -0.7, -0.4, -1e-3, 0.0, 1e-3, 0.3, 0.7, 1.0, 1.5, 4.0, 5.0):
            found = float(loss.conjugates(np.array([y]), np.array([u]))[0])
            Y = np.array([y])

            def rest(p, Y=Y, u=u):
                return float(loss.values(Y, np.array([p]))[0]) - u * p

            far = max(-rest(-1e6), -rest(1e6 if loss.domain != "count" else 600.0))
            if math.isinf(found):
                assert far > 100
                continue
            p = np.linspace(-40, 40, 80_001)
            best = int(np.argmax(u * p - loss.values(np.full(len(p), y), p)))
            near = optimize.minimize_scalar(rest, bounds=(p[best] - 1e-3, p[best] + 1e-3), method="bounded")
            assert found == pytest.approx(max(-near.fun, -rest(p[best])), abs=1e-6)
            assert found >= far - 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_fenchel_young(name):
    """l(p) + l*(u) >= u p, with equality where u is the slope at p."""
    loss = loss_of(name, 0.7)
    u = np.linspace(-4, 4, 81)
    for y in some_targets(loss):
        values, slopes = over(loss, y)
        at_slopes = loss.conjugates(np.full(len(GRID), y), slopes)
        np.testing.assert_allclose(values + at_slopes, slopes * GRID, rtol=1e-12, atol=1e-12 * max(1, np.max(values)))
        everywhere = values[:, None] + loss.conjugates(np.full(len(u), y), u) - GRID[:, None] * u
        assert (everywhere >= -1e-9).all()


@pytest.mark.parametrize("name", NAMES)
def test_conjugates_at_the_ends_of_their_domain(name):
    loss, beyond = loss_of(name, 0.7), 1 + 1e-15
    for y in some_targets(loss):
        # (end, value there), u of either sign; None: no end
        ends = {
            "huber": [(0.7, 0.245 + 0.7 * y), (-0.7, 0.245 - 0.7 * y)],
            "epsilon_insensitive": [(1.0, y + 0.7), (-1.0, 0.7 - y)],
            "log_loss": [(0.0, 0.0), (-y, 0.0)],
            "hinge": [(0.0, 0.0), (-y, -1.0)],
            "perceptron": [(0.0, 0.0), (-y, 0.0)],
            "squared_hinge": [(0.0, 0.0)],
            "modified_huber": [(0.0, 0.0), (-4 * y, 0.0)],
            "poisson": [(-y, 0.0)],
        }.get(name, [])
        for u, value in ends:
            found = loss.conjugates(np.array([y]), np.array([u]))[0]
            assert found == pytest.approx(value, rel=1e-15, abs=0)
            outside = u * beyond if u else (1e-300 * y if loss.classifies else -1e-300)
            assert math.isinf(loss.conjugates(np.array([y]), np.array([outside]))[0])
        assert np.isfinite(loss.conjugates(np.array([y]), np.zeros(1))[0])


@pytest.mark.filterwarnings("error")
def test_log_loss_far_out():
    """To the last digits against exp alone, where that is exact, and to the largest numbers there are."""
    loss, far = loss_of("log_loss"), np.array([40.0, 100.0, 700.0, 745.0, 1e4, 1e300, np.inf])
    y = np.ones(len(far))
    np.testing.assert_allclose(loss.values(y, far), np.exp(-far), rtol=1e-15)
    np.testing.assert_allclose(loss.slopes(y, far), -np.exp(-far), rtol=1e-15)
    np.testing.assert_array_equal(loss.values(y, -far), far)
    np.testing.assert_array_equal(loss.slopes(y, -far), -y)
    p = np.array([-3.0, -1e-9, 0.0, 1e-9, 3.0, 30.0])
    y = np.full(len(p), -1.0)
    np.testing.assert_allclose(loss.values(y, p), np.logaddexp(0.0, p), rtol=4e-16)
    np.testing.assert_allclose(loss.slopes(y, p), 1 / (1 + np.exp(-p)), rtol=4e-16)


def test_shapes():
    loss, rng = loss_of("squared_hinge"), np.random.default_rng(0)
    y, eta = np.array([1.0, -1.0, -1.0]), rng.standard_normal((3, 4))
    for call in (loss.values, loss.slopes):
        each = np.column_stack([call(y, eta[:, k]) for k in range(4)])
        np.testing.assert_array_equal(call(y, eta), each)
        np.testing.assert_array_equal(call(np.tile(y[:, None], 4), np.asfortranarray(eta)), each)
    values, slopes = loss.both(y, eta)
    np.testing.assert_array_equal(values, loss.values(y, eta))
    np.testing.assert_array_equal(slopes, loss.slopes(y, eta))
    assert loss.conjugates(y, -0.1 * y).shape == (3,)
    assert loss.values(y.astype(np.float32), eta.astype(np.float32)).dtype == np.float64
