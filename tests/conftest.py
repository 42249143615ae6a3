"""What all tests need."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def _interrupts_arrive():
    """A shell starts background jobs with Ctrl-C ignored: tests of interrupts would wait for ever."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
