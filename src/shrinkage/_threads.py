"""Threads over chunks of samples, for passes over X that do not use BLAS.

The number of chunks depends on the data alone, and their results are added in order: the same input gives the same
bits, whatever the number of threads.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

T = TypeVar("T")

#: Entries of X below which a pass is not worth a second thread (about 0.2 ms of work).
WORTH_A_THREAD = 1 << 19
#: Most chunks of one pass.
_CHUNKS = 32
_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
#: How many blocks hold BLAS to one thread, and what it had before.
_held = [0, 1]


def thread_count() -> int:
    """Threads that a pass may use: the cores this process may run on, or what OpenMP or OpenBLAS are told if less."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    told = [os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")]
    return max(1, min([cores, 16, *(int(value) for value in told if value.isdecimal())]))


def _forget() -> None:
    """A forked child has the pool's bookkeeping but none of its threads."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def over_chunks(call: Callable[[int, int], T], length: int, entries: int, *, least: int = 1) -> list[T]:
    """[call(start, stop), ...] for chunks that cover range(length), in order; `entries` is how much X they read.

    Chunks have `least` items or more. There are more of them than threads, which take them as they get done: cores
    that share their time with others do less.
    """
    count = min(_CHUNKS, length // least, entries // WORTH_A_THREAD)
    if count <= 1:
        return [call(0, length)]
    edges = [length * k // count for k in range(count + 1)]
    threads = min(thread_count(), count)
    if threads == 1:
        return [call(a, b) for a, b in pairwise(edges)]
    results: list[Any] = [None] * count
    left = list(range(count - 1, -1, -1))

    def work() -> None:
        try:
            while True:
                try:
                    k = left.pop()  # atomic
                except IndexError:
                    return
                results[k] = call(edges[k], edges[k + 1])
        except BaseException:
            left.clear()
            raise

    helpers = _start(work, threads - 1)
    try:
        work()
    finally:
        for helper in helpers:
            if not helper.cancel():
                helper.result()
    return results


def _start(work: Callable[[], None], count: int) -> list[Future[None]]:
    """Begin `work` in so many other threads."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=max(1, thread_count() - 1), thread_name_prefix="shrinkage")
        pool = _pool
    helpers: list[Future[None]] = []
    with contextlib.suppress(RuntimeError):  # shutting down, or at its limit, the process starts no more threads
        for _ in range(count):
            helpers.append(pool.submit(work))
    return helpers


@cache
def _blas_threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How to ask and to tell the BLAS behind the kernels its number of threads, where it is an OpenBLAS."""
    import ctypes

    from scipy.linalg import cython_blas

    try:
        library = ctypes.CDLL(cython_blas.__file__)  # finds what that links to as well
    except OSError:
        return None
    for prefix in ("scipy_", ""):
        for suffix in ("", "64_"):
            with contextlib.suppress(AttributeError):
                get = getattr(library, f"{prefix}openblas_get_num_threads{suffix}")
                put = getattr(library, f"{prefix}openblas_set_num_threads{suffix}")
                get.restype, put.argtypes, put.restype = ctypes.c_int, [ctypes.c_int], None
                return get, put
    return None


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread while several of ours call it: its own would wait for each other.

    OpenBLAS has one number for the whole process; products of other threads take one core meanwhile.
    """
    found = _blas_threads()
    if found is None:
        yield
        return
    get, put = found
    with _lock:
        if _held[0] == 0:
            _held[1] = get()
            put(1)
        _held[0] += 1
    try:
        yield
    finally:
        with _lock:
            _held[0] -= 1
            if _held[0] == 0:
                put(_held[1])
