"""`shrinkage predict`: right rows, right columns, and no file when there is nothing right to write."""

import csv as csv_module
import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import shrinkage
from shrinkage.persistence import load, save


@pytest.fixture
def model(run, csv):
    assert run("fit", csv, "--target", "y", "--alphas", "0.1", "-o", "m.npz").code == 0
    return "m.npz"


@pytest.fixture
def cities(run, write):
    write("x,city,y\n1,01,3\n2,Rome,1\n4,01,7\n5,Lima,5\n3,Rome,2\n", "cities.csv")
    assert run("fit", "cities.csv", "--target", "y", "--one-hot", "--alphas", "0.1", "-o", "m.npz").code == 0
    return "m.npz"


def read(name):
    rows = list(csv_module.reader(Path(name).read_text().splitlines()))
    return rows[0], np.array(rows[1:], float)


def test_predictions_are_those_of_the_fit_to_the_last_bit(run, model, csv, numbers):
    outcome = run("predict", model, csv, "-o", "out.csv")
    assert (outcome.code, outcome.err, outcome.new) == (0, "", ["out.csv"])
    assert outcome.out == "24 predictions written to out.csv\n"
    header, values = read("out.csv")
    assert header == ["prediction"]
    np.testing.assert_array_equal(values[:, 0], load(model).predict(numbers[0]))


def test_columns_are_found_by_name(run, write, model):
    write("b,other,a\n2,text,1\n3,,2\n", "new.csv")
    run("predict", model, "new.csv", "-o", "out.csv")
    np.testing.assert_array_equal(read("out.csv")[1][:, 0], load(model).predict([[1.0, 2.0], [2.0, 3.0]]))


def test_parquet_in_and_out(run, model):
    pq.write_table(pa.table({"a": [1, 2], "b": [2.0, 3.0]}), "new.parquet")
    assert run("predict", model, "new.parquet", "-o", "out.parquet").code == 0
    out = pq.read_table("out.parquet")
    assert out.column_names == ["prediction"]
    np.testing.assert_array_equal(out["prediction"], load(model).predict([[1.0, 2.0], [2.0, 3.0]]))


def test_standard_output(run, write, model):
    write("a,b\n1,2\n", "new.csv")
    outcome = run("predict", model, "new.csv", "-o", "-")
    assert (outcome.code, outcome.err, outcome.new) == (0, "", [])
    assert outcome.out == f"prediction\n{load(model).predict([[1.0, 2.0]])[0]!s}\n"


def test_one_row_is_enough(run, write, model):
    write("a,b\n1,2\n", "new.csv")
    assert "1 prediction written" in run("predict", model, "new.csv", "-o", "out.csv").out


def test_categories_are_encoded_alike(run, write, cities):
    # Here every city looks like a number, and would be read as one
    write("city,x\n01,2\n01,3\n", "new.csv")
    run("predict", cities, "new.csv", "-o", "out.csv")
    fit = load(cities)
    assert fit.feature_names == ("x", "city=01", "city=Lima", "city=Rome")
    np.testing.assert_array_equal(read("out.csv")[1][:, 0], fit.predict([[2.0, 1, 0, 0], [3.0, 1, 0, 0]]))
    pq.write_table(pa.table({"x": [2, 3], "city": ["01", "01"]}), "new.parquet")
    run("predict", cities, "new.parquet", "-o", "again.csv")
    assert Path("again.csv").read_bytes() == Path("out.csv").read_bytes()


def test_unseen_category_is_named(refuse, write, cities):
    write("city,x\nRome,2\nParis,3\n", "new.csv")
    words = ["'city' holds 'Paris' (data row 2)", "never seen", "'01', 'Lima' and 'Rome'"]
    refuse("predict", cities, "new.csv", "-o", "out.csv", words=words)


