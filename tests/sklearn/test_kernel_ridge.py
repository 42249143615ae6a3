"""KernelRidge against scikit-learn's."""

import pickle

import numpy as np
import pytest
import sklearn.kernel_ridge as theirs
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.model_selection import cross_val_score

import shrinkage
from shrinkage.sklearn import KernelRidge

KERNELS = [
    {"kernel": "linear", "alpha": 0.1},
    {"kernel": "rbf", "gamma": 0.1, "alpha": 1e-3},
    {"kernel": "laplacian", "alpha": 0.5},
    {"kernel": "poly", "degree": 2, "coef0": 0.5, "gamma": 0.2},
    {"kernel": "cosine"},
    {"kernel": lambda a, b, power: abs(a @ b) ** power * np.sign(a @ b), "kernel_params": {"power": 1.0}},
]


@pytest.mark.parametrize("options", KERNELS, ids=lambda options: str(options["kernel"])[:9])
def test_agrees_with_scikit_learn(options, make, targets, weights):
    X, y = make(40, 5, targets)
    s = weights(len(X))
    mine, other = KernelRidge(**options).fit(X, y, s), theirs.KernelRidge(**options).fit(X, y, s)
    assert mine.dual_coef_.shape == other.dual_coef_.shape
    np.testing.assert_allclose(mine.dual_coef_, other.dual_coef_, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(mine.predict(X[::2] + 0.1), other.predict(X[::2] + 0.1), rtol=1e-8)
    np.testing.assert_array_equal(mine.X_fit_, X)
    assert mine.certificate_.converged
    assert mine.certificate_.relative_gap < 1e-20


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix])
@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly"])
def test_sparse(form, kernel, make):
    X, y = make(40, 5)
    dense, found = KernelRidge(kernel=kernel).fit(X, y), KernelRidge(kernel=kernel).fit(form(X), y)
    np.testing.assert_allclose(found.predict(form(X)), dense.predict(X), rtol=1e-9)


def test_an_alpha_for_every_target(make):
    X, Y = make(40, 5, 3)
    found = KernelRidge([0.1, 10.0, 0.1], kernel="rbf").fit(X, Y)
    for k, alpha in enumerate([0.1, 10.0, 0.1]):
        single = KernelRidge(alpha, kernel="rbf").fit(X, Y[:, k])
        np.testing.assert_allclose(found.dual_coef_[:, k], single.dual_coef_, rtol=1e-10)
    with pytest.raises(ValueError, match="Number of targets and number of penalties do not correspond: 2 != 3"):
        KernelRidge([0.1, 10.0]).fit(X, Y)


def test_precomputed(make):
    X, y = make(40, 5)
    K = pairwise_kernels(X, metric="rbf", gamma=0.2)
    kept = K.copy()
    found = KernelRidge(0.1, kernel="precomputed").fit(K, y)
    wanted = KernelRidge(0.1, kernel="rbf", gamma=0.2).fit(X, y)
    np.testing.assert_allclose(found.dual_coef_, wanted.dual_coef_, rtol=1e-12)
    np.testing.assert_allclose(found.predict(K[:7]), wanted.predict(X[:7]), rtol=1e-12)
    np.testing.assert_array_equal(K, kept)
    with pytest.raises(ValueError, match=r"needs a square matrix of the samples' kernel, got shape \(40, 39\)"):
        KernelRidge(kernel="precomputed").fit(K[:, :39], y)
    with pytest.raises(ValueError, match="40 features"):
        found.predict(K[:, :39])
    assert found.__sklearn_tags__().input_tags.pairwise
    # folds take rows and columns
    scores = cross_val_score(KernelRidge(0.1, kernel="precomputed"), K, y)
    np.testing.assert_allclose(scores, cross_val_score(KernelRidge(0.1, kernel="rbf", gamma=0.2), X, y))


def test_where_the_kernel_is_singular(make):
    X, y = make(40, 5)
    with pytest.warns(shrinkage.IllConditionedWarning, match="35 are zero to rounding"):
        found = KernelRidge(0.0).fit(X, y)
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    np.testing.assert_allclose(found.predict(X), X @ w, rtol=1e-9)


def test_clones_and_pickles(make):
    X, y = make(40, 5)
    model = pickle.loads(pickle.dumps(clone(KernelRidge(0.3, kernel="poly", degree=2)).fit(X, y)))
    np.testing.assert_array_equal(model.predict(X), KernelRidge(0.3, kernel="poly", degree=2).fit(X, y).predict(X))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"alpha": -1.0}, "'alpha' parameter"), ({"kernel": "gauss"}, "'kernel' parameter"), ({"gamma": -1}, "'gamma'")],
)
def test_what_is_refused(options, words, make):
    with pytest.raises(ValueError, match=words):
        KernelRidge(**options).fit(*make(20, 3))
