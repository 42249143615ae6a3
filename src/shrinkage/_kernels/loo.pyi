import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]

def leave_one_out(
    T: _Double,
    omega: _Double,
    A: _Double,
    Y: _Double,
    slack: _Double,
    dual: bool,
    squares: _Double,
    leverage: _Double,
    product: _Double,
    filtered: _Double,
    least: _Double,
    errors: _Double,
) -> None: ...
