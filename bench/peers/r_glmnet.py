"""R's glmnet; its penalty is the canonical one. Rscript is that of the path, or of SHRINKAGE_BENCH_RSCRIPT.

Its manual warns against asking for one alpha alone: ten on the way there are given.
"""

import os
from pathlib import Path

from bench.peers import _worker

RSCRIPT = os.environ.get("SHRINKAGE_BENCH_RSCRIPT", "Rscript")
COMMAND = (RSCRIPT, str(Path(__file__).with_name("_glmnet.R")))

NAME = "glmnet (R)"
VERSION = _worker.said(RSCRIPT, "-e", 'cat(as.character(packageVersion("glmnet")))')
FIRST_TOL = 1e-8

lasso, lasso_path = _worker.works(COMMAND)
