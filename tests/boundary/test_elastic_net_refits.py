"""What refits, paths that are solved again, and Gram matrices of the caller's refuse, and with which words."""

import io
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import adaptive_lasso, elastic_net, elastic_net_path, relaxed_lasso

pytestmark = pytest.mark.filterwarnings("error")

N, P = 40, 6


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((N, P)) + 1.0
    return X, X[:, 0] - X[:, 1] + rng.standard_normal(N)


@pytest.fixture
def gram(data):
    Z = data[0] - data[0].mean(axis=0)
    return Z.T @ Z


def refuse(call, error, words):
    with pytest.raises(error, match=f"^{words}"):
        call()


# ------------------------------------------------------------------------------------------------------ refits


@pytest.mark.parametrize("function", [relaxed_lasso, adaptive_lasso])
def test_refits_are_for_one_target(data, function):
    X, y = data
    refuse(lambda: function(X, np.column_stack([y, y]), 0.1), ValueError, r"y must have shape \(n_samples,\)")
    refuse(lambda: function(X, y, -1.0), ValueError, "alpha=-1.0 must be finite and at least 0")
    refuse(lambda: function(X, y, None), TypeError, "alpha must be a number")
    refuse(lambda: function(X, y, 0.1, l1_ratio=2.0), ValueError, "l1_ratio=2.0 must be between 0")
    refuse(lambda: function(X, y, 0.1, penalty_factor=np.ones(3)), ValueError, r"penalty_factor must have shape \(6,\)")
    refuse(lambda: function(X, y, 0.1, start=np.ones(3)), ValueError, r"start must have shape \(6,\)")
    refuse(lambda: function(X, y, 0.1, gram=np.eye(3)), ValueError, r"gram must have shape \(6, 6\)")


@pytest.mark.parametrize(
    ("phi", "error", "words"),
    [
        (-0.1, ValueError, "phi must be finite and zero or more, got -0.1"),
        (1.5, ValueError, "phi must be between 0 .* and 1 .*, got 1.5"),
        (np.nan, ValueError, "phi must be finite"),
        ("half", TypeError, "phi must be a number, got 'half'"),
        (True, TypeError, "phi must be a number, got True"),
    ],
)
def test_phi(data, phi, error, words):
    refuse(lambda: relaxed_lasso(*data, 0.1, phi), error, words)


@pytest.mark.parametrize(
    ("alpha", "convention", "expected"),
    [([0.1], "canonical", 0.05), ([10.0], "inverse", 20.0), (([0.1], [0.1]), "two_lambda", None)],
)
def test_one_alpha_as_a_sequence(data, alpha, convention, expected):
    single = [one[0] for one in alpha] if convention == "two_lambda" else alpha[0]
    fit, same = (relaxed_lasso(*data, one, 0.5, convention=convention) for one in (alpha, single))
    np.testing.assert_array_equal(fit.coef, same.coef)
    assert expected is None or fit.alpha == expected
    assert fit.coef.any()
    adaptive = [adaptive_lasso(*data, one, convention=convention).coef for one in (alpha, single)]
    np.testing.assert_array_equal(*adaptive)
    Y = data[1][:, None]
    together = relaxed_lasso(data[0], Y, alpha, 0.5, convention=convention, multi_task=True)
    np.testing.assert_allclose(together.coef[0], fit.coef, rtol=1e-6)


def test_ridge_chooses_nothing(data):
    refuse(lambda: relaxed_lasso(*data, 0.1, l1_ratio=0.0), ValueError, "l1_ratio must be positive: ridge")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"gamma": 0.0}, ValueError, "gamma must be finite and positive, got 0.0"),
        ({"gamma": None}, TypeError, "gamma must be a number, got None"),
        ({"pilot": np.ones(3)}, ValueError, r"pilot must have shape \(6,\), one coefficient per feature, got \(3,\)"),
        ({"pilot": np.full(6, np.nan)}, ValueError, "pilot contains NaN or infinity"),
        ({"pilot": "ridge"}, TypeError, "pilot must be coefficients, or a Fit, got 'ridge'"),
    ],
)
def test_pilots(data, options, error, words):
    refuse(lambda: adaptive_lasso(*data, 0.1, **options), error, words)


def test_a_pilot_of_other_data(data):
    X, y = data
    other = elastic_net(X[:, :3], y, 0.1)
    refuse(lambda: adaptive_lasso(X, y, 0.1, pilot=other), ValueError, r"pilot must have shape \(6,\)")


@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array, sp.csr_matrix])
def test_refits_write_to_nothing_of_the_callers(data, gram, make):
    X, y = data
    held = [make(X), y, np.full(P, -1.0), np.r_[0.0, np.inf, np.ones(P - 2)], np.linspace(0.5, 1.0, N), np.ones(P)]
    before = [one.copy() for one in held]
    X, y, lower, factor, weight, pilot = held
    for phi in (0.0, 0.5):
        relaxed_lasso(X, y, 0.1, phi, lower=lower, penalty_factor=factor, sample_weight=weight)
        relaxed_lasso(X, y, 0.1, phi, gram=gram)
    adaptive_lasso(X, y, 0.1, 1.0, pilot, lower=lower, penalty_factor=factor, sample_weight=weight)
    for one, copy in zip(held, before, strict=True):
        assert not (one != copy).sum()


