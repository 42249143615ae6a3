"""Names, widths and targets of losses that are wrong."""

import math

import numpy as np
import pytest

from shrinkage.losses import _LOSSES, loss_of


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("logistic", ValueError, "loss must be one of 'squared_error', .*'log_loss'.*; got 'logistic'"),
        ("", ValueError, "loss must be one of"),
        (None, TypeError, "loss must be the name of a loss, as text, got None"),
        (3, TypeError, "loss must be the name"),
        (["hinge"], TypeError, r"got \['hinge'\]"),
    ],
)
def test_names(name, error, words):
    with pytest.raises(error, match=words):
        loss_of(name)


@pytest.mark.parametrize(
    ("epsilon", "error", "words"),
    [
        (-0.1, ValueError, "epsilon must be finite and zero or more, got -0.1"),
        (math.nan, ValueError, "epsilon must be finite"),
        (math.inf, ValueError, "epsilon must be finite"),
        ("wide", TypeError, "epsilon must be a number, got 'wide'"),
        (None, TypeError, "epsilon must be a number"),
        (True, TypeError, "epsilon must be a number"),
        ([0.1], TypeError, r"epsilon must be one number, got \[0.1\]"),
    ],
)
@pytest.mark.parametrize("name", ["huber", "epsilon_insensitive", "log_loss"])
def test_epsilon(name, epsilon, error, words):
    with pytest.raises(error, match=words):
        loss_of(name, epsilon)


def test_a_huber_loss_needs_a_width():
    with pytest.raises(ValueError, match="epsilon must be more than 0 for the loss 'huber'"):
        loss_of("huber", 0.0)
    assert loss_of("epsilon_insensitive", 0).parameter == 0.0
    assert loss_of("huber", np.float32(0.5)).parameter == 0.5


@pytest.mark.parametrize("name", [name for name in _LOSSES if loss_of(name).classifies])
def test_classes(name):
    loss = loss_of(name)
    y = np.array([0.0, 1.0, 1.0])
    np.testing.assert_array_equal(loss.targets(y), [-1.0, 1.0, 1.0])
    np.testing.assert_array_equal(y, [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(loss.targets(np.array([-1.0, 1.0])), [-1.0, 1.0])
    for alone in (0.0, -1.0):
        np.testing.assert_array_equal(loss.targets(np.full(2, alone)), [-1.0, -1.0])


@pytest.mark.parametrize(
    ("y", "told"),
    [
        ([-1.0, 0.0, 1.0], "-1, 0, 1"),
        ([-1.0, 0.0], "-1, 0"),
        ([1.0, 2.0], "1, 2"),
        ([0.5], "0.5"),
        (list(range(9)), "0, 1, 2, 3, 4, 5, ..."),
        ([math.nan, 1.0], "1, nan"),
    ],
)
def test_classes_that_are_none(y, told):
    with pytest.raises(ValueError, match=rf"y must have the classes 0 and 1, or -1 and 1.*'log_loss'; got {told}:"):
        loss_of("log_loss").targets(np.array(y, dtype=float))


def test_counts():
    loss = loss_of("poisson")
    y = np.array([0.0, 0.5, 7.0])
    assert loss.targets(y) is y
    for bad in (-1e-9, math.nan, -math.inf):
        with pytest.raises(ValueError, match=r"y has .* at index 2: the loss 'poisson' is of counts"):
            loss.targets(np.array([1.0, 0.0, bad]))


def test_numbers_are_left_alone():
    y = np.array([-3.0, 0.0])
    assert loss_of("huber").targets(y) is y
