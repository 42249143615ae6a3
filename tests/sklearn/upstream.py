"""scikit-learn's own test modules, loaded afresh while its names are ours; for the tests beside this file."""

import importlib.util
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import sklearn

import shrinkage.sklearn as ours

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def load(path, *holders):
    """A fresh copy of one of scikit-learn's test modules, in which our names have taken the place of its own."""
    file = Path(sklearn.__file__).parent / path
    if not file.exists():
        pytest.skip(f"this scikit-learn comes without its tests ({path})", allow_module_level=True)
    names = [(holder, name) for holder in holders for name in ours.__all__ if hasattr(holder, name)]
    originals = [(holder, name, getattr(holder, name)) for holder, name in names]
    spec = importlib.util.spec_from_file_location(f"upstream_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    try:
        for holder, name in names:
            setattr(holder, name, getattr(ours, name))
        spec.loader.exec_module(module)
    finally:
        for holder, name, original in originals:
            setattr(holder, name, original)
    return module


def tests_of(module):
    """{name: test} of such a copy."""
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


def reason(request, table):
    """What a table of {pattern of names and parameters: reason} says about a test, or None."""
    for pattern, words in table.items():
        # brackets stand for themselves
        if fnmatchcase(request.node.name, pattern.replace("[", "[[]")):
            return words
    return None


def promised(file, *tables):
    """Tests of ours that the reasons in such tables name, and that are not in a file of tests."""
    words = " ".join(reason for table in tables for reason in table.values())
    return [name for name in re.findall(r"test_\w+\b(?!\.py)", words) if f"def {name}(" not in file.read_text()]
