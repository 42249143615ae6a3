"""What training does to the weights: statistics in one pass, and a history of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._extras import require
from . import _checks
from ._stepper import GRAD, KINDS, PARAM, Stepper

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class WeightStats:
    """Statistics of one array, or of all together.

    Attributes
    ----------
    mean_abs, max_abs, norm : float
        Mean and largest |w|, and the Euclidean norm.
    zeros : float
        Share of numbers that are exactly zero.
    update_ratio : float
        |w - w_before| / |w_before|, Euclidean norms; NaN where there was nothing to compare with.
    size : int
    """

    mean_abs: float
    max_abs: float
    norm: float
    zeros: float
    update_ratio: float
    size: int


def weight_stats(params: Any, before: Any = None) -> tuple[WeightStats, dict[str, WeightStats]]:
    """Statistics of all arrays together, and of each by name, in one pass over them.

    Parameters
    ----------
    params : list of ndarray, dict of ndarray by name, list of (name, ndarray), or list of groups
        float64, float32 or float16; as the optimizers take them.
    before : the same, optional
        Copies from before a step, for `update_ratio`.

    Returns
    -------
    WeightStats
    dict of WeightStats by name

    Raises
    ------
    TypeError, ValueError
        If an array has no floating type, or `before` does not fit.
    """
    names, arrays = _named(params)
    earlier: list[Array | None] = [None] * len(arrays)
    if before is not None:
        others = _named(before)[1]
        earlier = _checks.gradients(others, names, arrays, writing=False)
    # contiguous copies live until the kernel is done
    kept = [np.ascontiguousarray(array, array.dtype.newbyteorder("=")) for array in arrays]
    then = [None if array is None else np.ascontiguousarray(array, array.dtype.newbyteorder("=")) for array in earlier]
    stepper = Stepper([a.size for a in kept], [KINDS[a.dtype.char] for a in kept])
    stepper.at[:, PARAM] = [array.ctypes.data for array in kept]
    stepper.at[:, GRAD] = [0 if array is None else array.ctypes.data for array in then]
    table = stepper.statistics()
    every = table.sum(axis=0)
    every[4] = table[:, 4].max(initial=0.0)
    compared = before is not None
    each = {name: _stats(row, array.size, compared) for name, row, array in zip(names, table, arrays, strict=True)}
    return _stats(every, sum(a.size for a in arrays), compared), each


def _named(params: Any) -> tuple[list[str], list[Array]]:
    names: list[str] = []
    arrays: list[Array] = []
    for group in _checks.groups(params):
        more = _checks.parameters(group["params"], len(names), writeable=False)
        names, arrays = names + more[0], arrays + more[1]
    if not arrays:
        raise ValueError("params is empty: pass at least one array")
    return names, arrays


def _stats(row: Array, size: int, compared: bool) -> WeightStats:
    total, square, moved, before, most, zeros = (float(value) for value in row)
    count = max(1, size)
    ratio = math.sqrt(moved / before) if before > 0 else (0.0 if moved == 0 else math.inf)
    return WeightStats(total / count, most, math.sqrt(square), zeros / count, ratio if compared else math.nan, size)


class History(dict[str, list[float]]):
    """What was recorded, by name: ``{"train_loss": [...], "val_loss": [...], "weight_norm": [...]}``.

    Examples
    --------
    >>> history = History()
    >>> history.record(train_loss=0.5, val_loss=0.6)
    >>> history.record(train_loss=0.4, val_loss=0.55)
    >>> history["train_loss"]
    [0.5, 0.4]
    """

    def record(self, *, params: Any = None, **values: float) -> None:
        """Add one value to every name; with `params` also weight_norm, mean_abs, max_abs and zeros of `weight_stats`.

        Raises
        ------
        TypeError, ValueError
            If a value is no number, or the names are not those of the first record.
        """
        if params is not None:
            every = weight_stats(params)[0]
            values |= {
                "weight_norm": every.norm, "mean_abs": every.mean_abs, "max_abs": every.max_abs, "zeros": every.zeros
            }  # fmt: skip
        if not values:
            raise ValueError("record was given nothing: name what to record, history.record(train_loss=0.5)")
        if self and set(values) != set(self):
            raise ValueError(
                f"record was given {sorted(values)}, where there is {sorted(self)}: record the same each time"
            )
        numbers = {name: float(value) for name, value in values.items()}
        for name, value in numbers.items():
            self.setdefault(name, []).append(value)

    def to_frame(self, backend: str = "pandas") -> Any:
        """A frame with one row a record, of any library that narwhals knows ("pandas", "polars", "pyarrow")."""
        columns: Mapping[str, Any] = {name: list(values) for name, values in self.items()}
        narwhals = require("narwhals", extra="frames")
        return narwhals.from_dict(columns, backend=backend).to_native()
