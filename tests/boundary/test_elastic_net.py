"""Arguments of the elastic net's functions: what is refused is named, and nothing of the caller's is written to."""

import inspect
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

import shrinkage
from shrinkage import alpha_max, elastic_net, elastic_net_path, lasso_constrained, ridge
from shrinkage.conventions import CONVENTIONS

# what is refused is refused before NumPy can warn of it
pytestmark = pytest.mark.filterwarnings("error")

#: Every function with what it needs besides X and y.
CALLS = {
    "elastic_net": lambda X, y, **options: elastic_net(X, y, 0.1, **options),
    "elastic_net_path": lambda X, y, **options: elastic_net_path(X, y, 4, **options),
    "alpha_max": alpha_max,
    "lasso_constrained": lambda X, y, **options: lasso_constrained(X, y, 0.5, **options),
}


@pytest.fixture(params=CALLS)
def function(request):
    return CALLS[request.param]


def refuse(call, error, words):
    """The message starts with these words."""
    with pytest.raises(error, match=f"^{words}"):
        call()


# --- X, y, sample_weight --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.nan, "X contains NaN at column 2, row 7: remove or impute"),
        (-np.inf, "X contains -inf at column 2, row 7"),
        (1e200, r"X reaches 1e\+200 in column 2: too large to square; rescale the column"),
        (np.finfo(float).max, r"X reaches 1\.79769e\+308 in column 2: too large to square"),
    ],
)
def test_values_that_no_fit_survives(X, y, function, make, value, words):
    bad = X.copy()
    bad[7, 2] = value
    refuse(lambda: function(make(bad), y), ValueError, words)


@pytest.mark.parametrize("value", [3e38, -3.4e38])
def test_the_largest_floats_of_single_precision_are_numbers(X, y, value):
    """Their squares fit into a double: there is a fit, solved or said not to be."""
    large = X.astype(np.float32)
    large[7, 2] = value
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", shrinkage.ConvergenceWarning)
        fit = elastic_net(large, y, 0.1)
    assert np.isfinite(fit.coef).all() and np.isfinite(fit.intercept)
    assert fit.certificate.converged == (len(caught) == 0) == (fit.certificate.relative_gap <= 1e-8)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (lambda X: X.astype(complex), TypeError, "X has the complex dtype complex128"),
        (lambda X: X.astype(object), TypeError, "X has dtype object"),
        (lambda X: X.astype(np.float16), TypeError, "X has dtype float16"),
        (lambda X: X.astype(str), TypeError, "X has dtype"),
        (lambda X: X[:, 0], ValueError, r"X must be a 2-D array \(n_samples, n_features\), got 1-D"),
        (lambda X: X[:0], ValueError, r"X has shape \(0, 4\): there is no row to fit"),
        (lambda X: X[:5], ValueError, "X has 5 rows but y has 36"),
        (lambda X: None, TypeError, "X has dtype object"),
    ],
)
@pytest.mark.parametrize("offset", [None, np.zeros(36)])
def test_refused_matrices(X, y, function, given, error, words, offset):
    refuse(lambda: function(given(X), y, offset=offset), error, words)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (lambda y: None, ValueError, "y is None"),
        (lambda y: y.astype(str), TypeError, "y has dtype"),
        (lambda y: y + 0j, TypeError, "y has the complex dtype"),
        (lambda y: np.where(np.arange(36) == 3, np.nan, y), ValueError, "y contains nan at row 3"),
        (lambda y: y * 1e200, ValueError, "y is too large to square: rescale it"),
        (lambda y: y[:, None, None], ValueError, r"y must have shape \(n_samples,\)"),
        (lambda y: sp.csr_array(y[:, None]), TypeError, "y is sparse"),
        (lambda y: y[:, None][:, :0], ValueError, r"y has shape \(36, 0\): there is no target in it"),
    ],
)
@pytest.mark.parametrize("offset", [None, np.zeros(36)])
def test_refused_targets(X, y, function, given, error, words, offset):
    refuse(lambda: function(X, given(y), offset=offset), error, words)


