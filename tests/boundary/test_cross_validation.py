"""Arguments of `cross_validate`: what is refused is named, what is called back, and nothing of the caller's changes."""

import threading
import time

import numpy as np
import pytest

import shrinkage
from shrinkage import cross_validate

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"folds": 1}, ValueError, "folds must be at least 2"),
        ({"folds": 37}, ValueError, r"folds must be at least 2 and at most the number of rows \(36\), got 37"),
        ({"folds": "5"}, TypeError, "folds must be a number of folds, a splitter or pairs of row numbers, got '5'"),
        ({"folds": 2.5}, TypeError, "folds must be a number of folds"),
        ({"folds": []}, ValueError, "folds has no folds"),
        ({"folds": [(range(30), [40])]}, ValueError, "folds: the test rows of fold 0 reach 40, and X has 36 rows"),
        ({"folds": [(range(30),)]}, TypeError, "folds: fold 0 is not a pair"),
        ({"folds": [(range(30), [])]}, (TypeError, ValueError), "folds: "),
        ({"groups": np.arange(36)}, ValueError, "groups needs a splitter that takes them as folds"),
        ({"metric": "r2"}, ValueError, "metric must be 'mse', 'mae' or a function"),
        ({"metric": None}, ValueError, "metric must be 'mse', 'mae' or a function"),
        ({"metric": lambda y, q, s: "a"}, TypeError, "metric must return a number, got 'a'"),
        ({"metric": lambda y, q, s: np.nan}, ValueError, "the score is finite at no alpha"),
        ({"rule": "2se"}, ValueError, "rule must be 'min' or '1se', got '2se'"),
        ({"rule": "1se", "folds": [(range(30), range(30, 36))]}, ValueError, "rule='1se' needs a standard error"),
        ({"l1_ratio": []}, ValueError, "l1_ratio is empty"),
        ({"l1_ratio": [0.5, 1.5]}, ValueError, "l1_ratio must be between 0"),
        ({"l1_ratio": "1"}, TypeError, "l1_ratio must be a number"),
        ({"l1_ratio": [1.0, 0.0]}, ValueError, "l1_ratio is 0, where no alpha is the largest"),
        ({"l1_ratio": 0.0, "alphas": [1.0], "lower": 0.0}, ValueError, "l1_ratio = 0 takes no lower and upper"),
        ({"alphas": []}, ValueError, "alphas must be a 1-D array with at least one value"),
        ({"alphas": [-1.0]}, ValueError, "alphas"),
        ({"alphas": 0}, ValueError, "alphas, a number of them, must be at least 1"),
        ({"alphas": [1.0], "alpha_min_ratio": 0.1}, ValueError, "alpha_min_ratio is for alphas given as a number"),
        ({"alpha_min_ratio": 1.5}, ValueError, "alpha_min_ratio must be below 1"),
        ({"callback": 3}, TypeError, "callback must be a function of the fraction done, got 3"),
        ({"tol": 0.0}, ValueError, "tol must be finite and positive"),
        ({"convention": "nothing"}, ValueError, "convention"),
        ({"offset": [1.0]}, ValueError, "offset"),
    ],
)
def test_what_is_refused(X, y, options, error, words):
    options = {"alphas": 3, "folds": 4} | options
    with pytest.raises(error, match=f"^{words}"):
        cross_validate(X, y, **options)


def test_one_target_is_all_there_may_be(X, y):
    with pytest.raises(ValueError, match=r"^y must have shape \(n_samples,\), got \(36, 2\)"):
        cross_validate(X, np.column_stack([y, y]))


def test_a_fold_without_weight_is_named(X, y):
    with pytest.raises(ValueError, match=r"^folds: fold 1 has no test row of positive weight"):
        cross_validate(X, y, folds=4, sample_weight=np.r_[np.ones(9), np.zeros(9), np.ones(18)])


def test_one_fold_has_no_standard_error(X, y):
    found = cross_validate(X, y, 4, folds=[(range(30), range(30, 36))])
    assert np.isnan(found.standard_errors).all() and np.isnan(found.alpha_1se) and np.isfinite(found.alpha)
    assert "+-" not in repr(found)


