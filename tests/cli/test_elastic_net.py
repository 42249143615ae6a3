"""`shrinkage fit --model lasso` and `elastic-net`: how alpha is chosen, and in which order features enter."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import shrinkage
from shrinkage import cli
from shrinkage.persistence import Model, load_model, save

DIABETES = Path(__file__).parents[2] / "examples" / "diabetes.csv"
LASSO = ("--target", "y", "--model", "lasso")
NET = ("--target", "y", "--model", "elastic-net")


def found(facts, key="coefficient"):
    return [entry[key] for entry in sorted(facts["coefficients"], key=lambda entry: entry["feature"])]


def folds(count, n):
    order = np.random.default_rng(0).permutation(n)
    return [(np.setdiff1d(order, test), test) for test in np.array_split(order, count)]


@pytest.fixture
def rows(write):
    """60 rows of which three of six features matter, as data.csv with the columns a to f, s and y."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(60, 6)) * [1.0, 3.0, 0.5, 1.0, 1.0, 2.0]
    y = X @ [2.0, -0.3, 0.0, 0.6, 0.0, 0.0] + rng.normal(size=60)
    s = rng.integers(1, 4, 60).astype(float)
    lines = [",".join(map(repr, row)) for row in np.column_stack([X, s, y]).tolist()]
    write("a,b,c,d,e,f,s,y\n" + "\n".join(lines) + "\n")
    return X, y, s


# --- what it prints -----------------------------------------------------------------------------------------


def test_diabetes_as_a_person_sees_it(run):
    options = ["--target", "progression", "--model", "lasso", "--cv", "10", "--rule", "1se", "-o", "model.npz"]
    outcome = run("fit", DIABETES, *options)
    assert outcome.code == 0 and outcome.err == "" and outcome.new == ["model.npz"]
    for words in (
        "lasso of progression",
        "442 rows, 10 features",
        "alpha |w|₁",
        "alpha of the best score",
        "the largest within one standard error of it",
        "RMSE, 10-fold cross-validation",
        "±",
        "R²",
        "of the variance of progression, on the rows it was fitted to",
        "of 10 features",
        "this is the optimum, proved",
        "relative duality gap",
        "entry: the order in which features enter",
        "saved to model.npz",
    ):
        assert words in outcome.out
    assert "any sign" not in outcome.out and "Ridge" not in outcome.out
    header = next(line.split() for line in outcome.out.splitlines() if line.startswith("feature "))
    assert header == ["feature", "coefficient", "per", "sd", "entry", "at", "alpha"]
    table = outcome.out[outcome.out.index("feature ") :].splitlines()[1:11]
    fit = load_model("model.npz").fit
    place = {name: j for j, name in enumerate(fit.feature_names)}
    listed = [line.split() for line in table]
    assert sorted(line[0] for line in listed) == sorted(place)
    effects = [abs(fit.coef[place[line[0]]]) * fit.feature_scale[place[line[0]]] for line in listed]
    assert effects == sorted(effects, reverse=True)
    assert sorted(int(line[3]) for line in listed) == list(range(1, 11))


#: Efron, Hastie, Johnstone and Tibshirani (2004), Annals of Statistics 32(2), figure 1, by the names of the file.
PUBLISHED = ["bmi", "s5", "bp", "s3", "sex", "s6", "s1", "s4", "s2", "age"]


def test_features_enter_in_the_published_order(run):
    alphas = ",".join(map(repr, np.geomspace(45.2, 0.2, 400).tolist()))
    options = ["--target", "progression", "--model", "lasso", "--standardize", "--cv", "bic"]
    facts = run("fit", DIABETES, *options, "--alphas", alphas, "--json").json
    ranks = {entry["entry"]: entry["feature"] for entry in facts["coefficients"]}
    assert [ranks[rank] for rank in range(1, 11)] == PUBLISHED
    entered = [entry["entry_alpha"] for entry in sorted(facts["coefficients"], key=lambda entry: entry["entry"])]
    assert entered == sorted(entered, reverse=True)
    top = shrinkage.alpha_max(*diabetes(), standardize=True)
    assert 0.985 * top < entered[0] < top
    # A coarser path has the first two at the same alpha
    entries = run("fit", DIABETES, *options, "--json").json["coefficients"]
    ranks = {entry["feature"]: (entry["entry"], entry["entry_alpha"]) for entry in entries}
    assert ranks["bmi"] == ranks["s5"] and ranks["bmi"][0] == 1 and ranks["bp"][0] == 3


