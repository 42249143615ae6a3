"""Every other argument: what is accepted, and that what is refused is named together with what would be accepted."""

import inspect
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import shrinkage
from shrinkage import _extras, ridge, ridge_cv, ridge_path
from shrinkage.conventions import CONVENTIONS, to_canonical
from shrinkage.penalties import Penalty, check_alpha, check_factors, make_penalty

# what is refused is refused before NumPy can warn of it
pytestmark = pytest.mark.filterwarnings("error")

# --- alpha --------------------------------------------------------------------------------------------------

REFUSED_ALPHAS = [
    (-1.0, ValueError, "must be finite and zero or more, got -1"),
    (-1e-300, ValueError, "must be finite and zero or more, got -1e-300"),
    (np.nan, ValueError, "must be finite and zero or more, got nan"),
    (np.inf, ValueError, "must be finite and zero or more, got inf: no penalty, .* 'inverse' has inf, is 0 in every"),
    (np.array(-2), ValueError, "must be finite and zero or more, got -2"),
    ([1.0, 2.0], ValueError, r"must be a number or have one value per target \(1\), got shape \(2,\)"),
    ([], ValueError, r"must be a number or have one value per target \(1\), got shape \(0,\)"),
    ([[1.0]], ValueError, r"must be a number or have one value per target \(1\), got shape \(1, 1\)"),
    (None, TypeError, "must be a number or one number per target, got None"),
    ("1.0", TypeError, "must be a number or one number per target, got '1.0'"),
    ("auto", TypeError, "must be a number or one number per target, got 'auto'"),
    (b"1", TypeError, "must be a number or one number per target, got b'1'"),
    (["1.0"], TypeError, r"must be a number or one number per target, got \['1.0'\]"),
    (True, TypeError, "must be a number or one number per target, got True"),
    ([None], TypeError, r"must be a number or one number per target, got \[None\]"),
    ([True], TypeError, r"must be a number or one number per target, got \[True\]"),
    (np.array([False]), TypeError, r"must be a number or one number per target, got array\(\[False\]\)"),
    (np.True_, TypeError, "must be a number or one number per target, got np.True_"),
    (1j, TypeError, "must be a number or one number per target, got 1j"),
    (np.complex128(1), TypeError, "must be a number or one number per target, got np.complex128"),
    (np.array([1j]), TypeError, "must be a number or one number per target, got array"),
    ({}, TypeError, r"must be a number or one number per target, got \{\}"),
    ([[1.0], [1.0, 2.0]], TypeError, "must be a number or one number per target, got"),
    (np.datetime64("2020-01-01"), TypeError, "must be a number or one number per target, got"),
]


@pytest.mark.parametrize(("alpha", "error", "words"), REFUSED_ALPHAS, ids=repr)
def test_refused_alpha(X, y, alpha, error, words):
    with pytest.raises(error, match=f"^alpha {words}"):
        ridge(X, y, alpha)
    with pytest.raises(error, match=f"^strength {words}"):
        check_alpha(alpha, "strength")


@pytest.mark.parametrize(
    "alpha",
    [0.5, np.float32(0.5), np.float16(0.5), np.longdouble(0.5), Fraction(1, 2), Decimal("0.5"), np.array(0.5), [0.5]],
    ids=repr,
)
def test_numbers_as_alpha(X, y, alpha):
    fit = ridge(X, y, alpha)
    assert fit.alpha == 0.5 and type(fit.alpha) is float
    np.testing.assert_array_equal(fit.coef, ridge(X, y, 0.5).coef)


@pytest.mark.parametrize("alpha", [0, 1, np.int8(1), 2**70])
def test_whole_numbers_as_alpha(X, y, alpha):
    fit = ridge(X, y, alpha)
    assert fit.alpha == alpha and type(fit.alpha) is float


def test_alpha_per_target(X, y):
    Y = np.c_[y, -y, 2 * y]
    fit = ridge(X, Y, [0.1, 0.0, 3])
    np.testing.assert_array_equal(fit.alpha, [0.1, 0.0, 3.0])
    for k, alpha in enumerate([0.1, 0.0, 3.0]):
        np.testing.assert_allclose(fit.coef[k], ridge(X, Y[:, k], alpha).coef, rtol=1e-10)
    with pytest.raises(ValueError, match=r"^alpha must be .* one value per target \(3\), got shape \(2,\)"):
        ridge(X, Y, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"^solver='cholesky' factors one alpha: .*use 'auto', 'svd' or 'cg'"):
        ridge(X, Y, [1.0, 2.0, 3.0], solver="cholesky")


