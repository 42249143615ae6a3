"""The judges can tell a right answer from a wrong one, and bad arguments write nothing."""

from __future__ import annotations

import dataclasses
import gc
import json
import sys
from functools import partial
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse as sp

from bench import machine, problems, profile_path, report, run, works
from bench.peers import Peer, _worker
from bench.rows import FASTEST, GROUPS, LIMIT, OURS, REFERENCE, ROWS, Group, Target
from bench.works import (
    WORKS,
    driven,
    k_fold_curve,
    lasso_cv_curve,
    lasso_cv_error,
    lasso_gap,
    least_excess,
    least_objectives,
    leave_one_out_curve,
    logistic_gap,
    objectives,
    peak_bytes,
    reference_excess,
    ridge_cv_error,
    ridge_kfold_error,
    ridge_residual,
)

NAMES = ["ar1-60x8-float64-C", "ar1-9x30-float64-F"]


def closed_form(X, y, strength):
    mean, y_mean = X.mean(axis=0), y.mean(axis=0)
    Xc, yc = X - mean, y - y_mean
    coef = np.linalg.solve(Xc.T @ Xc + strength * np.eye(X.shape[1]), Xc.T @ yc).T
    return coef, y_mean - coef @ mean


@pytest.mark.parametrize("name", NAMES)
def test_ridge_residual_tells_right_from_wrong(name):
    problem = problems.build(name)
    coef, intercept = closed_form(problem.X, problem.y, problem.n_samples * problem.alpha)
    assert ridge_residual(problem, (coef, intercept)) < 1e-12
    assert ridge_residual(problem, (coef * (1 + 1e-3), intercept)) > 1e-5
    assert ridge_residual(problem, (coef, intercept + 1e-3)) > 1e-5
    assert ridge_residual(dataclasses.replace(problem, alpha=2 * problem.alpha), (coef, intercept)) > 1e-5
    assert np.isnan(ridge_residual(problem, (coef * np.nan, intercept)))


def test_ridge_residual_is_the_worst_target():
    problem = problems.build("ar1-60x8x2-float64-C")
    coef, intercept = closed_form(problem.X, problem.y, problem.n_samples * problem.alpha)
    assert ridge_residual(problem, (coef, intercept)) < 1e-12
    assert ridge_residual(problem, (coef * [[1], [2]], intercept)) > 1e-2


def test_ridge_residual_of_sparse_data_is_that_of_dense():
    problem = problems.build("sparse-60x40-0.1-float64-CSR")
    dense = dataclasses.replace(problem, X=problem.X.toarray())
    coef, intercept = closed_form(dense.X, problem.y, problem.n_samples * problem.alpha)
    assert ridge_residual(problem, (coef, intercept)) < 1e-12
    for wrong in ((coef * (1 + 1e-3), intercept), (coef, intercept + 1e-3)):
        assert ridge_residual(problem, wrong) == pytest.approx(ridge_residual(dense, wrong), rel=1e-9)
        assert ridge_residual(problem, wrong) > 1e-5


def test_blocks_of_rows_add_up():
    problem = problems.build("gaussian-5000x4-float64-C")  # three blocks, the last one short
    answer = closed_form(problem.X, problem.y, problem.n_samples * problem.alpha)
    assert ridge_residual(problem, answer) < 1e-12


def held_out(problem, strength, test):
    """Squared errors on rows that a fit without them makes."""
    kept = np.setdiff1d(np.arange(problem.n_samples), test)
    coef, intercept = closed_form(problem.X[kept], problem.y[kept], strength)
    return (problem.y[test] - intercept - problem.X[test] @ coef.T) ** 2


@pytest.mark.parametrize("name", [*NAMES, "ar1-60x8x3-float64-C"])
@pytest.mark.parametrize(
    ("folds", "curve_of", "judge"),
    [(None, leave_one_out_curve, ridge_cv_error), (7, k_fold_curve, ridge_kfold_error)],
    ids=["leave-one-out", "folds"],
)
def test_cross_validation_is_that_of_explicit_refits(name, folds, curve_of, judge):
    problem = problems.build(name)
    problem = dataclasses.replace(problem, alphas=np.array([1.0, 0.01]), folds=folds or problem.n_samples)
    n = problem.n_samples
    curve = curve_of(problem)
    for alpha, score in zip(problem.alphas, curve, strict=True):
        tests = np.array_split(np.arange(n), problem.folds)
        assert score == pytest.approx(np.mean([held_out(problem, n * alpha, test).mean() for test in tests]), rel=1e-9)

    best = int(np.argmin(curve))
    fits = [closed_form(problem.X, problem.y, n * alpha) for alpha in problem.alphas]
    assert judge(problem, (*fits[best], problem.alphas[best], curve[best])) < 1e-10
    assert judge(problem, (*fits[1 - best], problem.alphas[1 - best], curve[1 - best])) > 1e-4
    assert judge(problem, (*fits[best], problem.alphas[best], 1.01 * curve[best])) > 1e-3
    assert judge(problem, (*fits[best], 0.5 * problem.alphas[best], curve[best])) == np.inf


