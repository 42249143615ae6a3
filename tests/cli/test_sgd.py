"""`shrinkage fit --model sgd`: what the functions give, from files that are read piece by piece."""

import csv as csv_module
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import shrinkage
from shrinkage import _streaming, _tables, _training, cli
from shrinkage.losses import NAMES, loss_of
from shrinkage.persistence import load, load_model, save

LABELS = np.array(["no", "yes"])


def table(n=3000, p=4, seed=0, kind="real"):
    """A target and features of different sizes and places."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * 10.0 ** np.arange(-1, p - 1) + np.arange(p) * 5.0
    eta = (X - X.mean(axis=0)) / X.std(axis=0) @ np.linspace(1.0, -1.0, p)
    y = {
        "real": eta + rng.standard_normal(n) + 20.0,
        "sign": (eta + rng.standard_normal(n) > 0).astype(float),
        "count": rng.poisson(np.exp(0.5 * eta)).astype(float),
    }[kind]
    return X, y


def write_csv(name, columns):
    """Numbers as Python writes them, so that reading gives the same ones."""
    with open(name, "w", newline="") as stream:
        writer = csv_module.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(np.asarray(values).tolist() for values in columns.values()), strict=True))
    return name


def named(X, y, **more):
    return {f"x{j}": X[:, j] for j in range(X.shape[1])} | {"y": y} | more


@pytest.fixture
def sgd(run):
    """Fit by gradient descent; the report."""

    def call(name, *args):
        outcome = run("fit", name, "--target", "y", "--model", "sgd", "-o", "m.npz", "--json", *args)
        assert outcome.code == 0, outcome.err
        return outcome.json

    return call


def standardized(X, s=None):
    mean = np.average(X, axis=0, weights=s)
    return mean, np.sqrt(np.average((X - mean) ** 2, axis=0, weights=s))


# --- the numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(("loss", "kind"), [("huber", "real"), ("log_loss", "sign"), ("poisson", "count")])
def test_equals_the_function_on_the_same_rows(sgd, loss, kind, standardize, weights):
    X, y = table(400, 3, kind=kind)
    s = np.random.default_rng(1).integers(1, 4, len(y)).astype(float) if weights else np.ones(len(y))
    write_csv("data.csv", named(X, y, s=s))
    options = ["--weights", "s"] if weights else ["--drop", "s"]
    lr = 0.01 if standardize else 1e-5
    options += [] if standardize else ["--no-standardize"]
    options += ["--batch-size", "16", "--epochs", "3", "--seed", "7", "--alphas", "0.05", "--l1-ratio", "0.5"]
    facts = sgd("data.csv", "--loss", loss, "--lr", lr, *options)
    mean, sd = standardized(X, s)
    unit = sd if standardize else np.ones(3)
    start = np.average(y, weights=s)
    if kind != "real":
        start = np.log(start / (1 - start if kind == "sign" else 1))
    expected = shrinkage.sgd_batches(
        [((X - mean) / unit, y, s / s.mean())], 0.05, l1_ratio=0.5, loss=loss, lr=lr, batch_size=16, epochs=3, seed=7,
        intercept_init=start,
    )  # fmt: skip
    fit = load("m.npz")
    np.testing.assert_allclose(fit.coef, expected.coef / unit, rtol=1e-9)
    np.testing.assert_allclose(fit.intercept, expected.intercept - fit.coef @ mean, rtol=1e-9)
    np.testing.assert_allclose(fit.history, expected.history, rtol=1e-9)
    assert facts["certificate"]["objective"] == pytest.approx(expected.certificate.objective, rel=1e-9)
    assert facts["certificate"]["relative_gap"] == pytest.approx(expected.certificate.relative_gap, rel=1e-6)
    assert fit.feature_names == ("x0", "x1", "x2") and facts["rows"] == 400


@pytest.mark.parametrize("name", ["data.csv", "data.parquet"])
def test_how_the_file_is_cut_makes_no_difference(sgd, monkeypatch, name):
    X, y = table(2000)
    y[5] = np.nan
    columns = named(X, y, city=np.array(["a", "b", "c", "d"])[np.arange(2000) % 4])
    write_csv("data.csv", columns | {"y": ["" if np.isnan(v) else v for v in y]})
    pq.write_table(pa.table(columns), "data.parquet", row_group_size=130)
    monkeypatch.setattr(_streaming, "_PIECE", 3200)
    options = ["--one-hot", "--missing", "drop", "--alphas", "0.1,0.01", "--batch-size", "7", "--epochs", "2"]
    whole = sgd("data.parquet", *options)
    expected = Path("m.npz").read_bytes()
    for numbers, size in ((50, 200), (1 << 17, 1 << 20)):
        monkeypatch.setattr(_streaming, "_BATCH", numbers)
        monkeypatch.setattr(_streaming, "_BLOCK", (size, size, 1))
        facts = sgd(name, *options)
        assert {k: v for k, v in facts.items() if k not in ("seconds", "data")} == {
            k: v for k, v in whole.items() if k not in ("seconds", "data")
        }
        assert Path("m.npz").read_bytes() == expected.replace(b"data.parquet", name.encode()) or name == "data.csv"


def test_rows_are_cut_at_a_multiple_of_the_batch(sgd, monkeypatch):
    X, y = table(1000, 2)
    write_csv("data.csv", named(X, y))
    monkeypatch.setattr(_streaming, "_PIECE", 260)
    sizes = []
    partial_fit = shrinkage.StochasticModel.partial_fit
    monkeypatch.setattr(
        shrinkage.StochasticModel, "partial_fit", lambda self, *a: sizes.append(len(a[0])) or partial_fit(self, *a)
    )
    sgd("data.csv", "--batch-size", "32", "--epochs", "1")
    assert sizes == [128] * 7 + [104]


def test_the_table_is_never_whole_in_memory(sgd, monkeypatch):
    X, y = table(40_000, 40)
    pq.write_table(pa.table(named(X, y)), "data.parquet", row_group_size=2000)
    sgd("data.parquet", "--epochs", "1")
    monkeypatch.setattr(_streaming, "_PIECE", 1 << 14)
    monkeypatch.setattr(_streaming, "_BATCH", 1 << 14)
    monkeypatch.setattr(_tables, "read_table", None)
    tracemalloc.start()
    sgd("data.parquet", "--epochs", "1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The certificate takes what help says of every row
    assert peak < 80 * len(y) + 3e6 < X.nbytes / 2


@pytest.mark.parametrize("loss", NAMES)
def test_every_loss_gets_near_its_minimum(sgd, loss):
    kind = loss_of(loss).domain
    X, y = table(2000, 3, kind=kind)
    write_csv("data.csv", named(X, y))
    facts = sgd("data.csv", "--loss", loss, "--alphas", "0.1", "--epochs", "20")
    assert facts["loss"] == loss and facts["features"] == 3
    kinked = loss in ("hinge", "perceptron", "epsilon_insensitive")
    assert kinked or facts["certificate"]["relative_gap"] < 0.01
    assert loss == "perceptron" or facts["deviance_explained"] > 0.2


@pytest.mark.parametrize("optimizer", cli.Optimizer)
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive"])
def test_optimizers_schedules_and_their_default_rates(sgd, optimizer, schedule):
    X, y = table(2000, 3)
    write_csv("data.csv", named(X, 100.0 * y))
    facts = sgd("data.csv", "--optimizer", optimizer, "--schedule", schedule, "--average", "--epochs", "30")
    best = shrinkage.ridge(X, 100.0 * y, 1e-4, standardize=True)
    found = {entry["feature"]: entry["per_sd"] for entry in facts["coefficients"]}
    assert list(map(found.get, ["x0", "x1", "x2"])) == pytest.approx(best.coef * X.std(axis=0), rel=0.1, abs=10.0)
    assert (facts["optimizer"], facts["schedule"], facts["average"]) == (optimizer, schedule, True)


def test_the_schedule_adaptive_lowers_the_rate(sgd):
    X, y = table(500, 3)
    write_csv("data.csv", named(X, y))
    facts = sgd("data.csv", "--schedule", "adaptive", "--lr", "0.1", "--epochs", "30")
    assert facts["lr"] < 0.1 / 4


def test_the_schedule_optimal(sgd):
    X, y = table(2000, 3, kind="sign")
    write_csv("data.csv", named(X, y))
    facts = sgd("data.csv", "--schedule", "optimal", "--loss", "log_loss", "--alphas", "0.01")
    assert facts["certificate"]["relative_gap"] < 0.1


# --- several settings ---------------------------------------------------------------------------------------


def test_rows_held_out_choose(sgd):
    X, y = table(1000, 3)
    write_csv("data.csv", named(X, y))
    options = ["--batch-size", "25", "--epochs", "4", "--validation", "0.3", "--seed", "3", "--lr", "0.02"]
    facts = sgd("data.csv", "--alphas", "100,1,0.001", "--l1-ratio", "0,0.9", *options)
    score = facts["score"]
    assert score["alphas"] == [100.0, 1.0, 0.001] * 2 and score["l1_ratios"] == [0.0] * 3 + [0.9] * 3
    held = _streaming.held_out(np.arange(1000), 0.3, 3)
    assert (facts["rows_held"], facts["rows"]) == (held.sum(), (~held).sum()) and 230 < held.sum() < 370
    mean, sd = standardized(X[~held])
    Z = (X - mean) / sd
    for k, (alpha, ratio) in enumerate(zip(score["alphas"], score["l1_ratios"], strict=True)):
        one = shrinkage.sgd_batches(
            [(Z[~held], y[~held])], alpha, l1_ratio=ratio, lr=0.02, batch_size=25, epochs=4, seed=3,
            intercept_init=y[~held].mean(),
        )  # fmt: skip
        losses = (one.predict(Z[held]) - y[held]) ** 2 / 2
        assert score["scores"][k] == pytest.approx(losses.mean(), rel=1e-8)
        assert score["standard_errors"][k] == pytest.approx(losses.std() / len(losses) ** 0.5, rel=1e-8)
    k = int(np.argmin(score["scores"]))
    assert score["index"] == k and facts["alpha"] == score["alphas"][k] and score["value"] == score["scores"][k]
    assert score["at_edge"] is True
    fit = load("m.npz")
    assert (fit.alpha, fit.l1_ratio) == (score["alphas"][k], score["l1_ratios"][k])


def test_one_setting_holds_out_nothing_unless_asked(sgd):
    X, y = table(300, 2)
    write_csv("data.csv", named(X, y))
    facts = sgd("data.csv")
    assert facts["score"] is None and facts["rows_held"] == 0 and facts["rows"] == 300 and facts["alpha"] == 1e-4
    facts = sgd("data.csv", "--validation", "0.2")
    assert len(facts["score"]["scores"]) == 1 and 0 < facts["rows_held"] < 120 and facts["score"]["at_edge"] is False
    assert "accuracy" not in facts


def test_accuracy_counts_the_rows_held_out(sgd):
    X, y = table(800, 2, kind="sign")
    write_csv("data.csv", named(X, y.astype(int)))
    facts = sgd("data.csv", "--loss", "hinge", "--validation", "0.25")
    held = _streaming.held_out(np.arange(800), 0.25, 0)
    assert facts["accuracy"] == pytest.approx((load("m.npz").predict(X[held]) == y[held]).mean())
    assert facts["accuracy"] > 0.7


def test_holding_out_depends_on_the_row_and_the_seed_alone():
    rows = np.arange(100_000)
    for share in (0.05, 0.5, 0.95):
        assert _streaming.held_out(rows, share, 1).mean() == pytest.approx(share, abs=0.01)
    first = _streaming.held_out(rows, 0.5, 0)
    np.testing.assert_array_equal(first[500:600], _streaming.held_out(rows[500:600], 0.5, 0))
    assert 0.45 < (first == _streaming.held_out(rows, 0.5, 2**64 - 1)).mean() < 0.55
    assert 0.45 < (first[1:] == first[:-1]).mean() < 0.55


# --- classes, predictions, files ----------------------------------------------------------------------------


def predictions(run, data="data.csv"):
    assert run("predict", "m.npz", data, "-o", "out.parquet").code == 0
    return pq.read_table("out.parquet")


@pytest.mark.parametrize("coding", ["zero", "minus", "boolean", "text", "category"])
def test_codings_of_two_classes(run, sgd, coding):
    X, y = table(400, 2, kind="sign")
    codes = {
        "zero": y.astype(int), "minus": (2 * y - 1).astype(int), "boolean": y == 1, "text": LABELS[y.astype(int)],
        "category": LABELS[y.astype(int)],
    }[coding]  # fmt: skip
    column = pa.array(codes).dictionary_encode() if coding == "category" else pa.array(codes)
    pq.write_table(pa.table(named(X, column)), "data.parquet")
    facts = sgd("data.parquet", "--loss", "log_loss")
    coefs = {entry["feature"]: entry["coefficient"] for entry in facts["coefficients"]}
    assert coefs["x0"] > 0
    texts = coding in ("text", "category")
    assert facts["classes"] == (["no", "yes"] if texts else [-1.0, 1.0] if coding == "minus" else [0.0, 1.0])
    found = predictions(run, "data.parquet")
    fit = load("m.npz")
    expected = fit.predict(X)
    decision = X @ fit.coef + fit.intercept
    assert found.column_names == ["prediction", "probability"]
    np.testing.assert_allclose(found["probability"], 1 / (1 + np.exp(-decision)), rtol=1e-12)
    if texts:
        expected = LABELS[(expected == 1).astype(int)]
    assert found["prediction"].to_pylist() == expected.tolist()
    assert (found["prediction"].to_numpy() == codes).mean() > 0.7


def test_predictions_as_csv_and_of_rates(run, sgd):
    X, y = table(300, 2, kind="count")
    write_csv("data.csv", named(X, y))
    sgd("data.csv", "--loss", "poisson")
    fit = load("m.npz")
    assert run("predict", "m.npz", "data.csv", "-o", "out.csv").out == "300 predictions written to out.csv\n"
    rows = list(csv_module.reader(Path("out.csv").read_text().splitlines()))
    assert rows[0] == ["prediction"]
    np.testing.assert_array_equal(np.array(rows[1:], float)[:, 0], fit.predict(X))
    np.testing.assert_allclose(fit.predict(X), np.exp(X @ fit.coef + fit.intercept), rtol=1e-14)
    printed = run("predict", "m.npz", "data.csv", "-o", "-").out
    assert printed == Path("out.csv").read_text()


def test_labels_in_printed_predictions(run, sgd, write):
    X, y = table(200, 2, kind="sign")
    write_csv("data.csv", named(X, np.array(['say "no"', "yes, please"])[y.astype(int)]))
    sgd("data.csv", "--loss", "hinge")
    lines = run("predict", "m.npz", "data.csv", "-o", "-").out.splitlines()
    assert lines[0] == "prediction" and set(lines[1:]) == {'"say ""no"""', '"yes, please"'}


