import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]
_Real = NDArray[np.float32] | NDArray[np.float64]

def centre(Y: _Double, s: _Double, total_weight: float, intercept: bool, mean: _Double, square: _Double) -> None: ...
def moments(
    X: _Real, shift: _Double, s: _Double, SY: _Double, total: _Double, square: _Double, cross: _Double
) -> None: ...
def finish_moments(shift: _Double, total: _Double, square: _Double, total_weight: float, intercept: bool) -> bool: ...
def pack(X: _Real, mean: _Double, column_scale: _Double, row_scale: _Double, out: _Real) -> None: ...
def rank_update(
    tile: _Real, depth: int, transposed: bool, first: bool, last: bool, out: _Double, part: NDArray[np.float32]
) -> None: ...
def sweep(X: _Real, mean: _Double, s: _Double, sign: float, W: _Double, R: _Double, G: _Double) -> None: ...
def sweep_many(
    X: _Real,
    mean: _Double,
    s: _Double,
    ones: _Double,
    sign: float,
    W: _Double,
    R: _Double,
    G: _Double,
    scratch: _Double,
    weighted: _Double,
    step: int,
) -> None: ...
