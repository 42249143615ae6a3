"""Gradient descent's arguments: what is refused is named, nothing of the caller's is written to, Ctrl-C is heard."""

import _thread
import re
import threading
import time
import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

import shrinkage
from shrinkage import Descent, gradient_descent

# what is refused is refused before NumPy can warn of it
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"alpha": -1.0}, ValueError, "alpha=-1.0 must be finite and at least 0"),
        ({"alpha": np.inf}, ValueError, "alpha=inf must be finite"),
        ({"alpha": None}, TypeError, "alpha=None of type NoneType is not a real number"),
        ({"alpha": True}, TypeError, "alpha=True of type bool is not a real number"),
        ({"alpha": [0.1, 0.2]}, TypeError, r"alpha=\[0.1, 0.2\] and l1_ratio must be one number each"),
        ({"alpha": 1.0, "convention": "two_lambda"}, TypeError, "alpha=1.0 of type float is not a pair"),
        ({"alpha": (1.0, [1.0, 2.0]), "convention": "two_lambda"}, TypeError, "alpha=.* must be one number each"),
        ({"alpha": np.inf, "convention": "inverse"}, ValueError, "alpha=inf leaves no finite objective"),
        ({"alpha": 0.0, "convention": "inverse"}, ValueError, "alpha=0.0 must be greater than 0"),
        ({"convention": "lasso"}, ValueError, "convention='lasso' is not a convention: choose one of 'canonical'"),
        ({"convention": None}, TypeError, "convention=None is not a convention"),
        ({"convention": "notebook", "l1_ratio": 0.5}, ValueError, "l1_ratio=0.5 has no place in convention 'notebook'"),
        ({"l1_ratio": 1.5}, ValueError, "l1_ratio=1.5 must be between 0 and 1"),
        ({"l1_ratio": "all"}, TypeError, "l1_ratio='all' of type str is not a real number"),
        ({"lr": 0.0}, ValueError, "lr must be finite and positive, got 0.0"),
        ({"lr": -0.1}, ValueError, "lr must be finite and positive, got -0.1"),
        ({"lr": np.nan}, ValueError, "lr must be finite and positive, got nan"),
        ({"lr": "fast"}, TypeError, "lr must be a number, got 'fast'"),
        ({"lr": 100.0}, ValueError, r"lr=100 is above the step bound 2 / L = .*, where L = .* \|1 - lr L\| = "),
        ({"lr": 100.0, "momentum": 0.5}, ValueError, r"lr=100 is above the step bound 2 \(1 \+ momentum\) / L = "),
        ({"n_iter": 0}, ValueError, "n_iter must be at least 1, got 0"),
        ({"n_iter": 10.0}, TypeError, "n_iter must be an integer, got 10.0"),
        ({"momentum": 1.0}, ValueError, "momentum must be below 1, got 1.0"),
        ({"momentum": -0.1}, ValueError, "momentum must be finite and zero or more, got -0.1"),
        ({"momentum": None}, TypeError, "momentum must be a number, got None"),
        ({"tol": -1.0}, ValueError, "tol must be finite and zero or more, got -1.0"),
        ({"loss": "hinge"}, ValueError, "loss='hinge' has a kink, .*: use shrinkage.sgd"),
        ({"loss": "perceptron"}, ValueError, "loss='perceptron' has a kink"),
        ({"loss": "epsilon_insensitive"}, ValueError, "loss='epsilon_insensitive' has a kink"),
        ({"loss": "cubic"}, ValueError, "loss must be one of 'squared_error', .*; got 'cubic'"),
        ({"loss": None}, TypeError, "loss must be the name of a loss"),
        ({"loss": "huber", "epsilon": -1.0}, ValueError, "epsilon must be finite and zero or more, got -1"),
        ({"loss": "log_loss"}, ValueError, "y must have the classes 0 and 1, or -1 and 1"),
        ({"loss": "huber", "convention": "notebook"}, ValueError, "convention='notebook' is about the squared error"),
        ({"loss": "huber", "convention": "mean"}, ValueError, "convention='mean' .* no place for loss='huber'"),
        ({"loss": "poisson"}, ValueError, "lr=None: the curvature of the loss 'poisson' has no bound"),
        ({"fit_intercept": 1}, TypeError, "fit_intercept must be True or False, got 1"),
        ({"check_step": None}, TypeError, "check_step must be True or False, got None"),
        ({"history": "yes"}, TypeError, "history must be True or False, got 'yes'"),
        ({"callback": 3}, TypeError, "callback must be a function, got 3"),
        (
            {"coef_init": np.zeros(3)},
            ValueError,
            r"coef_init must have shape \(4,\), one number per feature, got \(3,\)",
        ),
        ({"coef_init": [0.0, 1.0, np.nan, 0.0]}, ValueError, "coef_init contains NaN or infinity"),
        ({"coef_init": "zero"}, TypeError, "coef_init must be numbers, one per feature, got 'zero'"),
        (
            {"coef_init": np.full(4, 1e200)},
            ValueError,
            "the objective at coef_init and intercept_init leaves the range",
        ),
        ({"intercept_init": [1.0]}, TypeError, r"intercept_init must be one number, got \[1.0\]"),
        ({"intercept_init": np.inf}, ValueError, "intercept_init contains NaN or infinity"),
        ({"intercept_init": 1.0, "fit_intercept": False}, ValueError, "intercept_init=1, but fit_intercept is False"),
        ({"n_iter": 10**12}, ValueError, "n_iter=1,000,000,000,000: the history of 4 coefficients .* history=False"),
        ({"sample_weight": -np.ones(36)}, ValueError, "sample_weight is negative at row 0"),
    ],
    ids=str,
)
def test_arguments_that_are_refused(X, y, options, error, words):
    options = {"alpha": 0.1} | options
    with pytest.raises(error, match=f"^{words}"):
        gradient_descent(X, y, **options)


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda X, y: (X.astype(complex), y), TypeError, "X has the complex dtype"),
        (lambda X, y: (X[0], y), ValueError, "X must be a 2-D array"),
        (lambda X, y: (X[:0], y[:0]), ValueError, "X has shape .*: there is no row to fit"),
        (lambda X, y: (np.where(np.arange(4) == 2, np.nan, X), y), ValueError, "X contains NaN at column 2, row 0"),
        (lambda X, y: (sp.csr_array(X * np.inf), y), ValueError, r"X contains .*(NaN|inf) at column \d"),
        (lambda X, y: (X * 1e200, y), ValueError, r"X reaches .* in column \d: too large to square"),
        (lambda X, y: (X, y[:5]), ValueError, "X has 36 rows but y has 5"),
        (lambda X, y: (X, np.column_stack([y, y])), ValueError, r"y must have shape \(n_samples,\), got \(36, 2\)"),
        (lambda X, y: (X, np.where(np.arange(36) == 7, np.inf, y)), ValueError, "y contains inf at row 7"),
        (lambda X, y: (X, y.astype(str)), TypeError, "y has dtype"),
        (lambda X, y: (X, None), ValueError, "y is None"),
    ],
)
def test_data_that_are_refused(X, y, loss, spoil, error, words):
    with np.errstate(invalid="ignore"):
        X, y = spoil(X, y)
    with pytest.raises(error, match=f"^{words}"):
        gradient_descent(X, y, 0.1, loss=loss)


