"""Twin of `shrinkage._kernels.stochastic`: stochastic gradient descent over the rows of X in a given order.

`settings`, `state` and `clock` are those of the kernel; a step is

    w <- _soft((1 - rate l2) w - rate g, rate l1),   b <- b - rate g0

with g and g0 the mean gradients of the weighted losses of the rows of a batch, and a rate of lr, lr / t^power or
1 / (alpha (start + t - 1)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .losses import evaluate

Array = np.ndarray[Any, Any]

RATE, L1, L2, ALPHA, START, POSITIVE, NEGATIVE = range(7)
INTERCEPT, TOTAL, LOSS, SCALE, DEBT, FIRST, SECOND = range(7)
STEPS, SINCE = range(2)
CONSTANT, OPTIMAL, INVERSE = range(3)
SGD, MOMENTUM, NESTEROV, ADAM, ADAMW = range(5)

STEEPEST = 1e12
LEAST_SCALE, MOST_DEBT = 1e-4, 1e3


def _soft(v: Array, threshold: Any) -> Array:
    return np.sign(v) * np.maximum(np.abs(v) - threshold, 0.0)


def _rates(schedule: int, settings: Array, power: float, t: int) -> Array:
    """(K,): the learning rates at step t, counted from 1."""
    if schedule == OPTIMAL:
        return 1.0 / (settings[:, ALPHA] * (settings[:, START] + t - 1.0))
    return settings[:, RATE] / t**power if schedule == INVERSE else settings[:, RATE].copy()


def _gradients(
    loss: int, parameter: float, y: Array, s: Array, settings: Array, predictions: Array, state: Array
) -> Array:
    """(rows, K): weighted slopes at predictions (rows, K); the weighted losses are added to the state."""
    weights = s[:, None] * np.where(y > 0, settings[:, POSITIVE], settings[:, NEGATIVE])
    values, slopes = np.empty((2, *predictions.shape))
    evaluate(loss, parameter, y, predictions, values, slopes)
    state[:, LOSS] += (weights * values).sum(axis=0)
    return weights * np.clip(slopes, -STEEPEST, STEEPEST)


def _rows(data: Array, indices: Array, indptr: Array, which: Array, p: int) -> Array:
    """Rows of X as a dense array, X dense and row major (no indptr) or compressed by rows."""
    if not len(indptr):
        return data.reshape(-1, p)[which].astype(np.float64)
    out = np.zeros((len(which), p))
    for k, i in enumerate(which):
        own = slice(indptr[i], indptr[i + 1])
        out[k, indices[own]] = data[own]
    return out


def online(
    data: Array,
    y: Array,
    s: Array,
    order: Array,
    settings: Array,
    loss: int,
    parameter: float,
    schedule: int,
    power: float,
    intercept: bool,
    average_from: int,
    w: Array,
    total: Array,
    state: Array,
    clock: Array,
    stop: Array,
) -> None:
    """One pass of a dense X, a row at a time, with one setting."""
    X = data.reshape(-1, len(w)).astype(np.float64)
    for i in order:
        clock[STEPS] += 1
        prediction = X[i] @ w + state[:, INTERCEPT]
        rate = _rates(schedule, settings, power, clock[STEPS])[0]
        g = _gradients(loss, parameter, y[[i]], s[[i]], settings, prediction[None, :], state)[0, 0]
        keep = max(0.0, 1.0 - rate * settings[0, L2])
        w[:] = _soft(keep * w - rate * g * X[i], rate * settings[0, L1])
        if intercept:
            state[0, INTERCEPT] -= rate * g
        if 0 < average_from <= clock[STEPS]:
            total += w
            state[0, TOTAL] += state[0, INTERCEPT]


def _idle_sums(cells: Array, history: Array, when: int, since: int) -> Array:
    """(K,): what the iterates of one coefficient from step `when` to `since` sum to, step by step."""
    v, b = cells
    out = np.zeros(len(v))
    for m in range(when, since + 1):
        # the sum of the scales of the steps that count goes up by the scale, or by nothing
        out += (history[m, :, 1] - history[m - 1, :, 1]) * _soft(v, np.maximum(history[m, :, 0] - b, 0.0))
    return out


def _touch(j: int, cells: Array, total: Array, when: Array, history: Array, state: Array, clock: Array) -> None:
    """Coefficient j up to date, in units of its scale."""
    if len(total) and when[j] <= clock[SINCE]:
        total[j] += _idle_sums(cells[j], history, int(when[j]), int(clock[SINCE]))
        when[j] = clock[SINCE] + 1
    cells[j, 0] = _soft(cells[j, 0], state[:, DEBT] - cells[j, 1])
    cells[j, 1] = state[:, DEBT]


def _settle_all(cells: Array, total: Array, when: Array, history: Array, state: Array, clock: Array) -> None:
    for j in range(len(cells)):
        _touch(j, cells, total, when, history, state, clock)
    cells[:, 0] *= state[:, SCALE]
    cells[:, 1] = 0.0
    when[:] = 1
    state[:, SCALE], state[:, DEBT] = 1.0, 0.0
    clock[SINCE] = 0


def lazy(
    data: Array,
    indices: Array,
    indptr: Array,
    y: Array,
    s: Array,
    order: Array,
    batch: int,
    settings: Array,
    loss: int,
    parameter: float,
    schedule: int,
    power: float,
    intercept: bool,
    average_from: int,
    cells: Array,
    total: Array,
    when: Array,
    history: Array,
    state: Array,
    clock: Array,
    g: Array,
    scratch: Array,
    stop: Array,
) -> None:
    """One pass of a sparse X: w = scale _soft(v, debt - b), of which only what a row has is written."""
    p = len(cells)
    for start in range(0, len(order), batch):
        which = order[start : start + batch]
        X = _rows(data, indices, indptr, which, p)
        touched = np.unique(np.concatenate([indices[indptr[i] : indptr[i + 1]] for i in which]))
        for j in touched:
            _touch(j, cells, total, when, history, state, clock)
        predictions = state[:, SCALE] * (X @ cells[:, 0] * 1.0) + state[:, INTERCEPT]
        slopes = _gradients(loss, parameter, y[which], s[which], settings, predictions, state) / len(which)
        clock[STEPS] += 1
        rates = _rates(schedule, settings, power, clock[STEPS])
        keep = np.maximum(0.0, 1.0 - rates * settings[:, L2])
        full = (len(total) and clock[SINCE] == len(history) - 1) or (keep * state[:, SCALE] < LEAST_SCALE).any()
        if full or (state[:, DEBT] > MOST_DEBT).any():
            _settle_all(cells, total, when, history, state, clock)
        clock[SINCE] += 1
        counts = 0 < average_from <= clock[STEPS]
        cells[:, 0] *= np.where(keep < LEAST_SCALE, keep, 1.0)
        state[:, SCALE] *= np.where(keep < LEAST_SCALE, 1.0, keep)
        state[:, DEBT] += rates * settings[:, L1] / state[:, SCALE]
        if len(total):
            D, B = state[:, SCALE], state[:, DEBT]
            before = history[clock[SINCE] - 1]
            history[clock[SINCE]] = np.column_stack([B, before[:, 1] + counts * D, before[:, 2] + counts * D * B])
        cells[:, 0] -= rates / state[:, SCALE] * (X.T @ slopes)
        if intercept:
            state[:, INTERCEPT] -= rates * slopes.sum(axis=0)
        if counts:
            state[:, TOTAL] += state[:, INTERCEPT]


def settled(
    cells: Array, total: Array, when: Array, history: Array, state: Array, clock: Array, w: Array, sums: Array
) -> None:
    """The coefficients that lazy ones stand for, and the sums of their iterates."""
    w[:] = (state[:, SCALE] * _soft(cells[:, 0], state[:, DEBT] - cells[:, 1])).T
    for j in range(len(total)):
        sums[:, j] = total[j] + _idle_sums(cells[j], history, int(when[j]), int(clock[SINCE]))


def _step(
    way: int, numbers: Array, rate: float, t: int, l1: float, l2: float, w: Array, g: Array, m: Array, v: Array
) -> Array:
    """The coefficients after a step of one setting; m and v are its moments, in place."""
    momentum, beta1, beta2, eps = numbers
    if way in (ADAM, ADAMW):
        d = g + l2 * w if way == ADAM else g
        m[:] = beta1 * m + (1 - beta1) * d
        v[:] = beta2 * v + (1 - beta2) * d * d
        scale = np.sqrt(v / (1 - beta2**t)) + eps
        keep = max(0.0, 1.0 - rate * l2) if way == ADAMW else 1.0
        # the threshold is in the metric of the step
        return _soft(keep * w - rate / (1 - beta1**t) * m / scale, rate * l1 / scale)
    if way == SGD:
        return _soft(max(0.0, 1.0 - rate * l2) * w - rate * g, rate * l1)
    d = g + l2 * w
    m[:] = momentum * m + d
    # at rest m is d / (1 - momentum)
    return _soft(w - rate * (d + momentum * m if way == NESTEROV else m), rate * l1 / (1 - momentum))


def batches(
    data: Array,
    indices: Array,
    indptr: Array,
    y: Array,
    s: Array,
    order: Array,
    batch: int,
    settings: Array,
    loss: int,
    parameter: float,
    schedule: int,
    power: float,
    way: int,
    numbers: Array,
    intercept: bool,
    average_from: int,
    W: Array,
    first: Array,
    second: Array,
    total: Array,
    state: Array,
    clock: Array,
    block: Array,
    P: Array,
    G: Array,
    stop: Array,
) -> None:
    """One pass in batches, all coefficients at every step."""
    K, p = W.shape
    for start in range(0, len(order), batch):
        which = order[start : start + batch]
        X = _rows(data, indices, indptr, which, p)
        slopes = _gradients(loss, parameter, y[which], s[which], settings, X @ W.T + state[:, INTERCEPT], state)
        slopes /= len(which)
        clock[STEPS] += 1
        t = int(clock[STEPS])
        rates = _rates(schedule, settings, power, t)
        nothing = np.empty(0)
        for k in range(K):
            m, v = first[k] if len(first) else nothing, second[k] if len(second) else nothing
            W[k] = _step(
                way, numbers, rates[k], t, settings[k, L1], settings[k, L2], W[k], slopes[:, k] @ X, m, v
            )  # fmt: skip
            if intercept:
                own = state[k]
                own[[INTERCEPT]] = _step(
                    way, numbers, rates[k], t, 0.0, 0.0, own[[INTERCEPT]], slopes[:, [k]].sum(axis=0),
                    own[FIRST : FIRST + 1], own[SECOND : SECOND + 1],
                )  # fmt: skip
        if 0 < average_from <= t:
            total += W
            state[:, TOTAL] += state[:, INTERCEPT]