def test_predictions_piece_by_piece(run, sgd, refuse, monkeypatch):
    X, y = table(2000, 2)
    write_csv("data.csv", named(X, y))
    sgd("data.csv")
    whole = predictions(run)
    monkeypatch.setattr(_streaming, "_BLOCK", (1000, 1000, 1))
    pieces = predictions(run)
    np.testing.assert_allclose(pieces["prediction"], whole["prediction"], rtol=1e-13)
    assert pieces["prediction"].num_chunks > 0 and pieces.num_rows == 2000
    text = Path("data.csv").read_text().splitlines()
    text[1500] = "x,1,2"
    Path("bad.csv").write_text("\n".join(text))
    refuse("predict", "m.npz", "bad.csv", "-o", "new.csv", words=["'x0' (data row 1500 holds 'x')", "not numeric"])
    text[1500] = ",1,2"
    text[1800] = "1,,2"
    Path("bad.csv").write_text("\n".join(text))
    words = ["1 value in column 'x0' (data row 1500) and 1 value in column 'x1' (data row 1800)"]
    refuse("predict", "m.npz", "bad.csv", "-o", "-", words=words)


def test_show_repeats_what_fit_said(run, sgd):
    X, y = table(600, 3, kind="sign")
    write_csv("data.csv", named(X, LABELS[y.astype(int)]))
    fitted = sgd("data.csv", "--loss", "log_loss", "--alphas", "1,0.01,0.0001")
    shown = run("show", "m.npz", "--json").json
    own = {"seconds", "warnings", "columns_dropped"}
    assert shown == {key: value for key, value in fitted.items() if key not in own}
    out = run("show", "m.npz").out
    for words in (
        "gradient descent of y", "log_loss", "'yes' is predicted against 'no'", "best of 3 settings", "accuracy",
        "of the optimum", "log-odds for 'yes'", "10 epochs, batches of 32 rows", "w per standard deviation",
    ):  # fmt: skip
        assert words in " ".join(out.split())


