"""Seeded problems, built by name.

A name is ``<kind>-<n>x<p>[x<targets>]-[<density>-]<dtype>-<order>``, for example ``ar1-20000x1000-float32-F``,
``gaussian-5000x1000x50-float64-C`` or ``sparse-100000x50000-0.0012-float64-CSR``; for the lasso also
``planted-<n>x<p>-k<k>-[r<correlation>-][duplicated-]<dtype>-<order>``, for example ``planted-72x7129-k10-float64-F``.
Any size of any kind can be asked for, and the numbers behind a name never change. All orders of one problem hold the
same numbers; its float32 form is the float64 one, rounded. ``nci60-float64-F`` is real data, where package ISLP is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse as sp

SEED = 20_261_121

# What an answer must reach to count as an answer: relative, recomputed in float64.
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
# The same for the relative duality gap of a lasso, and of a logistic model.
GAP = 1e-6
# The same for an objective after a few epochs, by how much it is above another's (orders are drawn at random, and
# differ) and above its minimum.
EXCESS = 0.01
EXCESS_OVER_MINIMUM = 0.05


class Missing(Exception):
    """The data of a problem is not on this machine."""


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


@dataclass(frozen=True, eq=False)
class Lasso(Problem):
    """A lasso: 100 `alphas` down from the smallest without a non-zero coefficient, and `alpha`, a `fraction` of it."""

    alpha: float = field(init=False)
    alphas: Any = field(default=None, repr=False)
    tolerance: float = GAP
    fraction: float = 0.1

    def __post_init__(self) -> None:
        alphas = self.alphas
        if alphas is None:
            alphas = np.abs(self.X.T @ (self.y - self.y.mean())).max() / self.n_samples * np.logspace(0, -2, 100)
        object.__setattr__(self, "alphas", alphas)
        object.__setattr__(self, "alpha", float(self.fraction * alphas[0]))


@dataclass(frozen=True, eq=False)
class Linear(Problem):
    """A linear model: the mean of a loss and alpha [l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2], by steps from zero.

    Of step t the rate is `lr`, divided by t^`power_t` where `schedule` is "invscaling"; a step sees the mean gradient
    of `batch_size` rows, and every epoch all rows in an order drawn from `seed`. `betas` and `eps` are AdamW's.
    `alphas` are those of a row that trains several.
    """

    alpha: float = 1e-4
    alphas: np.ndarray = field(default_factory=lambda: np.logspace(-4, 0, 32), repr=False)
    loss: str = "squared_error"
    l1_ratio: float = 0.0
    lr: float = 0.01
    schedule: str = "invscaling"
    power_t: float = 0.25
    batch_size: int = 1
    epochs: int = 1
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    seed: int = 0

    @cached_property
    def target(self) -> np.ndarray:
        """y, or for the logistic loss whether it is above its median, as 0 and 1."""
        return self.y if self.loss == "squared_error" else (self.y > np.median(self.y)).astype(self.y.dtype)


#: What an optimizer's parameters may be off by, beside their size, after the steps of all timings: roundings add up
#: like the square root of their number, and this is what is left of one.
STEP_TOLERANCE = 2e-6
#: Of the first array, how many are compared.
_COMPARED = 1000
_STEPS = re.compile(
    r"(?P<algorithm>adamw|momentum)-(?P<what>mlp|(?P<count>\d+)x(?P<size>\d+))(?P<l1>-l1)?-(?P<library>torch|numpy)"
)
#: Weights and biases of 784 inputs, 64 units and 10 outputs.
_MLP = ((64, 784), (64,), (10, 64), (10,))


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps of an optimizer over float32 arrays with gradients that stay; `per_call` of them are timed at once."""

    name: str
    algorithm: str
    shapes: tuple[tuple[int, ...], ...] = field(repr=False)
    library: str
    l1: float
    per_call: int
    lr: float = 1e-3
    weight_decay: float = 1e-2
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    tolerance: float = STEP_TOLERANCE
    #: What contenders leave for each other.
    shared: dict[str, Any] = field(default_factory=dict, repr=False)

    def arrays(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Parameters and gradients, the same every time."""
        rng = np.random.default_rng(SEED)
        made = [[rng.standard_normal(shape, np.float32) for shape in self.shapes] for _ in range(2)]
        return made[0], made[1]

    def expected(self, taken: list[float]) -> np.ndarray:
        """The first numbers of the first array after steps with these strengths of L1, in float64."""
        p, g = (part[0].ravel()[:_COMPARED].astype(np.float64) for part in self.arrays())
        m, v, b = np.zeros_like(p), np.zeros_like(p), None
        for t, l1 in enumerate(taken, 1):
            if self.algorithm == "adamw":
                p *= 1 - self.lr * self.weight_decay
                m = self.betas[0] * m + (1 - self.betas[0]) * g
                v = self.betas[1] * v + (1 - self.betas[1]) * g * g
                scale = np.sqrt(v / (1 - self.betas[1] ** t)) + self.eps
                p -= self.lr / (1 - self.betas[0] ** t) * m / scale
            else:
                d = g + self.weight_decay * p
                b = d if b is None else self.momentum * b + d
                p -= self.lr * b
            p = np.sign(p) * np.maximum(np.abs(p) - self.lr * l1, 0.0)
        return p


def build_steps(name: str) -> Steps:
    """The steps called `name`."""
    match = _STEPS.fullmatch(name)
    if match is None:
        raise ValueError(f"no steps {name!r}: expected adamw (or momentum)-COUNTxSIZE (or mlp)[-l1]-torch (or numpy)")
    shapes = _MLP if match["count"] is None else ((int(match["size"]),),) * int(match["count"])
    total = sum(math.prod(shape) for shape in shapes)
    # about ten milliseconds of what memory allows
    per_call = max(1, min(200, 10_000_000 // total))
    return Steps(name, match["algorithm"], shapes, match["library"], 1e-3 if match["l1"] else 0.0, per_call)


def ar1(n: int, p: int, targets: int | None = None, correlation: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Columns form a stationary AR(1) sequence of unit variance, shifted by a mean of its own each.

    A tenth of the columns (at least five) carry the signal; the noise's standard deviation is half of its.
    """
    several = () if targets is None else (targets,)
    rng = np.random.default_rng([SEED, n, p])
    X = _ar1_columns(rng, n, p, correlation)
    support = rng.choice(p, size=min(p, max(5, p // 10)), replace=False)
    signal = X[:, support] @ rng.standard_normal((support.size, *several))
    y = 3.0 + signal + 0.5 * signal.std(axis=0) * rng.standard_normal((n, *several))
    X += rng.standard_normal(p)
    return X, y


def gaussian(n: int, p: int, targets: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Independent columns, otherwise as `ar1`."""
    return ar1(n, p, targets, correlation=0.0)


def planted(
    n: int, p: int, k: int, correlation: float = 0.5, duplicated: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Columns as in `ar1`, without means of their own; k of them carry the signal, the noise has half its deviation.

    With `duplicated`, a third of the columns, drawn at random, are copies of another third.
    """
    rng = np.random.default_rng(0)
    X = _ar1_columns(rng, n, p, correlation)
    if duplicated:
        shuffled = np.random.default_rng(1).permutation(p)  # its own: all else is drawn as without
        X[:, shuffled[: p // 3]] = X[:, shuffled[p // 3 : 2 * (p // 3)]]
    truth = np.zeros(p)
    truth[rng.choice(p, k, replace=False)] = rng.standard_normal(k)
    signal = X @ truth
    return X, signal + 0.5 * signal.std() * rng.standard_normal(n)


def _ar1_columns(rng: np.random.Generator, n: int, p: int, correlation: float) -> np.ndarray:
    X = np.empty((n, p), order="F")
    innovation = np.sqrt(1 - correlation**2)
    X[:, 0] = rng.standard_normal(n)
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + innovation * rng.standard_normal(n)
    return X


def sparse(n: int, p: int, density: float, k: int | None = None) -> tuple[sp.csr_array, np.ndarray]:
    """Positive values at places drawn as in a table of word counts: the first column is in a quarter of the rows.

    Every row draws `density` p places, the column as p u^2 with u uniform; a place drawn twice (one in 500 of the
    large problem's) is stored once, with the sum. Signal and noise as in `ar1`, or the signal from `k` columns.
    """
    rng = np.random.default_rng([SEED, n, p])
    drawn = max(1, round(density * p))
    columns = np.sort((p * rng.random((n, drawn)) ** 2).astype(np.int32), axis=1)
    starts = np.arange(0, n * drawn + 1, drawn, dtype=np.int32)
    X = sp.csr_array((rng.random(n * drawn), columns.ravel(), starts), shape=(n, p))
    X.sum_duplicates()
    support = rng.choice(p, size=k or min(p, max(5, p // 10)), replace=False)
    truth = np.zeros(p)
    truth[support] = rng.standard_normal(support.size)
    signal = X @ truth
    return X, 3.0 + signal + 0.5 * signal.std() * rng.standard_normal(n)


def nci60() -> tuple[np.ndarray, np.ndarray]:
    """Expression of 6,830 genes in 64 cancer cell lines, from package ISLP; the target is 1 for the nine renal ones.

    The data carry no target of regression: an indicator of one of the two commonest cancers keeps all columns in X.
    The files are read where the package lies, since importing it takes torch and more: `pip install --no-deps ISLP`.
    """
    found = find_spec("ISLP")
    if found is None or found.origin is None:
        raise Missing("package ISLP is not installed (pip install --no-deps ISLP is enough)")
    folder = Path(found.origin).parent / "data"
    labels = (folder / "NCI60labs.csv").read_text().split()[1:]
    y = np.array([float(label.strip('"') == "RENAL") for label in labels])
    return np.asfortranarray(np.load(folder / "NCI60data.npy"), dtype=np.float64), y


KINDS: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {"ar1": ar1, "gaussian": gaussian}

_NAME = re.compile(
    r"(?P<kind>\w+)-(?P<n>\d+)x(?P<p>\d+)(x(?P<targets>\d+))?-(?P<dtype>float32|float64)-(?P<order>[CF])"
    r"|sparse-(?P<rows>\d+)x(?P<columns>\d+)-(?P<density>0?\.\d+)(-k(?P<k>\d+))?-float64-(?P<format>CSR|CSC)"
)
_PLANTED = re.compile(
    r"planted-(?P<n>\d+)x(?P<p>\d+)-k(?P<k>\d+)(-r(?P<correlation>0?\.\d+))?(?P<duplicated>-duplicated)?"
    r"-(?P<dtype>float32|float64)-(?P<order>[CF])"
)


def build(name: str) -> Problem:
    """The problem called `name`; ValueError for an unknown kind or a name not of the form above."""
    match = _NAME.fullmatch(name)
    if match is not None and match["density"]:
        k = match["k"] and int(match["k"])
        X, y = sparse(int(match["rows"]), int(match["columns"]), float(match["density"]), k)
        return Problem(name, X.tocsc() if match["format"] == "CSC" else X, y)
    planted_match = _PLANTED.fullmatch(name)
    if planted_match is not None:
        return Problem(name, *_planted(planted_match), tolerance=TOLERANCE[planted_match["dtype"]])
    if name == "nci60-float64-F":
        return Problem(name, *nci60())
    if match is None or match["kind"] not in KINDS:
        raise ValueError(
            f"no problem {name!r}: expected KIND-NxP[xTARGETS]-DTYPE-ORDER with KIND one of {sorted(KINDS)}, "
            "sparse-NxP-DENSITY-[kK-]float64-CSR (or CSC), planted-NxP-kK-[rCORRELATION-][duplicated-]DTYPE-ORDER "
            "or nci60-float64-F"
        )
    X, y = KINDS[match["kind"]](int(match["n"]), int(match["p"]), match["targets"] and int(match["targets"]))
    dtype = match["dtype"]
    X = np.array(X, dtype=dtype, order=match["order"], copy=None)
    return Problem(name, X, y.astype(dtype), tolerance=TOLERANCE[dtype])


def build_lasso(name: str) -> Lasso:
    """The problem called `name`, as a lasso."""
    problem = build(name)
    return Lasso(problem.name, problem.X, problem.y)


def build_linear(name: str, tolerance: float) -> Linear:
    """The problem called `name`, as a linear model of a loss."""
    problem = build(name)
    return Linear(problem.name, problem.X, problem.y, tolerance=tolerance)


def _planted(match: re.Match[str]) -> tuple[np.ndarray, np.ndarray]:
    settings = {"duplicated": bool(match["duplicated"])}
    if match["correlation"]:
        settings["correlation"] = float(match["correlation"])
    X, y = planted(int(match["n"]), int(match["p"]), int(match["k"]), **settings)
    dtype = match["dtype"]
    return np.array(X, dtype=dtype, order=match["order"], copy=None), y.astype(dtype)
