"""Seeded problems, built by name.

A name is ``<kind>-<n>x<p>[x<targets>]-[<density>-]<dtype>-<order>``, for example ``ar1-20000x1000-float32-F``,
``gaussian-5000x1000x50-float64-C`` or ``sparse-100000x50000-0.0012-float64-CSR``: any size of any kind can be asked
for, and the numbers behind a name never change. All orders of one problem hold the same numbers; its float32 form is
the float64 one, rounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse as sp

SEED = 20_261_121

# What an answer must reach to count as an answer: relative, recomputed in float64.
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


@dataclass(frozen=True, eq=False)
class Problem:
    """Data and settings of one fit; `alpha` and `alphas` are canonical (the loss is a mean over rows).

    `folds` is the number of blocks of consecutive rows that k-fold cross-validation takes.
    """

    name: str
    X: Any = field(repr=False)  # an array, or a sparse array
    y: np.ndarray = field(repr=False)
    alpha: float = 0.01
    alphas: np.ndarray = field(default_factory=lambda: np.logspace(1, -5, 50), repr=False)
    folds: int = 10
    fit_intercept: bool = True
    tolerance: float = TOLERANCE["float64"]

    @property
    def n_samples(self) -> int:
        return self.X.shape[0]


def ar1(n: int, p: int, targets: int | None = None, correlation: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Columns form a stationary AR(1) sequence of unit variance, shifted by a mean of its own each.

    A tenth of the columns (at least five) carry the signal; the noise's standard deviation is half of its.
    """
    several = () if targets is None else (targets,)
    rng = np.random.default_rng([SEED, n, p])
    X = np.empty((n, p), order="F")
    innovation = np.sqrt(1 - correlation**2)
    X[:, 0] = rng.standard_normal(n)
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + innovation * rng.standard_normal(n)
    support = rng.choice(p, size=min(p, max(5, p // 10)), replace=False)
    signal = X[:, support] @ rng.standard_normal((support.size, *several))
    y = 3.0 + signal + 0.5 * signal.std(axis=0) * rng.standard_normal((n, *several))
    X += rng.standard_normal(p)
    return X, y


def gaussian(n: int, p: int, targets: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Independent columns, otherwise as `ar1`."""
    return ar1(n, p, targets, correlation=0.0)


def sparse(n: int, p: int, density: float) -> tuple[sp.csr_array, np.ndarray]:
    """Positive values at places drawn as in a table of word counts: the first column is in a quarter of the rows.

    Every row draws `density` p places, the column as p u^2 with u uniform; a place drawn twice (one in 500 of the
    large problem's) is stored once, with the sum. Signal and noise as in `ar1`.
    """
    rng = np.random.default_rng([SEED, n, p])
    drawn = max(1, round(density * p))
    columns = np.sort((p * rng.random((n, drawn)) ** 2).astype(np.int32), axis=1)
    starts = np.arange(0, n * drawn + 1, drawn, dtype=np.int32)
    X = sp.csr_array((rng.random(n * drawn), columns.ravel(), starts), shape=(n, p))
    X.sum_duplicates()
    support = rng.choice(p, size=min(p, max(5, p // 10)), replace=False)
    truth = np.zeros(p)
    truth[support] = rng.standard_normal(support.size)
    signal = X @ truth
    return X, 3.0 + signal + 0.5 * signal.std() * rng.standard_normal(n)


KINDS: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {"ar1": ar1, "gaussian": gaussian}

_NAME = re.compile(
    r"(?P<kind>\w+)-(?P<n>\d+)x(?P<p>\d+)(x(?P<targets>\d+))?-(?P<dtype>float32|float64)-(?P<order>[CF])"
    r"|sparse-(?P<rows>\d+)x(?P<columns>\d+)-(?P<density>0?\.\d+)-float64-CSR"
)


def build(name: str) -> Problem:
    """The problem called `name`; ValueError for an unknown kind or a name not of the form above."""
    match = _NAME.fullmatch(name)
    if match is not None and match["density"]:
        return Problem(name, *sparse(int(match["rows"]), int(match["columns"]), float(match["density"])))
    if match is None or match["kind"] not in KINDS:
        raise ValueError(
            f"no problem {name!r}: expected KIND-NxP[xTARGETS]-DTYPE-ORDER with KIND one of {sorted(KINDS)}, "
            "or sparse-NxP-DENSITY-float64-CSR"
        )
    X, y = KINDS[match["kind"]](int(match["n"]), int(match["p"]), match["targets"] and int(match["targets"]))
    dtype = match["dtype"]
    X = np.array(X, dtype=dtype, order=match["order"], copy=None)
    return Problem(name, X, y.astype(dtype), tolerance=TOLERANCE[dtype])
