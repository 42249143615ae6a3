"""skglm; its penalty is the canonical one."""

import skglm
from skglm import Lasso

NAME = "skglm"
VERSION = skglm.__version__
FIRST_TOL = 1e-3


def lasso(problem, tol):
    model = Lasso(alpha=problem.alpha, tol=tol, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


def lasso_path(problem, tol):
    model = Lasso(tol=tol, fit_intercept=problem.fit_intercept)
    _, coefs, *_ = model.path(problem.X, problem.y, problem.alphas)
    return coefs[:-1], coefs[-1]
