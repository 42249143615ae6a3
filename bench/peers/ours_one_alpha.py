"""shrinkage with one alpha where a row trains several: what they are to cost little more than."""

from bench.peers import ours

NAME = "shrinkage with one alpha"
VERSION = ours.VERSION


def sgd_alphas(problem):
    return ours.descend(problem, problem.alpha)
