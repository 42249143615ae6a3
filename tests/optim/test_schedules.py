import math

import numpy as np
import pytest

from shrinkage.optim import schedules


def test_values():
    assert [schedules.constant(0.1)(k) for k in (0, 7)] == [0.1, 0.1]
    assert [schedules.step(1.0, 2, 0.5)(k) for k in range(5)] == [1.0, 1.0, 0.5, 0.5, 0.25]
    assert [schedules.milestones(1.0, [3, 1], 0.5)(k) for k in range(5)] == [1.0, 0.5, 0.5, 0.25, 0.25]
    assert [schedules.linear(1.0, 0.0, 4)(k) for k in (0, 1, 4, 9)] == [1.0, 0.75, 0.0, 0.0]
    wave = schedules.cosine(1.0, 0.2, 10)
    assert wave(0) == 1.0 and wave(5) == pytest.approx(0.6) and wave(10) == wave(99) == 0.2
    assert wave(2) == pytest.approx(0.2 + 0.4 * (1 + math.cos(0.2 * math.pi)))
    assert [schedules.warm_up(0.4, 4)(k) for k in range(6)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4])
    assert schedules.warm_up(wave, 3)(8) == wave(5)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, np.float64(2.0), "2"])
def test_lengths_are_whole_numbers(wrong):
    for make in (
        lambda: schedules.step(1.0, wrong), lambda: schedules.linear(1.0, 0.0, wrong),
        lambda: schedules.cosine(1.0, 0.0, wrong), lambda: schedules.warm_up(1.0, wrong),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="a whole number of at least 1"):
            make()
    if wrong != 0:
        with pytest.raises(ValueError, match="each of at must be a whole number of at least 0"):
            schedules.milestones(1.0, [3, wrong])


@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_lengths_may_be_numpys(kind):
    n = kind(4)
    for make in (
        lambda n: schedules.step(1.0, n), lambda n: schedules.linear(1.0, 0.0, n),
        lambda n: schedules.cosine(1.0, 0.0, n), lambda n: schedules.warm_up(1.0, n),
        lambda n: schedules.milestones(1.0, [n]),
    ):  # fmt: skip
        mine, plain = make(n), make(4)
        assert [mine(k) for k in (0, 3, 4, 300)] == [plain(k) for k in (0, 3, 4, 300)]


@pytest.mark.parametrize(
    "make",
    [
        schedules.constant, lambda x: schedules.step(x, 2), lambda x: schedules.step(1.0, 2, x),
        lambda x: schedules.milestones(x, [2]), lambda x: schedules.milestones(1.0, [2], x),
        lambda x: schedules.linear(x, 0.0, 2), lambda x: schedules.linear(0.0, x, 2),
        lambda x: schedules.cosine(x, 0.0, 2), lambda x: schedules.cosine(0.0, x, 2), lambda x: schedules.warm_up(x, 2),
    ],
)  # fmt: skip
def test_values_are_finite_numbers(make):
    for wrong in (math.inf, math.nan, np.float32(np.inf), 10**400):
        with pytest.raises(ValueError, match="must be finite"):
            make(wrong)
    for other in ("0.1", None, [0.1], True, 1j):
        with pytest.raises(TypeError, match="must be a number"):
            make(other)
    assert make(np.float32(0.5))(1) == make(0.5)(1)


def test_milestones_are_a_list():
    with pytest.raises(TypeError, match="at must be a list of steps, got 3"):
        schedules.milestones(1.0, 3)


def test_bases():
    made = {
        0.3: [schedules.constant(0.3), schedules.step(0.3, 2), schedules.milestones(0.3, [1])],
        0.4: [schedules.linear(0.1, 0.4, 3), schedules.linear(0.4, 0.0, 3), schedules.cosine(0.0, 0.4, 3)],
        0.5: [schedules.warm_up(0.5, 3), schedules.warm_up(schedules.cosine(0.5, 0.1, 3), 2)],
    }
    for base, each in made.items():
        assert [one.base for one in each] == [base] * len(each)
    assert schedules.constant(0).base == 0.0
    assert not hasattr(schedules.warm_up(lambda step: 0.1, 3), "base")