@pytest.mark.parametrize(
    ("weight", "error", "words"),
    [
        (np.r_[-1.0, np.ones(35)], ValueError, "sample_weight is negative at row 0"),
        (np.r_[np.nan, np.ones(35)], ValueError, "sample_weight is not finite at row 0"),
        (np.zeros(36), ValueError, "sample_weight is zero for every row"),
        (np.ones(35), ValueError, r"sample_weight must have shape \(36,\)"),
        (["a"] * 36, TypeError, "sample_weight has dtype"),
    ],
)
def test_refused_weights(X, y, function, weight, error, words):
    refuse(lambda: function(X, y, sample_weight=weight), error, words)


@pytest.mark.parametrize("call", [CALLS["elastic_net_path"], CALLS["lasso_constrained"]])
def test_paths_and_budgets_are_of_one_target(X, y, call):
    refuse(lambda: call(X, np.c_[y, y]), ValueError, r"y must have shape \(n_samples,\), got \(36, 2\)")


# --- the penalty ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "error"),
    [
        (-1.0, ValueError), (np.nan, ValueError), (np.inf, ValueError), ([1.0, 2.0], ValueError), ([], ValueError),
        (None, TypeError), ("1.0", TypeError), (True, TypeError), (1j, TypeError), ({}, TypeError),
    ],
)  # fmt: skip
def test_refused_alphas(X, y, alpha, error):
    refuse(lambda: elastic_net(X, y, alpha), error, "alpha")


def test_alphas_of_several_targets(X, y):
    Y = np.c_[y, -y, 2 * y]
    fit = elastic_net(X, Y, [0.1, 0.0, 3])
    np.testing.assert_array_equal(fit.alpha, [0.1, 0.0, 3.0])
    refuse(lambda: elastic_net(X, Y, [1.0, 2.0]), ValueError, "alpha")


@pytest.mark.parametrize("alpha", [0.5, np.float32(0.5), np.array(0.5), [0.5]], ids=repr)
def test_numbers_as_alpha(X, y, alpha):
    fit = elastic_net(X, y, alpha)
    assert fit.alpha == 0.5 and type(fit.alpha) is float
    np.testing.assert_array_equal(fit.coef, elastic_net(X, y, 0.5).coef)


