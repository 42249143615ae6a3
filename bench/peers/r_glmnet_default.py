"""R's glmnet at its default tolerance, which stops well before the gap that the others are driven to."""

from bench.peers.r_glmnet import VERSION, lasso, lasso_path

__all__ = ["VERSION", "lasso", "lasso_path"]
NAME = "glmnet (R) by default"
LOOSE = True
