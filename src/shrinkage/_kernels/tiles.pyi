import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]
_Real = NDArray[np.float32] | NDArray[np.float64]

def available() -> bool: ...
def split(
    X: _Real,
    mean: _Double,
    column_scale: _Double,
    row_scale: _Double,
    along: bool,
    start: int,
    stop: int,
    unit: bool,
    scratch: NDArray[np.float32],
    left: NDArray[np.uint16],
    right: NDArray[np.uint16],
) -> None: ...
def multiply(
    left: NDArray[np.uint16],
    right: NDArray[np.uint16],
    start: int,
    stop: int,
    first: bool,
    last: bool,
    unit: bool,
    sums: NDArray[np.float32],
    out: _Double,
) -> None: ...
