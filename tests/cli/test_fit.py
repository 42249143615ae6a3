"""`shrinkage fit`: the numbers it prints, and a sentence for everything a file can have wrong with it."""

import dataclasses
import gzip
import io
import json
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import shrinkage
from shrinkage import _tables, cli
from shrinkage.persistence import load, load_model

DIABETES = Path(__file__).parents[2] / "examples" / "diabetes.csv"


def solve(X, y, alpha, s=None, v=None):
    """Ridge by its normal equations: intercept and coefficients."""
    s = np.ones(len(y)) if s is None else np.asarray(s, float)
    v = np.ones(X.shape[1]) if v is None else np.asarray(v, float)
    W, mean, centre = s.sum(), s @ X / s.sum(), s @ y / s.sum()
    A = (X - mean).T @ (s[:, None] * (X - mean)) / W + alpha * np.diag(v)
    w = np.linalg.solve(A, (X - mean).T @ (s * (y - centre)) / W)
    return centre - mean @ w, w


# --- what it prints -----------------------------------------------------------------------------------------


def test_diabetes_as_a_person_sees_it(run):
    outcome = run("fit", DIABETES, "--target", "progression", "-o", "model.npz")
    assert outcome.code == 0 and outcome.err == "" and outcome.new == ["model.npz"]
    for words in (
        "ridge regression of progression",
        "442 rows, 10 features",
        "canonical",
        "scikit-learn's Ridge",
        "leave-one-out",
        "RMSE",
        "R²",
        "degrees of freedom",
        "this is the optimum, proved",
        "s to fit",
        "intercept",
        "saved to model.npz",
    ):
        assert words in outcome.out
    listed = [line.split()[0] for line in outcome.out[outcome.out.index("per sd") :].splitlines()[1:11]]
    assert sorted(listed) == sorted(["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"])
    fit = load("model.npz")
    order = np.argsort(-np.abs(fit.coef) * fit.feature_scale)
    assert listed == [fit.feature_names[j] for j in order]


def test_without_output_nothing_is_saved_and_that_is_said(run, csv):
    outcome = run("fit", csv, "--target", "y")
    assert outcome.code == 0 and outcome.new == []
    assert "not saved: give -o model.npz" in outcome.out


@pytest.mark.parametrize("weights", [False, True])
def test_numbers_agree_with_leave_one_out_by_hand(run, write, numbers, weights):
    X, y = numbers
    s = np.random.default_rng(5).integers(1, 4, len(y)).astype(float) if weights else np.ones(len(y))
    rows = [f"{a!r},{b!r},{c!r},{d!r}" for a, b, c, d in np.column_stack([X, y, s]).tolist()]
    write("\n".join(["a,b,y,s", *rows]))
    option = ["--weights", "s"] if weights else ["--drop", "s"]
    facts = run("fit", "data.csv", "--target", "y", "--alphas", "3,0.1,0.003", *option, "--json").json

    def errors(alpha):
        keep = ~np.eye(len(y), dtype=bool)
        fits = [solve(X[k], y[k], alpha * s.sum() / s[k].sum(), s[k]) for k in keep]
        return np.array([y[i] - b - X[i] @ w for i, (b, w) in enumerate(fits)])

    scores = {alpha: np.average(errors(alpha) ** 2, weights=s) for alpha in (3.0, 0.1, 0.003)}
    best = min(scores, key=scores.get)
    intercept, coef = solve(X, y, best, s)
    score = facts["score"]
    assert facts["alpha"] == best and facts["alpha_sum"] == pytest.approx(best * s.sum())
    assert score["alphas"] == [3.0, 0.1, 0.003]
    assert score["scores"] == pytest.approx([scores[alpha] for alpha in score["alphas"]])
    assert score["mse"] == pytest.approx(scores[best])
    assert score["rmse"] == pytest.approx(scores[best] ** 0.5)
    variance = np.average((y - np.average(y, weights=s)) ** 2, weights=s)
    assert score["r2"] == pytest.approx(1 - scores[best] / variance)
    assert score["rmse_standard_error"] == pytest.approx(score["mse_standard_error"] / (2 * score["rmse"]))
    if not weights:
        assert score["mse_standard_error"] == pytest.approx(np.std(errors(best) ** 2) / len(y) ** 0.5, rel=0.05)
    assert facts["intercept"] == pytest.approx(intercept)
    found = {entry["feature"]: entry["coefficient"] for entry in facts["coefficients"]}
    assert [found["a"], found["b"]] == pytest.approx(coef)
    sd = np.sqrt(np.average((X - np.average(X, axis=0, weights=s)) ** 2, axis=0, weights=s))
    effects = {entry["feature"]: entry["per_sd"] for entry in facts["coefficients"]}
    assert [effects["a"], effects["b"]] == pytest.approx(coef * sd)
    assert facts["training_r2"] == pytest.approx(1 - np.average((y - intercept - X @ coef) ** 2, weights=s) / variance)


