"""Kinds of work: how a contender is called, and how good its answer is, recomputed in float64."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import issparse
from scipy.sparse.linalg import aslinearoperator
from scipy.special import entr, expit

from bench import problems
from bench.peers import Peer, load

BLOCK_ROWS = 2_048
BLOCK_NUMBERS = 20_000_000
# A contender whose search for a setting that meets the tolerance takes longer than this keeps the last one it tried.
SEARCH_SECONDS = 30.0
# The same of saga's, where one fit may take half of that.
SAGA_SEARCH_SECONDS = 120.0
# Who may provide the paths behind the curve that cross-validation is judged by, in this order.
CERTIFIED_BY = ("ours", "celer", "scikit_learn")


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
    for rows, block in _blocks_of_rows(X):
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


def lasso_gap(problem: problems.Lasso, answer: Any) -> float:
    """The worst relative duality gap of a lasso or of a path of them: over ‖y - ȳ‖²/2, the objective at w = 0.

    P = ‖r‖²/2 + λ‖w‖₁ with r = y - b - X w and λ = n alpha, at the returned w and b; D is the dual s yᵀθ - s²‖θ‖²/2
    along the centred residual θ, at the best s that keeps s|Xᵀθ| <= λ. NaN for an answer not finite.
    """
    coef, intercept = answer
    alphas = np.atleast_1d(problem.alphas if np.ndim(intercept) else problem.alpha)
    coef = coef.tocsc() if issparse(coef) else np.asarray(coef).reshape(problem.X.shape[1], -1)
    intercepts = np.asarray(intercept, dtype=np.float64).reshape(-1)
    if not coef.shape[1] == len(intercepts) == len(alphas):
        raise ValueError(f"{coef.shape[1]} columns and {len(intercepts)} intercepts for {len(alphas)} alphas")
    X, y, n = problem.X, np.asarray(problem.y, dtype=np.float64), problem.n_samples
    yc = y - y.mean()
    tiny = np.finfo(float).tiny  # keeps a fit without residual from dividing by zero
    at_once = max(1, BLOCK_NUMBERS // max(X.shape))
    worst = []
    for start in range(0, len(alphas), at_once):
        block = slice(start, start + at_once)
        w = coef[:, block]
        w = np.asarray(w.toarray() if issparse(w) else w, dtype=np.float64)
        r = y[:, None] - X @ w - intercepts[block]
        theta = r - r.mean(axis=0)
        lambdas = n * alphas[block]
        feasible = lambdas / np.maximum(np.abs(X.T @ theta).max(axis=0), tiny)
        along, square = yc @ theta, (theta**2).sum(axis=0)
        s = np.clip(along / np.maximum(square, tiny), 0, feasible)
        primal = (r**2).sum(axis=0) / 2 + lambdas * np.abs(w).sum(axis=0)
        worst.append(np.max(primal - s * along + s**2 * square / 2) / (yc @ yc / 2))
    return float(np.max(worst))


@lru_cache(maxsize=1)
def lasso_cv_curve(problem: problems.Lasso) -> np.ndarray:
    """Mean over the folds of the mean squared test error at every alpha, from paths that are certified here.

    The paths are a contender's, whichever comes first, driven to a thousandth of the tolerance.
    """
    n = problem.n_samples
    peer = next(peer for peer in map(load, CERTIFIED_BY) if peer.function("lasso_path"))
    curve = np.zeros(len(problem.alphas))
    for test in np.array_split(np.arange(n), problem.folds):
        train = np.delete(np.arange(n), test)
        X, y = np.asfortranarray(problem.X[train]), problem.y[train]
        part = replace(problem, X=X, y=y, tolerance=1e-3 * problem.tolerance)
        coef, intercepts = driven("lasso_path", peer, part)()
        if not lasso_gap(part, (coef, intercepts)) <= part.tolerance:
            raise ArithmeticError(f"{peer.name} leaves no certified path to judge cross-validation by")
        errors = problem.y[test][:, None] - problem.X[test] @ coef - intercepts
        curve += np.mean(np.asarray(errors) ** 2, axis=0) / problem.folds
    return curve


def lasso_cv_error(problem: problems.Lasso, answer: Any) -> float:
    """The largest of the refit's gap and the squared relative errors of its score and of its choice of alpha.

    Squared, because a gap of g leaves predictions about sqrt(g)‖y - ȳ‖ from right.
    """
    coef, intercept, alpha, score = answer
    curve = lasso_cv_curve(problem)
    at = int(np.argmin(np.abs(np.log(problem.alphas / alpha))))
    if not np.isclose(problem.alphas[at], alpha, rtol=1e-6):
        return np.inf  # not an alpha of the grid
    refit = replace(problem, fraction=problem.alphas[at] / problem.alphas[0])
    relative = np.array([score / curve[at], curve[at] / curve.min()]) - 1
    return float(np.max([lasso_gap(refit, (coef, float(intercept))), *relative**2]))


@dataclass(frozen=True)
class _Loss:
    """A loss of a target and a prediction, and its first two derivatives in the prediction (None: the second is 1)."""

    values: Callable[[np.ndarray, np.ndarray], np.ndarray]
    slopes: Callable[[np.ndarray, np.ndarray], np.ndarray]
    curvatures: Callable[[np.ndarray], np.ndarray] | None


# The logistic loss is that of targets 0 and 1.
_LOSSES = {
    "squared_error": _Loss(lambda y, m: (y - m) ** 2 / 2, lambda y, m: m - y, None),
    "log_loss": _Loss(
        lambda y, m: np.logaddexp(0, m) - y * m, lambda y, m: expit(m) - y, lambda m: expit(m) * expit(-m)
    ),
}
NEWTON_STEPS = 100


def objectives(problem: problems.Linear, answer: Any) -> np.ndarray:
    """The mean of the loss plus alpha [ρ‖w‖₁ + (1 - ρ)/2 ‖w‖²] at the returned w and b, ρ the l1_ratio.

    Of one fit, at the problem's alpha, or where there are several intercepts of one at each of its alphas, with
    coefficients (alphas, features).
    """
    coef, intercept = answer
    alphas = np.atleast_1d(problem.alphas if np.ndim(intercept) else problem.alpha)
    w = np.asarray(coef, dtype=np.float64).reshape(-1, problem.X.shape[1])
    b = np.asarray(intercept, dtype=np.float64).reshape(-1)
    if not len(w) == len(b) == len(alphas):
        raise ValueError(f"{len(w)} rows of coefficients and {len(b)} intercepts for {len(alphas)} alphas")
    y = np.asarray(problem.target, dtype=np.float64)[:, None]
    values, total = _LOSSES[problem.loss].values, np.zeros(len(b))
    with np.errstate(invalid="ignore"):  # of an answer not finite
        for rows, block in _blocks_of_rows(problem.X):
            total += values(y[rows], block @ w.T + b).sum(axis=0)
    penalties = problem.l1_ratio * np.abs(w).sum(axis=1) + (1 - problem.l1_ratio) / 2 * (w**2).sum(axis=1)
    return total / problem.n_samples + alphas * penalties


@lru_cache(maxsize=1)  # the same for all contenders of a row
def reference_objective(problem: problems.Linear) -> float:
    """The objective that scikit-learn's epochs leave, the mean over three orders of the rows."""
    peer = load("scikit_learn")
    if not peer.available():
        raise ArithmeticError(f"one epoch is judged by that of scikit-learn, which is not here ({peer.reason})")
    fit = peer.function("sgd")
    return float(np.mean([objectives(problem, fit(replace(problem, seed=seed))) for seed in (1, 2, 3)]))


