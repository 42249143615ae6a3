"""Twins of `shrinkage._kernels.tiles`: two-part bfloat16, of a float32 v: hi = bfloat16(v), lo = bfloat16(v - hi).

NumPy does the same with and without a matrix unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def available() -> bool:
    """Nothing is missing here."""
    return True


def _bfloat16(v: Array) -> Array:
    """The upper halves, uint16, of float32 values rounded to eight bits, ties to even."""
    u = np.ascontiguousarray(v, dtype=np.float32).view(np.uint32)
    return ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)


def _widen(parts: Array) -> Array:
    """float32 values of bfloat16 numbers."""
    return (parts.astype(np.uint32) << 16).view(np.float32)


def split(
    X: Array,
    mean: Array,
    column_scale: Array,
    row_scale: Array,
    along: bool,
    start: int,
    stop: int,
    unit: bool,
    scratch: Array,
    left: Array,
    right: Array,
) -> None:
    """Tiles of Z = diag(row_scale) (X - 1 mean') diag(column_scale); rows of the product along X's lines or across."""
    runs, pairs = left.shape[:2]
    by_column = X.strides[0] == X.itemsize and (X.strides[1] >= X.shape[0] * X.itemsize or X.shape[1] == 1)
    Z = ((X.astype(np.float64) - mean) * (row_scale[:, None] * column_scale)).astype(np.float32)
    if by_column == along:
        Z = Z.T
    padded = np.zeros((32 * pairs, 256 * runs), np.float32)
    padded[: Z.shape[0], : Z.shape[1]] = Z
    hi = _bfloat16(padded)
    lo = _bfloat16(padded - _widen(hi))
    # (part, pair, block, feature, run, tile, sample pair, sample)
    parts = np.stack([hi, lo]).reshape(2, pairs, 2, 16, runs, 8, 16, 2)
    for out, axes in ((left, (4, 1, 5, 2, 0, 3, 6, 7)), (right, (4, 1, 5, 2, 0, 6, 3, 7))):
        tiles = parts.transpose(axes).reshape(runs, pairs, 8, 2, 1024)
        group = np.arange(start, stop)
        if along:
            out.reshape(tiles.shape)[:, group // 2, :, group % 2] = tiles[:, group // 2, :, group % 2]
        else:
            out.reshape(tiles.shape)[group // 8, :, group % 8] = tiles[group // 8, :, group % 8]


def multiply(
    left: Array,
    right: Array,
    start: int,
    stop: int,
    first: bool,
    last: bool,
    unit: bool,
    sums: Array,
    out: Array,
) -> None:
    """out += (hi + lo)(hi + lo)' - lo lo', whole on blocks of the diagonal, in columns start..stop and their mirror."""
    runs, pairs = left.shape[:2]
    a = _widen(left).astype(np.float64).reshape(runs, pairs, 8, 2, 2, 16, 32).transpose(4, 1, 3, 5, 0, 2, 6)
    b = _widen(right).astype(np.float64).reshape(runs, pairs, 8, 2, 2, 16, 16, 2).transpose(4, 1, 3, 6, 0, 2, 5, 7)
    hi, lo = a.reshape(2, 32 * pairs, -1)
    turned_hi, turned_lo = b.reshape(2, 32 * pairs, -1)
    order = len(out)
    for c in {*range(start, stop), *range(pairs - stop, pairs - start)}:
        for r in range(c, pairs):
            mine, theirs = slice(32 * c, 32 * c + 32), slice(32 * r, 32 * r + 32)
            product = hi[mine] @ turned_hi[theirs].T + lo[mine] @ turned_hi[theirs].T + hi[mine] @ turned_lo[theirs].T
            if r == c:
                product += lo[mine] @ turned_lo[theirs].T
            blocks = product.reshape(2, 16, 2, 16).transpose(0, 2, 1, 3).ravel().astype(np.float32)
            sums[c, r] = blocks if first else sums[c, r] + blocks
            if last:
                total = sums[c, r].astype(np.float64).reshape(2, 2, 16, 16).transpose(0, 2, 1, 3).reshape(32, 32)
                total = total[: max(0, order - 32 * c), : max(0, order - 32 * r)]
                out[theirs, mine] += total.T
