"""What sgd, saga and their model refuse, and in which words."""

import numpy as np
import pytest
from scipy import sparse

import shrinkage
from shrinkage import StochasticModel, saga, sgd, sgd_batches

X = np.random.default_rng(0).standard_normal((30, 4))
y = X[:, 0] + 1.0
CLASSES = (y > 1).astype(int)


def with_entry(value):
    out = X.copy()
    out[7, 2] = value
    return out


BOTH = [
    (dict(X=X[0]), ValueError, "X must be a 2-D array"),
    (dict(X=np.empty((0, 4)), y=np.empty(0)), ValueError, "there is no row to fit"),
    (dict(X=X.astype(complex)), TypeError, "complex"),
    (dict(X=with_entry(np.nan)), ValueError, "X contains NaN at column 2, row 7"),
    (dict(X=with_entry(np.inf)), ValueError, r"X contains \+inf at column 2, row 7"),
    (dict(X=with_entry(1e200)), ValueError, "X reaches 1e\\+200 in column 2: too large to square"),
    (dict(X=sparse.csr_array(with_entry(np.nan))), ValueError, "X contains NaN at column 2, row 7"),
    (dict(y=y[:-1]), ValueError, "X has 30 rows but y has 29"),
    (dict(y=None), ValueError, "y is None"),
    (dict(y=np.where(np.arange(30) == 3, np.nan, CLASSES)), ValueError, "y contains nan at row 3"),
    (dict(sample_weight=np.ones(29)), ValueError, r"sample_weight must have shape \(30,\)"),
    (dict(sample_weight=-np.ones(30)), ValueError, "sample_weight is negative at row 0"),
    (dict(sample_weight=np.zeros(30)), ValueError, "sample_weight is zero for every row"),
    (dict(alpha=-1.0), ValueError, "alpha must be finite and 0 or more, got -1"),
    (dict(alpha=np.nan), ValueError, "alpha must be finite and 0 or more, got nan"),
    (dict(alpha="strong"), TypeError, "alpha must be a number, or an array"),
    (dict(alpha=None), TypeError, "alpha must be a number, or an array"),
    (dict(alpha=[]), ValueError, "alpha must be a number or a 1-D array"),
    (dict(alpha=[[0.1]]), ValueError, "alpha must be a number or a 1-D array"),
    (dict(l1_ratio=1.5), ValueError, "l1_ratio must be between 0 and 1, got 1.5"),
    (dict(alpha=[0.1, 0.2], l1_ratio=[0.1, 0.2, 0.3]), ValueError, "alpha 2, l1_ratio 3"),
    (dict(loss="squared"), ValueError, "loss"),
    (dict(loss=3), TypeError, "loss"),
    (dict(loss="huber", epsilon=-1.0), ValueError, "epsilon"),
    (dict(loss="log_loss", y=y), ValueError, "y"),
    (dict(fit_intercept="yes"), TypeError, "fit_intercept must be True or False"),
    (dict(epochs=0), ValueError, "epochs must be at least 1, got 0"),
    (dict(epochs=2.5), TypeError, "epochs must be a whole number, got 2.5"),
    (dict(tol=-1e-3), ValueError, "tol must be"),
    (dict(seed=-1), ValueError, "seed must be at least 0"),
    (dict(seed="lucky"), TypeError, "seed must be a whole number or a numpy.random.Generator"),
    (dict(coef_init=np.zeros(3)), ValueError, r"coef_init must be finite numbers of shape \(4,\), got shape \(3,\)"),
    (dict(coef_init=[0, 0, np.inf, 0]), ValueError, "coef_init must be finite numbers, and has NaN or infinity"),
    (dict(callback=3), TypeError, "callback must be a function, got 3"),
    (dict(intercept_init=[1.0, 2.0]), ValueError, r"intercept_init must be finite numbers of shape \(\)"),
]
SGD = [
    (dict(lr=0.0), ValueError, "lr must be finite and more than 0, got 0"),
    (dict(lr=np.inf), ValueError, "lr must be finite and more than 0, got inf"),
    (dict(optimizer="lbfgs"), ValueError, "optimizer must be 'sgd', 'momentum', 'nesterov', 'adam' or 'adamw'"),
    (dict(schedule="cosine"), ValueError, "schedule must be 'constant', 'optimal', 'invscaling' or 'adaptive'"),
    (dict(schedule="optimal", alpha=[0.1, 0.0]), ValueError, "alpha must be > 0 with schedule='optimal'"),
    (dict(momentum=1.0), ValueError, "momentum must be at least 0 and below 1"),
    (dict(betas=0.9), TypeError, "betas must be two numbers"),
    (dict(betas=(0.9, 1.0)), ValueError, r"betas\[1\] must be"),
    (dict(eps=-1.0), ValueError, "eps must be"),
    (dict(power_t=np.nan), ValueError, "power_t must be"),
    (dict(batch_size=0), ValueError, "batch_size must be at least 1"),
    (dict(batch_size=True), TypeError, "batch_size must be a whole number"),
    (dict(average=-3), ValueError, "average must be at least 1"),
    (dict(average="polyak"), TypeError, "average must be a whole number"),
    (dict(shuffle=1), TypeError, "shuffle must be True or False"),
    (dict(n_iter_no_change=0), ValueError, "n_iter_no_change must be at least 1"),
    (dict(validation_fraction=1.0), ValueError, "validation_fraction must be"),
    (dict(validation_fraction=0.001), ValueError, "leaves 30 to train on and 0 to validate on"),
    (dict(loss="poisson", y=-y), ValueError, "y"),
    (
        dict(learning_rate=0.1),
        TypeError,
        r"sgd\(\) has no argument 'learning_rate': beside its own it takes l1_ratio, loss",
    ),
    (dict(X=X * 1e100, lr=1e100, schedule="constant"), ValueError, "Floating-point under-/overflow occurred"),
    (dict(alpha=0.0, lr=1e6, schedule="constant"), shrinkage.ConvergenceWarning, "the steps are too long"),
]
SAGA = [
    (dict(loss="hinge"), ValueError, "loss='hinge' has no largest curvature"),
    (dict(loss="poisson"), ValueError, "loss='poisson' has no largest curvature"),
    (dict(variant="svrg"), ValueError, "variant must be 'saga' or 'sag'"),
]


