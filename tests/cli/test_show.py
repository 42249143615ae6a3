"""`shrinkage show`: what was printed when the model was fitted, from the file alone."""

import dataclasses
import json

import numpy as np
import pytest

import shrinkage
from shrinkage.conventions import CONVENTIONS
from shrinkage.persistence import Model, save


def test_show_repeats_what_fit_said(run, csv):
    fitted = run("fit", csv, "--target", "y", "-o", "m.npz", "--json").json
    shown = run("show", "m.npz", "--json").json
    own = {"seconds", "warnings", "columns_dropped"}
    assert shown.keys() == fitted.keys() - own
    assert shown == {key: value for key, value in fitted.items() if key not in own}


def test_show_prints_the_choice(run, csv):
    fitted = run("fit", csv, "--target", "y", "-o", "m.npz").out
    outcome = run("show", "m.npz")
    assert (outcome.code, outcome.err, outcome.new) == (0, "", [])
    lines = [line.rstrip() for line in fitted.splitlines() if not line.startswith(("time", "saved"))]
    assert outcome.out.split() == " ".join(lines).split()
    for words in ("best of 100 values", "RMSE, leave-one-out", "the optimum, proved", "data.csv: 24 rows"):
        assert words in outcome.out


def test_show_a_bare_fit_saved_from_python(run, numbers):
    save(shrinkage.ridge(*numbers, 2.0, convention="sum"), "m.npz")
    facts = run("show", "m.npz", "--json").json
    assert facts["alpha"] == pytest.approx(2.0 / 24) and facts["alpha_sum"] == pytest.approx(2.0)
    assert {entry["feature"] for entry in facts["coefficients"]} == {"x0", "x1"}
    assert "ridge regression of y" in run("show", "m.npz").out


def test_show_several_targets(run, numbers):
    X, y = numbers
    Y = np.column_stack([y, -2 * y, y + X[:, 0]])
    for per_target in (False, True):
        cv = shrinkage.ridge_cv(X, Y, [1.0, 0.1], alpha_per_target=per_target)
        save(cv, "m.npz")
        outcome = run("show", "m.npz")
        assert outcome.code == 0 and "RMSE" in outcome.out
        assert ["feature", "y0", "y1", "y2"] in [line.split() for line in outcome.out.splitlines()]
        assert next(line.split() for line in outcome.out.splitlines() if line.startswith("x1"))[1:] == [
            f"{value:.5g}" for value in cv.fit.coef[:, 1]
        ]
        facts = run("show", "m.npz", "--json").json
        assert facts["coefficients"][0]["coefficient"] == pytest.approx(cv.fit.coef[:, 1])


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("targets", [1, 2])
def test_show_converts_every_convention(run, numbers, convention, targets):
    X, y = numbers
    alpha = 0.5 if targets == 1 else [0.5, 0.25]
    fit = shrinkage.ridge(X, y if targets == 1 else np.c_[y, -y], alpha, convention=convention)
    save(fit, "m.npz")
    facts = run("show", "m.npz", "--json").json
    again = shrinkage.ridge(X, y if targets == 1 else np.c_[y, -y], facts["alpha"])
    np.testing.assert_allclose(again.coef, fit.coef, rtol=1e-10)
    np.testing.assert_allclose(facts["alpha_sum"], 24 * np.asarray(facts["alpha"]), rtol=1e-14)
    save(shrinkage.ridge_cv(X, y, [0.5, 0.25], convention=convention), "m.npz")
    facts = run("show", "m.npz", "--json").json
    assert facts["alpha"] == facts["score"]["alphas"][facts["score"]["index"]]
    assert sorted(facts["score"]["alphas"], reverse=True) == facts["score"]["alphas"]
    assert "best of 2 values" in run("show", "m.npz").out


@pytest.mark.parametrize("targets", [1, 2])
def test_show_a_model_without_features(run, numbers, targets):
    y = numbers[1]
    save(shrinkage.ridge_cv(np.empty((24, 0)), y if targets == 1 else np.c_[y, -y]), "m.npz")
    outcome = run("show", "m.npz")
    assert outcome.code == 0 and "24 rows, 0 features" in outcome.out and "intercept" in outcome.out
    assert "wider" not in outcome.out and "per sd:" not in outcome.out
    assert run("show", "m.npz", "--json").json["coefficients"] == []


@pytest.mark.parametrize("converged", [True, False])
def test_the_certificate_has_the_last_word(run, numbers, converged):
    fit = shrinkage.ridge(*numbers, 0.1)
    certificate = dataclasses.replace(fit.certificate, converged=converged, residual_ratio=1.0 if not converged else 99)
    save(dataclasses.replace(fit, certificate=certificate), "m.npz")
    out = run("show", "m.npz").out
    assert ("the optimum, proved" in out, "this is NOT the optimum" in out) == (converged, not converged)


def test_a_file_of_strange_values_is_shown_all_the_same(run, numbers):
    cv = shrinkage.ridge_cv(*numbers, [1.0, 0.1])
    fit = dataclasses.replace(cv.fit, coef=np.array([np.nan, 1e308]), solver="\x1b[31m")
    cv = dataclasses.replace(cv, fit=fit, score=-1.0)
    about = {"data": 7, "rows_dropped": "many", "seconds": "x", "training_r2": float("nan")}
    save(Model(fit, cv, None, about), "m.npz")
    outcome = run("show", "m.npz")
    assert (outcome.code, outcome.err) == (0, "") and "n/a" in outcome.out and "\x1b" not in outcome.out
    facts = json.loads(run("show", "m.npz", "--json").out, parse_constant=pytest.fail)
    assert facts["score"]["rmse"] is None and "data" not in facts and "seconds" not in facts


def test_show_refuses_what_is_no_model(refuse, csv):
    refuse("show", csv, words=["data.csv", "not a shrinkage model"])
    refuse("show", "none.npz", words=["'none.npz'", "No such file"])


def test_version(run):
    assert run("--version").out == f"shrinkage {shrinkage.__version__}\n"


def test_help(run):
    for args in ([], ["--help"]):
        outcome = run(*args)
        assert outcome.code == 0
        assert all(command in outcome.out for command in ("fit", "predict", "show"))