def test_what_a_person_sees(run):
    X, y = table(300, 2)
    write_csv("data.csv", named(X, y, k=np.full(300, 0.1)))
    outcome = run("fit", "data.csv", "--target", "y", "--model", "sgd", "--epochs", "1")
    assert outcome.code == 0 and "not saved: give -o model.npz" in outcome.out
    for words in ("1 epoch, ", "constant, so their coefficient is 0: 'k'", "s to fit", "300 rows, 3 features"):
        assert words in " ".join(outcome.out.split())


def test_a_fit_of_python_is_saved_shown_and_predicts(run, refuse, write, tmp_path):
    pandas = pytest.importorskip("pandas")
    X, y = table(200, 2)
    frame = pandas.DataFrame((X - X.mean(axis=0)) / X.std(axis=0), columns=["a", "b"])
    with pytest.warns(shrinkage.ConvergenceWarning):
        fits = shrinkage.sgd(frame, y, [0.1, 0.01], epochs=3)
    save(fits, "both.npz")
    save(fits[1], "m.npz")
    out = run("show", "m.npz").out
    assert "gradient descent of y" in out and "2 features" in out
    write("b,a\n1,2\n", "new.csv")
    run("predict", "m.npz", "new.csv", "-o", "out.csv")
    assert float(Path("out.csv").read_text().split()[1]) == fits[1].predict([[2.0, 1.0]])[0]
    refuse("show", "both.npz", words=["These are 2 settings", "fit[k]"])
    refuse("predict", "both.npz", "new.csv", "-o", "new.parquet", words=["These are 2 settings"])