def test_frames_keep_their_names(data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    names = tuple("abcdef")
    for fit in (
        relaxed_lasso(pandas.DataFrame(X, columns=names), y, 0.3),
        adaptive_lasso(pandas.DataFrame(X, columns=names), y),
    ):
        assert fit.feature_names == names and len(fit.coef) == 6
        with pytest.raises(ValueError, match="X's column 0 is 'f'"):
            fit.predict(pandas.DataFrame(X[:, ::-1], columns=names[::-1]))


# -------------------------------------------------------------------------------------------------------- gram=


CALLS = {
    "elastic_net": lambda X, y, **options: elastic_net(X, y, 0.1, **options),
    "elastic_net_path": lambda X, y, **options: elastic_net_path(X, y, 4, **options),
    "ridge": lambda X, y, **options: elastic_net(X, y, 0.1, l1_ratio=0.0, **options),
}


@pytest.fixture(params=CALLS)
def function(request):
    return CALLS[request.param]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda G: G[:3], ValueError, r"gram must have shape \(6, 6\), .* got \(3, 6\)"),
        (lambda G: G.ravel(), ValueError, r"gram must have shape \(6, 6\), .* got \(36,\)"),
        (lambda G: "auto", TypeError, r"gram must be an array of numbers, \(n_features, n_features\), got 'auto'"),
        (lambda G: True, TypeError, "gram must be an array of numbers"),
        (lambda G: sp.csr_array(G), TypeError, "gram must be an array of numbers"),
        (lambda G: G > 0, TypeError, "gram must be an array of numbers"),
        (lambda G: np.where(G[2, 3] == G, np.nan, G), ValueError, "gram contains NaN or infinity: pass sum_i"),
        (lambda G: np.where(G[2, 2] == G, np.inf, G), ValueError, "gram contains NaN or infinity"),
        (lambda G: G + np.eye(6, k=1), ValueError, r"gram is not symmetric: \[0, 1\] is .*, and \[1, 0\] is"),
        (np.tril, ValueError, "gram is not symmetric"),
        (lambda G: G * (1 + 1e-6), ValueError, r"gram is not that of the data: \[0, 0\] is"),
        (lambda G: G / N, ValueError, r"gram is not that of the data: \[0, 0\] is"),
        (lambda G: G + N, ValueError, r"gram is not that of the data: \[0, 0\] is"),
        (lambda G: G * np.where(np.eye(6), 1, 1 + 1e-4), ValueError, "gram is not that of the data: row 0 differs"),
        (lambda G: np.diag(np.diagonal(G)), ValueError, "gram is not that of the data: row 0 differs"),
        (lambda G: G[[0, 2, 1, 3, 4, 5]][:, [0, 2, 1, 3, 4, 5]], ValueError, r"gram is not that of the data: \[1, 1\]"),
        (lambda G: -G, ValueError, "gram is not that of the data"),
    ],
)
def test_gram_matrices_that_are_none(data, gram, function, change, error, words):
    refuse(lambda: function(*data, gram=change(gram)), error, words)


@pytest.mark.parametrize("pair", [(0, 1), (2, 5), (4, 3)])
def test_one_wrong_entry_is_found(data, gram, function, pair):
    gram[pair] += 1e-4 * N
    gram[pair[::-1]] = gram[pair]
    refuse(lambda: function(*data, gram=gram), ValueError, "gram is not that of the data: row")


def test_entries_of_columns_in_other_units_are_found(data, gram, function):
    """A column a billion times smaller than the others has its part in the check."""
    X, y = data
    X[:, 4] *= 1e-9
    gram[4] *= 1e-9
    gram[:, 4] *= 1e-9
    function(X, y, gram=gram)
    gram[4, 1] *= 1.001
    gram[1, 4] = gram[4, 1]
    refuse(lambda: function(X, y, gram=gram), ValueError, "gram is not that of the data: row")


def test_the_gram_matrix_of_other_weights_or_without_the_mean(data, gram, function):
    X, y = data
    weight = np.linspace(0.5, 1.5, N)
    refuse(lambda: function(X, y, gram=gram, sample_weight=weight), ValueError, "gram is not that of the data")
    refuse(lambda: function(X, y, gram=gram, fit_intercept=False), ValueError, "gram is not that of the data")
    refuse(lambda: function(X, y, gram=X.T @ X), ValueError, "gram is not that of the data")
    function(X, y, gram=X.T @ X, fit_intercept=False)
    function(X, y, gram=gram.tolist())
    function(X.astype(np.float32), y, gram=gram.astype(np.float32))


# ------------------------------------------------------------------------------------------- a path solved again


