import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]
_Int = NDArray[np.int32] | NDArray[np.int64]

def subtract(
    data: NDArray[np.float32] | _Double,
    indices: _Int,
    indptr: _Int,
    which: NDArray[np.int32],
    mean: _Double,
    s: _Double,
    w: _Double,
    v: _Double,
) -> None: ...
def descend(
    data: NDArray[np.float32] | _Double,
    indices: _Int,
    indptr: _Int,
    which: NDArray[np.int32],
    mean: _Double,
    s: _Double,
    total: float,
    squares: _Double,
    l1: _Double,
    l2: _Double,
    lower: _Double,
    upper: _Double,
    ceiling: float,
    calm: int,
    sweeps: int,
    tol: float,
    rounds: int,
    w: _Double,
    v: _Double,
    past: _Double,
    past_v: _Double,
    g: _Double,
    stop: NDArray[np.int32],
) -> tuple[int, float, int]: ...
