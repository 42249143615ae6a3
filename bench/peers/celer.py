"""celer; its penalty is the canonical one. Its path knows no intercept: the columns are centred before.

Its LassoCV cannot be made beside scikit-learn 1.9, which has taken an argument away. Cross-validation is written here
as that class does it: the folds' paths in threads, then a fit.
"""

from dataclasses import replace

import celer
import numpy as np
from celer import Lasso, celer_path
from joblib import Parallel, delayed
from scipy.sparse import issparse

NAME = "celer"
VERSION = celer.__version__
FIRST_TOL = 1e-6


def lasso(problem, tol):
    model = Lasso(alpha=problem.alpha, tol=tol, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


def lasso_path(problem, tol):
    X, y = problem.X, problem.y
    x_mean, y_mean = X.mean(axis=0), y.mean()
    centring = {"X_offset": x_mean, "X_scale": np.ones(len(x_mean))} if issparse(X) else {}
    X = X if issparse(X) else X - x_mean
    _, coefs, _ = celer_path(X, y - y_mean, "lasso", alphas=problem.alphas, tol=tol, max_iter=100, prune=1, **centring)
    return coefs, y_mean - x_mean @ coefs


def lasso_cv(problem, tol):
    folds = np.array_split(np.arange(problem.n_samples), problem.folds)
    errors = Parallel(n_jobs=-1, prefer="threads")(delayed(_test_errors)(problem, tol, fold) for fold in folds)
    curve = np.mean(errors, axis=0)
    best = int(np.argmin(curve))
    coef, intercept = lasso(replace(problem, fraction=problem.alphas[best] / problem.alphas[0]), tol)
    return coef, intercept, problem.alphas[best], curve[best]


def _test_errors(problem, tol, test):
    train = np.delete(np.arange(problem.n_samples), test)
    coefs, intercepts = lasso_path(replace(problem, X=problem.X[train], y=problem.y[train]), tol)
    return np.mean((problem.y[test][:, None] - problem.X[test] @ coefs - intercepts) ** 2, axis=0)
