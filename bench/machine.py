"""Facts about the machine and the libraries that a timing means nothing without."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy


def identity() -> dict[str, Any]:
    """What must be the same for timings to stand in one table."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def facts() -> dict[str, Any]:
    """Load, versions, loaded BLAS libraries (so call it after the peers are), date, git revision."""
    return {
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "blas": _blas(),
        "threads_environment": {k: v for k, v in sorted(os.environ.items()) if k.endswith("_NUM_THREADS")},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _revision(),
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _blas() -> list[str]:
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return [f"{blas['name']} {blas['version']} (NumPy's build)"]
    described = []
    for pool in threadpool_info():
        parts = (pool["prefix"], pool["version"], pool.get("architecture"), f"{pool['num_threads']} threads")
        described.append(" ".join(str(part) for part in parts if part))
    return described


def _revision() -> str | None:
    """The commit, with "+" when the work tree differs from it; None outside a repository."""

    def git(*arguments: str) -> str:
        here = Path(__file__).resolve().parent
        done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
