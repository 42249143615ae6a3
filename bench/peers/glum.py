"""glum; its penalty is the canonical one."""

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