def test_leave_one_out_keeps_its_digits_where_a_wide_fit_leaves_no_residual():
    problem = dataclasses.replace(problems.build("ar1-9x30-float64-C"), alphas=np.array([1e-9]))
    expected = np.mean([held_out(problem, 9e-9, np.array([i])) for i in range(9)])
    assert leave_one_out_curve(problem) == pytest.approx([expected], rel=1e-6)


def orthogonal_lasso(n=64, p=8, means=5.0):
    """A lasso whose answer is a formula: orthogonal columns of norm sqrt(n), with means."""
    rng = np.random.default_rng(3)
    Q, _ = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, p))]))
    X = np.asfortranarray(np.sqrt(n) * Q[:, 1:])
    y = X @ np.linspace(-3, 3, p) + rng.standard_normal(n)
    return problems.Lasso("orthogonal", X + means, y, fraction=0.3)  # two of the coefficients are zero


def soft_threshold(problem, alpha):
    """The answer of an orthogonal lasso."""
    X = problem.X - problem.X.mean(axis=0)
    inner = X.T @ (problem.y - problem.y.mean()) / problem.n_samples
    coef = np.sign(inner) * np.maximum(np.abs(inner) - alpha, 0)
    return coef, problem.y.mean() - problem.X.mean(axis=0) @ coef


def test_a_lasso_is_a_part_of_the_smallest_alpha_without_coefficients():
    problem = orthogonal_lasso()
    assert not soft_threshold(problem, problem.alphas[0] * (1 + 1e-12))[0].any()
    assert soft_threshold(problem, problem.alphas[0] * (1 - 1e-9))[0].any()
    assert len(problem.alphas) == 100 and problem.alphas[-1] == pytest.approx(problem.alphas[0] / 100)
    assert problem.alpha == 0.3 * problem.alphas[0]
    part = dataclasses.replace(problem, fraction=0.01, X=problem.X[:30], y=problem.y[:30])
    assert part.alphas is problem.alphas and part.alpha == 0.01 * problem.alphas[0]


def test_lasso_gap_tells_right_from_wrong():
    problem = orthogonal_lasso()
    coef, intercept = soft_threshold(problem, problem.alpha)
    assert abs(lasso_gap(problem, (coef, intercept))) < 1e-13
    for wrong in (coef * (1 + 1e-2), np.where(coef, coef, 1e-2), np.where(np.arange(8) < 7, coef, 0)):
        assert lasso_gap(problem, (wrong, intercept)) > 1e-6
    assert lasso_gap(problem, (coef, intercept + 1e-1)) > 1e-6
    other = dataclasses.replace(problem, fraction=0.2)
    assert lasso_gap(other, (coef, intercept)) > 1e-4
    assert np.isnan(lasso_gap(problem, (coef * np.nan, intercept)))


def test_lasso_gap_bounds_what_the_objective_is_above_its_minimum():
    problem = orthogonal_lasso()

    def objective(coef, intercept):
        r = problem.y - problem.X @ coef - intercept
        return r @ r / 2 + problem.n_samples * problem.alpha * np.abs(coef).sum()

    best = soft_threshold(problem, problem.alpha)
    scale = objective(np.zeros(8), problem.y.mean())
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-3, 1e-5):
        answer = best[0] + size * rng.standard_normal(8), best[1] + size
        assert lasso_gap(problem, answer) >= (objective(*answer) - objective(*best)) / scale > 0


def test_lasso_gap_at_no_coefficients_is_exact():
    problem = orthogonal_lasso()
    for alpha, gap in ((problem.alphas[0], 0.0), (2 * problem.alphas[0], 0.0), (problem.alphas[0] / 2, 0.25)):
        asked = dataclasses.replace(problem, fraction=alpha / problem.alphas[0])
        # the dual at y - mean, halved to be feasible: 1/2 - 1/8 of |y - mean|^2, against 1/2
        assert lasso_gap(asked, (np.zeros(8), problem.y.mean())) == pytest.approx(gap, abs=1e-14)


def test_lasso_gap_of_a_path_is_its_worst(monkeypatch):
    problem = orthogonal_lasso()
    answers = [soft_threshold(problem, alpha) for alpha in problem.alphas]
    coefs, intercepts = np.column_stack([coef for coef, _ in answers]), np.array([b for _, b in answers])
    assert abs(lasso_gap(problem, (coefs, intercepts))) < 1e-13
    assert abs(lasso_gap(problem, (sp.csc_array(coefs), intercepts))) < 1e-13
    coefs[:, 37] *= 1.01
    worst = lasso_gap(
        dataclasses.replace(problem, fraction=problem.alphas[37] / problem.alphas[0]), (coefs[:, 37], intercepts[37])
    )
    assert worst > 1e-6 and lasso_gap(problem, (coefs, intercepts)) == pytest.approx(worst, rel=1e-9)
    monkeypatch.setattr(works, "BLOCK_NUMBERS", 7 * 64)  # blocks of seven alphas, the last one short
    assert lasso_gap(problem, (coefs, intercepts)) == pytest.approx(worst, rel=1e-9)
    with pytest.raises(ValueError, match="99 columns"):
        lasso_gap(problem, (coefs[:, 1:], intercepts))


