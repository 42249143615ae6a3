"""shrinkage without the L1 part of a problem, which is what L1 is to cost nothing beside."""

from dataclasses import replace

from bench.peers import ours

NAME = "shrinkage without L1"
VERSION = ours.VERSION
LOOSE = True


def optimizer(problem):
    return ours.optimizer(replace(problem, l1=0.0))
