"""Choosing alpha: folds, information criteria, and the rule that picks one of the scores.

Folds share one pass over the data: with m the mean of all samples, a training set's normal equations are sums over its
samples of (x - m)(x - m)' and the like, and those over the complement's, subtracted, are cheaper where it is small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._design import Design, affordable
from ._spectrum import Spectrum

Array = np.ndarray[Any, Any]
Lambdas = Callable[[float], Array]
Factors = Callable[[Array], Array | None]

#: Bytes of fold moments that are kept rather than taken twice.
_KEEP = 256 << 20
#: Bytes of rows that are copied at a time where a fold is not a slice of X.
_COPY = 32 << 20
#: Mean squared error over the target's variance below which sums of products have lost it.
_SMALL = 1e-6
#: Sum of a training set's weights over that of the data below which it is not taken as a difference, and sum of squares
#: of a column over what it is the difference of below which that has lost it.
_LEAST_SHARE, _LEAST_SQUARE = 0.3, 1e-6


# -------------------------------------------------------------------------------------------------------- folds


def check_folds(cv: Any, groups: Any, design: Design, y: Any, name: str = "cv") -> list[tuple[Array, Array]]:
    """[(training rows, test rows), ...] of whatever says them: an integer, a splitter, or the pairs themselves.

    `name` is what the caller's argument is called.
    """
    n = design.n
    if groups is not None and not hasattr(cv, "split"):
        raise ValueError(
            f"groups needs a splitter that takes them as {name}, sklearn.model_selection.GroupKFold() for one"
        )
    if isinstance(cv, (bool, np.bool_, str, type)):
        raise TypeError(f"{name} must be a number of folds, a splitter or pairs of row numbers, got {cv!r}")
    pairs: Any
    if isinstance(cv, (int, np.integer)):
        if not 2 <= cv <= n:
            raise ValueError(f"{name} must be at least 2 and at most the number of rows ({n}), got {cv}")
        parts = np.array_split(np.arange(n), int(cv))
        pairs = ((np.concatenate(parts[:k] + parts[k + 1 :]), parts[k]) for k in range(len(parts)))
    elif hasattr(cv, "split"):
        pairs = cv.split(np.zeros((n, 1)), y, groups)
    else:
        try:
            pairs = iter(cv)
        except TypeError:
            raise TypeError(
                f"{name} must be a number of folds, a splitter or pairs of row numbers, got {cv!r}"
            ) from None
    folds = []
    for k, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"{name}: fold {k} is not a pair (training rows, test rows)")
        train, test = (
            _check_rows(rows, n, k, what, name) for rows, what in zip(pair, ("training", "test"), strict=True)
        )
        for rows, what in ((train, "training"), (test, "test")):
            if not (design.s[rows] > 0).any():
                raise ValueError(
                    f"{name}: fold {k} has no {what} row of positive weight: use fewer folds, or drop such rows"
                )
        folds.append((train, test))
    if not folds:
        raise ValueError(f"{name} has no folds")
    return folds


def _check_rows(rows: Any, n: int, k: int, what: str, name: str) -> Array:
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise TypeError(f"{name}: the {what} rows of fold {k} must be row numbers or a mask of {n} booleans")
    if len(rows) and (rows.min() < -n or rows.max() >= n):
        bad = rows.max() if rows.max() >= n else rows.min()
        raise ValueError(f"{name}: the {what} rows of fold {k} reach {bad}, and X has {n} rows")
    return np.where(rows < 0, rows + n, rows).astype(np.intp)


@dataclass
class _Moments:
    """Weighted sums over some rows about the mean of all: of 1, x, xx', xy', y, y^2. xx' has its lower triangle."""

    weight: float
    x: Array
    xx: Array
    xy: Array
    y: Array
    yy: Array

    def plus(self, other: _Moments, sign: float = 1.0) -> _Moments:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Moments(*(a + sign * b for a, b in pairs))

    def loss(self, W: Array, b: Array, targets: Array) -> Array:
        """Sum of s (y - b - x.w)^2 for the columns of W."""
        full = self.xx @ W - np.diagonal(self.xx)[:, None] * W + self.xx.T @ W if len(W) else np.zeros(W.shape)
        square = self.yy[targets] + self.weight * b * b - 2.0 * b * self.y[targets]
        return square + (W * (full - 2.0 * self.xy[:, targets] + 2.0 * np.multiply.outer(self.x, b))).sum(axis=0)


def _moments(design: Design, rows: Array) -> _Moments:
    """Over `rows`, in pieces where they have to be copied."""
    p, t = design.p, design.t
    out = _Moments(0.0, np.zeros(p), np.zeros((p, p), order="F"), np.zeros((p, t)), np.zeros(t), np.zeros(t))
    for piece, storage in _pieces(design, rows):
        s = np.ascontiguousarray(design.s[piece])
        root = np.sqrt(s) if design.weighted else None
        R = np.asfortranarray(np.column_stack([np.ones(len(s)), design.Y[piece]]))
        G = np.zeros((p, t + 1), order="F")
        if p:
            storage.sweep(design.mean, s, 1.0, None, R, G)
            out.xx += storage.gram(0, design.mean, None, root, "double")
        out.weight += float(s.sum())
        out.x += G[:, 0]
        out.xy += G[:, 1:]
        out.y += s @ R[:, 1:]
        out.yy += s @ np.square(R[:, 1:])
    return out


