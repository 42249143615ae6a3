"""scikit-learn-intelex (oneDAL under scikit-learn's names).

It takes the p x p Gram matrix of a wide X too (a minute for 500 x 20,000): no contender there.
"""

from importlib.metadata import version

from sklearnex.linear_model import Ridge

NAME = "scikit-learn-intelex"
VERSION = version("scikit-learn-intelex")


def ridge(problem):
    model = Ridge(alpha=problem.n_samples * problem.alpha, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_