def test_alpha_that_overflows_with_the_weights(X, y):
    for call in (lambda: ridge(X, y, 1e308), lambda: ridge_path(X, y, [1e308, 1.0]), lambda: ridge_cv(X, y, [1e308])):
        with pytest.raises(ValueError, match=r"^alphas? .*1e\+308"):
            call()


# --- alphas -------------------------------------------------------------------------------------------------

REFUSED_GRIDS = [
    ([], ValueError, "is empty: pass at least one value, or None for a grid from the data"),
    ([1.0, -1.0], ValueError, "must be finite and zero or more, got -1"),
    ([1.0, np.nan], ValueError, "must be finite and zero or more, got nan"),
    ([np.inf], ValueError, "must be finite and zero or more, got inf"),
    (-1.0, ValueError, "must be finite and zero or more, got -1"),
    ("auto", TypeError, "must be a 1-D array of numbers, got 'auto'"),
    ([[1.0, 2.0]], TypeError, r"must be a 1-D array of numbers, got \[\[1.0, 2.0\]\]"),
    pytest.param(["low"], TypeError, "must be", id="text"),
    pytest.param(["1.0"], TypeError, "must be", id="numbers as text"),
    pytest.param([1j], TypeError, "must be", id="complex"),
    pytest.param([True], TypeError, r"must be a 1-D array of numbers, got \[True\]", id="boolean"),
    pytest.param([0.5, np.True_], TypeError, r"must be a 1-D array of numbers, got \[0\.5, ", id="number and boolean"),
    pytest.param(np.array([True, False]), TypeError, "must be a 1-D array of numbers, got array", id="booleans"),
    pytest.param([1.0, [2.0]], TypeError, "must be", id="ragged"),
    pytest.param(object(), TypeError, "must be", id="object"),
]


@pytest.mark.parametrize(("alphas", "error", "words"), REFUSED_GRIDS)
@pytest.mark.parametrize("function", [ridge_path, ridge_cv])
def test_refused_alphas(X, y, function, alphas, error, words):
    with pytest.raises(error, match=f"^alphas {words}"):
        function(X, y, alphas)


@pytest.mark.parametrize("given", [[2.0, 5, 1], np.array([1.0, 2.0, 5.0], ">f4"), (5, 1, 2), np.r_[5.0, 1, 2][::-1]])
def test_alphas_in_any_order_come_back_decreasing(X, y, given):
    path, cv = ridge_path(X, y, given), ridge_cv(X, y, given)
    np.testing.assert_array_equal(path.alphas, [5.0, 2.0, 1.0])
    np.testing.assert_array_equal(cv.alphas, [5.0, 2.0, 1.0])
    assert (np.diff(path.effective_dof) > 0).all()
    for k in range(3):
        np.testing.assert_allclose(path.coefs[k], ridge(X, y, path.alphas[k]).coef, rtol=1e-11)


def test_one_alpha_as_a_number_and_repeated_alphas(X, y):
    np.testing.assert_array_equal(ridge_path(X, y, 2).alphas, [2.0])
    path = ridge_path(X, y, [1.0, 1.0, 0.0])
    np.testing.assert_array_equal(path.coefs[0], path.coefs[1])
    assert ridge_cv(X, y, [1.0, 1.0]).index == 0


@pytest.mark.parametrize("function", [ridge_path, ridge_cv])
@pytest.mark.parametrize("count", [1, 2, 7, np.int64(5)])
def test_n_alphas(X, y, function, count):
    out = function(X, y, n_alphas=count)
    assert len(out.alphas) == count and (np.diff(out.alphas) < 0).all() and (out.alphas > 0).all()