def test_missing_columns_are_named(refuse, write, model):
    write("A,c\n1,2\n", "new.csv")
    refuse("predict", model, "new.csv", "-o", "out.csv", words=["2 columns", "'a' and 'b'", "Did you mean 'A'?"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n,3\n", ["1 value in column 'a' (data row 2)", "A prediction needs every column"]),
        ("a,b\n1,2\n3,x\n", ["'b' (data row 2 holds 'x')", "not numeric"]),
        ("a,b\n1,2\n3,inf\n", ["'b' is infinite in data row 2"]),
        ("a,b\n2020-01-01,2\n", ["'a' holds dates or times"]),
        ("a,b\n", ["no rows"]),
        ("", ["is empty"]),
        ("a,b,b\n1,2,3\n", ["more than one column named 'b'"]),
    ],
)
def test_data_that_cannot_be_predicted(refuse, write, model, content, words):
    write(content, "new.csv")
    refuse("predict", model, "new.csv", "-o", "out.csv", words=words)


def test_a_category_that_is_a_list(refuse, run, cities):
    pq.write_table(pa.table({"x": [2], "city": [[1]]}), "new.parquet")
    refuse("predict", cities, "new.parquet", "-o", "out.csv", words=["'city'", "list", "neither"])


def test_a_model_without_features(run, model, csv, numbers):
    y = numbers[1]
    save(shrinkage.ridge(np.empty((24, 0)), y), "m.npz")
    assert run("predict", "m.npz", csv, "-o", "out.csv").code == 0
    np.testing.assert_array_equal(read("out.csv")[1], np.full((24, 1), load("m.npz").intercept))


def test_predictions_that_overflow(refuse, write, model):
    save(dataclasses.replace(load(model), coef=np.array([1e300, 1.0])), "m.npz")
    write("a,b\n1,2\n1e300,2\n", "new.csv")
    words = ["The prediction for data row 2 is not a finite number"]
    refuse("predict", "m.npz", "new.csv", "-o", "out.csv", words=words)


def test_an_old_output_survives_a_failure(run, write, model):
    write("a,b\n1,x\n", "new.csv")
    write("precious\n", "out.csv")
    assert run("predict", model, "new.csv", "-o", "out.csv").code == 1
    assert Path("out.csv").read_text() == "precious\n"


@pytest.mark.parametrize("output", ["out.csv", "out.parquet"])
def test_an_interrupted_write_leaves_no_file(run, model, csv, monkeypatch, output):
    def interrupt(fd):
        raise KeyboardInterrupt

    monkeypatch.setattr("shrinkage.persistence.os.fsync", interrupt)
    outcome = run("predict", model, csv, "-o", output)
    assert (outcome.code, outcome.out, outcome.err, outcome.new) == (130, "", "", [])


def test_outputs_that_are_refused(refuse, model, csv):
    refuse("predict", model, csv, "-o", "out.xlsx", code=2, words=["--output", "'.xlsx'"])
    refuse("predict", model, csv, "-o", csv, code=2, words=["--output", "would replace the data"])
    refuse("predict", model, csv, code=2, words=["--output"])
    refuse("predict", model, csv, "-o", "none/out.csv", words=["directory 'none'", "does not exist"])


def test_models_that_are_refused(refuse, write, model, csv):
    refuse("predict", "none.npz", csv, "-o", "out.csv", words=["'none.npz'", "No such file"])
    refuse("predict", csv, csv, "-o", "out.csv", words=["data.csv", "not a shrinkage model"])
    write(Path(model).read_bytes()[:-10], "cut.npz")
    refuse("predict", "cut.npz", csv, "-o", "out.csv", words=["cut.npz", "truncated"])


def test_models_saved_from_python(run, refuse, write, numbers):
    import pandas as pd

    X, y = numbers
    save(shrinkage.ridge(X, y, 0.1), "bare.npz")
    write("a,b\n1,2\n", "new.csv")
    refuse("predict", "bare.npz", "new.csv", "-o", "out.csv", words=["without column names"])
    frame = pd.DataFrame(X, columns=["a", "b"])
    fit = shrinkage.ridge(frame, pd.DataFrame({"u": y, "v, w": -2 * y}), 0.1)
    save(fit, "two.npz")
    assert run("predict", "two.npz", "new.csv", "-o", "out.csv").code == 0
    header, values = read("out.csv")
    assert header == ["prediction u", "prediction v, w"]
    np.testing.assert_array_equal(values, fit.predict([[1.0, 2.0]]))
