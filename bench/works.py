"""Kinds of work: how a contender is called, and how good its answer is, recomputed in float64."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from bench import problems
from bench.peers import Peer

BLOCK_ROWS = 2_048


@dataclass(frozen=True)
class Work:
    """One kind of work.

    `build` makes the problem from its name, `bind` gives the call of one peer (None: it cannot do this),
    `judge` the achieved error of an answer (called `measure` in tables; None: nothing to judge), `seconds`
    reads the time from the answer where the clock is elsewhere (in a subprocess) than around the call.
    """

    name: str
    build: Callable[[str], Any]
    bind: Callable[[Peer, Any], Callable[[], Any] | None]
    judge: Callable[[Any, Any], float | None]
    measure: str
    seconds: Callable[[Any], float] | None = None

    def achieved(self, problem: Any, answer: Any) -> float | None:
        """The error of an answer, None where there is none to judge (the limit gives no answer)."""
        return None if answer is None else self.judge(problem, answer)


def ridge_residual(problem: problems.Problem, answer: Any) -> float:
    """Relative error of the optimality conditions of ridge at the returned coefficients and intercept.

    The larger of ‖Xcᵀ(yc - Xc w) - λw‖ / ‖Xcᵀyc‖ (λ = n alpha, c: centred) and |mean residual| / sd(y): the
    gradient in w and in the intercept. Worst target where there are several; NaN for an answer not finite.
    """
    X, n = problem.X, problem.n_samples
    y = np.asarray(problem.y, dtype=np.float64).reshape(n, -1)
    w = np.atleast_2d(np.asarray(answer[0], dtype=np.float64)).T
    b = np.asarray(answer[1], dtype=np.float64).reshape(1, -1)
    x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(y.shape[1])
    if problem.fit_intercept:
        x_mean = sum(block.sum(axis=0) for block in _blocks(X)) / n
        y_mean = y.mean(axis=0)
    yc = y - y_mean
    gradient, scale, total = np.zeros(w.shape), np.zeros(w.shape), np.zeros(y.shape[1])
    start = 0
    for block in _blocks(X):
        rows = slice(start, start := start + len(block))
        block = block - x_mean
        gradient += block.T @ (yc[rows] - block @ w)
        scale += block.T @ yc[rows]
        total += (yc[rows] - block @ w).sum(axis=0)
    gradient -= n * problem.alpha * w
    in_w = np.linalg.norm(gradient, axis=0) / np.linalg.norm(scale, axis=0)
    # mean(y - b - X w), from the centred sums
    in_b = np.abs(total / n + y_mean - x_mean @ w - b) / yc.std(axis=0)
    return float(np.max([in_w, in_b[0] if problem.fit_intercept else 0 * in_w]))


def leave_one_out_curve(problem: problems.Problem) -> np.ndarray:
    """Mean squared leave-one-out error at every alpha of the problem, by a float64 SVD."""
    X, y = (np.asarray(a, dtype=np.float64) for a in (problem.X, problem.y))
    n = len(y)
    leverage = 0.0
    if problem.fit_intercept:
        X, y, leverage = X - X.mean(axis=0), y - y.mean(axis=0), 1 / n
    U, s, _ = np.linalg.svd(X, full_matrices=False)
    y = y.reshape(n, -1)
    Uty, U_squared = U.T @ y, U**2
    curve = np.empty(len(problem.alphas))
    for k, alpha in enumerate(problem.alphas):
        d = s**2 / (s**2 + n * alpha)
        errors = (y - U @ (d[:, None] * Uty)) / (1 - leverage - U_squared @ d)[:, None]
        curve[k] = np.mean(errors**2)
    return curve


def ridge_cv_error(problem: problems.Problem, answer: Any) -> float:
    """The largest of the fit's residual, the relative error of its score and the regret of its alpha."""
    coef, intercept, alpha, score = answer
    curve = leave_one_out_curve(problem)
    at = int(np.argmin(np.abs(np.log(problem.alphas / alpha))))
    if not np.isclose(problem.alphas[at], alpha, rtol=1e-6):
        return np.inf  # not an alpha of the grid
    residual = ridge_residual(replace(problem, alpha=float(alpha)), (coef, intercept))
    return float(np.max([residual, abs(score / curve[at] - 1), curve[at] / curve.min() - 1]))


_IMPORT_PROGRAM = """
import sys, time
import numpy, scipy.linalg, json
before = set(sys.modules)
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
print(json.dumps([seconds, sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})]))
"""


def import_in_subprocess(statement: str, unwanted: Iterable[str] | None) -> tuple[float, set[str] | None]:
    """Seconds of `statement` in a fresh interpreter with numpy and scipy.linalg; the unwanted it loaded."""
    program = _IMPORT_PROGRAM.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["the interpreter failed"])[-1])
    seconds, packages = json.loads(done.stdout)
    return seconds, None if unwanted is None else set(unwanted) & set(packages)


def extras_loaded(problem: str, answer: Any) -> float | None:
    """How many unwanted packages the import brought in, None for a peer that names none."""
    return None if answer[1] is None else float(len(answer[1]))


def _bind_function(work: str, peer: Peer, problem: Any) -> Callable[[], Any] | None:
    function = peer.function(work)
    return function and partial(function, problem)


def _bind_import(peer: Peer, problem: str) -> Callable[[], Any] | None:
    statement = getattr(peer.module, "IMPORTS", {}).get(problem)
    return statement and partial(import_in_subprocess, statement, getattr(peer.module, "EXTRAS", None))


def _blocks(X: np.ndarray) -> Iterator[np.ndarray]:
    """Blocks of rows of X, in float64."""
    for start in range(0, len(X), BLOCK_ROWS):
        yield np.asarray(X[start : start + BLOCK_ROWS], dtype=np.float64)


WORKS = {
    work.name: work
    for work in (
        Work("ridge", problems.build, partial(_bind_function, "ridge"), ridge_residual, "residual"),
        Work("ridge_cv", problems.build, partial(_bind_function, "ridge_cv"), ridge_cv_error, "error"),
        Work(
            "import",
            str,
            _bind_import,
            extras_loaded,
            "extras loaded",
            seconds=lambda answer: float(answer[0]),
        ),
    )
}
