"""scikit-learn; its ridge penalty is added to a sum of squares, so its alpha is n times the canonical one."""

import sklearn
from scipy.sparse import issparse
from sklearn.linear_model import Ridge, RidgeCV

NAME = "scikit-learn"
VERSION = sklearn.__version__
IMPORTS = {"package": "import sklearn", "function": "from sklearn.linear_model import Ridge"}

# The fastest that reach the residual of our conjugate gradients (2e-11 on the sparse row) are "sparse_cg", which
# "auto" would take, with its tol just that residual, and "lsqr" (tol 1e-12): the same time within the noise. "sag"
# is at 2e-8 after 200 epochs and three times as long; the other solvers take no sparse X with an intercept.
SPARSE = {"solver": "sparse_cg", "tol": 2.5e-11}


def ridge(problem):
    solver = SPARSE if issparse(problem.X) else {}
    model = Ridge(alpha=problem.n_samples * problem.alpha, fit_intercept=problem.fit_intercept, **solver)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


ridge_estimator = ridge


def ridge_cv(problem):
    return _choose(problem)


def ridge_kfold(problem):
    return _choose(problem, cv=problem.folds, scoring="neg_mean_squared_error")


def _choose(problem, **settings):
    model = RidgeCV(alphas=problem.n_samples * problem.alphas, fit_intercept=problem.fit_intercept, **settings)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_, model.alpha_ / problem.n_samples, -model.best_score_
