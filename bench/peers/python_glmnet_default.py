"""python-glmnet at its default tolerance, which stops well before the gap that the others are driven to."""

from bench.peers.python_glmnet import VERSION, lasso, lasso_path

__all__ = ["VERSION", "lasso", "lasso_path"]
NAME = "python-glmnet by default"
LOOSE = True