def named(cases):
    return [pytest.param(*case, id=f"{k} {'-'.join(case[0])}") for k, case in enumerate(cases)]


@pytest.mark.parametrize("changes, error, words", named(BOTH + SGD))
def test_sgd_refuses(changes, error, words):
    given = {"X": X, "y": CLASSES, "epochs": 2, "tol": None, "loss": "squared_error"} | changes
    if changes.get("loss") == "log_loss":
        given["y"] = y
    with pytest.raises(error, match=words):
        sgd(given.pop("X"), given.pop("y"), **given)


@pytest.mark.parametrize("changes, error, words", named(BOTH + SAGA))
def test_saga_refuses(changes, error, words):
    given = {"X": X, "y": CLASSES} | changes
    with pytest.raises(error, match=words):
        saga(given.pop("X"), given.pop("y"), **given)


def test_a_model_stays_what_it_was_after_data_that_it_refuses():
    model = StochasticModel(0.1, average=True).partial_fit(X, y)
    before = model.coef, model.n_steps
    for bad, words in ((with_entry(np.nan), "NaN"), (X[:, :3], "X has 3 features, but the model was trained on 4")):
        with pytest.raises(ValueError, match=words):
            model.partial_fit(bad, y)
    np.testing.assert_array_equal(model.coef, before[0])
    assert model.n_steps == before[1] == 30


@pytest.mark.parametrize("settings", [1, 2, 17])
def test_targets_are_one_for_all_or_one_for_each(settings):
    """Of the first call and of all others."""
    two = np.column_stack([y, -y])
    model = StochasticModel(np.full(settings, 0.1))
    if settings != 2:
        with pytest.raises(ValueError, match=f"y has 2 columns and there are {settings} settings"):
            model.partial_fit(X, two)
    model.partial_fit(X, y)
    before = model.coef
    with pytest.raises(ValueError, match="y has 2 columns, but the model was trained on 1"):
        model.partial_fit(X, two)
    np.testing.assert_array_equal(model.coef, before)


def test_losses_beyond_all_numbers_are_not_the_steps():
    with pytest.raises(ValueError, match="losses are beyond the range of numbers"):
        sgd(X, y * 1e200, 1e-3, loss="squared_error", tol=None)


def test_a_function_that_does_not_begin_anew():
    pieces = iter([(X, y)])
    with pytest.raises(ValueError, match="no piece in epoch 2, where the function must begin anew"):
        sgd_batches(lambda: pieces, epochs=2)


def test_a_model_that_has_seen_nothing():
    with pytest.raises(ValueError, match="call partial_fit first"):
        StochasticModel().coef  # noqa: B018


@pytest.mark.parametrize(
    "batches, error, words",
    [
        ([], ValueError, "batches has no piece"),
        (3, TypeError, "batches must be an iterable"),
        ([X], TypeError, r"a piece of batches must be \(X, y\)"),
        ([(X, y), (X[:, :2], y)], ValueError, "X has 2 features"),
    ],
)
def test_pieces_that_are_none(batches, error, words):
    with pytest.raises(error, match=words):
        sgd_batches(batches)


def test_an_iterator_is_good_for_one_epoch():
    with pytest.raises(ValueError, match="good for one epoch, and epochs is 2: pass a function"):
        sgd_batches(iter([(X, y)]), epochs=2)


@pytest.mark.parametrize("rows, columns", [(1, 1), (1, 4), (30, 0), (2, 1)])
@pytest.mark.parametrize("form", [np.array, sparse.csr_array])
def test_small_shapes(rows, columns, form):
    A, b = form(X[:rows, :columns]), y[:rows]
    for options in ({}, {"optimizer": "adam", "batch_size": 8}, {"average": True}):
        fit = sgd(A, b, [0.1, 0.2], epochs=3, tol=None, **options)
        assert fit.coef.shape == (2, columns)
        assert np.isfinite(fit.predict(A)).all()
    assert np.isfinite(saga(A, b, 0.1, loss="squared_error").predict(A)).all()


def test_nothing_stored_at_all():
    A = sparse.csr_array((30, 4))
    fit = sgd(A, y, 0.1, l1_ratio=0.5, epochs=200, tol=None, average=3000)
    np.testing.assert_array_equal(fit.coef, np.zeros(4))
    assert fit.intercept == pytest.approx(y.mean(), abs=0.02)
    best = saga(A, y, 0.1, l1_ratio=0.5, loss="squared_error", tol=1e-12)
    assert best.intercept == pytest.approx(y.mean(), abs=1e-5)


def test_columns_have_to_keep_their_names():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=list("abcd"))
    model = StochasticModel().partial_fit(table, y)
    with pytest.raises(ValueError, match="other columns"):
        model.partial_fit(table[list("abdc")], y)
    late = StochasticModel().partial_fit(X, y).partial_fit(table, y)
    with pytest.raises(ValueError, match="other columns"):
        late.partial_fit(table[list("abdc")], y)
    assert sgd(table, y).feature_names == ("a", "b", "c", "d")
