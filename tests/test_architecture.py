"""Imports go one way: façades, solvers, what solvers share, kernels. An arrow that points back fails here."""

import ast
import re
import sys
from pathlib import Path

import pytest

import shrinkage

PACKAGE = Path(shrinkage.__file__).parent

#: From the bottom up; a module may import its own layer and those below. Names are first path components.
LAYERS = [
    {"_kernels"},
    {"_algebra", "_archive", "_extras", "_interrupt", "_threads"},
    {"_storage"},
    {"_design", "_result", "_sparse_result", "conventions", "losses", "penalties"},
    {"optim", "ridge", "_ridge_system", "_evidence", "_leave_one_out", "_selection", "_spectrum", "_positive"}
    | {"_problem", "_dual", "_working_set", "_engine", "_setup", "_path", "_gram", "refits"}
    | {"inference", "variants", "bayes", "kernel_ridge", "elastic_net", "cross_validation"}
    | {"_trainer", "_stochastic_result", "stochastic", "out_of_core", "_saga", "average_gradients"}
    | {"descent", "_full_batch"}
    | {"glm", "streaming"},
    {"cli", "distributed", "persistence", "plot", "sklearn", "torch", "_report", "_tables"}
    | {"_console", "_predictions", "_streaming", "_training"},
    {"__init__", "__main__"},
]
FACADE = 5
#: Read beside the kernels by people and tests; on its own.
ISOLATED = "reference"
#: Where something besides NumPy and SciPy may be imported: by the name of a façade, what it is a façade for.
FACADES = {
    "sklearn": {"sklearn"},
    "torch": {"torch"},
    "distributed": {"dask", "distributed", "pyspark"},
    "plot": {"matplotlib"},
    "cli": {"typer", "rich", "click"},
    "_report": {"rich"},
}


def modules():
    """{dotted name within the package: source} of every Python file."""
    out = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        out[name] = path.read_text(encoding="utf-8")
    return out


def imports(name, source, known):
    """(modules of the package, top-level names of other libraries imported when the module is) that `source` names.

    Imports inside functions count for the first; those under `if TYPE_CHECKING:` for neither.
    """
    folder = [] if name in ("__init__", "__main__") else name.split(".")
    if not any(other.startswith(f"{name}.") for other in known):
        folder = folder[:-1]
    inside, outside = set(), set()

    def resolve(parts, names=()):
        """The modules that `from <parts> import <names>` reaches: submodules where there are such, else the package."""
        for item in names or [None]:
            deeper = ".".join([*parts, item] if item else parts)
            inside.add(deeper if deeper in known else ".".join(parts) or "__init__")

    def visit(node, at_import):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        at_import = at_import and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = folder[: len(folder) - node.level + 1] + (node.module.split(".") if node.module else [])
            resolve(parts, [alias.name for alias in node.names])
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if isinstance(node, ast.ImportFrom):
                targets = [(node.module.split("."), [alias.name for alias in node.names])]
            else:
                targets = [(alias.name.split("."), []) for alias in node.names]
            for parts, names in targets:
                if parts[0] == "shrinkage":
                    resolve(parts[1:], names)
                elif at_import:
                    outside.add(parts[0])
        for child in ast.iter_child_nodes(node):
            visit(child, at_import)

    visit(ast.parse(source), True)
    return inside - {name}, outside


def layer(name):
    return next((k for k, names in enumerate(LAYERS) if name.partition(".")[0] in names), None)


def complaints(sources):
    """A sentence for every import that does not belong, in a package of these modules."""
    known = set(sources)
    graph = {}
    for name, source in sources.items():
        own = name.partition(".")[0]
        inside, outside = imports(name, source, known)
        graph[name] = inside
        if own != ISOLATED and layer(name) is None:
            yield f"{name} has no place in LAYERS"
            continue
        for other in sorted(inside):
            theirs = other.partition(".")[0]
            if theirs == own:
                continue
            if theirs == ISOLATED:
                yield f"{name} imports {other}: nothing imports the reference"
            elif own == ISOLATED:
                yield f"{name} imports {other}: the reference stands alone"
            elif theirs == "__init__" and layer(name) == FACADE:
                pass  # a façade may use the package as anyone does
            elif layer(other) is None or layer(other) > layer(name):
                yield f"{name} imports {other}, which is above it"
        for library in sorted(outside - set(sys.stdlib_module_names) - {"numpy", "scipy"} - FACADES.get(own, set())):
            yield f"{name} imports {library} when it is imported"
    for cycle in cycles(graph):
        yield f"imports in a circle: {' -> '.join(cycle)}"