def test_json_is_one_object_and_nothing_else(run, csv):
    outcome = run("fit", csv, "--target", "y", "--json", "-o", "m.npz")
    assert outcome.code == 0 and outcome.err == ""
    facts = json.loads(outcome.out, parse_constant=pytest.fail)
    assert facts["model"] == "ridge" and facts["target"] == ["y"] and facts["file"] == "m.npz"
    assert (facts["rows"], facts["features"]) == (24, 2)
    assert facts["certificate"]["converged"] is True
    assert facts["score"]["method"] == "loo" and len(facts["score"]["alphas"]) == 100
    assert facts["warnings"] == [] and set(facts["seconds"]) == {"read", "fit"}


def test_one_alpha_is_fitted_without_a_score(run, csv, numbers):
    facts = run("fit", csv, "--target", "y", "--alphas", "0.5", "--json").json
    assert facts["score"] is None
    assert facts["intercept"] == pytest.approx(solve(*numbers, 0.5)[0])
    table = run("fit", csv, "--target", "y", "--alphas", "0.5")
    assert "RMSE" not in table.out and "on the rows it was fitted to" in table.out


def test_one_alpha_is_scored_when_asked(run, csv):
    facts = run("fit", csv, "--target", "y", "--alphas", "0.5", "--cv", "loo", "--json").json
    assert facts["score"]["alphas"] == [0.5] and facts["score"]["at_edge"] is False


def test_gcv_is_named_and_has_no_standard_error(run, csv):
    facts = run("fit", csv, "--target", "y", "--cv", "gcv", "--json").json
    assert facts["score"]["method"] == "gcv" and facts["score"]["mse_standard_error"] is None
    table = run("fit", csv, "--target", "y", "--cv", "gcv")
    assert "RMSE, generalized cross-validation" in table.out and "±" not in table.out


def test_standardize_penalizes_per_standard_deviation(run, csv, numbers):
    X, y = numbers
    facts = run("fit", csv, "--target", "y", "--alphas", "0.5", "--standardize", "--json").json
    coef = solve(X, y, 0.5, v=X.var(axis=0))[1]
    found = {entry["feature"]: entry["coefficient"] for entry in facts["coefficients"]}
    assert [found["a"], found["b"]] == pytest.approx(coef)
    assert facts["standardize"] is True


def test_end_of_the_grid_is_pointed_out(run, csv):
    assert "a wider --alphas may do better" in run("fit", csv, "--target", "y", "--alphas", "100,1000").out
    inside = run("fit", csv, "--target", "y", "--alphas", "1e-9,0.01,1e9")
    assert "wider" not in inside.out


def test_drop_leaves_columns_out(run, csv):
    facts = run("fit", csv, "--target", "y", "--drop", "b", "--json").json
    assert [entry["feature"] for entry in facts["coefficients"]] == ["a"]
    assert "left out: 'b'" in run("fit", csv, "--target", "y", "--drop", "b").out


def test_twenty_coefficients_unless_all(run, write):
    rng = np.random.default_rng(0)
    names = [f"f{j}" for j in range(25)]
    rows = [",".join(f"{v:.6f}" for v in row) for row in rng.normal(size=(40, 26))]
    write("\n".join([",".join([*names, "y"]), *rows]))
    outcome = run("fit", "data.csv", "--target", "y")
    assert "5 smaller coefficients not shown; --all prints every one" in outcome.out
    assert sum(f" {name} " in f" {outcome.out} ".replace("\n", " ") for name in names) == 20
    everything = run("fit", "data.csv", "--target", "y", "--all")
    assert "not shown" not in everything.out
    assert all(f" {name} " in f" {everything.out} ".replace("\n", " ") for name in names)


