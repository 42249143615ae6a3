"""Data for the estimators, in every form they take."""

import numpy as np
import pytest
from scipy import sparse

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "csr": sparse.csr_array,
    "csc": sparse.csc_array,
    "coo": sparse.coo_array,
    "csr_matrix": sparse.csr_matrix,
}


def pytest_configure(config):
    config.addinivalue_line("markers", "no_check_spmatrix: scikit-learn's own, on tests of its own that are run here")


@pytest.fixture(scope="session")
def make():
    """make(n, p, targets): X with zeros in it and columns away from zero, and y that X explains in part."""

    def build(n, p, targets=None, *, seed=0):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, p)) + rng.normal(size=p)
        X[rng.random(size=X.shape) > 0.6] = 0.0
        t = targets or 1
        Y = X @ rng.normal(size=(p, t)) + 3.0 + 0.5 * rng.normal(size=(n, t))
        return X, Y[:, 0] if targets is None else Y

    return build


@pytest.fixture(scope="session")
def with_zeros():
    """with_zeros(n): weights, some of them zero."""

    def build(n):
        s = np.random.default_rng(1).uniform(0.2, 3.0, size=n)
        s[::7] = 0.0
        return s

    return build


@pytest.fixture(params=[False, True], ids=["unweighted", "weighted"])
def weights(request, with_zeros):
    """weights(n): None, or weights."""
    return with_zeros if request.param else lambda n: None


@pytest.fixture(params=LAYOUTS)
def layout(request):
    """A function that gives X another form."""
    return LAYOUTS[request.param]


@pytest.fixture(params=[(40, 7), (12, 30)], ids=["tall", "wide"])
def shape(request):
    return request.param


@pytest.fixture(params=[None, 1, 3], ids=["1d", "column", "three"])
def targets(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["intercept", "none"])
def fit_intercept(request):
    return request.param


@pytest.fixture(scope="session")
def close():
    """Agreement to a tolerance of the largest entry."""

    def check(found, wanted, tolerance):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())

    return check
