"""python-glmnet (glmnet's Fortran); its penalty is the canonical one.

Its manual warns against asking for one alpha alone: ten on the way there take up to eight times less. Its
cross-validation shuffles the rows into folds of its own: it fits only.
"""

from importlib.metadata import version

import numpy as np
from glmnet import ElasticNet

NAME = "python-glmnet"
VERSION = version("python-glmnet")
FIRST_TOL = 1e-8


def lasso(problem, tol):
    model = _fit(problem, np.geomspace(problem.alphas[0], problem.alpha, 10), tol)
    return model.coef_path_[:, -1], model.intercept_path_[-1]


def lasso_path(problem, tol):
    model = _fit(problem, problem.alphas, tol)
    return model.coef_path_, model.intercept_path_


def _fit(problem, alphas, tol):
    settings = {} if tol is None else {"tol": tol, "max_iter": 100_000_000}
    model = ElasticNet(
        lambda_path=alphas, n_splits=0, standardize=False, fit_intercept=problem.fit_intercept, **settings
    )
    return model.fit(problem.X, problem.y)
