import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]

def measure(
    g: _Double,
    W: _Double,
    lam: _Double,
    l1: _Double,
    l2: _Double,
    lower: _Double,
    upper: _Double,
    diagonal: _Double,
    square: _Double,
    ceiling: float,
    scratch: _Double,
    out: _Double,
    excess: _Double,
) -> None: ...