def cycles(graph):
    """Circles of imports, one for each module that closes one."""
    done = set()

    def follow(name, trail):
        if name in trail:
            yield [*trail[trail.index(name) :], name]
        elif name not in done:
            for other in sorted(graph.get(name, ())):
                yield from follow(other, [*trail, name])
            done.add(name)

    for name in sorted(graph):
        yield from follow(name, [])


def test_imports_go_one_way():
    found = modules()
    assert {"ridge", "_design", "_result", "_kernels", "__init__"} <= set(found)
    assert list(complaints(found)) == []


BASE = {"__init__": "from .ridge import ridge", "ridge": "from ._design import Design", "_design": "", "_kernels": ""}


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({}, None),
        ({"_design": "from ._kernels import dense"}, None),
        ({"_design": "from .ridge import ridge"}, "_design imports ridge, which is above it"),
        ({"_design": "from shrinkage.ridge import ridge"}, "_design imports ridge, which is above it"),
        ({"_design": "import shrinkage.ridge as r"}, "_design imports ridge, which is above it"),
        ({"_design": "def f():\n    from . import ridge"}, "_design imports ridge, which is above it"),
        ({"_kernels": "from .._design import Design"}, "_kernels imports _design, which is above it"),
        ({"ridge": "import shrinkage"}, "ridge imports __init__, which is above it"),
        ({"sklearn": "import sklearn\nfrom .. import ridge", "sklearn._base": "from ..ridge import ridge"}, None),
        ({"ridge": "from .sklearn import Ridge", "sklearn": ""}, "ridge imports sklearn, which is above it"),
        ({"ridge": "if TYPE_CHECKING:\n    from .sklearn import Ridge", "sklearn": ""}, None),
        ({"ridge": "from . import reference", "reference": ""}, "ridge imports reference: nothing imports"),
        (
            {"ridge": "from .reference.loo import e", "reference": "", "reference.loo": ""},
            "ridge imports reference.loo",
        ),
        ({"reference": "from .._design import Design"}, "reference imports _design: the reference stands alone"),
        ({"ridge": "import pandas as pd"}, "ridge imports pandas when it is imported"),
        ({"ridge": "from sklearn.utils import check_array"}, "ridge imports sklearn when it is imported"),
        ({"ridge": "try:\n    import pandas\nexcept ImportError: pass"}, "ridge imports pandas when it is imported"),
        ({"ridge": "def f():\n    import pandas"}, None),
        ({"cli": "import shrinkage\nimport rich"}, None),
        ({"cli": "import pandas"}, "cli imports pandas when it is imported"),
        ({"lars": ""}, "lars has no place in LAYERS"),
        (
            {"_spectrum": "from .ridge import ridge", "ridge": "from . import _spectrum"},
            "imports in a circle: ridge -> _sp",
        ),
    ],
)
def test_the_check_itself(extra, words):
    found = list(complaints(BASE | extra))
    if words is None:
        assert found == []
    else:
        assert any(sentence.startswith(words) for sentence in found), found


def test_one_module_warns():
    assert [name for name, source in modules().items() if "warnings.warn(" in source] == ["_result"]


def test_kernels_know_nothing_of_python_modules():
    sources = list((PACKAGE / "_kernels").glob("*.p[yx][xd]"))
    if not any(path.suffix == ".pyx" for path in sources):
        pytest.skip("the kernels' sources are not here")
    for path in sources:
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.match(r"\s*(?:from\s+(\S+)\s+c?import|c?import\s+(\S+))", line)
            if found:
                name = found[1] or found[2]
                allowed = {"cython", "libc", "cpython", "numpy", "scipy", "blas_int", ""}  # blas_int is generated
                assert name.partition(".")[0] in allowed, f"{path.name}: {line.strip()}"
                assert not name.startswith(".."), f"{path.name}: {line.strip()}"


def test_kernels_are_named_one_by_one_in_cimports():
    """Cython's dependency files miss `from . cimport _x`: the build would not notice a change of it."""
    for path in (PACKAGE / "_kernels").glob("*.p[yx][xd]"):
        assert not re.search(r"^\s*from\s+\.\s+cimport", path.read_text(encoding="utf-8"), re.MULTILINE), path.name
