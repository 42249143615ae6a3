from typing import Any

import numpy as np
from numpy.typing import NDArray

_Addresses = NDArray[np.uintp]
_Chunks = NDArray[np.int64]
_Kinds = NDArray[np.int32]
_Double = NDArray[np.float64]
_Flags = NDArray[np.uint8]

def sgd(
    at: _Addresses, chunks: _Chunks, kinds: _Kinds, settings: _Double, clear: bool, team: int = 0, threads: int = 1
) -> None: ...
def adam(
    at: _Addresses, chunks: _Chunks, kinds: _Kinds, settings: _Double, clear: bool, team: int = 0, threads: int = 1
) -> None: ...
def advance(
    adam: bool, kinds: _Kinds, settings: _Double, count: _Double, live: _Flags, felt: _Double, owed: _Double
) -> bool: ...
def not_finite(at: _Addresses, chunks: _Chunks, kinds: _Kinds, team: int = 0, threads: int = 1) -> int: ...
def statistics(at: _Addresses, chunks: _Chunks, kinds: _Kinds, out: _Double) -> None: ...
def addresses(arrays: list[Any], sizes: _Chunks, kinds: _Kinds, orders: bytes, out: _Addresses) -> list[int]: ...
def look(
    capsule: Any,
    groups: list[Any],
    tensors: list[Any],
    places: _Addresses,
    forms: _Addresses,
    gaps: _Flags,
    grads: _Addresses,
    grad_places: _Addresses,
    at: _Addresses,
    held: list[Any],
) -> tuple[bool, bool, bool]: ...
def placed(capsule: Any, tensors: list[Any], places: _Addresses, forms: _Addresses) -> None: ...
def kept(
    capsule: Any, states: list[Any], names: list[str], values: list[Any], places: _Addresses, forms: _Addresses
) -> bool: ...
