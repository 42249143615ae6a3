"""Paths of the elastic net: their grids, and what one collects while the engine runs."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from . import conventions
from ._engine import Engine, rows_used
from ._result import Certificate
from ._ridge_system import Array
from ._setup import Setup, as_fit, degrees_of_freedom, in_convention, prove, warn_unless_converged
from ._sparse_result import SparsePath
from .penalties import as_numbers
from .ridge import _check_count, _check_positive


def path_grid(setup: Setup, alphas: Any, ratio: Any, engine: Engine) -> tuple[Array, Array]:
    """Decreasing alphas in the caller's convention, and their lambdas."""
    design = setup.design
    if isinstance(alphas, (int, np.integer)) and not isinstance(alphas, bool):
        _check_count(alphas, "alphas, a number of them,", least=1)
        if ratio is None:
            ratio = 1e-3 if design.n > design.p else 1e-2
        _check_positive(ratio, "alpha_min_ratio", zero=False)
        if ratio > 1 or (ratio == 1 and alphas > 1):
            raise ValueError(f"alpha_min_ratio must be below 1, got {ratio!r}: 1 is for one alpha")
        if setup.penalty.l1_ratio == 0.0:
            raise ValueError("l1_ratio is 0, where no alpha is the largest that counts: pass alphas, or use ridge_path")
        top = engine.largest()
        lam = np.geomspace(1.0, ratio, int(alphas)) * (top if top > 0 else design.total_weight)
        return np.asarray(in_convention(setup, lam / design.total_weight)), lam
    if ratio is not None:
        raise ValueError("alpha_min_ratio is for alphas given as a number of them")
    values = np.atleast_1d(as_numbers(alphas, "alphas must be a number of them or a 1-D array of numbers"))
    if values.ndim != 1 or not len(values):
        raise ValueError(f"alphas must be a 1-D array with at least one value, got shape {values.shape}")
    if setup.convention == "two_lambda":
        in_convention(setup, values)
    canonical, _ = conventions.to_canonical(
        values, setup.convention, sum_weights=design.total_weight, l1_ratio=setup.penalty.l1_ratio, name="alphas"
    )
    lam = np.asarray(canonical) * design.total_weight
    order = np.argsort(-lam, kind="stable")
    return values[order], lam[order]


def trace(
    setup: Setup, engine: Engine, alphas: Array, lam: Array, *, max_active: int | None = None,
    stop_early: bool = False, callback: Any = None, bar: Bar | None = None, on_interrupt: str = "raise",
) -> SparsePath:  # fmt: skip
    """The path of the engine's problem, without warnings."""
    design, problem, done = setup.design, engine.problem, _Done(setup.design.p, engine.problem.t)
    try:
        for k, which, w, found, i in engine.run(lam):
            proof = prove(problem, found, i, setup.tol, int(engine.set.counts[0]))
            active = int(np.count_nonzero(rows_used(w)))
            explained = 1.0 - float(found.loss[i]) / problem.square if problem.square > 0 else 0.0
            if max_active is not None and active > max_active and k > 0:
                break
            dof = degrees_of_freedom(problem, float(lam[k]), which, w, engine.gram)
            done.add(which, w, active, proof, explained, dof)
            if callback is not None:
                callback(k, float(alphas[k]), active, proof.relative_gap)
            if bar is not None:
                bar.show(k + 1, float(alphas[k]), active)
            if stop_early and done.flat():
                break
    except KeyboardInterrupt:
        if on_interrupt == "raise" or not len(done):
            raise
    finally:
        if bar is not None:
            bar.close()
    coefs, (_, n_active, certificates, explanations, dofs) = done.coefs(), zip(*done.steps, strict=True)
    count, W = len(done), coefs[:, : problem.t].toarray()
    first = as_fit(setup, W, float(alphas[0]), certificates[0], np.array(dofs[:1]), engine.how())
    intercepts = np.zeros((count, design.t))
    if design.fit_intercept:
        intercepts = design.y_mean - (coefs.T @ design.mean).reshape(count, design.t)
    return SparsePath(
        alphas=alphas[:count],
        coefs=coefs,
        intercepts=intercepts[:, 0] if design.one_d else intercepts,
        certificates=certificates,
        effective_dof=np.array(dofs),
        deviance_explained=np.array(explanations),
        n_active=np.array(n_active),
        n_passes=engine.passes,
        l1_ratio=setup.penalty.l1_ratio,
        convention=setup.convention,
        solver=first.solver,
        solver_reason=first.solver_reason,
        _first=first,
        _deviance=problem.square,
        _count=int((design.s[: design.n] > 0).sum()),
        _options=setup.options(),
        feature_names=design.feature_names,
    )


def warn_path(path: SparsePath, tol: float) -> None:
    bad = next((k for k, one in enumerate(path.certificates) if not one.converged), None)
    if bad is not None:
        warn_unless_converged(path.certificates[bad], tol, f"_path at alpha = {path.alphas[bad]:.6g}")


class _Done:
    """What a path has so far: one entry per alpha, so that Ctrl-C finds every alpha whole or not at all."""

    def __init__(self, p: int, t: int) -> None:
        self.p, self.t = p, t
        #: Columns of coefficients as (rows, values), active features, certificate, deviance explained, dof.
        self.steps: list[tuple[list[tuple[Array, Array]], int, Certificate, float, float]] = []

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, which: Array, w: Array, active: int, proof: Certificate, explained: float, dof: float) -> None:
        order = np.argsort(which)
        columns = []
        for column in w.reshape(len(w), self.t).T:
            used = order[column[order] != 0]
            columns.append((which[used], column[used]))
        self.steps.append((columns, active, proof, explained, dof))

    def flat(self) -> bool:
        """Whether there is little left to explain, or to gain."""
        if len(self.steps) < 5:
            return False
        now, before = self.steps[-1][3], self.steps[-2][3]
        return now > 0.999 or now - before < 1e-5 * now

    def coefs(self) -> Any:
        from scipy import sparse

        rows, values = zip(*(column for step in self.steps for column in step[0]), strict=True)
        pointers = np.concatenate([[0], np.cumsum([len(own) for own in rows])])
        return sparse.csc_array((np.concatenate(values), np.concatenate(rows), pointers), shape=(self.p, len(rows)))


class Bar:
    """Progress on the standard error stream: a bar on a terminal, and a line for every tenth elsewhere."""

    def __init__(self, total: int) -> None:
        self.total, self.shown = total, 0
        self.terminal = sys.stderr.isatty()

    def show(self, done: int, alpha: float, active: int) -> None:
        text = f"{done}/{self.total}  alpha {alpha:.3g}  active {active}"
        if self.terminal:
            full = 30 * done // self.total
            sys.stderr.write(f"\r[{'#' * full}{'.' * (30 - full)}] {text} ")
        elif 10 * done // self.total > self.shown:
            self.shown = 10 * done // self.total
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def close(self) -> None:
        if self.terminal:
            sys.stderr.write("\n")