# --- what a file can have wrong with it ---------------------------------------------------------------------

HOLES = "a,b,y\n1,2,3\n,1,1\n4,,7\n5,NA,5\n6,7,1\n9,nan,2\n"
BAD = [
    ("a,b,y\n", [], ["a header (3 columns) but no rows"]),
    ("a,b,y", [], ["a single line, so no rows"]),
    ("a,b,y\n1,2,3\n", [], ["only one row"]),
    ("a,a,y\n1,2,3\n2,3,4\n", [], ["more than one column named 'a'"]),
    ("a,y\n1,2\n1,2,3\n", [], ["cannot be read as CSV"]),
    (b"a,y\n1,2\n\xff,3\n", ["--one-hot"], ["is not UTF-8 text (column 'a')"]),
    (HOLES, [], ["1 value in column 'a' (data row 2) and 3 values in column 'b' (data rows 3, 4 and 6)"]),
    ("a,b,y\n1,,3\n2,,1\n4,,7\n", [], ["'b' has no values at all", "--drop b"]),
    ("a,b,y\n1,,3\n,2,1\n", ["--missing", "drop"], ["Every row", "'a' and 'b'"]),
    ("x,city,y\n1,Oslo,3\n2,Rome,1\n", [], ["'city' (data row 1 holds 'Oslo')", "--one-hot", "--drop city"]),
    ("name,y\n" + "".join(f"n{i},{i}\n" for i in range(1001)), ["--one-hot"], ["'name'", "1,001", "--drop name"]),
    ("city=a,city,y\n1,a,3\n2,b,1\n", ["--one-hot"], ["second column named 'city=a'"]),
    ("day,y\n2020-01-01,3\n2020-01-02,1\n", [], ["'day'", "dates or times"]),
    ("a,y\n1,3\ninf,1\n4,7\n", [], ["'a' is infinite in data row 2"]),
    ("a,y\n1,3\n1e200,1\n4,7\n", [], ["'a' is too large to square in data row 2"]),
    ("a,k,y\n1,2,3\n1,2,1\n", [], ["No column varies", "'a' and 'k'"]),
    ("a,y\n1,3\n2,3\n", [], ["'y' is 3 in every row"]),
    ("a,y,s\n1,2,1\n2,4,-2\n", ["--weights", "s"], ["'s' is negative (-2 in data row 2)"]),
    ("a,y,s\n1,2,0\n2,4,0\n", ["--weights", "s"], ["'s' is zero in every row"]),
    ("a,y,s\n1,2,1\n2,4,0\n3,4,0\n", ["--weights", "s"], ["No column varies"]),
    ("a,y,s\n1,2,x\n2,4,0\n", ["--weights", "s"], ["weights column 's' (data row 1 holds 'x')"]),
    ("a,y\n1,low\n2,high\n", [], ["target column 'y' (data row 1 holds 'low')", "not numeric"]),
    ("a,y\n1,2\n2,3\n", ["--drop", "a"], ["No feature columns are left"]),
    ("a,z\n1,2\n2,3\n", [], ["no target column 'y'"]),
    ("a,y\n1,0\n2,1\n3,2\n4,5\n", ["--loss", "log_loss"], ["holds 2 (data rows 3 and 4)", "two classes: 0 and 1"]),
    ("a,y\n1,0\n2,1\n3,-1\n", ["--loss", "hinge"], ["holds -1 and 0"]),
    ("a,y\n1,u\n2,v\n3,w\n", ["--loss", "log_loss"], ["holds 'u', 'v' and 'w'", "two texts"]),
    ("a,y\n1,u\n2,u\n", ["--loss", "log_loss"], ["'y' is 'u' in every row"]),
    ("a,y\n1,3\n2,-1\n", ["--loss", "poisson"], ["holds -1 (data row 2)", "zero or more"]),
    ("a,y\n1,3\n2,1\n3,2\n", ["--validation", "1e-9"], ["leaves 3 rows to train on and 0 to choose by"]),
    ("a,y\n1,3\n2,1\n3,2\n", ["--validation", "0.999999"], ["leaves 0 rows to train on and 3"]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "options", "words"), BAD)
