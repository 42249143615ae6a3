"""Optimizer steps against their twins: parameters, state and gradients, of every type and way."""

import numpy as np
import pytest

from shrinkage._kernels import steps as kernel
from shrinkage.reference import optimizers
from shrinkage.reference import steps as twin
from shrinkage.reference.optimizers import (
    BFLOAT,
    DOUBLE,
    HALF,
    METRIC,
    MOMENTUM,
    NESTEROV,
    NO_PROX,
    PLAIN,
    PROX,
    SINGLE,
)

#: sign, coupled, keep, rate, first, fresh, second, fresh_second, root, eps, threshold, shrink, lr, later
SETTINGS = [-1.0, 0.03, 0.97, 0.05, 0.8, 0.3, 0.9, 0.2, 1.7, 1e-3, 0.02, 0.96, 0.07, 0.6]
MEMORY = {DOUBLE: np.float64, SINGLE: np.float32, HALF: np.uint16, BFLOAT: np.uint16}
#: A unit in the last place of a parameter
ULP = {DOUBLE: 2.0**-52, SINGLE: 2.0**-23, HALF: 2.0**-10, BFLOAT: 2.0**-7}


def numbers(rng, kind, n):
    x = rng.standard_normal(n).astype(np.float32 if kind != DOUBLE else np.float64)
    return optimizers.narrowed(x, kind)


def value(x, kind):
    with np.errstate(invalid="ignore"):  # signalling NaN
        return optimizers.widened(x, kind).astype(np.float64)


class Table:
    """Arrays of three tensors, one of them without a gradient, and what the kernels are given of them."""

    def __init__(self, seed, kind, way, prox, slots, sizes=(2500, 5, 40)):
        rng = np.random.default_rng(seed)
        state = np.float64 if kind == DOUBLE else np.float32
        self.p = [numbers(rng, kind, n) for n in sizes]
        self.g = [numbers(rng, kind, n) for n in sizes]
        self.state = [[np.abs(rng.standard_normal(n)).astype(state) for _ in range(slots)] for n in sizes]
        self.at = np.zeros((len(sizes), 5), np.uintp)
        for t, (p, g, own) in enumerate(zip(self.p, self.g, self.state, strict=True)):
            self.at[t, : 2 + slots] = [array.ctypes.data for array in (p, g, *own)]
        self.at[1, 1] = 0
        self.chunks = np.array([[0, 0, 1100], [0, 1100, 1400], [1, 0, 5], [2, 0, 40]], np.int64)
        self.kinds = np.array([[kind, way, prox]] * len(sizes), np.int32)
        self.settings = np.array([SETTINGS] * len(sizes)) * (1.0 + 0.01 * np.arange(len(sizes)))[:, None]


def same(mine, theirs, kind, start):
    for x, y in zip(mine.p, theirs.p, strict=True):
        scale = np.abs(value(y, kind)).max()
        np.testing.assert_allclose(value(x, kind), value(y, kind), rtol=0, atol=4 * ULP[kind] * scale)
    for own, others in zip(mine.state, theirs.state, strict=True):
        for x, y in zip(own, others, strict=True):
            ulp = 2.0**-52 if kind == DOUBLE else 2.0**-23
            np.testing.assert_allclose(x, y, rtol=0, atol=4 * ulp * np.abs(y).max())
    for x, y in zip(mine.g, theirs.g, strict=True):
        np.testing.assert_array_equal(x, y)
    # every tensor with a gradient has changed, and no other
    assert [(x != y).any() for x, y in zip(theirs.p, start.p, strict=True)] == [True, False, True]


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("prox", [NO_PROX, PROX])
@pytest.mark.parametrize("way", [PLAIN, MOMENTUM, NESTEROV])
@pytest.mark.parametrize("kind", [DOUBLE, SINGLE, HALF, BFLOAT])
def test_sgd(kind, way, prox, clear):
    slots = 0 if way == PLAIN else 1
    mine, theirs, start = (Table(7, kind, way, prox, slots) for _ in range(3))
    for _ in range(3):
        kernel.sgd(mine.at, mine.chunks, mine.kinds, mine.settings, clear)
        twin.sgd(theirs.at, theirs.chunks, theirs.kinds, theirs.settings, clear)
    same(mine, theirs, kind, start)
    assert all(not g.any() for g in (mine.g[0], mine.g[2])) == clear


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("prox", [NO_PROX, PROX, METRIC])
@pytest.mark.parametrize("kind", [DOUBLE, SINGLE, HALF, BFLOAT])
def test_adam(kind, prox, amsgrad, clear):
    mine, theirs, start = (Table(8, kind, 0, prox, 3 if amsgrad else 2) for _ in range(3))
    for _ in range(3):
        kernel.adam(mine.at, mine.chunks, mine.kinds, mine.settings, clear)
        twin.adam(theirs.at, theirs.chunks, theirs.kinds, theirs.settings, clear)
    same(mine, theirs, kind, start)
    assert all(not g.any() for g in (mine.g[0], mine.g[2])) == clear


@pytest.mark.parametrize("prox", [PROX, METRIC])
@pytest.mark.parametrize("kind", [DOUBLE, SINGLE, HALF, BFLOAT])
def test_zeros_are_the_same_and_positive(kind, prox):
    mine, theirs = (Table(9, kind, 0, prox, 2) for _ in range(2))
    for table in (mine, theirs):
        table.settings[:, 10] = 0.5
    kernel.adam(mine.at, mine.chunks, mine.kinds, mine.settings, False)
    twin.adam(theirs.at, theirs.chunks, theirs.kinds, theirs.settings, False)
    x, y = value(mine.p[0], kind), value(theirs.p[0], kind)
    assert 0.1 < (y == 0).mean() < 0.9
    assert ((x == 0) != (y == 0)).mean() < 2e-3
    assert not np.signbit(x[x == 0]).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [DOUBLE, SINGLE, HALF, BFLOAT])
