"""The functions and the data that several of these files share."""

import numpy as np
import pytest

from shrinkage import ridge, ridge_cv, ridge_path


@pytest.fixture(params=[ridge, ridge_path, ridge_cv], ids=lambda function: function.__name__)
def function(request):
    return request.param


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(36, 4)) + np.arange(4)


@pytest.fixture(scope="module")
def y(X):
    return X @ [1.0, -2.0, 0.0, 3.0] + np.random.default_rng(1).normal(size=36)