def test_bad_data_has_a_sentence(refuse, write, content, options, words):
    write(content)
    refuse("fit", "data.csv", "--target", "y", "--model", "sgd", "-o", "m.npz", *options, words=words)


@pytest.mark.parametrize("late", ["x", "true", "2020-01-01", "1.5"])
def test_a_column_may_change_its_mind_late_in_a_long_file(sgd, refuse, write, late):
    rows = [f"{i % 7},{i % 5}" for i in range(300_000)]
    rows[290_000] = f"{late},1"
    write("\n".join(["a,y", *rows]))
    if late == "1.5":
        assert sgd("data.csv", "--epochs", "1")["rows"] == 300_000
        return
    words = [f"'a' (data row 290001 holds '{late}')", "--one-hot"]
    refuse("fit", "data.csv", "--target", "y", "--model", "sgd", words=words)


def test_missing_rows_of_every_piece_are_dropped(sgd, monkeypatch):
    X, y = table(2000, 2)
    holes = np.random.default_rng(2).random(X.shape) < 0.1
    columns = named(np.where(holes, np.nan, X), y)
    pq.write_table(pa.table(columns), "data.parquet", row_group_size=100)
    monkeypatch.setattr(_streaming, "_BATCH", 300)
    facts = sgd("data.parquet", "--missing", "drop", "--lr", "0.01")
    whole = ~holes.any(axis=1)
    assert (facts["rows"], facts["rows_dropped"]) == (whole.sum(), (~whole).sum())
    coef, model = load("m.npz").coef, load_model("m.npz")
    pq.write_table(pa.table(named(X[whole], y[whole])), "rest.parquet")
    sgd("rest.parquet", "--lr", "0.01")
    np.testing.assert_allclose(coef, load("m.npz").coef, rtol=1e-12)
    np.testing.assert_allclose(model.training.feature_mean, X[whole].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(model.training.feature_scale, X[whole].std(axis=0), rtol=1e-12)


def test_rows_of_weight_zero_are_as_good_as_absent(sgd):
    X, y = table(300, 2)
    s = (np.arange(300) % 3 > 0) * 2.0
    write_csv("data.csv", named(X, y, s=s))
    write_csv("rest.csv", named(X[s > 0], y[s > 0]))
    sgd("data.csv", "--weights", "s")
    coef = load("m.npz").coef
    sgd("rest.csv")
    np.testing.assert_allclose(coef, load("m.npz").coef, rtol=1e-12)


def test_one_hot_levels_come_from_the_whole_file(sgd, monkeypatch):
    rng = np.random.default_rng(0)
    city = np.sort(rng.integers(0, 12, 1200))
    y = city % 3 + 0.1 * rng.standard_normal(1200)
    write_csv("data.csv", {"city": [f"c{v:02}" for v in city], "y": y})
    monkeypatch.setattr(_streaming, "_BLOCK", (500, 500, 1))
    facts = sgd("data.csv", "--one-hot", "--epochs", "40")
    assert facts["features"] == 12 and facts["one_hot"] == ["city"] and facts["deviance_explained"] > 0.9
    share = np.bincount(city) / 1200
    training = load_model("m.npz").training
    np.testing.assert_allclose(training.feature_mean, share, rtol=1e-12)
    np.testing.assert_allclose(training.feature_scale, np.sqrt(share * (1 - share)), rtol=1e-12)


def test_constant_columns_and_offsets_far_from_zero(sgd):
    X, y = table(600, 2)
    X[:, 0] += 1e8
    write_csv("data.csv", named(X, y, k=np.full(600, 123456.789)))
    facts = sgd("data.csv")
    fit = load("m.npz")
    assert facts["constant"] == ["k"] and fit.coef[2] == 0.0
    np.testing.assert_allclose(load_model("m.npz").training.feature_scale[:2], X.std(axis=0), rtol=1e-8)
    assert facts["deviance_explained"] > 0.4
    assert fit.predict(np.column_stack([X, np.full(600, 123456.789)])).mean() == pytest.approx(y.mean(), abs=0.1)


def test_a_column_that_varies_only_where_it_is_held_out(sgd):
    X, y = table(200, 2)
    X[:, 1] = 0.1
    row = int(np.flatnonzero(_streaming.held_out(np.arange(200), 0.2, 0))[0])
    X[row, 1] = 7.0
    write_csv("data.csv", named(X, y))
    assert sgd("data.csv", "--validation", "0.2")["constant"] == ["x1"]
    assert load("m.npz").coef[1] == 0.0


@pytest.mark.parametrize("options", [["--no-standardize"], ["--lr", "1e6"], ["--lr", "1e6", "--loss", "poisson"]])
def test_steps_that_are_too_long(refuse, options, run):
    X, y = table(500, 4, kind="count")
    write_csv("data.csv", named(1e3 * X, y))
    options = ["--lr", "0.1", *options] if options == ["--no-standardize"] else options
    outcome = refuse(
        "fit", "data.csv", "--target", "y", "--model", "sgd", *options, words=["steps are too long", "lower --lr"]
    )
    assert ("use --standardize" in outcome.err) == ("--no-standardize" in options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cv", "5"], ["--cv", "not for --model sgd", "--validation"]),
        (["--rule", "1se"], ["--rule", "not for --model sgd"]),
        (["--positive"], ["--positive", "not for --model sgd"]),
        (["--intervals"], ["--intervals", "not for --model sgd"]),
        (["--loss", "cubic"], ["--loss", "'cubic'", "'log_loss'"]),
        (["--epsilon", "1"], ["--epsilon", "huber"]),
        (["--loss", "huber", "--epsilon", "0"], ["--epsilon", "more than 0"]),
        (["--loss", "epsilon_insensitive", "--epsilon", "nan"], ["--epsilon", "finite"]),
        (["--epochs", "0"], ["--epochs"]),
        (["--batch-size", "0"], ["--batch-size"]),
        (["--lr", "0"], ["--lr", "more than 0"]),
        (["--lr", "nan"], ["--lr", "more than 0"]),
        (["--seed", "-1"], ["--seed"]),
        (["--schedule", "cosine"], ["--schedule", "cosine"]),
        (["--schedule", "optimal", "--alphas", "1,0"], ["--schedule", "more than 0"]),
        (["--schedule", "optimal", "--lr", "1"], ["--lr", "alone"]),
        (["--optimizer", "lbfgs"], ["--optimizer", "lbfgs"]),
        (["--validation", "1"], ["--validation", "less than 1"]),
        (["--validation", "nan"], ["--validation", "less than 1"]),
        (["--validation", "0", "--alphas", "1,2"], ["--validation", "rows to choose by"]),
        (["--l1-ratio", "2"], ["--l1-ratio", "between 0"]),
        (["--alphas", "-1"], ["--alphas", "at least 0"]),
    ],
)
def test_wrong_commands_exit_with_2(refuse, csv, options, words):
    refuse("fit", csv, "--target", "y", "--model", "sgd", *options, code=2, words=words)


