"""Stochastic average gradients until a duality gap proves the answer: the epochs, their rate, and when to look.

The rate is 1 / L, with L the largest curvature of one row's loss: three times what the proof of SAGA's convergence asks
for (Defazio, Bach and Lacoste-Julien 2014, theorem 1) and what it bears nearly always, with rows in random order rather
than drawn. Where the gap falls slowly it is raised; where the objective rises it is lowered, and the best point taken
up again with a new table of gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _interrupt
from ._design import Samples
from ._dual import Measures, Proof, adjoint
from ._kernels import saga as _kernel
from ._storage import DenseStorage, SparseStorage
from .losses import Loss

Array = np.ndarray[Any, Any]

#: Epochs before the first look at the gap, and between two at most.
_FIRST, _APART = 2, 5
#: What the gap falls by in an epoch where the rate is right; else it is raised by this, after so many epochs.
_SLOW, _FASTER, _PATIENCE = 0.8, 1.5, 8
#: What the rate is divided by where the objective rises, and how near to such a rate it is raised again.
_SLOWER, _NEAR = 2.5, 0.75
#: Rises of the objective that are rounding.
_ROUNDING = 1e-14
#: Work of an entry of X, in the units of `_interrupt`.
_WORK = 500.0


@dataclass(frozen=True)
class Outcome:
    """Where the epochs led: coef (p,), what the data prove of it, the last rate, and the objectives on the way."""

    coef: Array
    intercept: float
    measures: Measures
    rate: float
    n_epochs: int
    history: list[float]


class Table:
    """One problem, its table of gradients, and the epochs with it."""

    def __init__(
        self, samples: Samples, loss: Loss, l1: float, l2: float, fit_intercept: bool, biased: bool, coef: Array,
        intercept: float,
    ) -> None:  # fmt: skip
        self.samples, self.loss, self.l1, self.l2 = samples, loss, l1, l2
        self.fit_intercept, self.fresh = fit_intercept, 1.0 / samples.n if biased else 1.0
        self.y = np.ascontiguousarray(samples.y[:, 0])
        # of mean one where T is the sum of the weights
        self.s = np.ascontiguousarray(samples.s * (samples.n / samples.total))
        steepest = float((self.s * (_squares(samples.storage) + fit_intercept)).max()) * loss.curvature
        if not np.isfinite(steepest):
            samples.refuse()
        self.rate = 1.0 / steepest if steepest > 0 else 1.0
        self.stop = np.zeros(1, np.int32)
        self._tabled = 0.0
        self.restart(coef, intercept)

    def restart(self, coef: Array, intercept: float) -> None:
        """Begin at a point with the gradients that all rows have there."""
        storage = self.samples.storage
        eta = np.zeros((self.samples.n, 1), order="F")
        nothing = np.zeros(self.samples.p)
        storage.sweep(nothing, self.s, 1.0, np.asfortranarray(coef[:, None]), eta, None)
        self.u = self.s * self.loss.slopes(self.y, eta[:, 0] + intercept)
        n = self.samples.n
        self.state = np.array([intercept, self.u.sum() / n])
        self.cells = np.column_stack([coef, adjoint(storage, self.u[:, None])[:, 0] / n, nothing])

    @property
    def coef(self) -> Array:
        return self.cells[:, 0]

    @property
    def intercept(self) -> float:
        return float(self.state[0])

    def epoch(self, order: Array) -> None:
        storage, shrink = self.samples.storage, 1.0 / (1.0 + self.rate * self.l2)
        common = (
            self.y, self.s, order, self.loss.kind, self.loss.parameter, self.rate, self.fresh, self.rate * self.l1,
            shrink, self.fit_intercept,
        )  # fmt: skip
        if isinstance(storage, SparseStorage):
            if self._tabled != self.rate:
                self._powers = shrink ** np.arange(self.samples.n + 1.0)
                self._sums = np.concatenate([[0.0], np.cumsum(self._powers[1:])])
                self._tabled = self.rate
            entries, rows = storage.nnz, (storage.data, storage.indices, storage.indptr)
            args: tuple[Any, ...] = (*rows, *common, self._powers, self._sums, self.cells, self.u)
            call: Callable[..., Any] = _kernel.sparse
        else:
            entries = storage.n * storage.p
            w, g = (np.ascontiguousarray(self.cells[:, k]) for k in range(2))
            args, call = (storage.X.ravel(), *common, w, g, self.u), _kernel.dense
        _interrupt.run(call, *args, self.state, self.stop, work=_WORK * entries, stop=self.stop)
        if not storage.sparse:
            self.cells[:, 0], self.cells[:, 1] = w, g


def _squares(storage: DenseStorage | SparseStorage) -> Array:
    """Sums of squares of the rows."""
    if isinstance(storage, SparseStorage):
        out = np.zeros((storage.n, 1))
        storage.multiply(np.ones((storage.p, 1)), out, square=True)
        return out[:, 0]
    with np.errstate(over="ignore"):
        return np.einsum("ij,ij->i", storage.X, storage.X, dtype=np.float64)


def descend(
    samples: Samples, loss: Loss, l1: float, l2: float, fit_intercept: bool, *, biased: bool, tol: float, epochs: int,
    rng: np.random.Generator, coef: Array, intercept: float, after: Callable[[int, float], Any] | None = None,
) -> Outcome:  # fmt: skip
    """Epochs until the relative duality gap is `tol` or less; `biased` is SAG, else SAGA."""
    proof = Proof(samples, loss, np.array([l1]), np.array([l2]), fit_intercept)
    way = Table(samples, loss, l1, l2, fit_intercept, biased, coef, intercept)
    found = proof.measure(coef[None, :], np.array([intercept]))
    best = float(found.objective[0]), coef, intercept, found
    history = [best[0]]
    done, slow, limit, fell = 0, 0, np.inf, 1.0
    while done < epochs and not _proven(found, tol):
        count = min(epochs - done, _until(_gap(found), fell, tol))
        for _ in range(count):
            way.epoch(rng.permutation(samples.n))
        done += count
        before = _gap(found)
        found = proof.measure(way.coef[None, :], way.state[:1])
        objective = float(found.objective[0])
        with np.errstate(all="ignore"):
            fell = float(np.power(np.divide(_gap(found), before), 1.0 / count))
        if not objective <= best[0] + _ROUNDING * abs(best[0]):
            limit, slow = _NEAR * way.rate, 0
            way.rate /= _SLOWER
            way.restart(best[1], best[2])
            found, fell = best[3], 1.0
        else:
            best = objective, way.coef.copy(), way.intercept, found
            slow = slow + count if fell > _SLOW else 0
            if slow >= _PATIENCE and way.rate * _FASTER < limit:
                way.rate *= _FASTER
                slow = 0
        history.append(best[0])
        if after is not None:
            after(done, best[0])
    _, coef, intercept, found = best
    return Outcome(coef, intercept, found, way.rate, done, history)


def _gap(found: Measures) -> float:
    """What is to become small: the relative gap, or without a penalty the gradient."""
    return float(np.fmin(found.relative_gap[0], found.steepness[0]))


def _proven(found: Measures, tol: float) -> bool:
    return bool(found.converged(tol)[0])


def _until(gap: float, fell: float, tol: float) -> int:
    """Epochs until the gap may be small enough, if it goes on to fall by that factor with each."""
    if not (0 < fell < 1 and 0 < tol < gap < np.inf):
        return _FIRST
    return int(np.clip(np.ceil(np.log(tol / gap) / np.log(fell)), 1, _APART))
