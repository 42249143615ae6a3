"""Contenders, one adapter file each.

An adapter imports its library at the top (a failing import makes the peer unavailable, with the reason),
says `NAME` and `VERSION`, and has one function per kind of work it can do, called with a `Problem`:

- ``ridge(problem) -> (coef, intercept)``
- ``ridge_estimator(problem) -> (coef, intercept)``, through a scikit-learn estimator
- ``ridge_cv(problem) -> (coef, intercept, alpha, score)``, `alpha` canonical and one for all targets, `score` the
  mean squared leave-one-out error at it
- ``ridge_kfold(problem) -> (coef, intercept, alpha, score)``, `score` the mean over `problem.folds` blocks of
  consecutive rows of the mean squared test error; every fold adds n alpha |w|^2 to its sum of squares, n counting
  all rows
- ``lasso(problem, tol) -> (coef, intercept)``
- ``lasso_path(problem, tol) -> (coefs, intercepts)`` at `problem.alphas`: (features, alphas), an array or sparse, and
  (alphas,)
- ``lasso_cv(problem, tol) -> (coef, intercept, alpha, score)``, `score` the mean over `problem.folds` blocks of
  consecutive rows of the mean squared test error, at canonical alphas that are the same in all folds

- ``optimizer(problem) -> call``, made outside of the timing; ``call() -> (steps taken so far, first array)`` takes
  `problem.per_call` more steps with `problem.arrays()`
- ``sgd(problem) -> (coef, intercept)`` after `problem.epochs` of stochastic gradient descent on `problem.target`
- ``sgd_alphas(problem) -> (coefs, intercepts)`` at `problem.alphas`: (alphas, features) and (alphas,), or of
  `problem.alpha` alone
- ``sgd_adamw(problem) -> call``, made outside of the timing; ``call() -> (coef, intercept)`` after `problem.epochs` in
  which AdamW's updates take mini-batches
- ``saga(problem, tol) -> (coef, intercept)`` of logistic regression

`tol` is the library's own tolerance. Outside of the timing the lasso's and saga's are tried from `FIRST_TOL` down (or
from what `FIRST_TOLS` says of a kind of work) until the duality gap, judged from the data, meets the problem's
tolerance. A contender with `LOOSE = True` is called with None
instead, the library's default, and nothing is asked of its answers.

`IMPORTS` maps what to import to the statement that does it, for the import rows; `EXTRAS` names
libraries that such a statement must not load. A function does what a user of the library would write
and nothing else; with several targets, `coef` is (targets, features). A function left out means that the
peer sits out that kind of work. An answer with an attribute `seconds` is timed by that, not by how long the call took:
a peer in a process of its own (``_worker.py``) leaves out what it takes to hand over questions and answers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Peer:
    """One adapter, loaded or not."""

    key: str
    module: ModuleType | None
    reason: str = ""

    @property
    def name(self) -> str:
        return getattr(self.module, "NAME", self.key)

    @property
    def version(self) -> str:
        return getattr(self.module, "VERSION", "")

    def available(self) -> bool:
        return self.module is not None

    def function(self, work: str) -> Callable[..., Any] | None:
        """The adapter's function for a kind of work, None when it has none."""
        return getattr(self.module, work, None)

    @property
    def loose(self) -> bool:
        """Whether the contender stands for a library's loose default."""
        return getattr(self.module, "LOOSE", False)

    def tolerances(self, work: str = "") -> list[float | None]:
        """What to try as `tol`, loosest first: two steps to a factor of ten, seven and a half factors in all."""
        first = getattr(self.module, "FIRST_TOLS", {}).get(work, getattr(self.module, "FIRST_TOL", 1e-6))
        return [None] if self.loose else [first * 10 ** (-k / 2) for k in range(16)]


@cache
def load(key: str) -> Peer:
    """Import the adapter `key`; whatever goes wrong becomes the reason why the peer is unavailable."""
    try:
        return Peer(key, importlib.import_module(f"{__name__}.{key}"))
    except Exception as error:  # a peer's broken binary must not stop the others
        return Peer(key, None, f"{type(error).__name__}: {error}")