def _pieces(design: Design, rows: Array, width: int = 0) -> Any:
    """(rows, storage of those rows): slices of X where the rows follow each other, copies of some of them otherwise.

    `width` numbers for every row, and a copy of them, are to be held at the same time.
    """
    if len(rows) and (np.diff(rows) == 1).all():
        step = max(1, _COPY // (16 * width)) if width else len(rows)
        for start in range(int(rows[0]), int(rows[-1]) + 1, step):
            stop = min(start + step, int(rows[-1]) + 1)
            yield slice(start, stop), design.storage.rows(start, stop)
        return
    step = max(1, _COPY // (8 * max(1, design.p, 2 * width)))
    for start in range(0, len(rows), step):
        piece = rows[start : start + step]
        yield piece, design.storage.take(piece)


class Training:
    """What `Spectrum` and `Problem` need to know of a training set in its Gram form.

    `shift` and `y_shift` are its means less those of all data.
    """

    weighted, storage = False, None

    def __init__(self, design: Design, part: _Moments, n: int) -> None:
        self.p, self.t, self.n = design.p, design.t, n
        self.fit_intercept = design.fit_intercept
        self.s = np.ones(0)
        self.total_weight = part.weight
        self.shift = part.x / part.weight if self.fit_intercept else np.zeros(self.p)
        self.y_shift = part.y / part.weight if self.fit_intercept else np.zeros(self.t)
        self.xx = np.tril(part.xx - part.weight * np.outer(self.shift, self.shift))
        self.cross = part.xy - part.weight * np.outer(self.shift, self.y_shift)
        self.y_square = np.maximum(part.yy - part.weight * np.square(self.y_shift), 0.0)
        self.scale = np.sqrt(np.maximum(np.diagonal(self.xx) / part.weight, 0.0))

    def gram(self, axis: int) -> Array:
        return np.asfortranarray(self.xx)

    def plain(self, times: float) -> None:
        """There is no X to read."""


def k_fold(
    design: Design, folds: list[tuple[Array, Array]], lambdas: Lambdas, factors: Factors, tick: Any = None
) -> Array:
    """Weighted mean squared error on the test rows of every fold, (folds, K, t).

    lambdas(W) are the penalties of a training set of weight W, factors(scale) the penalty factors of one whose
    columns have these standard deviations; tick is called with the fraction done.
    """
    shared, out = Folds(design, folds), []
    for k, (train, test) in enumerate(folds):
        found = shared.training(k)
        errors = None if found is None else _from_moments(*found, lambdas, factors)
        out.append(_from_data(design, train, test, lambdas, factors) if errors is None else errors)
        if tick is not None:
            tick((k + 1) / len(folds))
    return np.stack(out)


class Folds:
    """The folds' moments about the means of all data, from one pass over it where that is worth it (`whole`)."""

    def __init__(self, design: Design, folds: list[tuple[Array, Array]], *, one_pass: bool = True) -> None:
        self.design, self.folds, p = design, folds, design.p
        self.whole: _Moments | None = None
        self._tests: list[_Moments] | None = None
        if one_pass and 0 < p < min(len(train) for train, _ in folds) and affordable(40.0 * p * p):
            if len(folds) * 8.0 * p * p <= _KEEP:
                self._tests = [_moments(design, test) for _, test in folds]
            self.whole = self._sum_of_all()

    def _sum_of_all(self) -> _Moments:
        design, tests = self.design, self._tests
        rows = np.concatenate([test for _, test in self.folds])
        if tests is not None and len(rows) == design.n and (np.bincount(rows, minlength=design.n) == 1).all():
            whole = tests[0]
            for part in tests[1:]:
                whole = whole.plus(part)
            return whole
        return _moments(design, np.arange(design.n))

    def training(self, k: int) -> tuple[Training, _Moments] | None:
        """Fold k's training set, and the moments of its test rows; None where they are not accurate enough."""
        design, whole, (train, test) = self.design, self.whole, self.folds[k]
        if whole is None:
            return None
        mine = _moments(design, test) if self._tests is None else self._tests[k]
        out = np.ones(design.n, bool)
        out[train] = False
        absent = np.flatnonzero(out)
        if len(train) + len(absent) != design.n:
            return None  # rows are repeated
        if whole.weight - design.s[absent].sum() < _LEAST_SHARE * whole.weight:
            part = _moments(design, train)
        else:
            same = len(absent) == len(test) and (absent == np.sort(test)).all()
            part = whole.plus(mine if same else _moments(design, absent), -1.0)
        training = Training(design, part, len(train))
        dead = design.scale == 0  # constant columns, of which the sums have rounding
        training.xx[dead], training.xx[:, dead], training.cross[dead], training.scale[dead] = 0.0, 0.0, 0.0, 0.0
        before = np.maximum(np.diagonal(whole.xx), np.diagonal(part.xx))
        if ((np.diagonal(training.xx) < _LEAST_SQUARE * before) & (before > 0) & ~dead).any():
            return None  # a column that varies elsewhere, outliers that were left out
        return training, mine


def loss_on_test(training: Training, mine: _Moments, W: Array, targets: Array) -> Array | None:
    """Weighted mean squared error of the columns of W on the test rows; None where products have lost it."""
    # y - m_y = b + (x - m).w
    b = training.y_shift[targets] - training.shift @ W
    loss, spread = mine.loss(W, b, targets) / mine.weight, mine.yy[targets] / mine.weight
    return None if (loss <= _SMALL * spread)[spread > 0].any() else np.asarray(loss)


def ridge_from_moments(training: Training, lam: Array, factors: Factors) -> Array | None:
    """Coefficients (p, K t), lambda first; None where a Gram matrix is not accurate enough."""
    spectrum = Spectrum(training, factors(training.scale), form="gram", complete=False)  # type: ignore[arg-type]
    if not spectrum.accurate(float(lam.min())):
        return None
    return spectrum.coefficients(np.repeat(lam, training.t), np.tile(np.arange(training.t), len(lam)))


def ridge_from_data(own: Design, lam: Array, factors: Factors) -> Array:
    """The same by the factorization that suits the data."""
    f = factors(own.scale)
    spectrum = Spectrum(own, f)
    if not spectrum.accurate(float(lam.min())):
        spectrum = Spectrum(own, f, form="svd")
    return spectrum.coefficients(np.repeat(lam, own.t), np.tile(np.arange(own.t), len(lam)))


def _from_moments(training: Training, mine: _Moments, lambdas: Lambdas, factors: Factors) -> Array | None:
    """(K, t) from sums of products; None where they are not accurate enough."""
    lam = lambdas(training.total_weight)
    W = ridge_from_moments(training, lam, factors)
    loss = None if W is None else loss_on_test(training, mine, W, np.tile(np.arange(training.t), len(lam)))
    return None if loss is None else loss.reshape(len(lam), training.t)


def _from_data(design: Design, train: Array, test: Array, lambdas: Lambdas, factors: Factors) -> Array:
    """(K, t) from a factorization of the training rows and residuals of the test rows."""
    own = design.subset(train)
    lam = lambdas(own.total_weight)
    K, t = len(lam), design.t
    targets = np.tile(np.arange(t), K)
    W = ridge_from_data(own, lam, factors)
    b = own.y_mean[targets]
    loss, weight = np.zeros(K * t), 0.0
    for piece, storage in _pieces(design, test, K * t):
        s = np.ascontiguousarray(design.s[piece])
        R = np.asfortranarray(design.Y[piece][:, targets] - b)
        if design.p:
            storage.sweep(own.mean, s, -1.0, np.asfortranarray(W), R, None)
        loss += s @ np.square(R)
        weight += float(s.sum())
    return (loss / weight).reshape(K, t)


# ----------------------------------------------------------------------------------------------------- criteria


def information(loss: Array, dof: Array, count: int, total_weight: float, method: str) -> Array:
    """AIC or BIC, (K, t), of Gaussian noise of unknown variance: n log(mean squared residual) + penalty * dof.

    dof counts what was fitted, the intercept included. Akaike (1974); Schwarz (1978); Hastie, Tibshirani and Friedman
    (2009), section 7.6, for the effective number of parameters of a linear smoother.
    """
    each = 2.0 if method == "aic" else np.log(count)
    with np.errstate(divide="ignore"):
        return count * np.log(loss / total_weight) + each * dof[:, None]


# --------------------------------------------------------------------------------------------------------- rule


def choose_index(scores: Array, errors: Array, shared: Array | None, rule: str) -> Array:
    """Index of the chosen alpha for every target, of scores (K, t) by decreasing lambda.

    "min": the smallest score. "1se": the largest lambda whose score is within one standard error of it (Breiman et al.
    1984, section 3.4.3). `shared` are the standard errors (K,) of the mean over targets, which then have one index.
    """
    t = scores.shape[1]
    usable = np.where(np.isfinite(scores), scores, np.inf)
    if shared is not None:
        usable, errors = usable.mean(axis=1)[:, None], shared[:, None]
    index = usable.argmin(axis=0)
    if rule == "1se":
        columns = np.arange(usable.shape[1])
        bound = usable[index, columns] + errors[index, columns]
        index = (usable <= np.where(np.isfinite(bound), bound, -np.inf)).argmax(axis=0)
    return index if shared is None else np.full(t, index[0])