def test_names_cannot_steer_the_terminal_or_the_markup(run, write):
    write('"[red]a[/red]","\x1b[31mb",y\n1,2,3\n2,1,1\n4,3,7\n5,5,5\n')
    outcome = run("fit", "data.csv", "--target", "y")
    assert "[red]a[/red]" in outcome.out and r"\x1b[31mb" in outcome.out and "\x1b" not in outcome.out


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_nothing_is_cut_off_in_a_narrow_terminal(run, csv, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    outcome = run("fit", csv, "--target", "y")
    assert outcome.code == 0 and "…" not in outcome.out
    assert max(map(len, outcome.out.splitlines()[:-1])) <= int(columns)


def test_warnings_are_lines_and_not_tracebacks(run, write):
    write("a,b,y\n1,1,3\n2,2,1\n4,4,7\n5,5,5\n")
    outcome = run("fit", "data.csv", "--target", "y", "--alphas", "0")
    assert outcome.code == 0 and outcome.err == ""
    assert "warning" in outcome.out and "rank 1 of 2" in outcome.out.replace("\n", " ")
    facts = run("fit", "data.csv", "--target", "y", "--alphas", "0", "--json").json
    assert "rank 1 of 2" in facts["warnings"][0]


# --- reading ------------------------------------------------------------------------------------------------


def coefficients(outcome):
    return {entry["feature"]: entry["coefficient"] for entry in outcome.json["coefficients"]}


def test_parquet_and_csv_agree(run, csv, numbers):
    X, y = numbers
    pq.write_table(pa.table({"a": X[:, 0], "b": X[:, 1], "y": y}), "data.parquet")
    one, other = (run("fit", name, "--target", "y", "--json") for name in (csv, "data.parquet"))
    assert coefficients(one) == coefficients(other)


def test_every_kind_of_number_is_a_number(run):
    from decimal import Decimal

    y = [1.0, 3.0, 2.0, 5.0]
    columns = {
        "flag": pa.array([True, False, True, True]),
        "small": pa.array([1, 2, 3, 5], pa.uint8()),
        "big": pa.array([2**60 + 1, 2, 3, 4]),
        "single": pa.array([1.5, 2.5, 0.5, 1.0], pa.float32()),
        "money": pa.array([Decimal("1.10"), Decimal("2.20"), Decimal("3.30"), Decimal("0.10")]),
        "level": pa.array([7, 7, 8, 9]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns | {"y": y}), "data.parquet")
    assert coefficients(run("fit", "data.parquet", "--target", "y", "--json")).keys() == columns.keys()
    data = _tables.training_data(_tables.read_table("data.parquet"), "y")
    np.testing.assert_array_equal(data.X[:, 0], [1, 0, 1, 1])
    np.testing.assert_allclose(data.X[:, 4], [1.1, 2.2, 3.3, 0.1], rtol=1e-15)
    np.testing.assert_array_equal(data.X[:, 5], [7, 7, 8, 9])


def test_booleans_written_as_words(write):
    write("a,b,y\ntrue,1,3\nfalse,2,1\nTRUE,4,7\n")
    np.testing.assert_array_equal(_tables.training_data(_tables.read_table("data.csv"), "y").X[:, 0], [1, 0, 1])


def test_a_column_may_change_its_mind_late_in_a_long_file(run, write):
    # Longer than the block from which the reader guesses the type of a column
    write("a,y\n" + "1,2\n2,1\n" * 300_000 + "2.5,3\n")
    assert _tables.read_table("data.csv")["a"][-1].as_py() == 2.5


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(write, newline, mark):
    write(mark + newline.join(["a,y", "1,2", "3,4", ""]))
    table = _tables.read_table("data.csv")
    assert table.column_names == ["a", "y"] and table.num_rows == 2


def test_quoted_line_breaks(write):
    write('a,note,y\n1,"x\ny",2\n3,z,4\n')
    assert _tables.read_table("data.csv").num_rows == 2


def test_folders_named_like_values_add_no_columns(run, tmp_path):
    (tmp_path / "year=2020").mkdir()
    pq.write_table(pa.table({"a": [1, 2], "y": [1.0, 3.0]}), "year=2020/data.parquet")
    assert _tables.read_table("year=2020/data.parquet").column_names == ["a", "y"]


def test_matrix_is_in_the_order_the_solver_reads_without_a_copy(csv):
    assert _tables.training_data(_tables.read_table(csv), "y").X.flags.f_contiguous


# --- text columns -------------------------------------------------------------------------------------------

CITIES = "x,city,y\n1,Oslo,3\n2,Rome,1\n4,Oslo,7\n5,Lima,5\n3,Rome,2\n"


def test_one_hot_keeps_every_level(run, write):
    write(CITIES)
    outcome = run("fit", "data.csv", "--target", "y", "--one-hot", "--alphas", "0.1", "-o", "m.npz", "--json")
    assert set(coefficients(outcome)) == {"x", "city=Lima", "city=Oslo", "city=Rome"}
    assert outcome.json["one_hot"] == ["city"]
    assert load_model("m.npz").columns[1].levels == ("Lima", "Oslo", "Rome")
    y = np.array([3.0, 1, 7, 5, 2])
    X = np.array([[1, 0, 1, 0], [2, 0, 0, 1], [4, 0, 1, 0], [5, 1, 0, 0], [3, 0, 0, 1.0]])
    expected = dict(zip(["x", "city=Lima", "city=Oslo", "city=Rome"], solve(X, y, 0.1)[1], strict=True))
    assert coefficients(outcome) == pytest.approx(expected)
    assert "0/1 feature for each value of 'city'" in run("fit", "data.csv", "--target", "y", "--one-hot").out


def test_text_offers_one_hot_and_drop(refuse, write):
    write("x,city,tag,y\n1,Oslo,u,3\n2,Rome,v,1\n4,Oslo,w,7\n")
    refuse(
        "fit", "data.csv", "--target", "y", "-o", "m.npz",
        words=["'city' (data row 1 holds 'Oslo')", "'tag'", "not numeric", "--one-hot", "--drop city,tag"],
    )  # fmt: skip


def test_the_first_value_that_is_no_number_is_shown(refuse, write):
    write("x,z,y\n1,2,3\n2,4,1\n4,unknown,7\n")
    refuse("fit", "data.csv", "--target", "y", words=["'z' (data row 3 holds 'unknown')", "not numeric"])


def test_numbers_stored_as_text(refuse, run):
    pq.write_table(pa.table({"a": ["1", "2", "3"], "y": [1.0, 2.0, 4.0]}), "d.parquet")
    refuse("fit", "d.parquet", "--target", "y", words=["'a' (numbers stored as text)", "--one-hot"])


def test_too_many_levels(refuse, write):
    write("name,y\n" + "".join(f"n{i},{i}\n" for i in range(1001)))
    refuse("fit", "data.csv", "--target", "y", "--one-hot", words=["'name'", "1,001", "--drop name"])


def test_one_hot_names_that_collide(refuse, write):
    write("city=Oslo,city,y\n1,Oslo,3\n2,Rome,1\n4,Oslo,7\n")
    refuse("fit", "data.csv", "--target", "y", "--one-hot", words=["second column named 'city=Oslo'"])


def test_dates_are_refused_even_with_one_hot(refuse, write):
    write("day,y\n2020-01-01,3\n2020-01-02,1\n2020-01-05,7\n")
    for option in ([], ["--one-hot"]):
        refuse("fit", "data.csv", "--target", "y", *option, words=["'day'", "dates or times", "--drop day"])


def test_other_types_are_refused(refuse, run):
    pq.write_table(pa.table({"a": [[1], [2], [3]], "y": [1.0, 2.0, 4.0]}), "d.parquet")
    for option in ([], ["--one-hot"]):
        refuse("fit", "d.parquet", "--target", "y", *option, words=["'a'", "list", "neither", "--drop a"])


def test_text_of_every_kind_is_text(run):
    kinds = {"plain": pa.string(), "large": pa.large_string(), "coded": pa.dictionary(pa.int8(), pa.string())}
    columns = {name: pa.array(["u", "v", "u", "v"]).cast(kind) for name, kind in kinds.items()}
    pq.write_table(pa.table(columns | {"y": [1.0, 2.0, 4.0, 3.0]}), "d.parquet")
    outcome = run("fit", "d.parquet", "--target", "y", "--one-hot", "--json")
    assert outcome.json["one_hot"] == ["plain", "large", "coded"]


# --- missing and constant -----------------------------------------------------------------------------------

HOLES = "a,b,y\n1,2,3\n,1,1\n4,,7\n5,NA,5\n6,7,1\n9,nan,2\n"


def test_missing_values_are_located(refuse, write):
    write(HOLES)
    refuse(
        "fit", "data.csv", "--target", "y", "-o", "m.npz",
        words=[
            "1 value in column 'a' (data row 2)", "3 values in column 'b' (data rows 3, 4 and 6)",
            "--missing drop (2 rows would stay)", "--drop a,b",
        ],
    )  # fmt: skip


def test_target_and_weights_are_not_to_be_left_out(refuse, write):
    write("a,b,y,s\n1,,,2\n2,1,1,1\n3,2,5,\n4,3,2,1\n5,1,3,1\n")
    options = ("--target", "y", "--weights", "s")
    outcome = refuse("fit", "data.csv", *options, words=["column 'y'", "--missing drop (3 rows would stay)."])
    assert "--drop" not in outcome.err
    write("a,b,y,s\n1,2,,\n2,1,,\n3,2,,\n")
    refuse("fit", "data.csv", *options, words=["'y' has no values at all; choose another."])
    refuse(
        "fit", "data.csv", "--target", "a", "--drop", "y", "--weights", "s", words=["'s' has no values at all; choose"]
    )


def test_many_missing_rows_are_counted(refuse, write):
    write("a,b,y\n" + "1,,2\n" * 9 + "2,1,1\n3,4,4\n")
    refuse("fit", "data.csv", "--target", "y", words=["9 values", "data rows 1, 2, 3, 4, 5 and 4 more"])


def test_missing_rows_can_be_dropped(run, write):
    write(HOLES + "7,1,4\n")
    outcome = run("fit", "data.csv", "--target", "y", "--missing", "drop", "--alphas", "0.1", "--json")
    assert outcome.json["rows"] == 3 and outcome.json["rows_dropped"] == 4
    expected = solve(np.array([[1.0, 2], [6, 7], [7, 1]]), np.array([3.0, 1, 4]), 0.1)[1]
    assert coefficients(outcome) == pytest.approx({"a": expected[0], "b": expected[1]})
    table = run("fit", "data.csv", "--target", "y", "--missing", "drop")
    assert "4 rows with missing values left out" in table.out


def test_holes_in_dropped_columns_do_not_matter(run, write):
    write(HOLES)
    assert run("fit", "data.csv", "--target", "y", "--drop", "a,b", "--json").code == 1
    outcome = run("fit", "data.csv", "--target", "y", "--drop", "b", "--missing", "drop", "--json")
    assert outcome.json["rows_dropped"] == 1


def test_missing_target_values_and_nan_in_parquet(refuse, run):
    pq.write_table(pa.table({"a": [1.0, 2.0, 3.0], "y": [1.0, float("nan"), 4.0]}), "d.parquet")
    refuse("fit", "d.parquet", "--target", "y", words=["1 value in column 'y' (data row 2)"])


def test_an_empty_column_has_its_own_sentence(refuse, write):
    write("a,b,y\n1,,3\n2,,1\n4,,7\n")
    for option in ("error", "drop"):
        refuse("fit", "data.csv", "--target", "y", "--missing", option, words=["'b' has no values", "--drop b"])


def test_dropping_every_row(refuse, write):
    write("a,b,y\n1,,3\n,2,1\n")
    refuse("fit", "data.csv", "--target", "y", "--missing", "drop", words=["Every row", "'a' and 'b'"])


def test_one_row_left(refuse, write):
    write("a,b,y\n1,,3\n5,2,1\n")
    words = ["only one row left without missing values", "at least two"]
    refuse("fit", "data.csv", "--target", "y", "--missing", "drop", words=words)


def test_infinite_values_are_located(refuse, write):
    write("a,y\n1,3\ninf,1\n4,7\n")
    refuse("fit", "data.csv", "--target", "y", words=["'a' is infinite in data row 2"])
    write("a,y\n1,3\n,1\ninf,1\n4,7\n")
    refuse("fit", "data.csv", "--target", "y", "--missing", "drop", words=["'a' is infinite in data row 3"])


def test_values_too_large_to_square_are_located(refuse, write):
    write("a,s,b,y\n1,1,2,3\n,2,1,1\n4,3,-1e200,7\n3,1e200,2,1\n")
    where = ["--target", "y", "--missing", "drop"]
    refuse("fit", "data.csv", *where, "--drop", "s", words=["'b' is too large to square in data row 3; rescale"])
    refuse("fit", "data.csv", "--target", "b", "--drop", "s", "--missing", "drop", words=["'b' is too large"])
    refuse(
        "fit", "data.csv", *where, "--drop", "b", "--weights", "s", words=["'s' is too large to square in data row 4"]
    )


@pytest.mark.parametrize("option", [[], ["--standardize"], ["--alphas", "0.5"], ["--cv", "gcv"]])
def test_constant_columns_get_coefficient_zero(run, write, option):
    # Rounding alone would give such a column a coefficient of about 1e-20
    values = np.random.default_rng(0).normal(size=(60, 4)).tolist()
    write("a,k,b,c,y\n" + "".join(f"{a!r},123456.789,{b!r},{c!r},{y!r}\n" for a, b, c, y in values))
    outcome = run("fit", "data.csv", "--target", "y", "-o", "m.npz", *option)
    assert outcome.code == 0 and "constant, so their coefficient is 0: 'k'" in outcome.out
    without = run("fit", "data.csv", "--target", "y", "--drop", "k", "--json", *option)
    fit = load("m.npz")
    assert fit.coef[1] == 0.0
    assert fit.coef[[0, 2, 3]] == pytest.approx([coefficients(without)[name] for name in "abc"])
    assert fit.effective_dof == pytest.approx(without.json["effective_dof"])


def test_constant_where_it_counts(run, write):
    write("a,k,y,s\n1,1,3,1\n2,1,1,2\n4,1,7,1\n5,9,5,0\n")
    facts = run("fit", "data.csv", "--target", "y", "--weights", "s", "--json").json
    assert facts["constant"] == ["k"]
    data = _tables.training_data(_tables.read_table("data.csv"), "y", weights="s")
    assert data.constant == ("k",)


def test_nothing_varies(refuse, write):
    write("a,k,y\n1,2,3\n1,2,1\n1,2,7\n")
    refuse("fit", "data.csv", "--target", "y", words=["No column varies", "'a' and 'k'"])


def test_constant_target(refuse, write):
    write("a,y\n1,3\n2,3\n4,3\n")
    refuse("fit", "data.csv", "--target", "y", words=["'y' is 3 in every row"])


# --- the command and the file -------------------------------------------------------------------------------


def test_missing_target_column_suggests_near_matches(refuse, csv, write):
    write("Age,bmi,Progression\n1,2,3\n")
    refuse("fit", "data.csv", "--target", "progresion", words=["no target column", "Did you mean 'Progression'?"])
    refuse("fit", "data.csv", "--target", "zzz", words=["The columns are 'Age', 'bmi' and 'Progression'."])


def test_other_columns_that_are_not_there(refuse, csv):
    refuse("fit", csv, "--target", "y", "--weights", "aa", words=["no weights column 'aa'", "Did you mean 'a'?"])
    refuse("fit", csv, "--target", "y", "--drop", "a,q", words=["no drop column 'q'"])


def test_separated_by_something_else(refuse, write):
    write("a;b;y\n1;2;3\n2;3;4\n")
    refuse("fit", "data.csv", "--target", "y", words=["one column only", "separated by ';'"])


def test_text_target_and_weights(refuse, write):
    write("a,y,s\n1,low,1\n2,high,2\n3,low,3\n")
    refuse(
        "fit",
        "data.csv",
        "--target",
        "y",
        words=["target column 'y' (data row 1 holds 'low')", "not numeric; a fit needs numbers"],
    )
    refuse("fit", "data.csv", "--target", "a", "--weights", "y", words=["weights column 'y'", "not numeric"])


def test_weights_that_cannot_be(refuse, write):
    write("a,y,s,z\n1,2,1,0\n2,4,-2,0\n3,1,3,0\n")
    refuse("fit", "data.csv", "--target", "y", "--weights", "s", words=["'s' is negative (-2 in data row 2)"])
    refuse("fit", "data.csv", "--target", "y", "--weights", "z", words=["'z' is zero in every row"])
    write("a,y,s\n,2,1\n2,4,-2\n3,1,3\n")
    late = ["--weights", "s", "--missing", "drop"]
    refuse("fit", "data.csv", "--target", "y", *late, words=["'s' is negative (-2 in data row 2)"])


def test_duplicate_names(refuse, write):
    write("a,b,a,y\n1,2,3,4\n2,3,4,5\n")
    refuse("fit", "data.csv", "--target", "y", words=["more than one column named 'a'"])


def test_row_numbers_without_a_name(refuse, run, write):
    write(",a,y\n0,1,2\n1,3,4\n2,2,1\n")
    refuse("fit", "data.csv", "--target", "y", words=["''", "row numbers", '--drop ""'])
    assert run("fit", "data.csv", "--target", "y", "--drop", "").code == 0


def test_no_features_left(refuse, csv):
    refuse("fit", csv, "--target", "y", "--drop", "a,b", words=["No feature columns are left"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"a,b,y\n", "a header (3 columns) but no rows"),
        (b"a,b,y", "a single line, so no rows"),
        (b"a,b,y\n1,2,3\n", "only one row"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "not CSV but a binary file"),
        ("a,y\n1,2\n".encode("utf-16"), "UTF-16"),
        ("größe,y\n1,2\n3,4\n".encode("latin-1"), "not UTF-8 text"),
        ("a,stadt,y\n1,Köln,2\n3,Rom,4\n".encode("latin-1"), "not UTF-8 text (column 'stadt')"),
        (b"a,y\n1,2\n1,2,3\n", "cannot be read as CSV"),
        (b"<html>\n<p>a, b, c</p>\n</html>\n", "cannot be read as CSV"),
    ],
)
def test_files_that_are_not_tables(refuse, write, content, words):
    write(content)
    refuse(
        "fit",
        "data.csv",
        "--target",
        "y",
        "-o",
        "m.npz",
        words=["data.csv" if "row" not in words else "", words],
    )


