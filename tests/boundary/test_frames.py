"""Tables and series of pandas, polars, Arrow and narwhals: values, names, and sentences about what cannot be used."""

import sys
from decimal import Decimal

import numpy as np
import pytest

from shrinkage import ridge, ridge_cv, ridge_path
from shrinkage._design import Design

pytest.importorskip("narwhals")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
import narwhals as nw  # noqa: E402
import narwhals.stable.v1 as nw_v1  # noqa: E402
import pyarrow.compute  # noqa: E402

pytestmark = pytest.mark.filterwarnings("error")

N = 30
NAMES = ("age", "bmi", "größe", "s1")


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal([0.0, 1.0, 0.0, 5.0], size=(N, 4))


@pytest.fixture(scope="module")
def y(X):
    return X @ [1.0, 2.0, -1.0, 0.5] + np.random.default_rng(1).normal(size=N)


def pandas_frame(X):
    return pd.DataFrame(np.asarray(X), columns=list(NAMES))


def arrow_table(X):
    return pa.table({name: np.ascontiguousarray(X[:, j]) for j, name in enumerate(NAMES)})


FRAMES = {
    "pandas": pandas_frame,
    "pandas, columns of its own": lambda X: pd.concat([pandas_frame(X)[[c]] for c in NAMES], axis=1),
    "pandas, unordered index": lambda X: pandas_frame(X).set_axis(np.arange(N)[::-1] % 7, axis=0),
    "pandas, nullable": lambda X: pandas_frame(X).astype("Float64"),
    "pandas, Arrow": lambda X: pandas_frame(X).astype(pd.ArrowDtype(pa.float64())),
    "polars": lambda X: pl.DataFrame(X, schema=list(NAMES)),
    "arrow": arrow_table,
    "arrow, batch": lambda X: arrow_table(X).to_batches()[0],
    "arrow, in chunks": lambda X: pa.concat_tables([arrow_table(X[:11]), arrow_table(X[11:])]),
    "narwhals": lambda X: nw.from_native(pandas_frame(X)),
    "narwhals, stable": lambda X: nw_v1.from_native(pl.DataFrame(X, schema=list(NAMES))),
}


def same_kind_of_frame(kind, columns):
    """A table of one of three libraries from {name: values}."""
    return {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.table}[kind](columns)