@pytest.mark.parametrize(
    ("l1_ratio", "error"),
    [
        (-0.1, ValueError), (1.1, ValueError), (np.nan, ValueError), (True, TypeError), ("half", TypeError),
        (None, TypeError), (1j, TypeError),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["elastic_net", "elastic_net_path", "alpha_max"])
def test_refused_l1_ratios(X, y, name, l1_ratio, error):
    refuse(lambda: CALLS[name](X, y, l1_ratio=l1_ratio), error, "l1_ratio")


@pytest.mark.parametrize("l1_ratio", [0, 1, np.float32(0.5), np.int64(1)])
def test_numbers_as_l1_ratio(X, y, l1_ratio):
    fit = elastic_net(X, y, 0.1, l1_ratio=l1_ratio)
    assert fit.l1_ratio == l1_ratio and type(fit.l1_ratio) is float


def test_ridge_has_no_largest_alpha(X, y):
    refuse(lambda: alpha_max(X, y, l1_ratio=0), ValueError, "l1_ratio is 0: ")
    refuse(lambda: elastic_net_path(X, y, 5, l1_ratio=0.0), ValueError, "l1_ratio is 0, ")
    path = elastic_net_path(X, y, [1.0, 0.1], l1_ratio=0.0)
    for k in range(2):
        expected = ridge(X, y, path.alphas[k])
        np.testing.assert_allclose(path[k].predict(X), expected.predict(X), rtol=0, atol=1e-2)


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("penalty_factor", [1, 1, -1, 1], ValueError, r"penalty_factor\[2\] is -1: factors must be zero"),
        ("penalty_factor", [1, 1, 1, np.nan], ValueError, r"penalty_factor\[3\] is nan"),
        ("penalty_factor", [1, 1, 1], ValueError, r"penalty_factor must have shape \(4,\)"),
        ("penalty_factor", 2.0, ValueError, r"penalty_factor must have shape \(4,\)"),
        ("penalty_factor", ["a"] * 4, TypeError, "penalty_factor must be numbers"),
        ("lower", 1.0, ValueError, "lower must be at most 0 for every feature, got 1: w = 0 must be allowed"),
        ("lower", [0, 0, 0, 1e-9], ValueError, "lower must be at most 0"),
        ("lower", np.inf, ValueError, "lower must be at most 0 for every feature, got inf"),
        (
            "lower",
            [-np.inf, -np.inf, np.inf, -np.inf],
            ValueError,
            "lower must be at most 0 for every feature, got inf",
        ),
        ("lower", [-1, -1], ValueError, r"lower must be a number or have shape \(4,\), got \(2,\)"),
        ("lower", [-1, np.nan, -1, -1], ValueError, r"lower\[1\] is NaN: use -inf or inf for no bound"),
        ("lower", "none", TypeError, "lower must be a number or one number per feature"),
        ("upper", -1.0, ValueError, "upper must be at least 0 for every feature, got -1"),
        ("upper", -np.inf, ValueError, "upper must be at least 0 for every feature, got -inf"),
        ("upper", [1, np.nan, 1, 1], ValueError, r"upper\[1\] is NaN"),
        ("upper", 1j, TypeError, "upper must be a number or one number per feature"),
        ("offset", np.ones(35), ValueError, "offset must be a 1-D array of finite numbers, one per row of X"),
        ("offset", 1.0, ValueError, "offset must be a 1-D array"),
        ("offset", np.ones((36, 1)), ValueError, "offset must be a 1-D array"),
        ("offset", np.r_[np.nan, np.ones(35)], ValueError, "offset must be a 1-D array of finite numbers"),
        ("offset", np.r_[np.inf, np.ones(35)], ValueError, "offset must be a 1-D array of finite numbers"),
        ("offset", ["a"] * 36, TypeError, "offset must be numbers, one per row of X"),
        ("fit_intercept", 1, TypeError, "fit_intercept must be True or False, got 1"),
        ("fit_intercept", None, TypeError, "fit_intercept must be True or False, got None"),
        ("standardize", "yes", TypeError, "standardize must be True or False, got 'yes'"),
        ("convention", "lambda", ValueError, "convention='lambda' is not a convention: choose one of"),
        ("convention", None, TypeError, "convention="),
        ("weights", 1.0, TypeError, ".*'weights'"),
    ],
)
def test_refused_options(X, y, function, name, value, error, words):
    refuse(lambda: function(X, y, **{name: value}), error, words)


def test_targets_that_an_offset_takes_out_of_range(X, function):
    y = np.full(36, 1e308)
    refuse(lambda: function(X, y, offset=-y), ValueError, "y is too large to square: rescale it")


@pytest.mark.parametrize(
    ("tol", "error"),
    [(0.0, ValueError), (-1e-8, ValueError), (np.nan, ValueError), (np.inf, ValueError), ("small", TypeError),
     (None, TypeError), (True, TypeError)],
)  # fmt: skip
@pytest.mark.parametrize("name", ["elastic_net", "elastic_net_path", "lasso_constrained"])
def test_refused_tolerances(X, y, name, tol, error):
    refuse(lambda: CALLS[name](X, y, tol=tol), error, "tol")


