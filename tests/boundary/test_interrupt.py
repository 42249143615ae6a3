"""Ctrl-C: every long computation gives way at once, and what comes after it works."""

import _thread
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from shrinkage import _interrupt, elastic_net_path
from shrinkage._design import Design
from shrinkage._path import _Done
from shrinkage._spectrum import Spectrum, _eigh

CHILD = """
import sys, time
import numpy as np
import scipy.sparse as sp
from shrinkage import elastic_net_path, ridge, ridge_cv, ridge_path, saga, sgd

rng = np.random.default_rng(0)


def scattered(n, p, per_row):
    indices = rng.integers(0, p // per_row, (n, per_row)) + np.arange(per_row) * (p // per_row)
    indptr = np.arange(0, n * per_row + 1, per_row)
    return sp.csr_array((rng.normal(size=n * per_row), indices.ravel(), indptr), shape=(n, p))


{data}
print("ready", flush=True)
try:
    while True:
        {call}
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
fit = ridge(np.eye(6), np.arange(6.0), 0.0, fit_intercept=False)
print("after", *fit.coef.round(12), flush=True)
"""

#: What is computed over and over until the signal comes, and after how many seconds it comes.
CASES = {
    "gram": ("X = rng.normal(size=(4000, 4000)); y = X[:, 0] + 1", "ridge(X, y)", 0.4),
    "eigen": ("X = rng.normal(size=(3000, 1000)); y = X[:, 0] + 1", "ridge_path(X, y)", 0.4),
    "factor": ("X = rng.normal(size=(4000, 4000)); y = X[:, 0] + 1", "ridge(X, y, solver='cholesky')", 2.5),
    "dual": ("X = rng.normal(size=(3000, 6000)); y = X[:, 0] + 1", "ridge(X, y)", 1.5),
    "qr": ("X = rng.normal(size=(1500, 2000)); y = X[:, 0] + 1", "ridge(X, y, 0.0)", 0.8),
    "qr, late": ("X = rng.normal(size=(1500, 2000)); y = X[:, 0] + 1", "ridge(X, y, 0.0)", 1.3),
    "cg": ("X = rng.normal(size=(20000, 1000)); y = X[:, 0] + 1", "ridge(X, y, 1e-9, solver='cg')", 0.5),
    "tall": ("X = rng.normal(size=(400_000, 100)); y = X[:, 0] + 1", "ridge(X, y)", 0.7),
    "float32": ("X = rng.normal(size=(4000, 3000)).astype('f4'); y = X[:, 0] + 1", "ridge(X, y)", 0.6),
    "leave one out": ("X = rng.normal(size=(6000, 600)); y = X[:, :50] + 1", "ridge_cv(X, y)", 1.0),
    "gcv": ("X = rng.normal(size=(6000, 600)); y = X[:, :50] + 1", "ridge_cv(X, y, method='gcv')", 1.0),
    "sparse": (
        "X = scattered(100_000, 1500, 75); y = np.arange(100_000.0)",
        "ridge(X, y, solver='cholesky')",
        0.3,
    ),
    "sparse cg": (
        "X = scattered(100_000, 1500, 75); y = np.arange(100_000.0)",
        "ridge(X, y, 1e-9, solver='cg')",
        0.6,
    ),
    "sparse path": (
        "X = scattered(400_000, 150_000, 3); y = np.asarray(X[:, :300].sum(axis=1)).ravel()",
        "elastic_net_path(X, y, 20)",
        1.0,
    ),
    "sgd": ("X = rng.normal(size=(400_000, 100)); y = X[:, 0] + 1", "sgd(X, y, tol=None)", 0.5),
    "sgd of many": ("X = rng.normal(size=(200_000, 100)); y = X[:, 0]", "sgd(X, y, np.ones(64), batch_size=64)", 0.5),
    "sparse sgd": (
        "X = scattered(400_000, 150_000, 30); y = np.asarray(X[:, :300].sum(axis=1)).ravel()",
        "sgd(X, y, l1_ratio=0.5, average=True, tol=None)",
        1.0,
    ),
    "saga": ("X = rng.normal(size=(400_000, 100)); y = X[:, 0] > 0", "saga(X, y, 1e-9, tol=0)", 1.0),
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another process")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in ("gram", "eigen") else pytest.mark.slow) for n in CASES]
)
def test_interrupt_signal(name):
    data, call, delay = CASES[name]
    code = textwrap.dedent(CHILD).format(data=data, call=call)
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(delay)
        sent = time.time()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    lines = out.splitlines()
    assert lines and lines[0].startswith("interrupted "), out + err
    # 0.2 s where there is a core to run on; a machine busy with other things may take longer to notice
    assert float(lines[0].split()[1]) - sent < 3.0
    assert lines[1] == "after 0.0 1.0 2.0 3.0 4.0 5.0"
    # a call that could not be stopped may not take the process down on its way out either
    assert child.returncode == 0 and err == ""


# --- the mechanism ------------------------------------------------------------------------------------------

LONG = 2 * _interrupt.DIRECT


