"""shrinkage itself, through its functions."""

import shrinkage

NAME = "shrinkage"
VERSION = shrinkage.__version__
EXTRAS = ("sklearn", "pandas", "polars", "narwhals", "pyarrow", "matplotlib", "typer", "rich", "torch")
IMPORTS = {"package": "import shrinkage", "function": "from shrinkage import ridge"}


def ridge(problem):
    fit = shrinkage.ridge(problem.X, problem.y, problem.alpha, fit_intercept=problem.fit_intercept)
    return fit.coef, fit.intercept


def ridge_cv(problem):
    cv = shrinkage.ridge_cv(problem.X, problem.y, problem.alphas, fit_intercept=problem.fit_intercept)
    return cv.fit.coef, cv.fit.intercept, cv.alpha, cv.score
