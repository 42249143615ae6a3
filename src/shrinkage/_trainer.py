"""Linear models in training by stochastic gradient descent: what has to be known between passes, and the passes.

Settings (K of them: an alpha, an l1_ratio and a learning rate each, or a column of targets) train in groups, which
share every read of X; groups go to threads. What a pass is, the kernel `stochastic` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _interrupt
from ._design import Samples
from ._kernels import stochastic as _kernel
from ._storage import SparseStorage
from ._threads import one_blas_thread, over_chunks
from .losses import Loss

Array = np.ndarray[Any, Any]

#: Columns of a group's settings, state and clock, as the kernel has them.
RATE, L1, L2, ALPHA, START, POSITIVE, NEGATIVE, SETTINGS = range(8)
INTERCEPT, TOTAL, LOSS, SCALE, THRESHOLD, FIRST, SECOND, STATE = range(8)
STEPS, SINCE = range(2)

#: Learning rates as the kernel counts them; "adaptive" is constant between epochs.
SCHEDULES = {"constant": 0, "optimal": 1, "invscaling": 2, "adaptive": 0}
#: Optimizers as the kernel counts them, and how many moments they have (that of SGD is z).
OPTIMIZERS = {"sgd": 0, "momentum": 1, "nesterov": 2, "adam": 3, "adamw": 4}
_MOMENTS = (1, 1, 1, 2, 2)
#: Settings that train in one group: a product of so many columns is one that BLAS is good at.
GROUP = 16
#: Steps that lazy averages remember before all coefficients are settled: at least, and numbers at most.
_HISTORY = 256, 1 << 22
#: Rates of "adaptive" are divided by this where nothing improves, down to the last.
_SLOWER, _SLOWEST = 5.0, 1e-6
#: Work of a pass in the units of `_interrupt`, by entry of X: for one setting and for each; and how many times that a
#: sparse X takes, and averages of its coefficients.
_WORK, _SCATTERED, _AVERAGED = (250.0, 50.0), 5.0, 10.0


class StepsTooLong(ValueError):
    """Training has left the range of numbers."""


@dataclass(frozen=True)
class Recipe:
    """How all settings are trained."""

    loss: Loss
    fit_intercept: bool = True
    optimizer: str = "sgd"
    schedule: str = "invscaling"
    power: float = 0.25
    #: momentum, the two betas, eps
    numbers: tuple[float, float, float, float] = (0.9, 0.9, 0.999, 1e-8)
    batch: int = 1
    #: The step from which iterates count for the mean; 0: none does.
    average_from: int = 0
    shuffle: bool = True


class Group:
    """Some settings, and all that is to be known to go on with their training.

    Attributes
    ----------
    which : ndarray of shape (k,)
        Their numbers among all.
    settings, state, clock : ndarray
        As the kernel has them.
    W, total : ndarray of shape (k, p)
        Coefficients, and sums of those that count; `now` has those of SGD, which keeps z in `first`, and while X is
        sparse in `lazy` (p, k).
    """

    def __init__(self, recipe: Recipe, which: Array, settings: Array, coef: Array, intercept: Array) -> None:
        self.recipe, self.which, self.settings = recipe, which, settings
        k, p = coef.shape
        self.state = np.zeros((k, STATE))
        self.state[:, INTERCEPT], self.state[:, SCALE] = intercept, 1.0
        self.clock = np.zeros(2, np.int64)
        self.W = np.array(coef, np.float64, order="C")
        self.total = np.zeros((k if recipe.average_from else 0, p))
        moments = _MOMENTS[OPTIMIZERS[recipe.optimizer]]
        self.first, self.second = (np.zeros((k if moments > m else 0, p)) for m in range(2))
        if recipe.optimizer == "sgd":
            self.first[:] = coef
        self.lazy: Array | None = None

    @property
    def steps(self) -> int:
        return int(self.clock[STEPS])

    @property
    def counted(self) -> int:
        """How many iterates the mean is of."""
        first = self.recipe.average_from
        return max(0, self.steps - first + 1) if first else 0

    def run(self, samples: Samples, s: Array, order: Array, stop: Array) -> None:
        """A pass over the rows of `order`, with weights s."""
        r, storage, k = self.recipe, samples.storage, len(self.which)
        y = samples.y if samples.y.shape[1] == 1 else np.ascontiguousarray(samples.y[:, self.which])
        way, schedule = OPTIMIZERS[r.optimizer], SCHEDULES[r.schedule]
        batch = max(1, min(r.batch, len(order)))
        loss = self.settings, r.loss.kind, r.loss.parameter, schedule, r.power
        own = self.state, self.clock
        nothing = np.empty(0, np.int32)
        if isinstance(storage, SparseStorage):
            rows: tuple[Any, ...] = storage.data, storage.indices, storage.indptr
        else:
            rows = storage.X.ravel(), nothing, nothing
        if way == 0 and storage.sparse:
            z = self._become_lazy()
            scratch = np.empty((batch, k)), np.empty((2, k))
            _kernel.lazy(  # type: ignore[call-arg]
                *rows, y, s, order, batch, *loss, r.fit_intercept, r.average_from, z, self.lazy_total, self.when,
                self.history, *own, *scratch, stop,
            )  # fmt: skip
            return
        self._become_plain()
        if way == 0 and k == batch == 1:
            _kernel.online(
                rows[0], y, s, order, *loss, r.fit_intercept, r.average_from, self.first[0], self.total.ravel(), *own,
                stop,
            )  # fmt: skip
            return
        self.W, self.total = self.now()
        p = self.W.shape[1]
        memory = np.empty((batch, p)), np.empty((batch, k)), np.empty((k, p))
        _kernel.batches(  # type: ignore[call-arg]
            *rows, y, s, order, batch, *loss, way, np.array(r.numbers), r.fit_intercept, r.average_from, self.W,
            self.first, self.second, self.total, *own, *memory, stop,
        )  # fmt: skip

    def _become_lazy(self) -> Array:
        if self.lazy is None:
            k, p = self.W.shape
            average = self.recipe.average_from > 0
            self.lazy = np.ascontiguousarray(self.first.T)
            self.lazy_total = np.ascontiguousarray(self.total.T) if average else np.empty((0, k))
            self.when = np.ones(p if average else 0, np.int64)
            least, most = _HISTORY
            room = max(least, min(p, most // (3 * k))) if average else 0
            self.history = np.zeros((room + 1, k, 3))
            self.clock[SINCE] = 0
        return self.lazy

    def _become_plain(self) -> None:
        if self.lazy is not None:
            self.W, self.total = self.now()
            self.first, self.lazy = np.ascontiguousarray(self.lazy.T), None

    @property
    def kept(self) -> Array:
        """What the coefficients are made of: z of SGD, themselves of the others."""
        if self.recipe.optimizer != "sgd":
            return self.W
        return self.first if self.lazy is None else self.lazy

    def now(self) -> tuple[Array, Array]:
        """(k, p) coefficients, and sums of those that count; those of SGD are worked out, and nothing is changed."""
        if self.recipe.optimizer != "sgd":
            return self.W, self.total
        if self.lazy is None:
            size = np.maximum(np.abs(self.first) - self.state[:, [THRESHOLD]], 0.0)
            return self.state[:, [SCALE]] * np.copysign(size, self.first) + 0.0, self.total
        w, sums = np.zeros(self.W.shape), np.zeros(self.total.shape)
        _kernel.settled(self.lazy, self.lazy_total, self.when, self.history, self.state, self.clock, w, sums)
        return w, sums

    def penalty(self, w: Array) -> Array:
        """(k,) of the coefficients w."""
        # w'w term by term, so that a setting's sum does not depend on its neighbours
        l1, l2 = np.abs(w).sum(axis=1), np.square(w).sum(axis=1)
        return self.settings[:, L1] * l1 + 0.5 * self.settings[:, L2] * l2

    def slow(self, mask: Array) -> Array:
        """Lower the rates of these settings, as "adaptive" does; of which there was a lower one."""
        slower = mask & (self.settings[:, RATE] > _SLOWEST)
        self.settings[slower, RATE] /= _SLOWER
        return slower

    def part(self, mask: Array) -> Group:
        """Those of the settings, on their own."""
        self._become_plain()
        own = Group(
            self.recipe, self.which[mask], self.settings[mask].copy(), self.now()[0][mask], np.zeros(int(mask.sum()))
        )
        own.state, own.clock = self.state[mask].copy(), self.clock.copy()
        for name in ("total", "first", "second"):
            values = getattr(self, name)
            setattr(own, name, values[mask].copy() if len(values) else values)
        return own


def groups_of(
    recipe: Recipe, alpha: Array, l1_ratio: Array, rate: Array, coef: Array, intercept: Array,
    positive: Array | float = 1.0, negative: Array | float = 1.0,
) -> list[Group]:  # fmt: skip
    """All settings (arrays of K numbers, coef (K, p)) in groups, before the first step."""
    K = len(coef)
    settings = np.zeros((K, SETTINGS))
    settings[:, RATE], settings[:, ALPHA] = rate, alpha
    settings[:, L1], settings[:, L2] = alpha * l1_ratio, alpha * (1.0 - l1_ratio)
    settings[:, POSITIVE], settings[:, NEGATIVE] = positive, negative
    if recipe.schedule == "optimal":
        typical = alpha**-0.25
        # the size of the slope (Bottou's code): with its sign, as in scikit-learn, most losses start too far
        slopes = np.abs(recipe.loss.slopes(np.ones(K), -typical))
        settings[:, START] = np.maximum(1.0, slopes) / (typical * alpha)
    parts = np.array_split(np.arange(K), -(-K // GROUP))
    return [Group(recipe, part, settings[part], coef[part], intercept[part]) for part in parts]


def one_pass(groups: list[Group], samples: Samples, s: Array, order: Array) -> None:
    """A pass of every group over the rows of `order`."""
    stop = np.zeros(1, np.int32)
    order = np.ascontiguousarray(order, np.int64)
    storage = samples.storage
    entries = storage.nnz if isinstance(storage, SparseStorage) else samples.n * samples.p
    entries = entries * len(order) // samples.n
    count = sum(len(group.which) for group in groups)

    def part(start: int, stop_at: int) -> None:
        for group in groups[start:stop_at]:
            group.run(samples, s, order, stop)

    with one_blas_thread():
        work = entries * (_WORK[0] + _WORK[1] * count) * (_SCATTERED if storage.sparse else 1.0)
        work *= _AVERAGED if storage.sparse and groups[0].recipe.average_from else 1.0
        _interrupt.run(over_chunks, part, len(groups), entries * count, work=work, stop=stop)


def assembled(groups: list[Group], p: int) -> tuple[Array, Array, Array, Array]:
    """(K, p) and (K,): last coefficients and intercepts, and those to predict with, means where iterates count."""
    K = sum(len(group.which) for group in groups)
    last, final = np.empty((2, K, p))
    last_intercept, intercept = np.empty((2, K))
    for group in groups:
        w, sums = group.now()
        last[group.which], last_intercept[group.which] = w, group.state[:, INTERCEPT]
        counted = group.counted
        final[group.which] = sums / counted if counted else w
        intercept[group.which] = group.state[:, TOTAL] / counted if counted else group.state[:, INTERCEPT]
    return last, last_intercept, final, intercept


def check_finite(groups: list[Group], samples: Samples, epoch: int) -> None:
    """`check_group` of all, by the numbers that are kept: nothing as long as the coefficients is made."""
    for group in groups:
        check_group(group, group.kept, samples, epoch)


def check_group(group: Group, w: Array, samples: Samples, epoch: int) -> None:
    """Raise where training has left the range of numbers, and say why; w are the coefficients, or what makes them."""
    if np.isfinite(w.sum()) and np.isfinite(group.state).all():
        return
    samples.refuse()
    if np.isfinite(w.sum()) and np.isfinite(np.delete(group.state, LOSS, axis=1)).all():
        raise StepsTooLong(
            f"Floating-point under-/overflow occurred at epoch #{epoch}: losses are beyond the range of numbers. "
            "Rescale y, lower the learning rate, or scale X (StandardScaler or MinMaxScaler)"
        )
    raise StepsTooLong(
        f"Floating-point under-/overflow occurred at epoch #{epoch}: the steps are too long for these data. "
        "Lower the learning rate, or scale X (StandardScaler or MinMaxScaler)"
    )


@dataclass
class Progress:
    """What stopping a training early goes by, for each setting."""

    #: Epochs each has had, and the objectives on the way (epochs, K), NaN where a setting had stopped.
    epochs: Array
    history: list[Array]
    #: Scores on validation rows, where there are such.
    scores: list[Array]
    #: Whether each was stopped because nothing improved.
    stopped: Array


def train(
    groups: list[Group], samples: Samples, s: Array, rows: Array, rng: np.random.Generator, *, epochs: int,
    tol: float | None, patience: int, score: Callable[[Array, Array, Array], Any] | None = None,
    after: Callable[[int, Array], Any] | None = None,
) -> tuple[list[Group], Progress]:  # fmt: skip
    """Passes over `rows` until nothing improves, for every setting by itself; the groups afterwards.

    A setting has not improved in an epoch whose objective, the mean of the weighted losses before every step and the
    penalty after the last, is not less than the best by `tol`, or with score(settings, coef, intercept) (higher is
    better) whose score is below the best and `tol`. After `patience` such epochs in a row it stops; with "adaptive" its
    rate falls first.
    """
    K = sum(len(group.which) for group in groups)
    adaptive = groups[0].recipe.schedule == "adaptive"
    best, idle = np.full(K, np.inf), np.zeros(K, np.int64)
    progress = Progress(np.zeros(K, np.int64), [], [], np.zeros(K, bool))
    done: list[Group] = []
    shuffle = groups[0].recipe.shuffle
    for epoch in range(1, epochs + 1):
        order = rows[rng.permutation(len(rows))] if shuffle else rows
        for group in groups:
            group.state[:, LOSS] = 0.0
        one_pass(groups, samples, s, order)
        objective, scores = np.full(K, np.nan), np.full(K, np.nan)
        rest: list[Group] = []
        for group in groups:
            w, _ = group.now()
            check_group(group, w, samples, epoch)
            own = group.which
            objective[own] = group.state[:, LOSS] / len(rows) + group.penalty(w)
            progress.epochs[own] = epoch
            value = objective[own]
            if score is not None:
                scores[own] = score(own, w, group.state[:, INTERCEPT])
                value = -scores[own]
            if tol is not None:
                idle[own] = np.where(value > best[own] - tol, idle[own] + 1, 0)
            best[own] = np.fmin(best[own], value)
            over = idle[own] >= patience
            if adaptive and over.any():
                slower = group.slow(over)
                idle[own[slower]] = 0
                over &= ~slower
            progress.stopped[own[over]] = True
            if over.any():
                done.append(group.part(over))
                rest += [group.part(~over)] if not over.all() else []
            else:
                rest.append(group)
        progress.history.append(objective)
        progress.scores.append(scores)
        groups = rest
        if after is not None:
            after(epoch, objective)
        if not groups:
            break
    return sorted(done + groups, key=lambda group: int(group.which[0])), progress
