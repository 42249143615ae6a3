"""Seeded problems, built by name.

A name is ``<kind>-<n>x<p>-<dtype>-<order>``, for example ``ar1-20000x1000-float32-F``: any size of any kind
can be asked for, and the numbers behind a name never change. All orders of one problem hold the same numbers;
its float32 form is the float64 one, rounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

SEED = 20_261_121

# What an answer must reach to count as an answer: relative, recomputed in float64.
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


@dataclass(frozen=True)
class Problem:
    """Data and settings of one fit; `alpha` and `alphas` are canonical (the loss is a mean over rows)."""

    name: str
    X: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    alpha: float = 0.01
    alphas: np.ndarray = field(default_factory=lambda: np.logspace(1, -5, 50), repr=False)
    fit_intercept: bool = True
    tolerance: float = TOLERANCE["float64"]

    @property
    def n_samples(self) -> int:
        return self.X.shape[0]


def ar1(n: int, p: int, correlation: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Columns form a stationary AR(1) sequence of unit variance, shifted by a mean of its own each.

    A tenth of the columns (at least five) carry the signal; the noise's standard deviation is half of its.
    """
    rng = np.random.default_rng([SEED, n, p])
    X = np.empty((n, p), order="F")
    innovation = np.sqrt(1 - correlation**2)
    X[:, 0] = rng.standard_normal(n)
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + innovation * rng.standard_normal(n)
    support = rng.choice(p, size=min(p, max(5, p // 10)), replace=False)
    signal = X[:, support] @ rng.standard_normal(support.size)
    y = 3.0 + signal + 0.5 * signal.std() * rng.standard_normal(n)
    X += rng.standard_normal(p)
    return X, y


def gaussian(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Independent columns, otherwise as `ar1`."""
    return ar1(n, p, correlation=0.0)


KINDS: dict[str, Callable[[int, int], tuple[np.ndarray, np.ndarray]]] = {"ar1": ar1, "gaussian": gaussian}

_NAME = re.compile(r"(?P<kind>\w+)-(?P<n>\d+)x(?P<p>\d+)-(?P<dtype>float32|float64)-(?P<order>[CF])")


def build(name: str) -> Problem:
    """The problem called `name`; ValueError for an unknown kind or a name not of the form above."""
    match = _NAME.fullmatch(name)
    if match is None or match["kind"] not in KINDS:
        raise ValueError(f"no problem {name!r}: expected KIND-NxP-DTYPE-ORDER with KIND one of {sorted(KINDS)}")
    X, y = KINDS[match["kind"]](int(match["n"]), int(match["p"]))
    dtype = match["dtype"]
    X = np.array(X, dtype=dtype, order=match["order"], copy=None)
    return Problem(name, X, y.astype(dtype), tolerance=TOLERANCE[dtype])
