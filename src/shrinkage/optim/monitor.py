"""What training does to the weights: statistics in one pass, and a history of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._extras import require
from . import _checks
from ._stepper import GRAD, KINDS, PARAM, Stepper

Array = np.ndarray[Any, Any]

#: A sum of squares below it may lack those that were too small for a double.
_LEAST = 2.0**-900


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
    params : torch.nn.Module, list of arrays, dict of arrays by name, list of (name, array), or list of groups
        Arrays are NumPy's, float64, float32 or float16, or torch's tensors, with or without a gradient.
    before : the same, optional
        Copies from before a step, for `update_ratio`: matched by name, or by position if it is a list without names.

    Returns
    -------
    WeightStats
    dict of WeightStats by name

    Raises
    ------
    TypeError, ValueError
        If an array has no floating type, two have the same name, or `before` does not fit.
    """
    names, arrays = _named(params)
    earlier = [None] * len(arrays) if before is None else _matched(before, names, arrays)
    # contiguous copies live until the kernel is done
    kept = [np.ascontiguousarray(array, array.dtype.newbyteorder("=")) for array in arrays]
    then = [None if array is None else np.ascontiguousarray(array, array.dtype.newbyteorder("=")) for array in earlier]
    stepper = Stepper([a.size for a in kept], [KINDS[a.dtype.char] for a in kept])
    stepper.at[:, PARAM] = [array.ctypes.data for array in kept]
    stepper.at[:, GRAD] = [0 if array is None else array.ctypes.data for array in then]
    rows = np.array([_scaled(*own) for own in zip(stepper.statistics(), kept, then, strict=True)])
    sizes = np.array([array.size for array in arrays])
    mean, most, zeros = rows[:, 0] @ (sizes / max(1, sizes.sum())), rows[:, 4].max(), rows[:, 5].sum()
    every = np.array([mean, *(_root(column) for column in rows[:, 1:4].T), most, zeros])
    compared = before is not None
    each = {name: _stats(row, array.size, compared) for name, row, array in zip(names, rows, arrays, strict=True)}
    return _stats(every, int(sizes.sum()), compared), each


def _named(params: Any) -> tuple[list[str], list[Array]]:
    names: list[str] = []
    arrays: list[Array] = []
    for group in _checks.groups(_numpy(params)):
        more = _checks.parameters(group["params"], len(names), names=group.get("param_names"), writeable=False)
        names, arrays = names + more[0], arrays + more[1]
    if not arrays:
        raise ValueError("params is empty: pass at least one array")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{twice[0]} is the name of two arrays")
    return names, arrays


def _numpy(given: Any) -> Any:
    """The same of NumPy's arrays, which are torch's memory where they can be."""
    if hasattr(given, "named_parameters"):
        given = dict(given.named_parameters())
    if hasattr(given, "detach"):
        try:
            return given.numpy(force=True)
        except TypeError:  # NumPy has no bfloat16
            return given.float().numpy(force=True)
    if isinstance(given, Mapping):
        return {key: _numpy(value) for key, value in given.items()}
    if isinstance(given, tuple):
        return tuple(map(_numpy, given))
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, np.ndarray)):
        return list(map(_numpy, given))
    return given


def _matched(before: Any, names: list[str], arrays: list[Array]) -> list[Array]:
    """Those of `before` in the order of the others."""
    others, values = _named(before)
    if len(others) == len(names) and others == [f"params[{k}]" for k in range(len(names))]:
        others = names
    if set(others) != set(names):
        wrong = sorted(set(others) ^ set(names))[0]
        has, lacks = ("before", "params") if wrong in others else ("params", "before")
        raise ValueError(f"{has} has {wrong}, which {lacks} has not: pass copies of the same arrays")
    found = dict(zip(others, values, strict=True))
    for name, array in zip(names, arrays, strict=True):
        other = found[name]
        if other.shape != array.shape or other.dtype.char != array.dtype.char:
            raise ValueError(
                f"before has {name} as {other.dtype} of shape {other.shape}, "
                f"where it is {array.dtype} of shape {array.shape} now: pass copies of the same arrays"
            )
        if array.size and other.ctypes.data == array.ctypes.data:
            raise ValueError(f"before has {name} itself, which has changed with the step: pass a copy from before it")
    return [found[name] for name in names]


def _scaled(row: Array, x: Array, y: Array | None) -> tuple[float, ...]:
    """Mean of |x|, norms of x, x - y and y, largest |x| and zeros, of the kernel's sums."""
    total, square, moved, before, most, zeros = (float(value) for value in row)
    mean = total / max(1, x.size)
    if math.isnan(total):  # which no maximum of the kernel is
        most = math.nan
    elif math.isinf(total) and math.isfinite(most):
        mean = float(np.mean(np.abs(x) / most)) * most
    norm = _norm(square, lambda: x)
    if y is None:
        return mean, norm, math.nan, math.nan, most, zeros
    return mean, norm, _norm(moved, lambda: x - y), _norm(before, lambda: y), most, zeros


def _norm(square: float, vector: Callable[[], Array]) -> float:
    """The root of this sum of squares; where it has overflowed, or lost small ones, that of the vector's own."""
    if _LEAST <= square < math.inf:
        return math.sqrt(square)
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(vector())
    most = float(size.max(initial=0.0))
    return most * float(np.linalg.norm(size / most)) if 0 < most < math.inf else most


def _root(norms: Array) -> float:
    """The norm of all; hypot neither overflows nor loses small ones, but takes infinity and NaN for infinity."""
    return math.nan if np.isnan(norms).any() else math.hypot(*norms.tolist())


def _stats(row: Array, size: int, compared: bool) -> WeightStats:
    mean, norm, moved, before, most, zeros = (float(value) for value in row)
    ratio = moved / before if before != 0 else moved * math.inf if moved != 0 else 0.0
    return WeightStats(mean, most, norm, zeros / max(1, size), ratio if compared else math.nan, size)


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
        """Add one value to every name.

        Parameters
        ----------
        params : as for `weight_stats`, optional
            Adds weight_norm, mean_abs, max_abs and zeros of all of it: a module, tensors or arrays.
        **values : float
            What else to record, by name.

        Raises
        ------
        TypeError, ValueError
            If a value is no number, a name is given twice, or the names are not those of the first record.
        """
        if params is not None:
            every = weight_stats(params)[0]
            more = {
                "weight_norm": every.norm, "mean_abs": every.mean_abs, "max_abs": every.max_abs, "zeros": every.zeros
            }  # fmt: skip
            if set(values) & set(more):
                raise ValueError(f"{sorted(set(values) & set(more))[0]} is recorded of params: leave one of them out")
            values |= more
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