@pytest.mark.parametrize("call", [
    lambda path, X, wrong: path.predict(X, 0.1, data=wrong), lambda path, X, wrong: path.select("cv", data=wrong),
])  # fmt: skip
def test_data_that_are_not_the_paths(data, call):
    X, y = data
    path = elastic_net_path(X, y, 5, sample_weight=np.ones(N))
    for wrong, error, words in (
        (X, TypeError, r"data must be \(X, y\) or \(X, y, sample_weight\)"),
        ((X,), TypeError, "data must be"),
        ((X, y, None, None), TypeError, "data must be"),
        ({"X": X, "y": y}, TypeError, "data must be"),
        ("data", TypeError, "data must be"),
        ((X[:, :3], y), ValueError, "data: X has 3 features, but the path was fitted on 6"),
        (
            (X[:30], y[:30]),
            ValueError,
            "data: X has 30 rows with a sum of weights of 30, but the path .* 40 with 40",
        ),
        ((X, y, np.full(N, 2.0)), ValueError, "data: X has 40 rows with a sum of weights of 80"),
        ((X, 2 * y), ValueError, "data: the sum of squares of y about its mean is"),
        ((X, y[:30]), ValueError, "X has 40 rows but y has 30"),
    ):
        refuse(lambda w=wrong: call(path, X, w), error, words)


def test_alphas_of_a_path_that_is_solved_again(data):
    X, y = data
    path = elastic_net_path(X, y, 5)
    alpha = float(path.alphas[2])
    refuse(lambda: path.predict(X, data=(X, y)), ValueError, "data are for one alpha")
    refuse(lambda: path.predict(X, -1.0, data=(X, y)), ValueError, "alpha=-1.0 must be finite and at least 0")
    refuse(lambda: path.predict(X, "0.1", data=(X, y)), TypeError, "alpha must be a number, got '0.1'")
    refuse(lambda: path.predict(X, 1e3), ValueError, "alpha must be on the path, .* pass the path's data=")
    refuse(lambda: path.predict(X[:, :3], alpha, data=(X, y)), ValueError, "X has 3 features")
    assert len(path.predict(X, 0.0, data=(X, y))) == N
    bare = replace(path, _options={})
    refuse(lambda: bare.predict(X, alpha, data=(X, y)), ValueError, "the path does not know how it was fitted")
    assert (bare.predict(X, alpha) == path.predict(X, alpha)).all()


def test_frames_of_a_path_that_is_solved_again(data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    path = elastic_net_path(pandas.DataFrame(X, columns=list("abcdef")), y, 5)
    other = pandas.DataFrame(X, columns=list("abcdeg"))
    refuse(lambda: path.select("cv", data=(other, y)), ValueError, "data: the columns of X have other names")


def test_selection(data):
    X, y = data
    path = elastic_net_path(X, y, 5)
    refuse(
        lambda: path.select("cv"), ValueError, r"criterion 'cv' needs what the path was fitted on: pass data=\(X, y\)"
    )
    refuse(lambda: path.select("loo"), ValueError, "criterion must be 'aic', 'bic' or 'ebic', got 'loo'; .*'cv'")
    for wrong in ({"data": (X, y)}, {"rule": "1se"}, {"groups": np.arange(N)}):
        refuse(lambda w=wrong: path.select("aic", **w), ValueError, "data, groups and rule are for criterion 'cv'")
    refuse(lambda: path.select("cv", data=(X, y), folds=1), ValueError, "folds must be at least 2")
    refuse(lambda: path.select("cv", data=(X, y), rule="2se"), ValueError, "rule must be 'min' or '1se', got '2se'")


# ------------------------------------------------------------------------------------------------------- a path


def test_one_alpha_is_the_largest(data):
    X, y = data
    path = elastic_net_path(X, y, 1, alpha_min_ratio=1)
    assert len(path) == 1 and not path.coefs.nnz
    for count, ratio in ((2, 1), (1, 1.1), (100, 1.0)):
        refuse(
            lambda c=count, r=ratio: elastic_net_path(X, y, c, alpha_min_ratio=r), ValueError,
            f"alpha_min_ratio must be below 1, got {ratio}: 1 is for one alpha",
        )  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("count", "lines"), [(40, 10), (10, 10), (7, 7), (1, 1)])
def test_progress_where_there_is_no_terminal(data, monkeypatch, count, lines):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    elastic_net_path(*data, count, verbose=True)
    text = out.getvalue()
    assert all(mark.isprintable() or mark == "\n" for mark in text)
    assert text.endswith("\n") and len(text.splitlines()) == lines
    assert all(re.fullmatch(rf"\d+/{count}  alpha \S+  active \d", line) for line in text.splitlines())
    assert text.splitlines()[-1].startswith(f"{count}/{count}  ")


def test_progress_on_a_terminal(data, monkeypatch):
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    elastic_net_path(*data, 8, verbose=True)
    text = out.getvalue()
    assert text.count("\r") == 8 and text.count("\n") == 1 and f"[{'#' * 30}] 8/8" in text