def test_lasso_gap_of_sparse_data_is_that_of_dense():
    problem = problems.build_lasso("sparse-60x40-0.1-float64-CSC")
    dense = dataclasses.replace(problem, X=problem.X.toarray())
    answer = np.random.default_rng(0).standard_normal(40), 1.0
    assert lasso_gap(problem, answer) == pytest.approx(lasso_gap(dense, answer), rel=1e-12)
    assert problem.alpha == pytest.approx(dense.alpha, rel=1e-12)


def test_lasso_cross_validation_is_that_of_explicit_refits():
    problem = dataclasses.replace(problems.build_lasso("planted-60x8-k4-float64-F"), folds=5)
    curve, alphas = lasso_cv_curve(problem), problem.alphas
    sklearn = pytest.importorskip("sklearn.linear_model")
    for at in (10, 60):
        errors = []
        for test in np.array_split(np.arange(60), 5):
            train = np.setdiff1d(np.arange(60), test)
            fit = sklearn.Lasso(alpha=alphas[at], tol=1e-14, max_iter=10**6).fit(problem.X[train], problem.y[train])
            errors.append(np.mean((problem.y[test] - fit.predict(problem.X[test])) ** 2))
        assert curve[at] == pytest.approx(np.mean(errors), rel=1e-4)

    def answer(at, score):
        fit = sklearn.Lasso(alpha=alphas[at], tol=1e-14, max_iter=10**6).fit(problem.X, problem.y)
        return fit.coef_, fit.intercept_, alphas[at], score

    best = int(np.argmin(curve))
    assert lasso_cv_error(problem, answer(best, curve[best])) < 1e-12
    assert lasso_cv_error(problem, answer(best, 1.01 * curve[best])) == pytest.approx(1e-4, rel=1e-6)
    assert lasso_cv_error(problem, answer(0, curve[0])) > 1e-2
    coef, intercept, alpha, score = answer(best, curve[best])
    assert lasso_cv_error(problem, (coef * 1.01, intercept, alpha, score)) > 1e-6
    assert lasso_cv_error(problem, (coef, intercept, 0.99 * alpha, score)) == np.inf


@pytest.mark.parametrize("needed", [1e-3, 1e-5, 3e-9, 1e-20])
def test_contenders_are_driven_to_the_loosest_tolerance_that_meets_the_gap(monkeypatch, needed):
    problem = orthogonal_lasso()
    right = soft_threshold(problem, problem.alpha)
    tried = []

    class Library:
        FIRST_TOL = 1e-3

        @staticmethod
        def lasso(problem, tol):
            tried.append(tol)
            return right if tol <= needed * 1.001 else (0 * right[0], right[1])

    peer = Peer("library", Library)
    call = driven("lasso", peer, problem)
    reachable = [tol for tol in peer.tolerances() if tol <= needed * 1.001]
    assert call.keywords == {"tol": max(reachable, default=peer.tolerances()[-1])}
    assert len(tried) == len(set(tried)) <= 9
    tried.clear()
    monkeypatch.setattr(works, "SEARCH_SECONDS", -1.0)
    assert driven("lasso", peer, problem).keywords == {"tol": 1e-3} and tried == [1e-3]
    monkeypatch.setattr(Library, "LOOSE", True, raising=False)
    assert peer.tolerances() == [None]


def linear(name="planted-60x8-k3-float64-C", **settings):
    """A linear model, by default a logistic one with some penalty."""
    problem = problems.build_linear(name, 1e-6)
    return dataclasses.replace(problem, **{"loss": "log_loss", "alpha": 0.05} | settings)


def solution(problem):
    """Coefficients and intercept by scikit-learn's solvers and a formula."""
    sklearn = pytest.importorskip("sklearn.linear_model")
    if problem.loss == "squared_error":
        return closed_form(problem.X, problem.y, problem.n_samples * problem.alpha)
    fit = sklearn.LogisticRegression(
        C=1 / (problem.n_samples * problem.alpha),
        l1_ratio=problem.l1_ratio,
        fit_intercept=problem.fit_intercept,
        solver="saga" if problem.l1_ratio else "newton-cholesky",
        tol=1e-12,
        max_iter=100_000,
    ).fit(problem.X, problem.target)
    return fit.coef_.ravel(), np.ravel(fit.intercept_)[0]