# --- conventions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CONVENTIONS if name not in ("canonical", "inverse", "two_lambda")])
def test_conventions_without_an_l1_part(X, y, function, name):
    """They are for l1_ratio = 0 alone, which is said."""
    refuse(lambda: function(X, y, convention=name), ValueError, "l1_ratio=.* has no place in convention")


def test_conventions_of_an_elastic_net(X, y):
    refuse(lambda: elastic_net(X, y, 0.0, convention="inverse"), ValueError, "alpha=0.0 must be greater than 0")
    refuse(lambda: elastic_net(X, y, 0.1, convention="two_lambda"), TypeError, "alpha")
    refuse(lambda: elastic_net(X, y, (0.1, -0.2), convention="two_lambda"), ValueError, "alpha")
    refuse(
        lambda: elastic_net(X, y, (0.1, 0.2), l1_ratio=0.5, convention="two_lambda"), ValueError, "l1_ratio=0.5 has no"
    )
    for call in (alpha_max, lambda *data, **options: elastic_net_path(*data, 5, **options)):
        refuse(lambda call=call: call(X, y, convention="two_lambda"), ValueError, "convention 'two_lambda' has two")
    assert elastic_net(X, y, (0.1, 0.2), convention="two_lambda").l1_ratio == pytest.approx(0.2)
    path = elastic_net_path(X, y, 5, convention="inverse")
    top = alpha_max(X, y)
    np.testing.assert_allclose(path.alphas, 1 / (36 * np.geomspace(top, 1e-3 * top, 5)), rtol=1e-12)
    given = elastic_net_path(X, y, path.alphas[[3, 1]], convention="inverse")
    np.testing.assert_array_equal(given.alphas, path.alphas[[1, 3]])
    np.testing.assert_allclose(given.coefs.toarray(), path.coefs.toarray()[:, [1, 3]], rtol=0, atol=1e-3)


# --- the path's own -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alphas", "error"),
    [
        ([], ValueError), ([1.0, -1.0], ValueError), ([1.0, np.nan], ValueError), ([np.inf], ValueError),
        ([[1.0, 2.0]], ValueError), (0, ValueError), (-3, ValueError), ("auto", TypeError), ([1j], TypeError),
        ([True], TypeError), (True, TypeError), (None, TypeError),
    ],
)  # fmt: skip
def test_refused_grids(X, y, alphas, error):
    refuse(lambda: elastic_net_path(X, y, alphas), error, "alphas")


@pytest.mark.parametrize("given", [[0.2, 0.5, 0.1], np.array([0.1, 0.2, 0.5], ">f8"), (0.5, 0.1, 0.2)])
def test_alphas_in_any_order_come_back_decreasing(X, y, given):
    path = elastic_net_path(X, y, given)
    np.testing.assert_array_equal(path.alphas, [0.5, 0.2, 0.1])


def test_one_alpha_as_a_number_and_repeated_alphas(X, y):
    assert len(elastic_net_path(X, y, 0.5)) == 1
    path = elastic_net_path(X, y, [0.1, 0.1, 0.0])
    np.testing.assert_allclose(path[0].coef, path[1].coef, rtol=0, atol=1e-3)
    assert len(elastic_net_path(X, y, np.int64(3))) == 3


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"alpha_min_ratio": 0.0}, ValueError, "alpha_min_ratio must be"),
        ({"alpha_min_ratio": 1.0}, ValueError, "alpha_min_ratio must be below 1, got 1.0"),
        ({"alpha_min_ratio": -0.1}, ValueError, "alpha_min_ratio must be"),
        ({"alpha_min_ratio": np.nan}, ValueError, "alpha_min_ratio must be"),
        ({"alpha_min_ratio": "small"}, TypeError, "alpha_min_ratio must be"),
        ({"alpha_min_ratio": 0.1, "alphas": [1.0]}, ValueError, "alpha_min_ratio is for alphas given as a number"),
        ({"max_active": 0}, ValueError, "max_active must be at least 1, got 0"),
        ({"max_active": 2.0}, TypeError, "max_active must be an integer, got 2.0"),
        ({"max_active": True}, TypeError, "max_active must be an integer, got True"),
        ({"stop_early": 1}, TypeError, "stop_early must be True or False, got 1"),
        ({"verbose": "yes"}, TypeError, "verbose must be True or False, got 'yes'"),
        ({"callback": 3}, TypeError, r"callback must be a function of \(k, alpha, n_active, relative_gap\), got 3"),
        ({"on_interrupt": "stop"}, ValueError, "on_interrupt must be 'raise' or 'return', got 'stop'"),
        ({"on_interrupt": None}, ValueError, "on_interrupt must be 'raise' or 'return', got None"),
    ],
)
def test_refused_path_options(X, y, options, error, words):
    refuse(lambda: elastic_net_path(X, y, **options), error, re.escape(words) if "(" not in words else words)


