"""glum; its penalty is the canonical one.

Its lasso needs seconds where there are thousands of columns, and its path half a minute where there are 200: no
contender there.
"""

import glum
from glum import GeneralizedLinearRegressor

NAME = "glum"
VERSION = glum.__version__


def ridge(problem):
    model = GeneralizedLinearRegressor(
        family="normal", l1_ratio=0, alpha=problem.alpha, fit_intercept=problem.fit_intercept
    )
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


FIRST_TOL = 1e-4


def lasso(problem, tol):
    model = GeneralizedLinearRegressor(
        family="normal", l1_ratio=1, alpha=problem.alpha, gradient_tol=tol, fit_intercept=problem.fit_intercept
    )
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_
