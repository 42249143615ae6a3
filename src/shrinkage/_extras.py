"""Optional dependencies, imported where they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`, or say which extra of shrinkage brings it.

    Raises
    ------
    ImportError
        Naming the missing module and the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise ImportError(
            f'{name} is needed for this and is not installed: pip install "shrinkage[{extra}]"'
        ) from error