def test_classes_are_what_is_above_the_median():
    problem = linear()
    assert problem.target.dtype == float and sorted(np.unique(problem.target)) == [0, 1]
    assert problem.target.mean() == 0.5 and problem.target[np.argmax(problem.y)] == 1
    squared = linear(loss="squared_error")
    assert squared.target is squared.y
    small = linear("planted-60x8-k3-float32-C")
    assert small.X.dtype == small.target.dtype == np.float32 and (small.target == problem.target).all()
    assert np.allclose(small.X, problem.X, rtol=1e-6)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_objectives_are_the_textbook_s(l1_ratio, monkeypatch):
    problem = linear(l1_ratio=l1_ratio)
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal(8), 0.3
    penalty = 0.05 * (l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * w @ w)
    signs, m = 2 * problem.target - 1, problem.X @ w + b
    assert objectives(problem, (w, b)) == pytest.approx([np.log(1 + np.exp(-signs * m)).mean() + penalty])
    squared = linear(l1_ratio=l1_ratio, loss="squared_error", alphas=np.array([0.05, 0.1]))
    expected = [((squared.y - m) ** 2).mean() / 2 + penalty, (squared.y**2).mean() / 2]
    answer = np.array([w, 0 * w]), np.array([b, 0.0])
    assert objectives(squared, answer) == pytest.approx(expected)
    monkeypatch.setattr(works, "BLOCK_ROWS", 7)
    assert objectives(squared, answer) == pytest.approx(expected)
    sparse = dataclasses.replace(problem, X=sp.csr_array(problem.X))
    assert objectives(sparse, (w, b)) == pytest.approx(objectives(problem, (w, b)))
    with pytest.raises(ValueError, match="1 rows of coefficients and 2 intercepts"):
        objectives(squared, (w, np.zeros(2)))


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_the_excess_is_over_the_minimum(loss):
    problem = linear(loss=loss)
    coef, intercept = solution(problem)
    least = objectives(problem, (coef, float(intercept)))[0]
    assert least_objectives(problem)(problem.alpha) == pytest.approx(least, rel=1e-9)
    assert abs(least_excess(problem, (coef, float(intercept)))) < 1e-9
    wrong = objectives(problem, (1.1 * coef, float(intercept)))[0]
    assert least_excess(problem, (1.1 * coef, float(intercept))) == pytest.approx(wrong / least - 1, rel=1e-6)
    assert np.isnan(least_excess(problem, (coef * np.nan, float(intercept))))
    # of several alphas the worst
    several = dataclasses.replace(problem, alphas=np.array([0.05, 0.2]))
    other = solution(dataclasses.replace(problem, alpha=0.2))
    answers = np.array([1.1 * coef, other[0]]), np.array([intercept, other[1]], dtype=float)
    assert least_excess(several, answers) == pytest.approx(wrong / least - 1, rel=1e-6)
    with pytest.raises(ValueError, match="no L1"):
        least_objectives(linear(l1_ratio=0.5))