@pytest.mark.parametrize("option", ["--loss=hinge", "--epochs=3", "--batch-size=1", "--average", "--validation=0.1"])
def test_options_of_sgd_are_for_sgd(refuse, csv, option):
    refuse("fit", csv, "--target", "y", option, code=2, words=[option.partition("=")[0], "it is for --model sgd"])


# --- when things go wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["more rows", "text"])
def test_a_file_that_changes_is_noticed(run, monkeypatch, kind):
    X, y = table(300, 2)
    name = "data.parquet" if kind == "text" else "data.csv"
    if kind == "text":
        pq.write_table(pa.table(named(X, y)), name)
    else:
        write_csv(name, named(X, y))

    def change(*args, **kwargs):
        if kind == "text":
            pq.write_table(pa.table({"x0": ["a", "b"], "x1": [1, 2], "y": [1.0, 2.0]}), name)
        else:
            with open(name, "a") as stream:
                stream.write("1,2,3\n")
        return found(*args, **kwargs)

    found = _training._stream
    monkeypatch.setattr(_training, "_stream", change)
    outcome = run("fit", name, "--target", "y", "--model", "sgd", "-o", "m.npz")
    assert (outcome.code, outcome.out, outcome.new) == (1, "", [])
    assert outcome.err == f"error: {name!r} has changed while it was read.\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_is_refused(refuse, tmp_path, run):
    os.mkfifo("data.csv")
    refuse("fit", "data.csv", "--target", "y", "--model", "sgd", words=["is a pipe"])


