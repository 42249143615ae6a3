"""Ctrl-C during compiled work: long calls run in a worker thread while the main thread stays ready for signals."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

#: Work below this many floating-point operations (about 50 ms on two slow cores) is called directly.
DIRECT = 5e9
_POLL_SECONDS = 0.05
#: How long the end of the process waits for a call that was interrupted and cannot be stopped.
_EXIT_SECONDS = 10.0


def run(call: Callable[..., Any], *args: Any, work: float, stop: np.ndarray | None = None, **options: Any) -> Any:
    """Return call(*args, **options); while it runs, KeyboardInterrupt is raised within 0.1 s of Ctrl-C.

    `call` must release the GIL. An interrupted call is asked to end through stop[0] = 1 where it watches that, and
    otherwise finishes unheeded in its thread: it owns its arguments, so nothing it writes is seen again.
    """
    if work < DIRECT or threading.current_thread() is not threading.main_thread():
        return call(*args, **options)
    outcome: list[Any] = [None, None]
    # not Thread.join: interrupted, it takes the thread for finished (before Python 3.13)
    done = threading.Event()

    def target() -> None:
        try:
            outcome[0] = call(*args, **options)
        except BaseException as error:
            outcome[1] = error
        finally:
            done.set()

    try:
        threading.Thread(target=target, daemon=True).start()
    except RuntimeError:  # no more threads to be had
        return call(*args, **options)
    try:
        while not done.wait(_POLL_SECONDS):
            pass
    except BaseException:
        if stop is not None:
            stop[0] = 1
        # BLAS frees its buffers when the process ends: a call still in it would crash on the way out
        atexit.register(done.wait, _EXIT_SECONDS)
        raise
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]