def test_targets_of_poisson(X, y):
    with pytest.raises(ValueError, match=r"^y has -[\d.]+ at index \d+: the loss 'poisson' is of counts"):
        gradient_descent(X, y - y.max(), 0.1, 0.1, loss="poisson")


def test_curvature_beyond_the_range_of_numbers(X, y):
    with pytest.raises(ValueError, match=r"^the curvature of the objective overflows: rescale X"):
        gradient_descent(X * 1e149, y, 1e10, convention="inverse", sample_weight=np.full(36, 1e3))


@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_nothing_of_the_callers_is_written_to(X, y, make, loss):
    y = (y > 0).astype(float) if loss == "log_loss" else y
    A, s, start = make(X + 50), np.arange(36.0) % 3, np.arange(4.0)
    data = [A] if isinstance(A, np.ndarray) else [A.data, A.indices, A.indptr]
    given = [*data, y, s, start]
    before = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    way = gradient_descent(A, y, 0.1, n_iter=5, loss=loss, sample_weight=s, coef_init=start)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert not np.shares_memory(way.coef, start) and not np.shares_memory(way.history.coef, way.coef)
    way.coef[:] = 0.0
    assert way.history.coef[-1].any()


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_designs_are_not_copied(loss):
    X = np.random.default_rng(0).normal(size=(20_000, 300)).astype(np.float32)
    y = (X[:, 0] > 0).astype(float)
    for A in (X, X.T.copy().T):
        tracemalloc.start()
        gradient_descent(A, y, 0.1, 0.1, n_iter=3, loss=loss, check_step=False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 0.6 * X.nbytes  # a block of rows, and vectors


def test_history_gives_back_what_it_did_not_use(X, y):
    way = gradient_descent(X, y, 0.1, n_iter=1_000_000, tol=1e-3)
    assert way.history.coef.base is None and way.history.coef.nbytes < 4 * 8 * 2000


def test_callback_sees_every_step_and_may_end_it(X, y):
    seen = []

    def watch(step, objective, coef, intercept):
        seen.append((step, objective, coef, intercept))
        with pytest.raises(ValueError, match="read-only"):
            coef[0] = 1.0
        return step == 7

    way = gradient_descent(X, y, 0.1, callback=watch, tol=1e-30)
    assert [step for step, *_ in seen] == list(range(1, 8)) and way.n_iter == 7 and len(way.history) == 8
    np.testing.assert_array_equal([objective for _, objective, *_ in seen], way.history.objective[1:])
    np.testing.assert_array_equal([coef for *_, coef, _ in seen], way.history.coef[1:])
    np.testing.assert_array_equal([b for *_, b in seen], way.history.intercept[1:])

    def fail(*_):
        raise RuntimeError("of the callback")

    with pytest.raises(RuntimeError, match="of the callback"):
        gradient_descent(X, y, 0.1, callback=fail)


def test_numbers_of_any_kind(X, y):
    """A float32 among them does not make the steps less exact."""
    plain = gradient_descent(X, y, 0.125, 0.0625, n_iter=30, momentum=0.25)
    alike = gradient_descent(
        X, y, np.float32(0.125), np.float32(0.0625), n_iter=np.int8(30), momentum=np.float32(0.25), tol=0,
        intercept_init=np.float32(0), coef_init=[0, 0, 0, 0],
    )  # fmt: skip
    np.testing.assert_array_equal(alike.history.coef, plain.history.coef)
    assert all(type(value) is float for value in (alike.lr, alike.momentum, alike.alpha, alike.intercept))


def test_results_are_described_and_predict(X, y):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    way = gradient_descent(frame, y, 0.1, momentum=0.3, n_iter=50)
    assert isinstance(way, Descent) and way.feature_names == tuple("abcd") and way.n_features == 4
    np.testing.assert_allclose(way.predict(frame), X @ way.coef + way.intercept, rtol=1e-12)
    with pytest.raises(ValueError, match="fitted with 'b' there"):
        way.predict(frame[list("acbd")])
    with pytest.raises(ValueError, match="X has 3 features"):
        way.predict(X[:, :3])
    for words in ("squared_error", "50 steps", "momentum 0.3", "bound", "relative gap"):
        assert words in repr(way)
    assert re.fullmatch(r"History of 50 steps: objective [\d.]+ to [\d.]+", repr(way.history))
    with pytest.raises(AttributeError):
        way.lr = 1.0


def test_same_call_same_bits():
    rng = np.random.default_rng(0)
    for shape in ((300, 20), (30, 500)):
        X = rng.normal(size=shape)
        first, again = (gradient_descent(X, X[:, 0], 0.1, n_iter=20) for _ in range(2))
        assert first.lr == again.lr
        np.testing.assert_array_equal(first.history.coef, again.history.coef)


def interrupted(call, delay):
    """Seconds from Ctrl-C to its exception."""
    sent = []

    def send():
        sent.append(time.perf_counter())
        _thread.interrupt_main()

    timer = threading.Timer(delay, send)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call()
    return time.perf_counter() - sent[0]


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2000, 20), {"n_iter": 10**9, "history": False}),
        ((20, 2000), {"n_iter": 10**9, "history": False}),
        ((500, 20), {"n_iter": 10**9, "history": False, "loss": "log_loss"}),
        ((400, 20_000), {"lr": 1e-9, "n_iter": 1_000_000, "tol": 1e-12, "history": False}),
    ],
    ids=["gram", "passes", "log_loss", "curvature"],
)
def test_ctrl_c(shape, options):
    X = np.random.default_rng(0).normal(size=shape)
    y = (X[:, 0] > 0).astype(float)
    took = interrupted(lambda: gradient_descent(X, y, 0.1, **options), 0.3)
    # 0.2 s where there is a core to run on; a machine busy with other things may take longer to notice
    assert took < 2.0
    assert gradient_descent(X[:20, :5], y[:20], 0.1, n_iter=3).n_iter == 3


def test_names_of_the_package():
    assert shrinkage.gradient_descent is gradient_descent and "gradient_descent" in dir(shrinkage)