def diabetes():
    table = np.genfromtxt(DIABETES, delimiter=",", names=True)
    X = np.column_stack([table[name] for name in table.dtype.names if name != "progression"])
    return X, table["progression"]


def test_a_feature_that_left_has_entered_and_is_zero(run):
    X, y = diabetes()
    path = shrinkage.elastic_net_path(X, y, 400, standardize=True)
    s3 = path.coefs[[6], :].toarray()[0]
    k = next(k for k in range(1, 400) if s3[k] == 0 and s3[k - 1] != 0)
    save(Model(path[k], path=path), "m.npz")
    facts = run("show", "m.npz", "--json").json
    entry = next(entry for entry in facts["coefficients"] if entry["feature"] == "x6")
    assert entry["coefficient"] == 0.0 and entry["entry"] == 4
    assert entry["entry_alpha"] == path.alphas[np.flatnonzero(s3)[0]]
    assert facts["score"] is None and facts["deviance_explained"] == path.deviance_explained[k]


def test_features_that_never_enter(run, rows):
    facts = run("fit", "data.csv", *LASSO, "--drop", "s", "--alphas", "1.5,1", "--json").json
    never = [entry for entry in facts["coefficients"] if entry["entry"] is None]
    assert {entry["feature"] for entry in never} >= {"c", "d", "e", "f"}
    assert all(entry["entry_alpha"] is None and entry["coefficient"] == 0.0 for entry in never)
    assert facts["coefficients"][-len(never) :] == never
    out = run("fit", "data.csv", *LASSO, "--drop", "s", "--alphas", "1.5,1").out
    assert next(line.split() for line in out.splitlines() if line.startswith("c ")) == ["c", "0", "0"]


