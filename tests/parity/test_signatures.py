"""Every kernel has a twin and a stub, and the three take the same arguments."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from shrinkage import _kernels

FOLDER = Path(_kernels.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.pyi"))


def functions(module):
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in vars(module).items()
        if callable(member) and not name.startswith("_") and not inspect.isclass(member)
        and getattr(member, "__module__", module.__name__) == module.__name__
    }  # fmt: skip


def test_every_compiled_module_has_a_stub():
    compiled = {path.name.split(".")[0] for path in FOLDER.iterdir() if path.suffix in (".so", ".pyd")}
    assert compiled == set(MODULES)
    assert compiled


@pytest.mark.parametrize("name", MODULES)
def test_arguments_are_the_same(name):
    kernel = functions(importlib.import_module(f"shrinkage._kernels.{name}"))
    twin = functions(importlib.import_module(f"shrinkage.reference.{name}"))
    tree = ast.parse((FOLDER / f"{name}.pyi").read_text())
    stub = {f.name: [a.arg for a in f.args.args] for f in tree.body if isinstance(f, ast.FunctionDef)}
    assert kernel
    assert kernel == twin == stub
