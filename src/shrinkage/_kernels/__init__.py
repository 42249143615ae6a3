"""Compiled loops. They trust their arguments: only `_design` and the solvers call them."""