def test_an_epoch_is_judged_by_scikit_learn_s():
    pytest.importorskip("sklearn")
    problem = linear("planted-2000x20-k5-float64-C", alpha=1e-4, lr=0.03)
    epoch = works.load(REFERENCE).function("sgd")
    assert abs(reference_excess(problem, epoch(problem))) < 0.01
    coef, intercept = solution(problem)
    assert reference_excess(problem, (coef, intercept)) < 0 < reference_excess(problem, (0 * coef, 0.0))
    assert np.isnan(reference_excess(problem, (coef * np.nan, intercept)))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_logistic_gap_tells_right_from_wrong(l1_ratio, fit_intercept):
    problem = linear(l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    coef, intercept = solution(problem)
    assert abs(logistic_gap(problem, (coef, intercept))) < 1e-10
    for wrong in (coef * (1 + 1e-2), coef + 1e-2, np.where(np.arange(8) == np.argmax(np.abs(coef)), 0, coef)):
        assert logistic_gap(problem, (wrong, intercept)) > 1e-5
    if fit_intercept:
        assert logistic_gap(problem, (coef, intercept + 1e-1)) > 1e-4
    assert logistic_gap(dataclasses.replace(problem, alpha=0.06), (coef, intercept)) > 1e-4
    assert np.isnan(logistic_gap(problem, (coef * np.nan, intercept)))
    # it is no less than what the objective is above its minimum
    null = np.log(2.0)  # as many ones as zeros
    rng = np.random.default_rng(0)
    for size in (1.0, 1e-1, 1e-3):
        answer = coef + size * rng.standard_normal(8), intercept + size * fit_intercept
        above = objectives(problem, answer)[0] - objectives(problem, (coef, intercept))[0]
        assert logistic_gap(problem, answer) >= above / null > 0


def test_logistic_gap_at_no_coefficients_is_exact():
    problem = linear("planted-61x8-k3-float64-C", l1_ratio=1.0)
    y = problem.target
    share = y.mean()
    largest = np.abs(problem.X.T @ (y - share)).max() / 61
    null = -share * np.log(share) - (1 - share) * np.log(1 - share)
    nothing = np.zeros(8), np.log(share / (1 - share))
    for alpha in (largest, 2 * largest):
        assert logistic_gap(dataclasses.replace(problem, alpha=alpha), nothing) == pytest.approx(0, abs=1e-12)
    # the dual at half of y - mean
    t = np.abs(y - share) / 2
    dual = -(t * np.log(t) + (1 - t) * np.log(1 - t)).mean()
    assert logistic_gap(dataclasses.replace(problem, alpha=largest / 2), nothing) == pytest.approx(1 - dual / null)


def test_logistic_gap_of_sparse_data_is_that_of_dense():
    sparse = linear("sparse-60x40-0.1-float64-CSR")
    dense = dataclasses.replace(sparse, X=sparse.X.toarray())
    answer = np.random.default_rng(0).standard_normal(40), 1.0
    assert logistic_gap(sparse, answer) == pytest.approx(logistic_gap(dense, answer), rel=1e-12)


def test_a_contender_may_start_elsewhere_for_a_kind_of_work():
    peer = Peer("library", SimpleNamespace(FIRST_TOL=1e-3, FIRST_TOLS={"saga": 1e-5}))
    assert [peer.tolerances(work)[0] for work in ("lasso", "saga")] == [1e-3, 1e-5]


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_torch_s_loops_take_the_same_steps(loss):
    peers = [works.load(key) for key in ("torch_fused", "torch_gradient", "torch_by_hand")]
    if not all(peer.available() for peer in peers):
        pytest.skip(peers[0].reason)
    problem = linear("planted-300x8-k3-float32-C", loss=loss, batch_size=64, lr=0.05, epochs=3)
    (coef, intercept), *others = (WORKS["sgd_adamw"].bind(peer, problem)() for peer in peers)
    assert np.abs(coef).max() > 0.1
    for by_hand, its_intercept in others:
        assert by_hand == pytest.approx(coef, rel=1e-4, abs=1e-6)
        assert its_intercept == pytest.approx(intercept, rel=1e-4)


WORKER = """
import sys
from pathlib import Path

import numpy as np

directory, n, p, storage = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if storage == "dense":
    X = np.fromfile(directory / "X").reshape((n, p), order="F")
else:
    data, indices, indptr = (np.fromfile(directory / f"X.{s}", t) for s, t in zip(("data", "indices", "indptr"), "dii"))
    X = np.zeros((n, p))
    X[indices, np.repeat(np.arange(p), np.diff(indptr))] = data
y = np.fromfile(directory / "y")
print("ready", flush=True)
for line in sys.stdin:
    alphas = np.fromfile(directory / "alphas")
    if line.strip() == "0.5":
        print("error it will not", flush=True)
        continue
    if line.strip() == "0.25":
        sys.exit("it has had enough")
    for name, numbers in {
        "coefs.data": X.T @ y + alphas[-1],
        "coefs.indices": np.arange(p, dtype="i4"),
        "coefs.indptr": np.array([0] * len(alphas) + [p], dtype="i4"),
        "intercepts": alphas + (line.strip() == "NA"),
    }.items():
        numbers.tofile(directory / name)
    print(1234.5, flush=True)
"""


@pytest.mark.parametrize("name", ["planted-30x7-k3-float64-F", "sparse-30x7-0.3-float64-CSC"])
def test_a_worker_has_the_problem_and_times_itself(tmp_path, name):
    problem = problems.build_lasso(name)
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    command = (sys.executable, str(script))

    call = partial(_worker.path, command, problem, problem.alphas)
    number, seconds, answer = run.calibrate(partial(call, None), WORKS["lasso_path"])
    assert (number, seconds, run.timed(partial(call, None), 1, WORKS["lasso_path"])[0]) == (1, 1234.5, 1234.5)
    coefs, intercepts = answer
    assert not coefs[:, :-1].nnz and coefs.shape == (7, 100)
    coef, intercept = _worker.last(answer)
    assert coef == pytest.approx(problem.X.T @ problem.y + problem.alphas[-1]) and intercept == 1 + problem.alphas[-1]
    assert np.array_equal(intercepts, 1 + problem.alphas) and np.array_equal(call(0.1)[1], problem.alphas)
    assert _worker.last(answer).seconds == 1234.5
    lasso, lasso_path = _worker.works(command)
    assert np.array_equal(lasso_path(problem, None)[1], intercepts)
    assert lasso(problem, None)[1] == pytest.approx(1 + problem.alpha)

    (worker,) = _worker._WORKERS[problem].values()
    with pytest.raises(RuntimeError, match="it will not"):
        call(0.5)
    assert call(None).seconds == 1234.5  # which it survives
    with pytest.raises(RuntimeError, match="has ended: it has had enough"):
        call(0.25)
    process, directory = worker._process, worker._directory
    del problem, worker, call
    gc.collect()
    assert process.returncode is not None and not directory.exists()


def test_a_worker_whose_program_is_missing_says_so():
    with pytest.raises(ImportError, match="no-such-program cannot be run"):
        _worker.said("no-such-program")
    with pytest.raises(ImportError, match="no adelie"):
        _worker.said(sys.executable, "-c", "raise ImportError('no adelie')")
    assert _worker.said(sys.executable, "-c", "print('1.2')") == "1.2"


def test_peak_bytes_are_those_beyond_what_was_there():
    held = np.ones(1_000_000)
    peak, answer = peak_bytes(lambda: (held + 1.0).sum())
    assert 8e6 <= peak < 8.1e6 and answer == 2e6


def test_problems_are_the_same_numbers_in_every_form():
    first, again, other, single = (
        problems.build(f"ar1-50x7-{form}") for form in ("float64-C", "float64-C", "float64-F", "float32-F")
    )
    assert np.array_equal(first.X, again.X) and np.array_equal(first.y, again.y)
    assert np.array_equal(first.X, other.X)
    assert np.array_equal(first.X.astype(np.float32), single.X)
    assert first.X.flags.c_contiguous and other.X.flags.f_contiguous and single.X.flags.f_contiguous
    with pytest.raises(ValueError, match="KIND"):
        problems.build("nothing-1x1-float64-C")
    with pytest.raises(ValueError, match="CSR"):
        problems.build("sparse-10x10-0.1-float64-C")


def test_sparse_problems_have_the_density_of_their_name():
    X = problems.build("sparse-500x2000-0.02-float64-CSR").X
    assert X.nnz == pytest.approx(0.02 * 500 * 2000, rel=0.05) and X.has_canonical_format
    assert X.indices.dtype == np.int32
    counts = np.diff(X.tocsc().indptr)
    assert counts[:20].mean() > 5 * counts[-1000:].mean()


@pytest.mark.parametrize(
    ("name", "correlation"),
    [
        ("ar1-20000x5-float64-C", 0.5),
        ("planted-20000x5-k2-float64-F", 0.5),
        ("planted-20000x5-k2-r0.9-float64-F", 0.9),
    ],
)
def test_columns_are_correlated_as_promised(name, correlation):
    X = problems.build(name).X
    assert np.corrcoef(X.T)[0, 1:3] == pytest.approx([correlation, correlation**2], abs=0.03)


def test_planted_problems_have_their_coefficients_noise_and_copies():
    problem = problems.build("planted-4000x30-k6-float64-F")
    coef, *_ = np.linalg.lstsq(problem.X, problem.y)
    residual = problem.y - problem.X @ coef
    planted = np.abs(coef) > 0.1
    assert planted.sum() <= 6 and np.abs(coef[~planted]).max() < 0.1 and problem.X.flags.f_contiguous
    assert residual.std() / (problem.X @ coef).std() == pytest.approx(0.5, rel=0.05)
    copied = problems.build("planted-50x30-k6-duplicated-float64-F").X
    assert len(np.unique(copied, axis=1).T) == 20
    same = (copied == problems.build("planted-50x30-k6-float64-F").X).all(axis=0)
    assert same.sum() == 20


def test_csc_problems_hold_the_numbers_of_csr():
    rows, columns = (problems.build(f"sparse-50x40-0.1-float64-{storage}").X for storage in ("CSR", "CSC"))
    assert columns.format == "csc" and np.array_equal(rows.toarray(), columns.toarray())


def test_a_problem_without_its_data_leaves_out_the_row(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(problems, "find_spec", lambda name: None)
    path = tmp_path / "out.json"
    assert run.main(["--only", "lasso_path nci60", "--json", str(path)]) == 0
    assert "skipping lasso_path nci60-float64-F: package ISLP" in capsys.readouterr().err
    results = json.loads(path.read_text())
    assert results["rows"] == [] and any("ISLP" in line for line in results["skipped"])


def test_nci60_is_what_its_package_brings():
    try:
        problem = problems.build("nci60-float64-F")
    except problems.Missing as missing:
        pytest.skip(str(missing))
    assert problem.X.shape == (64, 6830) and problem.X.flags.f_contiguous and np.isfinite(problem.X).all()
    assert sorted(np.unique(problem.y)) == [0, 1] and problem.y.sum() == 9


def test_targets():
    seconds = {OURS: 1.0, REFERENCE: 2.0, LIMIT: 0.5}
    faster, within = Target("faster", REFERENCE, must=1.8, aim=2.5), Target("within", LIMIT, aim=1.1)
    assert faster.value(seconds) == 2.0 and within.value(seconds) == 2.0
    assert (faster.met(2.0, faster.must), faster.met(2.0, faster.aim)) == (True, False)
    assert (within.met(2.0, within.must), within.met(2.0, within.aim)) == (None, False)
    assert faster.value({REFERENCE: 2.0}) is None
    heavy = Target("bytes", must=56e6)
    assert heavy.value({OURS: 4e7}) == 4e7 and heavy.met(4e7, heavy.must) and not heavy.met(6e7, heavy.must)


def contender(median, loose=False, name=""):
    return {"name": name, "median": median, "loose": loose}


def test_the_fastest_peer_is_one_that_meets_the_tolerance():
    contenders = {
        OURS: contender(1.0),
        LIMIT: contender(0.1),
        REFERENCE: contender(5.0, name="scikit-learn"),
        "celer": contender(3.0, name="celer"),
        "loose": contender(0.5, loose=True),
        "broken": {"name": "broken", "error": "no"},
    }
    judged = report.judge_target(Target("faster", FASTEST, must=2.5, aim=5.0), contenders)
    assert (judged["measured"], judged["text"], judged["verdict"]) == (
        3.0,
        "times faster than the fastest peer, celer",
        "met, aim missed",
    )
    alone = {key: contenders[key] for key in (OURS, LIMIT, "loose")}
    assert report.judge_target(Target("faster", FASTEST, must=2.5), alone)["verdict"] == "not measured"


def test_groups_of_rows():
    rows = ROWS[:3]
    times = [(1.0, 4.0), (10.0, 10.0), (100.0, 1600.0)]
    results = [
        {"name": row.name, "contenders": {OURS: contender(ours), REFERENCE: contender(other, name="them")}}
        for row, (ours, other) in zip(rows, times, strict=True)
    ]
    mean = Group("mean", "geometric mean", rows, REFERENCE, must=4.0)
    count = Group("count", "rows", rows, REFERENCE, must=3, aim=2)
    growth = Group("growth", "growth", rows, must=1.0, sizes=(10, 100, 1000))
    found = {g["name"]: g["targets"][0] for g in report.judge_groups((mean, count, growth), results)}
    assert {name: target["measured"] for name, target in found.items()} == pytest.approx(
        {"mean": 4.0, "count": 2, "growth": 1.0}
    )
    assert [found[g.name]["verdict"] for g in (mean, count)] == ["met", "MISSED, aim met"]
    assert (report.bound(found["count"], 3), report.bound(found["growth"], 1.0)) == (">= 3", "<= 1")
    assert found["count"]["text"] == "rows in which faster than them"
    assert growth.met(1.01, 1.0) is False
    # a row left out, a loose answer
    (partial,) = report.judge_groups((mean,), results[:2])
    assert partial["targets"][0]["verdict"] == "not measured"
    results[1]["contenders"][OURS]["loose"] = True
    assert report.judge_groups((mean,), results)[0]["targets"][0]["verdict"] == "answer too loose"
    assert report.judge_groups((mean,), []) == []


def test_groups_are_of_rows_that_are_run():
    names = {row.name for row in ROWS}
    assert all(row.name in names for group in GROUPS for row in group.rows)


def test_targets_are_shown_with_their_units():
    contenders = {OURS: {"name": "shrinkage", "median": 41_234_000.0, "loose": False}}
    shown = report.judge_target(Target("bytes", must=56e6), contenders)
    assert (shown["text"], shown["verdict"]) == ("peak memory above X", "met")
    assert report.bound(shown, shown["must"]) == "<= 56 MB"
    assert report.amount(shown, shown["measured"], digits=3) == "41.2 MB"
    assert report.quantity(6e-5, "seconds") == "60 us" and report.quantity(12.5, "bytes") == "12.5 bytes"


@pytest.mark.parametrize(("seconds", "count"), [(20.0, 2), (100.0, 1)])
def test_a_slow_call_is_its_own_warm_up(monkeypatch, seconds, count):
    calls = []
    monkeypatch.setattr(run, "timed", lambda call, number, work: (calls.append(number) or seconds, call()))
    slow = dataclasses.replace(WORKS["ridge"], bind=lambda peer, problem: lambda: None)
    monkeypatch.setitem(WORKS, "slow", slow)
    row = dataclasses.replace(ROWS[0], work="slow", problem="gaussian-3x2-float64-C", contenders=(OURS,))
    found = run.run_row(row, 2, 0.0)["contenders"][OURS]
    assert calls == [1] * count and found["readings"] == [seconds] * count


def test_row_names_are_unique_and_small_problems_exist():
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_the_runner_writes_whole_files_or_none(tmp_path, monkeypatch):
    target = tmp_path / "out.json"
    target.write_text("before")
    only = ["--only", "ridge gaussian-100x10*", "--repeats", "1", "--pause", "0"]

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run.os, "replace", interrupted)
        assert run.main([*only, "--json", str(target)]) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"] and target.read_text() == "before"

    assert run.main(["--only", "no such row"]) == 2
    assert run.main([*only, "--json", str(tmp_path / "no" / "out.json")]) == 2


def test_an_update_replaces_its_rows_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "HERE", tmp_path)
    names = ["ridge gaussian-100x10-float64-C", "ridge_estimator gaussian-100x10-float64-C"]
    assert run.main(["--only", "gaussian-100x10-float64-C", "--repeats", "1", "--update"]) == 0
    before = json.loads((tmp_path / "results.json").read_text())
    assert [row["name"] for row in before["rows"]] == names
    assert run.main(["--only", names[1], "--repeats", "2", "--update"]) == 0
    after = json.loads((tmp_path / "results.json").read_text())
    assert after["rows"][0] == before["rows"][0]
    assert [len(row["contenders"]["ours"]["readings"]) for row in after["rows"]] == [1, 2]
    text = (tmp_path / "RESULTS.md").read_text()
    assert all(name in text for name in names) and "1 row: " in text
    assert [row["stamp"]["repeats"] for row in after["rows"]] == [1, 2]
    assert "; 1 repeat, 0.25 s before" in text and "; 2 repeats, 0.25 s before" in text