def test_errors_of_the_callback_reach_the_caller(X, y):
    def stop(*_):
        raise RuntimeError("enough")

    for on_interrupt in ("raise", "return"):
        with pytest.raises(RuntimeError, match=r"^enough$"):
            elastic_net_path(X, y, 5, callback=stop, on_interrupt=on_interrupt)


def test_refused_predictions(X, y):
    path = elastic_net_path(X, y, [0.5, 0.1])
    for alpha in (0.6, 0.09, -1.0, np.nan):
        refuse(
            lambda alpha=alpha: path.predict(X, alpha=alpha), ValueError, "alpha must be on the path, from 0.1 to 0.5"
        )
    for alpha in ("0.2", True, [0.2], [None], 1j):
        refuse(lambda alpha=alpha: path.predict(X, alpha=alpha), TypeError, "alpha must be a number")
    refuse(lambda: path.predict(X[:, :2]), ValueError, "X has 2 features, but the model was fitted on 4")
    refuse(lambda: path.predict(X[:, :2], alpha=0.2), ValueError, "X has 2 features, but the model was fitted on 4")
    for criterion in ("cp", "", None, 1):
        refuse(lambda name=criterion: path.select(name), ValueError, "criterion must be 'aic', 'bic' or 'ebic', got")
    for k in (2, -3):
        with pytest.raises(IndexError, match="the path has 2 alphas, there is no number"):
            path.active(k)
    for k in (1.0, "0"):
        with pytest.raises(TypeError):
            path[k]


def test_no_criterion_chooses_among_fits_without_residual():
    X = np.eye(4)
    path = elastic_net_path(X, np.zeros(4), [0.5, 0.1], fit_intercept=False)
    refuse(path.select, ValueError, "bic is infinite all along the path")


# --- start and radius -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "error", "words"),
    [
        (np.zeros(3), ValueError, r"start must have shape \(4,\), got \(3,\)"),
        (np.zeros((1, 4)), ValueError, r"start must have shape \(4,\), got \(1, 4\)"),
        (0.0, ValueError, r"start must have shape \(4,\), got \(\)"),
        (np.full(4, np.nan), ValueError, "start contains NaN or infinity"),
        (np.full(4, np.inf), ValueError, "start contains NaN or infinity"),
        ("zeros", TypeError, "start must be coefficients, or a Fit"),
        (np.zeros(4, complex), TypeError, "start must be coefficients, or a Fit"),
    ],
)
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_refused_starts(X, y, start, error, words, l1_ratio):
    refuse(lambda: elastic_net(X, y, 0.1, l1_ratio=l1_ratio, start=start), error, words)


def test_starts_of_several_targets(X, y):
    Y = np.c_[y, -y]
    refuse(lambda: elastic_net(X, Y, 0.1, start=np.zeros(4)), ValueError, r"start must have shape \(2, 4\), got \(4,\)")
    refuse(lambda: elastic_net(X, Y, 0.1, start=elastic_net(X, y, 0.1)), ValueError, r"start must have shape \(2, 4\)")
    refuse(lambda: elastic_net(X[:, :3], y, 0.1, start=elastic_net(X, y)), ValueError, r"start must have shape \(3,\)")


