import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]

def descend(
    Z: _Double,
    squares: _Double,
    l1: _Double,
    l2: _Double,
    lower: _Double,
    upper: _Double,
    active: bool,
    most: int,
    w: _Double,
    r: _Double,
    stop: NDArray[np.int32],
) -> tuple[int, int]: ...