def test_archives_are_not_csv(refuse, write):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
    write(buffer.getvalue())
    refuse("fit", "data.csv", "--target", "y", words=["a zip or Excel file"])
    write(gzip.compress(b"a,y\n1,2\n" * 100))
    refuse("fit", "data.csv", "--target", "y", words=["not CSV but a binary file"])


def test_broken_parquet(refuse, run, csv):
    pq.write_table(pa.table({"a": list(range(1000)), "y": list(range(1000))}), "ok.parquet")
    whole = Path("ok.parquet").read_bytes()
    for content in (b"a,y\n1,2\n", whole[:-50], b"PAR1" + b"\0" * 20 + b"PAR1"):
        Path("ok.parquet").write_bytes(content)
        refuse("fit", "ok.parquet", "--target", "y", words=["cannot be read as Parquet"])


def test_files_that_are_not_there(refuse, tmp_path):
    refuse("fit", "none.csv", "--target", "y", words=["'none.csv'", "No such file"])
    (tmp_path / "folder.csv").mkdir()
    refuse("fit", "folder.csv", "--target", "y", words=["'folder.csv'"])


def test_output_directory_missing(refuse, csv):
    refuse("fit", csv, "--target", "y", "-o", "none/m.npz", words=["directory 'none'", "does not exist"])


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--alphas", "0.1,x"], ["--alphas", "'x' is not a number"]),
        (["--alphas", ""], ["--alphas", "not a number"]),
        (["--alphas", "0.1,-1"], ["--alphas", "-1 must be finite and at least 0"]),
        (["--alphas", "inf"], ["--alphas", "inf must be finite"]),
        (["--alphas", "nan"], ["--alphas", "nan must be finite"]),
        (["--weights", "y"], ["--weights", "'y' is the target already"]),
        (["--drop", "a,y"], ["--drop", "'y' is the target already"]),
        (["-o", "model.csv"], ["--output", "must end in .npz"]),
        (["--cv", "kfold"], ["--cv", "kfold"]),
        (["--model", "forest"], ["--model", "forest"]),
        (["--missing", "mean"], ["--missing", "mean"]),
        (["--nonsense"], ["--nonsense"]),
    ],
)
def test_wrong_commands_exit_with_2(refuse, csv, args, words):
    outcome = refuse("fit", csv, "--target", "y", *args, code=2, words=words)
    assert outcome.err.splitlines()[1] == "Try: shrinkage fit --help"


