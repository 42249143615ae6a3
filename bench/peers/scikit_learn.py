"""scikit-learn; its ridge penalty is added to a sum of squares, so its alpha is n times the canonical one."""

import sklearn
from sklearn.linear_model import Ridge, RidgeCV

NAME = "scikit-learn"
VERSION = sklearn.__version__
IMPORTS = {"package": "import sklearn", "function": "from sklearn.linear_model import Ridge"}


def ridge(problem):
    model = Ridge(alpha=problem.n_samples * problem.alpha, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


def ridge_cv(problem):
    model = RidgeCV(alphas=problem.n_samples * problem.alphas, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_, model.alpha_ / problem.n_samples, -model.best_score_