@pytest.mark.parametrize("columns", ["40", "64", "80", "200"])
def test_nothing_is_cut_off_in_a_narrow_terminal(run, rows, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    outcome = run("fit", "data.csv", *NET, "--l1-ratio", "0.5,0.9")
    assert outcome.code == 0 and "…" not in outcome.out
    assert max(map(len, outcome.out.splitlines()[:-1])) <= int(columns)
    lines = [line.split() for line in outcome.out.splitlines() if line.strip()]
    start = next(k for k, line in enumerate(lines) if line[:2] == ["feature", "coefficient"])
    assert "entry" in lines[start] and ("alpha" in lines[start]) == (columns != "40")
    assert sorted(line[0] for line in lines[start + 1 : start + 8]) == ["a", "b", "c", "d", "e", "f", "s"]


# --- how alpha is chosen ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "settings", "count"),
    [
        ([], {}, 10),
        (["--cv", "4", "--rule", "1se"], {"rule": "1se"}, 4),
        (["--cv", "5", "--standardize", "--positive"], {"standardize": True, "lower": 0.0}, 5),
        (["--cv", "5", "--alphas", "0.01,1,0.1"], {"alphas": [1.0, 0.1, 0.01]}, 5),
        (["--cv", "5", "--alphas", "0.2"], {"alphas": [0.2]}, 5),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_folds_are_those_of_cross_validate_on_rows_dealt_out_at_random(run, rows, options, settings, count, weighted):
    X, y, s = rows
    column = ["--weights", "s"] if weighted else ["--drop", "s"]
    facts = run("fit", "data.csv", *LASSO, *column, *options, "--json", "-o", "m.npz").json
    expected = shrinkage.cross_validate(
        X, y, folds=folds(count, 60), sample_weight=s if weighted else None, **settings
    )  # fmt: skip
    score = facts["score"]
    assert (score["method"], score["folds"], score["rule"]) == ("cv", count, settings.get("rule", "min"))
    assert facts["alpha"] == pytest.approx(expected.alpha, rel=1e-12)
    assert [score["alpha_min"], score["alpha_1se"]] == pytest.approx([expected.alpha_min, expected.alpha_1se])
    assert score["mse"] == score["value"] == pytest.approx(expected.score)
    assert score["mse_standard_error"] == score["standard_error"] == pytest.approx(expected.standard_error)
    assert score["rmse"] == pytest.approx(expected.score**0.5)
    assert score["scores"] == pytest.approx(expected.scores[0])
    variance = np.average((y - np.average(y, weights=s if weighted else None)) ** 2, weights=s if weighted else None)
    assert score["r2"] == pytest.approx(1 - expected.score / variance)
    np.testing.assert_allclose(found(facts), expected.fit.coef, rtol=1e-9, atol=1e-12)
    assert facts["deviance_explained"] == pytest.approx(expected.path.deviance_explained[expected.index[1]])
    assert facts["deviance_explained"] == pytest.approx(facts["training_r2"])
    assert facts["n_active"] == np.count_nonzero(expected.fit.coef)
    assert facts["certificate"]["converged"] is True and facts["certificate"]["residual_ratio"] is None
    assert ("entry" in facts["coefficients"][0]) == (len(expected.path) > 1)
    assert (facts["model"], facts["l1_ratio"]) == ("lasso", 1.0)
    np.testing.assert_allclose(load_model("m.npz").cross_validation.fold_scores, expected.fold_scores)


def test_of_several_l1_ratios_folds_choose(run, rows):
    X, y, _ = rows
    facts = run("fit", "data.csv", *NET, "--drop", "s", "--l1-ratio", "0.9,0.1,0.5", "--cv", "6", "--json").json
    expected = shrinkage.cross_validate(X, y, l1_ratio=[0.9, 0.1, 0.5], folds=folds(6, 60))
    assert facts["model"] == "elastic-net" and facts["l1_ratio"] == expected.l1_ratio
    assert facts["score"]["l1_ratios"] == [0.9, 0.1, 0.5]
    assert facts["score"]["best_scores"] == pytest.approx(expected.scores.min(axis=1))
    assert facts["score"]["alphas"] == pytest.approx(expected.path.alphas)
    assert facts["alpha"] == facts["score"]["alphas"][facts["score"]["index"]] == pytest.approx(expected.alpha)
    out = run("fit", "data.csv", *NET, "--drop", "s", "--l1-ratio", "0.9,0.1,0.5", "--cv", "6").out
    assert "elastic net of y" in out and f"{expected.l1_ratio:g}" in out and "best of 0.9, 0.1, 0.5" in out
    # One alpha leaves the ratio to choose
    facts = run("fit", "data.csv", *NET, "--drop", "s", "--l1-ratio", "0.9,0.1", "--alphas", "0.3", "--json").json
    assert facts["score"]["folds"] == 10 and facts["l1_ratio"] in (0.9, 0.1)


def test_elastic_net_has_half_of_each_by_default(run, rows):
    X, y, _ = rows
    facts = run("fit", "data.csv", *NET, "--drop", "s", "--alphas", "0.3", "--json").json
    np.testing.assert_allclose(found(facts), shrinkage.elastic_net(X, y, 0.3, l1_ratio=0.5).coef, rtol=1e-9)
    assert facts["l1_ratio"] == 0.5


def test_ridge_among_the_ratios(run, rows):
    X, y, _ = rows
    options = ["--drop", "s", "--l1-ratio", "0", "--alphas", "1,0.1", "--cv", "5", "-o", "m.npz"]
    facts = run("fit", "data.csv", *NET, *options, "--json").json
    np.testing.assert_allclose(found(facts), shrinkage.ridge(X, y, facts["alpha"]).coef, rtol=1e-9)
    assert facts["model"] == "elastic-net" and facts["n_active"] == 6 and "entry" not in facts["coefficients"][0]
    assert facts["deviance_explained"] == facts["training_r2"]
    assert "elastic net of y" in run("show", "m.npz").out


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic"])
def test_criteria_along_the_path(run, rows, criterion):
    X, y, _ = rows
    options = ["--drop", "s", "--l1-ratio", "0.8", "--cv", criterion, "-o", "m.npz"]
    facts = run("fit", "data.csv", *NET, *options, "--json").json
    path = shrinkage.elastic_net_path(X, y, l1_ratio=0.8)
    expected, values = path.select(criterion), path.criterion(criterion)
    np.testing.assert_allclose(found(facts), expected.coef, rtol=1e-9, atol=1e-12)
    score = facts["score"]
    assert (score["method"], score["folds"], score["mse"], score["r2"]) == (criterion, None, None, None)
    assert score["scores"] == pytest.approx(values) and score["value"] == pytest.approx(np.min(values))
    assert facts["alpha"] == score["alphas"][score["index"]] == pytest.approx(expected.alpha)
    names = {"aic": "Akaike's", "bic": "Bayesian", "ebic": "extended Bayesian"}
    for out in (run("fit", "data.csv", *NET, *options).out, run("show", "m.npz").out):
        assert f"{names[criterion]} information criterion; the smallest is chosen" in out
        assert "RMSE" not in out and "standard error" not in out and "n/a" not in out


def test_one_alpha_is_fitted_without_a_path(run, rows):
    X, y, s = rows
    facts = run("fit", "data.csv", *LASSO, "--weights", "s", "--alphas", "0.1", "--json", "-o", "m.npz").json
    fit = shrinkage.elastic_net(X, y, 0.1, sample_weight=s)
    np.testing.assert_allclose(found(facts), fit.coef, rtol=1e-9, atol=1e-12)
    assert facts["score"] is None and "entry" not in facts["coefficients"][0]
    assert facts["deviance_explained"] == pytest.approx(fit.score(X, y, sample_weight=s))
    out = run("show", "m.npz").out
    assert "entry" not in out and "RMSE" not in out and "lasso of y" in out


def test_the_score_of_positive_coefficients_is_their_own(run, rows):
    facts = run("fit", "data.csv", *LASSO, "--drop", "s", "--positive", "--json").json
    assert min(found(facts)) == 0.0 and facts["positive"] is True
    assert facts["score"]["mse"] > run("fit", "data.csv", *LASSO, "--drop", "s", "--json").json["score"]["mse"]
    out = run("fit", "data.csv", *LASSO, "--drop", "s", "--positive").out
    assert "no coefficient may be negative" in out and "any sign" not in out


def test_few_rows_have_fewer_folds(run, refuse, write):
    write("a,b,y\n1,2,1\n2,1,3\n4,3,2\n3,5,4\n6,4,5\n")
    assert run("fit", "data.csv", *LASSO, "--json").json["score"]["folds"] == 5
    refuse("fit", "data.csv", *LASSO, "--cv", "6", words=["--cv 6", "more folds than there are rows (5)"])


@pytest.mark.parametrize("model", ["lasso", "ridge"])
def test_rows_of_positive_weight_are_dealt_to_folds(run, refuse, write, model):
    rng = np.random.default_rng(5)
    table = np.column_stack([rng.normal(size=(100, 3)), np.arange(100) % 13 == 0])
    write("a,b,y,s\n" + "\n".join(",".join(map(repr, row)) for row in table.tolist()) + "\n")
    options = ("--target", "y", "--weights", "s", "--model", model)
    facts = run("fit", "data.csv", *options, *["--cv", "8"] * (model == "ridge"), "--json").json
    # a fold of rows without weight would have no score, and there are eight rows that have some
    assert facts["score"]["folds"] == 8 and np.isfinite(facts["score"]["scores"]).all()
    refuse("fit", "data.csv", *options, "--cv", "9", words=["--cv 9", "than there are rows of positive weight (8)"])


def test_constant_columns_never_enter(run, write):
    write("a,k,y\n1,5,1\n2,5,3\n4,5,2\n3,5,4\n6,5,5\n")
    for options in ([], ["--standardize"], ["--positive"], ["--cv", "bic"], ["--alphas", "0.1"]):
        facts = run("fit", "data.csv", *LASSO, *options, "--json").json
        assert found(facts)[1] == 0.0 < found(facts)[0] and facts["constant"] == ["k"]
        assert facts["coefficients"][1].get("entry") is None


def test_the_small_end_of_the_grid_is_pointed_out(run, rows):
    options = ["fit", "data.csv", *LASSO, "--drop", "s"]
    assert "did best: a wider --alphas" in run(*options, "--alphas", "1.5,1,0.5").out
    assert "wider" not in run(*options, "--alphas", "100,0.05,0.000001").out


# --- the file and the process -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [["--rule", "1se"], ["--cv", "ebic"], ["--alphas", "0.1"], ["--model", "elastic-net", "--l1-ratio", "0.5,1"]],
)
def test_show_repeats_what_fit_said_and_predict_predicts(run, rows, options):
    X, _, s = rows
    fitted = run("fit", "data.csv", *LASSO, *options, "-o", "m.npz", "--json").json
    shown = run("show", "m.npz", "--json").json
    own = {"seconds", "warnings", "columns_dropped"}
    assert shown == {key: value for key, value in fitted.items() if key not in own}
    out = run("fit", "data.csv", *LASSO, *options, "-o", "m.npz").out
    lines = [line.rstrip() for line in out.splitlines() if not line.startswith(("time", "saved"))]
    assert run("show", "m.npz").out.split() == " ".join(lines).split()
    run("predict", "m.npz", "data.csv", "-o", "out.csv")
    predicted = np.loadtxt("out.csv", skiprows=1)
    np.testing.assert_allclose(predicted, load_model("m.npz").fit.predict(np.column_stack([X, s])), rtol=1e-12)


def test_names_are_those_of_the_columns_all_along_the_path(run, rows):
    for options in (["--cv", "bic"], [], ["--l1-ratio", "0", "--alphas", "1,0.1"]):
        run("fit", "data.csv", *NET, *options, "-o", "m.npz")
        path = load_model("m.npz").whole_path
        names = ("a", "b", "c", "d", "e", "f", "s")
        assert path.feature_names == path[0].feature_names == names and path[0].target_names == ("y",)


def test_show_and_predict_of_a_path_from_python(run, refuse, rows):
    X, y, _ = rows
    save(shrinkage.elastic_net_path(X, y, 5), "m.npz")
    for args in (["show", "m.npz"], ["predict", "m.npz", "data.csv", "-o", "-"]):
        refuse(*args, words=["a path and no single model", "path[k]"])


def test_show_what_python_saved(run, rows):
    X, y, _ = rows
    save(shrinkage.cross_validate(X, y, 20, metric="mae", rule="1se"), "m.npz")
    outcome = run("show", "m.npz")
    assert outcome.code == 0 and "mean absolute error, 10-fold" in outcome.out and "RMSE" not in outcome.out
    assert run("show", "m.npz", "--json").json["score"]["mse"] is None
    cv = shrinkage.cross_validate(X, y, 20, convention="inverse", folds=[(np.arange(40), np.arange(40, 60))])
    save(cv, "m.npz")
    facts = run("show", "m.npz", "--json").json
    assert facts["alpha"] == pytest.approx(1 / (60 * cv.alpha)) and facts["score"]["alpha_1se"] is None
    assert facts["score"]["alphas"] == sorted(facts["score"]["alphas"], reverse=True)
    assert run("show", "m.npz").code == 0
    fit = shrinkage.elastic_net(X, np.c_[y, -y], (0.2, 0.1), convention="two_lambda")
    save(fit, "m.npz")
    facts = run("show", "m.npz", "--json").json
    assert facts["model"] == "elastic-net" and facts["alpha"] == pytest.approx(0.4)
    assert facts["n_active"] == np.count_nonzero(fit.coef.any(axis=0))
    assert "elastic net of y0, y1" in run("show", "m.npz").out


def test_show_a_path_of_several_targets(run, rows):
    """The columns of the targets lie side by side, and a feature enters with all of them."""
    X, y, _ = rows
    cv = shrinkage.cross_validate(X, np.c_[y, X[:, 2] - 0.3 * y], multi_task=True, l1_ratio=0.9)
    save(cv, "m.npz")
    facts = run("show", "m.npz", "--json").json
    W = cv.path.coefs.toarray().reshape(6, len(cv.path), 2).any(axis=2)
    assert found(facts, "entry_alpha") == cv.path.alphas[W.argmax(axis=1)].tolist() and W.any(axis=1).all()
    assert found(facts, "entry") == [1 + int((W.argmax(axis=1) < k).sum()) for k in W.argmax(axis=1)]
    assert facts["n_active"] == cv.path.n_active[cv.index[1]] and facts["model"] == "elastic-net"
    assert facts["score"]["mse"] == cv.score
    outcome = run("show", "m.npz")
    assert outcome.code == 0 and "RMSE, 10-fold" in outcome.out
    header = next(line.split() for line in outcome.out.splitlines() if line.startswith("feature "))
    assert header == ["feature", "y0", "y1", "entry", "at", "alpha"]


def test_show_a_path_of_ridge(run, rows):
    path = shrinkage.ridge_path(*rows[:2], [1.0, 0.1])
    save(Model(path[1], path=path), "m.npz")
    facts = run("show", "m.npz", "--json").json
    assert facts["model"] == "ridge" and facts["alpha_sum"] == pytest.approx(6.0)
    assert "entry" not in facts["coefficients"][0] and "ridge regression of y" in run("show", "m.npz").out


def test_a_strange_criterion_in_a_file_is_as_good_as_none(run, rows):
    X, y, _ = rows
    path = shrinkage.elastic_net_path(X, y, 5)
    for about in ({"criterion": "mdl"}, {"criterion": 3}, {}):
        save(Model(path[2], None, None, about, path), "m.npz")
        assert run("show", "m.npz", "--json").json["score"] is None
    elsewhere = dataclasses.replace(path[2], alpha=0.123)
    save(Model(elsewhere, None, None, {"criterion": "bic"}, path), "m.npz")
    facts = run("show", "m.npz", "--json").json
    assert facts["score"] is None and facts["deviance_explained"] is None


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_path_of_impossible_numbers_in_a_file_is_shown_all_the_same(run, rows):
    X, y, _ = rows
    path = shrinkage.elastic_net_path(X, y, 5)
    huge = {"_count": 2**53, "_deviance": 1e308, "effective_dof": np.full(5, 1e308)}
    first = dataclasses.replace(path._first, n_samples=2**53, sum_weights=1e-308)
    path = dataclasses.replace(path, **huge, deviance_explained=np.full(5, -1e308), _first=first)
    save(Model(path[2], None, None, {"criterion": "bic"}, path), "m.npz")
    outcome = run("show", "m.npz")
    assert (outcome.code, outcome.err) == (0, "") and "NaN" not in run("show", "m.npz", "--json").out


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_an_endless_penalty_in_a_file_is_shown(run, rows, l1_ratio):
    fit = dataclasses.replace(shrinkage.elastic_net(*rows[:2], 1.0, l1_ratio=l1_ratio), alpha=1e308)
    save(fit, "m.npz")
    facts = run("show", "m.npz", "--json").json
    assert facts["alpha"] == 1e308 and facts.get("alpha_sum") is None
    assert "1e+308" in run("show", "m.npz").out


@pytest.mark.parametrize(
    ("gap", "words"),
    [(1e-6, "this is the optimum, proved"), (0.123, "within 12 % of the optimum"), (np.nan, "without a duality gap")],
)
def test_the_optimum_is_proved_by_a_small_gap_alone(run, rows, gap, words):
    fit = shrinkage.elastic_net(*rows[:2], 0.01)
    save(dataclasses.replace(fit, certificate=dataclasses.replace(fit.certificate, relative_gap=gap)), "m.npz")
    out = run("show", "m.npz").out
    assert words in out and ("proved" in out) == (gap == 1e-6)


@pytest.mark.parametrize("options", [["--alphas", "1"], ["--cv", "bic"], []])
def test_a_fit_that_did_not_converge_is_reported_and_not_saved(run, rows, monkeypatch, options):
    def spoiled(fit):
        return dataclasses.replace(fit, certificate=dataclasses.replace(fit.certificate, converged=False))

    fit, path, cv = shrinkage.elastic_net, shrinkage.SparsePath.select, shrinkage.cross_validate
    monkeypatch.setattr(shrinkage, "elastic_net", lambda *a, **k: spoiled(fit(*a, **k)))
    monkeypatch.setattr(shrinkage.SparsePath, "select", lambda *a, **k: spoiled(path(*a, **k)))
    monkeypatch.setattr(
        shrinkage, "cross_validate", lambda *a, **k: dataclasses.replace(found := cv(*a, **k), fit=spoiled(found.fit))
    )
    outcome = run("fit", "data.csv", *LASSO, *options, "-o", "m.npz")
    assert (outcome.code, outcome.new) == (1, []) and "this is NOT the optimum" in outcome.out
    assert outcome.err.startswith("error: The fit did not converge, so no model is saved: relative duality gap ")
    assert "nan" not in outcome.err and len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("options", [[], ["--cv", "bic"], ["--cv", "bic", "--alphas", "1,0.3,0.01"]])
def test_the_solver_reports_progress(run, rows, monkeypatch, options):
    calls = []
    monkeypatch.setattr(cli.Progress, "advance", lambda self, fraction: calls.append(fraction))
    run("fit", "data.csv", *LASSO, *options)
    assert calls == sorted(calls) and calls[-1] == 1.0 and calls[0] > 0.0


@pytest.mark.parametrize("options", [[], ["--cv", "bic"]])
def test_interrupted(run, rows, monkeypatch, options):
    def interrupt(self, fraction):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.Progress, "advance", interrupt)
    outcome = run("fit", "data.csv", *LASSO, *options, "-o", "m.npz")
    assert (outcome.code, outcome.out, outcome.err, outcome.new) == (130, "", "", [])


