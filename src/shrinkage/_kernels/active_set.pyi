import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]
_Int = NDArray[np.int32]

def solve(
    G: _Double,
    m: int,
    c: _Double,
    yy: float,
    l1: _Double,
    l2: _Double,
    lower: _Double,
    upper: _Double,
    lam: _Double,
    tol: float,
    w: _Double,
    q: _Double,
    L: _Double,
    indices: _Int,
    state: _Int,
    scratch: _Double,
    block: _Double,
    out: _Double,
    gaps: _Double,
    counts: NDArray[np.int64],
    stop: _Int,
) -> int: ...
