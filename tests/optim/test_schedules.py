import math

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


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True])
def test_lengths_are_whole_numbers(wrong):
    for make in (
        lambda: schedules.step(1.0, wrong), lambda: schedules.linear(1.0, 0.0, wrong),
        lambda: schedules.cosine(1.0, 0.0, wrong), lambda: schedules.warm_up(1.0, wrong),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="positive whole number"):
            make()