def test_wrong_extensions_and_no_arguments_exit_with_2(refuse, write):
    write("a,y\n1,2\n", "data.xlsx")
    refuse("fit", "data.xlsx", "--target", "y", code=2, words=["'.xlsx'", ".csv or .parquet"])
    write("a,y\n1,2\n", "data")
    refuse("fit", "data", "--target", "y", code=2, words=["no extension"])
    refuse("fit", "data.csv", code=2, words=["--target"])
    refuse("fit", code=2, words=["DATA"])
    refuse("nonsense", code=2, words=["nonsense"])


def test_alphas_may_be_zero_and_repeated(run, csv):
    facts = run("fit", csv, "--target", "y", "--alphas", "0.1, 0,1e-1,2", "--json").json
    assert facts["score"]["alphas"] == [2.0, 0.1, 0.0]


def test_output_replaces_an_older_model(run, csv):
    run("fit", csv, "--target", "y", "--alphas", "1", "-o", "m.npz")
    run("fit", csv, "--target", "y", "--alphas", "2", "-o", "m.npz")
    assert load("m.npz").alpha == 2.0


# --- when things go wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, ""),
        (OSError(28, "No space left on device", "m.npz"), 1, "error: 'm.npz': No space left on device.\n"),
        (OSError("the disk is on fire"), 1, "error: the disk is on fire.\n"),
        (MemoryError("p is 100000"), 1, "error: There is not enough memory for this. p is 100000\n"),
    ],
)
def test_accidents_are_sentences(run, csv, monkeypatch, error, code, words):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(cli, "save", fail)
    outcome = run("fit", csv, "--target", "y", "-o", "m.npz")
    assert (outcome.code, outcome.out, outcome.err, outcome.new) == (code, "", words, [])


