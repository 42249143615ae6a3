"""Regularized linear models: fast, exact, and certified.

`ridge`, `ridge_path` and `ridge_cv` are the functions; `shrinkage.sklearn` has them as scikit-learn estimators, and
the `shrinkage` command fits a table from the command line. Every fit carries a `Certificate`.
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
from .ridge import ridge, ridge_cv, ridge_path

if TYPE_CHECKING:
    from . import conventions as conventions

__all__ = [
    "Certificate",
    "ConvergenceWarning",
    "CrossValidation",
    "Fit",
    "IllConditionedWarning",
    "Path",
    "__version__",
    "conventions",
    "ridge",
    "ridge_cv",
    "ridge_path",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("shrinkage")
        except PackageNotFoundError:  # imported from a source tree
            return "0+unknown"
    if name in ("conventions", "penalties", "persistence", "sklearn", "reference"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