@pytest.mark.parametrize(
    ("radius", "error"),
    [(0.0, ValueError), (-1.0, ValueError), (np.nan, ValueError), (np.inf, ValueError), ("1", TypeError),
     (None, TypeError), (True, TypeError), ([1.0], TypeError)],
)  # fmt: skip
def test_refused_radii(X, y, radius, error):
    refuse(lambda: lasso_constrained(X, y, radius), error, "radius must be")


# --- what is the caller's, and what is not ---------------------------------------------------------------------


def test_nothing_of_the_callers_is_written_to(X, y, function):
    given = {
        "sample_weight": np.arange(36.0), "penalty_factor": np.array([1.0, 0.0, np.inf, 2.0]),
        "lower": np.array([-np.inf, -1.0, -1.0, 0.0]), "upper": np.full(4, 3.0), "offset": np.linspace(0, 1, 36),
    }  # fmt: skip
    before = {name: value.copy() for name, value in given.items()}
    for matrix in (np.array(X), np.asfortranarray(X), sp.csc_array(X)):
        target, kept = y.copy(), matrix.copy()
        function(matrix, target, **given)
        function(matrix, target, standardize=True)
        np.testing.assert_array_equal(target, y)
        for a, b in ((matrix.data, kept.data), *((given[name], before[name]) for name in given)):
            np.testing.assert_array_equal(a, b)


def test_results_do_not_alias_arguments(X, y):
    factor, start, alphas = np.array([1.0, 2.0, 0.5, 1.0]), np.ones(4), np.array([0.5, 0.1])
    fit = elastic_net(X, y, 0.1, penalty_factor=factor, start=start)
    path = elastic_net_path(X, y, alphas, penalty_factor=factor)
    for mine in (factor, start, alphas):
        for theirs in (fit.coef, fit.penalty_factor, path.alphas, path[0].coef, path.coefs.data):
            assert not np.shares_memory(mine, theirs)


def test_options_are_keywords(X, y):
    """Everything after alpha is by name: two weights cannot be mixed up."""
    third = {elastic_net: "alpha", elastic_net_path: "alphas", lasso_constrained: "radius", alpha_max: None}
    for call, name in third.items():
        kinds = inspect.signature(call).parameters.values()
        positional = [p.name for p in kinds if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert positional == ["X", "y", *([name] if name else [])]
        with pytest.raises(TypeError, match="positional"):
            call(X, y, *([1.0] if name else []), np.ones(36))


def test_frames_name_features_and_targets(X, y):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    fit, path = elastic_net(frame, pd.Series(y, name="t"), 0.1), elastic_net_path(frame, y, 3)
    assert fit.feature_names == path.feature_names == path[1].feature_names == ("a", "b", "c", "d")
    assert fit.target_names == ("t",)
    assert elastic_net(frame, pd.DataFrame({"t": y, "u": -y}), 0.1, offset=np.ones(36)).target_names == ("t", "u")
    np.testing.assert_allclose(fit.predict(frame), fit.predict(X), rtol=1e-12)
    for call in (fit.predict, path.predict, lambda frame: path.predict(frame, alpha=path.alphas[1])):
        refuse(lambda call=call: call(frame[["b", "a", "c", "d"]]), ValueError, "X's column 0 is 'b'")


def test_representations(X, y):
    assert "certificate" in repr(elastic_net(X, y, 0.1)) and "1 target" not in repr(elastic_net(X, y, 0.1))
    shown = repr(elastic_net_path(X, y, 5))
    assert shown.startswith("SparsePath: 5 alphas, 4 features") and "gap" in shown
    assert {"elastic_net", "elastic_net_path", "alpha_max", "lasso_constrained"} <= set(shrinkage.__all__)