def reference_excess(problem: problems.Linear, answer: Any) -> float:
    """How much the objective is above what scikit-learn's epochs leave, relative to that; negative below."""
    return float(objectives(problem, answer)[0] / reference_objective(problem) - 1)


@lru_cache(maxsize=1)
def least_objectives(problem: problems.Linear) -> Callable[[float], float]:
    """The minimum of the objective as a function of alpha, by Newton's method in float64; it knows no L1."""
    if problem.l1_ratio:
        raise ValueError(f"Newton's method knows no L1: l1_ratio is {problem.l1_ratio:g}")
    n, p = problem.X.shape
    Z = np.column_stack([np.asarray(problem.X, dtype=np.float64), np.ones(n)])
    y, loss = np.asarray(problem.target, dtype=np.float64), _LOSSES[problem.loss]
    gram = Z.T @ Z / n if loss.curvatures is None else None

    @cache
    def least(alpha: float) -> float:
        penalty, w, first = np.append(np.full(p, alpha), 0.0), np.zeros(p + 1), None
        for _ in range(NEWTON_STEPS):
            m = Z @ w
            gradient = Z.T @ loss.slopes(y, m) / n + penalty * w
            size = np.linalg.norm(gradient)
            first = first or size
            if size <= 1e-9 * first:
                return float(objectives(replace(problem, alpha=alpha), (w[:p], float(w[p])))[0])
            hessian = gram if gram is not None else (Z.T * loss.curvatures(m)) @ Z / n
            w -= np.linalg.solve(hessian + np.diag(penalty), gradient)
        raise ArithmeticError(f"Newton's method has not reached a minimum in {NEWTON_STEPS} steps")

    return least