@pytest.mark.parametrize("options", [["--alphas", "1"], []])
def test_a_fit_that_did_not_converge_is_reported_and_not_saved(run, csv, monkeypatch, options):
    def spoiled(fit):
        return dataclasses.replace(
            fit, certificate=dataclasses.replace(fit.certificate, converged=False, residual_ratio=4e5)
        )

    ridge, ridge_cv = shrinkage.ridge, shrinkage.ridge_cv
    monkeypatch.setattr(shrinkage, "ridge", lambda *a, **k: spoiled(ridge(*a, **k)))
    monkeypatch.setattr(
        shrinkage, "ridge_cv", lambda *a, **k: dataclasses.replace(cv := ridge_cv(*a, **k), fit=spoiled(cv.fit))
    )
    for output in (["-o", "m.npz"], []):
        outcome = run("fit", csv, "--target", "y", *options, *output)
        assert (outcome.code, outcome.new) == (1, [])
        assert "this is NOT the optimum" in outcome.out and "saved to" not in outcome.out
        assert outcome.err.startswith("error: The fit did not converge, so no model is saved: residual ratio 4e+05 ")
        assert "--standardize" in outcome.err and len(outcome.err.splitlines()) == 1
        assert run("fit", csv, "--target", "y", *options, *output, "--json").json["file"] is None