def test_not_finite(kind, bad):
    table = Table(10, kind, 0, 0, 0)
    arguments = table.at, table.chunks, table.kinds
    assert kernel.not_finite(*arguments) == twin.not_finite(*arguments) == -1
    table.g[0][2400:2401] = optimizers.narrowed(np.array([bad], np.float64 if kind == DOUBLE else np.float32), kind)
    assert kernel.not_finite(*arguments) == twin.not_finite(*arguments) == 0
    assert kernel.not_finite(table.at, table.chunks[:1], table.kinds) == -1
    step = kernel.sgd
    step(table.at, table.chunks, table.kinds, table.settings, False)
    assert not np.isfinite(value(table.p[0], kind)[2400])  # and it goes on into the parameter, through any threshold
    table.kinds[:, 2] = PROX
    step(table.at, table.chunks, table.kinds, table.settings, False)
    assert not np.isfinite(value(table.p[0], kind)[2400])


@pytest.mark.parametrize("compared", [False, True])
@pytest.mark.parametrize("kind", [DOUBLE, SINGLE, HALF, BFLOAT])
def test_statistics(kind, compared):
    table = Table(11, kind, 0, 0, 0)
    table.p[0][::7] = 0
    if not compared:
        table.at[:, 1] = 0
    mine, theirs = np.zeros((3, 6)), np.zeros((3, 6))
    kernel.statistics(table.at, table.chunks, table.kinds, mine)
    twin.statistics(table.at, table.chunks, table.kinds, theirs)
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    assert theirs[0, 5] == len(table.p[0][::7]) and (theirs[0, 2] > 0) == compared


def test_addresses():
    arrays = [np.zeros((3, 4)), None, np.zeros(5, np.float32), np.zeros(2, np.float16)]
    sizes = np.array([12, 3, 5, 2], np.int64)
    kinds = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [2, 0, 0]], np.int32)
    mine, theirs = np.ones(4, np.uintp), np.ones(4, np.uintp)
    assert kernel.addresses(arrays, sizes, kinds, b"CCFC", mine) == []
    assert twin.addresses(arrays, sizes, kinds, b"CCFC", theirs) == []
    np.testing.assert_array_equal(mine, theirs)
    assert mine[1] == 0 and mine[0] == arrays[0].ctypes.data
    across = np.zeros((4, 3)).T
    wrong = [across, np.zeros(13), np.zeros(12, np.float32), np.zeros((3, 8))[:, ::2], np.zeros(12, ">f8")]
    given = [*wrong, arrays[0], across], np.full(7, 12), np.zeros((7, 3), np.int32), b"CCCCCCF"
    mine, theirs = np.ones(7, np.uintp), np.ones(7, np.uintp)
    assert kernel.addresses(*given, mine) == twin.addresses(*given, theirs) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(mine, theirs)
    assert mine[6] == across.ctypes.data and not mine[:5].any()


@pytest.mark.parametrize("adam", [False, True])
def test_advance(adam):
    kinds = np.array([[kind, 0, 0] for kind in (DOUBLE, SINGLE, HALF, BFLOAT, SINGLE)], np.int32)
    live, felt = np.array([1, 1, 1, 1, 0], np.uint8), np.array([0.0, 2.0**-22, 2.0**-9, 2.0**-6])
    mine, theirs = (np.array([SETTINGS] * 5) for _ in range(2))
    owed = np.ones((2, 5))
    owing = []
    for step in range(1, 60):
        for settings in (mine, theirs):
            settings[:, 11] = 1.0 - np.array([1e-9, 1e-7, 1e-4, 1e-3, 1e-7])
        count = np.array([step, step, 1.0, step + 4, step])
        found = kernel.advance(adam, kinds, mine, count, live, felt, owed[0])
        assert found == twin.advance(adam, kinds, theirs, count, live, felt, owed[1])
        np.testing.assert_allclose(mine, theirs, rtol=1e-15)
        np.testing.assert_allclose(owed[0], owed[1], rtol=1e-15)
        owing.append(found)
    assert mine[0, 2] == 1.0 - 1e-9 and mine[4, 2] == SETTINGS[2] and owed[0, 4] == 1.0
    assert True in owing and mine[1, 3] != SETTINGS[3] if adam else mine[2, 5] == 1.0 and mine[1, 5] == SETTINGS[13]


@pytest.mark.parametrize("kind", [HALF, BFLOAT])
def test_every_number_of_two_bytes_survives(kind):
    """A step of rate 0 gives back what it was given, NaN apart; subnormal gradients are not lost."""
    bits = np.arange(1 << 16, dtype=np.uint16)
    table = Table(12, kind, PLAIN, NO_PROX, 0, sizes=(1 << 16,) * 3)
    table.settings[:] = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1]
    table.chunks = np.array([[0, 0, 1 << 16]], np.int64)
    table.p[0][:], table.g[0][:] = bits, 0
    kernel.sgd(table.at, table.chunks, table.kinds, table.settings, False)
    x = value(bits, kind)
    tiny = np.abs(x) < 2.0**-126  # of bfloat16, which are flushed to zero
    good = np.isfinite(x) & ~tiny
    np.testing.assert_array_equal(table.p[0][good], bits[good])
    # the gradient itself, times minus one
    table.settings[:, 3], table.p[0][:], table.g[0][:] = 1.0, 0, bits
    kernel.sgd(table.at, table.chunks, table.kinds, table.settings, False)
    np.testing.assert_array_equal(value(table.p[0], kind)[good], -x[good])
