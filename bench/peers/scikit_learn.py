"""scikit-learn; its ridge penalty is added to a sum of squares, so its alpha is n times the canonical one.

Its lasso's alpha is the canonical one, and so is that of its stochastic gradient descent.
"""

from dataclasses import replace

import numpy as np
import sklearn
from scipy.sparse import issparse
from sklearn.linear_model import Lasso, LassoCV, LogisticRegression, Ridge, RidgeCV, SGDClassifier, SGDRegressor
from sklearn.linear_model import lasso_path as path_without_intercept

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


# Its tol stands for a gap of tol |y|^2: the objective at w = 0 is half of that. 1000 epochs do not always reach it.
FIRST_TOL = 5e-7
# saga's is of the largest change of a coefficient in an epoch over the largest coefficient. It does not look at the
# intercept, which on sparse data moves a hundredth as far as elsewhere: with one, most epochs are there for it.
FIRST_TOLS = {"saga": 1e-2}
LASSO = {"max_iter": 1_000_000}


def lasso(problem, tol):
    model = Lasso(alpha=problem.alpha, tol=tol, fit_intercept=problem.fit_intercept, **LASSO)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


def lasso_path(problem, tol):
    """The columns are centred before, a sparse X's by the two settings that its own cross-validation passes."""
    X, y = problem.X, problem.y
    x_mean, y_mean = X.mean(axis=0), y.mean()
    centring = {"X_offset": x_mean, "X_scale": np.ones(len(x_mean))} if issparse(X) else {}
    X = X if issparse(X) else X - x_mean
    _, coefs, _ = path_without_intercept(
        X, y - y_mean, alphas=problem.alphas, tol=tol, copy_X=False, **centring, **LASSO
    )
    return coefs, y_mean - x_mean @ coefs


def lasso_cv(problem, tol):
    model = LassoCV(alphas=problem.alphas, cv=problem.folds, tol=tol, n_jobs=-1, **LASSO)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_, model.alpha_, model.mse_path_.mean(axis=1).min()


def sgd(problem):
    return descend(problem, SGDRegressor if problem.loss == "squared_error" else SGDClassifier)


def descend(problem, estimator):
    """Epochs by an estimator with the arguments of scikit-learn's."""
    model = estimator(
        loss=problem.loss,
        penalty="elasticnet" if problem.l1_ratio else "l2",
        alpha=problem.alpha,
        l1_ratio=problem.l1_ratio,
        max_iter=problem.epochs,
        tol=None,
        learning_rate=problem.schedule,
        eta0=problem.lr,
        power_t=problem.power_t,
        random_state=problem.seed,
    )
    model.fit(problem.X, problem.target)
    return model.coef_.ravel(), np.ravel(model.intercept_)[0]


# Of the rate of mini-batches.
SINGLE_ROWS = 0.025


def sgd_alphas(problem):
    """One after the other, and by single rows: at a rate that leaves as little above the minimum."""
    fits = [sgd(replace(problem, alpha=alpha, lr=SINGLE_ROWS * problem.lr)) for alpha in problem.alphas]
    return np.array([coef for coef, _ in fits]), np.array([intercept for _, intercept in fits])


def saga(problem, tol):
    model = LogisticRegression(
        solver="saga",
        C=1 / (problem.n_samples * problem.alpha),
        l1_ratio=problem.l1_ratio,
        fit_intercept=problem.fit_intercept,
        tol=tol,
        max_iter=1_000_000,
        random_state=problem.seed,
    )
    model.fit(problem.X, problem.target)
    return model.coef_.ravel(), np.ravel(model.intercept_)[0]
