"""A Gram matrix that the caller has: whether it is that of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._design import Design
from ._ridge_system import Array
from .penalties import as_numbers

#: How far an entry may be from the data's, beside the sizes of its two columns, and the unit roundoff.
_SINGLE, _DOUBLE = (1e-4, 2.0**-23), (1e-8, 2.0**-52)
#: Rows of a matrix that are looked at together.
_ROWS = 256
_ADVICE = "pass sum_i s_i (x_i - mean)(x_i - mean)' of this X, sample_weight and fit_intercept, or leave gram out"


def check_gram(gram: Any, design: Design) -> Array | None:
    """`gram` as an array, read in place where it is one of floats, that is Z'Z within rounding; None where it is None.

    Symmetry and the diagonal are held to the data entry by entry, the rest by its product with one vector, in which
    every entry has its part: one pass over X where Z'Z takes n_features of them.
    """
    if gram is None:
        return None
    rule = "gram must be an array of numbers, (n_features, n_features)"
    kept = isinstance(gram, np.ndarray) and gram.dtype in (np.float32, np.float64)
    G: Array = np.asarray(gram) if kept else as_numbers(gram, rule)
    p = design.p
    if G.shape != (p, p):
        raise ValueError(f"gram must have shape ({p}, {p}), a row and a column for every feature, got {G.shape}")
    single = G.dtype == np.float32 or design.storage.single
    tolerance, eps = _SINGLE if single else _DOUBLE
    # sums of products that are centred afterwards lose eps mean^2
    noise = np.sqrt(eps / tolerance)
    size = np.sqrt(design.total_weight) * np.hypot(design.scale, noise * design.mean)
    for i in range(0, p, _ROWS):
        block = G[i : i + _ROWS]
        if not np.isfinite(block).all():
            raise ValueError(f"gram contains NaN or infinity: {_ADVICE}")
        apart = np.abs(block - G[:, i : i + _ROWS].T) > tolerance * np.multiply.outer(size[i : i + _ROWS], size)
        if apart.any():
            a, b = np.argwhere(apart)[0]
            raise ValueError(f"gram is not symmetric: [{a + i}, {b}] is {G[a + i, b]:.6g}, and [{b}, {a + i}] "
                             f"is {G[b, a + i]:.6g}: {_ADVICE}")  # fmt: skip
    found, wanted = np.diagonal(G), design.total_weight * np.square(design.scale)
    bad = np.flatnonzero(np.abs(found - wanted) > tolerance * np.square(size))
    if not len(bad):
        v = np.random.default_rng(0).uniform(0.5, 1.5, p) / np.where(size > 0, size, 1.0)
        found, wanted = _times(G, v), design.normal(v[:, None])[:, 0]
        bad = np.flatnonzero(np.abs(found - wanted) > tolerance * size * float(size @ v))
        if len(bad):
            raise ValueError(f"gram is not that of the data: row {bad[0]} differs: {_ADVICE}")
        return G
    j = bad[0]
    raise ValueError(f"gram is not that of the data: [{j}, {j}] is {found[j]:.6g} and not {wanted[j]:.6g}: {_ADVICE}")


def _times(G: Array, v: Array) -> Array:
    """G v in float64, without a wide copy of G."""
    out = np.empty(len(v))
    for i in range(0, len(v), _ROWS):
        out[i : i + _ROWS] = G[i : i + _ROWS].astype(np.float64, copy=False) @ v
    return out