@pytest.mark.parametrize("function", [ridge_path, ridge_cv])
@pytest.mark.parametrize(
    ("count", "error", "words"),
    [
        (0, ValueError, "n_alphas must be at least 1, got 0"),
        (-3, ValueError, "n_alphas must be at least 1, got -3"),
        (2.0, TypeError, "n_alphas must be an integer, got 2.0"),
        ("5", TypeError, "n_alphas must be an integer, got '5'"),
        (True, TypeError, "n_alphas must be an integer, got True"),
        (None, TypeError, "n_alphas must be an integer, got None"),
    ],
)
def test_refused_n_alphas(X, y, function, count, error, words):
    with pytest.raises(error, match=f"^{words}$"):
        function(X, y, n_alphas=count)


def test_the_default_grid_spans_what_its_docstring_says(X, y):
    path = ridge_path(X, y)
    factors = path.shrinkage_factors
    assert len(path) == 100 and factors[0].max() <= 1 / 11 + 1e-12 and factors[-1].min() >= 0.99
    ratios = path.alphas[1:] / path.alphas[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-10)
    sigma = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(path.alphas[[0, -1]] * len(y), [10 * sigma[0] ** 2, sigma[-1] ** 2 / 100], rtol=1e-10)


# --- penalty factors ----------------------------------------------------------------------------------------

REFUSED_FACTORS = [
    ([1, 1, -1, 1], ValueError, r"penalty_factor\[2\] is -1: factors must be zero \(not penalized\), positive, or inf"),
    ([1, 1, 1, np.nan], ValueError, r"penalty_factor\[3\] is nan: factors must be"),
    ([1, 1, 1], ValueError, r"penalty_factor must have shape \(4,\), one factor per feature, got \(3,\)"),
    (2.0, ValueError, r"penalty_factor must have shape \(4,\), one factor per feature, got \(\)"),
    (np.ones((4, 1)), ValueError, r"penalty_factor must have shape \(4,\), one factor per feature, got \(4, 1\)"),
    (["a"] * 4, TypeError, r"penalty_factor must be numbers, one per feature, got \['a', "),
    ([True, False, 1, 1], TypeError, r"penalty_factor must be numbers, one per feature, got \[True, "),
    (["1"] * 4, TypeError, r"penalty_factor must be numbers, one per feature, got \['1', "),
    ([1j] * 4, TypeError, r"penalty_factor must be numbers, one per feature, got \[1j, "),
    (np.ones(4) + 0j, TypeError, r"penalty_factor must be numbers, one per feature, got array"),
    ("ones", TypeError, r"penalty_factor must be numbers, one per feature, got 'ones'"),
    ([[1], [1, 2]], TypeError, r"penalty_factor must be numbers, one per feature, got"),
]


@pytest.mark.parametrize(("factor", "error", "words"), REFUSED_FACTORS)
def test_refused_penalty_factors(X, y, function, factor, error, words):
    with pytest.raises(error, match=f"^{words}"):
        function(X, y, penalty_factor=factor)
    with pytest.raises(error, match=f"^{words}"):
        check_factors(factor, X.shape[1])


@pytest.mark.parametrize("standardize", [False, True])
def test_penalty_factors_of_zero_and_infinity(X, y, function, standardize):
    alpha = 1e6 if function is ridge else [1e6]
    out = function(X, y, alpha, penalty_factor=[0, 1, np.inf, np.inf], standardize=standardize)
    fit = {ridge: lambda: out, ridge_path: lambda: out[0], ridge_cv: lambda: out.fit}[function]()
    assert fit.coef[2] == 0 and fit.coef[3] == 0
    alone = ridge(X[:, :1], y, 0.0)
    np.testing.assert_allclose(fit.coef[0], alone.coef[0], rtol=1e-4)
    assert abs(fit.coef[1]) < 1e-4
    np.testing.assert_array_equal(fit.penalty_factor == 0, [True, False, False, False])
    np.testing.assert_array_equal(np.isinf(fit.penalty_factor), [False, False, True, True])


def test_every_feature_excluded(X, y):
    out = [np.inf] * 4
    fit, path, cv = (function(X, y, penalty_factor=out) for function in (ridge, ridge_path, ridge_cv))
    assert not fit.coef.any() and not path.coefs.any() and not cv.fit.coef.any()
    np.testing.assert_allclose([fit.intercept, path.intercepts[0], cv.fit.intercept], y.mean(), rtol=1e-14)
    assert fit.effective_dof == 0 and not path.effective_dof.any()
    assert fit.certificate.converged and all(c.converged for c in path.certificates)