def test_a_report_that_fails_leaves_no_model(run, csv, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("cannot be said")

    monkeypatch.setattr(cli, "rendered", fail)
    outcome = run("fit", csv, "--target", "y", "-o", "m.npz")
    assert (outcome.code, outcome.out, outcome.err, outcome.new) == (1, "", "error: cannot be said\n", [])


def test_an_interrupted_save_leaves_no_file(run, csv, monkeypatch):
    def interrupt(fd):
        raise KeyboardInterrupt

    monkeypatch.setattr("shrinkage.persistence.os.fsync", interrupt)
    outcome = run("fit", csv, "--target", "y", "-o", "m.npz")
    assert (outcome.code, outcome.out, outcome.err, outcome.new) == (130, "", "", [])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_progress_appears_after_a_second(monkeypatch, seconds):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with cli.Progress() as progress:
        progress.stage("reading data.csv")
        progress.advance(0.3)
        end = time.monotonic() + seconds
        while time.monotonic() < end and "reading data.csv" not in sys.stderr.getvalue():
            time.sleep(0.05)
    assert ("reading data.csv" in sys.stderr.getvalue()) == (seconds > 1)


def test_progress_needs_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with cli.Progress() as progress:
        progress.stage("reading data.csv")
        time.sleep(1.2)
    assert sys.stderr.getvalue() == ""


def test_the_solver_reports_progress(run, csv, monkeypatch):
    calls = []
    monkeypatch.setattr(cli.Progress, "advance", lambda self, fraction: calls.append(fraction))
    run("fit", csv, "--target", "y")
    assert calls == sorted(calls) and calls[-1] == 1.0


def test_the_command_line_and_python_agree(run, csv, numbers):
    run("fit", csv, "--target", "y", "-o", "m.npz")
    expected = shrinkage.ridge_cv(*numbers)
    model = load_model("m.npz")
    np.testing.assert_allclose(model.fit.coef, expected.fit.coef, rtol=1e-12)
    np.testing.assert_allclose(model.cross_validation.scores, expected.scores, rtol=1e-12)
