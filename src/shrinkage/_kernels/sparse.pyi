import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]
_Real = NDArray[np.float32] | NDArray[np.float64]
_Index = NDArray[np.int32] | NDArray[np.int64]  # indices and indptr alike

def gather(
    data: _Real, indices: _Index, indptr: _Index, square: bool, sign: float, V: _Double, out: _Double
) -> None: ...
def scatter(
    data: _Real, indices: _Index, indptr: _Index, square: bool, sign: float, U: _Double, out: _Double
) -> None: ...
def gram(
    data: _Real,
    indices: _Index,
    indptr: _Index,
    major_scale: _Double,
    minor_scale: _Double,
    out: _Double,
    stop: NDArray[np.int32],
) -> None: ...
def centre(G: _Double, a: _Double, b: _Double) -> None: ...
