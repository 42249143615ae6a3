"""The judges can tell a right answer from a wrong one, and bad arguments write nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench import problems, report, run
from bench.rows import LIMIT, OURS, REFERENCE, ROWS, Target
from bench.works import (
    WORKS,
    k_fold_curve,
    leave_one_out_curve,
    peak_bytes,
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


def test_columns_are_correlated_as_promised():
    X = problems.build("ar1-20000x5-float64-C").X
    assert np.corrcoef(X.T)[0, 1:3] == pytest.approx([0.5, 0.25], abs=0.03)


def test_targets():
    seconds = {OURS: 1.0, REFERENCE: 2.0, LIMIT: 0.5}
    faster, within = Target("faster", REFERENCE, must=1.8, aim=2.5), Target("within", LIMIT, aim=1.1)
    assert faster.value(seconds) == 2.0 and within.value(seconds) == 2.0
    assert (faster.met(2.0, faster.must), faster.met(2.0, faster.aim)) == (True, False)
    assert (within.met(2.0, within.must), within.met(2.0, within.aim)) == (None, False)
    assert faster.value({REFERENCE: 2.0}) is None
    heavy = Target("bytes", must=56e6)
    assert heavy.value({OURS: 4e7}) == 4e7 and heavy.met(4e7, heavy.must) and not heavy.met(6e7, heavy.must)


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
