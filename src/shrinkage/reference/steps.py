"""Twin of `shrinkage._kernels.steps`: the steps of `optimizers` over a table of arrays."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from .optimizers import (
    DOUBLE,
    FIRST,
    FRESH,
    HALF,
    KEEP,
    LATER,
    LR,
    RATE,
    ROOT,
    SECOND,
    SHRINK,
    SINGLE,
    adam_step,
    narrowed,
    sgd_step,
    widened,
)

Array = np.ndarray[Any, Any]


def _at(address: int, count: int, kind: int) -> Array:
    """The memory there, as an array of numbers; those of two bytes as integers."""
    dtype = np.dtype(("f8", "f4", "u2", "u2")[kind])
    memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(int(address))
    out: Array = np.frombuffer(memory, dtype)  # type: ignore[call-overload]
    return out


def _over(adam: bool, at: Array, chunks: Array, kinds: Array, settings: Array, clear: bool) -> None:
    for t, first, n in chunks:
        kind, way, prox = (int(k) for k in kinds[t])
        if at[t, 1] == 0:
            continue
        state = DOUBLE if kind == DOUBLE else SINGLE
        p, g = (_at(address, first + n, kind)[first:] for address in at[t, :2])
        moments = [_at(address, first + n, state)[first:] if address else None for address in at[t, 2:]]
        x, d = widened(p, kind), widened(g, kind)
        if adam:
            new, *after = adam_step(x, d, *moments, settings[t], prox)  # type: ignore[arg-type,call-arg]
        else:
            new, *after = sgd_step(x, d, moments[0], settings[t], way, prox)
        p[:] = narrowed(new, kind)
        for mine, value in zip(moments, after, strict=False):
            if mine is not None:
                mine[:] = value
        if clear:
            g[:] = 0


def sgd(at: Array, chunks: Array, kinds: Array, settings: Array, clear: bool, team: int = 0, threads: int = 1) -> None:
    """A step of gradient descent; state is the momentum."""
    _over(False, at, chunks, kinds, settings, clear)


def adam(at: Array, chunks: Array, kinds: Array, settings: Array, clear: bool, team: int = 0, threads: int = 1) -> None:
    """A step of Adam; state is both moments, and the largest second one where AMSGrad wants it."""
    _over(True, at, chunks, kinds, settings, clear)


def not_finite(at: Array, chunks: Array, kinds: Array, team: int = 0, threads: int = 1) -> int:
    """The first tensor in these chunks with a gradient that is infinite or NaN somewhere, or -1."""
    for t, first, n in chunks:
        if at[t, 1] and not np.isfinite(widened(_at(at[t, 1], first + n, kinds[t, 0])[first:], kinds[t, 0])).all():
            return int(t)
    return -1


def statistics(at: Array, chunks: Array, kinds: Array, out: Array) -> None:
    """out (tensors, 6) += sums of |x|, x^2, (x - y)^2 and y^2, the largest |x| so far, and how many are zero."""
    for t, first, n in chunks:
        kind = int(kinds[t, 0])
        x = widened(_at(at[t, 0], first + n, kind)[first:], kind).astype(np.float64)
        out[t, [0, 1, 5]] += np.abs(x).sum(), (x * x).sum(), (x == 0).sum()
        out[t, 4] = max(out[t, 4], np.abs(x).max())
        if at[t, 1]:
            y = widened(_at(at[t, 1], first + n, kind)[first:], kind).astype(np.float64)
            out[t, 2:4] += np.square(x - y).sum(), (y * y).sum()


def addresses(arrays: list[Any], sizes: Array, kinds: Array, orders: bytes, out: Array) -> list[int]:
    """out <- where the arrays' numbers are, 0 for None; those that are not as the others have it."""
    letters, others = "dfe", []
    for t, array in enumerate(arrays):
        out[t] = 0
        if array is None:
            continue
        kind = int(kinds[t, 0])
        in_order = array.flags.c_contiguous if orders[t : t + 1] == b"C" else array.flags.f_contiguous
        if (
            array.dtype.isnative
            and kind <= HALF
            and array.dtype.char == letters[kind]
            and array.size == sizes[t]
            and in_order
        ):
            out[t] = array.ctypes.data
        else:
            others.append(t)
    return others


def advance(adam: bool, kinds: Array, settings: Array, count: Array, live: Array, felt: Array, owed: Array) -> bool:
    """Bias corrections of each tensor's `count`-th step, and decay that is owed until rounding would not lose it."""
    for t in np.flatnonzero(live):
        s, number = settings[t], max(float(count[t]), 1.0)
        if adam:
            s[RATE], s[ROOT] = s[LR] / (1.0 - s[FIRST] ** number), 1.0 / np.sqrt(1.0 - s[SECOND] ** number)
        else:
            s[FRESH] = 1.0 if number == 1.0 else s[LATER]
        least, s[KEEP] = felt[kinds[t, 0]], s[SHRINK]
        if 0.0 < abs(1.0 - s[SHRINK]) < least or owed[t] != 1.0:
            total = owed[t] * s[SHRINK]
            felt_now = abs(1.0 - total) >= least
            s[KEEP], owed[t] = (total, 1.0) if felt_now else (1.0, total)
    return bool((owed != 1.0).any())


def _where(tensor: Any) -> tuple[int, int]:
    return tensor.data_ptr(), hash((tensor.shape, tensor.stride(), tensor.dtype)) % 2**64


def look(
    capsule: Any, groups: list[Any], tensors: list[Any], places: Array, forms: Array, gaps: Array, grads: Array,
    grad_places: Array, at: Array, held: list[Any],
) -> tuple[bool, bool, bool]:  # fmt: skip
    """Whether torch's `tensors` are other ones or elsewhere, a gradient is new, and one of those is not as its tensor
    lies."""
    now = [tensor for group in groups for tensor in group]
    if len(now) != len(tensors) or any(a is not b for a, b in zip(now, tensors, strict=True)):
        return True, False, False
    new = odd = False
    for t, tensor in enumerate(now):
        if _where(tensor) != (places[t], forms[t]):
            return True, new, odd
        grad = tensor.grad
        place, form = (0, 0) if grad is None or grad.is_sparse else _where(grad)
        alike = grad is None or (place != 0 and form == forms[t])
        one = 0 if grad is None else id(grad)
        if grad is not None:
            held.append(grad)
        if one != grads[t] or not alike or place != grad_places[t]:
            alike = alike and not (grad is not None and (gaps[t] or grad.is_neg()))
            new, odd = True, odd or not alike
            grads[t], grad_places[t], at[t, 1] = one, place, place if alike else 0
    return False, new, odd


def placed(capsule: Any, tensors: list[Any], places: Array, forms: Array) -> None:
    """places, forms <- those of torch's tensors, 0 for None."""
    for t, tensor in enumerate(tensors):
        places[t], forms[t] = (0, 0) if tensor is None else _where(tensor)


def kept(capsule: Any, states: list[Any], names: list[str], values: list[Any], places: Array, forms: Array) -> bool:
    """Whether these dicts still have the objects `values` under `names`, and tensors of them their place and form."""
    return all(
        own.get(name) is value and (place == 0 or _where(value) == (place, form))
        for own, name, value, place, form in zip(states, names, values, places, forms, strict=True)
    )
