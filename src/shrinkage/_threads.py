"""Threads over chunks of samples, for passes over X that do not use BLAS.

The number of chunks depends on the data and on the number of threads alone, and their results are added in order:
the same input gives the same bits.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

#: Entries of X below which a pass is not worth a second thread (about 0.2 ms of work).
WORTH_A_THREAD = 1 << 19
_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def thread_count() -> int:
    """Threads that a pass may use: the cores this process may run on, or OMP_NUM_THREADS where that is less."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    try:
        asked = int(os.environ.get("OMP_NUM_THREADS", ""))
    except ValueError:
        asked = cores
    return max(1, min(cores, asked, 16))


def _forget() -> None:
    """A forked child has the pool's bookkeeping but none of its threads."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def over_chunks(call: Callable[[int, int], T], length: int, entries: int) -> list[T]:
    """[call(start, stop), ...] for chunks that cover range(length), in order; `entries` is how much X they read."""
    global _pool
    count = 1 if entries < 2 * WORTH_A_THREAD else min(thread_count(), length, entries // WORTH_A_THREAD)
    if count <= 1:
        return [call(0, length)]
    edges = [length * k // count for k in range(count + 1)]
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=max(1, thread_count() - 1), thread_name_prefix="shrinkage")
        pool = _pool

    def start(a: int, b: int) -> Callable[[], T]:
        try:
            return pool.submit(call, a, b).result
        except RuntimeError:  # the interpreter is shutting down and starts no more threads
            value = call(a, b)
            return lambda: value

    rest = [start(a, b) for a, b in pairwise(edges[1:])]
    return [call(edges[0], edges[1]), *(result() for result in rest)]
