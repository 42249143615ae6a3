"""Contenders in a process of their own: another language, or libraries that cannot be installed beside ours.

A worker is started once for a problem, as ``command directory n p dense|sparse``, and reads raw files (float64 and
int32, as this machine has them) from the directory: ``X`` by columns, or ``X.data``, ``X.indices`` and ``X.indptr`` by
compressed columns, and ``y``. It prints "ready". Then for every line with a tolerance on its standard input ("NA" for
the library's default) it fits with an intercept at ``alphas``, descending, writes ``coefs.data``, ``coefs.indices``,
``coefs.indptr`` (by compressed columns, features x alphas) and ``intercepts``, and prints the seconds of its fit alone,
the mean of as many as take 0.02 together; or "error " and the reason.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csc_array, issparse

DATA = ("data", "indices", "indptr")


class Answer(tuple):
    """An answer, with the `seconds` it took on the worker's own clock."""

    seconds: float


class Worker:
    """A process that holds the data of one problem; it ends with this object, or with ourselves."""

    def __init__(self, command: tuple[str, ...], X: Any, y: np.ndarray) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="bench-"))
        self._shape = X.shape
        try:
            if issparse(X):
                X = X.tocsc()
                parts = {f"X.{name}": getattr(X, name) for name in DATA}
            else:
                parts = {"X": X.T}
            for name, numbers in (parts | {"y": y}).items():
                self._put(name, numbers)
            with (self._directory / "stderr").open("wb") as stderr:
                self._process = subprocess.Popen(
                    [*command, str(self._directory), *map(str, X.shape), "sparse" if issparse(X) else "dense"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    text=True,
                )
        except BaseException:
            shutil.rmtree(self._directory)
            raise
        weakref.finalize(self, _stop, self._process, self._directory)
        self._reply()
        for name in parts:
            (self._directory / name).unlink()

    def fit(self, alphas: np.ndarray, tol: float | None) -> Answer:
        """The coefficients (features, alphas), sparse, and the intercepts at all alphas."""
        self._put("alphas", alphas)
        with suppress(BrokenPipeError):  # it has died; what it left to read says why
            print("NA" if tol is None else repr(float(tol)), file=self._process.stdin, flush=True)
        seconds = float(self._reply())
        parts = (np.fromfile(self._directory / f"coefs.{name}", "f8" if name == "data" else "i4") for name in DATA)
        coefs = csc_array(tuple(parts), shape=(self._shape[1], len(alphas)))
        answer = Answer((coefs, np.fromfile(self._directory / "intercepts")))
        answer.seconds = seconds
        return answer

    def _put(self, name: str, numbers: Any) -> None:
        numbers = np.asarray(numbers)
        np.ascontiguousarray(numbers, dtype="f8" if numbers.dtype.kind == "f" else "i4").tofile(self._directory / name)

    def _reply(self) -> str:
        reply = self._process.stdout.readline().strip()
        if not reply:
            said = (self._directory / "stderr").read_text(errors="replace").strip().splitlines()
            raise RuntimeError(f"the process has ended: {said[-1] if said else 'it gave no reason'}")
        if reply.startswith("error "):
            raise RuntimeError(reply.removeprefix("error "))
        return reply


_WORKERS: weakref.WeakKeyDictionary[Any, dict[tuple[str, ...], Worker]] = weakref.WeakKeyDictionary()


def path(command: tuple[str, ...], problem: Any, alphas: np.ndarray, tol: float | None) -> Answer:
    """The problem's path at `alphas` by the worker of `command`, which is started for a problem not seen before."""
    workers = _WORKERS.setdefault(problem, {})
    if command not in workers:
        workers[command] = Worker(command, problem.X, problem.y)
    return workers[command].fit(alphas, tol)


def works(command: tuple[str, ...]) -> tuple[Callable[..., Answer], Callable[..., Answer]]:
    """`lasso`, through ten alphas on the way to the one, and `lasso_path`, by the worker of `command`."""

    def lasso(problem: Any, tol: float | None) -> Answer:
        return last(path(command, problem, np.geomspace(problem.alphas[0], problem.alpha, 10), tol))

    def lasso_path(problem: Any, tol: float | None) -> Answer:
        return path(command, problem, problem.alphas, tol)

    return lasso, lasso_path


def last(answer: Answer) -> Answer:
    """The answer at the last of the alphas."""
    coefs, intercepts = answer
    end = Answer((coefs[:, [-1]].toarray().ravel(), intercepts[-1]))
    end.seconds = answer.seconds
    return end


def said(*command: str) -> str:
    """What a command prints; ImportError, with the last it said, where it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise ImportError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        raise ImportError(f"{command[0]}: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}")
    return done.stdout.strip()


def _stop(process: subprocess.Popen[str], directory: Path) -> None:
    process.kill()
    process.communicate()
    shutil.rmtree(directory, ignore_errors=True)