@pytest.mark.parametrize("option", ["--json", "--markdown"])
def test_an_update_names_no_files(option, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        run.parse(["--update", option, str(tmp_path / "out")])
    assert "leave out --json and --markdown" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machine": machine.identity() | {"cpu": "another"}}, "its cpu is 'another'"),
        ({"schema": 99}, "its schema is 99"),
        (None, "shrinkage cannot be imported (no such thing)"),
    ],
    ids=["another machine", "a later schema", "without ourselves"],
)
def test_an_update_that_cannot_be_written_times_nothing(monkeypatch, tmp_path, capsys, change, said):
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "run_row", lambda *_: pytest.fail("a row was timed"))
    if change is None:
        monkeypatch.setattr(run, "load", lambda key: Peer("shrinkage", None, "no such thing"))
    else:
        results = {"schema": run.SCHEMA, "machine": machine.identity(), "skipped": [], "rows": []} | change
        (tmp_path / "results.json").write_text(json.dumps(results))
    assert run.main(["--only", "gaussian-100x10-float64-C", "--update"]) == 2
    assert said in capsys.readouterr().err


def old(**rows):
    """Results as they were written before every row had its stamp."""
    facts = machine.facts() | {"date": "2026-01-01T00:00:00+00:00", "revision": "old", "numpy": "1.2.3", "blas": ["b"]}
    results = {"schema": 2, "machine": machine.identity() | facts, "rows": list(rows.values())}
    return results | {"run": {"only": None, "repeats": 7, "pause": 0.5}, "skipped": []}


