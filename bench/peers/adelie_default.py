"""adelie at its default tolerance, which stops well before the gap that the others are driven to."""

from bench.peers.adelie import VERSION, lasso, lasso_path

__all__ = ["VERSION", "lasso", "lasso_path"]
NAME = "adelie by default"
LOOSE = True
