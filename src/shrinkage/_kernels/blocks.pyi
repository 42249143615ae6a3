import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]

def solve(
    G: _Double,
    m: int,
    C: _Double,
    yy: float,
    l1: _Double,
    l2: _Double,
    lower: _Double,
    upper: _Double,
    lam: float,
    tol: float,
    most: int,
    W: _Double,
    Q: _Double,
    past: _Double,
    scratch: _Double,
    counts: NDArray[np.int64],
    stop: NDArray[np.int32],
) -> float: ...