KINDS = ["pandas", "polars", "arrow"]


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("function", [ridge, ridge_path, ridge_cv])
def test_values_and_names(X, y, kind, function):
    frame = FRAMES[kind](X)
    ours, plain = function(frame, y), function(X, y)
    # the copy is column-major: sums run in another order
    if function is ridge_path:
        np.testing.assert_allclose(ours.coefs, plain.coefs, rtol=1e-11, atol=1e-14)
        assert ours.feature_names == NAMES and plain.feature_names is None
        ours, plain = ours[3], plain[3]
    elif function is ridge_cv:
        ours, plain = ours.fit, plain.fit
    assert ours.feature_names == NAMES and plain.feature_names is None
    np.testing.assert_allclose(ours.coef, plain.coef, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(ours.predict(frame), plain.predict(X), rtol=1e-12)
    assert ours.score(frame, y) == pytest.approx(plain.score(X, y), rel=1e-12)
    assert "größe" in repr(ours)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_columns_stay_float32(X, y, kind):
    columns = {name: X[:, j].astype(np.float32) for j, name in enumerate(NAMES)}
    assert Design(same_kind_of_frame(kind, columns), y).storage.X.dtype == np.float32
    columns["bmi"] = columns["bmi"].astype(np.float64)
    assert Design(same_kind_of_frame(kind, columns), y).storage.X.dtype == np.float64


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u4", "i8", "u8", "f4"])
def test_other_real_columns(X, y, kind, dtype):
    values = X[:, 1] > 1 if dtype == "?" else np.round(np.abs(X[:, 1]) * 9)
    frame = same_kind_of_frame(kind, {"a": X[:, 0], "b": values.astype(dtype)})
    stored = Design(frame, y).storage.X
    assert stored.dtype == np.float64
    np.testing.assert_array_equal(stored, np.c_[X[:, 0], values])


def test_columns_of_other_exact_kinds(X, y):
    """Decimals and wide integers are numbers too."""
    whole = np.arange(N)
    frames = [
        pl.DataFrame({"a": pl.Series(whole).cast(pl.Decimal(20, 3)), "b": X[:, 0]}),
        pl.DataFrame({"a": pl.Series(whole).cast(getattr(pl, "Int128", pl.Int64)), "b": X[:, 0]}),
        pa.table({"a": pa.array(whole).cast(pa.decimal128(21, 2)), "b": X[:, 0]}),
        pd.DataFrame({"a": pd.Series(whole, dtype=pd.ArrowDtype(pa.decimal128(21, 2))), "b": X[:, 0]}),
    ]
    for frame in frames:
        np.testing.assert_array_equal(Design(frame, y).storage.X, np.c_[whole, X[:, 0]])


def nullable(kind):
    """{name: a series of one of the nullable kinds, without a null}, with the values 0, 1, 0, 1, ..."""
    values = [k % 2 for k in range(N)]
    if kind == "pandas":
        return {
            dtype: pd.Series(values).astype(dtype)
            for dtype in ("Int8", "Int64", "UInt16", "Float32", "Float64", "boolean", "int64[pyarrow]", "bool[pyarrow]")
        }
    if kind == "polars":
        return {str(d): pl.Series(values).cast(d) for d in (pl.Int64, pl.UInt8, pl.Float32, pl.Boolean)}
    return {str(t): pa.array(values).cast(t) for t in (pa.int64(), pa.uint8(), pa.float32(), pa.bool_())}


def with_null(kind, series):
    """The same series with its fourth value missing."""
    if kind == "pandas":
        return series.mask(series.index == 3)
    if kind == "polars":
        return pl.select(pl.when(pl.int_range(N) != 3).then(series)).to_series()
    return pyarrow.compute.if_else(pa.array(np.arange(N) != 3), series, pa.scalar(None, series.type))


@pytest.mark.parametrize("kind", KINDS)
def test_nullable_columns(X, y, kind):
    for series in nullable(kind).values():
        frame = same_kind_of_frame(kind, {"a": X[:, 0], "flag": series})
        np.testing.assert_array_equal(Design(frame, y).storage.X, np.c_[X[:, 0], np.arange(N) % 2])


@pytest.mark.parametrize("kind", KINDS)
def test_missing_values_are_located(X, y, kind):
    for series in nullable(kind).values():
        frame = same_kind_of_frame(kind, {"a": X[:, 0], "flag": with_null(kind, series)})
        with pytest.raises(ValueError, match=r"^X contains NaN at column 'flag', row 3: remove or impute such values"):
            ridge(frame, y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("value", "words"), [
    (np.nan, r"^X contains NaN at column 'bmi', row 17"),
    (-np.inf, r"^X contains -inf at column 'bmi', row 17"),
    (1e200, r"^X reaches 1e\+200 in column 'bmi': too large to square"),
])  # fmt: skip
def test_bad_values_are_located_by_name(X, y, kind, value, words):
    columns = {name: X[:, j].copy() for j, name in enumerate(NAMES)}
    columns["bmi"][17] = value
    with pytest.raises(ValueError, match=words):
        ridge(same_kind_of_frame(kind, columns), y)


# --- columns that are not numbers ---------------------------------------------------------------------------

TEXT = ["u", "v"] * (N // 2)


def not_numbers():
    dates = pd.date_range("2020-01-01", periods=N)
    yield "pandas", "category", pd.Series(TEXT, dtype="category"), "Categorical"
    yield "pandas", "category of numbers", pd.Series([1, 2] * (N // 2), dtype="category"), "Categorical"
    yield "pandas", "ordered", pd.Series(pd.Categorical(TEXT, ordered=True)), "Enum|Categorical"
    yield "pandas", "text", pd.Series(TEXT), "String"
    yield "pandas", "text objects", pd.Series(TEXT, dtype=object), "String"
    yield "pandas", "objects", pd.Series([{}] * N, dtype=object), "Object"
    yield "pandas", "dates", pd.Series(dates), "Datetime"
    yield "pandas", "zoned dates", pd.Series(dates.tz_localize("UTC")), "Datetime"
    yield "pandas", "durations", pd.Series(dates - dates[0]), "Duration"
    yield "pandas", "periods", pd.Series(dates.to_period("D")), "period"
    yield "pandas", "intervals", pd.Series(pd.interval_range(0, N)), "interval"
    yield "pandas", "complex", pd.Series(np.ones(N) + 1j), "complex128"
    yield "pandas", "sparse", pd.Series(np.ones(N)).astype(pd.SparseDtype(float, 0.0)), "Sparse"
    yield "polars", "category", pl.Series(TEXT, dtype=pl.Categorical), "Categorical"
    yield "polars", "enum", pl.Series(TEXT, dtype=pl.Enum(["u", "v"])), "Enum"
    yield "polars", "text", pl.Series(TEXT), "String"
    yield "polars", "dates", pl.Series([None] * N, dtype=pl.Date), "Date"
    yield "polars", "durations", pl.Series([None] * N, dtype=pl.Duration), "Duration"
    yield "polars", "lists", pl.Series([[1.0]] * N), "List"
    yield "polars", "nothing", pl.Series([None] * N), "Null|Unknown"
    yield "arrow", "dictionary", pa.array(TEXT).dictionary_encode(), "Categorical"
    yield "arrow", "text", pa.array(TEXT), "String"
    yield "arrow", "times", pa.array([0] * N, pa.timestamp("s")), "Datetime"


@pytest.mark.parametrize(
    ("kind", "series", "dtype"), [pytest.param(k, s, d, id=f"{k}, {what}") for k, what, s, d in not_numbers()]
)
def test_column_that_is_not_numeric_is_named(X, y, kind, series, dtype):
    frame = same_kind_of_frame(kind, {"age": X[:, 0], "region": series, "bmi": X[:, 1]})
    words = rf"^X has 1 column that is not numeric: 'region' \(({dtype}).*\)\. Encode it as numbers .*or drop it$"
    with pytest.raises(TypeError, match=words):
        ridge(frame, y)
    # as a target, alone or in a table
    with pytest.raises(TypeError, match=r"^y has 1 column that is not numeric: 'region' "):
        ridge(X, frame)
    with pytest.raises(TypeError, match=rf"^y has dtype ({dtype}).*, which is not numeric: encode it"):
        ridge(X, series)
    with pytest.raises(TypeError, match=rf"^sample_weight has dtype ({dtype}).*, which is not numeric"):
        ridge(X, y, sample_weight=series)


@pytest.mark.parametrize("kind", KINDS)
def test_many_columns_that_are_not_numeric(y, kind):
    frame = same_kind_of_frame(kind, {f"c{k}": TEXT for k in range(7)} | {"a": y})
    words = r"^X has 7 columns that are not numeric: 'c0' \(String\), .*'c4' \(String\), \.\.\.\."
    with pytest.raises(TypeError, match=words):
        ridge(frame, y)


@pytest.mark.parametrize("kind", KINDS)
def test_float16_column_is_named(X, y, kind):
    if kind == "polars" and not hasattr(pl, "Float16"):
        pytest.skip("this polars has no half precision")
    half = X[:, 1].astype(np.float16)
    series = pl.Series(half.astype(np.float32)).cast(pl.Float16) if kind == "polars" else half
    frame = same_kind_of_frame(kind, {"age": X[:, 0], "bmi": series})
    with pytest.raises(TypeError, match=r"^X .*'bmi'.*(float16|Float16|halffloat)"):
        ridge(frame, y)


# --- names --------------------------------------------------------------------------------------------------


def test_pandas_columns_without_text_names(X, y):
    """Numbers as names are names, never positions: with as many rows as columns, rows would fit in their place."""
    square = X[:4]
    frame = pd.DataFrame(square)
    assert list(frame.columns) == [0, 1, 2, 3]
    np.testing.assert_array_equal(Design(frame, y[:4]).storage.X, square)
    mixed = pd.DataFrame(X, columns=["a", 1, (2, "b"), "c"])
    fit = ridge(mixed, y)
    assert fit.feature_names == ("a", "1", "(2, 'b')", "c")
    np.testing.assert_allclose(fit.coef, ridge(X, y).coef, rtol=1e-11)
    levels = pd.DataFrame(X, columns=pd.MultiIndex.from_product([["u", "v"], ["x", "y"]]))
    np.testing.assert_allclose(ridge(levels, y).coef, ridge(X, y).coef, rtol=1e-11)


def test_names_that_occur_twice(X, y):
    for frame in (
        pd.DataFrame(X, columns=["a", "bmi", "c", "bmi"]),
        pa.Table.from_arrays([pa.array(X[:, j]) for j in range(4)], names=["a", "bmi", "c", "bmi"]),
    ):
        with pytest.raises(ValueError, match=r"^X has more than one column called 'bmi': rename or drop them"):
            ridge(frame, y)
        with pytest.raises(ValueError, match=r"^y has more than one column called 'bmi'"):
            ridge(X, frame)
    with pytest.raises(ValueError, match=r"^X has more than one column called 7"):
        ridge(pd.DataFrame(X[:, :2], columns=[7, 7]), y)


@pytest.mark.parametrize("kind", KINDS)
def test_prediction_needs_the_training_columns(X, y, kind):
    columns = {name: X[:, j] for j, name in enumerate(NAMES)}
    frame = same_kind_of_frame(kind, columns)
    fit, path, cv = ridge(frame, y), ridge_path(frame, y, [1.0, 0.1]), ridge_cv(frame, y)
    swapped = same_kind_of_frame(kind, {name: columns[name] for name in ("age", "größe", "bmi", "s1")})
    renamed = same_kind_of_frame(kind, {name.replace("s1", "s2"): values for name, values in columns.items()})
    fewer = same_kind_of_frame(kind, {name: columns[name] for name in NAMES[:3]})
    more = same_kind_of_frame(kind, columns | {"new": y})
    for model in (fit, path, cv):
        for bad, words in [
            (swapped, r"^X's column 1 is 'größe', but the model was fitted with 'bmi' there: pass the same columns"),
            (renamed, r"^X's column 3 is 's2', but the model was fitted with 's1' there"),
            (fewer, r"^X has 3 features, but the model was fitted on 4"),
            (more, r"^X has 5 features, but the model was fitted on 4"),
        ]:
            with pytest.raises(ValueError, match=words):
                model.predict(bad)
    with pytest.raises(ValueError, match="pass the same columns"):
        fit.score(swapped, y)
    # data without names are taken at their word, and names learned from nothing bind nobody
    np.testing.assert_allclose(fit.predict(X), fit.predict(frame), rtol=1e-12)
    np.testing.assert_allclose(ridge(X, y).predict(swapped), ridge(X, y).predict(X[:, [0, 2, 1, 3]]), rtol=1e-12)


# --- classes ------------------------------------------------------------------------------------------------


class Measurements(pd.DataFrame):
    """A subclass that pandas does not know of."""

    @property
    def _constructor(self):
        return Measurements


class Reading(pd.Series):
    pass


def test_subclasses_keep_names_and_dtypes(X, y):
    frame = Measurements({"age": X[:, 0], "count": np.arange(N), "bmi": X[:, 1]})
    assert ridge(frame, Reading(y)).feature_names == ("age", "count", "bmi")
    frame["region"] = pd.Categorical(TEXT)
    with pytest.raises(TypeError, match=r"'region' \(Categorical\)"):
        ridge(frame, y)


def test_frames_that_are_not_in_memory(X, y):
    lazy = pl.DataFrame(X, schema=list(NAMES)).lazy()
    for given in (lazy, nw.from_native(lazy)):
        with pytest.raises(TypeError, match=r"^X is a (polars|narwhals) LazyFrame, .*: collect or convert it first"):
            ridge(given, y)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda v: pd.Index(v), id="pandas index"),
        pytest.param(lambda v: pd.array(v), id="pandas array"),
        pytest.param(lambda v: pd.Categorical(np.round(v)), id="pandas categorical"),
        pytest.param(lambda v: pa.scalar(v[0]), id="arrow scalar"),
        pytest.param(lambda v: pa.Tensor.from_numpy(v), id="arrow tensor"),
    ],
)
def test_other_things_of_these_libraries(X, y, make):
    """What is neither series nor table is refused by its name."""
    values = make(np.abs(y))
    words = r"is a (pandas|pyarrow) \w+, which is neither an array nor a series nor a table in memory"
    for name, call in {
        "X": lambda: ridge(values, y),
        "y": lambda: ridge(X, values),
        "sample_weight": lambda: ridge(X, y, sample_weight=values),
    }.items():
        with pytest.raises(TypeError, match=rf"^{name} {words}"):
            call()


def test_series_as_X(X, y):
    for given in (pd.Series(y), pl.Series("named", y), pa.chunked_array([y]), pa.array(y)):
        with pytest.raises(ValueError, match=r"^X must be a 2-D array .* got 1-D: pass X.reshape\(-1, 1\)"):
            ridge(given, y)


def test_empty_frames(y):
    for frame in (pd.DataFrame({"a": []}), pl.DataFrame({"a": []}, schema={"a": pl.Float64})):
        with pytest.raises(ValueError, match=r"^X has shape \(0, 1\): there is no row to fit"):
            ridge(frame, y[:0])
    fit = ridge(pd.DataFrame(index=range(N)), y)
    assert fit.coef.shape == (0,) and fit.feature_names == ()
    assert fit.intercept == pytest.approx(y.mean())


@pytest.mark.parametrize("what", ["X", "y", "sample_weight"])
def test_without_narwhals(X, y, monkeypatch, what):
    """Frames need the extra; a sentence says how to get it."""
    monkeypatch.setitem(sys.modules, "narwhals", None)
    call = {
        "X": lambda: ridge(pandas_frame(X), y),
        "y": lambda: ridge(X, pd.Series(y)),
        "sample_weight": lambda: ridge(X, y, sample_weight=pd.Series(y)),
    }[what]
    with pytest.raises(ImportError, match=r'^narwhals is needed .* not installed: pip install "shrinkage\[frames\]"'):
        call()
    np.testing.assert_array_equal(ridge(X, y).coef.shape, (4,))


# --- targets and weights ------------------------------------------------------------------------------------

SERIES = {
    "pandas": pd.Series,
    "pandas, unordered index": lambda v: pd.Series(v, index=np.arange(len(v))[::-1] % 5),
    "pandas, nullable": lambda v: pd.Series(v, dtype="Float64"),
    "pandas, Arrow": lambda v: pd.Series(v, dtype=pd.ArrowDtype(pa.float64())),
    "polars": pl.Series,
    "arrow": pa.array,
    "arrow, in chunks": lambda v: pa.chunked_array([v[:7], v[7:]]),
    "narwhals": lambda v: nw.from_native(pd.Series(v), series_only=True),
    "narwhals, stable": lambda v: nw_v1.from_native(pl.Series(v), series_only=True),
}


@pytest.mark.parametrize("kind", SERIES)
def test_series_as_target_and_weights(X, y, kind):
    make, s = SERIES[kind], np.arange(N) % 4 + 0.5
    fit = ridge(X, make(y), sample_weight=make(s))
    assert fit.coef.shape == (4,) and fit.target_names is None
    np.testing.assert_array_equal(fit.coef, ridge(X, y, sample_weight=s).coef)
    assert fit.score(X, make(y), make(s)) == fit.score(X, y, s)


@pytest.mark.parametrize("make", [pd.Series, pl.Series])
def test_the_name_of_a_series_is_that_of_the_target(X, y, make):
    named = make(name="price", data=y) if make is pd.Series else make("price", y)
    for fit in (ridge(X, named), ridge_path(X, named, [1.0])[0], ridge_cv(X, named, [1.0]).fit):
        assert fit.target_names == ("price",) and fit.coef.shape == (4,)
    assert ridge(X, pd.Series(y, name=0)).target_names == ("0",)


def test_decimals(X, y):
    """Numbers where the library says so, and refused with what to do where it holds objects."""
    held = [Decimal(f"{v:.3f}") for v in y]
    expected = ridge(X, [float(v) for v in held], 0.1).coef
    typed = pd.Series(held, dtype=pd.ArrowDtype(pa.decimal128(12, 3)))
    for target in (typed, pl.Series(held), pa.array(held), pa.chunked_array([held])):
        np.testing.assert_allclose(ridge(X, target, 0.1).coef, expected, rtol=1e-14)
    for kind in KINDS:
        frame = same_kind_of_frame(kind, {"age": X[:, 0], "bmi": typed if kind == "pandas" else held})
        np.testing.assert_allclose(ridge(frame, y).coef, ridge(np.c_[X[:, 0], np.array(held, float)], y).coef)
    with pytest.raises(
        TypeError, match=r"^y has dtype Object, .* with astype\(float\) where numbers are held as objects"
    ):
        ridge(X, pd.Series(held))
    with pytest.raises(TypeError, match=r"'bmi' \(Object\)\. .*astype\(float\) for numbers held as objects"):
        ridge(pd.DataFrame({"bmi": held}), y)


@pytest.mark.parametrize("kind", KINDS)
def test_nullable_series(X, y, kind):
    flags = np.arange(N) % 2
    for name, series in nullable(kind).items():
        np.testing.assert_array_equal(ridge(X, series).coef, ridge(X, flags).coef)
        np.testing.assert_array_equal(
            ridge(X, y, sample_weight=series).coef, ridge(X, y, sample_weight=flags).coef, err_msg=name
        )


@pytest.mark.parametrize("kind", KINDS)
def test_missing_values_in_series_are_located(X, y, kind):
    for series in nullable(kind).values():
        series = with_null(kind, series)
        with pytest.raises(ValueError, match=r"^y contains nan at row 3: remove such rows"):
            ridge(X, series)
        with pytest.raises(ValueError, match=r"^sample_weight is not finite at row 3 \(nan\)"):
            ridge(X, y, sample_weight=series)


@pytest.mark.parametrize("kind", KINDS)
def test_table_as_target(X, y, kind):
    targets = same_kind_of_frame(kind, {"systolic": y, "diastolic": -2.0 * y})
    for fit in (ridge(X, targets), ridge_path(X, targets, [1.0])[0], ridge_cv(X, targets, [1.0]).fit):
        assert fit.target_names == ("systolic", "diastolic")
        np.testing.assert_allclose(fit.coef, [ridge(X, y).coef, -2.0 * ridge(X, y).coef], rtol=1e-11)
    one = ridge(X, same_kind_of_frame(kind, {"systolic": y}))
    assert one.coef.shape == (1, 4) and one.target_names == ("systolic",)
    bad = same_kind_of_frame(kind, {"systolic": y, "diastolic": np.where(np.arange(N) == 9, np.nan, y)})
    with pytest.raises(ValueError, match=r"^y contains nan at row 9 of target diastolic: remove such rows"):
        ridge(X, bad)


@pytest.mark.parametrize("kind", KINDS)
def test_table_as_weights(X, y, kind):
    with pytest.raises(ValueError, match=rf"^sample_weight must have shape \({N},\), .* got \({N}, 1\)"):
        ridge(X, y, sample_weight=same_kind_of_frame(kind, {"w": np.ones(N)}))
