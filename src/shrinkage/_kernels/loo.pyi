import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]

def leave_one_out(
    T: _Double,
    left: _Double,
    right: _Double,
    A: _Double,
    Y: _Double,
    slack: _Double,
    weight: _Double,
    dual: bool,
    unit: _Double,
    squares: _Double,
    filters: _Double,
    narrow: _Double,
    inverse: _Double,
    product: _Double,
    alone: _Double,
    least: _Double,
    sums: _Double,
    errors: _Double,
) -> None: ...
