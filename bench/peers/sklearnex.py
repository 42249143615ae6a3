"""scikit-learn-intelex (oneDAL under scikit-learn's names); what oneDAL cannot do it hands to scikit-learn."""

from importlib.metadata import version

from sklearnex.linear_model import Ridge

NAME = "scikit-learn-intelex"
VERSION = version("scikit-learn-intelex")


def ridge(problem):
    model = Ridge(alpha=problem.n_samples * problem.alpha, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_