def test_every_feature_free(X, y):
    free = ridge(X, y, 7.0, penalty_factor=[0.0] * 4)
    np.testing.assert_allclose(free.coef, ridge(X, y, 0.0).coef, rtol=1e-11)


# --- flags and choices --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fit_intercept", "standardize"])
@pytest.mark.parametrize("value", [1, 0, None, "yes", 1.0, [True]])
def test_flags_are_bools(X, y, function, name, value):
    with pytest.raises(TypeError, match=f"^{name} must be True or False, got {re.escape(repr(value))}$"):
        function(X, y, **{name: value})


@pytest.mark.parametrize("name", ["alpha_per_target", "store_errors"])
@pytest.mark.parametrize("value", [1, None, "no"])
def test_flags_of_cross_validation_are_bools(X, y, name, value):
    with pytest.raises(TypeError, match=f"^{name} must be True or False, got {value!r}$"):
        ridge_cv(X, y, **{name: value})


@pytest.mark.parametrize("name", ["fit_intercept", "standardize"])
def test_numpy_bools_are_bools(X, y, function, name):
    for flag in (True, False):
        ours, plain = function(X, y, **{name: np.bool_(flag)}), function(X, y, **{name: flag})
        if function is ridge:
            np.testing.assert_array_equal(ours.coef, plain.coef)
            assert ours.fit_intercept is plain.fit_intercept


def test_conventions(X, y, function):
    alpha = 1.0 if function is ridge else [1.0]
    for name in CONVENTIONS:
        out = function(X, y, alpha, convention=name)
        assert out.convention == name
    with pytest.raises(ValueError, match=r"^convention='lambda' is not a convention: choose one of 'canonical', 'sum'"):
        function(X, y, convention="lambda")
    for wrong in (None, 5, ["sum"]):
        with pytest.raises(TypeError, match=r"^convention="):
            function(X, y, convention=wrong)


def test_alpha_is_checked_in_its_convention(X, y):
    with pytest.raises(ValueError, match=r"^alpha=0.0 must be greater than 0: a smaller C is a stronger penalty"):
        ridge(X, y, 0.0, convention="inverse")
    with pytest.raises(ValueError, match=r"^alpha"):
        ridge(X, y, -1.0, convention="sum")
    value, _ = to_canonical(3.0, "sum", sum_weights=len(y))
    np.testing.assert_allclose(ridge(X, y, 3.0, convention="sum").coef, ridge(X, y, value).coef, rtol=1e-13)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_default_grid_is_given_in_the_convention(X, y, convention):
    path = ridge_path(X, y, n_alphas=5, convention=convention)
    plain = ridge_path(X, y, n_alphas=5)
    assert path.alphas.shape == (5,)
    np.testing.assert_allclose(path.coefs, plain.coefs, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(ridge(X, y, path.alphas[2], convention=convention).coef, path.coefs[2], rtol=1e-10)


@pytest.mark.parametrize("solver", ["gauss", "", None, 3, "Cholesky"])
def test_refused_solvers(X, y, solver):
    with pytest.raises(ValueError, match=f"^solver must be one of 'auto', 'cholesky', .*, got {solver!r}$"):
        ridge(X, y, solver=solver)


def test_solvers_that_need_another_alpha(X, y):
    with pytest.raises(ValueError, match=r"^solver='dual' needs alpha > 0: with alpha = 0 use solver='auto' or 'qr'"):
        ridge(X, y, 0.0, solver="dual")


def test_qr_is_for_least_squares(X, y):
    with pytest.raises(ValueError, match=r"^solver='qr' needs alpha = 0"):
        ridge(X, y, 1.0, solver="qr")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"tol": -1e-3}, ValueError, "tol must be finite and zero or more, got -0.001"),
        ({"tol": np.nan}, ValueError, "tol must be finite and zero or more, got nan"),
        ({"tol": np.inf}, ValueError, "tol must be finite and zero or more, got inf"),
        ({"tol": "small"}, TypeError, "tol must be a number, got 'small'"),
        ({"tol": None}, TypeError, "tol must be a number, got None"),
        ({"tol": True}, TypeError, "tol must be a number, got True"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1, got 0"),
        ({"max_iter": 10.0}, TypeError, "max_iter must be an integer, got 10.0"),
        ({"max_iter": True}, TypeError, "max_iter must be an integer, got True"),
    ],
)
@pytest.mark.parametrize("solver", ["auto", "cg"])
def test_refused_tolerances(X, y, solver, options, error, words):
    with pytest.raises(error, match=f"^{words}$"):
        ridge(X, y, solver=solver, **options)


