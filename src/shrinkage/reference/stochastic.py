"""Twin of `shrinkage._kernels.stochastic`: stochastic gradient descent over the rows of X in a given order.

`settings`, `state` and `clock` are those of the kernel; a step of SGD is

    z <- z - rate g / D,   w = D soft(z, B),   b <- b - rate g0,   D <- (1 - rate l2) D,   B <- B + rate l1 / D

(D and B before z), with g and g0 the mean gradients of the weighted losses of the rows of a batch, and a rate of lr,
lr / t^power or 1 / (alpha (start + t - 1)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .losses import evaluate

Array = np.ndarray[Any, Any]

RATE, L1, L2, ALPHA, START, POSITIVE, NEGATIVE = range(7)
INTERCEPT, TOTAL, LOSS, SCALE, THRESHOLD, FIRST, SECOND = range(7)
STEPS, SINCE = range(2)
CONSTANT, OPTIMAL, INVERSE = range(3)
SGD, MOMENTUM, NESTEROV, ADAM, ADAMW = range(5)

STEEPEST = 1e12
LEAST_SCALE = 1e-4


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
    # of a row without weight nothing counts, infinity included
    state[:, LOSS] += np.where(weights == 0, 0.0, weights * values).sum(axis=0)
    return np.where(weights == 0, 0.0, weights * np.clip(slopes, -STEEPEST, STEEPEST))


def _rows(data: Array, indices: Array, indptr: Array, which: Array, p: int) -> Array:
    """Rows of X as a dense array, X dense and row major (no indptr) or compressed by rows."""
    if not len(indptr):
        return data.reshape(-1, p)[which].astype(np.float64)
    out = np.zeros((len(which), p))
    for k, i in enumerate(which):
        own = slice(indptr[i], indptr[i + 1])
        out[k, indices[own]] = data[own]
    return out


def _advance(rates: Array, settings: Array, state: Array, z: Array) -> None:
    """Scales and thresholds of the next step, z (K, p)."""
    state[:, SCALE] *= np.maximum(0.0, 1.0 - rates * settings[:, L2])
    small = state[:, SCALE] < LEAST_SCALE
    z[small] *= state[small, SCALE][:, None]
    state[small, THRESHOLD] *= state[small, SCALE]
    state[small, SCALE] = 1.0
    state[:, THRESHOLD] += rates * settings[:, L1] / state[:, SCALE]


def _coefficients(z: Array, state: Array) -> Array:
    return state[:, [SCALE]] * _soft(z, state[:, [THRESHOLD]])


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
    z: Array,
    total: Array,
    state: Array,
    clock: Array,
    stop: Array,
) -> None:
    """One pass of a dense X, a row at a time, with one setting."""
    X = data.reshape(-1, len(z)).astype(np.float64)
    for i in order:
        w = _coefficients(z[None, :], state)
        clock[STEPS] += 1
        rates = _rates(schedule, settings, power, clock[STEPS])
        predictions = w @ X[i] + state[:, INTERCEPT]
        g = _gradients(loss, parameter, y[[i]], s[[i]], settings, predictions[None, :], state)[0, 0]
        _advance(rates, settings, state, z[None, :])
        z -= rates[0] / state[0, SCALE] * g * X[i]
        if intercept:
            state[0, INTERCEPT] -= rates[0] * g
        if 0 < average_from <= clock[STEPS]:
            total += _coefficients(z[None, :], state)[0]
            state[0, TOTAL] += state[0, INTERCEPT]


def _idle_sums(z: Array, history: Array, when: int, since: int) -> Array:
    """(K,): what the iterates of one coefficient from step `when` to `since` sum to, step by step."""
    out = np.zeros(len(z))
    for m in range(when, since + 1):
        # the sum of the scales of the steps that count goes up by the scale, or by nothing
        out += (history[m, :, 1] - history[m - 1, :, 1]) * _soft(z, history[m, :, 0])
    return out


def _remember(j: int, z: Array, total: Array, when: Array, history: Array, clock: Array) -> None:
    """The iterates of coefficient j so far are summed."""
    if len(total) and when[j] <= clock[SINCE]:
        total[j] += _idle_sums(z[j], history, int(when[j]), int(clock[SINCE]))
        when[j] = clock[SINCE] + 1


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
    z: Array,
    total: Array,
    when: Array,
    history: Array,
    state: Array,
    clock: Array,
    g: Array,
    scratch: Array,
    stop: Array,
) -> None:
    """One pass of a sparse X, z (p, K): sums of iterates are made when a coefficient is about to change."""
    p = len(z)
    for start in range(0, len(order), batch):
        which = order[start : start + batch]
        X = _rows(data, indices, indptr, which, p)
        predictions = X @ _coefficients(z.T, state).T + state[:, INTERCEPT]
        slopes = _gradients(loss, parameter, y[which], s[which], settings, predictions, state) / len(which)
        clock[STEPS] += 1
        rates = _rates(schedule, settings, power, clock[STEPS])
        small = np.maximum(0.0, 1.0 - rates * settings[:, L2]) * state[:, SCALE] < LEAST_SCALE
        if (len(total) and clock[SINCE] == len(history) - 1) or small.any():
            for j in range(p):
                _remember(j, z, total, when, history, clock)
            z *= state[:, SCALE]
            state[:, THRESHOLD] *= state[:, SCALE]
            state[:, SCALE] = 1.0
            when[:], clock[SINCE] = 1, 0
        for j in np.unique(np.concatenate([indices[indptr[i] : indptr[i + 1]] for i in which])):
            _remember(j, z, total, when, history, clock)
        clock[SINCE] += 1
        _advance(rates, settings, state, z.T)
        D, B, counts = state[:, SCALE], state[:, THRESHOLD], 0 < average_from <= clock[STEPS]
        if len(total):
            before = history[clock[SINCE] - 1]
            history[clock[SINCE]] = np.column_stack([B, before[:, 1] + counts * D, before[:, 2] + counts * D * B])
        z -= rates / D * (X.T @ slopes)
        if intercept:
            state[:, INTERCEPT] -= rates * slopes.sum(axis=0)
        if counts:
            state[:, TOTAL] += state[:, INTERCEPT]


def settled(
    z: Array, total: Array, when: Array, history: Array, state: Array, clock: Array, w: Array, sums: Array
) -> None:
    """The coefficients of z (p, K), and the sums of their iterates."""
    w[:] = _coefficients(z.T, state)
    for j in range(len(total)):
        sums[:, j] = total[j] + _idle_sums(z[j], history, int(when[j]), int(clock[SINCE]))


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
        if way == SGD:
            _advance(rates, settings, state, first)
            first -= rates[:, None] / state[:, [SCALE]] * (slopes.T @ X)
            W[:] = _coefficients(first, state)
            if intercept:
                state[:, INTERCEPT] -= rates * slopes.sum(axis=0)
        for k in range(K if way != SGD else 0):
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
