"""adelie; its penalty is the canonical one. It needs a NumPy below 2, so a Python of its own: SHRINKAGE_BENCH_ADELIE.

It is asked for one alpha through ten on the way there, which take less than one alone, and with one thread and with
all; the faster stays.
"""

import os
import sys
from pathlib import Path

from bench.peers import _worker

PYTHON = os.environ.get("SHRINKAGE_BENCH_ADELIE", sys.executable)
# -P: beside the script lies this file, of the library's name
COMMAND = (PYTHON, "-P", str(Path(__file__).with_name("_adelie.py")))

NAME = "adelie"
VERSION = _worker.said(PYTHON, "-c", "from importlib.metadata import version; print(version('adelie'))")
FIRST_TOL = 1e-8

lasso, lasso_path = _worker.works(COMMAND)