@pytest.mark.parametrize("method", ["LOO", "kfold", 5])
def test_refused_methods(X, y, method):
    with pytest.raises(ValueError, match=f"^method must be one of 'loo', 'gcv', .*, got {method!r}$"):
        ridge_cv(X, y, method=method)


def test_errors_need_leave_one_out(X, y):
    with pytest.raises(ValueError, match=r"^store_errors=True needs method='loo', got 'gcv': only that"):
        ridge_cv(X, y, method="gcv", store_errors=True)


@pytest.mark.parametrize("method", ["loo", "gcv"])
def test_cross_validation_of_too_few_samples(X, y, method):
    for options in ({}, {"sample_weight": [1.0]}):
        with pytest.raises(ValueError, match=r"^cross-validation needs at least two samples of positive weight, got 1"):
            ridge_cv(X[:1], y[:1], method=method, **options)
    with pytest.raises(ValueError, match=r"at least two samples of positive weight, got 1"):
        ridge_cv(X, y, method=method, sample_weight=np.arange(len(y)) == 3)
    assert np.isfinite(ridge_cv(X[:2], y[:2], method="loo").score)


def test_callback(X, y):
    seen = []
    ridge_cv(X, y, callback=seen.append)
    assert seen and seen == sorted(seen) and seen[-1] == 1.0 and 0 < seen[0] <= 1

    def stop(fraction):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        ridge_cv(X, y, callback=stop)


def test_options_are_keywords(X, y, function):
    """Everything after alpha is by name: two weights cannot be mixed up."""
    positional = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == ["X", "y", "alpha" if function is ridge else "alphas"]
    with pytest.raises(TypeError, match="positional"):
        function(X, y, 1.0, np.ones(len(y)))
    with pytest.raises(TypeError, match="'weights'"):
        function(X, y, weights=np.ones(len(y)))


# --- warnings -----------------------------------------------------------------------------------------------


def test_warning_of_dependent_columns(X, y):
    with pytest.warns(shrinkage.IllConditionedWarning, match=r"has rank 4 of 5: .*minimum norm.*use alpha > 0 or drop"):
        fit = ridge(np.c_[X, X[:, 0]], y, 0.0)
    assert fit.coef[0] == pytest.approx(fit.coef[4], rel=1e-9)


def test_warning_of_too_few_iterations(X, y):
    with pytest.warns(shrinkage.ConvergenceWarning, match=r"^ridge \(cg\) stopped at .* gap of .*raise max_iter"):
        fit = ridge(X, y, 1e-9, solver="cg", max_iter=1)
    assert not fit.certificate.converged and fit.certificate.n_iter == 1
    assert "NOT converged" in repr(fit)


def test_warnings_point_at_the_caller(X, y):
    """Not at a line of the package, however many functions the warning came through."""
    twice = np.c_[X, X[:, 0]]
    for call in (lambda: ridge(twice, y, 0.0), lambda: ridge(np.c_[twice, X], y, 0.0, solver="svd")):
        with pytest.warns(shrinkage.IllConditionedWarning) as caught:
            call()
        assert caught[0].filename == __file__


# --- penalties for solvers to come ---------------------------------------------------------------------------


