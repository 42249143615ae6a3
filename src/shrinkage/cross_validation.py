"""Cross-validation of lasso and elastic net over alphas and l1_ratios: `cross_validate`.

Where there are many more samples than features all folds come from one pass over the data: a training set's normal
equations are those of all data less those of the rest. Otherwise a fold's rows are copied and solved as a path.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from . import conventions
from ._algebra import product, symmetric
from ._design import Design, _as_target, affordable
from ._engine import Engine, rows_used, takes_gram
from ._path import path_grid, trace, warn_path
from ._problem import GAP
from ._result import ConvergenceWarning, Path, warn
from ._ridge_system import Array
from ._selection import (
    Folds,
    Training,
    _pieces,
    check_folds,
    choose_index,
    loss_on_test,
    ridge_from_data,
    ridge_from_moments,
)
from ._setup import Setup
from ._sparse_result import SparseCrossValidation, SparsePath
from ._threads import WORTH_A_THREAD, one_blas_thread, over_chunks, thread_count
from .penalties import make_penalty
from .ridge import _factors, ridge_path

Metric = Callable[[Array, Array, Array], float]


def cross_validate(
    X: Any,
    y: Any,
    alphas: Any = 100,
    *,
    l1_ratio: float | Iterable[float] = 1.0,
    folds: Any = 10,
    groups: Any = None,
    metric: Literal["mse", "mae"] | Metric = "mse",
    rule: Literal["min", "1se"] = "min",
    alpha_min_ratio: float | None = None,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    lower: Any = None,
    upper: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    tol: float = 1e-8,
    callback: Callable[[float], None] | None = None,
    multi_task: bool = False,
) -> SparseCrossValidation:
    """Choose alpha, and l1_ratio where there are several, of a lasso or elastic net by its errors on folds.

    Parameters
    ----------
    X, y, sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize, convention, tol, multi_task
        As in `elastic_net`; y has one target but with `multi_task`.
    alphas, alpha_min_ratio
        As in `elastic_net_path`: the grid comes from all data. Where it does, every l1_ratio has its own.
    l1_ratio : float or sequence of float, default 1.0
        0, ridge regression, needs `alphas` as values and takes no bounds.
    folds : int, splitter or iterable of (training rows, test rows), default 10
        An integer means blocks of consecutive rows, as in scikit-learn: shuffle rows that are sorted, or pass a
        splitter that does. Every fold is what `elastic_net` would give on its training rows with the same alpha in the
        units of `convention`, standardized by their own standard deviations.
    groups : array-like of shape (n_samples,), optional
        Passed to the splitter.
    metric : {"mse", "mae"} or callable, default "mse"
        What is minimized: the weighted mean squared or absolute error on the test rows, or
        ``metric(y, predicted, weights)`` of those with positive weight, a number that is smaller for what is better.
        It is called from several threads. Errors of several targets are averaged. A fold counts as much as any other.
    rule : {"min", "1se"}, default "min"
        "1se": the largest alpha whose score is within one standard error of the smallest, at the same l1_ratio.
    callback : callable, optional
        Called with the fraction of the work that is done, up to 1, in the thread of the caller.

    Returns
    -------
    SparseCrossValidation

    Raises
    ------
    TypeError, ValueError
        As `elastic_net_path`, and where `folds`, `metric` or `rule` is not one of those above, or a fold is empty.

    Warns
    -----
    ConvergenceWarning
        The gap was not reached in some fold, or on all data.

    Notes
    -----
    Folds run in threads, with the same result whatever their number. Where there is no one pass over the data, each
    copies its training rows.

    References
    ----------
    Stone (1974), JRSS B 36(2). Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, section
    3.4.3 (one standard error). Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import cross_validate
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 5))
    >>> found = cross_validate(X, X[:, 0] + 0.1 * rng.standard_normal(60), folds=5, rule="1se")
    >>> found.path.active(found.index[1]).tolist()
    [0]
    """
    if not callable(metric) and (not isinstance(metric, str) or metric not in ("mse", "mae")):
        raise ValueError(f"metric must be 'mse', 'mae' or a function of (y, predicted, weights), got {metric!r}")
    if not isinstance(rule, str) or rule not in ("min", "1se"):
        raise ValueError(f"rule must be 'min' or '1se', got {rule!r}")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of the fraction done, got {callback!r}")
    ratios = _check_ratios(l1_ratio)
    setup = Setup(
        X, y, None, ratios[0], sample_weight, penalty_factor, lower, upper, offset, fit_intercept, standardize,
        convention, tol, multi_task,
    )  # fmt: skip
    design = setup.design
    setup.check_one("a choice by folds")
    setups = [_with_ratio(setup, ratio) for ratio in ratios]
    if 0.0 in ratios and not (setup.penalty.lower is None and setup.penalty.upper is None):
        raise ValueError("l1_ratio = 0 takes no lower and upper here: leave 0 out of l1_ratio, or leave the bounds out")
    rows = check_folds(folds, groups, design, y, "folds")
    if rule == "1se" and len(rows) == 1:
        raise ValueError("rule='1se' needs a standard error, which one fold does not have")
    shared = Folds(design, rows, one_pass=takes_gram(design))
    gram = None if shared.whole is None else symmetric(shared.whole.xx)
    grids = []
    for each in setups:
        # the engine knows the largest alpha, which given ones need not
        given = not isinstance(alphas, (int, np.integer)) or each.penalty.l1_ratio == 0.0
        engine = None if given else _engine(each, gram)
        grids.append(path_grid(each, alphas, alpha_min_ratio, engine))  # type: ignore[arg-type]
    truth = _as_target(y, design.n)[0]
    truth = truth[:, 0] if design.one_d else truth
    run = _Run(setups, [grid[0] for grid in grids], shared, metric, truth, callback)
    early = len(setups) == 1 and setup.penalty.l1_ratio > 0
    path: SparsePath | Path | None = run.all(
        lambda engine: trace(setup, engine, *grids[0]), _engine(setup, gram) if early else None
    )
    fold_scores = np.stack(run.scores)
    scores = fold_scores.mean(axis=0)
    errors = np.full(scores.shape, np.nan)
    if len(rows) > 1:
        errors = fold_scores.std(axis=0, ddof=1) / np.sqrt(len(rows))
    if not np.isfinite(scores).any():
        raise ValueError(
            "the score is finite at no alpha: the metric, or y on the test rows, leaves nothing to compare"
        )
    usable = np.where(np.isfinite(scores), scores, np.inf)
    best = int(usable.min(axis=1).argmin())
    chosen = setups[best]
    values, lam = grids[best]
    low = int(usable[best].argmin())
    wide = int(choose_index(scores[best][:, None], errors[best][:, None], None, "1se")[0])
    if path is None:
        ridge_chosen = chosen.penalty.l1_ratio == 0.0
        path = (
            _ridge_path(X, chosen, values, lam) if ridge_chosen else trace(chosen, _engine(chosen, gram), *grids[best])
        )
    run.warn()
    if isinstance(path, SparsePath):
        warn_path(path, chosen.tol)
    k = low if rule == "min" else wide
    own = len(setups) > 1 and isinstance(alphas, (int, np.integer))
    return SparseCrossValidation(
        alphas=np.stack([grid[0] for grid in grids]) if own else values,
        l1_ratios=np.array(ratios),
        scores=scores,
        standard_errors=errors,
        fold_scores=fold_scores,
        index=(best, k),
        l1_ratio=chosen.penalty.l1_ratio,
        alpha=float(values[k]),
        alpha_min=float(values[low]),
        alpha_1se=float(values[wide]) if len(rows) > 1 else float("nan"),
        path=path,
        fit=path[k],
        metric=metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__),
        rule=rule,
        convention=convention,
    )


def _check_ratios(l1_ratio: Any) -> list[float]:
    try:
        ratios = [l1_ratio] if np.ndim(l1_ratio) == 0 else list(l1_ratio)
    except (TypeError, ValueError):
        raise TypeError(f"l1_ratio must be a number or a sequence of them, got {l1_ratio!r}") from None
    if not ratios:
        raise ValueError("l1_ratio is empty: pass at least one value between 0 (ridge) and 1 (lasso)")
    return [make_penalty(1.0, ratio, n_features=0).l1_ratio for ratio in ratios]


def _with_ratio(setup: Setup, ratio: float) -> Setup:
    out = copy.copy(setup)
    out.penalty = replace(setup.penalty, l1_ratio=ratio)
    return out


def _engine(setup: Setup, gram: Array | None) -> Engine:
    return Engine(setup.problem(setup.together[0]), setup.tol, gram=gram)


def _ridge_path(X: Any, setup: Setup, alphas: Array, lam: Array) -> Path:
    d = setup.design
    y = d.Y + d.y_mean
    path = ridge_path(
        X, y[:, 0] if d.one_d else y, lam / d.total_weight, sample_weight=d.s[: d.n] if d.weighted else None,
        penalty_factor=setup.penalty.factors, fit_intercept=d.fit_intercept, standardize=setup.standardize,
    )  # fmt: skip
    first = replace(path._first, alpha=float(alphas[0]), convention=setup.convention)
    return replace(path, alphas=alphas, convention=setup.convention, _first=first)


@dataclass
class _Solved:
    """Coefficients (features, alphas * targets) of some features, zero for the others, and their largest gap."""

    which: Array
    W: Array
    relative_gap: float = 0.0
    gap: float = 0.0


class _Run:
    """The folds' scores, in threads."""

    def __init__(
        self, setups: list[Setup], grids: list[Array], shared: Folds, metric: str | Metric, truth: Array,
        callback: Any,
    ) -> None:  # fmt: skip
        self.setups, self.grids, self.shared, self.metric, self.truth = setups, grids, shared, metric, truth
        self.design, self.callback = shared.design, callback
        self.scores = [np.zeros((len(setups), len(grids[0]))) for _ in shared.folds]
        #: (gap relative to the objective at w = 0, gap, fold, l1_ratio) of what did not get there
        self.bad: list[tuple[float, float, int, float]] = []
        self.engines: list[Engine] = []
        self.halted = False

    def all(self, trace: Callable[[Engine], SparsePath], engine: Engine | None) -> SparsePath | None:
        """Every fold, and the path of `engine` on all data where there is one."""
        count, caller = len(self.scores), threading.get_ident()
        done: list[int] = []
        out: list[SparsePath] = []
        total = count + (engine is not None)

        def one(j: int) -> None:
            if j == count and engine is not None:
                self.engines.append(engine)
                out.append(trace(engine))
            else:
                self._fold(j)

        def some(start: int, stop: int) -> None:
            for j in range(start, stop):
                if self.halted:
                    return
                try:
                    # all data first: they take longest
                    one(total - 1 - j)
                    done.append(j)
                    if self.callback is not None and threading.get_ident() == caller and len(done) < total:
                        self.callback(len(done) / total)
                except BaseException:
                    if self.halted:
                        return
                    self._halt()
                    raise

        try:
            # every thread holds a fold's rows
            copies = 0.0 if self.shared.whole is not None else 8.0 * self.design.n * self.design.p * thread_count()
            together = self.shared.whole is not None or self.design.storage.sparse or affordable(copies)
            with one_blas_thread():
                if together:
                    over_chunks(some, total, total * WORTH_A_THREAD)
                else:
                    some(0, total)
        except BaseException:
            self._halt()
            raise
        if self.callback is not None:
            self.callback(1.0)
        return out[0] if out else None

    def _halt(self) -> None:
        """What the other threads do is no longer needed."""
        self.halted = True
        for engine in self.engines:
            engine.set.stop[0] = 1

    def warn(self) -> None:
        if self.bad:
            relative, gap, fold, ratio = max(self.bad)
            warn(
                f"cross_validate: fold {fold} at l1_ratio = {ratio:g} stopped at a relative duality gap of "
                f"{relative:.1e} (asked: {self.setups[0].tol:.1e}), {gap:.1e} in units of the objective: standardize "
                "the columns, rescale those that differ by many orders of magnitude, drop duplicates, or increase "
                "alphas or tol",
                ConvergenceWarning,
            )

    def _fold(self, k: int) -> None:
        train, test = self.shared.folds[k]
        test = test[self.design.s[test] > 0]
        found, own = self.shared.training(k), None
        for r, (setup, alphas) in enumerate(zip(self.setups, self.grids, strict=True)):
            scores = None
            if found is not None:
                training, mine = found
                solved = self._solve(training, setup, alphas)
                if solved is not None and solved.relative_gap <= setup.tol:
                    if self.metric == "mse":
                        full = np.zeros((self.design.p, solved.W.shape[1]))
                        full[solved.which] = solved.W
                        t = self.design.t
                        losses = loss_on_test(training, mine, full, np.tile(np.arange(t), len(alphas)))
                        scores = None if losses is None else losses.reshape(-1, t).mean(axis=1)
                    if scores is None:
                        scores = self._measure(test, self.design.mean + training.shift, training.y_shift, solved)
            if scores is None:
                own = self.design.subset(train) if own is None else own
                solved = self._solve(own, setup, alphas)
                if solved is None:
                    return  # halted
                scores = self._measure(test, own.mean, own.y_mean, solved)
                if not solved.relative_gap <= setup.tol:
                    self.bad.append((solved.relative_gap, solved.gap, k, setup.penalty.l1_ratio))
            self.scores[k][r] = scores

    def _solve(self, data: Design | Training, setup: Setup, alphas: Array) -> _Solved | None:
        """All alphas on a training set; None where its moments do not tell, or another thread has failed."""
        ratio = setup.penalty.l1_ratio
        canonical, _ = conventions.to_canonical(
            alphas, setup.convention, sum_weights=data.total_weight, l1_ratio=ratio, name="alphas"
        )
        lam = np.asarray(canonical) * data.total_weight
        if ratio == 0.0:

            def factors(scale: Array) -> Array | None:
                return _factors(setup.penalty.factors, setup.standardize, scale)

            if isinstance(data, Training):
                W = ridge_from_moments(data, lam, factors)
            else:
                W = ridge_from_data(data, lam, factors)
            return None if W is None else _Solved(np.arange(data.p), W)
        engine = Engine(
            setup.problem(setup.together[0], data),
            setup.tol,
            gram=symmetric(data.gram(0)) if isinstance(data, Training) else None,
        )
        self.engines.append(engine)
        parts, size, t = [], engine.problem.size, engine.problem.t
        gap = 0.0
        for _, which, w, found, i in engine.run(lam):
            active = np.flatnonzero(rows_used(w))
            parts.append((which[active], w[active]))
            gap = max(gap, float(found.table[GAP, i])) if gap == gap else gap
            if self.halted:
                break
        self.engines.remove(engine)
        if self.halted:
            return None
        used = np.unique(np.concatenate([which for which, _ in parts]))
        W = np.zeros((len(used), len(parts) * t), order="F")
        for k, (which, w) in enumerate(parts):
            W[np.searchsorted(used, which), k * t : (k + 1) * t] = w.reshape(len(w), t)
        return _Solved(used, W, gap / size if size > 0 else gap, gap / data.total_weight)

    def _measure(self, test: Array, mean: Array, y_mean: Array, solved: _Solved) -> Array:
        """The metric at every alpha, from residuals of the test rows."""
        design, which, W = self.design, solved.which, solved.W
        K = W.shape[1] // design.t
        total, weight, kept = np.zeros(W.shape[1]), 0.0, []
        for piece, storage in _pieces(design, test, max(W.shape)):
            Z = storage.columns(which)
            Z -= mean[which]
            R = np.tile(design.Y[piece] - y_mean, K) - product(Z, W)
            s = np.ascontiguousarray(design.s[piece])
            weight += float(s.sum())
            if self.metric == "mse":
                total += s @ np.square(R)
            elif self.metric == "mae":
                total += s @ np.abs(R)
            else:
                kept.append(R)
        if isinstance(self.metric, str):
            return total.reshape(K, design.t).mean(axis=1) / weight
        y, s = self.truth[test], design.s[test]
        errors = np.concatenate(kept).T.reshape(K, *y.shape[::-1])
        return np.array([_number(self.metric(y, y - error.T, s)) for error in errors])


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"metric must return a number, got {value!r}") from None
