"""Where the time of a lasso path goes, by kernel.

    python bench/profile_path.py [PROBLEM ...]

Kernels are timed as they are called from Python; what is left is Python, NumPy and the threads' hand-overs. Times of
kernels that run in two threads at once add up, so that shares of a long X may come to more than the whole.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench import problems  # noqa: E402
from shrinkage import elastic_net_path  # noqa: E402

#: Kernels by what they are. Products and Gram matrices are matrix products of BLAS.
KINDS = {
    "matrix products (BLAS-3)": [("algebra", "multiply"), ("dense", "rank_update")],
    "active sets: epochs, factor, systems": [("active_set", "solve")],
    "certificates": [("gaps", "measure")],
    "coordinate descent on X": [("coordinate", "descend"), ("coordinate", "subtract")],
    "passes over X (means, scales, Z'y, packing)": [
        ("dense", "moments"), ("dense", "sweep"), ("dense", "pack"), ("sparse", "gather"), ("sparse", "scatter"),
    ],
}  # fmt: skip
PROBLEMS = (
    "planted-72x7129-k10", "planted-500x20000-k50", "planted-2000x2000-k100", "planted-100000x200-k50",
    "sparse-20000x50000-0.0011-k100",
)  # fmt: skip


def shares(run: Callable[[], Any]) -> tuple[float, dict[str, float]]:
    """Seconds of a call, and how many of them each kind of kernel takes."""
    spent: dict[str, float] = defaultdict(float)
    before: list[tuple[Any, str, Any]] = []

    def watched(kind: str, kernel: Any) -> Any:
        def call(*args: Any) -> Any:
            start = time.perf_counter()
            try:
                return kernel(*args)
            finally:
                spent[kind] += time.perf_counter() - start

        return call

    for kind, kernels in KINDS.items():
        for module_name, name in kernels:
            module = import_module(f"shrinkage._kernels.{module_name}")
            before.append((module, name, getattr(module, name)))
            setattr(module, name, watched(kind, getattr(module, name)))
    try:
        start = time.perf_counter()
        run()
        total = time.perf_counter() - start
    finally:
        for module, name, kernel in before:
            setattr(module, name, kernel)
    return total, spent


def main(names: list[str]) -> None:
    """One table for every problem; the second of two runs."""
    for name in names or PROBLEMS:
        problem = problems.build_lasso(f"{name}-float64-{'CSC' if name.startswith('sparse') else 'F'}")

        def run(problem: Any = problem) -> Any:
            return elastic_net_path(problem.X, problem.y, problem.alphas, tol=1e-6)

        shares(run)
        total, spent = shares(run)
        print(f"{name}: {1e3 * total:.0f} ms")
        for kind in KINDS:
            print(f"  {spent[kind] / total:5.0%}  {kind}")
        print(f"  {1 - sum(spent.values()) / total:5.0%}  Python, NumPy and waiting")


if __name__ == "__main__":
    main(sys.argv[1:])
