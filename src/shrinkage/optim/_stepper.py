"""One call of a kernel for all arrays of an optimizer: a table of addresses, its chunks, and what a step is.

The façades for NumPy and for torch say where arrays are; the rules (`sgd`, `adam`) say what a step of a group is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._kernels import steps as _steps
from .._threads import WORTH_A_THREAD, over_chunks

Array = np.ndarray[Any, Any]

#: Types of parameters as the kernel counts them, by NumPy's letter; bfloat16 has none.
DOUBLE, SINGLE, HALF, BFLOAT = range(4)
KINDS = {"d": DOUBLE, "f": SINGLE, "e": HALF}
#: Columns of `at`.
PARAM, GRAD, STATE = range(3)
#: Columns of `settings`: see `shrinkage_step` in steps.h.
SIGN, COUPLED, KEEP, RATE, FIRST, FRESH, SECOND, FRESH_SECOND, ROOT, EPS, THRESHOLD = range(11)
PLAIN, MOMENTUM, NESTEROV = range(3)
NO_PROX, PROX, METRIC = range(3)
#: Numbers of a chunk, at most.
_CHUNK = 1 << 15
#: Decay below which rounding may lose it (two units in the last place), by type: it waits until there is more.
_FELT = np.array([0.0, 2.0**-22, 2.0**-9, 2.0**-6])


class Stepper:
    """Tables for arrays of given lengths and types.

    Attributes
    ----------
    at : ndarray of uintp, shape (tensors, 5)
        Addresses of parameters, gradients and state; the caller keeps them right. A gradient at 0: no step.
    kinds, settings : ndarray of shape (tensors, 3) and (tensors, 11)
        What the rule makes of a group.
    owed : ndarray of shape (tensors,)
        The factor that a parameter has not been given yet, 1 less a decay too small to be felt.
    """

    def __init__(self, sizes: Sequence[int], types: Sequence[int]) -> None:
        self.sizes = np.array(sizes, np.int64)
        count = len(self.sizes)
        self.at = np.zeros((count, 5), np.uintp)
        self.kinds = np.zeros((count, 3), np.int32)
        self.kinds[:, 0] = types
        self.settings = np.zeros((count, 11))
        self.owed = np.ones(count)
        self.chunks = _chunks(self.sizes)
        self.total = int(self.sizes.sum())

    def step(self, kernel: Callable[..., None], live: Array, clear: bool = False) -> None:
        """A step of the tensors `live` (bool), whose settings are those of this step."""
        self._owe(live)
        self._run(lambda chunks: kernel(self.at, chunks, self.kinds, self.settings, clear))

    def admits(self, nonfinite: str, names: Sequence[str]) -> bool:
        """Whether a step may be taken with these gradients: one with NaN or infinity may be skipped, or an error."""
        if nonfinite == "propagate":
            return True
        found = self._run(lambda chunks: _steps.not_finite(self.at, chunks, self.kinds))
        bad = min((one for one in found if one >= 0), default=-1)
        if bad >= 0 and nonfinite == "raise":
            raise ValueError(
                f"the gradient of {names[bad]} has NaN or infinity: nothing was changed; look at the loss, "
                "lower lr, or pass nonfinite='skip'"
            )
        return bad < 0

    def statistics(self) -> Array:
        """(tensors, 6): see the kernel; what is compared with is in the place of gradients."""

        def part(chunks: Array) -> Array:
            out = np.zeros((len(self.sizes), 6))
            _steps.statistics(self.at, chunks, self.kinds, out)
            return out

        parts = self._run(part)
        out = np.sum(parts, axis=0)
        out[:, 4] = np.max([one[:, 4] for one in parts], axis=0)
        return out

    def _run(self, call: Callable[[Array], Any]) -> list[Any]:
        if self.total < WORTH_A_THREAD // 4:
            return [call(self.chunks)]
        return over_chunks(lambda a, b: call(self.chunks[a:b]), len(self.chunks), 4 * self.total)

    def _owe(self, live: Array) -> None:
        """Decay that rounding would lose waits until it is worth a step."""
        keep, least = self.settings[:, KEEP], _FELT[self.kinds[:, 0]]
        tiny = live & (((keep != 1.0) & (np.abs(1.0 - keep) < least)) | (self.owed != 1.0))
        if not tiny.any():
            return
        total = self.owed[tiny] * keep[tiny]
        felt = np.abs(1.0 - total) >= least[tiny]
        keep[tiny] = np.where(felt, total, 1.0)
        self.owed[tiny] = np.where(felt, 1.0, total)


def state_type(array: Array) -> Any:
    """State is double for double parameters and float for all others."""
    return np.float64 if array.dtype.char == "d" else np.float32


def _chunks(sizes: Array) -> Array:
    """(chunks, 3): tensor, first number, how many."""
    counts = -(-sizes // _CHUNK)
    tensor = np.repeat(np.arange(len(sizes)), counts)
    within = np.arange(len(tensor)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = within * _CHUNK
    return np.ascontiguousarray(np.column_stack([tensor, first, np.minimum(_CHUNK, sizes[tensor] - first)]), np.int64)
