import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]

def evaluate(kind: int, parameter: float, y: _Double, eta: _Double, values: _Double, slopes: _Double) -> None: ...
def conjugate(kind: int, parameter: float, y: _Double, u: _Double, out: _Double) -> None: ...
