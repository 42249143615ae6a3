import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]

def measure(
    R: _Double,
    s: _Double,
    total_weight: float,
    intercept: bool,
    W: _Double,
    g: _Double,
    ridge: _Double,
    frozen: NDArray[np.uint8],
    scale: _Double,
    y_square: _Double,
    eps: float,
    out: _Double,
) -> None: ...
