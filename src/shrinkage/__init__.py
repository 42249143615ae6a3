"""Regularized linear models: fast, exact, and certified.

`ridge`, `ridge_path` and `ridge_cv` are the functions; `shrinkage.sklearn` has them as scikit-learn estimators, and
the `shrinkage` command fits a table from the command line. Every fit carries a `Certificate`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._positive import ridge_bounded
from ._result import (
    Certificate,
    ConvergenceWarning,
    CrossValidation,
    Fit,
    IllConditionedWarning,
    Path,
)
from .bayes import BayesFit, ridge_bayes
from .inference import Inference, ridge_inference
from .ridge import ridge, ridge_cv, ridge_path
from .variants import ridge_constrained, ridge_tikhonov

if TYPE_CHECKING:
    from . import conventions as conventions

__all__ = [
    "BayesFit",
    "Certificate",
    "ConvergenceWarning",
    "CrossValidation",
    "Fit",
    "IllConditionedWarning",
    "Inference",
    "Path",
    "__version__",
    "conventions",
    "ridge",
    "ridge_bayes",
    "ridge_bounded",
    "ridge_constrained",
    "ridge_cv",
    "ridge_inference",
    "ridge_path",
    "ridge_tikhonov",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("shrinkage")
        except PackageNotFoundError:  # imported from a source tree
            return "0+unknown"
    if name in ("conventions", "kernel_ridge", "penalties", "persistence", "sklearn", "reference"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
