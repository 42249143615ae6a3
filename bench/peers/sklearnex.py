"""scikit-learn-intelex (oneDAL under scikit-learn's names; its lasso is still in the older package beside it).

Its ridge takes the p x p Gram matrix of a wide X too (a minute for 500 x 20,000): no contender there.
"""

from importlib.metadata import version

from daal4py.sklearn.linear_model import Lasso
from sklearnex.linear_model import Ridge

NAME = "scikit-learn-intelex"
VERSION = version("scikit-learn-intelex")


def ridge(problem):
    model = Ridge(alpha=problem.n_samples * problem.alpha, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


FIRST_TOL = 5e-7


def lasso(problem, tol):
    model = Lasso(alpha=problem.alpha, tol=tol, max_iter=1_000_000, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_
