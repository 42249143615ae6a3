"""What the compiled code computes, in a few lines of NumPy each: a module per kernel module.

`ridge` and `elastic_net` are no twins but the textbook: what is solved, how one would, and when it is right.
The twins take their kernels' arguments and write into the same arrays, in float64, with no regard to speed.
Nothing in the package imports them: they are for readers, and for the tests that hold the kernels to them.
"""

from . import certificate, cholesky, dense, elastic_net, loo, ridge, sparse

__all__ = ["certificate", "cholesky", "dense", "elastic_net", "loo", "ridge", "sparse"]
