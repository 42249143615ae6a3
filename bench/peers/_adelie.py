"""The worker of adelie.py, run by another Python than ours; what goes in and out is said in _worker.py."""

import gc
import os
import sys
import time
from pathlib import Path

import adelie as ad
import numpy as np
from scipy.sparse import csc_matrix

SHORTEST = 0.02
# Rows a column from which on its covariance method, the Gram matrix included, takes less than its other.
TALL = 10


def main(directory, n, p, storage):
    # what the library prints must not come between the replies
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def get(name, dtype="f8"):
        return np.fromfile(directory / name, dtype)

    if storage == "sparse":
        parts = get("X.data"), get("X.indices", "i4"), get("X.indptr", "i4")
        X = csc_matrix(parts, shape=(n, p))
    else:
        X = get("X").reshape((n, p), order="F")
    y = get("y")
    threads = None
    print("ready", file=replies)
    for line in sys.stdin:
        tol = line.strip()
        settings = {} if tol == "NA" else {"tol": float(tol), "max_iters": 10**9}
        alphas = get("alphas")
        try:
            if threads is None:  # the faster number of them stays
                seconds = {count: timed(X, y, alphas, count, settings)[0] for count in (1, 1, os.cpu_count())}
                threads = min(seconds, key=seconds.get)
            seconds, (coefs, intercepts) = timed(X, y, alphas, threads, settings)
            if len(coefs.indptr) != len(alphas) + 1:
                raise ArithmeticError(f"it fitted only {coefs.shape[0]} alphas")
        except Exception as error:
            print("error", " ".join(f"{type(error).__name__}: {error}".split()), file=replies)
            continue
        # by rows, one an alpha: the transpose's columns
        coefs.data.astype("f8").tofile(directory / "coefs.data")
        coefs.indices.astype("i4").tofile(directory / "coefs.indices")
        coefs.indptr.astype("i4").tofile(directory / "coefs.indptr")
        np.asarray(intercepts, dtype="f8").tofile(directory / "intercepts")
        print(seconds, file=replies)


def timed(X, y, alphas, threads, settings):
    """Seconds of a fit, the mean of as many as take `SHORTEST` together, and the last one."""
    gc.collect()
    gc.disable()
    try:
        count, start = 0, time.perf_counter()
        while True:
            answer = fit(X, y, alphas, threads, settings)
            count += 1
            if (seconds := time.perf_counter() - start) >= SHORTEST:
                return seconds / count, answer
    finally:
        gc.enable()


def fit(X, y, alphas, threads, settings):
    """The path's coefficients, (alphas, features), and intercepts."""
    settings = settings | {"lmda_path": alphas, "n_threads": threads, "progress_bar": False}
    settings["early_exit"] = False  # else the path ends where 0.9 of the deviance is explained
    n, p = X.shape
    if isinstance(X, np.ndarray) and n >= TALL * p:
        x_mean, y_mean = X.mean(axis=0), y.mean()
        Xc = X - x_mean
        coefs = ad.gaussian_cov(np.asfortranarray(Xc.T @ Xc / n), Xc.T @ (y - y_mean) / n, **settings).betas
        return coefs, y_mean - coefs @ x_mean
    if not isinstance(X, np.ndarray):
        X = ad.matrix.sparse(X, method="naive", n_threads=threads)
    state = ad.grpnet(X, ad.glm.gaussian(y), **settings)
    return state.betas, state.intercepts


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
