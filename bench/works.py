"""Kinds of work: how a contender is called, and how good its answer is, recomputed in float64."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.sparse.linalg import aslinearoperator

from bench import problems
from bench.peers import Peer

BLOCK_ROWS = 2_048


@dataclass(frozen=True)
class Work:
    """One kind of work.

    `build` makes the problem from its name, `bind` gives the call of one peer (None: it cannot do this),
    `judge` the achieved error of an answer (called `measure` in tables; None: nothing to judge). `unit` is that of
    what is measured, "seconds" or "bytes"; `reading` takes it from the answer where it is not the time of the call.
    """

    name: str
    build: Callable[[str], Any]
    bind: Callable[[Peer, Any], Callable[[], Any] | None]
    judge: Callable[[Any, Any], float | None]
    measure: str
    reading: Callable[[Any], float] | None = None
    unit: str = "seconds"

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
        rows = slice(start, start := start + block.shape[0])
        block = _centred(block, x_mean)
        gradient += block.T @ (yc[rows] - block @ w)
        scale += block.T @ yc[rows]
        total += (yc[rows] - block @ w).sum(axis=0)
    gradient -= n * problem.alpha * w
    in_w = np.linalg.norm(gradient, axis=0) / np.linalg.norm(scale, axis=0)
    # mean(y - b - X w), from the centred sums
    in_b = np.abs(total / n + y_mean - x_mean @ w - b) / yc.std(axis=0)
    return float(np.max([in_w, in_b[0] if problem.fit_intercept else 0 * in_w]))


@lru_cache(maxsize=1)  # the same for all contenders of a row
def leave_one_out_curve(problem: problems.Problem) -> np.ndarray:
    """Mean squared leave-one-out error at every alpha of the problem, by a float64 SVD.

    The error of sample i is (Ry)_i / R_ii with R y = y - ȳ - Xc w, the residuals: λ/(s² + λ) along left singular
    vectors and 1 in what these and the intercept leave over. Written like this, nothing cancels where R is small.
    """
    X, y = (np.asarray(a, dtype=np.float64) for a in (problem.X, problem.y))
    n = len(y)
    y = y.reshape(n, -1)
    if problem.fit_intercept:
        X, y = X - X.mean(axis=0), y - y.mean(axis=0)
    U, s, _ = np.linalg.svd(X, full_matrices=False)
    kept = s > s[0] * max(X.shape) * np.finfo(float).eps
    U, s = U[:, kept], s[kept]
    Uty, U_squared = U.T @ y, U**2
    rest, rest_diagonal = np.zeros(y.shape), np.zeros(n)
    if len(s) + problem.fit_intercept < n:
        rest, rest_diagonal = y - U @ Uty, 1 - problem.fit_intercept / n - U_squared.sum(axis=1)
    curve = np.empty(len(problem.alphas))
    for k, alpha in enumerate(problem.alphas):
        left = n * alpha / (s**2 + n * alpha)
        errors = (rest + U @ (left[:, None] * Uty)) / (rest_diagonal + U_squared @ left)[:, None]
        curve[k] = np.mean(errors**2)
    return curve


@lru_cache(maxsize=1)
def k_fold_curve(problem: problems.Problem) -> np.ndarray:
    """Mean over the folds of the mean squared test error at every alpha, from each training part's own Gram matrix.

    The penalty added to the training rows' sum of squares is n alpha, n the number of all rows, for every fold. It is
    so far above a Gram matrix's rounding that nothing is lost by taking one.
    """
    X = np.asarray(problem.X, dtype=np.float64)
    n = len(X)
    y = np.asarray(problem.y, dtype=np.float64).reshape(n, -1)
    curve = np.zeros(len(problem.alphas))
    for test in np.array_split(np.arange(n), problem.folds):
        train = np.ones(n, dtype=bool)
        train[test] = False
        x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(y.shape[1])
        if problem.fit_intercept:
            x_mean, y_mean = X[train].mean(axis=0), y[train].mean(axis=0)
        Xc = X[train] - x_mean
        squares, V = np.linalg.eigh(Xc.T @ Xc)
        right, rotated = V.T @ (Xc.T @ (y[train] - y_mean)), (X[test] - x_mean) @ V
        for k, alpha in enumerate(problem.alphas):
            errors = y[test] - y_mean - rotated @ (right / (squares + n * alpha)[:, None])
            curve[k] += np.mean(errors**2) / problem.folds
    return curve


def selection_error(
    curve_of: Callable[[problems.Problem], np.ndarray], problem: problems.Problem, answer: Any
) -> float:
    """The largest of the fit's residual, the relative error of its score and the regret of its alpha."""
    coef, intercept, alpha, score = answer
    curve = curve_of(problem)
    at = int(np.argmin(np.abs(np.log(problem.alphas / alpha))))
    if not np.isclose(problem.alphas[at], alpha, rtol=1e-6):
        return np.inf  # not an alpha of the grid
    residual = ridge_residual(replace(problem, alpha=float(alpha)), (coef, intercept))
    return float(np.max([residual, abs(score / curve[at] - 1), curve[at] / curve.min() - 1]))


ridge_cv_error = partial(selection_error, leave_one_out_curve)
ridge_kfold_error = partial(selection_error, k_fold_curve)


def peak_bytes(call: Callable[[], Any]) -> tuple[int, Any]:
    """The most memory that Python and NumPy held during a call beyond what they held before, and the answer."""
    tracemalloc.start()
    try:
        answer = call()
        return tracemalloc.get_traced_memory()[1], answer
    finally:
        tracemalloc.stop()


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


def _bind_memory(peer: Peer, problem: problems.Problem) -> Callable[[], Any] | None:
    fit = _bind_function("ridge", peer, problem)
    return fit and partial(peak_bytes, fit)


def _bind_import(peer: Peer, problem: str) -> Callable[[], Any] | None:
    statement = getattr(peer.module, "IMPORTS", {}).get(problem)
    return statement and partial(import_in_subprocess, statement, getattr(peer.module, "EXTRAS", None))


def _first(answer: Any) -> float:
    return float(answer[0])


def _blocks(X: Any) -> Iterator[Any]:
    """Blocks of rows of X, in float64; a sparse X whole."""
    if issparse(X):
        yield X.astype(np.float64)
        return
    for start in range(0, len(X), BLOCK_ROWS):
        yield np.asarray(X[start : start + BLOCK_ROWS], dtype=np.float64)


def _centred(block: Any, mean: np.ndarray) -> Any:
    """block - mean: an array, or for a sparse block an operator that does not form it."""
    if not issparse(block):
        return block - mean
    ones = aslinearoperator(np.ones((block.shape[0], 1)))
    return aslinearoperator(block) - ones @ aslinearoperator(mean[None, :])


def _function(name: str, judge: Callable[[Any, Any], float | None], measure: str) -> Work:
    """The time of the adapters' function `name`."""
    return Work(name, problems.build, partial(_bind_function, name), judge, measure)


WORKS = {
    work.name: work
    for work in (
        _function("ridge", ridge_residual, "residual"),
        _function("ridge_estimator", ridge_residual, "residual"),
        _function("ridge_cv", ridge_cv_error, "error"),
        _function("ridge_kfold", ridge_kfold_error, "error"),
        Work(
            "ridge_memory",
            problems.build,
            _bind_memory,
            lambda problem, answer: ridge_residual(problem, answer[1]),
            "residual",
            reading=_first,
            unit="bytes",
        ),
        Work("import", str, _bind_import, extras_loaded, "extras loaded", reading=_first),
    )
}
