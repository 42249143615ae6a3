"""`shrinkage fit`: how alpha is chosen, coefficients of zero or more, and intervals."""

import numpy as np
import pytest

import shrinkage
from shrinkage.persistence import load_model


def found(facts, key="coefficient"):
    return np.array([entry[key] for entry in sorted(facts["coefficients"], key=lambda entry: entry["feature"])])


@pytest.fixture
def signs(write):
    """Rows whose best coefficients have both signs, as data.csv with the columns a, b, c and y."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(50, 3)) * [1.0, 5.0, 0.2]
    y = X @ [1.0, -0.3, 4.0] + rng.normal(size=50)
    rows = np.column_stack([X, y]).tolist()
    write("a,b,c,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    return X, y


# --- folds, criteria and rules ------------------------------------------------------------------------------


def test_folds_are_those_of_ridge_cv_on_rows_dealt_out_at_random(run, csv, numbers):
    X, y = numbers
    facts = run("fit", csv, "--target", "y", "--cv", "4", "--alphas", "3,0.1,0.003", "--json", "-o", "m.npz").json
    order = np.random.default_rng(0).permutation(24)
    errors = np.empty((4, 3))
    for k, test in enumerate(np.array_split(order, 4)):
        train = np.setdiff1d(order, test)
        for j, alpha in enumerate([3.0, 0.1, 0.003]):
            errors[k, j] = np.mean((y[test] - shrinkage.ridge(X[train], y[train], alpha).predict(X[test])) ** 2)
    score = facts["score"]
    assert (score["method"], score["folds"], score["rule"]) == ("cv", 4, "min")
    assert score["scores"] == pytest.approx(errors.mean(axis=0))
    assert score["standard_errors"] == pytest.approx(errors.std(axis=0, ddof=1) / 2)
    assert facts["alpha"] == [3.0, 0.1, 0.003][errors.mean(axis=0).argmin()]
    np.testing.assert_allclose(load_model("m.npz").cross_validation.fold_scores, errors)
    out = run("fit", csv, "--target", "y", "--cv", "4").out
    assert "RMSE, 4-fold cross-validation" in out and "±" in out
    assert "RMSE, 4-fold cross-validation" in run("show", "m.npz").out


def test_sorted_files_do_not_mislead_folds(run, write):
    """Blocks of consecutive rows would be predicted from rows of other sizes alone."""
    x = np.linspace(0, 10, 200)
    y = np.cos(x) + np.random.default_rng(0).normal(size=200)
    write("x,y\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(x.tolist(), y.tolist(), strict=True)))
    mse = run("fit", "data.csv", "--target", "y", "--cv", "5", "--json").json["score"]["mse"]
    assert mse == pytest.approx(run("fit", "data.csv", "--target", "y", "--json").json["score"]["mse"], rel=0.03)
    assert mse < 0.9 * shrinkage.ridge_cv(x[:, None], y, cv=5).score


@pytest.mark.parametrize("weights", [[], ["--weights", "b", "--drop", "c"]])
def test_folds_with_weights_and_scales(run, write, weights):
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.normal(size=(30, 2)) * [1, 100], rng.uniform(1, 3, 30), rng.normal(size=30)])
    write("a,c,b,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist()))
    options = ["--standardize", "--cv", "3", "--alphas", "1,0.1", *weights]
    score = run("fit", "data.csv", "--target", "y", *options, "--json").json["score"]
    kept = [0] if weights else [0, 1, 2]
    s = rows[:, 2] if weights else np.ones(30)
    order = np.random.default_rng(0).permutation(30)
    errors = []
    for test in np.array_split(order, 3):
        train = np.setdiff1d(order, test)
        fit = shrinkage.ridge(
            rows[train][:, kept], rows[train, 3], 0.1, sample_weight=s[train] if weights else None, standardize=True
        )
        errors.append(np.average((rows[test, 3] - fit.predict(rows[test][:, kept])) ** 2, weights=s[test]))
    assert score["scores"][1] == pytest.approx(np.mean(errors), rel=1e-8)


@pytest.mark.parametrize("method", ["loo", "6"])
def test_the_rule_of_one_standard_error(run, csv, method):
    least = run("fit", csv, "--target", "y", "--cv", method, "--json").json
    outcome = run("fit", csv, "--target", "y", "--cv", method, "--rule", "1se", "--json", "-o", "m.npz").json
    score = outcome["score"]
    best = np.argmin(score["scores"])
    limit = score["scores"][best] + score["standard_errors"][best]
    assert score["index"] == np.flatnonzero(np.array(score["scores"]) <= limit)[0] < best
    assert outcome["alpha"] == score["alphas"][score["index"]] > least["alpha"]
    assert (score["rule"], least["score"]["rule"]) == ("1se", "min")
    for out in (run("fit", csv, "--target", "y", "--cv", method, "--rule", "1se").out, run("show", "m.npz").out):
        assert "largest of 100 values" in out and "within one standard error of the best score" in " ".join(out.split())


@pytest.mark.parametrize("method", ["aic", "bic"])
def test_criteria_are_not_called_errors(run, csv, numbers, method):
    X, y = numbers
    facts = run("fit", csv, "--target", "y", "--cv", method, "--json", "-o", "m.npz").json
    expected = shrinkage.ridge_cv(X, y, method=method)
    assert facts["alpha"] == pytest.approx(expected.alpha) and facts["score"]["value"] == pytest.approx(expected.score)
    assert facts["score"]["mse"] is None and facts["score"]["r2"] is None and facts["score"]["folds"] is None
    for out in (run("fit", csv, "--target", "y", "--cv", method).out, run("show", "m.npz").out):
        assert "information criterion" in out and "RMSE" not in out and "R²" in out and "n/a" not in out


def test_alpha_of_greatest_evidence(run, signs):
    X, y = signs
    facts = run("fit", "data.csv", "--target", "y", "--cv", "evidence", "--json", "-o", "m.npz").json
    expected = shrinkage.ridge_bayes(X, y)
    assert facts["alpha"] == pytest.approx(expected.alpha, rel=1e-9) and facts["score"] is None
    np.testing.assert_allclose(found(facts), expected.coef, rtol=1e-9)
    assert facts["log_evidence"] == pytest.approx(expected.log_evidence)
    assert facts["noise_sd"] == pytest.approx(expected.noise**0.5)
    options = ["fit", "data.csv", "--target", "y", "--cv", "evidence"]
    for out in (run(*options).out, run("show", "m.npz").out):
        assert "logarithm of the evidence" in out and "goes to" not in out and "any sign" not in out
    positive = run(*options, "--positive")
    assert f"{expected.alpha:.5g}" in positive.out and "any sign" in positive.out
    assert "chosen on the same rows" in " ".join(run(*options, "--intervals").out.split())


def test_evidence_without_a_maximum_is_pointed_out(run, write):
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=(30, 3)), rng.normal(size=30)])
    write("a,b,c,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in values.tolist()))
    edge = shrinkage.ridge_bayes(values[:, :3], values[:, 3]).at_edge
    assert edge is not None
    out = run("fit", "data.csv", "--target", "y", "--cv", "evidence").out
    assert f"grows as alpha goes to {edge}" in out


# --- coefficients of zero or more ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--standardize"]])
def test_positive_at_one_alpha(run, signs, options):
    from scipy.optimize import nnls

    X, y = signs
    facts = run("fit", "data.csv", "--target", "y", "--positive", "--alphas", "0.3", *options, "--json").json
    v = X.var(axis=0) if options else np.ones(3)
    Z = np.vstack([X - X.mean(axis=0), np.diag(np.sqrt(50 * 0.3 * v))])
    expected = nnls(Z, np.append(y - y.mean(), np.zeros(3)))[0]
    np.testing.assert_allclose(found(facts), expected, rtol=1e-9)
    assert found(facts)[1] == 0.0 and facts["positive"] is True and facts["score"] is None
    assert facts["certificate"]["converged"] is True
    out = run("fit", "data.csv", "--target", "y", "--positive", "--alphas", "0.3", *options, "-o", "m.npz").out
    assert "no coefficient may be negative" in out and "no coefficient may be negative" in run("show", "m.npz").out
    assert load_model("m.npz").fit.coef.min() == 0.0


def test_positive_takes_the_alpha_of_any_sign_and_says_whose_score_it_is(run, signs):
    plain = run("fit", "data.csv", "--target", "y", "--json").json
    facts = run("fit", "data.csv", "--target", "y", "--positive", "--json", "-o", "m.npz").json
    assert facts["alpha"] == plain["alpha"] and facts["score"] == plain["score"]
    assert facts["training_r2"] < plain["training_r2"]
    own = run("fit", "data.csv", "--target", "y", "--positive", "--alphas", repr(facts["alpha"]), "--json").json
    np.testing.assert_array_equal(found(own), found(facts))
    for out in (run("fit", "data.csv", "--target", "y", "--positive").out, run("show", "m.npz").out):
        assert "RMSE, leave-one-out, coefficients of any sign" in " ".join(out.split())
    assert "of any sign" not in run("fit", "data.csv", "--target", "y").out


def test_positive_with_constant_columns(run, write):
    write("a,k,y\n1,5,1\n2,5,3\n4,5,2\n3,5,4\n")
    facts = run("fit", "data.csv", "--target", "y", "--positive", "--alphas", "0.1", "--json").json
    assert found(facts)[1] == 0.0 < found(facts)[0]


# --- intervals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--standardize"], ["--cv", "5", "--rule", "1se"], ["--weights", "c"]])
def test_intervals_are_those_of_ridge_inference(run, signs, write, options):
    X, y = signs
    if "--weights" in options:
        X = np.column_stack([X[:, :2], np.abs(X[:, 2])])
        rows = np.column_stack([X, y]).tolist()
        write("a,b,c,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    facts = run("fit", "data.csv", "--target", "y", *options, "--intervals", "--json").json
    settings = {"standardize": "--standardize" in options}
    if "--weights" in options:
        X, settings["sample_weight"] = X[:, :2], X[:, 2]
    expected = shrinkage.ridge_inference(X, y, facts["alpha"], **settings)
    np.testing.assert_allclose(found(facts, "standard_error"), expected.standard_errors, rtol=1e-9)
    np.testing.assert_allclose(found(facts, "lower"), expected.intervals[:, 0], rtol=1e-8)
    np.testing.assert_allclose(found(facts, "upper"), expected.intervals[:, 1], rtol=1e-8)
    about = facts["intervals"]
    assert about["intercept"]["standard_error"] == pytest.approx(expected.intercept_standard_error)
    assert [about["intercept"]["lower"], about["intercept"]["upper"]] == pytest.approx(expected.intercept_interval)
    assert about["residual_sd"] == pytest.approx(expected.residual_variance**0.5)
    assert about["level"] == 0.95 and found(facts, "p_value").tolist() == [None] * X.shape[1]
    assert "not for the true coefficients" in about["caveat"] and "chosen on the same rows" in about["caveat"]


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_intervals_as_a_person_sees_them(run, signs, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    out = run("fit", "data.csv", "--target", "y", "--intervals").out
    text = " ".join(out.split())
    assert "for the expectation of the ridge estimator" in text and "not for the true coefficients" in text
    assert "chosen on the same rows" in text and "…" not in out
    assert max(map(len, out.splitlines()[:-1])) <= int(columns)
    if columns == "200":
        header = next(line for line in out.splitlines() if line.startswith("feature"))
        assert header.split() == ["feature", "coefficient", "std", "error", "95", "%", "from", "to"]


def test_least_squares_has_p_and_no_caveat(run, signs):
    X, y = signs
    expected = shrinkage.ridge_inference(X, y)
    facts = run("fit", "data.csv", "--target", "y", "--alphas", "0", "--intervals", "--json").json
    np.testing.assert_allclose(found(facts, "p_value"), expected.p_values, rtol=1e-7)
    assert facts["intervals"]["caveat"] is None
    out = run("fit", "data.csv", "--target", "y", "--alphas", "0", "--intervals").out
    assert "expectation" not in out
    row = next(line.split() for line in out.splitlines() if line.startswith("a "))
    assert float(row[-1]) == pytest.approx(expected.p_values[0], rel=0.05)


def test_intervals_where_columns_are_constant_or_dependent(run, refuse, write):
    write("a,k,y\n1,5,1\n2,5,3\n4,5,2\n3,5,4\n6,5,5\n")
    facts = run("fit", "data.csv", "--target", "y", "--intervals", "--json").json
    assert facts["coefficients"][1]["standard_error"] is None
    assert "n/a" in run("fit", "data.csv", "--target", "y", "--intervals").out
    write("a,b,y\n1,2,1\n2,4,3\n4,8,2\n3,6,4\n6,12,5\n")
    refuse(
        "fit", "data.csv", "--target", "y", "--alphas", "0", "--intervals", "-o", "m.npz",
        words=["rank 1 for 2 coefficients", "no standard errors", "alpha > 0"],
    )  # fmt: skip


def test_the_model_file_is_the_same_with_intervals(run, signs):
    run("fit", "data.csv", "--target", "y", "-o", "one.npz")
    run("fit", "data.csv", "--target", "y", "--intervals", "-o", "two.npz")
    one, two = load_model("one.npz"), load_model("two.npz")
    np.testing.assert_array_equal(one.fit.coef, two.fit.coef)
    assert one.about == two.about


# --- what makes no sense ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--cv", "1"], ["--cv", "1 is too few folds"]),
        (["--cv", "-3"], ["--cv", "too few folds"]),
        (["--cv", "2.5"], ["--cv", "'2.5' is none of loo, gcv, aic, bic, evidence"]),
        (["--cv", "cv"], ["--cv", "'cv' is none of"]),
        (["--rule", "2se"], ["--rule", "2se"]),
        (["--rule", "1se", "--cv", "gcv"], ["--rule", "standard error", "not gcv"]),
        (["--rule", "1se", "--cv", "bic"], ["--rule", "standard error", "not bic"]),
        (["--rule", "1se", "--cv", "evidence"], ["--rule", "standard error", "not evidence"]),
        (["--cv", "evidence", "--alphas", "1,0.1"], ["--cv", "finds its own alpha", "--alphas"]),
        (["--rule", "1se", "--alphas", "0.1"], ["--rule", "one alpha, so nothing to choose"]),
        (["--rule", "min", "--alphas", "0.1", "--cv", "loo"], ["--rule", "nothing to choose"]),
        (["--positive", "--intervals"], ["--intervals", "leave out --positive"]),
    ],
)
def test_wrong_combinations_exit_with_2(refuse, csv, args, words):
    refuse("fit", csv, "--target", "y", *args, code=2, words=words)


def test_more_folds_than_rows(refuse, csv):
    refuse("fit", csv, "--target", "y", "--cv", "25", words=["--cv 25", "more folds than there are rows (24)"])


def test_help_says_what_alpha_of_positive_and_what_intervals_are(run):
    text = " ".join(run("fit", "--help").out.replace("│", " ").split())
    for words in (
        "leave-one-out (loo, the default",
        "coefficients of any sign",
        "not for the true coefficients",
        "at random",
    ):
        assert words in text
