"""The judges can tell a right answer from a wrong one, and bad arguments write nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench import problems, run
from bench.rows import LIMIT, OURS, REFERENCE, ROWS, Target
from bench.works import leave_one_out_curve, ridge_cv_error, ridge_residual

NAMES = ["ar1-60x8-float64-C", "ar1-9x30-float64-F"]


def closed_form(X, y, strength):
    mean = X.mean(axis=0)
    Xc, yc = X - mean, y - y.mean()
    coef = np.linalg.solve(Xc.T @ Xc + strength * np.eye(X.shape[1]), Xc.T @ yc)
    return coef, y.mean() - mean @ coef


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
    problem = problems.build(NAMES[0])
    strength = problem.n_samples * problem.alpha
    Y = np.column_stack([problem.y, problem.y[::-1]])
    (first, b), (second, c) = (closed_form(problem.X, y, strength) for y in Y.T)
    both = dataclasses.replace(problem, y=Y)
    assert ridge_residual(both, (np.vstack([first, second]), np.array([b, c]))) < 1e-12
    assert ridge_residual(both, (np.vstack([first, 2 * second]), np.array([b, c]))) > 1e-2


def test_blocks_of_rows_add_up():
    problem = problems.build("gaussian-5000x4-float64-C")  # three blocks, the last one short
    answer = closed_form(problem.X, problem.y, problem.n_samples * problem.alpha)
    assert ridge_residual(problem, answer) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_leave_one_out_is_that_of_explicit_refits(name):
    problem = dataclasses.replace(problems.build(name), alphas=np.array([1.0, 0.01]))
    X, y, n = problem.X, problem.y, problem.n_samples
    curve = leave_one_out_curve(problem)
    for alpha, score in zip(problem.alphas, curve, strict=True):
        errors = []
        for i in range(n):
            kept = np.arange(n) != i
            coef, intercept = closed_form(X[kept], y[kept], n * alpha)
            errors.append(y[i] - intercept - X[i] @ coef)
        assert score == pytest.approx(np.mean(np.square(errors)), rel=1e-9)

    best = int(np.argmin(curve))
    fits = [closed_form(X, y, n * alpha) for alpha in problem.alphas]
    assert ridge_cv_error(problem, (*fits[best], problem.alphas[best], curve[best])) < 1e-10
    assert ridge_cv_error(problem, (*fits[1 - best], problem.alphas[1 - best], curve[1 - best])) > 1e-4
    assert ridge_cv_error(problem, (*fits[best], problem.alphas[best], 1.01 * curve[best])) > 1e-3


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