def test_per_feature_weights_of_a_penalty():
    penalty = make_penalty(2.0, 0.25, [0.0, 1.0, 4.0, np.inf], n_features=4)
    np.testing.assert_array_equal(penalty.l1(4), [0.0, 0.5, 2.0, np.inf])
    np.testing.assert_array_equal(penalty.l2(4), [0.0, 1.5, 6.0, np.inf])
    np.testing.assert_array_equal(penalty.excluded, [False, False, False, True])
    several = make_penalty([1.0, 2.0], 0.0, n_features=3, n_targets=2)
    np.testing.assert_array_equal(several.l2(3), [[1.0, 2.0]] * 3)
    np.testing.assert_array_equal(several.l1(3), np.zeros((3, 2)))
    # alpha = 0 and l1_ratio = 0 leave an excluded feature excluded
    for l1_ratio in (0.0, 1.0):
        penalty = make_penalty(0.0, l1_ratio, [np.inf, 1.0], n_features=2)
        np.testing.assert_array_equal(penalty.l1(2), [np.inf, 0.0])
        np.testing.assert_array_equal(penalty.l2(2), [np.inf, 0.0])
    assert make_penalty(1.0, n_features=2).excluded is None
    assert make_penalty(1.0, penalty_factor=[1, 1], n_features=2).factors is None
    assert isinstance(several, Penalty)


def test_bounds_of_a_penalty():
    penalty = make_penalty(1.0, lower=-1, upper=[0.0, 2.0, np.inf], n_features=3)
    np.testing.assert_array_equal(penalty.lower, [-1.0] * 3)
    np.testing.assert_array_equal(penalty.upper, [0.0, 2.0, np.inf])
    free = make_penalty(1.0, lower=-np.inf, upper=np.inf, n_features=3)
    assert free.lower is None and free.upper is None
    mine = np.array([0.0, 1.0])
    assert not np.shares_memory(make_penalty(1.0, upper=mine, n_features=2).upper, mine)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"l1_ratio": 1.5}, ValueError, r"l1_ratio must be between 0 \(ridge\) and 1 \(lasso\), got 1.5"),
        ({"l1_ratio": -0.1}, ValueError, r"l1_ratio must be between 0"),
        ({"l1_ratio": np.nan}, ValueError, r"l1_ratio must be between 0"),
        ({"l1_ratio": "half"}, TypeError, r"l1_ratio must be a number between 0 and 1, got 'half'"),
        ({"l1_ratio": True}, TypeError, r"l1_ratio must be a number between 0 and 1, got True"),
        ({"l1_ratio": np.complex128(0.5)}, TypeError, r"l1_ratio must be a number between 0 and 1, got"),
        ({"lower": 1.0}, ValueError, r"lower must be at most 0 for every feature, got 1: w = 0 must be allowed"),
        ({"upper": [-1, 0, 0]}, ValueError, r"upper must be at least 0 for every feature, got -1"),
        ({"lower": [-1, -1]}, ValueError, r"lower must be a number or have shape \(3,\), got \(2,\)"),
        ({"upper": [1, np.nan, 1]}, ValueError, r"upper\[1\] is NaN: use -inf or inf for no bound"),
        ({"upper": "wide"}, TypeError, r"upper must be a number or one number per feature, got 'wide'"),
        ({"lower": 1j}, TypeError, r"lower must be a number or one number per feature, got 1j"),
        ({"alpha": -1}, ValueError, r"alpha must be finite and zero or more, got -1"),
        ({"penalty_factor": [1]}, ValueError, r"penalty_factor must have shape \(3,\)"),
    ],
)
def test_refused_penalties(options, error, words):
    with pytest.raises(error, match=f"^{words}"):
        make_penalty(**{"alpha": 1.0, "n_features": 3} | options)


# --- extras and names ----------------------------------------------------------------------------------------


def test_missing_extra_names_what_to_install():
    with pytest.raises(ImportError, match=r'^no_such_library is needed .* pip install "shrinkage\[plot\]"$') as caught:
        _extras.require("no_such_library.part", extra="plot")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert _extras.require("numpy.linalg", extra="plot") is np.linalg


def test_public_names():
    assert set(dir(shrinkage)) >= set(shrinkage.__all__)
    for name in shrinkage.__all__:
        assert getattr(shrinkage, name) is not None
    with pytest.raises(AttributeError, match=r"^module 'shrinkage' has no attribute 'lasso_lars'"):
        shrinkage.lasso_lars  # noqa: B018
    assert issubclass(shrinkage.ConvergenceWarning, UserWarning)
    assert issubclass(shrinkage.IllConditionedWarning, UserWarning)