def least_excess(problem: problems.Linear, answer: Any) -> float:
    """How much the objective is above its minimum, relative to that; the worst alpha where there are several."""
    least = least_objectives(problem)
    minima = [least(float(alpha)) for alpha in (problem.alphas if np.ndim(answer[1]) else [problem.alpha])]
    return float(np.max(objectives(problem, answer) / minima - 1))


def logistic_gap(problem: problems.Linear, answer: Any) -> float:
    """The relative duality gap of a logistic model: over the objective at w = 0 and the best intercept, if any.

    P is the mean of log(1 + exp(m)) - y m, m = b + x.w and y 0 or 1, plus alpha [ρ‖w‖₁ + (1 - ρ)/2 ‖w‖²], at the
    returned w and b. D is the mean entropy of t, -t log t - (1 - t) log(1 - t), less the conjugate of the penalty at
    z = Xᵀθ/n: ∑(|z| - alpha ρ)₊² / (2 alpha (1 - ρ)), or a bound alpha on |z| where ρ is 1. θ is y less the
    probability, with an intercept at its best for w, so that its sum is zero; a factor keeps to the bound; t = |θ|.
    NaN for an answer not finite.
    """
    coef, intercept = answer
    w, n = np.asarray(coef, dtype=np.float64).ravel(), problem.n_samples
    primal = objectives(problem, (w, float(intercept)))[0]
    if not np.isfinite(primal):
        return np.nan
    y = np.asarray(problem.target, dtype=np.float64)
    slopes, m = _LOSSES["log_loss"].slopes, np.concatenate([block @ w for block in _blocks(problem.X)])
    share = 0.5  # the probability at w = 0
    if problem.fit_intercept:
        share = y.mean()
        # the sum of the slopes grows with b, from below zero to above
        far = np.abs(m).max() + np.log(n) + 1
        m += brentq(lambda b: slopes(y, m + b).mean(), -far, far, xtol=1e-14, maxiter=1000)
    theta = -slopes(y, m)
    if problem.fit_intercept:
        theta -= theta.mean()
    z = sum(block.T @ theta[rows] for rows, block in _blocks_of_rows(problem.X)) / n
    alpha, rho = problem.alpha, problem.l1_ratio
    if rho == 1:
        factor = min(1.0, alpha / max(np.abs(z).max(), np.finfo(float).tiny))
        theta, conjugate = factor * theta, 0.0
    else:
        conjugate = (np.maximum(np.abs(z) - alpha * rho, 0) ** 2).sum() / (2 * alpha * (1 - rho))
    t = np.minimum(np.abs(theta), 1.0)  # which rounding may pass
    dual = (entr(t) + entr(1 - t)).mean() - conjugate
    return float((primal - dual) / (entr(share) + entr(1 - share)))


def driven(
    work: str,
    peer: Peer,
    problem: problems.Problem,
    judge: Callable[[Any, Any], float] = lasso_gap,
    seconds: float | None = None,
) -> Callable[[], Any]:
    """The call of `peer` at the loosest of its tolerances that meets the problem's, as `judge` has it.

    Found in strides that double and then by halving, so that one setting after the other need not be tried.
    """
    calls = [partial(peer.function(work), problem, tol=tol) for tol in peer.tolerances(work)]
    end = time.perf_counter() + (seconds or SEARCH_SECONDS)

    def meets(k: int) -> bool:
        return judge(problem, calls[k]()) <= problem.tolerance

    failed, k = -1, 0
    while not meets(k):
        failed = k
        if k == len(calls) - 1 or time.perf_counter() > end:
            return calls[k]
        k = min(2 * k + 1, len(calls) - 1)
    while k - failed > 1 and time.perf_counter() < end:
        middle = (failed + k) // 2
        if meets(middle):
            k = middle
        else:
            failed = middle
    return calls[k]


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


def _bind_driven(work: str, peer: Peer, problem: problems.Problem, **search: Any) -> Callable[[], Any] | None:
    return driven(work, peer, problem, **search) if peer.function(work) else None


_bind_saga = partial(_bind_driven, judge=logistic_gap, seconds=SAGA_SEARCH_SECONDS)


def _bind_lasso_cv(peer: Peer, problem: problems.Lasso) -> Callable[[], Any] | None:
    """Cross-validation at the tolerance that the path of all rows needs."""
    function = peer.function("lasso_cv")
    return function and partial(function, problem, **driven("lasso_path", peer, problem).keywords)


