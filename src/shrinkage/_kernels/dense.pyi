from typing import Any

import numpy as np
from numpy.typing import NDArray

# float32 or float64; where two arguments have this type, theirs is the same
type _Real = NDArray[np.float32] | NDArray[np.float64]
type _Double = NDArray[np.float64]

def moments(
    X: _Real,
    shift: _Double,
    s: _Double,
    SY: _Double,
    zeros: _Double,
    ones: _Double,
    total: _Double,
    square: _Double,
    cross: _Double,
    scratch: _Double,
    step: int,
) -> None: ...