def test_results_and_errors_come_back():
    assert _interrupt.run(lambda a, b: a + b, 1, 2, work=LONG) == 3

    def fail():
        raise ArithmeticError("of the call itself")

    with pytest.raises(ArithmeticError, match="of the call itself"):
        _interrupt.run(fail, work=LONG)


def test_only_long_calls_of_the_main_thread_get_a_thread():
    here = threading.current_thread()
    assert _interrupt.run(threading.current_thread, work=1.0) is here
    assert _interrupt.run(threading.current_thread, work=LONG) is not here
    seen = []

    def other():
        seen.append((threading.current_thread(), _interrupt.run(threading.current_thread, work=LONG)))

    worker = threading.Thread(target=other)
    worker.start()
    worker.join()
    assert seen[0][0] is seen[0][1]


def test_interrupted_call_is_told_to_stop():
    stop, ended = np.zeros(1, np.int32), threading.Event()

    def call():
        while not stop[0]:
            time.sleep(0.01)
        ended.set()

    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        _interrupt.run(call, work=LONG, stop=stop)
    assert 0.15 < time.perf_counter() - start < 1.0
    assert stop[0] == 1 and ended.wait(5)


def test_interrupted_call_that_cannot_be_stopped_is_left_behind():
    finish, ended = threading.Event(), threading.Event()

    def call():
        finish.wait(10)
        ended.set()

    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        _interrupt.run(call, work=LONG)
    assert not ended.is_set()
    finish.set()
    assert ended.wait(5)


def test_the_process_waits_for_a_call_left_behind():
    """BLAS frees its memory at exit; a thread still in it would crash."""
    code = textwrap.dedent(
        """
        import _thread, threading, time
        from shrinkage import _interrupt

        def call():
            time.sleep(1.0)
            print("finished", flush=True)

        threading.Timer(0.1, _thread.interrupt_main).start()
        try:
            _interrupt.run(call, work=2 * _interrupt.DIRECT)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["interrupted", "finished"] and done.returncode == 0 and done.stderr == ""


def silence(call):
    """(longest time that other threads could not run while call() did, duration of call())."""
    done = threading.Event()

    def target():
        call()
        done.set()

    worker = threading.Thread(target=target)
    start = last = time.perf_counter()
    worker.start()
    longest = 0.0
    while not done.is_set():
        time.sleep(0.002)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    worker.join()
    return longest, time.perf_counter() - start


@pytest.mark.parametrize(
    "form",
    [
        "eigen",
        "svd",
    ],
)
def test_factorizations_let_other_threads_run(form):
    """A factorization that kept Python's lock could neither be interrupted nor share the machine."""
    X = np.random.default_rng(0).normal(size=(1300, 1300))
    if form == "eigen":
        A = X @ X.T
        longest, total = silence(lambda: _eigh(A))
    else:
        design = Design(X, X[:, 0])
        longest, total = silence(lambda: Spectrum(design, None, form="svd"))
    assert longest < 0.3 * total, f"{longest:.2f} s of {total:.2f} s"


def test_fits_let_other_threads_run():
    from shrinkage import ridge

    X = np.random.default_rng(0).normal(size=(60_000, 300))

    def fits():
        end = time.perf_counter() + 1.0
        while time.perf_counter() < end:
            ridge(X, X[:, 0])

    longest, total = silence(fits)
    assert longest < 0.3 * total, f"{longest:.2f} s of {total:.2f} s"


@pytest.mark.skipif(sys.platform != "linux", reason="forking with threads is for Linux")
def test_fit_in_a_forked_child():
    """Threads do not survive a fork; a child must find that out by itself."""
    code = textwrap.dedent(
        """
        import os, sys
        import numpy as np
        from shrinkage import ridge

        X = np.random.default_rng(0).normal(size=(300_000, 10))
        expected = ridge(X, X[:, 0]).coef
        child = os.fork()
        if child == 0:
            os._exit(0 if (ridge(X, X[:, 0]).coef == expected).all() else 1)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_path_has_whole_alphas_wherever_ctrl_c_falls():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 4))
    y = X @ [1.0, 2.0, 0.0, -1.0] + rng.standard_normal(30)
    whole, before, lengths = elastic_net_path(X, y, 4), sys.gettrace(), set()
    for at in range(1, 40):
        left = at

        def line(frame, event, _):
            nonlocal left
            left -= event == "line"
            if not left:
                sys.settrace(before)
                raise KeyboardInterrupt
            return line

        def call(frame, event, _):
            return line if frame.f_code is _Done.add.__code__ else None

        try:
            sys.settrace(call)
            path = elastic_net_path(X, y, 4, on_interrupt="return")
        except KeyboardInterrupt:  # before the first alpha
            continue
        finally:
            sys.settrace(before)
        k = len(path)
        lengths.add(k)
        np.testing.assert_array_equal(path.coefs.toarray(), whole.coefs.toarray()[:, :k])
        np.testing.assert_array_equal(path.n_active, whole.n_active[:k])
        assert len(path.intercepts) == len(path.certificates) == len(path.effective_dof) == k
    assert {1, 2, 3} <= lengths