def test_progress_goes_to_the_end(run, monkeypatch):
    calls, stages = [], []
    monkeypatch.setattr(cli.Progress, "advance", lambda self, fraction: calls.append(fraction))
    monkeypatch.setattr(cli.Progress, "stage", lambda self, text: stages.append(text))
    X, y = table(3000, 2)
    pq.write_table(pa.table(named(X, y)), "data.parquet")
    monkeypatch.setattr(_streaming, "_BATCH", 900)
    run("fit", "data.parquet", "--target", "y", "--model", "sgd", "--alphas", "1,2", "--epochs", "2")
    assert calls == sorted(calls) and calls[-1] == 1.0 and len(calls) > 8
    assert stages[0] == "checking data.parquet" and stages[1].startswith("training on 2,")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_leaves_no_file(tmp_path):
    X, y = table(50_000, 10)
    pq.write_table(pa.table(named(X, y)), tmp_path / "data.parquet")
    start = "from shrinkage import _training as t; f = t.train_batches\n"
    start += "def say(*a): print('training', flush=True); return f(*a)\n"
    start += "t.train_batches = say\nfrom shrinkage.cli import main; main()"
    options = ["--target", "y", "--model", "sgd", "--epochs", "100000", "-o", "m.npz"]
    command = [sys.executable, "-c", start, "fit", "data.parquet", *options]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "training\n"
        time.sleep(0.3)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        took = time.monotonic() - asked
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "")
    assert [p.name for p in tmp_path.iterdir()] == ["data.parquet"]
    assert took < 5.0