def test_masks_and_negative_rows_are_rows(X, y):
    test = np.arange(36) >= 27
    masks = cross_validate(X, y, 4, folds=[(~test, test), (test, ~test)])
    rows = cross_validate(X, y, 4, folds=iter([(range(27), range(-9, 0)), (range(27, 36), range(27))]))
    np.testing.assert_array_equal(masks.fold_scores, rows.fold_scores)


def test_data_without_features(y):
    found = cross_validate(np.empty((36, 0)), y, [1.0], folds=4)
    expected = [np.mean((y[k : k + 9] - np.delete(y, np.s_[k : k + 9]).mean()) ** 2) for k in range(0, 36, 9)]
    np.testing.assert_allclose(found.fold_scores[:, 0, 0], expected)


def test_a_target_that_does_not_vary(X):
    found = cross_validate(X, np.full(36, 3.5), 4, folds=4)
    np.testing.assert_allclose(found.scores, 0.0, atol=1e-25)
    np.testing.assert_array_equal(found.fit.coef, 0.0)


@pytest.mark.parametrize("columns", [4, 300])
def test_nothing_of_the_callers_is_changed(columns, y):
    X = np.random.default_rng(0).standard_normal((36, columns))
    s, o, alphas = np.ones(36), np.zeros(36), np.array([0.1, 0.3])
    given = [X, y, s, o, alphas]
    copies = [value.copy() for value in given]
    for value in given:
        value.flags.writeable = False
    cross_validate(X, y, alphas, folds=3, sample_weight=s, offset=o, l1_ratio=[1.0, 0.5])
    for value, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(value, copy)
        value.flags.writeable = True


@pytest.mark.parametrize("ratios", [1.0, [0.5, 1.0]])
def test_callback(X, y, ratios):
    seen = []
    cross_validate(X, y, 4, folds=6, l1_ratio=ratios, callback=lambda f: seen.append((f, threading.get_ident())))
    fractions = [f for f, _ in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and fractions[0] > 0.0
    assert fractions.count(1.0) == 1 and {who for _, who in seen} == {threading.get_ident()}


@pytest.mark.parametrize("columns", [4, 300])
def test_an_interrupt_ends_all_threads(columns):
    """KeyboardInterrupt wherever the calling thread is; the folds of the others end soon after."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((80, columns)), rng.standard_normal(80)

    def interrupt(fraction):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cross_validate(X, y, 100, folds=60, alpha_min_ratio=1e-3, callback=interrupt)
    time.sleep(0.1)
    found = cross_validate(X, y, 5, folds=3)  # threads and BLAS are as they were
    assert np.isfinite(found.scores).all()


def test_blas_has_its_threads_back(X, y):
    from shrinkage._threads import _blas_threads, one_blas_thread

    found = _blas_threads()
    if found is None:
        pytest.skip("BLAS is none that can be told")
    get, put = found
    before = get()
    put(2)
    try:
        with one_blas_thread():
            assert get() == 1
            with one_blas_thread():
                assert get() == 1
            assert get() == 1
        assert get() == 2
        with pytest.raises(ZeroDivisionError):
            cross_validate(X, y, 3, folds=3, metric=lambda *_: 1 / 0)
        assert get() == 2
    finally:
        put(before)


def test_words(X, y):
    text = repr(cross_validate(X, y, 20, folds=4, l1_ratio=[0.5, 1.0], rule="1se", metric="mae"))
    for words in ("4 folds, 20 alphas", "rule 1se, l1_ratio", "mean absolute error", "certificate"):
        assert words in text
    edge = cross_validate(X, y, [100.0, 50.0, 0.001], folds=4)
    assert edge.at_edge and "the smallest alpha did best" in repr(edge)


def test_exported():
    assert shrinkage.cross_validate is cross_validate
    assert {"cross_validate", "SparseCrossValidation"} <= set(shrinkage.__all__)
