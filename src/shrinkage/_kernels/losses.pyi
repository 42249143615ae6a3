import numpy as np
from numpy.typing import NDArray

_Double = NDArray[np.float64]
_Real = NDArray[np.float32] | NDArray[np.float64]
_Index = NDArray[np.int32] | NDArray[np.int64]

def evaluate(kind: int, parameter: float, y: _Double, eta: _Double, values: _Double, slopes: _Double) -> None: ...
def conjugate(kind: int, parameter: float, y: _Double, u: _Double, out: _Double) -> None: ...
def conjugate_sums(
    kind: int, parameter: float, y: _Double, s: _Double, U: _Double, up: _Double, down: _Double, out: _Double
) -> None: ...
def account_for(
    kind: int, parameter: float, y: _Double, s: _Double, eta: _Double, U: _Double, sums: _Double, SU: _Double
) -> None: ...
def sweep_dense(
    kind: int,
    parameter: float,
    X: _Real,
    zeros: _Double,
    W: _Double,
    b: _Double,
    y: _Double,
    s: _Double,
    U: _Double,
    sums: _Double,
    G: _Double,
) -> None: ...
def sweep_sparse(
    kind: int,
    parameter: float,
    data: _Real,
    indices: _Index,
    indptr: _Index,
    W: _Double,
    b: _Double,
    y: _Double,
    s: _Double,
    U: _Double,
    sums: _Double,
    G: _Double,
    scratch: _Double,
) -> None: ...
