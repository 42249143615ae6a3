import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]
_Data = NDArray[np.float32] | _Double
_Int = NDArray[np.int32] | NDArray[np.int64]

def dense(
    data: _Data,
    y: _Double,
    s: _Double,
    order: NDArray[np.int64],
    loss: int,
    parameter: float,
    rate: float,
    fresh: float,
    threshold: float,
    shrink: float,
    intercept: bool,
    w: _Double,
    g: _Double,
    u: _Double,
    state: _Double,
    stop: NDArray[np.int32],
) -> None: ...
def sparse(
    data: _Data,
    indices: _Int,
    indptr: _Int,
    y: _Double,
    s: _Double,
    order: NDArray[np.int64],
    loss: int,
    parameter: float,
    rate: float,
    fresh: float,
    threshold: float,
    shrink: float,
    intercept: bool,
    powers: _Double,
    sums: _Double,
    cells: _Double,
    u: _Double,
    state: _Double,
    stop: NDArray[np.int32],
) -> None: ...