def test_json_is_strict(run, rows):
    for options in ([], ["--cv", "aic"], ["--alphas", "1"]):
        json.loads(run("fit", "data.csv", *LASSO, *options, "--json").out, parse_constant=pytest.fail)


# --- what makes no sense ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--model", "lasso", "--cv", "loo"], ["--cv", "loo is for --model ridge", "lasso: K folds, aic, bic, ebic"]),
        (["--model", "lasso", "--cv", "gcv"], ["--cv", "gcv is for --model ridge"]),
        (["--model", "elastic-net", "--cv", "evidence"], ["--cv", "evidence is for", "of an elastic net"]),
        (["--model", "ridge", "--cv", "ebic"], ["--cv", "ebic counts coefficients", "loo, gcv"]),
        (["--model", "lasso", "--cv", "bic", "--rule", "1se"], ["--rule", "standard error", "number of folds"]),
        (["--model", "lasso", "--alphas", "1", "--rule", "1se"], ["--rule", "one alpha"]),
        (["--model", "lasso", "--intervals"], ["--intervals", "--model ridge", "none for a lasso"]),
        (["--model", "lasso", "--l1-ratio", "0.5"], ["--l1-ratio", "--model elastic-net", "lasso is 1"]),
        (["--model", "ridge", "--l1-ratio", "0.5"], ["--l1-ratio", "--model elastic-net", "ridge is 0"]),
        (["--l1-ratio", "0.5"], ["--l1-ratio", "--model elastic-net"]),
        (["--model", "elastic-net", "--l1-ratio", "1.5"], ["--l1-ratio", "1.5 must be between 0 (ridge) and 1"]),
        (["--model", "elastic-net", "--l1-ratio", "nan"], ["--l1-ratio", "nan must be between"]),
        (["--model", "elastic-net", "--l1-ratio", "0.5;1"], ["--l1-ratio", "'0.5;1' is not a number"]),
        (["--model", "elastic-net", "--l1-ratio", ""], ["--l1-ratio", "'' is not a number"]),
        (["--model", "elastic-net", "--l1-ratio", "0.5,1", "--cv", "bic"], ["--l1-ratio", "folds choose", "not bic"]),
        (["--model", "elastic-net", "--l1-ratio", "0,1"], ["--l1-ratio", "numbers with --alphas"]),
        (
            ["--model", "elastic-net", "--l1-ratio", "0", "--alphas", "1,2", "--positive"],
            ["--l1-ratio", "0 does not go with --positive"],
        ),
        (["--model", "lars"], ["--model", "lars"]),
    ],
)
def test_wrong_combinations_exit_with_2(refuse, csv, args, words):
    refuse("fit", csv, "--target", "y", *args, code=2, words=words)


def test_help_says_what_there_is_for_which_model(run):
    text = " ".join(run("fit", "--help").out.replace("│", " ").split())
    for words in (
        "ridge, lasso, elastic-net or sgd",
        "--l1-ratio",
        "0.5 by default",
        "10 by default for lasso and elastic net",
        "--no-standardize",
        "order features enter",
        "extended Bayesian information criterion (ebic)",
    ):
        assert words in text