def test_an_update_says_of_every_row_how_it_was_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "HERE", tmp_path)
    names = [row.name for row in ROWS if "gaussian-100x10-" in row.name]
    assert run.main(["--only", "gaussian-100x10-float64-C", "--repeats", "1", "--update"]) == 0
    first, second = json.loads((tmp_path / "results.json").read_text())["rows"]
    del first["stamp"], second["stamp"], first["contenders"]["scikit_learn"]
    before = old(first=first | {"revision": "older"}, second=second)
    lines = [
        "scikit_learn: it was not there",
        "limit: nor this",
        f"{names[1]}: left out",
        "lasso_path nci60-float64-F: no",
    ]
    (tmp_path / "results.json").write_text(json.dumps(before | {"skipped": lines}))
    assert run.main(["--only", names[1], "--repeats", "2", "--update"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    stamps = [row["stamp"] for row in results["rows"]]
    facts = [(stamp["revision"], stamp["numpy"], stamp["repeats"], stamp["pause"]) for stamp in stamps]
    assert facts == [("older", "1.2.3", 7, 0.5), (machine.facts()["revision"], np.__version__, 2, 0.25)]
    assert results["schema"] == run.SCHEMA and results["machine"] == machine.identity()
    assert results["skipped"] == [lines[0], lines[3]]
    text = (tmp_path / "RESULTS.md").read_text()
    assert "NumPy 1.2.3, SciPy" in text and "; b; 7 repeats, 0.5 s before each timing\n  - 1 row: 2026-01-01" in text


def test_the_committed_results_can_be_read():
    results = run.read(run.HERE / "results.json")
    text = report.markdown(results)
    assert results["rows"] and all(row["name"] in text for row in results["rows"])


def test_what_is_said_of_slow_calls_is_so():
    for text in (report.EXPLANATION, run.__doc__):
        assert f"{run.ONCE:g} s or more" in text
    assert f"{run.NO_WARM_UP:g} s or more" in run.__doc__


PARTS = [("active_set", "solve"), ("gaps", "measure"), ("algebra", "multiply")]


def test_the_profile_of_a_path_adds_up(capsys):
    before = {name: getattr(import_module(f"shrinkage._kernels.{module}"), name) for module, name in PARTS}
    profile_path.main(["planted-40x400-k6"])
    lines = capsys.readouterr().out.splitlines()
    parts = [float(line.split("%")[0]) for line in lines[1:]]
    assert len(parts) == len(profile_path.KINDS) + 1 and all(part >= 0 for part in parts)
    assert abs(sum(parts) - 100) <= len(parts)
    assert before == {name: getattr(import_module(f"shrinkage._kernels.{module}"), name) for module, name in PARTS}