def _bind_memory(bind: Callable[[Peer, Any], Any], peer: Peer, problem: Any) -> Callable[[], Any] | None:
    fit = bind(peer, problem)
    return fit and partial(peak_bytes, fit)


def _bind_import(peer: Peer, problem: str) -> Callable[[], Any] | None:
    statement = getattr(peer.module, "IMPORTS", {}).get(problem)
    return statement and partial(import_in_subprocess, statement, getattr(peer.module, "EXTRAS", None))


def _bind_made(work: str, peer: Peer, problem: Any) -> Callable[[], Any] | None:
    """The call that the adapter's function makes, outside of the timing."""
    function = peer.function(work)
    return function and function(problem)


def step_error(problem: problems.Steps, answer: Any) -> float | None:
    """How far the first numbers are off, beside the largest and the square root of the steps; NaN if not finite."""
    taken, array = answer
    if array is None:  # the limit moves memory and computes nothing
        return None
    expected = problem.expected(taken)
    found = np.asarray(array, np.float64).ravel()[: len(expected)]
    return float(np.abs(found - expected).max() / np.abs(expected).max() / max(1, len(taken)) ** 0.5)


def _first(answer: Any) -> float:
    return float(answer[0])


def _blocks(X: Any) -> Iterator[Any]:
    """Blocks of rows of X, in float64; a sparse X whole."""
    if issparse(X):
        yield X.astype(np.float64)
        return
    for start in range(0, len(X), BLOCK_ROWS):
        yield np.asarray(X[start : start + BLOCK_ROWS], dtype=np.float64)


def _blocks_of_rows(X: Any) -> Iterator[tuple[slice, Any]]:
    """The same with the rows that each has."""
    start = 0
    for block in _blocks(X):
        yield slice(start, start := start + block.shape[0]), block


def _centred(block: Any, mean: np.ndarray) -> Any:
    """block - mean: an array, or for a sparse block an operator that does not form it."""
    if not issparse(block):
        return block - mean
    ones = aslinearoperator(np.ones((block.shape[0], 1)))
    return aslinearoperator(block) - ones @ aslinearoperator(mean[None, :])


def _function(name: str, judge: Callable[[Any, Any], float | None], measure: str) -> Work:
    """The time of the adapters' function `name`."""
    return Work(name, problems.build, partial(_bind_function, name), judge, measure)


def _lasso(name: str) -> Work:
    """The time of the adapters' function `name`, driven to the tolerance."""
    return Work(name, problems.build_lasso, partial(_bind_driven, name), lasso_gap, "gap")


def _linear(name: str, judge: Callable[[Any, Any], float], measure: str, tolerance: float, bind: Any) -> Work:
    """The time of the adapters' function `name`, of a linear model."""
    return Work(name, partial(problems.build_linear, tolerance=tolerance), partial(bind, name), judge, measure)


def _memory(work: Work) -> Work:
    """The memory of another work's calls."""
    return replace(
        work,
        name=f"{work.name}_memory",
        bind=partial(_bind_memory, work.bind),
        judge=lambda problem, answer: work.judge(problem, answer[1]),
        reading=_first,
        unit="bytes",
    )


_RIDGE = _function("ridge", ridge_residual, "residual")
_LASSO_PATH = _lasso("lasso_path")

WORKS = {
    work.name: work
    for work in (
        _RIDGE,
        _function("ridge_estimator", ridge_residual, "residual"),
        _function("ridge_cv", ridge_cv_error, "error"),
        _function("ridge_kfold", ridge_kfold_error, "error"),
        _memory(_RIDGE),
        _lasso("lasso"),
        _LASSO_PATH,
        Work("lasso_cv", problems.build_lasso, _bind_lasso_cv, lasso_cv_error, "error"),
        _memory(_LASSO_PATH),
        Work("optimizer", problems.build_steps, partial(_bind_made, "optimizer"), step_error, "error"),
        _linear("sgd", reference_excess, "excess", problems.EXCESS, _bind_function),
        _linear("sgd_alphas", least_excess, "excess", problems.EXCESS_OVER_MINIMUM, _bind_function),
        _linear("sgd_adamw", least_excess, "excess", problems.EXCESS_OVER_MINIMUM, _bind_made),
        _linear("saga", logistic_gap, "gap", problems.GAP, _bind_saga),
        Work("import", str, _bind_import, extras_loaded, "extras loaded", reading=_first),
    )
}
