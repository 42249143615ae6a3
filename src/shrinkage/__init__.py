"""Regularized linear models: fast, exact, and certified.

`ridge`, `ridge_path`, `ridge_cv`, `elastic_net` and `elastic_net_path` are the functions; `shrinkage.sklearn` has them
as scikit-learn estimators, and the `shrinkage` command fits a table from the command line. Every fit carries a
`Certificate`. `sgd`, `saga` and `gradient_descent` train linear models of any of the losses of `shrinkage.losses`, on
data of any size. `shrinkage.optim` steps NumPy arrays by SGD, Adam and AdamW with exact decay and L1, and
`shrinkage.torch` torch's parameters.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._result import (
    Certificate,
    ConvergenceWarning,
    CrossValidation,
    Fit,
    IllConditionedWarning,
    Path,
)
from ._sparse_result import SparsePath
from .elastic_net import alpha_max, elastic_net, elastic_net_path, lasso_constrained
from .refits import adaptive_lasso, relaxed_lasso
from .ridge import ridge, ridge_cv, ridge_path

if TYPE_CHECKING:
    from . import conventions as conventions
    from ._positive import ridge_bounded
    from ._sparse_result import SparseCrossValidation
    from ._stochastic_result import StochasticFit
    from .average_gradients import saga
    from .bayes import BayesFit, ridge_bayes
    from .cross_validation import cross_validate
    from .descent import Descent, gradient_descent
    from .inference import Inference, ridge_inference
    from .out_of_core import sgd_batches
    from .stochastic import StochasticModel, sgd
    from .variants import ridge_constrained, ridge_tikhonov

#: Where names live that are loaded when they are first used.
_LATER = {
    "BayesFit": "bayes",
    "Descent": "descent",
    "Inference": "inference",
    "SparseCrossValidation": "_sparse_result",
    "StochasticFit": "_stochastic_result",
    "StochasticModel": "stochastic",
    "cross_validate": "cross_validation",
    "gradient_descent": "descent",
    "ridge_bayes": "bayes",
    "ridge_bounded": "_positive",
    "ridge_constrained": "variants",
    "ridge_inference": "inference",
    "ridge_tikhonov": "variants",
    "saga": "average_gradients",
    "sgd": "stochastic",
    "sgd_batches": "out_of_core",
}

#: Modules that are loaded when they are first used.
_PARTS = ("conventions", "kernel_ridge", "losses", "optim", "penalties", "persistence", "reference", "sklearn", "torch")

__all__ = [
    "BayesFit",
    "Certificate",
    "ConvergenceWarning",
    "CrossValidation",
    "Descent",
    "Fit",
    "IllConditionedWarning",
    "Inference",
    "Path",
    "SparseCrossValidation",
    "SparsePath",
    "StochasticFit",
    "StochasticModel",
    "__version__",
    "adaptive_lasso",
    "alpha_max",
    "conventions",
    "cross_validate",
    "elastic_net",
    "elastic_net_path",
    "gradient_descent",
    "lasso_constrained",
    "relaxed_lasso",
    "ridge",
    "ridge_bayes",
    "ridge_bounded",
    "ridge_constrained",
    "ridge_cv",
    "ridge_inference",
    "ridge_path",
    "ridge_tikhonov",
    "saga",
    "sgd",
    "sgd_batches",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("shrinkage")
        except PackageNotFoundError:  # imported from a source tree
            return "0+unknown"
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
