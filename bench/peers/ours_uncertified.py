"""shrinkage's epochs without the certificate that a fit adds to them: what the steps alone take."""

from bench.peers import ours
from shrinkage.stochastic import StochasticModel

NAME = "shrinkage, no certificate"
VERSION = ours.VERSION


def sgd(problem):
    model = StochasticModel(problem.alpha, **ours.descent_of(problem))
    for _ in range(problem.epochs):
        model.partial_fit(problem.X, problem.target)
    return model.coef, model.intercept
