"""Work in chunks: every chunk once, in order, with whatever threads there are to be had."""

import os
import threading
from itertools import pairwise

import numpy as np
import pytest

from shrinkage import _interrupt, _threads, ridge
from shrinkage._threads import over_chunks

LARGE = 64 * _threads.WORTH_A_THREAD


@pytest.fixture(params=[1, 2, 4, 16])
def threads(request, monkeypatch):
    monkeypatch.setattr(_threads, "thread_count", lambda: request.param)
    monkeypatch.setattr(_threads, "_pool", None)
    return request.param


def test_chunks_cover_the_range_in_order(threads):
    seen = []
    found = over_chunks(lambda a, b: (seen.append((a, b)), (a, b))[1], 1001, LARGE)
    assert found[0][0] == 0 and found[-1][1] == 1001
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert sorted(seen) == found
    assert len(over_chunks(lambda a, b: b - a, 1001, LARGE, least=400)) == 2
    assert over_chunks(lambda a, b: b - a, 10, 1000) == [10]


def test_number_of_threads_does_not_change_a_bit(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 330))
    y = X[:, 0] + rng.standard_normal(20_000)
    coefs = []
    for count in (1, 2, 5):
        monkeypatch.setattr(_threads, "thread_count", lambda count=count: count)
        monkeypatch.setattr(_threads, "_pool", None)
        coefs.append(ridge(X, y).coef)
    np.testing.assert_array_equal(coefs[0], coefs[1])
    np.testing.assert_array_equal(coefs[0], coefs[2])


def test_errors_of_any_chunk_come_out(threads):
    def work(a, b):
        if a > 500:
            raise ZeroDivisionError(f"in {a}")
        return a

    with pytest.raises(ZeroDivisionError):
        over_chunks(work, 1000, LARGE)
    assert over_chunks(lambda a, b: b - a, 1000, LARGE)


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_threads_that_do_not_start(monkeypatch, allowed):
    """At its limit of threads the process does with those it has, and waits for them."""
    monkeypatch.setattr(_threads, "thread_count", lambda: 4)
    monkeypatch.setattr(_threads, "_pool", None)
    start, left = threading.Thread.start, [allowed]

    def limited(self):
        if left[0] == 0:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    done = []

    def work(a, b):
        threading.Event().wait(0.002)
        done.append(a)
        return a, b

    found = over_chunks(work, 1000, LARGE)
    assert None not in found
    assert len(done) == len(found) > 4
    assert _interrupt.run(lambda: 5, work=1e12) == 5


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_number_of_threads_may_be_told(monkeypatch, name):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    free = _threads.thread_count()
    assert 1 <= free <= (os.cpu_count() or 1)
    for value, count in (("1", 1), ("1000", free), ("", free), ("many", free), ("0", 1)):
        monkeypatch.setenv(name, value)
        assert _threads.thread_count() == count
